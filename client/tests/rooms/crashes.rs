//! Flows that survive a crash at every step.

use waxwing_client::api::{Intent, Reply};

use crate::scene::{NAMES, Three, everybody_talks};

/// Carries out an intent and crashes the device that does it, once after every step of the way; then goes on as a person would, who asks
/// again if nothing came of it.
fn crash_everywhere(
    seed: u64,
    prepare: impl Fn(&mut Three),
    (who, intent): (impl Fn(&Three) -> usize, impl Fn(&Three) -> Intent),
    done: impl Fn(&Three) -> bool,
    check: impl Fn(&mut Three, u32),
) {
    let mut all = Three::together(seed);
    prepare(&mut all);
    let saved = all.world.save();
    let mut steps = 0;
    for crash_after in 0.. {
        let world = saved.open(seed + u64::from(crash_after));
        let (room, mira, jonas, aicha, second) =
            (all.room.clone(), all.mira, all.jonas, all.aicha, all.second);
        let mut now = Three { world, mira, jonas, aicha, second, room };
        now.world.run();
        let d = who(&now);
        let id = now.world.ask(d, intent(&now));
        let mut answered = false;
        for _ in 0..crash_after {
            now.world.step();
            answered |= now.world.answer(d, id).is_some();
        }
        now.world.crash(d);
        now.world.run();
        if !done(&now) {
            let again = now.world.call(d, intent(&now));
            assert!(again.is_ok(), "after {crash_after} steps: {again:?}");
        }
        assert!(done(&now), "after {crash_after} steps");
        check(&mut now, crash_after);
        steps = crash_after;
        if answered {
            break;
        }
    }
    assert!(steps > 3, "it crashed on the way");
}

#[test]
fn bringing_somebody_in_survives_a_crash_at_every_step() {
    let put_out = |all: &mut Three| {
        let remove = Intent::RemoveMember { room: all.room.clone(), account: all.account(all.aicha) };
        assert_eq!(all.world.call(all.mira, remove), Ok(Reply::Done));
        all.say(all.mira, "while away");
    };
    let add = |all: &Three| Intent::AddMember { room: all.room.clone(), account: all.account(all.aicha) };
    crash_everywhere(
        20,
        put_out,
        (|all: &Three| all.mira, add),
        |all| all.members(all.jonas) == 3,
        |all, n| {
            everybody_talks(all, &[all.mira, all.second, all.jonas, all.aicha], &NAMES, &format!("step {n}"))
        },
    );
}

#[test]
fn coming_in_survives_a_crash_of_the_newcomer_at_every_step() {
    let saved = {
        let mut all = Three::new(40);
        all.say(all.mira, "before");
        all
    };
    let (world, mira, jonas, room) = (saved.world.save(), saved.mira, saved.jonas, saved.room.clone());
    for n in 0..30 {
        let world = world.open(n);
        let mut all =
            Three { world, mira, jonas, aicha: saved.aicha, second: saved.second, room: room.clone() };
        all.world.run();
        let account = all.account(jonas);
        all.world.ask(mira, Intent::AddMember { room: room.clone(), account });
        for _ in 0..n {
            all.world.step();
        }
        all.world.crash(jonas);
        all.world.run();
        everybody_talks(&mut all, &[mira, saved.second, jonas], &["mira", "jonas"], &format!("step {n}"));
    }
}

#[test]
fn leaving_survives_a_crash_at_every_step() {
    crash_everywhere(
        60,
        |_| {},
        (|all: &Three| all.jonas, |all: &Three| Intent::LeaveRoom { room: all.room.clone() }),
        |all| !all.world.devices[all.jonas].rooms.contains_key(&all.room),
        |all, n| {
            assert!(!all.world.devices[all.jonas].store.keys().any(|key| key.contains(&all.room)));
            everybody_talks(
                all,
                &[all.mira, all.second, all.aicha],
                &["mira", "aicha"],
                &format!("step {n}"),
            );
        },
    );
}

#[test]
fn setting_a_password_survives_a_crash_at_every_step() {
    crash_everywhere(
        80,
        |_| {},
        (
            |all: &Three| all.mira,
            |all: &Three| Intent::SetRoomPassword { room: all.room.clone(), password: None },
        ),
        |all| all.world.devices[all.aicha].rooms[&all.room].password,
        |all, n| {
            // The password may have been lost with the device's memory: another one takes its place and works.
            let set = Intent::SetRoomPassword { room: all.room.clone(), password: None };
            let Ok(Reply::RoomPassword { name, password }) = all.world.call(all.mira, set) else {
                panic!("no password")
            };
            let newcomer = all.world.register("dora");
            let join = Intent::JoinByPassword { name, password };
            assert_eq!(
                all.world.call(newcomer, join),
                Ok(Reply::Room { room: all.room.clone() }),
                "step {n}"
            );
            all.world.send(newcomer, &all.room, "through the password");
            all.world.run();
            assert_eq!(all.texts(all.jonas).last().map(String::as_str), Some("through the password"));
        },
    );
}

#[test]
fn moving_a_room_survives_a_crash_at_every_step() {
    crash_everywhere(
        100,
        |_| {},
        (
            |all: &Three| all.mira,
            |all: &Three| Intent::OpenSuccessor { room: all.room.clone(), without: Vec::new() },
        ),
        |all| all.world.devices[all.aicha].rooms[&all.room].successor.is_some(),
        |all, n| {
            let next = all.world.devices[all.aicha].rooms[&all.room].successor.clone().expect("it was told");
            let old = std::mem::replace(&mut all.room, next);
            everybody_talks(all, &[all.mira, all.second, all.jonas, all.aicha], &NAMES, &format!("step {n}"));
            for d in [all.mira, all.second, all.jonas, all.aicha] {
                let successors = all.world.devices[d]
                    .rooms
                    .values()
                    .filter(|room| room.predecessor.as_ref() == Some(&old));
                assert_eq!(successors.count(), 1, "step {n}, device {d}");
            }
        },
    );
}

#[test]
fn a_stream_goes_on_after_a_restart() {
    let mut all = Three::together(17);
    all.say(all.jonas, "one");
    for n in 0..3 {
        all.world.send(all.jonas, &all.room, &format!("kept {n}"));
        all.world.crash(all.jonas);
        all.world.run();
    }
    all.say(all.jonas, "last");
    let said = ["one", "kept 0", "kept 1", "kept 2", "last"];
    for d in [all.mira, all.aicha] {
        assert_eq!(all.texts(d), said, "device {d}");
    }
    let streams = all.world.devices[all.jonas].store.keys().filter(|key| key.ends_with("/stream")).count();
    assert_eq!(streams, 1);
}
