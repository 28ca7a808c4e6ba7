//! Rooms of two, ways in, and rooms that go on in another one.

use waxwing_client::api::{Body, Intent, Reply};
use waxwing_tests::sim::Insider;
use waxwing_wire::frame::{Request, ServerFrame};

use crate::scene::{Three, code, id};

#[test]
fn a_room_of_two_has_two() {
    let mut all = Three::new(7);
    let jonas = all.account(all.jonas);
    let Ok(Reply::Room { room }) =
        all.world.call(all.mira, Intent::CreateDirect { account: jonas.clone(), note: None })
    else {
        panic!("no room")
    };
    let again = all.world.call(all.mira, Intent::CreateDirect { account: jonas.clone(), note: None });
    assert_eq!(again, Ok(Reply::Room { room: room.clone() }));
    let mira = all.account(all.mira);
    assert!(
        all.world.devices[all.jonas].rooms[&room].request
            && !all.world.devices[all.mira].rooms[&room].request
    );
    let back = all.world.call(all.jonas, Intent::CreateDirect { account: mira.clone(), note: None });
    assert_eq!(back, Ok(Reply::Room { room: room.clone() }), "there is one already");
    all.world.send(all.mira, &room, "psst");
    all.world.send(all.jonas, &room, "yes?");
    all.world.run();
    for (d, peer, name) in
        [(all.mira, &jonas, "JONAS"), (all.second, &jonas, "JONAS"), (all.jonas, &mira, "MIRA")]
    {
        let mut texts = all.world.devices[d].texts(&room);
        texts.sort();
        assert_eq!(texts, ["psst", "yes?"], "device {d}");
        let shown = &all.world.devices[d].rooms[&room];
        assert_eq!(
            (shown.peer.as_ref(), shown.name.as_str(), shown.members),
            (Some(peer), name, 2),
            "device {d}"
        );
    }
    let aicha = all.account(all.aicha);
    let add = Intent::AddMember { room: room.clone(), account: aicha };
    assert_eq!(code(all.world.call(all.mira, add)), "not_allowed");
    let remove = Intent::RemoveMember { room: room.clone(), account: jonas };
    assert_eq!(code(all.world.call(all.mira, remove)), "not_allowed");
    assert_eq!(
        code(all.world.call(all.mira, Intent::CreateInvite { room: room.clone(), lasts: None })),
        "not_allowed"
    );
    assert_eq!(all.world.call(all.jonas, Intent::LeaveRoom { room: room.clone() }), Ok(Reply::Done));
    assert_eq!(all.world.devices[all.mira].rooms[&room].members, 1);
}

#[test]
fn a_room_with_a_password_opens_to_whoever_knows_it() {
    let mut all = Three::new(9);
    let room = all.room.clone();
    all.say(all.mira, "before");
    let set = |password: Option<&str>| Intent::SetRoomPassword {
        room: room.clone(),
        password: password.map(str::to_owned),
    };
    assert_eq!(code(all.world.call(all.mira, set(Some("short")))), "weak_password");
    let Ok(Reply::RoomPassword { name, password }) = all.world.call(all.mira, set(None)) else {
        panic!("no password")
    };
    assert!(name.starts_with("Ops room "), "{name}");
    let try_with =
        |name: &str, password: &str| Intent::JoinByPassword { name: name.into(), password: password.into() };
    assert_eq!(code(all.world.call(all.jonas, try_with(&name, "not the password"))), "wrong_credentials");
    assert_eq!(code(all.world.call(all.jonas, try_with("Another room", &password))), "wrong_credentials");
    let joined = all.world.call(all.jonas, try_with(&name.to_uppercase(), &password.to_lowercase()));
    assert_eq!(joined, Ok(Reply::Room { room: room.clone() }));
    assert_eq!(all.texts(all.jonas), ["before"]);
    assert_eq!(code(all.world.call(all.jonas, set(None))), "not_allowed", "a plain member");
    // A link beside it leaves it as it is; another password takes its place.
    let invite = all.world.invite(all.mira, &room);
    assert!(all.world.devices[all.jonas].rooms[&room].password);
    let chosen = "correct horse battery staple";
    let Ok(Reply::RoomPassword { name: new, password: said }) = all.world.call(all.second, set(Some(chosen)))
    else {
        panic!("no password")
    };
    assert_eq!(said, chosen);
    assert_eq!(code(all.world.call(all.aicha, try_with(&name, &password))), "wrong_credentials");
    assert_eq!(all.world.call(all.aicha, try_with(&new, chosen)), Ok(Reply::Room { room: room.clone() }));
    assert_eq!(all.world.invite(all.mira, &room), invite);
    // Whoever is put out knows the password: it stops working.
    let account = all.account(all.aicha);
    assert_eq!(
        all.world.call(all.mira, Intent::RemoveMember { room: room.clone(), account }),
        Ok(Reply::Done)
    );
    assert_eq!(code(all.world.call(all.aicha, try_with(&new, chosen))), "wrong_credentials");
    assert!(!all.world.devices[all.jonas].rooms[&room].password);
    assert!(all.world.devices[all.jonas].rooms[&room].invite.is_some());
}

