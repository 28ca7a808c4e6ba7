//! A world of clients around a relay in memory. Everything runs in one thread; a seed decides in which order things arrive.

mod device;
mod insider;
pub mod relay;
mod template;

use std::collections::{BTreeSet, VecDeque};

use rand::Rng as _;
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng as _;
use waxwing_client::{
    api::{Failure, Intent, Reply},
    io::{Effect, Input},
};
use waxwing_wire::{
    AccountId, decode, encode,
    frame::{Request, ServerFrame},
};

pub use device::{Device, Store, as_text};
pub use insider::Insider;
use relay::Relay;

/// Steps after which a world that still moves is taken to move for ever.
const STEPS: u32 = 200_000;
/// How long [`World::run`] waits for what clients do by the clock, milliseconds.
const PATIENCE_MS: u64 = 180_000;

/// A frame on its way to a device, as a malicious relay sees it.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// To which device.
    pub device: usize,
    /// Whose it is.
    pub account: AccountId,
    /// What it answers; nothing for an event.
    pub request: Option<Request>,
    /// The frame.
    pub frame: ServerFrame,
}

impl Delivery {
    /// The frame as it should arrive.
    pub fn honest(&self) -> Vec<Vec<u8>> {
        vec![encode(&self.frame)]
    }
}

/// What a malicious relay sends instead of a frame.
pub type Tamper = Box<dyn FnMut(&Delivery, &mut ChaCha20Rng) -> Vec<Vec<u8>>>;
/// What a malicious relay answers an account call with: path, status and body.
pub type TamperHttp = Box<dyn FnMut(&str, &mut u16, &mut String)>;

/// Clients and their relay.
pub struct World {
    /// What a malicious relay does to frames.
    pub tamper: Option<Tamper>,
    /// What a malicious relay does to answers of account calls.
    pub tamper_http: Option<TamperHttp>,
    /// A second relay with a history of its own, and the devices that talk to it.
    pub other: Option<(Relay, BTreeSet<usize>)>,
    /// The relay.
    pub relay: Relay,
    /// The devices.
    pub devices: Vec<Device>,
    rng: ChaCha20Rng,
    /// The time that every client is told.
    pub now_ms: u64,
    /// This device crashes after so many more effects.
    pub doom: Option<(usize, u32)>,
}

/// A world at rest, from which others begin.
#[derive(Clone)]
pub struct Saved {
    relay: Relay,
    stores: Vec<Store>,
    now_ms: u64,
}

impl Saved {
    /// A world that goes on from here, in an order that the seed decides. All devices have just been switched on.
    pub fn open(&self, seed: u64) -> World {
        let Self { relay, stores, now_ms } = self.clone();
        let devices = stores.into_iter().map(Device::new).collect();
        World { devices, now_ms, relay, ..World::new(seed) }
    }
}

impl World {
    /// A world without anybody.
    pub fn new(seed: u64) -> Self {
        let rng = ChaCha20Rng::seed_from_u64(seed);
        Self {
            tamper: None,
            tamper_http: None,
            other: None,
            relay: Relay::new(),
            devices: Vec::new(),
            rng,
            now_ms: 1_800_000_000_000,
            doom: None,
        }
    }

    /// The world as it would be after all devices were switched off.
    pub fn save(&self) -> Saved {
        let mut relay = self.relay.clone();
        relay.close_streams();
        Saved { relay, stores: self.devices.iter().map(Device::stored).collect(), now_ms: self.now_ms }
    }

    /// A device that holds nothing.
    pub fn device(&mut self) -> usize {
        self.add(Store::default())
    }

    /// Another device that holds this.
    pub fn add(&mut self, store: Store) -> usize {
        self.devices.push(Device::new(store));
        self.devices.len() - 1
    }

    /// The device loses its memory, keeps its store, and starts again.
    pub fn crash(&mut self, d: usize) {
        self.relay_of(d).close_stream(d);
        self.devices[d].restart();
    }

    /// The connection breaks; what was on its way is lost.
    pub fn cut(&mut self, d: usize) {
        self.relay_of(d).close_stream(d);
        if std::mem::take(&mut self.devices[d].stream) {
            self.devices[d].inbox.push_back(Input::StreamClosed { code: 1006 });
        }
    }

    /// The device loses its network and stays without.
    pub fn go_away(&mut self, d: usize) {
        self.devices[d].inbox.push_back(Input::Network { online: false });
        self.run();
    }

    /// The device has its network again.
    pub fn wake_up(&mut self, d: usize) {
        self.devices[d].inbox.push_back(Input::Network { online: true });
        self.run();
    }

    /// The device gains or loses its network, as soon as it gets to that.
    pub fn network(&mut self, d: usize, online: bool) {
        self.devices[d].inbox.push_back(Input::Network { online });
    }

    /// Asks for something; the answer comes while the world runs.
    pub fn ask(&mut self, d: usize, intent: Intent) -> u64 {
        let device = &mut self.devices[d];
        device.last += 1;
        let id = device.last;
        device.inbox.push_back(Input::Intent { id, intent });
        id
    }

    /// Asks and runs until nothing moves any more.
    pub fn call(&mut self, d: usize, intent: Intent) -> Result<Reply, Failure> {
        let id = self.ask(d, intent);
        self.run();
        self.devices[d].replies.remove(&id).expect("every intent is answered")
    }

