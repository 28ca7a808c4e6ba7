//! The machine: one input in, effects out.

use std::collections::BTreeMap;

use rand_core::CryptoRngCore;
use waxwing_crypto_core::{
    account::{open_account_data, seal_account_data},
    room::{InviteLink, KeyPackageBundle},
};
use waxwing_wire::{
    EntryId, EpochId, Opaque, RoomId,
    frame::{AccountDatum, Event, Request, Response, RoomSummary},
    ids::DataName,
    limits::{PAGE_ENTRIES, TEXT_BYTES},
    problem::{Problem, ProblemCode},
};
use zeroize::Zeroizing;

use crate::{
    api::{Failure, Intent, Notice, Reply},
    auth::{Auth, HttpThen},
    connection::Connection,
    ctx::{Ctx, failure, offline},
    io::{Effect, Input, StoreOp},
    room::{RoomSync, commit::CommitFor},
    session::{Session, UNLOCK},
};

/// What the answer to a request leads to.
#[derive(Debug)]
pub(crate) enum Then {
    Hello,
    /// Nothing depends on it.
    Ignore,
    AccountData,
    DataSaved {
        name: String,
        plain: Zeroizing<Vec<u8>>,
        tries: u32,
    },
    Entries(RoomId),
    Snapshot(RoomId),
    PublicState(RoomId),
    Keyring(RoomId),
    Links(RoomId),
    /// Snapshot and public state of an epoch that another session of this account made.
    OwnSnapshot {
        room: RoomId,
        epoch: EpochId,
    },
    OwnPublicState {
        room: RoomId,
        epoch: EpochId,
    },
    Created {
        intent: u64,
        room: RoomId,
    },
    Committed(RoomId),
    Appended {
        room: RoomId,
        message: EntryId,
    },
    Preview {
        intent: u64,
        link: Box<InviteLink>,
    },
    JoinInfo {
        intent: u64,
        link: Box<InviteLink>,
        tries: u32,
    },
    Joined {
        intent: u64,
        link: Box<InviteLink>,
        room: RoomId,
        tries: u32,
    },
}

impl Then {
    /// Somebody looks at a spinner until this is answered.
    pub(crate) fn is_awaited(&self) -> bool {
        matches!(
            self,
            Self::Created { .. } | Self::Preview { .. } | Self::JoinInfo { .. } | Self::Joined { .. }
        )
    }
}

/// What the answer to a load leads to.
#[derive(Debug)]
pub(crate) enum LoadThen {
    Timeline { intent: u64, room: RoomId, limit: u32, newest: bool },
    Resume(Box<Session>),
}

/// Sealed account objects, opened.
#[derive(Debug, Default)]
pub(crate) struct AccountData {
    pub(crate) loaded: bool,
    /// Version and content by name.
    pub(crate) entries: BTreeMap<String, (u64, Zeroizing<Vec<u8>>)>,
    /// What another session stored first; ours goes on top once its version is known.
    again: Vec<(String, Zeroizing<Vec<u8>>, u32)>,
}

/// Attempts to store an account object on top of what other sessions store.
const SAVES: u32 = 5;

/// Name of the account object that holds the profile.
pub(crate) const PROFILE: &str = "profile";
/// Name of the account object that holds the key package with its private parts.
pub(crate) const KEY_PACKAGE: &str = "key package";

/// Name of the account object that holds the secret of a room's join link.
pub(crate) fn link_name(room: RoomId) -> String {
    format!("link {room}")
}

/// The client. It holds the unlocked account in memory and does nothing by itself.
#[derive(Debug)]
pub struct Client {
    pub(crate) conn: Connection,
    pub(crate) auth: Auth,
    pub(crate) session: Option<Session>,
    pub(crate) rooms: BTreeMap<RoomId, RoomSync>,
    pub(crate) data: AccountData,
    pub(crate) https: BTreeMap<u64, HttpThen>,
    loads: BTreeMap<u64, LoadThen>,
    /// Intents that wait for the connection that is being made.
    waiting: Vec<(u64, Intent)>,
    last_id: u64,
}

impl Default for Client {
    fn default() -> Self {
        Self::new()
    }
}

impl Client {
    /// A client that knows nothing yet; feed it [`Input::Start`] first.
    pub fn new() -> Self {
        Self {
            conn: Connection::new(),
            auth: Auth::Idle,
            session: None,
            rooms: BTreeMap::new(),
            data: AccountData::default(),
            https: BTreeMap::new(),
            loads: BTreeMap::new(),
            waiting: Vec::new(),
            last_id: 0,
        }
    }

