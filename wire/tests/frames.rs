//! Frames survive the wire, and nothing else is taken for one.

use proptest::prelude::*;
use waxwing_wire::{
    DecodeError, Opaque, Problem, ProblemCode, RoomId, decode, encode,
    frame::{Append, ClientFrame, Event, LogEntry, Request, ServerFrame},
    ids::{AccountId, EntryId},
};

fn entry(bytes: Vec<u8>, seq: u64) -> LogEntry {
    LogEntry {
        seq,
        kind: waxwing_wire::frame::EntryKind::Message,
        after: seq / 2,
        sender: AccountId([1; 16]),
        id: EntryId([2; 16]),
        bytes: Opaque(bytes),
        digest: None,
        received_at_ms: 1_700_000_000_000,
    }
}

proptest! {
    #[test]
    fn append_round_trips(id: u64, room: [u8; 16], after: u64, entry: [u8; 16], bytes: Vec<u8>) {
        let frame = ClientFrame {
            id,
            request: Request::Append(Append { room: RoomId(room), after, id: EntryId(entry), bytes: Opaque(bytes) }),
        };
        let sent = encode(&frame);
        prop_assert_eq!(&decode::<ClientFrame>(&sent).unwrap(), &frame);
        let mut longer = sent.clone();
        longer.push(0);
        prop_assert!(matches!(decode::<ClientFrame>(&longer), Err(DecodeError::Trailing)));
        for cut in 0..sent.len() {
            prop_assert!(decode::<ClientFrame>(&sent[..cut]).is_err());
        }
    }

    #[test]
    fn events_round_trip(seq: u64, bytes: Vec<u8>) {
        let frame = ServerFrame::Event(Event::Entry { room: RoomId([7; 16]), entry: entry(bytes, seq) });
        prop_assert_eq!(decode::<ServerFrame>(&encode(&frame)).unwrap(), frame);
    }

    #[test]
    fn noise_never_panics(bytes: Vec<u8>) {
        let _ = decode::<ClientFrame>(&bytes);
        let _ = decode::<ServerFrame>(&bytes);
    }
}

#[test]
fn problem_codes_survive_and_unknown_ones_are_internal() {
    for code in ProblemCode::ALL {
        let frame = ServerFrame::Problem { id: 1, problem: Problem::new(*code, "why") };
        assert_eq!(decode::<ServerFrame>(&encode(&frame)).unwrap(), frame);
    }
    let unknown = minicbor::to_vec("from_the_future").unwrap();
    assert_eq!(decode::<ProblemCode>(&unknown).unwrap(), ProblemCode::Internal);
}

#[test]
fn a_lying_length_fails_without_allocating() {
    // A byte string that claims 2^60 bytes.
    let bytes = [0x5b, 0x10, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3];
    assert!(decode::<Opaque>(&bytes).is_err());
}

#[test]
fn ids_have_one_text_form() {
    let room = RoomId([0xfb; 16]);
    assert_eq!(room.to_string().parse::<RoomId>().unwrap(), room);
    for bad in ["", "AAAA", "not base64!", "+/v7-_v7-_v7-_v7-_v7-w=="] {
        assert!(bad.parse::<RoomId>().is_err(), "{bad}");
    }
}
