//! Path secrets that chosen members cannot decrypt, in a commit that is sound for everybody else.

use std::collections::BTreeSet;

use openmls::prelude::PublicGroup;
use openmls_traits::{
    crypto::OpenMlsCrypto,
    types::{
        AeadType, Ciphersuite, CryptoError, ExporterSecret, HashType, HpkeCiphertext, HpkeConfig,
        HpkeKeyPair, KemOutput, SignatureScheme,
    },
};
use tls_codec::SecretVLBytes;

use super::super::{provider::account_of, tree::first_vector};
use crate::{ids::AccountId, suite::Suite};

/// The crypto of our suite, but for one thing: what is sealed to a key of the chosen members is spoilt.
pub(super) struct ShutsOut {
    suite: Suite,
    keys: BTreeSet<Vec<u8>>,
}

impl ShutsOut {
    pub(super) fn new(group: &PublicGroup, members: &[AccountId]) -> Self {
        let tree = group.treesync();
        let mut keys = BTreeSet::new();
        for (index, leaf) in tree.full_leaves() {
            if !account_of(leaf.credential()).is_some_and(|account| members.contains(&account)) {
                continue;
            }
            keys.extend(first_vector(leaf.encryption_key()));
            let above = tree.full_parents().filter(|(parent, _)| covers(parent.u32(), index.u32()));
            keys.extend(above.filter_map(|(_, parent)| first_vector(parent)));
        }
        Self { suite: Suite, keys }
    }
}

/// Whether a parent node is above a leaf, by the array layout of RFC 9420 appendix C: a node of level k, which has k ones at its end,
/// is above 2^k nodes to either side.
fn covers(parent: u32, leaf: u32) -> bool {
    let (node, leaf) =
        (u64::from(parent).saturating_mul(2).saturating_add(1), u64::from(leaf).saturating_mul(2));
    node.abs_diff(leaf) < 1_u64.checked_shl(node.trailing_ones()).unwrap_or(u64::MAX)
}

impl OpenMlsCrypto for ShutsOut {
    fn hpke_seal(
        &self,
        config: HpkeConfig,
        pk_r: &[u8],
        info: &[u8],
        aad: &[u8],
        ptxt: &[u8],
    ) -> Result<HpkeCiphertext, CryptoError> {
        let sealed = self.suite.hpke_seal(config, pk_r, info, aad, ptxt)?;
        if !self.keys.contains(pk_r) {
            return Ok(sealed);
        }
        let mut spoilt = sealed.ciphertext.as_slice().to_vec();
        if let Some(byte) = spoilt.last_mut() {
            *byte ^= 1;
        }
        Ok(HpkeCiphertext { kem_output: sealed.kem_output, ciphertext: spoilt.into() })
    }

    fn supports(&self, ciphersuite: Ciphersuite) -> Result<(), CryptoError> {
        self.suite.supports(ciphersuite)
    }
    fn supported_ciphersuites(&self) -> Vec<Ciphersuite> {
        self.suite.supported_ciphersuites()
    }
    fn hkdf_extract(&self, hash: HashType, salt: &[u8], ikm: &[u8]) -> Result<SecretVLBytes, CryptoError> {
        self.suite.hkdf_extract(hash, salt, ikm)
    }
    fn hmac(&self, hash: HashType, key: &[u8], message: &[u8]) -> Result<SecretVLBytes, CryptoError> {
        self.suite.hmac(hash, key, message)
    }
    fn hkdf_expand(
        &self,
        hash: HashType,
        prk: &[u8],
        info: &[u8],
        okm_len: usize,
    ) -> Result<SecretVLBytes, CryptoError> {
        self.suite.hkdf_expand(hash, prk, info, okm_len)
    }
    fn hash(&self, hash: HashType, data: &[u8]) -> Result<Vec<u8>, CryptoError> {
        self.suite.hash(hash, data)
    }
    fn aead_encrypt(
        &self,
        alg: AeadType,
        key: &[u8],
        data: &[u8],
        nonce: &[u8],
        aad: &[u8],
    ) -> Result<Vec<u8>, CryptoError> {
        self.suite.aead_encrypt(alg, key, data, nonce, aad)
    }
    fn aead_decrypt(
        &self,
        alg: AeadType,
        key: &[u8],
        ct_tag: &[u8],
        nonce: &[u8],
        aad: &[u8],
    ) -> Result<Vec<u8>, CryptoError> {
        self.suite.aead_decrypt(alg, key, ct_tag, nonce, aad)
    }
    fn signature_key_gen(&self, alg: SignatureScheme) -> Result<(Vec<u8>, Vec<u8>), CryptoError> {
        self.suite.signature_key_gen(alg)
    }
    fn verify_signature(
        &self,
        alg: SignatureScheme,
        data: &[u8],
        pk: &[u8],
        signature: &[u8],
    ) -> Result<(), CryptoError> {
        self.suite.verify_signature(alg, data, pk, signature)
    }
    fn sign(&self, alg: SignatureScheme, data: &[u8], key: &[u8]) -> Result<Vec<u8>, CryptoError> {
        self.suite.sign(alg, data, key)
    }
    fn hpke_open(
        &self,
        config: HpkeConfig,
        input: &HpkeCiphertext,
        sk_r: &[u8],
        info: &[u8],
        aad: &[u8],
    ) -> Result<Vec<u8>, CryptoError> {
        self.suite.hpke_open(config, input, sk_r, info, aad)
    }
    fn hpke_setup_sender_and_export(
        &self,
        config: HpkeConfig,
        pk_r: &[u8],
        info: &[u8],
        exporter_context: &[u8],
        exporter_length: usize,
    ) -> Result<(KemOutput, ExporterSecret), CryptoError> {
        self.suite.hpke_setup_sender_and_export(config, pk_r, info, exporter_context, exporter_length)
    }
    fn hpke_setup_receiver_and_export(
        &self,
        config: HpkeConfig,
        enc: &[u8],
        sk_r: &[u8],
        info: &[u8],
        exporter_context: &[u8],
        exporter_length: usize,
    ) -> Result<ExporterSecret, CryptoError> {
        self.suite.hpke_setup_receiver_and_export(config, enc, sk_r, info, exporter_context, exporter_length)
    }
    fn derive_hpke_keypair(&self, config: HpkeConfig, ikm: &[u8]) -> Result<HpkeKeyPair, CryptoError> {
        self.suite.derive_hpke_keypair(config, ikm)
    }
}

#[cfg(test)]
mod tests {
    use super::covers;

    #[test]
    fn parents_are_above_their_leaves() {
        // Four leaves are nodes 0, 2, 4, 6; parents 1, 3, 5 have the indices 0, 1, 2.
        let above = |parent| (0..4).filter(|leaf| covers(parent, *leaf)).collect::<Vec<_>>();
        assert_eq!(above(0), [0, 1]);
        assert_eq!(above(1), [0, 1, 2, 3]);
        assert_eq!(above(2), [2, 3]);
    }
}
