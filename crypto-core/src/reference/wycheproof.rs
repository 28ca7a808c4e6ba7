//! Project Wycheproof: edge cases and attacks, for every primitive that this crate or its one suite uses.
//!
//! Where a function of ours calls the primitive, it is the one under test. X25519 and ML-KEM-768 are reached by nothing but X-Wing, so their
//! libraries are tested in the version that X-Wing has.

use chacha20poly1305::{AeadInPlace, Nonce, Tag};
use openmls_traits::{
    crypto::OpenMlsCrypto,
    types::{AeadType, HashType, SignatureScheme},
};
use wycheproof::{TestResult, aead, eddsa, hkdf, mac, mlkem, xdh};

use crate::{
    identity::{IdentityPublicKey, Signature},
    seal::chacha20_poly1305,
    secret::hkdf_sha256,
    suite::Suite,
};

/// Runs `check` on every test and says how many there were; it returns whether the input was accepted.
macro_rules! run {
    ($set:expr, $group:ident, $test:ident, $check:expr) => {{
        let set = $set.unwrap();
        let mut count = 0;
        for $group in &set.test_groups {
            for $test in &$group.tests {
                let accepted: bool = $check;
                let expected = $test.result != TestResult::Invalid;
                assert_eq!(accepted, expected, "{} {:?} {}", $test.tc_id, $test.flags, $test.comment);
                count += 1;
            }
        }
        count
    }};
}

#[test]
fn ed25519_strictly() {
    let count = run!(eddsa::TestSet::load(eddsa::TestName::Ed25519), group, test, {
        let key = IdentityPublicKey(<[u8; 32]>::try_from(group.key.pk.as_slice()).unwrap());
        let ours = <[u8; 64]>::try_from(test.sig.as_slice())
            .is_ok_and(|signature| key.verify_framed(&test.msg, &Signature(signature)).is_ok());
        let mls = Suite.verify_signature(SignatureScheme::ED25519, &test.msg, &group.key.pk, &test.sig);
        assert_eq!(ours, mls.is_ok(), "{}: one rule for messages and for MLS", test.tc_id);
        ours
    });
    assert!(count > 100, "{count}");
}

#[test]
fn chacha20_poly1305_of_seal() {
    let count = run!(aead::TestSet::load(aead::TestName::ChaCha20Poly1305), group, test, {
        let key = <[u8; 32]>::try_from(test.key.as_slice()).unwrap();
        if test.nonce.len() == 12 && test.tag.len() == 16 {
            let (cipher, nonce) = (chacha20_poly1305(&key), Nonce::from_slice(&test.nonce));
            let mut opened = test.ct.to_vec();
            let tag = Tag::from_slice(&test.tag);
            let done = cipher.decrypt_in_place_detached(nonce, &test.aad, &mut opened, tag);
            let mut sealed = test.pt.to_vec();
            let made = cipher.encrypt_in_place_detached(nonce, &test.aad, &mut sealed).unwrap();
            let same = sealed == test.ct.as_slice() && made.as_slice() == test.tag.as_slice();
            assert_eq!(done.is_ok(), same, "{}: opens exactly what it would make", test.tc_id);
            done.is_ok() && opened == test.pt.as_slice()
        } else {
            // Another size of nonce or tag does not fit the types.
            group.nonce_size == 96
        }
    });
    assert!(count > 250, "{count}");
}

#[test]
fn aes_256_gcm_of_the_suite() {
    let mut tried = 0;
    let count = run!(aead::TestSet::load(aead::TestName::AesGcm), group, test, {
        let sealed = [test.ct.as_slice(), &test.tag].concat();
        let opened = Suite.aead_decrypt(AeadType::Aes256Gcm, &test.key, &sealed, &test.nonce, &test.aad);
        if group.key_size == 256 && group.nonce_size == 96 && group.tag_size == 128 {
            tried += 1;
            let made =
                Suite.aead_encrypt(AeadType::Aes256Gcm, &test.key, &test.pt, &test.nonce, &test.aad).unwrap();
            assert_eq!(opened.is_ok(), made == sealed, "{}: opens exactly what it would make", test.tc_id);
            opened.is_ok_and(|opened| opened == test.pt.as_slice())
        } else {
            assert!(opened.is_err(), "{}: other sizes are refused", test.tc_id);
            test.result != TestResult::Invalid
        }
    });
    assert!(count > 250 && tried > 60, "{tried} of {count}");
}

