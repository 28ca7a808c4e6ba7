//! What is said about messages, and what the relay erases.

use waxwing_client::api::{Body, Intent, Item, Sending, Target};
use waxwing_wire::{
    RoomId,
    frame::{EntryKind, Request, Response},
};

use crate::{scene::Three, world::World};

/// The message at a place as a device shows it live.
fn at(world: &World, d: usize, room: &str, seq: u64) -> Option<Item> {
    world.devices[d].shown(room).into_iter().find(|item| item.seq == Some(seq)).cloned()
}

/// A text that a device shows, as it is named in intents.
fn target(world: &World, d: usize, room: &str, text: &str) -> Target {
    let wanted = Body::Text { text: text.into(), state: Sending::Sent };
    let shown =
        world.devices[d].shown(room).into_iter().find(|item| item.body == wanted).expect("it is shown");
    Target { key: shown.key.clone(), seq: shown.seq.expect("it is in the log") }
}

#[tokio::test]
async fn a_message_is_edited_reacted_to_answered_and_deleted_for_everyone() {
    let mut all = Three::new().await;
    let (mira, jonas, room) = (all.mira, all.jonas, all.room.clone());
    all.joins(jonas).await;
    all.talk(jonas, &[mira, jonas], &["a secrt"]).await;
    all.talk(jonas, &[mira, jonas], &["a secrt", "something else"]).await;
    let own = target(&all.world, jonas, &room, "a secrt");
    let seq = own.seq;
    let edit =
        Intent::Edit { room: room.clone(), target: own.clone(), text: "a secret".into(), mentions: vec![] };
    all.done(jonas, edit).await;
    let edited = |world: &World, d: usize| {
        at(world, d, &room, seq).is_some_and(|item| {
            item.edited.is_some() && item.body == Body::Text { text: "a secret".into(), state: Sending::Sent }
        })
    };
    all.world.until("the edit is there", |world| [mira, jonas].iter().all(|d| edited(world, *d))).await;
    let theirs = target(&all.world, mira, &room, "a secret");
    let react = Intent::React { room: room.clone(), target: theirs.clone(), emoji: "👍".into(), on: true };
    all.done(mira, react).await;
    let answer = Intent::Send {
        room: room.clone(),
        text: "well".into(),
        reply: Some(theirs.clone()),
        mentions: vec![all.world.account(jonas)],
        preview: None,
    };
    all.done(mira, answer).await;
    let reacted = |world: &World| at(world, jonas, &room, seq).is_some_and(|item| item.reactions.len() == 1);
    let answered = |world: &World| {
        let mut shown = world.devices[jonas].shown(&room).into_iter();
        shown.any(|item| item.reply.as_ref().is_some_and(|quote| quote.text == "a secret"))
    };
    all.world.until("both are there", |world| reacted(world) && answered(world)).await;
    assert_eq!(all.world.devices[jonas].rooms[&room].mentions, 1);

    // Who owns the room deletes it: the text and its edit are gone at the relay too.
    all.done(mira, Intent::Delete { room: room.clone(), target: theirs }).await;
    let by = all.world.account(mira);
    let gone = |world: &World, d: usize| {
        at(world, d, &room, seq).is_some_and(|item| item.body == Body::Deleted { by: by.clone() })
    };
    all.world.until("it is gone", |world| [mira, jonas].iter().all(|d| gone(world, *d))).await;
    let id: RoomId = room.parse().unwrap();
    let mut erased = Vec::new();
    for _ in 0..50 {
        let page = all.world.request(mira, Request::Entries { room: id, after: 0, limit: 500 }).await;
        let Ok(Response::Entries { entries, .. }) = page else { panic!("{page:?}") };
        erased = entries.into_iter().filter(|entry| entry.kind == EntryKind::Tombstone).collect();
        if !erased.is_empty() {
            break;
        }
        all.world.pass(50).await;
    }
    assert_eq!(erased.len(), 2, "{erased:?}");
    assert!(erased.iter().all(|entry| entry.bytes.is_empty()) && erased.iter().any(|entry| entry.seq == seq));
    let fresh = all.world.log_in("jonas").await;
    all.world.until("a new session sees it", |world| gone(world, fresh)).await;
    let removed = |item: &&Item| matches!(item.body, Body::Removed { .. });
    assert_eq!(all.world.devices[fresh].shown(&room).into_iter().filter(removed).count(), 0);
}
