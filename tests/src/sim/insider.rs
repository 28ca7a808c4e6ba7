//! What a member of a room can do with its keys and a changed client.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use minicbor::{Decode, Encode};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng as _;
use waxwing_client::api::Me;
use waxwing_crypto_core::{
    account::{Vault, VaultKey, open_vault},
    identity::{IdentityKey, IdentityPublicKey},
    published::PublishedKeyPackage,
    room::{
        self as rooms, Change, Doorway, EpochKeys, InviteLink, JoinKind, JoinMethod, LogHead, Message,
        Newcomer, Prepared, Room, RoomState, Snapshot, Stamp,
        hostile::{self, Builder, Forgery, seal_link},
    },
    secret::SymmetricKey,
    signal::Signal,
};
use waxwing_wire::{
    AccountId, EntryId, EpochId, MethodId, Opaque, RoomId, decode,
    frame::{self, ClientFrame, Commit, EntryKind, EpochParts, JoinPackage, LogEntry, Request, Response},
};

use super::{Device, World};

/// How the account stands with the relay.
#[derive(Encode, Decode)]
struct Standing {
    #[n(0)]
    administrator: bool,
    #[n(1)]
    pending: bool,
    #[n(2)]
    totp: bool,
    #[n(3)]
    recovery_codes_left: u32,
}

/// What a device keeps of an unlocked account.
#[derive(Encode, Decode)]
struct Kept {
    #[n(0)]
    account: AccountId,
    #[n(1)]
    username: String,
    #[n(2)]
    standing: Standing,
    #[n(3)]
    display_name: String,
    #[n(4)]
    key: SymmetricKey,
    #[n(5)]
    vault: Opaque,
    #[n(6)]
    vault_version: u64,
}

/// A member with its keys, taken from one of its devices.
pub struct Insider {
    device: usize,
    /// The account.
    pub account: AccountId,
    /// Its keys.
    pub vault: Vault,
    /// The room at the epoch that the device has.
    pub room: Room,
    /// Where the log stands.
    pub seen: LogHead,
    /// Number of the last commit.
    pub after: u64,
    rng: ChaCha20Rng,
}

fn read_link(invite: &str) -> InviteLink {
    let link = URL_SAFE_NO_PAD.decode(invite).expect("a link");
    InviteLink::from_bytes(&link).expect("a link")
}

fn digest(entry: &LogEntry) -> [u8; 32] {
    let kind = match entry.kind {
        EntryKind::Commit => rooms::EntryKind::Commit,
        EntryKind::Tombstone => {
            let digest = entry.digest.as_ref().expect("what is erased leaves it");
            return digest.as_bytes().try_into().expect("32 bytes");
        }
        EntryKind::Message => rooms::EntryKind::Message,
        EntryKind::Rejoin => rooms::EntryKind::Rejoin,
        EntryKind::Leave => rooms::EntryKind::Leave,
        EntryKind::Successor => rooms::EntryKind::Successor,
    };
    rooms::digest(kind, entry.after, entry.sender.0.into(), entry.bytes.as_bytes())
}

impl Insider {
    /// The member behind a device, in a room.
    pub fn of(world: &World, device: usize, room: &str) -> Self {
        let place: RoomId = room.parse().expect("an id");
        let stored = &world.relay.rooms[&place];
        let rng = ChaCha20Rng::seed_from_u64(world.now_ms);
        let held = &world.devices[device];
        Self { device, rng, ..Self::at(held, place, (&stored.log, stored.last_commit)) }
    }

    /// The member behind a device that runs elsewhere, in a room whose log and last commit's number are these.
    pub fn at(held: &Device, place: RoomId, (log, after): (&[LogEntry], u64)) -> Self {
        let me: &Me = held.me.as_ref().expect("logged in");
        let account: AccountId = me.account.parse().expect("an id");
        let kept: Kept = decode(&held.store["s/unlock"]).expect("as the client wrote it");
        let id = account.0.into();
        let vault = open_vault(kept.vault.as_bytes(), &VaultKey::from(kept.key), id, 0).expect("a vault");
        let (snapshot, public): (frame::Snapshot, Opaque) =
            decode(&held.store[&format!("s/room/{place}/group")]).expect("as the client wrote it");
        let epoch = snapshot.epoch.0.into();
        let open = |root| Snapshot::open(root, id, place.0.into(), epoch, snapshot.bytes.as_bytes()).ok();
        let snapshot = vault.roots().find_map(open).expect("the account's own snapshot");
        let group = snapshot.restore(&[public.0]).expect("a group");
        let start = LogHead::start(place.0.into());
        let seen = log.iter().fold(start, |head, entry| head.advance(&digest(entry)));
        let rng = ChaCha20Rng::from_entropy();
        Self { device: 0, account, vault, room: group, seen, after, rng }
    }

