//! Rooms and reports at the administrator's desk.

mod support;

use serde_json::{Value, json};
use support::{
    account::people,
    admin::refused,
    rooms::{self, accepted, adding, append, appended},
    start,
};
use waxwing_wire::{
    Opaque, ProblemCode, RoomId,
    admin::{ReportList, ReportStatus, RoomList, StatisticsPage, path},
    frame::{EntryKind, Event, ReportCopy, ReportKey, Request, Response},
};

fn of_room(path: &str, room: RoomId) -> String {
    path.replace("{room}", &room.to_string())
}

fn of_entry(room: RoomId, seq: u64) -> String {
    of_room(path::ENTRY_REMOVE, room).replace("{seq}", &seq.to_string())
}

#[tokio::test]
async fn rooms_are_listed_by_what_the_relay_knows_of_them() {
    let running = start().await;
    let [mira, jon] = people(&running, ["mira", "jon"]).await;
    let mut of_jon = jon.stream().await;
    let small = rooms::create(&mut of_jon).await;
    let large = rooms::create(&mut of_jon).await;
    appended(&mut of_jon, append(small, 0, "x")).await;
    for _ in 0..3 {
        appended(&mut of_jon, append(large, 0, &"y".repeat(100))).await;
    }
    let list: RoomList = mira.ask(path::ROOMS).await.unwrap();
    let [first, second] = &list.rooms[..] else { panic!("{list:?}") };
    assert_eq!((first.room, first.entries, first.bytes, first.members), (large, 3, 300, 1));
    assert_eq!((second.room, second.entries, second.bytes), (small, 1, 1));
    assert!(first.last_entry_at_ms >= second.last_entry_at_ms && list.total == 2);
    assert_eq!(mira.user(jon.id).await.storage_bytes, 301);
    for sort in ["size", "activity", "members", "created"] {
        let page: RoomList = mira.ask(&format!("{}?sort={sort}&limit=1", path::ROOMS)).await.unwrap();
        let next = page.next.unwrap();
        let rest: RoomList =
            mira.ask(&format!("{}?sort={sort}&limit=1&after={next}", path::ROOMS)).await.unwrap();
        assert_ne!(page.rooms[0].room, rest.rooms[0].room, "{sort}");
        assert_eq!(rest.next, None);
    }
}

#[tokio::test]
async fn a_removed_room_is_gone_for_its_members_at_once() {
    let running = start().await;
    let [mira, jon] = people(&running, ["mira", "jon"]).await;
    let mut of_jon = jon.stream().await;
    let room = rooms::create(&mut of_jon).await;
    appended(&mut of_jon, append(room, 0, "x")).await;
    of_jon.events.clear();
    let remove = of_room(path::ROOM_REMOVE, room);
    mira.tell::<Value>(&remove, &json!({"reason": "empty"})).await.unwrap();
    loop {
        if of_jon.event().await == Event::RoomRemoved(room) {
            break;
        }
    }
    let refusal = of_jon.refused(Request::Entries { room, after: 0, limit: 9 }).await;
    assert_eq!(refusal, ProblemCode::NotFound);
    assert_eq!(mira.user(jon.id).await.storage_bytes, 0);
    let again = mira.tell::<Value>(&remove, &json!({})).await;
    assert_eq!(again.err(), Some(refused(404, "not_found")));
    assert_eq!(
        mira.audit("limit=1").await[0],
        ("room_removed".into(), format!("room:{room}"), "empty".into())
    );
}

#[tokio::test]
async fn a_removed_message_leaves_its_digest() {
    let running = start().await;
    let [mira, jon, ada] = people(&running, ["mira", "jon", "ada"]).await;
    let (mut of_jon, mut of_ada) = (jon.stream().await, ada.stream().await);
    let room = rooms::create(&mut of_jon).await;
    let commit = accepted(&mut of_jon, adding(room, 0, 1, ada.id)).await;
    let seq = appended(&mut of_jon, append(room, commit, "forbidden")).await;
    let after = appended(&mut of_jon, append(room, commit, "fine")).await;
    let entry = loop {
        if let Event::Entry { entry, .. } = of_ada.event().await
            && entry.seq == seq
        {
            break entry;
        }
    };

    mira.tell::<Value>(&of_entry(room, seq), &json!({})).await.unwrap();
    let removed = loop {
        if let Event::EntryRemoved { entry, .. } = of_ada.event().await {
            break entry;
        }
    };
    assert_eq!((removed.seq, removed.kind, removed.sender), (seq, EntryKind::Tombstone, jon.id));
    assert_eq!((removed.id, removed.bytes.len()), (entry.id, 0));
    let Ok(Response::Entries { entries, .. }) =
        of_ada.ask(Request::Entries { room, after: 0, limit: 9 }).await
    else {
        panic!("no page")
    };
    assert_eq!(entries[1], removed, "who reads it later sees the same");
    assert_eq!(entries[1].digest.as_ref().map(Opaque::len), Some(32));
    assert_eq!((entries[2].seq, entries[2].bytes.as_bytes()), (after, b"fine".as_slice()));
    assert_eq!(mira.user(jon.id).await.storage_bytes, entries[0].bytes.len() as u64 + 4);

    mira.tell::<Value>(&of_entry(room, seq), &json!({})).await.expect("once more is no error");
    assert_eq!(mira.audit("kind=message_removed").await.len(), 1, "nor a second act");
    let commit = mira.tell::<Value>(&of_entry(room, commit), &json!({})).await;
    assert_eq!(commit.err(), Some(refused(422, "invalid")), "a room stands on its commits");
    let missing = mira.tell::<Value>(&of_entry(room, 99), &json!({})).await;
    assert_eq!(missing.err(), Some(refused(404, "not_found")));
}

