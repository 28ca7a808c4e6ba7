//! Rooms between several accounts, without any relay.

mod convergence;
mod direct;
mod follow;
mod hostile;
mod leave;
mod owners;
mod people;
mod published;
mod rejoin;
mod rotation;

use rand_core::OsRng;

use self::people::*;
use super::*;
use crate::{account::Vault, ids::MessageId};

#[test]
fn a_link_lets_somebody_in_while_nobody_is_online_and_history_is_readable() {
    let (mira, jonas) = (Person::new(1), Person::new(2));
    let (secret, method) = link(&mira);
    let founded = mira.found(vec![method]);
    let (id, early) = mira.say(&founded.room, "before");

    let doorway = doorway(&founded, &secret);
    assert_eq!(doorway.state.name, "Ops room");
    assert_eq!(doorway.vouched_by, mira.account);
    let joined = doorway.join(jonas.identity(), jonas.account, 4, 5, &mut OsRng).unwrap();

    let mira_now = applied(founded.room.process(jonas.account, &joined.sealed));
    assert_eq!(mira_now.epoch(), joined.room.epoch());
    assert_eq!(mira_now.keys().room_key(), joined.room.keys().room_key());
    assert_eq!(mira_now.roster().len(), 2);

    let link = HistoryLink::open(joined.room.keys(), joined.room.roster(), &joined.link).unwrap();
    let before = link.parent_keys(joined.room.id()).unwrap();
    let roster = link.step.parent_roster(joined.room.roster()).unwrap();
    assert_eq!(roster, *founded.room.roster());
    assert_eq!(Message::open(&before, &roster, mira.account, id, &early).unwrap().body, b"before");

    let (id, sealed) = jonas.say(&joined.room, "hello");
    assert_eq!(read(&mira_now, &jonas, id, &sealed), "hello");
}

#[test]
fn the_link_made_later_works_and_the_removed_one_does_not() {
    let (mira, jonas) = (Person::new(1), Person::new(2));
    let founded = mira.found(vec![]);
    let (secret, method) = link(&mira);
    let state = RoomState { joins: vec![method], ..founded.room.state().clone() };
    let opened = mira.commit(&founded.room, Change::State(Box::new(state)));
    let closed_state = RoomState { joins: vec![], ..opened.room.state().clone() };
    let closed = mira.commit(&opened.room, Change::State(Box::new(closed_state)));
    assert!(closed.packages.is_empty());
    assert!(closed.room.step().joins_changed);

    let room = founded.room.id();
    let old = packages(&opened.packages);
    assert!(
        Doorway::open(room, opened.room.epoch(), &secret, &old, std::slice::from_ref(&opened.public_state))
            .is_ok()
    );
    // Old packages do not open the newer epoch, however the relay mixes them.
    for (epoch, public) in [
        (closed.room.epoch(), &closed.public_state),
        (opened.room.epoch(), &closed.public_state),
        (closed.room.epoch(), &opened.public_state),
    ] {
        assert!(Doorway::open(room, epoch, &secret, &old, std::slice::from_ref(public)).is_err());
    }
    // Joining from the old epoch gives a commit that nobody in the newer one can even open.
    let stale =
        Doorway::open(room, opened.room.epoch(), &secret, &old, std::slice::from_ref(&opened.public_state))
            .unwrap();
    let stale = stale.join(jonas.identity(), jonas.account, 4, 5, &mut OsRng).unwrap();
    assert!(matches!(
        closed.room.process(jonas.account, &stale.sealed),
        Outcome::Skipped(Invalid::NotSealedHere)
    ));
}

#[test]
fn a_wrong_link_opens_nothing() {
    let mira = Person::new(1);
    let (_, method) = link(&mira);
    let founded = mira.found(vec![method]);
    let other = JoinSecret::generate(&mut OsRng);
    let refused = Doorway::open(
        founded.room.id(),
        founded.room.epoch(),
        &other,
        &packages(&founded.packages),
        std::slice::from_ref(&founded.public_state),
    );
    assert_eq!(refused.unwrap_err(), JoinError::NoPackage);
}

#[test]
fn links_survive_their_text_form() {
    let mira = Person::new(1);
    let (secret, _) = link(&mira);
    let link = InviteLink { room: RoomId([4; 16]), secret, creator: [5; 16] };
    let bytes = link.to_bytes();
    assert_eq!(bytes.len(), LINK_BYTES);
    let back = InviteLink::from_bytes(&bytes).unwrap();
    assert_eq!(back.room, link.room);
    assert_eq!(back.secret.seed(), link.secret.seed());
    for cut in 0..bytes.len() {
        assert!(InviteLink::from_bytes(&bytes[..cut]).is_err());
    }
}

