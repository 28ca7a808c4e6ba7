//! Changing what an account is unlocked with, by somebody who has just logged in once more.

use serde::{Deserialize, Serialize};

use super::KsfParams;
use crate::{Opaque, ids::TokenHash};

/// Changing the password, the keys, or both: first step.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct CredentialsStart {
    /// From [`LoggedIn`], of the same account.
    pub proof: Opaque,
    /// OPAQUE RegistrationRequest for the new password, which may be the old one.
    pub opaque_request: Opaque,
}

/// Answer to [`CredentialsStart`].
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CredentialsStarted {
    /// OPAQUE RegistrationResponse.
    pub opaque_response: Opaque,
}

/// Second step: everything that changes, at once or not at all. The same body again answers success again.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct CredentialsChange {
    /// As in [`CredentialsStart`]; used up.
    pub proof: Opaque,
    /// OPAQUE RegistrationRecord.
    pub opaque_upload: Opaque,
    /// Parameters used by the client.
    pub ksf: KsfParams,
    /// Sealed vault.
    pub vault: Opaque,
    /// One more than the stored version, else [`crate::ProblemCode::Conflict`].
    pub vault_version: u64,
    /// Vault key wrapped under the OPAQUE export key.
    pub wrap_opaque: Opaque,
    /// Vault key wrapped under the recovery key.
    pub wrap_recovery: Opaque,
    /// SHA-256 of the token that the recovery key yields.
    pub recovery_token_hash: TokenHash,
    /// Public identity key, 32 bytes; the old one when it stays.
    pub identity_key: Opaque,
    /// Signed statement that the identity key changed, for those who know the old one. At most [`crate::limits::STATEMENT_BYTES`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub statement: Option<Opaque>,
    /// Key package under the new identity key; the published one stays when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_package: Option<Opaque>,
}

/// That password and code were given just now.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Proof {
    /// From [`super::LoggedIn`], of the same account.
    pub proof: Opaque,
}

/// The account is deleted.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeleteAccount {
    /// From [`super::LoggedIn`], of the same account.
    pub proof: Opaque,
    /// Only say whether that would be done: before its rooms hear that the account leaves them.
    #[serde(default)]
    pub only_check: bool,
}

/// Another authenticator takes over.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct TotpChange {
    /// As for [`super::path::TOTP_START`]; used up.
    pub proof: Opaque,
    /// Six digits of the new authenticator.
    pub code: String,
}

impl std::fmt::Debug for TotpChange {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { proof, code: _ } = self;
        f.debug_struct("TotpChange").field("proof", proof).finish_non_exhaustive()
    }
}

/// Codes that stand in for the authenticator.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RecoveryCodes {
    /// Ten, of the form `abcde-fgh27`, 50 random bits each. Each works once; earlier ones are dead.
    pub recovery_codes: Vec<String>,
}

impl std::fmt::Debug for RecoveryCodes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "RecoveryCodes({})", self.recovery_codes.len())
    }
}
