//! Putting out those who left.

use tls_codec::Serialize as _;

use super::*;
use crate::room::hostile::{self, Forgery};

/// Carl is a moderator, and Mira and he have made links; and he said that he leaves.
fn carl_leaves() -> ([Person; 3], [Room; 3], Vec<u8>) {
    let (people, mut rooms) = room_of_three();
    let [mira, jonas, carl] = &people;
    let mut state = rooms[0].state().clone();
    state.roles.push(RoleEntry { account: carl.account, role: Role::Moderator });
    state.joins.push(link(mira).1);
    step_all(&people, &mut rooms, mira, Change::State(Box::new(state.clone())));
    state.joins.push(JoinMethod { kind: JoinKind::Password, ..link(carl).1 });
    step_all(&people, &mut rooms, carl, Change::State(Box::new(state)));
    let said = rooms[2].leave_statement(carl.identity(), 99).unwrap();
    assert_eq!(rooms[1].check_leave(carl.account, &said).unwrap().time_ms, 99);
    assert_eq!(rooms[1].check_leave(jonas.account, &said), None);
    (people, rooms, said)
}

#[test]
fn whoever_left_is_put_out_by_anybody_with_roles_and_ways_in() {
    let (people, rooms, said) = carl_leaves();
    let [_, jonas, carl] = &people;
    let gone = jonas.commit(&rooms[1], Change::Departed(vec![(carl.account, said)]));
    let state = applied(rooms[0].process(jonas.account, &gone.sealed)).state().clone();
    assert_eq!(state.roles.len(), 1);
    assert_eq!(state.joins, [rooms[0].state().joins[0].clone()]);
    assert!(
        matches!(rooms[2].process(jonas.account, &gone.sealed), Outcome::Removed(step) if step.author == jonas.account)
    );
}

#[test]
fn a_plain_member_takes_out_no_more_than_who_left_takes_along() {
    let (people, rooms, said) = carl_leaves();
    let [_, jonas, carl] = &people;
    let leaf = hostile::leaf_of(&rooms[1], carl.account).unwrap();
    let forge = |change: &dyn Fn(&mut RoomState)| {
        let mut state = rooms[1].state().clone();
        state.roles.retain(|entry| entry.account != carl.account);
        change(&mut state);
        let forgery = Forgery {
            statements: vec![said.clone()],
            state: Some(state),
            ..Forgery::new(&rooms[1], jonas.identity(), stamp(&rooms[1]))
        };
        let prepared = forgery.commit(|b| b.propose_removals([leaf]), &mut OsRng).unwrap();
        match rooms[0].process(jonas.account, &prepared.sealed) {
            Outcome::Skipped(reason) => Some(reason),
            Outcome::Applied(_) => None,
            other => panic!("{other:?}"),
        }
    };
    // His way in may go, or stay.
    assert_eq!(forge(&|_| {}), None);
    assert_eq!(forge(&|s| s.joins.retain(|method| method.creator != carl.account)), None);
    assert_eq!(forge(&|s| s.joins.clear()), Some(Invalid::Role));
    assert_eq!(forge(&|s| s.joins.swap(0, 1)), Some(Invalid::Role));
    assert_eq!(
        forge(&|s| s.joins[1] = JoinMethod { kind: JoinKind::Password, ..link(jonas).1 }),
        Some(Invalid::Role)
    );
    assert_eq!(forge(&|s| s.name = "Mine".into()), Some(Invalid::Role));
    assert_eq!(forge(&|s| s.history = HistoryRule::FromJoin), Some(Invalid::Role));
    let promoted = RoleEntry { account: jonas.account, role: Role::Moderator };
    assert_eq!(forge(&|s| s.roles.push(promoted)), Some(Invalid::Role));
    // His role must go: it would be of nobody.
    let kept = RoleEntry { account: carl.account, role: Role::Moderator };
    assert_eq!(forge(&|s| s.roles.push(kept)), Some(Invalid::State));
}

#[test]
fn a_leave_statement_is_for_one_leaf_and_one_room() {
    let (people, mut rooms, said) = carl_leaves();
    let [mira, jonas, carl] = &people;
    let departed = |account, said: &[u8]| Change::Departed(vec![(account, said.to_vec())]);
    let refused = |who: &Person, room: &Room, change| {
        assert_eq!(who.try_commit(room, change).unwrap_err(), CommitError::Refused);
    };
    // For somebody else, signed by somebody else, of another room, none.
    refused(jonas, &rooms[1], departed(mira.account, &said));
    refused(mira, &rooms[0], departed(jonas.account, &said));
    refused(
        jonas,
        &rooms[1],
        departed(carl.account, &rooms[2].leave_statement(jonas.identity(), 1).unwrap()),
    );
    let mut elsewhere = room_of(&people, RoomState::group("Elsewhere", mira.account), RoomId([8; 16]));
    step_all(&people, &mut elsewhere, carl, Change::Refresh);
    refused(
        jonas,
        &rooms[1],
        departed(carl.account, &elsewhere[2].leave_statement(carl.identity(), 1).unwrap()),
    );
    refused(jonas, &rooms[1], departed(carl.account, b""));
    refused(jonas, &rooms[1], Change::Departed(Vec::new()));
    // Carl stays after all: his next commit takes it back.
    step_all(&people, &mut rooms, carl, Change::Refresh);
    refused(jonas, &rooms[1], departed(carl.account, &said));
    refused(mira, &rooms[0], departed(carl.account, &said));
}