    fn stamp(&self, now_ms: u64) -> Stamp {
        Stamp { seen: self.seen, account_version: 0, now_ms }
    }

    /// A commit of fresh keys that these members cannot follow.
    pub fn shuts_out(&mut self, world: &World, whom: &[AccountId]) -> Prepared {
        self.shuts_out_at(world.now_ms, whom)
    }

    /// The same, at a time (milliseconds since 1970).
    pub fn shuts_out_at(&mut self, now_ms: u64, whom: &[AccountId]) -> Prepared {
        let mut forgery = Forgery::new(&self.room, self.vault.identity(), self.stamp(now_ms));
        forgery.shut_out = whom.iter().map(|account| account.0.into()).collect();
        forgery.commit(|builder| builder.force_self_update(true), &mut self.rng).expect("it is built")
    }

    /// The request that uploads a commit.
    pub fn upload(&mut self, prepared: &Prepared) -> Commit {
        let (room, root) = (&prepared.room, self.vault.current_root());
        let keyring = room.keyring_record();
        let id = self.account.0.into();
        let keyring = keyring.seal(root, id, room.id(), room.epoch(), &mut self.rng).expect("sealed");
        let package = |(method, bytes): &([u8; 32], Vec<u8>)| JoinPackage {
            method: MethodId(*method),
            bytes: bytes.clone().into(),
        };
        let parts = EpochParts {
            epoch: EpochId(room.epoch().0),
            public_state: prepared.public_state.clone().into(),
            snapshot: room.snapshot(root, &mut self.rng).expect("sealed").into(),
            keyring: keyring.into(),
            link: Some(prepared.link.clone().into()),
            packages: prepared.packages.iter().map(package).collect(),
            methods: None,
            keep: room.state().joins.iter().map(|join| MethodId(join.id())).collect(),
        };
        let mut entry = [0; 16];
        entry.copy_from_slice(&prepared.hash()[..16]);
        Commit {
            room: RoomId(room.id().0),
            after: self.after,
            id: EntryId(entry),
            bytes: prepared.sealed.clone().into(),
            parts,
            add: Vec::new(),
            remove: Vec::new(),
            welcomes: Vec::new(),
            proof: None,
            levels: None,
        }
    }

    /// A history link of an epoch that is right but for the key of its parent.
    pub fn false_link(&mut self, prepared: &Prepared) -> Vec<u8> {
        let (keys, step) = (prepared.room.keys(), prepared.room.step().clone());
        let key = SymmetricKey::random(&mut self.rng);
        let parent = EpochKeys::new(self.room.id(), self.room.epoch(), key);
        let author = (self.account.0.into(), self.vault.identity());
        seal_link(keys, author, Some(&parent), step, &mut self.rng).expect("it is sealed")
    }

    /// A room that this account makes up behind somebody's link, as a relay would show it. The join method names the link's creator, who is
    /// not in that room.
    pub fn behind_link(&mut self, world: &World, invite: &str, creator: AccountId) -> Response {
        let link = read_link(invite);
        let (me, state) = (self.account.0.into(), RoomState::group("Ops room", self.account.0.into()));
        let identity = self.vault.identity();
        let founded = Room::found(identity, me, link.room, &state, world.now_ms, &mut self.rng);
        let founded = founded.expect("it is founded");
        let method = link.secret.method(JoinKind::Link, creator.0.into()).expect("a method");
        let mut forgery = Forgery::new(&founded.room, identity, self.stamp(world.now_ms));
        forgery.state = Some(RoomState { joins: vec![method], ..state });
        let made = forgery.commit(|builder| builder, &mut self.rng).expect("it is built");
        Response::JoinInfo {
            epoch: EpochId(made.room.epoch().0),
            commit: 1,
            last_commit: 1,
            public_states: vec![made.public_state.into()],
            packages: made.packages.into_iter().map(|(_, bytes)| bytes.into()).collect(),
            last_seq: 1,
        }
    }

