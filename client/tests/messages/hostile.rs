//! A member with a changed client: what it says about messages that it may not is dropped by everybody alike.

use minicbor::Encode;
use waxwing_client::api::{Body, Intent, Item, Page, Reply, Target};
use waxwing_crypto_core::{
    ids,
    room::{Message, Metadata},
};
use waxwing_tests::sim::{Insider, code};
use waxwing_wire::{
    AccountId, EntryId, RoomId,
    frame::{Append, Request},
};

use crate::scene::{Scene, all_key, shape, text_of};

/// Place, author and id of a message.
type Ref = (u64, AccountId, EntryId);

/// Sends bodies of any kind as a member would, in one stream.
struct Hostile {
    insider: Insider,
    device: usize,
    stream: [u8; 16],
    position: u64,
}

impl Hostile {
    fn new(all: &Scene, device: usize) -> Self {
        Self { insider: Insider::of(&all.world, device, &all.room), device, stream: [9; 16], position: 0 }
    }

    fn sends(&mut self, all: &mut Scene, kind: u16, body: &impl Encode<()>) {
        self.sends_bytes(all, kind, waxwing_wire::encode(body));
    }

    fn sends_bytes(&mut self, all: &mut Scene, kind: u16, body: Vec<u8>) {
        self.insider = Insider::of(&all.world, self.device, &all.room);
        self.says_bytes(all, kind, body);
        all.world.run();
    }

    /// The same as [`Self::sends`], having seen no more than before, and without waiting for anything.
    fn says(&mut self, all: &mut Scene, kind: u16, body: &impl Encode<()>) {
        self.says_bytes(all, kind, waxwing_wire::encode(body));
    }

    fn says_bytes(&mut self, all: &mut Scene, kind: u16, body: Vec<u8>) {
        let place: RoomId = all.room.parse().expect("a room id");
        let mut id = [7; 16];
        id[0..8].copy_from_slice(&self.position.to_be_bytes());
        let metadata = Metadata {
            sender: self.insider.account.0.into(),
            id: ids::MessageId(id),
            stream: ids::MessageId(self.stream),
            position: self.position,
            seen: self.insider.seen,
            sent_at_ms: all.world.now_ms,
            kind,
            account_version: 0,
        };
        self.position += 1;
        let bytes = self.insider.message(&Message { metadata, body });
        let (after, id) = (self.insider.after, EntryId(id));
        let append = Append { room: place, after, id, bytes: bytes.into(), lasting: false };
        self.insider.send(&mut all.world, Request::Append(append));
    }
}

fn reference(all: &Scene, seq: u64) -> Ref {
    let place: RoomId = all.room.parse().expect("a room id");
    let entry = all.world.relay.rooms[&place].log.iter().find(|entry| entry.seq == seq).expect("it is there");
    (seq, entry.sender, entry.id)
}

#[test]
fn nobody_changes_what_others_said() {
    let mut all = Scene::new(20);
    all.say(all.mira, "mira says");
    all.does(all.mira, |room| Intent::SendPoll {
        room,
        question: "Who?".into(),
        options: vec!["A".into(), "B".into()],
        multiple: false,
    });
    let (said, asked) = (all.target(all.mira, "mira says").seq, all.target(all.mira, "Who?").seq);
    let (target, poll) = (reference(&all, said), reference(&all, asked));
    let mut aicha = Hostile::new(&all, all.aicha);
    aicha.sends(&mut all, 3, &(target, "aicha says"));
    aicha.sends(&mut all, 4, &(target,));
    aicha.sends(&mut all, 6, &(target, true));
    aicha.sends(&mut all, 9, &(poll,));
    aicha.sends(&mut all, 8, &(poll, vec![0_u32, 1]));
    aicha.sends(&mut all, 8, &(poll, vec![5_u32]));
    // A mark on something that is not what it names: another author, another id, a place that is still to come.
    let me: AccountId = all.account(all.aicha).parse().expect("an id");
    aicha.sends(&mut all, 3, &((said, me, target.2), "aicha says"));
    aicha.sends(&mut all, 5, &((said, target.1, EntryId([1; 16])), "👎", true));
    aicha.sends(&mut all, 5, &((said + 100, target.1, target.2), "👎", true));
    all.agree(said, |item| {
        text_of(item) == Some("mira says")
            && item.edited.is_none()
            && !item.pinned
            && item.reactions.is_empty()
    });
    all.agree(asked, |item| match &item.body {
        Body::Poll { closed: false, options, .. } => options.iter().all(|option| option.accounts.is_empty()),
        _ => false,
    });
    assert_eq!(all.world.devices[all.jonas].rooms[&all.room].unread, 2);
}

