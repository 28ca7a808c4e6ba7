//! The live stream of a listening relay.

mod support;

use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use support::{
    account::{Http, people},
    rooms::{accepted, adding, append, appended, create, joining, opening, proof},
    start,
    stream::open,
};
use tokio_tungstenite::tungstenite::{Error, Message};
use waxwing_wire::{
    Opaque, ProblemCode, RoomId, encode,
    frame::{ClientFrame, Cursor, EntryKind, Event, Request, Response, RoomSummary, ServerFrame, close},
};

#[tokio::test]
async fn two_people_talk() {
    let running = start().await;
    let [mira, jon] = people(&running, ["mira", "jon"]).await;
    let (mut of_mira, mut second, mut of_jon) =
        (mira.stream().await, mira.stream().await, jon.stream().await);

    let room = create(&mut of_mira).await;
    let created = RoomSummary { room, last_seq: 0, last_commit: 0, own: None };
    assert_eq!(
        second.event().await,
        Event::RoomAdded(created),
        "every stream of the account hears of its room"
    );

    let commit = adding(room, 0, 1, jon.id);
    assert_eq!(accepted(&mut of_mira, commit.clone()).await, 1);
    let added = RoomSummary { room, last_seq: 1, last_commit: 1, own: None };
    assert_eq!(of_jon.event().await, Event::RoomAdded(added));
    match second.event().await {
        Event::Entry { room: of, entry } => {
            assert_eq!((of, entry.seq, entry.kind, entry.after), (room, 1, EntryKind::Commit, 0));
            assert_eq!((entry.sender, entry.id, entry.bytes), (mira.id, commit.id, commit.bytes));
        }
        other => panic!("{other:?}"),
    }

    assert_eq!(appended(&mut of_jon, append(room, 1, "hello")).await, 2);
    assert_eq!(appended(&mut of_mira, append(room, 1, "hello back")).await, 3);
    for stream in [&mut second, &mut of_jon] {
        for seq in [2, 3] {
            match stream.event().await {
                Event::Entry { entry, .. } => assert_eq!((entry.seq, entry.kind), (seq, EntryKind::Message)),
                other => panic!("{other:?}"),
            }
        }
    }
    let mut members = vec![mira.id, jon.id];
    members.sort_unstable();
    assert_eq!(of_jon.ask(Request::Members(room)).await, Ok(Response::Members(members)));
    let welcome = of_jon.ask(Request::Welcome(room)).await;
    assert_eq!(welcome, Ok(Response::Welcomes(vec![Opaque(b"welcome".to_vec())])));
}

#[tokio::test]
async fn opening_needs_a_session_and_the_own_page() {
    let running = start().await;
    let [mira] = people(&running, ["mira"]).await;
    let refused = async |cookie: Option<&str>, page: Option<&str>| match open(&running.origin, cookie, page)
        .await
    {
        Err(Error::Http(answer)) => {
            let body: serde_json::Value = serde_json::from_slice(answer.body().as_ref().unwrap()).unwrap();
            (answer.status().as_u16(), body["code"].as_str().unwrap().to_owned())
        }
        Ok(_) => (101, String::new()),
        Err(other) => panic!("{other}"),
    };
    assert_eq!(refused(None, None).await, (401, "not_logged_in".into()));
    assert_eq!(refused(Some("waxwing=AAAA"), None).await, (401, "not_logged_in".into()));
    let cookie = Some(mira.cookie.as_str());
    assert_eq!(refused(cookie, Some("https://evil.example")).await, (403, "foreign_origin".into()));
    assert_eq!(refused(cookie, Some("null")).await, (403, "foreign_origin".into()));
    assert_eq!(refused(cookie, Some(&running.origin)).await, (101, String::new()));
}

