//! Messages that disappear, pictures, and what the timeline tells of settings and roles.

use waxwing_client::api::{Avatar, Body, Intent, Item, Notice, Page, Reply, Role};
use waxwing_crypto_core::{
    ids,
    room::{Message, Metadata},
};
use waxwing_tests::sim::Insider;
use waxwing_wire::{
    EntryId, encode,
    frame::{Append, Request},
};

use crate::scene::{Three, code};

const DAY_S: u64 = 86_400;
const SIX_HOURS_S: u64 = 6 * 3600;
const HOUR_MS: u64 = 3_600_000;

fn edit(room: &str, avatar: Option<Avatar>, retention: Option<u64>) -> Intent {
    Intent::EditRoom { room: room.to_owned(), name: None, topic: None, history: None, avatar, retention }
}

/// Items of the newest page, as the device keeps them.
fn items(all: &mut Three, d: usize) -> Vec<Item> {
    let page = Intent::Timeline { room: all.room.clone(), page: Page::Newest, limit: 500 };
    match all.world.call(d, page) {
        Ok(Reply::Timeline { items, .. }) => items,
        other => panic!("{other:?}"),
    }
}

/// Says something at a relay that has a clock.
fn say(all: &mut Three, who: impl Fn(&Three) -> usize, text: &str) {
    all.world.relay.clock_ms = all.world.now_ms;
    let d = who(all);
    all.say(d, text);
}

/// Whether the device has anything left that says this.
fn keeps(all: &mut Three, d: usize, text: &str) -> bool {
    items(all, d).iter().any(|item| matches!(&item.body, Body::Text { text: said, .. } if said == text))
}

#[test]
fn messages_disappear_from_devices_and_from_the_relay() {
    let mut all = Three::together(40);
    say(&mut all, |all| all.mira, "long ago");
    all.world.pass(9 * HOUR_MS);
    say(&mut all, |all| all.jonas, "lately");
    let room = all.room.clone();
    let rule = edit(&room, None, Some(SIX_HOURS_S));
    assert_eq!(code(all.world.call(all.jonas, rule.clone())), "not_allowed");
    assert_eq!(all.world.call(all.mira, rule), Ok(Reply::Done));
    all.world.pass(60_000);
    for d in [all.mira, all.second, all.jonas, all.aicha] {
        assert_eq!(all.world.devices[d].rooms[&room].retention, SIX_HOURS_S);
        assert_eq!(all.texts(d), ["lately"], "device {d}");
        assert_eq!(all.kept(d), ["lately"], "device {d}");
    }
    // The owner has told the relay, which counts for itself.
    let stored = &all.world.relay.rooms[&room.parse().unwrap()];
    assert_eq!(stored.retention_s, SIX_HOURS_S);
    let now_ms = all.world.now_ms;
    assert_eq!(all.world.relay.erase_expired(now_ms), 1);

    // A device that begins now finds nothing where it was, and nobody is accused of having removed it.
    let late = all.world.log_in("aicha");
    assert_eq!(all.kept(late), ["lately"]);
    assert!(items(&mut all, late).iter().all(|item| !matches!(item.body, Body::Removed { .. })));

    all.world.pass(7 * HOUR_MS);
    for d in [all.mira, all.second, all.jonas, all.aicha, late] {
        assert!(all.kept(d).is_empty(), "device {d}");
        let shown = all.world.devices[d].rooms[&room].clone();
        assert_eq!(shown.unread, 0, "device {d}");
        // Who came stays.
        assert!(items(&mut all, d).iter().any(|item| matches!(item.body, Body::Joined { .. })), "device {d}");
    }
    say(&mut all, |all| all.aicha, "and on it goes");
    for d in [all.mira, all.second, all.jonas, all.aicha, late] {
        assert_eq!(all.kept(d), ["and on it goes"], "device {d}");
    }
    // A list says so where nothing newer is there.
    all.world.pass(9 * HOUR_MS);
    let newest = all.world.devices[all.mira].rooms[&room].last.clone().expect("something happened");
    assert_eq!(newest.body, Body::Expired);
}

