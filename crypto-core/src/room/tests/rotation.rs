//! A member signs with another key from now on.

use super::*;
use crate::room::hostile::{self, Forgery};

fn next_key() -> IdentityKey {
    IdentityKey::generate(&mut OsRng)
}

#[test]
fn a_new_key_holds_from_its_commit_on() {
    let (people, mut rooms) = room_of_three();
    let [mira, jonas, _] = &people;
    let (secret, method) = link(mira);
    let state = RoomState { joins: vec![method], ..rooms[0].state().clone() };
    step_all(&people, &mut rooms, mira, Change::State(Box::new(state)));
    let fresh = next_key();
    let rotated = jonas.commit(&rooms[1], Change::Rotate(fresh.clone()));
    assert_eq!(rooms[1].own_key(), jonas.identity().public());
    assert_eq!(rotated.room.own_key(), fresh.public());
    let hers = applied(rooms[0].process(jonas.account, &rotated.sealed));
    assert_eq!(hers.roster()[&jonas.account], fresh.public());
    assert_eq!(hers.roster().len(), 3);

    // All that came with the commit is signed with the new key, for readers who know the new roster only.
    assert!(hers.check_public_state(&rotated.public_state));
    assert!(hers.check_link(Some(rooms[0].keys()), &rotated.link));
    let sealed = packages(&rotated.packages);
    let public = [rotated.public_state.clone()];
    let door = Doorway::open(hers.id(), hers.epoch(), &secret, &sealed, &public).unwrap();
    assert_eq!(door.vouched_by, jonas.account);

    // The old key signs nothing any more: no commit, no message.
    let old = rotated.room.commit(jonas.identity(), Change::Refresh, stamp(&hers), &mut OsRng);
    assert_eq!(old.unwrap_err(), CommitError::Refused);
    let message = jonas.message("who is this?");
    let forged = message.seal(hers.keys(), jonas.identity(), &mut OsRng).unwrap();
    let opened = Message::open(hers.keys(), hers.roster(), jonas.account, message.metadata.id, &forged);
    assert_eq!(opened, Err(MessageError::Forged));
    // Nor does a thief of the old key rotate it back.
    let back = rotated.room.commit(jonas.identity(), Change::Rotate(next_key()), stamp(&hers), &mut OsRng);
    assert_eq!(back.unwrap_err(), CommitError::Refused);

    let next = rotated.room.commit(&fresh, Change::Refresh, stamp(&hers), &mut OsRng).unwrap();
    let hers = applied(hers.process(jonas.account, &next.sealed));
    assert_eq!(hers.keys().room_key(), next.room.keys().room_key());
}

#[test]
fn a_session_that_did_not_rotate_loads_the_snapshot() {
    let (people, rooms) = room_of_three();
    let jonas = &people[1];
    let rotated = jonas.commit(&rooms[1], Change::Rotate(next_key()));
    assert!(matches!(
        rooms[1].process(jonas.account, &rotated.sealed),
        Outcome::Own { epoch, .. } if epoch == rotated.room.epoch()
    ));
}

#[test]
fn rotation_comes_alone() {
    let (people, rooms) = room_of_three();
    let [mira, _, carl] = &people;
    let fresh = next_key();
    let judge = |forgery: Forgery<'_>, what: &dyn Fn(hostile::Builder<'_>) -> hostile::Builder<'_>| {
        let forged = forgery.handshake(what).unwrap();
        let sealed = hostile::seal_commit(rooms[0].keys(), mira.account, &forged, &mut OsRng).unwrap();
        match rooms[1].process(mira.account, &sealed) {
            Outcome::Skipped(reason) => Some(reason),
            Outcome::Applied(_) => None,
            other => panic!("{other:?}"),
        }
    };
    let forgery =
        || Forgery { new_key: Some(&fresh), ..Forgery::new(&rooms[0], mira.identity(), stamp(&rooms[0])) };
    assert_eq!(judge(forgery(), &|b| b), None);
    let leaf = hostile::leaf_of(&rooms[0], carl.account).unwrap();
    assert_eq!(judge(forgery(), &|b| b.propose_removals([leaf])), Some(Invalid::Rotation));
    let dora = Person::new(4);
    let package = KeyPackageBundle::generate(dora.identity(), dora.account).unwrap();
    let added = judge(forgery(), &|b| b.propose_adds([validated(package.public())]).force_self_update(true));
    assert_eq!(added, Some(Invalid::Rotation));
    let state = RoomState { name: "Mine".into(), ..rooms[0].state().clone() };
    assert_eq!(judge(Forgery { state: Some(state), ..forgery() }, &|b| b), Some(Invalid::Rotation));
    let said = rooms[2].rejoin_request(carl.identity(), 1, b"a key package").unwrap();
    assert_eq!(judge(Forgery { statements: vec![said], ..forgery() }, &|b| b), Some(Invalid::Statement));
}

#[test]
fn nobody_rotates_to_the_key_of_another_member() {
    let (people, rooms) = room_of_three();
    let [mira, jonas, _] = &people;
    // It takes the other's key to sign such a leaf: one person with two accounts could.
    let forged = Forgery {
        new_key: Some(jonas.identity()),
        ..Forgery::new(&rooms[0], mira.identity(), stamp(&rooms[0]))
    };
    let forged = forged.handshake(|b| b).unwrap();
    let sealed = hostile::seal_commit(rooms[0].keys(), mira.account, &forged, &mut OsRng).unwrap();
    assert!(matches!(rooms[2].process(mira.account, &sealed), Outcome::Skipped(Invalid::Duplicate)));
    let refused = mira.try_commit(&rooms[0], Change::Rotate(jonas.identity().clone()));
    assert_eq!(refused.unwrap_err(), CommitError::Refused);
}
