//! Bringing in, putting out, coming back, and roles.

use waxwing_client::api::{History, Intent, Reply, Role};
use waxwing_tests::sim::as_text;

use crate::scene::{NAMES, Three, code};

#[test]
fn whoever_is_brought_in_reads_everything_and_speaks() {
    let mut all = Three::new(1);
    all.say(all.mira, "before");
    all.add(all.jonas);
    all.say(all.jonas, "hello");
    all.say(all.second, "welcome");
    all.add(all.aicha);
    let said = ["before", "hello", "welcome"];
    for d in [all.mira, all.second, all.jonas, all.aicha] {
        assert_eq!(all.texts(d), said, "device {d}");
        assert_eq!((all.members(d), all.trouble(d)), (3, None), "device {d}");
    }
    for name in NAMES {
        let again = all.world.log_in(name);
        assert_eq!(all.texts(again), said, "{name} anew");
        assert_eq!((all.members(again), all.trouble(again)), (3, None), "{name} anew");
    }
}

#[test]
fn newcomers_read_what_was_before_only_where_the_room_allows_it() {
    let mut all = Three::new(2);
    all.say(all.mira, "before");
    let edit = Intent::EditRoom {
        room: all.room.clone(),
        name: None,
        topic: None,
        history: Some(History::FromJoin),
        avatar: None,
        retention: None,
    };
    assert_eq!(all.world.call(all.mira, edit), Ok(Reply::Done));
    all.say(all.mira, "still before");
    all.add(all.jonas);
    all.say(all.mira, "after");
    all.say(all.jonas, "indeed");
    assert_eq!(all.texts(all.mira), ["before", "still before", "after", "indeed"]);
    for d in [all.jonas, all.world.log_in("jonas")] {
        assert_eq!(all.texts(d), ["after", "indeed"]);
        assert_eq!(all.world.devices[d].rooms[&all.room].history, History::FromJoin);
    }
    let again = all.world.log_in("mira");
    assert_eq!(all.texts(again), ["before", "still before", "after", "indeed"]);
}

#[test]
fn whoever_is_put_out_reads_nothing_new_and_cannot_come_back_by_the_old_link() {
    let mut all = Three::new(3);
    let old = all.world.invite(all.mira, &all.room);
    all.world.join(all.jonas, &old);
    all.add(all.aicha);
    all.say(all.jonas, "heard");
    let (room, account) = (all.room.clone(), all.account(all.jonas));
    let remove = Intent::RemoveMember { room: room.clone(), account: account.clone() };
    assert_eq!(code(all.world.call(all.aicha, remove.clone())), "not_allowed");
    assert_eq!(all.world.call(all.mira, remove), Ok(Reply::Done));
    all.say(all.aicha, "unheard");
    assert_eq!(all.texts(all.jonas), ["heard"]);
    assert!(all.trouble(all.jonas).is_some_and(|why| why.contains("no longer a member")));
    assert_eq!(all.role(all.jonas, all.jonas), Role::Former);
    let send = Intent::text(room.clone(), "still here?".into());
    assert_eq!(code(all.world.call(all.jonas, send)), "no_such_room");
    assert_eq!(code(all.world.call(all.jonas, Intent::JoinRoom { invite: old.clone() })), "link_invalid");
    let again = all.world.log_in("jonas");
    assert!(!all.world.devices[again].rooms.contains_key(&room));
    // The link was replaced by a new one, of whoever put them out.
    let new = all.world.invite(all.mira, &room);
    assert_ne!(new, old);
    assert!(all.world.devices[all.aicha].rooms[&room].invite.is_some());
    assert_eq!(all.world.join(all.jonas, &new), room);
    all.say(all.jonas, "back");
    for d in [all.mira, all.second, all.aicha, all.jonas] {
        assert_eq!(all.texts(d), ["heard", "unheard", "back"], "device {d}");
    }
}

#[test]
fn whoever_was_put_out_can_be_brought_in_again() {
    let mut all = Three::together(4);
    all.say(all.jonas, "one");
    let (room, account) = (all.room.clone(), all.account(all.jonas));
    all.world.go_away(all.jonas);
    let sleeper = all.world.log_in("jonas");
    let remove = Intent::RemoveMember { room: room.clone(), account };
    assert_eq!(all.world.call(all.mira, remove), Ok(Reply::Done));
    all.say(all.mira, "two");
    all.add(all.jonas);
    all.say(all.mira, "three");
    all.world.wake_up(all.jonas);
    let fresh = all.world.log_in("jonas");
    for d in [all.jonas, sleeper, fresh] {
        assert_eq!(all.texts(d), ["one", "two", "three"], "device {d}");
        assert_eq!(all.trouble(d), None, "device {d}");
    }
    for d in [all.jonas, sleeper, fresh] {
        all.say(d, &format!("from {d}"));
    }
    let said = all.texts(all.mira);
    assert_eq!(said.len(), 6);
    for d in [all.second, all.aicha, all.jonas, sleeper, fresh] {
        assert_eq!(all.texts(d), said, "device {d}");
    }
}

#[test]
fn what_was_said_while_put_out_stays_unread_where_history_begins_with_joining() {
    let mut all = Three::together(8);
    let room = all.room.clone();
    let history = Intent::EditRoom {
        room: room.clone(),
        name: None,
        topic: None,
        history: Some(History::FromJoin),
        avatar: None,
        retention: None,
    };
    assert_eq!(all.world.call(all.mira, history), Ok(Reply::Done));
    all.say(all.mira, "one");
    let account = all.account(all.jonas);
    assert_eq!(all.world.call(all.mira, Intent::RemoveMember { room, account }), Ok(Reply::Done));
    all.say(all.mira, "two");
    all.add(all.jonas);
    all.say(all.mira, "three");
    assert_eq!(all.texts(all.jonas), ["one", "three"]);
    // A new device walks back from the present, and not beyond what it may not read.
    let fresh = all.world.log_in("jonas");
    assert_eq!(all.texts(fresh), ["three"]);
}

