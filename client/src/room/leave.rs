//! Leaving a room, and forgetting it on this device.

use serde::{Deserialize, Serialize};
use waxwing_crypto_core::room::{Role, RoomKind};
use waxwing_wire::{
    EpochId, RoomId,
    frame::{EntryKind, Post, Request, Response},
    problem::{Problem, ProblemCode},
};
use zeroize::Zeroizing;

use super::{
    RoomSync,
    answers::RoomThen,
    commit::{CommitFor, OwnCommit, Wanted},
    shut::statement_id,
    store,
};
use crate::{
    account_data::{link_name, password_name},
    api::{Failure, Notice, Reply},
    ctx::{Ctx, NOBODY, failure},
    io::StoreOp,
    machine::{Client, Then},
};

/// This account is leaving: said to the relay until it has heard it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Leaving {
    /// Said on this run: the request goes on through lost connections.
    #[serde(skip)]
    sent: bool,
    /// Who waits for it.
    #[serde(skip)]
    intent: Option<u64>,
}

impl RoomSync {
    /// The relay has not heard yet that this account leaves, or is about to.
    pub(crate) fn is_leaving(&self) -> bool {
        let refreshes = || self.own_commit.iter().chain(&self.changes).any(OwnCommit::leads_out);
        self.leaving.is_some() || refreshes()
    }

    /// Whether this account is the only one who can change everything, and others would be left without.
    fn needs_owner(&self, me: waxwing_crypto_core::ids::AccountId) -> bool {
        let Some(group) = &self.group else { return false };
        let state = group.state();
        let others = group.roster().keys().any(|account| *account != me);
        let another = state.roles.iter().any(|entry| entry.role == Role::Owner && entry.account != me);
        state.kind == RoomKind::Group && others && !another && state.role(me) == Role::Owner
    }
}

impl Client {
    pub(crate) fn leave_room(&mut self, intent: u64, room: &str, ctx: &mut Ctx<'_>) -> Result<(), Failure> {
        let room = self.room_id(room)?;
        let (Some(sync), Some(session)) = (self.rooms.get_mut(&room), &self.session) else {
            return Err(super::people::no_such_room());
        };
        if sync.gone {
            self.forget_room(room, ctx);
            ctx.reply(intent, Ok(Reply::Done));
            return Ok(());
        }
        if sync.shut.is_none() && sync.needs_owner(session.id()) {
            return Err(failure(
                "not_allowed",
                "You are the only owner of this room. Make somebody else an owner before you leave.",
            ));
        }
        if sync.leaving.is_some() {
            return Err(failure("wrong_step", "You are leaving this room already."));
        }
        // The leaf of a key package could come again, and what it says with it: nobody would act on it, nor the account's other sessions.
        let can_leave = sync.group.as_ref().is_none_or(waxwing_crypto_core::room::Room::can_leave);
        if sync.shut.is_none() && !can_leave {
            return self.want(room, Wanted::Refresh, CommitFor::Leave { intent }, ctx);
        }
        sync.leaving = Some(Leaving { sent: false, intent: Some(intent) });
        ctx.persist_with(|ctx| sync.put_leaving(session, ctx));
        self.advance(room, ctx);
        Ok(())
    }

    /// Leaves a room because the account ends: whatever becomes of the room, and nobody waits for it.
    pub(crate) fn leave_for_good(&mut self, room: RoomId, ctx: &mut Ctx<'_>) {
        let Some(sync) = self.rooms.get(&room) else { return };
        if sync.gone || sync.leaving.is_some() {
            return;
        }
        let group = sync.group.as_ref();
        let can_leave = group.is_none_or(|group| group.can_leave() || group.roster().len() == 1);
        if sync.shut.is_none() && !can_leave {
            let wanted = self.want(room, Wanted::Refresh, CommitFor::Leave { intent: NOBODY }, ctx);
            if wanted.is_ok() {
                return;
            }
        }
        let (Some(sync), Some(session)) = (self.rooms.get_mut(&room), &self.session) else { return };
        sync.leaving = Some(Leaving { sent: false, intent: None });
        ctx.persist_with(|ctx| sync.put_leaving(session, ctx));
        self.advance(room, ctx);
    }

