//! How epochs follow from each other: keyring entries that an account seals for itself, and history links that members
//! seal under each epoch's own key. Both carry an [`EpochStep`]; readers walk back from the current roster.

use std::collections::BTreeMap;

use minicbor::{Decode, Encode};
use rand_core::CryptoRngCore;

use super::codec;
use super::{epoch::EpochKeys, log::LogHead};
use crate::{
    account::RootKey,
    identity::IdentityPublicKey,
    ids::{AccountId, EpochId, RoomId},
    label::labelled,
    seal::{OpenError, SealError, SealType, open, seal},
    secret::SymmetricKey,
};

/// Members of one epoch and the identity keys they sign with.
pub type Roster = BTreeMap<AccountId, IdentityPublicKey>;

/// What one epoch changed about the roster for one account.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct RosterChange {
    /// Who.
    #[n(0)]
    pub account: AccountId,
    /// Key in the parent epoch; absent for a newcomer.
    #[n(1)]
    pub before: Option<IdentityPublicKey>,
    /// Key in the new epoch; absent for whoever left.
    #[n(2)]
    pub after: Option<IdentityPublicKey>,
}

/// How an epoch came to be.
#[derive(Clone, PartialEq, Eq, Encode, Decode)]
pub struct EpochStep {
    /// The epoch before; absent for a room's first.
    #[n(0)]
    pub parent: Option<EpochId>,
    /// SHA-256 over the sealed commit; zeros for a room's first epoch.
    #[cbor(n(1), with = "crate::room::codec::array32")]
    pub made_by: [u8; 32],
    /// Who committed.
    #[n(2)]
    pub author: AccountId,
    /// Changes to the roster, sorted by account.
    #[n(3)]
    pub changes: Vec<RosterChange>,
    /// The room's new name, when that changed.
    #[n(4)]
    pub renamed: Option<String>,
    /// Join methods changed.
    #[n(5)]
    pub joins_changed: bool,
    /// Log position that the committer had seen.
    #[n(6)]
    pub seen: LogHead,
}

impl std::fmt::Debug for EpochStep {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "EpochStep(by {:?}, {} changes)", self.author, self.changes.len())
    }
}

impl EpochStep {
    /// The roster of the parent, given that of the epoch itself; nothing when they contradict each other.
    pub fn parent_roster(&self, roster: &Roster) -> Option<Roster> {
        let mut parent = roster.clone();
        for change in &self.changes {
            if roster.get(&change.account) != change.after.as_ref() {
                return None;
            }
            match change.before {
                Some(key) => parent.insert(change.account, key),
                None => parent.remove(&change.account),
            };
        }
        Some(parent)
    }

    /// The changes that lead from one roster to the next.
    pub(crate) fn changes_between(before: &Roster, after: &Roster) -> Vec<RosterChange> {
        let mut accounts: Vec<_> = before.keys().chain(after.keys()).copied().collect();
        accounts.sort_unstable();
        accounts.dedup();
        accounts
            .into_iter()
            .map(|account| RosterChange {
                account,
                before: before.get(&account).copied(),
                after: after.get(&account).copied(),
            })
            .filter(|change| change.before != change.after)
            .collect()
    }
}

/// What an account keeps of every epoch it was in.
#[derive(Debug, Clone, Encode, Decode)]
pub struct KeyringRecord {
    #[n(0)]
    room_key: SymmetricKey,
    /// How the epoch came to be.
    #[n(1)]
    pub step: EpochStep,
}

fn keyring_context(account: AccountId, room: RoomId, epoch: EpochId) -> Vec<u8> {
    labelled("Waxwing 1 keyring", &[account.as_bytes(), room.as_bytes(), epoch.as_bytes()])
}

impl KeyringRecord {
    /// Record of an epoch whose keys are known.
    pub fn new(keys: &EpochKeys, step: EpochStep) -> Self {
        Self { room_key: keys.room_key().clone(), step }
    }

    /// Keys of the epoch.
    pub fn keys(&self, room: RoomId, epoch: EpochId) -> EpochKeys {
        EpochKeys::new(room, epoch, self.room_key.clone())
    }

    /// Seals the record for the account itself.
    ///
    /// # Errors
    /// [`SealError`] when the record is larger than anything that may be sealed.
    pub fn seal(
        &self,
        root: &RootKey,
        account: AccountId,
        room: RoomId,
        epoch: EpochId,
        rng: &mut dyn CryptoRngCore,
    ) -> Result<Vec<u8>, SealError> {
        let context = keyring_context(account, room, epoch);
        seal(&root.keyring_key(), SealType::Keyring, &context, &codec::encode_secret(self), rng)
    }

    /// Opens a record.
    ///
    /// # Errors
    /// [`OpenError`] when these are not the bytes that this account sealed for this epoch.
    pub fn open(
        root: &RootKey,
        account: AccountId,
        room: RoomId,
        epoch: EpochId,
        sealed: &[u8],
    ) -> Result<Self, OpenError> {
        let context = keyring_context(account, room, epoch);
        let plain = open(&root.keyring_key(), SealType::Keyring, &context, sealed)?;
        codec::decode(&plain).map_err(|_| OpenError)
    }
}

/// What members publish about an epoch, readable by whoever holds its key.
#[derive(Debug, Clone, Encode, Decode)]
pub struct HistoryLink {
    /// Room key of the parent; left out where newcomers may not read what came before.
    #[n(0)]
    parent_key: Option<SymmetricKey>,
    /// How the epoch came to be.
    #[n(1)]
    pub step: EpochStep,
}

fn link_context(keys: &EpochKeys) -> Vec<u8> {
    labelled("Waxwing 1 history link", &[keys.room.as_bytes(), keys.epoch.as_bytes()])
}

impl HistoryLink {
    /// The link of an epoch, with the parent's key unless it is to be withheld.
    pub(crate) fn new(parent: Option<&EpochKeys>, step: EpochStep) -> Self {
        Self { parent_key: parent.map(|keys| keys.room_key().clone()), step }
    }

    /// Keys of the parent epoch, when they are given.
    pub fn parent_keys(&self, room: RoomId) -> Option<EpochKeys> {
        Some(EpochKeys::new(room, self.step.parent?, self.parent_key.clone()?))
    }

    pub(crate) fn seal(&self, keys: &EpochKeys, rng: &mut dyn CryptoRngCore) -> Result<Vec<u8>, SealError> {
        seal(&keys.link_key(), SealType::HistoryLink, &link_context(keys), &codec::encode_secret(self), rng)
    }

    /// Opens the link of an epoch with the epoch's keys.
    ///
    /// # Errors
    /// [`OpenError`] when it was not sealed under these keys.
    pub fn open(keys: &EpochKeys, sealed: &[u8]) -> Result<Self, OpenError> {
        let plain = open(&keys.link_key(), SealType::HistoryLink, &link_context(keys), sealed)?;
        codec::decode(&plain).map_err(|_| OpenError)
    }
}
