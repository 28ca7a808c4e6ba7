//! Frames of the stream, both ways: what is accepted means one thing.
#![no_main]

use libfuzzer_sys::fuzz_target;
use waxwing_wire::{
    decode, encode,
    frame::{ClientFrame, ServerFrame},
};

fuzz_target!(|data: &[u8]| {
    if let Ok(frame) = decode::<ClientFrame>(data) {
        assert_eq!(decode::<ClientFrame>(&encode(&frame)).ok(), Some(frame));
    }
    if let Ok(frame) = decode::<ServerFrame>(data) {
        assert_eq!(decode::<ServerFrame>(&encode(&frame)).ok(), Some(frame));
    }
});