    /// Takes one input at the time `now_ms` (milliseconds since 1970). The effects are to be carried out in order, see [`crate::io`].
    pub fn handle(&mut self, input: Input, now_ms: u64, rng: &mut dyn CryptoRngCore) -> Vec<Effect> {
        let mut ctx = Ctx { now_ms, rng, effects: Vec::new() };
        match input {
            Input::Start { entries } => self.start(entries, &mut ctx),
            Input::Intent { id, intent } => self.intent(id, intent, &mut ctx),
            Input::Loaded { id, entries } => self.loaded(id, entries, &mut ctx),
            Input::Http { id, status, body } => self.http(id, status, &body, &mut ctx),
            Input::StreamOpened => self.stream_opened(&mut ctx),
            Input::StreamFrame(bytes) => self.stream_frame(&bytes, &mut ctx),
            Input::StreamClosed { code } => self.stream_closed(code, &mut ctx),
            Input::Network { online } => self.network(online, &mut ctx),
            Input::Tick => self.tick(&mut ctx),
        }
        ctx.effects
    }

    pub(crate) fn fresh_id(&mut self) -> u64 {
        self.last_id = self.last_id.wrapping_add(1);
        self.last_id
    }

    fn start(&mut self, entries: Vec<(String, Vec<u8>)>, ctx: &mut Ctx<'_>) {
        let unlocked =
            entries.iter().find(|(key, _)| key == UNLOCK).and_then(|(_, value)| Session::unlock(value));
        match unlocked {
            Some(session) => self.resume(session, &entries, ctx),
            None => ctx.notify(Notice::Session { me: None, reason: None }),
        }
    }

    /// Goes on from what the device holds of this account.
    fn resume(&mut self, session: Session, entries: &[(String, Vec<u8>)], ctx: &mut Ctx<'_>) {
        self.rooms = crate::room::restore::from_store(&session, entries, ctx);
        ctx.notify(Notice::Session { me: Some(session.me()), reason: None });
        self.session = Some(session);
        for id in self.room_ids() {
            self.show_room(id, ctx);
        }
        self.connect(ctx);
    }

    /// After a login: what the device holds is used if it is this account's, and thrown away otherwise.
    pub(crate) fn resume_or_begin(&mut self, session: Session, ctx: &mut Ctx<'_>) {
        let load = self.fresh_id();
        self.loads.insert(load, LoadThen::Resume(Box::new(session)));
        let (from, to) = ("s/".to_owned(), "s0".to_owned());
        ctx.effects.push(Effect::Load { id: load, from, to, limit: u32::MAX, reverse: false });
    }

    /// Begins a session on a device that holds nothing of the account.
    pub(crate) fn begin(&mut self, session: Session, ctx: &mut Ctx<'_>) {
        ctx.persist([StoreOp::Clear]);
        ctx.persist_with(|ctx| session.keep(ctx));
        self.rooms.clear();
        ctx.notify(Notice::Session { me: Some(session.me()), reason: None });
        self.session = Some(session);
        self.data = AccountData::default();
        self.connect(ctx);
    }

    /// What a new account stores at the relay: its profile and its key package.
    pub(crate) fn first_login(&mut self, ctx: &mut Ctx<'_>) {
        self.data.loaded = true;
        self.complete_account(ctx);
    }

    /// Stores what every account has and this one lacks, because its registration was cut off before it was stored.
    fn complete_account(&mut self, ctx: &mut Ctx<'_>) {
        let Some(session) = &self.session else { return };
        let name = Zeroizing::new(session.display_name.clone().into_bytes());
        let bundle = KeyPackageBundle::generate(session.identity(), session.account.0.into()).ok();
        let sealed =
            bundle.as_ref().and_then(|bundle| bundle.seal(session.root(), session.id(), ctx.rng).ok());
        if !self.data.entries.contains_key(PROFILE) {
            self.save(PROFILE, name, ctx);
        }
        if let (Some(bundle), Some(sealed), false) =
            (bundle, sealed, self.data.entries.contains_key(KEY_PACKAGE))
        {
            self.save(KEY_PACKAGE, Zeroizing::new(sealed), ctx);
            self.ask(Request::PutKeyPackage(bundle.public().to_vec().into()), Then::Ignore, ctx);
        }
    }

    /// Stores an account object as its next version.
    pub(crate) fn save(&mut self, name: &str, plain: Zeroizing<Vec<u8>>, ctx: &mut Ctx<'_>) {
        self.save_again(name, plain, 0, ctx);
    }