#[test]
fn an_answer_quotes_only_what_is_there() {
    let mut all = Scene::new(21);
    all.say(all.mira, "mira says");
    let (seq, sender, id) = reference(&all, all.target(all.mira, "mira says").seq);
    let jonas: AccountId = all.account(all.jonas).parse().expect("an id");
    let mut aicha = Hostile::new(&all, all.aicha);
    for (n, named) in
        [(seq, jonas, id), (seq, sender, EntryId([1; 16])), (seq + 50, sender, id), (1, sender, id)]
            .into_iter()
            .enumerate()
    {
        aicha.sends(&mut all, 1, &(format!("answer {n}"), named));
        let answer = all.target(all.mira, &format!("answer {n}")).seq;
        all.agree(answer, |item: &Item| item.reply.as_ref().is_some_and(|quote| quote.text.is_empty()));
    }
}

#[test]
fn bodies_that_are_not_what_they_claim_show_as_unreadable_and_break_nothing() {
    let mut all = Scene::new(22);
    all.say(all.mira, "mira says");
    let target = reference(&all, all.target(all.mira, "mira says").seq);
    let before = all.world.devices[all.jonas].texts(&all.room).len();
    let mut aicha = Hostile::new(&all, all.aicha);
    aicha.sends(&mut all, 5, &(target, "<b>", true));
    aicha.sends(&mut all, 5, &(target, "👎👎👎👎👎👎👎👎👎", true));
    aicha.sends(&mut all, 7, &("Who?", vec!["A"], false));
    aicha.sends(&mut all, 8, &(target, vec![1_u32, 0]));
    aicha.sends(&mut all, 4, &(target, vec![target; 65]));
    aicha.sends_bytes(&mut all, 3, vec![0xff; 40]);
    aicha.sends_bytes(&mut all, 9, Vec::new());
    aicha.sends(
        &mut all,
        1,
        &("x", None::<Ref>, None::<Vec<AccountId>>, None::<bool>, ("javascript:alert(1)", "", "")),
    );
    for d in [all.mira, all.jonas, all.aicha, all.second] {
        let texts = all.world.devices[d].texts(&all.room);
        assert_eq!(texts.len() - before, 8, "device {d}: {texts:?}");
        assert!(texts.iter().skip(before).all(|text| text == "warning unreadable"), "device {d}: {texts:?}");
    }
    all.say(all.jonas, "goes on");
    assert_eq!(text_of(&all.shown(all.mira, "goes on")), Some("goes on"));
}

#[test]
fn the_relay_erases_for_nobody_who_did_not_write_it_or_lead() {
    let mut all = Scene::new(23);
    all.say(all.mira, "mira says");
    let seq = all.target(all.mira, "mira says").seq;
    let aicha = Hostile::new(&all, all.aicha);
    let room: RoomId = all.room.parse().expect("a room id");
    aicha.insider.send(&mut all.world, Request::Erase { room, seqs: vec![seq] });
    all.world.run();
    all.agree(seq, |item| text_of(item) == Some("mira says"));
}

#[test]
fn an_edit_that_comes_after_the_deletion_is_forgotten_too() {
    let mut all = Scene::new(24);
    all.say(all.aicha, "aicha says");
    let seq = all.target(all.aicha, "aicha says").seq;
    let (target, by) = (reference(&all, seq), all.account(all.aicha));
    let deleted = all.target(all.aicha, "aicha says");
    all.does(all.aicha, |room| Intent::Delete { room, target: deleted });
    let mut aicha = Hostile::new(&all, all.aicha);
    aicha.sends(&mut all, 3, &(target, "said after all"));
    aicha.sends(&mut all, 5, &(target, "👍", true));
    all.agree(seq, |item| item.body == Body::Deleted { by: by.clone() } && item.reactions.is_empty());
}