#[test]
fn a_password_can_be_taken_away() {
    let mut all = Three::new(21);
    let room = all.room.clone();
    let set = Intent::SetRoomPassword { room: room.clone(), password: None };
    let Ok(Reply::RoomPassword { name, password }) = all.world.call(all.mira, set.clone()) else {
        panic!("no password")
    };
    let enter = Intent::JoinByPassword { name, password };
    assert_eq!(all.world.call(all.jonas, enter.clone()), Ok(Reply::Room { room: room.clone() }));
    let away = Intent::RemoveRoomPassword { room: room.clone() };
    assert_eq!(code(all.world.call(all.jonas, away.clone())), "not_allowed", "a plain member");
    assert_eq!(all.world.call(all.second, away.clone()), Ok(Reply::Done));
    assert_eq!(all.world.call(all.mira, away), Ok(Reply::Done), "it is so already");
    assert!(!all.world.devices[all.jonas].rooms[&room].password);
    assert_eq!(code(all.world.call(all.aicha, enter)), "wrong_credentials");
    assert!(matches!(all.world.call(all.mira, set), Ok(Reply::RoomPassword { .. })));
}

const HOUR_S: u64 = 3600;

fn link(all: &mut Three, lasts: Option<u64>) -> (String, Option<u64>) {
    let room = all.room.clone();
    match all.world.call(all.mira, Intent::CreateInvite { room, lasts }) {
        Ok(Reply::Invite { invite, until }) => (invite, until),
        other => panic!("{other:?}"),
    }
}

/// Join packages of the room's newest epoch.
fn packages(all: &Three) -> usize {
    let published = &all.world.relay.rooms[&all.room.parse().expect("an id")].published;
    let newest = published.iter().map(|one| one.commit).max();
    published.iter().filter(|one| Some(one.commit) == newest).map(|one| one.packages.len()).sum()
}

#[test]
fn a_link_lasts_for_as_long_as_was_said() {
    let mut all = Three::new(22);
    for lasts in [1, 400 * 24 * HOUR_S] {
        let wrong = Intent::CreateInvite { room: all.room.clone(), lasts: Some(lasts) };
        assert_eq!(code(all.world.call(all.mira, wrong)), "not_allowed");
    }
    let (invite, until) = link(&mut all, None);
    let week = until.expect("it expires") - all.world.now_ms;
    assert!(week.abs_diff(7 * 24 * HOUR_S * 1000) < 600_000, "{week}");
    // Another end makes no other link.
    assert_eq!(link(&mut all, Some(0)), (invite.clone(), None));
    let (same, until) = link(&mut all, Some(HOUR_S));
    assert_eq!(same, invite);
    assert_eq!(link(&mut all, None), (invite.clone(), until));
    assert_eq!(all.world.join(all.jonas, &invite), all.room);
    let door = all.world.devices[all.jonas].rooms[&all.room].invite.clone().expect("a link");
    assert_eq!((door.until, door.own), (until, false));
    assert_eq!(door.by, all.account(all.mira));
    assert!(packages(&all) > 0);
    // Put out, the others' link lasts no longer than before.
    let account = all.account(all.jonas);
    let remove = Intent::RemoveMember { room: all.room.clone(), account };
    assert_eq!(all.world.call(all.mira, remove), Ok(Reply::Done));
    let (other, still) = link(&mut all, None);
    assert!(other != invite && still == until);
}

