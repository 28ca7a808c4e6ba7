//! Epoch ids and epoch keys.

use openmls::prelude::{GroupContext, MlsGroup};
use openmls_traits::crypto::OpenMlsCrypto;
use tls_codec::Serialize as _;

use super::commit::open_handshake;
use crate::{
    ids::{AccountId, EpochId, RoomId},
    label::hash,
    secret::SymmetricKey,
};

/// SHA-256(L("Waxwing 1 epoch", serialised GroupContext)): the same for members, Welcome joiners and public followers, different
/// for competing commits.
pub(crate) fn epoch_id(context: &GroupContext) -> Option<EpochId> {
    let bytes = context.tls_serialize_detached().ok()?;
    Some(EpochId(hash("Waxwing 1 epoch", &[&bytes])))
}

/// The keys of one epoch, all derived one-way from its room key.
#[derive(Debug, Clone)]
pub struct EpochKeys {
    /// Room and epoch that the keys belong to.
    pub(crate) room: RoomId,
    pub(crate) epoch: EpochId,
    room_key: SymmetricKey,
}

impl EpochKeys {
    /// The keys that follow from a room key.
    pub fn new(room: RoomId, epoch: EpochId, room_key: SymmetricKey) -> Self {
        Self { room, epoch, room_key }
    }

    /// `room_key = MLS-Exporter("Waxwing 1 room", epoch id, 32)`, RFC 9420 section 8.5.
    pub(crate) fn of_group(
        room: RoomId,
        epoch: EpochId,
        group: &MlsGroup,
        crypto: &impl OpenMlsCrypto,
    ) -> Option<Self> {
        let secret = zeroize::Zeroizing::new(
            group.export_secret(crypto, "Waxwing 1 room", epoch.as_bytes(), 32).ok()?,
        );
        Some(Self::new(room, epoch, SymmetricKey::try_from_slice(&secret)?))
    }

    /// The epoch.
    pub fn epoch(&self) -> EpochId {
        self.epoch
    }

    /// Whether these are the keys of the epoch that a sealed commit follows, which the relay says is `sender`'s: how a reader tells a history
    /// link with the right key from one with a made-up key.
    pub fn opens_commit(&self, sender: AccountId, sealed: &[u8]) -> bool {
        open_handshake(&self.handshake(), sender, sealed).is_ok()
    }

    /// The room key itself, for keyring and history.
    pub(crate) fn room_key(&self) -> &SymmetricKey {
        &self.room_key
    }

    pub(crate) fn message_key(&self) -> SymmetricKey {
        self.derive("Waxwing 1 message key")
    }

    pub(crate) fn signal_key(&self) -> SymmetricKey {
        self.derive("Waxwing 1 signal key")
    }

    pub(crate) fn link_key(&self) -> SymmetricKey {
        self.derive("Waxwing 1 link key")
    }

    /// `hs_key`: what handshakes that follow this epoch, and its public state, are sealed under.
    pub(crate) fn handshake(&self) -> HandshakeKey {
        HandshakeKey { room: self.room, epoch: self.epoch, key: self.derive("Waxwing 1 handshake key") }
    }

    fn derive(&self, label: &str) -> SymmetricKey {
        self.room_key.derive(label, &[self.room.as_bytes(), self.epoch.as_bytes()])
    }
}

/// The handshake key of one epoch. Whoever joins by a method gets it without the room key.
#[derive(Debug, Clone)]
pub(crate) struct HandshakeKey {
    pub(crate) room: RoomId,
    pub(crate) epoch: EpochId,
    pub(crate) key: SymmetricKey,
}
