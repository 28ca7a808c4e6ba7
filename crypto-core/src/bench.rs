//! Operations to be timed, natively and in the browser, by whoever calls [`Bench::run`].
//!
//! What an operation needs is made once, by [`Bench::prepare`], and is not part of what is timed. Randomness that is an argument comes from
//! ChaCha20, so that the generator of the operating system is not measured; openmls draws its own.

use std::hint::black_box;

use chacha20poly1305::{AeadInPlace, ChaCha20Poly1305, KeyInit};
use opaque_ke::{
    CredentialRequest, Identifiers, RegistrationRequest, RegistrationUpload, ServerLogin,
    ServerLoginParameters, ServerRegistration, ServerSetup,
};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;

use crate::account::Vault;
use crate::ids::{AccountId, MessageId, RoomId};
use crate::login::{KsfParams, LoginStart, Purpose, RegistrationStart, Suite};
use crate::room::{
    Change, Doorway, JoinKind, JoinSecret, LogHead, Message, Metadata, Outcome, Prepared, Room, RoomState,
    Snapshot, Stamp,
};
use crate::seal::{SealType, open, seal};
use crate::secret::SymmetricKey;

type Operation = Box<dyn FnMut() -> Result<(), String>>;
type Prepare = fn() -> Result<Operation, String>;

/// The operations, and beside some of them what they are to be compared with.
const OPERATIONS: &[(&str, Prepare)] = &[
    ("seal_256", || sealing(256)),
    ("open_256", || opening(256)),
    ("seal_64k", || sealing(65_536)),
    ("open_64k", || opening(65_536)),
    // The cipher alone, on as many bytes as seal_64k has before it pads.
    ("chacha20poly1305_64k", bare_cipher),
    ("message_seal", message_sealing),
    ("message_open", message_opening),
    ("opaque_login", opaque_login),
    // Key stretching alone, with the parameters of opaque_login.
    ("argon2id_64mib", bare_argon2),
    ("create_room", create_room),
    ("commit_refresh", commit_refresh),
    ("commit_join_link", commit_join_link),
    ("join_by_link", join_by_link),
    ("process_commit", process_commit),
    ("snapshot_restore", snapshot_restore),
];

/// Names of all operations.
pub fn names() -> impl Iterator<Item = &'static str> {
    OPERATIONS.iter().map(|(name, _)| *name)
}

/// An operation with everything it needs.
pub struct Bench(Operation);

impl std::fmt::Debug for Bench {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Bench(..)")
    }
}

impl Bench {
    /// Prepares an operation; takes much longer than the operation itself.
    ///
    /// # Errors
    /// When there is no such operation, or its preparation fails.
    pub fn prepare(name: &str) -> Result<Self, String> {
        let (_, prepare) = OPERATIONS
            .iter()
            .find(|(known, _)| *known == name)
            .ok_or_else(|| format!("{name}: no such operation"))?;
        prepare().map(Self)
    }

    /// Does the operation so many times: this is what to time.
    ///
    /// # Errors
    /// When the operation fails.
    pub fn run(&mut self, iterations: u32) -> Result<(), String> {
        (0..iterations).try_for_each(|_| (self.0)())
    }
}

fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}

fn rng() -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(1)
}

fn sealing(bytes: usize) -> Result<Operation, String> {
    let (mut rng, key, plain) = (rng(), SymmetricKey::from_bytes([1; 32]), vec![2; bytes]);
    Ok(Box::new(move || {
        black_box(seal(&key, SealType::Message, b"context", &plain, &mut rng).map_err(text)?);
        Ok(())
    }))
}

fn opening(bytes: usize) -> Result<Operation, String> {
    let key = SymmetricKey::from_bytes([1; 32]);
    let sealed = seal(&key, SealType::Message, b"context", &vec![2; bytes], &mut rng()).map_err(text)?;
    Ok(Box::new(move || {
        black_box(open(&key, SealType::Message, b"context", &sealed).map_err(text)?);
        Ok(())
    }))
}

fn bare_cipher() -> Result<Operation, String> {
    let (cipher, plain) = (ChaCha20Poly1305::new(&[1; 32].into()), vec![2; 65_536]);
    Ok(Box::new(move || {
        let mut buffer = plain.clone();
        let tag = cipher.encrypt_in_place_detached(&[0; 12].into(), b"context", &mut buffer);
        black_box((tag.map_err(text)?, buffer));
        Ok(())
    }))
}

