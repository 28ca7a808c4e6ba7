//! Bodies of messages as a hostile member writes them, and what they do to a message.
#![no_main]

use libfuzzer_sys::fuzz_target;
use waxwing_client::fuzzing;

fuzz_target!(|data: &[u8]| {
    // Pieces: author, kind, length (one byte), body.
    let (mut rest, mut pieces) = (data, Vec::new());
    while let Some(([by, kind, length], after)) = rest.split_first_chunk::<3>() {
        let (body, next) = after.split_at(usize::from(*length).min(after.len()));
        rest = next;
        fuzzing::content((*kind % 16).into(), body);
        pieces.push((*by, *kind % 16, body));
    }
    fuzzing::notes(&pieces);
});
