//! Building commits, always on a copy of the group: nothing of the room changes until the relay has taken the commit.

use openmls::prelude::{KeyPackageIn, LeafNodeIndex, MlsGroup, ProtocolVersion};
use openmls_traits::OpenMlsProvider;
use rand_core::CryptoRngCore;
use sha2::{Digest as _, Sha256};
use tls_codec::Deserialize as _;

use super::codec;
use super::{
    Room,
    epoch::{EpochKeys, HandshakeKey},
    history::{EpochStep, HistoryLink},
    join::{Parent, seal_package},
    log::LogHead,
    policy::{self, CommitAad},
    provider::{Provider, account_of},
    public_state::PublicState,
    state::{HistoryRule, JoinMethod, RoomState},
};
use crate::{
    identity::IdentityKey,
    ids::{AccountId, EpochId},
    label::labelled,
    seal::{SealError, SealType, open, seal},
};

/// Sealed join packages, each with the id of the method it is sealed to.
pub type JoinPackages = Vec<([u8; 32], Vec<u8>)>;

/// What a member wants to change.
#[derive(Debug, Clone)]
pub enum Change {
    /// Fresh key material for the own leaf, nothing else.
    Refresh,
    /// Another room state.
    State(Box<RoomState>),
    /// Bring this account in by its key package (TLS-serialised). The relay hands out key packages, so the account is named beside it;
    /// whether the key is the account's own is for whoever knows it to say.
    Add(AccountId, Vec<u8>),
    /// Put accounts out, with the state that holds afterwards. Its join methods are new ones or none: whoever is put out may hold
    /// the old ones.
    Remove(Vec<AccountId>, Box<RoomState>),
}

/// Why a commit could not be built. Nothing was changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CommitError {
    /// The key package is malformed, expired, of another suite, or does not belong to the account it should.
    #[error("the key package cannot be used")]
    KeyPackage,
    /// Nobody of this account is in the room.
    #[error("no such member")]
    NoSuchMember,
    /// The change breaks the rules of the room; other members would skip the commit.
    #[error("the room does not allow this change")]
    Refused,
    /// Something that cannot happen with a sound group state.
    #[error("the group state is damaged")]
    Internal,
}

impl From<SealError> for CommitError {
    fn from(_: SealError) -> Self {
        Self::Internal
    }
}

