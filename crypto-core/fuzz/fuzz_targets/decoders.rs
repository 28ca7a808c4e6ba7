//! Everything that is decoded after a seal was opened or a signature checked, and the seal itself. The first byte chooses.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rand_core::OsRng;
use waxwing_crypto_core::room::fuzzing;

fuzz_target!(|data: &[u8]| {
    let Some((decoder, bytes)) = data.split_first() else { return };
    match decoder {
        200.. => fuzzing::seals(bytes, &mut OsRng),
        decoder => drop(fuzzing::decode(*decoder, bytes)),
    }
});
