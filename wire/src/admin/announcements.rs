//! What the operator tells everybody. Not encrypted, and shown as such.

use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};

/// How loud an announcement is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Encode, Decode)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
#[cbor(index_only)]
pub enum Level {
    /// Good to know.
    #[n(0)]
    Info,
    /// Something is going to happen.
    #[n(1)]
    Warning,
}

/// A new announcement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Announce {
    /// 1 to [`crate::limits::ANNOUNCEMENT_CHARS`] characters.
    pub text: String,
    /// How loud it is.
    pub level: Level,
    /// When it goes away by itself; never when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at_ms: Option<u64>,
}

/// It is made, and told to whoever is connected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Announced {
    /// Names the announcement.
    pub id: u64,
}

/// An announcement with everything about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AnnouncementRecord {
    /// Names the announcement.
    pub id: u64,
    /// Its text.
    pub text: String,
    /// How loud it is.
    pub level: Level,
    /// When it was made.
    pub at_ms: u64,
    /// When it goes away by itself; never when absent.
    pub expires_at_ms: Option<u64>,
    /// When it was withdrawn; absent when it was not.
    pub withdrawn_at_ms: Option<u64>,
    /// Username of who made it; absent when that account is gone.
    pub author: Option<String>,
}

/// The newest announcements, those that ended included.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AnnouncementList {
    /// The newest first, at most [`crate::limits::ADMIN_PAGE`].
    pub announcements: Vec<AnnouncementRecord>,
}
