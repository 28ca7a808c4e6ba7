//! What HPKE is made of, as `hpke-rs` asks for it: X-Wing, HKDF-SHA-384, AES-256-GCM, and nothing else.

use std::convert::Infallible;

use aes_gcm::{
    Aes256Gcm,
    aead::{Aead, KeyInit, Payload},
};
use getrandom_04::{
    SysRng,
    rand_core::{TryCryptoRng, TryRng, UnwrapErr},
};
use hkdf::Hkdf;
use hpke_rs_crypto::{
    HpkeCrypto, HpkeTestRng,
    error::Error,
    types::{AeadAlgorithm, KdfAlgorithm, KemAlgorithm},
};
use sha2::Sha384;
use x_wing::{Decapsulate as _, DecapsulationKey, Decapsulator as _, EncapsulationKey, KeyExport as _};
use zeroize::{Zeroize, Zeroizing};

/// HKDF-Expand with SHA-384 (RFC 5869 section 2.3); nothing when key or length are out of range.
pub(super) fn expand(prk: &[u8], info: &[u8], length: usize) -> Option<Vec<u8>> {
    let hkdf = Hkdf::<Sha384>::from_prk(prk).ok()?;
    // Checked before memory is spent: 255 blocks are the most that HKDF gives.
    (length <= 255 * 48).then_some(())?;
    let mut out = vec![0; length];
    hkdf.expand(info, &mut out).ok()?;
    Some(out)
}

/// The parts.
#[derive(Debug)]
pub(super) struct Parts;

fn xwing(kem: KemAlgorithm) -> Result<(), Error> {
    if kem == KemAlgorithm::XWingDraft06 { Ok(()) } else { Err(Error::UnknownKemAlgorithm) }
}

fn sha384(kdf: KdfAlgorithm) -> Result<(), Error> {
    if kdf == KdfAlgorithm::HkdfSha384 { Ok(()) } else { Err(Error::UnknownKdfAlgorithm) }
}

fn cipher(aead: AeadAlgorithm, key: &[u8], nonce: &[u8]) -> Result<Aes256Gcm, Error> {
    if aead != AeadAlgorithm::Aes256Gcm {
        return Err(Error::UnknownAeadAlgorithm);
    }
    if nonce.len() != super::NONCE_BYTES {
        return Err(Error::AeadInvalidNonce);
    }
    Aes256Gcm::new_from_slice(key).map_err(|_| Error::AeadInvalidCiphertext)
}

/// The key of a seed of 32 bytes.
fn private(seed: &[u8]) -> Result<DecapsulationKey, Error> {
    let seed = Zeroizing::new(<[u8; 32]>::try_from(seed).map_err(|_| Error::KemInvalidSecretKey)?);
    Ok(DecapsulationKey::from(*seed))
}

fn random<const N: usize>() -> Result<Zeroizing<[u8; N]>, Error> {
    let mut out = Zeroizing::new([0; N]);
    getrandom_04::fill(&mut out[..]).map_err(|_| Error::InsufficientRandomness)?;
    Ok(out)
}

impl HpkeCrypto for Parts {
    type HpkePrng = Prng;

    fn name() -> String {
        "Waxwing suite".to_owned()
    }

    fn supports_kdf(kdf: KdfAlgorithm) -> Result<(), Error> {
        sha384(kdf)
    }

    fn supports_kem(kem: KemAlgorithm) -> Result<(), Error> {
        xwing(kem)
    }

    fn supports_aead(aead: AeadAlgorithm) -> Result<(), Error> {
        if aead == AeadAlgorithm::Aes256Gcm { Ok(()) } else { Err(Error::UnknownAeadAlgorithm) }
    }

    fn prng() -> Prng {
        Prng(UnwrapErr(SysRng))
    }

    fn kdf_extract(kdf: KdfAlgorithm, salt: &[u8], ikm: &[u8]) -> Result<Vec<u8>, Error> {
        sha384(kdf)?;
        Ok(Hkdf::<Sha384>::extract(Some(salt), ikm).0.to_vec())
    }