    /// The key package that an account has published.
    pub fn key_package(world: &World, username: &str) -> Newcomer {
        let account = &world.relay.accounts[username];
        let key = IdentityPublicKey(account.identity_key.as_bytes().try_into().expect("a key"));
        let published = account.key_package.as_ref().expect("it is published");
        let id = account.id.0.into();
        let opened = PublishedKeyPackage::open(id, &key, published.as_bytes()).expect("it is the account's");
        Newcomer { account: id, key, key_package: opened.key_package }
    }

    /// The commit of a member with another confirmation tag, as a relay can have it from anybody who was in the epoch before.
    pub fn spoil_tag(&mut self, author: AccountId, sealed: &[u8]) -> Vec<u8> {
        let (keys, author) = (self.room.keys(), author.0.into());
        let mut bare = hostile::open_commit(keys, author, sealed).expect("it follows the insider's epoch");
        hostile::spoil_confirmation_tag(&mut bare, false);
        hostile::seal_commit(keys, author, &bare, &mut self.rng).expect("it is sealed")
    }

    /// A Welcome back for somebody who asked, into a branch that nobody else is in; nothing where the request does not hold.
    pub fn welcome_back(&mut self, whom: &Newcomer, request: Vec<u8>, now_ms: u64) -> Option<Vec<u8>> {
        let stamp = Stamp { seen: self.seen, account_version: 0, now_ms };
        let Newcomer { account, key_package, .. } = whom.clone();
        let change = Change::Readmit { account, key_package, request };
        self.room.commit(self.vault.identity(), change, stamp, &mut self.rng).ok()?.welcome
    }

    /// A Welcome to a room of this id that the insider makes up.
    pub fn welcome_to(&mut self, world: &World, room: RoomId, whom: Vec<Newcomer>) -> Vec<u8> {
        let (me, identity) = (self.account.0.into(), self.vault.identity());
        let state = RoomState::group("Ops room", me);
        let founded = Room::found(identity, me, room.0.into(), &state, world.now_ms, &mut self.rng);
        let (founded, stamp) = (founded.expect("it is founded"), self.stamp(world.now_ms));
        let added = founded.room.commit(identity, Change::AddMany(whom), stamp, &mut self.rng);
        added.expect("they come in").welcome.expect("a Welcome")
    }

    /// A sound commit, after one of the insider's own, that lets somebody in again who asked; the Welcome that goes with it is as given.
    pub fn lets_in(
        &mut self,
        world: &World,
        last: Prepared,
        (whom, request): (&Newcomer, Vec<u8>),
        welcome: Vec<u8>,
    ) -> Commit {
        let room = RoomId(last.room.id().0);
        self.room = last.room;
        self.after = world.relay.rooms[&room].last_commit;
        let Newcomer { account, key_package, .. } = whom.clone();
        let change = Change::Readmit { account, key_package, request };
        let stamp = self.stamp(world.now_ms);
        let back = self.room.commit(self.vault.identity(), change, stamp, &mut self.rng);
        let mut commit = self.upload(&back.expect("the request holds"));
        commit.welcomes = vec![frame::Welcome { account: AccountId(account.0), bytes: welcome.into() }];
        commit
    }

    /// Bytes that are no commit at all, uploaded as one with parts that nobody can use.
    pub fn junk(&mut self, world: &World) -> Commit {
        let prepared = self.shuts_out(world, &[]);
        let mut commit = self.upload(&prepared);
        let mut sealed = prepared.sealed.clone();
        let last = sealed.len() - 1;
        sealed[last] ^= 1;
        let hash = rooms::commit_hash(&sealed);
        commit.id.0.copy_from_slice(&hash[..16]);
        commit.bytes = sealed.into();
        commit.parts.epoch = EpochId(hash);
        commit
    }

