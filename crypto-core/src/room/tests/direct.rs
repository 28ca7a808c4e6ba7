//! Rooms of two, and rooms that take over from others.

use super::*;
use crate::room::hostile::{self, Forgery};

fn two() -> ([Person; 2], [Room; 2]) {
    let people = [1, 2].map(Person::new);
    let state = RoomState::direct(people[0].account, people[1].account);
    let rooms = room_of(&people, state, RoomId([9; 16]));
    (people, rooms)
}

fn package(person: &Person) -> Vec<u8> {
    KeyPackageBundle::generate(person.identity(), person.account).unwrap().public().to_vec()
}

#[test]
fn both_change_a_direct_room_and_neither_puts_the_other_out() {
    let (people, mut rooms) = two();
    let [mira, jonas] = &people;
    for (person, topic) in [(mira, "tea"), (jonas, "coffee")] {
        let state = RoomState { topic: topic.into(), ..rooms[0].state().clone() };
        step_all(&people, &mut rooms, person, Change::State(Box::new(state)));
        assert_eq!(rooms[0].state().topic, topic);
        assert_eq!(rooms[0].state().role(person.account), Role::Owner);
    }
    for (person, other, room) in [(mira, jonas, &rooms[0]), (jonas, mira, &rooms[1])] {
        let removal = Change::Remove(vec![other.account], Box::new(room.state().clone()));
        assert_eq!(person.try_commit(room, removal).unwrap_err(), CommitError::Refused);
        let leaf = hostile::leaf_of(room, other.account).unwrap();
        let forged = Forgery::new(room, person.identity(), stamp(room));
        let forged = forged.commit(|b| b.propose_removals([leaf]), &mut OsRng).unwrap();
        let reader = if person.account == mira.account { &rooms[1] } else { &rooms[0] };
        assert!(matches!(reader.process(person.account, &forged.sealed), Outcome::Skipped(Invalid::Role)));
    }
}

#[test]
fn a_direct_room_has_no_place_for_a_third() {
    let (people, rooms) = two();
    let [mira, _] = &people;
    let dora = Person::new(4);
    let added = mira.try_commit(&rooms[0], dora.added_by(&package(&dora)));
    assert_eq!(added.unwrap_err(), CommitError::Refused);
    let forged = Forgery::new(&rooms[0], mira.identity(), stamp(&rooms[0]))
        .commit(|b| b.propose_adds([validated(&package(&dora))]), &mut OsRng)
        .unwrap();
    assert!(matches!(rooms[1].process(mira.account, &forged.sealed), Outcome::Skipped(Invalid::Full)));
    // Nor does one become another kind of room, or of other people.
    let group = RoomState::group("Us", mira.account);
    let others = RoomState { peer: Some(dora.account), ..rooms[0].state().clone() };
    let named = RoomState { name: "Us".into(), ..rooms[0].state().clone() };
    let (_, method) = link(mira);
    let open = RoomState { joins: vec![method], ..rooms[0].state().clone() };
    for state in [group, others, named, open] {
        let forgery =
            Forgery { state: Some(state), ..Forgery::new(&rooms[0], mira.identity(), stamp(&rooms[0])) };
        let forged = forgery.handshake(|b| b).unwrap();
        let sealed = hostile::seal_commit(rooms[0].keys(), mira.account, &forged, &mut OsRng).unwrap();
        assert!(matches!(rooms[1].process(mira.account, &sealed), Outcome::Skipped(Invalid::State)));
    }
    assert_eq!(
        Room::found(
            mira.identity(),
            mira.account,
            RoomId([9; 16]),
            &RoomState::direct(mira.account, mira.account),
            1,
            &mut OsRng
        )
        .unwrap_err(),
        CommitError::Refused
    );
}

#[test]
fn nobody_takes_the_place_of_a_peer_who_left() {
    let (people, mut rooms) = two();
    let [mira, jonas] = &people;
    step_all(&people, &mut rooms, jonas, Change::Refresh);
    let said = rooms[1].leave_statement(jonas.identity(), 5).unwrap();
    let alone = mira.commit(&rooms[0], Change::Departed(vec![(jonas.account, said)])).room;
    let state = RoomState { peer: Some(AccountId([4; 16])), ..alone.state().clone() };
    let replaced = mira.try_commit(&alone, Change::State(Box::new(state)));
    assert_eq!(replaced.unwrap_err(), CommitError::Refused);
}

