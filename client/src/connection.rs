//! The stream to the relay: opening, backing off, and requests that survive a lost connection.
//!
//! Every request is idempotent or a question, so whatever was not answered when the connection was lost is sent again, in order,
//! after the next Hello.

use std::collections::BTreeMap;

use waxwing_wire::{
    decode, encode,
    frame::{ClientFrame, Cursor, Request, ServerFrame, close},
    problem::{Problem, ProblemCode},
};

use crate::{
    api::{self, Ended, Notice},
    ctx::Ctx,
    io::Effect,
    machine::{Client, Then},
};

/// Shortest and longest wait before another attempt, milliseconds.
const BACKOFF_MS: (u64, u64) = (500, 30_000);

/// How long a connection holds before its end is no sign of trouble, milliseconds.
const STEADY_MS: u64 = 10_000;

/// Silence after which the relay is asked whether it is still there, and how long it may take to answer, milliseconds.
const SILENCE_MS: u64 = 30_000;
const ANSWER_MS: u64 = 15_000;

/// Wait after the relay asked for patience without saying how long.
const PATIENCE_S: u32 = 2;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Link {
    Idle,
    Opening,
    /// Open, waiting for the answer to Hello.
    Greeting,
    Ready,
    Waiting {
        at_ms: u64,
    },
    Offline,
    /// Another session of the account is live: only the person connects again.
    Displaced,
}

#[derive(Debug)]
pub(crate) struct Connection {
    pub(crate) link: Link,
    online: bool,
    /// The person wants to go on here, whoever is connected elsewhere. Holds until a connection is made.
    take_over: bool,
    attempts: u32,
    greeted_at_ms: u64,
    /// When the relay was last heard, or the last attempt to reach it began.
    heard_at_ms: u64,
    /// When the relay was asked whether it is still there.
    pinged_at_ms: Option<u64>,
    next_id: u64,
    pending: BTreeMap<u64, (Request, Then)>,
    /// Refused for the moment; asked again after a while.
    later: Vec<(Request, Then)>,
}

impl Connection {
    pub(crate) fn new() -> Self {
        Self {
            link: Link::Idle,
            online: true,
            take_over: false,
            attempts: 0,
            greeted_at_ms: 0,
            heard_at_ms: 0,
            pinged_at_ms: None,
            next_id: 1,
            pending: BTreeMap::new(),
            later: Vec::new(),
        }
    }

    pub(crate) fn is_displaced(&self) -> bool {
        self.link == Link::Displaced
    }

    pub(crate) fn is_ready(&self) -> bool {
        self.link == Link::Ready
    }

    /// It is being opened, or open with something still to come.
    pub(crate) fn is_coming(&self) -> bool {
        matches!(self.link, Link::Opening | Link::Greeting | Link::Ready)
    }

    /// Something came from the relay, or is expected from now on.
    fn heard(&mut self, ctx: &Ctx<'_>) {
        self.heard_at_ms = ctx.now_ms;
        self.pinged_at_ms = None;
    }

    /// When the connection counts as lost, unless something is heard before.
    fn lost_at_ms(&self) -> Option<u64> {
        match self.link {
            Link::Opening | Link::Greeting => Some(self.heard_at_ms.saturating_add(SILENCE_MS)),
            Link::Ready => self.pinged_at_ms.map(|at| at.saturating_add(ANSWER_MS)),
            Link::Idle | Link::Waiting { .. } | Link::Offline | Link::Displaced => None,
        }
    }

    fn id(&mut self) -> u64 {
        let id = self.next_id;
        self.next_id = self.next_id.wrapping_add(1);
        id
    }

    fn view(&self) -> api::Connection {
        match self.link {
            Link::Idle => api::Connection::Idle,
            Link::Opening | Link::Greeting => api::Connection::Connecting,
            Link::Ready => api::Connection::Connected,
            Link::Waiting { at_ms } => api::Connection::Waiting { retry_at: at_ms },
            Link::Offline => api::Connection::Offline,
            Link::Displaced => api::Connection::Displaced,
        }
    }

