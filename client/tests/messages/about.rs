//! Edits, deletion, reactions, pins and polls: all devices see the same.

use waxwing_client::api::{Body, Intent, Item, Page, Reply, Role, Sending, Target};
use waxwing_tests::sim::code;

use crate::scene::{Scene, all_key, text_of};

#[test]
fn an_edit_shows_everywhere_and_its_history_too() {
    let mut all = Scene::new(1);
    all.say(all.jonas, "helo");
    let target = all.target(all.jonas, "helo");
    let seq = target.seq;
    let mentions = vec![all.account(all.mira)];
    let edit = |text: &str, mentions: &[String]| {
        let (target, text, mentions) = (target.clone(), text.to_owned(), mentions.to_vec());
        move |room| Intent::Edit { room, target, text, mentions }
    };
    all.does(all.jonas, edit("hello", &[]));
    all.does(all.jonas, edit("hello Mira", &mentions));
    all.agree(seq, |item| {
        text_of(item) == Some("hello Mira") && item.edited.is_some() && item.mentions == mentions
    });
    let foreign = all.target(all.mira, "hello Mira");
    let edit =
        Intent::Edit { room: all.room.clone(), target: foreign.clone(), text: "no".into(), mentions: vec![] };
    assert_eq!(code(all.world.call(all.mira, edit)), "not_allowed");
    let history = Intent::EditHistory { room: all.room.clone(), target: foreign };
    match all.world.call(all.mira, history) {
        Ok(Reply::Edits { versions }) => {
            let texts: Vec<_> = versions.iter().map(|version| version.text.as_str()).collect();
            assert_eq!(texts, ["helo", "hello", "hello Mira"]);
        }
        other => panic!("{other:?}"),
    }
    let last = all.world.devices[all.mira].rooms[&all.room].last.clone().expect("there is one");
    assert_eq!(text_of(&last), Some("hello Mira"), "the list shows it, too");
}

#[test]
fn what_is_deleted_is_gone_from_devices_and_from_the_relay() {
    let mut all = Scene::new(2);
    all.say(all.jonas, "before");
    all.say(all.jonas, "a secret");
    let target = all.target(all.jonas, "a secret");
    let seq = target.seq;
    let edited = target.clone();
    all.does(all.jonas, |room| Intent::Edit {
        room,
        target: edited,
        text: "an edited secret".into(),
        mentions: vec![],
    });
    let loved = all.target(all.aicha, "an edited secret");
    all.does(all.aicha, |room| Intent::React { room, target: loved, emoji: "❤️".into(), on: true });
    let deleted = target.clone();
    all.does(all.jonas, |room| Intent::Delete { room, target: deleted });
    let by = all.account(all.jonas);
    all.agree(seq, |item| item.body == Body::Deleted { by: by.clone() } && item.reactions.is_empty());
    let place = all.room.parse().expect("a room id");
    let bytes = |entry: &&waxwing_wire::frame::LogEntry| entry.bytes.as_bytes().is_empty();
    let erased: Vec<u64> =
        all.world.relay.rooms[&place].log.iter().filter(bytes).map(|entry| entry.seq).collect();
    assert_eq!(erased, [seq, seq + 1], "the text and its edit");
    let fresh = all.world.log_in("mira");
    for d in [all.mira, all.jonas, fresh] {
        let items = all.page(d, Page::Newest, 500).0;
        let removed = items.iter().filter(|item| matches!(item.body, Body::Removed { .. })).count();
        assert_eq!(removed, 0, "device {d}: nothing is left of the edit");
        // Only sealed values are kept, so that a text is gone is seen by what they give back.
        assert!(items.iter().all(|item| !text_of(item).is_some_and(|text| text.contains("secret"))));
        let history = Intent::EditHistory { room: all.room.clone(), target: all_key(&all, d, seq) };
        assert_eq!(all.world.call(d, history), Ok(Reply::Edits { versions: vec![] }), "device {d}");
    }
    assert_eq!(all.world.devices[all.mira].rooms[&all.room].unread, 1, "what is gone was not missed");
}