#[test]
fn messages_disappear_offline_and_after_a_restart_and_stay_once_the_rule_is_gone() {
    let mut all = Three::together(41);
    let room = all.room.clone();
    assert_eq!(all.world.call(all.mira, edit(&room, None, Some(SIX_HOURS_S))), Ok(Reply::Done));
    say(&mut all, |all| all.mira, "for six hours");
    all.world.network(all.jonas, false);
    all.world.pass(5 * HOUR_MS);
    assert_eq!(all.kept(all.jonas), ["for six hours"]);
    all.world.pass(2 * HOUR_MS);
    let (jonas, aicha) = (all.jonas, all.aicha);
    assert!(!keeps(&mut all, jonas, "for six hours"), "without a network");
    all.world.crash(all.aicha);
    all.world.pass(60_000);
    assert!(!keeps(&mut all, aicha, "for six hours"), "after a crash");
    let now_ms = all.world.now_ms;
    assert_eq!(all.world.relay.erase_expired(now_ms), 1);
    all.world.network(all.jonas, true);
    assert_eq!(all.world.call(all.mira, edit(&room, None, Some(0))), Ok(Reply::Done));
    say(&mut all, |all| all.jonas, "to stay");
    all.world.pass(9 * HOUR_MS);
    let now_ms = all.world.now_ms;
    assert_eq!(all.world.relay.erase_expired(now_ms), 0, "the relay has heard that, too");
    for d in [all.mira, all.second, all.jonas, all.aicha, all.world.log_in("jonas")] {
        assert_eq!(all.kept(d), ["to stay"], "device {d}");
    }
}

#[test]
fn retention_has_bounds_and_a_picture_is_small() {
    let mut all = Three::together(42);
    let room = all.room.clone();
    for seconds in [1, 59, 400 * DAY_S, u64::MAX] {
        assert_eq!(code(all.world.call(all.mira, edit(&room, None, Some(seconds)))), "not_allowed");
    }
    let big = Avatar { emoji: "x".repeat(65), colour: 0 };
    assert_eq!(code(all.world.call(all.mira, edit(&room, Some(big), None))), "too_long");
    let bird = Avatar { emoji: "🐦".into(), colour: 4 };
    assert_eq!(code(all.world.call(all.jonas, edit(&room, Some(bird.clone()), None))), "not_allowed");
    assert_eq!(all.world.call(all.mira, edit(&room, Some(bird.clone()), None)), Ok(Reply::Done));
    for d in [all.second, all.jonas, all.world.log_in("aicha")] {
        assert_eq!(all.world.devices[d].rooms[&room].avatar, Some(bird.clone()), "device {d}");
    }
}

#[test]
fn the_timeline_tells_of_roles_and_settings_also_to_whoever_reads_it_later() {
    let mut all = Three::together(43);
    let room = all.room.clone();
    all.set_role(all.mira, all.jonas, Role::Moderator).unwrap();
    let topic = Intent::EditRoom {
        room: room.clone(),
        name: None,
        topic: Some("Boats".into()),
        history: None,
        avatar: None,
        retention: None,
    };
    assert_eq!(all.world.call(all.jonas, topic), Ok(Reply::Done));
    let name = Intent::SetDisplayName { name: "Aicha B.".into() };
    assert_eq!(all.world.call(all.aicha, name), Ok(Reply::Done));
    all.world.run();
    let jonas = all.account(all.jonas);
    for d in [all.mira, all.second, all.aicha, all.world.log_in("aicha")] {
        let told = items(&mut all, d);
        let has = |wanted: &dyn Fn(&Body) -> bool| told.iter().any(|item| wanted(&item.body));
        assert!(
            has(&|body| *body == Body::Role { account: jonas.clone(), role: Role::Moderator }),
            "role, device {d}"
        );
        assert!(
            has(&|body| matches!(body, Body::Settings { topic: Some(topic), .. } if topic == "Boats")),
            "topic, device {d}"
        );
        assert!(
            has(&|body| matches!(body, Body::Named { name, .. } if name == "Aicha B.")),
            "name, device {d}"
        );
    }
}

