//! What a stream may take, and when it is cut.

mod support;

use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use support::{
    account::people,
    rooms::{accepted, adding, append, appended, create},
    start, start_with,
    stream::open,
};
use tokio_tungstenite::{
    connect_async,
    tungstenite::{Error, Message, client::IntoClientRequest as _},
};
use waxwing_wire::{
    Opaque, ProblemCode,
    account::path,
    frame::{Request, Response, RoomSummary, close},
    limits as shared,
};

#[tokio::test]
async fn frames_that_are_too_large_close_the_stream_before_they_are_read() {
    let running = start().await;
    let [mira] = people(&running, ["mira"]).await;
    let stream = mira.stream().await;
    let (mut sink, mut source) = stream.socket.split();
    let huge = Message::Binary(vec![0; shared::FRAME_BYTES + 1].into());
    let sending = tokio::spawn(async move { sink.send(huge).await });
    let code = loop {
        match tokio::time::timeout(support::stream::PATIENCE, source.next()).await.unwrap() {
            Some(Ok(Message::Close(Some(frame)))) => break u16::from(frame.code),
            Some(Ok(_)) => {}
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(code, close::MALFORMED);
    sending.abort();

    let mut stream = mira.stream().await;
    let room = create(&mut stream).await;
    let mut message = append(room, 0, "");
    message.bytes = Opaque(vec![0; shared::MESSAGE_BYTES + 1]);
    assert_eq!(
        stream.refused(Request::Append(message)).await,
        ProblemCode::TooLarge,
        "a frame may be that large"
    );
}

#[tokio::test]
async fn who_does_not_read_is_cut_and_loses_nothing() {
    let running = start_with(|config| config.timing.send = Duration::from_millis(500)).await;
    let [mira, jon] = people(&running, ["mira", "jon"]).await;
    let (mut of_mira, mut of_jon) = (mira.stream().await, jon.stream().await);
    let room = create(&mut of_mira).await;
    accepted(&mut of_mira, adding(room, 0, 1, jon.id)).await;
    // Far more than the buffers of both ends hold; jon reads none of it.
    let total = 400;
    for _ in 0..total {
        let mut message = append(room, 1, "");
        message.bytes = Opaque(vec![7; shared::MESSAGE_BYTES]);
        appended(&mut of_mira, message).await;
        of_mira.events.clear();
    }
    for _ in 0..100 {
        if running.relay.streams() == 1 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(running.relay.streams(), 1, "jon was cut while it read nothing");
    let closed = loop {
        match tokio::time::timeout(support::stream::PATIENCE, of_jon.socket.next()).await.unwrap() {
            Some(Ok(Message::Close(Some(frame)))) => break Some(u16::from(frame.code)),
            Some(Ok(_)) => {}
            // The close frame found no room in the buffers either.
            Some(Err(_)) | None => break None,
        }
    };
    assert!(matches!(closed, None | Some(close::TOO_SLOW)), "{closed:?}");
    let (mut of_jon, rooms) = jon.stream_from(vec![]).await;
    let last_seq = total + 1;
    assert_eq!(rooms, [RoomSummary { room, last_seq, last_commit: 1, own: None }]);
    let mut read = 0;
    while read < last_seq {
        match of_jon.ask(Request::Entries { room, after: read, limit: 500 }).await {
            Ok(Response::Entries { entries, .. }) => read = entries.last().unwrap().seq,
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn who_is_silent_is_dropped_and_who_answers_pings_is_kept() {
    let running = start_with(|config| {
        config.timing.ping = Duration::from_millis(100);
        config.timing.silence = Duration::from_millis(400);
        config.timing.hello = Duration::from_millis(300);
    })
    .await;
    let [mira] = people(&running, ["mira"]).await;
    let mut mute = open(&running.origin, Some(&mira.cookie), None).await.unwrap();
    assert_eq!(mute.close_code().await, close::MALFORMED, "no hello");
    let mut alive = mira.stream().await;
    let silent = mira.stream().await;
    // Reading is what answers pings.
    while let Ok(Some(Ok(Message::Ping(_)))) =
        tokio::time::timeout(Duration::from_millis(300), alive.socket.next()).await
    {
        if running.relay.streams() == 1 {
            break;
        }
    }
    assert_eq!(running.relay.streams(), 1, "the silent one is gone, the other is not");
    assert_eq!(alive.ask(Request::AccountData).await, Ok(Response::AccountData(vec![])));
    drop(silent);
}

#[tokio::test]
async fn an_account_has_a_limited_number_of_streams() {
    let running = start().await;
    let [mira] = people(&running, ["mira"]).await;
    let mut open_streams = Vec::new();
    for _ in 0..waxwing_relay::limits::STREAMS_PER_ACCOUNT {
        open_streams.push(mira.stream().await);
    }
    let mut newest = mira.stream().await;
    assert_eq!(open_streams[0].close_code().await, close::REPLACED, "the oldest gives way");
    let mut next = open_streams.remove(1);
    assert_eq!(next.ask(Request::Ping).await, Ok(Response::Done));
    assert_eq!(newest.ask(Request::Ping).await, Ok(Response::Done));
    assert_eq!(running.relay.streams(), waxwing_relay::limits::STREAMS_PER_ACCOUNT);
}

#[tokio::test]
async fn an_address_behind_a_proxy_has_a_limited_number_of_streams() {
    let running = start_with(|config| config.connections_per_address = 2).await;
    let [mira] = people(&running, ["mira"]).await;
    let from = async |address: &str| {
        let url = format!("{}{}", running.origin.replacen("http", "ws", 1), path::STREAM);
        let mut request = url.into_client_request().unwrap();
        request.headers_mut().insert("cookie", mira.cookie.parse().unwrap());
        request.headers_mut().insert("x-forwarded-for", address.parse().unwrap());
        connect_async(request).await
    };
    let (first, _second) = (from("192.0.2.1").await.unwrap(), from("192.0.2.1").await.unwrap());
    assert!(matches!(from("192.0.2.1").await, Err(Error::Http(answer)) if answer.status() == 409));
    from("192.0.2.2").await.expect("others are not held back");
    drop(first);
    let mut tries = 0;
    while from("192.0.2.1").await.is_err() {
        tries += 1;
        assert!(tries < 100, "the place is free again");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
