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

/// Rates of one account that clients know.
#[derive(Debug, Clone, Copy)]
pub struct Rates {
    /// Messages and statements of an account, unless the operator chose others.
    pub messages: Rate,
    /// Commits, joins and new rooms of an account.
    pub commits: Rate,
    /// What an account stores, commits included, by bytes.
    pub stores: Rate,
    /// Signals of an account.
    pub signals: Rate,
    /// Marks, and questions who is there.
    pub marks: Rate,
    /// Searches for accounts.
    pub finds: Rate,
}

impl Default for Rates {
    fn default() -> Self {
        Self {
            messages: Rate::of(shared::MESSAGES),
            commits: Rate::of(shared::COMMITS),
            stores: Rate::of(shared::STORES),
            signals: Rate::of(shared::SIGNALS),
            marks: Rate::of(shared::MARKS),
            finds: Rate::of(shared::FINDS),
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

    /// Takes tokens, or says after how long there will be as many. What is larger than a full bucket takes all of one.
    fn take(&mut self, tokens: u32, rate: Rate, now: Instant) -> Result<(), Duration> {
        self.fill(rate, now);
        let tokens = f64::from(tokens.min(rate.burst));
        if self.tokens >= tokens {
            self.tokens -= tokens;
            return Ok(());
        }
        let seconds = (tokens - self.tokens) / f64::from(rate.per_second.max(1));
        Err(Duration::from_secs_f64(seconds))
    }
}

/// Buckets of all accounts that wrote lately.
#[derive(Debug)]
pub(super) struct Meters {
    pub(super) rates: Rates,
    messages: Mutex<HashMap<AccountId, Bucket>>,
    commits: Mutex<HashMap<AccountId, Bucket>>,
    stores: Mutex<HashMap<AccountId, Bucket>>,
    signals: Mutex<HashMap<AccountId, Bucket>>,
    marks: Mutex<HashMap<AccountId, Bucket>>,
    finds: Mutex<HashMap<AccountId, Bucket>>,
}

impl Meters {
    pub(super) fn new() -> Self {
        Self {
            rates: Rates::default(),
            messages: Mutex::default(),
            commits: Mutex::default(),
            stores: Mutex::default(),
            signals: Mutex::default(),
            marks: Mutex::default(),
            finds: Mutex::default(),
        }
    }

    /// Counts a request, whose frame has so many bytes, against its account's rates, if it is of a kind that has some.
    /// That of messages is given: operators may change it.
    pub(super) fn check(
        &self,
        account: AccountId,
        (request, bytes): (&Request, usize),
        messages: Rate,
    ) -> Result<(), Problem> {
        let Rates { messages: _, commits, stores, signals, marks, finds } = self.rates;
        let by_size = u32::try_from(bytes.div_ceil(shared::RATE_BYTES).max(1)).unwrap_or(u32::MAX);
        let take = |buckets, tokens, rate| take(buckets, account, tokens, rate, Instant::now());
        match request {
            Request::Append(_) | Request::Post(_) => take(&self.messages, by_size, messages),
            Request::JoinInfo { .. } => take(&self.commits, 1, commits),
            Request::Commit(_) | Request::CreateRoom(_) | Request::Report { .. } => {
                take(&self.commits, 1, commits).and_then(|()| take(&self.stores, by_size, stores))
            }
            Request::PutSnapshot { .. }
            | Request::PutKeyring { .. }
            | Request::PutPublished(_)
            | Request::PutAccountData(_)
            | Request::DropAccountData(_)
            | Request::PutBlocks(_)
            | Request::PutKeyPackage(_)
            | Request::SetRetention { .. } => take(&self.stores, by_size, stores),
            Request::Erase { seqs, .. } => {
                let each = u32::try_from(seqs.len().max(1)).unwrap_or(u32::MAX);
                take(&self.stores, each, stores)
            }
            Request::Signal { .. } => take(&self.signals, 1, signals),
            Request::PutMarks { .. } | Request::WatchPresence(_) | Request::SharePresence(_) => {
                take(&self.marks, by_size, marks)
            }
            Request::FindAccount { .. } => take(&self.finds, shared::FIND_TOKENS, finds),
            _ => return Ok(()),
        }
        .map_err(slower)
    }
}

fn take(
    buckets: &Mutex<HashMap<AccountId, Bucket>>,
    account: AccountId,
    tokens: u32,
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
    buckets.entry(account).or_insert_with(|| Bucket::full(rate, now)).take(tokens, rate, now)
}

/// The refusal of a request that came too early.
pub(super) fn slower(wait: Duration) -> Problem {
    let mut problem = Problem::new(ProblemCode::RateLimited, "too much at once; go on a little later");
    problem.retry_after_s = Some(seconds(wait));
    problem
}

/// A wait as clients are told of it: whole seconds, at least one.
pub(super) fn seconds(wait: Duration) -> u32 {
    let seconds = wait.as_secs().saturating_add(u64::from(wait.subsec_nanos() > 0)).max(1);
    u32::try_from(seconds).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MESSAGES: Rate = Rate::of(shared::MESSAGES);

    #[test]
    fn a_burst_is_free_and_then_tokens_come_back() {
        let (rate, now) = (Rate { burst: 3, per_second: 2 }, Instant::now());
        let mut bucket = Bucket::full(rate, now);
        for _ in 0..3 {
            assert_eq!(bucket.take(1, rate, now), Ok(()));
        }
        assert_eq!(bucket.take(1, rate, now), Err(Duration::from_millis(500)));
        assert!(bucket.take(1, rate, now + Duration::from_millis(499)).is_err());
        assert_eq!(bucket.take(1, rate, now + Duration::from_millis(501)), Ok(()));
        let later = now + Duration::from_secs(3600);
        for _ in 0..3 {
            assert_eq!(bucket.take(1, rate, later), Ok(()), "no more than the burst gathers");
        }
        assert!(bucket.take(1, rate, later).is_err());
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
            take(&buckets, account(number), 1, rate, now).unwrap();
        }
        let busy = account(0);
        let later = now + Duration::from_secs(1);
        take(&buckets, busy, 1, rate, later).unwrap();
        take(&buckets, busy, 1, rate, later).unwrap();
        take(&buckets, account(limits::RATED_ACCOUNTS), 1, rate, later).unwrap();
        assert_eq!(buckets.lock().unwrap().len(), 2);
        assert!(take(&buckets, busy, 1, rate, later).is_err(), "who writes is remembered");
    }

    #[test]
    fn large_things_cost_more_and_the_largest_still_passes() {
        let (rate, now) = (Rate { burst: 4, per_second: 1 }, Instant::now());
        let mut bucket = Bucket::full(rate, now);
        assert_eq!(bucket.take(3, rate, now), Ok(()));
        assert_eq!(bucket.take(3, rate, now), Err(Duration::from_secs(2)));
        assert_eq!(bucket.take(100, rate, now + Duration::from_secs(3)), Ok(()), "a full bucket is enough");
        assert!(bucket.take(1, rate, now + Duration::from_secs(3)).is_err());
    }

    #[test]
    fn whatever_is_stored_has_a_rate_by_its_bytes() {
        use waxwing_wire::{EpochId, Opaque, RoomId, frame::*, ids::DataName};
        let (room, bytes, epoch) = (RoomId([1; 16]), Opaque(vec![1]), EpochId([1; 32]));
        let datum = AccountDatum { name: DataName([1; 16]), version: 1, bytes: bytes.clone() };
        let snapshot = Snapshot { epoch, commit: 0, bytes: bytes.clone() };
        let published =
            PutPublished { room, epoch, commit: 0, public_state: None, link: None, packages: Vec::new() };
        for request in [
            Request::PutSnapshot { room, snapshot },
            Request::PutKeyring { room, entries: Vec::new() },
            Request::PutPublished(Box::new(published)),
            Request::PutAccountData(datum),
            Request::DropAccountData(Vec::new()),
            Request::PutKeyPackage(bytes),
        ] {
            let (meters, account) = (Meters::new(), AccountId([1; 16]));
            let mut taken = 0;
            while meters.check(account, (&request, shared::FRAME_BYTES), MESSAGES).is_ok() {
                taken += 1;
                assert!(taken < 10, "{request:?}");
            }
            assert_eq!(taken, 4, "four whole frames at once: {request:?}");
            assert!(
                meters.check(AccountId([2; 16]), (&request, 1), MESSAGES).is_ok(),
                "others are not held back"
            );
        }
    }

    #[test]
    fn a_message_costs_a_token_for_each_four_kib() {
        use waxwing_wire::{EntryId, Opaque, RoomId, frame::Append};
        let append = Append {
            room: RoomId([1; 16]),
            after: 0,
            id: EntryId([1; 16]),
            bytes: Opaque(vec![1]),
            lasting: false,
        };
        let (meters, request) = (Meters::new(), Request::Append(append));
        let account = AccountId([1; 16]);
        for _ in 0..30 {
            assert!(meters.check(account, (&request, shared::RATE_BYTES + 1), MESSAGES).is_ok());
        }
        assert!(
            meters.check(account, (&request, 1), MESSAGES).is_err(),
            "two tokens each, and sixty at once"
        );
    }

    #[test]
    fn the_refusal_says_when_to_come_back() {
        assert_eq!(slower(Duration::from_millis(1)).retry_after_s, Some(1));
        assert_eq!(slower(Duration::from_millis(1001)).retry_after_s, Some(2));
    }
}