#[test]
fn in_a_room_of_two_the_relay_hears_of_the_rule_from_either() {
    let mut all = Three::new(44);
    let account = all.account(all.jonas);
    let direct = Intent::CreateDirect { account, note: None };
    let Ok(Reply::Room { room }) = all.world.call(all.mira, direct) else { panic!("no room") };
    all.world.run();
    assert_eq!(all.world.call(all.jonas, Intent::AcceptRequest { room: room.clone() }), Ok(Reply::Done));
    all.world.run();
    all.room = room.clone();
    for d in [all.mira, all.second] {
        all.world.go_away(d);
    }
    say(&mut all, |all| all.jonas, "between us");
    assert_eq!(all.world.call(all.jonas, edit(&room, None, Some(SIX_HOURS_S))), Ok(Reply::Done));
    all.world.run();
    let place = room.parse().expect("a room id");
    assert_eq!(all.world.relay.rooms[&place].retention_s, SIX_HOURS_S);
    all.world.pass(7 * HOUR_MS);
    assert!(!keeps(&mut all, 1, "between us"));
    let now_ms = all.world.now_ms;
    assert_eq!(all.world.relay.erase_expired(now_ms), 1);
}

#[test]
fn what_the_operator_removed_after_a_rule_had_ended_shows_as_removed() {
    let mut all = Three::together(45);
    let (room, place) = (all.room.clone(), all.room.parse().expect("a room id"));
    all.world.relay.clock_ms = all.world.now_ms;
    assert_eq!(all.world.call(all.mira, edit(&room, None, Some(SIX_HOURS_S))), Ok(Reply::Done));
    say(&mut all, |all| all.mira, "under the rule");
    all.world.pass(7 * HOUR_MS);
    all.world.relay.clock_ms = all.world.now_ms;
    let now_ms = all.world.now_ms;
    assert_eq!(all.world.relay.erase_expired(now_ms), 1);
    assert_eq!(all.world.call(all.mira, edit(&room, None, Some(0))), Ok(Reply::Done));
    say(&mut all, |all| all.jonas, "after the rule");
    say(&mut all, |all| all.jonas, "to stay");
    let log = &all.world.relay.rooms[&place].log;
    let id = log.iter().rfind(|entry| !entry.bytes.is_empty()).expect("it was said").seq - 1;
    all.world.relay.remove_message(id);
    all.world.pass(20 * HOUR_MS);
    let late = all.world.log_in("aicha");
    assert_eq!(all.kept(late), ["to stay"]);
    let removed: Vec<u64> = items(&mut all, late)
        .iter()
        .filter(|item| matches!(item.body, Body::Removed { .. }))
        .filter_map(|item| item.seq)
        .collect();
    assert_eq!(removed, [id], "what the rule took shows as nothing, what was removed later does not");
}

#[test]
fn what_is_beyond_its_time_is_never_shown() {
    let mut all = Three::together(46);
    let (room, jonas, aicha) = (all.room.clone(), all.jonas, all.aicha);
    assert_eq!(all.world.call(all.mira, edit(&room, None, Some(SIX_HOURS_S))), Ok(Reply::Done));
    all.world.run();
    all.world.go_away(jonas);
    say(&mut all, |all| all.mira, "for six hours");
    let seen = Intent::Read { room: room.clone(), seq: 1 };
    assert_eq!(all.world.call(aicha, seen), Ok(Reply::Done));
    let store = all.world.devices[aicha].stored();
    all.world.pass(7 * HOUR_MS);
    // Neither by a device that reads it only now, nor by one that has kept it and starts with the question for the newest page.
    let again = all.world.add(store);
    for d in [jonas, again] {
        all.world.devices[d].notices.clear();
        all.world.devices[d].items.clear();
    }
    let page = Intent::Timeline { room: room.clone(), page: Page::Newest, limit: 50 };
    let says = |item: &Item| matches!(item.body, Body::Text { .. });
    match all.world.call(again, page) {
        Ok(Reply::Timeline { items, .. }) => assert!(!items.iter().any(says), "{items:?}"),
        other => panic!("{other:?}"),
    }
    all.world.wake_up(jonas);
    for d in [jonas, again] {
        for notice in &all.world.devices[d].notices {
            match notice {
                Notice::Items { items, .. } => assert!(!items.iter().any(says), "device {d}: {items:?}"),
                Notice::Room { room } => {
                    assert!(!room.last.as_ref().is_some_and(says), "device {d}: {:?}", room.last);
                    assert!(d == again || room.unread == 0);
                }
                _ => {}
            }
        }
    }
}

