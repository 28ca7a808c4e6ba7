//! Statements: what a member says about itself in the log, signed, so that others can act on it and every reader can check that they may.
//!
//! ```text
//! statement = [body (bytes), Sign(IK, label, body)]
//! rejoin    = [1, room, leaf, last good epoch, number of the entry that failed, SHA-256 of the key package]   "Waxwing 1 rejoin"
//! leave     = [1, room, leaf, epoch, time in ms]                                                              "Waxwing 1 leave"
//! successor = [1, room, new room, epoch]                                                                      "Waxwing 1 successor"
//! ```
//! `leaf` names the signer's leaf node as it is in the tree. A leaf changes with every path of its owner, so a statement holds only until its
//! author does something else, and never again after the author has left and come back.

use minicbor::{Decode, Encode};
use openmls::prelude::LeafNode;
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
struct Statement {
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

fn package_hash(key_package: &[u8]) -> [u8; 32] {
    Sha256::digest(key_package).into()
}

/// `SHA-256(L("Waxwing 1 leaf", LeafNode of RFC 9420 section 7.2))`.
fn leaf_id(leaf: &LeafNode) -> Option<[u8; 32]> {
    Some(hash("Waxwing 1 leaf", &[&leaf.tls_serialize_detached().ok()?]))
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

fn leaf_key(leaf: &LeafNode) -> Option<IdentityPublicKey> {
    <[u8; 32]>::try_from(leaf.signature_key().as_slice()).ok().map(IdentityPublicKey)
}

/// A request of exactly this leaf in this room, signed with its key.
pub(crate) fn rejoin_of(leaf: &LeafNode, room: RoomId, bytes: &[u8]) -> Option<RejoinRequest> {
    let request: RejoinRequest = verify(REJOIN, &leaf_key(leaf)?, bytes)?;
    let fits = request.version == 1 && request.room == room && Some(request.leaf) == leaf_id(leaf);
    fits.then_some(request)
}

/// A statement that exactly this leaf leaves this room, signed with its key.
pub(crate) fn leave_of(leaf: &LeafNode, room: RoomId, bytes: &[u8]) -> Option<LeaveStatement> {
    let leave: LeaveStatement = verify(LEAVE, &leaf_key(leaf)?, bytes)?;
    let fits = leave.version == 1 && leave.room == room && Some(leave.leaf) == leaf_id(leaf);
    fits.then_some(leave)
}

impl Room {
    /// Asks to be let in again after entry `failed`, with this key package (TLS-serialised) of the own account. Nothing when the group
    /// state is damaged.
    pub fn rejoin_request(&self, identity: &IdentityKey, failed: u64, key_package: &[u8]) -> Option<Vec<u8>> {
        let leaf = leaf_id(self.group.own_leaf()?)?;
        let (room, epoch) = (self.id(), self.epoch());
        let key_package = package_hash(key_package);
        Some(sign(REJOIN, identity, &RejoinRequest { version: 1, room, leaf, epoch, failed, key_package }))
    }

    /// Says that this member leaves. Nothing when the group state is damaged.
    pub fn leave_statement(&self, identity: &IdentityKey, now_ms: u64) -> Option<Vec<u8>> {
        let leaf = leaf_id(self.group.own_leaf()?)?;
        let (room, epoch) = (self.id(), self.epoch());
        Some(sign(LEAVE, identity, &LeaveStatement { version: 1, room, leaf, epoch, time_ms: now_ms }))
    }

    /// Says that another room takes over from this one.
    pub fn successor_statement(&self, identity: &IdentityKey, next: RoomId) -> Vec<u8> {
        let (room, epoch) = (self.id(), self.epoch());
        sign(SUCCESSOR, identity, &SuccessorStatement { version: 1, room, next, epoch })
    }

    /// The rejoin request of a member, if it still holds for the leaf that is in the tree now.
    pub fn check_rejoin(&self, sender: AccountId, bytes: &[u8]) -> Option<RejoinRequest> {
        rejoin_of(self.leaf_of(sender)?, self.id(), bytes)
    }

    /// The leave statement of a member, if it still holds for the leaf that is in the tree now.
    pub fn check_leave(&self, sender: AccountId, bytes: &[u8]) -> Option<LeaveStatement> {
        leave_of(self.leaf_of(sender)?, self.id(), bytes)
    }

    /// The successor statement of a member.
    pub fn check_successor(&self, sender: AccountId, bytes: &[u8]) -> Option<SuccessorStatement> {
        let said: SuccessorStatement = verify(SUCCESSOR, self.roster.get(&sender)?, bytes)?;
        (said.version == 1 && said.room == self.id() && said.next != said.room).then_some(said)
    }

    fn leaf_of(&self, account: AccountId) -> Option<&LeafNode> {
        let member = self.group.members().find(|m| account_of(&m.credential) == Some(account))?;
        self.group.public_group().leaf(member.index)
    }
}
