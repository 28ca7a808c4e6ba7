//! Fetching what a room is read with: snapshot, public state, keyring, history links.

use std::collections::BTreeMap;

use waxwing_crypto_core::{
    ids,
    room::{KeyringRecord, Snapshot},
};
use waxwing_wire::{
    EpochId, Opaque, RoomId,
    frame::{self, Request},
};

use super::{
    Epoch, RoomSync, Stage,
    epochs::{Known, chain, is_first, own_epoch, past_missing},
    links::LinkPage,
    log::Batch,
    shut::Cause,
};
use crate::{
    ctx::Ctx,
    machine::{Client, Then},
    session::Session,
};

impl Client {
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
                known.entry(entry.epoch).or_insert(Known::new(keys, Some(record.step)));
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
                sync.past_missing = past_missing(&epochs, known);
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
        let Some(session) = &self.session else { return };
        let Some(old) = self.rooms.remove(&room) else { return };
        let mut fresh = RoomSync::new(room, Stage::Unknown, ctx.rng);
        fresh.restarted = true;
        fresh.remote_seq = old.remote_seq;
        fresh.last_commit = old.last_commit;
        fresh.keep_from(old, session, ctx);
        self.rooms.insert(room, fresh);
        self.advance(room, ctx);
    }
}

impl RoomSync {
    /// Begins again, and keeps what was not sent and what was read. Not the stream: which of its places were used may not show any more.
    pub(crate) fn keep_from(&mut self, old: Self, session: &Session, ctx: &mut Ctx<'_>) {
        self.outbox = old.outbox;
        self.draw_stream(session, ctx);
        self.in_flight = old.in_flight;
        self.marks = old.marks;
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

fn open_snapshot(session: &Session, room: RoomId, snapshot: &frame::Snapshot) -> Option<Snapshot> {
    let (place, epoch) = (ids::RoomId(room.0), ids::EpochId(snapshot.epoch.0));
    session.any_root(|root| Snapshot::open(root, session.id(), place, epoch, snapshot.bytes.as_bytes()).ok())
}
