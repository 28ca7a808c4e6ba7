//! A relay that lies about the past: forks, withheld and altered entries, older states.

use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha20Rng;
use waxwing_client::api::{Body, Rollback};
use waxwing_wire::{
    Opaque,
    frame::{EntryKind, LogEntry, Response, ServerFrame},
};

use crate::scene::{AICHA, DORA, JONAS, MIRA, Scene, seeds};

/// Attacks of this class.
const ATTACKS: u64 = 12;

/// Messages of the room's log, by place.
fn messages(scene: &mut Scene) -> Vec<usize> {
    let log = &scene.relay.only_room().log;
    (0..log.len()).filter(|n| log[*n].kind == EntryKind::Message).collect()
}

/// Numbers the log anew after entries were taken out or put in.
fn renumber(scene: &mut Scene) {
    let room = scene.relay.only_room();
    let mut last_commit = 0;
    for (n, entry) in room.log.iter_mut().enumerate() {
        entry.seq = n as u64 + 1;
        if entry.kind == EntryKind::Commit {
            last_commit = entry.seq;
        }
    }
    room.last_commit = last_commit;
}

/// What a new device of Mira warns of after the log was altered, besides the texts.
fn warnings_of_newcomer(scene: &mut Scene) -> Vec<String> {
    let d = scene.world.log_in("mira");
    scene.nothing_forged();
    let mut all = scene.warnings(d);
    all.extend(scene.trouble(d).map(|why| format!("trouble {why}")));
    all
}

#[test]
fn two_views_of_one_room() {
    for seed in seeds(ATTACKS) {
        let mut scene = Scene::new(seed);
        scene.world.fork(&[AICHA]);
        scene.say(MIRA, "only shown to Jonas");
        scene.world.run();
        for text in ["only shown to nobody", "nor this"] {
            scene.say(AICHA, text);
            scene.world.run();
        }
        assert!(!scene.world.devices[AICHA].texts(&scene.room).contains(&"only shown to Jonas".to_owned()));
        // The views are joined: what one side said comes into the other's log.
        let (relay, _) = scene.world.other.as_mut().expect("it is forked");
        let log = relay.only_room().log.clone();
        let lost = log.iter().rev().take(2).rev().cloned();
        scene.relay.only_room().log.extend(lost);
        renumber(&mut scene);
        scene.world.behave();
        scene.say(JONAS, "after the fork");
        scene.world.run();
        scene.nothing_forged();
        for d in [MIRA, JONAS, AICHA] {
            let warned = scene.warnings(d).contains(&"warning fork".to_owned());
            assert!(
                warned || scene.trouble(d).is_some(),
                "seed {seed}: device {d} shows {:?}",
                scene.read(d)
            );
        }
    }
}

#[test]
fn withheld_messages() {
    for seed in seeds(ATTACKS) {
        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        let mut scene = Scene::new(seed);
        // Somebody speaks after what is withheld.
        scene.say(MIRA, "a later word");
        scene.world.run();
        scene.say(JONAS, "the last word");
        scene.world.run();
        let places = messages(&mut scene);
        let withheld = places[rng.gen_range(0..places.len() - 1)];
        scene.relay.only_room().log.remove(withheld);
        renumber(&mut scene);
        let warnings = warnings_of_newcomer(&mut scene);
        assert!(!warnings.is_empty(), "seed {seed}: nothing said of entry {withheld}");
    }
}

#[test]
fn reordered_messages() {
    for seed in seeds(ATTACKS) {
        let mut scene = Scene::new(seed);
        scene.say(MIRA, "first");
        scene.world.run();
        scene.say(JONAS, "second");
        scene.world.run();
        let places = messages(&mut scene);
        let last = places[places.len() - 1];
        scene.relay.only_room().log.swap(last - 1, last);
        renumber(&mut scene);
        let warnings = warnings_of_newcomer(&mut scene);
        assert!(warnings.contains(&"warning fork".to_owned()), "seed {seed}: {warnings:?}");
    }
}

#[test]
fn doubled_messages() {
    for seed in seeds(ATTACKS) {
        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        let mut scene = Scene::new(seed);
        let places = messages(&mut scene);
        let entry = scene.relay.only_room().log[places[rng.gen_range(0..places.len())]].clone();
        let copy = waxwing_wire::frame::Append {
            room: scene.id(),
            after: entry.after,
            id: waxwing_wire::EntryId([seed as u8; 16]),
            bytes: entry.bytes.clone(),
            lasting: false,
        };
        // Once under another id, once under its own.
        scene.relay.append_as(entry.sender, copy);
        let after = scene.relay.only_room().last_commit;
        scene.relay.only_room().log.push(LogEntry { after, ..entry });
        renumber(&mut scene);
        scene.world.behave();
        scene.nothing_forged();
        for d in [MIRA, JONAS, AICHA] {
            assert!(scene.warnings(d).len() >= 2, "seed {seed}: {:?}", scene.warnings(d));
        }
        assert!(warnings_of_newcomer(&mut scene).len() >= 2, "seed {seed}");
    }
}

