//! Logging in with password and one-time code.

use serde::{Deserialize, Serialize};

use super::{KsfParams, SessionInfo, TotpEnrolment};
use crate::Opaque;

/// First step of a login.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct LoginStart {
    /// As typed.
    pub username: String,
    /// OPAQUE KE1, RFC 9807 section 6.
    pub opaque_request: Opaque,
}

/// Answer to [`LoginStart`]; for an unknown username it has the same shape and size.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LoginStarted {
    /// Names this attempt in the next two calls.
    pub login: String,
    /// OPAQUE KE2.
    pub opaque_response: Opaque,
    /// Parameters of this record.
    pub ksf: KsfParams,
    /// The username as the relay keeps it; the OPAQUE client identity.
    pub username: String,
}

/// Second step: OPAQUE KE3.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct LoginFinish {
    /// From [`LoginStarted`].
    pub login: String,
    /// OPAQUE KE3.
    pub opaque_finalization: Opaque,
}

/// What the third step of a login needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum LoginNext {
    /// A code of the authenticator, or a recovery code.
    Code,
    /// The first code of a new authenticator: the account has none, and needs one.
    Enrol,
    /// No code: the account has no authenticator, and needs none.
    Nothing,
}

/// The password was right.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LoginAccepted {
    /// Same as in [`LoginStarted`].
    pub login: String,
    /// What comes next.
    pub next: LoginNext,
    /// With [`LoginNext::Enrol`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enrolment: Option<TotpEnrolment>,
}

/// Third step.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct LoginTotp {
    /// From [`LoginStarted`].
    pub login: String,
    /// Six digits, or a recovery code; absent with [`LoginNext::Nothing`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// What the session is called in the list of sessions, see [`crate::limits::DEVICE_CHARS`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<String>,
}

impl std::fmt::Debug for LoginTotp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { login, code: _, device } = self;
        f.debug_struct("LoginTotp").field("login", login).field("device", device).finish_non_exhaustive()
    }
}

/// Something that the person should hear of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum NoticeKind {
    /// An administrator removed the authenticator.
    TotpReset,
    /// Somebody logged in with a recovery code.
    RecoveryCodeUsed,
    /// Somebody took the account over with its recovery key.
    Recovered,
    /// Somebody gave the password, and then too many wrong codes.
    CodeGuessed,
}

/// Something that happened to the account since the last login.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AccountNotice {
    /// What.
    pub what: NoticeKind,
    /// When, milliseconds since 1970.
    pub at_ms: u64,
}

/// The session has begun; the sealed account.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LoggedIn {
    /// The account behind the session.
    pub session: SessionInfo,
    /// Sealed vault.
    pub vault: Opaque,
    /// Version of the vault.
    pub vault_version: u64,
    /// Vault key wrapped under the OPAQUE export key.
    pub wrap_opaque: Opaque,
    /// 32 random bytes. Shows within 10 minutes that password and code, or the recovery key, were given, once, to
    /// change them.
    pub proof: Opaque,
    /// After [`LoginNext::Enrol`]: ten codes that stand in for the authenticator, once each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub recovery_codes: Vec<String>,
    /// What happened since the last login, oldest first; told once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notices: Vec<AccountNotice>,
    /// Only where it was asked for with [`super::SESSION_HEADER`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
}

impl std::fmt::Debug for LoggedIn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            session,
            vault: _,
            vault_version,
            wrap_opaque: _,
            proof: _,
            recovery_codes: _,
            notices,
            token: _,
        } = self;
        let mut shown = f.debug_struct("LoggedIn");
        shown.field("session", session).field("vault_version", vault_version).field("notices", notices);
        shown.finish_non_exhaustive()
    }
}
