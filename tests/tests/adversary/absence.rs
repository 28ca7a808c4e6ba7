//! Somebody who comes back after a year, to a relay that uses it.

use std::{collections::BTreeSet, sync::OnceLock};

use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha20Rng;
use waxwing_client::api::Intent;
use waxwing_tests::sim::Saved;
use waxwing_wire::{
    Opaque,
    frame::{Response, ServerFrame},
};

use crate::scene::{AICHA, JONAS, MIRA, Scene, seeds_for};

/// Attacks of this class.
const ATTACKS: u64 = 2;
/// Kinds of lies.
const LIES: u64 = 6;
/// The year is lived in so many steps.
const STEPS: u64 = 13;
const STEP_MS: u64 = 28 * 24 * 3_600_000;

/// A year in which Aicha was away, what the relay had before, and what was said since.
struct Year {
    saved: Saved,
    before: waxwing_tests::sim::relay::Room,
    said: Vec<String>,
}

fn year() -> &'static Year {
    static YEAR: OnceLock<Year> = OnceLock::new();
    YEAR.get_or_init(|| {
        let mut scene = Scene::new(1);
        scene.world.go_away(AICHA);
        let before = scene.relay.only_room().clone();
        for month in 0..STEPS {
            scene.world.now_ms += STEP_MS;
            let room = scene.room.clone();
            let change = match month % 4 {
                0 => Intent::EditRoom {
                    room,
                    name: Some(format!("Month {month}")),
                    topic: None,
                    history: None,
                    avatar: None,
                    retention: None,
                },
                1 => Intent::RevokeInvite { room },
                2 => Intent::CreateInvite { room, lasts: None },
                _ => Intent::AddMember { room, account: scene.account(3).to_string() },
            };
            scene.world.call(MIRA, change).expect("an owner may");
            if month % 4 == 3 {
                let (room, account) = (scene.room.clone(), scene.account(3).to_string());
                scene.world.call(MIRA, Intent::RemoveMember { room, account }).expect("an owner may");
            }
            scene.say(if month % 2 == 0 { MIRA } else { JONAS }, &format!("month {month}"));
            scene.world.run();
        }
        let epochs: BTreeSet<_> = scene.relay.only_room().published.iter().map(|one| one.epoch).collect();
        assert!(epochs.len() > 20, "{} epochs", epochs.len());
        Year { saved: scene.world.save(), before, said: scene.said.clone() }
    })
}

fn open(seed: u64) -> Scene {
    let Year { saved, said, .. } = year();
    let mut scene = Scene::asleep(seed);
    scene.world = saved.open(seed);
    scene.said.clone_from(said);
    scene.world.network(AICHA, false);
    scene.world.run();
    scene
}

/// What the relay tells Aicha's devices.
fn lie(scene: &mut Scene, seed: u64) {
    let mut rng = ChaCha20Rng::seed_from_u64(seed);
    let aicha = scene.account(AICHA);
    let old = year().before.clone();
    let room = scene.relay.only_room();
    let states: Vec<Opaque> = old.published.iter().filter_map(|one| one.public_state.clone()).collect();
    let newest = room.published.iter().rev().find_map(|one| one.public_state.clone()).expect("it is kept");
    let short = rng.gen_range(old.log.len() as u64..room.log.len() as u64);
    let kind = seed % LIES;
    scene.world.tamper = Some(Box::new(move |delivery, rng| {
        let mut delivery = delivery.clone();
        if delivery.account != aicha {
            return delivery.honest();
        }
        let ServerFrame::Response { response, .. } = &mut delivery.frame else { return delivery.honest() };
        match (kind, response) {
            // Public states of a year ago, or the newest, for whatever epoch is asked for.
            (0, Response::PublicStates(given)) => *given = states.clone(),
            (1, Response::PublicStates(given)) => *given = vec![newest.clone()],
            // Links of a year ago, or some of those that there are.
            (2, Response::HistoryLinks(links)) => links.retain(|link| link.commit <= old.last_commit),
            (3, Response::HistoryLinks(links) | Response::Published { links, .. }) => {
                links.retain(|_| rng.gen_bool(0.5));
            }
            // The log ends somewhere in that year.
            (4, Response::Entries { entries, last_seq }) => {
                entries.retain(|entry| entry.seq <= short);
                *last_seq = (*last_seq).min(short);
            }
            (4, Response::Hello { rooms, .. }) => {
                for room in rooms.iter_mut() {
                    room.last_seq = room.last_seq.min(short);
                }
            }
            // No snapshot, or keys of long ago only.
            (5, Response::Snapshot(snapshot)) => *snapshot = None,
            (5, Response::Keyring(keyring)) => keyring.retain(|entry| entry.commit <= old.last_commit),
            _ => {}
        }
        delivery.honest()
    }));
}

/// What a device lacks, it says that it lacks, or that it has not read on: nothing that others said is replaced.
fn honest_about(scene: &mut Scene, d: usize, seed: u64) {
    scene.nothing_forged();
    let read = scene.read(d);
    let told = scene.trouble(d).is_some() || read.iter().any(|text| text.starts_with("warning"));
    let in_order: Vec<&String> = scene.said.iter().filter(|text| read.contains(text)).collect();
    let whole = in_order.len() == scene.said.len();
    // A log that simply ends earlier cannot be told from one in which nobody spoke since. Without links a new device begins where the
    // account came in.
    let earlier = seed % LIES == 4 && in_order.iter().zip(&scene.said).all(|(read, said)| *read == said);
    let from_joining = matches!(seed % LIES, 2 | 3) && scene.said[2..].iter().all(|text| read.contains(text));
    assert!(whole || told || earlier || from_joining, "seed {seed}: {read:?}");
}

#[test]
fn device_away_for_a_year() {
    for seed in seeds_for(LIES, ATTACKS) {
        let mut scene = open(seed);
        lie(&mut scene, seed);
        scene.world.wake_up(AICHA);
        honest_about(&mut scene, AICHA, seed);
        scene.world.behave();
        // What it has said of a room it says until it starts again.
        scene.world.crash(AICHA);
        scene.world.run();
        scene.say(AICHA, "what a year");
        scene.world.run();
        assert_eq!(scene.trouble(AICHA), None, "seed {seed}");
        assert!(
            scene.world.devices[JONAS].texts(&scene.room).contains(&"what a year".to_owned()),
            "seed {seed}"
        );
        scene.converges();
    }
}

#[test]
fn new_device_after_a_year() {
    for seed in seeds_for(LIES, ATTACKS) {
        let mut scene = open(seed);
        lie(&mut scene, seed);
        let fresh = scene.world.log_in("aicha");
        honest_about(&mut scene, fresh, seed);
        scene.world.wake_up(AICHA);
        honest_about(&mut scene, AICHA, seed);
        scene.world.behave();
        for d in [AICHA, fresh] {
            scene.world.crash(d);
        }
        scene.world.run();
        assert_eq!(scene.trouble(fresh), None, "seed {seed}");
        scene.say(fresh, "on a new device");
        scene.world.run();
        scene.converges();
    }
}
