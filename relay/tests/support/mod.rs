//! A real client of a real relay, as far as these tests need one: OPAQUE, codes, cookies, frames.

#![allow(dead_code, reason = "each test binary uses its part")]

pub mod account;
pub mod admin;
pub mod requests;
pub mod rooms;
pub mod stream;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tempfile::TempDir;
use waxwing_relay::{
    command::serve::Relay,
    config::{Config, Sessions},
};

/// A relay in this process, on a port of its own, with a folder of its own.
pub struct Running {
    pub relay: Relay,
    pub origin: String,
    pub folder: TempDir,
}

impl Running {
    /// A connection to its database, for what only others could do.
    pub fn database(&self) -> rusqlite::Connection {
        let db = rusqlite::Connection::open(self.folder.path().join("waxwing.db")).unwrap();
        db.busy_timeout(Duration::from_secs(5)).unwrap();
        db
    }
}

pub fn config(folder: &std::path::Path) -> Config {
    // Most tests write as fast as they can, and open several windows.
    let sessions = Sessions::Multi;
    Config { messages_per_second: 1_000_000, sessions, ..Config::local(folder.to_owned()) }
}

pub async fn start() -> Running {
    start_with(|_| {}).await
}

pub async fn start_with(change: impl FnOnce(&mut Config)) -> Running {
    steady_step().await;
    let folder = tempfile::tempdir().unwrap();
    let mut config = config(folder.path());
    change(&mut config);
    let relay = Relay::start(config).await.unwrap();
    Running { origin: format!("http://{}", relay.address), relay, folder }
}

/// Codes change every 30 seconds. A test that counts steps begins early in one.
pub async fn steady_step() {
    let into_step = now_s() % 30;
    if into_step > 22 {
        tokio::time::sleep(Duration::from_secs(30 - into_step)).await;
    }
}

pub fn now_s() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}
