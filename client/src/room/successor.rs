//! Going on in a new room with the members of one that cannot be used any more. What is left to do shows in the two rooms, so it goes on
//! after a crash wherever it was.

use serde::{Deserialize, Serialize};
use waxwing_crypto_core::{
    ids,
    room::{LogHead, Newcomer, Predecessor, Role, RoomKind, RoomState, SuccessorStatement},
};
use waxwing_wire::{
    AccountId, RoomId,
    frame::{EntryKind, Post, Request, Response},
    problem::Problem,
};

use super::{
    RoomSync, Stage,
    answers::RoomThen,
    commit::{CommitFor, Wanted},
    founding::FoundedFor,
    people::{account_id, no_such_room},
    shut::statement_id,
};
use crate::{
    api::{Failure, Reply},
    ctx::{Ctx, failure},
    machine::{Client, Then},
};

/// A move to a new room, kept until its end.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Moving {
    next: RoomId,
    without: Vec<AccountId>,
    /// Who waits for it, on this run.
    #[serde(skip)]
    intent: Option<u64>,
    #[serde(skip)]
    step: Step,
    /// Key packages of those who come along, as far as they are here.
    #[serde(skip)]
    packages: Vec<Newcomer>,
}

/// What was begun on this run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Step {
    #[default]
    Founding,
    /// This many key packages are still on their way.
    Gathering(usize),
    Adding,
    Telling,
}

/// An owner says where the room goes on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Claim {
    pub(crate) owner: AccountId,
    pub(crate) next: RoomId,
    /// What they signed, CBOR.
    pub(crate) said: Vec<u8>,
}

impl Claim {
    /// Whether the room that is named says so, too.
    fn holds(&self, old: RoomId, next: &RoomSync) -> bool {
        let said = minicbor::decode::<SuccessorStatement>(&self.said).ok();
        let group = next.group.as_ref().filter(|_| next.anchored);
        said.zip(group).is_some_and(|(said, group)| {
            group.succeeds(old.0.into(), self.owner.0.into(), &said, next.first_epoch())
        })
    }
}

impl Client {
    /// Links rooms of which one takes over from the other: where an owner said so in the old one, and the new one was founded by them and
    /// says so, too.
    pub(super) fn link_successors(&mut self, room: RoomId, ctx: &mut Ctx<'_>) {
        let open = self.rooms.values().filter(|sync| sync.successor.is_none());
        let claims = open.flat_map(|sync| sync.claims.iter().map(|claim| (sync.id, claim)));
        let concerned = claims.filter(|(old, claim)| *old == room || claim.next == room);
        let agreed = concerned
            .filter(|(old, claim)| self.rooms.get(&claim.next).is_some_and(|next| claim.holds(*old, next)));
        let links: Vec<_> = agreed.map(|(old, claim)| (old, claim.next)).collect();
        for (old, next) in links {
            self.link(old, next, ctx);
        }
    }

    fn link(&mut self, old: RoomId, next: RoomId, ctx: &mut Ctx<'_>) {
        let Some(session) = &self.session else { return };
        if let Some(sync) = self.rooms.get_mut(&old) {
            sync.successor = Some(next);
            ctx.persist_with(|ctx| sync.put_head(session, ctx));
        }
        if let Some(sync) = self.rooms.get_mut(&next) {
            sync.predecessor = Some(old);
            ctx.persist_with(|ctx| sync.put_head(session, ctx));
        }
        self.show_room(old, ctx);
        self.show_room(next, ctx);
    }
}

impl RoomSync {
    /// The room's first epoch, as far as its history leads back.
    pub(super) fn first_epoch(&self) -> Option<ids::EpochId> {
        let first =
            self.epochs.values().find(|epoch| epoch.step.parent.is_none() && epoch.roster.len() == 1)?;
        Some(first.keys.epoch())
    }

