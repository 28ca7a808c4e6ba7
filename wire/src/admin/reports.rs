//! Reports of messages, sealed for each administrator by the member who reports.

use serde::{Deserialize, Serialize};

use crate::{AccountId, EntryId, Opaque, RoomId, Seq};

/// What became of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum ReportStatus {
    /// Nobody has decided yet.
    Open,
    /// An administrator has decided; the message stays.
    Dismissed,
    /// An administrator has decided; the message's ciphertext was removed.
    Removed,
}

/// Which reports.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ReportQuery {
    /// Only those.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<ReportStatus>,
    /// `next` of the page before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// Entries of a page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 100))]
    pub limit: Option<u32>,
}

/// One report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReportRecord {
    /// Names the report.
    pub id: u64,
    /// The room.
    pub room: RoomId,
    /// Number of the reported entry.
    pub seq: Seq,
    /// Its id, which its author signed with the message: what the report shows has to carry the same.
    pub entry: EntryId,
    /// Who reports.
    pub reporter: AccountId,
    /// Its username; absent when the account is gone.
    pub reporter_name: Option<String>,
    /// When the relay took it.
    pub at_ms: u64,
    /// What became of it.
    pub status: ReportStatus,
    /// The report, sealed for the asking administrator; absent when it was not sealed for that one.
    pub sealed: Option<Opaque>,
    /// The account that wrote the reported entry, as the relay saw it.
    pub sender: AccountId,
    /// Its username; absent when the account is gone.
    pub sender_name: Option<String>,
    /// Public identity keys of the sender, 32 bytes each: the present one first, then former ones.
    pub sender_keys: Vec<Opaque>,
}

/// A page of reports, the newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReportList {
    /// The page.
    pub reports: Vec<ReportRecord>,
    /// How many are open.
    pub open: u64,
    /// How many there are on all pages.
    pub total: u64,
    /// What the next page is asked for with; absent on the last.
    pub next: Option<String>,
}

/// The decision on a report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Resolve {
    /// Whether the message's ciphertext is removed.
    pub remove_message: bool,
}
