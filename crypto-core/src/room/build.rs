//! What a member may want to change, and the MLS commit for it, always on a copy of the group: nothing of the room changes until the relay has
//! taken the commit.

use std::collections::BTreeSet;

use openmls::prelude::{KeyPackage, KeyPackageIn, LeafNodeIndex, MlsGroup, NewSignerBundle, ProtocolVersion};
use openmls_traits::OpenMlsProvider;
use rand_core::CryptoRngCore;
use tls_codec::Deserialize as _;

use super::{
    Prepared, Room, Stamp, codec,
    commit::{Author, Made},
    join::Parent,
    policy::{self, CommitAad},
    provider::{self, Provider, account_of},
    roles::Removed,
    state::RoomState,
};
use crate::{
    identity::{IdentityKey, IdentityPublicKey},
    ids::AccountId,
    seal::SealError,
};

/// What a member wants to change.
#[derive(Debug, Clone)]
pub enum Change {
    /// Fresh key material for the own leaf, nothing else.
    Refresh,
    /// Another room state.
    State(Box<RoomState>),
    /// Bring an account in.
    Add(Newcomer),
    /// Bring several accounts in.
    AddMany(Vec<Newcomer>),
    /// Put accounts out, with the state that holds afterwards: without their roles. Its join methods are new ones or none: whoever is
    /// put out may hold the old ones.
    Remove(Vec<AccountId>, Box<RoomState>),
    /// Put accounts out that said so in a leave statement, with their roles and the join methods they had made. Where no owner stays,
    /// one of the others becomes one, by a fixed rule.
    Departed(Vec<(AccountId, Vec<u8>)>),
    /// Let a member in again that cannot follow and asked for it.
    Readmit {
        /// Who.
        account: AccountId,
        /// The key package that the request names, TLS-serialised.
        key_package: Vec<u8>,
        /// The rejoin request, as posted.
        request: Vec<u8>,
    },
    /// Sign with this key from now on.
    Rotate(IdentityKey),
}

/// Somebody to be brought in. The relay hands out key packages, so whose it must be stands beside it: one that names another account, or is
/// signed with another key, is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Newcomer {
    /// Who.
    pub account: AccountId,
    /// The identity key that the account is known by.
    pub key: IdentityPublicKey,
    /// The key package, TLS-serialised.
    pub key_package: Vec<u8>,
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

/// A change as openmls is told.
#[derive(Default)]
struct Plan {
    adds: Vec<KeyPackage>,
    removes: Vec<LeafNodeIndex>,
    state: Option<Box<RoomState>>,
    refresh: bool,
    statements: Vec<Vec<u8>>,
    new_key: Option<IdentityKey>,
}

impl Room {
    /// Builds a commit on a copy of the room. `identity` is the key that the account signs with here ([`Room::own_key`]).
    ///
    /// # Errors
    /// [`CommitError`]; the room is unchanged either way.
    pub fn commit(
        &self,
        identity: &IdentityKey,
        change: Change,
        stamp: Stamp,
        rng: &mut dyn CryptoRngCore,
    ) -> Result<Prepared, CommitError> {
        let plan = self.plan(change)?;
        let new_key = plan.new_key.clone();
        let made = self.build(identity, plan, stamp)?;
        // What others would skip must not be uploaded: judge the own commit as they will.
        let judged = policy::parse(&made.commit)
            .and_then(|message| policy::judge(&self.provider, self.group.group_id(), self.account, message));
        judged.map_err(|_| CommitError::Refused)?;
        let author = Author { account: self.account, identity: new_key.as_ref().unwrap_or(identity) };
        let handshake = self.keys.handshake();
        Prepared::assemble(made, self.as_parent(&handshake), stamp, author, rng)
    }

    pub(super) fn as_parent<'a>(&'a self, handshake: &'a super::epoch::HandshakeKey) -> Parent<'a> {
        Parent { handshake, keys: Some(&self.keys), roster: &self.roster, state: &self.state }
    }

