//! Keeping up with a room: what it waits for is asked for, and once all is read, what waits is written.

use waxwing_wire::{
    EpochId, RoomId,
    frame::{self, Request, RoomSummary},
    limits::PAGE_ENTRIES,
    problem::{Problem, ProblemCode},
};

use super::{RoomSync, Stage, answers::RoomThen, log::Batch};
use crate::{
    api::Notice,
    ctx::Ctx,
    machine::{Client, Then},
};

/// Commits of others after which a session stores its own snapshot again.
const SNAPSHOT_AFTER: u32 = 16;

impl Client {
    /// The relay says that the account is in this room.
    pub(crate) fn know_room(&mut self, summary: &RoomSummary, ctx: &mut Ctx<'_>) {
        let sync = self
            .rooms
            .entry(summary.room)
            .or_insert_with(|| RoomSync::new(summary.room, Stage::Unknown, ctx.rng));
        sync.remote_seq = sync.remote_seq.max(summary.last_seq);
        sync.last_commit = sync.last_commit.max(summary.last_commit);
        if let Some(shut) = &mut sync.shut {
            // Whatever stood in the way before, there may be another Welcome now.
            shut.looked = None;
        }
        if std::mem::take(&mut sync.gone) {
            self.show_unsent(summary.room, ctx);
            self.show_room(summary.room, ctx);
        }
        self.advance(summary.room, ctx);
        match &summary.own {
            Some(own) => self.own_mark(summary.room, own, ctx),
            None => self.put_marks(summary.room, ctx),
        }
    }

    pub(crate) fn room_gone(&mut self, room: RoomId, ctx: &mut Ctx<'_>) {
        let Some(sync) = self.rooms.get_mut(&room) else { return };
        if sync.leaving.is_some() || sync.left {
            return self.forget_room(room, ctx);
        }
        if matches!(sync.stage, Stage::Unknown | Stage::Welcome) && sync.group.is_none() {
            // A hint was all there ever was of it.
            return self.drop_room(room, ctx);
        }
        sync.gone = true;
        sync.fetching = false;
        self.give_up_commits(room, "You are no longer a member of this room.", ctx);
        self.show_unsent(room, ctx);
        self.ask_once(Request::OwnLeave(room), Then::Room(RoomThen::LeftElsewhere(room)), ctx);
    }

    /// What was to be read of a room was refused.
    pub(crate) fn read_refused(&mut self, room: RoomId, problem: &Problem, ctx: &mut Ctx<'_>) {
        if problem.code != ProblemCode::NotFound {
            return self.room_trouble(room, &problem.detail, ctx);
        }
        // Whoever is being put out hears of it in a moment; whoever was let in again meanwhile asks once more.
        if let Some(sync) = self.rooms.get_mut(&room) {
            sync.fetching = false;
            if let Some(shut) = &mut sync.shut {
                shut.looked = None;
            }
            self.later(ctx);
        }
    }

    pub(crate) fn room_trouble(&mut self, room: RoomId, why: &str, ctx: &mut Ctx<'_>) {
        if let Some(sync) = self.rooms.get_mut(&room) {
            sync.fetching = false;
            sync.trouble = Some(why.to_owned());
            self.show_room(room, ctx);
        }
    }

