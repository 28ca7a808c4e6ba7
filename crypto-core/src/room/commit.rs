//! A commit with all that belongs to the epoch it makes, and how handshakes are sealed.

use openmls::prelude::MlsGroup;
use rand_core::CryptoRngCore;
use sha2::{Digest as _, Sha256};

use super::codec;
use super::{
    CommitError, Room,
    epoch::HandshakeKey,
    history::{EpochStep, SettingsChange},
    join::Parent,
    policy::{self, Stamp},
    provider::Provider,
    state::RoomState,
};
use crate::{
    identity::IdentityKey,
    ids::{AccountId, EpochId},
    label::labelled,
    seal::{SealError, SealType, open, seal},
};

/// Sealed join packages, each with the id of the method it is sealed to.
pub type JoinPackages = Vec<([u8; 32], Vec<u8>)>;

/// Who builds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Author<'a> {
    pub(crate) account: AccountId,
    pub(crate) identity: &'a IdentityKey,
}

/// What openmls made of a commit, merged.
pub(crate) struct Made {
    pub(crate) provider: Provider,
    pub(crate) group: MlsGroup,
    pub(crate) commit: Vec<u8>,
    pub(crate) welcome: Option<Vec<u8>>,
}

/// A commit ready to be uploaded, with everything that belongs to the epoch it makes.
#[derive(Debug)]
pub struct Prepared {
    /// The sealed commit.
    pub sealed: Vec<u8>,
    /// For newcomers that were added: the MLS Welcome.
    pub welcome: Option<Vec<u8>>,
    /// Sealed public state of the new epoch.
    pub public_state: Vec<u8>,
    /// Sealed history link of the new epoch.
    pub link: Vec<u8>,
    /// Join packages of the new epoch, by method id.
    pub packages: JoinPackages,
    /// The room as it is once the relay has taken the commit.
    pub room: Room,
}

impl Prepared {
    /// SHA-256 over the sealed commit: what the relay and other sessions know it by.
    pub fn hash(&self) -> [u8; 32] {
        commit_hash(&self.sealed)
    }

    pub(crate) fn assemble(
        made: Made,
        parent: Parent<'_>,
        stamp: Stamp,
        author: Author<'_>,
        rng: &mut dyn CryptoRngCore,
    ) -> Result<Self, CommitError> {
        let Made { provider, group, commit, welcome } = made;
        let sealed = seal_handshake(parent.handshake, author.account, &commit, rng)?;
        let roster = policy::roster(group.public_group()).ok_or(CommitError::Internal)?;
        let state = RoomState::from_extensions(group.extensions()).ok_or(CommitError::Internal)?;
        let step = EpochStep {
            parent: Some(parent.handshake.epoch),
            made_by: commit_hash(&sealed),
            author: author.account,
            changes: EpochStep::changes_between(parent.roster, &roster),
            renamed: (state.name != parent.state.name).then(|| state.name.clone()),
            joins_changed: state.joins != parent.state.joins,
            seen: stamp.seen,
            settings: SettingsChange::between((parent.state, parent.roster), (&state, &roster)),
        };
        let room = Room::assemble(author.account, provider, group, step).ok_or(CommitError::Internal)?;
        Ok(Self {
            sealed,
            welcome,
            public_state: room.public_state(author.identity, rng)?,
            link: room.link(parent.keys, author, rng)?,
            packages: room.join_packages(stamp, author)?,
            room,
        })
    }
}

/// SHA-256 over a sealed commit.
pub fn commit_hash(sealed: &[u8]) -> [u8; 32] {
    Sha256::digest(sealed).into()
}

fn handshake_context(key: &HandshakeKey, sender: AccountId) -> Vec<u8> {
    labelled("Waxwing 1 handshake", &[key.room.as_bytes(), key.epoch.as_bytes(), sender.as_bytes()])
}

#[derive(minicbor::Encode, minicbor::Decode)]
pub(super) struct Envelope {
    #[n(0)]
    version: u8,
    #[n(1)]
    pub(super) parent: EpochId,
    #[cbor(n(2), with = "crate::room::codec::bytes")]
    sealed: Vec<u8>,
}

/// The epoch that a sealed commit says it follows.
pub(super) fn parent_of(sealed: &[u8]) -> Option<EpochId> {
    codec::decode::<Envelope>(sealed).ok().map(|envelope| envelope.parent)
}

pub(crate) fn seal_handshake(
    key: &HandshakeKey,
    sender: AccountId,
    commit: &[u8],
    rng: &mut dyn CryptoRngCore,
) -> Result<Vec<u8>, SealError> {
    let sealed = seal(&key.key, SealType::Handshake, &handshake_context(key, sender), commit, rng)?;
    Ok(codec::encode(&Envelope { version: 1, parent: key.epoch, sealed }))
}

/// The PublicMessage inside a sealed commit that the relay says is `sender`'s.
pub(crate) fn open_handshake(
    key: &HandshakeKey,
    sender: AccountId,
    bytes: &[u8],
) -> Result<Vec<u8>, policy::Invalid> {
    let envelope: Envelope = codec::decode(bytes).map_err(|_| policy::Invalid::NotSealedHere)?;
    if envelope.version != 1 || envelope.parent != key.epoch {
        return Err(policy::Invalid::NotSealedHere);
    }
    open(&key.key, SealType::Handshake, &handshake_context(key, sender), &envelope.sealed)
        .map(|plain| plain.to_vec())
        .map_err(|_| policy::Invalid::NotSealedHere)
}
