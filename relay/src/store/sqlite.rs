//! The SQLite backend: one writer thread that commits in groups, and a few connections that read.

mod account_calls;
mod accounts;
mod audit;
mod calls;
mod commit;
mod credentials;
mod data;
mod deletion;
mod desk;
mod epochs;
mod erase;
mod expire;
mod guests;
mod invites;
mod log;
mod marks;
mod methods;
mod migrate;
mod people;
mod published;
mod readers;
mod rooms;
mod second_factor;
mod sessions;
mod settings;
mod writer;

use std::{
    fs::File,
    path::{Path, PathBuf},
    time::Duration,
};

use rusqlite::Connection;
use tokio::sync::mpsc;
use waxwing_wire::{
    Opaque,
    admin::{AuditVerdict, Noted},
};

use super::Notice;
pub use migrate::MigrateError;

/// Where the database is, and how it behaves.
#[derive(Debug, Clone)]
pub struct Options {
    /// Folder of the database; made when missing, readable by its owner only.
    pub folder: PathBuf,
    /// How long a statement waits for a lock that another process holds.
    pub busy_timeout: Duration,
    /// Upper bound of the database in pages of 4 KiB; `None` for none.
    pub max_pages: Option<u32>,
}

impl Options {
    /// The usual behaviour, in a folder.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into(), busy_timeout: Duration::from_secs(5), max_pages: None }
    }
}

/// Why the database cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The folder or the lock file cannot be made.
    #[error("cannot use the data folder {0}: {1}")]
    Folder(PathBuf, std::io::Error),
    /// Another relay runs on this folder.
    #[error("another relay is using the data folder {0}; two relays on one database would lose events")]
    InUse(PathBuf),
    /// The schema cannot be brought up to date.
    #[error(transparent)]
    Migrate(#[from] MigrateError),
    /// SQLite refused.
    #[error("cannot open the database: {0}")]
    Sqlite(#[from] rusqlite::Error),
    /// The writer's thread cannot be started.
    #[error("cannot start the writer: {0}")]
    Thread(std::io::Error),
}

/// The backend.
#[derive(Debug)]
pub struct Sqlite {
    writer: writer::Writer,
    readers: readers::Readers,
    /// Held for as long as the relay runs; the system frees it even when the relay is killed.
    _lock: File,
}

impl Sqlite {
    /// Opens or makes the database, brings its schema up to date and starts the writer.
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn open(options: &Options, notices: mpsc::Sender<Notice>) -> std::result::Result<Self, OpenError> {
        let folder = &options.folder;
        make_private_folder(folder).map_err(|error| OpenError::Folder(folder.clone(), error))?;
        let lock = File::create(folder.join("relay.lock"))
            .map_err(|error| OpenError::Folder(folder.clone(), error))?;
        lock.try_lock().map_err(|_| OpenError::InUse(folder.clone()))?;

        let path = folder.join("waxwing.db");
        let mut connection = connect(&path, options.busy_timeout)?;
        configure_writer(&connection, options)?;
        migrate::migrate(&mut connection)?;
        let readers = readers::Readers::new(path, options.busy_timeout);
        let writer = writer::Writer::start(connection, notices).map_err(OpenError::Thread)?;
        Ok(Self { writer, readers, _lock: lock })
    }

    pub(super) fn close(&self) {
        self.writer.close();
    }
}

/// Looks through the audit log of a data folder without changing anything; a relay may be running on it.
///
/// # Errors
/// When there is no database, or it cannot be read.
pub fn verify_audit(folder: &Path, noted: Option<Noted>) -> super::Result<AuditVerdict> {
    let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY | rusqlite::OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(folder.join("waxwing.db"), flags)?;
    connection.busy_timeout(Duration::from_secs(5))?;
    desk::audit_log::verify(&connection, noted)
}

fn make_private_folder(folder: &Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt as _;
        builder.mode(0o700);
    }
    builder.create(folder)
}

fn connect(path: &Path, busy_timeout: Duration) -> rusqlite::Result<Connection> {
    let connection = Connection::open(path)?;
    // Before anything else: even switching to WAL can meet a lock.
    connection.busy_timeout(busy_timeout)?;
    connection.set_prepared_statement_cache_capacity(128);
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "trusted_schema", false)?;
    Ok(connection)
}

fn configure_writer(connection: &Connection, options: &Options) -> rusqlite::Result<()> {
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    // What is deleted is overwritten: keys, codes and removed messages do not stay in free pages, nor go into backups.
    connection.pragma_update(None, "secure_delete", true)?;
    connection.pragma_update(None, "cache_size", -16_000)?;
    connection.pragma_update(None, "journal_size_limit", 64 * 1024 * 1024)?;
    if let Some(pages) = options.max_pages {
        connection.pragma_update(None, "max_page_count", pages)?;
    }
    Ok(())
}

/// SQLite's integers are signed. A number beyond them compares like the largest, which no counter reaches.
fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A counter from the database, which is never negative.
fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

/// An identifier from the database; its length is checked by the schema.
fn id<const N: usize, T: From<[u8; N]>>(row: &rusqlite::Row<'_>, column: usize) -> rusqlite::Result<T> {
    row.get::<_, [u8; N]>(column).map(T::from)
}

/// Sealed bytes from the database.
fn sealed(row: &rusqlite::Row<'_>, column: usize) -> rusqlite::Result<Opaque> {
    row.get(column).map(Opaque)
}

#[cfg(test)]
mod tests;
