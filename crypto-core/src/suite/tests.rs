//! The suite against another provider of the same algorithms.

use openmls_rust_crypto::RustCrypto;
use proptest::prelude::*;

use super::*;

const CONFIG: HpkeConfig =
    HpkeConfig(HpkeKemType::XWingKemDraft6, HpkeKdfType::HkdfSha384, HpkeAeadType::AesGcm256);

fn other() -> RustCrypto {
    RustCrypto::default()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn both_providers_open_what_the_other_sealed(
        seed: [u8; 32], info: Vec<u8>, aad: Vec<u8>, plain: Vec<u8>,
    ) {
        let pair = Suite.derive_hpke_keypair(CONFIG, &seed).unwrap();
        let same = other().derive_hpke_keypair(CONFIG, &seed).unwrap();
        prop_assert_eq!(&pair.public, &same.public);
        prop_assert_eq!(&pair.private[..], &same.private[..]);
        let sealed = Suite.hpke_seal(CONFIG, &pair.public, &info, &aad, &plain).unwrap();
        prop_assert_eq!(&other().hpke_open(CONFIG, &sealed, &pair.private, &info, &aad).unwrap(), &plain);
        let sealed = other().hpke_seal(CONFIG, &pair.public, &info, &aad, &plain).unwrap();
        prop_assert_eq!(&Suite.hpke_open(CONFIG, &sealed, &pair.private, &info, &aad).unwrap(), &plain);
        prop_assert!(Suite.hpke_open(CONFIG, &sealed, &pair.private, b"other", &aad).is_err() || info == b"other");
    }

    #[test]
    fn exports_agree(seed: [u8; 32], info: Vec<u8>, context: Vec<u8>, length in 0usize..200) {
        let pair = Suite.derive_hpke_keypair(CONFIG, &seed).unwrap();
        let (kem, secret) =
            Suite.hpke_setup_sender_and_export(CONFIG, &pair.public, &info, &context, length).unwrap();
        let received = other()
            .hpke_setup_receiver_and_export(CONFIG, &kem, &pair.private, &info, &context, length)
            .unwrap();
        prop_assert_eq!(&*secret, &*received);
        let own = Suite
            .hpke_setup_receiver_and_export(CONFIG, &kem, &pair.private, &info, &context, length)
            .unwrap();
        prop_assert_eq!(&*secret, &*own);
    }

    #[test]
    fn hashes_derivations_and_sealing_agree(
        a: Vec<u8>, b: Vec<u8>, length in 0usize..300, key: [u8; 32], nonce: [u8; 12],
    ) {
        let hash = HashType::Sha2_384;
        prop_assert_eq!(Suite.hash(hash, &a).unwrap(), other().hash(hash, &a).unwrap());
        prop_assert_eq!(
            Suite.hmac(hash, &a, &b).unwrap().as_slice().to_vec(), other().hmac(hash, &a, &b).unwrap().as_slice().to_vec());
        let prk = Suite.hkdf_extract(hash, &a, &b).unwrap();
        prop_assert_eq!(prk.as_slice().to_vec(), other().hkdf_extract(hash, &a, &b).unwrap().as_slice().to_vec());
        prop_assert_eq!(
            Suite.hkdf_expand(hash, prk.as_slice(), &b, length).unwrap().as_slice().to_vec(),
            other().hkdf_expand(hash, prk.as_slice(), &b, length).unwrap().as_slice().to_vec());
        let aead = AeadType::Aes256Gcm;
        let sealed = Suite.aead_encrypt(aead, &key, &a, &nonce, &b).unwrap();
        prop_assert_eq!(&sealed, &other().aead_encrypt(aead, &key, &a, &nonce, &b).unwrap());
        prop_assert_eq!(&Suite.aead_decrypt(aead, &key, &sealed, &nonce, &b).unwrap(), &a);
    }

    #[test]
    fn signatures_agree(seed: [u8; 32], data: Vec<u8>) {
        let scheme = SignatureScheme::ED25519;
        let public = SigningKey::from_bytes(&seed).verifying_key().to_bytes();
        let signature = Suite.sign(scheme, &data, &seed).unwrap();
        prop_assert_eq!(&signature, &other().sign(scheme, &data, &seed).unwrap());
        prop_assert!(Suite.verify_signature(scheme, &data, &public, &signature).is_ok());
        let mut wrong = signature;
        wrong[3] ^= 1;
        prop_assert!(Suite.verify_signature(scheme, &data, &public, &wrong).is_err());
    }
}

