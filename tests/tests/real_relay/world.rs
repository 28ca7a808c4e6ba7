//! Clients that speak HTTP and WebSocket to the real relay, by the real clock.

use std::{
    collections::BTreeMap,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use rand_core::OsRng;
use tokio::{
    sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
    time::timeout,
};
use totp_rs::{Builder, Secret, Totp};
use waxwing_client::{
    api::{AccountIntent, Connection, Failure, Intent, Page, Reply},
    io::{Effect, Input},
};
use waxwing_tests::sim::{Device, Store, as_text, password};
use waxwing_wire::{
    Problem, decode,
    frame::{Request, Response, ServerFrame},
};

use crate::{
    relay::Relay,
    wire::{Heard, Line, Wire},
};

/// How long anything may take. Clients wait up to ten seconds before they do what any of them could do.
const PATIENCE_MS: u64 = 40_000;
/// A code must not run out on its way to the relay.
const CODE_MARGIN_S: u64 = 8;

/// What an authenticator app holds.
struct Authenticator {
    totp: Totp,
    /// The last step whose code was given out: each works once.
    last_step: u64,
}

/// Clients and their relay.
pub struct World {
    pub relay: Relay,
    pub devices: Vec<Device>,
    wires: Vec<Wire>,
    heard: (UnboundedSender<Heard>, UnboundedReceiver<Heard>),
    http: reqwest::Client,
    authenticators: BTreeMap<String, Authenticator>,
    /// Recovery key and codes of each account, as shown at its registration.
    pub kept: BTreeMap<String, (String, Vec<String>)>,
    /// What the relay refused, for whoever reads a failure.
    refusals: Vec<String>,
}

pub fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    since.as_millis().try_into().unwrap()
}

impl World {
    /// A relay without accounts.
    pub fn new() -> Self {
        Self {
            relay: Relay::new(),
            devices: Vec::new(),
            wires: Vec::new(),
            heard: unbounded_channel(),
            http: reqwest::Client::new(),
            authenticators: BTreeMap::new(),
            kept: BTreeMap::new(),
            refusals: Vec::new(),
        }
    }

    /// A device that holds nothing.
    pub fn device(&mut self) -> usize {
        let d = self.devices.len();
        self.devices.push(Device::new(Store::default()));
        let line = Line { device: d, life: 0, http: self.http.clone(), heard: self.heard.0.clone() };
        self.wires.push(Wire::new(line, self.relay.address));
        d
    }

    /// The device loses its memory, keeps its store and its cookie, and starts again.
    pub fn crash(&mut self, d: usize) {
        self.wires[d].restart();
        self.devices[d].restart();
    }

    /// Lets things happen until this is so.
    ///
    /// # Panics
    /// When it does not become so.
    pub async fn until(&mut self, what: &str, done: impl Fn(&Self) -> bool) {
        let deadline = now_ms() + PATIENCE_MS;
        loop {
            self.work();
            if done(self) {
                return;
            }
            assert!(now_ms() < deadline, "still waiting: {what}\n{}", self.state());
            self.wait(deadline).await;
        }
    }

    /// Lets things happen for so long.
    pub async fn pass(&mut self, ms: u64) {
        let deadline = now_ms() + ms;
        while now_ms() < deadline {
            self.work();
            self.wait(deadline).await;
        }
    }

    /// Asks for something; the answer comes later.
    pub fn ask(&mut self, d: usize, intent: impl Into<Intent>) -> u64 {
        let device = &mut self.devices[d];
        device.last += 1;
        let id = device.last;
        device.inbox.push_back(Input::Intent { id, intent: intent.into() });
        id
    }

    /// Asks for something and waits for the answer.
    pub async fn call(&mut self, d: usize, intent: impl Into<Intent>) -> Result<Reply, Failure> {
        let id = self.ask(d, intent);
        self.until("an answer", |world| world.devices[d].replies.contains_key(&id)).await;
        self.devices[d].replies.remove(&id).unwrap()
    }

