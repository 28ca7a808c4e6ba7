//! Recovery keys: 256 random bits that people write down.
//!
//! Written form: the key and 3 bytes of checksum, 56 characters of Crockford's base32 in 14 groups of 4. The alphabet
//! has no I, L, O and U; reading takes them for 1, 1, 0 and V.

use rand_core::CryptoRngCore;
use zeroize::Zeroizing;

use crate::secret::SymmetricKey;
use crate::written;
pub use crate::written::WrittenKeyError as RecoveryKeyError;

/// Characters of the written form, dashes not counted: 35 bytes of 8 bits in characters of 5.
pub const CHARACTERS: usize = written::KEY_CHARACTERS;
const CHECKSUM: &str = "Waxwing 1 recovery checksum";

/// A recovery key. It unwraps the vault key alone, without any password: whoever reads it has the account.
#[derive(Clone, PartialEq, Eq)]
pub struct RecoveryKey(SymmetricKey);

impl RecoveryKey {
    /// A fresh random recovery key.
    pub fn random(rng: &mut dyn CryptoRngCore) -> Self {
        Self(SymmetricKey::random(rng))
    }

    /// The written form: 14 groups of 4 characters with dashes between. Not `Display`, so that no log gets it by
    /// accident.
    pub fn to_text(&self) -> Zeroizing<String> {
        written::key_to_text(&self.0, CHECKSUM)
    }

    /// Reads the written form, in either case, with any spaces and dashes, and with look-alikes taken for what is
    /// meant.
    ///
    /// # Errors
    /// [`RecoveryKeyError`] says what to look for.
    pub fn parse(text: &str) -> Result<Self, RecoveryKeyError> {
        written::key_from_text(text, CHECKSUM).map(Self)
    }

    /// What the relay is shown to take the account back; it keeps the SHA-256 of it ([`crate::room::token_hash`]).
    pub fn relay_token(&self) -> SymmetricKey {
        self.0.derive("Waxwing 1 recovery token", &[])
    }

    /// The key that wraps the vault key with [`crate::account::WrapMethod::Recovery`].
    pub fn wrapping_key(&self) -> SymmetricKey {
        self.0.derive("Waxwing 1 recovery wrap", &[])
    }
}

impl From<SymmetricKey> for RecoveryKey {
    fn from(key: SymmetricKey) -> Self {
        Self(key)
    }
}

impl std::fmt::Debug for RecoveryKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self(_) = self;
        f.write_str("RecoveryKey(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::written::CROCKFORD;
    use proptest::prelude::*;

    fn key(bytes: [u8; 32]) -> RecoveryKey {
        RecoveryKey(SymmetricKey::from_bytes(bytes))
    }

    #[test]
    fn debug_shows_nothing() {
        assert_eq!(format!("{:?}", key([1; 32])), "RecoveryKey(..)");
    }

    #[test]
    fn says_what_is_wrong() {
        let text = key([0xa5; 32]).to_text();
        assert_eq!(RecoveryKey::parse(""), Err(RecoveryKeyError::WrongLength { found: 0 }));
        assert_eq!(RecoveryKey::parse(&text[..68]), Err(RecoveryKeyError::WrongLength { found: 55 }));
        assert_eq!(
            RecoveryKey::parse(&format!("{}0", text.as_str())),
            Err(RecoveryKeyError::WrongLength { found: 57 })
        );
        assert_eq!(RecoveryKey::parse(&text.replacen('-', "!", 1)), Err(RecoveryKeyError::BadCharacter('!')));
        assert_eq!(RecoveryKeyError::Mistyped.to_string(), "a character was mistyped");
    }

    #[test]
    fn every_single_mistyped_character_is_caught() {
        let text = key(*b"0123456789abcdefghijklmnopqrstuv").to_text();
        for (at, was) in text.char_indices().filter(|(_, c)| *c != '-') {
            for wrong in CROCKFORD.chars().filter(|c| *c != was) {
                let mut typed = text.to_string();
                typed.replace_range(at..=at, &wrong.to_string());
                assert_eq!(RecoveryKey::parse(&typed), Err(RecoveryKeyError::Mistyped), "{at} {wrong}");
            }
        }
    }

    proptest! {
        #[test]
        fn reads_what_it_wrote_however_it_is_typed(bytes in any::<[u8; 32]>()) {
            let text = key(bytes).to_text();
            prop_assert_eq!(text.len(), CHARACTERS + 13);
            for typed in [
                text.to_string(),
                text.to_lowercase(),
                text.replace('-', ""),
                text.replace('-', " \n\u{2014}"),
                text.replace('1', "l").replace('0', "o").replace('V', "u"),
                text.replace('1', "I").replace('0', "O"),
            ] {
                prop_assert_eq!(RecoveryKey::parse(&typed), Ok(key(bytes)));
            }
        }

        #[test]
        fn parsing_never_panics(text in "\\PC*") {
            let _ = RecoveryKey::parse(&text);
        }
    }
}
