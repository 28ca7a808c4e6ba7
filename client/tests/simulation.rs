//! Several clients talk through a relay in memory, in orders that a seed decides.

use waxwing_client::api::{AccountIntent, Body, Intent, Page, Reply};
use waxwing_tests::sim::{World, code};
use waxwing_wire::ProblemCode;

fn join(world: &mut World, d: usize, invite: &str) -> String {
    world.join(d, invite)
}

fn timeline(world: &mut World, d: usize, room: &str) -> Vec<Body> {
    match world.call(d, Intent::Timeline { room: room.into(), page: Page::Newest, limit: 500 }) {
        Ok(Reply::Timeline { items, .. }) => items.into_iter().map(|item| item.body).collect(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn two_people_talk_and_a_third_device_reads_everything_while_nobody_is_online() {
    let mut world = World::new(1);
    let mira = world.register("mira");
    let jonas = world.register("jonas");
    let room = world.room(mira, "Ops room");
    world.send(mira, &room, "before anybody joined");
    let invite = world.invite(mira, &room);
    assert_eq!(world.invite(mira, &room), invite, "the same link as long as it counts");

    match world.call(jonas, Intent::PreviewInvite { invite: invite.clone() }) {
        Ok(Reply::InvitePreview { name, members, member, .. }) => {
            assert_eq!((name.as_str(), members, member), ("Ops room", 1, false));
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(join(&mut world, jonas, &invite), room);
    world.send(jonas, &room, "hello Mira");
    world.run();
    world.send(mira, &room, "hello Jonas");
    world.run();
    let all = ["before anybody joined", "hello Mira", "hello Jonas"];
    assert_eq!(world.devices[mira].texts(&room), all);
    assert_eq!(world.devices[jonas].texts(&room), all);
    let people: Vec<_> = world.devices[mira].rooms[&room].people.iter().map(|p| p.name.clone()).collect();
    assert!(people.contains(&"JONAS".to_owned()) && people.contains(&"MIRA".to_owned()), "{people:?}");

    world.go_away(mira);
    world.go_away(jonas);
    let third = world.log_in("jonas");
    assert_eq!(world.devices[third].texts(&room), all);
    let seen = &world.devices[third].rooms[&room];
    assert_eq!((seen.name.as_str(), seen.members, seen.syncing), ("Ops room", 2, false));
    assert_eq!(world.devices[third].me.as_ref().unwrap().display_name, "JONAS");
    let notices = timeline(&mut world, third, &room);
    assert!(matches!(notices.first(), Some(Body::Created)));
    assert!(notices.iter().any(|body| matches!(body, Body::Joined { .. })));
    assert!(notices.iter().all(|body| !matches!(body, Body::Warning { .. })));
}

#[test]
fn a_device_that_starts_again_goes_on_and_sends_what_it_had_not_sent() {
    let mut world = World::new(2);
    let mira = world.register("mira");
    let jonas = world.register("jonas");
    let room = world.room(mira, "Ops room");
    let invite = world.invite(mira, &room);
    join(&mut world, jonas, &invite);
    world.send(jonas, &room, "one");
    world.run();
    world.cut(jonas);
    let text = |text: &str| Intent::text(room.clone(), text.into());
    world.ask(jonas, text("two"));
    world.ask(jonas, text("three"));
    for _ in 0..2 {
        world.step();
    }
    world.crash(jonas);
    world.send(mira, &room, "meanwhile");
    world.run();
    let mut texts = world.devices[mira].texts(&room);
    texts.sort();
    let stored = timeline(&mut world, jonas, &room);
    let count = |wanted: &str| {
        stored.iter().filter(|body| matches!(body, Body::Text { text, .. } if text == wanted)).count()
    };
    for text in &texts {
        assert_eq!(count(text), 1, "{text}");
    }
    assert!(texts.contains(&"one".to_owned()) && texts.contains(&"meanwhile".to_owned()));
}

#[test]
fn races_cuts_and_crashes_lose_and_double_nothing() {
    use rand::{Rng as _, SeedableRng as _};
    for seed in 0..6 {
        let mut world = World::new(seed);
        let mut rng = rand_chacha::ChaCha20Rng::seed_from_u64(seed);
        let devices: Vec<usize> =
            ["mira", "jonas", "aicha"].iter().map(|name| world.register(name)).collect();
        let room = world.room(devices[0], "Race");
        let invite = world.invite(devices[0], &room);
        // Two join at once, while the first talks: commits and messages compete.
        let joins =
            [devices[1], devices[2]].map(|d| world.ask(d, Intent::JoinRoom { invite: invite.clone() }));
        let second = world.log_in("mira");
        let mut sent = Vec::new();
        for n in 0..30 {
            let d = if n < 10 { devices[0] } else { [devices[0], devices[1], devices[2], second][n % 4] };
            if world.devices[d].rooms.contains_key(&room) {
                let text = format!("{d}:{n}");
                world.send(d, &room, &text);
                sent.push(text);
            }
            for _ in 0..rng.gen_range(0..6) {
                world.step();
            }
            match rng.gen_range(0..8) {
                0 => world.cut(d),
                1 => world.crash(d),
                _ => {}
            }
        }
        world.run();
        let _ = joins;
        sent.sort();
        let reader = world.log_in("aicha");
        for d in devices.iter().copied().chain([second, reader]) {
            let bodies = timeline(&mut world, d, &room);
            let mut texts: Vec<String> = bodies
                .iter()
                .filter_map(|body| match body {
                    Body::Text { text, .. } => Some(text.clone()),
                    Body::Warning { code } => panic!("seed {seed}, device {d}: {code}"),
                    _ => None,
                })
                .collect();
            texts.sort();
            assert_eq!(texts, sent, "seed {seed}, device {d}");
            let shown = &world.devices[d].rooms[&room];
            assert_eq!(
                (shown.members, shown.syncing, &shown.trouble),
                (3, false, &None),
                "seed {seed}, device {d}"
            );
        }
    }
}

#[test]
fn a_relay_that_is_busy_now_and_then_only_makes_it_slower() {
    // Who is told that its session ended keeps what waits as well: it goes on after the next login.
    let passing = [ProblemCode::Unavailable, ProblemCode::NotLoggedIn];
    for (n, code) in (2..6).flat_map(|n| passing.map(|code| (n, code))) {
        let mut world = World::new(n);
        world.relay.refuse_with = code;
        let mira = world.register("mira");
        let room = world.room(mira, "Busy");
        let invite = world.invite(mira, &room);
        let jonas = world.register("jonas");
        join(&mut world, jonas, &invite);
        world.run();
        world.relay.refuse_every = Some(n);
        let mut said = Vec::new();
        for text in ["one", "two", "three", "four", "five"] {
            world.send(jonas, &room, text);
            said.push(text);
        }
        world.run();
        let third = world.log_in("mira");
        for d in [mira, jonas, third] {
            assert_eq!(world.devices[d].texts(&room), said, "every {n}, {code:?}, device {d}");
            assert_eq!(world.devices[d].rooms[&room].trouble, None);
        }
    }
}

#[test]
fn reading_everything_leaves_nothing_unread_and_what_waits_is_in_the_list() {
    let mut world = World::new(7);
    let mira = world.register("mira");
    let room = world.room(mira, "Ops room");
    let invite = world.invite(mira, &room);
    let jonas = world.register("jonas");
    join(&mut world, jonas, &invite);
    world.send(jonas, &room, "unread");
    world.run();
    assert_eq!(world.devices[mira].rooms[&room].unread, 1);
    let seq = world.devices[mira].rooms[&room].last.as_ref().and_then(|item| item.seq).unwrap();
    assert_eq!(world.call(mira, Intent::Read { room: room.clone(), seq }), Ok(Reply::Done));
    assert_eq!(world.devices[mira].rooms[&room].unread, 0);
    world.go_away(mira);
    world.send(mira, &room, "waiting");
    let last = world.devices[mira].rooms[&room].last.as_ref().unwrap();
    assert!(matches!(&last.body, Body::Text { text, .. } if text == "waiting"));
}

#[test]
fn a_relay_that_went_back_in_time_is_noticed() {
    let mut world = World::new(8);
    let mira = world.register("mira");
    let room = world.room(mira, "Ops room");
    world.send(mira, &room, "one");
    world.send(mira, &room, "two");
    world.run();
    let stored = world.relay.rooms.values_mut().next().unwrap();
    stored.log.pop();
    world.cut(mira);
    world.run();
    assert!(world.devices[mira].rooms[&room].trouble.as_ref().is_some_and(|why| why.contains("older state")));
    assert_eq!(world.devices[mira].texts(&room), ["one", "two"], "nothing shown is taken away");
    let again = world.log_in("mira");
    assert_eq!(world.devices[again].texts(&room), ["one"]);
}

#[test]
fn what_is_asked_while_the_connection_is_being_made_waits_for_it() {
    let mut world = World::new(9);
    let mira = world.register("mira");
    let room = world.room(mira, "Ops room");
    let invite = world.invite(mira, &room);
    world.crash(mira);
    let preview = Intent::PreviewInvite { invite: invite.clone() };
    assert!(matches!(world.call(mira, preview.clone()), Ok(Reply::InvitePreview { member: true, .. })));
    world.go_away(mira);
    assert_eq!(code(world.call(mira, preview)), "offline");
}

#[test]
fn a_message_of_an_older_epoch_is_not_shown_where_a_newer_one_is_in_force() {
    let mut world = World::new(10);
    let mira = world.register("mira");
    let room = world.room(mira, "Ops room");
    let invite = world.invite(mira, &room);
    let jonas = world.register("jonas");
    join(&mut world, jonas, &invite);
    world.run();
    world.relay.keep_next = true;
    world.send(jonas, &room, "sealed before the next commit");
    world.run();
    let aicha = world.register("aicha");
    join(&mut world, aicha, &invite);
    world.run();
    world.relay.slip_in();
    world.run();
    let later = world.log_in("mira");
    for d in [mira, aicha, later] {
        assert_eq!(world.devices[d].texts(&room), ["warning forged"], "device {d}");
    }
}

#[test]
fn whoever_joins_late_reads_back_through_many_pages_of_history() {
    let mut world = World::new(11);
    let mira = world.register("mira");
    let room = world.room(mira, "Ops room");
    world.send(mira, &room, "the very first");
    world.run();
    let invite = world.invite(mira, &room);
    let mut last = mira;
    // The simulated relay gives three links at a time.
    for name in ["anna", "bela", "cleo", "dora", "emil", "fritz"] {
        last = world.register(name);
        join(&mut world, last, &invite);
        world.send(last, &room, name);
        world.run();
    }
    let all = ["the very first", "anna", "bela", "cleo", "dora", "emil", "fritz"];
    let again = world.log_in("fritz");
    for d in [mira, last, again] {
        assert_eq!(world.devices[d].texts(&room), all, "device {d}");
    }
}

#[test]
fn an_entry_that_is_withheld_from_one_reader_shows() {
    let mut world = World::new(12);
    let mira = world.register("mira");
    let room = world.room(mira, "Ops room");
    for text in ["one", "two", "three"] {
        world.send(mira, &room, text);
        world.run();
    }
    let stored = world.relay.rooms.values_mut().next().unwrap();
    let withheld = stored.log.len() - 2;
    stored.log.remove(withheld);
    for (n, entry) in stored.log.iter_mut().enumerate() {
        entry.seq = n as u64 + 1;
    }
    let reader = world.log_in("mira");
    let mut texts = world.devices[reader].texts(&room);
    texts.sort();
    assert_eq!(texts, ["one", "three", "warning fork", "warning gap"]);
}

#[test]
fn a_relay_that_lost_a_snapshot_is_told_of_once_and_nothing_unsent_is_lost() {
    let mut world = World::new(13);
    let mira = world.register("mira");
    let room = world.room(mira, "Ops room");
    let sleeper = world.log_in("mira");
    world.go_away(sleeper);
    world.send(sleeper, &room, "written asleep");
    world.invite(mira, &room);
    world.relay.lose_snapshots();
    world.wake_up(sleeper);
    let shown = &world.devices[sleeper];
    assert!(shown.rooms[&room].trouble.as_ref().is_some_and(|why| why.contains("has lost")));
    assert_eq!(shown.texts(&room), ["written asleep (Waiting)"]);
}

#[test]
fn both_sessions_of_an_account_may_change_the_room() {
    let mut world = World::new(3);
    let mira = world.register("mira");
    let room = world.room(mira, "Ops room");
    let other = world.log_in("mira");
    let invite = world.invite(other, &room);
    world.send(mira, &room, "from the first");
    world.send(other, &room, "from the second");
    world.run();
    assert_eq!(world.devices[mira].texts(&room), world.devices[other].texts(&room));
    assert_eq!(world.devices[mira].texts(&room).len(), 2);
    let jonas = world.register("jonas");
    join(&mut world, jonas, &invite);
    world.run();
    assert_eq!(world.devices[mira].rooms[&room].members, 2);
}

#[test]
fn mistakes_get_a_clear_answer_and_change_nothing() {
    let mut world = World::new(4);
    let mira = world.register("mira");
    let room = world.room(mira, "Ops room");
    let stored = world.devices[mira].store.len();
    let log_in = |password: &str| AccountIntent::LogIn {
        username: "mira".into(),
        password: password.into(),
        device: None,
    };
    let stranger = world.device();
    assert_eq!(code(world.call(stranger, log_in("not her password"))), "wrong_credentials");
    let nobody =
        AccountIntent::LogIn { username: "nobody".into(), password: "whatever it is".into(), device: None };
    assert_eq!(code(world.call(stranger, nobody)), "wrong_credentials");
    assert_eq!(
        code(world.call(stranger, AccountIntent::SubmitTotp { code: "123456".into(), device: None })),
        "wrong_step"
    );
    assert_eq!(world.call(stranger, log_in("mira has a long password")), Ok(Reply::TotpRequired));
    assert_eq!(
        code(world.call(stranger, AccountIntent::SubmitTotp { code: "000000".into(), device: None })),
        "wrong_code"
    );
    let done = world.call(stranger, AccountIntent::SubmitTotp { code: " 123456 ".into(), device: None });
    assert!(matches!(done, Ok(Reply::LoggedIn { .. })), "{done:?}");

    let send = |text: String| Intent::text(room.clone(), text);
    assert_eq!(code(world.call(mira, send("  \n".into()))), "empty");
    assert_eq!(code(world.call(mira, send("x".repeat(70_000)))), "too_long");
    let elsewhere = Intent::text("AAAAAAAAAAAAAAAAAAAAAA".into(), "x".into());
    assert_eq!(code(world.call(mira, elsewhere)), "no_such_room");
    for bad in ["", "abc", "not base64 !", &"A".repeat(87)] {
        let join = Intent::JoinRoom { invite: bad.into() };
        assert!(["bad_invite", "link_invalid"].contains(&code(world.call(mira, join)).as_str()), "{bad}");
    }
    assert_eq!(code(world.call(mira, Intent::CreateRoom { name: " ".into() })), "empty");
    assert_eq!(code(world.call(mira, Intent::CreateRoom { name: "n".repeat(81) })), "name_too_long");
    assert_eq!(world.devices[mira].store.len(), stored, "nothing was kept of any of this");
    let weak = AccountIntent::Register {
        username: "new".into(),
        password: "short".into(),
        display_name: String::new(),
        setup_token: None,
        invite: None,
    };
    assert_eq!(code(world.call(stranger, weak)), "weak_password");
}

#[test]
fn logging_out_leaves_nothing_on_the_device() {
    let mut world = World::new(5);
    let mira = world.register("mira");
    let room = world.room(mira, "Ops room");
    world.send(mira, &room, "to be forgotten here");
    world.run();
    assert!(!world.devices[mira].store.is_empty());
    assert_eq!(world.call(mira, AccountIntent::LogOut), Ok(Reply::LoggedOut { told: true }));
    assert!(world.devices[mira].store.is_empty());
    assert!(world.devices[mira].me.is_none());
    let again = world.log_in("mira");
    assert_eq!(world.devices[again].texts(&room), ["to be forgotten here"]);
}

#[test]
fn what_the_device_keeps_shows_no_plain_text() {
    let mut world = World::new(6);
    let mira = world.register("mira");
    let room = world.room(mira, "The name of the room");
    world.send(mira, &room, "the text of the message");
    world.run();
    for (key, value) in &world.devices[mira].store {
        for needle in ["The name of the room", "the text of the message", "long password"] {
            let found = value.windows(needle.len()).any(|window| window == needle.as_bytes());
            assert!(!found, "{needle} in {key}");
        }
    }
}

#[test]
fn a_connection_that_is_gone_without_a_word_is_noticed_and_made_again() {
    let mut world = World::new(14);
    let mira = world.register("mira");
    let room = world.room(mira, "Ops room");
    let other = world.log_in("mira");
    let streams = world.relay.streams;
    world.pass(600_000);
    assert_eq!(world.relay.streams, streams, "a relay that answers is left alone");
    world.relay.close_stream(other);
    world.send(mira, &room, "while nobody told the other device");
    assert!(world.devices[other].texts(&room).is_empty());
    world.pass(60_000);
    assert_eq!(world.relay.streams, streams + 1);
    assert_eq!(world.devices[other].texts(&room), ["while nobody told the other device"]);
}
