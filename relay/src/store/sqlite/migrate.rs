//! Brings the schema up to date, forward only.

use rusqlite::Connection;

/// Marks a file as ours: "Wxwg".
const APPLICATION_ID: i64 = 0x5778_7767;

/// In order; the number of a migration is its position, from 1. Released ones never change.
pub(super) const MIGRATIONS: &[&str] = &[include_str!("../../../migrations/sqlite/0001_first.sql")];

/// Why a schema cannot be brought up to date.
#[derive(Debug, thiserror::Error)]
pub enum MigrateError {
    /// A newer relay wrote it.
    #[error(
        "the database has schema {found}, this relay knows up to {known}: it was written by a newer relay; run that one, or restore a backup from before the upgrade"
    )]
    Newer {
        /// Schema of the database.
        found: usize,
        /// Newest schema of this program.
        known: usize,
    },
    /// The file belongs to another program.
    #[error("waxwing.db in the data folder is not a database of this program")]
    Foreign,
    /// SQLite refused.
    #[error("cannot bring the database up to date: {0}")]
    Sqlite(#[from] rusqlite::Error),
}

/// Runs the migrations that the database lacks, each in a transaction of its own.
pub(super) fn migrate(connection: &mut Connection) -> Result<(), MigrateError> {
    let application: i64 = connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
    let found: usize = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let tables: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    if tables > 0 && application != APPLICATION_ID {
        return Err(MigrateError::Foreign);
    }
    if found > MIGRATIONS.len() {
        return Err(MigrateError::Newer { found, known: MIGRATIONS.len() });
    }
    for (index, script) in MIGRATIONS.iter().enumerate().skip(found) {
        let number = index.saturating_add(1);
        let transaction = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
        transaction.execute_batch(script)?;
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
        transaction.pragma_update(None, "user_version", number)?;
        transaction.commit()?;
        tracing::info!(schema = number, "database brought up to date");
    }
    Ok(())
}