#[tokio::test]
async fn a_report_reaches_administrators_and_is_decided_once() {
    let running = start().await;
    let [mira, jon, ada] = people(&running, ["mira", "jon", "ada"]).await;
    let mut of_mira = mira.stream().await;
    let (mut of_jon, mut of_ada) = (jon.stream().await, ada.stream().await);
    assert_eq!(of_jon.refused(Request::PutReportKey(Opaque(vec![1]))).await, ProblemCode::NotAdministrator);
    assert_eq!(of_ada.ask(Request::ReportKeys).await, Ok(Response::ReportKeys(Vec::new())));
    let key = Opaque(vec![7; 1200]);
    of_mira.ask(Request::PutReportKey(key.clone())).await.unwrap();
    let keys = vec![ReportKey { account: mira.id, key }];
    assert_eq!(of_ada.ask(Request::ReportKeys).await, Ok(Response::ReportKeys(keys)));

    let room = rooms::create(&mut of_jon).await;
    let commit = accepted(&mut of_jon, adding(room, 0, 1, ada.id)).await;
    let seq = appended(&mut of_jon, append(room, commit, "abuse")).await;
    let copy = |account| ReportCopy { account, bytes: Opaque(b"sealed report".to_vec()) };
    let report = |room, seq, sealed| Request::Report { room, seq, sealed };
    assert_eq!(of_ada.refused(report(room, seq, Vec::new())).await, ProblemCode::Invalid);
    assert_eq!(of_ada.refused(report(room, seq, vec![copy(jon.id)])).await, ProblemCode::Invalid);
    assert_eq!(of_ada.refused(report(room, commit, vec![copy(mira.id)])).await, ProblemCode::NotFound);
    assert_eq!(of_mira.refused(report(room, seq, vec![copy(mira.id)])).await, ProblemCode::NotFound);
    let large = ReportCopy { account: mira.id, bytes: Opaque(vec![1; 64 * 1024 + 1]) };
    assert_eq!(of_ada.refused(report(room, seq, vec![large])).await, ProblemCode::TooLarge);
    for _ in 0..2 {
        let sealed = vec![copy(mira.id), copy(jon.id)];
        assert_eq!(of_ada.ask(report(room, seq, sealed)).await, Ok(Response::Done));
    }

    let open = async || mira.ask::<StatisticsPage>(path::STATISTICS).await.unwrap().now.reports;
    assert_eq!(open().await, 1, "it counts at once");
    let list: ReportList = mira.ask(path::REPORTS).await.unwrap();
    let [found] = &list.reports[..] else { panic!("{list:?}") };
    assert_eq!((list.open, list.total), (1, 1));
    assert_eq!((found.room, found.seq, found.reporter, found.sender), (room, seq, ada.id, jon.id));
    let Ok(Response::Entries { entries, .. }) =
        of_ada.ask(Request::Entries { room, after: seq - 1, limit: 1 }).await
    else {
        panic!("no page")
    };
    assert_eq!(found.entry, entries[0].id, "the report shows this entry, or proves nothing");
    assert_eq!(found.sealed.as_ref().map(Opaque::as_bytes), Some(b"sealed report".as_slice()));
    assert_eq!(found.sender_keys, vec![Opaque(vec![7; 32])]);
    assert_eq!((found.sender_name.as_deref(), found.reporter_name.as_deref()), (Some("jon"), Some("ada")));

    let resolve = path::REPORT_RESOLVE.replace("{id}", &found.id.to_string());
    mira.tell::<Value>(&resolve, &json!({"remove_message": true})).await.unwrap();
    assert_eq!(open().await, 0);
    let again = mira.tell::<Value>(&resolve, &json!({"remove_message": false})).await;
    assert_eq!(again.err(), Some(refused(409, "conflict")));
    let list: ReportList = mira.ask(&format!("{}?status=removed", path::REPORTS)).await.unwrap();
    assert_eq!((list.open, list.reports[0].status), (0, ReportStatus::Removed));
    assert_eq!(list.reports[0].sealed, None, "it has served");
    let Ok(Response::Entries { entries, .. }) =
        of_ada.ask(Request::Entries { room, after: seq - 1, limit: 1 }).await
    else {
        panic!("no page")
    };
    assert_eq!(entries[0].kind, EntryKind::Tombstone);
    assert_eq!(of_ada.refused(report(room, seq, vec![copy(mira.id)])).await, ProblemCode::Conflict);
    let kinds: Vec<String> = mira.audit("limit=3").await.into_iter().map(|(kind, ..)| kind).collect();
    assert_eq!(kinds, ["report_resolved", "message_removed", "reported"]);
}
