//! One-time codes, RFC 6238: six digits, 30 seconds, SHA-1, which every authenticator app knows.

use totp_rs::{Builder, Totp};
use waxwing_wire::account::TotpEnrolment;
use zeroize::Zeroizing;

use crate::{http::problem::Refusal, store::StoreError};

/// Length of a secret in bytes: RFC 4226 recommends 160 bits.
const SECRET_BYTES: usize = 20;
/// Length of a step in seconds.
const STEP_S: u64 = 30;
const ISSUER: &str = "Waxwing";

fn totp(secret: &[u8], username: &str) -> Result<Totp, Refusal> {
    let secret = totp_rs::Secret::new(secret.into());
    // The window is walked by `matching_step`, so that a code is matched with the newest step it fits.
    let built = Builder::new()
        .with_secret(secret)
        .with_skew(0)
        .with_account_name(username)
        .with_issuer(Some(ISSUER))
        .build();
    built.map_err(|error| {
        tracing::error!(%error, "a stored TOTP secret is damaged");
        StoreError::Internal.into()
    })
}

/// A new secret.
pub(super) fn new_secret() -> std::io::Result<Zeroizing<Vec<u8>>> {
    Ok(Zeroizing::new(super::random::<SECRET_BYTES>()?.to_vec()))
}

/// What an authenticator app needs.
pub(super) fn enrolment(secret: &[u8], username: &str, optional: bool) -> Result<TotpEnrolment, Refusal> {
    let totp = totp(secret, username)?;
    let uri = totp.to_url().map_err(|error| {
        tracing::error!(%error, "no address for an authenticator app");
        Refusal::from(StoreError::Internal)
    })?;
    Ok(TotpEnrolment { secret: totp.secret().to_base32(), uri, optional })
}

/// The newest step, of the present one and its neighbours, whose code this is. Compares in constant time.
pub(super) fn matching_step(
    secret: &[u8],
    username: &str,
    code: &str,
    now_ms: u64,
) -> Result<Option<u64>, Refusal> {
    let totp = totp(secret, username)?;
    let now_s = now_ms / 1000;
    let times = [now_s.saturating_add(STEP_S), now_s, now_s.saturating_sub(STEP_S)];
    Ok(times.into_iter().find_map(|time_s| totp.check(code, time_s)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6238 appendix B, SHA-1, the last six digits.
    #[test]
    fn codes_are_those_of_the_rfc() {
        let secret = b"12345678901234567890";
        let vectors = [
            (59_u64, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ];
        for (time_s, code) in vectors {
            let step = |now_s: u64| matching_step(secret, "mira", code, now_s * 1000).unwrap();
            assert_eq!(step(time_s), Some(time_s / 30));
            assert_eq!(step(time_s + 30), Some(time_s / 30), "a step late");
            assert_eq!(step(time_s - 30), Some(time_s / 30), "a step early");
            assert_eq!(step(time_s + 60), None);
        }
    }

    #[test]
    fn only_six_digits_are_a_code() {
        for bad in ["", "28708", "2870822", "28708a", "+28708", "２８７０８２", "287 082"] {
            assert_eq!(matching_step(b"12345678901234567890", "mira", bad, 59_000).unwrap(), None, "{bad}");
        }
    }

    #[test]
    fn the_uri_names_issuer_and_account() {
        let enrolment = enrolment(b"12345678901234567890", "mira", false).unwrap();
        assert_eq!(enrolment.secret, "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
        let expected = format!("otpauth://totp/Waxwing:mira?secret={}&issuer=Waxwing", enrolment.secret);
        assert_eq!(enrolment.uri, expected);
    }
}
