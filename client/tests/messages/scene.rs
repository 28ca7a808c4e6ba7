//! Three people in a room, and how a message shows on their devices.

use waxwing_client::api::{Body, Intent, Item, Page, Reply, Target};
use waxwing_tests::sim::{World, code};

/// Three people in a room, and another session of the first, who owns it.
pub struct Scene {
    pub world: World,
    pub room: String,
    pub mira: usize,
    pub jonas: usize,
    pub aicha: usize,
    pub second: usize,
}

pub fn text_of(item: &Item) -> Option<&str> {
    match &item.body {
        Body::Text { text, .. } => Some(text),
        Body::Poll { question, .. } => Some(question),
        _ => None,
    }
}

impl Scene {
    pub fn new(seed: u64) -> Self {
        let mut world = World::new(seed);
        let [mira, jonas, aicha] = ["mira", "jonas", "aicha"].map(|name| world.register(name));
        let second = world.log_in("mira");
        let room = world.room(mira, "Ops room");
        let invite = world.invite(mira, &room);
        world.join(jonas, &invite);
        world.join(aicha, &invite);
        world.run();
        Self { world, room, mira, jonas, aicha, second }
    }

    pub fn account(&self, d: usize) -> String {
        self.world.devices[d].me.as_ref().expect("logged in").account.clone()
    }

    pub fn say(&mut self, d: usize, text: &str) {
        self.world.send(d, &self.room, text);
        self.world.run();
    }

    /// The message with this text as a device shows it now.
    pub fn shown(&self, d: usize, text: &str) -> Item {
        let mut shown = self.world.devices[d].shown(&self.room).into_iter();
        shown.rfind(|item| text_of(item) == Some(text)).expect("it is shown").clone()
    }

    pub fn target(&self, d: usize, text: &str) -> Target {
        let item = self.shown(d, text);
        Target { key: item.key, seq: item.seq.expect("it is in the log") }
    }

    /// The item at a place as a device shows it live.
    pub fn live(&self, d: usize, seq: u64) -> Item {
        let shown = self.world.devices[d].shown(&self.room).into_iter();
        let mut messages = shown.filter(|item| !matches!(item.body, Body::Warning { .. }));
        messages.rfind(|item| item.seq == Some(seq)).expect("it is shown").clone()
    }

    pub fn page(&mut self, d: usize, page: Page, limit: u32) -> (Vec<Item>, bool, bool) {
        match self.world.call(d, Intent::Timeline { room: self.room.clone(), page, limit }) {
            Ok(Reply::Timeline { items, more, newer }) => (items, more, newer),
            other => panic!("{other:?}"),
        }
    }

    /// The item at a place as a device has kept it; nothing when there is none.
    pub fn kept(&mut self, d: usize, seq: u64) -> Option<Item> {
        self.page(d, Page::Around { seq }, 2).0.into_iter().find(|item| item.seq == Some(seq))
    }

    pub fn does(&mut self, d: usize, make: impl FnOnce(String) -> Intent) {
        let intent = make(self.room.clone());
        assert_eq!(self.world.call(d, intent), Ok(Reply::Done));
        self.world.run();
    }

    pub fn refuses(&mut self, d: usize, make: impl FnOnce(String) -> Intent) -> String {
        let intent = make(self.room.clone());
        code(self.world.call(d, intent))
    }

    /// Live and kept, old devices and a new one: all see the same at this place.
    pub fn agree(&mut self, seq: u64, is: impl Fn(&Item) -> bool) {
        let fresh = self.world.log_in("aicha");
        for d in [self.mira, self.jonas, self.aicha, self.second, fresh] {
            let live = self.live(d, seq);
            assert!(is(&live), "live on {d}: {:?}", shape(&live));
            let kept = self.kept(d, seq).expect("it is kept");
            assert!(is(&kept), "kept on {d}: {:?}", shape(&kept));
            let warned =
                self.world.devices[d].texts(&self.room).into_iter().find(|text| text.starts_with("warning"));
            assert_eq!(warned, None, "device {d}");
        }
    }
}

/// An item as a failed test shows it.
pub fn shape(item: &Item) -> String {
    serde_json::to_string(item).expect("it has a form")
}

/// The target at a place as a device names it.
pub fn all_key(all: &Scene, d: usize, seq: u64) -> Target {
    Target { key: all.live(d, seq).key, seq }
}
