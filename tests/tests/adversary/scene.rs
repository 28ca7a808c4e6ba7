//! The world that attacks begin from, and what must hold after each.

use std::{collections::BTreeSet, sync::OnceLock};

use waxwing_client::api::{Failure, Intent, Reply, Role};
use waxwing_tests::{
    script::timeline,
    sim::{Insider, Saved, World},
};
use waxwing_wire::{
    AccountId, RoomId,
    frame::{Commit, Request},
};

/// Devices of the scene.
pub const MIRA: usize = 0;
pub const JONAS: usize = 1;
pub const AICHA: usize = 2;
/// Somebody with a link who has not joined.
pub const DORA: usize = 3;

const NAMES: [&str; 4] = ["mira", "jonas", "aicha", "dora"];

/// The seeds that one attack is tried with. A class of attacks is a file of this target and a part of the table in docs/threat-model.md;
/// `WAXWING_SEEDS` says in how many worlds a class is tried, and its attacks share them evenly: each gets the seeds from 0 on, so that whatever
/// an attack takes from the seed (kinds, places, order) comes in turn. Unset, every attack gets 10 in a release build, and 1 in a debug build.
pub fn seeds(attacks: u64) -> std::ops::Range<u64> {
    let wanted = std::env::var("WAXWING_SEEDS").ok().and_then(|seeds| seeds.parse::<u64>().ok());
    let usual = if cfg!(debug_assertions) { 1 } else { 10 };
    0..wanted.map_or(usual, |wanted| wanted.div_ceil(attacks))
}

/// Like [`seeds`], but at least so many: for an attack that comes in several kinds, all of which are to be tried in a debug build as well.
pub fn seeds_for(kinds: u64, attacks: u64) -> std::ops::Range<u64> {
    0..seeds(attacks).end.max(kinds)
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

    /// Somebody says something in a room that is shown to them: it is kept, whatever the relay does, unless the room says that nothing can be
    /// said in it, or is gone before it is said.
    pub fn say(&mut self, d: usize, text: &str) {
        let room = self.room.clone();
        if self.world.devices[d].rooms.contains_key(&room) && self.trouble(d).is_none() {
            let tampered = self.world.tamper.is_some();
            match self.world.call(d, Intent::text(room, text.to_owned())) {
                Ok(_) => self.said.push(text.to_owned()),
                // The relay may have said in between that this account is no member any more.
                Err(failure) => {
                    assert!(
                        tampered && failure.code == "no_such_room",
                        "{}: {}",
                        failure.code,
                        failure.message
                    );
                }
            }
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
            let read = self.read(d);
            let (warnings, read): (Vec<_>, Vec<_>) =
                read.into_iter().partition(|text| text.starts_with("warning "));
            assert!(forks || warnings.is_empty(), "a new device of {name}: {warnings:?}");
            // Whoever went on after an altered commit is in a branch of their own, and so are their new devices: others' commits are refused
            // there, visibly, and what was said on them cannot be read.
            if forks && warnings.iter().any(|text| text == "warning refused_commit") {
                assert!(read.iter().all(|text| said.contains(text)), "a new device of {name}: {read:?}");
                assert!(SAID.iter().all(|text| read.contains(&(*text).to_owned())), "a new device of {name}");
            } else {
                assert_eq!(read, said, "a new device of {name}");
            }
            assert_eq!(self.trouble(d), None, "a new device of {name}");
        }
        self.nothing_forged();
    }
}

/// The scene with Aicha's keys in the hands of an adversary.
pub fn begin(seed: u64) -> (Scene, Insider) {
    let mut scene = Scene::new(seed);
    scene.honest = vec![MIRA, JONAS];
    let insider = Insider::of(&scene.world, AICHA, &scene.room);
    (scene, insider)
}

/// Uploads a commit that the relay cannot tell from a sound one.
pub fn upload(scene: &mut Scene, insider: &Insider, commit: Commit) {
    insider.send(&mut scene.world, Request::Commit(Box::new(commit)));
    scene.world.run();
}

/// What a room is to the honest: name, members, and their roles.
pub fn view(scene: &Scene, d: usize) -> (String, u32, Vec<(String, Role)>) {
    let room = &scene.world.devices[d].rooms[&scene.room];
    let roles = room.people.iter().map(|person| (person.account.clone(), person.role)).collect();
    (room.name.clone(), room.members, roles)
}
