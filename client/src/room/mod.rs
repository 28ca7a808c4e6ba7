//! One room as the client follows it: its log, its epochs, and what it still has to send.

pub(crate) mod answers;
mod avatar;
mod changes;
pub(crate) mod commit;
mod duties;
mod epochs;
mod expire;
mod fetch;
mod founding;
mod invite;
mod joining;
mod leave;
mod links;
pub(crate) mod log;
mod messages;
pub(crate) mod notes;
mod outbox;
mod password;
mod people;
pub(crate) mod progress;
mod published;
pub(crate) mod reading;
pub(crate) mod restore;
mod shut;
pub(crate) mod store;
mod streams;
mod successor;
mod sync;
mod view;
mod way;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use serde::{Deserialize, Serialize};
use waxwing_crypto_core::{
    ids,
    room::{EpochKeys, EpochStep, LogHead, Room, Roster},
};
use waxwing_wire::{AccountId, EntryId, EpochId, RoomId, frame::LogEntry};

use crate::{
    api::{Item, Sending},
    marks::{Marks, Unread},
};
use commit::OwnCommit;
use duties::{Asked, Duty, Readmitted};
use epochs::KnownEpochs;
use expire::Expiry;
use leave::Leaving;
use links::LinkPage;
pub(crate) use password::Unlock;
pub(crate) use people::EditRoom;
use shut::Shut;
use streams::Streams;
use successor::{Claim, Moving};
use way::Way;

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
    /// It has no snapshot of ours: the Welcome that leads into it is on the way.
    Welcome,
    /// The snapshot is open, the public state is on the way.
    Snapshot(Box<waxwing_crypto_core::room::Snapshot>),
    /// Keys of earlier epochs are on the way: those with a smaller commit number than `before`.
    Keys { before: u64, known: KnownEpochs },
    /// Links to earlier epochs are on the way.
    Links { before: u64, known: KnownEpochs, page: LinkPage },
    /// The log can be read.
    Ready,
}

/// A message that the relay has not acknowledged, or whose entry was not read back yet.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct OutItem {
    pub(crate) id: EntryId,
    pub(crate) at_ms: u64,
    pub(crate) kind: u16,
    pub(crate) body: Vec<u8>,
    pub(crate) state: Sending,
    /// Its place in this device's stream, once it was sealed.
    pub(crate) position: Option<u64>,
    /// The text that it answers, once that was looked up.
    #[serde(skip)]
    pub(crate) quoted: Option<String>,
}

impl std::fmt::Debug for OutItem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "OutItem({}, {} bytes)", self.id, self.body.len())
    }
}

/// The newest word of another member about how far they had seen the same log.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Confirmed {
    pub(crate) account: AccountId,
    /// When they said so, by their clock, and not later than it was here.
    pub(crate) at_ms: u64,
    /// Up to which entry.
    pub(crate) seq: u64,
}

