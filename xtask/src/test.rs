//! Every check and test in stages, from the quickest to the most thorough; the first failure ends the run.

use std::fs;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow};
use clap::ValueEnum;

use crate::process;
use crate::project::Project;
use crate::wasm::{self, Profile};
use crate::{app, deny, python, setup};

/// A part of the test run, in the order of the run.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Stage {
    /// rustfmt
    Fmt,
    /// clippy, natively and for WebAssembly
    Clippy,
    /// Licences and sources of dependencies, where cargo-deny is installed
    Deny,
    /// Rust tests: units, properties, vectors, whole parts, documentation
    Native,
    /// crypto-core's vectors in WebAssembly, and computed again without any of its code
    Vectors,
    /// The web app's types, formatting and unit tests
    Web,
    /// Generated calls, good and bad, against a real relay and what its API document says
    Api,
    /// A real browser against a real relay
    Browser,
}

/// Runs all stages, or only those given.
///
/// # Errors
/// Names the first stage that failed.
pub fn run(project: &Project, only: &[Stage]) -> Result<()> {
    let stages = Stage::value_variants().iter().filter(|stage| only.is_empty() || only.contains(stage));
    let mut times = Vec::new();
    for &stage in stages {
        println!("\n=== {} ===", stage.name());
        let start = Instant::now();
        let outcome = stage.run(project);
        times.push((stage, start.elapsed()));
        if let Err(error) = outcome {
            print_summary(&times, Some(stage));
            // The chain of causes stays on one line, so that the last line of the log is the whole reason.
            return Err(anyhow!("stage {} failed: {error:#}", stage.name()));
        }
    }
    print_summary(&times, None);
    println!("all stages passed");
    Ok(())
}

impl Stage {
    fn name(self) -> String {
        self.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned())
    }

    fn run(self, project: &Project) -> Result<()> {
        match self {
            Self::Fmt => fmt(project),
            Self::Clippy => clippy(project),
            Self::Deny => deny::offline(project),
            Self::Native => native(project),
            Self::Vectors => vectors(project),
            Self::Web => web(project),
            Self::Api => api(project),
            Self::Browser => browser(project),
        }
    }
}

fn fmt(project: &Project) -> Result<()> {
    setup::rust_component("rustfmt", "fmt")?;
    process::run(project.cargo().args(["fmt", "--all", "--check"]))
}

fn clippy(project: &Project) -> Result<()> {
    setup::rust_component("clippy", "clippy")?;
    setup::wasm_target()?;
    process::run(project.cargo().args(["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]))?;
    process::run(project.cargo_for_wasm("clippy").args(["--", "-D", "warnings"]))
}

fn native(project: &Project) -> Result<()> {
    // xtask has a profile of its own, in which its many dependencies are compiled already.
    process::run(project.cargo().args(["test", "--workspace", "--exclude", "waxwing-xtask"]))?;
    process::run(project.cargo().args(["test", "--profile", "xtask", "--package", "waxwing-xtask"]))
}

fn vectors(project: &Project) -> Result<()> {
    let directory = project.target("wasm-vectors");
    let module = wasm::build_for_node(project, Profile::Dev, "vectors", &directory)?;
    let vectors = project.path("crypto-core/tests/vectors");
    process::run(project.node_script("run-vectors.mjs").arg(module).arg(vectors))?;
    let independent = project.independent_check();
    setup::npm_packages(project, &independent)?;
    process::run(project.npm(&independent).args(["run", "--silent", "check"]))
}

fn web(project: &Project) -> Result<()> {
    // The types of the WebAssembly module are generated with it.
    wasm::build_for_web(project)?;
    let web = project.web();
    let package = fs::read_to_string(web.join("package.json")).context("cannot read web/package.json")?;
    let package: serde_json::Value =
        serde_json::from_str(&package).context("web/package.json is not JSON")?;
    for script in ["format:check", "lint"] {
        if package["scripts"].get(script).is_some() {
            process::run(project.npm(&web).args(["run", script]))?;
        }
    }
    process::run(project.npm(&web).args(["run", "check"]))?;
    process::run(project.npm(&web).arg("test"))
}

fn api(project: &Project) -> Result<()> {
    let schemathesis = python::schemathesis(project)?;
    let mut cargo = project.cargo();
    cargo.args(["test", "--package", "waxwing-relay", "--test", "fuzzed", "--", "--ignored", "--nocapture"]);
    process::run(cargo.env("WAXWING_SCHEMATHESIS", schemathesis))
}

fn browser(project: &Project) -> Result<()> {
    python::python()?;
    let mut playwright = playwright(project)?;
    process::run(project.npm(&project.browser_tests()).args(["run", "check"]))?;
    process::run(&mut playwright)
}

/// Playwright's test runner, with a browser, and a relay that has the app inside.
///
/// # Errors
/// When something is missing or does not build.
pub fn playwright(project: &Project) -> Result<Command> {
    let tests = project.browser_tests();
    setup::npm_packages(project, &tests)?;
    let chromium = setup::chromium()?;
    let built = app::build_dev(project)?;
    // A copy, so that a build that runs at the same time does not exchange the relay in the middle of a test.
    let relay = project.target("browser-tests").join(built.file_name().context("the relay has no name")?);
    fs::create_dir_all(project.target("browser-tests"))
        .context("cannot create the directory for the relay")?;
    fs::copy(&built, &relay).with_context(|| format!("cannot copy {}", built.display()))?;
    let mut playwright = project.npm(&tests);
    playwright.args(["exec", "--", "playwright", "test"]);
    playwright.env("WAXWING_RELAY_BIN", relay).env("WAXWING_CHROMIUM", chromium);
    Ok(playwright)
}

fn print_summary(times: &[(Stage, Duration)], failed: Option<Stage>) {
    println!("\nstage     result      time");
    for &(stage, time) in times {
        let result = if Some(stage) == failed { "failed" } else { "passed" };
        println!("{:<9} {result:<6} {:>7.1} s", stage.name(), time.as_secs_f64());
    }
    let total: Duration = times.iter().map(|(_, time)| time).sum();
    println!("{:<16} {:>7.1} s", "total", total.as_secs_f64());
}
