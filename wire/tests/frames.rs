//! Frames survive the wire, and nothing else is taken for one.

mod any;

use std::collections::BTreeSet;

use proptest::{
    prelude::*,
    strategy::ValueTree as _,
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};
use waxwing_wire::{
    DecodeError, Opaque, Problem, ProblemCode, RoomId, decode, encode,
    frame::{ClientFrame, Request, ServerFrame},
};

proptest! {
    #[test]
    fn every_request_round_trips_and_nothing_near_it_does(id: u64, request in any::request()) {
        let frame = ClientFrame { id, request };
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
    fn every_answer_and_event_round_trips(frame in any::server_frame()) {
        let sent = encode(&frame);
        prop_assert_eq!(&decode::<ServerFrame>(&sent).unwrap(), &frame);
        for cut in 0..sent.len() {
            prop_assert!(decode::<ServerFrame>(&sent[..cut]).is_err());
        }
    }

    #[test]
    fn a_changed_byte_never_panics(request in any::request(), place: prop::sample::Index, byte: u8) {
        let mut sent = encode(&ClientFrame { id: 1, request });
        let place = place.index(sent.len());
        sent[place] = byte;
        if let Ok(frame) = decode::<ClientFrame>(&sent) {
            prop_assert_eq!(&decode::<ClientFrame>(&encode(&frame)).unwrap(), &frame);
        }
    }

    #[test]
    fn noise_never_panics(bytes: Vec<u8>) {
        let _ = decode::<ClientFrame>(&bytes);
        let _ = decode::<ServerFrame>(&bytes);
    }
}

/// Position of a variant on the wire. No wildcard: a new request does not compile before it is here, and the test below
/// fails before it is among those tried.
fn number(request: &Request) -> u32 {
    match request {
        Request::Hello { .. } => 0,
        Request::CreateRoom(_) => 1,
        Request::Append(_) => 2,
        Request::Commit(_) => 3,
        Request::Entries { .. } => 4,
        Request::Snapshot { .. } => 5,
        Request::PutSnapshot { .. } => 6,
        Request::PublicState { .. } => 7,
        Request::Keyring { .. } => 8,
        Request::PutKeyring { .. } => 9,
        Request::HistoryLinks { .. } => 10,
        Request::JoinInfo { .. } => 11,
        Request::AccountData => 12,
        Request::PutAccountData(_) => 13,
        Request::PutKeyPackage(_) => 14,
        Request::KeyPackage(_) => 15,
        Request::Welcome(_) => 16,
        Request::Members(_) => 17,
        Request::Post(_) => 18,
        Request::PutPublished(_) => 19,
        Request::Published { .. } => 20,
        Request::Signal { .. } => 21,
        Request::Ping => 22,
        Request::DropAccountData(_) => 23,
        Request::RoomPasswordStart { .. } => 24,
        Request::RoomLoginStart { .. } => 25,
        Request::RoomLoginFinish { .. } => 26,
        Request::OwnLeave(_) => 27,
        Request::Erase { .. } => 28,
        Request::PutMarks { .. } => 40,
        Request::Marks(_) => 41,
        Request::WatchPresence(_) => 42,
        Request::SharePresence(_) => 43,
        Request::FindAccount { .. } => 50,
        Request::PutBlocks(_) => 51,
        Request::SetRetention { .. } => 29,
        Request::WatchStatistics(_) => 60,
        Request::PutReportKey(_) => 61,
        Request::ReportKeys => 62,
        Request::Report { .. } => 63,
    }
}

#[test]
fn every_request_is_tried_and_keeps_its_number() {
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let mut seen = BTreeSet::new();
    for _ in 0..2000 {
        let request = any::request().new_tree(&mut runner).unwrap().current();
        let bytes = encode(&request);
        // A variant is an array of its number and its fields.
        let mut decoder = minicbor::Decoder::new(&bytes);
        decoder.array().unwrap();
        assert_eq!(decoder.u32().unwrap(), number(&request));
        seen.insert(number(&request));
    }
    assert_eq!(seen, (0..=29).chain(40..=43).chain(50..=51).chain(60..=63).collect());
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