    fn predecessor(&self) -> Predecessor {
        let place = ids::RoomId(self.id.0);
        let epoch = self.group.as_ref().map_or(ids::EpochId([0; 32]), |group| group.epoch());
        let head = LogHead { seq: self.head.seq, hash: self.head.hash };
        Predecessor { room: place, epoch, head }
    }
}

impl Client {
    pub(crate) fn open_successor(
        &mut self,
        intent: u64,
        room: &str,
        without: &[String],
        ctx: &mut Ctx<'_>,
    ) -> Result<(), Failure> {
        let room = self.room_id(room)?;
        let without = without.iter().map(|account| account_id(account)).collect::<Result<Vec<_>, _>>()?;
        let (Some(sync), Some(session)) = (self.rooms.get_mut(&room), &self.session) else {
            return Err(no_such_room());
        };
        let state = sync.group.as_ref().map(|group| group.state()).ok_or_else(no_such_room)?;
        if state.kind != RoomKind::Group || state.role(session.id()) != Role::Owner || sync.gone {
            return Err(failure("not_allowed", "Only an owner can move a room to a new one."));
        }
        if sync.moving.is_some() || sync.successor.is_some() {
            return Err(failure("wrong_step", "This room has been moved already."));
        }
        let next = RoomId(ids::RoomId::random(ctx.rng).0);
        let step = Step::Founding;
        sync.moving = Some(Moving { next, without, intent: Some(intent), step, packages: Vec::new() });
        ctx.persist_with(|ctx| sync.put_moving(session, ctx));
        self.move_on(room, ctx);
        Ok(())
    }

    /// Does the next step of a move.
    pub(super) fn move_on(&mut self, room: RoomId, ctx: &mut Ctx<'_>) {
        let Some((next, step)) =
            self.rooms.get(&room).and_then(|sync| sync.moving.as_ref()).map(|m| (m.next, m.step))
        else {
            return;
        };
        let ready = |sync: &RoomSync| matches!(sync.stage, Stage::Ready) && sync.is_current();
        match (self.rooms.get(&next), step) {
            (None, Step::Founding) => self.found_successor(room, next, ctx),
            (Some(sync), Step::Founding) if ready(sync) => self.gather(room, next, ctx),
            (_, Step::Gathering(0)) => {
                let Some(moving) = self.moving(room) else { return };
                moving.step = Step::Adding;
                let packages = std::mem::take(&mut moving.packages);
                let added = self.want(next, Wanted::Add(packages), CommitFor::Move { from: room }, ctx);
                if let Err(failure) = added {
                    self.stop_moving(room, failure, ctx);
                }
            }
            _ => {}
        }
    }

    /// Something has happened in a room: it may be the old or the new one of a move.
    pub(super) fn go_on_moving(&mut self, room: RoomId, ctx: &mut Ctx<'_>) {
        let concerned = |(old, sync): (&RoomId, &RoomSync)| {
            let moving = sync.moving.as_ref()?;
            (*old == room || moving.next == room).then_some(*old)
        };
        if let Some(old) = self.rooms.iter().find_map(concerned) {
            self.move_on(old, ctx);
        }
    }

    fn moving(&mut self, room: RoomId) -> Option<&mut Moving> {
        self.rooms.get_mut(&room).and_then(|sync| sync.moving.as_mut())
    }

    fn found_successor(&mut self, room: RoomId, next: RoomId, ctx: &mut Ctx<'_>) {
        let (Some(sync), Some(session)) = (self.rooms.get(&room), &self.session) else { return };
        let Some(old) = sync.group.as_ref().map(|group| group.state()) else { return };
        let state = RoomState {
            topic: old.topic.clone(),
            avatar: old.avatar.clone(),
            history: old.history,
            retention_s: old.retention_s,
            predecessor: Some(sync.predecessor()),
            ..RoomState::group(&old.name, session.id())
        };
        if let Err(failure) = self.found(next, &state, FoundedFor::Successor { from: room }, ctx) {
            self.stop_moving(room, failure, ctx);
        }
    }

