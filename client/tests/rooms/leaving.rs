//! Leaving.

use waxwing_client::api::{Body, History, Intent, Reply, Role};
use waxwing_wire::{
    EntryId, RoomId,
    frame::{EntryKind, Event, LogEntry, Response, ServerFrame},
};

use crate::scene::{NAMES, Three, code, everybody_talks, id};

#[test]
fn whoever_leaves_is_gone_for_everybody_and_an_owner_hands_over_first() {
    let mut all = Three::together(6);
    let room = all.room.clone();
    let leave = Intent::LeaveRoom { room: room.clone() };
    assert_eq!(code(all.world.call(all.mira, leave.clone())), "not_allowed");
    let invite = all.world.invite(all.mira, &room);
    assert_eq!(all.set_role(all.mira, all.jonas, Role::Owner), Ok(Reply::Done));
    assert_eq!(all.world.call(all.mira, leave), Ok(Reply::Done));
    for d in [all.mira, all.second] {
        assert!(!all.world.devices[d].rooms.contains_key(&room), "device {d}");
        assert!(!all.world.devices[d].store.keys().any(|key| key.contains(&room)), "device {d}");
    }
    for d in [all.jonas, all.aicha] {
        assert_eq!(all.members(d), 2, "device {d}");
        assert!(all.world.devices[d].rooms[&room].invite.is_none(), "the link of whoever left is gone");
        let left = all.world.devices[d]
            .shown(&room)
            .into_iter()
            .filter(|item| matches!(item.body, Body::Left { .. }));
        assert_eq!(
            left.map(|item| item.sender.clone()).collect::<Vec<_>>(),
            [all.account(all.mira)],
            "device {d}"
        );
    }
    assert_eq!(code(all.world.call(all.mira, Intent::JoinRoom { invite })), "link_invalid");
    all.say(all.aicha, "quiet now");
    assert_eq!(all.texts(all.jonas), ["quiet now"]);
    assert_eq!(all.world.call(all.aicha, Intent::LeaveRoom { room: room.clone() }), Ok(Reply::Done));
    assert_eq!(
        all.world.call(all.jonas, Intent::LeaveRoom { room: room.clone() }),
        Ok(Reply::Done),
        "the last one closes the door"
    );
}

/// Nothing of the room is left on these devices.
fn is_gone(all: &Three, devices: &[usize], what: &str) {
    for d in devices {
        let device = &all.world.devices[*d];
        assert!(!device.rooms.contains_key(&all.room), "{what}, device {d}");
        assert!(!device.store.keys().any(|key| key.contains(&all.room)), "{what}, device {d}");
    }
}

#[test]
fn an_accounts_other_sessions_drop_what_it_left() {
    let mut all = Three::together(30);
    all.say(all.jonas, "before");
    let [live, asleep, off] = [(); 3].map(|()| all.world.log_in("jonas"));
    all.world.go_away(asleep);
    all.world.go_away(off);
    // One that is there hears no more than that it is out, as when the relay is quicker than what it reads.
    let place: RoomId = all.room.parse().expect("an id");
    all.world.tamper = Some(Box::new(move |delivery, _| {
        let entry =
            matches!(&delivery.frame, ServerFrame::Event(Event::Entry { room, .. }) if *room == place);
        if entry && delivery.device == live { Vec::new() } else { delivery.honest() }
    }));
    // He came by a key package: he refreshes before he leaves, which the others have not read.
    all.leave(all.jonas);
    all.world.wake_up(asleep);
    is_gone(&all, &[all.jonas, live, asleep], "left");
    all.world.tamper = None;
    // He is brought in again before the last of them is back: it goes on.
    all.add(all.jonas);
    all.say(all.mira, "after");
    all.world.wake_up(off);
    for d in [all.jonas, live, asleep, off] {
        assert_eq!(
            (all.texts(d), all.trouble(d)),
            (vec!["before".into(), "after".into()], None),
            "device {d}"
        );
    }
}

#[test]
fn what_the_last_one_left_is_gone_from_other_sessions() {
    let mut all = Three::new(31);
    all.world.go_away(all.second);
    all.leave(all.mira);
    all.world.wake_up(all.second);
    is_gone(&all, &[all.mira, all.second], "nobody else was in it");
}

/// The relay tells these devices that they are not in the room, and shows this as the statement by which their account left.
fn lie(all: &mut Three, devices: &[usize], said: Option<LogEntry>) {
    let place: RoomId = all.room.parse().expect("an id");
    let lied_to = devices.to_vec();
    all.world.tamper = Some(Box::new(move |delivery, _| {
        let mut delivery = delivery.clone();
        if let (true, ServerFrame::Response { response, .. }) =
            (lied_to.contains(&delivery.device), &mut delivery.frame)
        {
            match response {
                Response::Hello { rooms, .. } => rooms.retain(|summary| summary.room != place),
                Response::OwnLeave(proof) => proof.clone_from(&said),
                _ => {}
            }
        }
        delivery.honest()
    }));
    for d in devices {
        all.world.cut(*d);
    }
    all.world.run();
}

/// These are told that they are no members, and keep the room; once the relay behaves they go on in it.
fn keeps(all: &mut Three, devices: &[usize], said: Option<LogEntry>, what: &str) {
    let before: Vec<_> = devices.iter().map(|d| all.texts(*d)).collect();
    lie(all, devices, said);
    for (d, texts) in devices.iter().zip(&before) {
        assert!(all.world.devices[*d].rooms.contains_key(&all.room), "{what}, device {d}");
        assert!(all.trouble(*d).is_some_and(|why| why.contains("no longer a member")), "{what}, device {d}");
        assert_eq!(all.kept(*d), *texts, "{what}, device {d}");
    }
    all.world.behave();
    for (d, texts) in devices.iter().zip(&before) {
        assert_eq!((all.trouble(*d), &all.texts(*d)), (None, texts), "{what}, device {d}");
    }
}

