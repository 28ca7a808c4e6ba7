//! What a Welcome must lead to before somebody who was in the room believes it.

use super::*;
use crate::room::hostile::{self, Forgery};

fn package(person: &Person) -> KeyPackageBundle {
    KeyPackageBundle::generate(person.identity(), person.account).unwrap()
}

fn readmit(person: &Person, bundle: &KeyPackageBundle, request: Vec<u8>) -> Change {
    Change::Readmit { account: person.account, key_package: bundle.public().to_vec(), request }
}

fn let_in(bundle: &KeyPackageBundle, person: &Person, by: &Prepared) -> Room {
    bundle.join(person.account, by.room.id(), by.welcome.as_ref().unwrap()).unwrap()
}

/// Spoils a tag of a commit, as any member and the relay together can.
fn spoilt(room: &Room, author: &Person, sealed: &[u8]) -> Vec<u8> {
    let mut handshake = hostile::open_commit(room.keys(), author.account, sealed).unwrap();
    hostile::spoil_confirmation_tag(&mut handshake, false);
    hostile::seal_commit(room.keys(), author.account, &handshake, &mut OsRng).unwrap()
}

#[test]
fn whoever_is_let_in_again_finds_the_epoch_of_the_welcome_by_the_log() {
    let (people, rooms) = room_of_three();
    let [mira, jonas, carl] = &people;
    let shut = Forgery {
        shut_out: vec![carl.account],
        ..Forgery::new(&rooms[0], mira.identity(), stamp(&rooms[0]))
    };
    let bad = shut.commit(|b| b.force_self_update(true), &mut OsRng).unwrap();
    let his = applied(rooms[1].process(mira.account, &bad.sealed));
    let bundle = package(carl);
    let request = rooms[2].rejoin_request(carl.identity(), 7, bundle.public()).unwrap();
    // What does not count stands between: the same change, by who may not make it.
    let forged = Forgery {
        state: Some(RoomState { name: "Mine".into(), ..his.state().clone() }),
        ..Forgery::new(&his, jonas.identity(), stamp(&his))
    };
    let forged = forged.commit(|b| b, &mut OsRng).unwrap();
    let back = jonas.commit(&his, readmit(carl, &bundle, request));
    let next = jonas.commit(&back.room, Change::Refresh);
    let welcomed = let_in(&bundle, carl, &back);

    let link = HistoryLink::open(welcomed.keys(), welcomed.roster(), &back.link).unwrap();
    let known = [rooms[2].keys().clone(), link.parent_keys(welcomed.id()).unwrap(), welcomed.keys().clone()];
    let mut follower = rooms[2].follower(&[]);
    assert_eq!(follower.epoch(), Some(rooms[2].epoch()));
    assert!(!follower.leads_to(&welcomed));
    assert_eq!(follower.follow(&known, mira.account, &bad.sealed, &[]), Followed::To(his.epoch()));
    assert!(!follower.leads_to(&welcomed));
    let skipped = follower.follow(&known, jonas.account, &forged.sealed, &[]);
    assert_eq!(skipped, Followed::Skipped(Invalid::Role));
    // Of an earlier epoch, and junk.
    let old = follower.follow(&known, mira.account, &bad.sealed, &[]);
    assert_eq!(old, Followed::Skipped(Invalid::NotSealedHere));
    assert_eq!(
        follower.follow(&known, mira.account, b"junk", &[]),
        Followed::Skipped(Invalid::NotSealedHere)
    );
    assert_eq!(follower.follow(&known, jonas.account, &back.sealed, &[]), Followed::To(welcomed.epoch()));
    assert_eq!(follower.doubts(), 0);
    assert!(follower.leads_to(&welcomed));
    // It is the room as others have it, and the log leads on.
    assert_eq!(follower.follow(&known, jonas.account, &next.sealed, &[]), Followed::To(next.room.epoch()));
    assert!(!follower.leads_to(&welcomed));
    assert!(matches!(welcomed.process(jonas.account, &next.sealed), Outcome::Applied(_)));
}

#[test]
fn a_welcome_of_whoever_was_put_out_leads_to_no_epoch_of_the_log() {
    let (people, rooms) = room_of_three();
    let [mira, jonas, carl] = &people;
    // Mira puts Jonas out. Jonas, with the relay, spoils that for Carl, and lets him in again where Jonas still is.
    let out = mira.commit(&rooms[0], Change::Remove(vec![jonas.account], Box::new(rooms[0].state().clone())));
    let in_log = spoilt(&rooms[1], mira, &out.sealed);
    let Outcome::Unfollowable { epoch, .. } = rooms[2].process(mira.account, &in_log) else { panic!() };
    let bundle = package(carl);
    let request = rooms[2].rejoin_request(carl.identity(), 2, bundle.public()).unwrap();
    let branch = jonas.commit(&rooms[1], readmit(carl, &bundle, request.clone()));
    let his = let_in(&bundle, carl, &branch);
    assert!(his.roster().contains_key(&jonas.account));
    // By all that Jonas tells.
    let known = [rooms[2].keys().clone(), his.keys().clone()];
    let states = [branch.public_state.clone()];
    let mut follower = rooms[2].follower(&[]);
    assert_eq!(follower.follow(&known, mira.account, &in_log, &states), Followed::To(epoch));
    assert!(!follower.leads_to(&his));
    // What Jonas seals for the epoch before counts no more.
    let late = follower.follow(&known, jonas.account, &branch.sealed, &states);
    assert_eq!(late, Followed::Skipped(Invalid::NotSealedHere));
    assert!(!follower.leads_to(&his));
    // Nor when the log is shown without what put him out, and then with it.
    let mut without = rooms[2].follower(&[]);
    assert_eq!(without.follow(&known, jonas.account, &branch.sealed, &states), Followed::To(his.epoch()));
    assert!(without.leads_to(&his), "another log: the hash chain tells those apart");

    // Mira went on by her own snapshot. Her Welcome is the one, though the log has her commit with a wrong tag.
    let back = mira.commit(&out.room, readmit(carl, &bundle, request));
    let his = let_in(&bundle, carl, &back);
    let link = HistoryLink::open(his.keys(), his.roster(), &back.link).unwrap();
    let known = [rooms[2].keys().clone(), link.parent_keys(his.id()).unwrap(), his.keys().clone()];
    let by_log_alone = {
        let mut follower = rooms[2].follower(&[]);
        follower.follow(&known, mira.account, &in_log, &[]);
        follower.follow(&known, mira.account, &back.sealed, &[]);
        follower.leads_to(&his)
    };
    assert!(!by_log_alone);
    let mut follower = rooms[2].follower(&[]);
    let states = [b"junk".to_vec(), out.public_state.clone()];
    assert_eq!(follower.follow(&known, mira.account, &in_log, &states), Followed::To(epoch));
    assert_eq!(follower.follow(&known, mira.account, &back.sealed, &[]), Followed::To(his.epoch()));
    assert!(follower.leads_to(&his));
    assert!(!his.roster().contains_key(&jonas.account));
}