#[test]
fn a_welcome_lets_in_whoever_was_added() {
    let (mira, jonas) = (Person::new(1), Person::new(2));
    let founded = mira.found(vec![]);
    let bundle = KeyPackageBundle::generate(jonas.identity(), jonas.account).unwrap();
    let root = jonas.vault.current_root();
    let sealed = bundle.seal(root, jonas.account, &mut OsRng).unwrap();
    let bundle = KeyPackageBundle::open(root, jonas.account, &sealed).unwrap();
    let added = mira.commit(&founded.room, jonas.added_by(bundle.public()));
    let welcome = added.welcome.clone().unwrap();
    let room = bundle.join(jonas.account, founded.room.id(), &welcome).unwrap();
    assert_eq!(room.epoch(), added.room.epoch());
    assert_eq!(room.keys().room_key(), added.room.keys().room_key());
    // The same key package serves a second room.
    assert!(bundle.join(jonas.account, RoomId([8; 16]), &welcome).is_err());
    assert!(bundle.join(jonas.account, founded.room.id(), &welcome).is_ok());
}

#[test]
fn snapshots_bring_a_room_back_and_it_goes_on() {
    let (mira, jonas) = (Person::new(1), Person::new(2));
    let (secret, method) = link(&mira);
    let founded = mira.found(vec![method]);
    let doorway = doorway(&founded, &secret);
    let joined = doorway.join(jonas.identity(), jonas.account, 4, 5, &mut OsRng).unwrap();
    let root = jonas.vault.current_root();
    let (id, epoch) = (joined.room.id(), joined.room.epoch());
    let sealed = joined.room.snapshot(root, &mut OsRng).unwrap();

    let back = Snapshot::open(root, jonas.account, id, epoch, &sealed).unwrap();
    assert_eq!(back.step(), joined.room.step());
    let back = back.restore(&[founded.public_state.clone(), joined.public_state.clone()]).unwrap();
    assert_eq!(back.epoch(), epoch);

    // A restored room follows the next commit, and makes one that others follow.
    let mira_now = applied(founded.room.process(jonas.account, &joined.sealed));
    let refreshed = mira.commit(&mira_now, Change::Refresh);
    let back = applied(back.process(mira.account, &refreshed.sealed));
    let next = jonas.commit(&back, Change::Refresh);
    let mira_now = applied(refreshed.room.process(jonas.account, &next.sealed));
    assert_eq!(mira_now.keys().room_key(), next.room.keys().room_key());

    // Nothing but the very epoch's public state fits.
    let wrong = Snapshot::open(root, jonas.account, id, epoch, &sealed).unwrap();
    assert_eq!(
        wrong.restore(std::slice::from_ref(&founded.public_state)).unwrap_err(),
        RestoreError::PublicState
    );
    assert!(Snapshot::open(root, mira.account, id, epoch, &sealed).is_err());
    assert!(Snapshot::open(mira.vault.current_root(), jonas.account, id, epoch, &sealed).is_err());
}

