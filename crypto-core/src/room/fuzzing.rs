//! What fuzzers reach: decoders behind a seal, and MLS behind a handshake key. For tests only.

use std::fmt::Debug;

use minicbor::{Decode, Encode};
use openmls_traits::OpenMlsProvider as _;
use rand_core::CryptoRngCore;

use super::{
    Change, CommitError, Founded, HistoryLink, JoinKind, JoinSecret, KeyPackageBundle, KeyringRecord,
    LogHead, Metadata, Newcomer, Outcome, Prepared, Room, RoomState, Stamp,
    commit::seal_handshake,
    history, join, key_package,
    message::{self, Message},
    policy::CommitAad,
    public_state::PublicState,
    snapshot, statement,
};
use crate::{
    account::Vault,
    codec::from_cbor,
    identity::IdentityKey,
    ids::{AccountId, MessageId, RoomId},
    seal::{SealType, open, seal},
    secret::SymmetricKey,
};

/// Decodes; what is accepted is encoded as these very bytes.
fn strict<T: for<'b> Decode<'b, ()> + Encode<()>>(bytes: &[u8]) -> bool {
    super::codec::decode::<T>(bytes).is_ok()
}

/// Number of decoders that [`decode`] chooses from.
pub const DECODERS: u8 = 16;

/// Runs one of the decoders of what is sealed or signed; says whether it accepted.
pub fn decode(decoder: u8, bytes: &[u8]) -> bool {
    match decoder.checked_rem(DECODERS) {
        Some(0) => strict::<message::Envelope>(bytes),
        Some(1) => strict::<message::Inner>(bytes),
        Some(2) => strict::<Metadata>(bytes),
        Some(3) => strict::<snapshot::Plain>(bytes),
        Some(4) => strict::<key_package::Plain>(bytes),
        Some(5) => strict::<join::PackageBody>(bytes),
        Some(6) => strict::<join::SignedPackage>(bytes),
        Some(7) => strict::<history::SignedLink>(bytes),
        Some(8) => strict::<history::LinkBody>(bytes),
        Some(9) => strict::<KeyringRecord>(bytes),
        Some(10) => strict::<statement::Statement>(bytes),
        Some(11) => strict::<CommitAad>(bytes),
        Some(12) => strict::<RoomState>(bytes),
        Some(13) => strict::<PublicState>(bytes),
        Some(14) => strict::<statement::RejoinRequest>(bytes) || strict::<statement::LeaveStatement>(bytes),
        _ => from_cbor::<Vault>(bytes).is_ok(),
    }
}

/// A seal that opens gives what was sealed; anything else than a seal does not open.
pub fn seals(bytes: &[u8], rng: &mut dyn CryptoRngCore) {
    let key = SymmetricKey::from_bytes([7; 32]);
    assert!(open(&key, SealType::Message, b"context", bytes).is_err(), "nobody has sealed this");
    let Ok(sealed) = seal(&key, SealType::Message, b"context", bytes, rng) else { return };
    assert!(matches!(open(&key, SealType::Message, b"context", &sealed), Ok(plain) if *plain == bytes));
}

/// A room of two, and what a third needs to come in.
#[derive(Debug)]
pub struct Rooms {
    mira: (AccountId, IdentityKey, Room),
    jonas: (AccountId, IdentityKey, Room),
    vault: Vault,
    bundle: KeyPackageBundle,
    carl: AccountId,
    /// What real clients made: by name of the fuzz target and of the example.
    seeds: Vec<(&'static str, &'static str, Vec<u8>)>,
}

/// The world of [`Rooms`] could not be made.
#[derive(Debug)]
pub struct Broken;

fn broken<E: Debug>(_: E) -> Broken {
    Broken
}

fn stamp(room: RoomId) -> Stamp {
    Stamp { seen: LogHead::start(room), account_version: 1, now_ms: 1 }
}

fn newcomer(account: AccountId, identity: &IdentityKey, key_package: &[u8]) -> Newcomer {
    Newcomer { account, key: identity.public(), key_package: key_package.to_vec() }
}

impl Rooms {
    /// Makes the room.
    ///
    /// # Errors
    /// [`Broken`] when our own client is.
    pub fn new(rng: &mut dyn CryptoRngCore) -> Result<Self, Broken> {
        let accounts = [1, 2, 3].map(|n| AccountId([n; 16]));
        let [one, two, vault] = [0; 3].map(|_| Vault::generate(rng));
        let [mira, jonas, carl] = accounts;
        let secret = JoinSecret::generate(rng);
        let method = secret.method(JoinKind::Link, mira).map_err(broken)?;
        let state = RoomState { joins: vec![method], ..RoomState::group("Fuzz", mira) };
        let id = RoomId([9; 16]);
        let Founded { room, .. } = Room::found(one.identity(), mira, id, &state, 0, rng).map_err(broken)?;
        let stamp = stamp(id);
        let theirs = KeyPackageBundle::generate(two.identity(), jonas).map_err(broken)?;
        let add = Change::Add(newcomer(jonas, two.identity(), theirs.public()));
        let added = room.commit(one.identity(), add, stamp, rng).map_err(broken)?;
        let welcome = added.welcome.clone().ok_or(Broken)?;
        let his = theirs.join(jonas, id, &welcome).map_err(broken)?;
        let bundle = KeyPackageBundle::generate(vault.identity(), carl).map_err(broken)?;
        let invited = Change::Add(newcomer(carl, vault.identity(), bundle.public()));
        let invited = added.room.commit(one.identity(), invited, stamp, rng).map_err(broken)?;
        let refresh = added.room.commit(one.identity(), Change::Refresh, stamp, rng).map_err(broken)?;
        let mut rooms = Self {
            mira: (mira, one.identity().clone(), added.room),
            jonas: (jonas, two.identity().clone(), his),
            vault,
            bundle,
            carl,
            seeds: Vec::new(),
        };
        rooms.remember(&invited, &refresh, rng)?;
        Ok(rooms)
    }