#[test]
fn nobody_comes_in_by_a_link_that_has_expired_whatever_the_relay_does() {
    let mut all = Three::new(23);
    all.add(all.aicha);
    let (invite, until) = link(&mut all, Some(HOUR_S));
    all.world.go_away(all.mira);
    all.world.go_away(all.second);
    let preview = Intent::PreviewInvite { invite: invite.clone() };
    assert!(all.world.call(all.jonas, preview.clone()).is_ok());
    all.world.now_ms = until.expect("it expires") + 1;
    // The relay's clock stands still: it goes on giving out what it has.
    for intent in [preview.clone(), Intent::JoinRoom { invite: invite.clone() }] {
        assert_eq!(code(all.world.call(all.jonas, intent)), "link_expired");
    }
    assert!(packages(&all) > 0);
    // What any member does from now on gives its holder no keys.
    let dora = all.world.register("dora");
    let add = Intent::AddMember { room: all.room.clone(), account: all.account(dora) };
    assert_eq!(all.world.call(all.aicha, add), Ok(Reply::Done));
    assert_eq!(packages(&all), 0);
    assert!(all.world.devices[all.aicha].rooms[&all.room].invite.is_some());
    // Whoever may, takes it out of the room.
    all.world.relay.clock_ms = all.world.now_ms;
    all.world.wake_up(all.mira);
    all.world.run();
    assert_eq!(all.world.devices[all.aicha].rooms[&all.room].invite, None);
    assert_eq!(code(all.world.call(all.jonas, preview)), "link_expired");
    assert_ne!(link(&mut all, None).0, invite);
}

#[test]
fn a_full_room_says_so_to_who_joins_and_to_who_adds() {
    let mut all = Three::new(24);
    let (invite, _) = link(&mut all, None);
    let set = Intent::SetRoomPassword { room: all.room.clone(), password: None };
    let Ok(Reply::RoomPassword { name, password }) = all.world.call(all.mira, set) else {
        panic!("no password")
    };
    all.world.relay.room_members = 2;
    assert_eq!(all.world.join(all.jonas, &invite), all.room);
    let enter = Intent::JoinByPassword { name, password };
    let join = Intent::JoinRoom { invite: invite.clone() };
    assert_eq!(code(all.world.call(all.aicha, enter)), "room_full");
    assert_eq!(code(all.world.call(all.aicha, join)), "room_full");
    assert!(all.world.devices[all.aicha].rooms.is_empty(), "nothing is left of the attempt");
    let account = all.account(all.aicha);
    let add = Intent::AddMember { room: all.room.clone(), account };
    assert_eq!(code(all.world.call(all.mira, add.clone())), "room_full");
    // The room goes on, and has a place again when somebody leaves.
    all.say(all.jonas, "it is full");
    assert_eq!(all.texts(all.mira), ["it is full"]);
    all.leave(all.jonas);
    all.world.run();
    assert_eq!(all.world.call(all.mira, add), Ok(Reply::Done));
    assert_eq!(all.world.devices[all.aicha].texts(&all.room), ["it is full"]);
}

