//! Keeping a guest's place: a code that brings the account of somebody without a name and password back.
//!
//! The code has 256 bits in the written form of a recovery key, under another checksum label, so that neither is taken for the other. The
//! relay finds and gives out the wrapped vault for the token; it learns nothing from which the wrapping key would follow.

use rand_core::CryptoRngCore;
use zeroize::Zeroizing;

use crate::secret::SymmetricKey;
use crate::written;
pub use crate::written::WrittenKeyError as PlaceCodeError;

const CHECKSUM: &str = "Waxwing 1 place checksum";

/// A "keep my place" code. Whoever reads it has the guest's account.
#[derive(Clone, PartialEq, Eq)]
pub struct PlaceCode(SymmetricKey);

impl PlaceCode {
    /// A fresh random code.
    pub fn random(rng: &mut dyn CryptoRngCore) -> Self {
        Self(SymmetricKey::random(rng))
    }

    /// The written form: 14 groups of 4 characters with dashes between, as of a recovery key.
    pub fn to_text(&self) -> Zeroizing<String> {
        written::key_to_text(&self.0, CHECKSUM)
    }

    /// Reads the written form, however it was typed.
    ///
    /// # Errors
    /// [`PlaceCodeError`] says what to look for; a recovery key counts as mistyped.
    pub fn parse(text: &str) -> Result<Self, PlaceCodeError> {
        written::key_from_text(text, CHECKSUM).map(Self)
    }

    /// What the relay is shown; it keeps the SHA-256 of it ([`crate::room::token_hash`]).
    pub fn relay_token(&self) -> SymmetricKey {
        self.0.derive("Waxwing 1 place token", &[])
    }

    /// The key that wraps the vault key with [`crate::account::WrapMethod::Place`].
    pub fn wrapping_key(&self) -> SymmetricKey {
        self.0.derive("Waxwing 1 place wrap", &[])
    }
}

impl From<SymmetricKey> for PlaceCode {
    fn from(key: SymmetricKey) -> Self {
        Self(key)
    }
}

impl std::fmt::Debug for PlaceCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self(_) = self;
        f.write_str("PlaceCode(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recovery::RecoveryKey;
    use proptest::prelude::*;

    fn code(bytes: [u8; 32]) -> PlaceCode {
        SymmetricKey::from_bytes(bytes).into()
    }

    #[test]
    fn debug_shows_nothing() {
        assert_eq!(format!("{:?}", code([1; 32])), "PlaceCode(..)");
    }

    #[test]
    fn a_recovery_key_is_no_place_code() {
        let recovery = RecoveryKey::from(SymmetricKey::from_bytes([7; 32]));
        assert_eq!(PlaceCode::parse(&recovery.to_text()), Err(PlaceCodeError::Mistyped));
        assert_eq!(RecoveryKey::parse(&code([7; 32]).to_text()), Err(PlaceCodeError::Mistyped));
    }

    #[test]
    fn token_and_wrapping_key_say_nothing_of_each_other() {
        let code = code([7; 32]);
        let recovery = RecoveryKey::from(SymmetricKey::from_bytes([7; 32]));
        let keys = [code.relay_token(), code.wrapping_key(), recovery.wrapping_key()];
        assert!(keys[0] != keys[1] && keys[1] != keys[2] && keys[0] != keys[2]);
    }

    proptest! {
        #[test]
        fn reads_what_it_wrote(bytes: [u8; 32]) {
            let text = code(bytes).to_text();
            prop_assert_eq!(PlaceCode::parse(&text.to_lowercase().replace('-', " ")), Ok(code(bytes)));
        }

        #[test]
        fn parsing_never_panics(text in "\\PC*") {
            let _ = PlaceCode::parse(&text);
        }
    }
}
