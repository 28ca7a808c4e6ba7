//! Fuzzing with cargo-fuzz.

use std::process::Command;

use anyhow::{Result, bail};

use crate::process;
use crate::project::Project;

/// Crates that have a `fuzz` directory.
const FUZZED_CRATES: [&str; 3] = ["crypto-core", "wire", "client"];

/// Runs every target, or the one called `only`, for some seconds each.
///
/// # Errors
/// When there is no such target, cargo-fuzz cannot be installed, or a target finds something.
pub fn run(project: &Project, seconds: u32, only: Option<&str>) -> Result<()> {
    let crates: Vec<_> = FUZZED_CRATES.iter().map(|name| project.path(name)).collect();
    let crates: Vec<_> = crates.into_iter().filter(|path| path.join("fuzz/Cargo.toml").is_file()).collect();
    if crates.is_empty() {
        bail!("there are no fuzz targets: none of {} has a fuzz directory", FUZZED_CRATES.join(", "));
    }
    if !process::succeeds(project.cargo().args(["fuzz", "--version"])) {
        process::run(project.cargo().args(["install", "--locked", "cargo-fuzz"]))?;
    }
    let nightly = process::succeeds(Command::new("rustup").args(["run", "nightly", "cargo", "--version"]));
    if !nightly {
        println!("no nightly toolchain: fuzzing without the address sanitizer");
    }

    let cargo_fuzz = |directory: &std::path::Path, subcommand: &str| {
        let mut command = if nightly { Command::new("rustup") } else { project.cargo() };
        if nightly {
            command.args(["run", "nightly", "cargo"]);
        }
        command.current_dir(directory).args(["fuzz", subcommand]);
        command
    };
    let mut count = 0;
    for directory in crates {
        let targets = process::output(&mut cargo_fuzz(&directory, "list"))?;
        let targets = targets.lines().map(str::trim);
        for target in targets.filter(|target| only.is_none_or(|only| only == *target)) {
            let mut command = cargo_fuzz(&directory, "run");
            if !nightly {
                command.args(["--sanitizer", "none"]);
            }
            // What is found goes to the corpus, which is not committed; the seeds are.
            let (corpus, seeds) = (format!("fuzz/corpus/{target}"), format!("fuzz/seeds/{target}"));
            std::fs::create_dir_all(directory.join(&corpus))?;
            std::fs::create_dir_all(directory.join(&seeds))?;
            command.args([target, &corpus, &seeds, "--"]);
            process::run(command.arg(format!("-max_total_time={seconds}")).arg("-rss_limit_mb=4096"))?;
            count += 1;
        }
    }
    match (count, only) {
        (0, Some(only)) => bail!("there is no fuzz target called {only}"),
        (0, None) => bail!("there are no fuzz targets"),
        _ => Ok(()),
    }
}
