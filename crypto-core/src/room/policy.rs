//! Public validity of commits.
//!
//! Whether a commit counts is decided by one call into openmls that needs no secrets, and by the rules below on what it yields. Every member, on
//! every session, with or without the private state, comes to the same verdict; pins, clocks and what one member could decrypt never enter.
//! A publicly invalid commit is skipped by all and built past.

use minicbor::{Decode, Encode};
use openmls::prelude::{
    ContentType, GroupId, LeafNode, LeafNodeIndex, MlsMessageBodyIn, MlsMessageIn, ProcessedMessage,
    ProcessedMessageContent, Proposal, ProposalOrRefType, ProtocolMessage, PublicGroup, Sender, StagedCommit,
};
use openmls_traits::OpenMlsProvider;
use tls_codec::Deserialize as _;

use super::codec;
use super::{
    epoch::epoch_id,
    history::Roster,
    log::LogHead,
    member::Parent,
    provider::{Provider, account_of},
    roles::{Removed, may_change},
    state::RoomState,
    tree,
};
use crate::{
    identity::IdentityPublicKey,
    ids::{AccountId, EpochId, RoomId},
};

/// Most members of a room.
pub const MEMBERS: usize = 500;

/// What every commit says in its authenticated data.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub(crate) struct CommitAad {
    #[n(0)]
    version: u8,
    /// Log position that the committer had seen.
    #[n(1)]
    pub(crate) seen: LogHead,
    /// Version of the committer's account data.
    #[n(2)]
    pub(crate) account_version: u64,
    /// Statements of members that the commit acts on.
    #[n(3)]
    pub(crate) statements: Vec<StatementBytes>,
}

/// A statement as its author made it.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(transparent)]
pub(crate) struct StatementBytes(#[cbor(n(0), with = "crate::room::codec::bytes")] pub(crate) Vec<u8>);

impl CommitAad {
    pub(crate) fn new(stamp: Stamp, statements: Vec<Vec<u8>>) -> Self {
        let statements = statements.into_iter().map(StatementBytes).collect();
        Self { version: 1, seen: stamp.seen, account_version: stamp.account_version, statements }
    }
}

/// What an author says about the moment of a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    /// Log position that the author has processed up to.
    pub seen: LogHead,
    /// Version of the author's account data, so that other sessions notice when a relay serves an older one.
    pub account_version: u64,
    /// Milliseconds since 1970.
    pub now_ms: u64,
}

/// Why a commit does not count. The cases are for tests and logs; people are only told that it was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Invalid {
    /// It does not open under the handshake key of the parent epoch.
    #[error("not sealed for this epoch")]
    NotSealedHere,
    /// It is not an MLS commit in a PublicMessage.
    #[error("not a commit")]
    NotACommit,
    /// openmls refuses it without any secret: signature, epoch, tree, proposal rules.
    #[error("breaks the rules of MLS")]
    Mls,
    /// The account that the relay names is not the one that signed.
    #[error("the author is not who signed")]
    Author,
    /// A proposal by reference or of a kind that is not allowed.
    #[error("has a proposal that is not allowed")]
    Proposal,
    /// An external commit without a way in, or that removes somebody else.
    #[error("the joiner has no way in")]
    Join,
    /// A leaf whose lifetime is not without end.
    #[error("has a leaf with a lifetime")]
    Lifetime,
    /// A leaf whose capabilities or extensions are not those of every leaf.
    #[error("has a leaf that is not like every leaf")]
    Leaf,
    /// The committer's account id would change, or the key of somebody else.
    #[error("changes an identity")]
    Identity,
    /// An account or a key would be there twice.
    #[error("has an account or a key twice")]
    Duplicate,
    /// More than [`MEMBERS`] members, or somebody else than the two of a direct room.
    #[error("has too many members")]
    Full,
    /// A key in the ratchet tree is there twice, or is no key.
    #[error("has a ratchet tree that nobody could use")]
    Tree,
    /// The committer's role does not allow this.
    #[error("the author's role does not allow it")]
    Role,
    /// The new room state breaks its own rules.
    #[error("the new room state is not valid")]
    State,
    /// A statement that does not hold, or that the commit does not act on.
    #[error("carries a statement that does not hold")]
    Statement,
    /// A member is put out and brought in at once, and not just as it asked for itself.
    #[error("brings a member back who did not ask for it")]
    Readmit,
    /// The author changes its own key and something else.
    #[error("changes a key and something else")]
    Rotation,
    /// The authenticated data are not what every commit carries.
    #[error("the authenticated data are malformed")]
    Aad,
}

