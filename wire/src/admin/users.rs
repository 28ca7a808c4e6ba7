//! People, as their operator sees them.

use serde::{Deserialize, Serialize};

use crate::AccountId;

/// Whether an account may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum UserStatus {
    /// Yes.
    Active,
    /// It waits for an administrator.
    Pending,
    /// An administrator has shut it out.
    Banned,
}

/// By what users are sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum UserSort {
    /// Username.
    #[default]
    Username,
    /// When the account was made.
    Created,
    /// When it was last seen.
    LastSeen,
    /// Bytes that it takes.
    Storage,
    /// Number of its rooms.
    Rooms,
}

/// Smallest or largest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum Order {
    /// Smallest first.
    #[default]
    Ascending,
    /// Largest first.
    Descending,
}

/// Which users.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct UserQuery {
    /// A part of the username.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub query: Option<String>,
    /// Only those.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<UserStatus>,
    /// Only guests, or only those who are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guests: Option<bool>,
    /// By what they are sorted.
    #[serde(default)]
    pub sort: UserSort,
    /// In which direction.
    #[serde(default)]
    pub order: Order,
    /// `next` of the page before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// Entries of a page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 100))]
    pub limit: Option<u32>,
}

/// One user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UserRecord {
    /// The account.
    pub account: AccountId,
    /// Its username.
    pub username: String,
    /// Whether it may be used.
    pub status: UserStatus,
    /// Whether it may administrate this relay.
    pub administrator: bool,
    /// A guest, without username and password; what stands for its username is made of its id.
    pub guest: bool,
    /// Whether logging in takes a code.
    pub totp: bool,
    /// When it was made.
    pub created_at_ms: u64,
    /// When it was last seen, roughly.
    pub last_seen_at_ms: u64,
    /// Whether it has a live connection.
    pub online: bool,
    /// Number of its sessions.
    pub sessions: u32,
    /// Number of its rooms.
    pub rooms: u32,
    /// Bytes of the room entries that it wrote and of its sealed objects.
    pub storage_bytes: u64,
}

/// A page of users.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Users {
    /// The page.
    pub users: Vec<UserRecord>,
    /// How many there are on all pages.
    pub total: u64,
    /// What the next page is asked for with; absent on the last.
    pub next: Option<String>,
}

/// A session, as an administrator sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UserSession {
    /// What the client calls its device; may be empty.
    pub device: String,
    /// When it began.
    pub created_at_ms: u64,
    /// When it was last used, roughly.
    pub last_used_at_ms: u64,
    /// Whether it has a live connection.
    pub live: bool,
}

/// One user with its sessions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UserDetails {
    /// The user.
    pub user: UserRecord,
    /// Its sessions, the latest used first.
    pub sessions: Vec<UserSession>,
}

/// Why an administrator does something; kept in the audit log.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Reason {
    /// At most [`crate::limits::REASON_CHARS`] characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}
