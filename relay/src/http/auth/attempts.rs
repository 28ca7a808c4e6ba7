//! Registrations and logins under way: bounded in number and time, each named by a random id.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

use super::random;
use crate::limits;

/// Attempts of one kind.
#[derive(Debug)]
pub(super) struct Attempts<T> {
    most: usize,
    life: Duration,
    open: Mutex<HashMap<String, Attempt<T>>>,
}

/// An attempt, taken out while it is worked on: two requests cannot use one state.
#[derive(Debug)]
pub(super) struct Attempt<T> {
    pub state: T,
    address: IpAddr,
    begun: Instant,
    /// Codes tried so far.
    pub codes: u32,
}

impl<T> Attempts<T> {
    pub(super) fn new(most: usize, life: Duration) -> Self {
        Self { most, life, open: Mutex::new(HashMap::new()) }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Attempt<T>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins an attempt and names it. When there are too many, from one address or in all, the oldest gives way.
    pub(super) fn begin(&self, address: IpAddr, state: T) -> std::io::Result<String> {
        let id = URL_SAFE_NO_PAD.encode(random::<16>()?);
        let now = Instant::now();
        let mut open = self.lock();
        open.retain(|_, attempt| now.duration_since(attempt.begun) < self.life);
        let same = open.values().filter(|attempt| attempt.address == address).count();
        if same >= limits::ATTEMPTS_PER_ADDRESS {
            remove_oldest(&mut open, |attempt| attempt.address == address);
        } else if open.len() >= self.most {
            remove_oldest(&mut open, |_| true);
        }
        open.insert(id.clone(), Attempt { state, address, begun: now, codes: 0 });
        Ok(id)
    }

    /// Takes an attempt out, unless it is over.
    pub(super) fn take(&self, id: &str) -> Option<Attempt<T>> {
        let attempt = self.lock().remove(id)?;
        (attempt.begun.elapsed() < self.life).then_some(attempt)
    }

    /// Puts an attempt back that goes on. Its time goes on too.
    pub(super) fn put_back(&self, id: String, attempt: Attempt<T>) {
        self.lock().insert(id, attempt);
    }
}

impl<T> Attempt<T> {
    /// The same attempt, a step further.
    pub(super) fn with<U>(self, state: U) -> Attempt<U> {
        Attempt { state, address: self.address, begun: self.begun, codes: self.codes }
    }
}

fn remove_oldest<T>(open: &mut HashMap<String, Attempt<T>>, of: impl Fn(&Attempt<T>) -> bool) {
    let oldest = open.iter().filter(|(_, attempt)| of(attempt)).min_by_key(|(_, attempt)| attempt.begun);
    if let Some(id) = oldest.map(|(id, _)| id.clone()) {
        open.remove(&id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(last: u8) -> IpAddr {
        IpAddr::from([192, 0, 2, last])
    }

    #[test]
    fn an_attempt_is_taken_once_and_ends() {
        let attempts = Attempts::new(10, Duration::from_millis(50));
        let id = attempts.begin(address(1), 7).unwrap();
        let attempt = attempts.take(&id).unwrap();
        assert!(attempts.take(&id).is_none(), "somebody works on it");
        attempts.put_back(id.clone(), attempt);
        std::thread::sleep(Duration::from_millis(60));
        assert!(attempts.take(&id).is_none(), "its time is over");
    }

    #[test]
    fn one_address_pushes_out_only_its_own() {
        let attempts = Attempts::new(10_000, Duration::from_secs(60));
        let mine = attempts.begin(address(1), 0).unwrap();
        let first = attempts.begin(address(2), 0).unwrap();
        for _ in 0..limits::ATTEMPTS_PER_ADDRESS {
            attempts.begin(address(2), 0).unwrap();
        }
        assert!(attempts.take(&first).is_none());
        assert!(attempts.take(&mine).is_some());
    }

    #[test]
    fn the_number_is_bounded() {
        let attempts = Attempts::new(3, Duration::from_secs(60));
        for last in 0..10 {
            attempts.begin(address(last), 0).unwrap();
        }
        assert_eq!(attempts.lock().len(), 3);
    }
}
