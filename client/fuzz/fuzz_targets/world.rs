//! Three people, four devices and a relay: what the bytes tell happens, and in the end everybody has everything.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| waxwing_tests::script::play(data));
