//! What the client of an adversary can do and ours never does. For tests only, behind the feature `hostile`.
//!
//! Whoever writes such a client has a copy of this crate and changes it; this module is that changed copy, kept beside the original so
//! that tests need no second implementation. It gives nobody a power that a member with the same keys would not have.

mod crypto;
mod framing;

use openmls::prelude::{
    Capabilities, CommitBuilder, GroupId, Initial, KeyPackage, KeyPackageIn, LeafNodeIndex,
    LeafNodeParameters, Lifetime, MlsGroup,
};
use openmls_traits::OpenMlsProvider as _;
use rand_core::CryptoRngCore;
use tls_codec::Deserialize as _;

use self::crypto::ShutsOut;
use super::{
    CommitError, Doorway, EpochKeys, EpochStep, HistoryLink, JoinMethod, Prepared, Room, RoomState, Stamp,
    build::merged,
    codec,
    commit::{Author, Made, open_handshake, seal_handshake},
    join::{join_config, seal_package},
    policy::CommitAad,
    provider::{self, Provider, account_of, credential},
    public_state::PublicState,
    state,
};
use crate::{identity::IdentityKey, ids::AccountId, seal::SealError, secret::SymmetricKey};

pub use self::framing::{resign, resign_public_state, spoil_confirmation_tag, spoil_membership_tag};
/// What commits are made of.
pub use openmls::prelude as mls;

/// A commit that our client would refuse to build.
#[derive(Debug)]
pub struct Forgery<'a> {
    /// The room, as the adversary holds it.
    pub room: &'a Room,
    /// What the commit is signed with.
    pub identity: &'a IdentityKey,
    /// What it says about the moment.
    pub stamp: Stamp,
    /// Statements that it carries.
    pub statements: Vec<Vec<u8>>,
    /// Members that are to get a path that they cannot decrypt. Whoever sits under the same node of the tree shares their fate.
    pub shut_out: Vec<AccountId>,
    /// A new key for the own leaf.
    pub new_key: Option<&'a IdentityKey>,
    /// Another room state.
    pub state: Option<RoomState>,
}

/// A builder of openmls, to which proposals of any kind can be added.
pub type Builder<'a> = CommitBuilder<'a, Initial>;

impl<'a> Forgery<'a> {
    /// A forgery that forges nothing yet.
    pub fn new(room: &'a Room, identity: &'a IdentityKey, stamp: Stamp) -> Self {
        let (statements, shut_out) = (Vec::new(), Vec::new());
        Self { room, identity, stamp, statements, shut_out, new_key: None, state: None }
    }

