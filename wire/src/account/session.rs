//! Sessions, and who is behind them.

use serde::{Deserialize, Serialize};

use crate::{AccountId, ids::SessionId};

/// How far an account has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum AccountStatus {
    /// It may do everything.
    Active,
    /// It waits for an administrator.
    Pending,
}

/// The account behind a session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SessionInfo {
    /// The account.
    pub account: AccountId,
    /// Its username.
    pub username: String,
    /// Whether it may administrate this relay.
    pub administrator: bool,
    /// How far it has come.
    pub status: AccountStatus,
    /// Whether it has an authenticator.
    pub totp: bool,
    /// Recovery codes that were not used yet.
    pub recovery_codes_left: u32,
    /// It has neither username nor password; what stands for its name is not one that anybody can choose.
    pub guest: bool,
}

/// The sessions of the account, the newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Sessions {
    /// All that have not ended.
    pub sessions: Vec<SessionEntry>,
}

/// One session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SessionEntry {
    /// Names it; nothing can be done with it without a session of the same account.
    pub id: SessionId,
    /// What its client called itself at the login; may be empty.
    pub device: String,
    /// When it began, milliseconds since 1970.
    pub created_at_ms: u64,
    /// When it was last used, to the hour.
    pub last_used_at_ms: u64,
    /// It is the one that asks.
    pub current: bool,
    /// It has a stream now.
    pub live: bool,
}

/// Ends a session of the account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct EndSession {
    /// From [`SessionEntry`].
    pub id: SessionId,
}