#[tokio::test]
async fn malformed_frames_close_the_stream_and_change_nothing() {
    let running = start().await;
    let [mira] = people(&running, ["mira"]).await;
    let mut fine = mira.stream().await;
    let room = create(&mut fine).await;
    let good = encode(&ClientFrame { id: 9, request: Request::Append(append(room, 0, "x")) });
    let longer = [good.as_slice(), &[0]].concat();
    let lying = vec![0x82, 0x09, 0x82, 0x02, 0x5b, 0x10, 0, 0, 0, 0, 0, 0, 0];
    let bad = [
        Message::Binary(Vec::new().into()),
        Message::Binary(vec![0xff; 40].into()),
        Message::Binary(good[..good.len() - 1].to_vec().into()),
        Message::Binary(longer.into()),
        Message::Binary(lying.into()),
        Message::Text("{}".into()),
    ];
    for message in bad {
        let mut stream = mira.stream().await;
        stream.socket.send(message).await.unwrap();
        assert_eq!(stream.close_code().await, close::MALFORMED);
    }
    let mut early = open(&running.origin, Some(&mira.cookie), None).await.unwrap();
    early.send(Request::AccountData).await;
    assert_eq!(early.close_code().await, close::MALFORMED, "hello comes first");
    let page = fine.ask(Request::Entries { room, after: 0, limit: 9 }).await;
    assert_eq!(page, Ok(Response::Entries { entries: vec![], last_seq: 0 }), "nothing was changed");
    assert_eq!(
        fine.refused(Request::Hello { cursors: vec![], take_over: false }).await,
        ProblemCode::Invalid,
        "hello is said once"
    );
}

#[tokio::test]
async fn requests_about_foreign_rooms_find_nothing() {
    let running = start().await;
    let [mira, jon] = people(&running, ["mira", "jon"]).await;
    let (mut of_mira, mut of_jon) = (mira.stream().await, jon.stream().await);
    let room = create(&mut of_mira).await;
    for room in [room, RoomId([0; 16])] {
        for request in [
            Request::Append(append(room, 0, "x")),
            Request::Entries { room, after: 0, limit: 1 },
            Request::Snapshot { room, epoch: None },
            Request::Keyring { room, before: 1 },
            Request::HistoryLinks { room, before: 1 },
            Request::Welcome(room),
            Request::Members(room),
            Request::Commit(Box::new(adding(room, 0, 1, jon.id))),
        ] {
            assert_eq!(of_jon.refused(request).await, ProblemCode::NotFound);
        }
        let by_link = Request::JoinInfo { room, proof: proof(), before: u64::MAX };
        assert_eq!(of_jon.refused(by_link).await, ProblemCode::LinkInvalid);
        assert_eq!(of_jon.ask(Request::OwnLeave(room)).await, Ok(Response::OwnLeave(None)));
    }
    appended(&mut of_mira, append(room, 0, "x")).await;
    assert_eq!(of_jon.ask(Request::AccountData).await, Ok(Response::AccountData(vec![])));
    assert!(of_jon.events.is_empty(), "nor do events reach it");
}

#[tokio::test]
async fn who_has_fallen_behind_is_told_and_catches_up() {
    let running = start().await;
    let [mira, jon] = people(&running, ["mira", "jon"]).await;
    let (mut of_mira, mut of_jon) = (mira.stream().await, jon.stream().await);
    let room = create(&mut of_mira).await;
    accepted(&mut of_mira, adding(room, 0, 1, jon.id)).await;
    of_jon.event().await;
    appended(&mut of_mira, append(room, 1, "a")).await;
    assert!(matches!(of_jon.event().await, Event::Entry { entry, .. } if entry.seq == 2));
    drop(of_jon);
    appended(&mut of_mira, append(room, 1, "b")).await;
    appended(&mut of_mira, append(room, 1, "c")).await;

    let (mut of_jon, rooms) = jon.stream_from(vec![Cursor { room, seq: 2 }]).await;
    assert_eq!(rooms, [RoomSummary { room, last_seq: 4, last_commit: 1, own: None }]);
    assert_eq!(of_jon.event().await, Event::News { room, last_seq: 4 });
    match of_jon.ask(Request::Entries { room, after: 2, limit: 100 }).await {
        Ok(Response::Entries { entries, last_seq: 4 }) => {
            assert_eq!(entries.iter().map(|entry| entry.seq).collect::<Vec<_>>(), [3, 4]);
        }
        other => panic!("{other:?}"),
    }
    appended(&mut of_mira, append(room, 1, "d")).await;
    assert!(matches!(of_jon.event().await, Event::Entry { entry, .. } if entry.seq == 5));

    let stale = of_jon.ask(Request::Append(append(room, 0, "late"))).await.unwrap_err();
    assert_eq!((stale.code, stale.last_commit), (ProblemCode::Stale, Some(1)));
}

