//! Secrets that people write down or type: Crockford's base32, in groups with dashes between.
//!
//! The alphabet has no I, L, O and U; reading takes them for 1, 1, 0 and V, ignores case, white space and dashes.

use data_encoding::BASE32_NOPAD;
use zeroize::{Zeroize, Zeroizing};

use crate::label::hash;
use crate::secret::SymmetricKey;

const KEY_BYTES: usize = 32;
const CHECKSUM_BYTES: usize = 3;
/// Characters of a written key, dashes not counted: 35 bytes of 8 bits in characters of 5.
pub(crate) const KEY_CHARACTERS: usize = 56;
const GROUP: usize = 4;

/// The alphabet people see.
pub(crate) const CROCKFORD: &str = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// The alphabet the encoder speaks (RFC 4648 section 6), in the same order.
const RFC_4648: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// What is wrong with a written key, so that its owner knows what to look for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WrittenKeyError {
    /// Characters are missing or too many.
    #[error("this key has 56 letters and digits, and there are {found}")]
    WrongLength {
        /// Characters found, spaces and dashes not counted.
        found: usize,
    },
    /// No written key holds this character.
    #[error("no such key has {0:?}")]
    BadCharacter(char),
    /// The checksum does not match: mistyped, or a key of another kind.
    #[error("a character was mistyped")]
    Mistyped,
}

/// A key of 256 bits in its written form: key and 3 bytes of checksum, 14 groups of 4 characters. The label of the checksum tells kinds of
/// keys apart.
pub(crate) fn key_to_text(key: &SymmetricKey, checksum_label: &str) -> Zeroizing<String> {
    let mut bytes = Zeroizing::new([0; KEY_BYTES + CHECKSUM_BYTES]);
    let all = key.expose().iter().copied().chain(checksum(key, checksum_label));
    for (to, from) in bytes.iter_mut().zip(all) {
        *to = from;
    }
    to_groups(&bytes[..])
}

/// Reads what [`key_to_text`] wrote, however it was typed.
pub(crate) fn key_from_text(text: &str, checksum_label: &str) -> Result<SymmetricKey, WrittenKeyError> {
    let mut characters = Zeroizing::new([0u8; KEY_CHARACTERS]);
    let mut found = 0usize;
    for character in text.chars().filter(|&c| !is_separator(c)) {
        let read = from_crockford(character).ok_or(WrittenKeyError::BadCharacter(character))?;
        if let Some(place) = characters.get_mut(found) {
            *place = read;
        }
        found = found.saturating_add(1);
    }
    if found != KEY_CHARACTERS {
        return Err(WrittenKeyError::WrongLength { found });
    }
    let mut bytes = Zeroizing::new([0; KEY_BYTES + CHECKSUM_BYTES]);
    // All characters are of the alphabet and the length is right, so decoding does not fail.
    BASE32_NOPAD.decode_mut(&characters[..], &mut bytes[..]).map_err(|_| WrittenKeyError::Mistyped)?;
    let (key, sum) = bytes.split_at(KEY_BYTES);
    let key = SymmetricKey::try_from_slice(key).ok_or(WrittenKeyError::Mistyped)?;
    if checksum(&key, checksum_label) == sum { Ok(key) } else { Err(WrittenKeyError::Mistyped) }
}

/// Bytes as groups of 4 characters with dashes between. Their number is a multiple of 5, so that no bits are left over.
pub(crate) fn to_groups(bytes: &[u8]) -> Zeroizing<String> {
    let mut encoded = Zeroizing::new(vec![0; BASE32_NOPAD.encode_len(bytes.len())]);
    BASE32_NOPAD.encode_mut(bytes, &mut encoded);
    // Room for a dash after every character: it never grows, which would leave a copy behind.
    let mut text = Zeroizing::new(String::with_capacity(encoded.len().saturating_mul(2)));
    for (group, characters) in encoded.chunks(GROUP).enumerate() {
        if group > 0 {
            text.push('-');
        }
        text.extend(characters.iter().filter_map(|&character| to_crockford(char::from(character))));
    }
    text
}

/// The characters of `typed` as [`to_groups`] writes them, if they are all of the alphabet and exactly as many.
pub(crate) fn regroup(typed: &str, characters: usize) -> Option<Zeroizing<String>> {
    let meant = || typed.chars().filter(|&c| !is_separator(c));
    if meant().count() != characters {
        return None;
    }
    let mut text = Zeroizing::new(String::with_capacity(characters.saturating_mul(2)));
    let mut in_group = 0usize;
    for character in meant() {
        if in_group == GROUP {
            text.push('-');
            in_group = 0;
        }
        text.push(to_crockford(char::from(from_crockford(character)?))?);
        in_group = in_group.saturating_add(1);
    }
    Some(text)
}

/// Catches mistyping: a wrong key passes once in 2^24.
fn checksum(key: &SymmetricKey, label: &str) -> [u8; CHECKSUM_BYTES] {
    let mut full = hash(label, &[key.expose()]);
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
