//! A member with a changed client: what it says about messages that it may not is dropped by everybody alike.

use minicbor::Encode;
use waxwing_client::api::{Body, Intent, Item};
use waxwing_crypto_core::{
    ids,
    room::{Message, Metadata},
};
use waxwing_tests::sim::Insider;
use waxwing_wire::{
    AccountId, EntryId, RoomId,
    frame::{Append, Request},
};

use crate::scene::{Scene, text_of};

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
        let mut here = Insider::of(&all.world, self.device, &all.room);
        let place: RoomId = all.room.parse().expect("a room id");
        let mut id = [7; 16];
        id[0..8].copy_from_slice(&self.position.to_be_bytes());
        let metadata = Metadata {
            sender: self.insider.account.0.into(),
            id: ids::MessageId(id),
            stream: ids::MessageId(self.stream),
            position: self.position,
            seen: here.seen,
            sent_at_ms: all.world.now_ms,
            kind,
            account_version: 0,
        };
        self.position += 1;
        let bytes = here.message(&Message { metadata, body });
        let append =
            Append { room: place, after: here.after, id: EntryId(id), bytes: bytes.into(), lasting: false };
        self.insider.send(&mut all.world, Request::Append(append));
        all.world.run();
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
