//! One room as the client follows it: its log, its epochs, and what it still has to send.

pub(crate) mod commit;
mod invite;
mod log;
mod outbox;
pub(crate) mod restore;
pub(crate) mod store;
mod sync;
mod view;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use serde::{Deserialize, Serialize};
use waxwing_crypto_core::{
    ids,
    room::{EpochKeys, EpochStep, LogHead, Room, Roster},
};
use waxwing_wire::{AccountId, EntryId, EpochId, RoomId, frame::LogEntry};

use crate::api::{Item, Sending};
use commit::OwnCommit;
use sync::KnownEpochs;

/// Positions of the log that are remembered to be compared with what others say they saw.
const REMEMBERED_HEADS: usize = 4096;

/// An epoch whose messages can be read.
#[derive(Debug, Clone)]
pub(crate) struct Epoch {
    pub(crate) keys: EpochKeys,
    pub(crate) step: EpochStep,
    pub(crate) roster: Roster,
}

/// How far fetching a room has come.
#[derive(Debug)]
pub(crate) enum Stage {
    /// The relay has it; its snapshot is on the way.
    Unknown,
    /// Founded or joined here; the relay has not confirmed it yet.
    Unconfirmed,
    /// The snapshot is open, the public state is on the way.
    Snapshot(Box<waxwing_crypto_core::room::Snapshot>),
    /// Keys of earlier epochs are on the way: those with a smaller commit number than `before`.
    Keys { before: u64, known: KnownEpochs },
    /// Links to earlier epochs are on the way.
    Links { before: u64, known: KnownEpochs },
    /// The log can be read.
    Ready,
}

/// A message that the relay has not acknowledged, or whose entry was not read back yet.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct OutItem {
    pub(crate) id: EntryId,
    pub(crate) stream: EntryId,
    pub(crate) position: u64,
    pub(crate) at_ms: u64,
    pub(crate) kind: u16,
    pub(crate) body: Vec<u8>,
    pub(crate) state: Sending,
}

impl std::fmt::Debug for OutItem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "OutItem({}, {} bytes)", self.id, self.body.len())
    }
}

/// Which messages of one stream were seen: all below `next` but the missing ones.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct StreamSeen {
    author: AccountId,
    stream: EntryId,
    next: u64,
    missing: BTreeSet<u64>,
}

/// All streams of a room.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Streams(Vec<StreamSeen>);

/// Gaps that are remembered per stream; older ones are given up.
const MISSING: usize = 64;

impl Streams {
    /// Notes a verified message; false when it was there before.
    pub(crate) fn is_new(&mut self, author: AccountId, stream: EntryId, position: u64) -> bool {
        let known = self.0.iter_mut().find(|seen| seen.author == author && seen.stream == stream);
        let Some(seen) = known else {
            let missing = (0..position).rev().take(MISSING).collect();
            self.0.push(StreamSeen { author, stream, next: position.saturating_add(1), missing });
            return true;
        };
        if position < seen.next {
            return seen.missing.remove(&position);
        }
        seen.missing.extend((seen.next..position).rev().take(MISSING));
        while seen.missing.len() > MISSING {
            seen.missing.pop_first();
        }
        seen.next = position.saturating_add(1);
        true
    }
}

/// A commit of another session of this account, which waits for the snapshot that was stored with it.
#[derive(Debug)]
pub(crate) struct Held {
    pub(crate) entry: LogEntry,
    pub(crate) epoch: EpochId,
    pub(crate) snapshot: Option<Box<waxwing_crypto_core::room::Snapshot>>,
}