#[test]
fn nobody_leaves_by_a_leaf_that_a_key_package_could_bring_again() {
    let (people, mut rooms) = room_of_three();
    let [mira, jonas, carl] = &people;
    // Neither who came by a Welcome, nor the founder, before a first commit of their own.
    for (person, room) in people.iter().zip(&rooms) {
        assert!(!room.can_leave());
        assert_eq!(room.leave_statement(person.identity(), 1), None);
    }
    // Whoever signs one all the same says nothing: it would hold again with the key package, for an owner even.
    let leaf = rooms[2].group.own_leaf().unwrap().tls_serialize_detached().unwrap();
    let place = (rooms[2].id(), crate::room::statement::leaf_id(&leaf));
    let said = LeaveStatement::sign(carl.identity(), place, rooms[2].epoch(), 1);
    assert_eq!(rooms[1].check_leave(carl.account, &said), None);
    for (person, room) in [(jonas, &rooms[1]), (mira, &rooms[0])] {
        let departed = Change::Departed(vec![(carl.account, said.clone())]);
        assert_eq!(person.try_commit(room, departed).unwrap_err(), CommitError::Refused);
    }
    // After a commit of his own, what he says holds while others commit.
    step_all(&people, &mut rooms, carl, Change::Refresh);
    assert!(rooms[2].can_leave());
    let said = rooms[2].leave_statement(carl.identity(), 1).unwrap();
    step_all(&people, &mut rooms, mira, Change::Refresh);
    assert!(jonas.try_commit(&rooms[1], Change::Departed(vec![(carl.account, said)])).is_ok());
}

#[test]
fn statements_beyond_what_is_removed_are_not_even_read() {
    let people: [Person; 12] = std::array::from_fn(|n| Person::new(u8::try_from(n).unwrap() + 1));
    let rooms = room_of(&people, RoomState::group("Ops room", people[0].account), RoomId([9; 16]));
    let leaves: Vec<_> =
        people[2..].iter().map(|person| hostile::leaf_of(&rooms[0], person.account).unwrap()).collect();
    let mira = &people[0];
    let judge = |statements: Vec<Vec<u8>>| {
        let forgery = Forgery { statements, ..Forgery::new(&rooms[0], mira.identity(), stamp(&rooms[0])) };
        let forged = forgery.handshake(|b| b.propose_removals(leaves.clone())).unwrap();
        let sealed = hostile::seal_commit(rooms[0].keys(), mira.account, &forged, &mut OsRng).unwrap();
        match rooms[1].process(mira.account, &sealed) {
            Outcome::Skipped(reason) => Some(reason),
            Outcome::Applied(_) => None,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(judge(vec![]), None);
    // Of another leaf, twice, junk, one more than leaves.
    let place = |n: u8| (rooms[0].id(), [n; 32]);
    let said = |n| LeaveStatement::sign(mira.identity(), place(n), rooms[0].epoch(), 1);
    assert_eq!(judge(vec![said(1)]), Some(Invalid::Statement));
    assert_eq!(judge(vec![said(1), said(1)]), Some(Invalid::Statement));
    assert_eq!(judge(vec![b"junk".to_vec()]), Some(Invalid::Statement));
    assert_eq!(judge((0..11).map(said).collect()), Some(Invalid::Statement));
    // 500 of them took a minute once.
    let many = (0..500_u16).map(|n| said(n.to_le_bytes()[0])).collect::<Vec<_>>();
    let start = std::time::Instant::now();
    assert_eq!(judge(many), Some(Invalid::Statement));
    assert!(start.elapsed().as_secs() < 10);
}

#[test]
fn what_another_session_says_is_of_another_leaf_of_the_same_account_in_the_same_room() {
    let (people, rooms, said) = carl_leaves();
    let [mira, jonas, carl] = &people;
    let own = carl.identity().public();
    // By the leaf that he has: that is no other session's.
    assert_eq!(rooms[2].check_leave_elsewhere(&own, &said), None);
    let before = &rooms[2];
    let after = carl.commit(before, Change::Refresh).room;
    let later = after.leave_statement(carl.identity(), 1).unwrap();
    assert_eq!(before.check_leave(carl.account, &later), None);
    assert_eq!(before.check_leave_elsewhere(&own, &later).unwrap().epoch, after.epoch());
    // What he said before looks the same: the epoch in it tells.
    assert_eq!(after.check_leave_elsewhere(&own, &said).unwrap().epoch, before.epoch());
    // Signed by somebody else, of another room, of another kind, none.
    let forged = after.leave_statement(jonas.identity(), 1).unwrap();
    assert_eq!(before.check_leave_elsewhere(&own, &forged), None);
    let mut elsewhere = room_of(&people, RoomState::group("Elsewhere", mira.account), RoomId([8; 16]));
    step_all(&people, &mut elsewhere, carl, Change::Refresh);
    let foreign = elsewhere[2].leave_statement(carl.identity(), 1).unwrap();
    assert_eq!(before.check_leave_elsewhere(&own, &foreign), None);
    let bundle = KeyPackageBundle::generate(carl.identity(), carl.account).unwrap();
    let rejoin = after.rejoin_request(carl.identity(), 7, bundle.public()).unwrap();
    assert_eq!(before.check_leave_elsewhere(&own, &rejoin), None);
    assert_eq!(before.check_leave_elsewhere(&own, b""), None);
}
