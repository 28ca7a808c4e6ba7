//! The way back into a room: whether a Welcome leads to where the log leads.
//!
//! A Welcome proves that somebody let this account into a group with the room's id. Whoever was put out could, with the relay, make it lead
//! into a branch of the room; a stranger could make a group out of published key packages. So the log is followed from the
//! last epoch that the account was in, commit by commit as every member judges them, and the Welcome is believed at the epoch found there.

use std::collections::VecDeque;

use waxwing_crypto_core::room::{EpochKeys, Followed, Follower, Room, commit_hash};
use waxwing_wire::{
    EpochId, Opaque, RoomId,
    frame::{EntryKind, LogEntry, Request, Response},
    limits::PAGE_ENTRIES,
    problem::Problem,
};

use super::{RoomSync, Stage, answers::RoomThen, epochs::KnownEpochs, shut::Cause};
use crate::{
    ctx::Ctx,
    machine::{Client, Then},
};

/// Commits for which other readings of their epoch are asked for; the relay keeps those of the newest epochs only.
const STATES: u32 = 16;

/// A Welcome that opened, and how far the log was followed to see whether it leads into the room.
#[derive(Debug)]
pub(crate) struct Way {
    /// Where the Welcome leads.
    pub(super) group: Room,
    /// SHA-256 of the Welcome.
    welcome: EpochId,
    follower: Option<Follower>,
    /// Entries up to here were looked at.
    after: u64,
    entries: VecDeque<LogEntry>,
    /// Commits for which public states were asked for.
    asked: u32,
}

/// What is known of a way.
enum Verdict {
    /// Another entry is needed.
    Open,
    /// It leads into the room.
    Right,
    /// It leads elsewhere, or nobody can tell.
    Wrong,
}

impl Way {
    fn judge(&self, followed: Followed, (seq, hash): (u64, [u8; 32]), shut: (u64, Cause)) -> Verdict {
        let Some(follower) = &self.follower else { return Verdict::Wrong };
        let (entry, cause) = shut;
        // The log goes on with the commit that shut this account out, as it was read then.
        let same = seq != entry
            || match cause {
                Cause::Removed { commit } => commit.0 == hash,
                Cause::Unfollowable { epoch } | Cause::Readmitted { epoch } => {
                    // By the own reading of the epoch before: whoever made it may have come in by a public state that lies about that.
                    matches!(followed, Followed::To(_)) && follower.made(epoch.0.into())
                }
            };
        if !same {
            return Verdict::Wrong;
        }
        match (followed, cause) {
            // Whoever was put out, and may not read what was said since, comes in like a newcomer: on the word of whoever brought them.
            (Followed::NoKey, Cause::Removed { .. }) => Verdict::Right,
            (Followed::NoKey, _) => Verdict::Wrong,
            _ if follower.leads_to(&self.group) => Verdict::Right,
            _ => Verdict::Open,
        }
    }
}

impl RoomSync {
    /// The group whose past is being read: where a Welcome leads, while that is looked into.
    pub(super) fn read_from(&self) -> Option<&Room> {
        self.way.as_ref().map(|way| &way.group).or(self.group.as_ref())
    }
}

fn keys(known: &KnownEpochs) -> Vec<EpochKeys> {
    known.values().map(|known| known.keys.clone()).collect()
}

/// The epoch that a commit made, if a link or the keyring told.
fn made(known: &KnownEpochs, hash: [u8; 32]) -> Option<EpochId> {
    let by = |(_, known): &(&EpochId, &super::epochs::Known)| {
        known.step.as_ref().is_some_and(|step| step.made_by == hash)
    };
    known.iter().find(by).map(|(epoch, _)| *epoch)
}

impl Client {
    /// Looks into where a Welcome leads. The room stays as it is until that is known.
    pub(super) fn try_way(&mut self, room: RoomId, group: Room, welcome: EpochId, ctx: &mut Ctx<'_>) {
        let Some(sync) = self.rooms.get_mut(&room) else { return };
        let Some(after) = sync.shut.map(|shut| shut.entry.saturating_sub(1)) else { return };
        let mut known = sync.known();
        known.extend(super::epochs::own_epoch(&group));
        let entries = VecDeque::new();
        sync.way = Some(Box::new(Way { group, welcome, follower: None, after, entries, asked: 0 }));
        sync.stage = Stage::Keys { before: u64::MAX, known };
        self.advance(room, ctx);
    }

