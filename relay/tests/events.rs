//! The stream as server-sent events and calls, for who gets no WebSocket through: the same talk, the same limits.

mod support;

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use reqwest::{Response as Answer, StatusCode, header::COOKIE};
use support::{
    account::{Person, people, refusal, refused},
    rooms::{accepted, adding, append, appended, create},
    start, start_with,
    stream::PATIENCE,
};
use tokio::time::timeout;
use waxwing_wire::{
    Opaque,
    account::{CLIENT_HEADER, Empty, Frames, path},
    decode, encode,
    frame::{ClientFrame, Event, Request, Response, ServerFrame, close},
    limits as shared,
};

/// A stream of events, and what calls need to reach it.
struct Events {
    person: Person,
    answer: Answer,
    text: String,
    name: String,
}

async fn get(person: &Person) -> Answer {
    let (name, value) = CLIENT_HEADER;
    let request = person.http.get(path::EVENTS).header(COOKIE, &person.cookie).header(name, value);
    request.send().await.unwrap()
}

impl Events {
    async fn open(person: &Person) -> Self {
        let answer = get(person).await;
        assert_eq!(answer.status(), StatusCode::OK);
        assert_eq!(answer.headers()["content-type"], "text/event-stream");
        assert_eq!(answer.headers()["x-accel-buffering"], "no");
        let mut events = Self { person: person.clone(), answer, text: String::new(), name: String::new() };
        events.name = events.next_of("open").await;
        events
    }

    /// The next event but pings: its name and its data. None at the end of the answer.
    async fn next(&mut self) -> Option<(String, String)> {
        loop {
            if let Some(at) = self.text.find("\n\n") {
                let event: String = self.text.drain(..at + 2).collect();
                let field = |name| event.lines().find_map(|line| line.strip_prefix(name));
                match field("data: ") {
                    Some(data) => {
                        return Some((field("event: ").unwrap_or("message").to_owned(), data.to_owned()));
                    }
                    None => continue,
                }
            }
            let piece = timeout(PATIENCE, self.answer.chunk()).await.expect("an event in time").unwrap()?;
            self.text.push_str(std::str::from_utf8(&piece).unwrap());
        }
    }

    async fn next_of(&mut self, kind: &str) -> String {
        let (name, data) = self.next().await.unwrap();
        assert_eq!(name, kind);
        data
    }

    async fn frame(&mut self) -> ServerFrame {
        let data = self.next_of("message").await;
        decode(&URL_SAFE_NO_PAD.decode(data).unwrap()).unwrap()
    }

    async fn bring(&self, frames: Vec<Opaque>) -> Result<Empty, support::account::Refused> {
        let query = format!("{}?stream={}", path::REQUESTS, self.name);
        self.person.call(&query, &Frames { frames }).await
    }

    async fn send(&self, requests: Vec<(u64, Request)>) {
        let frame = |(id, request)| Opaque(encode(&ClientFrame { id, request }));
        self.bring(requests.into_iter().map(frame).collect()).await.unwrap();
    }

    async fn hello(&mut self) {
        self.send(vec![(1, Request::Hello { cursors: Vec::new(), take_over: true })]).await;
        let greeted = self.frame().await;
        assert!(matches!(greeted, ServerFrame::Response { id: 1, response: Response::Hello { .. } }));
    }
}