    fn kdf_expand(kdf: KdfAlgorithm, prk: &[u8], info: &[u8], size: usize) -> Result<Vec<u8>, Error> {
        sha384(kdf)?;
        expand(prk, info, size).ok_or(Error::HpkeInvalidOutputLength)
    }

    // X-Wing is a KEM of its own and is not put together from these two by HPKE.
    fn dh(_: KemAlgorithm, _: &[u8], _: &[u8]) -> Result<Vec<u8>, Error> {
        Err(Error::UnsupportedKemOperation)
    }

    fn dh_validate_sk(_: KemAlgorithm, _: &[u8]) -> Result<Vec<u8>, Error> {
        Err(Error::UnsupportedKemOperation)
    }

    fn secret_to_public(kem: KemAlgorithm, sk: &[u8]) -> Result<Vec<u8>, Error> {
        xwing(kem)?;
        Ok(private(sk)?.encapsulation_key().to_bytes().to_vec())
    }

    fn kem_key_gen(kem: KemAlgorithm, _: &mut Prng) -> Result<(Vec<u8>, Vec<u8>), Error> {
        Self::kem_key_gen_derand(kem, &random::<32>()?[..])
    }

    /// Public and private key.
    fn kem_key_gen_derand(kem: KemAlgorithm, seed: &[u8]) -> Result<(Vec<u8>, Vec<u8>), Error> {
        xwing(kem)?;
        let key = private(seed)?;
        Ok((key.encapsulation_key().to_bytes().to_vec(), key.as_bytes().to_vec()))
    }

    /// Shared secret and encapsulation.
    fn kem_encaps(kem: KemAlgorithm, pk: &[u8], _: &mut Prng) -> Result<(Vec<u8>, Vec<u8>), Error> {
        xwing(kem)?;
        let key = EncapsulationKey::try_from(pk).map_err(|_| Error::KemInvalidPublicKey)?;
        // Drawn here and not by the library, whose generator could only panic if there is no randomness.
        let randomness = random::<64>()?;
        let (ct, secret) = key.encapsulate_deterministic((&*randomness).into());
        Ok((secret.to_vec(), ct.to_vec()))
    }

    fn kem_decaps(kem: KemAlgorithm, ct: &[u8], sk: &[u8]) -> Result<Vec<u8>, Error> {
        xwing(kem)?;
        let ct = x_wing::Ciphertext::try_from(ct).map_err(|_| Error::KemInvalidCiphertext)?;
        Ok(private(sk)?.decapsulate(&ct).to_vec())
    }

    fn aead_seal(
        aead: AeadAlgorithm,
        key: &[u8],
        nonce: &[u8],
        aad: &[u8],
        msg: &[u8],
    ) -> Result<Vec<u8>, Error> {
        let sealed = cipher(aead, key, nonce)?.encrypt(nonce.into(), Payload { msg, aad });
        sealed.map_err(|_| Error::AeadInvalidCiphertext)
    }

    fn aead_open(
        aead: AeadAlgorithm,
        key: &[u8],
        nonce: &[u8],
        aad: &[u8],
        msg: &[u8],
    ) -> Result<Vec<u8>, Error> {
        let opened = cipher(aead, key, nonce)?.decrypt(nonce.into(), Payload { msg, aad });
        opened.map_err(|_| Error::AeadOpenError)
    }
}

/// A generator that `hpke-rs` wants to hold. Nothing above draws from it.
pub(super) struct Prng(UnwrapErr<SysRng>);

impl TryRng for Prng {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        self.0.try_next_u32()
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        self.0.try_next_u64()
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Infallible> {
        self.0.try_fill_bytes(out)
    }
}

impl TryCryptoRng for Prng {}

impl Zeroize for Prng {
    fn zeroize(&mut self) {
        // It has no state: the operating system's generator is behind it.
    }
}

impl HpkeTestRng for Prng {
    type Error = Infallible;

    fn try_fill_test_bytes(&mut self, out: &mut [u8]) -> Result<(), Infallible> {
        self.try_fill_bytes(out)
    }

    fn seed(&mut self, _: &[u8]) {}
}
