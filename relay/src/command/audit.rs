//! `audit`: looks at the audit log of a data folder.

use std::{io::Write as _, path::PathBuf, process::ExitCode};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use clap::{Args, Subcommand};
use waxwing_wire::admin::AuditVerdict;

use crate::store::sqlite;

/// What to do with the audit log.
#[derive(Debug, Subcommand)]
pub enum Audit {
    /// Check that every entry follows from the one before, and print the hash of the newest.
    Verify(Folder),
}

/// Where the database is.
#[derive(Debug, Args)]
pub struct Folder {
    /// Folder of the database.
    #[arg(long, env = "WAXWING_DATA", default_value = "./waxwing-data")]
    pub data: PathBuf,
}

/// Fails when the log was changed, or cannot be read.
pub(super) fn run(command: &Audit) -> ExitCode {
    let Audit::Verify(folder) = command;
    if !folder.data.join("waxwing.db").exists() {
        tracing::error!(
            "there is no waxwing.db in {}; name the data folder with --data",
            folder.data.display()
        );
        return ExitCode::FAILURE;
    }
    match sqlite::verify_audit(&folder.data) {
        Ok(verdict) => {
            let ok = verdict.ok;
            // Nobody reads it: then the exit code tells.
            let _ = writeln!(std::io::stdout(), "{}", sentence(&verdict));
            if ok { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Err(error) => {
            tracing::error!("cannot read the audit log in {}: {error}", folder.data.display());
            ExitCode::FAILURE
        }
    }
}

fn sentence(verdict: &AuditVerdict) -> String {
    let head = URL_SAFE_NO_PAD.encode(verdict.head.as_bytes());
    match verdict.first_bad {
        None => format!("{} entries, each follows from the one before; newest hash {head}", verdict.entries),
        Some(bad) => format!("entry {bad} does not follow from the one before: the log was changed"),
    }
}
