//! Letting members in again.

use super::*;
use crate::room::hostile::{self, Forgery, mls};

fn package(person: &Person) -> KeyPackageBundle {
    KeyPackageBundle::generate(person.identity(), person.account).unwrap()
}

/// Mira makes a commit that all but Carl can follow.
fn shut_carl_out(people: &[Person; 3], rooms: &mut [Room; 3]) -> Prepared {
    let [mira, _, carl] = people;
    let forgery = Forgery {
        shut_out: vec![carl.account],
        ..Forgery::new(&rooms[0], mira.identity(), stamp(&rooms[0]))
    };
    let bad = forgery.commit(|b| b.force_self_update(true), &mut OsRng).unwrap();
    match rooms[2].process(mira.account, &bad.sealed) {
        Outcome::Unfollowable { epoch, author } => {
            assert_eq!((epoch, author), (bad.room.epoch(), mira.account));
        }
        other => panic!("{other:?}"),
    }
    rooms[1] = applied(rooms[1].process(mira.account, &bad.sealed));
    rooms[0] = applied_own(&rooms[0], mira, &bad);
    assert_eq!(rooms[0].keys().room_key(), rooms[1].keys().room_key());
    bad
}

/// The room of another session after it has loaded what came with its own account's commit.
fn applied_own(room: &Room, person: &Person, prepared: &Prepared) -> Room {
    assert!(matches!(room.process(person.account, &prepared.sealed), Outcome::Own { .. }));
    let root = person.vault.current_root();
    let sealed = prepared.room.snapshot(root, &mut OsRng).unwrap();
    let snapshot = Snapshot::open(root, person.account, room.id(), prepared.room.epoch(), &sealed).unwrap();
    snapshot.restore(std::slice::from_ref(&prepared.public_state)).unwrap()
}

#[test]
fn whoever_is_shut_out_comes_back_by_any_member_and_reads_what_it_missed() {
    let (people, mut rooms) = room_of_three();
    let [mira, jonas, carl] = &people;
    let last_good = rooms[2].epoch();
    let bad = shut_carl_out(&people, &mut rooms);
    let (id, missed) = mira.say(&rooms[0], "without Carl");

    // Carl asks; Jonas, who may do nothing else, lets him in.
    let bundle = package(carl);
    let request = rooms[2].rejoin_request(carl.identity(), 7, bundle.public()).unwrap();
    let read = rooms[1].check_rejoin(carl.account, &request).unwrap();
    assert_eq!((read.epoch, read.failed), (last_good, 7));
    assert!(read.names(bundle.public()) && !read.names(package(carl).public()));
    let change = Change::Readmit { account: carl.account, key_package: bundle.public().to_vec(), request };
    let back = jonas.commit(&rooms[1], change);
    rooms[0] = applied(rooms[0].process(jonas.account, &back.sealed));
    assert!(back.room.step().changes.is_empty());
    let his = bundle.join(carl.account, back.room.id(), back.welcome.as_ref().unwrap()).unwrap();
    assert_eq!(his.keys().room_key(), rooms[0].keys().room_key());

    // The links lead him back over what he missed to what he has.
    let link = HistoryLink::open(his.keys(), his.roster(), &back.link).unwrap();
    let his = his.with_step(link.step.clone());
    let keys = link.parent_keys(his.id()).unwrap();
    assert!(keys.opens_commit(jonas.account, &back.sealed));
    let roster = link.step.parent_roster(his.roster()).unwrap();
    let opened = Message::open(&keys, &roster, mira.account, id, &missed).unwrap();
    assert_eq!(opened.body, b"without Carl");
    let link = HistoryLink::open(&keys, &roster, &bad.link).unwrap();
    assert_eq!(link.parent_keys(his.id()).unwrap().room_key(), rooms[2].keys().room_key());

    // And the room goes on for all.
    let next = carl.commit(&his, Change::Refresh);
    rooms[0] = applied(rooms[0].process(carl.account, &next.sealed));
    rooms[1] = applied(back.room.process(carl.account, &next.sealed));
    assert_eq!(rooms[0].keys().room_key(), next.room.keys().room_key());
    assert_eq!(rooms[0].check_code(), rooms[1].check_code());
}

#[test]
fn spoilt_tags_shut_everybody_out_and_prove_nothing() {
    let (people, rooms) = room_of_three();
    let mira = &people[0];
    let honest = mira.commit(&rooms[0], Change::Refresh);
    let handshake = hostile::open_commit(rooms[1].keys(), mira.account, &honest.sealed).unwrap();
    for membership in [true, false] {
        // Any member can open and seal anew; the relay puts it in the place of the honest one.
        let mut spoilt = handshake.clone();
        if membership {
            hostile::spoil_membership_tag(&mut spoilt);
        } else {
            hostile::spoil_confirmation_tag(&mut spoilt, false);
        }
        let sealed = hostile::seal_commit(rooms[1].keys(), mira.account, &spoilt, &mut OsRng).unwrap();
        let outcome = rooms[2].process(mira.account, &sealed);
        assert!(matches!(outcome, Outcome::Unfollowable { author, .. } if author == mira.account));
    }
}