#[test]
fn another_session_of_the_author_loads_the_snapshot_instead() {
    let mira = Person::new(1);
    let founded = mira.found(vec![]);
    let refreshed = mira.commit(&founded.room, Change::Refresh);
    match founded.room.process(mira.account, &refreshed.sealed) {
        Outcome::Own { epoch, account_version } => {
            assert_eq!(
                (epoch, account_version),
                (refreshed.room.epoch(), stamp(&founded.room).account_version)
            );
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn competing_commits_have_different_epochs() {
    let mira = Person::new(1);
    let founded = mira.found(vec![]);
    let (a, b) = (mira.commit(&founded.room, Change::Refresh), mira.commit(&founded.room, Change::Refresh));
    assert_ne!(a.room.epoch(), b.room.epoch());
    // The loser's author is still at the parent, and builds on the winner.
    assert!(matches!(founded.room.process(mira.account, &b.sealed), Outcome::Own { .. }));
}

#[test]
fn plain_members_cannot_change_the_room_or_put_others_out() {
    let (mira, jonas) = (Person::new(1), Person::new(2));
    let founded = mira.found(vec![]);
    let bundle = KeyPackageBundle::generate(jonas.identity(), jonas.account).unwrap();
    let added = mira.commit(&founded.room, jonas.added_by(bundle.public()));
    let room = bundle.join(jonas.account, founded.room.id(), added.welcome.as_ref().unwrap()).unwrap();
    let renamed = RoomState { name: "Mine".into(), ..room.state().clone() };
    let mut roles = room.state().clone();
    roles.roles.push(RoleEntry { account: jonas.account, role: Role::Owner });
    for change in [
        Change::State(Box::new(renamed)),
        Change::State(Box::new(roles)),
        Change::Remove(vec![mira.account], Box::new(room.state().clone())),
    ] {
        assert_eq!(jonas.try_commit(&room, change).unwrap_err(), CommitError::Refused);
    }
}

#[test]
fn whoever_is_removed_learns_it_and_reads_nothing_new() {
    let (mira, jonas) = (Person::new(1), Person::new(2));
    let founded = mira.found(vec![]);
    let bundle = KeyPackageBundle::generate(jonas.identity(), jonas.account).unwrap();
    let added = mira.commit(&founded.room, jonas.added_by(bundle.public()));
    let room = bundle.join(jonas.account, founded.room.id(), added.welcome.as_ref().unwrap()).unwrap();
    let state = Box::new(added.room.state().clone());
    let removed = mira.commit(&added.room, Change::Remove(vec![jonas.account], state));
    assert!(matches!(room.process(mira.account, &removed.sealed), Outcome::Removed(_)));
    let (id, sealed) = mira.say(&removed.room, "without him");
    assert_eq!(
        Message::open(room.keys(), room.roster(), mira.account, id, &sealed),
        Err(MessageError::Unreadable)
    );
}

#[test]
fn a_commit_under_another_name_or_altered_is_skipped() {
    let mira = Person::new(1);
    let founded = mira.found(vec![]);
    let refreshed = mira.commit(&founded.room, Change::Refresh);
    assert!(matches!(
        founded.room.process(AccountId([7; 16]), &refreshed.sealed),
        Outcome::Skipped(Invalid::NotSealedHere)
    ));
    for place in (0..refreshed.sealed.len()).step_by(97) {
        let mut altered = refreshed.sealed.clone();
        altered[place] ^= 1;
        assert!(matches!(founded.room.process(mira.account, &altered), Outcome::Skipped(_)));
    }
    assert!(matches!(founded.room.process(mira.account, b"junk"), Outcome::Skipped(Invalid::NotSealedHere)));
    assert!(founded.room.keys().opens_commit(mira.account, &refreshed.sealed));
}

#[test]
fn messages_hold_their_author_id_room_and_epoch() {
    let (mira, jonas) = (Person::new(1), Person::new(2));
    let founded = mira.found(vec![]);
    let (id, sealed) = mira.say(&founded.room, "mine");
    let (keys, roster) = (founded.room.keys(), founded.room.roster());
    assert!(Message::open(keys, roster, mira.account, id, &sealed).is_ok());
    let unreadable = Err(MessageError::Unreadable);
    assert_eq!(Message::open(keys, roster, jonas.account, id, &sealed), unreadable);
    assert_eq!(Message::open(keys, roster, mira.account, MessageId([3; 16]), &sealed), unreadable);
    let next = mira.commit(&founded.room, Change::Refresh).room;
    assert_eq!(Message::open(next.keys(), roster, mira.account, id, &sealed), unreadable);
    let mut altered = sealed.clone();
    *altered.last_mut().unwrap() ^= 1;
    assert_eq!(Message::open(keys, roster, mira.account, id, &altered), unreadable);

    // A member who signs with a key that is not the author's is found out.
    let message = mira.message("forged");
    let forged = message.seal(keys, jonas.identity(), &mut OsRng).unwrap();
    let opened = Message::open(keys, roster, mira.account, message.metadata.id, &forged);
    assert_eq!(opened, Err(MessageError::Forged));
    // Somebody who holds the key but is not in the roster of the epoch speaks to nobody.
    let message = jonas.message("ghost");
    let ghost = message.seal(keys, jonas.identity(), &mut OsRng).unwrap();
    let opened = Message::open(keys, roster, jonas.account, message.metadata.id, &ghost);
    assert_eq!(opened, Err(MessageError::Forged));
}

#[test]
fn closed_history_stays_closed_to_newcomers() {
    let (mira, jonas) = (Person::new(1), Person::new(2));
    let (secret, method) = link(&mira);
    let state = RoomState {
        joins: vec![method],
        history: HistoryRule::FromJoin,
        ..RoomState::group("Quiet", mira.account)
    };
    let founded = Room::found(mira.identity(), mira.account, RoomId([9; 16]), &state, 1, &mut OsRng).unwrap();
    let doorway = doorway(&founded, &secret);
    assert!(doorway.keys().is_none());
    let joined = doorway.join(jonas.identity(), jonas.account, 4, 5, &mut OsRng).unwrap();
    let link = HistoryLink::open(joined.room.keys(), joined.room.roster(), &joined.link).unwrap();
    assert!(link.parent_keys(joined.room.id()).is_none());
    assert!(matches!(founded.room.process(jonas.account, &joined.sealed), Outcome::Applied(_)));
}

#[test]
fn keyring_records_open_for_their_account_only() {
    let (mira, jonas) = (Person::new(1), Person::new(2));
    let room = mira.found(vec![]).room;
    let root = mira.vault.current_root();
    let (id, epoch) = (room.id(), room.epoch());
    let sealed = room.keyring_record().seal(root, mira.account, id, epoch, &mut OsRng).unwrap();
    let record = KeyringRecord::open(root, mira.account, id, epoch, &sealed).unwrap();
    assert_eq!(record.keys(id, epoch).room_key(), room.keys().room_key());
    assert!(KeyringRecord::open(root, mira.account, id, EpochId([0; 32]), &sealed).is_err());
    assert!(KeyringRecord::open(root, jonas.account, id, epoch, &sealed).is_err());
    assert!(KeyringRecord::open(jonas.vault.current_root(), mira.account, id, epoch, &sealed).is_err());
}
