//! Writes the seeds of the fuzz targets: stories, and what a relay says.

use std::fs;

use waxwing_wire::{
    AccountId, EntryId, Opaque, RoomId, encode,
    frame::{EntryKind, Event, LogEntry, Response, RoomSummary, ServerFrame},
};

fn write(target: &str, name: &str, bytes: &[u8]) {
    let directory = format!("{}/seeds/{target}", env!("CARGO_MANIFEST_DIR"));
    fs::create_dir_all(&directory).expect("a directory");
    fs::write(format!("{directory}/{name}"), bytes).expect("a file");
}

fn piece(kind: u8, bytes: &[u8]) -> Vec<u8> {
    let length = u16::try_from(bytes.len()).expect("a short piece");
    [&[kind][..], &length.to_be_bytes(), bytes].concat()
}

fn main() {
    write("world", "talk", &[0, 0, 0, 1, 11, 9, 0, 2, 11, 30, 4, 0, 11, 12, 0, 3]);
    write("world", "trouble", &[4, 0, 5, 0, 0, 0, 6, 1, 10, 5, 7, 2, 0, 2, 8, 2, 9, 1, 6, 3, 11, 20]);
    let target = (7_u64, AccountId([0; 16]), EntryId([2; 16]));
    let pieces = [
        (1, 5, encode(&(target, "👍", true))),
        (0, 3, encode(&(target, "edited"))),
        (2, 8, encode(&(target, vec![1_u32]))),
        (3, 6, encode(&(target, true))),
        (0, 4, encode(&(target,))),
        (0, 9, encode(&(target,))),
        (0, 7, encode(&("?", vec!["A", "B"], true))),
        (0, 1, encode(&("text", target))),
    ];
    let piece_of = |(by, kind, body): &(u8, u8, Vec<u8>)| {
        let length = u8::try_from(body.len()).expect("a short piece");
        [&[*by, *kind, length][..], body].concat()
    };
    write("content", "all", &pieces.iter().flat_map(piece_of).collect::<Vec<u8>>());
    let (room, sender) = (RoomId([1; 16]), AccountId([2; 16]));
    let entry = LogEntry {
        seq: 2,
        kind: EntryKind::Message,
        after: 0,
        sender,
        id: EntryId([3; 16]),
        bytes: Opaque(vec![1; 30]),
        digest: None,
        received_at_ms: 1,
    };
    let event = ServerFrame::Event(Event::Entry { room, entry: entry.clone() });
    let page = ServerFrame::Response { id: 1, response: Response::Entries { entries: vec![entry], last_seq: 9 } };
    let summary = RoomSummary { room, last_seq: 9, last_commit: 2, own: None };
    let hello = Response::Hello { account: sender, rooms: vec![summary], now_ms: 1, announcements: Vec::new() };
    let hello = ServerFrame::Response { id: 1, response: hello };
    let frames = [encode(&event), encode(&hello), encode(&page)];
    let all: Vec<u8> = frames.iter().flat_map(|frame| piece(0, frame)).collect();
    write("machine", "frames", &all);
    write("machine", "store", &[piece(6, b"nothing"), piece(0x17, b""), piece(4, b"{}")].concat());
}
