//! What belongs to epochs, and what makes them.

use minicbor::{Decode, Encode};

use super::join::{JoinMethod, JoinPackage, JoinProof};
use crate::{AccountId, EntryId, EpochId, MethodId, Opaque, RoomId, Seq};

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

/// A Welcome for one account.
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
    /// For join methods of the new epoch, each at most once; a method without one lets nobody in until a later epoch
    /// has it.
    #[n(5)]
    pub packages: Vec<JoinPackage>,
    /// Join methods of the new epoch that the relay does not know yet.
    #[n(6)]
    pub methods: Option<Vec<JoinMethod>>,
    /// Ids of all join methods of the new epoch. The relay drops the others, if the author's level is 1 or higher or
    /// whoever made them is no longer a member; ids that it does not know are ignored.
    #[n(7)]
    pub keep: Vec<MethodId>,
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
    /// Welcomes, for accounts added or members already (who are let in again).
    #[n(7)]
    pub welcomes: Vec<Welcome>,
    /// For an external commit by somebody who is not a member; `add` is then exactly the author.
    #[n(8)]
    pub proof: Option<JoinProof>,
    /// Levels of members at the relay, complete but for those of level 0; absent when they stay. See [`Request`].
    ///
    /// [`Request`]: super::Request
    #[n(9)]
    pub levels: Option<Vec<(AccountId, u8)>>,
}

/// A member's own candidates for what belongs to an epoch that a commit entry made, beside those of its author.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct PutPublished {
    /// The room.
    #[n(0)]
    pub room: RoomId,
    /// The epoch.
    #[n(1)]
    pub epoch: EpochId,
    /// Number of the commit entry that made it.
    #[n(2)]
    pub commit: Seq,
    /// Sealed GroupInfo and ratchet tree.
    #[n(3)]
    pub public_state: Option<Opaque>,
    /// History link to the parent.
    #[n(4)]
    pub link: Option<Opaque>,
    /// For any of the room's join methods, each at most once.
    #[n(5)]
    pub packages: Vec<JoinPackage>,
}