#[tokio::test]
async fn frames_are_answered_in_order_and_events_come() {
    let running = start().await;
    let [mira, jon] = people(&running, ["mira", "jon"]).await;
    let mut of_mira = mira.stream().await;
    let room = create(&mut of_mira).await;
    accepted(&mut of_mira, adding(room, 0, 1, jon.id)).await;
    let mut of_jon = Events::open(&jon).await;
    of_jon.hello().await;

    // Several in one call, the largest message among them.
    let mut large = append(room, 1, "");
    large.bytes = Opaque(vec![9; shared::MESSAGE_BYTES]);
    let small = |text| Request::Append(append(room, 1, text));
    of_jon.send(vec![(2, small("one")), (3, Request::Append(large)), (4, small("three"))]).await;
    let (mut answers, mut entries) = (Vec::new(), Vec::new());
    while answers.len() + entries.len() < 6 {
        match of_jon.frame().await {
            ServerFrame::Response { id, response: Response::Appended { seq } } => answers.push((id, seq)),
            ServerFrame::Event(Event::Entry { entry, .. }) => entries.push(entry.seq),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!((answers, entries), (vec![(2, 2), (3, 3), (4, 4)], vec![2, 3, 4]));

    let seq = appended(&mut of_mira, append(room, 1, "hello jon")).await;
    let told = of_jon.frame().await;
    assert!(matches!(told, ServerFrame::Event(Event::Entry { entry, .. }) if entry.seq == seq));
}

#[tokio::test]
async fn only_the_session_that_opened_it_reaches_a_stream() {
    let running = start().await;
    let [mira, jon] = people(&running, ["mira", "jon"]).await;
    let of_mira = Events::open(&mira).await;
    let stolen = format!("{}?stream={}", path::REQUESTS, of_mira.name);
    let ping = Frames { frames: Vec::new() };
    assert_eq!(jon.call::<Empty>(&stolen, &ping).await, Err(refused(404, "not_found")));
    assert_eq!(mira.call::<Empty>(&stolen, &ping).await, Ok(Empty {}));
    for nobody in ["", "?stream=", "?stream=AAAA", "?stream=AAAAAAAAAAAAAAAAAAAAAA"] {
        let refused = mira.call::<Empty>(&format!("{}{nobody}", path::REQUESTS), &ping).await.unwrap_err();
        assert!(matches!(refused.status, 400 | 404 | 422), "{refused:?}");
    }
    // Neither other pages nor strangers open one.
    let without_header = mira.http.get(path::EVENTS).header(COOKIE, &mira.cookie).send().await.unwrap();
    assert_eq!(refusal(without_header).await, refused(403, "foreign_origin"));
    let (name, value) = CLIENT_HEADER;
    let stranger = mira.http.get(path::EVENTS).header(name, value).send().await.unwrap();
    assert_eq!(refusal(stranger).await, refused(401, "not_logged_in"));
}

#[tokio::test]
async fn what_is_no_frame_closes_the_stream_and_a_closed_one_takes_no_more() {
    let running = start().await;
    let [mira] = people(&running, ["mira"]).await;
    let mut events = Events::open(&mira).await;
    assert_eq!(running.relay.streams(), 1);
    events.bring(vec![Opaque(vec![0xff; 3])]).await.unwrap();
    assert_eq!(events.next_of("close").await, close::MALFORMED.to_string());
    assert_eq!(events.next().await, None);
    assert_eq!(running.relay.streams(), 0);
    assert_eq!(events.bring(Vec::new()).await, Err(refused(404, "not_found")));

    let mut events = Events::open(&mira).await;
    let many = vec![Opaque(vec![1]); 257];
    assert_eq!(events.bring(many).await.unwrap_err().status, 422);
    events.hello().await;
    // Whoever hangs up is gone at once.
    drop(events);
    for _ in 0..100 {
        if running.relay.streams() == 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the stream of somebody who hung up is still there");
}

#[tokio::test]
async fn a_session_that_ends_ends_its_events_and_so_does_silence() {
    let running = start_with(|config| {
        config.timing.ping = Duration::from_millis(200);
        config.timing.silence = Duration::from_secs(2);
    })
    .await;
    let [mira, jon] = people(&running, ["mira", "jon"]).await;
    let (mut of_mira, mut of_jon) = (Events::open(&mira).await, Events::open(&jon).await);
    of_mira.hello().await;
    of_jon.hello().await;
    assert!(mira.log_out().await.status().is_success());
    let told = of_mira.frame().await;
    assert!(matches!(told, ServerFrame::Event(Event::SessionEnded { .. })), "{told:?}");
    assert_eq!(of_mira.next_of("close").await, close::NOT_LOGGED_IN.to_string());
    // Calls without frames keep a stream alive; without any it ends.
    for _ in 0..4 {
        tokio::time::sleep(Duration::from_secs(1)).await;
        of_jon.bring(Vec::new()).await.unwrap();
    }
    assert_eq!(of_jon.next().await, None);
}

#[tokio::test]
async fn who_does_not_read_is_cut() {
    let running = start_with(|config| config.timing.send = Duration::from_millis(500)).await;
    let [mira, jon] = people(&running, ["mira", "jon"]).await;
    let mut of_mira = mira.stream().await;
    let room = create(&mut of_mira).await;
    accepted(&mut of_mira, adding(room, 0, 1, jon.id)).await;
    let mut of_jon = Events::open(&jon).await;
    of_jon.hello().await;
    for _ in 0..400 {
        let mut message = append(room, 1, "");
        message.bytes = Opaque(vec![7; shared::MESSAGE_BYTES]);
        appended(&mut of_mira, message).await;
        of_mira.events.clear();
    }
    for _ in 0..100 {
        if running.relay.streams() == 1 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("jon reads nothing and is not cut");
}
