//! The one way in which inputs of hashes and derivations are framed.

use sha2::{Digest, Sha256};

/// `L(label, fields...)`: for the label and then every field, its length as u32 big-endian followed by its bytes.
///
/// Two different lists never give the same bytes, so a hash over it cannot be confused with one made elsewhere.
pub(crate) fn labelled(label: &str, fields: &[&[u8]]) -> Vec<u8> {
    let parts = || std::iter::once(label.as_bytes()).chain(fields.iter().copied());
    let size = parts().fold(0usize, |sum, part| sum.saturating_add(part.len()).saturating_add(4));
    let mut out = Vec::with_capacity(size);
    for part in parts() {
        // Every decoder bounds its input far below 4 GiB, so the length always fits.
        let len = u32::try_from(part.len()).unwrap_or(u32::MAX);
        out.extend_from_slice(&len.to_be_bytes());
        out.extend_from_slice(part);
    }
    out
}

/// SHA-256 of [`labelled`].
pub(crate) fn hash(label: &str, fields: &[&[u8]]) -> [u8; 32] {
    Sha256::digest(labelled(label, fields)).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_every_part_with_its_length() {
        assert_eq!(labelled("ab", &[b"", b"c"]), b"\0\0\0\x02ab\0\0\0\0\0\0\0\x01c");
    }

    #[test]
    fn moving_a_byte_between_fields_changes_the_hash() {
        assert_ne!(hash("l", &[b"ab", b"c"]), hash("l", &[b"a", b"bc"]));
        assert_ne!(hash("l", &[b"ab"]), hash("la", &[b"b"]));
        assert_ne!(hash("l", &[]), hash("l", &[b""]));
    }
}