#[test]
fn moderators_delete_what_others_said_and_members_do_not() {
    let mut all = Scene::new(3);
    all.say(all.aicha, "rude");
    let seq = all.target(all.aicha, "rude").seq;
    let target = all.target(all.jonas, "rude");
    let delete = |target: &Target| {
        let target = target.clone();
        |room| Intent::Delete { room, target }
    };
    let pin = |target: &Target| {
        let target = target.clone();
        |room| Intent::Pin { room, target, on: true }
    };
    assert_eq!(all.refuses(all.jonas, delete(&target)), "not_allowed");
    assert_eq!(all.refuses(all.jonas, pin(&target)), "not_allowed");
    let account = all.account(all.jonas);
    all.does(all.mira, |room| Intent::SetRole { room, account, role: Role::Moderator });
    all.does(all.jonas, delete(&target));
    let by = all.account(all.jonas);
    all.agree(seq, |item| item.body == Body::Deleted { by: by.clone() });
    // Who has lost the role since then had it: later readers see the same.
    let account = all.account(all.jonas);
    all.does(all.mira, |room| Intent::SetRole { room, account, role: Role::Member });
    all.agree(seq, |item| item.body == Body::Deleted { by: by.clone() });
    all.say(all.aicha, "ruder");
    let target = all.target(all.jonas, "ruder");
    assert_eq!(all.refuses(all.jonas, delete(&target)), "not_allowed");
}

#[test]
fn reactions_come_and_go_and_each_counts_once() {
    let mut all = Scene::new(4);
    all.say(all.mira, "launch?");
    let seq = all.target(all.mira, "launch?").seq;
    for (d, emoji, on) in [
        (all.jonas, "👍", true),
        (all.aicha, "👍", true),
        (all.jonas, "👍", true),
        (all.mira, "🎉", true),
        (all.aicha, "👍", false),
        (all.second, "🎉", false),
        (all.aicha, "🚀", true),
    ] {
        let target = all_key(&all, d, seq);
        all.does(d, |room| Intent::React { room, target, emoji: emoji.into(), on });
    }
    let (jonas, aicha) = (all.account(all.jonas), all.account(all.aicha));
    all.agree(seq, |item| {
        let reactions: Vec<_> = item
            .reactions
            .iter()
            .map(|reaction| (reaction.emoji.as_str(), reaction.accounts.as_slice()))
            .collect();
        reactions == [("👍", [jonas.clone()].as_slice()), ("🚀", [aicha.clone()].as_slice())]
    });
    let target = all_key(&all, all.jonas, seq);
    assert_eq!(
        all.refuses(all.jonas, |room| Intent::React { room, target, emoji: "no".into(), on: true }),
        "bad_emoji"
    );
    assert_eq!(all.world.devices[all.jonas].rooms[&all.room].unread, 1, "reactions are not unread messages");
}

