//! Numbers about the relay.

use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};

/// The relay at one moment. Rates and latencies are those of the seconds before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, Encode, Decode)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Statistics {
    /// When.
    #[n(0)]
    pub at_ms: u64,
    /// Accounts, without those that wait and without guests.
    #[n(1)]
    pub users: u64,
    /// Accounts that wait for an administrator.
    #[n(2)]
    pub pending: u64,
    /// Accounts with a live stream.
    #[n(3)]
    pub online: u64,
    /// Live streams.
    #[n(4)]
    pub connections: u64,
    /// Messages that were ever written here.
    #[n(5)]
    pub messages_total: u64,
    /// Messages since midnight, UTC.
    #[n(6)]
    pub messages_today: u64,
    /// Bytes that clients sent, per second.
    #[n(7)]
    pub bytes_in_per_s: u64,
    /// Bytes that clients were sent, per second.
    #[n(8)]
    pub bytes_out_per_s: u64,
    /// HTTP calls and requests on streams, per minute.
    #[n(9)]
    pub requests_per_minute: u64,
    /// Microseconds that half of the HTTP calls took at most; 0 when there was none.
    #[n(10)]
    pub http_p50_us: u64,
    /// Microseconds that 95 of 100 HTTP calls took at most.
    #[n(11)]
    pub http_p95_us: u64,
    /// Microseconds until half of the writes were durable; 0 when there was none.
    #[n(12)]
    pub write_p50_us: u64,
    /// Microseconds until 95 of 100 writes were durable.
    #[n(13)]
    pub write_p95_us: u64,
    /// Requests that the relay failed to answer (status 500 and above) since it started.
    #[n(14)]
    pub failed: u64,
    /// Requests that the relay refused (status 400 to 499) since it started.
    #[n(15)]
    pub refused: u64,
    /// Bytes of the database.
    #[n(16)]
    pub database_bytes: u64,
    /// Bytes of its write-ahead log.
    #[n(17)]
    pub wal_bytes: u64,
    /// Free bytes on its disk; absent where the system does not tell.
    #[n(18)]
    pub disk_free_bytes: Option<u64>,
    /// Bytes of memory that the relay uses; absent where the system does not tell.
    #[n(19)]
    pub memory_bytes: Option<u64>,
    /// Seconds since the relay started.
    #[n(20)]
    pub uptime_s: u64,
    /// Reports of messages that wait for an administrator.
    #[n(21)]
    pub reports: u64,
    /// Guests.
    #[n(22)]
    pub guests: u64,
}

/// What happened in one hour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct HourStatistics {
    /// When the hour began.
    pub at_ms: u64,
    /// Most accounts that were online at once.
    pub online: u64,
    /// Most streams that were live at once.
    pub connections: u64,
    /// Messages that were written.
    pub messages: u64,
    /// Bytes that clients sent.
    pub bytes_in: u64,
    /// Bytes that clients were sent.
    pub bytes_out: u64,
    /// HTTP calls and requests on streams.
    pub requests: u64,
    /// Requests that failed.
    pub failed: u64,
    /// Requests that were refused.
    pub refused: u64,
    /// Bytes of the database at the end.
    pub database_bytes: u64,
}

/// Now and before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StatisticsPage {
    /// The newest.
    pub now: Statistics,
    /// The last minutes, one every two seconds, the oldest first; at most [`crate::limits::STATISTICS_KEPT`].
    pub history: Vec<Statistics>,
    /// The last two days by hour, the oldest first; hours in which the relay did not run are missing.
    pub hours: Vec<HourStatistics>,
}
