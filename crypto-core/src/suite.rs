//! The one cipher suite, for openmls and HPKE: X-Wing, HKDF-SHA-384, AES-256-GCM, Ed25519 (MLS suite 0x004E).
//!
//! openmls asks its crypto provider for algorithms by name. This provider knows those of our suite and refuses every other: there is
//! nothing to negotiate, to downgrade to, or to audit besides. It puts no cryptography of its own together; each primitive is a
//! call into a library, and HPKE (RFC 9180) itself is `hpke-rs`.
//!
//! Randomness for MLS and HPKE is asked of the operating system each time, because openmls has no argument for it.

mod hpke_parts;

use aes_gcm::{
    Aes256Gcm,
    aead::{Aead, KeyInit, Payload},
};
use ed25519_dalek::{SigningKey, VerifyingKey};
use hkdf::Hkdf;
use hmac::{Hmac, KeyInit as _, Mac};
use hpke_rs::Hpke;
use hpke_rs_crypto::types::{AeadAlgorithm, KdfAlgorithm, KemAlgorithm};
use openmls_traits::{
    crypto::OpenMlsCrypto,
    random::OpenMlsRand,
    types::{
        AeadType, Ciphersuite, CryptoError, ExporterSecret, HashType, HpkeAeadType, HpkeCiphertext,
        HpkeConfig, HpkeKdfType, HpkeKemType, HpkeKeyPair, KemOutput, SignatureScheme,
    },
};
use sha2::{Digest as _, Sha384};
use tls_codec::SecretVLBytes;
use zeroize::Zeroizing;

use hpke_parts::Parts;

/// X-Wing (ML-KEM-768 with X25519), AES-256-GCM, SHA-384, Ed25519; draft-ietf-mls-pq-ciphersuites, 0x004E.
pub(crate) const SUITE: Ciphersuite = Ciphersuite::MLS_128_MLKEM768X25519_AES256GCM_SHA384_Ed25519;
/// Bytes of an AES-GCM nonce.
const NONCE_BYTES: usize = 12;

/// The suite as openmls asks for it. It holds nothing.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Suite;

/// The operating system gave no randomness.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the operating system gave no randomness")]
pub(crate) struct NoRandomness;

fn only<T: PartialEq>(asked: T, ours: T, error: CryptoError) -> Result<(), CryptoError> {
    if asked == ours { Ok(()) } else { Err(error) }
}

fn only_sha384(hash: HashType) -> Result<(), CryptoError> {
    only(hash, HashType::Sha2_384, CryptoError::UnsupportedHashAlgorithm)
}

fn only_ed25519(scheme: SignatureScheme) -> Result<(), CryptoError> {
    only(scheme, SignatureScheme::ED25519, CryptoError::UnsupportedSignatureScheme)
}

fn cipher(algorithm: AeadType, key: &[u8], nonce: &[u8]) -> Result<Aes256Gcm, CryptoError> {
    only(algorithm, AeadType::Aes256Gcm, CryptoError::UnsupportedAeadAlgorithm)?;
    if nonce.len() != NONCE_BYTES {
        return Err(CryptoError::InvalidLength);
    }
    Aes256Gcm::new_from_slice(key).map_err(|_| CryptoError::InvalidLength)
}

fn hpke(config: HpkeConfig) -> Result<Hpke<Parts>, CryptoError> {
    let HpkeConfig(kem, kdf, aead) = config;
    let ours =
        (kem, kdf, aead) == (HpkeKemType::XWingKemDraft6, HpkeKdfType::HkdfSha384, HpkeAeadType::AesGcm256);
    if !ours {
        return Err(CryptoError::UnsupportedCiphersuite);
    }
    let (kem, kdf, aead) = (KemAlgorithm::XWingDraft06, KdfAlgorithm::HkdfSha384, AeadAlgorithm::Aes256Gcm);
    Ok(Hpke::new(hpke_rs::Mode::Base, kem, kdf, aead))
}

impl OpenMlsCrypto for Suite {
    fn supports(&self, suite: Ciphersuite) -> Result<(), CryptoError> {
        only(suite, SUITE, CryptoError::UnsupportedCiphersuite)
    }

    fn supported_ciphersuites(&self) -> Vec<Ciphersuite> {
        vec![SUITE]
    }

    fn hkdf_extract(&self, hash: HashType, salt: &[u8], ikm: &[u8]) -> Result<SecretVLBytes, CryptoError> {
        only_sha384(hash)?;
        Ok(Hkdf::<Sha384>::extract(Some(salt), ikm).0.as_slice().into())
    }

    fn hmac(&self, hash: HashType, key: &[u8], message: &[u8]) -> Result<SecretVLBytes, CryptoError> {
        only_sha384(hash)?;
        let mut mac = Hmac::<Sha384>::new_from_slice(key).map_err(|_| CryptoError::InvalidLength)?;
        mac.update(message);
        Ok(mac.finalize().into_bytes().as_slice().into())
    }

    fn hkdf_expand(
        &self,
        hash: HashType,
        prk: &[u8],
        info: &[u8],
        length: usize,
    ) -> Result<SecretVLBytes, CryptoError> {
        only_sha384(hash)?;
        hpke_parts::expand(prk, info, length)
            .map(SecretVLBytes::from)
            .ok_or(CryptoError::HkdfOutputLengthInvalid)
    }

    fn hash(&self, hash: HashType, data: &[u8]) -> Result<Vec<u8>, CryptoError> {
        only_sha384(hash)?;
        Ok(Sha384::digest(data).to_vec())
    }

