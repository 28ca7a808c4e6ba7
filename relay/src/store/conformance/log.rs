//! The room log.

use waxwing_wire::{EntryId, frame::EntryKind, limits as shared};

use super::{requests::*, *};

pub async fn appending_is_compared_and_swapped(bench: &mut Bench) {
    let [mira, jon] = bench.accounts().await;
    let room = bench.room(mira).await;
    assert_eq!(bench.append(mira, room, 0, "a").await, Ok(1));
    assert_eq!(bench.append(mira, room, 0, "b").await, Ok(2), "messages do not move the last commit");
    for wrong in [1, 2, u64::MAX] {
        assert_eq!(bench.append(mira, room, wrong, "c").await, Err(StoreError::Stale { last_commit: 0 }));
    }
    assert_eq!(bench.commit(mira, adding(room, 0, 1, jon)).await, Ok(3));
    assert_eq!(bench.append(mira, room, 0, "c").await, Err(StoreError::Stale { last_commit: 3 }));
    assert_eq!(bench.append(jon, room, 3, "c").await, Ok(4));
    let page = bench.store.entries_after(jon, room, 0, 500).await.unwrap();
    let got: Vec<_> =
        page.entries.iter().map(|entry| (entry.seq, entry.kind, entry.after, entry.sender)).collect();
    let (message, commit) = (EntryKind::Message, EntryKind::Commit);
    assert_eq!(
        got,
        [(1, message, 0, mira), (2, message, 0, mira), (3, commit, 0, mira), (4, message, 3, jon)]
    );
    assert_eq!(page.entries[3].bytes, sealed("c"));
    assert_eq!((page.entries[3].received_at_ms, page.entries[3].digest.clone()), (NOW_MS, None));
    assert_eq!(page.last_seq, 4);
}

pub async fn appending_is_idempotent(bench: &mut Bench) {
    let [mira, jon] = bench.accounts().await;
    let room = bench.room(mira).await;
    let message = append(room, 0, "once");
    let send = async |by, message| done(bench.store.append_message(caller(by), message, NOW_MS).await).await;
    assert_eq!(send(mira, message.clone()).await, Ok(1));
    assert_eq!(send(mira, message.clone()).await, Ok(1));
    assert_eq!(bench.commit(mira, adding(room, 0, 1, jon)).await, Ok(2));
    assert_eq!(send(mira, message.clone()).await, Ok(1), "also when the room has moved on");
    let by_jon = waxwing_wire::frame::Append { after: 2, ..message.clone() };
    assert_eq!(send(jon, by_jon).await, Ok(3), "the id is the author's own");
    let other_room = bench.room(mira).await;
    let elsewhere = waxwing_wire::frame::Append { room: other_room, ..message.clone() };
    assert_eq!(send(mira, elsewhere).await, Ok(1));
    let one_request = commit(room, 2, 2);
    let as_message = waxwing_wire::frame::Append { id: one_request.id, after: 2, ..append(room, 2, "x") };
    assert_eq!(bench.commit(mira, one_request).await, Ok(4));
    assert!(matches!(send(mira, as_message).await, Err(StoreError::Conflict(_))), "another kind");
    assert_eq!(bench.store.entries_after(mira, room, 0, 500).await.unwrap().last_seq, 4);
}

pub async fn messages_are_bounded(bench: &mut Bench) {
    let [mira] = bench.accounts().await;
    let room = bench.room(mira).await;
    let send = async |bytes| {
        let message = waxwing_wire::frame::Append { bytes: Opaque(vec![1; bytes]), ..append(room, 0, "") };
        done(bench.store.append_message(caller(mira), message, NOW_MS).await).await
    };
    assert!(matches!(send(0).await, Err(StoreError::Invalid(_))));
    assert!(matches!(send(shared::MESSAGE_BYTES + 1).await, Err(StoreError::TooLarge(..))));
    assert_eq!(send(shared::MESSAGE_BYTES).await, Ok(1));
}

