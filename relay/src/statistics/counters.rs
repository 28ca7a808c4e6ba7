//! Counting, cheaply and from any thread.

use std::{
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::Duration,
};

/// Counters of everything since the relay started.
#[derive(Debug, Default)]
pub struct Counters {
    bytes_in: AtomicU64,
    bytes_out: AtomicU64,
    requests: AtomicU64,
    failed: AtomicU64,
    refused: AtomicU64,
    /// How long HTTP calls took.
    pub http: Spread,
    /// How long writes took until they were durable.
    pub writes: Spread,
}

/// What the counters said at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counted {
    /// Bytes read from connections.
    pub bytes_in: u64,
    /// Bytes written to connections.
    pub bytes_out: u64,
    /// HTTP calls and requests on streams.
    pub requests: u64,
    /// Those that failed.
    pub failed: u64,
    /// Those that were refused.
    pub refused: u64,
}

impl Counted {
    /// What has happened since an earlier moment.
    pub fn since(&self, earlier: &Self) -> Self {
        Self {
            bytes_in: self.bytes_in.saturating_sub(earlier.bytes_in),
            bytes_out: self.bytes_out.saturating_sub(earlier.bytes_out),
            requests: self.requests.saturating_sub(earlier.requests),
            failed: self.failed.saturating_sub(earlier.failed),
            refused: self.refused.saturating_sub(earlier.refused),
        }
    }
}

impl Counters {
    /// Counts bytes that were read from a connection.
    pub fn received(&self, bytes: usize) {
        self.bytes_in.fetch_add(u64::try_from(bytes).unwrap_or(0), Relaxed);
    }

    /// Counts bytes that were written to a connection.
    pub fn sent(&self, bytes: usize) {
        self.bytes_out.fetch_add(u64::try_from(bytes).unwrap_or(0), Relaxed);
    }

    /// Counts a request by the status of its answer.
    pub fn answered(&self, status: u16) {
        self.requests.fetch_add(1, Relaxed);
        match status {
            500.. => self.failed.fetch_add(1, Relaxed),
            400..500 => self.refused.fetch_add(1, Relaxed),
            _ => 0,
        };
    }

    /// What they say now.
    pub fn read(&self) -> Counted {
        Counted {
            bytes_in: self.bytes_in.load(Relaxed),
            bytes_out: self.bytes_out.load(Relaxed),
            requests: self.requests.load(Relaxed),
            failed: self.failed.load(Relaxed),
            refused: self.refused.load(Relaxed),
        }
    }
}

/// Four steps for each power of two microseconds, up to an hour.
const STEPS: usize = 128;

/// How times are spread, to within a quarter.
#[derive(Debug)]
pub struct Spread([AtomicU64; STEPS]);

impl Default for Spread {
    fn default() -> Self {
        Self([const { AtomicU64::new(0) }; STEPS])
    }
}

impl Spread {
    /// Counts one.
    pub fn add(&self, time: Duration) {
        let us = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        if let Some(step) = self.0.get(step(us)).or(self.0.last()) {
            step.fetch_add(1, Relaxed);
        }
    }

    /// Microseconds that 50 and 95 of 100 took at most, and begins anew; zeros when there were none.
    pub fn take(&self) -> [u64; 2] {
        let counts: Vec<u64> = self.0.iter().map(|count| count.swap(0, Relaxed)).collect();
        let all: u64 = counts.iter().sum();
        [50, 95].map(|hundredth| {
            let wanted = all.saturating_mul(hundredth).div_ceil(100);
            let mut seen = 0_u64;
            let found = counts.iter().position(|count| {
                seen = seen.saturating_add(*count);
                seen >= wanted
            });
            found.filter(|_| all > 0).map_or(0, ceiling)
        })
    }
}

/// In which step a time falls.
fn step(us: u64) -> usize {
    if us < 4 {
        return usize::try_from(us).unwrap_or(0);
    }
    let power = us.ilog2();
    let quarter = (us >> power.saturating_sub(2)) & 3;
    usize::try_from(u64::from(power).saturating_sub(1).saturating_mul(4).saturating_add(quarter))
        .unwrap_or(usize::MAX)
}

/// The longest time of a step.
fn ceiling(step: usize) -> u64 {
    let step = u64::try_from(step).unwrap_or(u64::MAX);
    if step < 4 {
        return step;
    }
    let (power, quarter) = (step / 4 + 1, step % 4);
    let shift = u32::try_from(power.saturating_sub(2)).unwrap_or(0);
    let next = 5_u64.saturating_add(quarter);
    next.checked_shl(shift).unwrap_or(u64::MAX).saturating_sub(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_hold_what_falls_into_them() {
        for us in (0..10_000).chain([1 << 20, (1 << 30) + 12_345, u64::from(u32::MAX)]) {
            let at = step(us);
            assert!(us <= ceiling(at), "{us}");
            assert!(at == 0 || us > ceiling(at - 1), "{us}");
            assert!(ceiling(at) <= us + us / 4 + 1, "{us} is told within a quarter");
        }
    }

    #[test]
    fn percentiles_are_those_of_what_was_added() {
        let spread = Spread::default();
        assert_eq!(spread.take(), [0, 0]);
        for us in 1..=100 {
            spread.add(Duration::from_micros(us * 100));
        }
        spread.add(Duration::MAX);
        let [half, most] = spread.take();
        assert!((5_000..=6_300).contains(&half), "{half}");
        assert!((9_500..=12_000).contains(&most), "{most}");
        assert_eq!(spread.take(), [0, 0], "begins anew");
    }

    #[test]
    fn answers_are_counted_by_their_status() {
        let counters = Counters::default();
        for status in [101, 200, 304, 400, 404, 429, 500, 503] {
            counters.answered(status);
        }
        counters.received(7);
        counters.sent(9);
        let counted = counters.read();
        assert_eq!((counted.requests, counted.refused, counted.failed), (8, 3, 2));
        assert_eq!((counted.bytes_in, counted.bytes_out), (7, 9));
        assert_eq!(counted.since(&counted), Counted::default());
    }
}
