//! A client whose relay says anything: frames, answers to calls, and what its store gives back.
#![no_main]

use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;
use waxwing_client::io::Input;
use waxwing_tests::sim::{Saved, World};
use waxwing_wire::{
    decode, encode,
    frame::{Event, ServerFrame},
};

fn world() -> &'static (Saved, String) {
    static WORLD: OnceLock<(Saved, String)> = OnceLock::new();
    WORLD.get_or_init(|| {
        let mut world = World::new(1);
        let mira = world.register("mira");
        let room = world.room(mira, "Fuzz");
        world.send(mira, &room, "the only text");
        world.run();
        (world.save(), room)
    })
}

/// The frame, with the ids of rooms and answers that this client knows put in, so that more than the decoder is reached.
fn aimed(bytes: &[u8], room: &str, answers: u64) -> Vec<u8> {
    let Ok(mut frame) = decode::<ServerFrame>(bytes) else { return bytes.to_vec() };
    let known = room.parse().expect("a room id");
    match &mut frame {
        ServerFrame::Response { id, .. } | ServerFrame::Problem { id, .. } => *id = *id % 8 + answers,
        ServerFrame::Event(Event::Entry { room, .. } | Event::News { room, .. } | Event::Signal { room, .. }) => {
            *room = known;
        }
        ServerFrame::Event(Event::RoomAdded(summary)) if summary.last_commit % 2 == 0 => summary.room = known,
        ServerFrame::Event(_) => {}
    }
    encode(&frame)
}

fuzz_target!(|data: &[u8]| {
    let (saved, room) = world();
    let mut world = saved.open(1);
    for _ in 0..6 {
        world.step();
    }
    // Pieces: kind, length (two bytes), bytes.
    let mut rest = data;
    for _ in 0..16 {
        let Some(([kind, high, low], after)) = rest.split_first_chunk::<3>() else { break };
        let length = usize::from(u16::from_be_bytes([*high, *low])).min(after.len());
        let (bytes, next) = after.split_at(length);
        rest = next;
        let text = || String::from_utf8_lossy(bytes).into_owned();
        let id = u64::from(*kind >> 4);
        match kind % 8 {
            0..=3 => world.feed(0, Input::StreamFrame(aimed(bytes, room, id))),
            4 => world.feed(0, Input::Http { id, status: Some(200), body: text() }),
            5 => world.feed(0, Input::Loaded { id, entries: vec![(text(), bytes.to_vec())] }),
            6 => {
                let key = world.devices[0].store.keys().nth(usize::from(*kind)).cloned().unwrap_or_else(text);
                world.devices[0].store.insert(key, bytes.to_vec());
                world.crash(0);
            }
            _ => world.feed(0, Input::StreamClosed { code: u16::from(*kind) }),
        }
        world.step();
    }
    world.pass(60_000);
    let shown = world.devices[0].texts(room);
    assert!(shown.iter().all(|text| text == "the only text" || text.starts_with("warning")), "{shown:?}");
});
