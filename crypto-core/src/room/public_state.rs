//! The public state of an epoch: GroupInfo and ratchet tree, sealed under the epoch's handshake key.

use minicbor::{Decode, Encode};
use openmls::prelude::{
    MlsGroup, MlsMessageBodyIn, MlsMessageIn, ProposalStore, PublicGroup, RatchetTreeIn,
    group_info::VerifiableGroupInfo,
};
use openmls_traits::{OpenMlsProvider, crypto::OpenMlsCrypto};
use rand_core::CryptoRngCore;
use tls_codec::{Deserialize as _, Serialize as _};

use super::codec;
use super::{
    epoch::{HandshakeKey, epoch_id},
    provider::{Provider, SUITE},
};
use crate::{
    identity::IdentityKey,
    label::{hash, labelled},
    seal::{SealError, SealType, open, seal},
};

/// GroupInfo (with `external_pub`, without the tree) and the tree, both TLS-serialised.
#[derive(Clone, Encode, Decode)]
pub(crate) struct PublicState {
    #[cbor(n(0), with = "crate::room::codec::bytes")]
    pub(super) group_info: Vec<u8>,
    #[cbor(n(1), with = "crate::room::codec::bytes")]
    pub(super) tree: Vec<u8>,
}

/// Bytes of signer and signature at the end of a GroupInfo, RFC 9420 section 12.4.3: u32, length of 2 bytes, Ed25519.
const SIGNER: usize = 4 + 2 + 64;
/// Bytes of a confirmation tag (HMAC-SHA-384), with its length.
const TAG: usize = 1 + 48;

/// The bytes are not a valid public state of the epoch asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the public state of the room is damaged")]
pub(crate) struct BadPublicState;

/// See [`PublicState::vouched`].
pub(crate) fn vouched(unsigned_group_info: &[u8], tree: &[u8]) -> [u8; 32] {
    hash("Waxwing 1 vouched state", &[unsigned_group_info, tree])
}

fn context(key: &HandshakeKey) -> Vec<u8> {
    labelled("Waxwing 1 public state", &[key.room.as_bytes(), key.epoch.as_bytes()])
}

impl PublicState {
    /// Public state of a group's present epoch.
    pub(crate) fn of(group: &MlsGroup, crypto: &impl OpenMlsCrypto, identity: &IdentityKey) -> Option<Self> {
        let info = group.export_group_info(crypto, identity, false).ok()?;
        Some(Self {
            group_info: info.to_bytes().ok()?,
            tree: group.export_ratchet_tree().tls_serialize_detached().ok()?,
        })
    }

    pub(crate) fn seal(&self, key: &HandshakeKey, rng: &mut dyn CryptoRngCore) -> Result<Vec<u8>, SealError> {
        seal(&key.key, SealType::PublicState, &context(key), &codec::encode(self), rng)
    }

    pub(crate) fn open(key: &HandshakeKey, sealed: &[u8]) -> Result<Self, BadPublicState> {
        let plain =
            open(&key.key, SealType::PublicState, &context(key), sealed).map_err(|_| BadPublicState)?;
        codec::decode(&plain).map_err(|_| BadPublicState)
    }

    /// What stands before signer and signature: the state itself, whoever says it.
    fn unsigned(&self) -> Option<&[u8]> {
        self.group_info.get(..self.group_info.len().checked_sub(SIGNER)?)
    }

    /// The confirmation tag, TLS-serialised: it stands last before the signer.
    pub(crate) fn confirmation_tag(&self) -> Option<&[u8]> {
        let unsigned = self.unsigned()?;
        unsigned.get(unsigned.len().checked_sub(TAG)?..)
    }

    /// `H("Waxwing 1 vouched state", ...)` of the tree and of the GroupInfo without signer and signature: what a join package
    /// vouches for.
    pub(crate) fn vouched(&self) -> Option<[u8; 32]> {
        let (unsigned, tree) = self.vouched_parts()?;
        Some(vouched(unsigned, tree))
    }

    pub(crate) fn vouched_parts(&self) -> Option<(&[u8], &[u8])> {
        Some((self.unsigned()?, &self.tree))
    }

    /// Whether two states differ in nothing but who signed the GroupInfo: signer (u32) and signature are at its end. Its tree hash stands
    /// for the tree, which an import compares.
    pub(crate) fn says_the_same(&self, other: &Self) -> bool {
        self.unsigned().is_some() && self.unsigned() == other.unsigned()
    }

    /// The parts as openmls takes them, not verified yet.
    pub(crate) fn parts(&self) -> Result<(VerifiableGroupInfo, RatchetTreeIn), BadPublicState> {
        let info = MlsMessageIn::tls_deserialize_exact(&self.group_info).map_err(|_| BadPublicState)?;
        let MlsMessageBodyIn::GroupInfo(info) = info.extract() else { return Err(BadPublicState) };
        let tree = RatchetTreeIn::tls_deserialize_exact(&self.tree).map_err(|_| BadPublicState)?;
        Ok((info, tree))
    }

    /// Writes the public group into the provider's storage, after checking every signature in it and that it is the room and epoch of `key`.
    pub(crate) fn import(
        &self,
        key: &HandshakeKey,
        provider: &Provider,
    ) -> Result<PublicGroup, BadPublicState> {
        let (info, tree) = self.parts()?;
        let (group, _) = PublicGroup::from_external(
            provider.crypto(),
            provider.storage(),
            tree,
            info,
            ProposalStore::new(),
        )
        .map_err(|_| BadPublicState)?;
        // The epoch id is over the whole context, but whoever names it may be a member of another group.
        let context = group.group_context();
        let ours = context.group_id().as_slice() == key.room.as_bytes() && context.ciphersuite() == SUITE;
        if ours && epoch_id(context) == Some(key.epoch) { Ok(group) } else { Err(BadPublicState) }
    }
}