    /// The answer to an intent, if it was given.
    pub fn answer(&mut self, d: usize, id: u64) -> Option<Result<Reply, Failure>> {
        self.devices[d].replies.remove(&id)
    }

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

    /// The relay that a device talks to.
    fn relay_of(&mut self, d: usize) -> &mut Relay {
        match &mut self.other {
            Some((relay, devices)) if devices.contains(&d) => relay,
            _ => &mut self.relay,
        }
    }

    /// The relay shows these devices a history of their own from now on.
    pub fn fork(&mut self, devices: &[usize]) {
        for d in 0..self.devices.len() {
            self.cut(d);
        }
        self.other = Some((self.relay.clone(), devices.iter().copied().collect()));
    }

    /// The relay behaves from now on, and every device connects again.
    pub fn behave(&mut self) {
        self.tamper = None;
        self.tamper_http = None;
        for d in 0..self.devices.len() {
            self.cut(d);
        }
        self.other = None;
        self.run();
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

    /// The device has no network at all from now on, not even for calls; or has it again.
    pub fn isolate(&mut self, d: usize, isolated: bool) {
        self.devices[d].isolated = isolated;
        if isolated {
            self.cut(d);
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
                    let frame = decode(&bytes).expect("clients send what the wire says");
                    self.relay_of(d).frame(d, frame);
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
            let session = self.devices[d].session;
            let open = session.is_some_and(|session| self.relay_of(d).is_open(session));
            let device = &mut self.devices[d];
            if device.stream && !open {
                device.stream = false;
                device
                    .inbox
                    .push_back(Input::StreamClosed { code: waxwing_wire::frame::close::NOT_LOGGED_IN });
            }
        }
    }

    /// A device of a new account; the account is a copy of one that was registered before in this process.
    pub fn register(&mut self, name: &str) -> usize {
        let template = template::account(name);
        assert!(!self.relay.accounts.contains_key(name), "{name} exists");
        let session = self.relay.begin_session(template.account.id);
        self.relay.accounts.insert(name.to_owned(), template.account);
        let d = self.add(template.registered.with_session(session));
        self.run();
        d
    }

    /// A device of a new account, by all steps of a registration.
    pub fn register_anew(&mut self, name: &str) -> usize {
        let d = self.device();
        let register = Intent::Register {
            username: name.into(),
            password: password(name),
            display_name: name.to_uppercase(),
            setup_token: None,
        };
        assert!(matches!(self.call(d, register), Ok(Reply::TotpEnrolment { .. })));
        let confirmed = self.call(d, Intent::ConfirmTotp { code: relay::CODE.into() });
        assert!(matches!(confirmed, Ok(Reply::Registered { .. })));
        d
    }

    /// Another device of an account that exists, as after a login. The login itself is done where that makes a difference: when the
    /// account's keys have changed since its registration.
    pub fn log_in(&mut self, name: &str) -> usize {
        let template = template::account(name);
        let account = &self.relay.accounts[name];
        if account.vault_version != template.account.vault_version {
            return self.log_in_anew(name);
        }
        let session = self.relay.begin_session(account.id);
        let d = self.add(template.logged_in.with_session(session));
        self.run();
        d
    }

    /// Another device of an account that exists, by all steps of a login.
    pub fn log_in_anew(&mut self, name: &str) -> usize {
        let d = self.device();
        self.log_in_on(d, name);
        d
    }

    fn log_in_on(&mut self, d: usize, name: &str) {
        let log_in = Intent::LogIn { username: name.into(), password: password(name) };
        assert_eq!(self.call(d, log_in), Ok(Reply::TotpRequired));
        assert_eq!(self.call(d, Intent::SubmitTotp { code: relay::CODE.into() }), Ok(Reply::Done));
    }

    /// Founds a room.
    pub fn room(&mut self, d: usize, name: &str) -> String {
        match self.call(d, Intent::CreateRoom { name: name.into() }) {
            Ok(Reply::Room { room }) => room,
            other => panic!("{other:?}"),
        }
    }

    /// The invite link of a room.
    pub fn invite(&mut self, d: usize, room: &str) -> String {
        match self.call(d, Intent::CreateInvite { room: room.into() }) {
            Ok(Reply::Invite { invite }) => invite,
            other => panic!("{other:?}"),
        }
    }

    /// Joins by an invite link.
    pub fn join(&mut self, d: usize, invite: &str) -> String {
        match self.call(d, Intent::JoinRoom { invite: invite.into() }) {
            Ok(Reply::Room { room }) => room,
            other => panic!("{other:?}"),
        }
    }

    /// Sends a text; it is kept on the device, but may still be on its way.
    pub fn send(&mut self, d: usize, room: &str, text: &str) {
        let id = self.ask(d, Intent::Send { room: room.into(), text: text.into() });
        while !self.devices[d].replies.contains_key(&id) {
            assert!(self.step());
        }
        assert_eq!(self.devices[d].replies.remove(&id), Some(Ok(Reply::Done)));
    }
}

/// The password of an account.
pub fn password(name: &str) -> String {
    format!("{name} has a long password")
}
