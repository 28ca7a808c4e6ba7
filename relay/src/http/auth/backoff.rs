//! Exponential back-off on guesses at passwords and codes.
//!
//! OPAQUE lets whoever asks check its guess without a last message, so each exchange counts as a failure when it
//! begins and is forgiven when it proves right. A username is held back briefly, or anybody could lock its owner out,
//! and not at all where its owner has logged in before, from the same address or in the same browser; an address and whoever guesses at rooms for longer, a room briefly.
//! Codes are counted apart and for long: only who proved the password comes to try one.

use std::{
    collections::{HashMap, HashSet},
    net::{IpAddr, Ipv6Addr},
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use waxwing_wire::{AccountId, ids::RoomHandle};

use super::known::Browser;

/// Keys remembered.
const MOST: usize = 65_536;
/// For each such time without a new failure one is forgotten. As long as the longest wait: who waits gains nothing.
const DECAY: Duration = Duration::from_secs(15 * 60);
/// The same for codes: whoever has the password and guesses slowly enough never to wait, unnoticed, has but a few a day.
const CODE_DECAY: Duration = Duration::from_secs(4 * 60 * 60);
/// Failures beyond those that are free, at most: after a long attack, waits shrink within hours.
const MOST_BEYOND: u32 = 12;

/// What failures are counted by.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(in crate::http) enum Key {
    /// Logins at an account.
    Username(String),
    /// Logins at an account in a browser that its owner has used before.
    Browser(Browser),
    /// Logins from an address; of IPv6 a /64.
    Address(IpAddr),
    /// Logins from a /48 of IPv6: somebody may have all of it, or many people a part each.
    Site(Ipv6Addr),
    /// One-time codes of an account, after its password was proven.
    Code(String),
    /// The same in a browser that its owner has used before.
    CodeBrowser(Browser),
    /// Tries of a room's password.
    Room(RoomHandle),
    /// Tries of room passwords by an account.
    Guesser(AccountId),
    /// Room passwords that an account sets up: each tells whether a name is taken.
    Setter(AccountId),
    /// Registrations begun from an address: each tells whether a username is taken.
    Registrant(IpAddr),
    /// Guests made or come back from an address.
    Guest(IpAddr),
}

impl Key {
    /// Failures that cost nothing, and the longest wait.
    fn rule(&self) -> (u32, Duration) {
        match self {
            Self::Username(_) | Self::Browser(_) => (5, Duration::from_secs(30)),
            Self::Address(_) => (20, Duration::from_secs(15 * 60)),
            Self::Site(_) => (100, Duration::from_secs(15 * 60)),
            // A stranger must not lock a room; who guesses is held back by account.
            Self::Room(_) => (5, Duration::from_secs(10)),
            // Neither is a failure. Many may sit behind one address, and a name may be taken; lists of names take long.
            Self::Setter(_) => (60, Duration::from_secs(60)),
            Self::Registrant(_) => (200, Duration::from_secs(60)),
            // A class of pupils may sit behind one address.
            Self::Guest(_) => (60, Duration::from_secs(60)),
            Self::Code(_) | Self::CodeBrowser(_) | Self::Guesser(_) => (5, Duration::from_secs(15 * 60)),
        }
    }
}

impl Key {
    /// The /48 of an address, if it has one.
    pub(super) fn site(address: IpAddr) -> Option<Self> {
        let IpAddr::V6(address) = address else { return None };
        Some(Self::Site(Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 80))))
    }

    /// Time after which one failure is forgotten.
    fn decay(&self) -> Duration {
        if matches!(self, Self::Code(_) | Self::CodeBrowser(_)) { CODE_DECAY } else { DECAY }
    }
}

#[derive(Debug, Clone, Copy)]
struct Record {
    failures: u32,
    last: Instant,
    /// What `last` was before the newest attempt.
    before: Instant,
    /// Somebody had to wait.
    refused: bool,
}