pub async fn messages_disappear_where_an_owner_wants_it(bench: &mut Bench) {
    let [mira, jon] = bench.accounts().await;
    let (room, other) = (bench.room(mira).await, bench.room(mira).await);
    bench.commit(mira, adding(room, 0, 1, jon)).await.unwrap();
    let at = |text: &str, lasting| waxwing_wire::frame::Append { lasting, ..append(room, 1, text) };
    for (sender, message, at_ms) in [
        (mira, at("old", false), NOW_MS),
        (jon, at("a name", true), NOW_MS),
        (jon, at("old, too", false), NOW_MS + 1000),
        (mira, at("new", false), NOW_MS + 60_000),
    ] {
        done(bench.store.append_message(caller(sender), message, at_ms).await).await.unwrap();
    }
    bench.append(mira, other, 0, "elsewhere").await.unwrap();
    let kept = |seconds| bench.store.set_retention(caller(jon), room, seconds);
    assert!(matches!(done(kept(60).await).await, Err(StoreError::NotAllowed(_))), "a plain member");
    assert_eq!(bench.store.erase_expired(NOW_MS + 1_000_000).await.unwrap(), 0);
    let kept = |seconds| bench.store.set_retention(caller(mira), room, seconds);
    done(kept(60).await).await.unwrap();
    assert_eq!(bench.store.erase_expired(NOW_MS + 60_000).await.unwrap(), 0, "a minute old is young enough");
    assert_eq!(bench.store.erase_expired(NOW_MS + 61_500).await.unwrap(), 2);
    assert_eq!(bench.store.erase_expired(NOW_MS + 61_500).await.unwrap(), 0);
    let entries = bench.store.entries_after(jon, room, 0, 9).await.unwrap().entries;
    let kinds: Vec<_> = entries.iter().map(|entry| entry.kind).collect();
    use EntryKind::{Commit as C, Message as M, Tombstone as T};
    assert_eq!(kinds, [C, T, M, T, M]);
    assert!(entries[1].digest.is_some() && entries[1].bytes.is_empty());
    // Longer, then not at all, then again: what is there goes when it is old enough.
    done(kept(600).await).await.unwrap();
    assert_eq!(bench.store.erase_expired(NOW_MS + 300_000).await.unwrap(), 0);
    done(kept(0).await).await.unwrap();
    assert_eq!(bench.store.erase_expired(NOW_MS + 9_000_000).await.unwrap(), 0);
    done(kept(600).await).await.unwrap();
    assert_eq!(bench.store.erase_expired(NOW_MS + 9_000_000).await.unwrap(), 1);
    let entries = bench.store.entries_after(mira, other, 0, 9).await.unwrap().entries;
    assert_eq!(entries[0].kind, M, "another room has no such rule");
}

pub async fn pages_have_no_gaps(bench: &mut Bench) {
    let [mira] = bench.accounts().await;
    let room = bench.room(mira).await;
    let total = u64::from(shared::PAGE_ENTRIES) + 20;
    let mut queued = Vec::new();
    for number in 0..total {
        let message = append(room, 0, &number.to_string());
        queued.push(bench.store.append_message(caller(mira), message, NOW_MS).await.unwrap());
    }
    for append in queued {
        append.await.unwrap();
    }
    let mut read = Vec::new();
    for limit in [7, u32::MAX, 500] {
        let page = bench.store.entries_after(mira, room, read.len() as u64, limit).await.unwrap();
        assert!(page.entries.len() <= limit.min(shared::PAGE_ENTRIES) as usize);
        assert_eq!(page.last_seq, total);
        read.extend(page.entries);
    }
    assert_eq!(read.iter().map(|entry| entry.seq).collect::<Vec<_>>(), (1..=total).collect::<Vec<_>>());
    for (number, entry) in read.iter().enumerate() {
        assert_eq!(entry.bytes, sealed(&number.to_string()));
    }
    for beyond in [total, total + 1, u64::MAX] {
        assert!(bench.store.entries_after(mira, room, beyond, 9).await.unwrap().entries.is_empty());
    }
    assert!(bench.store.entries_after(mira, room, 0, 0).await.unwrap().entries.is_empty());
}

