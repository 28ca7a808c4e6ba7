//! Sealing to a public key: HPKE (RFC 9180, base mode) with X-Wing, ML-KEM-768 and X25519 in one.
//!
//! KEM, KDF and AEAD are those of MLS suite 0x004E (X-Wing, HKDF-SHA-384, AES-256-GCM) and go through the MLS
//! crypto provider, so that one HPKE serves rooms and everything else. That provider asks the operating system for
//! randomness: [`HpkePublicKey::seal_to`] is the one call of this crate, outside of MLS, whose randomness is not an
//! argument.

use openmls_traits::crypto::OpenMlsCrypto;
use openmls_traits::types::{HpkeCiphertext, HpkeConfig};
use zeroize::Zeroizing;

use crate::codec::short_hex;
use crate::label::labelled;
use crate::secret::SymmetricKey;
use crate::suite::{SUITE, Suite};

/// Length in bytes of an X-Wing public key: ML-KEM-768 (1184) and X25519 (32).
pub const PUBLIC_KEY_BYTES: usize = 1216;
/// Length in bytes of an X-Wing encapsulation: ML-KEM-768 (1088) and X25519 (32).
pub const KEM_OUTPUT_BYTES: usize = 1120;
/// Longest plaintext in bytes: 1 MiB.
pub const MAX_PLAINTEXT_BYTES: usize = 1024 * 1024;
const TAG_BYTES: usize = 16;
/// 3 polynomials of 256 coefficients of 12 bits, in front of the rest of an ML-KEM-768 key.
const COEFFICIENT_BYTES: usize = 3 * 256 * 12 / 8;
/// `q` of ML-KEM.
const MODULUS: u16 = 3329;

/// Why HPKE failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HpkeError {
    /// Not the bytes of an X-Wing public key.
    #[error("not a public key")]
    BadPublicKey,
    /// More than [`MAX_PLAINTEXT_BYTES`].
    #[error("the content is too long to be sealed")]
    TooLong,
    /// The crypto library failed; never caused by a peer.
    #[error("the crypto library failed")]
    Library,
    /// Wrong key, label or associated data, or damaged or forged bytes: these look alike.
    #[error("could not be opened")]
    Open,
}

/// X-Wing public key: [`PUBLIC_KEY_BYTES`] bytes that passed the check of ML-KEM keys, so that sealing to it does not fail.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct HpkePublicKey(Vec<u8>);

impl HpkePublicKey {
    /// Copies a public key.
    ///
    /// # Errors
    /// [`HpkeError::BadPublicKey`] unless it has [`PUBLIC_KEY_BYTES`] bytes and every coefficient of the ML-KEM part is below the modulus
    /// (FIPS 203 section 7.2).
    pub fn from_slice(bytes: &[u8]) -> Result<Self, HpkeError> {
        let coefficients = bytes.get(..COEFFICIENT_BYTES).ok_or(HpkeError::BadPublicKey)?;
        // Two coefficients of 12 bits in three bytes, little-endian.
        let reduced = coefficients.chunks_exact(3).all(|three| match three {
            [a, b, c] => {
                let [a, b, c] = [a, b, c].map(|byte| u16::from(*byte));
                (a | (b & 0x0f) << 8) < MODULUS && (b >> 4 | c << 4) < MODULUS
            }
            _ => false,
        });
        if bytes.len() == PUBLIC_KEY_BYTES && reduced {
            Ok(Self(bytes.to_vec()))
        } else {
            Err(HpkeError::BadPublicKey)
        }
    }

    /// The bytes, without their CBOR frame.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Seals `plaintext` to the holder of the private key, for the purpose `label`, bound to `aad`. The result is
    /// `length of kem (u16 big-endian) | kem | ct`; its length shows that of the plaintext.
    ///
    /// # Errors
    /// [`HpkeError::TooLong`]; [`HpkeError::Library`] when the crypto library fails.
    pub fn seal_to(&self, label: &str, aad: &[u8], plaintext: &[u8]) -> Result<Vec<u8>, HpkeError> {
        if plaintext.len() > MAX_PLAINTEXT_BYTES {
            return Err(HpkeError::TooLong);
        }
        let sealed = Suite
            .hpke_seal(config(), &self.0, &labelled(label, &[]), aad, plaintext)
            .map_err(|_| HpkeError::Library)?;
        let (kem, ct) = (sealed.kem_output.as_slice(), sealed.ciphertext.as_slice());
        let kem_len = u16::try_from(kem.len()).map_err(|_| HpkeError::Library)?;
        Ok([&kem_len.to_be_bytes(), kem, ct].concat())
    }
}

impl std::fmt::Debug for HpkePublicKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "HpkePublicKey({})", short_hex(&self.0))
    }
}

impl<C> minicbor::Encode<C> for HpkePublicKey {
    fn encode<W: minicbor::encode::Write>(
        &self,
        e: &mut minicbor::Encoder<W>,
        _: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        e.bytes(&self.0)?.ok()
    }
}

impl<'b, C> minicbor::Decode<'b, C> for HpkePublicKey {
    fn decode(d: &mut minicbor::Decoder<'b>, _: &mut C) -> Result<Self, minicbor::decode::Error> {
        let at = d.position();
        Self::from_slice(d.bytes()?)
            .map_err(|_| minicbor::decode::Error::message("not an X-Wing public key").at(at))
    }
}

/// X-Wing private key: the 32-byte seed both halves are expanded from, wiped on drop.
#[derive(Clone)]
pub struct HpkePrivateKey {
    secret: SymmetricKey,
    public: HpkePublicKey,
}

