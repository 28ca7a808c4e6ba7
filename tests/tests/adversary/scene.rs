//! The world that attacks begin from, and what must hold after each.

use std::{collections::BTreeSet, sync::OnceLock};

use waxwing_client::api::{Failure, Intent, Reply};
use waxwing_tests::{
    script::timeline,
    sim::{Saved, World},
};
use waxwing_wire::{AccountId, RoomId};

/// Devices of the scene.
pub const MIRA: usize = 0;
pub const JONAS: usize = 1;
pub const AICHA: usize = 2;
/// Somebody with a link who has not joined.
pub const DORA: usize = 3;

const NAMES: [&str; 4] = ["mira", "jonas", "aicha", "dora"];

/// How many seeds each attack is tried with.
pub fn seeds() -> std::ops::Range<u64> {
    let wanted = std::env::var("WAXWING_SEEDS").ok().and_then(|seeds| seeds.parse().ok());
    0..wanted.unwrap_or(if cfg!(debug_assertions) { 1 } else { 10 })
}

/// Fewer, for attacks that stretch passwords.
pub fn few_seeds() -> std::ops::Range<u64> {
    0..seeds().end.min(20)
}

/// A room of Mira, Jonas and Aicha; Dora has a link to it.
pub struct Scene {
    pub world: World,
    pub room: String,
    pub invite: String,
    pub said: Vec<String>,
    /// Devices whose people are honest.
    pub honest: Vec<usize>,
}

impl std::ops::Deref for Scene {
    type Target = World;
    fn deref(&self) -> &World {
        &self.world
    }
}

impl std::ops::DerefMut for Scene {
    fn deref_mut(&mut self) -> &mut World {
        &mut self.world
    }
}

/// What was said before any attack.
const SAID: [&str; 3] = ["one of Mira", "two of Jonas", "three of Aicha"];

fn saved() -> &'static (Saved, String, String) {
    static SAVED: OnceLock<(Saved, String, String)> = OnceLock::new();
    SAVED.get_or_init(|| {
        let mut world = World::new(1);
        let mira = world.register("mira");
        let room = world.room(mira, "Attacked");
        let invite = world.invite(mira, &room);
        world.send(mira, &room, SAID[0]);
        for (name, text) in [("jonas", SAID[1]), ("aicha", SAID[2])] {
            let d = world.register(name);
            world.join(d, &invite);
            world.send(d, &room, text);
            world.run();
        }
        world.register("dora");
        (world.save(), room, invite)
    })
}

impl Scene {
    /// The scene with every device connected.
    pub fn new(seed: u64) -> Self {
        let mut scene = Self::asleep(seed);
        scene.world.run();
        scene
    }

    /// The scene with every device just switched on.
    pub fn asleep(seed: u64) -> Self {
        let (saved, room, invite) = saved();
        let said = SAID.map(str::to_owned).to_vec();
        Self {
            world: saved.open(seed),
            room: room.clone(),
            invite: invite.clone(),
            said,
            honest: vec![MIRA, JONAS, AICHA],
        }
    }

    /// The room's id.
    pub fn id(&self) -> RoomId {
        self.room.parse().expect("a room id")
    }

    /// Account of a device.
    pub fn account(&self, d: usize) -> AccountId {
        self.relay.account_of(NAMES[d])
    }

    /// Somebody says something; it is kept, whatever the relay does.
    pub fn say(&mut self, d: usize, text: &str) {
        let room = self.room.clone();
        if self.world.devices[d].rooms.contains_key(&room) {
            self.world.send(d, &room, text);
            self.said.push(text.to_owned());
        }
    }

    /// Dora joins.
    pub fn dora_joins(&mut self) -> Result<Reply, Failure> {
        let invite = self.invite.clone();
        self.world.call(DORA, Intent::JoinRoom { invite })
    }

    /// Nobody is shown a text that nobody wrote, and every text at most once.
    pub fn nothing_forged(&self) {
        let said: BTreeSet<&str> = self.said.iter().map(String::as_str).collect();
        for (d, device) in self.world.devices.iter().enumerate() {
            let mut seen = BTreeSet::new();
            for text in device.texts(&self.room) {
                if text.starts_with("warning ") || text.contains(" (") {
                    continue;
                }
                assert!(said.contains(text.as_str()), "device {d} shows {text:?}");
                assert!(seen.insert(text.clone()), "device {d} shows {text:?} twice");
            }
        }
    }

    /// Texts and warnings of a device, from its store.
    pub fn read(&mut self, d: usize) -> Vec<String> {
        let room = self.room.clone();
        let mut texts = timeline(&mut self.world, d, &room);
        texts.sort();
        texts
    }

    /// Warnings of a device.
    pub fn warnings(&mut self, d: usize) -> Vec<String> {
        self.read(d).into_iter().filter(|text| text.starts_with("warning ")).collect()
    }

    /// What a device says about the room as a whole.
    pub fn trouble(&self, d: usize) -> Option<String> {
        self.world.devices[d].rooms.get(&self.room).and_then(|room| room.trouble.clone())
    }

    /// The relay behaves again: new devices of all members read everything that was said, and nothing else. Whoever was attacked reads it as
    /// well, or was warned.
    pub fn converges(&mut self) {
        self.agrees(false);
    }

    /// Like [`Self::converges`], where a device was fed another log: its messages then warn everybody, and its commits are refused.
    pub fn converges_with_forks(&mut self) {
        self.agrees(true);
    }

    /// Like [`Self::converges`], where the log keeps what everybody is warned of.
    pub fn converges_with_warnings(&mut self) {
        self.agrees(true);
    }

    fn agrees(&mut self, forks: bool) {
        self.world.behave();
        self.nothing_forged();
        let mut said = self.said.clone();
        said.sort();
        for d in self.honest.clone() {
            let missing: Vec<String> = {
                let read = self.read(d);
                said.iter().filter(|text| !read.contains(text)).cloned().collect()
            };
            let told = !self.warnings(d).is_empty() || self.trouble(d).is_some();
            assert!(missing.is_empty() || told, "device {d} lacks {missing:?} and says nothing");
        }
        if forks {
            // A device that was told nonsense may have stopped; what it then did not send, it shows as unsent.
            let unsent: Vec<String> = [MIRA, JONAS, AICHA].into_iter().flat_map(|d| self.read(d)).collect();
            said.retain(|text| !unsent.iter().any(|shown| shown.starts_with(&format!("{text} ("))));
        }
        self.newcomers_read(&said, forks);
    }

    /// New devices of the three members show all that was said.
    pub fn fresh_logins_agree(&mut self) {
        let mut said = self.said.clone();
        said.sort();
        self.newcomers_read(&said, false);
    }

    fn newcomers_read(&mut self, said: &[String], forks: bool) {
        for d in self.honest.clone() {
            let name = NAMES[d];
            let d = self.world.log_in(name);
            let mut read = self.read(d);
            if forks {
                read.retain(|text| !text.starts_with("warning "));
            }
            assert_eq!(read, said, "a new device of {name}");
            assert_eq!(self.trouble(d), None, "a new device of {name}");
        }
        self.nothing_forged();
    }
}