#[test]
fn a_rejoin_request_is_for_one_leaf_one_key_package_and_one_room() {
    let (people, mut rooms) = room_of_three();
    let [_, jonas, carl] = &people;
    let bundle = package(carl);
    let key_package = || bundle.public().to_vec();
    let asked = |room: &Room| room.rejoin_request(carl.identity(), 7, bundle.public()).unwrap();
    let readmit = |key_package, request| Change::Readmit { account: carl.account, key_package, request };
    let refused =
        |room: &Room, change| assert_eq!(jonas.try_commit(room, change).unwrap_err(), CommitError::Refused);

    // Another key package, and one of another account.
    refused(&rooms[1], readmit(package(carl).public().to_vec(), asked(&rooms[2])));
    let other = readmit(package(jonas).public().to_vec(), asked(&rooms[2]));
    assert_eq!(jonas.try_commit(&rooms[1], other).unwrap_err(), CommitError::KeyPackage);
    // The request of somebody else, even for this key package; and one that somebody else signed.
    refused(
        &rooms[1],
        readmit(key_package(), rooms[1].rejoin_request(jonas.identity(), 7, bundle.public()).unwrap()),
    );
    refused(
        &rooms[1],
        readmit(key_package(), rooms[2].rejoin_request(jonas.identity(), 7, bundle.public()).unwrap()),
    );
    // A statement of another kind, and of another room with the same people.
    let left = carl.commit(&rooms[2], Change::Refresh).room.leave_statement(carl.identity(), 1).unwrap();
    refused(&rooms[1], readmit(key_package(), left));
    let elsewhere = room_of(&people, RoomState::group("Elsewhere", people[0].account), RoomId([8; 16]));
    refused(&rooms[1], readmit(key_package(), asked(&elsewhere[2])));
    // Nothing at all.
    refused(&rooms[1], readmit(key_package(), Vec::new()));

    // The leaf changes: what was asked before holds no more, for any member who kept it.
    let old = asked(&rooms[2]);
    assert!(jonas.try_commit(&rooms[1], readmit(key_package(), old.clone())).is_ok());
    let refreshed = carl.commit(&rooms[2], Change::Refresh);
    rooms[1] = applied(rooms[1].process(carl.account, &refreshed.sealed));
    refused(&rooms[1], readmit(key_package(), old.clone()));
    assert_eq!(rooms[1].check_rejoin(carl.account, &old), None);
    assert!(jonas.try_commit(&rooms[1], readmit(key_package(), asked(&refreshed.room))).is_ok());
}