#[test]
fn altered_entries() {
    for seed in seeds(ATTACKS) {
        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        let mut scene = Scene::new(seed);
        scene.say(AICHA, "said last");
        scene.world.run();
        let accounts = [scene.account(MIRA), scene.account(JONAS), scene.account(AICHA)];
        let room = scene.relay.only_room();
        let n = rng.gen_range(0..room.log.len() - 1);
        let entry = &mut room.log[n];
        match rng.gen_range(0..4) {
            0 => entry.sender = *accounts.iter().find(|other| **other != entry.sender).expect("three"),
            1 => entry.id = waxwing_wire::EntryId([9; 16]),
            2 => {
                let at = rng.gen_range(0..entry.bytes.0.len());
                entry.bytes.0[at] ^= 1;
            }
            _ => entry.after += 1,
        }
        let what = (n, entry.kind);
        let warnings = warnings_of_newcomer(&mut scene);
        // The id of a commit names nothing that anybody relies on.
        let harmless = what.1 == EntryKind::Commit && scene.relay.only_room().log[n].id.0 == [9; 16];
        assert!(harmless || !warnings.is_empty(), "seed {seed}: nothing said of {what:?}");
    }
}

#[test]
fn erased_message_with_its_digest() {
    for seed in seeds(ATTACKS) {
        let mut scene = Scene::new(seed);
        for text in ["not wanted by the relay", "what comes after it", "nor wanted", "the last word"] {
            scene.say(MIRA, text);
        }
        scene.world.run();
        let place = {
            let places = messages(&mut scene);
            places[places.len() - 4]
        };
        let entry = &mut scene.relay.only_room().log[place];
        let sender = entry.sender.0.into();
        let kind = waxwing_crypto_core::room::EntryKind::Message;
        let digest = waxwing_crypto_core::room::digest(kind, entry.after, sender, entry.bytes.as_bytes());
        entry.kind = EntryKind::Tombstone;
        entry.digest = Some(Opaque(digest.to_vec()));
        entry.bytes = Opaque(Vec::new());
        let d = scene.world.log_in("mira");
        let room = scene.room.clone();
        let shown = &scene.world.devices[d].items[&room];
        let removed = shown.values().filter(|item| matches!(item.body, Body::Removed { .. })).count();
        assert_eq!((removed, scene.warnings(d)), (1, Vec::new()), "seed {seed}: as if the operator did it");
        // What was shown as removed excuses nothing else.
        scene.relay.only_room().log.remove(place + 2);
        renumber(&mut scene);
        let warnings = warnings_of_newcomer(&mut scene);
        assert!(warnings.contains(&"warning gap".to_owned()), "seed {seed}: {warnings:?}");
    }
}

#[test]
fn messages_of_another_room() {
    for seed in seeds(ATTACKS) {
        let mut scene = Scene::new(seed);
        let elsewhere = scene.world.room(MIRA, "Elsewhere");
        scene.world.send(MIRA, &elsewhere, "said elsewhere");
        scene.world.run();
        let other = elsewhere.parse().expect("a room id");
        let entry = scene.relay.rooms[&other].log.last().expect("it was said").clone();
        let room = scene.id();
        let moved =
            waxwing_wire::frame::Append { room, after: 0, id: entry.id, bytes: entry.bytes, lasting: false };
        scene.relay.append_as(entry.sender, moved);
        scene.world.run();
        scene.nothing_forged();
        for d in [MIRA, JONAS, AICHA] {
            assert_eq!(scene.warnings(d), ["warning forged"], "seed {seed}, device {d}");
        }
    }
}

#[test]
fn older_log_than_was_shown() {
    for seed in seeds(ATTACKS) {
        let mut scene = Scene::new(seed);
        scene.say(MIRA, "taken back by the relay");
        scene.world.run();
        let before = scene.read(JONAS);
        scene.relay.only_room().log.pop();
        scene.world.behave();
        for d in [MIRA, JONAS, AICHA] {
            assert!(
                scene.trouble(d).is_some_and(|why| why.contains("older state")),
                "seed {seed}, device {d}"
            );
        }
        assert_eq!(scene.read(JONAS), before, "what was shown stays");
    }
}