pub async fn pages_are_bounded_by_bytes(bench: &mut Bench) {
    let [mira] = bench.accounts().await;
    let room = bench.room(mira).await;
    for _ in 0..12 {
        let bytes = Opaque(vec![1; shared::MESSAGE_BYTES]);
        let message = waxwing_wire::frame::Append { bytes, ..append(room, 0, "") };
        done(bench.store.append_message(caller(mira), message, NOW_MS).await).await.unwrap();
    }
    let mut commit = commit(room, 0, 1);
    commit.bytes = Opaque(vec![2; shared::COMMIT_BYTES]);
    commit.id =
        EntryId::try_from(&<sha2::Sha256 as sha2::Digest>::digest(commit.bytes.as_bytes())[..16]).unwrap();
    assert_eq!(bench.commit(mira, commit).await, Ok(13));
    let page = bench.store.entries_after(mira, room, 0, 500).await.unwrap();
    assert_eq!(page.entries.len(), 7, "the eighth would exceed a quarter of a frame");
    let page = bench.store.entries_after(mira, room, 12, 500).await.unwrap();
    assert_eq!(page.entries.len(), 1, "one entry is always delivered");
}

pub async fn racing_writers_get_numbers_without_gaps(bench: &mut Bench) {
    let [mira, jon] = bench.accounts().await;
    let room = bench.room(mira).await;
    bench.commit(mira, adding(room, 0, 1, jon)).await.unwrap();
    let write = async |by| {
        let mut got = Vec::new();
        for _ in 0..50 {
            got.push(bench.append(by, room, 1, "x").await.unwrap());
        }
        got
    };
    let (mut all, of_jon) = tokio::join!(write(mira), write(jon));
    assert!(all.is_sorted() && of_jon.is_sorted());
    all.extend(of_jon);
    all.sort_unstable();
    assert_eq!(all, (2..=101).collect::<Vec<_>>());
}

pub async fn statements_are_entered_after_the_last_commit(bench: &mut Bench) {
    let [mira, jon] = bench.accounts().await;
    let room = bench.room(mira).await;
    bench.commit(mira, adding(room, 0, 1, jon)).await.unwrap();
    let send = async |by, statement| done(bench.store.post(caller(by), statement, NOW_MS).await).await;
    let rejoin = post(room, EntryKind::Rejoin, "let me in");
    assert_eq!(send(jon, rejoin.clone()).await, Ok(2));
    assert_eq!(send(jon, rejoin.clone()).await, Ok(2), "the answer was lost");
    assert_eq!(send(mira, rejoin.clone()).await, Ok(3), "the id is the author's own");
    let successor = post(room, EntryKind::Successor, "go on there");
    assert_eq!(send(mira, successor.clone()).await, Ok(4));
    let other = waxwing_wire::frame::Post { kind: EntryKind::Rejoin, ..successor };
    assert!(matches!(send(mira, other).await, Err(StoreError::Conflict(_))), "another kind");
    for kind in [EntryKind::Commit, EntryKind::Message, EntryKind::Tombstone] {
        assert!(matches!(send(mira, post(room, kind, "x")).await, Err(StoreError::Invalid(_))));
    }
    assert!(matches!(send(mira, post(room, EntryKind::Rejoin, "")).await, Err(StoreError::Invalid(_))));
    let large = Opaque(vec![1; shared::POST_BYTES + 1]);
    let large = waxwing_wire::frame::Post { bytes: large, ..post(room, EntryKind::Rejoin, "") };
    assert!(matches!(send(mira, large).await, Err(StoreError::TooLarge(..))));
    assert_eq!(bench.append(mira, room, 1, "goes on").await, Ok(5), "statements do not move the last commit");
    let page = bench.store.entries_after(mira, room, 1, 3).await.unwrap();
    let got: Vec<_> = page.entries.iter().map(|entry| (entry.kind, entry.after, entry.sender)).collect();
    let (rejoin, successor) = (EntryKind::Rejoin, EntryKind::Successor);
    assert_eq!(got, [(rejoin, 1, jon), (rejoin, 1, mira), (successor, 1, mira)]);
}

