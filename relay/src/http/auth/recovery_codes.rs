//! Recovery codes: each stands in for the authenticator once. 50 random bits, written as `abcde-fgh27`.

use sha2::{Digest as _, Sha256};
use waxwing_wire::{AccountId, limits as shared};

use super::random;

/// RFC 4648's base32 in lower case: 0, 1, 8 and 9, which are read as letters, are not in it.
const ALPHABET: [char; 32] = [
    'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l', 'm', 'n', 'o', 'p', 'q', 'r', 's', 't', 'u',
    'v', 'w', 'x', 'y', 'z', '2', '3', '4', '5', '6', '7',
];
/// Characters without the dash.
const CHARS: usize = 10;

/// A full set, as people keep it, and the hashes that the relay keeps.
pub(super) fn make(account: AccountId) -> std::io::Result<(Vec<String>, Vec<[u8; 32]>)> {
    let codes = (0..shared::RECOVERY_CODES).map(|_| one()).collect::<std::io::Result<Vec<_>>>()?;
    let hashes = codes.iter().filter_map(|code| hash(account, code)).collect();
    Ok((codes, hashes))
}

fn one() -> std::io::Result<String> {
    let bytes = random::<CHARS>()?;
    let letters: Vec<char> =
        bytes.iter().filter_map(|byte| ALPHABET.get(usize::from(byte & 31))).copied().collect();
    let (first, second) = letters.split_at(letters.len() / 2);
    Ok(first.iter().chain(&['-']).chain(second).collect())
}

/// What the relay keeps of a code, however it was typed; nothing if it cannot be one.
pub(super) fn hash(account: AccountId, typed: &str) -> Option<[u8; 32]> {
    let code: String =
        typed.chars().filter(|c| !c.is_whitespace() && *c != '-').map(|c| c.to_ascii_lowercase()).collect();
    let is_code = code.chars().count() == CHARS && code.chars().all(|c| ALPHABET.contains(&c));
    let hash = || {
        Sha256::new()
            .chain_update(b"Waxwing 1 recovery code")
            .chain_update(account.as_bytes())
            .chain_update(code.as_bytes())
    };
    is_code.then(|| hash().finalize().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIRA: AccountId = AccountId([1; 16]);

    #[test]
    fn a_set_has_ten_codes_that_differ() {
        let (codes, hashes) = make(MIRA).unwrap();
        let different: std::collections::BTreeSet<_> = hashes.iter().collect();
        assert_eq!((codes.len(), different.len()), (10, 10));
        for (code, kept) in codes.iter().zip(&hashes) {
            assert_eq!((code.len(), code.find('-')), (11, Some(5)), "{code}");
            assert_eq!(hash(MIRA, code).as_ref(), Some(kept));
        }
    }

    #[test]
    fn codes_are_read_however_they_are_typed() {
        let code = hash(MIRA, "abcde-fgh27");
        assert!(code.is_some());
        for typed in ["ABCDE FGH27", " abcdefgh27\n", "ab-cd-ef-gh-27"] {
            assert_eq!(hash(MIRA, typed), code, "{typed}");
        }
        assert_ne!(hash(AccountId([2; 16]), "abcde-fgh27"), code, "of another account");
        for bad in ["", "123456", "abcde-fgh2", "abcde-fgh278", "abcde-fgh01", "abcde-fgh2\u{455}"] {
            assert_eq!(hash(MIRA, bad), None, "{bad}");
        }
    }
}
