//! What members publish about an epoch, right and wrong.

use super::*;
use crate::room::hostile;

/// Bytes of a confirmation tag, as a vector, and of the signer's index behind it.
const TAG: usize = 1 + 48;
const SIGNER: usize = 4;

/// A public state that is signed by a member, imports without error, and is wrong at one byte (counted from the end of what is signed).
fn forged(room: &Room, liar: &Person, sealed: &[u8], from_end: usize) -> Vec<u8> {
    let (info, tree) = hostile::open_public_state(room.keys(), sealed).unwrap();
    let info = hostile::resign_public_state(liar.identity(), &info, |content| {
        *content.iter_mut().rev().nth(from_end).unwrap() ^= 1;
    });
    hostile::seal_public_state(room.keys(), (info.unwrap(), tree), &mut OsRng).unwrap()
}

/// An epoch that Mira made and published two public states of that lie: `external_pub`, and the confirmation tag.
struct Lies {
    people: [Person; 3],
    rooms: [Room; 3],
    secret: JoinSecret,
    made: Prepared,
    /// With the public state that it is about, the join package by which Mira vouches for it.
    lies: [(Vec<u8>, Vec<u8>); 2],
}

fn lies() -> Lies {
    let (people, mut rooms) = room_of_three();
    let mira = &people[0];
    let (secret, method) = link(mira);
    let state = RoomState { joins: vec![method], ..rooms[0].state().clone() };
    let made = mira.commit(&rooms[0], Change::State(Box::new(state)));
    for room in &mut rooms[1..] {
        *room = applied(room.process(mira.account, &made.sealed));
    }
    let lies = [SIGNER + TAG, SIGNER].map(|at| {
        let lie = forged(&rooms[1], mira, &made.public_state, at);
        let (keys, signer) = (rooms[1].keys(), (mira.account, mira.identity()));
        let about = (keys, hostile::open_public_state(keys, &lie).unwrap());
        let method = &rooms[1].state().joins[0];
        let package = hostile::seal_join_package(method, about, true, signer, stamp(&rooms[1])).unwrap();
        (lie, package)
    });
    Lies { people, rooms, secret, made, lies }
}

#[test]
fn members_tell_a_public_state_that_lies_and_publish_a_right_one() {
    let Lies { people, rooms, secret, made, lies } = lies();
    let jonas = &people[1];
    assert!(rooms[1].check_public_state(&made.public_state));
    for (lie, package) in &lies {
        let open = |packages: &[Vec<u8>]| {
            Doorway::open(rooms[1].id(), rooms[1].epoch(), &secret, packages, std::slice::from_ref(lie))
        };
        // A package vouches for one state and no other; but whoever only reads cannot tell what the liar vouches for.
        assert_eq!(open(&packages(&made.packages)).unwrap_err(), JoinError::PublicState);
        assert!(open(std::slice::from_ref(package)).is_ok());
        assert!(!rooms[1].check_public_state(lie));
    }
    assert!(!rooms[1].check_public_state(b"junk"));
    let old = rooms[0].public_state(people[0].identity(), &mut OsRng).unwrap();
    assert!(!rooms[1].check_public_state(&old));

    let right =
        rooms[1].corrections(jonas.identity(), Some(rooms[0].keys()), stamp(&rooms[1]), &mut OsRng).unwrap();
    assert!(rooms[2].check_public_state(&right.public_state));
    assert!(rooms[2].check_link(Some(rooms[0].keys()), right.link.as_ref().unwrap()));
    // With nothing of the author's that is any good, the link still leads in.
    let sealed = [vec![b"junk".to_vec()], packages(&right.packages)].concat();
    let public = [b"junk".to_vec(), right.public_state];
    let door = Doorway::open(rooms[1].id(), rooms[1].epoch(), &secret, &sealed, &public).unwrap();
    assert_eq!(door.vouched_by, jonas.account);
    let dora = Person::new(4);
    let joined = door.join(dora.identity(), dora.account, 0, 5, &mut OsRng).unwrap();
    assert_eq!(applied(rooms[2].process(dora.account, &joined.sealed)).roster().len(), 4);
}