#[test]
fn knows_one_suite_only() {
    assert_eq!(Suite.supported_ciphersuites(), [SUITE]);
    for suite in other().supported_ciphersuites() {
        assert_eq!(Suite.supports(suite).is_ok(), suite == SUITE, "{suite:?}");
        let config = suite.hpke_config();
        let ours = (config.0, config.1, config.2) == (CONFIG.0, CONFIG.1, CONFIG.2);
        assert_eq!(Suite.derive_hpke_keypair(config, &[1; 32]).is_ok(), ours, "{suite:?}");
    }
    for hash in [HashType::Sha2_256, HashType::Sha2_512] {
        assert_eq!(Suite.hash(hash, b"").unwrap_err(), CryptoError::UnsupportedHashAlgorithm);
        assert!(Suite.hmac(hash, b"", b"").is_err());
        assert!(Suite.hkdf_extract(hash, b"", b"").is_err());
        assert!(Suite.hkdf_expand(hash, &[0; 64], b"", 1).is_err());
    }
    for aead in [AeadType::Aes128Gcm, AeadType::ChaCha20Poly1305] {
        assert!(Suite.aead_encrypt(aead, &[0; 32], b"", &[0; 12], b"").is_err());
        assert!(Suite.aead_decrypt(aead, &[0; 32], &[0; 16], &[0; 12], b"").is_err());
    }
    for scheme in [SignatureScheme::ECDSA_SECP256R1_SHA256, SignatureScheme::MLDSA65] {
        assert!(Suite.sign(scheme, b"", &[0; 32]).is_err());
        assert!(Suite.verify_signature(scheme, b"", &[0; 32], &[0; 64]).is_err());
    }
    assert!(Suite.signature_key_gen(SignatureScheme::ED25519).is_err(), "keys are made from an argument");
}

#[test]
fn wrong_lengths_are_errors() {
    let pair = Suite.derive_hpke_keypair(CONFIG, &[7; 32]).unwrap();
    let sealed = Suite.hpke_seal(CONFIG, &pair.public, b"", b"", b"plain").unwrap();
    assert!(Suite.hpke_seal(CONFIG, &pair.public[1..], b"", b"", b"").is_err());
    assert!(Suite.hpke_open(CONFIG, &sealed, &pair.private[1..], b"", b"").is_err());
    for length in [0, 1, 1119] {
        let cut = HpkeCiphertext {
            kem_output: sealed.kem_output.as_slice()[..length].into(),
            ciphertext: sealed.ciphertext.clone(),
        };
        assert!(Suite.hpke_open(CONFIG, &cut, &pair.private, b"", b"").is_err());
    }
    let short = HpkeCiphertext { kem_output: sealed.kem_output.clone(), ciphertext: vec![0; 15].into() };
    assert!(Suite.hpke_open(CONFIG, &short, &pair.private, b"", b"").is_err());
    assert!(Suite.aead_encrypt(AeadType::Aes256Gcm, &[0; 31], b"", &[0; 12], b"").is_err());
    assert!(Suite.aead_encrypt(AeadType::Aes256Gcm, &[0; 32], b"", &[0; 11], b"").is_err());
    assert!(Suite.aead_decrypt(AeadType::Aes256Gcm, &[0; 32], &[0; 15], &[0; 12], b"").is_err());
    assert!(Suite.hkdf_expand(HashType::Sha2_384, &[0; 48], b"", 255 * 48 + 1).is_err());
    assert!(Suite.hkdf_expand(HashType::Sha2_384, &[0; 47], b"", 1).is_err());
    assert!(Suite.verify_signature(SignatureScheme::ED25519, b"", &[0; 31], &[0; 64]).is_err());
    assert!(Suite.verify_signature(SignatureScheme::ED25519, b"", &[0; 32], &[0; 63]).is_err());
}

#[test]
fn randomness_is_not_the_same_twice() {
    let a: [u8; 32] = Suite.random_array().unwrap();
    assert_ne!(a, Suite.random_array().unwrap());
    assert_ne!(Suite.random_vec(32).unwrap(), Suite.random_vec(32).unwrap());
    let pair = Suite.derive_hpke_keypair(CONFIG, &[7; 32]).unwrap();
    let seal = || Suite.hpke_seal(CONFIG, &pair.public, b"", b"", b"").unwrap();
    assert_ne!(seal().kem_output, seal().kem_output);
}
