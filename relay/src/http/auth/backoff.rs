//! Exponential back-off on guesses at passwords and codes.
//!
//! OPAQUE lets whoever asks check its guess without a last message, so each exchange counts as a failure when it
//! begins and is forgiven when it proves right. A username is held back briefly, or anybody could lock its owner out;
//! an address, a room and whoever guesses at rooms for longer.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use waxwing_wire::{AccountId, ids::RoomHandle};

/// Keys remembered.
const MOST: usize = 65_536;
/// A record without a new failure is forgotten after this.
const FORGET: Duration = Duration::from_secs(60 * 60);

/// What failures are counted by.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(in crate::http) enum Key {
    /// Logins at an account.
    Username(String),
    /// Logins from an address.
    Address(IpAddr),
    /// Tries of a room's password.
    Room(RoomHandle),
    /// Tries of room passwords by an account.
    Guesser(AccountId),
}

impl Key {
    /// Failures that cost nothing, and the longest wait.
    fn rule(&self) -> (u32, Duration) {
        match self {
            Self::Username(_) => (5, Duration::from_secs(30)),
            Self::Address(_) => (20, Duration::from_secs(15 * 60)),
            Self::Room(_) | Self::Guesser(_) => (5, Duration::from_secs(15 * 60)),
        }
    }
}

#[derive(Debug, Clone, Copy)]
struct Record {
    failures: u32,
    last: Instant,
}

#[derive(Debug, Default)]
pub(in crate::http) struct Backoff {
    records: Mutex<HashMap<Key, Record>>,
}

type Records = HashMap<Key, Record>;

impl Backoff {
    fn lock(&self) -> MutexGuard<'_, Records> {
        self.records.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How long to wait before the next attempt.
    pub(in crate::http) fn wait(&self, keys: &[Key]) -> Option<Duration> {
        longest(&self.lock(), keys, Instant::now())
    }

    /// Begins an attempt: counts it as a failure, or says how long to wait.
    pub(in crate::http) fn attempt(&self, keys: &[Key]) -> Option<Duration> {
        self.attempt_at(keys, Instant::now())
    }

    fn attempt_at(&self, keys: &[Key], now: Instant) -> Option<Duration> {
        let mut records = self.lock();
        let wait = longest(&records, keys, now);
        if wait.is_none() {
            count(&mut records, keys, now);
        }
        wait
    }

    /// Notes a failure.
    pub(in crate::http) fn failed(&self, keys: &[Key]) {
        count(&mut self.lock(), keys, Instant::now());
    }

    /// An attempt was right: it is no failure any more.
    pub(in crate::http) fn forgive(&self, keys: &[Key]) {
        let mut records = self.lock();
        for key in keys {
            if let Some(record) = records.get_mut(key) {
                record.failures = record.failures.saturating_sub(1);
            }
        }
    }

    /// The owner was here: everything under this key starts anew.
    pub(in crate::http) fn clear(&self, key: &Key) {
        self.lock().remove(key);
    }
}

fn longest(records: &Records, keys: &[Key], now: Instant) -> Option<Duration> {
    let left = |key: &Key| {
        let record = records.get(key)?;
        let left = delay(key, record.failures).saturating_sub(now.duration_since(record.last));
        (!left.is_zero()).then_some(left)
    };
    keys.iter().filter_map(left).max()
}

fn count(records: &mut Records, keys: &[Key], now: Instant) {
    for key in keys {
        if records.len() >= MOST && !records.contains_key(key) {
            records.retain(|_, record| now.duration_since(record.last) < FORGET);
        }
        if records.len() >= MOST && !records.contains_key(key) {
            // Under such an attack the address matters more than any one record.
            if let Some(any) = records.keys().next().cloned() {
                records.remove(&any);
            }
        }
        let record = records.entry(key.clone()).or_insert(Record { failures: 0, last: now });
        if now.duration_since(record.last) >= FORGET {
            record.failures = 0;
        }
        record.failures = record.failures.saturating_add(1);
        record.last = now;
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
        let keys = [Key::Username("mira".into()), Key::Address(IpAddr::from([192, 0, 2, 1]))];
        let now = Instant::now();
        for _ in 0..5 {
            assert_eq!(backoff.attempt_at(&keys, now), None, "typing errors are free");
        }
        assert_eq!(backoff.attempt_at(&keys, now), Some(Duration::from_secs(1)));
        assert_eq!(backoff.attempt_at(&keys, now), Some(Duration::from_secs(1)), "waiting is no failure");
        let mut later = now + Duration::from_secs(1);
        assert_eq!(backoff.attempt_at(&keys, later), None);
        assert_eq!(backoff.attempt_at(&keys, later), Some(Duration::from_secs(2)));
        for _ in 0..10 {
            later += Duration::from_secs(60);
            assert_eq!(backoff.attempt_at(&keys, later), None, "no lock-out");
        }
        assert_eq!(backoff.attempt_at(&keys, later), Some(Duration::from_secs(30)));
        backoff.clear(&keys[0]);
        assert_eq!(backoff.attempt_at(&keys, later), None);
    }

    #[test]
    fn what_proves_right_costs_nothing() {
        let backoff = Backoff::default();
        let keys = [Key::Username("mira".into())];
        for _ in 0..100 {
            assert_eq!(backoff.attempt(&keys), None);
            backoff.forgive(&keys);
        }
    }

    #[test]
    fn an_address_that_tries_many_names_waits_longer() {
        let backoff = Backoff::default();
        let (one, other) = (IpAddr::from([192, 0, 2, 1]), IpAddr::from([192, 0, 2, 2]));
        for number in 0..40 {
            backoff.failed(&[Key::Username(format!("name{number}")), Key::Address(one)]);
        }
        let wait = backoff.wait(&[Key::Username("another".into()), Key::Address(one)]).unwrap();
        assert!(wait > Duration::from_secs(14 * 60));
        assert_eq!(backoff.wait(&[Key::Username("another".into()), Key::Address(other)]), None);
    }

    #[test]
    fn rooms_and_those_who_guess_at_them_wait_up_to_a_quarter_of_an_hour() {
        for key in [Key::Room(RoomHandle([1; 32])), Key::Guesser(AccountId([1; 16]))] {
            let (backoff, now) = (Backoff::default(), Instant::now());
            let mut guesses = 0;
            for second in 0..24 * 60 * 60 {
                let at = now + Duration::from_secs(second);
                guesses += u32::from(backoff.attempt_at(std::slice::from_ref(&key), at).is_none());
            }
            assert!((90..=115).contains(&guesses), "{guesses} guesses a day");
        }
    }
}
