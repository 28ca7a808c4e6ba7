//! Registration, login and sessions.
//!
//! OPAQUE proves the password, TOTP the second factor. What is under way lives in memory, bounded and for minutes;
//! what is done is one transaction of the store.

mod attempts;
mod backoff;
pub(super) mod login;
pub mod opaque;
pub(super) mod register;
pub(super) mod session;
mod totp;

use std::{net::IpAddr, time::Duration};

use rand_core::{OsRng, RngCore as _};
use waxwing_wire::{
    Problem, ProblemCode,
    account::{KsfParams, RegistrationPolicy},
    username,
};

use super::problem::Refusal;
use crate::{limits, store::SessionLife};
use attempts::Attempts;
use backoff::Backoff;

/// How long sessions live.
pub const SESSION_LIFE: SessionLife =
    SessionLife { idle: limits::SESSION_IDLE, absolute: limits::SESSION_LIFE };

/// Parameters told for usernames that nobody has: those that a client uses by default.
const USUAL_KSF: KsfParams = KsfParams { memory_kib: 65_536, iterations: 3, parallelism: 1 };

/// What the calls share.
#[derive(Debug)]
pub(super) struct Auth {
    opaque: opaque::Server,
    policy: RegistrationPolicy,
    cookie: session::Cookie,
    registrations: Attempts<register::Registration>,
    logins: Attempts<login::Login>,
    backoff: Backoff,
}

impl Auth {
    pub(super) fn new(
        opaque: opaque::Server,
        policy: RegistrationPolicy,
        login: Duration,
        https: bool,
    ) -> Self {
        Self {
            opaque,
            policy,
            cookie: session::Cookie::new(https),
            registrations: Attempts::new(limits::REGISTRATIONS, limits::REGISTRATION_TIME),
            logins: Attempts::new(limits::LOGINS, login),
            backoff: Backoff::default(),
        }
    }

    /// Refuses who has failed too often, by account or by address.
    fn check_backoff(&self, username: &str, address: IpAddr) -> Result<(), Refusal> {
        let Some(wait) = self.backoff.wait(username, address) else { return Ok(()) };
        let mut problem = Problem::new(ProblemCode::RateLimited, "too many failed attempts; wait a little");
        problem.retry_after_s = Some(u32::try_from(wait.as_secs().saturating_add(1)).unwrap_or(u32::MAX));
        Err(problem.into())
    }
}

/// Random bytes from the operating system.
///
/// # Errors
/// When it has none.
pub fn random<const N: usize>() -> std::io::Result<[u8; N]> {
    let mut bytes = [0; N];
    OsRng.try_fill_bytes(&mut bytes).map_err(|error| std::io::Error::other(error.to_string()))?;
    Ok(bytes)
}

fn normalise(text: &str) -> Result<String, Refusal> {
    username::normalise(text).map_err(|error| invalid(&error.to_string()))
}

fn invalid(detail: &str) -> Refusal {
    Problem::new(ProblemCode::Invalid, detail).into()
}

fn expired() -> Refusal {
    let detail = "this attempt took too long or was never begun; begin again";
    Problem::new(ProblemCode::AttemptExpired, detail).into()
}

fn wrong_code() -> Refusal {
    Problem::new(
        ProblemCode::WrongCode,
        "the code is wrong; check the clock of the phone and try the next one",
    )
    .into()
}