    fn save_again(&mut self, name: &str, plain: Zeroizing<Vec<u8>>, tries: u32, ctx: &mut Ctx<'_>) {
        let Some(session) = &self.session else { return };
        let version = self.data.entries.get(name).map_or(1, |(version, _)| version.saturating_add(1));
        let sealed = seal_account_data(&session.vault, session.id(), name, version, &plain, ctx.rng);
        let Ok(sealed) = sealed else { return };
        let place = DataName(session.root().account_data_name(name));
        let datum = AccountDatum { name: place, version, bytes: sealed.into() };
        self.data.entries.insert(name.to_owned(), (version, plain.clone()));
        let then = Then::DataSaved { name: name.to_owned(), plain, tries };
        self.ask(Request::PutAccountData(datum), then, ctx);
    }

    fn account_data(&mut self, data: Vec<AccountDatum>, ctx: &mut Ctx<'_>) {
        let Some(session) = &mut self.session else { return };
        let mut names = vec![PROFILE.to_owned(), KEY_PACKAGE.to_owned()];
        names.extend(self.rooms.keys().map(|room| link_name(*room)));
        for name in names {
            let place = DataName(session.root().account_data_name(&name));
            let Some(datum) = data.iter().find(|datum| datum.name == place) else { continue };
            let id = session.id();
            let opened = open_account_data(&session.vault, id, &name, datum.version, datum.bytes.as_bytes());
            let Ok(plain) = opened else { continue };
            if name == PROFILE {
                session.display_name = String::from_utf8_lossy(&plain).into_owned();
            }
            self.data.entries.insert(name, (datum.version, plain));
        }
        self.data.loaded = true;
        let again = std::mem::take(&mut self.data.again);
        ctx.persist_with(|ctx| session.keep(ctx));
        ctx.notify(Notice::Session { me: Some(session.me()), reason: None });
        self.complete_account(ctx);
        for (name, plain, tries) in again {
            self.save_again(&name, plain, tries, ctx);
        }
        for id in self.room_ids() {
            self.advance(id, ctx);
        }
        self.release(ctx);
    }

    fn intent(&mut self, id: u64, intent: Intent, ctx: &mut Ctx<'_>) {
        match intent {
            Intent::ServerInfo => self.server_info(id, ctx),
            Intent::Register { username, password, display_name, setup_token } => {
                self.register(id, (username, password.into(), display_name, setup_token), ctx);
            }
            Intent::ConfirmTotp { code } => self.confirm_totp(id, code, ctx),
            Intent::LogIn { username, password } => self.log_in(id, &username, password.into(), ctx),
            Intent::SubmitTotp { code } => self.submit_totp(id, &code, ctx),
            Intent::LogOut => self.log_out(id, ctx),
            Intent::CreateRoom { .. }
            | Intent::CreateInvite { .. }
            | Intent::PreviewInvite { .. }
            | Intent::JoinRoom { .. } => self.online(id, intent, ctx),
            Intent::Send { room, text } => {
                let done = self.compose(&room, &text, ctx).map(|()| Reply::Done);
                ctx.reply(id, done);
            }
            Intent::Retry { room, key } => {
                let done = self.retry(&room, &key, ctx).map(|()| Reply::Done);
                ctx.reply(id, done);
            }
            Intent::Discard { room, key } => {
                let done = self.discard(&room, &key, ctx).map(|()| Reply::Done);
                ctx.reply(id, done);
            }
            Intent::Timeline { room, before, limit } => self.timeline(id, &room, before, limit, ctx),
            Intent::Read { room, seq } => {
                let done = self.read(&room, seq, ctx).map(|()| Reply::Done);
                ctx.reply(id, done);
            }
        }
    }

    /// Carries out what needs the relay now; while the connection is being made it waits for it.
    fn online(&mut self, id: u64, intent: Intent, ctx: &mut Ctx<'_>) {
        if self.session.is_none() {
            ctx.reply(id, Err(failure("not_logged_in", "Log in first.")));
        } else if self.conn.is_ready() && self.data.loaded {
            self.carry_out(id, intent, ctx);
        } else if self.conn.is_coming() {
            self.waiting.push((id, intent));
        } else {
            ctx.reply(id, Err(offline()));
        }
    }

