//! What the Waxwing relay and its clients say to each other.
//!
//! Two dialects, both versioned by the path `/api/v1`:
//!
//! * **JSON over HTTP** for accounts and sessions ([`account`]) and for administrators ([`admin`]). Byte strings are base64url without padding.
//! * **CBOR frames** over the WebSocket stream ([`frame`]) for everything about rooms. A client sends
//!   [`frame::ClientFrame`]s, the relay sends [`frame::ServerFrame`]s; each WebSocket binary message is exactly one frame.
//!
//! This crate holds no cryptography and no I/O. What clients sealed travels as [`Opaque`] bytes, which have no
//! `Debug` of their content and which the relay never parses.

#![deny(missing_docs)]
#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects
    )
)]

pub mod account;
pub mod admin;
pub mod codec;
pub mod frame;
pub mod ids;
pub mod limits;
pub mod opaque;
pub mod problem;
#[cfg(feature = "openapi")]
mod schema;
pub mod text;
pub mod username;

pub use codec::{DecodeError, decode, encode};
pub use ids::{AccountId, EntryId, EpochId, MethodId, RoomId, Seq};
pub use opaque::Opaque;
pub use problem::{Problem, ProblemCode};
