//! A world of clients around a relay in memory. Everything runs in one thread; a seed decides in which order things arrive.

pub mod relay;

use std::collections::{BTreeMap, VecDeque};

use rand::Rng as _;
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng as _;
use waxwing_client::{
    Client,
    api::{Body, Connection, Failure, Intent, Item, Me, Notice, Reply, Rollback, Room, Sending},
    io::{Effect, Input, StoreOp},
};
use waxwing_wire::AccountId;

use relay::Relay;

/// A device: a client and what runs it.
pub struct Device {
    client: Client,
    /// What survives a crash.
    pub store: BTreeMap<String, Vec<u8>>,
    session: Option<AccountId>,
    stream: bool,
    scheduled: Option<u64>,
    inbox: VecDeque<Input>,
    replies: BTreeMap<u64, Result<Reply, Failure>>,
    pub me: Option<Me>,
    pub connection: Connection,
    pub rooms: BTreeMap<String, Room>,
    pub items: BTreeMap<String, BTreeMap<String, Item>>,
    /// Accounts that were said to have another identity, and whether their old one signed that.
    pub changed: Vec<(String, bool)>,
    pub rolled_back: Option<Rollback>,
    next: u64,
}

pub struct World {
    pub relay: Relay,
    pub devices: Vec<Device>,
    rng: ChaCha20Rng,
    pub now_ms: u64,
}

impl World {
    pub fn new(seed: u64) -> Self {
        let rng = ChaCha20Rng::seed_from_u64(seed);
        Self { relay: Relay::new(), devices: Vec::new(), rng, now_ms: 1_800_000_000_000 }
    }

    /// A device that holds nothing.
    pub fn device(&mut self) -> usize {
        self.devices.push(Device {
            client: Client::new(),
            store: BTreeMap::new(),
            session: None,
            stream: false,
            scheduled: None,
            inbox: VecDeque::from([Input::Start { entries: Vec::new() }]),
            replies: BTreeMap::new(),
            me: None,
            connection: Connection::Idle,
            rooms: BTreeMap::new(),
            items: BTreeMap::new(),
            changed: Vec::new(),
            rolled_back: None,
            next: 1,
        });
        self.devices.len() - 1
    }

    /// The device loses its memory, keeps its store, and starts again.
    pub fn crash(&mut self, d: usize) {
        self.relay.close_stream(d);
        let device = &mut self.devices[d];
        device.client = Client::new();
        device.stream = false;
        device.scheduled = None;
        device.rooms.clear();
        device.items.clear();
        let entries = device.store.iter().filter(|(key, _)| key.starts_with("s/"));
        let entries = entries.map(|(key, value)| (key.clone(), value.clone())).collect();
        device.inbox = VecDeque::from([Input::Start { entries }]);
    }

