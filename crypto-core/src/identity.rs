//! Identity keys: one Ed25519 key per account signs its MLS leaf and its messages.

use ed25519_dalek::{SigningKey, VerifyingKey};
use rand_core::CryptoRngCore;
use zeroize::{Zeroize, Zeroizing};

use crate::codec::{cbor_byte_string, short_hex};
use crate::ids::AccountId;
use crate::label::hash;

/// Secret half of an identity (`IK`): an Ed25519 key of RFC 8032, boxed and wiped on drop.
#[derive(Clone)]
pub struct IdentityKey(Box<SigningKey>);

impl IdentityKey {
    /// A fresh random key.
    pub fn generate(rng: &mut dyn CryptoRngCore) -> Self {
        let mut seed = Zeroizing::new([0; 32]);
        rng.fill_bytes(&mut seed[..]);
        Self(Box::new(SigningKey::from_bytes(&seed)))
    }

    /// The key of a seed of 32 bytes (the "private key" of RFC 8032 section 5.1.5).
    pub fn from_seed(mut seed: [u8; 32]) -> Self {
        let key = Self(Box::new(SigningKey::from_bytes(&seed)));
        seed.zeroize();
        key
    }

    /// The public half.
    pub fn public(&self) -> IdentityPublicKey {
        IdentityPublicKey(self.0.verifying_key().to_bytes())
    }

    /// Signs `content` for the purpose `label`, framed as SignContent of RFC 9420 section 5.1.2 with `label` taken
    /// literally: it lacks the "MLS 1.0 " prefix, so no signature made here passes for one inside MLS.
    pub fn sign(&self, label: &str, content: &[u8]) -> Signature {
        use ed25519_dalek::Signer;
        Signature(self.0.sign(&sign_content(label, content)).to_bytes())
    }

    /// The seed, for the MLS signer and the vault.
    pub(crate) fn expose_seed(&self) -> &[u8; 32] {
        self.0.as_bytes()
    }
}

impl std::fmt::Debug for IdentityKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self(_) = self;
        write!(f, "IdentityKey(public {})", short_hex(&self.public().0))
    }
}

/// Public half of an identity: 32 bytes. Any bytes can be held; those that are no key verify nothing.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IdentityPublicKey(
    /// Encoded point, RFC 8032 section 5.1.2.
    pub [u8; 32],
);

impl IdentityPublicKey {
    /// The bytes, without their CBOR frame.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Checks a signature of [`IdentityKey::sign`], strictly: keys and `R` of small order and non-canonical
    /// scalars are refused, so one signature never holds for two contents or in two encodings.
    ///
    /// # Errors
    /// [`VerifyError`] when the signature does not hold.
    pub fn verify(&self, label: &str, content: &[u8], signature: &Signature) -> Result<(), VerifyError> {
        self.verify_framed(&sign_content(label, content), signature)
    }

    /// Ed25519 of RFC 8032 itself, strictly.
    pub(crate) fn verify_framed(&self, framed: &[u8], signature: &Signature) -> Result<(), VerifyError> {
        let key = VerifyingKey::from_bytes(&self.0).map_err(|_| VerifyError)?;
        let signature = ed25519_dalek::Signature::from_bytes(&signature.0);
        key.verify_strict(framed, &signature).map_err(|_| VerifyError)
    }
}

impl From<[u8; 32]> for IdentityPublicKey {
    fn from(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
}

impl std::fmt::Debug for IdentityPublicKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "IdentityPublicKey({})", short_hex(&self.0))
    }
}

/// An Ed25519 signature: 64 bytes, `R | S`.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Signature(
    /// RFC 8032 section 5.1.6.
    pub [u8; 64],
);

impl std::fmt::Debug for Signature {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Signature({})", short_hex(&self.0))
    }
}

cbor_byte_string!(IdentityPublicKey, 32);
cbor_byte_string!(Signature, 64);

/// The signature does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the signature does not hold")]
pub struct VerifyError;