pub async fn leaving_ends_the_membership(bench: &mut Bench) {
    let [mira, jon] = bench.accounts().await;
    let room = bench.room(mira).await;
    bench.commit(mira, adding(room, 0, 1, jon)).await.unwrap();
    let leave = post(room, EntryKind::Leave, "goodbye");
    let send = async |by, statement| done(bench.store.post(caller(by), statement, NOW_MS).await).await;
    assert_eq!(send(jon, leave.clone()).await, Ok(2));
    assert_eq!(bench.members(mira, room).await, sorted([mira]));
    assert_eq!(bench.store.entries_after(jon, room, 0, 9).await.unwrap_err(), StoreError::NotFound);
    assert_eq!(send(jon, leave.clone()).await, Ok(2), "the answer was lost");
    assert_eq!(send(jon, post(room, EntryKind::Leave, "again")).await, Err(StoreError::NotFound));
    let out = Commit { remove: vec![jon], ..commit(room, 1, 2) };
    assert_eq!(bench.commit(mira, out).await, Ok(3), "its leaf is taken out later");
    let mut heard = Vec::new();
    while heard.len() < 6 {
        heard.push(match bench.notices.recv().await.unwrap() {
            Notice::Entry { entry, .. } => format!("entry {}", entry.seq),
            Notice::Left { account, .. } => format!("left {}", account == jon),
            Notice::Joined { .. } => "joined".to_owned(),
            other => panic!("{other:?}"),
        });
    }
    let expected = ["joined", "entry 1", "joined", "entry 2", "left true", "entry 3"];
    assert_eq!(heard, expected, "the others and the leaver see the entry before it has left");
}

pub async fn who_left_is_told_by_its_own_statement(bench: &mut Bench) {
    let [mira, jon, ada] = bench.accounts().await;
    let room = bench.room(mira).await;
    bench.commit(mira, adding(room, 0, 1, jon)).await.unwrap();
    let asked = async |by, room| bench.store.own_leave(by, room).await.unwrap();
    assert_eq!(asked(jon, room).await, None, "it is a member");
    let leave = post(room, EntryKind::Leave, "goodbye");
    done(bench.store.post(caller(jon), leave.clone(), NOW_MS).await).await.unwrap();
    let told = asked(jon, room).await.unwrap();
    assert_eq!((told.seq, told.kind, told.after, told.sender), (2, EntryKind::Leave, 1, jon));
    assert_eq!((told.id, told.bytes, told.received_at_ms), (leave.id, leave.bytes, NOW_MS));
    for (by, room) in [(mira, room), (ada, room), (jon, RoomId(random()))] {
        assert_eq!(asked(by, room).await, None, "nobody else learns anything");
    }

    let out = Commit { remove: vec![jon], ..commit(room, 1, 2) };
    bench.commit(mira, out).await.unwrap();
    assert_eq!(asked(jon, room).await.unwrap().seq, 2, "also when its leaf is gone");
    bench.commit(mira, adding(room, 3, 3, jon)).await.unwrap();
    assert_eq!(asked(jon, room).await, None, "it is back");
    done(bench.store.post(caller(jon), post(room, EntryKind::Leave, "again"), NOW_MS).await).await.unwrap();
    assert_eq!(asked(jon, room).await.unwrap().seq, 5, "the newest");
}
