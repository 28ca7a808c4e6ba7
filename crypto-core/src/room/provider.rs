//! What openmls is driven with: our suite, our storage, and the identity key as signer.

use openmls::prelude::{BasicCredential, Credential, CredentialWithKey};
use openmls_traits::{
    OpenMlsProvider,
    signatures::{Signer, SignerError},
    types::SignatureScheme,
};

use super::storage::GroupStorage;
use crate::{
    identity::{IdentityKey, IdentityPublicKey},
    ids::AccountId,
    suite::Suite,
};

pub(crate) use crate::suite::SUITE;

/// One group's storage with the crypto that works on it.
#[derive(Debug, Default)]
pub(crate) struct Provider {
    crypto: Suite,
    storage: GroupStorage,
}

impl Provider {
    pub(crate) fn with(storage: GroupStorage) -> Self {
        Self { crypto: Suite, storage }
    }

    /// A provider over a copy of the storage.
    pub(crate) fn copy(&self) -> Self {
        Self::with(self.storage.clone())
    }
}

impl OpenMlsProvider for Provider {
    type CryptoProvider = Suite;
    type RandProvider = Suite;
    type StorageProvider = GroupStorage;

    fn storage(&self) -> &GroupStorage {
        &self.storage
    }
    fn crypto(&self) -> &Suite {
        &self.crypto
    }
    fn rand(&self) -> &Suite {
        &self.crypto
    }
}

impl Signer for IdentityKey {
    /// Signs a whole SignContent that openmls has framed with an "MLS 1.0 " label, which no label of ours begins with.
    fn sign(&self, payload: &[u8]) -> Result<Vec<u8>, SignerError> {
        use ed25519_dalek::Signer as _;
        let key = ed25519_dalek::SigningKey::from_bytes(self.expose_seed());
        Ok(key.sign(payload).to_bytes().to_vec())
    }
    fn signature_scheme(&self) -> SignatureScheme {
        SignatureScheme::ED25519
    }
}

/// The MLS credential of an account: its id, and nothing else.
pub(crate) fn credential(account: AccountId, identity: IdentityPublicKey) -> CredentialWithKey {
    CredentialWithKey {
        credential: BasicCredential::new(account.as_bytes().to_vec()).into(),
        signature_key: identity.0.to_vec().into(),
    }
}

/// The account that a credential names, when it is one of ours.
pub(crate) fn account_of(credential: &Credential) -> Option<AccountId> {
    let basic = BasicCredential::try_from(credential.clone()).ok()?;
    <[u8; 16]>::try_from(basic.identity()).ok().map(AccountId)
}
