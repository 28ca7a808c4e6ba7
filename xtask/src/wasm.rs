//! The client as WebAssembly: cargo compiles it, wasm-bindgen writes the JavaScript around it, wasm-opt shrinks it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use wasm_bindgen_cli_support::Bindgen;

use crate::process;
use crate::project::{Project, WASM_TARGET};
use crate::setup;
use crate::stamp::Inputs;

/// The name of the compiled module, and the stem of the generated files.
const STEM: &str = "waxwing_wasm_client";

/// What wasm-opt does, without the sections that only tools read. What counts is what a browser downloads: `-Oz` makes
/// the module 6 % smaller, but its code compresses so much worse that 11 % more has to be downloaded (and takes a
/// minute to do so).
const OPTIMISATION: [&str; 3] = ["-O1", "--strip-producers", "--strip-target-features"];

/// How the client is compiled.
#[derive(Clone, Copy)]
pub enum Profile {
    /// Quick to build, with debug assertions: for tests.
    Dev,
    /// As shipped.
    Wasm,
}

/// Compiles the shipped module into `web/src/engine/wasm` and returns the path of the `.wasm` file.
///
/// # Errors
/// When a tool is missing or a step fails.
pub fn build_for_web(project: &Project) -> Result<PathBuf> {
    setup::wasm_target()?;
    setup::npm_packages(project, &project.web())?;
    let compiled = compile(project, Profile::Wasm, None)?;
    let directory = project.path("web/src/engine/wasm");
    let module = module_in(&directory);
    let inputs = Inputs::new("wasm", &OPTIMISATION.join(" "))
        .file(&compiled)?
        .file(&project.path("Cargo.lock"))? // holds the version of wasm-bindgen
        .file(&project.path("web/package-lock.json"))?; // holds the version of wasm-opt
    let stamp = inputs.stamp(setup::stamp_file(&project.web(), "wasm"));
    if stamp.is_fresh(&[
        &module,
        &directory.join(format!("{STEM}.js")),
        &directory.join(format!("{STEM}.d.ts")),
    ]) {
        return Ok(module);
    }
    stamp.clear()?;
    // With its default path the generated code names the module in the way that Vite recognises as a file to ship.
    bind(&compiled, &directory, |bindgen| bindgen.omit_default_module_path(false).web(true).map(drop))?;
    optimise(project, &module)?;
    stamp.set()?;
    println!("wasm: {} ({} bytes)", module.display(), fs::metadata(&module)?.len());
    Ok(module)
}

/// Compiles the client with `feature` for Node.js into `directory`.
///
/// # Errors
/// When a tool is missing or a step fails.
pub fn build_for_node(
    project: &Project,
    profile: Profile,
    feature: &str,
    directory: &Path,
) -> Result<PathBuf> {
    setup::wasm_target()?;
    setup::node()?;
    let compiled = compile(project, profile, Some(feature))?;
    bind(&compiled, directory, |bindgen| bindgen.nodejs(true).map(drop))?;
    if matches!(profile, Profile::Wasm) {
        setup::npm_packages(project, &project.web())?;
        optimise(project, &module_in(directory))?;
    }
    Ok(directory.join(format!("{STEM}.js")))
}

fn compile(project: &Project, profile: Profile, feature: Option<&str>) -> Result<PathBuf> {
    let (profile, directory) = match profile {
        Profile::Dev => ("dev", "debug"),
        Profile::Wasm => ("wasm", "wasm"),
    };
    let mut cargo = project.cargo_for_wasm("build");
    cargo.args(["--lib", "--profile", profile]);
    if let Some(feature) = feature {
        cargo.args(["--features", feature]);
    }
    process::run(&mut cargo)?;
    Ok(project.target(&format!("{WASM_TARGET}/{directory}/{STEM}.wasm")))
}

fn bind(
    compiled: &Path,
    directory: &Path,
    environment: impl FnOnce(&mut Bindgen) -> Result<()>,
) -> Result<()> {
    if directory.exists() {
        fs::remove_dir_all(directory).with_context(|| format!("cannot remove {}", directory.display()))?;
    }
    let mut bindgen = Bindgen::new();
    bindgen.input_path(compiled).typescript(true);
    environment(&mut bindgen)?;
    bindgen.generate(directory).with_context(|| format!("wasm-bindgen failed on {}", compiled.display()))
}

fn optimise(project: &Project, module: &Path) -> Result<()> {
    // Started by node, because npm's shortcut in .bin is a shell script on some systems and a batch file on others.
    let tool = project.path("web/node_modules/binaryen/bin/wasm-opt");
    ensure!(tool.is_file(), "web/package.json does not name the npm package binaryen, which brings wasm-opt");
    let smaller = module.with_extension("wasm.tmp");
    let mut command = Command::new("node");
    command.arg(tool).args(OPTIMISATION).arg(module).arg("-o").arg(&smaller);
    process::run(&mut command)?;
    fs::rename(&smaller, module).with_context(|| format!("cannot replace {}", module.display()))
}

fn module_in(directory: &Path) -> PathBuf {
    directory.join(format!("{STEM}_bg.wasm"))
}
