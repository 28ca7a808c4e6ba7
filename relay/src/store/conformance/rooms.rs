//! Founding rooms, and who may know of them.

use waxwing_wire::{
    frame::{Cursor, EntryKind, RoomSummary, Snapshot},
    ids::RoomHandle,
    limits as shared,
};

use super::{requests::*, *};

pub async fn founding_is_idempotent(bench: &mut Bench) {
    let [mira, jon] = bench.accounts().await;
    let room = RoomId(random());
    let found = async |by, epoch| {
        let mut parts = parts(0);
        parts.epoch = EpochId([epoch; 32]);
        done(bench.store.create_room(caller(by), CreateRoom { room, parts }, NOW_MS).await).await
    };
    found(mira, 0).await.unwrap();
    let before = bench.all_of(mira, room).await;
    found(mira, 0).await.unwrap();
    assert_eq!(bench.all_of(mira, room).await, before);
    assert!(matches!(found(mira, 1).await.unwrap_err(), StoreError::Conflict(_)));
    assert!(matches!(found(jon, 0).await.unwrap_err(), StoreError::Conflict(_)));
    bench.commit(mira, commit(room, 0, 7)).await.unwrap();
    found(mira, 0).await.unwrap();
    assert_eq!(bench.members(mira, room).await, sorted([mira]));
}

pub async fn a_founding_that_is_refused_leaves_nothing(bench: &mut Bench) {
    let [mira] = bench.accounts().await;
    let with_link = EpochPartsChange(|parts| parts.link = Some(sealed("link")));
    let too_large =
        EpochPartsChange(|parts| parts.public_state = Opaque(vec![0; shared::PUBLIC_STATE_BYTES + 1]));
    let empty = EpochPartsChange(|parts| parts.snapshot = Opaque(Vec::new()));
    let twice = EpochPartsChange(|parts| {
        parts.packages = joining(RoomId([0; 16]), 0, 1, AccountId([0; 16])).parts.packages;
        parts.packages.extend(parts.packages.clone());
    });
    for EpochPartsChange(change) in [with_link, too_large, empty, twice] {
        let mut request = CreateRoom { room: RoomId(random()), parts: parts(0) };
        change(&mut request.parts);
        let room = request.room;
        done(bench.store.create_room(caller(mira), request, NOW_MS).await).await.unwrap_err();
        assert_eq!(bench.store.members(mira, room).await.unwrap_err(), StoreError::NotFound);
    }
    assert_eq!(bench.store.room_ids(mira).await.unwrap(), []);
    assert!(bench.notices.try_recv().is_err());
}

struct EpochPartsChange(fn(&mut waxwing_wire::frame::EpochParts));

pub async fn outsiders_learn_nothing(bench: &mut Bench) {
    let [mira, jon] = bench.accounts().await;
    let room = bench.room(mira).await;
    let nowhere = RoomId(random());
    let (store, epoch) = (&bench.store, EpochId([0; 32]));
    let snapshot = Snapshot { epoch, commit: 0, bytes: sealed("s") };
    for room in [room, nowhere] {
        assert_eq!(store.members(jon, room).await.unwrap_err(), StoreError::NotFound);
        assert_eq!(store.entries_after(jon, room, 0, 9).await.unwrap_err(), StoreError::NotFound);
        assert_eq!(store.snapshot(jon, room, None).await.unwrap_err(), StoreError::NotFound);
        assert_eq!(store.public_states(jon, room, epoch).await.unwrap_err(), StoreError::NotFound);
        assert_eq!(store.keyring(jon, room, 9).await.unwrap_err(), StoreError::NotFound);
        assert_eq!(store.history_links(jon, room, 9).await.unwrap_err(), StoreError::NotFound);
        assert_eq!(store.published(jon, room, epoch).await.unwrap_err(), StoreError::NotFound);
        let published = done(store.put_published(caller(jon), candidate(room, 0, 0)).await).await;
        assert_eq!(published, Err(StoreError::NotFound));
        let statement = post(room, EntryKind::Rejoin, "x");
        assert_eq!(done(store.post(caller(jon), statement, NOW_MS).await).await, Err(StoreError::NotFound));
        let handle = RoomHandle([1; 32]);
        assert_eq!(store.may_set_password(jon, room, handle).await, Err(StoreError::NotFound));
        assert_eq!(store.welcomes(jon, room).await.unwrap_err(), StoreError::NotFound);
        assert_eq!(bench.append(jon, room, 0, "x").await.unwrap_err(), StoreError::NotFound);
        assert_eq!(bench.commit(jon, commit(room, 0, 1)).await.unwrap_err(), StoreError::NotFound);
        assert_eq!(bench.commit(jon, adding(room, 0, 1, jon)).await.unwrap_err(), StoreError::NotFound);
        let put = done(store.put_snapshot(caller(jon), room, snapshot.clone()).await).await;
        assert_eq!(put.unwrap_err(), StoreError::NotFound);
        assert_eq!(
            done(store.put_keyring(caller(jon), room, Vec::new()).await).await.unwrap_err(),
            StoreError::NotFound
        );
        assert_eq!(
            store.join_info(room, proof(), u64::MAX, NOW_MS).await.unwrap_err(),
            StoreError::LinkInvalid
        );
        let by_link = bench.commit(jon, joining(room, 0, 1, jon)).await;
        assert_eq!(by_link.unwrap_err(), StoreError::LinkInvalid, "whether or not the room exists");
    }
    assert_eq!(store.room_ids(jon).await.unwrap(), []);
}