    /// Does the next thing that a room waits for, if there is one.
    pub(crate) fn advance(&mut self, room: RoomId, ctx: &mut Ctx<'_>) {
        if !self.conn.is_ready() || !self.data.loaded {
            return;
        }
        self.go_on_moving(room, ctx);
        let Some(sync) = self.rooms.get_mut(&room) else { return };
        if sync.gone {
            return;
        }
        if sync.leaving.is_some() && sync.complaint().is_some() && !sync.may_be_back() {
            return self.say_leaving(room, ctx);
        }
        if sync.fetching || sync.trouble.is_some() {
            return;
        }
        if matches!(sync.stage, Stage::Ready) && sync.shut.is_none() && self.progress.holds(sync) {
            return;
        }
        let hangs = sync.hangs();
        let (request, then) = match &mut sync.stage {
            Stage::Unconfirmed => return,
            Stage::Welcome => (Request::Welcome(room), Then::Room(RoomThen::Welcome(room))),
            Stage::Unknown => (Request::Snapshot { room, epoch: None }, Then::Snapshot(room)),
            Stage::Snapshot(snapshot) => {
                let epoch = EpochId(snapshot.epoch().0);
                (Request::PublicState { room, epoch }, Then::PublicState(room))
            }
            Stage::Keys { before, .. } => (Request::Keyring { room, before: *before }, Then::Keyring(room)),
            Stage::Links { before, .. } => {
                (Request::HistoryLinks { room, before: *before }, Then::Links(room))
            }
            Stage::Ready if sync.shut.is_some() => return self.come_back(room, ctx),
            Stage::Ready if sync.held.is_some() => return,
            Stage::Ready if sync.head.seq < sync.remote_seq => {
                let after = sync.head.seq;
                (Request::Entries { room, after, limit: PAGE_ENTRIES }, Then::Entries(room))
            }
            Stage::Ready if hangs => return self.anchor_at_end(room, ctx),
            Stage::Ready if sync.leaving.is_some() => return self.say_leaving(room, ctx),
            Stage::Ready => return self.write(room, ctx),
        };
        sync.fetching = true;
        self.ask(request, then, ctx);
    }

    /// Everything is read: sends what waits, and keeps the relay's copies fresh.
    fn write(&mut self, room: RoomId, ctx: &mut Ctx<'_>) {
        self.follow_rotation(room, ctx);
        self.announce(room, ctx);
        self.build_commit(room, ctx);
        self.flush(room, ctx);
        self.erase(room, ctx);
        self.remember_rooms(room, ctx);
        self.look_at_published(room, ctx);
        self.do_duties(room, ctx);
        let (Some(sync), Some(session)) = (self.rooms.get_mut(&room), &self.session) else { return };
        if sync.stale_snapshot < SNAPSHOT_AFTER || !sync.is_current() {
            return;
        }
        sync.stale_snapshot = 0;
        let Some(group) = &sync.group else { return };
        let Ok(bytes) = group.snapshot(session.root(), ctx.rng) else { return };
        let snapshot =
            frame::Snapshot { epoch: EpochId(group.epoch().0), commit: sync.after, bytes: bytes.into() };
        self.ask(Request::PutSnapshot { room, snapshot }, Then::Ignore, ctx);
    }

    /// Shows a room as it is now.
    pub(crate) fn show_room(&self, room: RoomId, ctx: &mut Ctx<'_>) {
        let (Some(sync), Some(session)) = (self.rooms.get(&room), &self.session) else { return };
        if sync.is_confirmed() && (sync.group.is_some() || sync.trouble.is_some()) {
            let liked = self.liked.get(&room).copied().unwrap_or_default();
            let view = sync.view(session, (&self.trust, &self.people), liked, ctx.now_ms);
            ctx.notify(Notice::Room { room: Box::new(view) });
        }
    }

    /// Nothing told which entry made the epoch that a Welcome led to, and no commit follows it: so it is the newest.
    fn anchor_at_end(&mut self, room: RoomId, ctx: &mut Ctx<'_>) {
        let (Some(sync), Some(session)) = (self.rooms.get_mut(&room), &self.session) else { return };
        let mut batch = Batch::new_group();
        sync.anchor(session, sync.last_commit, &mut batch, ctx);
        self.finish(room, batch, ctx);
    }
}

impl RoomSync {
    /// All is read, and the group that a Welcome led to was not met on the way.
    fn hangs(&self) -> bool {
        let unknown = self.group.as_ref().is_some_and(|group| !group.knows_step());
        !self.anchored && self.welcomed && unknown
    }
}
