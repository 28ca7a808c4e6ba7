//! Receipts, read positions, drafts, preferences and presence: what people see of each other, and sessions of themselves.

use waxwing_client::api::{Intent, Notice, Notify, Presence, Receipt, Reply, Room};
use waxwing_tests::sim::World;

/// Mira and Jonas in a room.
fn two(seed: u64) -> (World, usize, usize, String) {
    let mut world = World::new(seed);
    let mira = world.register("mira");
    let jonas = world.register("jonas");
    let room = world.room(mira, "Ops room");
    let invite = world.invite(mira, &room);
    world.join(jonas, &invite);
    world.run();
    (world, mira, jonas, room)
}

fn shown<'a>(world: &'a World, d: usize, room: &str) -> &'a Room {
    &world.devices[d].rooms[room]
}

fn newest(world: &World, d: usize, room: &str) -> u64 {
    world.devices[d].shown(room).iter().filter_map(|item| item.seq).max().unwrap()
}

fn read(world: &mut World, d: usize, room: &str) -> u64 {
    let seq = newest(world, d, room);
    assert_eq!(world.call(d, Intent::Read { room: room.into(), seq }), Ok(Reply::Done));
    seq
}

fn look(world: &mut World, d: usize, room: &str) {
    let page = waxwing_client::api::Page::Newest;
    world.call(d, Intent::Timeline { room: room.into(), page, limit: 50 }).unwrap();
    world.pass(3_000);
}

/// The newest that a device was told of somebody.
fn receipt(world: &World, d: usize, account: &str) -> Option<(u64, u64)> {
    let told = world.devices[d].notices.iter().rev().filter_map(|notice| match notice {
        Notice::Receipts { receipts, .. } => Some(receipts),
        _ => None,
    });
    let mut of: Vec<&Receipt> = told.flatten().filter(|receipt| receipt.account == account).collect();
    of.truncate(1);
    of.first().map(|receipt| (receipt.delivered, receipt.read))
}

fn presence(world: &World, d: usize, account: &str) -> Option<(bool, bool)> {
    let told = world.devices[d].notices.iter().rev().filter_map(|notice| match notice {
        Notice::Presence { people } => people.iter().find(|person| person.account == account),
        _ => None,
    });
    told.map(|Presence { online, last_seen, .. }| (*online, last_seen.is_some())).next()
}

fn prefer(read_receipts: Option<bool>, typing: Option<bool>, presence: Option<bool>) -> Intent {
    Intent::SetPreferences { read_receipts, typing, presence }
}

#[test]
fn what_arrived_and_what_was_seen_is_told_and_never_goes_back() {
    let (mut world, mira, jonas, room) = two(1);
    let account = world.account("jonas");
    world.send(mira, &room, "hello");
    world.pass(3_000);
    let seq = newest(&world, mira, &room);
    assert_eq!(receipt(&world, mira, &account), Some((seq, 0)), "delivered, not seen");
    read(&mut world, jonas, &room);
    world.pass(3_000);
    assert_eq!(receipt(&world, mira, &account), Some((seq, seq)));
    // Whoever was away learns it when it looks at the room, and knows it after a restart.
    world.send(mira, &room, "while away");
    world.pass(3_000);
    world.go_away(mira);
    let seq = read(&mut world, jonas, &room);
    world.pass(3_000);
    world.wake_up(mira);
    world.run();
    look(&mut world, mira, &room);
    assert_eq!(receipt(&world, mira, &account), Some((seq, seq)));
    world.go_away(mira);
    world.crash(mira);
    world.devices[mira].notices.clear();
    world.run();
    look(&mut world, mira, &room);
    assert_eq!(receipt(&world, mira, &account), Some((seq, seq)));
}