    /// Asks for the key packages of those who come along and are not there yet.
    fn gather(&mut self, room: RoomId, next: RoomId, ctx: &mut Ctx<'_>) {
        let (Some(old), Some(new)) = (self.rooms.get(&room), self.rooms.get(&next)) else { return };
        let (Some(before), Some(now)) = (&old.group, &new.group) else { return };
        let without = old.moving.as_ref().map(|moving| moving.without.clone()).unwrap_or_default();
        let missing: Vec<AccountId> = before
            .roster()
            .keys()
            .filter(|account| !now.roster().contains_key(account))
            .map(|account| AccountId(account.0))
            .filter(|account| !without.contains(account))
            .collect();
        if let Some(moving) = self.moving(room) {
            moving.step = Step::Gathering(missing.len());
        }
        for account in &missing {
            let then = RoomThen::MovePackage { room, account: *account };
            self.ask(Request::KeyPackage(*account), Then::Room(then), ctx);
        }
        if missing.is_empty() {
            self.tell_successor(room, ctx);
        }
    }

    pub(super) fn got_move_package(
        &mut self,
        (room, account): (RoomId, AccountId),
        result: Result<Response, Problem>,
        ctx: &mut Ctx<'_>,
    ) {
        // Whoever cannot be brought in now can be brought in later, by anybody.
        let package = self.checked_package(account, result, ctx).ok();
        let Some(moving) = self.moving(room) else { return };
        moving.packages.extend(package);
        if let Step::Gathering(left) = moving.step {
            moving.step = Step::Gathering(left.saturating_sub(1));
        }
        self.move_on(room, ctx);
    }

    /// The others are in the new room: the old one says where it goes on.
    pub(super) fn tell_successor(&mut self, room: RoomId, ctx: &mut Ctx<'_>) {
        let next = self.rooms.get(&room).and_then(|sync| sync.moving.as_ref()).map(|moving| moving.next);
        let first = next.and_then(|next| self.rooms.get(&next)?.first_epoch());
        let (Some(sync), Some(session)) = (self.rooms.get_mut(&room), &self.session) else { return };
        let (Some(moving), Some(group), Some(first)) = (&mut sync.moving, &sync.group, first) else { return };
        if moving.step == Step::Telling {
            return;
        }
        moving.step = Step::Telling;
        let Some(identity) = session.key_in(group) else { return };
        let bytes = group.successor_statement(identity, moving.next.0.into(), first);
        let post = Post { room, kind: EntryKind::Successor, id: statement_id(&bytes), bytes: bytes.into() };
        self.ask(Request::Post(post), Then::Room(RoomThen::SuccessorPosted(room)), ctx);
    }

    pub(super) fn successor_told(
        &mut self,
        room: RoomId,
        result: Result<Response, Problem>,
        ctx: &mut Ctx<'_>,
    ) {
        if let Err(problem) = result {
            return self.stop_moving(room, problem.into(), ctx);
        }
        let Some(sync) = self.rooms.get_mut(&room) else { return };
        let Some(moving) = sync.moving.take() else { return };
        ctx.persist([sync.delete_moving()]);
        // Who is shut out of the old room does not read it there.
        self.link(room, moving.next, ctx);
        if let Some(intent) = moving.intent {
            ctx.reply(intent, Ok(Reply::Room { room: moving.next.to_string() }));
        }
        self.show_room(room, ctx);
        self.advance(room, ctx);
    }

    /// Gives a move up. What was done of it stays: the new room can be used.
    pub(super) fn stop_moving(&mut self, room: RoomId, failure: Failure, ctx: &mut Ctx<'_>) {
        let Some(sync) = self.rooms.get_mut(&room) else { return };
        let Some(moving) = sync.moving.take() else { return };
        ctx.persist([sync.delete_moving()]);
        if let Some(intent) = moving.intent {
            ctx.reply(intent, Err(failure));
        }
    }
}
