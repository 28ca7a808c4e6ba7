//! Statements: what a member says about itself in the log, signed, so that others can act on it and every reader can check that they may.
//!
//! ```text
//! statement = [body (bytes), Sign(IK, label, body)]
//! rejoin    = [1, room, leaf, last good epoch, number of the entry that failed, SHA-256 of the key package]   "Waxwing 1 rejoin"
//! leave     = [1, room, leaf, epoch, time in ms]                                                              "Waxwing 1 leave"
//! successor = [1, room, new room, epoch]                                                                      "Waxwing 1 successor"
//! ```
//! `leaf` names the signer's leaf node as it is in the tree. A leaf changes with every path of its owner, so a statement holds only until its
//! author does something else.

use minicbor::{Decode, Encode};
use openmls::{prelude::LeafNode, treesync::LeafNodeSource};
use sha2::{Digest as _, Sha256};
use tls_codec::Serialize as _;

use super::{Room, codec, provider::account_of};
use crate::{
    identity::{IdentityKey, IdentityPublicKey, Signature},
    ids::{AccountId, EpochId, RoomId},
    label::hash,
};

const REJOIN: &str = "Waxwing 1 rejoin";
const LEAVE: &str = "Waxwing 1 leave";
const SUCCESSOR: &str = "Waxwing 1 successor";

#[derive(Encode, Decode)]
pub(super) struct Statement {
    #[cbor(n(0), with = "crate::room::codec::bytes")]
    body: Vec<u8>,
    #[n(1)]
    signature: Signature,
}

/// A member asks to be let in again, because it cannot follow a commit that others do.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct RejoinRequest {
    #[n(0)]
    version: u8,
    /// The room.
    #[n(1)]
    pub room: RoomId,
    /// The leaf that asks, 32 bytes of SHA-256.
    #[cbor(n(2), with = "crate::room::codec::array32")]
    pub leaf: [u8; 32],
    /// The last epoch that the member could follow to.
    #[n(3)]
    pub epoch: EpochId,
    /// Number of the log entry that it could not follow.
    #[n(4)]
    pub failed: u64,
    /// SHA-256 of the key package that it is to be added with.
    #[cbor(n(5), with = "crate::room::codec::array32")]
    pub key_package: [u8; 32],
}

impl RejoinRequest {
    /// Signs the request of a leaf.
    pub(crate) fn sign(
        identity: &IdentityKey,
        (room, leaf): (RoomId, [u8; 32]),
        epoch: EpochId,
        failed: u64,
        key_package: &[u8],
    ) -> Vec<u8> {
        let key_package = package_hash(key_package);
        sign(REJOIN, identity, &Self { version: 1, room, leaf, epoch, failed, key_package })
    }

    /// The request, if it is of this leaf in this room, signed with this key.
    pub(crate) fn open(
        key: &IdentityPublicKey,
        (room, leaf): (RoomId, [u8; 32]),
        bytes: &[u8],
    ) -> Option<Self> {
        let said: Self = verify(REJOIN, key, bytes)?;
        (said.version == 1 && said.room == room && said.leaf == leaf).then_some(said)
    }

    /// Whether the request names this key package (TLS-serialised).
    pub fn names(&self, key_package: &[u8]) -> bool {
        self.key_package == package_hash(key_package)
    }
}

/// A member leaves; whoever comes by puts its leaf out.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct LeaveStatement {
    #[n(0)]
    version: u8,
    /// The room.
    #[n(1)]
    pub room: RoomId,
    /// The leaf that leaves, 32 bytes of SHA-256.
    #[cbor(n(2), with = "crate::room::codec::array32")]
    pub leaf: [u8; 32],
    /// The epoch in which it was said.
    #[n(3)]
    pub epoch: EpochId,
    /// When, milliseconds since 1970 by the author's clock.
    #[n(4)]
    pub time_ms: u64,
}

impl LeaveStatement {
    /// Signs the statement of a leaf.
    pub(crate) fn sign(
        identity: &IdentityKey,
        (room, leaf): (RoomId, [u8; 32]),
        epoch: EpochId,
        time_ms: u64,
    ) -> Vec<u8> {
        sign(LEAVE, identity, &Self { version: 1, room, leaf, epoch, time_ms })
    }

    /// The statement, if it is of this leaf in this room, signed with this key.
    pub(crate) fn open(
        key: &IdentityPublicKey,
        (room, leaf): (RoomId, [u8; 32]),
        bytes: &[u8],
    ) -> Option<Self> {
        let said: Self = verify(LEAVE, key, bytes)?;
        (said.version == 1 && said.room == room && said.leaf == leaf).then_some(said)
    }
}

/// A member has opened a room that takes over from this one.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct SuccessorStatement {
    #[n(0)]
    version: u8,
    /// The room.
    #[n(1)]
    pub room: RoomId,
    /// The room that takes over.
    #[n(2)]
    pub next: RoomId,
    /// The last epoch of this room that the author could follow to.
    #[n(3)]
    pub epoch: EpochId,
}