    fn carry_out(&mut self, id: u64, intent: Intent, ctx: &mut Ctx<'_>) {
        let done = match intent {
            Intent::CreateRoom { name } => self.create_room(id, &name, ctx),
            Intent::CreateInvite { room } => self.create_invite(id, &room, ctx),
            Intent::PreviewInvite { invite } => self.preview(id, &invite, ctx),
            Intent::JoinRoom { invite } => self.join(id, &invite, ctx),
            _ => Ok(()),
        };
        if let Err(failure) = done {
            ctx.reply(id, Err(failure));
        }
    }

    /// The connection is ready and the account is loaded: does what waited for that.
    fn release(&mut self, ctx: &mut Ctx<'_>) {
        if self.conn.is_ready() && self.data.loaded {
            for (id, intent) in std::mem::take(&mut self.waiting) {
                self.carry_out(id, intent, ctx);
            }
        }
    }

    /// The connection did not come about.
    pub(crate) fn give_up_waiting(&mut self, ctx: &mut Ctx<'_>) {
        for (id, _) in std::mem::take(&mut self.waiting) {
            ctx.reply(id, Err(offline()));
        }
    }

    fn timeline(&mut self, intent: u64, room: &str, before: Option<u64>, limit: u32, ctx: &mut Ctx<'_>) {
        let room = match self.room_id(room) {
            Ok(room) => room,
            Err(failure) => return ctx.reply(intent, Err(failure)),
        };
        let (from, to) = crate::room::store::item_range(room, before);
        let limit = limit.clamp(1, PAGE_ENTRIES);
        let id = self.fresh_id();
        self.loads.insert(id, LoadThen::Timeline { intent, room, limit, newest: before.is_none() });
        ctx.effects.push(Effect::Load { id, from, to, limit, reverse: true });
    }

    fn loaded(&mut self, id: u64, entries: Vec<(String, Vec<u8>)>, ctx: &mut Ctx<'_>) {
        match self.loads.remove(&id) {
            None => {}
            Some(LoadThen::Timeline { intent, room, limit, newest }) => {
                let more = u32::try_from(entries.len()).unwrap_or(u32::MAX) >= limit;
                let mut items = Vec::new();
                if let Some(session) = &self.session {
                    let pages = entries.iter().rev();
                    items.extend(
                        pages.flat_map(|(key, value)| crate::room::store::open_items(session, key, value)),
                    );
                    let unsent = self.rooms.get(&room).filter(|_| newest);
                    items.extend(unsent.into_iter().flat_map(|room| room.unsent_items(session)));
                }
                ctx.reply(intent, Ok(Reply::Timeline { items, more }));
            }
            Some(LoadThen::Resume(session)) => self.resume_loaded(*session, &entries, ctx),
        }
    }

    fn resume_loaded(&mut self, session: Session, entries: &[(String, Vec<u8>)], ctx: &mut Ctx<'_>) {
        let ours = entries
            .iter()
            .any(|(key, value)| key == crate::room::store::OWNER && session.get(key, value).is_some());
        if ours {
            ctx.persist_with(|ctx| session.keep(ctx));
            self.data = AccountData::default();
            self.resume(session, entries, ctx);
        } else {
            self.begin(session, ctx);
        }
        if let Some(session) = &self.session {
            ctx.persist_with(|ctx| session.put(crate::room::store::OWNER.to_owned(), b"", ctx));
        }
    }

    pub(crate) fn room_id(&self, text: &str) -> Result<RoomId, Failure> {
        let missing = || failure("no_such_room", "You are not a member of this room.");
        let id: RoomId = text.parse().map_err(|_| missing())?;
        if self.rooms.contains_key(&id) { Ok(id) } else { Err(missing()) }
    }

    pub(crate) fn room_ids(&self) -> Vec<RoomId> {
        self.rooms.keys().copied().collect()
    }

    pub(crate) fn event(&mut self, event: Event, ctx: &mut Ctx<'_>) {
        match event {
            Event::Entry { room, entry } => self.take_entries(room, vec![entry], ctx),
            Event::News { room, last_seq } => {
                if let Some(sync) = self.rooms.get_mut(&room) {
                    sync.remote_seq = sync.remote_seq.max(last_seq);
                    self.advance(room, ctx);
                }
            }
            Event::RoomAdded(summary) => self.know_room(&summary, ctx),
            Event::RoomRemoved(room) => self.room_gone(room, ctx),
        }
    }