/// The statement by which somebody left a room.
fn left(all: &Three, room: &str, account: &str) -> LogEntry {
    let room: RoomId = room.parse().expect("an id");
    let own = |entry: &&LogEntry| entry.kind == EntryKind::Leave && entry.sender == id(account);
    all.world.relay.rooms[&room].log.iter().rfind(own).expect("somebody left").clone()
}

#[test]
fn no_room_is_dropped_on_the_relays_word() {
    let mut all = Three::together(32);
    let (jonas, aicha) = (all.account(all.jonas), all.account(all.aicha));
    let other = all.world.log_in("jonas");
    // Another room, with the same people, that Jonas does leave.
    let elsewhere = all.world.room(all.mira, "Elsewhere");
    let invite = all.world.invite(all.mira, &elsewhere);
    all.world.join(all.jonas, &invite);
    assert_eq!(all.world.call(all.jonas, Intent::LeaveRoom { room: elsewhere.clone() }), Ok(Reply::Done));
    let foreign = left(&all, &elsewhere, &jonas);
    all.say(all.jonas, "still here");
    all.leave(all.aicha);
    let forged = LogEntry { sender: id(&jonas), ..left(&all, &all.room, &aicha) };
    let rubbish = LogEntry { bytes: vec![7; 90].into(), ..forged.clone() };
    let empty = LogEntry { bytes: Vec::new().into(), ..forged.clone() };
    let devices = [all.jonas, other];
    let proofs = [
        ("no proof", None),
        ("somebody else's", Some(forged)),
        ("of another room", Some(foreign)),
        ("rubbish", Some(rubbish)),
        ("empty", Some(empty)),
    ];
    for (what, proof) in proofs {
        keeps(&mut all, &devices, proof, what);
    }
}

#[test]
fn whoever_was_brought_in_again_is_not_dropped_by_what_they_said_before() {
    for history in [History::All, History::FromJoin] {
        let mut all = Three::together(33);
        let room = all.room.clone();
        let edit = Intent::EditRoom {
            room,
            name: None,
            topic: None,
            history: Some(history),
            avatar: None,
            retention: None,
        };
        assert_eq!(all.world.call(all.mira, edit), Ok(Reply::Done));
        let other = all.world.log_in("jonas");
        all.say(all.mira, "before");
        all.leave(all.jonas);
        let old = left(&all, &all.room, &all.account(all.jonas));
        all.add(all.jonas);
        all.say(all.mira, "after");
        let fresh = all.world.log_in("jonas");
        let what = format!("{history:?}");
        let devices = [all.jonas, other, fresh];
        keeps(&mut all, &devices, Some(old), &what);
    }
}

#[test]
fn a_session_that_missed_leaving_and_coming_back_keeps_the_room() {
    let mut all = Three::together(34);
    let away = all.world.log_in("jonas");
    all.say(all.mira, "before");
    all.world.go_away(away);
    all.leave(all.jonas);
    let old = left(&all, &all.room, &all.account(all.jonas));
    all.add(all.jonas);
    // Online again, and told that it is out.
    all.world.network(away, true);
    lie(&mut all, &[away], Some(old));
    assert!(all.world.devices[away].rooms.contains_key(&all.room));
    assert!(all.trouble(away).is_some_and(|why| why.contains("no longer a member")));
    all.world.behave();
    all.say(all.jonas, "still here");
    assert_eq!((all.texts(away), all.trouble(away)), (vec!["before".into(), "still here".into()], None));
}

#[test]
fn a_leave_that_is_shown_again_puts_nobody_out() {
    let mut all = Three::together(35);
    all.leave(all.jonas);
    let old = left(&all, &all.room, &all.account(all.jonas));
    all.add(all.jonas);
    let back = all.world.log_in("jonas");
    let place: RoomId = all.room.parse().expect("an id");
    let commits = |all: &Three| all.world.relay.rooms[&place].last_commit;
    // As he said it, and once he sits on a leaf of his own making again.
    for refreshed in [false, true] {
        if refreshed {
            // Everybody renews their keys after a week.
            all.world.now_ms += 8 * 24 * 3600 * 1000;
            [all.mira, all.jonas, all.aicha].iter().for_each(|d| all.world.crash(*d));
            all.world.run();
        }
        let before = commits(&all);
        let log = &mut all.world.relay.rooms.get_mut(&place).expect("it is there").log;
        let seq = log.len() as u64 + 1;
        let number = if refreshed { 1 } else { 2 };
        log.push(LogEntry { seq, after: before, id: EntryId([number; 16]), ..old.clone() });
        let devices = [all.mira, all.second, all.jonas, back, all.aicha];
        devices.iter().for_each(|d| all.world.cut(*d));
        all.world.pass(1_800_000);
        assert_eq!(commits(&all), before, "nobody acts on it");
        let account = all.account(all.jonas);
        for d in devices {
            assert_eq!((all.members(d), all.trouble(d)), (3, None), "device {d}");
            let told = Body::Left { account: account.clone() };
            let times = all.world.devices[d].shown(&all.room).iter().filter(|item| item.body == told).count();
            assert!(times <= 1, "device {d}: he left once");
        }
    }
    let devices = [all.mira, all.second, all.jonas, back, all.aicha];
    everybody_talks(&mut all, &devices, &NAMES, "after all");
}
