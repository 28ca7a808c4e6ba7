//! Numbers about the relay: counted by atomics where things happen, gathered every two seconds.

mod counters;
mod machine;

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use serde::{Deserialize, Serialize};
use tokio::sync::watch;
use waxwing_wire::{
    admin::{HourStatistics, Statistics, StatisticsPage},
    limits as shared,
};

pub use counters::{Counted, Counters};

use crate::{
    fanout::Fanout,
    limits, now_ms,
    store::{Numbers, Store},
};

/// Row of the table `settings` in which the hours outlive a restart.
const STORED: &str = "statistics_hours";
const HOUR_MS: u64 = 60 * 60 * 1000;

/// What was gathered.
#[derive(Debug, Default)]
struct History {
    samples: VecDeque<Statistics>,
    hours: VecDeque<HourStatistics>,
    /// As they were counted last.
    numbers: Option<Numbers>,
}

/// Gathers the numbers and keeps the newest.
#[derive(Debug)]
pub struct Gatherer {
    counters: Arc<Counters>,
    folder: std::path::PathBuf,
    begun: Instant,
    history: Mutex<History>,
}

/// The hours as they are stored.
#[derive(Serialize, Deserialize)]
struct Stored {
    hours: Vec<HourStatistics>,
}

impl Gatherer {
    /// For a relay whose database is in this folder.
    pub fn new(counters: Arc<Counters>, folder: std::path::PathBuf) -> Self {
        Self { counters, folder, begun: Instant::now(), history: Mutex::default() }
    }

    fn lock(&self) -> MutexGuard<'_, History> {
        self.history.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Now and before. Accounts, messages and reports are counted for whoever asks: a report that came a moment ago is
    /// among them.
    pub async fn page(&self, store: &Store) -> StatisticsPage {
        self.number(store.numbers(now_ms()).await.ok());
        self.shown()
    }

    fn shown(&self) -> StatisticsPage {
        let history = self.lock();
        let newest = history.samples.back().copied().unwrap_or_default();
        StatisticsPage {
            now: history.numbers.map_or(newest, |numbers| with(newest, &numbers)),
            history: history.samples.iter().copied().collect(),
            hours: history.hours.iter().copied().collect(),
        }
    }

    /// Gathers until told to stop, and sends what it finds to those who watch.
    pub async fn run(
        self: Arc<Self>,
        store: Arc<Store>,
        fanout: Arc<Fanout>,
        mut stopping: watch::Receiver<bool>,
    ) {
        self.load(&store).await;
        let mut ticks = tokio::time::interval(limits::SAMPLE_TIME);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut before = (Instant::now(), Counted::default());
        let mut numbered = None;
        loop {
            tokio::select! {
                _ = stopping.changed() => break,
                _ = ticks.tick() => {}
            }
            if Self::wants_numbers(fanout.is_watched(), numbered, Instant::now()) {
                // Numbers of the database are better old than absent: it may be busy.
                self.number(store.numbers(now_ms()).await.ok());
                numbered = Some(Instant::now());
            }
            before = self.gather(&store, &fanout, before).await;
        }
        self.save(&store).await;
    }

    /// One sample, with what happened since the one before.
    async fn gather(
        &self,
        store: &Store,
        fanout: &Fanout,
        (before, old): (Instant, Counted),
    ) -> (Instant, Counted) {
        let (now, counted) = (Instant::now(), self.counters.read());
        let ms = now.saturating_duration_since(before).as_millis().max(1);
        let per = |count: u64, unit_ms: u128| {
            u64::try_from(u128::from(count).saturating_mul(unit_ms) / ms).unwrap_or(u64::MAX)
        };
        let passed = counted.since(&old);
        let numbers = self.lock().numbers.unwrap_or_default();
        let [http_p50_us, http_p95_us] = self.counters.http.take();
        let [write_p50_us, write_p95_us] = self.counters.writes.take();
        let files = machine::files(&self.folder);
        let sample = Statistics {
            at_ms: now_ms(),
            online: length(fanout.online().len()),
            connections: length(fanout.count()),
            bytes_in_per_s: per(passed.bytes_in, 1000),
            bytes_out_per_s: per(passed.bytes_out, 1000),
            requests_per_minute: per(passed.requests, 60_000),
            http_p50_us,
            http_p95_us,
            write_p50_us,
            write_p95_us,
            failed: counted.failed,
            refused: counted.refused,
            database_bytes: files.database,
            wal_bytes: files.wal,
            disk_free_bytes: machine::disk_free(&self.folder),
            memory_bytes: machine::memory(),
            uptime_s: self.begun.elapsed().as_secs(),
            ..with(Statistics::default(), &numbers)
        };
        if self.keep(sample, passed) {
            self.save(store).await;
        }
        fanout.show(&sample);
        (now, counted)
    }

    /// Whether accounts and messages are to be counted: while somebody looks, else now and then, because it costs more
    /// the more accounts there are.
    fn wants_numbers(watched: bool, last: Option<Instant>, now: Instant) -> bool {
        let due = last.is_none_or(|last| now.saturating_duration_since(last) >= limits::COUNT_TIME);
        watched || due
    }