    fn set(&mut self, link: Link, ctx: &mut Ctx<'_>) {
        if self.link != link {
            self.link = link;
            ctx.notify(Notice::Connection { state: self.view() });
        }
    }
}

impl Client {
    /// Opens the stream if a session exists and the device has a network.
    pub(crate) fn connect(&mut self, ctx: &mut Ctx<'_>) {
        if self.session.is_none() {
            return;
        }
        if !self.conn.online {
            return self.conn.set(Link::Offline, ctx);
        }
        self.conn.set(Link::Opening, ctx);
        self.conn.heard(ctx);
        ctx.wake_in(SILENCE_MS);
        ctx.effects.push(Effect::StreamOpen);
    }

    /// Connects because the person is here: displaces other sessions where only one may be live.
    pub(crate) fn take_over(&mut self, ctx: &mut Ctx<'_>) {
        self.conn.take_over = true;
        self.conn.attempts = 0;
        self.connect(ctx);
    }

    /// Another session is live: stays away until the person says otherwise.
    pub(crate) fn displaced(&mut self, retry_after_s: Option<u32>, ctx: &mut Ctx<'_>) {
        self.give_up_waiting(ctx);
        self.conn.pending.retain(|_, (_, then)| !matches!(then, Then::Hello));
        ctx.effects.push(Effect::StreamClose);
        match retry_after_s.filter(|_| self.conn.take_over) {
            // The other one came a moment ago.
            Some(seconds) => {
                let at_ms = ctx.now_ms.saturating_add(u64::from(seconds.max(1)).saturating_mul(1000));
                self.conn.set(Link::Waiting { at_ms }, ctx);
                ctx.wake_at(at_ms);
            }
            None => {
                self.conn.take_over = false;
                self.conn.set(Link::Displaced, ctx);
            }
        }
    }

    /// Closes the stream and forgets what was asked.
    pub(crate) fn disconnect(&mut self, ctx: &mut Ctx<'_>) {
        self.give_up_waiting(ctx);
        self.conn.pending.clear();
        self.conn.later.clear();
        self.conn.attempts = 0;
        self.conn.take_over = false;
        self.conn.set(Link::Idle, ctx);
        ctx.effects.push(Effect::StreamClose);
    }

    pub(crate) fn stream_opened(&mut self, ctx: &mut Ctx<'_>) {
        self.conn.set(Link::Greeting, ctx);
        self.conn.heard(ctx);
        let cursors = self.rooms.values().map(|room| Cursor { room: room.id, seq: room.head.seq }).collect();
        let id = self.conn.id();
        let request = Request::Hello { cursors, take_over: self.conn.take_over };
        send(id, &request, ctx);
        self.conn.pending.insert(id, (request, Then::Hello));
    }

    pub(crate) fn stream_closed(&mut self, code: u16, ctx: &mut Ctx<'_>) {
        self.give_up_waiting(ctx);
        self.conn.pending.retain(|_, (_, then)| !matches!(then, Then::Hello));
        if self.session.is_none() {
            return self.conn.set(Link::Idle, ctx);
        }
        if self.conn.link == Link::Displaced {
            return;
        }
        if code == close::DISPLACED {
            return self.displaced(None, ctx);
        }
        // When the person logs in once more, the stream's session ends and the cookie already belongs to another.
        if code == close::NOT_LOGGED_IN && self.job.is_none() && !self.proving {
            return self.session_ended(Ended::Ended, ctx);
        }
        if !self.conn.online {
            return self.conn.set(Link::Offline, ctx);
        }
        if self.conn.link == Link::Opening {
            // A browser does not tell why opening failed: a session that ended looks like a relay that is down.
            self.check_session(ctx);
        }
        if code == close::REPLACED {
            // Coming back at once would only push out another window, which comes back at once.
            self.conn.attempts = self.conn.attempts.max(6);
        }
        if self.conn.is_ready() && ctx.now_ms.saturating_sub(self.conn.greeted_at_ms) >= STEADY_MS {
            self.conn.attempts = 0;
        }
        let (least, most) = BACKOFF_MS;
        let wait = least.saturating_mul(1 << self.conn.attempts.min(6)).min(most);
        // Jitter, so that a relay that comes back is not met by everybody at once.
        let jitter = u64::from(ctx.rng.next_u32()).checked_rem(wait).unwrap_or(0);
        let at_ms = ctx.now_ms.saturating_add(wait / 2).saturating_add(jitter / 2);
        self.conn.attempts = self.conn.attempts.saturating_add(1);
        self.conn.set(Link::Waiting { at_ms }, ctx);
        ctx.wake_at(at_ms);
    }

