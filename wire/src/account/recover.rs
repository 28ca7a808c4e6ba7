//! Taking an account back with its recovery key alone: a new password, the same keys and history.

use serde::{Deserialize, Serialize};

use super::KsfParams;
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
}

/// Second step: everything that changes, at once or not at all. The same body again answers the same again.
#[derive(Debug, Clone, Serialize, Deserialize)]
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
    /// What the session is called in the list of sessions, see [`crate::limits::DEVICE_CHARS`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<String>,
}
