//! `audit`: looks at the audit log of a data folder.

use std::{io::Write as _, path::PathBuf, process::ExitCode};

use clap::{Args, Subcommand};
use waxwing_wire::admin::{AuditVerdict, Noted};

use crate::store::sqlite;

/// What to do with the audit log.
#[derive(Debug, Subcommand)]
pub enum Audit {
    /// Check that every entry follows from the one before, and print the hash of the newest.
    Verify(Verify),
}

/// What to check.
#[derive(Debug, Args)]
pub struct Verify {
    /// Folder of the database.
    #[arg(long, env = "WAXWING_DATA", default_value = "./waxwing-data")]
    pub data: PathBuf,

    /// An entry that you noted before, as this command printed it: SEQ:HASH. It has to be there still.
    #[arg(long, value_name = "SEQ:HASH")]
    pub seen: Option<Noted>,
}

/// Fails when the log was changed, or cannot be read.
pub(super) fn run(command: &Audit) -> ExitCode {
    let Audit::Verify(wanted) = command;
    if !wanted.data.join("waxwing.db").exists() {
        tracing::error!(
            "there is no waxwing.db in {}; name the data folder with --data",
            wanted.data.display()
        );
        return ExitCode::FAILURE;
    }
    match sqlite::verify_audit(&wanted.data, wanted.seen) {
        Ok(verdict) => {
            // Nobody reads it: then the exit code tells.
            let _ = writeln!(std::io::stdout(), "{}", sentence(&verdict, wanted.seen));
            let fine = verdict.ok && verdict.seen != Some(false);
            if fine { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Err(error) => {
            tracing::error!("cannot read the audit log in {}: {error}", wanted.data.display());
            ExitCode::FAILURE
        }
    }
}

fn sentence(verdict: &AuditVerdict, noted: Option<Noted>) -> String {
    let entries = verdict.entries;
    let newest = <[u8; 32]>::try_from(verdict.head.as_bytes()).map(|chain| Noted { seq: entries, chain });
    let newest = newest.map(|newest| newest.to_string()).unwrap_or_default();
    match (verdict.first_bad, verdict.seen, noted) {
        (Some(bad), ..) => format!("entry {bad} does not follow from the one before: the log was changed"),
        (None, Some(false), Some(noted)) => format!(
            "entry {} is missing or has another hash than you noted: the log was cut off or written anew",
            noted.seq
        ),
        (None, Some(true), _) => {
            format!("{entries} entries, each follows from the one before, the noted one too; newest {newest}")
        }
        _ => format!("{entries} entries, each follows from the one before; newest {newest}"),
    }
}