#[test]
fn a_snapshot_needs_nobodys_word_for_the_confirmation_tag() {
    let Lies { people, rooms, made, lies: [_, (wrong_tag, _)], .. } = lies();
    let [mira, jonas, _] = &people;
    let root = jonas.vault.current_root();
    let sealed = rooms[1].snapshot(root, &mut OsRng).unwrap();
    let snapshot = Snapshot::open(root, jonas.account, rooms[1].id(), rooms[1].epoch(), &sealed).unwrap();
    let back = snapshot.restore(&[wrong_tag]).unwrap();
    let next = mira.commit(&made.room, Change::Refresh);
    assert_eq!(applied(back.process(mira.account, &next.sealed)).epoch(), next.room.epoch());
}

#[test]
fn whoever_joined_by_a_lie_lets_the_others_in_again() {
    let Lies { people, rooms, secret, lies, .. } = lies();
    let [_, jonas, _] = &people;
    for (lie, package) in lies {
        let dora = Person::new(4);
        let states = [lie];
        let door = Doorway::open(rooms[1].id(), rooms[1].epoch(), &secret, &[package], &states).unwrap();
        let joined = door.join(dora.identity(), dora.account, 0, 5, &mut OsRng).unwrap();
        // It counts for all, and nobody can follow.
        let Outcome::Unfollowable { epoch: failed, .. } = rooms[1].process(dora.account, &joined.sealed)
        else {
            panic!("he follows")
        };
        let bundle = KeyPackageBundle::generate(jonas.identity(), jonas.account).unwrap();
        let request = rooms[1].rejoin_request(jonas.identity(), 3, bundle.public()).unwrap();
        let readmit =
            Change::Readmit { account: jonas.account, key_package: bundle.public().to_vec(), request };
        let back = dora.commit(&joined.room, readmit);
        let his = bundle.join(jonas.account, rooms[1].id(), back.welcome.as_ref().unwrap()).unwrap();
        assert_eq!(his.roster().len(), 4);
        // Where the tag of an epoch is a lie, the ids that follow are others: the log leads there by that lie only.
        let link = HistoryLink::open(his.keys(), his.roster(), &back.link).unwrap();
        let known = [rooms[1].keys().clone(), link.parent_keys(his.id()).unwrap(), his.keys().clone()];
        let mut follower = rooms[1].follower(&states);
        let joined_at = follower.follow(&known, dora.account, &joined.sealed, &[joined.public_state]);
        assert_eq!(joined_at, Followed::To(joined.room.epoch()));
        // It is the commit that Jonas could not follow, whatever he calls the epoch that it makes.
        assert!(follower.made(failed));
        follower.follow(&known, dora.account, &back.sealed, &[]);
        assert!(follower.leads_to(&his));
    }
}

#[test]
fn the_package_of_whoever_made_the_link_comes_first() {
    let (people, mut rooms) = room_of_three();
    let [mira, jonas, _] = &people;
    let (secret, method) = link(mira);
    let state = RoomState { joins: vec![method], ..rooms[0].state().clone() };
    step_all(&people, &mut rooms, mira, Change::State(Box::new(state)));
    let by = |person: &Person, room: &Room| {
        room.corrections(person.identity(), None, stamp(room), &mut OsRng).unwrap()
    };
    let (hers, his) = (by(mira, &rooms[0]), by(jonas, &rooms[1]));
    let open = |packages: &[Vec<u8>], states: &[Vec<u8>]| {
        Doorway::open(rooms[0].id(), rooms[0].epoch(), &secret, packages, states).map(|door| door.vouched_by)
    };
    let [first, second] = [&his, &hers].map(|own| packages(&own.packages).remove(0));
    // Whoever signed the public state: both say the same.
    for states in [[hers.public_state.clone()], [his.public_state.clone()]] {
        assert_eq!(open(&[first.clone(), second.clone()], &states), Ok(mira.account));
        assert_eq!(open(std::slice::from_ref(&first), &states), Ok(jonas.account));
    }
    // Not without end: of packages 16, of public states 4.
    let states = [hers.public_state.clone()];
    let many = [vec![b"junk".to_vec(); 15], vec![first.clone(), second]].concat();
    assert_eq!(open(&many, &states), Ok(jonas.account));
    let many = [vec![b"junk".to_vec(); 16], vec![first.clone()]].concat();
    assert_eq!(open(&many, &states), Err(JoinError::NoPackage));
    let late = [vec![b"junk".to_vec(); 4], states.to_vec()].concat();
    assert_eq!(open(&[first], &late), Err(JoinError::PublicState));
}

