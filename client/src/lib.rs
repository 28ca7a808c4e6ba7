//! The Waxwing client as a machine without I/O: [`Input`](io::Input)s in, [`Effect`](io::Effect)s out.

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

mod account_data;
pub mod api;
mod auth;
mod connection;
mod contacts;
mod content;
mod ctx;
#[cfg(feature = "fuzzing")]
#[allow(clippy::expect_used, clippy::panic)]
pub mod fuzzing;
mod intents;
pub mod io;
mod machine;
mod marks;
mod operator;
mod people;
mod preferences;
mod room;
mod rotation;
mod session;
mod signal;
mod standing;
mod trust;

pub use machine::Client;