#[test]
fn letting_somebody_in_again_is_all_that_such_a_commit_does() {
    let (people, rooms) = room_of_three();
    let [mira, _, carl] = &people;
    let bundle = package(carl);
    let request = rooms[2].rejoin_request(carl.identity(), 7, bundle.public()).unwrap();
    let leaf = hostile::leaf_of(&rooms[0], carl.account).unwrap();
    let forge = |statements: &[&[u8]],
                 state: Option<RoomState>,
                 what: &dyn Fn(hostile::Builder<'_>) -> hostile::Builder<'_>| {
        // Mira owns the room: her role does not help her.
        let forgery = Forgery {
            statements: statements.iter().map(|bytes| bytes.to_vec()).collect(),
            state,
            ..Forgery::new(&rooms[0], mira.identity(), stamp(&rooms[0]))
        };
        let handshake = forgery.handshake(what).unwrap();
        let sealed = hostile::seal_commit(rooms[0].keys(), mira.account, &handshake, &mut OsRng).unwrap();
        match rooms[1].process(mira.account, &sealed) {
            Outcome::Skipped(reason) => Some(reason),
            Outcome::Applied(_) => None,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(forge(&[&request], None, &|b| swap_of(b, leaf, &bundle)), None);
    // Without the request, or with it twice.
    assert_eq!(forge(&[], None, &|b| swap_of(b, leaf, &bundle)), Some(Invalid::Readmit));
    assert_eq!(forge(&[&request, &request], None, &|b| swap_of(b, leaf, &bundle)), Some(Invalid::Readmit));
    // With another state, one more member, one less.
    let state = RoomState { topic: "more".into(), ..rooms[0].state().clone() };
    assert_eq!(forge(&[&request], Some(state), &|b| swap_of(b, leaf, &bundle)), Some(Invalid::Readmit));
    let dora = package(&Person::new(4));
    let more =
        forge(&[&request], None, &|b| swap_of(b, leaf, &bundle).propose_adds([validated(dora.public())]));
    assert_eq!(more, Some(Invalid::Readmit));
    let jonas = hostile::leaf_of(&rooms[0], people[1].account).unwrap();
    let less = forge(&[&request], None, &|b| swap_of(b, leaf, &bundle).propose_removals([jonas]));
    assert_eq!(less, Some(Invalid::Readmit));
    // Under another key, in the name of the account.
    let double = Person { account: carl.account, vault: Vault::generate(&mut OsRng) };
    let other = package(&double);
    assert_eq!(forge(&[&request], None, &|b| swap_of(b, leaf, &other)), Some(Invalid::Readmit));
    // Also when Carl himself asks for it: to change a key and come back are two commits.
    let asked = rooms[2].rejoin_request(carl.identity(), 7, other.public()).unwrap();
    assert_eq!(forge(&[&asked], None, &|b| swap_of(b, leaf, &other)), Some(Invalid::Readmit));
    // A request that the commit does not act on.
    assert_eq!(forge(&[&request], None, &|b| b.force_self_update(true)), Some(Invalid::Statement));
    assert_eq!(forge(&[&request], None, &|b| b.propose_removals([leaf])), Some(Invalid::Statement));
}

fn swap_of<'a>(
    b: hostile::Builder<'a>,
    leaf: mls::LeafNodeIndex,
    package: &KeyPackageBundle,
) -> hostile::Builder<'a> {
    b.propose_removals([leaf]).propose_adds([validated(package.public())])
}

#[test]
fn the_same_request_lets_nobody_in_twice() {
    let (people, rooms) = room_of_three();
    let [_, jonas, carl] = &people;
    let bundle = package(carl);
    let readmit =
        |request| Change::Readmit { account: carl.account, key_package: bundle.public().to_vec(), request };
    let request = rooms[2].rejoin_request(carl.identity(), 7, bundle.public()).unwrap();
    let back = jonas.commit(&rooms[1], readmit(request));
    // One who could follow is not shut out: the Welcome leads on.
    match rooms[2].process(jonas.account, &back.sealed) {
        Outcome::Readmitted { epoch, step } => {
            assert_eq!((epoch, &step), (back.room.epoch(), back.room.step()));
        }
        other => panic!("{other:?}"),
    }
    let his = bundle.join(carl.account, back.room.id(), back.welcome.as_ref().unwrap()).unwrap();
    assert_eq!(his.epoch(), back.room.epoch());
    // The same key package would make the same leaf, for which the same request holds again and again.
    let request = his.rejoin_request(carl.identity(), 9, bundle.public()).unwrap();
    assert!(back.room.check_rejoin(carl.account, &request).is_some());
    assert_eq!(jonas.try_commit(&back.room, readmit(request.clone())).unwrap_err(), CommitError::Refused);
    let leaf = hostile::leaf_of(&back.room, carl.account).unwrap();
    let forgery = Forgery {
        statements: vec![request],
        ..Forgery::new(&back.room, jonas.identity(), stamp(&back.room))
    };
    let forged = forgery.handshake(|b| swap_of(b, leaf, &bundle)).unwrap();
    let sealed = hostile::seal_commit(back.room.keys(), jonas.account, &forged, &mut OsRng).unwrap();
    let hers = applied(rooms[0].process(jonas.account, &back.sealed));
    assert!(matches!(hers.process(jonas.account, &sealed), Outcome::Skipped(Invalid::Readmit)));
}

#[test]
fn a_rubbish_welcome_shuts_nobody_out() {
    let (people, mut rooms) = room_of_three();
    let [mira, jonas, carl] = &people;
    let last_good = rooms[2].epoch();
    shut_carl_out(&people, &mut rooms);
    let bundle = package(carl);
    let request = rooms[2].rejoin_request(carl.identity(), 7, bundle.public()).unwrap();
    let change = Change::Readmit { account: carl.account, key_package: bundle.public().to_vec(), request };
    let again = mira.commit(&rooms[0], change);
    rooms[1] = applied(rooms[1].process(mira.account, &again.sealed));
    // Mira's Welcome is rubbish. What Carl knows of his leaf is the key package that he asked with.
    assert!(bundle.join(carl.account, rooms[2].id(), b"rubbish").is_err());
    let next = package(carl);
    let old = rooms[2].rejoin_request(carl.identity(), 8, next.public()).unwrap();
    assert_eq!(rooms[1].check_rejoin(carl.account, &old), None);
    let ask = |by: &KeyPackageBundle, with: &KeyPackageBundle| {
        by.rejoin_request(carl.identity(), rooms[2].id(), last_good, 8, with).unwrap()
    };
    let request = ask(&bundle, &next);
    assert!(rooms[1].check_rejoin(carl.account, &request).unwrap().names(next.public()));
    let readmit = |package: &KeyPackageBundle, request| Change::Readmit {
        account: carl.account,
        key_package: package.public().to_vec(),
        request,
    };
    let refused = jonas.try_commit(&rooms[1], readmit(&bundle, ask(&bundle, &bundle)));
    assert_eq!(refused.unwrap_err(), CommitError::Refused);
    let refused = jonas.try_commit(&rooms[1], readmit(&next, ask(&next, &next)));
    assert_eq!(refused.unwrap_err(), CommitError::Refused);
    let back = jonas.commit(&rooms[1], readmit(&next, request));
    let his = next.join(carl.account, rooms[2].id(), back.welcome.as_ref().unwrap()).unwrap();
    assert_eq!(his.keys().room_key(), back.room.keys().room_key());
}