#[test]
fn older_snapshots() {
    for seed in seeds(ATTACKS) {
        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        let mut scene = Scene::new(seed);
        scene.dora_joins().expect("the link is good");
        let mira = scene.account(MIRA);
        let intact = scene.relay.only_room().clone();
        let room = scene.relay.only_room();
        let own = room.snapshots.iter().filter(|(account, _)| *account == mira).count();
        let keep = rng.gen_range(1..=own);
        let mut seen = 0;
        room.snapshots.retain(|(account, _)| {
            seen += usize::from(*account == mira);
            *account != mira || seen <= keep
        });
        // Where the log needs what was withheld, the room says so.
        let d = scene.world.log_in("mira");
        let read = scene.world.devices[d].texts(&scene.room);
        assert!(scene.trouble(d).is_some() || scene.said.iter().all(|text| read.contains(text)), "{read:?}");
        *scene.relay.only_room() = intact;
        scene.converges();
    }
}

#[test]
fn damaged_states_at_the_relay() {
    for seed in seeds(ATTACKS) {
        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        let mut scene = Scene::new(seed);
        let kind = rng.gen_range(0..4);
        let intact = scene.relay.only_room().clone();
        let room = scene.relay.only_room();
        let mut spoil = |bytes: &mut Opaque| {
            let at = rng.gen_range(0..bytes.0.len());
            bytes.0[at] ^= 0x40;
        };
        match kind {
            0 => room.snapshots.iter_mut().for_each(|(_, snapshot)| spoil(&mut snapshot.bytes)),
            1 => room.keyrings.iter_mut().for_each(|(_, entry)| spoil(&mut entry.bytes)),
            2 => room.published.iter_mut().flat_map(|p| &mut p.public_state).for_each(&mut spoil),
            _ => room.published.iter_mut().flat_map(|p| &mut p.link).for_each(&mut spoil),
        }
        let d = scene.world.log_in("jonas");
        scene.nothing_forged();
        let read = scene.world.devices[d].texts(&scene.room);
        let told = scene.trouble(d).is_some() || read.iter().any(|text| text.starts_with("warning"));
        let whole = scene.said.iter().all(|text| read.contains(text));
        assert!(told || whole, "seed {seed}, kind {kind}: {read:?}");
        // Devices that hold their own state are not disturbed, and an intact relay serves new ones again.
        *scene.relay.only_room() = intact;
        scene.converges();
    }
}

#[test]
fn older_account_data() {
    for seed in seeds(ATTACKS) {
        let mut scene = Scene::new(seed);
        let before = scene.relay.data_of("mira").clone();
        let invite = scene.world.room(MIRA, "Another");
        scene.world.invite(MIRA, &invite);
        let after = scene.relay.data_of("mira").clone();
        assert_ne!(before, after, "a new link is kept in the account's data");
        *scene.relay.data_of("mira") = before;
        scene.world.crash(MIRA);
        scene.world.run();
        assert_eq!(scene.world.devices[MIRA].rolled_back, Some(Rollback::Data), "seed {seed}");
        scene.nothing_forged();
        *scene.relay.data_of("mira") = after;
        scene.world.crash(MIRA);
        scene.converges();
    }
}

#[test]
fn made_up_greetings() {
    // Numbers, rooms and members that nobody has: no panic, no loop, and nothing is lost when the relay behaves.
    for seed in seeds(ATTACKS) {
        let mut scene = Scene::asleep(seed);
        scene.world.tamper = Some(Box::new(|delivery, rng| {
            let mut frame = delivery.frame.clone();
            if let ServerFrame::Response { response: Response::Hello { rooms, .. }, .. } = &mut frame {
                match rng.gen_range(0..4) {
                    0 => rooms.clear(),
                    1 => rooms.iter_mut().for_each(|room| room.last_seq = u64::MAX),
                    2 => rooms.iter_mut().for_each(|room| room.last_seq = 0),
                    _ => rooms.iter_mut().for_each(|room| room.last_commit = u64::MAX),
                }
            }
            if let ServerFrame::Response { response: Response::Members(members), .. } = &mut frame {
                members.clear();
            }
            vec![waxwing_wire::encode(&frame)]
        }));
        scene.world.run();
        scene.nothing_forged();
        scene.world.behave();
        for d in 0..=DORA {
            scene.world.crash(d);
        }
        scene.world.run();
        scene.fresh_logins_agree();
    }
}
