//! Rooms, of which the relay knows size and activity, but no name.

use serde::{Deserialize, Serialize};

use crate::{RoomId, Seq, admin::Order};

/// By what rooms are sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum RoomSort {
    /// Bytes that it takes.
    #[default]
    Size,
    /// When its last entry came.
    Activity,
    /// Number of members.
    Members,
    /// When it was made.
    Created,
}

/// Which rooms.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct RoomQuery {
    /// By what they are sorted.
    #[serde(default)]
    pub sort: RoomSort,
    /// In which direction; largest first unless asked for.
    #[serde(default = "largest_first")]
    pub order: Order,
    /// `next` of the page before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// Entries of a page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 100))]
    pub limit: Option<u32>,
}

fn largest_first() -> Order {
    Order::Descending
}

impl Default for RoomQuery {
    fn default() -> Self {
        Self { sort: RoomSort::default(), order: largest_first(), after: None, limit: None }
    }
}

/// One room.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RoomRecord {
    /// The room.
    pub room: RoomId,
    /// Number of members.
    pub members: u32,
    /// Number of the last entry.
    pub entries: Seq,
    /// Bytes of the log's entries.
    pub bytes: u64,
    /// When it was made.
    pub created_at_ms: u64,
    /// When its last entry came; absent when it has none.
    pub last_entry_at_ms: Option<u64>,
}

/// A page of rooms.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RoomList {
    /// The page.
    pub rooms: Vec<RoomRecord>,
    /// How many there are on all pages.
    pub total: u64,
    /// What the next page is asked for with; absent on the last.
    pub next: Option<String>,
}
