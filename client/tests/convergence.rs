//! Several sessions change and use one room at once, with crashes and broken connections, in orders that seeds decide. Afterwards everybody
//! who is in the room sees the same, and every message that was acknowledged is there for a new device of every member.
//!
//! `WAXWING_SEEDS=1000 cargo test --release -p waxwing-client --test convergence`

use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha20Rng;
use waxwing_client::api::{Intent, Page, Reply, Role};
use waxwing_tests::sim::{Saved, World, as_text};
use waxwing_wire::{AccountId, RoomId, frame::EntryKind};

const NAMES: [&str; 4] = ["mira", "jonas", "aicha", "dora"];

struct Start {
    saved: Saved,
    room: String,
    accounts: Vec<String>,
}

/// Four accounts, with a second session of the first, three of them in a room.
fn start() -> Start {
    let mut world = World::new(77);
    let devices = NAMES.map(|name| world.register(name));
    world.log_in("mira");
    let room = world.room(devices[0], "Busy room");
    let account = |d: usize| world.devices[d].me.as_ref().expect("logged in").account.clone();
    let accounts: Vec<String> = devices.iter().map(|d| account(*d)).collect();
    for account in &accounts[1..3] {
        let add = Intent::AddMember { room: room.clone(), account: account.clone() };
        assert_eq!(world.call(devices[0], add), Ok(Reply::Done));
    }
    let owner = Intent::SetRole { room: room.clone(), account: accounts[1].clone(), role: Role::Owner };
    assert_eq!(world.call(devices[0], owner), Ok(Reply::Done));
    Start { saved: world.save(), room, accounts }
}

/// What somebody may come to want.
fn whim(rng: &mut ChaCha20Rng, room: &str, accounts: &[String], n: usize) -> Intent {
    let (room, account) = (room.to_owned(), accounts[rng.gen_range(0..accounts.len())].clone());
    match rng.gen_range(0..12) {
        0 | 1 => Intent::AddMember { room, account },
        2 => Intent::RemoveMember { room, account },
        3 => {
            let role = [Role::Member, Role::Moderator, Role::Owner][rng.gen_range(0..3)];
            Intent::SetRole { room, account, role }
        }
        4 => Intent::EditRoom {
            room,
            name: Some(format!("Room {n}")),
            topic: None,
            history: None,
            avatar: None,
            retention: None,
        },
        5 => Intent::CreateInvite { room, lasts: None },
        6 => Intent::LeaveRoom { room },
        _ => Intent::text(room, format!("message {n}")),
    }
}

/// Texts and warnings that a device keeps of the room.
fn kept(world: &mut World, d: usize, room: &str) -> Vec<String> {
    match world.call(d, Intent::Timeline { room: room.into(), page: Page::Newest, limit: 500 }) {
        Ok(Reply::Timeline { items, .. }) => items.iter().filter_map(|item| as_text(&item.body)).collect(),
        other => panic!("{other:?}"),
    }
}

fn seeds() -> u64 {
    std::env::var("WAXWING_SEEDS").ok().and_then(|seeds| seeds.parse().ok()).unwrap_or(12)
}

#[test]
fn whatever_several_sessions_do_at_once_everybody_ends_up_with_the_same_room() {
    let start = start();
    for seed in 0..seeds() {
        one(&start, seed);
    }
}

fn one(start: &Start, seed: u64) {
    let Start { saved, room, accounts } = start;
    let mut world = saved.open(seed);
    let mut rng = ChaCha20Rng::seed_from_u64(seed);
    world.run();
    for n in 0..40 {
        let d = rng.gen_range(0..world.devices.len());
        if world.devices[d].rooms.contains_key(room) {
            world.ask(d, whim(&mut rng, room, accounts, n));
        }
        for _ in 0..rng.gen_range(0..12) {
            world.step();
        }
        match rng.gen_range(0..10) {
            0 => world.cut(d),
            1 => world.crash(d),
            _ => {}
        }
    }
    world.run();
    let id: RoomId = room.parse().expect("an id");
    let stored = &world.relay.rooms[&id];
    let (members, messages) = (stored.members.clone(), stored.log.iter());
    let messages = messages.filter(|entry| entry.kind == EntryKind::Message).count();
    let is_member = |account: &str| members.contains_key(&account.parse::<AccountId>().expect("an id"));
    let mut same: Option<(Vec<String>, String)> = None;
    for (name, account) in NAMES.iter().zip(accounts).filter(|(_, account)| is_member(account)) {
        let fresh = world.log_in(name);
        let own: Vec<usize> = (0..world.devices.len())
            .filter(|d| world.devices[*d].me.as_ref().is_some_and(|me| me.account == *account))
            .collect();
        for d in own {
            let what = format!("seed {seed}, {name}, device {d}{}", if d == fresh { " (new)" } else { "" });
            let shown = world.devices[d].rooms.get(room).unwrap_or_else(|| panic!("{what}: no room"));
            assert_eq!((shown.syncing, &shown.trouble), (false, &None), "{what}");
            let people = || shown.people.iter().map(|p| (p.name.clone(), p.role)).collect::<Vec<_>>();
            let log =
                || world.relay.rooms[&id].log.iter().map(|e| (e.seq, e.kind, e.sender)).collect::<Vec<_>>();
            // Who left while their leaf, or the last other owner, changed in the same moment stays in the room's list.
            let said = |account: &str| {
                let log = &world.relay.rooms[&id].log;
                log.iter().any(|e| e.kind == EntryKind::Leave && e.sender.to_string() == account)
            };
            let listed = shown.people.iter().filter(|p| p.role != Role::Former && !is_member(&p.account));
            let ghosts = listed.filter(|p| said(&p.account)).count();
            assert!(ghosts <= 1, "{what}: {:?}", people());
            assert_eq!(shown.members as usize, members.len() + ghosts, "{what}: {:?} {:?}", people(), log());
            let now = (kept(&mut world, d, room), world.devices[d].rooms[room].name.clone());
            assert!(
                now.0.iter().all(|text| !text.starts_with("warning") && !text.contains('(')),
                "{what}: {now:?}"
            );
            match &same {
                Some(same) => assert_eq!(&now, same, "{what}"),
                None => same = Some(now),
            }
        }
    }
    // Each message in the log is one text, or one of the profiles that everybody announces.
    assert!(same.is_none_or(|(texts, _)| texts.len() <= messages), "seed {seed}");
}