#[test]
fn whoever_comes_back_by_a_link_is_heard_where_history_begins_with_joining() {
    let mut all = Three::new(9);
    let room = all.room.clone();
    let history = Intent::EditRoom {
        room: room.clone(),
        name: None,
        topic: None,
        history: Some(History::FromJoin),
        avatar: None,
        retention: None,
    };
    assert_eq!(all.world.call(all.mira, history), Ok(Reply::Done));
    all.add(all.aicha);
    let first = all.world.invite(all.mira, &room);
    all.world.join(all.jonas, &first);
    all.say(all.jonas, "one");
    all.say(all.jonas, "two");
    let account = all.account(all.jonas);
    assert_eq!(
        all.world.call(all.mira, Intent::RemoveMember { room: room.clone(), account }),
        Ok(Reply::Done)
    );
    // What this device said before, it cannot read any more.
    let second = all.world.invite(all.mira, &room);
    assert_eq!(all.world.join(all.jonas, &second), room);
    all.say(all.jonas, "back");
    all.world.crash(all.jonas);
    all.world.run();
    all.say(all.jonas, "again");
    for d in [all.mira, all.second, all.aicha] {
        assert_eq!(all.texts(d), ["one", "two", "back", "again"], "device {d}");
        assert!(!all.kept(d).iter().any(|text| text.starts_with("warning")), "device {d}");
    }
}

#[test]
fn roles_decide_who_may_do_what() {
    let mut all = Three::together(5);
    let room = all.room.clone();
    let edit = |name: &str| Intent::EditRoom {
        room: room.clone(),
        name: Some(name.into()),
        topic: Some("Boats".into()),
        history: None,
        avatar: None,
        retention: None,
    };
    assert_eq!(code(all.world.call(all.jonas, edit("Mine"))), "not_allowed");
    assert_eq!(all.set_role(all.jonas, all.aicha, Role::Owner), Err("not_allowed".into()));
    assert_eq!(
        all.set_role(all.mira, all.mira, Role::Member),
        Err("not_allowed".into()),
        "a room needs an owner"
    );
    assert_eq!(all.set_role(all.mira, all.jonas, Role::Moderator), Ok(Reply::Done));
    assert_eq!(all.world.call(all.jonas, edit("Harbour")), Ok(Reply::Done));
    let history = Intent::EditRoom {
        room: room.clone(),
        name: None,
        topic: None,
        history: Some(History::FromJoin),
        avatar: None,
        retention: None,
    };
    assert_eq!(code(all.world.call(all.jonas, history)), "not_allowed");
    let put_out = |account: String| Intent::RemoveMember { room: room.clone(), account };
    let mira = all.account(all.mira);
    assert_eq!(code(all.world.call(all.jonas, put_out(mira.clone()))), "not_allowed");
    let aicha = all.account(all.aicha);
    assert_eq!(all.world.call(all.jonas, put_out(aicha)), Ok(Reply::Done));
    assert_eq!(all.set_role(all.mira, all.jonas, Role::Owner), Ok(Reply::Done));
    assert_eq!(all.set_role(all.jonas, all.mira, Role::Member), Ok(Reply::Done));
    for d in [all.mira, all.second, all.jonas] {
        assert_eq!(
            (all.role(d, all.mira), all.role(d, all.jonas)),
            (Role::Member, Role::Owner),
            "device {d}"
        );
        let shown = &all.world.devices[d].rooms[&room];
        assert_eq!((shown.name.as_str(), shown.topic.as_str(), shown.members), ("Harbour", "Boats", 2));
    }
    assert_eq!(all.world.call(all.jonas, put_out(mira)), Ok(Reply::Done));
}

#[test]
fn a_room_shows_who_confirmed_it_and_who_vouches_for_what_was_before() {
    let mut all = Three::new(16);
    all.say(all.mira, "before");
    let alone = &all.world.devices[all.mira].rooms[&all.room];
    assert_eq!((&alone.confirmed, &alone.vouched), (&None, &None), "nobody else can confirm anything");
    all.add(all.jonas);
    all.say(all.jonas, "I see the same");
    let (mira, jonas) = (all.account(all.mira), all.account(all.jonas));
    let confirmed =
        |all: &Three, d: usize| all.world.devices[d].rooms[&all.room].confirmed.clone().map(|c| c.account);
    assert_eq!((confirmed(&all, all.mira), confirmed(&all, all.second)), (Some(jonas.clone()), Some(jonas)));
    let fresh = all.world.log_in("jonas");
    for d in [all.jonas, fresh] {
        let vouched = all.world.devices[d].rooms[&all.room].vouched.clone().expect("he came in later");
        assert_eq!(vouched.account, mira, "device {d}");
        let before = |item: &&waxwing_client::api::Item| item.seq.is_some_and(|seq| seq < vouched.before);
        let texts = all.world.devices[d]
            .shown(&all.room)
            .into_iter()
            .filter(before)
            .filter_map(|item| as_text(&item.body));
        assert_eq!(texts.collect::<Vec<_>>(), ["before"], "device {d}");
    }
}