impl HpkePrivateKey {
    /// DeriveKeyPair of RFC 9180 section 7.1.3 as X-Wing defines it: the same seed always gives the same key.
    ///
    /// # Errors
    /// [`HpkeError::Library`]; not with the library in use.
    pub fn from_seed(seed: &SymmetricKey) -> Result<Self, HpkeError> {
        let pair = Suite.derive_hpke_keypair(config(), seed.expose()).map_err(|_| HpkeError::Library)?;
        let secret = SymmetricKey::try_from_slice(&pair.private).ok_or(HpkeError::Library)?;
        Ok(Self { secret, public: HpkePublicKey::from_slice(&pair.public)? })
    }

    /// The public half.
    pub fn public(&self) -> &HpkePublicKey {
        &self.public
    }

    /// Opens what [`HpkePublicKey::seal_to`] made for this key with the same `label` and `aad`.
    ///
    /// # Errors
    /// [`HpkeError::Open`] for everything else.
    pub fn open(&self, label: &str, aad: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, HpkeError> {
        let input = split(sealed).ok_or(HpkeError::Open)?;
        Suite
            .hpke_open(config(), &input, self.secret.expose(), &labelled(label, &[]), aad)
            .map(Zeroizing::new)
            .map_err(|_| HpkeError::Open)
    }
}

impl std::fmt::Debug for HpkePrivateKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { secret: _, public } = self;
        write!(f, "HpkePrivateKey(public {})", short_hex(&public.0))
    }
}

fn config() -> HpkeConfig {
    SUITE.hpke_config()
}

fn split(sealed: &[u8]) -> Option<HpkeCiphertext> {
    let (kem_len, rest) = sealed.split_first_chunk::<2>()?;
    let (kem, ct) = rest.split_at_checked(u16::from_be_bytes(*kem_len).into())?;
    let fits = kem.len() == KEM_OUTPUT_BYTES && ct.len() <= MAX_PLAINTEXT_BYTES.checked_add(TAG_BYTES)?;
    fits.then(|| HpkeCiphertext { kem_output: kem.into(), ciphertext: ct.into() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(byte: u8) -> HpkePrivateKey {
        HpkePrivateKey::from_seed(&SymmetricKey::from_bytes([byte; 32])).unwrap()
    }

    #[test]
    fn opens_only_with_the_same_key_label_and_aad() {
        let sealed = key(1).public().seal_to("Waxwing 1 test", b"aad", b"plaintext").unwrap();
        assert_eq!(sealed.len(), 2 + KEM_OUTPUT_BYTES + 9 + TAG_BYTES);
        assert_eq!(key(1).open("Waxwing 1 test", b"aad", &sealed).unwrap().as_slice(), b"plaintext");
        assert_eq!(key(2).open("Waxwing 1 test", b"aad", &sealed), Err(HpkeError::Open));
        assert_eq!(key(1).open("Waxwing 1 tesT", b"aad", &sealed), Err(HpkeError::Open));
        assert_eq!(key(1).open("Waxwing 1 test", b"aaD", &sealed), Err(HpkeError::Open));
        for at in [0, 1, 2, 600, 1090, 1121, 1122, sealed.len() - 1] {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert_eq!(key(1).open("Waxwing 1 test", b"aad", &changed), Err(HpkeError::Open), "byte {at}");
        }
        for len in [0, 1, 2, 1121, 1122, 1137, sealed.len() - 1] {
            assert_eq!(key(1).open("Waxwing 1 test", b"aad", &sealed[..len]), Err(HpkeError::Open), "{len}");
        }
    }

    #[test]
    fn debug_shows_the_public_key_only() {
        let key = key(1);
        assert_eq!(
            format!("{key:?}"),
            format!("HpkePrivateKey(public {})", short_hex(key.public().as_bytes()))
        );
    }

    #[test]
    fn refuses_keys_of_another_length_and_invalid_ones() {
        let encoded = |bytes: Vec<u8>| minicbor::to_vec(minicbor::bytes::ByteVec::from(bytes)).unwrap();
        assert!(minicbor::decode::<HpkePublicKey>(&encoded(vec![0; PUBLIC_KEY_BYTES - 1])).is_err());
        let public = key(1).public().clone();
        assert_eq!(minicbor::decode::<HpkePublicKey>(&minicbor::to_vec(&public).unwrap()).unwrap(), public);
        // A coefficient of exactly the modulus, in either half of three bytes; the library must refuse the same keys.
        for (at, patch) in [(0, [0x01, 0x0d]), (1, [0x10, 0xd0]), (1150, [0x10, 0xd0])] {
            let mut bytes = public.as_bytes().to_vec();
            bytes[at] = bytes[at] & if at == 0 { 0 } else { 0x0f } | patch[0];
            bytes[at + 1] = bytes[at + 1] & if at == 0 { 0xf0 } else { 0 } | patch[1];
            assert_eq!(HpkePublicKey::from_slice(&bytes), Err(HpkeError::BadPublicKey), "{at}");
            assert_eq!(HpkePublicKey(bytes.clone()).seal_to("l", b"", b"p"), Err(HpkeError::Library), "{at}");
            // One less is a coefficient.
            bytes[at] -= if at == 0 { 1 } else { 0x10 };
            assert!(HpkePublicKey::from_slice(&bytes).unwrap().seal_to("l", b"", b"p").is_ok(), "{at}");
        }
    }

    #[test]
    fn the_limit_is_exact() {
        let public = key(1).public().clone();
        let longest = vec![0; MAX_PLAINTEXT_BYTES];
        let sealed = public.seal_to("l", b"", &longest).unwrap();
        assert_eq!(key(1).open("l", b"", &sealed).unwrap().len(), MAX_PLAINTEXT_BYTES);
        assert_eq!(public.seal_to("l", b"", &vec![0; MAX_PLAINTEXT_BYTES + 1]), Err(HpkeError::TooLong));
    }
}