    /// A commit of any kind, with parts that nobody can use; nothing when openmls does not build it.
    pub fn forged(
        &mut self,
        world: &World,
        alter: impl FnOnce(&mut Forgery<'_>),
        what: impl FnOnce(Builder<'_>) -> Builder<'_>,
    ) -> Option<Commit> {
        let mut forgery = Forgery::new(&self.room, self.vault.identity(), self.stamp(world.now_ms));
        alter(&mut forgery);
        let handshake = forgery.handshake(what).ok()?;
        Some(self.sealed(world, &handshake))
    }

    /// The same, by which the insider also gets another key.
    pub fn forged_with_key(
        &mut self,
        world: &World,
        key: &IdentityKey,
        what: impl FnOnce(Builder<'_>) -> Builder<'_>,
    ) -> Option<Commit> {
        let mut forgery = Forgery::new(&self.room, self.vault.identity(), self.stamp(world.now_ms));
        forgery.new_key = Some(key);
        let handshake = forgery.handshake(what).ok()?;
        Some(self.sealed(world, &handshake))
    }

    /// The way in that a link gives to the insider's epoch.
    pub fn doorway(&self, world: &World, invite: &str) -> Doorway {
        let link = read_link(invite);
        let epoch = self.room.epoch();
        let stored = &world.relay.rooms[&RoomId(link.room.0)];
        let of_epoch = || stored.published.iter().filter(|published| published.epoch.0 == epoch.0);
        let states: Vec<_> =
            of_epoch().filter_map(|one| Some(one.public_state.as_ref()?.0.clone())).collect();
        let packages: Vec<_> =
            of_epoch().flat_map(|one| &one.packages).map(|one| one.bytes.0.clone()).collect();
        Doorway::open(link.room, epoch, &link.secret, &packages, &states).expect("the link is good")
    }

    /// A public state of the insider's epoch that is wrong at one byte, counted from the end of what is signed, and for each way in a join
    /// package by which the insider vouches for it.
    pub fn lying_public_state(&mut self, world: &World, from_end: usize) -> (Opaque, Vec<JoinPackage>) {
        let (keys, identity) = (self.room.keys(), self.vault.identity());
        let right = self.room.public_state(identity, &mut self.rng).expect("it is sealed");
        let (info, tree) = hostile::open_public_state(keys, &right).expect("it opens");
        let flip = |content: &mut Vec<u8>| *content.iter_mut().rev().nth(from_end).expect("so long") ^= 1;
        let info = hostile::resign_public_state(identity, &info, flip).expect("it is signed");
        let about = (info, tree);
        let package = |method: &JoinMethod| {
            let (signer, stamp) = ((self.account.0.into(), identity), self.stamp(world.now_ms));
            let bytes = hostile::seal_join_package(method, (keys, about.clone()), true, signer, stamp);
            JoinPackage { method: MethodId(method.id()), bytes: bytes.expect("it is sealed").into() }
        };
        let packages = self.room.state().joins.iter().map(package).collect();
        let sealed = hostile::seal_public_state(keys, about, &mut self.rng).expect("it is sealed");
        (sealed.into(), packages)
    }

    /// A commit of fresh keys whose bytes were altered after openmls had made it.
    pub fn spoiled(&mut self, world: &World, spoil: impl FnOnce(&mut Vec<u8>)) -> Commit {
        let forgery = Forgery::new(&self.room, self.vault.identity(), self.stamp(world.now_ms));
        let mut handshake =
            forgery.handshake(|builder| builder.force_self_update(true)).expect("it is built");
        spoil(&mut handshake);
        self.sealed(world, &handshake)
    }

    /// Any PublicMessage, sealed as a commit of the insider's, with parts that nobody can use.
    pub fn sealed(&mut self, world: &World, handshake: &[u8]) -> Commit {
        let account = self.account.0.into();
        let sealed =
            hostile::seal_commit(self.room.keys(), account, handshake, &mut self.rng).expect("sealed");
        let mut commit = self.junk(world);
        let hash = rooms::commit_hash(&sealed);
        commit.id.0.copy_from_slice(&hash[..16]);
        commit.bytes = sealed.into();
        commit.parts.epoch = EpochId(hash);
        commit
    }

    /// A message sealed with the room's keys and signed with the insider's, whatever it says.
    pub fn message(&mut self, message: &Message) -> Vec<u8> {
        message.seal(self.room.keys(), self.vault.identity(), &mut self.rng).expect("it is not too long")
    }

    /// A signal sealed with the room's keys and signed with the insider's, whoever it says it is of.
    pub fn signal(&mut self, signal: &Signal) -> Vec<u8> {
        signal.seal(self.room.keys(), self.vault.identity(), &mut self.rng).expect("it is not too long")
    }

    /// Sends a request on the device's own connection; its client knows nothing of it.
    pub fn send(&self, world: &mut World, request: Request) {
        world.relay.frame(self.device, ClientFrame { id: u64::MAX, request });
    }
}