#[test]
fn a_made_up_room_is_not_vouched_for_by_the_creator_of_its_link() {
    let (mira, mallory) = (Person::new(1), Person::new(66));
    let (secret, method) = link(&mira);
    let state = RoomState::group("Ops room", mallory.account);
    let room = RoomId([9; 16]);
    let fake = Room::found(mallory.identity(), mallory.account, room, &state, 1, &mut OsRng).unwrap();
    let state = RoomState { joins: vec![method], ..state };
    let forgery = hostile::Forgery {
        state: Some(state),
        ..hostile::Forgery::new(&fake.room, mallory.identity(), stamp(&fake.room))
    };
    let hers = KeyPackageBundle::generate(mira.identity(), mira.account).unwrap();
    let made = forgery.commit(|b| b.propose_adds([validated(hers.public())]), &mut OsRng).unwrap();
    let states = [made.public_state];
    let door = Doorway::open(room, made.room.epoch(), &secret, &packages(&made.packages), &states).unwrap();
    // Mira is there, with her key, and it is her link; only that she does not say so.
    let creator = door.state.join(&secret.method_id().unwrap()).unwrap().creator;
    assert_eq!((creator, door.roster[&creator]), (mira.account, mira.identity().public()));
    assert_eq!(door.vouched_by, mallory.account);
}

#[test]
fn a_snapshot_has_no_key_package() {
    let (people, rooms) = room_of_three();
    let jonas = &people[1];
    let kinds = |room: &Room| {
        let entries = room.provider.storage().private_entries();
        entries
            .iter()
            .map(crate::room::storage::PrivateEntry::kind)
            .collect::<std::collections::BTreeSet<_>>()
    };
    assert!(!kinds(&rooms[1]).contains(&24) && !kinds(&rooms[1]).contains(&25));
    assert!(!kinds(&rooms[0]).contains(&24) && !kinds(&rooms[0]).contains(&25));
    // A room goes on without, also from a snapshot.
    let next = people[0].commit(&rooms[0], Change::Refresh);
    let his = applied(rooms[1].process(people[0].account, &next.sealed));
    let own = jonas.commit(&his, Change::Refresh);
    assert!(!kinds(&own.room).contains(&24));
    assert!(matches!(next.room.process(jonas.account, &own.sealed), Outcome::Applied(_)));
    // Nor does a snapshot bring one back.
    let bundle = KeyPackageBundle::generate(jonas.identity(), jonas.account).unwrap();
    let smuggled = bundle.private_entries();
    assert!(Provider::default().storage().import_snapshot(smuggled).is_err());
    let entries = his.provider.storage().private_entries();
    assert!(Provider::default().storage().import_key_package(entries).is_err());
}