    /// The connection breaks; what was on its way is lost.
    pub fn cut(&mut self, d: usize) {
        self.relay.close_stream(d);
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

    pub fn ask(&mut self, d: usize, intent: Intent) -> u64 {
        let device = &mut self.devices[d];
        let id = device.next;
        device.next += 1;
        device.inbox.push_back(Input::Intent { id, intent });
        id
    }

    /// Asks and runs until nothing moves any more.
    pub fn call(&mut self, d: usize, intent: Intent) -> Result<Reply, Failure> {
        let id = self.ask(d, intent);
        self.run();
        self.devices[d].replies.remove(&id).expect("every intent is answered")
    }

    /// Lets everything happen that can, in an order of the seed's choosing.
    pub fn run(&mut self) {
        while self.step() {}
    }

    /// One thing happens; false when nothing is left to happen.
    pub fn step(&mut self) -> bool {
        let ready: Vec<usize> = (0..self.devices.len()).filter(|d| self.has_work(*d)).collect();
        if ready.is_empty() {
            return self.wake();
        }
        let d = ready[self.rng.gen_range(0..ready.len())];
        self.now_ms += 1;
        let input = self.devices[d].inbox.pop_front().unwrap_or_else(|| {
            let frame = self.relay.outgoing.get_mut(&d).and_then(VecDeque::pop_front);
            Input::StreamFrame(frame.expect("there is work"))
        });
        let device = &mut self.devices[d];
        let effects = device.client.handle(input, self.now_ms, &mut self.rng);
        for effect in effects {
            self.effect(d, effect);
        }
        true
    }

    fn has_work(&self, d: usize) -> bool {
        !self.devices[d].inbox.is_empty()
            || self.relay.outgoing.get(&d).is_some_and(|queue| !queue.is_empty())
    }

    /// Time passes until the first device wants to be woken.
    fn wake(&mut self) -> bool {
        let waiting =
            self.devices.iter().enumerate().filter_map(|(d, device)| device.scheduled.map(|at| (at, d)));
        let Some((at, d)) = waiting.min() else { return false };
        self.now_ms = self.now_ms.max(at);
        self.devices[d].scheduled = None;
        self.devices[d].inbox.push_back(Input::Tick);
        true
    }

    fn effect(&mut self, d: usize, effect: Effect) {
        let device = &mut self.devices[d];
        match effect {
            Effect::Persist(ops) => ops.into_iter().for_each(|op| match op {
                StoreOp::Put { key, value, .. } => {
                    device.store.insert(key, value);
                }
                StoreOp::Delete { key } => {
                    device.store.remove(&key);
                }
                StoreOp::Clear => device.store.clear(),
            }),
            Effect::Load { id, from, to, limit, reverse } => {
                let range = device.store.range(from..to).map(|(key, value)| (key.clone(), value.clone()));
                let limit = limit as usize;
                let entries =
                    if reverse { range.rev().take(limit).collect() } else { range.take(limit).collect() };
                device.inbox.push_back(Input::Loaded { id, entries });
            }
            Effect::Http { id, path, body } => {
                let (status, body) = self.relay.http(path, body.as_deref(), &mut device.session);
                device.inbox.push_back(Input::Http { id, status: Some(status), body });
            }
            Effect::StreamOpen => {
                if let Some(account) = device.session {
                    device.stream = true;
                    self.relay.open_stream(d, account);
                    device.inbox.push_back(Input::StreamOpened);
                }
            }
            Effect::StreamSend(bytes) => {
                // A cut that the device has not noticed yet swallows what it sends.
                if device.stream {
                    self.relay.frame(d, &bytes);
                }
            }
            Effect::StreamClose => {
                device.stream = false;
                self.relay.close_stream(d);
            }
            Effect::Schedule { at_ms } => device.scheduled = Some(at_ms),
            Effect::Reply { id, result } => {
                assert!(device.replies.insert(id, result).is_none(), "answered twice");
            }
            Effect::Notify(notice) => device.notice(notice),
        }
    }

    pub fn register(&mut self, name: &str) -> usize {
        let d = self.device();
        let register = Intent::Register {
            username: name.into(),
            password: format!("{name} has a long password"),
            display_name: name.to_uppercase(),
            setup_token: None,
        };
        assert!(matches!(self.call(d, register), Ok(Reply::TotpEnrolment { .. })));
        let confirmed = self.call(d, Intent::ConfirmTotp { code: relay::CODE.into() });
        assert!(matches!(confirmed, Ok(Reply::Registered { .. })));
        d
    }

    /// Another device of an account that exists.
    pub fn log_in(&mut self, name: &str) -> usize {
        let d = self.device();
        let password = format!("{name} has a long password");
        let done = self.call(d, Intent::LogIn { username: name.into(), password });
        assert_eq!(done, Ok(Reply::TotpRequired));
        assert_eq!(self.call(d, Intent::SubmitTotp { code: relay::CODE.into() }), Ok(Reply::Done));
        d
    }

    pub fn room(&mut self, d: usize, name: &str) -> String {
        match self.call(d, Intent::CreateRoom { name: name.into() }) {
            Ok(Reply::Room { room }) => room,
            other => panic!("{other:?}"),
        }
    }

    pub fn invite(&mut self, d: usize, room: &str) -> String {
        match self.call(d, Intent::CreateInvite { room: room.into() }) {
            Ok(Reply::Invite { invite }) => invite,
            other => panic!("{other:?}"),
        }
    }

    pub fn send(&mut self, d: usize, room: &str, text: &str) {
        let id = self.ask(d, Intent::Send { room: room.into(), text: text.into() });
        while !self.devices[d].replies.contains_key(&id) {
            assert!(self.step());
        }
        assert_eq!(self.devices[d].replies.remove(&id), Some(Ok(Reply::Done)));
    }
}

impl Device {
    fn notice(&mut self, notice: Notice) {
        match notice {
            Notice::Session { me, .. } => {
                self.me = me;
                self.rolled_back = None;
            }
            Notice::Connection { state } => self.connection = state,
            Notice::Room { room } => {
                self.rooms.insert(room.room.clone(), room);
            }
            Notice::RoomGone { room } => {
                self.rooms.remove(&room);
            }
            Notice::Items { room, items } => {
                let shown = self.items.entry(room).or_default();
                shown.extend(items.into_iter().map(|item| (item.key.clone(), item)));
            }
            Notice::IdentityChanged { account, signed } => self.changed.push((account, signed)),
            Notice::AccountRolledBack { what } => self.rolled_back = Some(what),
            Notice::ItemGone { room, key } => {
                self.items.entry(room).or_default().remove(&key);
            }
        }
    }

    /// Texts of a room as shown live, in order of the log; what is not in the log comes last.
    pub fn texts(&self, room: &str) -> Vec<String> {
        let mut items: Vec<&Item> = self.items.get(room).into_iter().flat_map(BTreeMap::values).collect();
        items.sort_by_key(|item| (item.seq.unwrap_or(u64::MAX), item.at));
        items
            .into_iter()
            .filter_map(|item| match &item.body {
                Body::Text { text, state: Sending::Sent } => Some(text.clone()),
                Body::Text { text, state } => Some(format!("{text} ({state:?})")),
                Body::Warning { code } => Some(format!("warning {code}")),
                _ => None,
            })
            .collect()
    }
}
