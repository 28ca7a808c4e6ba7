//! Whatever members do, all who are in the room are in the same room.

use rand_chacha::ChaCha20Rng;
use rand_core::{RngCore as _, SeedableRng as _};

use super::*;
use crate::room::hostile::Forgery;

const PEOPLE: usize = 5;
const STEPS: usize = 25;

struct Member {
    account: AccountId,
    key: IdentityKey,
    room: Option<Room>,
}

/// Whoever comes in, and by which key package.
type Comes = Option<(usize, KeyPackageBundle)>;

struct World {
    rng: ChaCha20Rng,
    members: Vec<Member>,
    done: std::collections::BTreeMap<&'static str, u32>,
}

impl World {
    fn new(seed: u64) -> Self {
        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        let mut members: Vec<Member> = (0..PEOPLE)
            .map(|n| Member {
                account: AccountId([n as u8 + 1; 16]),
                key: IdentityKey::generate(&mut rng),
                room: None,
            })
            .collect();
        let state = RoomState::group("Ops room", members[0].account);
        let (account, key) = (members[0].account, members[0].key.clone());
        let founded = Room::found(&key, account, RoomId([9; 16]), &state, 1, &mut rng).unwrap();
        members[0].room = Some(founded.room);
        Self { rng, members, done: Default::default() }
    }

    fn pick(&mut self, inside: bool) -> Option<usize> {
        let fitting: Vec<usize> = (0..PEOPLE).filter(|n| self.members[*n].room.is_some() == inside).collect();
        let at = self.rng.next_u32() as usize;
        (!fitting.is_empty()).then(|| fitting[at % fitting.len()])
    }

    fn bundle(&self, who: usize) -> KeyPackageBundle {
        KeyPackageBundle::generate(&self.members[who].key, self.members[who].account).unwrap()
    }

    /// What `author` tries, on whom, and the key package that whoever comes in has.
    fn change(&mut self, author: usize) -> Option<(&'static str, Change, Comes)> {
        let state = self.members[author].room.as_ref().unwrap().state().clone();
        let boxed = |change: &dyn Fn(&mut RoomState)| {
            let mut state = state.clone();
            change(&mut state);
            Box::new(state)
        };
        let other = self.pick(true)?;
        let (account, theirs) = (self.members[other].account, self.members[other].key.clone());
        let room = self.members[other].room.as_ref().unwrap();
        Some(match self.rng.next_u32() % 9 {
            0 => ("refresh", Change::Refresh, None),
            1 => ("topic", Change::State(boxed(&|s| s.topic.push('x'))), None),
            2 => {
                let secret = JoinSecret::generate(&mut self.rng);
                let method = secret.method(JoinKind::Link, self.members[author].account).unwrap();
                ("link", Change::State(boxed(&|s| s.joins = vec![method.clone()])), None)
            }
            3 => {
                let promoted = RoleEntry { account, role: Role::Moderator };
                let change = boxed(&|s| {
                    if s.role(account) == Role::Member {
                        s.roles.push(promoted);
                        s.roles.sort_by_key(|entry| entry.account);
                    }
                });
                ("promote", Change::State(change), None)
            }
            4 => {
                let next = boxed(&|s| {
                    s.roles.retain(|entry| entry.account != account);
                    s.joins.clear();
                });
                ("remove", Change::Remove(vec![account], next), None)
            }
            5 => {
                let said = room.leave_statement(&theirs, 1)?;
                ("depart", Change::Departed(vec![(account, said)]), None)
            }
            6 => {
                let bundle = self.bundle(other);
                let request = room.rejoin_request(&theirs, 1, bundle.public()).unwrap();
                let key_package = bundle.public().to_vec();
                ("readmit", Change::Readmit { account, key_package, request }, Some((other, bundle)))
            }
            7 => ("rotate", Change::Rotate(IdentityKey::generate(&mut self.rng)), None),
            _ => {
                let other = self.pick(false)?;
                let bundle = self.bundle(other);
                let Member { account, key, .. } = &self.members[other];
                let key_package = bundle.public().to_vec();
                let add = Change::Add(Newcomer { account: *account, key: key.public(), key_package });
                ("add", add, Some((other, bundle)))
            }
        })
    }

