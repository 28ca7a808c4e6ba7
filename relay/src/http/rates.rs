//! How much an account may write: token buckets, which allow bursts and bound what goes on.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use waxwing_wire::{AccountId, Problem, ProblemCode, frame::Request, limits as shared};

use crate::limits;

/// Tokens that a full bucket has, and how many come back per second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// At once.
    pub burst: u32,
    /// In the long run.
    pub per_second: u32,
}

impl Rate {
    const fn of((burst, per_second): (u32, u32)) -> Self {
        Self { burst, per_second }
    }
}

/// Rates of one stream or account.
#[derive(Debug, Clone, Copy)]
pub struct Rates {
    /// Messages and statements of an account.
    pub messages: Rate,
    /// Commits, joins and new rooms of an account.
    pub commits: Rate,
    /// Signals of a stream.
    pub signals: Rate,
}

impl Default for Rates {
    fn default() -> Self {
        Self {
            messages: Rate::of(shared::MESSAGES),
            commits: Rate::of(shared::COMMITS),
            signals: Rate::of(shared::SIGNALS),
        }
    }
}

/// One bucket.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bucket {
    tokens: f64,
    at: Instant,
}

impl Bucket {
    pub(super) fn full(rate: Rate, now: Instant) -> Self {
        Self { tokens: f64::from(rate.burst), at: now }
    }

    fn fill(&mut self, rate: Rate, now: Instant) {
        let gained = now.saturating_duration_since(self.at).as_secs_f64() * f64::from(rate.per_second);
        self.tokens = (self.tokens + gained).min(f64::from(rate.burst));
        self.at = now;
    }

    /// Takes a token, or says after how long there will be one.
    pub(super) fn take(&mut self, rate: Rate, now: Instant) -> Result<(), Duration> {
        self.fill(rate, now);
        if self.tokens >= 1.0 {
            self.tokens -= 1.0;
            return Ok(());
        }
        let seconds = (1.0 - self.tokens) / f64::from(rate.per_second.max(1));
        Err(Duration::from_secs_f64(seconds))
    }
}

/// Buckets of all accounts that wrote lately.
#[derive(Debug)]
pub(super) struct Meters {
    pub(super) rates: Rates,
    messages: Mutex<HashMap<AccountId, Bucket>>,
    commits: Mutex<HashMap<AccountId, Bucket>>,
}

impl Meters {
    pub(super) fn new(rates: Rates) -> Self {
        Self { rates, messages: Mutex::default(), commits: Mutex::default() }
    }

    /// Counts a request against its account's rates, if it is of a kind that has one.
    pub(super) fn check(&self, account: AccountId, request: &Request) -> Result<(), Problem> {
        let (buckets, rate) = match request {
            Request::Append(_) | Request::Post(_) => (&self.messages, self.rates.messages),
            Request::Commit(_) | Request::CreateRoom(_) | Request::JoinInfo { .. } => {
                (&self.commits, self.rates.commits)
            }
            _ => return Ok(()),
        };
        take(buckets, account, rate, Instant::now()).map_err(slower)
    }
}

fn take(
    buckets: &Mutex<HashMap<AccountId, Bucket>>,
    account: AccountId,
    rate: Rate,
    now: Instant,
) -> Result<(), Duration> {
    let mut buckets = buckets.lock().unwrap_or_else(PoisonError::into_inner);
    if buckets.len() >= limits::RATED_ACCOUNTS && !buckets.contains_key(&account) {
        buckets.retain(|_, bucket| {
            bucket.fill(rate, now);
            bucket.tokens < f64::from(rate.burst)
        });
    }
    buckets.entry(account).or_insert_with(|| Bucket::full(rate, now)).take(rate, now)
}

/// The refusal of a request that came too early.
pub(super) fn slower(wait: Duration) -> Problem {
    let mut problem = Problem::new(ProblemCode::RateLimited, "too much at once; go on a little later");
    let seconds = wait.as_secs().saturating_add(u64::from(wait.subsec_nanos() > 0)).max(1);
    problem.retry_after_s = Some(u32::try_from(seconds).unwrap_or(u32::MAX));
    problem
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_is_free_and_then_tokens_come_back() {
        let (rate, now) = (Rate { burst: 3, per_second: 2 }, Instant::now());
        let mut bucket = Bucket::full(rate, now);
        for _ in 0..3 {
            assert_eq!(bucket.take(rate, now), Ok(()));
        }
        assert_eq!(bucket.take(rate, now), Err(Duration::from_millis(500)));
        assert!(bucket.take(rate, now + Duration::from_millis(499)).is_err());
        assert_eq!(bucket.take(rate, now + Duration::from_millis(501)), Ok(()));
        let later = now + Duration::from_secs(3600);
        for _ in 0..3 {
            assert_eq!(bucket.take(rate, later), Ok(()), "no more than the burst gathers");
        }
        assert!(bucket.take(rate, later).is_err());
    }

    #[test]
    fn accounts_at_rest_are_forgotten() {
        let (rate, now) = (Rate { burst: 2, per_second: 1 }, Instant::now());
        let buckets = Mutex::default();
        let account = |number: usize| {
            let mut id = [0; 16];
            id[..8].copy_from_slice(&number.to_be_bytes());
            AccountId(id)
        };
        for number in 0..limits::RATED_ACCOUNTS {
            take(&buckets, account(number), rate, now).unwrap();
        }
        let busy = account(0);
        let later = now + Duration::from_secs(1);
        take(&buckets, busy, rate, later).unwrap();
        take(&buckets, busy, rate, later).unwrap();
        take(&buckets, account(limits::RATED_ACCOUNTS), rate, later).unwrap();
        assert_eq!(buckets.lock().unwrap().len(), 2);
        assert!(take(&buckets, busy, rate, later).is_err(), "who writes is remembered");
    }

    #[test]
    fn the_refusal_says_when_to_come_back() {
        assert_eq!(slower(Duration::from_millis(1)).retry_after_s, Some(1));
        assert_eq!(slower(Duration::from_millis(1001)).retry_after_s, Some(2));
    }
}
