//! Making an account.

use serde::{Deserialize, Serialize};

use super::{KsfParams, SessionInfo};
use crate::{AccountId, Opaque, ids::TokenHash};

/// First step of registration.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct RegisterStart {
    /// As typed; the relay normalises it, see [`crate::username`].
    pub username: String,
    /// OPAQUE RegistrationRequest, RFC 9807 section 5.1.
    pub opaque_request: Opaque,
    /// Token of the one-time setup link, for the first administrator.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub setup_token: Option<String>,
    /// Code of an operator's invite.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invite: Option<String>,
}

impl std::fmt::Debug for RegisterStart {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { username, opaque_request, setup_token: _, invite: _ } = self;
        write!(f, "RegisterStart({username}, {opaque_request:?}, ..)")
    }
}

/// Answer to [`RegisterStart`].
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RegisterStarted {
    /// Names this attempt in the next two calls.
    pub registration: String,
    /// OPAQUE RegistrationResponse.
    pub opaque_response: Opaque,
    /// The username as the relay keeps it; the OPAQUE client identity.
    pub username: String,
}

/// Second step: everything of the new account.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct RegisterFinish {
    /// From [`RegisterStarted`].
    pub registration: String,
    /// OPAQUE RegistrationRecord.
    pub opaque_upload: Opaque,
    /// Parameters used by the client.
    pub ksf: KsfParams,
    /// Chosen by the client.
    pub account: AccountId,
    /// Public identity key, 32 bytes.
    pub identity_key: Opaque,
    /// Sealed vault, version 1.
    pub vault: Opaque,
    /// Vault key wrapped under the OPAQUE export key.
    pub wrap_opaque: Opaque,
    /// Vault key wrapped under the recovery key.
    pub wrap_recovery: Opaque,
    /// SHA-256 of the token that the recovery key yields.
    pub recovery_token_hash: TokenHash,
}

/// What an authenticator app needs.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TotpEnrolment {
    /// Base32, 160 bits.
    pub secret: String,
    /// `otpauth://totp/...`, for the QR code.
    pub uri: String,
    /// Whether the account may go without.
    pub optional: bool,
}

impl std::fmt::Debug for TotpEnrolment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { secret: _, uri: _, optional: _ } = self;
        f.write_str("TotpEnrolment(..)")
    }
}

/// Third step: proof that the authenticator works. The account exists from here on.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct RegisterConfirm {
    /// From [`RegisterStarted`].
    pub registration: String,
    /// Six digits; absent to go without an authenticator, where that is allowed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// What the first session is called in the list of sessions, see [`crate::limits::DEVICE_CHARS`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<String>,
}

impl std::fmt::Debug for RegisterConfirm {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { registration, code: _, device } = self;
        f.debug_struct("RegisterConfirm")
            .field("registration", registration)
            .field("device", device)
            .finish_non_exhaustive()
    }
}

/// The account exists; its first session has begun.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Registered {
    /// The account behind the session.
    pub session: SessionInfo,
    /// Ten codes that stand in for the authenticator, once each; none without one.
    pub recovery_codes: Vec<String>,
    /// Only where it was asked for with [`super::SESSION_HEADER`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
}

impl std::fmt::Debug for Registered {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { session, recovery_codes: _, token: _ } = self;
        f.debug_struct("Registered").field("session", session).finish_non_exhaustive()
    }
}
