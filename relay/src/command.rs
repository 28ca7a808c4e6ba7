//! The command line.

pub mod audit;
pub mod serve;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use tracing::Level;
use tracing_subscriber::{filter::Targets, layer::SubscriberExt as _, util::SubscriberInitExt as _};

use crate::config::Config;

/// A self-hosted, end-to-end encrypted chat: this program stores ciphertext it cannot read and routes it.
#[derive(Debug, Parser)]
#[command(name = "waxwing-relay", version)]
pub struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What the program can do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the relay until it is told to stop (SIGTERM or Ctrl-C).
    Serve(Box<Config>),
    /// Look at the audit log. Works while the relay runs, too.
    #[command(subcommand)]
    Audit(audit::Audit),
}

/// Runs the program.
pub fn run(arguments: Arguments) -> ExitCode {
    start_logging();
    match arguments.command {
        Command::Serve(config) => match serve::serve(*config) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                tracing::error!("{error}");
                ExitCode::FAILURE
            }
        },
        Command::Audit(command) => audit::run(&command),
    }
}

/// Logs go to stderr; `WAXWING_LOG` sets levels, for instance `warn` or `waxwing_relay=debug,info`.
fn start_logging() {
    let wanted = std::env::var("WAXWING_LOG").ok();
    let levels = wanted.as_deref().and_then(|text| text.parse().ok()).unwrap_or_else(|| {
        // The list of embedded files is the same at every start.
        Targets::new().with_default(Level::INFO).with_target("memory_serve", Level::WARN)
    });
    let lines =
        tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_ansi(false).with_target(false);
    tracing_subscriber::registry().with(lines).with(levels).init();
}
