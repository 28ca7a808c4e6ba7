//! Snapshots: what of a group state is not in its public state, sealed by an account for itself.

use minicbor::{Decode, Encode};
use openmls::prelude::{GroupId, MlsGroup};
use openmls_traits::OpenMlsProvider;
use rand_core::CryptoRngCore;

use super::{Room, epoch::EpochKeys, history::EpochStep, provider::Provider, public_state::PublicState};
use super::{codec, storage::PrivateEntry};
use crate::{
    account::RootKey,
    ids::{AccountId, EpochId, RoomId},
    label::labelled,
    seal::{SealError, SealType, open, seal},
    secret::SymmetricKey,
};

#[derive(Encode, Decode)]
pub(super) struct Plain {
    #[n(0)]
    room_key: SymmetricKey,
    #[n(1)]
    step: EpochStep,
    #[n(2)]
    private: Vec<PrivateEntry>,
}

/// Why a snapshot does not give a group back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RestoreError {
    /// It was not sealed by this account for this epoch, or was altered.
    #[error("the snapshot could not be opened")]
    Snapshot,
    /// The public state that goes with it is missing parts or is not of this epoch.
    #[error("the public state of the room is damaged")]
    PublicState,
}

fn context(account: AccountId, room: RoomId, epoch: EpochId) -> Vec<u8> {
    labelled("Waxwing 1 snapshot", &[account.as_bytes(), room.as_bytes(), epoch.as_bytes()])
}

/// An opened snapshot. It holds the keys of its epoch, but needs the public state to become a [`Room`] again.
pub struct Snapshot {
    account: AccountId,
    keys: EpochKeys,
    step: EpochStep,
    private: Vec<PrivateEntry>,
}

impl std::fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { account, keys, step: _, private: _ } = self;
        write!(f, "Snapshot({account:?}, {:?})", keys.epoch)
    }
}

impl Snapshot {
    /// Opens what [`Room::snapshot`] sealed.
    ///
    /// # Errors
    /// [`RestoreError::Snapshot`].
    pub fn open(
        root: &RootKey,
        account: AccountId,
        room: RoomId,
        epoch: EpochId,
        sealed: &[u8],
    ) -> Result<Self, RestoreError> {
        let plain = open(&root.snapshot_key(), SealType::Snapshot, &context(account, room, epoch), sealed)
            .map_err(|_| RestoreError::Snapshot)?;
        let plain: Plain = codec::decode(&plain).map_err(|_| RestoreError::Snapshot)?;
        let keys = EpochKeys::new(room, epoch, plain.room_key);
        Ok(Self { account, keys, step: plain.step, private: plain.private })
    }

    /// The epoch of the snapshot.
    pub fn epoch(&self) -> EpochId {
        self.keys.epoch
    }

    /// How the epoch of the snapshot came to be.
    pub fn step(&self) -> &EpochStep {
        &self.step
    }

    /// Joins the snapshot with the sealed public state of the same epoch: the first of the candidates that is one.
    ///
    /// # Errors
    /// [`RestoreError`] when none makes a group with it.
    pub fn restore(self, sealed_public_states: &[Vec<u8>]) -> Result<Room, RestoreError> {
        let handshake = self.keys.handshake();
        let provider = sealed_public_states
            .iter()
            .find_map(|sealed| {
                let provider = Provider::default();
                PublicState::open(&handshake, sealed).ok()?.import(&handshake, &provider).ok()?;
                Some(provider)
            })
            .ok_or(RestoreError::PublicState)?;
        provider.storage().import_snapshot(self.private).map_err(|_| RestoreError::Snapshot)?;
        let id = GroupId::from_slice(self.keys.room.as_bytes());
        let group = MlsGroup::load(provider.storage(), &id).ok().flatten().ok_or(RestoreError::Snapshot)?;
        let room = Room::assemble(self.account, provider, group, self.step).ok_or(RestoreError::Snapshot)?;
        if room.keys.room_key() != self.keys.room_key() { Err(RestoreError::Snapshot) } else { Ok(room) }
    }
}

impl Room {
    /// Seals the private state of the present epoch for the account itself.
    ///
    /// # Errors
    /// [`SealError`] when the state is larger than anything that may be sealed.
    pub fn snapshot(&self, root: &RootKey, rng: &mut dyn CryptoRngCore) -> Result<Vec<u8>, SealError> {
        let private = self.provider.storage().private_entries();
        let plain = Plain { room_key: self.keys.room_key().clone(), step: self.step.clone(), private };
        let context = context(self.account, self.id(), self.epoch());
        seal(&root.snapshot_key(), SealType::Snapshot, &context, &codec::encode_secret(&plain), rng)
    }
}