#[test]
fn hkdf_sha_256() {
    let count = run!(hkdf::TestSet::load(hkdf::TestName::HkdfSha256), group, test, {
        // Longer outputs than HKDF gives are the caller's mistake, which a debug build asserts; nobody asks for more than 64 bytes.
        test.size <= 255 * 32 && {
            let mut out = vec![0; test.size];
            hkdf_sha256(&test.salt, &test.ikm, &test.info, &mut out);
            assert!(group.key_size > 0);
            out == test.okm.as_slice()
        }
    });
    assert!(count > 80, "{count}");
}

#[test]
fn hkdf_sha_384_of_the_suite() {
    let hash = HashType::Sha2_384;
    let count = run!(hkdf::TestSet::load(hkdf::TestName::HkdfSha384), group, test, {
        let prk = Suite.hkdf_extract(hash, &test.salt, &test.ikm).unwrap();
        let out = Suite.hkdf_expand(hash, prk.as_slice(), &test.info, test.size);
        assert!(group.key_size > 0);
        out.is_ok_and(|out| out.as_slice() == test.okm.as_slice())
    });
    assert!(count > 80, "{count}");
}

#[test]
fn hmac_sha_384_of_the_suite() {
    let count = run!(mac::TestSet::load(mac::TestName::HmacSha384), group, test, {
        let made = Suite.hmac(HashType::Sha2_384, &test.key, &test.msg).unwrap();
        // MLS never cuts a tag; Wycheproof also has cut ones.
        made.as_slice().get(..group.tag_size / 8) == Some(test.tag.as_slice())
    });
    assert!(count > 150, "{count}");
}

#[test]
fn x25519_of_x_wing() {
    let count = run!(xdh::TestSet::load(xdh::TestName::X25519), group, test, {
        assert_eq!(group.curve, wycheproof::MontgomeryCurve::X25519);
        let private = <[u8; 32]>::try_from(test.private_key.as_slice()).unwrap();
        <[u8; 32]>::try_from(test.public_key.as_slice()).is_ok_and(|public| {
            let shared = x25519_dalek::StaticSecret::from(private).diffie_hellman(&public.into());
            shared.as_bytes().as_slice() == test.shared_secret.as_slice()
        })
    });
    assert!(count > 400, "{count}");
}

#[test]
fn ml_kem_768_of_x_wing() {
    use ml_kem::{Ciphertext, Decapsulate, DecapsulationKey, KeyExport, MlKem768, Seed};
    let count = run!(mlkem::TestSet::load(mlkem::TestName::MlKem768), group, test, {
        assert_eq!(group.parameter_set, mlkem::MlKemParameterSet::MlKem768);
        let bytes = |bytes: &Option<wycheproof::ByteString>| bytes.as_ref().map(|bytes| bytes.to_vec());
        let seed = bytes(&test.seed).and_then(|seed| Seed::try_from(seed.as_slice()).ok());
        let ciphertext = bytes(&test.ct).and_then(|ct| Ciphertext::<MlKem768>::try_from(ct.as_slice()).ok());
        seed.zip(ciphertext).is_some_and(|(seed, ciphertext)| {
            let key = DecapsulationKey::<MlKem768>::from_seed(seed);
            if let Some(public) = bytes(&test.encaps_key) {
                assert_eq!(key.encapsulation_key().to_bytes().as_slice(), public);
            }
            Some(key.decapsulate(&ciphertext).to_vec()) == bytes(&test.shared_secret)
        })
    });
    assert!(count > 50, "{count}");
}

/// Keys whose coefficients are not reduced must be refused, as FIPS 203 section 7.2 has it: by ours before the library sees them.
#[test]
fn ml_kem_768_keys_of_hpke() {
    let (mut refused, mut fine) = (0, 0);
    let set = mlkem::TestSet::load(mlkem::TestName::MlKem768Encaps).unwrap();
    for test in set.test_groups.iter().flat_map(|group| &group.tests) {
        let ml_kem = test.encaps_key.as_ref().unwrap().to_vec();
        // Any X25519 half will do.
        let public = [ml_kem.as_slice(), &[9; 32]].concat();
        let accepted = crate::hpke::HpkePublicKey::from_slice(&public);
        let expected = test.result != TestResult::Invalid;
        assert_eq!(accepted.is_ok(), expected, "{} {:?} {}", test.tc_id, test.flags, test.comment);
        *(if expected { &mut fine } else { &mut refused }) += 1;
    }
    assert!(refused > 10 && fine > 0, "{refused} refused, {fine} fine");
}