#[test]
fn a_room_goes_on_in_another_one() {
    let mut all = Three::together(10);
    let old = all.room.clone();
    all.say(all.jonas, "in the old one");
    let culprit = all.account(all.jonas);
    let move_on = Intent::OpenSuccessor { room: old.clone(), without: vec![culprit] };
    assert_eq!(code(all.world.call(all.aicha, move_on.clone())), "not_allowed");
    let Ok(Reply::Room { room: new }) = all.world.call(all.mira, move_on.clone()) else { panic!("no room") };
    assert_eq!(code(all.world.call(all.mira, move_on)), "wrong_step");
    assert!(!all.world.devices[all.jonas].rooms.contains_key(&new));
    all.world.send(all.aicha, &new, "in the new one");
    all.world.run();
    let fresh = all.world.log_in("aicha");
    for d in [all.mira, all.second, all.aicha, fresh] {
        let rooms = &all.world.devices[d].rooms;
        assert_eq!(rooms[&new].predecessor.as_ref(), Some(&old), "device {d}");
        assert_eq!(rooms[&old].successor.as_ref(), Some(&new), "device {d}");
        assert_eq!((rooms[&new].name.as_str(), rooms[&new].members), ("Ops room", 2), "device {d}");
        assert_eq!(all.world.devices[d].texts(&new), ["in the new one"], "device {d}");
    }
    // Who did not come along reads who said so, and cannot see whether the other room agrees.
    assert_eq!(all.world.devices[all.jonas].rooms[&old].successor, None);
    let moved = |item: &&waxwing_client::api::Item| item.body == Body::Moved { room: new.clone() };
    assert_eq!(all.world.devices[all.jonas].shown(&old).into_iter().filter(moved).count(), 1);
}

#[test]
fn a_preview_says_who_vouches_for_the_room() {
    let mut all = Three::together(16);
    let invite = all.world.invite(all.mira, &all.room);
    all.world.run();
    let dora = all.world.register("dora");
    let look = Intent::PreviewInvite { invite };
    let vouched = |all: &mut Three| match all.world.call(dora, look.clone()) {
        Ok(Reply::InvitePreview { vouched_by, by_creator, .. }) => (vouched_by, by_creator),
        other => panic!("{other:?}"),
    };
    assert_eq!(vouched(&mut all), (all.account(all.mira), true));
    // A change by somebody else, while nobody of whoever made the link is there.
    all.world.go_away(all.mira);
    all.world.go_away(all.second);
    let leave = Intent::LeaveRoom { room: all.room.clone() };
    assert_eq!(all.world.call(all.jonas, leave), Ok(Reply::Done));
    all.world.run();
    assert_eq!(vouched(&mut all), (all.account(all.aicha), false));
    all.world.wake_up(all.mira);
    assert_eq!(vouched(&mut all), (all.account(all.mira), true));
}

#[test]
fn a_room_made_up_behind_a_link_is_refused() {
    let mut all = Three::new(17);
    let invite = all.world.invite(all.mira, &all.room);
    let own = all.world.room(all.jonas, "Another");
    let mut insider = Insider::of(&all.world, all.jonas, &own);
    let creator = id(&all.account(all.mira));
    let made_up = insider.behind_link(&all.world, &invite, creator);
    all.world.tamper = Some(Box::new(move |delivery, _| {
        let mut delivery = delivery.clone();
        if let (Some(Request::JoinInfo { .. }), ServerFrame::Response { response, .. }) =
            (&delivery.request, &mut delivery.frame)
        {
            *response = made_up.clone();
        }
        delivery.honest()
    }));
    let preview = Intent::PreviewInvite { invite: invite.clone() };
    assert_eq!(code(all.world.call(all.aicha, preview)), "link_invalid");
    assert_eq!(code(all.world.call(all.aicha, Intent::JoinRoom { invite: invite.clone() })), "link_invalid");
    all.world.behave();
    assert_eq!(all.world.join(all.aicha, &invite), all.room);
}
