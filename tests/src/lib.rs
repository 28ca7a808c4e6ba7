//! Tests across the parts of Waxwing. The library is the world they run in: real clients around a relay in memory.

#![expect(missing_debug_implementations, reason = "a world is too large to print")]

pub mod script;
pub mod sim;