/// A member says something by a clock that is wrong, on purpose or not.
fn says_at(all: &mut Three, device: usize, text: &str, at_ms: u64) {
    let mut member = Insider::of(&all.world, device, &all.room);
    let id = [7; 16];
    let metadata = Metadata {
        sender: member.account.0.into(),
        id: ids::MessageId(id),
        stream: ids::MessageId([9; 16]),
        position: 0,
        seen: member.seen,
        sent_at_ms: at_ms,
        kind: 1,
        account_version: 0,
    };
    let bytes = member.message(&Message { metadata, body: encode(&(text,)) });
    let (room, after) = (all.room.parse().unwrap(), member.after);
    all.world.relay.clock_ms = all.world.now_ms;
    let append = Append { room, after, id: EntryId(id), bytes: bytes.into(), lasting: false };
    member.send(&mut all.world, Request::Append(append));
    all.world.run();
}

#[test]
fn a_message_that_is_dated_ahead_disappears_and_holds_up_nothing() {
    let mut all = Three::together(47);
    let ahead_ms = all.world.now_ms + 10 * 365 * 24 * HOUR_MS;
    let jonas = all.jonas;
    // Before there is a rule: the room shows it as its author dated it.
    says_at(&mut all, jonas, "from the future", ahead_ms);
    say(&mut all, |all| all.mira, "after it");
    let mira = all.mira;
    assert!(items(&mut all, mira).iter().any(|item| item.at == ahead_ms));
    all.world.crash(all.second);
    all.world.run();
    let room = all.room.clone();
    assert_eq!(all.world.call(all.mira, edit(&room, None, Some(SIX_HOURS_S))), Ok(Reply::Done));
    all.world.run();
    assert_eq!(all.kept(mira), ["from the future", "after it"], "not yet");
    all.world.pass(3 * HOUR_MS);
    say(&mut all, |all| all.mira, "young");
    all.world.pass(4 * HOUR_MS);
    for d in [all.mira, all.second, all.jonas, all.aicha] {
        assert_eq!(all.kept(d), ["young"], "device {d}");
        let left = all.world.devices[d].store.keys().filter(|key| key.starts_with("m/")).count();
        let shown = items(&mut all, d).len();
        assert_eq!(left, shown, "device {d} has nothing that it does not show");
    }
}

#[test]
fn an_owner_ends_a_rule_at_the_relay_that_another_did_not_end() {
    let mut all = Three::together(48);
    let (room, place) = (all.room.clone(), all.room.parse().unwrap());
    let account = all.account(all.jonas);
    let owner = Intent::SetRole { room: room.clone(), account, role: Role::Owner };
    assert_eq!(all.world.call(all.mira, owner), Ok(Reply::Done));
    for rule in [SIX_HOURS_S, 0] {
        assert_eq!(all.world.call(all.mira, edit(&room, None, Some(rule))), Ok(Reply::Done));
        all.world.run();
    }
    all.world.go_away(all.mira);
    all.world.go_away(all.second);
    // Mira's device was lost before it had told the relay of the end.
    all.world.relay.rooms.get_mut(&place).unwrap().retention_s = SIX_HOURS_S;
    all.world.crash(all.jonas);
    all.world.run();
    assert_eq!(all.world.relay.rooms[&place].retention_s, 0);
    // Once: nothing is asked again as long as nothing changes.
    all.world.relay.rooms.get_mut(&place).unwrap().retention_s = SIX_HOURS_S;
    all.world.pass(HOUR_MS);
    assert_eq!(all.world.relay.rooms[&place].retention_s, SIX_HOURS_S);
}
