//! Stories that bytes tell: what people and networks do in any order, with a relay that keeps its promises. In the end everybody has
//! everything, and all see the same.

use std::sync::OnceLock;

use waxwing_client::api::{Body, Intent, Item, Page, Reply, Target};

use crate::sim::{Saved, World};

/// Who has how many devices at the start; all but the last are in the room.
const PEOPLE: [(&str, usize); 3] = [("mira", 2), ("jonas", 1), ("aicha", 1)];
/// Actions in one story; longer ones tell nothing new.
const ACTIONS: usize = 60;
/// The text of every answer.
const ANSWER: &str = "answer";
/// At the end of what was edited.
const EDITED: char = '!';

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
        let (action, argument) = (pair[0] % 16, usize::from(pair[1]));
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
                let _ = world.ask(d, Intent::CreateInvite { room: room.clone(), lasts: None });
            }
            10 | 11 => {
                for _ in 0..=argument % 24 {
                    world.step();
                }
            }
            action => {
                if let Some((target, text)) = some_message(&world, d, room, argument / devices) {
                    let intent = about(action, argument, room, target, &text);
                    let answers = matches!(intent, Intent::Send { .. });
                    let asked = world.ask(d, intent);
                    let done = loop {
                        if let Some(done) = world.answer(d, asked) {
                            break done;
                        }
                        assert!(world.step());
                    };
                    // What is not theirs to do is refused, and says nothing.
                    said.extend((answers && done.is_ok()).then(|| ANSWER.to_owned()));
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

/// A message in the log that a device shows, and its text.
fn some_message(world: &World, d: usize, room: &str, n: usize) -> Option<(Target, String)> {
    let shown: Vec<_> = world.devices[d].shown(room).into_iter().filter(|item| item.seq.is_some()).collect();
    let texts: Vec<_> = shown.iter().filter_map(|item| Some((*item, text_of(&item.body)?))).collect();
    let (item, text) = texts.get(n % texts.len().max(1))?;
    Some((Target { key: item.key.clone(), seq: item.seq? }, text.clone()))
}

fn text_of(body: &Body) -> Option<String> {
    match body {
        Body::Text { text, .. } => Some(text.clone()),
        _ => None,
    }
}

/// Something about a message.
fn about(action: u8, argument: usize, room: &str, target: Target, text: &str) -> Intent {
    let (room, on) = (room.to_owned(), !argument.is_multiple_of(3));
    match action {
        12 => Intent::React { room, target, emoji: ["👍", "🎉"][argument % 2].into(), on },
        13 => Intent::Edit {
            room,
            target,
            text: format!("{}{EDITED}", text.trim_end_matches(EDITED)),
            mentions: Vec::new(),
        },
        14 if argument.is_multiple_of(4) => Intent::Delete { room, target },
        14 => Intent::Pin { room, target, on },
        _ => Intent::Send {
            room,
            text: ANSWER.into(),
            reply: Some(target),
            mentions: Vec::new(),
            preview: None,
        },
    }
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
    let mut first_seen: Option<Vec<String>> = None;
    for d in readers {
        let devices: usize = PEOPLE.iter().map(|(_, count)| count).sum();
        if d < devices && !members.contains_key(&world.relay.account_of(owner(d))) {
            continue;
        }
        let texts = timeline(world, d, room).into_iter();
        let texts: Vec<String> = texts.map(|text| text.trim_end_matches(EDITED).to_owned()).collect();
        let items = items(world, d, room);
        let deleted = items.iter().filter(|item| matches!(item.body, Body::Deleted { .. })).count();
        let device = &world.devices[d];
        let trouble = device.rooms.get(room).and_then(|room| room.trouble.clone());
        let lost = missing(said.clone(), texts);
        assert_eq!(
            lost.map(|lost| lost.len()),
            Ok(deleted),
            "device {d}, {:?}, {trouble:?}",
            device.connection
        );
        let seen: Vec<String> = items.iter().map(as_everybody_sees).collect();
        let known = first_seen.get_or_insert_with(|| seen.clone());
        let other = seen.iter().zip(known.iter()).find(|(here, there)| here != there);
        assert_eq!((other, seen.len()), (None, known.len()), "device {d}");
        let shown = &world.devices[d].rooms[room];
        assert_eq!((shown.syncing, &shown.trouble), (false, &None), "device {d}");
        let seen = (shown.name.clone(), shown.members);
        assert_eq!(first.get_or_insert_with(|| seen.clone()), &seen, "device {d}");
    }
}

/// What was said and is not among the texts; or the text that nobody said, or not so often.
fn missing(mut said: Vec<String>, texts: Vec<String>) -> Result<Vec<String>, String> {
    for text in texts {
        let place = said.iter().position(|known| *known == text).ok_or(text)?;
        said.remove(place);
    }
    Ok(said)
}

/// An item without what depends on who looks: its key, and whose it is.
fn as_everybody_sees(item: &Item) -> String {
    let mut item = item.clone();
    (item.key, item.own) = (String::new(), false);
    if let Some(reply) = &mut item.reply {
        reply.key.clear();
    }
    // When it was written is gone with a message; who read it before knows.
    if matches!(item.body, Body::Deleted { .. }) {
        item.at = 0;
    }
    serde_json::to_string(&item).expect("it has a form")
}

fn items(world: &mut World, d: usize, room: &str) -> Vec<Item> {
    let page = Intent::Timeline { room: room.into(), page: Page::Newest, limit: 500 };
    match world.call(d, page) {
        Ok(Reply::Timeline { items, .. }) => items,
        other => panic!("device {d}: {other:?}"),
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