#[test]
fn history_links_are_signed_by_members_and_checked_by_the_others() {
    let (people, rooms) = room_of_three();
    let [mira, jonas, _] = &people;
    let (parent, made) = (rooms[0].keys().clone(), mira.commit(&rooms[0], Change::Refresh));
    let his = applied(rooms[1].process(mira.account, &made.sealed));
    assert!(his.check_link(Some(&parent), &made.link));
    assert!(his.check_link(None, &made.link));
    let opened = HistoryLink::open(his.keys(), his.roster(), &made.link).unwrap();
    assert_eq!(opened.signer, mira.account);

    let step = his.step().clone();
    let by = |person: &Person, parent: Option<&EpochKeys>, step: EpochStep| {
        let signer = (person.account, person.identity());
        hostile::seal_link(his.keys(), signer, parent, step, &mut OsRng).unwrap()
    };
    assert!(his.check_link(Some(&parent), &by(jonas, Some(&parent), step.clone())));
    // Signed by nobody of the room, or in the name of another.
    let dora = Person::new(4);
    for (account, identity) in [(dora.account, dora.identity()), (jonas.account, mira.identity())] {
        let link =
            hostile::seal_link(his.keys(), (account, identity), Some(&parent), step.clone(), &mut OsRng);
        assert!(HistoryLink::open(his.keys(), his.roster(), &link.unwrap()).is_err());
    }
    // Signed by a member, and wrong: another key, no key, another story.
    let wrong = EpochKeys::new(parent.room, parent.epoch, crate::secret::SymmetricKey::from_bytes([1; 32]));
    assert!(!his.check_link(Some(&parent), &by(mira, Some(&wrong), step.clone())));
    assert!(!wrong.opens_commit(mira.account, &made.sealed));
    assert!(parent.opens_commit(mira.account, &made.sealed));
    assert!(!his.check_link(Some(&parent), &by(mira, None, step.clone())));
    let story = EpochStep { renamed: Some("Elsewhere".into()), ..step };
    assert!(!his.check_link(Some(&parent), &by(mira, Some(&parent), story)));
}

#[test]
fn a_link_gives_no_key_to_newcomers_who_may_not_read_back() {
    let people = [1, 2].map(Person::new);
    let [mira, jonas] = &people;
    let state = RoomState { history: HistoryRule::FromJoin, ..RoomState::group("Quiet", mira.account) };
    let founded = Room::found(mira.identity(), mira.account, RoomId([9; 16]), &state, 1, &mut OsRng).unwrap();
    let bundle = KeyPackageBundle::generate(jonas.identity(), jonas.account).unwrap();
    let added = mira.commit(&founded.room, jonas.added_by(bundle.public()));
    let parent = founded.room.keys();
    assert!(added.room.check_link(Some(parent), &added.link));
    let signer = (mira.account, mira.identity());
    let step = added.room.step().clone();
    let telling = hostile::seal_link(added.room.keys(), signer, Some(parent), step, &mut OsRng).unwrap();
    assert!(!added.room.check_link(Some(parent), &telling));

    // After a Welcome it is not known how the epoch came to be, until a link says it.
    let his = bundle.join(jonas.account, founded.room.id(), added.welcome.as_ref().unwrap()).unwrap();
    assert!(!his.knows_step() && founded.room.knows_step());
    assert!(his.check_link(None, &added.link));
    let own = his.corrections(jonas.identity(), None, stamp(&his), &mut OsRng).unwrap();
    assert_eq!(own.link, None);
    let link = HistoryLink::open(his.keys(), his.roster(), &added.link).unwrap();
    let his = his.with_step(link.step);
    assert!(his.knows_step());
    assert_eq!(his.step(), added.room.step());
}

#[test]
fn the_check_code_is_the_same_for_all_of_an_epoch_only() {
    let (people, mut rooms) = room_of_three();
    let code = rooms[0].check_code();
    assert_eq!(code.split(' ').map(str::len).collect::<Vec<_>>(), [5; 6]);
    assert!(rooms.iter().all(|room| room.check_code() == code));
    let refreshed = people[1].commit(&rooms[1], Change::Refresh);
    assert_ne!(refreshed.room.check_code(), code);
    // Two branches of one parent differ.
    step_all(&people, &mut rooms, &people[0], Change::Refresh);
    assert_ne!(rooms[0].check_code(), refreshed.room.check_code());
}
