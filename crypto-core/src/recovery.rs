//! Recovery keys: 256 random bits that people write down.
//!
//! Written form: the key and 3 bytes of checksum, 56 characters of Crockford's base32 in 14 groups of 4. The alphabet
//! has no I, L, O and U; reading takes them for 1, 1, 0 and V.

use data_encoding::BASE32_NOPAD;
use rand_core::CryptoRngCore;
use zeroize::{Zeroize, Zeroizing};

use crate::label::hash;
use crate::secret::SymmetricKey;

const KEY_BYTES: usize = 32;
const CHECKSUM_BYTES: usize = 3;
/// Characters of the written form, dashes not counted: 35 bytes of 8 bits in characters of 5.
pub const CHARACTERS: usize = 56;
const GROUP: usize = 4;

/// The alphabet people see.
const CROCKFORD: &str = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// The alphabet the encoder speaks (RFC 4648 section 6), in the same order.
const RFC_4648: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// A recovery key. It unwraps the vault key alone, without any password: whoever reads it has the account.
#[derive(Clone, PartialEq, Eq)]
pub struct RecoveryKey(SymmetricKey);

/// What is wrong with a written recovery key, so that its owner knows what to look for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RecoveryKeyError {
    /// Characters are missing or too many.
    #[error("a recovery key has {CHARACTERS} letters and digits, and this has {found}")]
    WrongLength {
        /// Characters found, spaces and dashes not counted.
        found: usize,
    },
    /// No recovery key holds this character.
    #[error("a recovery key has no {0:?}")]
    BadCharacter(char),
    /// The checksum does not match.
    #[error("a character was mistyped")]
    Mistyped,
}

impl RecoveryKey {
    /// A fresh random recovery key.
    pub fn random(rng: &mut dyn CryptoRngCore) -> Self {
        Self(SymmetricKey::random(rng))
    }

    /// The written form: 14 groups of 4 characters with dashes between. Not `Display`, so that no log gets it by
    /// accident.
    pub fn to_text(&self) -> Zeroizing<String> {
        let mut bytes = Zeroizing::new([0; KEY_BYTES + CHECKSUM_BYTES]);
        let all = self.0.expose().iter().copied().chain(checksum(&self.0));
        for (to, from) in bytes.iter_mut().zip(all) {
            *to = from;
        }
        let mut encoded = Zeroizing::new([0; CHARACTERS]);
        BASE32_NOPAD.encode_mut(&bytes[..], &mut encoded[..]);
        let mut text = Zeroizing::new(String::with_capacity(2 * CHARACTERS));
        for (group, characters) in encoded.chunks(GROUP).enumerate() {
            if group > 0 {
                text.push('-');
            }
            text.extend(characters.iter().filter_map(|&character| to_crockford(char::from(character))));
        }
        text
    }

    /// Reads the written form, in either case, with any spaces and dashes, and with look-alikes taken for what is
    /// meant.
    ///
    /// # Errors
    /// [`RecoveryKeyError`] says what to look for.
    pub fn parse(text: &str) -> Result<Self, RecoveryKeyError> {
        let mut characters = Zeroizing::new([0u8; CHARACTERS]);
        let mut found = 0usize;
        for character in text.chars().filter(|&c| !is_separator(c)) {
            let read = from_crockford(character).ok_or(RecoveryKeyError::BadCharacter(character))?;
            if let Some(place) = characters.get_mut(found) {
                *place = read;
            }
            found = found.saturating_add(1);
        }
        if found != CHARACTERS {
            return Err(RecoveryKeyError::WrongLength { found });
        }
        let mut bytes = Zeroizing::new([0; KEY_BYTES + CHECKSUM_BYTES]);
        // All characters are of the alphabet and the length is right, so decoding does not fail.
        BASE32_NOPAD.decode_mut(&characters[..], &mut bytes[..]).map_err(|_| RecoveryKeyError::Mistyped)?;
        let (key, sum) = bytes.split_at(KEY_BYTES);
        let key = SymmetricKey::try_from_slice(key).ok_or(RecoveryKeyError::Mistyped)?;
        if checksum(&key) == sum { Ok(Self(key)) } else { Err(RecoveryKeyError::Mistyped) }
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

/// Catches mistyping: a wrong key passes once in 2^24.
fn checksum(key: &SymmetricKey) -> [u8; CHECKSUM_BYTES] {
    let mut full = hash("Waxwing 1 recovery checksum", &[key.expose()]);
    let [a, b, c, ..] = full;
    full.zeroize();
    [a, b, c]
}

fn is_separator(character: char) -> bool {
    // Word processors turn a dash into one of U+2010 to U+2015 or a minus sign.
    character.is_whitespace() || matches!(character, '-' | '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{feff}')
}

fn to_crockford(encoded: char) -> Option<char> {
    RFC_4648.chars().zip(CROCKFORD.chars()).find(|(known, _)| *known == encoded).map(|(_, shown)| shown)
}

fn from_crockford(typed: char) -> Option<u8> {
    let meant = match typed.to_ascii_uppercase() {
        'I' | 'L' => '1',
        'O' => '0',
        'U' => 'V',
        other => other,
    };
    CROCKFORD.chars().zip(RFC_4648.bytes()).find(|(known, _)| *known == meant).map(|(_, encoded)| encoded)
}

#[cfg(test)]
mod tests {
    use super::*;
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
