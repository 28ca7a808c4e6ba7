//! Exponential back-off on failed logins, by username and by address.
//!
//! A username is held back briefly, or anybody could lock its owner out; an address for longer.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// Names and addresses remembered.
const MOST: usize = 65_536;
/// A record without a new failure is forgotten after this.
const FORGET: Duration = Duration::from_secs(60 * 60);

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Key {
    Username(String),
    Address(IpAddr),
}

impl Key {
    /// Failures that cost nothing, and the longest wait.
    fn rule(&self) -> (u32, Duration) {
        match self {
            Self::Username(_) => (5, Duration::from_secs(30)),
            Self::Address(_) => (20, Duration::from_secs(15 * 60)),
        }
    }
}

#[derive(Debug, Clone, Copy)]
struct Record {
    failures: u32,
    last: Instant,
}

#[derive(Debug, Default)]
pub(super) struct Backoff {
    records: Mutex<HashMap<Key, Record>>,
}

impl Backoff {
    fn lock(&self) -> MutexGuard<'_, HashMap<Key, Record>> {
        self.records.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How long to wait before the next attempt.
    pub(super) fn wait(&self, username: &str, address: IpAddr) -> Option<Duration> {
        self.wait_at(username, address, Instant::now())
    }

    fn wait_at(&self, username: &str, address: IpAddr, now: Instant) -> Option<Duration> {
        let records = self.lock();
        [Key::Username(username.to_owned()), Key::Address(address)]
            .iter()
            .filter_map(|key| {
                let record = records.get(key)?;
                let left = delay(key, record.failures).saturating_sub(now.duration_since(record.last));
                (!left.is_zero()).then_some(left)
            })
            .max()
    }

    /// Notes a failure.
    pub(super) fn failed(&self, username: &str, address: IpAddr) {
        self.failed_at(username, address, Instant::now());
    }

    fn failed_at(&self, username: &str, address: IpAddr, now: Instant) {
        let mut records = self.lock();
        for key in [Key::Username(username.to_owned()), Key::Address(address)] {
            if records.len() >= MOST && !records.contains_key(&key) {
                records.retain(|_, record| now.duration_since(record.last) < FORGET);
            }
            if records.len() >= MOST && !records.contains_key(&key) {
                // Under such an attack the address matters more than any one record.
                if let Some(any) = records.keys().next().cloned() {
                    records.remove(&any);
                }
            }
            let record = records.entry(key).or_insert(Record { failures: 0, last: now });
            if now.duration_since(record.last) >= FORGET {
                record.failures = 0;
            }
            record.failures = record.failures.saturating_add(1);
            record.last = now;
        }
    }

    /// The owner was here: the username starts anew. The address does not: others may sit behind it.
    pub(super) fn succeeded(&self, username: &str) {
        self.lock().remove(&Key::Username(username.to_owned()));
    }
}

fn delay(key: &Key, failures: u32) -> Duration {
    let (free, longest) = key.rule();
    match failures.checked_sub(free) {
        None => Duration::ZERO,
        Some(beyond) => Duration::from_secs(1_u64 << beyond.min(20)).min(longest),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_end_and_are_forgiven() {
        let backoff = Backoff::default();
        let (address, now) = (IpAddr::from([192, 0, 2, 1]), Instant::now());
        for _ in 0..4 {
            backoff.failed_at("mira", address, now);
        }
        assert_eq!(backoff.wait_at("mira", address, now), None, "typing errors are free");
        backoff.failed_at("mira", address, now);
        assert_eq!(backoff.wait_at("mira", address, now), Some(Duration::from_secs(1)));
        backoff.failed_at("mira", address, now);
        assert_eq!(backoff.wait_at("mira", address, now), Some(Duration::from_secs(2)));
        assert_eq!(backoff.wait_at("mira", address, now + Duration::from_secs(2)), None);
        for _ in 0..10 {
            backoff.failed_at("mira", address, now);
        }
        assert_eq!(backoff.wait_at("mira", address, now), Some(Duration::from_secs(30)), "no lock-out");
        backoff.succeeded("mira");
        assert_eq!(backoff.wait_at("mira", address, now), None);
    }

    #[test]
    fn an_address_that_tries_many_names_waits_longer() {
        let backoff = Backoff::default();
        let (address, now) = (IpAddr::from([192, 0, 2, 1]), Instant::now());
        for number in 0..40 {
            backoff.failed_at(&format!("name{number}"), address, now);
        }
        assert_eq!(backoff.wait_at("another", address, now), Some(Duration::from_secs(15 * 60)));
        assert_eq!(backoff.wait_at("another", IpAddr::from([192, 0, 2, 2]), now), None);
    }
}
