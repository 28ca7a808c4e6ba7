//! What reaches openmls and our policy: handshakes, Welcomes, key packages, public states, as a member with a client of their own could
//! make them. The first byte chooses.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rand_core::OsRng;
use waxwing_crypto_core::room::{Outcome, fuzzing::Rooms};

thread_local!(static ROOMS: Rooms = Rooms::new(&mut OsRng).expect("our own client works"));

fuzz_target!(|data: &[u8]| {
    let Some((kind, bytes)) = data.split_first() else { return };
    ROOMS.with(|rooms| match kind % 5 {
        0 => {
            let outcome = rooms.handshake(bytes, &mut OsRng);
            // These bytes are of other keys than this run's, so nobody has signed them.
            assert!(matches!(outcome, None | Some(Outcome::Skipped(_))), "{outcome:?}");
        }
        1 => assert!(!rooms.welcome(bytes)),
        2 => drop(rooms.key_package(bytes, &mut OsRng)),
        3 => drop(rooms.public_state(bytes, &mut OsRng)),
        _ => assert!(!rooms.opens(bytes)),
    });
});
