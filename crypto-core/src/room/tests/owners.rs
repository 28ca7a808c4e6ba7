//! Who owns a room when owners have left.

use super::*;
use crate::room::hostile::{self, Forgery};

/// A room of three in which all have a leaf of their own making, with these roles.
fn with_roles(roles: &[(usize, Role)]) -> ([Person; 3], [Room; 3]) {
    let (people, mut rooms) = room_of_three();
    for person in &people {
        step_all(&people, &mut rooms, person, Change::Refresh);
    }
    let mut state = rooms[0].state().clone();
    state.roles =
        roles.iter().map(|(n, role)| RoleEntry { account: people[*n].account, role: *role }).collect();
    if state != *rooms[0].state() {
        step_all(&people, &mut rooms, &people[0], Change::State(Box::new(state)));
    }
    (people, rooms)
}

fn said_by(people: &[Person; 3], rooms: &[Room; 3], who: &[usize]) -> Vec<(AccountId, Vec<u8>)> {
    let said = |n: &usize| rooms[*n].leave_statement(people[*n].identity(), 1).unwrap();
    who.iter().map(|n| (people[*n].account, said(n))).collect()
}

#[test]
fn an_owner_who_left_is_put_out_and_the_other_owner_stays_the_only_one() {
    let (people, rooms) = with_roles(&[(0, Role::Owner), (1, Role::Moderator), (2, Role::Owner)]);
    let gone = people[1].commit(&rooms[1], Change::Departed(said_by(&people, &rooms, &[0])));
    let room = applied(rooms[2].process(people[1].account, &gone.sealed));
    assert_eq!(room.roster().len(), 2);
    assert_eq!(room.state().role(people[2].account), Role::Owner);
    assert_eq!(room.state().role(people[1].account), Role::Moderator);
}

#[test]
fn when_all_owners_leave_the_room_goes_to_one_of_the_others_by_rule() {
    // Whoever acts on it has no choice: the last owner, and two owners at once, also one after the other.
    let owner = |n| (n, Role::Owner);
    for (roles, leaving, by, heir) in [
        (vec![owner(0)], vec![0], 1, 1),
        (vec![owner(0)], vec![0], 2, 1),
        (vec![owner(0), (2, Role::Moderator)], vec![0], 1, 2),
        (vec![owner(0), (2, Role::Moderator)], vec![0], 2, 2),
        (vec![owner(0), owner(1)], vec![0, 1], 2, 2),
    ] {
        let (people, rooms) = with_roles(&roles);
        let said = said_by(&people, &rooms, &leaving);
        let gone = people[by].commit(&rooms[by], Change::Departed(said.clone()));
        let reader = (0..3).find(|n| !leaving.contains(n) && *n != by);
        let room = reader.map(|n| applied(rooms[n].process(people[by].account, &gone.sealed)));
        for room in room.iter().chain([&gone.room]) {
            let owners: Vec<_> =
                room.state().roles.iter().filter(|entry| entry.role == Role::Owner).collect();
            assert_eq!(owners.iter().map(|entry| entry.account).collect::<Vec<_>>(), [people[heir].account]);
        }
        let one = people[by].commit(&rooms[by], Change::Departed(said[..1].to_vec())).room;
        if let Some(last) = said.get(1) {
            let none = people[by].commit(&one, Change::Departed(vec![last.clone()])).room;
            assert_eq!(none.state().role(people[heir].account), Role::Owner);
        }
    }
}

#[test]
fn nobody_takes_the_room_of_owners_who_left() {
    let (people, rooms) = with_roles(&[(0, Role::Owner)]);
    let [mira, jonas, carl] = &people;
    let said: Vec<_> = said_by(&people, &rooms, &[0]).into_iter().map(|(_, said)| said).collect();
    let leaf = hostile::leaf_of(&rooms[2], mira.account).unwrap();
    let forge = |roles: &[(&Person, Role)]| {
        let mut state = rooms[2].state().clone();
        state.roles =
            roles.iter().map(|(who, role)| RoleEntry { account: who.account, role: *role }).collect();
        let forgery = Forgery {
            statements: said.clone(),
            state: Some(state),
            ..Forgery::new(&rooms[2], carl.identity(), stamp(&rooms[2]))
        };
        let forged = forgery.handshake(|b| b.propose_removals([leaf])).unwrap();
        let sealed = hostile::seal_commit(rooms[2].keys(), carl.account, &forged, &mut OsRng).unwrap();
        match rooms[1].process(carl.account, &sealed) {
            Outcome::Skipped(reason) => Some(reason),
            Outcome::Applied(_) => None,
            other => panic!("{other:?}"),
        }
    };
    // Jonas comes before Carl.
    assert_eq!(forge(&[(jonas, Role::Owner)]), None);
    assert_eq!(forge(&[(carl, Role::Owner)]), Some(Invalid::Role));
    assert_eq!(forge(&[(jonas, Role::Owner), (carl, Role::Owner)]), Some(Invalid::Role));
    assert_eq!(forge(&[(jonas, Role::Owner), (carl, Role::Moderator)]), Some(Invalid::Role));
    assert_eq!(forge(&[]), Some(Invalid::State));
}
