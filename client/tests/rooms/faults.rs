//! What goes wrong between members: each time with a clear outcome, and nothing else is lost.

use waxwing_client::api::{Intent, Item, Notice, Reply, Sending};
use waxwing_wire::{EntryId, Opaque, RoomId, frame::Append, frame::Event};

use crate::scene::{Three, code, id};

/// Messages of a device that its relay has not taken, with what is shown at them.
fn unsent(all: &Three, d: usize) -> Vec<Item> {
    let shown = all.world.devices[d].shown(&all.room).into_iter();
    shown.filter(|item| item.seq.is_none()).cloned().collect()
}

#[test]
fn who_is_put_out_while_writing_sees_what_was_not_sent() {
    for comes_back in [false, true] {
        let mut all = Three::together(60);
        let (room, jonas) = (all.room.clone(), all.jonas);
        all.world.network(jonas, false);
        all.world.send(jonas, &room, "written without a network");
        let draft = Intent::SetDraft { room: room.clone(), text: "and still wri".into(), done: true };
        assert_eq!(all.world.call(jonas, draft), Ok(Reply::Done));
        let account = all.account(jonas);
        assert_eq!(
            all.world.call(all.mira, Intent::RemoveMember { room: room.clone(), account }),
            Ok(Reply::Done)
        );
        all.world.devices[all.mira].notices.clear();
        all.world.network(jonas, true);
        all.world.run();
        assert_eq!(all.world.call(jonas, Intent::Typing { room: room.clone() }), Ok(Reply::Done));
        all.world.run();
        let typing = |notice: &Notice| matches!(notice, Notice::Typing { .. });
        assert!(!all.world.devices[all.mira].notices.iter().any(typing));
        assert!(all.trouble(jonas).is_some_and(|why| why.contains("no longer a member")));
        let [left] = unsent(&all, jonas).try_into().expect("one message");
        match &left.body {
            waxwing_client::api::Body::Text { text, state: Sending::Failed { message } } => {
                assert_eq!(text, "written without a network");
                assert!(message.contains("no longer a member"), "{message}");
            }
            other => panic!("{other:?}"),
        }
        let now = &all.world.devices[jonas].rooms[&room];
        assert_eq!(now.draft, "and still wri", "what was being written stays to be copied");
        let key = left.key.clone();
        let retry = Intent::Retry { room: room.clone(), key: key.clone() };
        assert_eq!(code(all.world.call(jonas, retry)), "no_such_room");
        if comes_back {
            all.add(jonas);
            all.world.run();
            for d in [all.mira, all.second, jonas, all.aicha] {
                assert_eq!(all.texts(d), ["written without a network"], "device {d}");
            }
        } else {
            let discard = Intent::Discard { room: room.clone(), key };
            assert_eq!(all.world.call(jonas, discard), Ok(Reply::Done));
            assert_eq!(unsent(&all, jonas), []);
            all.say(all.mira, "goes on");
            assert_eq!(all.texts(all.aicha), ["goes on"]);
        }
    }
}

#[test]
fn what_was_sealed_for_an_epoch_that_is_just_over_arrives_once() {
    let mut all = Three::together(61);
    let room = all.room.clone();
    // The first try is lost on the way, while somebody else changes the room; the second is for an epoch that is over.
    all.world.relay.keep_next = true;
    all.world.send(all.jonas, &room, "in between");
    all.world.pass(1_000);
    all.world.invite(all.mira, &room);
    all.world.cut(all.jonas);
    all.world.run();
    // The same on a connection that holds: the commit is on its way to who writes.
    all.world.send(all.jonas, &room, "at the same time");
    let edit = Intent::EditRoom {
        room: room.clone(),
        name: Some("Another name".into()),
        topic: None,
        history: None,
        avatar: None,
        retention: None,
    };
    all.world.ask(all.mira, edit);
    all.world.run();
    let fresh = all.world.log_in("aicha");
    for d in [all.mira, all.second, all.jonas, all.aicha, fresh] {
        assert_eq!(all.kept(d), ["in between", "at the same time"], "device {d}");
    }
    assert_eq!(unsent(&all, all.jonas), []);
}

