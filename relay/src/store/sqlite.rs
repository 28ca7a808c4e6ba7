//! The SQLite backend: one writer thread that commits in groups, and a few connections that read.

mod accounts;
mod commit;
mod data;
mod epochs;
mod log;
mod migrate;
mod readers;
mod rooms;
mod sessions;
mod writer;

use std::{
    fs::File,
    path::{Path, PathBuf},
    time::Duration,
};

use rusqlite::Connection;
use tokio::sync::mpsc;
use waxwing_wire::{
    AccountId, EpochId, Opaque, RoomId, Seq,
    frame::{
        AccountDatum, Append, Commit, CreateRoom, Cursor, HistoryLink, JoinProof, KeyringEntry, RoomSummary,
        Snapshot,
    },
};

use super::{
    Admission, Credentials, JoinInfo, NewAccount, NewSession, Notice, Page, Pending, Result, Session,
    SessionHash, SessionLife, UnlockedAccount,
};
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

// Reads of single values that the caller awaits.
impl Sqlite {
    pub(super) async fn ping(&self) -> Result<()> {
        self.writer.submit(0, |_, _| Ok(())).await?.await
    }

    pub(super) async fn has_accounts(&self) -> Result<bool> {
        self.readers.read(accounts::any).await
    }

    pub(super) async fn setting(&self, name: &'static str) -> Result<Option<Vec<u8>>> {
        self.readers.read(move |db| accounts::setting(db, name)).await
    }

    pub(super) async fn setup_token_is(&self, hash: [u8; 32]) -> Result<bool> {
        self.readers.read(move |db| accounts::setup_token_is(db, &hash)).await
    }

    pub(super) async fn username_taken(&self, username: String) -> Result<bool> {
        self.readers.read(move |db| accounts::username_taken(db, &username)).await
    }

    pub(super) async fn credentials(&self, username: String) -> Result<Option<Credentials>> {
        self.readers.read(move |db| accounts::credentials(db, &username)).await
    }

    pub(super) async fn session(
        &self,
        token: SessionHash,
        life: SessionLife,
        now_ms: u64,
    ) -> Result<Option<Session>> {
        self.readers.read(move |db| sessions::session(db, token, life, now_ms)).await
    }

    pub(super) async fn account_data(&self, account: AccountId) -> Result<Vec<AccountDatum>> {
        self.readers.read(move |db| data::account_data(db, account)).await
    }

    pub(super) async fn key_package(&self, account: AccountId) -> Result<Option<Opaque>> {
        self.readers.read(move |db| data::key_package(db, account)).await
    }

    pub(super) async fn room_ids(&self, account: AccountId) -> Result<Vec<RoomId>> {
        self.readers.read(move |db| rooms::ids(db, account)).await
    }

    pub(super) async fn rooms(
        &self,
        account: AccountId,
        cursors: Vec<Cursor>,
    ) -> Result<(Vec<RoomSummary>, Vec<RoomSummary>)> {
        self.readers.read(move |db| rooms::summaries(db, account, &cursors)).await
    }

    pub(super) async fn members(&self, account: AccountId, room: RoomId) -> Result<Vec<AccountId>> {
        self.readers.read(move |db| rooms::members(db, account, room)).await
    }

    pub(super) async fn entries_after(
        &self,
        account: AccountId,
        room: RoomId,
        after: Seq,
        limit: u32,
    ) -> Result<Page> {
        self.readers.read(move |db| log::entries_after(db, account, room, after, limit)).await
    }

    pub(super) async fn snapshot(
        &self,
        account: AccountId,
        room: RoomId,
        epoch: Option<EpochId>,
    ) -> Result<Option<Snapshot>> {
        self.readers.read(move |db| epochs::snapshot(db, account, room, epoch)).await
    }

    pub(super) async fn public_state(
        &self,
        account: AccountId,
        room: RoomId,
        epoch: EpochId,
    ) -> Result<Option<Opaque>> {
        self.readers.read(move |db| epochs::public_state(db, account, room, epoch)).await
    }

    pub(super) async fn keyring(
        &self,
        account: AccountId,
        room: RoomId,
        before: Seq,
    ) -> Result<Vec<KeyringEntry>> {
        self.readers.read(move |db| epochs::keyring(db, account, room, before)).await
    }

    pub(super) async fn history_links(
        &self,
        account: AccountId,
        room: RoomId,
        before: Seq,
    ) -> Result<Vec<HistoryLink>> {
        self.readers.read(move |db| epochs::history_links(db, account, room, before)).await
    }