    /// Hears what is there, and does what follows.
    fn work(&mut self) {
        while let Ok(heard) = self.heard.1.try_recv() {
            self.hear(heard);
        }
        for d in 0..self.devices.len() {
            if self.devices[d].scheduled.is_some_and(|at_ms| at_ms <= now_ms()) {
                self.devices[d].scheduled = None;
                self.devices[d].inbox.push_back(Input::Tick);
            }
            while let Some(input) = self.devices[d].inbox.pop_front() {
                let effects = self.devices[d].client.handle(input, now_ms(), &mut OsRng);
                for effect in effects {
                    self.effect(d, effect);
                }
            }
        }
    }

    /// Waits for the next thing to hear, or the next time that a device wants to be woken.
    async fn wait(&mut self, deadline_ms: u64) {
        let alarms = self.devices.iter().filter_map(|device| device.scheduled);
        let until_ms = alarms.chain([deadline_ms]).min().unwrap_or(deadline_ms);
        let wait = Duration::from_millis(until_ms.saturating_sub(now_ms()).max(1));
        if let Ok(heard) = timeout(wait, self.heard.1.recv()).await {
            self.hear(heard.expect("we hold a sender ourselves"));
        }
    }

    fn hear(&mut self, heard: Heard) {
        let d = heard.device;
        if let Some(input) = self.wires[d].hear(heard) {
            if let Input::StreamFrame(bytes) = &input
                && let Ok(ServerFrame::Problem { id, problem }) = decode(bytes)
            {
                self.refusals.push(format!("device {d}, request {id}: {problem:?}"));
            }
            self.devices[d].inbox.push_back(input);
        }
    }

    fn effect(&mut self, d: usize, effect: Effect) {
        let (device, wire) = (&mut self.devices[d], &mut self.wires[d]);
        match effect {
            Effect::Persist(ops) => device.persist(ops),
            Effect::Load { id, from, to, limit, reverse } => device.load(id, from, to, limit, reverse),
            Effect::Http { id, path, body } => wire.call(id, path, body),
            Effect::StreamOpen => wire.open(),
            Effect::StreamSend(bytes) => wire.send(bytes),
            Effect::StreamClose => wire.close(),
            Effect::Schedule { at_ms } => device.scheduled = Some(at_ms),
            Effect::Reply { id, result } => {
                assert!(device.replies.insert(id, result).is_none(), "answered twice");
            }
            Effect::Notify(notice) => device.notice(notice),
        }
    }

    /// What devices show, for whoever reads a failure.
    fn state(&self) -> String {
        let show = |(d, device): (usize, &Device)| {
            let name = device.me.as_ref().map_or("nobody", |me| &me.username);
            let rooms = device.rooms.values().map(|room| {
                let texts = device.texts(&room.room);
                format!(
                    "  {} ({}): {} members, {:?}, {texts:?}",
                    room.name, room.room, room.members, room.trouble
                )
            });
            let rooms: Vec<String> = rooms.collect();
            let (back, changed) = (device.rolled_back, &device.changed);
            format!(
                "device {d} of {name}, {:?}, rolled back: {back:?}, changed: {changed:?}\n{}",
                device.connection,
                rooms.join("\n")
            )
        };
        let devices: Vec<String> = self.devices.iter().enumerate().map(show).collect();
        format!("{}\n{}", devices.join("\n"), self.refusals.join("\n"))
    }

    /// A device of a new account.
    pub async fn register(&mut self, name: &str) -> usize {
        let d = self.device();
        let setup_token = self.authenticators.is_empty().then(|| self.relay.setup_token.clone());
        let register = AccountIntent::Register {
            username: name.into(),
            password: password(name),
            display_name: name.to_uppercase(),
            setup_token,
            invite: None,
        };
        let secret = match self.call(d, register).await {
            Ok(Reply::TotpEnrolment { secret, .. }) => secret,
            other => panic!("{name}: {other:?}"),
        };
        self.enrol(name, secret);
        let code = self.code(name).await;
        let confirmed = self.call(d, AccountIntent::ConfirmTotp { code: Some(code), device: None }).await;
        match confirmed {
            Ok(Reply::Registered { recovery_key, recovery_codes }) => {
                self.kept.insert(name.to_owned(), (recovery_key, recovery_codes));
            }
            other => panic!("{name}: {other:?}"),
        }
        self.connected(d).await;
        d
    }

