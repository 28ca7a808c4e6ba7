#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]
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

mod codec;
mod label;
mod suite;
mod written;

pub mod account;
pub mod attachment;
#[cfg(feature = "bench")]
pub mod bench;
pub mod hpke;
pub mod identity;
pub mod ids;
pub mod login;
pub mod mark;
pub mod padding;
pub mod place;
pub mod published;
pub mod recovery;
pub mod report;
pub mod room;
pub mod room_password;
pub mod seal;
pub mod secret;
pub mod signal;
pub mod trust;
#[cfg(feature = "vectors")]
pub mod vectors;

#[cfg(test)]
mod altered;
#[cfg(test)]
mod reference;