impl SuccessorStatement {
    /// Signs the statement.
    pub(crate) fn sign(identity: &IdentityKey, room: RoomId, next: RoomId, epoch: EpochId) -> Vec<u8> {
        sign(SUCCESSOR, identity, &Self { version: 1, room, next, epoch })
    }

    /// The statement, if it is of this room and names another, signed with this key.
    pub(crate) fn open(key: &IdentityPublicKey, room: RoomId, bytes: &[u8]) -> Option<Self> {
        let said: Self = verify(SUCCESSOR, key, bytes)?;
        (said.version == 1 && said.room == room && said.next != room).then_some(said)
    }
}

fn package_hash(key_package: &[u8]) -> [u8; 32] {
    Sha256::digest(key_package).into()
}

/// `SHA-256(L("Waxwing 1 leaf", LeafNode of RFC 9420 section 7.2))`, TLS-serialised.
pub(crate) fn leaf_id(leaf_node: &[u8]) -> [u8; 32] {
    hash("Waxwing 1 leaf", &[leaf_node])
}

/// The id and the key of a leaf.
fn signer(leaf: &LeafNode) -> Option<([u8; 32], IdentityPublicKey)> {
    let key = <[u8; 32]>::try_from(leaf.signature_key().as_slice()).ok()?;
    Some((leaf_id(&leaf.tls_serialize_detached().ok()?), IdentityPublicKey(key)))
}

fn sign(label: &str, identity: &IdentityKey, body: &impl Encode<()>) -> Vec<u8> {
    let body = codec::encode(body);
    let signature = identity.sign(label, &body);
    codec::encode(&Statement { body, signature })
}

fn verify<T>(label: &str, key: &IdentityPublicKey, bytes: &[u8]) -> Option<T>
where
    T: for<'b> Decode<'b, ()> + Encode<()>,
{
    let statement: Statement = codec::decode(bytes).ok()?;
    key.verify(label, &statement.body, &statement.signature).ok()?;
    codec::decode(&statement.body).ok()
}

/// A request of exactly this leaf in this room, signed with its key.
pub(crate) fn rejoin_of(leaf: &LeafNode, room: RoomId, bytes: &[u8]) -> Option<RejoinRequest> {
    let (id, key) = signer(leaf)?;
    RejoinRequest::open(&key, (room, id), bytes)
}

/// A statement that exactly this leaf leaves this room, signed with its key. That of a leaf which came in a key package holds in the epoch
/// that it names and no longer: the same key package could bring the same leaf in again.
pub(crate) fn leave_of(
    leaf: &LeafNode,
    room: RoomId,
    epoch: EpochId,
    bytes: &[u8],
) -> Option<LeaveStatement> {
    let (id, key) = signer(leaf)?;
    let own_making = matches!(leaf.leaf_node_source(), LeafNodeSource::Commit(_));
    LeaveStatement::open(&key, (room, id), bytes).filter(|said| own_making || said.epoch == epoch)
}

impl Room {
    /// Asks to be let in again after entry `failed`, with this key package (TLS-serialised) of the own account. Nothing when the group
    /// state is damaged.
    pub fn rejoin_request(&self, identity: &IdentityKey, failed: u64, key_package: &[u8]) -> Option<Vec<u8>> {
        Some(RejoinRequest::sign(identity, self.own_leaf()?, self.epoch(), failed, key_package))
    }

    /// Says that this member leaves. Nothing when the group state is damaged.
    pub fn leave_statement(&self, identity: &IdentityKey, now_ms: u64) -> Option<Vec<u8>> {
        Some(LeaveStatement::sign(identity, self.own_leaf()?, self.epoch(), now_ms))
    }

    /// Says that another room takes over from this one.
    pub fn successor_statement(&self, identity: &IdentityKey, next: RoomId) -> Vec<u8> {
        SuccessorStatement::sign(identity, self.id(), next, self.epoch())
    }

    /// The rejoin request of a member, if it still holds for the leaf that is in the tree now.
    pub fn check_rejoin(&self, sender: AccountId, bytes: &[u8]) -> Option<RejoinRequest> {
        rejoin_of(self.leaf_of(sender)?, self.id(), bytes)
    }

    /// The leave statement of a member, if it still holds for the leaf that is in the tree now.
    pub fn check_leave(&self, sender: AccountId, bytes: &[u8]) -> Option<LeaveStatement> {
        leave_of(self.leaf_of(sender)?, self.id(), self.epoch(), bytes)
    }

    /// The successor statement of a member.
    pub fn check_successor(&self, sender: AccountId, bytes: &[u8]) -> Option<SuccessorStatement> {
        SuccessorStatement::open(self.roster.get(&sender)?, self.id(), bytes)
    }

    fn own_leaf(&self) -> Option<(RoomId, [u8; 32])> {
        let (id, _) = signer(self.group.own_leaf()?)?;
        Some((self.id(), id))
    }

    fn leaf_of(&self, account: AccountId) -> Option<&LeafNode> {
        let member = self.group.members().find(|m| account_of(&m.credential) == Some(account))?;
        self.group.public_group().leaf(member.index)
    }
}