/// What a device reads from its store to show the newest page, in entries and bytes, after it was started again.
fn cost_of_a_page(all: &mut Scene, d: usize) -> (usize, usize) {
    all.world.crash(d);
    all.world.run();
    all.world.devices[d].loaded = (0, 0);
    all.page(d, Page::Newest, 50);
    all.world.devices[d].loaded
}

#[test]
fn a_thousand_edits_and_reactions_cost_no_more_than_a_few() {
    let mut all = Scene::new(25);
    all.say(all.aicha, "aicha says");
    all.say(all.mira, "mira says");
    let (own, other) = (all.target(all.aicha, "aicha says").seq, all.target(all.aicha, "mira says").seq);
    let (own, other) = (reference(&all, own), reference(&all, other));
    let mut aicha = Hostile::new(&all, all.aicha);
    // Smileys, one after the other.
    let emoji = |n: u32| char::from_u32(0x1f600 + n % 64).expect("a smiley").to_string();
    let long = "x".repeat(20_000);
    for d in [all.jonas, all.second] {
        all.world.go_away(d);
    }
    for n in 0..1000_u32 {
        match n % 5 {
            0 if n < 500 => aicha.says(&mut all, 3, &(own, format!("{n} {long}"))),
            1 => aicha.says(&mut all, 5, &(other, emoji(n), true)),
            2 => aicha.says(&mut all, 5, &(other, emoji(n / 7), false)),
            // About what is not there, and what is not theirs.
            3 => aicha.says(&mut all, 5, &((other.0, own.1, other.2), emoji(n), true)),
            _ => aicha.says(&mut all, 3, &(other, "not theirs")),
        }
        if n % 100 == 99 {
            all.world.run();
        }
    }
    aicha.says(&mut all, 3, &(own, "the last word"));
    all.world.run();
    let notes = |all: &Scene, d: usize, kind: &str| {
        all.world.devices[d].store.keys().filter(|key| key.starts_with(kind)).count()
    };
    let fresh = all.world.log_in("jonas");
    for d in [all.mira, fresh] {
        // Edits and the newest of them, reactions of hers, and one of Jonas.
        assert!(notes(&all, d, "a/") <= 64 + 1 + 8 + 1, "device {d}: {}", notes(&all, d, "a/"));
        assert_eq!(notes(&all, d, "h/"), 64, "device {d}");
        let (entries, bytes) = cost_of_a_page(&mut all, d);
        assert!(entries <= 150 && bytes <= 200_000, "device {d} reads {entries} entries, {bytes} bytes");
        let shown = all.kept(d, own.0).expect("it is kept");
        assert_eq!(text_of(&shown), Some("the last word"));
        all.world.devices[d].loaded = (0, 0);
        all.say(fresh, "goes on");
        let target = Target { key: all.kept(fresh, other.0).expect("it is kept").key, seq: other.0 };
        let on = d == all.mira;
        all.does(fresh, |room| Intent::React { room, target, emoji: "👍".into(), on });
        let (entries, bytes) = all.world.devices[d].loaded;
        assert!(entries <= 150 && bytes <= 100_000, "device {d} reads {entries} entries, {bytes} bytes");
        let target = Target { key: shown.key, seq: own.0 };
        match all.world.call(d, Intent::EditHistory { room: all.room.clone(), target }) {
            Ok(Reply::Edits { versions }) => {
                let texts: Vec<&str> = versions.iter().map(|version| &version.text[..4]).collect();
                assert_eq!((texts.len(), texts[0], texts[1], texts[64]), (65, "aich", "185 ", "the "));
            }
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn one_member_leaves_room_for_the_reactions_of_others() {
    let mut all = Scene::new(26);
    all.say(all.mira, "mira says");
    let seq = all.target(all.mira, "mira says").seq;
    let target = reference(&all, seq);
    let mut aicha = Hostile::new(&all, all.aicha);
    let emoji = |n: u32| char::from_u32(0x1f600 + n).expect("a smiley").to_string();
    for n in 0..80 {
        aicha.says(&mut all, 5, &(target, emoji(n), true));
    }
    all.world.run();
    let named = all_key(&all, all.jonas, seq);
    all.does(all.jonas, |room| Intent::React { room, target: named, emoji: "🚀".into(), on: true });
    let shown = |item: &Item| item.reactions.iter().map(|one| one.emoji.clone()).collect::<Vec<_>>();
    let expected: Vec<String> = (0..8).map(emoji).chain(["🚀".to_owned()]).collect();
    all.agree(seq, |item| shown(item) == expected);
    // Whoever has said enough is told so, and may take one back for another.
    let react = |all: &mut Scene, emoji: String, on: bool| {
        let (room, target) = (all.room.clone(), all_key(all, all.aicha, seq));
        all.world.call(all.aicha, Intent::React { room, target, emoji, on })
    };
    assert_eq!(code(react(&mut all, emoji(9), true)), "too_many_reactions");
    assert_eq!(react(&mut all, emoji(0), true), Ok(Reply::Done), "it is there already");
    assert_eq!(react(&mut all, emoji(0), false), Ok(Reply::Done));
    assert_eq!(react(&mut all, emoji(9), true), Ok(Reply::Done));
    all.world.run();
    let expected: Vec<String> = (1..8).map(emoji).chain(["🚀".to_owned(), emoji(9)]).collect();
    all.agree(seq, |item| shown(item) == expected);
}

#[test]
fn whoever_pins_and_unpins_many_hides_no_older_pin() {
    let mut all = Scene::new(27);
    all.say(all.jonas, "the rules");
    let rules = all.target(all.mira, "the rules");
    let seq = rules.seq;
    all.does(all.mira, |room| Intent::Pin { room, target: rules, on: true });
    for d in [all.jonas, all.aicha] {
        all.world.go_away(d);
    }
    let mut mira = Hostile::new(&all, all.mira);
    let first = all.world.devices[all.mira].shown(&all.room).iter().filter_map(|item| item.seq).max();
    let first = first.expect("there are some") + 2;
    for n in 0..105 {
        mira.says(&mut all, 1, &(format!("message {n}"),));
    }
    all.world.run();
    for on in [true, false] {
        for n in 0..105 {
            let target = reference(&all, first + n);
            mira.says(&mut all, 6, &(target, on));
        }
        all.world.run();
    }
    let fresh = all.world.log_in("jonas");
    for d in [all.mira, all.second, fresh] {
        match all.world.call(d, Intent::Pinned { room: all.room.clone() }) {
            Ok(Reply::Timeline { items, .. }) => {
                let places: Vec<_> = items.iter().filter_map(|item| item.seq).collect();
                assert_eq!(places, [seq], "device {d}");
            }
            other => panic!("{other:?}"),
        }
        let kept = all.world.devices[d].store.keys().filter(|key| key.starts_with("p/")).count();
        assert_eq!(kept, 1, "device {d}");
    }
}

#[test]
fn a_message_that_is_called_an_edit_does_not_vanish() {
    let mut all = Scene::new(25);
    let by = all.account(all.aicha);
    all.say(all.mira, "of Mira");
    let mine = all.target(all.mira, "of Mira").seq;
    all.say(all.aicha, "something else");
    all.say(all.aicha, "a promise");
    all.say(all.jonas, "a reply");
    let said = ["something else", "a promise", "a reply"];
    let [other, promise, reply] = said.map(|text| all.target(all.mira, text).seq);
    // She has the relay erase it, and says afterwards that it was an edit of something that she deletes.
    let mut aicha = Hostile::new(&all, all.aicha);
    let room: RoomId = all.room.parse().expect("a room id");
    aicha.insider.send(&mut all.world, Request::Erase { room, seqs: vec![promise] });
    all.world.run();
    let edits = vec![reference(&all, promise), reference(&all, reply)];
    let target = reference(&all, other);
    aicha.sends(&mut all, 4, &(target, edits));
    for d in [all.mira, all.jonas, all.second] {
        let live = all.live(d, promise);
        assert!(live.body == Body::Deleted { by: by.clone() }, "live on {d}: {}", shape(&live));
        let kept = all.kept(d, promise).expect("it is kept");
        assert!(kept.body == Body::Deleted { by: by.clone() }, "kept on {d}: {}", shape(&kept));
    }
    all.agree(reply, |item| text_of(item) == Some("a reply"));

    // An owner calls what the operator removed of Jonas an edit of her own.
    all.world.relay.remove_message(reply);
    all.world.run();
    let mut mira = Hostile::new(&all, all.mira);
    let (target, edits) = (reference(&all, mine), vec![reference(&all, reply)]);
    mira.sends(&mut all, 4, &(target, edits));
    all.agree(reply, |item| matches!(item.body, Body::Removed { .. }));
}
