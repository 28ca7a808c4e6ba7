//! Frames of the stream.
//!
//! A client opens the WebSocket with its session cookie and sends [`Request::Hello`] first. Every request carries an id
//! of the client's choice and gets exactly one [`ServerFrame::Response`] with it; responses may come out of order.
//! [`Event`]s are hints: whoever misses one reads [`Request::Entries`] from its cursor.

use minicbor::{Decode, Encode};

use crate::{
    AccountId, EntryId, EpochId, MethodId, Opaque, Problem, RoomId, Seq,
    ids::{DataName, TokenHash},
};

/// From client to relay.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct ClientFrame {
    /// Chosen by the client, unique on this connection.
    #[n(0)]
    pub id: u64,
    /// What is asked.
    #[n(1)]
    pub request: Request,
}

/// From relay to client.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum ServerFrame {
    /// The answer to a request.
    #[n(0)]
    Response {
        /// Id of the request.
        #[n(0)]
        id: u64,
        /// The answer.
        #[n(1)]
        response: Response,
    },
    /// The request was refused; nothing was changed.
    #[n(1)]
    Problem {
        /// Id of the request.
        #[n(0)]
        id: u64,
        /// Why.
        #[n(1)]
        problem: Problem,
    },
    /// Something happened.
    #[n(2)]
    Event(#[n(0)] Event),
}

/// How far a client has read one room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct Cursor {
    /// The room.
    #[n(0)]
    pub room: RoomId,
    /// Number of the last entry it holds.
    #[n(1)]
    pub seq: Seq,
}

/// Kind of a log entry. The relay needs it for the compare-and-swap and for retention, nothing else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum EntryKind {
    /// A sealed MLS commit.
    #[n(0)]
    Commit,
    /// A sealed message.
    #[n(1)]
    Message,
    /// A rejoin request.
    #[n(2)]
    Rejoin,
    /// What is left of a deleted entry: its digest.
    #[n(3)]
    Tombstone,
}

/// One entry of a room log.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct LogEntry {
    /// Position, from 1 without gaps.
    #[n(0)]
    pub seq: Seq,
    /// Kind.
    #[n(1)]
    pub kind: EntryKind,
    /// Number of the last commit entry that the author had processed; 0 before the first.
    #[n(2)]
    pub after: Seq,
    /// Account that wrote it, as the relay saw it.
    #[n(3)]
    pub sender: AccountId,
    /// Idempotency id that the author gave.
    #[n(4)]
    pub id: EntryId,
    /// Sealed bytes; empty for a tombstone.
    #[n(5)]
    pub bytes: Opaque,
    /// For a tombstone: the digest of what was here (32 bytes).
    #[n(6)]
    pub digest: Option<Opaque>,
    /// When the relay took it, milliseconds since 1970.
    #[n(7)]
    pub received_at_ms: u64,
}

/// A private group state, sealed by the account for itself.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Snapshot {
    /// Epoch it belongs to.
    #[n(0)]
    pub epoch: EpochId,
    /// Number of the commit entry that made the epoch; 0 for the room's first.
    #[n(1)]
    pub commit: Seq,
    /// Sealed.
    #[n(2)]
    pub bytes: Opaque,
}

/// One epoch key, sealed by the account for itself.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct KeyringEntry {
    /// Epoch it belongs to.
    #[n(0)]
    pub epoch: EpochId,
    /// Number of the commit entry that made the epoch; 0 for the room's first.
    #[n(1)]
    pub commit: Seq,
    /// Sealed.
    #[n(2)]
    pub bytes: Opaque,
}

/// A history link: how an epoch follows from its parent, sealed under the epoch's own key.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct HistoryLink {
    /// Epoch under whose key it is sealed.
    #[n(0)]
    pub epoch: EpochId,
    /// Number of the commit entry that made that epoch.
    #[n(1)]
    pub commit: Seq,
    /// Who published it.
    #[n(2)]
    pub author: AccountId,
    /// Sealed.
    #[n(3)]
    pub bytes: Opaque,
}