    /// Says it to the relay, signed for the leaf that the account has now: with any change of its own, that would be another.
    pub(super) fn say_leaving(&mut self, room: RoomId, ctx: &mut Ctx<'_>) {
        let (Some(sync), Some(session)) = (self.rooms.get_mut(&room), &self.session) else { return };
        let Some(leaving) = sync.leaving.as_mut().filter(|leaving| !leaving.sent) else { return };
        if sync.own_commit.as_ref().is_some_and(|own| own.hash.is_some()) {
            return;
        }
        leaving.sent = true;
        // Without the group nothing can be signed; the relay lets go of this account all the same.
        let group = sync.group.as_ref();
        let said = group.and_then(|group| group.leave_statement(session.key_in(group)?, ctx.now_ms));
        let bytes = said.unwrap_or_default();
        let post = Post { room, kind: EntryKind::Leave, id: statement_id(&bytes), bytes: bytes.into() };
        self.give_up_commits(room, "You are leaving this room.", ctx);
        self.ask(Request::Post(post), Then::Room(RoomThen::LeavePosted(room)), ctx);
    }

    pub(super) fn left(&mut self, room: RoomId, result: Result<Response, Problem>, ctx: &mut Ctx<'_>) {
        let Some(leaving) = self.rooms.get_mut(&room).and_then(|sync| sync.leaving.as_mut()) else { return };
        let intent = leaving.intent.take();
        match result {
            // Not found: it has left already.
            Err(problem) if problem.code != ProblemCode::NotFound => {
                let Some(sync) = self.rooms.get_mut(&room) else { return };
                sync.leaving = None;
                ctx.persist([sync.delete_leaving()]);
                if let Some(intent) = intent {
                    ctx.reply(intent, Err(problem.into()));
                }
            }
            _ => {
                self.forget_room(room, ctx);
                if let Some(intent) = intent {
                    ctx.reply(intent, Ok(Reply::Done));
                }
            }
        }
    }

    /// The relay says that this account is not a member, and has shown what another session may have said. Only a word of the account's
    /// own takes a room away; without one it stays, and shows that nothing can be said in it any more.
    pub(super) fn left_elsewhere(
        &mut self,
        room: RoomId,
        result: Result<Response, Problem>,
        ctx: &mut Ctx<'_>,
    ) {
        if !self.rooms.get(&room).is_some_and(|sync| sync.gone) {
            return;
        }
        let entry = match result {
            Ok(Response::OwnLeave(entry)) => entry,
            _ => None,
        };
        let Some(entry) = entry else { return self.show_room(room, ctx) };
        if self.data.is_loading() {
            // Whether the account was brought in again since then is in what is being loaded.
            return self.ask_later(Request::OwnLeave(room), Then::Room(RoomThen::LeftElsewhere(room)), ctx);
        }
        if self.has_left(room, entry.bytes.as_bytes()) {
            return self.drop_room(room, ctx);
        }
        self.show_room(room, ctx);
    }

    /// Whether this statement ends the membership that this session knows: of the own leaf as it is now, or of one that came later.
    fn has_left(&self, room: RoomId, said: &[u8]) -> bool {
        let (Some(sync), Some(session)) = (self.rooms.get(&room), &self.session) else { return false };
        let Some(group) = &sync.group else { return false };
        let known = |epoch: EpochId| sync.epochs.contains_key(&epoch) || epoch.0 == group.epoch().0;
        // In a room again, by an epoch that this session has never seen: what it is shown may have been said before that.
        let back =
            self.data.rolled_back().is_some() || self.data.epoch_in(room).is_some_and(|epoch| !known(epoch));
        if back {
            return false;
        }
        let own = session.identity().public();
        let later = || {
            let said = group.check_leave_elsewhere(&own, said);
            // Every epoch from the first to this one is known: one that is not among them came afterwards.
            said.is_some_and(|said| sync.whole && !known(EpochId(said.epoch.0)))
        };
        group.check_leave(session.id(), said).is_some() || later()
    }

    /// Takes everything of a room from this device, and what the account keeps for it.
    pub(super) fn forget_room(&mut self, room: RoomId, ctx: &mut Ctx<'_>) {
        self.drop_room(room, ctx);
        for name in [link_name(room), password_name(room)] {
            if self.data.get(&name).is_some() {
                self.save(&name, Zeroizing::new(Vec::new()), ctx);
            }
        }
        self.note_room(room, None, ctx);
        self.forget_room_preferences(room, ctx);
    }

    /// Takes everything of a room from this device. What the account keeps for it is left to the session that left.
    pub(super) fn drop_room(&mut self, room: RoomId, ctx: &mut Ctx<'_>) {
        self.give_up_commits(room, "You have left this room.", ctx);
        let left = self.rooms.remove(&room).and_then(|sync| sync.leaving).and_then(|leaving| leaving.intent);
        ctx.persist(store::all_of(room).map(|(from, to)| StoreOp::DeleteRange { from, to }));
        ctx.notify(Notice::RoomGone { room: room.to_string() });
        if let Some(intent) = left {
            ctx.reply(intent, Ok(Reply::Done));
        }
    }
}
