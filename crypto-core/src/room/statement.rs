//! Statements: what a member says about itself in the log, signed, so that others can act on it and every reader can check that they may.
//!
//! ```text
//! statement = [body (bytes), Sign(IK, label, body)]
//! rejoin    = [1, room, leaf, last good epoch, number of the entry that failed, SHA-256 of the key package]   "Waxwing 1 rejoin"
//! leave     = [1, room, leaf, epoch, time in ms]                                                              "Waxwing 1 leave"
//! successor = [1, room, new room, epoch, first epoch of the new room]                                         "Waxwing 1 successor"
//! ```
//! `leaf` names the signer's leaf node as it is in the tree. A leaf changes with every path of its owner, so a statement holds only until its
//! author does something else. A leaf that came in a key package can come again, by the same key package: nobody leaves by it, and a
//! member is let in again by another one only.

use minicbor::{Decode, Encode};
use openmls::{prelude::LeafNode, treesync::LeafNodeSource};
use sha2::{Digest as _, Sha256};
use tls_codec::Serialize as _;

use super::{Role, Room, codec, provider::account_of};
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
    pub(crate) fn open(key: &IdentityPublicKey, place: (RoomId, [u8; 32]), bytes: &[u8]) -> Option<Self> {
        Said::<Self>::read(bytes)?.of(key, place)
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
    #[cfg(feature = "vectors")]
    pub(crate) fn open(key: &IdentityPublicKey, place: (RoomId, [u8; 32]), bytes: &[u8]) -> Option<Self> {
        Said::<Self>::read(bytes)?.of(key, place)
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
    /// The first epoch of the room that takes over: others could make a room of the same id.
    #[n(4)]
    pub first: EpochId,
}

impl SuccessorStatement {
    /// Signs the statement.
    pub(crate) fn sign(
        identity: &IdentityKey,
        (room, epoch): (RoomId, EpochId),
        (next, first): (RoomId, EpochId),
    ) -> Vec<u8> {
        sign(SUCCESSOR, identity, &Self { version: 1, room, next, epoch, first })
    }

    /// The statement, if it is of this room and names another, signed with this key.
    pub(crate) fn open(key: &IdentityPublicKey, room: RoomId, bytes: &[u8]) -> Option<Self> {
        let said = Said::<Self>::read(bytes)?;
        let fits = said.body.version == 1 && said.body.room == room && said.body.next != room;
        if fits { said.signed_by(SUCCESSOR, key) } else { None }
    }
}

fn package_hash(key_package: &[u8]) -> [u8; 32] {
    Sha256::digest(key_package).into()
}

/// `SHA-256(L("Waxwing 1 leaf", LeafNode of RFC 9420 section 7.2))`, TLS-serialised.
pub(crate) fn leaf_id(leaf_node: &[u8]) -> [u8; 32] {
    hash("Waxwing 1 leaf", &[leaf_node])
}

/// A leaf as far as statements are about it.
pub(super) struct Signer {
    /// [`leaf_id`] of the leaf.
    pub(super) id: [u8; 32],
    key: IdentityPublicKey,
    /// It came by a commit of its owner, which makes it unlike every leaf before and after.
    own_making: bool,
}

impl Signer {
    pub(super) fn of(leaf: &LeafNode) -> Option<Self> {
        let key = <[u8; 32]>::try_from(leaf.signature_key().as_slice()).ok()?;
        let id = leaf_id(&leaf.tls_serialize_detached().ok()?);
        let own_making = matches!(leaf.leaf_node_source(), LeafNodeSource::Commit(_));
        Some(Self { id, key: IdentityPublicKey(key), own_making })
    }
}

fn sign(label: &str, identity: &IdentityKey, body: &impl Encode<()>) -> Vec<u8> {
    let body = codec::encode(body);
    let signature = identity.sign(label, &body);
    codec::encode(&Statement { body, signature })
}

/// A statement as somebody claims it, not verified yet.
pub(super) struct Said<T> {
    body: T,
    statement: Statement,
}

/// A statement about a leaf.
pub(super) trait OfLeaf {
    const LABEL: &'static str;
    /// Version, room and leaf.
    fn place(&self) -> (u8, RoomId, [u8; 32]);
}

impl OfLeaf for RejoinRequest {
    const LABEL: &'static str = REJOIN;
    fn place(&self) -> (u8, RoomId, [u8; 32]) {
        (self.version, self.room, self.leaf)
    }
}

impl OfLeaf for LeaveStatement {
    const LABEL: &'static str = LEAVE;
    fn place(&self) -> (u8, RoomId, [u8; 32]) {
        (self.version, self.room, self.leaf)
    }
}

impl<T: for<'b> Decode<'b, ()> + Encode<()>> Said<T> {
    /// Reads a statement; who really said it is still open.
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let statement: Statement = codec::decode(bytes).ok()?;
        let body = codec::decode(&statement.body).ok()?;
        Some(Self { body, statement })
    }

    fn signed_by(self, label: &str, key: &IdentityPublicKey) -> Option<T> {
        key.verify(label, &self.statement.body, &self.statement.signature).ok()?;
        Some(self.body)
    }
}