fn opaque_login() -> Result<Operation, String> {
    const PASSWORD: &[u8] = b"correct horse battery staple";
    const USERNAME: &str = "mira";
    let purpose = Purpose::Account { username: USERNAME };
    let mut server_rng = ChaCha20Rng::seed_from_u64(2);
    let setup = ServerSetup::<Suite>::new(&mut server_rng);
    let (registration, request) = RegistrationStart::new(PASSWORD, &mut rng()).map_err(text)?;
    let request = RegistrationRequest::deserialize(&request).map_err(text)?;
    let response = ServerRegistration::start(&setup, request, USERNAME.as_bytes()).map_err(text)?;
    let registered = registration
        .finish(PASSWORD, &response.message.serialize(), purpose, KsfParams::DEFAULT, &mut rng())
        .map_err(text)?;
    let record =
        ServerRegistration::finish(RegistrationUpload::deserialize(&registered.upload).map_err(text)?);
    // The same randomness makes the same KE1 every time, so that one KE2 answers all of them.
    let (_, ke1) = LoginStart::new(PASSWORD, &mut rng()).map_err(text)?;
    let parameters = ServerLoginParameters {
        context: Some(b"Waxwing 1 login"),
        identifiers: Identifiers { client: Some(USERNAME.as_bytes()), server: Some(b"waxwing") },
    };
    let ke1 = CredentialRequest::deserialize(&ke1).map_err(text)?;
    let ke2 = ServerLogin::start(&mut server_rng, &setup, Some(record), ke1, USERNAME.as_bytes(), parameters)
        .map_err(text)?
        .message
        .serialize();
    Ok(Box::new(move || {
        let mut rng = rng();
        let (login, _) = LoginStart::new(PASSWORD, &mut rng).map_err(text)?;
        black_box(login.finish(PASSWORD, &ke2, purpose, KsfParams::DEFAULT, &mut rng).map_err(text)?);
        Ok(())
    }))
}

fn bare_argon2() -> Result<Operation, String> {
    let KsfParams { memory_kib, iterations, parallelism } = KsfParams::DEFAULT;
    let params = argon2::Params::new(memory_kib, iterations, parallelism, None).map_err(text)?;
    let argon2 = argon2::Argon2::new(argon2::Algorithm::Argon2id, argon2::Version::V0x13, params);
    Ok(Box::new(move || {
        let mut out = [0; 64];
        argon2.hash_password_into(&[3; 64], &[0; 16], &mut out).map_err(text)?;
        black_box(out);
        Ok(())
    }))
}

struct Person {
    account: AccountId,
    vault: Vault,
}

const ROOM: RoomId = RoomId([9; 16]);
const NOW_MS: u64 = 1_700_000_000_000;

impl Person {
    fn new(n: u8) -> Self {
        let mut rng = ChaCha20Rng::from_seed([n; 32]);
        Self { account: AccountId([n; 16]), vault: Vault::generate(&mut rng) }
    }

    fn commit(&self, room: &Room, change: Change) -> Result<Prepared, String> {
        let stamp = Stamp { seen: LogHead::start(ROOM), account_version: 1, now_ms: NOW_MS };
        room.commit(self.vault.identity(), change, stamp, &mut rng()).map_err(text)
    }

    fn message(&self) -> Message {
        let metadata = Metadata {
            sender: self.account,
            id: MessageId([4; 16]),
            stream: MessageId([5; 16]),
            position: 6,
            seen: LogHead::start(ROOM),
            sent_at_ms: NOW_MS,
            kind: 1,
            account_version: 1,
        };
        Message { metadata, body: vec![b'a'; 200] }
    }
}

/// A room of two that came to be by a link, at the founder and at the other.
struct Two {
    mira: Person,
    jonas: Person,
    hers: Room,
    joined: Prepared,
}

/// Everything that a link opens.
struct Door {
    secret: JoinSecret,
    room: Room,
    packages: Vec<Vec<u8>>,
    public_state: Vec<u8>,
}

impl Door {
    fn new(mira: &Person) -> Result<Self, String> {
        let secret = JoinSecret::generate(&mut rng());
        let method = secret.method(JoinKind::Link, mira.account).map_err(text)?;
        let state = RoomState { joins: vec![method], ..RoomState::group("Ops room", mira.account) };
        let founded = Room::found(mira.vault.identity(), mira.account, ROOM, &state, NOW_MS, &mut rng())
            .map_err(text)?;
        let packages = founded.packages.into_iter().map(|(_, bytes)| bytes).collect();
        Ok(Self { secret, room: founded.room, packages, public_state: founded.public_state })
    }

