//! Padding, so that a ciphertext's length says little about its content.
//!
//! Padded plaintext = length of the content (u32 big-endian) | content | zeros, up to [`padded_len`]: at least
//! 512 bytes, powers of two up to 4 KiB, and Padmé above (Nikitin et al., "Reducing Metadata Leakage from
//! Encrypted Files and Communication with PURBs", section 4), which adds at most 12 %.

/// Bytes of the length in front of the content.
const PREFIX_BYTES: usize = 4;
/// Shortest padded length in bytes.
pub const MIN_PADDED_BYTES: u64 = 512;
/// Up to this many bytes lengths are rounded to powers of two, above by Padmé.
const POWERS_UP_TO_BYTES: u64 = 4096;
/// Longest content in bytes: 16 MiB. Anything larger is an attachment, which is chunked.
pub const MAX_CONTENT_BYTES: usize = 16 * 1024 * 1024;

/// Padded length in bytes of a content of `content_bytes`, the length prefix included; `None` above
/// [`MAX_CONTENT_BYTES`].
pub fn padded_len(content_bytes: usize) -> Option<usize> {
    if content_bytes > MAX_CONTENT_BYTES {
        return None;
    }
    let bytes = u64::try_from(content_bytes.checked_add(PREFIX_BYTES)?).ok()?;
    usize::try_from(round_up(bytes)?).ok()
}

/// Rounds a length in bytes up to the next one that is in use. `None` only on overflow.
///
/// 64 bits everywhere: attachments are longer than a browser's memory has addresses.
pub fn round_up(bytes: u64) -> Option<u64> {
    if bytes <= POWERS_UP_TO_BYTES {
        return Some(bytes.next_power_of_two().max(MIN_PADDED_BYTES));
    }
    // Padmé keeps floor(log2(exponent)) + 1 bits below the leading one and zeroes the rest.
    let exponent = bytes.ilog2();
    let kept_bits = exponent.ilog2().checked_add(1)?;
    let mask = 1u64.checked_shl(exponent.checked_sub(kept_bits)?)?.checked_sub(1)?;
    Some(bytes.checked_add(mask)? & !mask)
}

/// Appends the padded `content` to `out`; false, with `out` unchanged, when it is too long.
///
/// `out` should have the capacity already: growing it later would leave copies of the content behind.
pub(crate) fn pad_into(out: &mut Vec<u8>, content: &[u8]) -> bool {
    let (Some(padded), Ok(len)) = (padded_len(content.len()), u32::try_from(content.len())) else {
        return false;
    };
    let Some(end) = out.len().checked_add(padded) else { return false };
    out.extend_from_slice(&len.to_be_bytes());
    out.extend_from_slice(content);
    out.resize(end, 0);
    true
}

/// The content of a padded plaintext; `None` unless it is exactly what [`pad_into`] makes of that content.
pub(crate) fn unpad(padded: &[u8]) -> Option<&[u8]> {
    let (prefix, rest) = padded.split_first_chunk::<PREFIX_BYTES>()?;
    let len = usize::try_from(u32::from_be_bytes(*prefix)).ok()?;
    let (content, zeros) = rest.split_at_checked(len)?;
    let canonical = padded_len(len) == Some(padded.len());
    // Authenticated bytes: nobody who lacks the key can learn anything from where this stops.
    (canonical && zeros.iter().all(|&byte| byte == 0)).then_some(content)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn pad(content: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        assert!(pad_into(&mut out, content));
        out
    }

    #[test]
    fn lengths_follow_the_rule() {
        for (content, padded) in [
            (0, 512),
            (508, 512),
            (509, 1024),
            (1020, 1024),
            (1021, 2048),
            (4092, 4096),
            (4093, 4352), // exponent 12 keeps 4 bits: steps of 256
            (8188, 8192),
            (8189, 8704),                    // exponent 13 keeps 4 bits: steps of 512
            (MAX_CONTENT_BYTES, 17_301_504), // exponent 24 keeps 5 bits: steps of 512 KiB
        ] {
            assert_eq!(padded_len(content), Some(padded), "{content}");
        }
        assert_eq!(padded_len(MAX_CONTENT_BYTES + 1), None);
        assert_eq!(round_up(u64::MAX), None);
    }

    #[test]
    fn refuses_what_it_would_not_write() {
        let padded = pad(b"abc");
        assert_eq!(unpad(&padded), Some(&b"abc"[..]));
        for (at, value) in [(511, 1), (7, 1), (3, 2), (2, 2), (0, 1)] {
            let mut changed = padded.clone();
            changed[at] = value;
            assert_eq!(unpad(&changed), None, "byte {at}");
        }
        assert_eq!(unpad(&padded[..511]), None);
        assert_eq!(unpad(&[padded.clone(), vec![0; 512]].concat()), None, "more zeros than needed");
        assert_eq!(unpad(&[]), None);
        assert_eq!(unpad(&[0xff; 512]), None);
    }

    proptest! {
        #[test]
        fn round_trips(content in proptest::collection::vec(any::<u8>(), 0..10_000)) {
            let padded = pad(&content);
            prop_assert_eq!(unpad(&padded), Some(&content[..]));
            prop_assert_eq!(Some(padded.len()), padded_len(content.len()));
        }

        #[test]
        fn never_grows_by_much_and_never_shrinks(bytes in 4097u64..(1 << 40)) {
            let rounded = round_up(bytes).unwrap();
            prop_assert!(rounded >= bytes);
            prop_assert!((rounded - bytes) as f64 / (bytes as f64) < 0.12);
            prop_assert_eq!(round_up(rounded), Some(rounded));
        }

        #[test]
        fn any_input_is_refused_or_canonical(bytes in proptest::collection::vec(any::<u8>(), 0..1100)) {
            if let Some(content) = unpad(&bytes) {
                prop_assert_eq!(pad(content), bytes);
            }
        }
    }
}
