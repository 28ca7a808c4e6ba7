use super::*;
use proptest::prelude::*;
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;

fn rng() -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(1)
}

fn key(byte: u8) -> SymmetricKey {
    SymmetricKey::from_bytes([byte; 32])
}

fn sealed() -> Vec<u8> {
    seal(&key(1), SealType::Vault, b"context", b"plaintext", &mut rng()).unwrap()
}

#[test]
fn opens_only_under_the_same_key_type_and_context() {
    let sealed = sealed();
    assert_eq!(open(&key(1), SealType::Vault, b"context", &sealed).unwrap().as_slice(), b"plaintext");
    assert_eq!(open(&key(2), SealType::Vault, b"context", &sealed), Err(OpenError));
    assert_eq!(open(&key(1), SealType::VaultWrap, b"context", &sealed), Err(OpenError));
    assert_eq!(open(&key(1), SealType::Vault, b"contexT", &sealed), Err(OpenError));
    assert_eq!(open(&key(1), SealType::Vault, b"", &sealed), Err(OpenError));
}

#[test]
fn every_flipped_bit_is_refused() {
    let sealed = sealed();
    for at in 0..sealed.len() {
        for bit in 0..8 {
            let mut changed = sealed.clone();
            changed[at] ^= 1 << bit;
            assert_eq!(
                open(&key(1), SealType::Vault, b"context", &changed),
                Err(OpenError),
                "byte {at} bit {bit}"
            );
        }
    }
}

#[test]
fn every_truncation_and_extension_is_refused() {
    let sealed = sealed();
    for len in 0..sealed.len() {
        assert!(open(&key(1), SealType::Vault, b"context", &sealed[..len]).is_err(), "{len}");
    }
    assert!(open(&key(1), SealType::Vault, b"context", &[&sealed[..], &[0]].concat()).is_err());
}

#[test]
fn two_seals_share_nothing() {
    let mut rng = rng();
    let mut once = || seal(&key(1), SealType::Vault, b"c", b"p", &mut rng).unwrap();
    let (a, b) = (once(), once());
    assert_eq!(a.len(), 512 + OVERHEAD_BYTES);
    assert_ne!(a[2..34], b[2..34], "salt");
    assert_ne!(a[34..66], b[34..66], "commitment");
}

#[test]
fn a_forged_commitment_does_not_reach_another_key() {
    // What a key-committing scheme prevents: a ciphertext that also opens, to something else, under a second key.
    let mut changed = sealed();
    let other = seal(&key(2), SealType::Vault, b"context", b"plaintext", &mut rng()).unwrap();
    changed[34..66].copy_from_slice(&other[34..66]);
    assert!(open(&key(1), SealType::Vault, b"context", &changed).is_err());
    assert!(open(&key(2), SealType::Vault, b"context", &changed).is_err());
}

#[test]
fn bad_padding_under_a_good_tag_is_refused() {
    for padded in
        [vec![0; 511], vec![0; 1024], [&[0, 0, 0, 1, 7, 7][..], &[0; 506]].concat(), vec![0xff; 512], vec![]]
    {
        let salt = [5; 32];
        let keys = Keys::derive(&key(1), SealType::Vault, b"c", &salt);
        let mut body = padded;
        let tag = cipher(&keys)
            .encrypt_in_place_detached(&Nonce::default(), &associated_data(SealType::Vault, b"c"), &mut body)
            .unwrap();
        let forged = [&[1, 1], &salt[..], &keys.commitment[..], &body, &tag].concat();
        assert_eq!(open(&key(1), SealType::Vault, b"c", &forged), Err(OpenError));
    }
}

#[test]
fn the_limit_is_exact() {
    let longest = vec![0; MAX_PLAINTEXT_BYTES];
    let sealed = seal(&key(1), SealType::Cache, b"", &longest, &mut rng()).unwrap();
    assert_eq!(open(&key(1), SealType::Cache, b"", &sealed).unwrap().len(), MAX_PLAINTEXT_BYTES);
    let too_long = vec![0; MAX_PLAINTEXT_BYTES + 1];
    assert_eq!(seal(&key(1), SealType::Cache, b"", &too_long, &mut rng()), Err(SealError::TooLong));
}

proptest! {
    #[test]
    fn round_trips(
        key in any::<[u8; 32]>(),
        context in proptest::collection::vec(any::<u8>(), 0..200),
        plaintext in proptest::collection::vec(any::<u8>(), 0..6000),
        seed in any::<u64>(),
    ) {
        let key = SymmetricKey::from_bytes(key);
        let sealed = seal(&key, SealType::Message, &context, &plaintext, &mut ChaCha20Rng::seed_from_u64(seed)).unwrap();
        prop_assert_eq!(sealed.len(), padding::padded_len(plaintext.len()).unwrap() + OVERHEAD_BYTES);
        let opened = open(&key, SealType::Message, &context, &sealed).unwrap();
        prop_assert_eq!(opened.as_slice(), &plaintext[..]);
    }

    #[test]
    fn random_bytes_never_open(bytes in proptest::collection::vec(any::<u8>(), 0..2000)) {
        prop_assert_eq!(open(&key(1), SealType::Message, b"", &bytes), Err(OpenError));
        let with_header = [&[VERSION, SUITE_CHACHA20_POLY1305], &bytes[..]].concat();
        prop_assert_eq!(open(&key(1), SealType::Message, b"", &with_header), Err(OpenError));
    }
}