/// A room as the client follows it.
#[derive(Debug)]
pub(crate) struct RoomSync {
    pub(crate) id: RoomId,
    pub(crate) stage: Stage,
    /// The group at its newest known epoch.
    pub(crate) group: Option<Room>,
    /// The log has been read up to the commit that made the group's epoch; from there on commits are processed.
    pub(crate) anchored: bool,
    /// The epoch at the head of the log: what is said there must be sealed in it. Unknown before the first commit that can be followed back.
    pub(crate) current: Option<EpochId>,
    /// Number of the last commit entry processed.
    pub(crate) after: u64,
    pub(crate) head: LogHead,
    pub(crate) heads: VecDeque<LogHead>,
    /// Number of the newest entry that the relay has.
    pub(crate) remote_seq: u64,
    pub(crate) fetching: bool,
    pub(crate) epochs: BTreeMap<EpochId, Epoch>,
    /// Epoch by the hash of the commit that made it.
    pub(crate) commits: BTreeMap<[u8; 32], EpochId>,
    pub(crate) names: BTreeMap<AccountId, String>,
    pub(crate) streams: Streams,
    pub(crate) outbox: Vec<OutItem>,
    /// The message that is under way.
    pub(crate) in_flight: Option<EntryId>,
    /// What is known of earlier epochs while the relay has not confirmed our joining.
    pub(crate) joining: KnownEpochs,
    pub(crate) own_commit: Option<OwnCommit>,
    pub(crate) held: Option<Held>,
    pub(crate) read: u64,
    pub(crate) unread: u32,
    pub(crate) last: Option<Item>,
    pub(crate) trouble: Option<String>,
    /// Reading began again once in this session; a second time would only turn in a circle.
    pub(crate) restarted: bool,
    /// The name that this session has told the room.
    pub(crate) announced: Option<String>,
    /// This session's run of messages, and its next position.
    pub(crate) stream: EntryId,
    pub(crate) position: u64,
    /// Commits of others since the last snapshot at the relay.
    pub(crate) stale_snapshot: u32,
}

impl RoomSync {
    pub(crate) fn new(id: RoomId, stage: Stage, rng: &mut dyn rand_core::CryptoRngCore) -> Self {
        let head = LogHead::start(ids::RoomId(id.0));
        Self {
            id,
            stage,
            group: None,
            anchored: false,
            current: None,
            after: 0,
            head,
            heads: VecDeque::from([head]),
            remote_seq: 0,
            fetching: false,
            epochs: BTreeMap::new(),
            commits: BTreeMap::new(),
            names: BTreeMap::new(),
            streams: Streams::default(),
            outbox: Vec::new(),
            in_flight: None,
            joining: KnownEpochs::new(),
            own_commit: None,
            held: None,
            read: 0,
            unread: 0,
            last: None,
            trouble: None,
            restarted: false,
            announced: None,
            stream: EntryId(ids::MessageId::random(rng).0),
            position: 0,
            stale_snapshot: 0,
        }
    }

    /// The relay knows that the account is a member.
    pub(crate) fn is_confirmed(&self) -> bool {
        !matches!(self.stage, Stage::Unconfirmed)
    }

    /// Reading has stopped for good: the next entry cannot be followed.
    pub(crate) fn is_shut_out(&self) -> bool {
        self.trouble.is_some() && self.group.is_some()
    }

    /// Everything the relay has was read, so this session may write.
    pub(crate) fn is_current(&self) -> bool {
        matches!(self.stage, Stage::Ready)
            && self.anchored
            && self.group.is_some()
            && self.held.is_none()
            && self.head.seq >= self.remote_seq
    }

    /// Makes a group the newest epoch.
    pub(crate) fn adopt(&mut self, room: Room) -> EpochId {
        let epoch = EpochId(room.epoch().0);
        self.commits.insert(room.step().made_by, epoch);
        self.epochs.insert(
            epoch,
            Epoch { keys: room.keys().clone(), step: room.step().clone(), roster: room.roster().clone() },
        );
        self.group = Some(room);
        self.current = Some(epoch);
        epoch
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_counts_once_even_when_it_comes_late() {
        let (author, stream) = (AccountId([1; 16]), EntryId([2; 16]));
        let mut streams = Streams::default();
        assert!(streams.is_new(author, stream, 0));
        assert!(!streams.is_new(author, stream, 0));
        assert!(streams.is_new(author, stream, 3));
        assert!(streams.is_new(author, stream, 1));
        assert!(!streams.is_new(author, stream, 1));
        assert!(streams.is_new(author, stream, 2));
        assert!(!streams.is_new(author, stream, 3));
        assert!(streams.is_new(author, EntryId([3; 16]), 3));
        assert!(streams.is_new(AccountId([9; 16]), stream, 0));
    }

    #[test]
    fn a_stream_that_lies_about_its_position_costs_no_memory() {
        let mut streams = Streams::default();
        assert!(streams.is_new(AccountId([1; 16]), EntryId([2; 16]), u64::MAX));
        assert!(streams.is_new(AccountId([1; 16]), EntryId([4; 16]), 0));
        assert!(streams.is_new(AccountId([1; 16]), EntryId([4; 16]), u64::MAX - 1));
        assert!(streams.0.iter().all(|seen| seen.missing.len() <= MISSING));
    }
}