#[test]
fn a_burst_of_messages_costs_few_marks() {
    let (mut world, mira, jonas, room) = two(2);
    world.pass(5_000);
    let marks = |world: &World| {
        world.devices[mira].notices.iter().filter(|n| matches!(n, Notice::Receipts { .. })).count()
    };
    let before = marks(&world);
    for n in 0..20 {
        world.ask(mira, Intent::text(room.clone(), format!("message {n}")));
        world.pass(50);
        let seq = newest(&world, jonas, &room);
        world.ask(jonas, Intent::Read { room: room.clone(), seq });
        world.pass(50);
    }
    world.pass(5_000);
    assert!((1..=4).contains(&(marks(&world) - before)), "{}", marks(&world) - before);
    let seq = newest(&world, mira, &room);
    let account = world.account("jonas");
    assert_eq!(receipt(&world, mira, &account), Some((seq, seq)));
}

#[test]
fn who_does_not_tell_what_was_read_is_not_told_either() {
    let (mut world, mira, jonas, room) = two(3);
    world.call(jonas, prefer(Some(false), None, None)).unwrap();
    world.send(mira, &room, "hello");
    world.send(jonas, &room, "hello");
    world.pass(3_000);
    read(&mut world, jonas, &room);
    read(&mut world, mira, &room);
    world.pass(3_000);
    look(&mut world, jonas, &room);
    let (of_mira, of_jonas) = (world.account("mira"), world.account("jonas"));
    assert_eq!(receipt(&world, mira, &of_jonas), None);
    assert_eq!(receipt(&world, jonas, &of_mira), None);
    assert_eq!(shown(&world, jonas, &room).unread, 0, "the own sessions know it in any case");
    world.call(jonas, prefer(Some(true), None, None)).unwrap();
    world.pass(3_000);
    look(&mut world, jonas, &room);
    assert!(receipt(&world, mira, &of_jonas).is_some() && receipt(&world, jonas, &of_mira).is_some());
}

#[test]
fn a_newcomer_sees_what_is_told_after_it_came() {
    let (mut world, mira, jonas, room) = two(4);
    world.send(mira, &room, "hello");
    world.pass(3_000);
    read(&mut world, jonas, &room);
    world.pass(3_000);
    let aicha = world.register("aicha");
    let invite = world.invite(mira, &room);
    world.join(aicha, &invite);
    world.run();
    look(&mut world, aicha, &room);
    world.send(aicha, &room, "hello all");
    world.pass(3_000);
    let seq = newest(&world, aicha, &room);
    for name in ["mira", "jonas"] {
        let account = world.account(name);
        assert_eq!(receipt(&world, aicha, &account).map(|(delivered, _)| delivered), Some(seq), "{name}");
    }
}

#[test]
fn unread_counts_agree_in_two_sessions_also_after_they_were_apart() {
    let (mut world, mira, jonas, room) = two(5);
    let other = world.log_in("mira");
    for n in 0..5 {
        world.send(jonas, &room, &format!("message {n}"));
        world.run();
    }
    let unread = |world: &World| [mira, other].map(|d| shown(world, d, &room).unread);
    assert_eq!(unread(&world), [5, 5]);
    let third = world.devices[mira].shown(&room).iter().filter_map(|item| item.seq).nth_back(2).unwrap();
    world.call(mira, Intent::Read { room: room.clone(), seq: third }).unwrap();
    world.pass(3_000);
    assert_eq!(unread(&world), [2, 2], "exactly, not all or nothing");
    world.go_away(other);
    world.send(jonas, &room, "one more");
    world.pass(3_000);
    read(&mut world, mira, &room);
    world.pass(3_000);
    world.wake_up(other);
    world.pass(3_000);
    assert_eq!(unread(&world), [0, 0]);
    let fresh = world.log_in("mira");
    assert_eq!(shown(&world, fresh, &room).unread, 0, "a new device does not begin with everything unread");
    // Read in both at once while both are offline: the farther position counts.
    world.send(jonas, &room, "last one");
    world.pass(3_000);
    world.go_away(mira);
    world.go_away(other);
    read(&mut world, other, &room);
    world.wake_up(mira);
    world.wake_up(other);
    world.pass(5_000);
    assert_eq!(unread(&world), [0, 0]);
}

