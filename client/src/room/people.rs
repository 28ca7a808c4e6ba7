//! Who is in a room and what they may do: bringing in, putting out, roles, settings, rooms of two.

use waxwing_crypto_core::{
    identity::IdentityPublicKey,
    ids,
    room::{self as core, HistoryRule, JoinKind, JoinSecret, Newcomer, RoomKind, RoomState, TOPIC_CHARS},
};
use waxwing_wire::{
    AccountId, RoomId,
    frame::{Request, Response},
    limits::NAME_CHARS,
    problem::Problem,
};
use zeroize::Zeroizing;

use super::{
    answers::RoomThen,
    avatar,
    changes::Edit,
    commit::{CommitFor, Wanted},
    founding::FoundedFor,
};
use crate::{
    account_data::{link_name, open_published},
    api::{Avatar, Failure, History, RETENTION_S_MAX, RETENTION_S_MIN, Reply, Role},
    content::{Content, Text},
    ctx::{Ctx, failure},
    machine::{Client, Then},
    trust::Standing,
};

/// What somebody wants to be different about a room.
pub(crate) struct EditRoom {
    pub(crate) name: Option<String>,
    pub(crate) topic: Option<String>,
    pub(crate) history: Option<History>,
    pub(crate) avatar: Option<Avatar>,
    pub(crate) retention: Option<u64>,
}

pub(crate) fn no_such_room() -> Failure {
    failure("no_such_room", "There is no such room here.")
}

pub(super) fn account_id(text: &str) -> Result<AccountId, Failure> {
    text.parse().map_err(|_| failure("no_such_account", "There is no such account."))
}

fn done(intent: u64) -> CommitFor {
    CommitFor::Person { intent, reply: Reply::Done }
}

/// A name as it goes into a room.
pub(super) fn checked_name(name: &str) -> Result<String, Failure> {
    let name = name.trim();
    if name.is_empty() {
        return Err(failure("empty", "Give the room a name."));
    }
    if name.chars().count() > NAME_CHARS {
        return Err(failure("name_too_long", &format!("A name has at most {NAME_CHARS} characters.")));
    }
    Ok(name.to_owned())
}

impl Client {
    /// The room of an intent, if it can be changed.
    pub(super) fn open_room(&self, room: &str) -> Result<RoomId, Failure> {
        let room = self.room_id(room)?;
        let sync = self.rooms.get(&room).ok_or_else(no_such_room)?;
        match sync.complaint() {
            Some(why) => Err(failure("no_such_room", &why)),
            None => Ok(room),
        }
    }

    /// The key package of an account that the relay gave, if the account is who it was.
    pub(super) fn checked_package(
        &mut self,
        account: AccountId,
        result: Result<Response, Problem>,
        ctx: &mut Ctx<'_>,
    ) -> Result<Newcomer, Failure> {
        let missing = || {
            let text = "This account cannot be brought in yet. Ask them to log in once, then try again.";
            failure("no_such_account", text)
        };
        let Response::KeyPackage(record) = result? else { return Err(missing()) };
        let record = record.ok_or_else(missing)?;
        if record.guest {
            return Err(failure(
                "is_guest",
                "Guests come in by a link or a password only. Send them a link.",
            ));
        }
        let key = <[u8; 32]>::try_from(record.identity_key.as_bytes()).map(IdentityPublicKey);
        let key = key.map_err(|_| missing())?;
        let key_package = open_published(account, &key, record.bytes.as_bytes()).ok_or_else(missing)?;
        // Not an earlier key either: a relay may give out what whoever stole that key made.
        if !matches!(self.meet(account, key, ctx), Standing::New | Standing::Known { .. }) {
            return Err(failure(
                "identity_changed",
                "This account has a new identity. Compare it with them and accept it before you bring them in.",
            ));
        }
        Ok(Newcomer { account: account.0.into(), key, key_package })
    }

