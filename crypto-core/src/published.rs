//! Key packages as they are published: dated and signed, so that whoever adds an account sees how old the package is.
//!
//! ```text
//! published = [1, key package, made at (ms), Sign(IK, "Waxwing 1 key package", L("Waxwing 1 key package", version, account, made at, key package))]
//! ```
//! MLS's own lifetime is unlimited on purpose: whether a commit is valid must not depend on anybody's clock. The date is for the one who adds.

use minicbor::{Decode, Encode};

use crate::identity::{IdentityKey, IdentityPublicKey, Signature};
use crate::ids::AccountId;
use crate::label::labelled;
use crate::room::codec;

const VERSION: u8 = 1;
const LABEL: &str = "Waxwing 1 key package";

/// A key package with the date its account gave it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublishedKeyPackage {
    /// The key package, as [`crate::room::Change::Add`] takes it. Adding checks what is in it.
    pub key_package: Vec<u8>,
    /// When it was made, milliseconds since 1970 by the account's clock.
    pub made_at_ms: u64,
}

/// The bytes are no published key package of this account and key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the published key package is not the account's")]
pub struct PublishedError;

#[derive(Encode, Decode)]
struct Plain {
    #[n(0)]
    version: u8,
    #[cbor(n(1), with = "crate::room::codec::bytes")]
    key_package: Vec<u8>,
    #[n(2)]
    made_at_ms: u64,
    #[n(3)]
    signature: Signature,
}

impl PublishedKeyPackage {
    /// Signs it for publishing.
    pub fn sign(&self, account: AccountId, identity: &IdentityKey) -> Vec<u8> {
        let signature = identity.sign(LABEL, &self.content(account));
        let Self { key_package, made_at_ms } = self.clone();
        codec::encode(&Plain { version: VERSION, key_package, made_at_ms, signature })
    }

    /// Opens what `account` published with the key `identity`.
    ///
    /// # Errors
    /// [`PublishedError`].
    pub fn open(
        account: AccountId,
        identity: &IdentityPublicKey,
        bytes: &[u8],
    ) -> Result<Self, PublishedError> {
        let plain: Plain = codec::decode(bytes).map_err(|_| PublishedError)?;
        let Plain { version, key_package, made_at_ms, signature } = plain;
        let published = Self { key_package, made_at_ms };
        let holds = identity.verify(LABEL, &published.content(account), &signature).is_ok();
        if version == VERSION && holds { Ok(published) } else { Err(PublishedError) }
    }

    fn content(&self, account: AccountId) -> Vec<u8> {
        let Self { key_package, made_at_ms } = self;
        labelled(LABEL, &[&[VERSION], account.as_bytes(), &made_at_ms.to_be_bytes(), key_package])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::altered::altered;
    use proptest::prelude::*;

    const MIRA: AccountId = AccountId([1; 16]);

    fn key(seed: u8) -> IdentityKey {
        IdentityKey::from_seed([seed; 32])
    }

    #[test]
    fn opens_for_its_account_and_key_only() {
        let published = PublishedKeyPackage { key_package: vec![7; 40], made_at_ms: 1_700_000_000_000 };
        let bytes = published.sign(MIRA, &key(1));
        assert_eq!(PublishedKeyPackage::open(MIRA, &key(1).public(), &bytes), Ok(published));
        let refused = Err(PublishedError);
        assert_eq!(PublishedKeyPackage::open(MIRA, &key(2).public(), &bytes), refused);
        assert_eq!(PublishedKeyPackage::open(AccountId([2; 16]), &key(1).public(), &bytes), refused);
        for at in 0..bytes.len() {
            let mut altered = bytes.clone();
            altered[at] ^= 1;
            assert_eq!(PublishedKeyPackage::open(MIRA, &key(1).public(), &altered), refused, "byte {at}");
            assert_eq!(
                PublishedKeyPackage::open(MIRA, &key(1).public(), &bytes[..at]),
                refused,
                "{at} bytes"
            );
        }
        let longer = [&bytes[..], &[0]].concat();
        assert_eq!(PublishedKeyPackage::open(MIRA, &key(1).public(), &longer), refused);
    }

    fn valid() -> Vec<u8> {
        PublishedKeyPackage { key_package: vec![7; 40], made_at_ms: 1_700_000_000_000 }.sign(MIRA, &key(1))
    }

    proptest! {
        #[test]
        fn round_trips(key_package: Vec<u8>, made_at_ms: u64) {
            let published = PublishedKeyPackage { key_package, made_at_ms };
            let bytes = published.sign(MIRA, &key(1));
            prop_assert_eq!(PublishedKeyPackage::open(MIRA, &key(1).public(), &bytes), Ok(published));
        }

        #[test]
        fn whatever_is_altered_is_refused(bytes in altered(valid())) {
            prop_assert!(PublishedKeyPackage::open(MIRA, &key(1).public(), &bytes).is_err());
        }
    }
}