impl Record {
    /// Failures that are not forgotten yet.
    fn left(&self, key: &Key, now: Instant) -> u32 {
        let forgotten = now.saturating_duration_since(self.last).as_secs() / key.decay().as_secs();
        self.failures.saturating_sub(u32::try_from(forgotten).unwrap_or(u32::MAX))
    }
}

#[derive(Debug, Default)]
pub(in crate::http) struct Backoff {
    records: Mutex<HashMap<Key, Record>>,
    /// Names with addresses from which their owners have logged in.
    owners: Mutex<HashSet<(String, IpAddr)>>,
}

type Records = HashMap<Key, Record>;

impl Backoff {
    fn lock(&self) -> MutexGuard<'_, Records> {
        self.records.lock().unwrap_or_else(PoisonError::into_inner)
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

    /// Whether this key itself has to wait, and nobody had to before, since its first failure. Asked when somebody was
    /// refused, which may be for another key.
    pub(in crate::http) fn first_refusal(&self, key: &Key) -> bool {
        self.first_refusal_at(key, Instant::now())
    }

    fn first_refusal_at(&self, key: &Key, now: Instant) -> bool {
        let mut records = self.lock();
        longest(&records, std::slice::from_ref(key), now).is_some()
            && records.get_mut(key).is_some_and(|record| !std::mem::replace(&mut record.refused, true))
    }

    /// An attempt was right: it is no failure any more.
    pub(in crate::http) fn forgive(&self, keys: &[Key]) {
        let mut records = self.lock();
        for key in keys {
            if let Some(record) = records.get_mut(key) {
                record.failures = record.failures.saturating_sub(1);
                // What was right does not make others wait longer.
                record.last = record.before;
            }
        }
    }

    /// The owner was here: everything under this key starts anew.
    pub(in crate::http) fn clear(&self, key: &Key) {
        self.lock().remove(key);
    }

    /// Remembers where an owner logged in.
    pub(in crate::http) fn remember(&self, username: String, address: IpAddr) {
        let mut owners = self.owners.lock().unwrap_or_else(PoisonError::into_inner);
        let any = owners.iter().next().cloned();
        if let Some(any) = any.filter(|_| owners.len() >= MOST) {
            owners.remove(&any);
        }
        owners.insert((username, address));
    }

    /// Whether an owner has logged in from there since the relay started.
    pub(in crate::http) fn knows(&self, username: &str, address: IpAddr) -> bool {
        let owners = self.owners.lock().unwrap_or_else(PoisonError::into_inner);
        owners.contains(&(username.to_owned(), address))
    }
}

fn longest(records: &Records, keys: &[Key], now: Instant) -> Option<Duration> {
    let left = |key: &Key| {
        let record = records.get(key)?;
        let waited = now.saturating_duration_since(record.last);
        let left = delay(key, record.left(key, now)).saturating_sub(waited);
        (!left.is_zero()).then_some(left)
    };
    keys.iter().filter_map(left).max()
}