    pub(crate) fn network(&mut self, online: bool, ctx: &mut Ctx<'_>) {
        self.conn.online = online;
        if self.conn.link == Link::Displaced {
            return;
        }
        if !online && self.session.is_some() {
            self.give_up_waiting(ctx);
            ctx.effects.push(Effect::StreamClose);
            self.conn.pending.retain(|_, (_, then)| !matches!(then, Then::Hello));
            self.conn.set(Link::Offline, ctx);
        } else if online && matches!(self.conn.link, Link::Offline | Link::Waiting { .. }) {
            self.conn.attempts = 0;
            self.connect(ctx);
        }
    }

    pub(crate) fn tick(&mut self, ctx: &mut Ctx<'_>) {
        self.send_job(ctx);
        self.go_on_deleting(ctx);
        self.expire_announcements(ctx);
        match self.conn.link {
            Link::Waiting { at_ms } if at_ms <= ctx.now_ms => self.connect(ctx),
            Link::Opening | Link::Greeting | Link::Ready if self.is_lost(ctx) => {
                ctx.effects.push(Effect::StreamClose);
                self.stream_closed(close::TOO_SLOW, ctx);
            }
            Link::Ready => {
                self.ping(ctx);
                self.ask_again(ctx);
                self.reload_changed(ctx);
                for room in self.room_ids() {
                    self.advance(room, ctx);
                    self.put_marks(room, ctx);
                }
            }
            _ => {}
        }
    }

    /// Forgets requests about account objects: they were sealed under keys that have been replaced.
    pub(crate) fn forget_data_requests(&mut self) {
        let other = |then: &Then| !matches!(then, Then::Data(_));
        self.conn.pending.retain(|_, (_, then)| other(then));
        self.conn.later.retain(|(_, then)| other(then));
    }

    /// Whether the relay has been silent for too long; otherwise looks again when it could be.
    fn is_lost(&self, ctx: &mut Ctx<'_>) -> bool {
        let lost_at_ms = self.conn.lost_at_ms();
        ctx.alarms.extend(lost_at_ms);
        lost_at_ms.is_some_and(|at_ms| at_ms <= ctx.now_ms)
    }

    /// Asks a relay that was silent for a while whether it is still there: a connection may be gone without a word.
    fn ping(&mut self, ctx: &mut Ctx<'_>) {
        let due_at_ms = self.conn.heard_at_ms.saturating_add(SILENCE_MS);
        if self.conn.pinged_at_ms.is_some() {
            return;
        }
        if ctx.now_ms < due_at_ms {
            return ctx.wake_at(due_at_ms);
        }
        self.conn.pinged_at_ms = Some(ctx.now_ms);
        ctx.wake_in(ANSWER_MS);
        // Not kept for the next connection: only this one is in question.
        self.tell(Request::Ping, ctx);
    }

    /// Sends a request on this connection or not at all; nobody waits for the answer.
    pub(crate) fn tell(&mut self, request: Request, ctx: &mut Ctx<'_>) {
        let id = self.conn.id();
        if self.conn.is_ready() {
            send(id, &request, ctx);
        }
    }

    /// Asks the relay; the answer goes where `then` says, after a lost connection too.
    pub(crate) fn ask(&mut self, request: Request, then: Then, ctx: &mut Ctx<'_>) {
        let id = self.conn.id();
        if self.conn.is_ready() {
            send(id, &request, ctx);
        }
        self.conn.pending.insert(id, (request, then));
    }