impl<T: OfLeaf + for<'b> Decode<'b, ()> + Encode<()>> Said<T> {
    /// The leaf that it claims to be of.
    pub(super) fn leaf(&self) -> [u8; 32] {
        self.body.place().2
    }

    /// Compares first, then verifies.
    fn of(self, key: &IdentityPublicKey, (room, leaf): (RoomId, [u8; 32])) -> Option<T> {
        if self.body.place() == (1, room, leaf) { self.signed_by(T::LABEL, key) } else { None }
    }
}

impl Said<LeaveStatement> {
    /// The statement, if exactly this leaf made it in this room. The leaf of a key package leaves by no statement: the same key package could
    /// bring the same leaf in again, and the statement with it.
    pub(super) fn leaves(self, signer: &Signer, room: RoomId) -> Option<LeaveStatement> {
        if signer.own_making { self.of(&signer.key, (room, signer.id)) } else { None }
    }
}

/// A request of exactly this leaf in this room, signed with its key.
pub(super) fn rejoin_of(signer: &Signer, room: RoomId, bytes: &[u8]) -> Option<RejoinRequest> {
    RejoinRequest::open(&signer.key, (room, signer.id), bytes)
}

impl Room {
    /// Asks to be let in again after entry `failed`, with this key package (TLS-serialised) of the own account. Nothing when the group
    /// state is damaged.
    pub fn rejoin_request(&self, identity: &IdentityKey, failed: u64, key_package: &[u8]) -> Option<Vec<u8>> {
        let place = (self.id(), self.own_leaf()?.id);
        Some(RejoinRequest::sign(identity, place, self.epoch(), failed, key_package))
    }

    /// Whether this member can leave: its leaf is one of its own making. Before its first commit with a path it is not, [`super::Change::Refresh`]
    /// helps.
    pub fn can_leave(&self) -> bool {
        self.own_leaf().is_some_and(|own| own.own_making)
    }

    /// Says that this member leaves. Nothing while it cannot: [`Room::can_leave`].
    pub fn leave_statement(&self, identity: &IdentityKey, now_ms: u64) -> Option<Vec<u8>> {
        let own = self.own_leaf().filter(|own| own.own_making)?;
        Some(LeaveStatement::sign(identity, (self.id(), own.id), self.epoch(), now_ms))
    }

    /// Says that another room, with this first epoch, takes over from this one. It counts when an owner says it.
    pub fn successor_statement(&self, identity: &IdentityKey, next: RoomId, first: EpochId) -> Vec<u8> {
        SuccessorStatement::sign(identity, (self.id(), self.epoch()), (next, first))
    }

    /// The rejoin request of a member, if it still holds for the leaf that is in the tree now.
    pub fn check_rejoin(&self, sender: AccountId, bytes: &[u8]) -> Option<RejoinRequest> {
        rejoin_of(&Signer::of(self.leaf_of(sender)?)?, self.id(), bytes)
    }

    /// The leave statement of a member, if it still holds for the leaf that is in the tree now.
    pub fn check_leave(&self, sender: AccountId, bytes: &[u8]) -> Option<LeaveStatement> {
        Said::read(bytes)?.leaves(&Signer::of(self.leaf_of(sender)?)?, self.id())
    }

    /// A leave statement of this account by a leaf that is not the one it has here, signed with this key of its own. Whether that leaf came
    /// later or was given up long ago can only tell who knows all epochs before this one: the statement names its epoch.
    pub fn check_leave_elsewhere(&self, own: &IdentityPublicKey, bytes: &[u8]) -> Option<LeaveStatement> {
        let said = Said::<LeaveStatement>::read(bytes)?;
        let leaf = said.leaf();
        let another = self.own_leaf().is_none_or(|here| here.id != leaf);
        if another { said.of(own, (self.id(), leaf)) } else { None }
    }

    /// The successor statement of an owner. The two rooms belong together when the new one says so, too: [`Room::succeeds`].
    pub fn check_successor(&self, sender: AccountId, bytes: &[u8]) -> Option<SuccessorStatement> {
        let key = self.roster.get(&sender).filter(|_| self.state.role(sender) == Role::Owner)?;
        SuccessorStatement::open(key, self.id(), bytes)
    }

    /// Whether this room takes over from `old`, as `signer` said there: they founded it, it names the old room and the epoch of the statement,
    /// and it began as the statement says. `first` is its first epoch, which those know who can read back to it; for others the founder
    /// that its state names has to do.
    pub fn succeeds(
        &self,
        old: RoomId,
        signer: AccountId,
        said: &SuccessorStatement,
        first: Option<EpochId>,
    ) -> bool {
        let from = self.state.predecessor.map(|before| (before.room, before.epoch));
        said.room == old
            && said.next == self.id()
            && self.state.founder == signer
            && from == Some((old, said.epoch))
            && first.is_none_or(|first| first == said.first)
    }

    fn own_leaf(&self) -> Option<Signer> {
        Signer::of(self.group.own_leaf()?)
    }

    fn leaf_of(&self, account: AccountId) -> Option<&LeafNode> {
        let member = self.group.members().find(|m| account_of(&m.credential) == Some(account))?;
        self.group.public_group().leaf(member.index)
    }
}