#[tokio::test]
async fn joining_by_a_link_is_seen_by_everybody() {
    let running = start().await;
    let [mira, jon] = people(&running, ["mira", "jon"]).await;
    let (mut of_mira, mut of_jon, mut other_of_jon) =
        (mira.stream().await, jon.stream().await, jon.stream().await);
    let room = create(&mut of_mira).await;
    accepted(&mut of_mira, opening(room, 0, 1, None)).await;
    match of_jon.ask(Request::JoinInfo { room, proof: proof(), before: u64::MAX }).await {
        Ok(Response::JoinInfo { last_commit: 1, last_seq: 1, packages, .. }) => assert_eq!(packages.len(), 1),
        other => panic!("{other:?}"),
    }
    assert_eq!(accepted(&mut of_jon, joining(room, 1, 2, jon.id)).await, 2);
    let added = Event::RoomAdded(RoomSummary { room, last_seq: 2, last_commit: 2, own: None });
    assert_eq!(of_jon.event().await, added);
    assert_eq!(other_of_jon.event().await, added);
    let leaving = waxwing_wire::frame::Commit { remove: vec![jon.id], ..joining(room, 2, 3, jon.id) };
    let leaving = waxwing_wire::frame::Commit { add: vec![], proof: None, ..leaving };
    assert_eq!(accepted(&mut of_jon, leaving).await, 3);
    assert!(matches!(other_of_jon.event().await, Event::Entry { entry, .. } if entry.seq == 3));
    assert_eq!(other_of_jon.event().await, Event::RoomRemoved(room));
    accepted(&mut of_mira, {
        let mut next = opening(room, 3, 4, None);
        next.parts.methods = None;
        next
    })
    .await;
    assert_eq!(other_of_jon.ask(Request::AccountData).await, Ok(Response::AccountData(vec![])));
    assert!(other_of_jon.events.is_empty(), "nothing of the room reaches who has left");
}

