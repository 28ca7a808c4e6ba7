//! What the dependencies may be: licences, sources, bans and known faults, by cargo-deny and `deny.toml`.

use anyhow::Result;

use crate::process;
use crate::project::Project;

/// Checks that need no network.
const OFFLINE: [&str; 3] = ["bans", "licenses", "sources"];

/// Runs every check, and installs cargo-deny first if it is missing.
///
/// # Errors
/// When cargo-deny cannot be installed, or finds something.
pub fn run(project: &Project) -> Result<()> {
    if !is_installed(project) {
        process::run(project.cargo().args(["install", "--locked", "cargo-deny"]))?;
    }
    process::run(project.cargo().args(["deny", "check"]))
}

/// Runs the checks that need no network, where cargo-deny is installed.
///
/// # Errors
/// When cargo-deny finds something.
pub fn offline(project: &Project) -> Result<()> {
    if !is_installed(project) {
        println!("cargo-deny is not installed: licences are not checked (`cargo xtask deny` does)");
        return Ok(());
    }
    process::run(project.cargo().args(["deny", "--offline", "check"]).args(OFFLINE))
}

fn is_installed(project: &Project) -> bool {
    process::succeeds(project.cargo().args(["deny", "--version"]))
}