    fn plan(&self, change: Change) -> Result<Plan, CommitError> {
        let mut plan = Plan::default();
        match change {
            Change::Refresh => plan.refresh = true,
            Change::State(state) => {
                // Somebody else may have changed it to just this in the meantime.
                plan.refresh = *state == self.state;
                plan.state = Some(state);
            }
            Change::Add(newcomer) => plan.adds.push(self.check_key_package(&newcomer)?),
            Change::AddMany(newcomers) => {
                for newcomer in &newcomers {
                    plan.adds.push(self.check_key_package(newcomer)?);
                }
            }
            Change::Remove(accounts, state) => {
                if state.joins.iter().any(|method| self.state.joins.contains(method)) {
                    return Err(CommitError::Refused);
                }
                plan.removes = self.leaves(accounts.iter())?;
                plan.state = Some(state);
            }
            Change::Departed(left) => {
                plan.removes = self.leaves(left.iter().map(|(account, _)| account))?;
                plan.state =
                    Some(Box::new(self.state_without(left.iter().map(|(account, _)| *account).collect())));
                plan.statements = left.into_iter().map(|(_, statement)| statement).collect();
            }
            Change::Readmit { account, key_package, request } => {
                let key = *self.roster.get(&account).ok_or(CommitError::NoSuchMember)?;
                plan.removes = self.leaves([account].iter())?;
                plan.adds.push(self.check_key_package(&Newcomer { account, key, key_package })?);
                plan.statements.push(request);
            }
            Change::Rotate(key) => plan.new_key = Some(key),
        }
        // A state that stays as it is, is no proposal.
        plan.state = plan.state.filter(|state| **state != self.state);
        let empty = plan.adds.is_empty() && plan.removes.is_empty() && plan.state.is_none();
        if empty && !plan.refresh && plan.new_key.is_none() { Err(CommitError::Refused) } else { Ok(plan) }
    }

    /// The state once these have left.
    fn state_without(&self, left: BTreeSet<AccountId>) -> RoomState {
        let removed = Removed { all: left.clone(), departed: left, readmitted: None };
        let mut state = removed.least_state(&self.state, self.roster.keys());
        state.joins.retain(|method| !removed.departed.contains(&method.creator));
        state
    }

    fn build(&self, identity: &IdentityKey, plan: Plan, stamp: Stamp) -> Result<Made, CommitError> {
        let provider = self.provider.copy();
        let mut group = MlsGroup::load(provider.storage(), self.group.group_id())
            .ok()
            .flatten()
            .ok_or(CommitError::Internal)?;
        group.set_aad(codec::encode(&CommitAad::new(stamp, plan.statements)));
        let mut builder = group
            .commit_builder()
            .consume_proposal_store(false)
            .force_self_update(plan.refresh)
            .propose_removals(plan.removes)
            .propose_adds(plan.adds);
        if let Some(state) = plan.state {
            let extensions = state.to_extensions().ok_or(CommitError::Refused)?;
            builder =
                builder.propose_group_context_extensions(extensions).map_err(|_| CommitError::Refused)?;
        }
        let builder = builder
            .load_psks(provider.storage())
            .map_err(|_| CommitError::Internal)?
            .use_ratchet_tree_extension(true);
        let (rand, crypto) = (provider.rand(), provider.crypto());
        let complete = match &plan.new_key {
            Some(signer) => {
                let credential_with_key = provider::credential(self.account, signer.public());
                let new = NewSignerBundle { signer, credential_with_key };
                builder.build_with_new_signer(rand, crypto, identity, new, |_| true)
            }
            None => builder.build(rand, crypto, identity, |_| true),
        };
        let bundle = complete
            .map_err(|_| CommitError::Refused)?
            .stage_commit(&provider)
            .map_err(|_| CommitError::Internal)?;
        merged(provider, group, &bundle)
    }

    fn leaves<'a>(
        &self,
        accounts: impl Iterator<Item = &'a AccountId>,
    ) -> Result<Vec<LeafNodeIndex>, CommitError> {
        accounts
            .map(|account| {
                self.group
                    .members()
                    .find(|member| account_of(&member.credential) == Some(*account))
                    .map(|member| member.index)
                    .ok_or(CommitError::NoSuchMember)
            })
            .collect()
    }

    fn check_key_package(&self, newcomer: &Newcomer) -> Result<KeyPackage, CommitError> {
        let package = KeyPackageIn::tls_deserialize_exact(&newcomer.key_package)
            .map_err(|_| CommitError::KeyPackage)?
            .validate(self.provider.crypto(), ProtocolVersion::Mls10)
            .map_err(|_| CommitError::KeyPackage)?;
        let named = policy::identity_of(package.leaf_node());
        if named == Some((newcomer.account, newcomer.key)) {
            Ok(package)
        } else {
            Err(CommitError::KeyPackage)
        }
    }
}

/// Merges a staged commit into the copy it was built on.
pub(super) fn merged(
    provider: Provider,
    mut group: MlsGroup,
    bundle: &openmls::prelude::CommitMessageBundle,
) -> Result<Made, CommitError> {
    let commit = bundle.commit().to_bytes().map_err(|_| CommitError::Internal)?;
    let welcome = bundle.to_welcome_msg().map(|w| w.to_bytes()).transpose();
    let welcome = welcome.map_err(|_| CommitError::Internal)?;
    group.merge_pending_commit(&provider).map_err(|_| CommitError::Internal)?;
    Ok(Made { provider, group, commit, welcome })
}