/// What was said before this account came in is vouched for by whoever let it in.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Vouched {
    pub(crate) account: AccountId,
    /// Number of the entry that brought this account in.
    pub(crate) before: u64,
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
    /// The change that is under way, and those that wait for it.
    pub(crate) own_commit: Option<OwnCommit>,
    pub(crate) changes: VecDeque<OwnCommit>,
    pub(crate) held: Option<Held>,
    pub(crate) marks: Marks,
    pub(crate) unread: Unread,
    /// Number of the newest message of somebody else.
    pub(crate) newest_foreign: u64,
    /// Entries that the relay is still to erase, because this account deleted them.
    pub(crate) erase: BTreeSet<u64>,
    /// The relay was asked to erase some.
    pub(crate) erasing: bool,
    pub(crate) last: Option<Item>,
    pub(crate) trouble: Option<String>,
    /// Reading began again once in this session; a second time would only turn in a circle.
    pub(crate) restarted: bool,
    /// The name that this session has told the room.
    pub(crate) announced: Option<String>,
    /// This device's run of messages in the room; it goes on after a restart.
    pub(crate) stream: EntryId,
    /// The device's store has `stream`.
    pub(crate) stream_kept: bool,
    /// All epochs since the founding are known.
    pub(crate) whole: bool,
    /// What leads back to epochs before the known ones is missing at the relay, or damaged.
    pub(crate) past_missing: bool,
    pub(crate) confirmed: Option<Confirmed>,
    pub(crate) vouched: Option<Vouched>,
    /// The log cannot be read on.
    pub(crate) shut: Option<Shut>,
    /// The account remembers that it is in this room.
    pub(crate) noted: bool,
    /// A Welcome that may lead back in.
    pub(crate) way: Option<Box<Way>>,
    /// Whether the way back in was the right one is not certain.
    pub(crate) doubted: bool,
    /// The relay says that this account is not a member.
    pub(crate) gone: bool,
    /// Another session of this account has said that it leaves.
    pub(crate) left: bool,
    /// This account is leaving.
    pub(crate) leaving: Option<Leaving>,
    /// Came in by a Welcome: the relay has no snapshot of it yet.
    pub(crate) welcomed: bool,
    /// Number of the newest commit that the relay told of.
    pub(crate) last_commit: u64,
    /// Number of the last commit that does not count.
    pub(crate) skipped: u64,
    /// When this client last made a commit to heal what the relay shows.
    pub(crate) healed_at_ms: u64,
    /// This session owes the room fresh keys.
    pub(crate) refresh_due: bool,
    /// An epoch by somebody else whose public parts were not looked at yet.
    pub(crate) unchecked: Option<EpochId>,
    /// What members ask for in the log.
    pub(crate) requests: BTreeMap<AccountId, Asked>,
    pub(crate) readmitted: Vec<Readmitted>,
    pub(crate) duties: Vec<Duty>,
    /// Statements about where the room goes on, not checked yet; and what owners say.
    pub(crate) successors: Vec<(AccountId, Vec<u8>)>,
    pub(crate) claims: Vec<Claim>,
    /// The room in which this one goes on, and the one that it takes over from: where both say so.
    pub(crate) successor: Option<RoomId>,
    pub(crate) predecessor: Option<RoomId>,
    /// This account is moving the room.
    pub(crate) moving: Option<Moving>,
    /// When the own leaf got its key material, as the relay dated the entry.
    pub(crate) leaf_at_ms: u64,
    /// Commits of others since the last snapshot at the relay.
    pub(crate) stale_snapshot: u32,
    /// What has disappeared, where messages do.
    pub(crate) expiry: Expiry,
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
            streams: Streams::new(rng),
            outbox: Vec::new(),
            in_flight: None,
            joining: KnownEpochs::new(),
            own_commit: None,
            changes: VecDeque::new(),
            held: None,
            marks: Marks::default(),
            unread: Unread::default(),
            newest_foreign: 0,
            erase: BTreeSet::new(),
            erasing: false,
            last: None,
            trouble: None,
            restarted: false,
            announced: None,
            stream: EntryId(ids::MessageId::random(rng).0),
            stream_kept: false,
            whole: false,
            past_missing: false,
            confirmed: None,
            vouched: None,
            leaf_at_ms: 0,
            shut: None,
            noted: false,
            way: None,
            doubted: false,
            gone: false,
            left: false,
            leaving: None,
            welcomed: false,
            last_commit: 0,
            skipped: 0,
            healed_at_ms: 0,
            refresh_due: false,
            unchecked: None,
            requests: BTreeMap::new(),
            readmitted: Vec::new(),
            duties: Vec::new(),
            successors: Vec::new(),
            claims: Vec::new(),
            successor: None,
            predecessor: None,
            moving: None,
            stale_snapshot: 0,
            expiry: Expiry::default(),
        }
    }

    /// The relay knows that the account is a member.
    pub(crate) fn is_confirmed(&self) -> bool {
        !matches!(self.stage, Stage::Unconfirmed)
    }

    /// Everything the relay has was read, so this session may write.
    pub(crate) fn is_current(&self) -> bool {
        matches!(self.stage, Stage::Ready)
            && self.anchored
            && self.group.is_some()
            && self.held.is_none()
            && self.shut.is_none()
            && !self.gone
            && self.leaving.is_none()
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
