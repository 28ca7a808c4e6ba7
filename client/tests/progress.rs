//! Reading much that was missed: it is told how far it has got, it can wait, and what is said now does not wait with it.

use waxwing_client::api::{Intent, Notice, Reply};
use waxwing_tests::sim::{Insider, World};
use waxwing_wire::frame::Request;

const MISSED: usize = 1200;

/// Jonas was away while Mira said much, and is about to come back.
fn missed(seed: u64) -> (World, usize, usize, String) {
    let mut world = World::new(seed);
    let (mira, jonas) = (world.register("mira"), world.register("jonas"));
    let room = world.room(mira, "Ops room");
    let invite = world.invite(mira, &room);
    world.join(jonas, &invite);
    world.run();
    world.go_away(jonas);
    for n in 0..MISSED {
        world.send(mira, &room, &n.to_string());
        if n % 100 == 99 {
            world.run();
        }
    }
    world.run();
    world.devices[jonas].notices.clear();
    world.network(jonas, true);
    (world, mira, jonas, room)
}

/// Rooms, entries, done, paused, as they were told.
fn told(world: &World, d: usize) -> Vec<(u32, u64, u64, bool)> {
    let progress = |notice: &Notice| match notice {
        Notice::Progress { rooms, entries, done, paused } => Some((*rooms, *entries, *done, *paused)),
        _ => None,
    };
    world.devices[d].notices.iter().filter_map(progress).collect()
}

#[test]
fn what_is_missing_is_counted_down_once() {
    let (mut world, _, jonas, room) = missed(1);
    world.run();
    let told = told(&world, jonas);
    let (first, last) = (told.first().unwrap(), told.last().unwrap());
    assert_eq!((first.0, first.2), (1, 0));
    assert!(first.1 >= MISSED as u64);
    assert_eq!((last.0, last.1, last.3), (0, last.2, false));
    assert!(told.windows(2).all(|pair| pair[0].2 <= pair[1].2), "it goes forward only: {told:?}");
    assert!((3..20).contains(&told.len()), "{told:?}");
    assert_eq!(world.devices[jonas].texts(&room).len(), MISSED);

    // A few messages are not worth a word.
    world.devices[jonas].notices.clear();
    world.go_away(jonas);
    world.send(0, &room, "one more");
    world.run();
    world.wake_up(jonas);
    assert_eq!(self::told(&world, jonas), []);
}

#[test]
fn a_pause_holds_until_it_is_over_or_there_is_something_to_say() {
    for speaks in [false, true] {
        let (mut world, mira, jonas, room) = missed(2);
        while told(&world, jonas).is_empty() {
            assert!(world.step());
        }
        assert_eq!(world.call(jonas, Intent::PauseSync { on: true }), Ok(Reply::Done));
        world.run();
        let read = world.devices[jonas].texts(&room).len();
        assert!(read < MISSED - 100, "{read}");
        let held = *told(&world, jonas).last().unwrap();
        assert_eq!((held.0, held.3), (1, true));
        world.send(mira, &room, "are you there?");
        world.run();
        assert_eq!(world.devices[jonas].texts(&room).len(), read);

        if speaks {
            world.send(jonas, &room, "yes");
        } else {
            assert_eq!(world.call(jonas, Intent::PauseSync { on: false }), Ok(Reply::Done));
        }
        world.run();
        let texts = world.devices[jonas].texts(&room);
        assert_eq!(texts.len(), MISSED + 1 + usize::from(speaks));
        assert_eq!(texts[MISSED], "are you there?");
        let last = *told(&world, jonas).last().unwrap();
        assert_eq!((last.0, last.3), (0, false), "and the pause is forgotten");
        if speaks {
            assert_eq!(world.devices[mira].texts(&room).last().map(String::as_str), Some("yes"));
        }
    }
}

#[test]
fn a_pause_outlives_a_restart_and_is_forgotten_when_nothing_is_missing() {
    let (mut world, _, jonas, room) = missed(3);
    while told(&world, jonas).is_empty() {
        assert!(world.step());
    }
    assert_eq!(world.call(jonas, Intent::PauseSync { on: true }), Ok(Reply::Done));
    world.run();
    let kept = |world: &World| world.devices[jonas].store.keys().filter(|key| key.starts_with("m/")).count();
    let read = kept(&world);
    assert!((1..MISSED).contains(&read), "{read}");
    // As when another tab takes over.
    for _ in 0..2 {
        world.crash(jonas);
        world.devices[jonas].notices.clear();
        world.run();
        assert_eq!(kept(&world), read);
        let held = *told(&world, jonas).last().expect("it is told");
        assert_eq!((held.0, held.3), (1, true));
    }
    assert_eq!(world.call(jonas, Intent::PauseSync { on: false }), Ok(Reply::Done));
    world.run();
    assert!(kept(&world) >= MISSED);
    world.crash(jonas);
    world.devices[jonas].notices.clear();
    world.run();
    let page = Intent::Timeline { room: room.clone(), page: waxwing_client::api::Page::Newest, limit: 1 };
    match world.call(jonas, page) {
        Ok(Reply::Timeline { items, .. }) => assert_eq!(items.len(), 1),
        other => panic!("{other:?}"),
    }
    assert_eq!(told(&world, jonas), []);
    assert!(!world.devices[jonas].store.contains_key("s/paused"));
}

#[test]
fn a_room_that_shuts_one_out_is_not_waited_for() {
    let mut world = World::new(3);
    let (mira, jonas, aicha) = (world.register("mira"), world.register("jonas"), world.register("aicha"));
    let room = world.room(mira, "Ops room");
    let invite = world.invite(mira, &room);
    world.join(jonas, &invite);
    world.join(aicha, &invite);
    world.run();
    world.go_away(jonas);
    let victim = world.account("jonas").parse().expect("an id");
    let mut insider = Insider::of(&world, aicha, &room);
    let poisoned = insider.shuts_out(&world, &[victim]);
    let commit = insider.upload(&poisoned);
    insider.send(&mut world, Request::Commit(Box::new(commit)));
    world.run();
    for n in 0..300 {
        world.send(mira, &room, &n.to_string());
        if n % 100 == 99 {
            world.run();
        }
    }
    world.run();
    // Nobody is there to let Jonas in again.
    world.go_away(mira);
    world.go_away(aicha);
    world.devices[jonas].notices.clear();
    world.wake_up(jonas);
    assert!(world.devices[jonas].texts(&room).is_empty());
    let last = told(&world, jonas).last().copied();
    assert!(last.is_none_or(|last| last.0 == 0), "{last:?}");
}