    fn walk_in(&self, who: &Person) -> Result<Prepared, String> {
        let doorway = Doorway::open(
            ROOM,
            self.room.epoch(),
            &self.secret,
            &self.packages,
            std::slice::from_ref(&self.public_state),
        )
        .map_err(text)?;
        doorway.join(who.vault.identity(), who.account, 1, NOW_MS, &mut rng()).map_err(text)
    }
}

fn follow(room: &Room, sender: &Person, sealed: &[u8]) -> Result<Room, String> {
    match room.process(sender.account, sealed) {
        Outcome::Applied(room) => Ok(*room),
        other => Err(format!("{other:?}")),
    }
}

impl Two {
    fn new() -> Result<Self, String> {
        let (mira, jonas) = (Person::new(1), Person::new(2));
        let door = Door::new(&mira)?;
        let joined = door.walk_in(&jonas)?;
        let hers = follow(&door.room, &jonas, &joined.sealed)?;
        Ok(Self { mira, jonas, hers, joined })
    }
}

fn message_sealing() -> Result<Operation, String> {
    let (two, mut rng) = (Two::new()?, rng());
    let message = two.mira.message();
    Ok(Box::new(move || {
        black_box(message.seal(two.hers.keys(), two.mira.vault.identity(), &mut rng).map_err(text)?);
        Ok(())
    }))
}

fn message_opening() -> Result<Operation, String> {
    let two = Two::new()?;
    let message = two.mira.message();
    let sealed = message.seal(two.hers.keys(), two.mira.vault.identity(), &mut rng()).map_err(text)?;
    Ok(Box::new(move || {
        let room = &two.joined.room;
        let id = message.metadata.id;
        let opened = Message::open(room.keys(), room.roster(), two.mira.account, id, &sealed);
        black_box(opened.map_err(text)?);
        Ok(())
    }))
}

fn create_room() -> Result<Operation, String> {
    let (mira, mut rng) = (Person::new(1), rng());
    let state = RoomState::group("Ops room", mira.account);
    Ok(Box::new(move || {
        let identity = mira.vault.identity();
        black_box(Room::found(identity, mira.account, ROOM, &state, NOW_MS, &mut rng).map_err(text)?);
        Ok(())
    }))
}

fn commit_refresh() -> Result<Operation, String> {
    let two = Two::new()?;
    Ok(Box::new(move || {
        black_box(two.mira.commit(&two.hers, Change::Refresh)?);
        Ok(())
    }))
}

fn commit_join_link() -> Result<Operation, String> {
    let (two, mut rng) = (Two::new()?, rng());
    // The first secret of this generator is the one that the room has already.
    JoinSecret::generate(&mut rng);
    Ok(Box::new(move || {
        let method = JoinSecret::generate(&mut rng).method(JoinKind::Link, two.mira.account).map_err(text)?;
        let state = RoomState { joins: vec![method], ..two.hers.state().clone() };
        black_box(two.mira.commit(&two.hers, Change::State(Box::new(state)))?);
        Ok(())
    }))
}

fn join_by_link() -> Result<Operation, String> {
    let (door, jonas) = (Door::new(&Person::new(1))?, Person::new(2));
    Ok(Box::new(move || {
        black_box(door.walk_in(&jonas)?);
        Ok(())
    }))
}

fn process_commit() -> Result<Operation, String> {
    let two = Two::new()?;
    let commit = two.mira.commit(&two.hers, Change::Refresh)?;
    Ok(Box::new(move || {
        black_box(follow(&two.joined.room, &two.mira, &commit.sealed)?);
        Ok(())
    }))
}

fn snapshot_restore() -> Result<Operation, String> {
    let two = Two::new()?;
    let sealed = two.joined.room.snapshot(two.jonas.vault.current_root(), &mut rng()).map_err(text)?;
    Ok(Box::new(move || {
        let (root, epoch) = (two.jonas.vault.current_root(), two.joined.room.epoch());
        let snapshot = Snapshot::open(root, two.jonas.account, ROOM, epoch, &sealed).map_err(text)?;
        black_box(snapshot.restore(std::slice::from_ref(&two.joined.public_state)).map_err(text)?);
        Ok(())
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_can_be_done_more_than_once() {
        for name in names().filter(|name| !["opaque_login", "argon2id_64mib"].contains(name)) {
            assert_eq!(Bench::prepare(name).unwrap().run(2), Ok(()), "{name}");
        }
        assert!(Bench::prepare("nothing").is_err());
    }
}
