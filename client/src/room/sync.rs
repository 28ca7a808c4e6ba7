//! Fetching a room: snapshot, public state, keyring, history links, then the log.

use std::collections::BTreeMap;

use waxwing_crypto_core::{
    ids,
    room::{EpochKeys, EpochStep, KeyringRecord, LogHead, Room, Snapshot},
};
use waxwing_wire::{
    EpochId, Opaque, RoomId,
    frame::{self, Request, RoomSummary},
    limits::PAGE_ENTRIES,
    problem::{Problem, ProblemCode},
};

use super::{Epoch, RoomSync, Stage, answers::RoomThen, links::LinkPage, log::Batch, shut::Cause};
use crate::{
    api::Notice,
    ctx::Ctx,
    machine::{Client, Then},
    session::Session,
};

/// Commits of others after which a session stores its own snapshot again.
const SNAPSHOT_AFTER: u32 = 16;

/// An epoch whose key is known; how it came to be may still be missing.
#[derive(Debug, Clone)]
pub(crate) struct Known {
    pub(crate) keys: EpochKeys,
    pub(crate) step: Option<EpochStep>,
}

/// Known epochs by id.
pub(crate) type KnownEpochs = BTreeMap<EpochId, Known>;

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
            self.show_room(summary.room, ctx);
        }
        self.advance(summary.room, ctx);
    }

    pub(crate) fn room_gone(&mut self, room: RoomId, ctx: &mut Ctx<'_>) {
        let Some(sync) = self.rooms.get_mut(&room) else { return };
        if sync.leaving.is_some() || sync.left {
            return self.forget_room(room, ctx);
        }
        sync.gone = true;
        sync.fetching = false;
        self.give_up_commits(room, "You are no longer a member of this room.", ctx);
        self.show_room(room, ctx);
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

    pub(crate) fn got_snapshot(
        &mut self,
        room: RoomId,
        snapshot: Option<frame::Snapshot>,
        ctx: &mut Ctx<'_>,
    ) {
        let (Some(sync), Some(session)) = (self.rooms.get_mut(&room), &self.session) else { return };
        sync.fetching = false;
        if !matches!(sync.stage, Stage::Unknown) {
            return;
        }
        let opened = snapshot.and_then(|snapshot| open_snapshot(session, room, &snapshot));
        match opened {
            Some(snapshot) => {
                sync.stage = Stage::Snapshot(Box::new(snapshot));
                self.advance(room, ctx);
            }
            // Brought in by somebody, and not in it yet.
            None => {
                sync.stage = Stage::Welcome;
                self.advance(room, ctx);
            }
        }
    }

    pub(crate) fn got_public(&mut self, room: RoomId, public: Vec<Opaque>, ctx: &mut Ctx<'_>) {
        let Some(sync) = self.rooms.get_mut(&room) else { return };
        sync.fetching = false;
        let stage = std::mem::replace(&mut sync.stage, Stage::Unknown);
        let Stage::Snapshot(snapshot) = stage else {
            sync.stage = stage;
            return;
        };
        match snapshot.restore(&plain(public)).ok() {
            Some(group) => {
                sync.stage = Stage::Keys { before: u64::MAX, known: own_epoch(&group) };
                sync.group = Some(group);
                self.advance(room, ctx);
            }
            None => self.room_trouble(room, "The relay has lost the state of this room.", ctx),
        }
    }

    pub(crate) fn got_keyring(&mut self, room: RoomId, entries: &[frame::KeyringEntry], ctx: &mut Ctx<'_>) {
        let (Some(sync), Some(session)) = (self.rooms.get_mut(&room), &self.session) else { return };
        sync.fetching = false;
        let Stage::Keys { before, known } = &mut sync.stage else { return };
        for entry in entries {
            let place = ids::RoomId(room.0);
            let opened = session.any_root(|root| {
                let epoch = ids::EpochId(entry.epoch.0);
                KeyringRecord::open(root, session.id(), place, epoch, entry.bytes.as_bytes()).ok()
            });
            if let Some(record) = opened {
                let keys = record.keys(place, ids::EpochId(entry.epoch.0));
                known.entry(entry.epoch).or_insert(Known { keys, step: Some(record.step) });
            }
        }
        match entries.iter().map(|entry| entry.commit).min() {
            Some(lowest) if lowest < *before => *before = lowest,
            _ => {
                let known = std::mem::take(known);
                sync.stage = Stage::Links { before: u64::MAX, known, page: LinkPage::default() };
            }
        }
        self.links_or_log(room, ctx);
    }

    /// Goes on to the log once every epoch back to the first is known, or the relay has no more.
    pub(super) fn links_or_log(&mut self, room: RoomId, ctx: &mut Ctx<'_>) {
        let Some(sync) = self.rooms.get_mut(&room) else { return };
        if let (Stage::Links { before, known, .. }, Some(group)) = (&sync.stage, sync.read_from()) {
            let (epochs, complete) = chain(group, known);
            if (complete || *before == 0) && sync.way.is_some() {
                return self.go_the_way(room, ctx);
            }
            if complete || *before == 0 {
                let step = known.get(&EpochId(group.epoch().0)).and_then(|known| known.step.clone());
                if let (Some(step), false) = (step, group.knows_step()) {
                    sync.group = sync.group.take().map(|group| group.with_step(step));
                }
                sync.begin_reading(epochs);
                let batch = Batch::all_epochs(sync, self.session.as_ref(), ctx);
                return self.finish(room, batch, ctx);
            }
        }
        self.advance(room, ctx);
    }

    pub(crate) fn got_own_snapshot(
        &mut self,
        room: RoomId,
        epoch: EpochId,
        snapshot: Option<frame::Snapshot>,
        ctx: &mut Ctx<'_>,
    ) {
        let (Some(sync), Some(session)) = (self.rooms.get_mut(&room), &self.session) else { return };
        let Some(held) = sync.held.as_mut().filter(|held| held.epoch == epoch) else { return };
        held.snapshot = snapshot
            .and_then(|s| open_snapshot(session, room, &s))
            .filter(|s| s.epoch().0 == epoch.0)
            .map(Box::new);
        if held.snapshot.is_none() {
            return self.start_over(room, ctx);
        }
        self.ask(Request::PublicState { room, epoch }, Then::OwnPublicState { room, epoch }, ctx);
    }

    pub(crate) fn got_own_public(
        &mut self,
        room: RoomId,
        epoch: EpochId,
        public: Vec<Opaque>,
        ctx: &mut Ctx<'_>,
    ) {
        let (Some(sync), Some(session)) = (self.rooms.get_mut(&room), &self.session) else { return };
        let Some(held) = sync.held.take_if(|held| held.epoch == epoch) else { return };
        let restored = held.snapshot.and_then(|snapshot| snapshot.restore(&plain(public)).ok());
        let Some(group) = restored else {
            return self.start_over(room, ctx);
        };
        let mut batch = Batch::default();
        sync.own_restored(session, &held.entry, group, &mut batch, ctx);
        self.finish(room, batch, ctx);
    }

    /// The relay no longer has the state that an entry needs, because newer ones took its place: begins again from the newest, as a new
    /// device would. What was not sent, and what was read, stays.
    fn start_over(&mut self, room: RoomId, ctx: &mut Ctx<'_>) {
        if self.rooms.get(&room).is_some_and(|sync| sync.restarted) {
            let why = "The relay has lost what another session of yours did here. Ask its operator for help.";
            return self.room_trouble(room, why, ctx);
        }
        let Some(old) = self.rooms.remove(&room) else { return };
        let mut fresh = RoomSync::new(room, Stage::Unknown, ctx.rng);
        fresh.restarted = true;
        fresh.remote_seq = old.remote_seq;
        fresh.last_commit = old.last_commit;
        fresh.keep_from(old);
        self.rooms.insert(room, fresh);
        self.advance(room, ctx);
    }

    /// Shows a room as it is now.
    pub(crate) fn show_room(&self, room: RoomId, ctx: &mut Ctx<'_>) {
        let (Some(sync), Some(session)) = (self.rooms.get(&room), &self.session) else { return };
        if sync.is_confirmed() && (sync.group.is_some() || sync.trouble.is_some()) {
            ctx.notify(Notice::Room { room: Box::new(sync.view(session, &self.trust, ctx.now_ms)) });
        }
    }
}