    fn number(&self, counted: Option<Numbers>) {
        let mut history = self.lock();
        history.numbers = counted.or(history.numbers);
    }

    /// Files a sample; `true` when a new hour began.
    fn keep(&self, sample: Statistics, passed: Counted) -> bool {
        let mut history = self.lock();
        let written = history
            .samples
            .back()
            .map_or(0, |last| sample.messages_total.saturating_sub(last.messages_total));
        if history.samples.len() >= shared::STATISTICS_KEPT {
            history.samples.pop_front();
        }
        history.samples.push_back(sample);
        let hour = sample.at_ms.checked_div(HOUR_MS).unwrap_or(0).saturating_mul(HOUR_MS);
        let begins = history.hours.back().is_none_or(|last| last.at_ms != hour);
        if begins {
            if history.hours.len() >= limits::HOURS_KEPT {
                history.hours.pop_front();
            }
            history.hours.push_back(HourStatistics { at_ms: hour, ..HourStatistics::default() });
        }
        if let Some(last) = history.hours.back_mut() {
            last.online = last.online.max(sample.online);
            last.connections = last.connections.max(sample.connections);
            last.messages = last.messages.saturating_add(written);
            last.bytes_in = last.bytes_in.saturating_add(passed.bytes_in);
            last.bytes_out = last.bytes_out.saturating_add(passed.bytes_out);
            last.requests = last.requests.saturating_add(passed.requests);
            last.failed = last.failed.saturating_add(passed.failed);
            last.refused = last.refused.saturating_add(passed.refused);
            last.database_bytes = sample.database_bytes;
        }
        begins
    }

    async fn load(&self, store: &Store) {
        let Ok(Some(bytes)) = store.setting(STORED).await else { return };
        let Ok(Stored { hours }) = serde_json::from_slice(&bytes) else {
            tracing::warn!("the stored statistics cannot be read; they begin anew");
            return;
        };
        self.lock().hours = hours.into_iter().rev().take(limits::HOURS_KEPT).rev().collect();
    }

    async fn save(&self, store: &Store) {
        let hours = self.lock().hours.iter().copied().collect();
        let Ok(bytes) = serde_json::to_vec(&Stored { hours }) else { return };
        if let Err(error) = store.put_setting(STORED, bytes).await {
            tracing::warn!(%error, "the statistics of the last hours were not stored");
        }
    }
}

/// A sample with what is counted in the database.
fn with(sample: Statistics, numbers: &Numbers) -> Statistics {
    let Numbers { users, guests, pending, messages_total, messages_today, reports } = *numbers;
    Statistics { users, guests, pending, messages_total, messages_today, reports, ..sample }
}

fn length(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gatherer() -> Gatherer {
        Gatherer::new(Arc::default(), std::path::PathBuf::new())
    }

    #[test]
    fn the_newest_samples_and_hours_are_kept() {
        let gatherer = gatherer();
        for number in 0..200_u64 {
            let at_ms = 1_800_000_000_000 + number * HOUR_MS;
            let sample =
                Statistics { at_ms, messages_total: number * 3, online: number % 7, ..Statistics::default() };
            assert!(
                gatherer.keep(sample, Counted { requests: 5, ..Counted::default() }),
                "each begins an hour"
            );
        }
        let page = gatherer.shown();
        assert_eq!((page.history.len(), page.hours.len()), (shared::STATISTICS_KEPT, limits::HOURS_KEPT));
        assert_eq!(page.now.messages_total, 597);
        assert_eq!(page.history.last(), Some(&page.now));
        let last = page.hours.last().unwrap();
        assert_eq!((last.messages, last.requests, last.at_ms % HOUR_MS), (3, 5, 0));
    }

    #[test]
    fn accounts_are_counted_while_somebody_looks_and_now_and_then() {
        let now = Instant::now();
        let soon = now + limits::SAMPLE_TIME;
        let wanted = |watched, last, now| Gatherer::wants_numbers(watched, last, now);
        assert!(wanted(false, None, now), "at first");
        assert!(!wanted(false, Some(now), soon), "nobody looks");
        assert!(wanted(true, Some(now), soon), "somebody watches");
        assert!(wanted(false, Some(now), now + limits::COUNT_TIME));
    }

    #[test]
    fn an_hour_adds_up_and_keeps_the_most() {
        let gatherer = gatherer();
        let at_ms = 500_000 * HOUR_MS;
        for (second, online, total) in [(0, 2, 10), (2, 9, 14), (4, 1, 15)] {
            let sample = Statistics {
                at_ms: at_ms + second * 1000,
                online,
                messages_total: total,
                database_bytes: 100 * online,
                ..Statistics::default()
            };
            gatherer.keep(sample, Counted { bytes_in: 10, failed: 1, ..Counted::default() });
        }
        let [hour] = gatherer.shown().hours[..] else { panic!("one hour") };
        assert_eq!((hour.online, hour.messages, hour.bytes_in, hour.failed), (9, 5, 30, 3));
        assert_eq!((hour.at_ms, hour.database_bytes), (at_ms, 100));
    }
}