/// What the relay must know of a join method to gate it.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct JoinMethod {
    /// Id of the method.
    #[n(0)]
    pub id: MethodId,
    /// SHA-256 of the 32-byte token that whoever joins must show.
    #[n(1)]
    pub token_hash: TokenHash,
    /// After this time the method answers [`crate::ProblemCode::LinkExpired`]; milliseconds since 1970.
    #[n(2)]
    pub expires_at_ms: Option<u64>,
}

/// A join package: what a holder of the method's secret needs to join from the newest epoch.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct JoinPackage {
    /// The method it is sealed to.
    #[n(0)]
    pub method: MethodId,
    /// Sealed to the method's public key.
    #[n(1)]
    pub bytes: Opaque,
}

/// Proof of a join method, shown by whoever is not a member yet.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct JoinProof {
    /// The method.
    #[n(0)]
    pub method: MethodId,
    /// The 32-byte token.
    #[n(1)]
    pub token: Opaque,
}

/// A sealed Welcome for one account.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Welcome {
    /// For whom.
    #[n(0)]
    pub account: AccountId,
    /// The MLS Welcome, and what the newcomer needs beside it.
    #[n(1)]
    pub bytes: Opaque,
}

/// What belongs to one new epoch and is stored with the commit that makes it, in the same transaction.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct EpochParts {
    /// The new epoch.
    #[n(0)]
    pub epoch: EpochId,
    /// Sealed GroupInfo and ratchet tree.
    #[n(1)]
    pub public_state: Opaque,
    /// The author's sealed private state.
    #[n(2)]
    pub snapshot: Opaque,
    /// The author's sealed epoch key.
    #[n(3)]
    pub keyring: Opaque,
    /// History link to the parent; absent for a room's first epoch.
    #[n(4)]
    pub link: Option<Opaque>,
    /// One per join method of the new epoch.
    #[n(5)]
    pub packages: Vec<JoinPackage>,
    /// The join methods of the new epoch, when they changed.
    #[n(6)]
    pub methods: Option<Vec<JoinMethod>>,
}

/// Founds a room. The log is empty; the author is its only member.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct CreateRoom {
    /// Id chosen by the creator.
    #[n(0)]
    pub room: RoomId,
    /// The first epoch.
    #[n(1)]
    pub parts: EpochParts,
}

/// Appends a sealed message, if `after` is still the last commit.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Append {
    /// The room.
    #[n(0)]
    pub room: RoomId,
    /// Number of the last commit entry that the author has processed.
    #[n(1)]
    pub after: Seq,
    /// Idempotency id: a second append with the same id by the same account answers with the first one's number.
    #[n(2)]
    pub id: EntryId,
    /// Sealed.
    #[n(3)]
    pub bytes: Opaque,
}

/// Appends a sealed commit with everything that belongs to it, if `after` is still the last commit.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Commit {
    /// The room.
    #[n(0)]
    pub room: RoomId,
    /// Number of the commit entry that this one follows.
    #[n(1)]
    pub after: Seq,
    /// First 16 bytes of SHA-256 over `bytes`.
    #[n(2)]
    pub id: EntryId,
    /// Sealed.
    #[n(3)]
    pub bytes: Opaque,
    /// What belongs to the new epoch.
    #[n(4)]
    pub parts: EpochParts,
    /// Accounts that become members.
    #[n(5)]
    pub add: Vec<AccountId>,
    /// Accounts that stop being members.
    #[n(6)]
    pub remove: Vec<AccountId>,
    /// Welcomes for the accounts added.
    #[n(7)]
    pub welcomes: Vec<Welcome>,
    /// For an external commit by somebody who is not a member; `add` is then exactly the author.
    #[n(8)]
    pub proof: Option<JoinProof>,
}

