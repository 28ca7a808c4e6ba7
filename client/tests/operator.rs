//! What the operator says and shows to everybody, and what members show to the operator.

use waxwing_client::api::{Body, Failure, Intent, Notice, Reply};
use waxwing_tests::sim::World;
use waxwing_wire::{
    admin::{Level, Statistics},
    frame::{AccountEvent, Announcement, Event},
};

fn code(result: Result<Reply, Failure>) -> String {
    result.map_or_else(|failure| failure.code, |reply| panic!("{reply:?}"))
}

/// Texts of the announcements that a device shows.
fn announced(world: &World, d: usize) -> Vec<String> {
    let notices = world.devices[d].notices.iter().rev();
    let shown = |notice: &Notice| match notice {
        Notice::Announcements { announcements } => {
            Some(announcements.iter().map(|one| one.text.clone()).collect())
        }
        _ => None,
    };
    notices.filter_map(shown).next().unwrap_or_default()
}

fn announcement(id: u64, text: &str, expires_at_ms: Option<u64>) -> Announcement {
    Announcement { id, text: text.into(), level: Level::Info, at_ms: id, expires_at_ms }
}

/// The key of a text as a device shows it.
fn key_of(world: &World, d: usize, room: &str, text: &str) -> String {
    let shown = world.devices[d].shown(room).into_iter();
    let mut found =
        shown.filter(|item| matches!(&item.body, Body::Text { text: known, .. } if known == text));
    found.next().expect("it is shown").key.clone()
}

#[test]
fn announcements_stand_until_they_are_withdrawn_or_over() {
    let mut world = World::new(1);
    world.relay.announcements = vec![announcement(1, "Welcome.", None)];
    let mira = world.register("mira");
    assert_eq!(announced(&world, mira), ["Welcome."]);
    let soon = announcement(2, "Back at noon.", Some(world.now_ms + 3_600_000));
    world.relay.proclaim(vec![soon, announcement(1, "Welcome.", None)]);
    world.run();
    assert_eq!(announced(&world, mira), ["Welcome.", "Back at noon."]);
    let told = world.devices[mira].notices.len();
    world.cut(mira);
    world.run();
    assert_eq!(world.devices[mira].notices.len(), told, "what is known is not told again");
    world.pass(4_000_000);
    assert_eq!(announced(&world, mira), ["Welcome."], "it is over");
    world.relay.proclaim(Vec::new());
    world.run();
    assert!(announced(&world, mira).is_empty());
}

#[test]
fn numbers_come_while_they_are_watched_and_after_a_lost_connection_too() {
    let mut world = World::new(2);
    let mira = world.register("mira");
    assert_eq!(code(world.call(mira, Intent::WatchStatistics { on: true })), "not_administrator");
    world.relay.accounts.get_mut("mira").unwrap().administrator = true;
    assert_eq!(world.call(mira, Intent::WatchStatistics { on: true }), Ok(Reply::Done));
    let numbers = |world: &World| {
        let all = world.devices[mira].notices.iter();
        all.filter(|notice| matches!(notice, Notice::Statistics { .. })).count()
    };
    world.cut(mira);
    world.run();
    world.relay.publish(&Statistics { users: 7, ..Statistics::default() });
    world.run();
    assert_eq!(numbers(&world), 1);
    assert_eq!(world.call(mira, Intent::WatchStatistics { on: false }), Ok(Reply::Done));
    world.relay.publish(&Statistics::default());
    world.run();
    assert_eq!(numbers(&world), 1);
}

#[test]
fn a_removed_message_shows_as_removed_and_as_nothing_worse() {
    let mut world = World::new(3);
    let (mira, jonas) = (world.register("mira"), world.register("jonas"));
    let room = world.room(mira, "Ops room");
    let invite = world.invite(mira, &room);
    world.join(jonas, &invite);
    for text in ["one", "rude", "two"] {
        world.send(jonas, &room, text);
        world.run();
    }
    let key = key_of(&world, mira, &room, "rude");
    let seq = world.devices[mira].items[&room][&key].seq.unwrap();
    world.relay.remove_message(seq);
    world.run();
    for d in [mira, jonas] {
        assert_eq!(world.devices[d].texts(&room), ["one", "two"], "device {d}");
        let item =
            world.devices[d].items[&room].values().find(|item| matches!(item.body, Body::Removed { .. }));
        assert!(item.is_some(), "device {d}");
    }
    assert_eq!(world.devices[mira].items[&room][&key].body, Body::Removed { said: true });
    world.send(jonas, &room, "three");
    world.run();
    let fresh = world.log_in("mira");
    for d in [mira, fresh] {
        let kept = waxwing_tests::script::timeline(&mut world, d, &room);
        assert_eq!(kept, ["one", "two", "three"], "device {d}: no gap, no fork");
    }
    assert_eq!(world.devices[fresh].items[&room][&key].body, Body::Removed { said: false });
    assert_eq!(code(world.call(mira, Intent::Report { room, key, note: None })), "not_found");
}

