//! Times the operations of `waxwing_crypto_core::bench`: one JSON object `{"name", "ns_per_op"}` per line.
//! `cargo run --release -p waxwing-crypto-core --features bench --example bench`; names after `--` choose some of them.

#![expect(clippy::print_stdout, reason = "the figures are what this program is for")]

use std::time::{Duration, Instant};

use waxwing_crypto_core::bench::{Bench, names};

/// A sample lasts at least this long.
const SAMPLE: Duration = Duration::from_millis(100);
/// The median of so many samples counts.
const SAMPLES: usize = 7;

fn main() -> Result<(), String> {
    let chosen: Vec<String> = std::env::args().skip(1).collect();
    for name in names().filter(|name| chosen.is_empty() || chosen.iter().any(|other| other == name)) {
        let mut bench = Bench::prepare(name)?;
        let mut iterations = 1;
        while timed(&mut bench, iterations)? < SAMPLE {
            iterations *= 2;
        }
        let mut samples = Vec::with_capacity(SAMPLES);
        for _ in 0..SAMPLES {
            samples.push(timed(&mut bench, iterations)?.as_nanos() as f64 / f64::from(iterations));
        }
        samples.sort_by(f64::total_cmp);
        println!("{{\"name\":\"{name}\",\"ns_per_op\":{:.1}}}", samples[SAMPLES / 2]);
    }
    Ok(())
}

fn timed(bench: &mut Bench, iterations: u32) -> Result<Duration, String> {
    let start = Instant::now();
    bench.run(iterations)?;
    Ok(start.elapsed())
}
