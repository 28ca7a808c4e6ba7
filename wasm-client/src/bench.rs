//! The operations of crypto-core that are timed, for `cargo xtask bench crypto`.

use std::cell::RefCell;

use wasm_bindgen::prelude::*;
use waxwing_crypto_core::bench::{Bench, names};

thread_local! {
    /// The operation that was run last, so that only its first run has to prepare it.
    static PREPARED: RefCell<Option<(String, Bench)>> = const { RefCell::new(None) };
}

/// Names of all operations.
#[wasm_bindgen(js_name = benchNames)]
pub fn bench_names() -> Vec<String> {
    names().map(str::to_owned).collect()
}

/// Does an operation so many times. The first run of an operation prepares it too and does not count as a measurement.
///
/// # Errors
/// A string that says which operation failed and how.
#[wasm_bindgen(js_name = runBench)]
pub fn run_bench(name: &str, iterations: u32) -> Result<(), JsValue> {
    let run = |prepared: &RefCell<Option<(String, Bench)>>| -> Result<(), String> {
        let mut prepared = prepared.borrow_mut();
        let bench = match prepared.take() {
            Some((known, bench)) if known == name => bench,
            _ => Bench::prepare(name)?,
        };
        let (_, bench) = prepared.insert((name.to_owned(), bench));
        bench.run(iterations)
    };
    PREPARED.with(run).map_err(|error| JsValue::from_str(&format!("{name}: {error}")))
}