    pub(crate) fn add_member(
        &mut self,
        intent: u64,
        room: &str,
        account: &str,
        ctx: &mut Ctx<'_>,
    ) -> Result<(), Failure> {
        let (room, account) = (self.open_room(room)?, account_id(account)?);
        let group = self.rooms.get(&room).and_then(|sync| sync.group.as_ref()).ok_or_else(no_such_room)?;
        if group.roster().contains_key(&account.0.into()) {
            ctx.reply(intent, Ok(Reply::Done));
            return Ok(());
        }
        let state = group.state();
        let foreign = account.0 != state.founder.0 && Some(account.0) != state.peer.map(|peer| peer.0);
        if state.kind == RoomKind::Direct && foreign {
            return Err(failure("not_allowed", "Nobody else can come into a room of two."));
        }
        let then = RoomThen::AddPackage { intent, room, account };
        self.ask(Request::KeyPackage(account), Then::Room(then), ctx);
        Ok(())
    }

    pub(super) fn add_with_package(
        &mut self,
        (intent, room, account): (u64, RoomId, AccountId),
        result: Result<Response, Problem>,
        ctx: &mut Ctx<'_>,
    ) {
        let package = self.checked_package(account, result, ctx);
        let wanted = package.map(|package| Wanted::Add(vec![package]));
        if let Err(failure) = wanted.and_then(|wanted| self.want(room, wanted, done(intent), ctx)) {
            ctx.reply(intent, Err(failure));
        }
    }

    pub(crate) fn remove_member(
        &mut self,
        intent: u64,
        room: &str,
        account: &str,
        ctx: &mut Ctx<'_>,
    ) -> Result<(), Failure> {
        let (room, account) = (self.open_room(room)?, account_id(account)?);
        if self.session.as_ref().is_some_and(|session| session.account == account) {
            return Err(failure("wrong_step", "To go yourself, leave the room."));
        }
        let group = self.rooms.get(&room).and_then(|sync| sync.group.as_ref()).ok_or_else(no_such_room)?;
        let linked = group.state().joins.iter().any(|join| join.kind == JoinKind::Link);
        let secret = JoinSecret::generate(ctx.rng);
        if linked {
            self.save(&link_name(room), Zeroizing::new(secret.seed().expose().to_vec()), ctx);
        }
        self.want(room, Wanted::Remove(account, secret), done(intent), ctx)
    }

    pub(crate) fn set_role(
        &mut self,
        intent: u64,
        (room, account, role): (&str, &str, Role),
        ctx: &mut Ctx<'_>,
    ) -> Result<(), Failure> {
        let (room, account) = (self.open_room(room)?, account_id(account)?);
        let role = match role {
            Role::Owner => core::Role::Owner,
            Role::Moderator => core::Role::Moderator,
            Role::Member => core::Role::Member,
            Role::Former => return Err(failure("wrong_step", "To put somebody out, remove them.")),
        };
        self.want(room, Wanted::Role(account, role), done(intent), ctx)
    }

    pub(crate) fn edit_room(
        &mut self,
        intent: u64,
        room: &str,
        edit: EditRoom,
        ctx: &mut Ctx<'_>,
    ) -> Result<(), Failure> {
        let EditRoom { name, topic, history, avatar, retention } = edit;
        let room = self.open_room(room)?;
        let name = name.map(|name| checked_name(&name)).transpose()?;
        let topic = topic.map(|topic| topic.trim().to_owned());
        if topic.as_ref().is_some_and(|topic| topic.chars().count() > TOPIC_CHARS) {
            let text = format!("A topic has at most {TOPIC_CHARS} characters.");
            return Err(failure("name_too_long", &text));
        }
        if avatar.as_ref().is_some_and(|avatar| !avatar::is_valid(avatar)) {
            return Err(failure("too_long", "A picture is one emoji and one of ten colours."));
        }
        let kept = RETENTION_S_MIN..=RETENTION_S_MAX;
        if retention.is_some_and(|seconds| seconds != 0 && !kept.contains(&seconds)) {
            return Err(failure(
                "not_allowed",
                "Messages stay for a minute at least, and for a year at most.",
            ));
        }
        let history = history.map(HistoryRule::from);
        let edit = Edit { name, topic, avatar, history, retention_s: retention };
        self.want(room, Wanted::Edit(Box::new(edit)), done(intent), ctx)
    }