    /// An authenticator app takes this secret.
    pub fn enrol(&mut self, name: &str, secret: String) {
        let secret = Secret::try_from_base32(secret).unwrap();
        let totp = Builder::new().with_secret(secret).build().unwrap();
        self.authenticators.insert(name.to_owned(), Authenticator { totp, last_step: 0 });
    }

    /// What the relay answers the page of a device.
    pub async fn page(
        &self,
        d: usize,
        path: &str,
        body: Option<serde_json::Value>,
    ) -> (u16, serde_json::Value) {
        self.wires[d].page(path, body).await
    }

    /// Another device of an account.
    pub async fn log_in(&mut self, name: &str) -> usize {
        let d = self.device();
        self.log_in_on(d, name, &password(name)).await;
        d
    }

    /// Logs in on a device.
    pub async fn log_in_on(&mut self, d: usize, name: &str, password: &str) {
        let log_in = AccountIntent::LogIn { username: name.into(), password: password.into(), device: None };
        assert_eq!(self.call(d, log_in).await, Ok(Reply::TotpRequired));
        let code = self.code(name).await;
        let done = self.call(d, AccountIntent::SubmitTotp { code, device: None }).await;
        assert!(matches!(done, Ok(Reply::LoggedIn { .. })), "{name}: {done:?}");
        self.connected(d).await;
    }

    /// The device is connected.
    pub async fn connected(&mut self, d: usize) {
        self.until("a connection", |world| world.devices[d].connection == Connection::Connected).await;
    }

    /// A code that the relay has not taken yet. It takes those of the step before and the step after, too, each once and in order.
    pub async fn code(&mut self, name: &str) -> String {
        loop {
            let (step, into) = (now_ms() / 30_000, now_ms() / 1000 % 30);
            let oldest = if into + CODE_MARGIN_S < 30 { step - 1 } else { step };
            let app = self.authenticators.get_mut(name).unwrap();
            let next = oldest.max(app.last_step + 1);
            if next <= step + 1 {
                app.last_step = next;
                return app.totp.generate(next * 30).to_string();
            }
            self.pass(500).await;
        }
    }

    /// What the relay answers a changed client, which has the session of a device and a stream of its own.
    pub async fn request(&self, d: usize, request: Request) -> Result<Response, Problem> {
        self.wires[d].request(request).await
    }

    /// Account id of a device.
    pub fn account(&self, d: usize) -> String {
        self.devices[d].me.as_ref().expect("logged in").account.clone()
    }

    /// Texts and warnings that the device has kept of a room.
    pub async fn kept(&mut self, d: usize, room: &str) -> Vec<String> {
        let page = Intent::Timeline { room: room.into(), page: Page::Newest, limit: 500 };
        match self.call(d, page).await {
            Ok(Reply::Timeline { items, .. }) => {
                items.iter().filter_map(|item| as_text(&item.body)).collect()
            }
            other => panic!("device {d}: {other:?}"),
        }
    }

    /// Somebody says something.
    pub async fn say(&mut self, d: usize, room: &str, text: &str) {
        let send = Intent::text(room.into(), text.into());
        assert_eq!(self.call(d, send).await, Ok(Reply::Done), "device {d}: {text}");
    }

    /// These devices come to show exactly this, in this order, and have kept it; and all is well with the room.
    pub async fn all_read(&mut self, devices: &[usize], room: &str, said: &[&str]) {
        let well = |world: &Self, d: usize| {
            let shown = world.devices[d].rooms.get(room);
            shown.is_some_and(|shown| !shown.syncing && shown.trouble.is_none())
                && world.devices[d].texts(room) == said
        };
        let what = format!("devices {devices:?} read {said:?}");
        self.until(&what, |world| devices.iter().all(|d| well(world, *d))).await;
        for d in devices {
            assert_eq!(self.kept(*d, room).await, said, "device {d}");
        }
    }
}
