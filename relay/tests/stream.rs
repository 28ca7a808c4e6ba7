//! The live stream of a listening relay.

mod support;

use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use support::{
    account::{Http, people, register},
    rooms::{accepted, adding, append, appended, create, joining, opening, proof},
    start, start_with,
    stream::open,
};
use tokio_tungstenite::tungstenite::{Error, Message};
use waxwing_wire::{
    Opaque, ProblemCode, RoomId, encode,
    frame::{
        ClientFrame, Cursor, EntryKind, Event, LogEntry, Request, Response, RoomSummary, ServerFrame, close,
    },
    limits as shared,
};

#[tokio::test]
async fn two_people_talk() {
    let running = start().await;
    let [mira, jon] = people(&running, ["mira", "jon"]).await;
    let (mut of_mira, mut second, mut of_jon) =
        (mira.stream().await, mira.stream().await, jon.stream().await);

    let room = create(&mut of_mira).await;
    let created = RoomSummary { room, last_seq: 0, last_commit: 0 };
    assert_eq!(
        second.event().await,
        Event::RoomAdded(created),
        "every stream of the account hears of its room"
    );

    let commit = adding(room, 0, 1, jon.id);
    assert_eq!(accepted(&mut of_mira, commit.clone()).await, 1);
    let added = RoomSummary { room, last_seq: 1, last_commit: 1 };
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
    assert_eq!(welcome, Ok(Response::Welcome(Some(Opaque(b"welcome".to_vec())))));
}