impl Client {
    /// Nothing told which entry made the epoch that a Welcome led to, and no commit follows it: so it is the newest.
    fn anchor_at_end(&mut self, room: RoomId, ctx: &mut Ctx<'_>) {
        let (Some(sync), Some(session)) = (self.rooms.get_mut(&room), &self.session) else { return };
        let mut batch = Batch::new_group();
        sync.anchor(session, sync.last_commit, &mut batch, ctx);
        self.finish(room, batch, ctx);
    }
}

impl RoomSync {
    /// Begins again, and keeps what was not sent and what was read.
    pub(crate) fn keep_from(&mut self, old: Self) {
        self.outbox = old.outbox;
        self.in_flight = old.in_flight;
        self.stream = old.stream;
        self.stream_kept = old.stream_kept;
        self.read = old.read;
    }

    /// All is read, and the group that a Welcome led to was not met on the way.
    fn hangs(&self) -> bool {
        let unknown = self.group.as_ref().is_some_and(|group| !group.knows_step());
        !self.anchored && self.welcomed && unknown
    }

    /// The epochs are known: reading begins at the first entry that is not held yet.
    pub(crate) fn begin_reading(&mut self, epochs: BTreeMap<EpochId, Epoch>) {
        self.commits = epochs.iter().map(|(id, epoch)| (epoch.step.made_by, *id)).collect();
        let first = epochs.iter().find(|(_, epoch)| is_first(epoch)).map(|(id, _)| *id);
        self.whole = first.is_some();
        if self.head.seq == 0 {
            self.current = first;
        }
        if let Some(Cause::Removed { commit }) = self.shut.take().map(|shut| shut.cause) {
            // The log goes on in the epoch that this account was put out of, if that may be read.
            self.current = epochs.iter().find(|(_, epoch)| epoch.step.made_by == commit.0).map(|(id, _)| *id);
            if self.current.is_none() {
                self.streams.was_away();
            }
        }
        self.left = false;
        self.epochs = epochs;
        // A room that is still in its first epoch has no commit to wait for.
        let first =
            self.group.as_ref().is_some_and(|group| group.knows_step() && group.step().parent.is_none());
        self.anchored = self.anchored || first;
        self.stage = Stage::Ready;
    }
}