pub async fn an_account_has_a_bounded_number_of_rooms(bench: &mut Bench) {
    let [mira, jon] = bench.accounts().await;
    let mut queued = Vec::new();
    for _ in 0..shared::ROOMS_PER_ACCOUNT {
        let request = CreateRoom { room: RoomId(random()), parts: parts(0) };
        queued.push(bench.store.create_room(caller(mira), request, NOW_MS).await.unwrap());
        // Nobody hears the notices here; the writer must not wait for that.
        while bench.notices.try_recv().is_ok() {}
    }
    for created in queued {
        created.await.unwrap();
    }
    let one_more = CreateRoom { room: RoomId(random()), parts: parts(0) };
    let refused = done(bench.store.create_room(caller(mira), one_more, NOW_MS).await).await.unwrap_err();
    assert!(matches!(refused, StoreError::LimitReached(_)));
    let room = bench.room(jon).await;
    let refused = bench.commit(jon, adding(room, 0, 1, mira)).await.unwrap_err();
    assert!(matches!(refused, StoreError::LimitReached(_)));
    assert_eq!(bench.store.room_ids(mira).await.unwrap().len(), shared::ROOMS_PER_ACCOUNT);
    assert_eq!(bench.members(jon, room).await, sorted([jon]), "the commit was undone");
}

pub async fn cursors_tell_what_is_behind(bench: &mut Bench) {
    let [mira, jon] = bench.accounts().await;
    let (one, other, foreign) = (bench.room(mira).await, bench.room(mira).await, bench.room(jon).await);
    bench.commit(mira, commit(one, 0, 1)).await.unwrap();
    let later = bench.store.append_message(caller(mira), requests::append(one, 1, "a"), NOW_MS + 1).await;
    done(later).await.unwrap();
    let cursor = |room, seq| Cursor { room, seq };
    let of_one = RoomSummary { room: one, last_seq: 2, last_commit: 1, own: None };
    let of_other = RoomSummary { room: other, last_seq: 0, last_commit: 0, own: None };
    // The one last written to comes first.
    let all = vec![of_one.clone(), of_other];
    let ask = async |cursors| bench.store.rooms(mira, cursors).await.unwrap();
    assert_eq!(ask(vec![]).await, (all.clone(), vec![]));
    assert_eq!(ask(vec![cursor(one, 2), cursor(other, 0), cursor(foreign, 0)]).await, (all.clone(), vec![]));
    assert_eq!(ask(vec![cursor(one, 1), cursor(other, 9)]).await, (all, vec![of_one]));
}

pub async fn strangers_do_not_fill_an_accounts_rooms(bench: &mut Bench) {
    let [mira, jon] = bench.accounts().await;
    let mut queued = Vec::new();
    for _ in 0..shared::ROOMS_ADDED {
        let request = CreateRoom { room: RoomId(random()), parts: parts(0) };
        let add = adding(request.room, 0, 1, jon);
        let _founded = bench.store.create_room(caller(mira), request, NOW_MS).await.unwrap();
        queued.push(bench.store.accept_commit(caller(mira), add, NOW_MS).await.unwrap());
        while bench.notices.try_recv().is_ok() {}
    }
    for added in queued {
        added.await.unwrap();
        while bench.notices.try_recv().is_ok() {}
    }
    let room = bench.room(mira).await;
    let refused = bench.commit(mira, adding(room, 0, 1, jon)).await;
    assert!(matches!(refused, Err(StoreError::LimitReached(_))));
    bench.commit(mira, opening(room, 0, 1, None)).await.unwrap();
    bench.commit(jon, joining(room, 1, 2, jon)).await.unwrap();
    bench.room(jon).await;
    assert_eq!(bench.store.room_ids(jon).await.unwrap().len(), shared::ROOMS_ADDED + 2, "its own go on");
}

