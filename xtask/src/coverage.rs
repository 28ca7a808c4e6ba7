//! Which lines the tests run, by cargo-llvm-cov.

use std::process::Command;

use anyhow::Result;

use crate::process;
use crate::project::Project;

/// The crates that are measured, by the tests of these and of the crate with the simulated world.
const PACKAGES: [&str; 3] = ["waxwing-crypto-core", "waxwing-client", "waxwing-tests"];
/// Sources that are tests themselves, or only for tests.
const NOT_MEASURED: &str =
    "(/tests/|/tests\\.rs|/vectors|/bench\\.rs|/fuzzing\\.rs|/hostile/|/wire/|/relay/)";

/// Runs the tests of crypto-core and client and prints what they reach; installs what that takes.
///
/// # Errors
/// When something cannot be installed, or a test fails.
pub fn run(project: &Project) -> Result<()> {
    if !process::succeeds(project.cargo().args(["llvm-cov", "--version"])) {
        process::run(project.cargo().args(["install", "--locked", "cargo-llvm-cov"]))?;
    }
    // Does nothing where it is there already; a Rust without rustup brings its own tools.
    if process::succeeds(Command::new("rustup").arg("--version")) {
        process::run(Command::new("rustup").args(["component", "add", "llvm-tools"]))?;
    }
    let mut measure = project.cargo();
    measure.args(["llvm-cov", "--summary-only", "--ignore-filename-regex", NOT_MEASURED]);
    for package in PACKAGES {
        measure.args(["--package", package]);
    }
    process::run(&mut measure)
}