    pub(super) async fn join_info(&self, room: RoomId, proof: JoinProof, now_ms: u64) -> Result<JoinInfo> {
        self.readers.read(move |db| epochs::join_info(db, room, &proof, now_ms)).await
    }

    pub(super) async fn welcome(&self, account: AccountId, room: RoomId) -> Result<Option<Opaque>> {
        self.readers.read(move |db| epochs::welcome(db, account, room)).await
    }
}

// Writes. Those of the stream answer with a `Pending`, so that one connection can have many under way.
impl Sqlite {
    pub(super) async fn setting_or_insert(&self, name: &'static str, value: Vec<u8>) -> Result<Vec<u8>> {
        self.writer
            .submit(value.len(), move |db, _| accounts::setting_or_insert(db, name, &value))
            .await?
            .await
    }

    pub(super) async fn replace_setup_token(&self, hash: [u8; 32]) -> Result<bool> {
        self.writer.submit(0, move |db, _| accounts::replace_setup_token(db, &hash)).await?.await
    }

    pub(super) async fn create_account(
        &self,
        account: NewAccount,
        admission: Admission,
        session: NewSession,
    ) -> Result<Session> {
        let cost = account.vault.len();
        self.writer.submit(cost, move |db, _| accounts::create(db, &account, admission, session)).await?.await
    }

    pub(super) async fn complete_login(
        &self,
        account: AccountId,
        totp_step: u64,
        session: NewSession,
    ) -> Result<UnlockedAccount> {
        self.writer
            .submit(0, move |db, _| accounts::complete_login(db, account, totp_step, session))
            .await?
            .await
    }

    pub(super) async fn touch_session(&self, token: SessionHash, now_ms: u64) -> Result<()> {
        self.writer.submit(0, move |db, _| sessions::touch(db, token, now_ms)).await?.await
    }

    pub(super) async fn end_session(&self, token: SessionHash) -> Result<()> {
        self.writer.submit(0, move |db, _| sessions::end(db, token)).await?.await
    }

    pub(super) async fn sweep_sessions(&self, life: SessionLife, now_ms: u64) -> Result<u64> {
        self.writer.submit(0, move |db, _| sessions::sweep(db, life, now_ms)).await?.await
    }

    pub(super) async fn put_account_data(
        &self,
        account: AccountId,
        datum: AccountDatum,
    ) -> Result<Pending<()>> {
        let cost = datum.bytes.len();
        self.writer.submit(cost, move |db, _| data::put_account_data(db, account, &datum)).await
    }

    pub(super) async fn put_key_package(&self, account: AccountId, package: Opaque) -> Result<Pending<()>> {
        self.writer.submit(package.len(), move |db, _| data::put_key_package(db, account, &package)).await
    }

    pub(super) async fn create_room(
        &self,
        author: AccountId,
        request: CreateRoom,
        now_ms: u64,
    ) -> Result<Pending<()>> {
        let cost = commit::parts_size(&request.parts);
        self.writer
            .submit(cost, move |db, notices| commit::create_room(db, author, &request, now_ms, notices))
            .await
    }

    pub(super) async fn append_message(
        &self,
        author: AccountId,
        request: Append,
        now_ms: u64,
    ) -> Result<Pending<Seq>> {
        let cost = request.bytes.len();
        self.writer
            .submit(cost, move |db, notices| log::append_message(db, author, request, now_ms, notices))
            .await
    }

    pub(super) async fn accept_commit(
        &self,
        author: AccountId,
        request: Commit,
        now_ms: u64,
    ) -> Result<Pending<Seq>> {
        let welcomes: usize = request.welcomes.iter().map(|welcome| welcome.bytes.len()).sum();
        let cost = request.bytes.len() + commit::parts_size(&request.parts) + welcomes;
        self.writer
            .submit(cost, move |db, notices| commit::accept(db, author, request, now_ms, notices))
            .await
    }

    pub(super) async fn put_snapshot(
        &self,
        account: AccountId,
        room: RoomId,
        snapshot: Snapshot,
    ) -> Result<Pending<()>> {
        let cost = snapshot.bytes.len();
        self.writer.submit(cost, move |db, _| epochs::put_snapshot(db, account, room, &snapshot)).await
    }

    pub(super) async fn put_keyring(
        &self,
        account: AccountId,
        room: RoomId,
        entries: Vec<KeyringEntry>,
    ) -> Result<Pending<()>> {
        let cost = entries.iter().map(|entry| entry.bytes.len()).sum();
        self.writer.submit(cost, move |db, _| epochs::put_keyring(db, account, room, &entries)).await
    }
}

#[cfg(test)]
mod tests;