    /// The commit with everything that belongs to it, as the adversary goes on from it.
    ///
    /// # Errors
    /// [`CommitError`] when openmls builds no such commit, or nobody could go on in the room that it makes.
    pub fn commit(
        &self,
        what: impl FnOnce(Builder<'_>) -> Builder<'_>,
        rng: &mut dyn CryptoRngCore,
    ) -> Result<Prepared, CommitError> {
        let made = self.build(what)?;
        let handshake = self.room.keys.handshake();
        let author = Author { account: self.room.account, identity: self.new_key.unwrap_or(self.identity) };
        Prepared::assemble(made, self.room.as_parent(&handshake), self.stamp, author, rng)
    }

    /// The bare PublicMessage, TLS-serialised; also of commits that make a room in which nobody could go on.
    ///
    /// # Errors
    /// [`CommitError`] when openmls builds no such commit.
    pub fn handshake(&self, what: impl FnOnce(Builder<'_>) -> Builder<'_>) -> Result<Vec<u8>, CommitError> {
        Ok(self.build(what)?.commit)
    }

    pub(super) fn build(&self, what: impl FnOnce(Builder<'_>) -> Builder<'_>) -> Result<Made, CommitError> {
        let provider = self.room.provider.copy();
        let id: &GroupId = self.room.group.group_id();
        let mut group = MlsGroup::load(provider.storage(), id).ok().flatten().ok_or(CommitError::Internal)?;
        group.set_aad(codec::encode(&CommitAad::new(self.stamp, self.statements.clone())));
        let crypto = ShutsOut::new(self.room.group.public_group(), &self.shut_out);
        let mut builder = what(group.commit_builder().consume_proposal_store(false));
        if let Some(state) = &self.state {
            let extensions = state.to_extensions().ok_or(CommitError::Refused)?;
            builder =
                builder.propose_group_context_extensions(extensions).map_err(|_| CommitError::Refused)?;
        }
        let builder = builder
            .load_psks(provider.storage())
            .map_err(|_| CommitError::Internal)?
            .use_ratchet_tree_extension(true);
        let complete = match self.new_key {
            Some(signer) => {
                let credential_with_key = credential(self.room.account, signer.public());
                let new = mls::NewSignerBundle { signer, credential_with_key };
                builder.build_with_new_signer(provider.rand(), &crypto, self.identity, new, |_| true)
            }
            None => builder.build(provider.rand(), &crypto, self.identity, |_| true),
        };
        let bundle = complete
            .map_err(|_| CommitError::Refused)?
            .stage_commit(&provider)
            .map_err(|_| CommitError::Internal)?;
        merged(provider, group, &bundle)
    }
}

/// The leaf of a member.
pub fn leaf_of(room: &Room, account: AccountId) -> Option<LeafNodeIndex> {
    let member = room.group.members().find(|member| account_of(&member.credential) == Some(account))?;
    Some(member.index)
}

/// Capabilities of every honest leaf.
pub fn capabilities() -> Capabilities {
    state::capabilities()
}

/// A key package in anybody's name, with any lifetime and capabilities. Its private parts are thrown away.
///
/// # Errors
/// [`CommitError::KeyPackage`] when openmls makes no such package.
pub fn key_package(
    identity: &IdentityKey,
    account: AccountId,
    lifetime: Lifetime,
    capabilities: Capabilities,
) -> Result<KeyPackage, CommitError> {
    let named = credential(account, identity.public());
    let bundle = KeyPackage::builder()
        .key_package_lifetime(lifetime)
        .leaf_node_capabilities(capabilities)
        .build(provider::SUITE, &Provider::default(), identity, named)
        .map_err(|_| CommitError::KeyPackage)?;
    Ok(bundle.key_package().clone())
}

/// Any key package that openmls finds sound, whoever it is of.
///
/// # Errors
/// [`CommitError::KeyPackage`] when it does not.
pub fn read_key_package(bytes: &[u8]) -> Result<KeyPackage, CommitError> {
    let package = KeyPackageIn::tls_deserialize_exact(bytes).map_err(|_| CommitError::KeyPackage)?;
    let crypto = Provider::default();
    package.validate(crypto.crypto(), mls::ProtocolVersion::Mls10).map_err(|_| CommitError::KeyPackage)
}

/// The PublicMessage inside a sealed commit.
pub fn open_commit(keys: &EpochKeys, sender: AccountId, sealed: &[u8]) -> Option<Vec<u8>> {
    open_handshake(&keys.handshake(), sender, sealed).ok()
}

/// Seals any bytes as a commit of `sender` that follows this epoch.
///
/// # Errors
/// [`SealError`] when they are larger than anything that may be sealed.
pub fn seal_commit(
    keys: &EpochKeys,
    sender: AccountId,
    handshake: &[u8],
    rng: &mut dyn CryptoRngCore,
) -> Result<Vec<u8>, SealError> {
    seal_handshake(&keys.handshake(), sender, handshake, rng)
}

/// A history link that tells anything, signed by anybody in anybody's name.
///
/// # Errors
/// [`SealError`] when it is larger than anything that may be sealed.
pub fn seal_link(
    keys: &EpochKeys,
    (signer, identity): (AccountId, &IdentityKey),
    parent: Option<&EpochKeys>,
    step: EpochStep,
    rng: &mut dyn CryptoRngCore,
) -> Result<Vec<u8>, SealError> {
    HistoryLink::new(parent, step, signer).seal(keys, identity, rng)
}

/// A join package that gives any keys and vouches for any public state (GroupInfo and tree), signed by anybody in anybody's name.
///
/// # Errors
/// [`CommitError::Internal`] when it cannot be sealed.
pub fn seal_join_package(
    method: &JoinMethod,
    (keys, (group_info, tree)): (&EpochKeys, (Vec<u8>, Vec<u8>)),
    open_history: bool,
    (signer, identity): (AccountId, &IdentityKey),
    stamp: Stamp,
) -> Result<Vec<u8>, CommitError> {
    let public = PublicState { group_info, tree }.vouched().ok_or(CommitError::Internal)?;
    seal_package(method, (keys, public), open_history, stamp, Author { account: signer, identity })
}

/// The GroupInfo (MLSMessage) and the ratchet tree inside a sealed public state.
pub fn open_public_state(keys: &EpochKeys, sealed: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    PublicState::open(&keys.handshake(), sealed).ok().map(|state| (state.group_info, state.tree))
}

/// Seals any GroupInfo and tree as the public state of an epoch.
///
/// # Errors
/// [`SealError`] when they are larger than anything that may be sealed.
pub fn seal_public_state(
    keys: &EpochKeys,
    (group_info, tree): (Vec<u8>, Vec<u8>),
    rng: &mut dyn CryptoRngCore,
) -> Result<Vec<u8>, SealError> {
    PublicState { group_info, tree }.seal(&keys.handshake(), rng)
}

/// The room key of an epoch, for an adversary who tells it.
pub fn room_key(keys: &EpochKeys) -> SymmetricKey {
    keys.room_key().clone()
}

/// The PublicMessage of an external commit, without the judgement that keeps our client from uploading one that others would skip. It
/// takes out the leaf with the same key, if there is one.
///
/// # Errors
/// [`CommitError`] when openmls builds no such commit.
pub fn join_handshake(
    doorway: &Doorway,
    (account, identity): (AccountId, &IdentityKey),
    statements: Vec<Vec<u8>>,
    capabilities: Capabilities,
) -> Result<Vec<u8>, CommitError> {
    let provider = Provider::default();
    let (info, tree) = doorway.public_parts().ok_or(CommitError::Internal)?;
    let stamp = Stamp { seen: doorway.seen, account_version: 0, now_ms: 0 };
    let leaf = LeafNodeParameters::builder().with_capabilities(capabilities).build();
    let (_, bundle) = MlsGroup::external_commit_builder()
        .with_ratchet_tree(tree)
        .with_config(join_config())
        .with_aad(codec::encode(&CommitAad::new(stamp, statements)))
        .build_group(&provider, info, credential(account, identity.public()))
        .map_err(|_| CommitError::Refused)?
        .leaf_node_parameters(leaf)
        .load_psks(provider.storage())
        .map_err(|_| CommitError::Internal)?
        .build(provider.rand(), provider.crypto(), identity, |_| true)
        .map_err(|_| CommitError::Refused)?
        .finalize(&provider)
        .map_err(|_| CommitError::Refused)?;
    bundle.commit().to_bytes().map_err(|_| CommitError::Internal)
}

/// The keys of an epoch that a doorway leads into, as far as handshakes go: what seals an external commit.
///
/// # Errors
/// [`SealError`] when it is larger than anything that may be sealed.
pub fn seal_join(
    doorway: &Doorway,
    sender: AccountId,
    handshake: &[u8],
    rng: &mut dyn CryptoRngCore,
) -> Result<Vec<u8>, SealError> {
    seal_handshake(doorway.handshake_key(), sender, handshake, rng)
}
