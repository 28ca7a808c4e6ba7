//! A world of clients around a relay in memory. Everything runs in one thread; a seed decides in which order things arrive.

mod device;
mod insider;
mod people;
pub mod relay;
mod run;
mod template;

use std::collections::BTreeSet;

use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng as _;
use waxwing_client::{
    api::{Failure, Intent, Reply},
    io::Input,
};
use waxwing_wire::{
    AccountId, encode,
    frame::{Request, ServerFrame},
};

pub use device::{Device, Store, as_text};
pub use insider::Insider;
pub use people::{NEW_PASSWORD, code, fingerprint_of, is_changed, password};
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
    pub fn ask(&mut self, d: usize, intent: impl Into<Intent>) -> u64 {
        let device = &mut self.devices[d];
        device.last += 1;
        let id = device.last;
        device.inbox.push_back(Input::Intent { id, intent: intent.into() });
        id
    }

    /// Asks and runs until nothing moves any more.
    pub fn call(&mut self, d: usize, intent: impl Into<Intent>) -> Result<Reply, Failure> {
        let id = self.ask(d, intent);
        self.run();
        self.devices[d].replies.remove(&id).expect("every intent is answered")
    }

    /// The answer to an intent, if it was given.
    pub fn answer(&mut self, d: usize, id: u64) -> Option<Result<Reply, Failure>> {
        self.devices[d].replies.remove(&id)
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

    /// The device has no network at all from now on, not even for calls; or has it again.
    pub fn isolate(&mut self, d: usize, isolated: bool) {
        self.devices[d].isolated = isolated;
        if isolated {
            self.cut(d);
        }
    }
}
