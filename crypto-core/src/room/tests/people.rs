//! People, and rooms with them in.

use rand_core::OsRng;

use super::super::*;
use crate::{account::Vault, ids::MessageId};

pub(super) struct Person {
    pub(super) account: AccountId,
    pub(super) vault: Vault,
}

impl Person {
    pub(super) fn new(n: u8) -> Self {
        Self { account: AccountId([n; 16]), vault: Vault::generate(&mut OsRng) }
    }

    pub(super) fn identity(&self) -> &IdentityKey {
        self.vault.identity()
    }

    pub(super) fn found(&self, joins: Vec<JoinMethod>) -> Founded {
        let state = RoomState { joins, ..RoomState::group("Ops room", self.account) };
        Room::found(self.identity(), self.account, RoomId([9; 16]), &state, 1, &mut OsRng).unwrap()
    }

    pub(super) fn commit(&self, room: &Room, change: Change) -> Prepared {
        self.try_commit(room, change).unwrap()
    }

    pub(super) fn try_commit(&self, room: &Room, change: Change) -> Result<Prepared, CommitError> {
        room.commit(self.identity(), change, stamp(room), &mut OsRng)
    }

    pub(super) fn newcomer(&self, key_package: &[u8]) -> Newcomer {
        Newcomer { account: self.account, key: self.identity().public(), key_package: key_package.to_vec() }
    }

    pub(super) fn added_by(&self, key_package: &[u8]) -> Change {
        Change::Add(self.newcomer(key_package))
    }

    pub(super) fn message(&self, text: &str) -> Message {
        let metadata = Metadata {
            sender: self.account,
            id: MessageId::random(&mut OsRng),
            stream: MessageId([1; 16]),
            position: 0,
            seen: LogHead::start(RoomId([9; 16])),
            sent_at_ms: 3,
            kind: 1,
            account_version: 4,
        };
        Message { metadata, body: text.as_bytes().to_vec() }
    }

    pub(super) fn say(&self, room: &Room, text: &str) -> (MessageId, Vec<u8>) {
        let message = self.message(text);
        (message.metadata.id, message.seal(room.keys(), self.identity(), &mut OsRng).unwrap())
    }
}

pub(super) fn stamp(room: &Room) -> Stamp {
    Stamp { seen: LogHead::start(room.id()), account_version: 4, now_ms: 2 }
}

/// The way in by a link, as the relay gives it.
pub(super) fn doorway(of: &Founded, secret: &JoinSecret) -> Doorway {
    let public = std::slice::from_ref(&of.public_state);
    Doorway::open(of.room.id(), of.room.epoch(), secret, &packages(&of.packages), public).unwrap()
}

/// A room of these people, at one epoch, as each of them holds it.
pub(super) fn room_of<const N: usize>(people: &[Person; N], state: RoomState, id: RoomId) -> [Room; N] {
    let founder = &people[0];
    let founded = Room::found(founder.identity(), founder.account, id, &state, 1, &mut OsRng).unwrap();
    let bundles: Vec<_> = people[1..]
        .iter()
        .map(|person| KeyPackageBundle::generate(person.identity(), person.account).unwrap())
        .collect();
    let added = people[1..].iter().zip(&bundles).map(|(p, bundle)| p.newcomer(bundle.public()));
    let added = founder.commit(&founded.room, Change::AddMany(added.collect()));
    let mut rooms = vec![added.room];
    for (person, bundle) in people[1..].iter().zip(&bundles) {
        let room = bundle.join(person.account, id, added.welcome.as_ref().unwrap()).unwrap();
        rooms.push(room.with_step(rooms[0].step().clone()));
    }
    rooms.try_into().unwrap()
}

/// A room of Mira, its owner, Jonas and Carl.
pub(super) fn room_of_three() -> ([Person; 3], [Room; 3]) {
    let people = [1, 2, 3].map(Person::new);
    let rooms = room_of(&people, RoomState::group("Ops room", people[0].account), RoomId([9; 16]));
    (people, rooms)
}

/// One of them commits, and all go on.
pub(super) fn step_all<const N: usize>(
    people: &[Person; N],
    rooms: &mut [Room; N],
    author: &Person,
    change: Change,
) {
    let at = people.iter().position(|person| person.account == author.account).unwrap();
    let prepared = author.commit(&rooms[at], change);
    for (place, room) in rooms.iter_mut().enumerate() {
        if place != at {
            *room = applied(room.process(author.account, &prepared.sealed));
        }
    }
    rooms[at] = prepared.room;
}

pub(super) fn validated(bytes: &[u8]) -> hostile::mls::KeyPackage {
    hostile::read_key_package(bytes).unwrap()
}

pub(super) fn link(person: &Person) -> (JoinSecret, JoinMethod) {
    let secret = JoinSecret::generate(&mut OsRng);
    let method = secret.method(JoinKind::Link, person.account).unwrap();
    (secret, method)
}

pub(super) fn packages(packages: &[([u8; 32], Vec<u8>)]) -> Vec<Vec<u8>> {
    packages.iter().map(|(_, bytes)| bytes.clone()).collect()
}

pub(super) fn applied(outcome: Outcome) -> Room {
    match outcome {
        Outcome::Applied(room) => *room,
        other => panic!("{other:?}"),
    }
}

pub(super) fn read(room: &Room, sender: &Person, id: MessageId, sealed: &[u8]) -> String {
    let message = Message::open(room.keys(), room.roster(), sender.account, id, sealed).unwrap();
    String::from_utf8(message.body).unwrap()
}