    /// Nobody comes into a room by this way any more.
    pub(crate) fn close_door(
        &mut self,
        intent: u64,
        room: &str,
        kind: JoinKind,
        ctx: &mut Ctx<'_>,
    ) -> Result<(), Failure> {
        let room = self.open_room(room)?;
        self.want(room, Wanted::Without(kind), done(intent), ctx)
    }

    /// The room of two with somebody, if there is one.
    fn direct_with(&self, account: AccountId) -> Option<RoomId> {
        let me = self.session.as_ref()?.account;
        let with = |state: &RoomState| {
            let pair = [Some(state.founder), state.peer].map(|id| id.map(|id| AccountId(id.0)));
            state.kind == RoomKind::Direct && pair.contains(&Some(account)) && pair.contains(&Some(me))
        };
        let open = self.rooms.iter().filter(|(_, sync)| sync.complaint().is_none());
        open.filter(|(_, sync)| sync.group.as_ref().is_some_and(|group| with(group.state())))
            .map(|(room, _)| *room)
            .next()
    }

    pub(crate) fn create_direct(
        &mut self,
        intent: u64,
        account: &str,
        note: Option<String>,
        ctx: &mut Ctx<'_>,
    ) -> Result<(), Failure> {
        let account = account_id(account)?;
        let note = note.filter(|note| !note.trim().is_empty());
        note.as_deref().map_or(Ok(()), Self::check_text)?;
        if self.session.as_ref().is_some_and(|session| session.account == account) {
            return Err(failure("wrong_step", "A room of two needs somebody else."));
        }
        self.want_to_talk(account, ctx)?;
        if let Some(room) = self.direct_with(account).filter(|room| !self.was_left(*room, account)) {
            if let Some(note) = note {
                self.enqueue(room, &Content::Text(Text { text: note, ..Text::default() }), ctx);
            }
            self.announce(room, ctx);
            self.advance(room, ctx);
            ctx.reply(intent, Ok(Reply::Room { room: room.to_string() }));
            return Ok(());
        }
        // Asked before the room is founded: where nobody can come in, there is to be no room.
        let then = RoomThen::DirectPackage { intent, account, note };
        self.ask(Request::KeyPackage(account), Then::Room(then), ctx);
        Ok(())
    }

    /// Whether the other one has left a room of two, or has declined it. Where the room was only founded they are still to come.
    pub(crate) fn was_left(&self, room: RoomId, other: AccountId) -> bool {
        let Some(sync) = self.rooms.get(&room).filter(|sync| sync.after > 0) else { return false };
        sync.group.as_ref().is_some_and(|group| !group.roster().contains_key(&other.0.into()))
    }

    pub(super) fn found_direct(
        &mut self,
        (intent, note): (u64, Option<String>),
        account: AccountId,
        result: Result<Response, Problem>,
        ctx: &mut Ctx<'_>,
    ) {
        let founded = self.checked_package(account, result, ctx).and_then(|package| {
            let left = self.direct_with(account).filter(|room| self.was_left(*room, account));
            if let Some(room) = left {
                // They come back to where the two talked before, if they want to.
                self.direct_founded((intent, package, note), room, ctx);
                return Ok(());
            }
            let session = self.session.as_ref().ok_or_else(no_such_room)?;
            let state = RoomState::direct(session.id(), ids::AccountId(account.0));
            let id = RoomId(ids::RoomId::random(ctx.rng).0);
            self.found(id, &state, FoundedFor::Direct { intent, package, note }, ctx)
        });
        if let Err(failure) = founded {
            ctx.reply(intent, Err(failure));
        }
    }

    /// The relay has the room of two; now the other one comes in. Were this cut off here, it would be done as a duty.
    pub(super) fn direct_founded(
        &mut self,
        (intent, package, note): (u64, Newcomer, Option<String>),
        room: RoomId,
        ctx: &mut Ctx<'_>,
    ) {
        let purpose = CommitFor::Person { intent, reply: Reply::Room { room: room.to_string() } };
        let wanted = Wanted::Add(vec![package]);
        if let Err(failure) = self.want(room, wanted, purpose, ctx) {
            return ctx.reply(intent, Err(failure));
        }
        // Goes out once the other one is in.
        if let Some(note) = note {
            self.enqueue(room, &Content::Text(Text { text: note, ..Text::default() }), ctx);
        }
    }
}
