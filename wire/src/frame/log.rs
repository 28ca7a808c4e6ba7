//! The room log: entries, and what is added to it beside commits.

use minicbor::{Decode, Encode};

use crate::{AccountId, EntryId, Opaque, RoomId, Seq};

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
    /// The account's newest own mark, sealed; left out where the marks of all rooms together are too many bytes, see
    /// [`crate::limits::OWN_MARKS_BYTES`], and where the account becomes a member.
    #[n(3)]
    pub own: Option<Opaque>,
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
    /// A signed request to be let in again.
    #[n(2)]
    Rejoin,
    /// What is left of a deleted entry: its digest.
    #[n(3)]
    Tombstone,
    /// A signed statement that its author leaves.
    #[n(4)]
    Leave,
    /// A signed statement that names the room in which members go on.
    #[n(5)]
    Successor,
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
    /// Number of the last commit entry that the author had processed, for a [`Post`] of the last one there was; 0 before
    /// the first.
    #[n(2)]
    pub after: Seq,
    /// Account that wrote it, as the relay saw it.
    #[n(3)]
    pub sender: AccountId,
    /// Idempotency id that the author gave.
    #[n(4)]
    pub id: EntryId,
    /// Sealed bytes, or a plain statement; empty for a tombstone.
    #[n(5)]
    pub bytes: Opaque,
    /// For a tombstone: the digest of what was here (32 bytes).
    #[n(6)]
    pub digest: Option<Opaque>,
    /// When the relay took it, milliseconds since 1970.
    #[n(7)]
    pub received_at_ms: u64,
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
    /// Stays where messages disappear: it tells how its author wants to be called, which is needed as long as the author is there.
    #[n(4)]
    pub lasting: bool,
}

/// Appends a plain, signed statement of a member. There is no compare-and-swap: the relay enters its own last commit.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Post {
    /// The room.
    #[n(0)]
    pub room: RoomId,
    /// [`EntryKind::Rejoin`], [`EntryKind::Leave`] or [`EntryKind::Successor`]; any other is refused. A leave also ends
    /// the author's membership at the relay.
    #[n(1)]
    pub kind: EntryKind,
    /// Idempotency id: a second post with the same id by the same account answers with the first one's number.
    #[n(2)]
    pub id: EntryId,
    /// The statement, at most [`crate::limits::POST_BYTES`].
    #[n(3)]
    pub bytes: Opaque,
}