#[tokio::test]
async fn many_requests_may_be_under_way_and_are_answered_in_order() {
    let running = start().await;
    let [mira] = people(&running, ["mira"]).await;
    let (mut stream, mut other) = (mira.stream().await, mira.stream().await);
    let room = create(&mut stream).await;
    other.event().await;
    let total = 2000_u64;
    let (mut sink, mut source) = stream.socket.split();
    let sending = tokio::spawn(async move {
        for id in 1..=total {
            let request = Request::Append(append(room, 0, &id.to_string()));
            sink.feed(Message::Binary(encode(&ClientFrame { id: 1000 + id, request }).into())).await.unwrap();
        }
        sink.flush().await.unwrap();
        sink
    });
    let (mut acknowledged, mut pushed) = (Vec::new(), Vec::new());
    while acknowledged.len() < total as usize {
        let Some(Ok(message)) = source.next().await else { panic!("closed") };
        let Message::Binary(bytes) = message else { continue };
        match waxwing_wire::decode(&bytes).unwrap() {
            ServerFrame::Response { id, response: Response::Appended { seq } } => {
                acknowledged.push((id - 1000, seq))
            }
            ServerFrame::Event(Event::Entry { entry, .. }) => pushed.push(entry.seq),
            ServerFrame::Event(Event::News { .. } | Event::RoomAdded(_)) => {}
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(acknowledged, (1..=total).map(|id| (id, id)).collect::<Vec<_>>());
    assert!(pushed.is_sorted(), "events of a room come in order");
    let mut seen = 0;
    while seen < total {
        match other.event().await {
            Event::Entry { entry, .. } => {
                assert!(entry.seq > seen);
                seen = entry.seq;
            }
            Event::News { last_seq, .. } => seen = last_seq,
            event => panic!("{event:?}"),
        }
    }
    drop(sending.await.unwrap());
}

#[tokio::test]
async fn logging_out_closes_the_streams_of_the_session_only() {
    let running = start().await;
    let [mira] = people(&running, ["mira"]).await;
    let (_, cookie) = mira.log_in(0).await.unwrap();
    let elsewhere = support::account::Person { cookie, ..mira.clone() };
    let (mut one, mut two, mut other) = (mira.stream().await, mira.stream().await, elsewhere.stream().await);
    assert_eq!(mira.log_out().await.status(), 200);
    assert_eq!(one.close_code().await, close::NOT_LOGGED_IN);
    assert_eq!(two.close_code().await, close::NOT_LOGGED_IN);
    assert_eq!(other.ask(Request::AccountData).await, Ok(Response::AccountData(vec![])));
}

#[tokio::test]
async fn going_down_tells_every_stream_and_keeps_what_was_acknowledged() {
    let running = start().await;
    let [mira] = people(&running, ["mira"]).await;
    let mut stream = mira.stream().await;
    let room = create(&mut stream).await;
    appended(&mut stream, append(room, 0, "x")).await;
    let support::Running { relay, folder, .. } = running;
    let reading = tokio::spawn(async move { stream.close_code().await });
    let begun = std::time::Instant::now();
    relay.stop().await;
    assert!(begun.elapsed() < Duration::from_secs(5));
    assert_eq!(reading.await.unwrap(), close::RESTARTING);
    let relay = waxwing_relay::command::serve::Relay::start(support::config(folder.path())).await.unwrap();
    let http = Http::at(&format!("http://{}", relay.address));
    let mira = support::account::Person { http, ..mira };
    let (_, rooms) = mira.stream_from(vec![]).await;
    assert_eq!(rooms, [RoomSummary { room, last_seq: 1, last_commit: 0, own: None }]);
}

#[tokio::test]
async fn a_greeting_that_failed_can_be_repeated() {
    let running = start().await;
    let [mira] = people(&running, ["mira"]).await;
    let room = create(&mut mira.stream().await).await;
    let database = rusqlite::Connection::open(running.folder.path().join("waxwing.db")).unwrap();
    let rename = |from, to| {
        database.execute_batch(&format!("ALTER TABLE rooms RENAME COLUMN {from} TO {to}")).unwrap();
    };
    let mut stream = open(&running.origin, Some(&mira.cookie), None).await.unwrap();
    // The ids of rooms can be read, what is new in them cannot.
    rename("last_commit", "elsewhere");
    assert_eq!(
        stream.refused(Request::Hello { cursors: vec![], take_over: true }).await,
        ProblemCode::Internal
    );
    rename("elsewhere", "last_commit");
    match stream.ask(Request::Hello { cursors: vec![], take_over: true }).await {
        Ok(Response::Hello { rooms, .. }) => assert_eq!(rooms[0].room, room),
        other => panic!("{other:?}"),
    }
    appended(&mut stream, append(room, 0, "and events flow")).await;
    let mut heard = stream.events.clone();
    if heard.is_empty() {
        heard.push(stream.event().await);
    }
    assert!(matches!(heard.as_slice(), [Event::Entry { .. }]), "once: {heard:?}");
}
