//! Taking an account back with its recovery key alone: a new password, the same keys and history.

use serde::{Deserialize, Serialize};

use super::{KsfParams, TotpEnrolment};
use crate::{AccountId, Opaque, ids::TokenHash};

/// First step.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct RecoverStart {
    /// As typed.
    pub username: String,
    /// What the recovery key yields for the relay, 32 bytes.
    pub token: Opaque,
    /// OPAQUE RegistrationRequest for the new password.
    pub opaque_request: Opaque,
}

/// The token was right: what the recovery key opens.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RecoverStarted {
    /// Names this attempt in the next call.
    pub recovery: String,
    /// The account.
    pub account: AccountId,
    /// Sealed vault.
    pub vault: Opaque,
    /// Its version.
    pub vault_version: u64,
    /// Vault key wrapped under the recovery key.
    pub wrap_recovery: Opaque,
    /// OPAQUE RegistrationResponse.
    pub opaque_response: Opaque,
    /// The username as the relay keeps it; the OPAQUE client identity.
    pub username: String,
    /// Whether the account has an authenticator.
    pub totp: bool,
    /// Another authenticator, for [`RecoveredTotp::New`].
    pub enrolment: TotpEnrolment,
}

/// What becomes of the authenticator when an account is taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum RecoveredTotp {
    /// It stays, with its recovery codes. Where there is none and one is required:
    /// [`crate::ProblemCode::TotpRequired`].
    Keep,
    /// That of [`RecoverStarted::enrolment`] takes its place.
    New,
    /// The account goes without, where that is allowed.
    Without,
}

/// Second step: everything that changes, at once or not at all. The same body again answers the same again.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct RecoverFinish {
    /// From [`RecoverStarted`].
    pub recovery: String,
    /// OPAQUE RegistrationRecord.
    pub opaque_upload: Opaque,
    /// Parameters used by the client.
    pub ksf: KsfParams,
    /// Sealed vault.
    pub vault: Opaque,
    /// One more than in [`RecoverStarted`], else [`crate::ProblemCode::Conflict`].
    pub vault_version: u64,
    /// Vault key wrapped under the OPAQUE export key.
    pub wrap_opaque: Opaque,
    /// Vault key wrapped under the recovery key, which stays the same.
    pub wrap_recovery: Opaque,
    /// SHA-256 of the token that the recovery key yields.
    pub recovery_token_hash: TokenHash,
    /// What becomes of the authenticator.
    pub totp: RecoveredTotp,
    /// Six digits, the first code of the new authenticator; only with [`RecoveredTotp::New`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// What the session is called in the list of sessions, see [`crate::limits::DEVICE_CHARS`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<String>,
}

impl std::fmt::Debug for RecoverFinish {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { recovery, vault_version, totp, device, .. } = self;
        let mut shown = f.debug_struct("RecoverFinish");
        shown.field("recovery", recovery).field("vault_version", vault_version);
        shown.field("totp", totp).field("device", device).finish_non_exhaustive()
    }
}
