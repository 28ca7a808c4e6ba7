//! Registration, login and sessions.
//!
//! OPAQUE proves the password, TOTP the second factor. What is under way lives in memory, bounded and for minutes;
//! what is done is one transaction of the store.

mod attempts;
pub(super) mod backoff;
pub(super) mod credentials;
pub(super) mod guest;
mod known;
pub(super) mod login;
pub(super) mod manage;
pub mod opaque;
pub(super) mod recover;
mod recovery_codes;
pub(super) mod register;
pub(super) mod session;
mod totp;

use std::{net::IpAddr, time::Duration};

use axum::http::HeaderMap;
use rand_core::{OsRng, RngCore as _};
use waxwing_wire::{Problem, ProblemCode, account::KsfParams, username};

use super::App;
use super::problem::Refusal;
use crate::{limits, now_ms};
use attempts::Attempts;
use backoff::{Backoff, Key};

/// Parameters told for usernames that nobody has: those that a client uses by default.
pub(super) const USUAL_KSF: KsfParams = KsfParams { memory_kib: 65_536, iterations: 3, parallelism: 1 };

/// Label of the key for marks of browsers.
const KNOWN_KEY: &[u8] = b"Waxwing 1 known browsers key";

/// What the calls share.
#[derive(Debug)]
pub(super) struct Auth {
    pub(super) opaque: opaque::Server,
    cookie: session::Cookie,
    known: known::Known,
    registrations: Attempts<register::Registration>,
    confirmed: register::Confirmed,
    logins: Attempts<login::Login>,
    recoveries: Attempts<recover::Attempted>,
    proofs: credentials::Proofs,
    pub(super) backoff: Backoff,
}

impl Auth {
    pub(super) fn new(opaque: opaque::Server, login: Duration, https: bool) -> Self {
        let key = opaque.key(KNOWN_KEY);
        Self {
            known: known::Known::new(key, https),
            opaque,
            cookie: session::Cookie::new(https),
            registrations: Attempts::new(limits::REGISTRATIONS, limits::REGISTRATION_TIME),
            confirmed: register::Confirmed::default(),
            logins: Attempts::new(limits::LOGINS, login),
            recoveries: Attempts::new(limits::LOGINS, login),
            proofs: credentials::Proofs::default(),
            backoff: Backoff::default(),
        }
    }
}

/// Refuses who has failed too often.
pub(super) fn refuse_while(wait: Option<Duration>) -> Result<(), Problem> {
    let Some(wait) = wait else { return Ok(()) };
    let mut problem = Problem::new(ProblemCode::RateLimited, "too many attempts; wait a little");
    problem.retry_after_s = Some(u32::try_from(wait.as_secs().saturating_add(1)).unwrap_or(u32::MAX));
    Err(problem)
}

/// Begins a try of a password or a recovery key, or says how long to wait. When a name begins to wait, that is recorded.
async fn begin_attempt(app: &App, username: &str, keys: &[Key]) -> Result<(), Refusal> {
    let Err(wait) = refuse_while(app.auth.backoff.attempt(keys)) else { return Ok(()) };
    let begins = keys
        .iter()
        .any(|key| matches!(key, Key::Username(_) | Key::Browser(_)) && app.auth.backoff.first_refusal(key));
    if begins && let Err(error) = app.store.record_refused_logins(username.to_owned(), now_ms()).await {
        tracing::warn!(%error, "refused logins were not recorded");
    }
    Err(wait.into())
}

/// What logins at an account from an address are counted by: strangers do not hold back an owner who has logged in
/// from there before, or in this browser.
fn login_keys(auth: &Auth, headers: &HeaderMap, username: &str, address: IpAddr) -> Vec<Key> {
    let mut keys = vec![Key::Address(address)];
    if let Some(browser) = auth.known.browser(headers, username) {
        keys.push(Key::Browser(browser));
        return keys;
    }
    keys.extend(Key::site(address));
    if !auth.backoff.knows(username, address) {
        keys.push(Key::Username(username.to_owned()));
    }
    keys
}

/// What codes of an account are counted by, likewise: whoever knows the password does not hold back its owner.
fn code_key(auth: &Auth, headers: &HeaderMap, username: &str) -> Key {
    let browser = auth.known.browser(headers, username);
    browser.map_or_else(|| Key::Code(username.to_owned()), Key::CodeBrowser)
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
    username::normalise(text).map_err(|error| invalid(&error.to_string()).into())
}

fn invalid(detail: &str) -> Problem {
    Problem::new(ProblemCode::Invalid, detail)
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