/// What a client may ask on the stream. Everything but [`Request::JoinInfo`] and a [`Commit`] with a proof needs membership of the room named.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum Request {
    /// First request of a connection; from here on events flow. Answer: [`Response::Hello`].
    #[n(0)]
    Hello(#[n(0)] Vec<Cursor>),
    /// Answer: [`Response::Done`]. Idempotent for the same author and epoch.
    #[n(1)]
    CreateRoom(#[n(0)] Box<CreateRoom>),
    /// Answer: [`Response::Appended`].
    #[n(2)]
    Append(#[n(0)] Append),
    /// Answer: [`Response::Appended`].
    #[n(3)]
    Commit(#[n(0)] Box<Commit>),
    /// Entries with `seq > after`, in order. Answer: [`Response::Entries`].
    #[n(4)]
    Entries {
        /// The room.
        #[n(0)]
        room: RoomId,
        /// Number of the last entry held.
        #[n(1)]
        after: Seq,
        /// At most so many, see [`crate::limits::PAGE_ENTRIES`].
        #[n(2)]
        limit: u32,
    },
    /// The account's own snapshot of one epoch, or its newest. Answer: [`Response::Snapshot`].
    #[n(5)]
    Snapshot {
        /// The room.
        #[n(0)]
        room: RoomId,
        /// The epoch; the newest when absent.
        #[n(1)]
        epoch: Option<EpochId>,
    },
    /// Stores a snapshot; immutable per epoch, the newest by commit number is the newest. Answer: [`Response::Done`].
    #[n(6)]
    PutSnapshot {
        /// The room.
        #[n(0)]
        room: RoomId,
        /// The snapshot.
        #[n(1)]
        snapshot: Snapshot,
    },
    /// Sealed public state of one epoch. Answer: [`Response::PublicState`].
    #[n(7)]
    PublicState {
        /// The room.
        #[n(0)]
        room: RoomId,
        /// The epoch.
        #[n(1)]
        epoch: EpochId,
    },
    /// The account's keyring of a room, newest epochs first: entries with `commit < before`. Answer: [`Response::Keyring`].
    #[n(8)]
    Keyring {
        /// The room.
        #[n(0)]
        room: RoomId,
        /// Upper end, exclusive; [`u64::MAX`] for the first page.
        #[n(1)]
        before: Seq,
    },
    /// Adds keyring entries; append-only, an entry that exists is left as it is. Answer: [`Response::Done`].
    #[n(9)]
    PutKeyring {
        /// The room.
        #[n(0)]
        room: RoomId,
        /// The entries.
        #[n(1)]
        entries: Vec<KeyringEntry>,
    },
    /// History links, newest epochs first: links with `commit < before`. Answer: [`Response::HistoryLinks`].
    #[n(10)]
    HistoryLinks {
        /// The room.
        #[n(0)]
        room: RoomId,
        /// Upper end, exclusive; [`u64::MAX`] for the first page.
        #[n(1)]
        before: Seq,
    },
    /// What a holder of a join method needs. Answer: [`Response::JoinInfo`].
    #[n(11)]
    JoinInfo {
        /// The room.
        #[n(0)]
        room: RoomId,
        /// Proof.
        #[n(1)]
        proof: JoinProof,
    },
    /// All sealed account objects. Answer: [`Response::AccountData`].
    #[n(12)]
    AccountData,
    /// Stores a sealed account object; `version` must be one more than the stored one (1 for a new one), else [`crate::ProblemCode::Conflict`]. Answer: [`Response::Done`].
    #[n(13)]
    PutAccountData(#[n(0)] AccountDatum),
    /// Replaces the account's key package. Answer: [`Response::Done`].
    #[n(14)]
    PutKeyPackage(#[n(0)] Opaque),
    /// Key package of an account. Answer: [`Response::KeyPackage`].
    #[n(15)]
    KeyPackage(#[n(0)] AccountId),
    /// The newest Welcome for this account in a room. Answer: [`Response::Welcome`].
    #[n(16)]
    Welcome(#[n(0)] RoomId),
    /// Members as the relay knows them, to be compared with the roster. Answer: [`Response::Members`].
    #[n(17)]
    Members(#[n(0)] RoomId),
}

/// A sealed account object.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct AccountDatum {
    /// Keyed hash of its name.
    #[n(0)]
    pub name: DataName,
    /// Version, from 1.
    #[n(1)]
    pub version: u64,
    /// Sealed.
    #[n(2)]
    pub bytes: Opaque,
}

/// What the relay says about one of the account's rooms at the beginning of a connection.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct RoomSummary {
    /// The room.
    #[n(0)]
    pub room: RoomId,
    /// Number of the newest entry.
    #[n(1)]
    pub last_seq: Seq,
    /// Number of the newest commit entry.
    #[n(2)]
    pub last_commit: Seq,
}

/// Answers.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum Response {
    /// The connection is ready.
    #[n(0)]
    Hello {
        /// The account behind the session.
        #[n(0)]
        account: AccountId,
        /// Every room of the account.
        #[n(1)]
        rooms: Vec<RoomSummary>,
        /// The relay's clock, milliseconds since 1970.
        #[n(2)]
        now_ms: u64,
    },
    /// It is durable.
    #[n(1)]
    Done,
    /// It is durable, at this place.
    #[n(2)]
    Appended {
        /// Number of the entry.
        #[n(0)]
        seq: Seq,
    },
    /// A page of the log.
    #[n(3)]
    Entries {
        /// In order, without gaps, beginning right after the number asked for.
        #[n(0)]
        entries: Vec<LogEntry>,
        /// Number of the newest entry of the room.
        #[n(1)]
        last_seq: Seq,
    },
    /// The snapshot, if there is one.
    #[n(4)]
    Snapshot(#[n(0)] Option<Snapshot>),
    /// The public state, if there is one.
    #[n(5)]
    PublicState(#[n(0)] Option<Opaque>),
    /// A page of the keyring; an empty page ends it.
    #[n(6)]
    Keyring(#[n(0)] Vec<KeyringEntry>),
    /// A page of history links; an empty page ends it.
    #[n(7)]
    HistoryLinks(#[n(0)] Vec<HistoryLink>),
    /// For whoever joins.
    #[n(8)]
    JoinInfo {
        /// Newest epoch.
        #[n(0)]
        epoch: EpochId,
        /// Number of the newest commit entry.
        #[n(1)]
        last_commit: Seq,
        /// Sealed public state of that epoch.
        #[n(2)]
        public_state: Opaque,
        /// Join packages for the method, of that epoch.
        #[n(3)]
        packages: Vec<Opaque>,
        /// Entries after the newest commit, so that whoever joins signs the newest position.
        #[n(4)]
        last_seq: Seq,
    },
    /// All sealed account objects.
    #[n(9)]
    AccountData(#[n(0)] Vec<AccountDatum>),
    /// The key package, if there is one.
    #[n(10)]
    KeyPackage(#[n(0)] Option<Opaque>),
    /// The Welcome, if there is one.
    #[n(11)]
    Welcome(#[n(0)] Option<Opaque>),
    /// Members as the relay knows them.
    #[n(12)]
    Members(#[n(0)] Vec<AccountId>),
}

/// Hints pushed by the relay.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum Event {
    /// A new entry of a room.
    #[n(0)]
    Entry {
        /// The room.
        #[n(0)]
        room: RoomId,
        /// The entry.
        #[n(1)]
        entry: LogEntry,
    },
    /// A room has entries up to this number; some were not pushed.
    #[n(1)]
    News {
        /// The room.
        #[n(0)]
        room: RoomId,
        /// Number of the newest entry.
        #[n(1)]
        last_seq: Seq,
    },
    /// The account has become a member of a room.
    #[n(2)]
    RoomAdded(#[n(0)] RoomSummary),
    /// The account is no longer a member of a room.
    #[n(3)]
    RoomRemoved(#[n(0)] RoomId),
}

/// WebSocket close codes of the stream (RFC 6455 section 7.4.2, private range).
pub mod close {
    /// A frame was malformed or larger than allowed.
    pub const MALFORMED: u16 = 4400;
    /// The session has ended: log in again.
    pub const NOT_LOGGED_IN: u16 = 4401;
    /// The client read too slowly; connect again and go on from the cursor.
    pub const TOO_SLOW: u16 = 4408;
    /// The relay is going down; connect again.
    pub const RESTARTING: u16 = 4503;
}