#[test]
fn a_report_opens_for_administrators_only_and_proves_who_wrote_it() {
    let mut world = World::new(4);
    let (mira, jonas) = (world.register("mira"), world.register("jonas"));
    let room = world.room(mira, "Ops room");
    let invite = world.invite(mira, &room);
    world.join(jonas, &invite);
    world.send(jonas, &room, "rude");
    world.run();
    let key = key_of(&world, mira, &room, "rude");
    let report = || Intent::Report { room: room.clone(), key: key.clone(), note: Some(" Twice. ".into()) };
    assert_eq!(code(world.call(mira, report())), "no_operator_key");

    let olga = world.register("olga");
    world.relay.accounts.get_mut("olga").unwrap().administrator = true;
    let id = world.relay.account_of("olga");
    world.relay.tell(id, &Event::Account(AccountEvent::Promoted));
    world.run();
    assert_eq!(world.relay.report_keys.len(), 1, "a new administrator publishes a key");
    assert_eq!(world.call(mira, report()), Ok(Reply::Done));
    let (seq, copies) = world.relay.reports.last().cloned().unwrap();
    let entry = world.relay.only_room().log[seq as usize - 1].clone();
    assert_eq!((copies.len(), copies[0].account, entry.sender), (1, id, world.relay.account_of("jonas")));

    let sealed = text(&copies[0].bytes);
    let keys = vec![text(&world.relay.accounts["jonas"].identity_key)];
    let at = |room: &str, entry: &str, sender: &str, sender_keys: Vec<String>| Intent::OpenReport {
        sealed: sealed.clone(),
        room: room.into(),
        entry: entry.into(),
        sender: sender.into(),
        sender_keys,
    };
    let reported = entry.id.to_string();
    let open = |sender: &str, sender_keys: Vec<String>| at(&room, &reported, sender, sender_keys);
    let sender = world.account("jonas");
    let shown = |world: &mut World, d: usize, intent: Intent| match world.call(d, intent) {
        Ok(Reply::Report { account, text, note, valid, room, .. }) => (account, text, note, valid, room),
        other => panic!("{other:?}"),
    };
    let right = (sender.clone(), "rude".to_owned(), "Twice.".to_owned(), true, room.clone());
    assert_eq!(shown(&mut world, olga, open(&sender, keys.clone())), right);
    let second = world.log_in("olga");
    assert_eq!(shown(&mut world, second, open(&sender, keys.clone())), right, "on every device");
    assert!(!shown(&mut world, olga, open(&sender, Vec::new())).3, "another key");
    let other = world.account("mira");
    assert!(!shown(&mut world, olga, open(&other, keys.clone())).3, "somebody else's entry");
    let harmless = world.relay.only_room().log.iter().find(|entry| entry.id.to_string() != reported);
    let harmless = at(&room, &harmless.unwrap().id.to_string(), &sender, keys.clone());
    assert!(!shown(&mut world, olga, harmless).3, "another entry of the same author");
    let elsewhere = waxwing_wire::RoomId([9; 16]).to_string();
    let elsewhere = at(&elsewhere, &reported, &sender, keys.clone());
    assert!(!shown(&mut world, olga, elsewhere).3, "another room");
    assert_eq!(code(world.call(mira, open(&sender, keys))), "unreadable_report");
    assert_eq!(world.relay.report_keys.len(), 1, "one key for all sessions");
}

/// Base64url of what travels in JSON.
fn text(value: &waxwing_wire::Opaque) -> String {
    serde_json::to_value(value).unwrap().as_str().unwrap().to_owned()
}

#[test]
fn a_new_name_reaches_every_room_and_device() {
    let mut world = World::new(5);
    let (mira, jonas) = (world.register("mira"), world.register("jonas"));
    let room = world.room(mira, "Ops room");
    let invite = world.invite(mira, &room);
    world.join(jonas, &invite);
    let second = world.log_in("mira");
    let rename = |name: &str| Intent::SetDisplayName { name: name.into() };
    assert_eq!(code(world.call(mira, rename(&"x".repeat(81)))), "name_too_long");
    assert_eq!(world.call(mira, rename(" Captain Mira ")), Ok(Reply::Done));
    world.run();
    let account = world.account("mira");
    assert_eq!(world.person(jonas, &room, &account).name, "Captain Mira");
    assert_eq!(world.devices[mira].me.as_ref().unwrap().display_name, "Captain Mira");
    world.crash(second);
    world.run();
    assert_eq!(world.devices[second].me.as_ref().unwrap().display_name, "Captain Mira");
    assert_eq!(world.person(jonas, &room, &account).name, "Captain Mira", "nobody answers back");
}
