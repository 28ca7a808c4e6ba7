//! Answers, forwards, pages of a timeline, and mistakes.

use waxwing_client::api::{Intent, Item, Page, Reply, Target};

use crate::scene::{Scene, all_key, text_of};

#[test]
fn answers_show_what_they_answer_as_it_is_when_they_are_read() {
    let mut all = Scene::new(6);
    all.say(all.jonas, "first");
    let seq = all.target(all.jonas, "first").seq;
    for n in 0..80 {
        all.world.send(all.jonas, &all.room, &format!("between {n}"));
    }
    all.world.run();
    let answer = |all: &Scene, text: &str| Intent::Send {
        room: all.room.clone(),
        text: text.into(),
        reply: Some(all_key(all, all.aicha, seq)),
        mentions: vec![all.account(all.mira)],
        preview: None,
    };
    let send = answer(&all, "to that");
    assert_eq!(all.world.call(all.aicha, send), Ok(Reply::Done));
    all.world.run();
    let reply = all.target(all.mira, "to that").seq;
    let jonas = all.account(all.jonas);
    all.agree(reply, |item| {
        item.reply
            .as_ref()
            .is_some_and(|quote| quote.text == "first" && quote.seq == seq && quote.sender == jonas)
    });
    let room = &all.world.devices[all.mira].rooms[&all.room];
    assert_eq!((room.unread, room.mentions), (82, 1));
    let room = &all.world.devices[all.jonas].rooms[&all.room];
    assert_eq!((room.unread, room.mentions), (1, 0));
    let target = all_key(&all, all.jonas, seq);
    all.does(all.jonas, |room| Intent::Delete { room, target });
    let kept = all.kept(all.mira, reply).expect("it is kept");
    assert_eq!(kept.reply.expect("it answers").text, "", "the answer does not keep what was deleted");
    let read = Intent::Read { room: all.room.clone(), seq: reply };
    assert_eq!(all.world.call(all.mira, read), Ok(Reply::Done));
    assert_eq!(all.world.devices[all.mira].rooms[&all.room].mentions, 0);
    // What is on its way shows it, too.
    all.world.go_away(all.aicha);
    all.say(all.jonas, "second");
    let send = answer(&all, "and to that");
    all.world.call(all.aicha, send).expect("it is kept");
    let waiting = all.shown(all.aicha, "and to that");
    assert_eq!(
        (waiting.seq, waiting.reply.map(|quote| quote.key)),
        (None, Some(all_key(&all, all.aicha, seq).key))
    );
}

#[test]
fn messages_are_forwarded_as_they_are_now() {
    let mut all = Scene::new(8);
    all.say(all.jonas, "old news");
    let target = all.target(all.jonas, "old news");
    all.does(all.jonas, |room| Intent::Edit { room, target, text: "news".into(), mentions: vec![] });
    let to = all.world.room(all.mira, "Elsewhere");
    let forward =
        Intent::Forward { room: all.room.clone(), target: all.target(all.mira, "news"), to: to.clone() };
    assert_eq!(all.world.call(all.mira, forward), Ok(Reply::Done));
    all.world.run();
    let items: Vec<_> = all.world.devices[all.second].shown(&to).into_iter().cloned().collect();
    let item = items.iter().find(|item| text_of(item) == Some("news")).expect("it came");
    assert!(item.forwarded && item.own && item.edited.is_none());
}

#[test]
fn pages_lead_anywhere() {
    let mut all = Scene::new(9);
    let mut times = Vec::new();
    for n in 0..40 {
        all.world.pass(60_000);
        times.push(all.world.now_ms);
        all.say(all.jonas, &format!("{n}"));
    }
    let texts = |items: &[Item]| -> Vec<usize> {
        items.iter().filter_map(|item| text_of(item)?.parse().ok()).collect()
    };
    let middle = all.target(all.mira, "20").seq;
    let (items, more, newer) = all.page(all.mira, Page::Around { seq: middle }, 6);
    assert_eq!((texts(&items), more, newer), (vec![17, 18, 19, 20, 21, 22], true, true));
    let (items, more, newer) = all.page(all.mira, Page::After { seq: middle }, 3);
    assert_eq!((texts(&items), more, newer), (vec![21, 22, 23], true, true));
    let (items, _, newer) = all.page(all.mira, Page::After { seq: middle }, 100);
    assert_eq!((texts(&items).len(), newer), (19, false));
    let (items, more, newer) = all.page(all.mira, Page::Before { seq: middle }, 3);
    assert_eq!((texts(&items), more, newer), (vec![17, 18, 19], true, true));
    let (items, _, newer) = all.page(all.mira, Page::Newest, 2);
    assert_eq!((texts(&items), newer), (vec![38, 39], false));
    for (n, at) in times.iter().enumerate() {
        let (items, ..) = all.page(all.mira, Page::At { at: *at }, 2);
        assert!(texts(&items).contains(&n), "{n}: {:?}", texts(&items));
    }
    let (items, _, newer) = all.page(all.mira, Page::At { at: u64::MAX }, 4);
    assert_eq!((texts(&items), newer), (vec![38, 39], false));
    let (items, more, _) = all.page(all.mira, Page::At { at: 0 }, 4);
    assert!(!items.is_empty() && !more);
}

#[test]
fn mistakes_about_messages_get_a_clear_answer() {
    let mut all = Scene::new(11);
    all.say(all.jonas, "text");
    let target = all.target(all.jonas, "text");
    let nowhere = |seq, key: &str| Target { seq, key: key.into() };
    let react = |target: Target| |room| Intent::React { room, target, emoji: "👍".into(), on: true };
    for wrong in
        [nowhere(0, &target.key), nowhere(10_000, &target.key), nowhere(1, "created"), nowhere(1, "")]
    {
        assert_eq!(all.refuses(all.jonas, react(wrong)), "no_such_message");
    }
    let edited = target.clone();
    let empty = |room| Intent::Edit { room, target: edited, text: " ".into(), mentions: vec![] };
    assert_eq!(all.refuses(all.jonas, empty), "empty");
    let forward = |room| Intent::Forward {
        room,
        target: nowhere(target.seq, "AAAAAAAAAAAAAAAAAAAAAA"),
        to: String::new(),
    };
    assert_eq!(all.refuses(all.jonas, forward), "no_such_room");
    let mentions: Vec<String> = (0_u8..65).map(|n| waxwing_wire::AccountId([n; 16]).to_string()).collect();
    let send = |room| Intent::Send { room, text: "x".into(), reply: None, mentions, preview: None };
    assert_eq!(all.refuses(all.jonas, send), "too_long");
}