/// A commit that counts, and what it makes of the room.
#[derive(Debug)]
pub(crate) struct Verdict {
    pub(crate) author: AccountId,
    pub(crate) epoch: EpochId,
    pub(crate) roster: Roster,
    pub(crate) state: RoomState,
    pub(crate) seen: LogHead,
    pub(crate) account_version: u64,
    /// Who was put out and brought in again.
    pub(crate) readmitted: Option<AccountId>,
}

/// Parses the bytes of a handshake into what openmls processes.
pub(crate) fn parse(handshake: &[u8]) -> Result<ProtocolMessage, Invalid> {
    let message = MlsMessageIn::tls_deserialize_exact(handshake).map_err(|_| Invalid::NotACommit)?;
    match message.extract() {
        MlsMessageBodyIn::PublicMessage(message) if message.content_type() == ContentType::Commit => {
            Ok(message.into())
        }
        _ => Err(Invalid::NotACommit),
    }
}

/// Members of a group, with their keys; nothing when one is not an account of ours or is there twice.
pub(crate) fn roster(group: &PublicGroup) -> Option<Roster> {
    let mut roster = Roster::new();
    for member in group.members() {
        let before = roster.insert(account_of(&member.credential)?, key(&member.signature_key)?);
        before.is_none().then_some(())?;
    }
    Some(roster)
}

fn key(bytes: &[u8]) -> Option<IdentityPublicKey> {
    <[u8; 32]>::try_from(bytes).ok().map(IdentityPublicKey)
}

pub(super) fn identity_of(leaf: &LeafNode) -> Option<(AccountId, IdentityPublicKey)> {
    Some((account_of(leaf.credential())?, key(leaf.signature_key().as_slice())?))
}

/// Judges a commit that the relay says is `sender`'s, against the public part of the parent state, on a copy of it.
pub(crate) fn judge(
    provider: &Provider,
    room: &GroupId,
    sender: AccountId,
    message: ProtocolMessage,
) -> Result<Verdict, Invalid> {
    judge_and_merge(provider, room, sender, message).map(|(verdict, _)| verdict)
}

/// Like [`judge`], with the copy in which the public part of the commit is merged.
pub(crate) fn judge_and_merge(
    provider: &Provider,
    room: &GroupId,
    sender: AccountId,
    message: ProtocolMessage,
) -> Result<(Verdict, Provider), Invalid> {
    let provider = provider.copy();
    let mut group = PublicGroup::load(provider.storage(), room).ok().flatten().ok_or(Invalid::Mls)?;
    let processed = group.process_message(provider.crypto(), message).map_err(|_| Invalid::Mls)?;
    let verdict = allowed(&group, sender, &processed)?;
    let ProcessedMessageContent::StagedCommitMessage(staged) = processed.into_content() else {
        return Err(Invalid::NotACommit);
    };
    group.merge_commit(provider.storage(), *staged).map_err(|_| Invalid::Mls)?;
    if tree::has_usable_keys(&group) { Ok((verdict, provider)) } else { Err(Invalid::Tree) }
}

/// The rules on what openmls makes of a commit.
fn allowed(group: &PublicGroup, sender: AccountId, processed: &ProcessedMessage) -> Result<Verdict, Invalid> {
    let parent = RoomState::from_extensions(group.group_context().extensions()).ok_or(Invalid::State)?;
    let aad: CommitAad = codec::decode(processed.aad()).map_err(|_| Invalid::Aad)?;
    if aad.version != 1 {
        return Err(Invalid::Aad);
    }
    let room = RoomId(<[u8; 16]>::try_from(group.group_id().as_slice()).map_err(|_| Invalid::Mls)?);
    let parent = Parent { group, room, state: &parent };
    let staged = staged(processed)?;
    let (author, removed) = match processed.sender() {
        Sender::Member(leaf) => parent.member_commit(*leaf, staged, &aad.statements)?,
        Sender::NewMemberCommit if aad.statements.is_empty() => {
            (external_commit(group, parent.state, staged)?, Removed::default())
        }
        Sender::NewMemberCommit => return Err(Invalid::Statement),
        _ => return Err(Invalid::Proposal),
    };
    if author != sender {
        return Err(Invalid::Author);
    }
    let state = RoomState::from_extensions(staged.group_context().extensions()).ok_or(Invalid::State)?;
    let next = next_roster(group, processed.sender(), staged)?;
    if next.len() > MEMBERS {
        return Err(Invalid::Full);
    }
    let before = roster(group).ok_or(Invalid::Identity)?;
    keeps_identities(&before, &next, author)?;
    if !state.is_valid(room, &next) {
        return Err(Invalid::State);
    }
    if state != *parent.state {
        may_change(parent.state, &before, &state, author, &removed)?;
    }
    let epoch = epoch_id(staged.group_context()).ok_or(Invalid::Mls)?;
    let (seen, account_version, readmitted) = (aad.seen, aad.account_version, removed.readmitted);
    Ok(Verdict { author, epoch, roster: next, state, seen, account_version, readmitted })
}