#[test]
fn a_room_of_the_same_id_out_of_published_key_packages_is_another() {
    let (people, rooms) = room_of_three();
    let [mira, jonas, carl] = &people;
    let mallory = Person::new(66);
    let bundle = package(carl);
    let state = RoomState::group("Ops room", mallory.account);
    let fake =
        Room::found(mallory.identity(), mallory.account, rooms[0].id(), &state, 1, &mut OsRng).unwrap();
    let all = [(mira, &package(mira)), (jonas, &package(jonas)), (carl, &bundle)];
    let all = all.map(|(person, bundle)| person.newcomer(bundle.public()));
    let added = mallory.commit(&fake.room, Change::AddMany(all.to_vec()));
    // A Welcome alone cannot tell: for an account that never was in the room, this is the room.
    let his = let_in(&bundle, carl, &added);
    assert_eq!(his.id(), rooms[2].id());
    let known = [rooms[2].keys().clone(), fake.room.keys().clone(), his.keys().clone()];
    let mut follower = rooms[2].follower(&[fake.public_state, added.public_state.clone()]);
    let states = [added.public_state];
    let followed = follower.follow(&known, mallory.account, &added.sealed, &states);
    assert_eq!(followed, Followed::Skipped(Invalid::NotSealedHere));
    assert!(!follower.leads_to(&his));
}

#[test]
fn an_entry_that_cannot_be_judged_ends_the_way_and_one_that_does_not_open_is_counted() {
    let (people, rooms) = room_of_three();
    let [mira, jonas, carl] = &people;
    let first = mira.commit(&rooms[0], Change::Refresh);
    let bundle = package(carl);
    let request = rooms[2].rejoin_request(carl.identity(), 2, bundle.public()).unwrap();
    let back = mira.commit(&first.room, readmit(carl, &bundle, request));
    let his = let_in(&bundle, carl, &back);
    let own = rooms[2].keys().clone();
    let mut follower = rooms[2].follower(&[]);
    // Without the key of the epoch between, nobody knows what counts.
    let known = [own.clone(), his.keys().clone()];
    follower.follow(&known, mira.account, &first.sealed, &[]);
    assert_eq!(follower.follow(&known, mira.account, &back.sealed, &[]), Followed::NoKey);
    assert!(!follower.leads_to(&his));
    // With a wrong one, what counts looks like junk.
    let mut follower = rooms[2].follower(&[]);
    let wrong =
        EpochKeys::new(own.room, first.room.epoch(), crate::secret::SymmetricKey::from_bytes([1; 32]));
    let known = [own, wrong, his.keys().clone()];
    follower.follow(&known, mira.account, &first.sealed, &[]);
    let unread = follower.follow(&known, mira.account, &back.sealed, &[]);
    assert_eq!((unread, follower.doubts()), (Followed::Skipped(Invalid::NotSealedHere), 1));
    assert!(!follower.leads_to(&his));
    // Under another name it does not open either.
    let mut follower = rooms[2].follower(&[]);
    follower.follow(&known, jonas.account, &first.sealed, &[]);
    assert_eq!(follower.doubts(), 1);
}

#[test]
fn a_welcome_into_other_secrets_of_the_right_epoch_is_refused() {
    let (people, rooms) = room_of_three();
    let [_, jonas, carl] = &people;
    let bundle = package(carl);
    let request = rooms[2].rejoin_request(carl.identity(), 2, bundle.public()).unwrap();
    let back = jonas.commit(&rooms[1], readmit(carl, &bundle, request));
    let his = let_in(&bundle, carl, &back);
    // Jonas gives Carl one thing and the log another; the ids of both epochs are the same.
    let in_log = spoilt(&rooms[0], jonas, &back.sealed);
    let known = [rooms[2].keys().clone(), his.keys().clone()];
    let mut follower = rooms[2].follower(&[]);
    assert_eq!(follower.follow(&known, jonas.account, &in_log, &[]), Followed::To(his.epoch()));
    assert!(!follower.leads_to(&his));
    assert!(matches!(rooms[0].process(jonas.account, &in_log), Outcome::Unfollowable { .. }));
}