pub async fn rooms_that_nobody_is_in_or_can_enter_are_deleted(bench: &mut Bench) {
    let [mira, jon] = bench.accounts().await;
    let room = bench.room(mira).await;
    bench.commit(mira, adding(room, 0, 1, jon)).await.unwrap();
    let (first, last) = (post(room, EntryKind::Leave, "goodbye"), post(room, EntryKind::Leave, "me too"));
    let leave = async |by, statement| done(bench.store.post(caller(by), statement, NOW_MS).await).await;
    assert_eq!(leave(jon, first.clone()).await, Ok(2));
    assert_eq!(bench.members(mira, room).await, [mira], "somebody is there");
    assert_eq!(leave(mira, last.clone()).await, Ok(3));

    assert_eq!(leave(mira, last.clone()).await, Ok(3), "the answer was lost");
    let again = post(room, EntryKind::Rejoin, "again");
    assert_eq!(
        leave(mira, waxwing_wire::frame::Post { id: last.id, ..again }).await,
        Err(StoreError::NotFound)
    );
    for (by, seq, statement) in [(jon, 2, first), (mira, 3, last)] {
        let told = bench.store.own_leave(by, room).await.unwrap().unwrap();
        assert_eq!((told.seq, told.kind, told.after, told.sender), (seq, EntryKind::Leave, 1, by));
        assert_eq!((told.id, told.bytes, told.received_at_ms), (statement.id, statement.bytes, NOW_MS));
    }
    let founded = CreateRoom { room, parts: parts(0) };
    let refused = done(bench.store.create_room(caller(jon), founded.clone(), NOW_MS).await).await;
    assert!(matches!(refused, Err(StoreError::Conflict(_))), "the id stays used");

    let later_ms = NOW_MS + u64::try_from(LIFE.absolute.as_millis()).unwrap() + 1;
    bench.store.sweep_sessions(LIFE, NOW_MS + 1).await.unwrap();
    assert!(bench.store.own_leave(jon, room).await.unwrap().is_some());
    bench.store.sweep_sessions(LIFE, later_ms).await.unwrap();
    assert_eq!(bench.store.own_leave(jon, room).await.unwrap(), None, "no session from then is alive");
    let sessions = NewSession { token: session_of(jon), now_ms: later_ms, ..new_session() };
    bench.store.complete_login(login(jon, 101), sessions).await.unwrap();
    done(bench.store.create_room(caller(jon), founded, NOW_MS).await).await.unwrap();
    let page = bench.store.entries_after(jon, room, 0, 9).await.unwrap();
    assert_eq!((page.entries.len(), page.last_seq), (0, 0), "nothing of the old room is left");
    assert_eq!(bench.store.keyring(jon, room, u64::MAX).await.unwrap().len(), 1);
}

pub async fn a_deserted_room_with_a_way_in_stays(bench: &mut Bench) {
    let [mira, jon] = bench.accounts().await;
    let room = bench.room(mira).await;
    bench.commit(mira, opening(room, 0, 1, None)).await.unwrap();
    let leave = post(room, EntryKind::Leave, "goodbye");
    done(bench.store.post(caller(mira), leave, NOW_MS).await).await.unwrap();
    bench.commit(jon, joining(room, 1, 2, jon)).await.unwrap();
    assert_eq!(bench.members(jon, room).await, [jon]);
    // It closes the link of who is gone, and puts itself out.
    let mut out = Commit { remove: vec![jon], ..commit(room, 3, 3) };
    out.parts.keep.clear();
    assert_eq!(bench.commit(jon, out).await, Ok(4));
    let found = bench.store.join_info(room, proof(), u64::MAX, NOW_MS).await;
    assert_eq!(found.unwrap_err(), StoreError::LinkInvalid);
    assert!(bench.store.own_leave(mira, room).await.unwrap().is_some());
    let refused =
        done(bench.store.create_room(caller(jon), CreateRoom { room, parts: parts(0) }, NOW_MS).await);
    assert_eq!(refused.await, Err(StoreError::Conflict("another room had this id")), "it is deleted");
}