#[test]
fn polls_count_the_last_vote_until_they_are_closed() {
    let mut all = Scene::new(5);
    let options: Vec<String> = ["Mon", "Tue", "Wed"].map(String::from).into();
    let ask = options.clone();
    all.does(all.jonas, |room| Intent::SendPoll {
        room,
        question: "When?".into(),
        options: ask,
        multiple: false,
    });
    let seq = all.target(all.jonas, "When?").seq;
    for (d, choice) in [(all.mira, 0), (all.aicha, 0), (all.second, 2)] {
        let target = all_key(&all, d, seq);
        all.does(d, |room| Intent::Vote { room, target, choices: vec![choice] });
    }
    // Two where one may be chosen, and one that is not there, change nothing.
    for choices in [vec![1, 2], vec![7]] {
        let target = all_key(&all, all.aicha, seq);
        all.does(all.aicha, |room| Intent::Vote { room, target, choices });
    }
    let target = all_key(&all, all.mira, seq);
    assert_eq!(all.refuses(all.mira, |room| Intent::ClosePoll { room, target }), "not_allowed");
    let target = all_key(&all, all.jonas, seq);
    all.does(all.jonas, |room| Intent::ClosePoll { room, target });
    let target = all_key(&all, all.aicha, seq);
    all.does(all.aicha, |room| Intent::Vote { room, target, choices: vec![1] });
    let (mira, aicha) = (all.account(all.mira), all.account(all.aicha));
    all.agree(seq, |item| match &item.body {
        Body::Poll { options, closed: true, state: Sending::Sent, .. } => {
            let votes: Vec<_> = options.iter().map(|option| option.accounts.clone()).collect();
            votes == [vec![aicha.clone()], vec![], vec![mira.clone()]]
        }
        _ => false,
    });
    for (question, options) in
        [("", options.clone()), ("When?", vec!["Mon".into()]), ("When?", vec!["Mon".into(); 2])]
    {
        let poll = |room| Intent::SendPoll { room, question: question.into(), options, multiple: false };
        assert_eq!(all.refuses(all.jonas, poll), "bad_poll");
    }
    assert_eq!(all.world.devices[all.aicha].rooms[&all.room].unread, 1, "a poll is news");
}

#[test]
fn messages_are_pinned_by_who_leads_and_found_again() {
    let mut all = Scene::new(7);
    for n in 0..5 {
        all.say(all.jonas, &format!("rule {n}"));
    }
    for (text, on) in [("rule 1", true), ("rule 3", true), ("rule 1", false), ("rule 4", true)] {
        let target = all.target(all.mira, text);
        all.does(all.mira, |room| Intent::Pin { room, target, on });
    }
    let fresh = all.world.log_in("jonas");
    for d in [all.mira, all.aicha, all.second, fresh] {
        match all.world.call(d, Intent::Pinned { room: all.room.clone() }) {
            Ok(Reply::Timeline { items, .. }) => {
                assert_eq!(items.iter().filter_map(text_of).collect::<Vec<_>>(), ["rule 3", "rule 4"]);
            }
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn what_is_said_about_messages_survives_crashes_and_comes_once_and_in_order() {
    let mut all = Scene::new(10);
    all.say(all.mira, "plan");
    let seq = all.target(all.mira, "plan").seq;
    let target = all_key(&all, all.jonas, seq);
    all.world.go_away(all.jonas);
    for emoji in ["👍", "🎉"] {
        let (room, target) = (all.room.clone(), target.clone());
        all.world.ask(all.jonas, Intent::React { room, target, emoji: emoji.into(), on: true });
    }
    let (room, gone) = (all.room.clone(), target.clone());
    all.world.ask(all.jonas, Intent::React { room, target: gone, emoji: "👍".into(), on: false });
    all.world.run();
    let emoji = |item: &Item| item.reactions.iter().map(|one| one.emoji.clone()).collect::<Vec<_>>();
    assert_eq!(emoji(&all.live(all.jonas, seq)), ["🎉"], "it shows at once");
    assert!(all.live(all.mira, seq).reactions.is_empty());
    all.world.crash(all.jonas);
    all.world.run();
    let kept = all.kept(all.jonas, seq).expect("it is kept");
    assert_eq!(emoji(&kept), ["🎉"], "also after a crash");
    all.world.wake_up(all.jonas);
    all.world.behave();
    all.agree(seq, |item| emoji(item) == ["🎉"]);
    let place = all.room.parse().expect("a room id");
    let account = all.account(all.jonas);
    let log = &all.world.relay.rooms[&place].log;
    let kinds = log.iter().filter(|entry| entry.seq > seq && entry.sender.to_string() == account);
    assert_eq!(kinds.count(), 3, "each came once");
}