    fn remember(
        &mut self,
        invited: &Prepared,
        refresh: &Prepared,
        rng: &mut dyn CryptoRngCore,
    ) -> Result<(), Broken> {
        let (mira, identity, room) = &self.mira;
        let keys = room.keys();
        let commit =
            super::commit::open_handshake(&keys.handshake(), *mira, &refresh.sealed).map_err(broken)?;
        let add = super::commit::open_handshake(&keys.handshake(), *mira, &invited.sealed).map_err(broken)?;
        let public = PublicState::of(&room.group, room.provider.crypto(), identity).ok_or(Broken)?;
        let tagged = |tag: u8, bytes: Vec<u8>| [vec![tag], bytes].concat();
        let rejoin = room.rejoin_request(identity, 3, self.bundle.public()).ok_or(Broken)?;
        let leave = refresh.room.leave_statement(identity, 5).ok_or(Broken)?;
        let metadata = Metadata {
            sender: *mira,
            id: MessageId([4; 16]),
            stream: MessageId([5; 16]),
            position: 0,
            seen: LogHead::start(room.id()),
            sent_at_ms: 1,
            kind: 1,
            account_version: 1,
        };
        let message = Message { metadata, body: vec![0x81, 0x60] };
        let sealed = message.seal(keys, identity, rng).map_err(broken)?;
        self.seeds = vec![
            ("mls", "refresh", tagged(0, commit)),
            ("mls", "add", tagged(0, add)),
            ("mls", "welcome", tagged(1, invited.welcome.clone().ok_or(Broken)?)),
            ("mls", "key_package", tagged(2, self.bundle.public().to_vec())),
            ("mls", "public_state", tagged(3, super::codec::encode(&public))),
            ("decoders", "envelope", tagged(0, sealed)),
            ("decoders", "metadata", tagged(2, super::codec::encode(&message.metadata))),
            ("decoders", "keyring", tagged(9, super::codec::encode(&room.keyring_record()))),
            ("decoders", "rejoin", tagged(10, rejoin)),
            ("decoders", "leave", tagged(10, leave)),
            ("decoders", "state", tagged(12, super::codec::encode(room.state()))),
            ("decoders", "public_state", tagged(13, super::codec::encode(&public))),
        ];
        Ok(())
    }

    /// What real clients made: by name of the fuzz target and of the example.
    pub fn seeds(&self) -> &[(&'static str, &'static str, Vec<u8>)] {
        &self.seeds
    }

    /// A handshake that claims to be Mira's, as Jonas processes it.
    pub fn handshake(&self, commit: &[u8], rng: &mut dyn CryptoRngCore) -> Option<Outcome> {
        let (mira, room) = (self.mira.0, &self.jonas.2);
        let sealed = seal_handshake(&room.keys().handshake(), mira, commit, rng).ok()?;
        Some(room.process(mira, &sealed))
    }

    /// A Welcome for Carl.
    pub fn welcome(&self, welcome: &[u8]) -> bool {
        self.bundle.join(self.carl, RoomId([9; 16]), welcome).is_ok()
    }

    /// A key package by which Mira adds Carl.
    pub fn key_package(&self, package: &[u8], rng: &mut dyn CryptoRngCore) -> Result<Prepared, CommitError> {
        let (_, identity, room) = &self.mira;
        let add = Change::Add(newcomer(self.carl, self.vault.identity(), package));
        room.commit(identity, add, stamp(room.id()), rng)
    }

    /// A public state as plain CBOR: sealed, then checked and imported as a member does; says whether it is the right one.
    pub fn public_state(&self, plain: &[u8], rng: &mut dyn CryptoRngCore) -> bool {
        let (_, _, room) = &self.jonas;
        let key = room.keys().handshake();
        let Ok(state) = super::codec::decode::<PublicState>(plain) else { return false };
        let Ok(sealed) = state.seal(&key, rng) else { return false };
        let root = self.vault.current_root();
        let restored = room.snapshot(root, rng).ok().and_then(|snapshot| {
            let opened = super::Snapshot::open(root, self.jonas.0, room.id(), room.epoch(), &snapshot);
            opened.ok()?.restore(std::slice::from_ref(&sealed)).ok()
        });
        let right = room.check_public_state(&sealed);
        assert!(!right || restored.is_some(), "a member restores from what members call right");
        right
    }

    /// Sealed bytes from the relay, to every opener that takes them.
    pub fn opens(&self, bytes: &[u8]) -> bool {
        let (mira, _, room) = &self.mira;
        let (keys, roster) = (room.keys(), room.roster());
        let root = self.vault.current_root();
        Message::open(keys, roster, *mira, MessageId([0; 16]), bytes).is_ok()
            || HistoryLink::open(keys, roster, bytes).is_ok()
            || KeyringRecord::open(root, *mira, room.id(), room.epoch(), bytes).is_ok()
            || super::Snapshot::open(root, *mira, room.id(), room.epoch(), bytes).is_ok()
            || KeyPackageBundle::open(root, *mira, bytes).is_ok()
            || room.check_rejoin(*mira, bytes).is_some()
            || room.check_leave(*mira, bytes).is_some()
    }
}
