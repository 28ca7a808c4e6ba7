//! The web app and the relay that serves it.

use std::ffi::OsString;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use crate::process;
use crate::project::Project;
use crate::stamp::Inputs;
use crate::{setup, wasm};

/// Directories in `web/` that no build reads.
const NOT_INPUTS: [&str; 6] =
    ["node_modules", "dist", "coverage", "test-results", "playwright-report", ".vite"];

/// Builds the web app into `web/dist`, with its WebAssembly.
///
/// # Errors
/// When a tool is missing or a step fails.
pub fn build_web(project: &Project) -> Result<()> {
    wasm::build_for_web(project)?;
    let web = project.web();
    setup::npm_packages(project, &web)?;
    let inputs = Inputs::new("web", &setup::node()?).directory(&web, &NOT_INPUTS)?;
    let stamp = inputs.stamp(setup::stamp_file(&web, "web"));
    if stamp.is_fresh(&[&web.join("dist/index.html")]) {
        return Ok(());
    }
    stamp.clear()?;
    process::run(project.npm(&web).args(["run", "build"]))?;
    stamp.set()
}

/// Builds the release binary and says where it is.
///
/// # Errors
/// When a tool is missing or a step fails.
pub fn build_release(project: &Project) -> Result<()> {
    build_web(project)?;
    let binary = build_relay(project, "release", "release")?;
    let size = fs::metadata(&binary).with_context(|| format!("cannot read {}", binary.display()))?.len();
    println!("{} ({}.{} MB)", binary.display(), size / 1_000_000, size / 100_000 % 10);
    Ok(())
}

/// Builds the relay with the web app inside, in the quick profile, and returns its path.
///
/// # Errors
/// When a tool is missing or a step fails.
pub fn build_dev(project: &Project) -> Result<PathBuf> {
    build_web(project)?;
    build_relay(project, "dev", "debug")
}

/// Builds the relay and becomes it.
///
/// # Errors
/// When a tool is missing, a step fails, or the relay ends with an error.
pub fn run(project: &Project, port: u16, data: Option<PathBuf>, relay_arguments: &[OsString]) -> Result<()> {
    // Resolved here, because the relay starts at the root of the checkout.
    let data = data.map(std::path::absolute).transpose().context("cannot resolve the data directory")?;
    let mut relay = Command::new(build_dev(project)?);
    relay.current_dir(project.path("")).arg("serve").arg("--listen").arg(format!("127.0.0.1:{port}"));
    if let Some(data) = data {
        relay.arg("--data").arg(data);
    }
    relay.args(relay_arguments);
    become_program(relay)
}

fn build_relay(project: &Project, profile: &str, directory: &str) -> Result<PathBuf> {
    let mut cargo = project.cargo();
    cargo.args(["build", "--package", "waxwing-relay", "--bin", "waxwing-relay", "--features", "embed-web"]);
    process::run(cargo.args(["--profile", profile]))?;
    Ok(project.target(&format!("{directory}/waxwing-relay{}", std::env::consts::EXE_SUFFIX)))
}

/// Replaces this process, so that signals reach the relay directly and its exit status is ours.
#[cfg(unix)]
fn become_program(mut program: Command) -> Result<()> {
    use std::os::unix::process::CommandExt as _;
    Err(program.exec()).with_context(|| format!("cannot start {}", program.get_program().display()))
}

#[cfg(not(unix))]
fn become_program(mut program: Command) -> Result<()> {
    let status =
        program.status().with_context(|| format!("cannot start {}", program.get_program().display()))?;
    std::process::exit(status.code().unwrap_or(1));
}
