//! JSON bodies of the account calls. Every call is a `POST` with the header `Waxwing-Client: 1`, except where [`path`]
//! says `GET`. Errors are RFC 9457 problem documents that carry a [`crate::Problem`].

mod credentials;
mod guest;
mod login;
mod recover;
mod register;
mod session;

use serde::{Deserialize, Serialize};

use crate::Opaque;

pub use credentials::{
    CredentialsChange, CredentialsStart, CredentialsStarted, DeleteAccount, Proof, RecoveryCodes, TotpChange,
};
pub use guest::{GuestReturn, GuestReturned, GuestStart, GuestStarted};
pub use login::{
    AccountNotice, LoggedIn, LoginAccepted, LoginFinish, LoginNext, LoginStart, LoginStarted, LoginTotp,
    NoticeKind,
};
pub use recover::{RecoverFinish, RecoverStart, RecoverStarted, RecoveredTotp};
pub use register::{
    RegisterConfirm, RegisterFinish, RegisterStart, RegisterStarted, Registered, TotpEnrolment,
};
pub use session::{AccountStatus, EndSession, SessionEntry, SessionInfo, Sessions};

/// Paths of the calls, below the origin of the relay.
pub mod path {
    /// `GET` -> [`super::ServerInfo`].
    pub const SERVER: &str = "/api/v1/server";
    /// `GET` -> [`super::SessionInfo`], needs a session. A cookie older than a day is replaced by a new one; the old
    /// one works until a minute after that was shown.
    pub const SESSION: &str = "/api/v1/session";
    /// [`super::RegisterStart`] -> [`super::RegisterStarted`].
    pub const REGISTER_START: &str = "/api/v1/auth/register/start";
    /// [`super::RegisterFinish`] -> [`super::TotpEnrolment`].
    pub const REGISTER_FINISH: &str = "/api/v1/auth/register/finish";
    /// [`super::RegisterConfirm`] -> [`super::Registered`] and the session cookie.
    pub const REGISTER_CONFIRM: &str = "/api/v1/auth/register/confirm";
    /// [`super::GuestStart`] -> [`super::GuestStarted`] and the session cookie.
    pub const GUESTS: &str = "/api/v1/guests";
    /// [`super::GuestReturn`] -> [`super::GuestReturned`] and the session cookie.
    pub const GUESTS_RETURN: &str = "/api/v1/guests/return";
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
    /// [`super::RecoverStart`] -> [`super::RecoverStarted`].
    pub const RECOVER_START: &str = "/api/v1/auth/recover/start";
    /// [`super::RecoverFinish`] -> [`super::LoggedIn`] and the session cookie. Ends all other sessions of the account.
    pub const RECOVER_FINISH: &str = "/api/v1/auth/recover/finish";
    /// [`super::Proof`] -> [`super::TotpEnrolment`]; needs a session. The old authenticator counts until the next call.
    pub const TOTP_START: &str = "/api/v1/account/totp/start";
    /// [`super::TotpChange`] -> [`super::RecoveryCodes`]; needs a session. The proof is used up.
    pub const TOTP: &str = "/api/v1/account/totp";
    /// [`super::Proof`] -> [`super::Empty`]; needs a session. The proof is used up.
    pub const TOTP_REMOVE: &str = "/api/v1/account/totp/remove";
    /// [`super::Proof`] -> [`super::RecoveryCodes`]; needs a session. The old ones are dead, the proof is used up.
    pub const RECOVERY_CODES: &str = "/api/v1/account/recovery-codes";
    /// [`super::DeleteAccount`] -> [`super::Empty`]; needs a session. The account is gone.
    pub const DELETE: &str = "/api/v1/account/delete";
    /// `GET` -> [`super::Sessions`]; needs a session.
    pub const SESSIONS: &str = "/api/v1/account/sessions";
    /// [`super::EndSession`] -> [`super::Empty`]; needs a session.
    pub const SESSIONS_END: &str = "/api/v1/account/sessions/end";
    /// [`super::Empty`] -> [`super::Empty`]; needs a session, the one that stays.
    pub const SESSIONS_END_OTHERS: &str = "/api/v1/account/sessions/end-others";
    /// The WebSocket stream; needs a session.
    pub const STREAM: &str = "/api/v1/stream";
    /// `GET`: the same as events without end, for who gets no WebSocket through; needs a session.
    pub const EVENTS: &str = "/api/v1/events";
    /// [`super::Frames`] -> [`super::Empty`]; what [`super::WhichStream`] names gets them. Needs its session.
    pub const REQUESTS: &str = "/api/v1/requests";
}

/// Name of the header that every state-changing call carries, and its value.
pub const CLIENT_HEADER: (&str, &str) = ("Waxwing-Client", "1");

/// Name and value of the header with which a program that is no browser asks, in the last call of a registration,
/// login or recovery, for the session's token in the body instead of a cookie. It then sends
/// `Authorization: Bearer TOKEN` instead of the cookie.
pub const SESSION_HEADER: (&str, &str) = ("Waxwing-Session", "bearer");

/// Who may create an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
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
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum TotpPolicy {
    /// Every account has an authenticator.
    Required,
    /// Whoever wants one.
    Optional,
}

/// How many sessions of an account may be live at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum SessionPolicy {
    /// One: a stream that takes over displaces those of other sessions.
    Single,
    /// Any number.
    Multi,
}

/// What anybody may know about this relay.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ServerInfo {
    /// Version of the relay.
    pub version: String,
    /// What its operator calls it.
    pub name: String,
    /// No account exists yet: the first is made with the setup link.
    pub setup_required: bool,
    /// Who may create an account.
    pub registration: RegistrationPolicy,
    /// Whether accounts need a second factor.
    pub totp: TotpPolicy,
    /// How many sessions of an account may be live at once.
    pub sessions: SessionPolicy,
    /// Whether anybody may come as a guest.
    pub guests: bool,
}

/// Argon2id parameters, RFC 9106. Stored with each OPAQUE record; the client enforces a floor and a ceiling.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, minicbor::Encode, minicbor::Decode)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
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

/// Which stream of events is meant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct WhichStream {
    /// As the first event of the stream said.
    pub stream: String,
}

/// Frames of a client for its stream of events; none says only that it is there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Frames {
    /// In order, at most 256; each as it would be sent over a WebSocket.
    pub frames: Vec<Opaque>,
}

/// `{}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Empty {}