    fn aead_encrypt(
        &self,
        algorithm: AeadType,
        key: &[u8],
        data: &[u8],
        nonce: &[u8],
        aad: &[u8],
    ) -> Result<Vec<u8>, CryptoError> {
        cipher(algorithm, key, nonce)?
            .encrypt(nonce.into(), Payload { msg: data, aad })
            .map_err(|_| CryptoError::CryptoLibraryError)
    }

    fn aead_decrypt(
        &self,
        algorithm: AeadType,
        key: &[u8],
        ct_tag: &[u8],
        nonce: &[u8],
        aad: &[u8],
    ) -> Result<Vec<u8>, CryptoError> {
        cipher(algorithm, key, nonce)?
            .decrypt(nonce.into(), Payload { msg: ct_tag, aad })
            .map_err(|_| CryptoError::AeadDecryptionError)
    }

    /// Identity keys are made elsewhere, from randomness that is an argument.
    fn signature_key_gen(&self, _: SignatureScheme) -> Result<(Vec<u8>, Vec<u8>), CryptoError> {
        Err(CryptoError::UnsupportedSignatureScheme)
    }

    fn verify_signature(
        &self,
        scheme: SignatureScheme,
        data: &[u8],
        key: &[u8],
        signature: &[u8],
    ) -> Result<(), CryptoError> {
        only_ed25519(scheme)?;
        let key = VerifyingKey::try_from(key).map_err(|_| CryptoError::InvalidPublicKey)?;
        let signature =
            ed25519_dalek::Signature::from_slice(signature).map_err(|_| CryptoError::InvalidSignature)?;
        key.verify_strict(data, &signature).map_err(|_| CryptoError::InvalidSignature)
    }

    fn sign(&self, scheme: SignatureScheme, data: &[u8], key: &[u8]) -> Result<Vec<u8>, CryptoError> {
        use ed25519_dalek::Signer as _;
        only_ed25519(scheme)?;
        let key = SigningKey::try_from(key).map_err(|_| CryptoError::InvalidLength)?;
        Ok(key.sign(data).to_bytes().to_vec())
    }

    fn hpke_seal(
        &self,
        config: HpkeConfig,
        public: &[u8],
        info: &[u8],
        aad: &[u8],
        plaintext: &[u8],
    ) -> Result<HpkeCiphertext, CryptoError> {
        let (kem_output, ciphertext) = hpke(config)?
            .seal(&public.into(), info, aad, plaintext, None, None, None)
            .map_err(|_| CryptoError::HpkeEncryptionError)?;
        Ok(HpkeCiphertext { kem_output: kem_output.into(), ciphertext: ciphertext.into() })
    }

    fn hpke_open(
        &self,
        config: HpkeConfig,
        input: &HpkeCiphertext,
        private: &[u8],
        info: &[u8],
        aad: &[u8],
    ) -> Result<Vec<u8>, CryptoError> {
        let (kem, ct) = (input.kem_output.as_slice(), input.ciphertext.as_slice());
        hpke(config)?
            .open(kem, &private.into(), info, aad, ct, None, None, None)
            .map_err(|_| CryptoError::HpkeDecryptionError)
    }

    fn hpke_setup_sender_and_export(
        &self,
        config: HpkeConfig,
        public: &[u8],
        info: &[u8],
        exporter_context: &[u8],
        exporter_length: usize,
    ) -> Result<(KemOutput, ExporterSecret), CryptoError> {
        let (kem_output, context) = hpke(config)?
            .setup_sender(&public.into(), info, None, None, None)
            .map_err(|_| CryptoError::SenderSetupError)?;
        let secret =
            context.export(exporter_context, exporter_length).map_err(|_| CryptoError::ExporterError)?;
        Ok((kem_output, secret.into()))
    }

    fn hpke_setup_receiver_and_export(
        &self,
        config: HpkeConfig,
        kem_output: &[u8],
        private: &[u8],
        info: &[u8],
        exporter_context: &[u8],
        exporter_length: usize,
    ) -> Result<ExporterSecret, CryptoError> {
        let context = hpke(config)?
            .setup_receiver(kem_output, &private.into(), info, None, None, None)
            .map_err(|_| CryptoError::ReceiverSetupError)?;
        let secret =
            context.export(exporter_context, exporter_length).map_err(|_| CryptoError::ExporterError)?;
        Ok(secret.into())
    }

    fn derive_hpke_keypair(&self, config: HpkeConfig, ikm: &[u8]) -> Result<HpkeKeyPair, CryptoError> {
        let pair = hpke(config)?.derive_key_pair(ikm).map_err(|_| CryptoError::CryptoLibraryError)?;
        let (private, public) = pair.into_keys();
        Ok(HpkeKeyPair { private: private.as_slice().into(), public: public.as_slice().into() })
    }
}

impl OpenMlsRand for Suite {
    type Error = NoRandomness;

    fn random_array<const N: usize>(&self) -> Result<[u8; N], NoRandomness> {
        let mut out = [0; N];
        getrandom_04::fill(&mut out).map_err(|_| NoRandomness)?;
        Ok(out)
    }

    fn random_vec(&self, length: usize) -> Result<Vec<u8>, NoRandomness> {
        let mut out = Zeroizing::new(vec![0; length]);
        getrandom_04::fill(&mut out).map_err(|_| NoRandomness)?;
        Ok(std::mem::take(&mut *out))
    }
}

#[cfg(test)]
mod tests;
