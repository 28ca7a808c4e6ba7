//! What people and the operator of the relay tell each other.

use minicbor::{Decode, Encode};

use crate::{AccountId, Opaque, admin::Level};

/// Something that the operator tells everybody. It is not encrypted, and shown as such.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Announcement {
    /// Names the announcement.
    #[n(0)]
    pub id: u64,
    /// Plain text, at most [`crate::limits::ANNOUNCEMENT_CHARS`] characters.
    #[n(1)]
    pub text: String,
    /// How loud it is.
    #[n(2)]
    pub level: Level,
    /// When it was made, milliseconds since 1970.
    #[n(3)]
    pub at_ms: u64,
    /// When it goes away by itself.
    #[n(4)]
    pub expires_at_ms: Option<u64>,
}

/// The public key under which reports are sealed for an administrator.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct ReportKey {
    /// The administrator.
    #[n(0)]
    pub account: AccountId,
    /// At most [`crate::limits::REPORT_KEY_BYTES`].
    #[n(1)]
    pub key: Opaque,
}

/// A report, sealed for one administrator.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct ReportCopy {
    /// The administrator.
    #[n(0)]
    pub account: AccountId,
    /// At most [`crate::limits::REPORT_BYTES`].
    #[n(1)]
    pub bytes: Opaque,
}