fn count(records: &mut Records, keys: &[Key], now: Instant) {
    for key in keys {
        if records.len() >= MOST && !records.contains_key(key) {
            records.retain(|key, record| record.left(key, now) > 0);
        }
        if records.len() >= MOST && !records.contains_key(key) {
            // Under such an attack the address matters more than any one record.
            if let Some(any) = records.keys().next().cloned() {
                records.remove(&any);
            }
        }
        let record = records.entry(key.clone()).or_insert(Record {
            failures: 0,
            last: now,
            before: now,
            refused: false,
        });
        record.refused &= record.left(key, now) > 0;
        let most = key.rule().0.saturating_add(MOST_BEYOND);
        record.failures = record.left(key, now).saturating_add(1).min(most);
        record.before = record.last;
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
        assert!(backoff.first_refusal_at(&keys[0], later));
        assert!(!backoff.first_refusal_at(&keys[0], later), "told once");
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
    fn lists_of_names_take_long_to_try() {
        let address = IpAddr::from([192, 0, 2, 1]);
        for (key, free) in [(Key::Setter(AccountId([1; 16])), 60), (Key::Registrant(address), 200)] {
            let (backoff, now) = (Backoff::default(), Instant::now());
            let tried = (0..60 * 60).filter(|second| {
                backoff.attempt_at(std::slice::from_ref(&key), now + Duration::from_secs(*second)).is_none()
            });
            let tried = tried.count();
            assert!((free..=free + 70).contains(&tried), "{tried} names in an hour");
        }
    }

    #[test]
    fn a_room_is_not_locked_by_guesses_of_others() {
        let (backoff, now) = (Backoff::default(), Instant::now());
        let keys = [Key::Room(RoomHandle([1; 32]))];
        for second in 0..60 * 60 {
            let wait = backoff.attempt_at(&keys, now + Duration::from_secs(second));
            assert!(wait.is_none_or(|wait| wait <= Duration::from_secs(10)));
        }
    }

    #[test]
    fn an_address_that_tries_many_names_waits_longer() {
        let (backoff, now) = (Backoff::default(), Instant::now());
        let (one, other) = (IpAddr::from([192, 0, 2, 1]), IpAddr::from([192, 0, 2, 2]));
        let (mut tried, mut longest) = (0, Duration::ZERO);
        for second in 0..60 * 60 {
            let keys = [Key::Username(format!("name{second}")), Key::Address(one)];
            match backoff.attempt_at(&keys, now + Duration::from_secs(second)) {
                None => tried += 1,
                Some(wait) => {
                    assert!(!backoff.first_refusal_at(&keys[0], now), "nobody guessed at this name");
                    longest = longest.max(wait);
                }
            }
        }
        assert!((30..=35).contains(&tried), "{tried} names in an hour");
        assert!(longest > Duration::from_secs(14 * 60));
        assert_eq!(backoff.attempt_at(&[Key::Username("another".into()), Key::Address(other)], now), None);
    }

    #[test]
    fn failures_are_forgotten_with_time_even_after_a_long_attack() {
        let (backoff, now) = (Backoff::default(), Instant::now());
        let keys = [Key::Username("mira".into())];
        for minute in 0..24 * 60 {
            assert_eq!(backoff.attempt_at(&keys, now + Duration::from_secs(60 * minute)), None);
        }
        let later = now + Duration::from_secs(24 * 60 * 60) + DECAY * 17;
        for _ in 0..5 {
            assert_eq!(backoff.attempt_at(&keys, later), None, "typing errors are free again");
        }
    }

    #[test]
    fn what_was_right_leaves_the_wait_as_it_was() {
        let (backoff, now) = (Backoff::default(), Instant::now());
        let keys = [Key::Username("mira".into())];
        for _ in 0..5 {
            backoff.attempt_at(&keys, now);
        }
        let later = now + Duration::from_secs(60);
        assert_eq!(backoff.attempt_at(&keys, later), None);
        backoff.forgive(&keys);
        assert_eq!(backoff.attempt_at(&keys, later), None, "the first failures were a minute ago");
    }

    #[test]
    fn slow_guesses_at_codes_are_few_until_they_are_noticed() {
        let (backoff, now) = (Backoff::default(), Instant::now());
        let key = Key::Code("mira".into());
        let hour = Duration::from_secs(60 * 60);
        let unnoticed = (0..24_u32).take_while(|hours| {
            let waits = backoff.attempt_at(std::slice::from_ref(&key), now + hour * *hours).is_some();
            // Once more at the same time: nobody waits an hour for a code.
            !waits && backoff.attempt_at(std::slice::from_ref(&key), now + hour * *hours).is_none()
        });
        assert!(unnoticed.count() <= 4);
    }

    #[test]
    fn codes_and_those_who_guess_at_rooms_wait_up_to_a_quarter_of_an_hour() {
        for key in [Key::Code("mira".into()), Key::Guesser(AccountId([1; 16]))] {
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
