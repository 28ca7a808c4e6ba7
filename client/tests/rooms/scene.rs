//! Three people and a room.

use waxwing_client::api::{Intent, Page, Reply, Role};
pub use waxwing_tests::sim::code;
use waxwing_tests::sim::{World, as_text};
use waxwing_wire::AccountId;

pub const NAMES: [&str; 3] = ["mira", "jonas", "aicha"];

/// Three accounts with two sessions of the first, and a room of the first.
pub struct Three {
    pub world: World,
    pub mira: usize,
    pub jonas: usize,
    pub aicha: usize,
    /// Another session of mira.
    pub second: usize,
    pub room: String,
}

impl Three {
    pub fn new(seed: u64) -> Self {
        let mut world = World::new(seed);
        let [mira, jonas, aicha] = NAMES.map(|name| world.register(name));
        let second = world.log_in("mira");
        let room = world.room(mira, "Ops room");
        world.run();
        Self { world, mira, jonas, aicha, second, room }
    }

    /// All of them are members.
    pub fn together(seed: u64) -> Self {
        let mut all = Self::new(seed);
        for d in [all.jonas, all.aicha] {
            all.add(d);
        }
        all
    }

    pub fn account(&self, d: usize) -> String {
        self.world.devices[d].me.as_ref().expect("logged in").account.clone()
    }

    pub fn add(&mut self, d: usize) {
        let add = Intent::AddMember { room: self.room.clone(), account: self.account(d) };
        assert_eq!(self.world.call(self.mira, add), Ok(Reply::Done));
    }

    pub fn leave(&mut self, d: usize) {
        assert_eq!(self.world.call(d, Intent::LeaveRoom { room: self.room.clone() }), Ok(Reply::Done));
    }

    pub fn say(&mut self, d: usize, text: &str) {
        self.world.send(d, &self.room, text);
        self.world.run();
    }

    pub fn texts(&self, d: usize) -> Vec<String> {
        self.world.devices[d].texts(&self.room)
    }

    /// What the device has kept of the room, texts and warnings.
    pub fn kept(&mut self, d: usize) -> Vec<String> {
        let page = Intent::Timeline { room: self.room.clone(), page: Page::Newest, limit: 500 };
        match self.world.call(d, page) {
            Ok(Reply::Timeline { items, .. }) => {
                items.iter().filter_map(|item| as_text(&item.body)).collect()
            }
            other => panic!("{other:?}"),
        }
    }

    pub fn members(&self, d: usize) -> u32 {
        self.world.devices[d].rooms[&self.room].members
    }

    pub fn trouble(&self, d: usize) -> Option<String> {
        self.world.devices[d].rooms[&self.room].trouble.clone()
    }

    pub fn role(&self, d: usize, of: usize) -> Role {
        let account = self.account(of);
        let people = &self.world.devices[d].rooms[&self.room].people;
        people.iter().find(|person| person.account == account).expect("known").role
    }

    pub fn set_role(&mut self, d: usize, of: usize, role: Role) -> Result<Reply, String> {
        let (room, account) = (self.room.clone(), self.account(of));
        self.world.call(d, Intent::SetRole { room, account, role }).map_err(|failure| failure.code)
    }
}

pub fn id(account: &str) -> AccountId {
    account.parse().expect("an id")
}

/// Everybody who is shown in the room says something and hears the others, on old devices and on new ones.
pub fn everybody_talks(all: &mut Three, devices: &[usize], names: &[&str], what: &str) {
    for d in devices {
        all.say(*d, &format!("{what} from {d}"));
    }
    let said = all.kept(devices[0]);
    assert!(said.iter().all(|text| !text.starts_with("warning")), "{what}: {said:?}");
    let fresh: Vec<usize> = names.iter().map(|name| all.world.log_in(name)).collect();
    for d in devices.iter().chain(&fresh) {
        assert_eq!(all.kept(*d), said, "{what}, device {d}");
        assert_eq!(all.trouble(*d), None, "{what}, device {d}");
        assert_eq!(all.members(*d) as usize, names.len(), "{what}, device {d}");
    }
}
