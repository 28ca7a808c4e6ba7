//! Measurements: crypto-core, natively and in WebAssembly; what times tell about usernames.

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};
use clap::ValueEnum;

use crate::process;
use crate::project::Project;
use crate::wasm::{self, Profile};

/// What can be measured.
#[derive(Clone, Copy, ValueEnum)]
pub enum Subject {
    /// crypto-core's operations natively and in WebAssembly, and the size of the shipped module
    Crypto,
    /// How long the relay takes over usernames that exist and that do not
    Enumeration,
}

/// Nanoseconds per operation by the name of the operation.
type Figures = BTreeMap<String, f64>;

/// Runs the same operations natively and in WebAssembly and prints both, with the size of the shipped module.
///
/// # Errors
/// When something does not build or run, or measures nothing.
pub fn crypto(project: &Project) -> Result<()> {
    let module = wasm::build_for_node(project, Profile::Wasm, "bench", &project.target("wasm-bench"))?;
    let shipped = wasm::build_for_web(project)?;

    let mut native = project.cargo();
    native.args([
        "run",
        "--release",
        "--package",
        "waxwing-crypto-core",
        "--features",
        "bench",
        "--example",
        "bench",
    ]);
    let native = figures(&process::run_for_output(&mut native)?)?;
    let in_wasm = figures(&process::run_for_output(project.node_script("run-bench.mjs").arg(module))?)?;

    print!("\n{}", table(&native, &in_wasm));
    println!();
    process::run(project.node_script("size.mjs").arg(shipped))
}

/// Measures whether the relay's times tell which usernames exist, and prints them.
///
/// # Errors
/// When the measurement does not build or run.
pub fn enumeration(project: &Project) -> Result<()> {
    let mut cargo = project.cargo();
    cargo.args(["test", "--release", "--package", "waxwing-relay", "--test", "enumeration"]);
    process::run(cargo.args(["--", "--ignored", "--nocapture"]))
}

/// Reads one JSON object `{"name": ..., "ns_per_op": ...}` per line.
fn figures(lines: &str) -> Result<Figures> {
    let mut figures = Figures::new();
    for line in lines.lines().filter(|line| !line.trim().is_empty()) {
        let value: serde_json::Value =
            serde_json::from_str(line).with_context(|| format!("not a figure: {line}"))?;
        let name = value["name"].as_str().with_context(|| format!("a figure without a name: {line}"))?;
        let nanoseconds =
            value["ns_per_op"].as_f64().with_context(|| format!("a figure without ns_per_op: {line}"))?;
        figures.insert(name.to_owned(), nanoseconds);
    }
    ensure!(!figures.is_empty(), "the benchmark measured nothing");
    Ok(figures)
}

fn table(native: &Figures, in_wasm: &Figures) -> String {
    let names: Vec<&String> =
        native.keys().chain(in_wasm.keys().filter(|name| !native.contains_key(*name))).collect();
    let width = names.iter().map(|name| name.len()).max().unwrap_or(0).max("operation".len());
    let mut table = format!("{:<width$} {:>12} {:>12} {:>7}\n", "operation", "native", "WASM", "ratio");
    for name in names {
        let (native, in_wasm) = (native.get(name).copied(), in_wasm.get(name).copied());
        let ratio = native
            .zip(in_wasm)
            .map_or_else(|| "-".to_owned(), |(native, wasm)| format!("{:.2}", wasm / native));
        let (native, in_wasm) = (duration(native), duration(in_wasm));
        table += &format!("{name:<width$} {native:>12} {in_wasm:>12} {ratio:>7}\n");
    }
    table
}

fn duration(nanoseconds: Option<f64>) -> String {
    match nanoseconds {
        None => "-".to_owned(),
        Some(ns) if ns < 1e3 => format!("{ns:.0} ns"),
        Some(ns) if ns < 1e6 => format!("{:.2} us", ns / 1e3),
        Some(ns) if ns < 1e9 => format!("{:.2} ms", ns / 1e6),
        Some(ns) => format!("{:.2} s", ns / 1e9),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_read_and_set_side_by_side() {
        let native =
            figures("{\"name\":\"seal\",\"ns_per_op\":1500}\n\n{\"name\":\"open\",\"ns_per_op\":10.5}\n")
                .unwrap();
        let in_wasm =
            figures("{\"name\":\"seal\",\"ns_per_op\":3000}\n{\"name\":\"extra\",\"ns_per_op\":2e6}\n")
                .unwrap();
        let expected = "operation       native         WASM   ratio\n\
                        open             10 ns            -       -\n\
                        seal           1.50 us      3.00 us    2.00\n\
                        extra                -      2.00 ms       -\n";
        assert_eq!(table(&native, &in_wasm), expected);
    }

    #[test]
    fn a_silent_or_broken_benchmark_is_an_error() {
        assert!(figures("\n").is_err());
        assert!(figures("{\"name\":\"seal\"}").is_err());
        assert!(figures("warming up").is_err());
    }
}
