//! The hash chain of a room log.
//!
//! `digest_n = H("Waxwing 1 entry", kind, after, sender, bytes)`, `H_0 = H("Waxwing 1 log", room id)`,
//! `H_n = H("Waxwing 1 chain", H_{n-1}, digest_n)`. Commits and messages sign the position their author had seen, so members
//! notice when a relay shows them different logs.

use minicbor::{Decode, Encode};

use crate::{
    ids::{AccountId, RoomId},
    label::hash,
};

/// Kind of a log entry as it enters the digest. A tombstone keeps the digest of what it replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum EntryKind {
    /// A sealed commit.
    Commit = 1,
    /// A sealed message.
    Message = 2,
    /// A rejoin request.
    Rejoin = 3,
    /// A statement that its author leaves.
    Leave = 4,
    /// A statement that names the room in which members go on.
    Successor = 5,
}

/// Digest of one entry, 32 bytes.
pub fn digest(kind: EntryKind, after: u64, sender: AccountId, bytes: &[u8]) -> [u8; 32] {
    hash("Waxwing 1 entry", &[&[kind as u8], &after.to_be_bytes(), sender.as_bytes(), bytes])
}

/// A position in a room log: the number of the newest entry, and the chain value there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct LogHead {
    /// Number of the newest entry; 0 before the first.
    #[n(0)]
    pub seq: u64,
    /// `H_seq`, 32 bytes.
    #[cbor(n(1), with = "crate::room::codec::array32")]
    pub hash: [u8; 32],
}

impl LogHead {
    /// The head of an empty log.
    pub fn start(room: RoomId) -> Self {
        Self { seq: 0, hash: hash("Waxwing 1 log", &[room.as_bytes()]) }
    }

    /// The head after one more entry with this digest.
    #[must_use]
    pub fn advance(&self, digest: &[u8; 32]) -> Self {
        Self { seq: self.seq.saturating_add(1), hash: hash("Waxwing 1 chain", &[&self.hash, digest]) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_of_an_entry_changes_the_chain() {
        let start = LogHead::start(RoomId([1; 16]));
        assert_ne!(start, LogHead::start(RoomId([2; 16])));
        let base = digest(EntryKind::Message, 1, AccountId([3; 16]), b"x");
        let others = [
            digest(EntryKind::Commit, 1, AccountId([3; 16]), b"x"),
            digest(EntryKind::Message, 2, AccountId([3; 16]), b"x"),
            digest(EntryKind::Message, 1, AccountId([4; 16]), b"x"),
            digest(EntryKind::Message, 1, AccountId([3; 16]), b"y"),
        ];
        for other in others {
            assert_ne!(start.advance(&base), start.advance(&other));
        }
        assert_ne!(start.advance(&base).advance(&others[0]), start.advance(&others[0]).advance(&base));
    }
}
