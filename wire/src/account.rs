//! JSON bodies of the account calls. Every call is `POST /api/v1/auth/...` with the header `Waxwing-Client: 1`,
//! except [`ServerInfo`] and [`SessionInfo`], which are `GET`. Errors are RFC 9457 problem documents that carry a [`crate::Problem`].

use serde::{Deserialize, Serialize};

use crate::{AccountId, Opaque};

/// Paths of the calls, below the origin of the relay.
pub mod path {
    /// `GET` -> [`super::ServerInfo`].
    pub const SERVER: &str = "/api/v1/server";
    /// `GET` -> [`super::SessionInfo`], needs a session.
    pub const SESSION: &str = "/api/v1/session";
    /// [`super::RegisterStart`] -> [`super::RegisterStarted`].
    pub const REGISTER_START: &str = "/api/v1/auth/register/start";
    /// [`super::RegisterFinish`] -> [`super::TotpEnrolment`].
    pub const REGISTER_FINISH: &str = "/api/v1/auth/register/finish";
    /// [`super::RegisterConfirm`] -> [`super::SessionInfo`] and the session cookie.
    pub const REGISTER_CONFIRM: &str = "/api/v1/auth/register/confirm";
    /// [`super::LoginStart`] -> [`super::LoginStarted`].
    pub const LOGIN_START: &str = "/api/v1/auth/login/start";
    /// [`super::LoginFinish`] -> [`super::LoginAccepted`].
    pub const LOGIN_FINISH: &str = "/api/v1/auth/login/finish";
    /// [`super::LoginTotp`] -> [`super::LoggedIn`] and the session cookie.
    pub const LOGIN_TOTP: &str = "/api/v1/auth/login/totp";
    /// [`super::Empty`] -> [`super::Empty`]; ends the session.
    pub const LOGOUT: &str = "/api/v1/auth/logout";
    /// [`super::CredentialsStart`] -> [`super::CredentialsStarted`]; needs a session.
    pub const CREDENTIALS_START: &str = "/api/v1/auth/credentials/start";
    /// [`super::CredentialsChange`] -> [`super::Empty`]; needs a session. Ends all other sessions of the account.
    pub const CREDENTIALS: &str = "/api/v1/auth/credentials";
    /// The WebSocket stream; needs a session.
    pub const STREAM: &str = "/api/v1/stream";
}

/// Name of the header that every state-changing call carries, and its value.
pub const CLIENT_HEADER: (&str, &str) = ("Waxwing-Client", "1");

/// Who may create an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RegistrationPolicy {
    /// Anybody.
    Open,
    /// Anybody, but an administrator lets each account in; an operator's invite does, too.
    Approval,
    /// Who has an operator's invite.
    Invite,
    /// Nobody (the setup link still works once).
    Closed,
}

/// Whether accounts need a second factor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TotpPolicy {
    /// Every account has an authenticator.
    Required,
    /// Whoever wants one.
    Optional,
}

/// How many sessions of an account may be live at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SessionPolicy {
    /// One: a stream that takes over displaces those of other sessions.
    Single,
    /// Any number.
    Multi,
}

/// What anybody may know about this relay.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerInfo {
    /// Version of the relay.
    pub version: String,
    /// No account exists yet: the first is made with the setup link.
    pub setup_required: bool,
    /// Who may create an account.
    pub registration: RegistrationPolicy,
}

/// Argon2id parameters, RFC 9106. Stored with each OPAQUE record; the client enforces a floor and a ceiling.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, minicbor::Encode, minicbor::Decode)]
#[serde(deny_unknown_fields)]
pub struct KsfParams {
    /// Memory in KiB.
    #[n(0)]
    pub memory_kib: u32,
    /// Passes.
    #[n(1)]
    pub iterations: u32,
    /// Lanes.
    #[n(2)]
    pub parallelism: u32,
}

/// First step of registration.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RegisterStart {
    /// As typed; the relay normalises it, see [`crate::username`].
    pub username: String,
    /// OPAQUE RegistrationRequest, RFC 9807 section 5.1.
    pub opaque_request: Opaque,
    /// Token of the one-time setup link, for the first administrator.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub setup_token: Option<String>,
}

/// Answer to [`RegisterStart`].
#[derive(Debug, Clone, Serialize, Deserialize)]
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
}

/// What an authenticator app needs.
#[derive(Clone, Serialize, Deserialize)]
pub struct TotpEnrolment {
    /// Base32, 160 bits.
    pub secret: String,
    /// `otpauth://totp/...`, for the QR code.
    pub uri: String,
}

impl std::fmt::Debug for TotpEnrolment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { secret: _, uri: _ } = self;
        f.write_str("TotpEnrolment(..)")
    }
}

/// Third step: proof that the authenticator works. The account exists from here on.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RegisterConfirm {
    /// From [`RegisterStarted`].
    pub registration: String,
    /// Six digits.
    pub code: String,
}

/// The account behind a session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionInfo {
    /// The account.
    pub account: AccountId,
    /// Its username.
    pub username: String,
    /// Whether it may administrate this relay.
    pub administrator: bool,
}

/// First step of a login.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LoginStart {
    /// As typed.
    pub username: String,
    /// OPAQUE KE1, RFC 9807 section 6.
    pub opaque_request: Opaque,
}

/// Answer to [`LoginStart`]; for an unknown username it has the same shape and size.
#[derive(Debug, Clone, Serialize, Deserialize)]
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
#[serde(deny_unknown_fields)]
pub struct LoginFinish {
    /// From [`LoginStarted`].
    pub login: String,
    /// OPAQUE KE3.
    pub opaque_finalization: Opaque,
}

/// The password was right; the one-time code comes next.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoginAccepted {
    /// Same as in [`LoginStarted`].
    pub login: String,
}

/// Third step.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LoginTotp {
    /// From [`LoginStarted`].
    pub login: String,
    /// Six digits.
    pub code: String,
}

/// The session has begun; the sealed account.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct LoggedIn {
    /// The account behind the session.
    pub session: SessionInfo,
    /// Sealed vault.
    pub vault: Opaque,
    /// Version of the vault.
    pub vault_version: u64,
    /// Vault key wrapped under the OPAQUE export key.
    pub wrap_opaque: Opaque,
    /// 32 random bytes. Shows within 10 minutes that password and code were given, once, to change them.
    pub proof: Opaque,
}

/// Changing the password, the keys, or both: first step.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CredentialsStart {
    /// From [`LoggedIn`], of the same account.
    pub proof: Opaque,
    /// OPAQUE RegistrationRequest for the new password, which may be the old one.
    pub opaque_request: Opaque,
}

/// Answer to [`CredentialsStart`].
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CredentialsStarted {
    /// OPAQUE RegistrationResponse.
    pub opaque_response: Opaque,
}

/// Second step: everything that changes, at once or not at all. The same body again answers success again.
#[derive(Debug, Clone, Serialize, Deserialize)]
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
    /// Public identity key, 32 bytes; the old one when it stays.
    pub identity_key: Opaque,
    /// Signed statement that the identity key changed, for those who know the old one. At most [`crate::limits::STATEMENT_BYTES`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub statement: Option<Opaque>,
    /// Key package under the new identity key; the published one stays when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_package: Option<Opaque>,
}

/// `{}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Empty {}
