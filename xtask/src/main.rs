//! `cargo xtask`: everything that is done to Waxwing's sources, with Rust and Node.js as the only tools to bring along.
//!
//! Every command prepares what it needs (`setup`), skips what is already up to date, and prints the commands it runs.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "talking to the terminal is this program's purpose"
)]

mod app;
mod bench;
mod coverage;
mod deny;
mod fuzz;
mod process;
mod project;
mod python;
mod screenshots;
mod setup;
mod stamp;
mod test;
mod wasm;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

use crate::project::Project;

/// Builds, runs, tests and measures Waxwing.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", disable_help_subcommand = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Install what the other commands need: the WebAssembly target, npm and Python packages, Chromium
    Setup,
    /// Compile the client to WebAssembly for the web app (into web/src/engine/wasm)
    Wasm,
    /// Build the web app (into web/dist)
    Web,
    /// Build the release binary of the relay with the web app inside
    Build,
    /// Build the relay with the web app inside and start it
    Run {
        /// Port on 127.0.0.1
        #[arg(long, default_value_t = 8080)]
        port: u16,
        /// Directory for the relay's data [default: ./waxwing-data in the checkout]
        #[arg(long, value_name = "DIR")]
        data: Option<PathBuf>,
        /// More arguments for `waxwing-relay serve`
        #[arg(last = true)]
        relay_arguments: Vec<OsString>,
    },
    /// Run every check and test, as continuous integration does
    #[command(visible_alias = "ci")]
    Test {
        /// Run only this stage (may be repeated)
        #[arg(long, value_enum, value_name = "STAGE")]
        only: Vec<test::Stage>,
    },
    /// Measure; prints figures and never fails because of them
    Bench {
        #[arg(value_enum)]
        subject: bench::Subject,
    },
    /// Take pictures of every screen, small and large, light and dark (into screenshots/)
    Screenshots,
    /// Check licences, sources and known faults of all dependencies
    Deny,
    /// Measure which lines of crypto-core and client the tests reach
    Coverage,
    /// Run the fuzz targets one after the other
    Fuzz {
        /// How long each target runs
        #[arg(long, default_value_t = 60, value_name = "N")]
        seconds: u32,
        /// Run only the target of this name
        #[arg(long, value_name = "NAME")]
        target: Option<String>,
    },
}

fn main() -> ExitCode {
    match dispatch(Arguments::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(command: Command) -> Result<()> {
    let project = Project::locate()?;
    match command {
        Command::Setup => setup::everything(&project),
        Command::Wasm => wasm::build_for_web(&project).map(drop),
        Command::Web => app::build_web(&project),
        Command::Build => app::build_release(&project),
        Command::Run { port, data, relay_arguments } => app::run(&project, port, data, &relay_arguments),
        Command::Test { only } => test::run(&project, &only),
        Command::Bench { subject: bench::Subject::Crypto } => bench::crypto(&project),
        Command::Bench { subject: bench::Subject::Enumeration } => bench::enumeration(&project),
        Command::Screenshots => screenshots::take(&project),
        Command::Deny => deny::run(&project),
        Command::Coverage => coverage::run(&project),
        Command::Fuzz { seconds, target } => fuzz::run(&project, seconds, target.as_deref()),
    }
}
