//! Stories that bytes tell: what people and networks do in any order, with a relay that keeps its promises. In the end everybody has
//! everything, and all see the same.

use std::sync::OnceLock;

use waxwing_client::api::{Body, Intent, Page, Reply};

use crate::sim::{Saved, World};

/// Who has how many devices at the start; all but the last are in the room.
const PEOPLE: [(&str, usize); 3] = [("mira", 2), ("jonas", 1), ("aicha", 1)];
/// Actions in one story; longer ones tell nothing new.
const ACTIONS: usize = 60;

struct Cast {
    saved: Saved,
    room: String,
    invite: String,
}

/// Two people in a room, and a third who has a link to it.
fn cast() -> &'static Cast {
    static CAST: OnceLock<Cast> = OnceLock::new();
    CAST.get_or_init(|| {
        let mut world = World::new(1);
        let mira = world.register("mira");
        let room = world.room(mira, "Story");
        let invite = world.invite(mira, &room);
        world.log_in("mira");
        let jonas = world.register("jonas");
        world.join(jonas, &invite);
        world.register("aicha");
        Cast { saved: world.save(), room, invite }
    })
}

/// Who a device belongs to.
fn owner(d: usize) -> &'static str {
    let mut left = d;
    for (name, count) in PEOPLE {
        if left < count {
            return name;
        }
        left -= count;
    }
    unreachable!("there are as many devices as the cast has")
}

/// Plays what the bytes say, and checks that all is well in the end.
///
/// # Panics
/// When something was lost, doubled, or is seen differently; when a client panics or never comes to rest.
pub fn play(bytes: &[u8]) {
    let Cast { saved, room, invite } = cast();
    let seed = bytes.iter().fold(1_u64, |seed, byte| seed.wrapping_mul(131).wrapping_add((*byte).into()));
    let mut world = saved.open(seed);
    let devices = world.devices.len();
    let mut said = Vec::new();
    let mut joins = Vec::new();
    for pair in bytes.chunks_exact(2).take(ACTIONS) {
        let (action, argument) = (pair[0] % 12, usize::from(pair[1]));
        let d = argument % devices;
        match action {
            0..=3 => {
                if world.devices[d].rooms.contains_key(room) {
                    let text = format!("{} from {d}", said.len());
                    world.send(d, room, &text);
                    said.push(text);
                }
            }
            4 => {
                let join = Intent::JoinRoom { invite: invite.clone() };
                joins.push((devices - 1, world.ask(devices - 1, join)));
            }
            5 => world.cut(d),
            6 => world.crash(d),
            7 => world.network(d, false),
            8 => world.network(d, true),
            9 => {
                let _ = world.ask(d, Intent::CreateInvite { room: room.clone() });
            }
            _ => {
                for _ in 0..=argument % 24 {
                    world.step();
                }
            }
        }
    }
    for d in 0..devices {
        world.network(d, true);
    }
    world.run();
    agree(&mut world, room, said);
}

/// Every member's devices, and a new device of each, show all that was said, once, and nothing else.
fn agree(world: &mut World, room: &str, mut said: Vec<String>) {
    said.sort();
    let mut readers: Vec<usize> = (0..world.devices.len()).collect();
    let members = {
        let stored = world.relay.only_room();
        stored.members.clone()
    };
    for (name, _) in PEOPLE {
        if members.contains_key(&world.relay.account_of(name)) {
            readers.push(world.log_in(name));
        }
    }
    let mut first: Option<(String, u32)> = None;
    for d in readers {
        let devices: usize = PEOPLE.iter().map(|(_, count)| count).sum();
        if d < devices && !members.contains_key(&world.relay.account_of(owner(d))) {
            continue;
        }
        let mut texts = timeline(world, d, room);
        texts.sort();
        let device = &world.devices[d];
        let trouble = device.rooms.get(room).and_then(|room| room.trouble.clone());
        assert_eq!(texts, said, "device {d}, {:?}, {trouble:?}", device.connection);
        let shown = &world.devices[d].rooms[room];
        assert_eq!((shown.syncing, &shown.trouble), (false, &None), "device {d}");
        let seen = (shown.name.clone(), shown.members);
        assert_eq!(first.get_or_insert_with(|| seen.clone()), &seen, "device {d}");
    }
}

/// All texts and warnings of a room as a device keeps them.
pub fn timeline(world: &mut World, d: usize, room: &str) -> Vec<String> {
    let page = Intent::Timeline { room: room.into(), page: Page::Newest, limit: 500 };
    match world.call(d, page) {
        Ok(Reply::Timeline { items, .. }) => {
            items.iter().filter_map(|item| crate::sim::as_text(&item.body)).collect()
        }
        other => panic!("device {d}: {other:?}"),
    }
}

/// Kinds of notices in a room, as a device keeps them.
pub fn bodies(world: &mut World, d: usize, room: &str) -> Vec<Body> {
    let page = Intent::Timeline { room: room.into(), page: Page::Newest, limit: 500 };
    match world.call(d, page) {
        Ok(Reply::Timeline { items, .. }) => items.into_iter().map(|item| item.body).collect(),
        other => panic!("device {d}: {other:?}"),
    }
}