#[test]
fn whoever_left_a_direct_room_can_be_brought_back() {
    let (people, mut rooms) = two();
    let [mira, jonas] = &people;
    // Also the one who founded it, after a first commit of their own.
    step_all(&people, &mut rooms, mira, Change::Refresh);
    let said = rooms[0].leave_statement(mira.identity(), 5).unwrap();
    let alone = jonas.commit(&rooms[1], Change::Departed(vec![(mira.account, said)]));
    assert!(matches!(rooms[0].process(jonas.account, &alone.sealed), Outcome::Removed(_)));
    let bundle = KeyPackageBundle::generate(mira.identity(), mira.account).unwrap();
    let again = jonas.commit(&alone.room, mira.added_by(bundle.public()));
    let hers = bundle.join(mira.account, rooms[0].id(), again.welcome.as_ref().unwrap()).unwrap();
    assert_eq!(hers.keys().room_key(), again.room.keys().room_key());
}

#[test]
fn whoever_is_shut_out_of_a_direct_room_comes_back_too() {
    let (people, rooms) = two();
    let [mira, jonas] = &people;
    let bundle = KeyPackageBundle::generate(jonas.identity(), jonas.account).unwrap();
    let request = rooms[1].rejoin_request(jonas.identity(), 3, bundle.public()).unwrap();
    let readmit = Change::Readmit { account: jonas.account, key_package: bundle.public().to_vec(), request };
    let back = mira.commit(&rooms[0], readmit);
    assert!(bundle.join(jonas.account, rooms[0].id(), back.welcome.as_ref().unwrap()).is_ok());
}

#[test]
fn a_room_takes_over_from_another_once_and_for_all() {
    let (people, mut rooms) = room_of_three();
    let [mira, jonas, _] = &people;
    // A plain member's word moves nobody.
    let early = rooms[1].successor_statement(jonas.identity(), RoomId([7; 16]), EpochId([1; 32]));
    assert_eq!(rooms[0].check_successor(jonas.account, &early), None);
    let mut state = rooms[0].state().clone();
    state.roles.push(RoleEntry { account: jonas.account, role: Role::Owner });
    step_all(&people, &mut rooms, mira, Change::State(Box::new(state)));
    let predecessor = Predecessor {
        room: rooms[1].id(),
        epoch: rooms[1].epoch(),
        head: LogHead { seq: 12, hash: [3; 32] },
    };
    let state = RoomState { predecessor: Some(predecessor), ..RoomState::group("Ops room", jonas.account) };
    let next = RoomId([7; 16]);
    let founded = Room::found(jonas.identity(), jonas.account, next, &state, 1, &mut OsRng).unwrap();
    let others: Vec<_> = people[..1].iter().map(|p| p.newcomer(&package(p))).collect();
    let filled = jonas.commit(&founded.room, Change::AddMany(others)).room;
    assert_eq!(filled.state().predecessor, Some(predecessor));

    let first = founded.room.epoch();
    let said = rooms[1].successor_statement(jonas.identity(), next, first);
    let read = rooms[0].check_successor(jonas.account, &said).unwrap();
    assert_eq!((read.next, read.epoch, read.first), (next, rooms[1].epoch(), first));
    // Not somebody else's, not of another room, not this room itself.
    assert_eq!(rooms[0].check_successor(mira.account, &said), None);
    assert_eq!(filled.check_successor(jonas.account, &said), None);
    let itself = rooms[1].successor_statement(jonas.identity(), rooms[1].id(), first);
    assert_eq!(rooms[0].check_successor(jonas.account, &itself), None);
    assert_eq!(rooms[0].check_successor(jonas.account, &said[1..]), None);

    // The new room says so, too: by its founder, its predecessor, and where it began.
    let old = rooms[0].id();
    assert!(
        filled.succeeds(old, jonas.account, &read, Some(first))
            && filled.succeeds(old, jonas.account, &read, None)
    );
    assert!(!filled.succeeds(old, mira.account, &read, None));
    assert!(!filled.succeeds(next, jonas.account, &read, None));
    assert!(!filled.succeeds(old, jonas.account, &read, Some(filled.epoch())));
    assert!(!rooms[0].succeeds(old, jonas.account, &read, None));
    let mut later = read.clone();
    later.epoch = filled.epoch();
    assert!(!filled.succeeds(old, jonas.account, &later, None));
    let mut other = read;
    other.next = RoomId([6; 16]);
    assert!(!filled.succeeds(old, jonas.account, &other, None));

    // An owner cannot write another past later.
    for predecessor in [None, Some(Predecessor { room: RoomId([1; 16]), ..predecessor })] {
        let state = RoomState { predecessor, ..filled.state().clone() };
        let changed = jonas.try_commit(&filled, Change::State(Box::new(state)));
        assert_eq!(changed.unwrap_err(), CommitError::Refused);
    }
}
