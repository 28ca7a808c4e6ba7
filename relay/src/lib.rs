//! The Waxwing relay: stores ciphertext it cannot read and routes it to room members.
//!
//! It never depends on the crates that can decrypt; of OPAQUE it holds the server's half.
//! See `docs/operating/` for what it keeps and how it runs.

#![deny(missing_docs)]
#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)
)]

pub mod command;
pub mod config;
pub mod fanout;
pub mod http;
pub mod limits;
pub mod settings;
pub mod shutdown;
pub mod statistics;
pub mod store;

use std::time::{SystemTime, UNIX_EPOCH};

/// Milliseconds since 1970, by the system's clock.
pub fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
