//! Rules for commits of members: what they propose, whom they bring in again, whom they put out.

use std::collections::BTreeMap;

use openmls::prelude::{
    KeyPackage, LeafNode, LeafNodeIndex, Proposal, ProposalOrRefType, PublicGroup, StagedCommit,
};
use tls_codec::Serialize as _;

use super::{
    policy::{Invalid, StatementBytes, identity_of},
    provider::account_of,
    roles::{Removed, may_remove},
    state::RoomState,
    statement::{LeaveStatement, Said, Signer, rejoin_of},
    tree,
};
use crate::{
    identity::IdentityPublicKey,
    ids::{AccountId, RoomId},
};

/// What a commit of a member is judged against.
pub(super) struct Parent<'a> {
    pub(super) group: &'a PublicGroup,
    pub(super) room: RoomId,
    pub(super) state: &'a RoomState,
}

impl Parent<'_> {
    /// Rules for a commit by a member; yields its account, and whom it puts out.
    pub(super) fn member_commit(
        &self,
        leaf: LeafNodeIndex,
        staged: &StagedCommit,
        statements: &[StatementBytes],
    ) -> Result<(AccountId, Removed), Invalid> {
        let own = self.group.leaf(leaf).and_then(identity_of).ok_or(Invalid::Identity)?;
        for queued in staged.queued_proposals() {
            if queued.proposal_or_ref_type() != ProposalOrRefType::Proposal {
                return Err(Invalid::Proposal);
            }
            match queued.proposal() {
                Proposal::Add(add) => self.may_add(add.key_package())?,
                Proposal::Remove(_) | Proposal::GroupContextExtensions(_) => {}
                _ => return Err(Invalid::Proposal),
            }
        }
        if let Some(leaf) = staged.update_path_leaf_node() {
            path_leaf(own, leaf, staged)?;
        }
        let removed = match self.readmission(staged)? {
            Some((leaf, package)) => self.asked_for(leaf, package, staged, statements)?,
            None => self.removal(own.0, staged, statements)?,
        };
        Ok((own.0, removed))
    }

    fn may_add(&self, package: &KeyPackage) -> Result<(), Invalid> {
        let lifetime = package.life_time();
        if (lifetime.not_before(), lifetime.not_after()) != (0, u64::MAX) {
            return Err(Invalid::Lifetime);
        }
        if !tree::is_our_leaf(package.leaf_node()) {
            return Err(Invalid::Leaf);
        }
        let (account, _) = identity_of(package.leaf_node()).ok_or(Invalid::Identity)?;
        if self.state.admits(account) { Ok(()) } else { Err(Invalid::Full) }
    }

    /// The leaf that is put out and the key package that brings the same account in again, if the commit does that to anybody.
    fn readmission<'a>(
        &'a self,
        staged: &'a StagedCommit,
    ) -> Result<Option<(&'a LeafNode, &'a KeyPackage)>, Invalid> {
        for queued in staged.remove_proposals() {
            let leaf = self.group.leaf(queued.remove_proposal().removed()).ok_or(Invalid::Identity)?;
            let (account, _) = identity_of(leaf).ok_or(Invalid::Identity)?;
            let again = staged
                .queued_proposals()
                .filter_map(|queued| match queued.proposal() {
                    Proposal::Add(add) => Some(add.key_package()),
                    _ => None,
                })
                .find(|package| account_of(package.leaf_node().credential()) == Some(account));
            if let Some(package) = again {
                return Ok(Some((leaf, package)));
            }
        }
        Ok(None)
    }

    /// Anybody may let a member in again that asked for it: with this request, this key package, under the same key, and
    /// with nothing else in the commit. The leaf must be another one, or the same request would hold again.
    fn asked_for(
        &self,
        leaf: &LeafNode,
        package: &KeyPackage,
        staged: &StagedCommit,
        statements: &[StatementBytes],
    ) -> Result<Removed, Invalid> {
        let (before, after) = (identity_of(leaf), identity_of(package.leaf_node()));
        if staged.queued_proposals().count() != 2 || before != after || leaf == package.leaf_node() {
            return Err(Invalid::Readmit);
        }
        let [request] = statements else { return Err(Invalid::Readmit) };
        let signer = Signer::of(leaf).ok_or(Invalid::Mls)?;
        let request = rejoin_of(&signer, self.room, &request.0).ok_or(Invalid::Statement)?;
        let package = package.tls_serialize_detached().map_err(|_| Invalid::Mls)?;
        let readmitted = before.map(|(account, _)| account);
        if request.names(&package) {
            Ok(Removed { readmitted, ..Removed::default() })
        } else {
            Err(Invalid::Readmit)
        }
    }

    /// Anybody may put out who said that they leave, others as their role allows. Each statement is for one leaf that goes.
    fn removal(
        &self,
        author: AccountId,
        staged: &StagedCommit,
        statements: &[StatementBytes],
    ) -> Result<Removed, Invalid> {
        let mut removed = Removed::default();
        let mut said = read_leaves(statements, staged.remove_proposals().count())?;
        for queued in staged.remove_proposals() {
            let leaf = self.group.leaf(queued.remove_proposal().removed()).ok_or(Invalid::Identity)?;
            let (target, _) = identity_of(leaf).ok_or(Invalid::Identity)?;
            removed.all.insert(target);
            let signer =
                if said.is_empty() { None } else { Some(Signer::of(leaf).ok_or(Invalid::Identity)?) };
            match signer.and_then(|signer| Some((said.remove(&signer.id)?, signer))) {
                Some((said, signer)) => {
                    said.leaves(&signer, self.room).ok_or(Invalid::Statement)?;
                    removed.departed.insert(target);
                }
                None => may_remove(self.state, author, target)?,
            }
        }
        if said.is_empty() { Ok(removed) } else { Err(Invalid::Statement) }
    }
}

/// Leave statements by the leaf that they claim to be of. Nothing is verified yet, so that no signature is verified more than once; and nothing
/// is read where there are more than could be used.
fn read_leaves(
    statements: &[StatementBytes],
    removes: usize,
) -> Result<BTreeMap<[u8; 32], Said<LeaveStatement>>, Invalid> {
    if statements.len() > removes {
        return Err(Invalid::Statement);
    }
    let mut all = BTreeMap::new();
    for bytes in statements {
        let said = Said::<LeaveStatement>::read(&bytes.0).ok_or(Invalid::Statement)?;
        if all.insert(said.leaf(), said).is_some() {
            return Err(Invalid::Statement);
        }
    }
    Ok(all)
}

/// The new leaf of the committer keeps its account. A new key comes alone: every other rule is on commits by one key.
fn path_leaf(
    own: (AccountId, IdentityPublicKey),
    leaf: &LeafNode,
    staged: &StagedCommit,
) -> Result<(), Invalid> {
    let (account, key) = identity_of(leaf).ok_or(Invalid::Identity)?;
    if account != own.0 {
        return Err(Invalid::Identity);
    }
    if !tree::is_our_leaf(leaf) {
        return Err(Invalid::Leaf);
    }
    if key != own.1 && staged.queued_proposals().next().is_some() {
        return Err(Invalid::Rotation);
    }
    Ok(())
}