    /// The past of the Welcome's epoch is known: follows the log towards it.
    pub(super) fn go_the_way(&mut self, room: RoomId, ctx: &mut Ctx<'_>) {
        let Some(sync) = self.rooms.get_mut(&room) else { return };
        let (Some(way), Some(last), Stage::Links { known, .. }) = (&mut sync.way, &sync.group, &sync.stage)
        else {
            return;
        };
        if way.follower.is_none() {
            let epoch = EpochId(last.epoch().0);
            sync.fetching = true;
            let then = Then::Room(RoomThen::WayStates(room));
            return self.ask(Request::PublicState { room, epoch }, then, ctx);
        }
        way.entries.retain(|entry| entry.kind == EntryKind::Commit && entry.seq > way.after);
        if let Some(entry) = way.entries.front() {
            let epoch = made(known, commit_hash(entry.bytes.as_bytes())).filter(|_| way.asked < STATES);
            way.asked = way.asked.saturating_add(1);
            let Some(epoch) = epoch else { return self.step_on(room, &[], ctx) };
            sync.fetching = true;
            let then = Then::Room(RoomThen::WayStates(room));
            return self.ask(Request::PublicState { room, epoch }, then, ctx);
        }
        if way.after >= sync.remote_seq {
            return self.leave_way(room, ctx);
        }
        sync.fetching = true;
        let request = Request::Entries { room, after: way.after, limit: PAGE_ENTRIES };
        self.ask(request, Then::Room(RoomThen::WayEntries(room)), ctx);
    }

    /// Public states of the epoch that the way begins at, or of the one that the next commit makes.
    pub(super) fn way_states(&mut self, room: RoomId, result: Result<Response, Problem>, ctx: &mut Ctx<'_>) {
        let states = match result {
            Ok(Response::PublicStates(states)) => states,
            _ => Vec::new(),
        };
        let states: Vec<Vec<u8>> = states.into_iter().map(|Opaque(bytes)| bytes).collect();
        let Some(sync) = self.rooms.get_mut(&room) else { return };
        sync.fetching = false;
        let (Some(way), Some(last)) = (&mut sync.way, &sync.group) else { return };
        if way.follower.is_none() {
            way.follower = Some(last.follower(&states));
            return self.go_the_way(room, ctx);
        }
        self.step_on(room, &states, ctx);
    }

    pub(super) fn way_entries(&mut self, room: RoomId, result: Result<Response, Problem>, ctx: &mut Ctx<'_>) {
        let Some(sync) = self.rooms.get_mut(&room) else { return };
        sync.fetching = false;
        let Some(way) = &mut sync.way else { return };
        let next = way.after.saturating_add(1);
        let Ok(Response::Entries { entries, .. }) = result else { return self.leave_way(room, ctx) };
        let follows = entries.iter().zip(next..).all(|(entry, seq)| entry.seq == seq);
        let (Some(last), true) = (entries.last().map(|entry| entry.seq), follows) else {
            return self.leave_way(room, ctx);
        };
        way.entries = entries.into_iter().filter(|entry| entry.kind == EntryKind::Commit).collect();
        if way.entries.is_empty() {
            way.after = last;
        }
        self.go_the_way(room, ctx);
    }

    /// Follows the next commit.
    fn step_on(&mut self, room: RoomId, states: &[Vec<u8>], ctx: &mut Ctx<'_>) {
        let Some(sync) = self.rooms.get_mut(&room) else { return };
        let (Some(way), Some(shut), Stage::Links { known, .. }) = (&mut sync.way, &sync.shut, &sync.stage)
        else {
            return;
        };
        let (Some(entry), Some(follower)) = (way.entries.pop_front(), &mut way.follower) else { return };
        let bytes = entry.bytes.as_bytes();
        let followed = follower.follow(&keys(known), entry.sender.0.into(), bytes, states);
        way.after = entry.seq;
        match way.judge(followed, (entry.seq, commit_hash(bytes)), (shut.entry, shut.cause)) {
            Verdict::Open => self.go_the_way(room, ctx),
            Verdict::Right => self.take_way(room, ctx),
            Verdict::Wrong => self.leave_way(room, ctx),
        }
    }

    /// The Welcome leads into the room: goes on from there.
    fn take_way(&mut self, room: RoomId, ctx: &mut Ctx<'_>) {
        let Some(sync) = self.rooms.get_mut(&room) else { return };
        let Some(way) = sync.way.take() else { return };
        // Entries that could not be opened may have been commits that count for others: shown as what it may be.
        sync.doubted = way.follower.is_some_and(|follower| follower.doubts() > 0);
        sync.take_in(way.group);
        self.links_or_log(room, ctx);
    }

    /// The Welcome leads elsewhere: the room stays as it was.
    fn leave_way(&mut self, room: RoomId, ctx: &mut Ctx<'_>) {
        let Some(sync) = self.rooms.get_mut(&room) else { return };
        let Some(way) = sync.way.take() else { return };
        sync.fetching = false;
        sync.stage = Stage::Ready;
        self.refuse_welcome(room, way.welcome, ctx);
        self.advance(room, ctx);
    }
}