    fn hello(&mut self, rooms: &[RoomSummary], ctx: &mut Ctx<'_>) {
        self.greeted(ctx);
        if !self.data.loaded {
            self.ask(Request::AccountData, Then::AccountData, ctx);
        }
        let gone: Vec<RoomId> = self
            .rooms
            .values()
            .filter(|room| room.is_confirmed() && !rooms.iter().any(|summary| summary.room == room.id))
            .map(|room| room.id)
            .collect();
        for room in gone {
            self.room_gone(room, ctx);
        }
        for summary in rooms {
            let held = self.rooms.get(&summary.room).map_or(0, |sync| sync.head.seq);
            if summary.last_seq < held {
                // Restored from a backup, or lying: either way this log does not go on from ours.
                let why = "The relay has gone back to an older state of this room. What you see is kept on this device; \
                           log out and in again to go on from what the relay has.";
                self.room_trouble(summary.room, why, ctx);
                continue;
            }
            self.know_room(summary, ctx);
        }
        self.release(ctx);
    }

    /// Goes on where an answered request left off.
    pub(crate) fn then(&mut self, then: Then, result: Result<Response, Problem>, ctx: &mut Ctx<'_>) {
        match (then, result) {
            (Then::Hello, Ok(Response::Hello { rooms, .. })) => self.hello(&rooms, ctx),
            (Then::AccountData, Ok(Response::AccountData(data))) => self.account_data(data, ctx),
            (Then::DataSaved { name, plain, tries }, Err(problem))
                if problem.code == ProblemCode::Conflict && tries < SAVES =>
            {
                self.data.again.push((name, plain, tries.saturating_add(1)));
                self.ask(Request::AccountData, Then::AccountData, ctx);
            }
            (Then::Entries(room), Ok(Response::Entries { entries, last_seq })) => {
                self.page(room, entries, last_seq, ctx);
            }
            (Then::Snapshot(room), Ok(Response::Snapshot(snapshot))) => {
                self.got_snapshot(room, snapshot, ctx)
            }
            (Then::PublicState(room), Ok(Response::PublicState(state))) => self.got_public(room, state, ctx),
            (Then::Keyring(room), Ok(Response::Keyring(entries))) => self.got_keyring(room, &entries, ctx),
            (Then::Links(room), Ok(Response::HistoryLinks(links))) => self.got_links(room, &links, ctx),
            (Then::OwnSnapshot { room, epoch }, Ok(Response::Snapshot(snapshot))) => {
                self.got_own_snapshot(room, epoch, snapshot, ctx);
            }
            (Then::OwnPublicState { room, epoch }, Ok(Response::PublicState(state))) => {
                self.got_own_public(room, epoch, state, ctx);
            }
            (Then::Created { intent, room }, result) => self.created(intent, room, result, ctx),
            (Then::Committed(room), result) => self.committed(room, result, ctx),
            (Then::Appended { room, message }, result) => self.appended(room, message, result, ctx),
            (Then::Preview { intent, link }, result) => self.previewed(intent, &link, result, ctx),
            (Then::JoinInfo { intent, link, tries }, result) => {
                self.join_info(intent, link, tries, result, ctx)
            }
            (Then::Joined { intent, link, room, tries }, result) => {
                self.joined(intent, link, room, tries, result, ctx);
            }
            (Then::Hello, Err(problem)) if problem.code == ProblemCode::NotLoggedIn => {
                self.session_ended(ctx)
            }
            (
                Then::Entries(room)
                | Then::Snapshot(room)
                | Then::PublicState(room)
                | Then::Keyring(room)
                | Then::Links(room)
                | Then::OwnSnapshot { room, .. }
                | Then::OwnPublicState { room, .. },
                Err(problem),
            ) => self.room_trouble(room, &problem.detail, ctx),
            _ => {}
        }
    }

    pub(crate) fn check_text(text: &str) -> Result<(), Failure> {
        if text.trim().is_empty() {
            return Err(failure("empty", "There is nothing to send."));
        }
        if text.len() > TEXT_BYTES {
            return Err(failure(
                "too_long",
                "A message holds at most 64 kB of text. Split it or send it as a file.",
            ));
        }
        Ok(())
    }

    /// Takes a link made for `purpose` out of the rooms that wait for a commit.
    pub(crate) fn commit_done(&mut self, done: CommitFor, room: RoomId, ctx: &mut Ctx<'_>) {
        match done {
            CommitFor::Invite { intent } => {
                let invite = self.invite_text(room);
                ctx.reply(intent, invite.map(|invite| Reply::Invite { invite }));
            }
        }
    }
}

/// Opaque bytes for the wire.
pub(crate) fn opaque(bytes: &[u8]) -> Opaque {
    Opaque(bytes.to_vec())
}