#[test]
fn content_that_no_client_would_seal_shows_as_unreadable_and_the_room_goes_on() {
    let mut all = Three::together(62);
    let place: RoomId = all.room.parse().expect("a room id");
    all.say(all.jonas, "before");
    let jonas = id(&all.account(all.jonas));
    let real = all.world.relay.rooms[&place].log.last().expect("it was said").bytes.as_bytes().to_vec();
    let half = real.get(..real.len() / 2).expect("half of it").to_vec();
    let (mut flipped, mut longer) = (real.clone(), real.clone());
    *flipped.last_mut().expect("it is not empty") ^= 1;
    longer.push(0);
    // A message of the room itself, which does not belong to this entry; and lengths that are not there.
    let huge = vec![0x83, 0x01, 0x5b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff];
    let nested = vec![0x81; 10_000];
    let rubbish = [vec![0], half, flipped, longer, real, huge, nested, vec![0xff; 128 * 1024]];
    for (n, bytes) in (0_u8..).zip(&rubbish) {
        let bytes = Opaque(bytes.clone());
        let append = Append { room: place, after: 0, id: EntryId([n; 16]), bytes, lasting: n % 2 == 0 };
        all.world.relay.append_as(jonas, append);
        for shape in &rubbish {
            let shared = Opaque(shape.iter().copied().take(1024).collect());
            let mira = id(&all.account(all.mira));
            all.world.relay.tell(mira, &Event::Signal { room: place, sender: jonas, bytes: shared.clone() });
            all.world.relay.tell(mira, &Event::Mark { room: place, account: jonas, shared: shared.clone() });
            all.world.relay.tell(mira, &Event::OwnMark { room: place, own: shared });
        }
    }
    all.world.run();
    assert_eq!(all.world.devices[all.mira].rooms[&all.room].unread, 1, "warnings are no news");
    all.say(all.jonas, "after");
    all.say(all.mira, "indeed");
    let fresh = all.world.log_in("aicha");
    for d in [all.mira, all.second, all.jonas, all.aicha, fresh] {
        let kept = all.kept(d);
        assert_eq!(kept.first().map(String::as_str), Some("before"), "device {d}");
        assert_eq!(kept[kept.len() - 2..], ["after", "indeed"], "device {d}");
        let warnings = kept.iter().filter(|text| text.starts_with("warning")).count();
        assert_eq!(warnings, rubbish.len(), "device {d}: {kept:?}");
        assert_eq!(all.trouble(d), None, "device {d}");
    }
}

#[test]
fn a_link_that_is_revoked_between_looking_and_joining_says_so() {
    let mut all = Three::new(63);
    let invite = all.world.invite(all.mira, &all.room);
    let looked = all.world.call(all.jonas, Intent::PreviewInvite { invite: invite.clone() });
    assert!(matches!(looked, Ok(Reply::InvitePreview { .. })), "{looked:?}");
    let revoke = Intent::RevokeInvite { room: all.room.clone() };
    assert_eq!(all.world.call(all.mira, revoke), Ok(Reply::Done));
    for again in [Intent::JoinRoom { invite: invite.clone() }, Intent::PreviewInvite { invite }] {
        let failure = all.world.call(all.jonas, again).expect_err("it does not count any more");
        assert_eq!(failure.code, "link_invalid");
    }
    assert!(!all.world.devices[all.jonas].rooms.contains_key(&all.room));
    assert_eq!(all.members(all.mira), 1);
}

#[test]
fn any_text_arrives_as_it_was_written() {
    let mut all = Three::together(64);
    let texts = [
        "w".repeat(10_000),
        "z".repeat(65_536),
        "\u{202e}backwards\u{2066} and \u{200f}so on\u{202c}".to_owned(),
        "\u{0}\u{1}\u{7}\u{1b}[31mred\u{85}\u{feff}".to_owned(),
        "e\u{301}".repeat(2_000),
    ];
    for text in &texts {
        all.say(all.jonas, text);
    }
    let fresh = all.world.log_in("mira");
    for d in [all.mira, all.jonas, fresh] {
        assert!(all.kept(d) == texts, "device {d}");
    }
}