/// What people compare to verify each other: 32 bytes over account id and public identity key.
pub fn fingerprint(account: &AccountId, key: &IdentityPublicKey) -> [u8; 32] {
    hash("Waxwing 1 fingerprint", &[account.as_bytes(), key.as_bytes()])
}

/// SignContent of RFC 9420 section 5.1.2: `opaque label<V>; opaque content<V>`.
fn sign_content(label: &str, content: &[u8]) -> Vec<u8> {
    let size = label.len().saturating_add(content.len()).saturating_add(16);
    let mut out = Vec::with_capacity(size);
    for part in [label.as_bytes(), content] {
        put_vector_len(&mut out, part.len());
        out.extend_from_slice(part);
    }
    out
}

/// Variable-size vector length of RFC 9420 section 2.1.2: the two top bits say how many bytes it takes.
fn put_vector_len(out: &mut Vec<u8>, len: usize) {
    let len = u64::try_from(len).unwrap_or(u64::MAX);
    match (u8::try_from(len), u16::try_from(len), u32::try_from(len)) {
        (Ok(short), ..) if short < 0x40 => out.push(short),
        (_, Ok(medium), _) if medium < 0x4000 => out.extend_from_slice(&(0x4000 | medium).to_be_bytes()),
        (.., Ok(long)) if long < 0x4000_0000 => out.extend_from_slice(&(0x8000_0000 | long).to_be_bytes()),
        // RFC 9420 ends at 2^30 - 1 and no caller comes near; the fourth form of QUIC (RFC 9000 section 16) keeps
        // the frame unambiguous rather than panicking.
        _ => out.extend_from_slice(&(0xc000_0000_0000_0000 | len).to_be_bytes()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> IdentityKey {
        IdentityKey::from_seed([7; 32])
    }

    #[test]
    fn debug_shows_the_public_key_only() {
        assert_eq!(format!("{:?}", key()), "IdentityKey(public ea4a6c63…)");
    }

    #[test]
    fn verifies_only_the_same_label_content_and_key() {
        let signature = key().sign("Waxwing 1 message", b"content");
        let public = key().public();
        assert_eq!(public.verify("Waxwing 1 message", b"content", &signature), Ok(()));
        assert!(public.verify("Waxwing 1 messag", b"econtent", &signature).is_err());
        assert!(public.verify("Waxwing 1 message", b"conten", &signature).is_err());
        let other = IdentityKey::from_seed([8; 32]).public();
        assert!(other.verify("Waxwing 1 message", b"content", &signature).is_err());
        for at in 0..64 {
            let mut changed = signature;
            changed.0[at] ^= 1;
            assert!(public.verify("Waxwing 1 message", b"content", &changed).is_err(), "byte {at}");
        }
    }

    #[test]
    fn refuses_keys_of_small_order() {
        // With the neutral element as key, R neutral and S = 0, a lax verifier accepts any content.
        let mut neutral = [0; 32];
        neutral[0] = 1;
        let mut signature = [0; 64];
        signature[0] = 1;
        assert!(IdentityPublicKey(neutral).verify("l", b"any", &Signature(signature)).is_err());
        assert!(IdentityPublicKey([0xff; 32]).verify("l", b"any", &Signature(signature)).is_err());
    }

    #[test]
    fn frames_as_tls_presentation_language_does() {
        for len in [0usize, 1, 63, 64, 16_383, 16_384, 70_000] {
            let content = vec![5; len];
            use tls_codec::Serialize;
            let mut expected = tls_codec::VLBytes::new(b"label".to_vec()).tls_serialize_detached().unwrap();
            expected.extend(tls_codec::VLBytes::new(content.clone()).tls_serialize_detached().unwrap());
            assert_eq!(sign_content("label", &content), expected, "{len}");
        }
    }

    #[test]
    fn fingerprints_bind_account_and_key() {
        let public = key().public();
        let one = fingerprint(&AccountId([1; 16]), &public);
        assert_ne!(one, fingerprint(&AccountId([2; 16]), &public));
        assert_ne!(one, fingerprint(&AccountId([1; 16]), &IdentityKey::from_seed([8; 32]).public()));
    }
}
