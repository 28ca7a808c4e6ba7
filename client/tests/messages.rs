//! What is said about messages later: edits, deletion, reactions, pins, polls, answers; and what a hostile member makes up.

#[path = "messages/hostile.rs"]
mod hostile;

use waxwing_client::api::{Body, Intent, Item, Page, Reply, Role, Sending, Target};
use waxwing_tests::sim::{World, code};

/// Three people in a room, and another session of the first, who owns it.
struct Scene {
    world: World,
    room: String,
    mira: usize,
    jonas: usize,
    aicha: usize,
    second: usize,
}

fn text_of(item: &Item) -> Option<&str> {
    match &item.body {
        Body::Text { text, .. } => Some(text),
        Body::Poll { question, .. } => Some(question),
        _ => None,
    }
}

impl Scene {
    fn new(seed: u64) -> Self {
        let mut world = World::new(seed);
        let [mira, jonas, aicha] = ["mira", "jonas", "aicha"].map(|name| world.register(name));
        let second = world.log_in("mira");
        let room = world.room(mira, "Ops room");
        let invite = world.invite(mira, &room);
        world.join(jonas, &invite);
        world.join(aicha, &invite);
        world.run();
        Self { world, room, mira, jonas, aicha, second }
    }

    fn account(&self, d: usize) -> String {
        self.world.devices[d].me.as_ref().expect("logged in").account.clone()
    }

    fn say(&mut self, d: usize, text: &str) {
        self.world.send(d, &self.room, text);
        self.world.run();
    }

    /// The message with this text as a device shows it now.
    fn shown(&self, d: usize, text: &str) -> Item {
        let mut shown = self.world.devices[d].shown(&self.room).into_iter();
        shown.rfind(|item| text_of(item) == Some(text)).expect("it is shown").clone()
    }

    fn target(&self, d: usize, text: &str) -> Target {
        let item = self.shown(d, text);
        Target { key: item.key, seq: item.seq.expect("it is in the log") }
    }

    /// The item at a place as a device shows it live.
    fn live(&self, d: usize, seq: u64) -> Item {
        let shown = self.world.devices[d].shown(&self.room).into_iter();
        let mut messages = shown.filter(|item| !matches!(item.body, Body::Warning { .. }));
        messages.rfind(|item| item.seq == Some(seq)).expect("it is shown").clone()
    }

    fn page(&mut self, d: usize, page: Page, limit: u32) -> (Vec<Item>, bool, bool) {
        match self.world.call(d, Intent::Timeline { room: self.room.clone(), page, limit }) {
            Ok(Reply::Timeline { items, more, newer }) => (items, more, newer),
            other => panic!("{other:?}"),
        }
    }

    /// The item at a place as a device has kept it; nothing when there is none.
    fn kept(&mut self, d: usize, seq: u64) -> Option<Item> {
        self.page(d, Page::Around { seq }, 2).0.into_iter().find(|item| item.seq == Some(seq))
    }

    fn does(&mut self, d: usize, make: impl FnOnce(String) -> Intent) {
        let intent = make(self.room.clone());
        assert_eq!(self.world.call(d, intent), Ok(Reply::Done));
        self.world.run();
    }

    fn refuses(&mut self, d: usize, make: impl FnOnce(String) -> Intent) -> String {
        let intent = make(self.room.clone());
        code(self.world.call(d, intent))
    }

    /// Live and kept, old devices and a new one: all see the same at this place.
    fn agree(&mut self, seq: u64, is: impl Fn(&Item) -> bool) {
        let fresh = self.world.log_in("aicha");
        for d in [self.mira, self.jonas, self.aicha, self.second, fresh] {
            let live = self.live(d, seq);
            assert!(is(&live), "live on {d}: {:?}", shape(&live));
            let kept = self.kept(d, seq).expect("it is kept");
            assert!(is(&kept), "kept on {d}: {:?}", shape(&kept));
            let warned =
                self.world.devices[d].texts(&self.room).into_iter().find(|text| text.starts_with("warning"));
            assert_eq!(warned, None, "device {d}");
        }
    }
}

/// An item as a failed test shows it.
fn shape(item: &Item) -> String {
    serde_json::to_string(item).expect("it has a form")
}

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
        let removed = items.iter().filter(|item| item.body == Body::Removed).count();
        assert_eq!(removed, 0, "device {d}: nothing is left of the edit");
        // Only sealed values are kept, so that a text is gone is seen by what they give back.
        assert!(items.iter().all(|item| !text_of(item).is_some_and(|text| text.contains("secret"))));
        let history = Intent::EditHistory { room: all.room.clone(), target: all_key(&all, d, seq) };
        assert_eq!(all.world.call(d, history), Ok(Reply::Edits { versions: vec![] }), "device {d}");
    }
    assert_eq!(all.world.devices[all.mira].rooms[&all.room].unread, 1, "what is gone was not missed");
}

/// The target at a place as a device names it.
fn all_key(all: &Scene, d: usize, seq: u64) -> Target {
    Target { key: all.live(d, seq).key, seq }
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
