//! The course of things: who is next, and what the effects of clients do.

use std::collections::VecDeque;

use rand::Rng as _;
use waxwing_client::io::{Effect, Input};
use waxwing_wire::{
    decode, encode,
    frame::{Event, ServerFrame, close},
};

use super::{Delivery, PATIENCE_MS, STEPS, World, relay};

impl World {
    /// Lets everything happen that can, in an order of the seed's choosing, and everything that clients do by the clock within three minutes.
    pub fn run(&mut self) {
        self.pass(PATIENCE_MS);
    }

    /// Lets everything happen that can, and everything that clients do by the clock within this time.
    pub fn pass(&mut self, ms: u64) {
        // Work takes time as well, but only waiting counts.
        let mut left = ms;
        for _ in 0..STEPS {
            if self.work() {
                continue;
            }
            let Some((at, d)) = self.first_alarm() else { return };
            let wait = at.saturating_sub(self.now_ms);
            if wait > left {
                self.now_ms += left;
                return;
            }
            left -= wait;
            self.wake(at, d);
        }
        panic!("still moving after {STEPS} steps");
    }

    /// One thing happens; false when nothing is left to happen.
    pub fn step(&mut self) -> bool {
        if self.work() {
            return true;
        }
        let Some((at, d)) = self.first_alarm() else { return false };
        self.wake(at, d);
        true
    }

    /// One thing happens that needs no waiting.
    fn work(&mut self) -> bool {
        let ready: Vec<usize> = (0..self.devices.len()).filter(|d| self.has_work(*d)).collect();
        if ready.is_empty() {
            return false;
        }
        let d = ready[self.rng.gen_range(0..ready.len())];
        self.now_ms += 1;
        let Some(input) = self.next_input(d) else { return true };
        self.feed(d, input);
        true
    }

    /// What a device hears next; nothing when the relay swallows it.
    fn next_input(&mut self, d: usize) -> Option<Input> {
        if let Some(input) = self.devices[d].inbox.pop_front() {
            return Some(input);
        }
        let outgoing = self.relay_of(d).outgoing.get_mut(&d)?.pop_front()?;
        let Some(tamper) = &mut self.tamper else { return Some(Input::StreamFrame(encode(&outgoing.frame))) };
        let account = self.devices[d].session?.account;
        let relay::Outgoing { request, frame } = outgoing;
        let frames = tamper(&Delivery { device: d, account, request, frame }, &mut self.rng);
        for frame in frames.into_iter().rev() {
            self.devices[d].inbox.push_front(Input::StreamFrame(frame));
        }
        self.devices[d].inbox.pop_front()
    }

    /// Gives a device an input at once.
    pub fn feed(&mut self, d: usize, input: Input) {
        let device = &mut self.devices[d];
        let effects = device.client.handle(input, self.now_ms, &mut self.rng);
        for effect in effects {
            match &mut self.doom {
                Some((doomed, 0)) if *doomed == d => {
                    self.doom = None;
                    return self.crash(d);
                }
                Some((doomed, left)) if *doomed == d => *left -= 1,
                _ => {}
            }
            self.effect(d, effect);
        }
    }

    fn has_work(&self, d: usize) -> bool {
        !self.devices[d].inbox.is_empty() || self.outgoing(d).is_some_and(|queue| !queue.is_empty())
    }

    fn outgoing(&self, d: usize) -> Option<&VecDeque<relay::Outgoing>> {
        match &self.other {
            Some((relay, devices)) if devices.contains(&d) => relay.outgoing.get(&d),
            _ => self.relay.outgoing.get(&d),
        }
    }

    /// When the first device wants to be woken, and which.
    fn first_alarm(&self) -> Option<(u64, usize)> {
        let alarms = self.devices.iter().enumerate();
        alarms.filter_map(|(d, device)| device.scheduled.map(|at| (at, d))).min()
    }

    fn wake(&mut self, at_ms: u64, d: usize) {
        self.now_ms = self.now_ms.max(at_ms);
        self.devices[d].scheduled = None;
        self.devices[d].inbox.push_back(Input::Tick);
    }

    fn effect(&mut self, d: usize, effect: Effect) {
        let device = &mut self.devices[d];
        match effect {
            Effect::Persist(ops) => device.persist(ops),
            Effect::Load { id, from, to, limit, reverse } => device.load(id, from, to, limit, reverse),
            Effect::Http { id, path, body } => self.http(d, id, path, body.as_deref()),
            Effect::StreamOpen => self.open(d),
            Effect::StreamSend(bytes) => {
                // A cut that the device has not noticed yet swallows what it sends.
                if device.stream {
                    device.sent += 1;
                    let frame = decode(&bytes).expect("clients send what the wire says");
                    self.relay_of(d).frame(d, frame);
                    self.close_ended();
                }
            }
            Effect::StreamClose => {
                device.forget_stream();
                self.relay_of(d).close_stream(d);
            }
            Effect::Schedule { at_ms } => device.scheduled = Some(at_ms),
            Effect::Reply { id, result } => {
                assert!(device.replies.insert(id, result).is_none(), "answered twice");
            }
            Effect::Notify(notice) => device.notice(notice),
        }
    }

    fn http(&mut self, d: usize, id: u64, path: &str, body: Option<&str>) {
        let mut session = self.devices[d].session;
        let (status, body) = if self.devices[d].isolated && session.is_some() {
            (None, String::new())
        } else {
            let (mut status, mut body) = self.relay_of(d).http(path, body, &mut session);
            if let Some(tamper) = &mut self.tamper_http {
                tamper(path, &mut status, &mut body);
            }
            (Some(status), body)
        };
        self.devices[d].session = session;
        self.devices[d].inbox.push_back(Input::Http { id, status, body });
        self.close_ended();
    }

    fn open(&mut self, d: usize) {
        let device = &mut self.devices[d];
        device.forget_stream();
        let session = device.session.filter(|_| !device.isolated);
        let open = session.filter(|session| self.relay_of(d).is_open(*session));
        let input = match open {
            Some(session) => {
                self.devices[d].stream = true;
                self.devices[d].stream_of = Some(session);
                self.relay_of(d).open_stream(d, session);
                Input::StreamOpened
            }
            None => Input::StreamClosed { code: 1006 },
        };
        self.devices[d].inbox.push_back(input);
    }

    /// Streams of sessions that the relay ended are closed.
    fn close_ended(&mut self) {
        for d in 0..self.devices.len() {
            let relay = self.relay_of(d);
            if relay.has_stream(d) {
                continue;
            }
            let (event, code) = if let Some(at) = relay.displaced.iter().position(|displaced| *displaced == d)
            {
                relay.displaced.remove(at);
                (Some(Event::Displaced), close::DISPLACED)
            } else {
                let session = self.devices[d].stream_of;
                if session.is_some_and(|session| self.relay_of(d).is_open(session)) {
                    // Cut without a word.
                    continue;
                }
                let why = session.and_then(|session| self.relay_of(d).endings.get(&session).copied());
                (why.map(|reason| Event::SessionEnded { reason }), close::NOT_LOGGED_IN)
            };
            let device = &mut self.devices[d];
            if std::mem::take(&mut device.stream) {
                let told = event.map(|event| Input::StreamFrame(encode(&ServerFrame::Event(event))));
                device.inbox.extend(told);
                device.inbox.push_back(Input::StreamClosed { code });
            }
        }
    }
}
