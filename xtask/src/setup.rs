//! Bringing in what a step needs when it is missing, or saying in one sentence what to do by hand.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::process;
use crate::project::{Project, WASM_TARGET};
use crate::python;
use crate::stamp::Inputs;

/// Major and minor version; what Vite needs.
const OLDEST_NODE: (u32, u32) = (20, 19);

/// Names under which distributions install Chromium or its siblings.
const CHROMIUM_NAMES: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/// Where Chromium is outside of `PATH`.
const CHROMIUM_PLACES: [&str; 2] = [
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
];

const CHROMIUM_INSTALL: &str = "apt-get update && apt-get install -y chromium fonts-noto-color-emoji";

/// Everything that any command needs.
///
/// # Errors
/// When something is missing and cannot be installed; the error says what to do.
pub fn everything(project: &Project) -> Result<()> {
    rust_component("rustfmt", "fmt")?;
    rust_component("clippy", "clippy")?;
    wasm_target()?;
    npm_packages(project, &project.web())?;
    npm_packages(project, &project.browser_tests())?;
    npm_packages(project, &project.independent_check())?;
    python::schemathesis(project)?;
    let chromium = chromium()?;
    println!("ready; Chromium is {}", chromium.display());
    Ok(())
}

/// The standard library for WebAssembly.
///
/// # Errors
/// When it is missing and rustup cannot install it.
pub fn wasm_target() -> Result<()> {
    // Asks the compiler and not rustup: a distribution's Rust has the target without knowing rustup.
    let mut rustc = Command::new("rustc");
    let directory = process::output(rustc.args(["--print", "target-libdir", "--target", WASM_TARGET]))?;
    let installed = Path::new(directory.trim()).read_dir().is_ok_and(|mut files| files.next().is_some());
    if installed {
        return Ok(());
    }
    process::run(Command::new("rustup").args(["target", "add", WASM_TARGET])).with_context(|| {
        format!("Rust's WebAssembly target is missing; install it with: rustup target add {WASM_TARGET}")
    })
}

/// A part of the Rust distribution that answers to `cargo <subcommand>`; rustup's minimal profile leaves it out.
///
/// # Errors
/// When it is missing and rustup cannot install it.
pub fn rust_component(component: &str, subcommand: &str) -> Result<()> {
    if process::succeeds(Command::new("cargo").args([subcommand, "--version"])) {
        return Ok(());
    }
    process::run(Command::new("rustup").args(["component", "add", component])).with_context(|| {
        format!("cargo {subcommand} is missing; install it with: rustup component add {component}")
    })
}

/// The version of Node.js.
///
/// # Errors
/// When it is missing or too old.
pub fn node() -> Result<String> {
    let (major, minor) = OLDEST_NODE;
    let advice =
        format!("install Node.js {major}.{minor} or newer (with npm), see https://nodejs.org/en/download");
    let Ok(version) = process::output(Command::new("node").arg("--version")) else {
        bail!("Node.js was not found; {advice}");
    };
    let version = version.trim().to_owned();
    let mut numbers =
        version.trim_start_matches('v').split('.').map_while(|number| number.parse::<u32>().ok());
    if (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0)) < OLDEST_NODE {
        bail!("Node.js {version} is too old for the web app; {advice}");
    }
    Ok(version)
}

/// The packages named by the lockfile of an npm package, in its `node_modules`.
///
/// # Errors
/// When Node.js or the lockfile is missing, or npm fails.
pub fn npm_packages(project: &Project, package: &Path) -> Result<()> {
    let node = node()?;
    let lockfile = package.join("package-lock.json");
    let inputs = Inputs::new("npm ci", &node).file(&package.join("package.json"))?.file(&lockfile)?;
    let stamp = inputs.stamp(stamp_file(package, "npm-ci"));
    if !stamp.is_fresh(&[]) {
        // npm removes node_modules first, and the stamps of later steps with it.
        process::run(project.npm(package).arg("ci"))?;
        stamp.set()?;
    }
    Ok(())
}

/// Where the stamp of a step in an npm package lies: with the packages, so that it disappears when they do.
pub fn stamp_file(package: &Path, step: &str) -> PathBuf {
    package.join("node_modules/.xtask").join(format!("{step}.stamp"))
}

/// The path of Chromium, for the browser tests; `WAXWING_CHROMIUM` names another one.
///
/// # Errors
/// When there is none and it cannot be installed.
pub fn chromium() -> Result<PathBuf> {
    if let Some(path) = std::env::var_os("WAXWING_CHROMIUM").map(PathBuf::from) {
        if !path.is_file() {
            bail!("WAXWING_CHROMIUM is set to {}, which is not a file", path.display());
        }
        return Ok(path);
    }
    if let Some(path) = find_chromium() {
        return Ok(path);
    }
    let advice = format!(
        "the browser tests need Chromium; install it (Debian: {CHROMIUM_INSTALL}) or set WAXWING_CHROMIUM to its path"
    );
    install(CHROMIUM_INSTALL, &advice)?;
    find_chromium().context(advice)
}

/// Installs Debian packages with this command line if that needs no questions; otherwise the advice is the error.
///
/// # Errors
/// When it cannot be done here, or fails.
pub fn install(command: &str, advice: &str) -> Result<()> {
    let Some(mut shell) = root_shell() else { bail!(advice.to_owned()) };
    process::run(shell.arg(command).env("DEBIAN_FRONTEND", "noninteractive")).context(advice.to_owned())
}

fn find_chromium() -> Option<PathBuf> {
    let elsewhere = || CHROMIUM_PLACES.iter().map(PathBuf::from).find(|path| path.is_file());
    process::find_in_path(&CHROMIUM_NAMES).or_else(elsewhere)
}

/// A shell that may install Debian packages without asking anything, if there is one.
fn root_shell() -> Option<Command> {
    process::find_in_path(&["apt-get"])?;
    let is_root = process::output(Command::new("id").arg("-u")).is_ok_and(|id| id.trim() == "0");
    let mut shell = if is_root {
        Command::new("sh")
    } else if process::succeeds(Command::new("sudo").args(["-n", "true"])) {
        let mut sudo = Command::new("sudo");
        sudo.args(["-n", "DEBIAN_FRONTEND=noninteractive", "sh"]);
        sudo
    } else {
        return None;
    };
    shell.arg("-c");
    Some(shell)
}
