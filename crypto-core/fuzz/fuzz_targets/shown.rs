//! What other members hand over beside messages: descriptions of files, blobs, signals, dated key packages, reports. The first byte chooses.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rand_core::OsRng;
use waxwing_crypto_core::{
    attachment::{Attachment, Decryptor, Encryptor, FileKey, FileSuite, HEADER_BYTES},
    hpke::HpkePrivateKey,
    identity::IdentityKey,
    ids::{AccountId, EpochId, RoomId},
    published::PublishedKeyPackage,
    report::open_report,
    room::EpochKeys,
    secret::SymmetricKey,
    signal::Signal,
};

const ACCOUNT: AccountId = AccountId([1; 16]);

/// A blob of any bytes is refused, or is exactly what encrypting its content gives.
fn open_blob(data: &[u8]) {
    let Some((numbers, blob)) = data.split_first_chunk::<3>() else { return };
    let suite = if numbers[0] % 2 == 0 { FileSuite::ChaCha20Poly1305 } else { FileSuite::Aes256Gcm };
    let content_bytes = u64::from(u16::from_le_bytes([numbers[1], numbers[2]]));
    let file = FileKey { key: SymmetricKey::from_bytes([2; 32]), suite, content_bytes, sha256: [0; 32] };
    let (header, mut rest) = blob.split_at_checked(HEADER_BYTES).unwrap_or((blob, &[]));
    let Ok(mut decryptor) = Decryptor::new(&file, header) else { return };
    while let Some(bytes) = decryptor.next_bytes() {
        let (chunk, after) = rest.split_at_checked(bytes).unwrap_or((rest, &[]));
        if decryptor.chunk(chunk).is_err() {
            return;
        }
        rest = after;
    }
    assert!(decryptor.finish().is_err(), "nobody finds the bytes whose hash is zeros");
}

/// Content of any length comes back.
fn round_trip(data: &[u8]) {
    let (mut encryptor, header) =
        Encryptor::new(FileSuite::ChaCha20Poly1305, data.len() as u64, &mut OsRng).expect("a short file");
    let (mut rest, mut chunks) = (data, Vec::new());
    while let Some(bytes) = encryptor.next_bytes() {
        let (now, after) = rest.split_at(bytes);
        chunks.push(encryptor.chunk(now).expect("as many bytes as asked for"));
        rest = after;
    }
    let file = encryptor.finish().expect("all of it");
    let mut decryptor = Decryptor::new(&file, &header).expect("its own header");
    let content: Vec<u8> =
        chunks.iter().flat_map(|chunk| decryptor.chunk(chunk).expect("its own chunk").to_vec()).collect();
    decryptor.finish().expect("its own hash");
    assert_eq!(content, data);
}

fuzz_target!(|data: &[u8]| {
    let Some((which, bytes)) = data.split_first() else { return };
    match which % 6 {
        0 => {
            if let Ok(attachment) = Attachment::decode(bytes) {
                assert_eq!(attachment.encode().expect("what was read can be written").as_slice(), bytes);
            }
        }
        1 => open_blob(bytes),
        2 => round_trip(bytes),
        3 => {
            let keys = EpochKeys::new(RoomId([3; 16]), EpochId([4; 32]), SymmetricKey::from_bytes([5; 32]));
            let roster = [(ACCOUNT, IdentityKey::from_seed([6; 32]).public())].into();
            assert!(Signal::open(&keys, &roster, ACCOUNT, bytes).is_err());
        }
        4 => {
            let key = IdentityKey::from_seed([6; 32]);
            if let Ok(published) = PublishedKeyPackage::open(ACCOUNT, &key.public(), bytes) {
                assert_eq!(published.sign(ACCOUNT, &key), bytes);
            }
        }
        _ => {
            let operator = HpkePrivateKey::from_seed(&SymmetricKey::from_bytes([7; 32])).expect("a seed");
            assert!(open_report(&operator, bytes).is_err());
            // Past the seal, where what was reported is read.
            let sealed = operator.public().seal_to("Waxwing 1 report", &[], bytes).expect("not too long");
            assert!(open_report(&operator, &sealed).is_err());
        }
    }
});
