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

pub mod account;
#[cfg(feature = "bench")]
pub mod bench;
pub mod hpke;
pub mod identity;
pub mod ids;
pub mod login;
pub mod padding;
pub mod recovery;
pub mod room;
pub mod seal;
pub mod secret;
mod suite;
#[cfg(feature = "vectors")]
pub mod vectors;
