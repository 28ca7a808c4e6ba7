//! Secret symmetric keys.

use hkdf::Hkdf;
use rand_core::CryptoRngCore;
use sha2::Sha256;
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, Zeroizing};

use crate::label::labelled;

/// A secret key of 32 bytes: boxed so that moving it leaves no copies, wiped on drop, never shown by `Debug`,
/// compared in constant time.
#[derive(Clone)]
pub struct SymmetricKey(Box<Zeroizing<[u8; 32]>>);

impl SymmetricKey {
    /// Takes the bytes of a key. The argument is a copy; wipe the original where it is not needed any more.
    pub fn from_bytes(mut bytes: [u8; 32]) -> Self {
        let mut key = Self::zero();
        key.0.copy_from_slice(&bytes);
        bytes.zeroize();
        key
    }

    /// Copies a key of exactly 32 bytes; `None` for any other length.
    pub fn try_from_slice(bytes: &[u8]) -> Option<Self> {
        if bytes.len() != 32 {
            return None;
        }
        let mut key = Self::zero();
        key.0.copy_from_slice(bytes);
        Some(key)
    }

    /// A fresh random key.
    pub fn random(rng: &mut dyn CryptoRngCore) -> Self {
        let mut key = Self::zero();
        rng.fill_bytes(&mut key.0[..]);
        key
    }

    /// The secret bytes. Every caller is a place to audit.
    pub fn expose(&self) -> &[u8; 32] {
        &self.0
    }

    /// A key for one purpose: HKDF-SHA-256 (RFC 5869) with this key as input, an empty salt and
    /// `L(label, fields)` as info; 32 bytes. Nothing about `self` can be learnt from the result.
    pub fn derive(&self, label: &str, fields: &[&[u8]]) -> SymmetricKey {
        let mut key = Self::zero();
        hkdf_sha256(&[], self.expose(), &labelled(label, fields), &mut key.0[..]);
        key
    }

    fn zero() -> Self {
        Self(Box::new(Zeroizing::new([0; 32])))
    }
}

/// HKDF-SHA-256 into `out`, which is at most 255 * 32 bytes.
pub(crate) fn hkdf_sha256(salt: &[u8], ikm: &[u8], info: &[u8], out: &mut [u8]) {
    let result = Hkdf::<Sha256>::new(Some(salt), ikm).expand(info, out);
    // The only error is an output beyond 8160 bytes, and every caller asks for a constant of at most 64.
    debug_assert!(result.is_ok());
}

impl PartialEq for SymmetricKey {
    fn eq(&self, other: &Self) -> bool {
        self.expose().ct_eq(other.expose()).into()
    }
}

impl Eq for SymmetricKey {}

impl std::fmt::Debug for SymmetricKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self(_) = self;
        f.write_str("SymmetricKey(..)")
    }
}

impl<C> minicbor::Encode<C> for SymmetricKey {
    fn encode<W: minicbor::encode::Write>(
        &self,
        e: &mut minicbor::Encoder<W>,
        _: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        e.bytes(self.expose())?.ok()
    }
}

impl<'b, C> minicbor::Decode<'b, C> for SymmetricKey {
    fn decode(d: &mut minicbor::Decoder<'b>, _: &mut C) -> Result<Self, minicbor::decode::Error> {
        let at = d.position();
        Self::try_from_slice(d.bytes()?)
            .ok_or_else(|| minicbor::decode::Error::message("a key has 32 bytes").at(at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_nothing() {
        assert_eq!(format!("{:?}", SymmetricKey::from_bytes([0x41; 32])), "SymmetricKey(..)");
    }

    #[test]
    fn derives_like_hkdf_of_rfc_5869() {
        // Computed independently from HMAC-SHA-256: extract under a zero salt, then one block of expand.
        use hmac::{Hmac, KeyInit, Mac};
        let mac = |key: &[u8], data: &[u8]| -> Vec<u8> {
            let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
            mac.update(data);
            mac.finalize().into_bytes().to_vec()
        };
        let key = SymmetricKey::from_bytes([9; 32]);
        let prk = mac(&[0; 32], key.expose());
        let mut block = labelled("label", &[b"x"]);
        block.push(1);
        assert_eq!(key.derive("label", &[b"x"]).expose().as_slice(), mac(&prk, &block));
    }

    #[test]
    fn different_purposes_give_different_keys() {
        let key = SymmetricKey::from_bytes([1; 32]);
        assert_ne!(key.derive("a", &[]), key.derive("b", &[]));
        assert_ne!(key.derive("a", &[b"1"]), key.derive("a", &[b"2"]));
        assert_eq!(key.derive("a", &[b"1"]), key.derive("a", &[b"1"]));
    }

    #[test]
    fn only_32_bytes_are_a_key() {
        assert!(SymmetricKey::try_from_slice(&[0; 31]).is_none());
        assert!(SymmetricKey::try_from_slice(&[0; 33]).is_none());
        let key = SymmetricKey::from_bytes([3; 32]);
        let bytes = minicbor::to_vec(&key).unwrap();
        assert_eq!(minicbor::decode::<SymmetricKey>(&bytes).unwrap(), key);
        assert!(
            minicbor::decode::<SymmetricKey>(
                &minicbor::to_vec(minicbor::bytes::ByteVec::from(vec![0; 31])).unwrap()
            )
            .is_err()
        );
    }
}