    fn step(&mut self) {
        let author = self.pick(true).unwrap();
        let Some((name, change, comes)) = self.change(author) else { return };
        let member = &self.members[author];
        let room = member.room.as_ref().unwrap();
        let next_key = if let Change::Rotate(key) = &change { Some(key.clone()) } else { None };
        let Ok(prepared) = room.commit(&member.key, change, stamp(room), &mut self.rng) else { return };
        *self.done.entry(name).or_default() += 1;
        let (sender, parent) = (member.account, room.keys().clone());
        for n in (0..PEOPLE).filter(|n| *n != author) {
            let member = &mut self.members[n];
            let Some(room) = member.room.take() else { continue };
            let readmitted = name == "readmit" && comes.as_ref().is_some_and(|(who, _)| *who == n);
            match room.process(sender, &prepared.sealed) {
                Outcome::Applied(room) => {
                    assert!(room.check_public_state(&prepared.public_state));
                    assert!(room.check_link(Some(&parent), &prepared.link));
                    member.room = Some(*room);
                }
                Outcome::Removed(_) => assert!(!prepared.room.roster().contains_key(&member.account)),
                // A session that could follow meets that another asked to be let in again: the Welcome is for both.
                Outcome::Readmitted { epoch, step } => {
                    assert!(readmitted && epoch == prepared.room.epoch() && step == *prepared.room.step());
                }
                other => panic!("{name}: {other:?}"),
            }
        }
        if let Some((who, bundle)) = comes {
            let welcome = prepared.welcome.as_ref().unwrap();
            let room = bundle.join(self.members[who].account, prepared.room.id(), welcome).unwrap();
            self.members[who].room = Some(room.with_step(prepared.room.step().clone()));
        }
        let member = &mut self.members[author];
        member.key = next_key.unwrap_or(member.key.clone());
        member.room = Some(prepared.room);
    }

    /// One member shuts another out, who comes back by a third.
    fn betray(&mut self) {
        let inside: Vec<usize> = (0..PEOPLE).filter(|n| self.members[*n].room.is_some()).collect();
        let &[liar, victim, helper, ..] = &inside[..] else { return };
        let room = self.members[liar].room.as_ref().unwrap();
        let shut_out = vec![self.members[victim].account];
        let forgery = Forgery { shut_out, ..Forgery::new(room, &self.members[liar].key, stamp(room)) };
        let bad = forgery.commit(|b| b.force_self_update(true), &mut self.rng).unwrap();
        let sender = self.members[liar].account;
        let mut shut = Vec::new();
        for n in inside.iter().copied().filter(|n| *n != liar) {
            match self.members[n].room.as_ref().unwrap().process(sender, &bad.sealed) {
                Outcome::Applied(room) => self.members[n].room = Some(*room),
                // Whoever sits under the same node shares the victim's fate.
                Outcome::Unfollowable { epoch, .. } if epoch == bad.room.epoch() => shut.push(n),
                other => panic!("{other:?}"),
            }
        }
        assert!(shut.contains(&victim));
        self.members[liar].room = Some(bad.room);
        let helper = if shut.contains(&helper) { liar } else { helper };
        for who in shut.clone() {
            shut.retain(|n| *n != who);
            let bundle = self.bundle(who);
            let member = &self.members[who];
            let request =
                member.room.as_ref().unwrap().rejoin_request(&member.key, 1, bundle.public()).unwrap();
            let change =
                Change::Readmit { account: member.account, key_package: bundle.public().to_vec(), request };
            let (by, room) = (&self.members[helper], self.members[helper].room.as_ref().unwrap());
            let back = room.commit(&by.key, change, stamp(room), &mut self.rng).unwrap();
            let sender = by.account;
            for n in inside.iter().copied().filter(|n| ![who, helper].contains(n) && !shut.contains(n)) {
                let room = self.members[n].room.as_ref().unwrap();
                self.members[n].room = Some(applied(room.process(sender, &back.sealed)));
            }
            let room = bundle.join(self.members[who].account, back.room.id(), back.welcome.as_ref().unwrap());
            self.members[who].room = Some(room.unwrap().with_step(back.room.step().clone()));
            self.members[helper].room = Some(back.room);
        }
        *self.done.entry("betray").or_default() += 1;
    }

    fn check(&self) {
        let rooms: Vec<&Room> = self.members.iter().filter_map(|member| member.room.as_ref()).collect();
        let accounts: Vec<AccountId> =
            self.members.iter().filter(|m| m.room.is_some()).map(|m| m.account).collect();
        for room in &rooms {
            assert_eq!(room.epoch(), rooms[0].epoch());
            assert_eq!(room.roster(), rooms[0].roster());
            assert_eq!(room.state(), rooms[0].state());
            assert_eq!(room.keys().room_key(), rooms[0].keys().room_key());
            assert_eq!(room.check_code(), rooms[0].check_code());
            assert_eq!(room.roster().keys().copied().collect::<Vec<_>>(), accounts);
        }
        for member in self.members.iter().filter(|member| member.room.is_some()) {
            assert_eq!(member.room.as_ref().unwrap().own_key(), member.key.public());
        }
    }
}

#[test]
fn all_who_are_in_a_room_are_in_the_same_room() {
    let mut done = std::collections::BTreeMap::new();
    for seed in 0..4 {
        let mut world = World::new(seed);
        for step in 0..STEPS {
            world.step();
            if step % 10 == 9 {
                world.betray();
            }
            world.check();
        }
        for (name, times) in world.done {
            *done.entry(name).or_insert(0) += times;
        }
    }
    // It would prove nothing if most were refused.
    let names =
        ["add", "betray", "depart", "link", "promote", "readmit", "refresh", "remove", "rotate", "topic"];
    assert_eq!(done.keys().copied().collect::<Vec<_>>(), names, "{done:?}");
}