#[test]
fn marked_as_unread_until_it_is_read_anywhere() {
    let (mut world, mira, _, room) = two(6);
    let other = world.log_in("mira");
    let marked = |world: &World| [mira, other].map(|d| shown(world, d, &room).marked_unread);
    world.call(mira, Intent::MarkUnread { room: room.clone() }).unwrap();
    world.pass(3_000);
    assert_eq!(marked(&world), [true, true]);
    let seq = newest(&world, other, &room);
    world.call(other, Intent::Read { room: room.clone(), seq }).unwrap();
    world.pass(3_000);
    assert_eq!(marked(&world), [false, false]);
}

#[test]
fn drafts_are_kept_and_follow_to_other_sessions_and_go_with_the_message() {
    let (mut world, mira, _, room) = two(7);
    let other = world.log_in("mira");
    let draft = |world: &World| [mira, other].map(|d| shown(world, d, &room).draft.clone());
    let write = |world: &mut World, d: usize, text: &str, done: bool| {
        let intent = Intent::SetDraft { room: room.clone(), text: text.into(), done };
        assert_eq!(world.call(d, intent), Ok(Reply::Done));
    };
    write(&mut world, mira, "hel", false);
    write(&mut world, mira, "hello every", false);
    world.pass(4_000);
    assert_eq!(draft(&world)[1], "hello every");
    write(&mut world, mira, "hello everybody", true);
    world.run();
    assert_eq!(draft(&world), ["hello everybody"; 2], "at once when the person stops");
    world.crash(mira);
    world.run();
    assert_eq!(draft(&world)[0], "hello everybody");
    // Written on while apart: the newer one wins, on both.
    world.go_away(mira);
    write(&mut world, mira, "older", true);
    world.pass(1_000);
    write(&mut world, other, "newer", true);
    world.wake_up(mira);
    world.pass(5_000);
    assert_eq!(draft(&world), ["newer"; 2]);
    world.send(other, &room, "newer");
    world.pass(5_000);
    assert_eq!(draft(&world), [""; 2]);
    let long = "x".repeat(20_000);
    write(&mut world, mira, &long, true);
    world.pass(5_000);
    assert_eq!(draft(&world), [long.clone(), String::new()], "kept where it was written");
    world.crash(mira);
    world.pass(5_000);
    assert_eq!(draft(&world)[0], long);
    let huge = Intent::SetDraft { room: room.clone(), text: "x".repeat(300_000), done: true };
    assert!(world.call(mira, huge).is_err());
}

#[test]
fn how_rooms_are_liked_agrees_in_two_sessions() {
    let (mut world, mira, _, room) = two(8);
    let other = world.log_in("mira");
    let set = |muted, notify, pinned, archived| Intent::SetRoomPreferences {
        room: room.clone(),
        muted,
        notify,
        pinned,
        archived,
    };
    let liked = |world: &World, d: usize| {
        let room = shown(world, d, &room);
        (room.muted, room.notify, room.pinned, room.archived)
    };
    world.call(mira, set(Some(u64::MAX), None, Some(true), None)).unwrap();
    assert_eq!(liked(&world, mira), (9_999_999_999_999, Notify::All, true, false));
    world.pass(5_000);
    assert_eq!(liked(&world, other), liked(&world, mira), "without anybody saying a word");
    // At the same time in both: what each changed stays.
    world.ask(mira, set(Some(0), None, None, None));
    world.ask(other, set(None, Some(Notify::Mentions), None, Some(true)));
    world.pass(10_000);
    assert_eq!(liked(&world, mira), (0, Notify::Mentions, true, true));
    assert_eq!(liked(&world, other), liked(&world, mira));
    world.go_away(other);
    world.crash(other);
    world.run();
    assert_eq!(liked(&world, other), liked(&world, mira), "after a restart too");
    let fresh = world.log_in("mira");
    assert_eq!(liked(&world, fresh), liked(&world, mira));
}