/// Who builds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Author<'a> {
    pub(crate) account: AccountId,
    pub(crate) identity: &'a IdentityKey,
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

    #[expect(
        clippy::too_many_arguments,
        reason = "the one place where everything about a new epoch comes together"
    )]
    pub(crate) fn assemble(
        provider: Provider,
        group: MlsGroup,
        commit: Vec<u8>,
        welcome: Option<Vec<u8>>,
        parent: Parent<'_>,
        seen: LogHead,
        now_ms: u64,
        author: Author<'_>,
        rng: &mut dyn CryptoRngCore,
    ) -> Result<Self, CommitError> {
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
            seen,
        };
        let newcomers = step.changes.iter().any(|change| change.before.is_none());
        let withheld = newcomers && state.history == HistoryRule::FromJoin;
        let link = HistoryLink::new(parent.keys.filter(|_| !withheld), step.clone());
        let room = Room::assemble(author.account, provider, group, step).ok_or(CommitError::Internal)?;
        Ok(Self {
            sealed,
            welcome,
            public_state: room.public_state(author.identity, rng)?,
            link: link.seal(&room.keys, rng)?,
            packages: room.join_packages(seen, now_ms, author)?,
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

impl Room {
    /// Builds a commit on a copy of the room. `seen` is the log position that this member has processed up to.
    ///
    /// # Errors
    /// [`CommitError`]; the room is unchanged either way.
    pub fn commit(
        &self,
        identity: &IdentityKey,
        change: Change,
        seen: LogHead,
        now_ms: u64,
        rng: &mut dyn CryptoRngCore,
    ) -> Result<Prepared, CommitError> {
        let provider = self.provider.copy();
        let mut group = MlsGroup::load(provider.storage(), self.group.group_id())
            .ok()
            .flatten()
            .ok_or(CommitError::Internal)?;
        let (commit, welcome) = self.build(&provider, &mut group, identity, change, seen)?;
        group.merge_pending_commit(&provider).map_err(|_| CommitError::Internal)?;
        let handshake = self.keys.handshake();
        let parent = Parent {
            handshake: &handshake,
            keys: Some(&self.keys),
            roster: &self.roster,
            state: &self.state,
        };
        // What others would skip must not be uploaded: judge the own commit as they will.
        let judged = policy::parse(&commit)
            .and_then(|message| policy::judge(&self.provider, self.group.group_id(), self.account, message));
        judged.map_err(|_| CommitError::Refused)?;
        let author = Author { account: self.account, identity };
        Prepared::assemble(provider, group, commit, welcome, parent, seen, now_ms, author, rng)
    }

    fn build(
        &self,
        provider: &Provider,
        group: &mut MlsGroup,
        identity: &IdentityKey,
        change: Change,
        seen: LogHead,
    ) -> Result<(Vec<u8>, Option<Vec<u8>>), CommitError> {
        group.set_aad(codec::encode(&CommitAad { version: 1, seen }));
        let mut builder = group.commit_builder().consume_proposal_store(false);
        match change {
            Change::Refresh => builder = builder.force_self_update(true),
            Change::State(state) => builder = propose_state(builder, &state)?,
            Change::Add(account, package) => {
                builder = builder.propose_adds([self.check_key_package(account, &package)?]);
            }
            Change::Remove(accounts, state) => {
                if state.joins.iter().any(|method| self.state.joins.contains(method)) {
                    return Err(CommitError::Refused);
                }
                builder = builder.propose_removals(self.leaves(&accounts)?);
                if *state != self.state {
                    builder = propose_state(builder, &state)?;
                }
            }
        }
        let bundle = builder
            .load_psks(provider.storage())
            .map_err(|_| CommitError::Internal)?
            .use_ratchet_tree_extension(true)
            .build(provider.rand(), provider.crypto(), identity, |_| true)
            .map_err(|_| CommitError::Refused)?
            .stage_commit(provider)
            .map_err(|_| CommitError::Internal)?;
        let commit = bundle.commit().to_bytes().map_err(|_| CommitError::Internal)?;
        let welcome = bundle.to_welcome_msg().map(|w| w.to_bytes()).transpose();
        Ok((commit, welcome.map_err(|_| CommitError::Internal)?))
    }

    fn leaves(&self, accounts: &[AccountId]) -> Result<Vec<LeafNodeIndex>, CommitError> {
        accounts
            .iter()
            .map(|account| {
                self.group
                    .members()
                    .find(|member| account_of(&member.credential) == Some(*account))
                    .map(|member| member.index)
                    .ok_or(CommitError::NoSuchMember)
            })
            .collect()
    }

    fn check_key_package(
        &self,
        account: AccountId,
        bytes: &[u8],
    ) -> Result<openmls::prelude::KeyPackage, CommitError> {
        let package = KeyPackageIn::tls_deserialize_exact(bytes)
            .map_err(|_| CommitError::KeyPackage)?
            .validate(self.provider.crypto(), ProtocolVersion::Mls10)
            .map_err(|_| CommitError::KeyPackage)?;
        let named = account_of(package.leaf_node().credential());
        if named == Some(account) { Ok(package) } else { Err(CommitError::KeyPackage) }
    }

    /// Seals the public state of the present epoch.
    ///
    /// # Errors
    /// [`CommitError::Internal`] when the group cannot be exported.
    pub fn public_state(
        &self,
        identity: &IdentityKey,
        rng: &mut dyn CryptoRngCore,
    ) -> Result<Vec<u8>, CommitError> {
        let state =
            PublicState::of(&self.group, self.provider.crypto(), identity).ok_or(CommitError::Internal)?;
        Ok(state.seal(&self.keys.handshake(), rng)?)
    }

    pub(super) fn join_packages(
        &self,
        seen: LogHead,
        now_ms: u64,
        author: Author<'_>,
    ) -> Result<JoinPackages, CommitError> {
        let open_history = self.state.history == HistoryRule::All;
        let package = |method: &JoinMethod| {
            seal_package(method, &self.keys, open_history, seen, now_ms, author)
                .map(|bytes| (method.id(), bytes))
        };
        self.state.joins.iter().map(package).collect()
    }
}

type Builder<'a> = openmls::prelude::CommitBuilder<'a, openmls::prelude::Initial>;

fn propose_state<'a>(builder: Builder<'a>, state: &RoomState) -> Result<Builder<'a>, CommitError> {
    let extensions = state.to_extensions().ok_or(CommitError::Refused)?;
    builder.propose_group_context_extensions(extensions).map_err(|_| CommitError::Refused)
}

impl EpochKeys {
    /// The PublicMessage of a sealed commit that follows this epoch, TLS-serialised; for inspection.
    #[cfg(test)]
    pub(crate) fn peek(&self, sender: AccountId, sealed: &[u8]) -> Result<Vec<u8>, policy::Invalid> {
        open_handshake(&self.handshake(), sender, sealed)
    }
}
