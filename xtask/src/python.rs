//! Python programs that the tests use, in a virtual environment of their own.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use crate::project::Project;
use crate::stamp::Inputs;
use crate::{process, setup};

const INSTALL: &str = "apt-get update && apt-get install -y python3-venv";

/// The path of schemathesis, which makes calls from an API document; its version and those of all it needs are pinned by
/// their hashes in `tests/api/requirements.txt`.
///
/// # Errors
/// When Python is missing and cannot be installed, or packages cannot be fetched.
pub fn schemathesis(project: &Project) -> Result<PathBuf> {
    let python = python()?;
    let requirements = project.path("tests/api/requirements.txt");
    let environment = project.target("python");
    let programs = environment.join(if cfg!(windows) { "Scripts" } else { "bin" });
    let program = programs.join(format!("schemathesis{}", std::env::consts::EXE_SUFFIX));
    let stamp = Inputs::new("python", &python).file(&requirements)?.stamp(environment.join("xtask.stamp"));
    if !stamp.is_fresh(&[&program]) {
        stamp.clear()?;
        process::run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&environment))?;
        let mut pip = Command::new(programs.join("python"));
        pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes"]);
        pip.args(["--only-binary", ":all:", "--requirement"]);
        process::run(pip.arg(&requirements)).context("the Python packages of the API tests are missing")?;
        stamp.set()?;
    }
    Ok(program)
}

/// The version of a Python that can make virtual environments; the browser tests use it as well, to change a relay's database.
///
/// # Errors
/// When it is missing and cannot be installed.
pub fn python() -> Result<String> {
    let advice = format!(
        "the API and browser tests need Python 3.11 or newer with venv; install it (Debian: {INSTALL}), see https://www.python.org"
    );
    // Debian's Python has the module, but not what it makes an environment of.
    let usable = || {
        let check = "import ensurepip, sys, venv; assert sys.version_info >= (3, 11); print(sys.version)";
        process::output(Command::new("python3").args(["-c", check])).ok()
    };
    if let Some(version) = usable() {
        return Ok(version);
    }
    setup::install(INSTALL, &advice)?;
    usable().context(advice)
}
