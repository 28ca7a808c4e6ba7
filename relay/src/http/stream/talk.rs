//! One stream from its first frame to its last.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use axum::extract::ws::{CloseFrame, Message};
use bytes::Bytes;
use futures_util::{
    FutureExt as _, StreamExt as _,
    future::BoxFuture,
    stream::{FuturesOrdered, FuturesUnordered},
};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{MissedTickBehavior, interval, timeout},
};
use waxwing_wire::{
    Problem, ProblemCode,
    account::SessionPolicy,
    decode, encode,
    frame::{ClientFrame, Cursor, EndReason, Event, Request, Response, ServerFrame, close},
};

use super::{
    line::Line,
    passwords::RoomLogins,
    requests::{self, Asked, Asker},
};
use crate::{
    fanout::{Cut, Inbox, Registration, Wake},
    http::{App, auth::session, rates},
    limits, now_ms,
    store::Session,
};

/// Unit in which requests in flight are counted.
const COST_UNIT: usize = limits::LEAST_COST;
/// How exactly it is kept when accounts were last there.
const SEEN_MS: u64 = 60_000;
/// Events sent between two looks at answers and requests.
const EVENTS_AT_ONCE: usize = 128;

/// Why a stream ends.
enum End {
    /// The client has gone.
    Gone,
    /// The relay closes it.
    Close(u16, &'static str),
    /// The relay closes it, after this event.
    Told(Event, u16, &'static str),
}

/// An encoded answer, with the room it takes among the requests in flight until it is sent.
type Answered = (Bytes, OwnedSemaphorePermit);

pub(super) struct Talk {
    app: Arc<App>,
    session: Session,
    registration: Registration,
    inbox: Inbox,
    line: Line,
    room: Arc<Semaphore>,
    writes: FuturesOrdered<BoxFuture<'static, Answered>>,
    reads: FuturesUnordered<BoxFuture<'static, Answered>>,
    /// A request that waits for room; nothing more is read until it has some.
    held: Option<Held>,
    logins: Arc<RoomLogins>,
    /// Subscribed to its rooms, which is done once.
    active: bool,
    greeted: bool,
    begun: Instant,
    heard: Instant,
}

/// A request that was read, with its length and what it counts for while it is under way.
struct Held {
    frame: ClientFrame,
    bytes: usize,
    cost: u32,
}

/// What happened next.
enum Turn {
    Frame(Option<Result<Message, axum::Error>>),
    Answer(Answered),
    /// The inbox may have something.
    Inbox,
    Beat,
}

impl Talk {
    pub(super) fn new(
        app: Arc<App>,
        session: Session,
        registration: Registration,
        inbox: Inbox,
        line: Line,
    ) -> Self {
        let now = Instant::now();
        Self {
            logins: Arc::default(),
            app,
            session,
            registration,
            inbox,
            line,
            room: Arc::new(Semaphore::new(limits::IN_FLIGHT_BYTES / COST_UNIT)),
            writes: FuturesOrdered::new(),
            reads: FuturesUnordered::new(),
            held: None,
            active: false,
            greeted: false,
            begun: now,
            heard: now,
        }
    }

    pub(super) async fn run(mut self) {
        let end = match self.talk().await {
            Ok(never) => match never {},
            Err(end) => end,
        };
        self.note_seen().await;
        let (event, code, reason) = match end {
            End::Gone => return,
            End::Close(code, reason) => (None, code, reason),
            End::Told(event, code, reason) => (Some(event), code, reason),
        };
        tracing::debug!(code, reason, "a stream is closed");
        if let Some(event) = event {
            // Whoever cannot take it reads the code.
            let _ = self.feed_frame(&ServerFrame::Event(event)).await;
        }
        self.close(code, reason).await;
    }

    /// Notes until when the account was there, unless that was noted a moment ago.
    async fn note_seen(&mut self) {
        let now_ms = now_ms();
        if self.greeted && now_ms.saturating_sub(self.session.last_used_at_ms) >= SEEN_MS {
            session::note(&self.app, &self.session, now_ms).await;
        }
    }

    async fn talk(&mut self) -> Result<std::convert::Infallible, End> {
        let timing = self.app.timing;
        let mut beat = interval(timing.ping.min(timing.hello));
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut pinged = Instant::now();
        loop {
            let turn = tokio::select! {
                frame = self.line.recv(), if self.held.is_none() => Turn::Frame(frame),
                Some(answer) = self.writes.next(), if !self.writes.is_empty() => Turn::Answer(answer),
                Some(answer) = self.reads.next(), if !self.reads.is_empty() => Turn::Answer(answer),
                () = self.inbox.ready() => Turn::Inbox,
                _ = beat.tick() => Turn::Beat,
            };
            match turn {
                Turn::Frame(frame) => self.hear(frame).await?,
                Turn::Answer(answer) => self.send(answer).await?,
                Turn::Inbox => {}
                Turn::Beat => {
                    self.check_life().await?;
                    if pinged.elapsed() >= timing.ping {
                        pinged = Instant::now();
                        self.feed(Message::Ping(Bytes::new())).await?;
                    }
                }
            }
            self.go_on().await?;
            self.send_ready().await?;
        }
    }

    /// Takes a message from the socket.
    async fn hear(&mut self, frame: Option<Result<Message, axum::Error>>) -> Result<(), End> {
        self.heard = Instant::now();
        let bytes = match frame {
            None | Some(Ok(Message::Close(_))) => return Err(End::Gone),
            // Too large, not WebSocket, or the connection broke; in the last case nobody hears the close code.
            Some(Err(_)) => return Err(malformed("the frame is too large or not a WebSocket frame")),
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => return Ok(()),
            Some(Ok(Message::Text(_))) => return Err(malformed("frames are binary")),
            Some(Ok(Message::Binary(bytes))) => bytes,
        };
        let frame: ClientFrame = decode(&bytes).map_err(|_| malformed("the frame is malformed"))?;
        if let (false, Request::Hello { cursors, take_over }) = (self.greeted, &frame.request) {
            return self.greet(frame.id, cursors.clone(), *take_over).await;
        }
        if !self.greeted {
            return Err(malformed("the first request is hello"));
        }
        let cost = requests::cost(&frame.request, bytes.len());
        let cost = u32::try_from(cost.div_ceil(COST_UNIT).max(1)).unwrap_or(u32::MAX);
        self.held = Some(Held { frame, bytes: bytes.len(), cost });
        Ok(())
    }

    /// Hands the held request on, if there is room for it.
    async fn go_on(&mut self) -> Result<(), End> {
        let Some(Held { cost, .. }) = &self.held else { return Ok(()) };
        let Ok(permit) = Arc::clone(&self.room).try_acquire_many_owned(*cost) else { return Ok(()) };
        let Some(Held { frame: ClientFrame { id, request }, bytes, .. }) = self.held.take() else {
            return Ok(());
        };
        let (account, messages) = (self.session.info.account, self.app.settings.values().messages());
        if let Err(problem) = self.app.meters.check(account, (&request, bytes), messages) {
            return self.feed_frame(&refuse(id, problem)).await;
        }
        let asker = Asker {
            app: &self.app,
            account,
            session: self.session.id,
            guest: self.session.info.guest,
            registration: &self.registration,
            logins: &self.logins,
        };
        let asked = requests::ask(asker, request, bytes).await;
        let (is_write, answer) = match asked {
            Asked::Write(answer) => (true, answer),
            Asked::Read(answer) => (false, answer),
        };
        let (counters, begun) = (Arc::clone(&self.app.counters), Instant::now());
        let answered = async move {
            let frame = match answer.await {
                Ok(response) => ServerFrame::Response { id, response },
                Err(problem) => ServerFrame::Problem { id, problem },
            };
            if is_write {
                counters.writes.add(begun.elapsed());
            }
            counters.answered(match &frame {
                ServerFrame::Problem { problem, .. } => problem.code.status(),
                _ => 200,
            });
            (Bytes::from(encode(&frame)), permit)
        }
        .boxed();
        if is_write {
            self.writes.push_back(answered)
        } else {
            self.reads.push(answered)
        }
        Ok(())
    }

    /// Answers hello. Events flow from here on: the stream is subscribed before the rooms are read, so that whatever
    /// comes later than what was read is pushed.
    async fn greet(&mut self, id: u64, cursors: Vec<Cursor>, take_over: bool) -> Result<(), End> {
        if cursors.len() > limits::CURSORS {
            return self
                .feed_frame(&refuse(id, Problem::new(ProblemCode::Invalid, "too many cursors")))
                .await;
        }
        let account = self.session.info.account;
        match self.app.store.visibility(account).await {
            Ok(read) => self.app.fanout.set_visibility(&self.registration, read),
            Err(error) => return self.feed_frame(&refuse(id, error.into())).await,
        }
        if let Err(problem) = self.become_live(take_over) {
            return self.feed_frame(&refuse(id, problem)).await;
        }
        if !self.active {
            let rooms = match self.app.store.room_ids(account).await {
                Ok(rooms) => rooms,
                Err(error) => return self.feed_frame(&refuse(id, error.into())).await,
            };
            self.app.fanout.activate(&self.registration, rooms);
            self.active = true;
        }
        let (rooms, behind) = match self.app.store.rooms(account, cursors).await {
            Ok(rooms) => rooms,
            Err(error) => return self.feed_frame(&refuse(id, error.into())).await,
        };
        let announcements = match self.app.store.standing_announcements(now_ms()).await {
            Ok(announcements) => announcements,
            Err(error) => return self.feed_frame(&refuse(id, error.into())).await,
        };
        self.app.fanout.arrive(&self.registration);
        self.greeted = true;
        let response = Response::Hello { account, rooms, now_ms: now_ms(), announcements };
        self.feed_frame(&ServerFrame::Response { id, response }).await?;
        for room in behind {
            let news = Event::News { room: room.room, last_seq: room.last_seq };
            self.feed_frame(&ServerFrame::Event(news)).await?;
        }
        Ok(())
    }

    /// Where one session of an account may be live, this one is from here on, or is refused.
    fn become_live(&self, take_over: bool) -> Result<(), Problem> {
        if self.app.settings.values().sessions == SessionPolicy::Multi {
            self.app.fanout.join(&self.registration);
            return Ok(());
        }
        self.app.fanout.claim(&self.registration, take_over).map_err(|displaced| {
            let detail = match displaced.wait {
                None => "this account is in use on another device; take over to go on here",
                Some(_) => "this account was taken over a moment ago; wait a little",
            };
            let mut problem = Problem::new(ProblemCode::Displaced, detail);
            problem.retry_after_s = displaced.wait.map(rates::seconds);
            problem
        })
    }

    /// Sends everything that is ready, answers before events, and flushes once.
    async fn send_ready(&mut self) -> Result<(), End> {
        while let Some(Some(answer)) = self.writes.next().now_or_never() {
            self.send(answer).await?;
        }
        while let Some(Some(answer)) = self.reads.next().now_or_never() {
            self.send(answer).await?;
        }
        self.send_events().await?;
        let wait = self.app.timing.send;
        match timeout(wait, self.line.flush()).await {
            Ok(flushed) => flushed.map_err(|_| End::Gone),
            Err(_) => Err(cut(Cut::TooSlow)),
        }
    }

    async fn send_events(&mut self) -> Result<(), End> {
        if let Some(why) = self.inbox.cut() {
            return Err(cut(why));
        }
        for _ in 0..EVENTS_AT_ONCE {
            if !self.greeted {
                return Ok(());
            }
            match self.inbox.try_next() {
                None => return Ok(()),
                Some(Wake::Cut(why)) => return Err(cut(why)),
                Some(Wake::Frame(frame)) => self.feed(Message::Binary(frame)).await?,
            }
        }
        // There may be more: look again in the next turn.
        self.inbox.wake();
        Ok(())
    }

    async fn send(&mut self, (frame, permit): Answered) -> Result<(), End> {
        self.feed(Message::Binary(frame)).await?;
        drop(permit);
        Ok(())
    }

    async fn feed_frame(&mut self, frame: &ServerFrame) -> Result<(), End> {
        self.feed(Message::Binary(encode(frame).into())).await
    }

    /// Gives a message to the socket; it goes out with the next flush, or when enough has gathered.
    async fn feed(&mut self, message: Message) -> Result<(), End> {
        match timeout(self.app.timing.send, self.line.feed(message)).await {
            Ok(fed) => fed.map_err(|_| End::Gone),
            Err(_) => Err(cut(Cut::TooSlow)),
        }
    }

    /// Ends streams of which nothing is heard, and those whose session is over.
    async fn check_life(&mut self) -> Result<(), End> {
        let timing = self.app.timing;
        if !self.greeted && self.begun.elapsed() >= timing.hello {
            return Err(malformed("no hello"));
        }
        if self.heard.elapsed() >= timing.silence {
            return Err(End::Gone);
        }
        let now_ms = now_ms();
        let age_ms = u128::from(now_ms.saturating_sub(self.session.created_at_ms));
        if age_ms >= self.app.settings.values().session_life().absolute.as_millis() {
            return Err(cut(Cut::SessionEnded(EndReason::Expired)));
        }
        if session::wants_touch(&self.app, &self.session, now_ms) {
            session::note(&self.app, &self.session, now_ms).await;
            self.session.last_used_at_ms = now_ms;
        }
        Ok(())
    }

    /// Says why, and leaves the client a moment to hear it: a socket dropped with unread bytes would be reset.
    async fn close(mut self, code: u16, reason: &'static str) {
        drop(self.registration);
        let frame = CloseFrame { code, reason: reason.into() };
        let wait = self.app.timing.send.min(Duration::from_secs(5));
        if !self.line.say_goodbye(frame, wait).await {
            return;
        }
        // An answer that ends is read to its end.
        let Line::Socket(mut socket) = self.line else { return };
        let linger = async { while let Some(Ok(_)) = socket.recv().await {} };
        let begun = Instant::now();
        let wait = Duration::from_secs(1);
        let _ = timeout(wait, linger).await;
        if code == close::MALFORMED {
            // After a frame that cannot be read the rest cannot either, but the client may still be sending it.
            tokio::time::sleep(wait.saturating_sub(begun.elapsed())).await;
        }
    }
}

fn malformed(reason: &'static str) -> End {
    End::Close(close::MALFORMED, reason)
}

fn refuse(id: u64, problem: Problem) -> ServerFrame {
    ServerFrame::Problem { id, problem }
}

fn cut(why: Cut) -> End {
    match why {
        Cut::SessionEnded(reason) => {
            let event = Event::SessionEnded { reason };
            End::Told(event, close::NOT_LOGGED_IN, "the session has ended; log in again")
        }
        Cut::Displaced => {
            End::Told(Event::Displaced, close::DISPLACED, "another session of the account took over")
        }
        Cut::Restarting => End::Close(close::RESTARTING, "the relay is going down; connect again"),
        Cut::Replaced => {
            End::Close(close::REPLACED, "too many windows are open; a newer one took the place of this one")
        }
        Cut::TooSlow => {
            End::Close(close::TOO_SLOW, "read faster, or connect again and go on from the cursor")
        }
    }
}