impl Batch {
    /// Keeps every epoch of a room on the device.
    fn all_epochs(sync: &RoomSync, session: Option<&Session>, ctx: &mut Ctx<'_>) -> Self {
        let mut batch = Self::new_group();
        let Some(session) = session else { return batch };
        for (id, epoch) in &sync.epochs {
            let record = KeyringRecord::new(&epoch.keys, epoch.step.clone());
            batch.ops.extend(sync.put_epoch(*id, &record, session, ctx));
        }
        batch
    }
}

/// Sealed bytes as crypto-core takes them.
fn plain(all: Vec<Opaque>) -> Vec<Vec<u8>> {
    all.into_iter().map(|bytes| bytes.0).collect()
}

pub(crate) fn own_epoch(group: &Room) -> KnownEpochs {
    let step = group.knows_step().then(|| group.step().clone());
    let known = Known { keys: group.keys().clone(), step };
    BTreeMap::from([(EpochId(group.epoch().0), known)])
}

fn open_snapshot(session: &Session, room: RoomId, snapshot: &frame::Snapshot) -> Option<Snapshot> {
    let (place, epoch) = (ids::RoomId(room.0), ids::EpochId(snapshot.epoch.0));
    session.any_root(|root| Snapshot::open(root, session.id(), place, epoch, snapshot.bytes.as_bytes()).ok())
}

/// Walks back from the group's epoch through what is known; the flag says whether the room's first epoch was reached.
pub(crate) fn chain(group: &Room, known: &KnownEpochs) -> (BTreeMap<EpochId, Epoch>, bool) {
    let mut epochs = BTreeMap::new();
    let told = known.get(&EpochId(group.epoch().0)).and_then(|known| known.step.clone());
    let step = if group.knows_step() { Some(group.step().clone()) } else { told };
    let known_step = step.is_some();
    let step = step.unwrap_or_else(|| group.step().clone());
    let mut next = Epoch { keys: group.keys().clone(), step, roster: group.roster().clone() };
    if !known_step {
        // After a Welcome, before any link tells how that epoch came to be.
        return (BTreeMap::from([(EpochId(group.epoch().0), next)]), false);
    }
    loop {
        let parent = next.step.parent;
        let roster = next.step.parent_roster(&next.roster);
        epochs.insert(EpochId(next.keys.epoch().0), next);
        let Some(parent) = parent else { return (epochs, true) };
        let (Some(found), Some(roster)) = (known.get(&EpochId(parent.0)), roster) else {
            return (epochs, false);
        };
        if epochs.contains_key(&EpochId(parent.0)) {
            return (epochs, false);
        }
        let Some(step) = found.step.clone() else {
            // Either the room's first epoch, which has no link, or one whose link is still to come.
            let epoch = Epoch { keys: found.keys.clone(), step: first_step(group), roster };
            epochs.insert(EpochId(parent.0), epoch);
            return (epochs, false);
        };
        next = Epoch { keys: found.keys.clone(), step, roster };
    }
}

/// Whether this is a room's first epoch: nothing comes before it, and nobody but the founder is in it.
fn is_first(epoch: &Epoch) -> bool {
    epoch.step.parent.is_none() && epoch.roster.len() == 1
}

/// The first epoch of a room has no link; this stands for what it would say.
fn first_step(group: &Room) -> EpochStep {
    EpochStep {
        parent: None,
        made_by: [0; 32],
        author: group.state().founder,
        changes: Vec::new(),
        renamed: None,
        joins_changed: false,
        seen: LogHead::start(group.id()),
    }
}