fn staged(processed: &ProcessedMessage) -> Result<&StagedCommit, Invalid> {
    match processed.content() {
        ProcessedMessageContent::StagedCommitMessage(staged) => Ok(staged),
        _ => Err(Invalid::NotACommit),
    }
}

/// Rules for an external commit: there is a way in, and it removes at most the joiner's own old leaf; yields the joiner's account.
fn external_commit(
    group: &PublicGroup,
    parent: &RoomState,
    staged: &StagedCommit,
) -> Result<AccountId, Invalid> {
    let leaf = staged.update_path_leaf_node().ok_or(Invalid::Mls)?;
    let joiner = identity_of(leaf).ok_or(Invalid::Identity)?;
    if !tree::is_our_leaf(leaf) {
        return Err(Invalid::Leaf);
    }
    let mut removes = 0_u32;
    for queued in staged.queued_proposals() {
        if queued.proposal_or_ref_type() != ProposalOrRefType::Proposal {
            return Err(Invalid::Proposal);
        }
        match queued.proposal() {
            Proposal::ExternalInit(_) => {}
            Proposal::Remove(remove) => {
                removes = removes.saturating_add(1);
                if group.leaf(remove.removed()).and_then(identity_of) != Some(joiner) {
                    return Err(Invalid::Join);
                }
            }
            _ => return Err(Invalid::Proposal),
        }
    }
    let returns = removes == 1;
    if removes > 1 || (!returns && parent.joins.is_empty()) { Err(Invalid::Join) } else { Ok(joiner.0) }
}

/// Members - removes + adds, with the committer's leaf replaced. Accounts and keys must stay unique: a key that is there twice
/// would block every later join.
fn next_roster(group: &PublicGroup, sender: &Sender, staged: &StagedCommit) -> Result<Roster, Invalid> {
    let removed: Vec<LeafNodeIndex> =
        staged.remove_proposals().map(|queued| queued.remove_proposal().removed()).collect();
    let path = staged.update_path_leaf_node();
    let mut members = Vec::new();
    for member in group.members() {
        let replaced = matches!(sender, Sender::Member(leaf) if *leaf == member.index) && path.is_some();
        if !removed.contains(&member.index) && !replaced {
            members.push(account_of(&member.credential).zip(key(&member.signature_key)));
        }
    }
    members.extend(
        staged.add_proposals().map(|queued| identity_of(queued.add_proposal().key_package().leaf_node())),
    );
    members.extend(path.map(identity_of));
    let members: Vec<_> = members.into_iter().collect::<Option<_>>().ok_or(Invalid::Identity)?;
    let roster: Roster = members.iter().copied().collect();
    let keys: std::collections::BTreeSet<_> = members.iter().map(|(_, key)| *key).collect();
    if roster.len() == members.len() && keys.len() == members.len() {
        Ok(roster)
    } else {
        Err(Invalid::Duplicate)
    }
}

/// Nobody but the author gets another key: to remove somebody and add an own leaf under their id is one commit otherwise.
pub(super) fn keeps_identities(before: &Roster, next: &Roster, author: AccountId) -> Result<(), Invalid> {
    let same = |(account, key): (&AccountId, &IdentityPublicKey)| {
        *account == author || next.get(account).is_none_or(|now| now == key)
    };
    if before.iter().all(same) { Ok(()) } else { Err(Invalid::Identity) }
}