    /// Asks what is not being asked already.
    pub(crate) fn ask_once(&mut self, request: Request, then: Then, ctx: &mut Ctx<'_>) {
        let mut asked = self.conn.pending.values().chain(&self.conn.later);
        if !asked.any(|(other, _)| *other == request) {
            self.ask(request, then, ctx);
        }
    }

    pub(crate) fn stream_frame(&mut self, bytes: &[u8], ctx: &mut Ctx<'_>) {
        let Ok(frame) = decode::<ServerFrame>(bytes) else {
            // A relay that speaks another language: connect again rather than guess.
            ctx.effects.push(Effect::StreamClose);
            return self.stream_closed(close::MALFORMED, ctx);
        };
        self.conn.heard(ctx);
        match frame {
            ServerFrame::Response { id, response } => {
                let asked = self.conn.pending.get(&id);
                if asked.is_some_and(|(request, _)| !response.answers(request)) {
                    // As good as no answer: the question stays and is asked again.
                    ctx.effects.push(Effect::StreamClose);
                    return self.stream_closed(close::MALFORMED, ctx);
                }
                if let Some((_, then)) = self.conn.pending.remove(&id) {
                    self.then(then, Ok(response), ctx);
                }
            }
            ServerFrame::Problem { id, problem } => {
                if let Some((request, then)) = self.conn.pending.remove(&id) {
                    self.refused(request, then, problem, ctx);
                }
            }
            ServerFrame::Event(event) => self.event(event, ctx),
        }
    }

    /// Hello was answered: go on with whatever was not answered before.
    pub(crate) fn greeted(&mut self, ctx: &mut Ctx<'_>) {
        self.conn.greeted_at_ms = ctx.now_ms;
        self.conn.take_over = false;
        self.conn.set(Link::Ready, ctx);
        ctx.wake_in(SILENCE_MS);
        for (id, (request, _)) in &self.conn.pending {
            send(*id, request, ctx);
        }
        self.ask_again(ctx);
    }

    /// A refusal that will pass is nobody's concern but ours, unless a person waits for the answer.
    fn refused(&mut self, request: Request, then: Then, problem: Problem, ctx: &mut Ctx<'_>) {
        let passing = match problem.code {
            ProblemCode::Unavailable | ProblemCode::RateLimited | ProblemCode::Internal => true,
            // The relay is about to close the stream for it. Nothing that waits is given up: it goes on after a login.
            ProblemCode::NotLoggedIn => !matches!(then, Then::Hello),
            _ => false,
        };
        if !passing || then.is_awaited() {
            return self.then(then, Err(problem), ctx);
        }
        if matches!(then, Then::Hello) {
            // Without a greeting nothing else can follow: connect again.
            ctx.effects.push(Effect::StreamClose);
            return self.stream_closed(close::TOO_SLOW, ctx);
        }
        self.conn.later.push((request, then));
        wake_in(problem.retry_after_s.unwrap_or(PATIENCE_S), ctx);
    }

    /// Asks after a while.
    pub(crate) fn ask_later(&mut self, request: Request, then: Then, ctx: &mut Ctx<'_>) {
        self.conn.later.push((request, then));
        self.later(ctx);
    }

    /// Looks at everything again after a while.
    pub(crate) fn later(&mut self, ctx: &mut Ctx<'_>) {
        wake_in(PATIENCE_S, ctx);
    }

    fn ask_again(&mut self, ctx: &mut Ctx<'_>) {
        for (request, then) in std::mem::take(&mut self.conn.later) {
            self.ask(request, then, ctx);
        }
    }
}

fn wake_in(seconds: u32, ctx: &mut Ctx<'_>) {
    ctx.wake_in(u64::from(seconds.max(1)).saturating_mul(1000));
}

fn send(id: u64, request: &Request, ctx: &mut Ctx<'_>) {
    let frame = ClientFrame { id, request: request.clone() };
    ctx.effects.push(Effect::StreamSend(encode(&frame)));
}