#[test]
fn typing_is_told_and_shown_only_by_those_who_tell() {
    let (mut world, mira, jonas, room) = two(9);
    let typing = |world: &World, d: usize| {
        world.devices[d].notices.iter().filter(|n| matches!(n, Notice::Typing { .. })).count()
    };
    world.call(jonas, prefer(None, Some(false), None)).unwrap();
    world.call(mira, Intent::Typing { room: room.clone() }).unwrap();
    world.call(jonas, Intent::Typing { room: room.clone() }).unwrap();
    world.run();
    assert_eq!((typing(&world, mira), typing(&world, jonas)), (0, 0));
    world.call(jonas, prefer(None, Some(true), None)).unwrap();
    world.pass(5_000);
    world.call(mira, Intent::Typing { room: room.clone() }).unwrap();
    world.call(jonas, Intent::Typing { room }).unwrap();
    world.run();
    assert_eq!((typing(&world, mira), typing(&world, jonas)), (1, 1));
}

#[test]
fn who_is_there_is_seen_by_those_who_share_a_room_and_tell_it_themselves() {
    let (mut world, mira, jonas, _) = two(10);
    let (of_mira, of_jonas) = (world.account("mira"), world.account("jonas"));
    let dora = world.register("dora");
    for (d, whom) in [(mira, &of_jonas), (jonas, &of_mira), (dora, &of_mira)] {
        world.call(d, Intent::WatchPresence { accounts: vec![whom.clone()] }).unwrap();
    }
    world.run();
    assert_eq!(presence(&world, mira, &of_jonas), Some((true, false)));
    assert_eq!(presence(&world, dora, &of_mira), Some((false, false)), "no room in common");
    // Another tab asks about the same people.
    world.devices[mira].notices.clear();
    world.call(mira, Intent::WatchPresence { accounts: vec![of_jonas.clone()] }).unwrap();
    world.run();
    assert_eq!(presence(&world, mira, &of_jonas), Some((true, false)));
    world.go_away(jonas);
    world.run();
    assert_eq!(presence(&world, mira, &of_jonas), Some((false, true)), "with when they were last there");
    world.wake_up(jonas);
    world.run();
    assert_eq!(presence(&world, mira, &of_jonas), Some((true, false)));
    // Whoever does not tell it is told nothing, and hidden, also after a restart.
    world.call(jonas, prefer(None, None, Some(false))).unwrap();
    world.pass(2_000);
    assert_eq!(presence(&world, mira, &of_jonas), Some((false, false)));
    assert_eq!(presence(&world, jonas, &of_mira), Some((false, false)));
    world.crash(jonas);
    world.pass(2_000);
    world.crash(mira);
    world.pass(2_000);
    world.call(mira, Intent::WatchPresence { accounts: vec![of_jonas.clone()] }).unwrap();
    world.run();
    assert_eq!(presence(&world, mira, &of_jonas), Some((false, false)));
    world.call(jonas, prefer(None, None, Some(true))).unwrap();
    world.pass(2_000);
    assert_eq!(presence(&world, mira, &of_jonas), Some((true, false)));
}

#[test]
fn marks_go_on_after_a_removal_and_after_new_keys_of_the_room() {
    let (mut world, mira, jonas, room) = two(11);
    let aicha = world.register("aicha");
    let invite = world.invite(mira, &room);
    world.join(aicha, &invite);
    world.run();
    world.send(mira, &room, "before");
    world.pass(3_000);
    let gone = world.account("aicha");
    world.call(mira, Intent::RemoveMember { room: room.clone(), account: gone }).unwrap();
    world.run();
    world.send(mira, &room, "after");
    world.pass(3_000);
    let seq = read(&mut world, jonas, &room);
    world.pass(3_000);
    let account = world.account("jonas");
    assert_eq!(receipt(&world, mira, &account), Some((seq, seq)));
}
