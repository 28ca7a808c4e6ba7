//! The operations of the store: reads on a reader, writes as jobs of the writer.

use rusqlite::Connection;
use waxwing_wire::{
    AccountId, EpochId, Opaque, RoomId, Seq,
    frame::{
        AccountDatum, Append, Commit, CreateRoom, Cursor, HistoryLink, JoinProof, KeyPackageRecord,
        KeyringEntry, LogEntry, Post, PutPublished, RoomSummary, Snapshot,
    },
    ids::{DataName, RoomHandle},
};

use super::{Sqlite, accounts, commit, data, epochs, log, methods, published, rooms, sessions};
use crate::store::{
    Admission, Caller, Credentials, JoinInfo, NewAccount, NewCredentials, NewSession, Notice, Page, Pending,
    Published, Result, RoomCredentials, Session, SessionHash, SessionLife, UnlockedAccount,
};

// Reads of single values that the caller awaits.
impl Sqlite {
    pub(in crate::store) async fn has_accounts(&self) -> Result<bool> {
        self.readers.read(accounts::any).await
    }

    pub(in crate::store) async fn setting(&self, name: &'static str) -> Result<Option<Vec<u8>>> {
        self.readers.read(move |db| accounts::setting(db, name)).await
    }

    pub(in crate::store) async fn setup_token_is(&self, hash: [u8; 32]) -> Result<bool> {
        self.readers.read(move |db| accounts::setup_token_is(db, &hash)).await
    }

    pub(in crate::store) async fn username_taken(&self, username: String) -> Result<bool> {
        self.readers.read(move |db| accounts::username_taken(db, &username)).await
    }

    pub(in crate::store) async fn credentials(&self, username: String) -> Result<Option<Credentials>> {
        self.readers.read(move |db| accounts::credentials(db, &username)).await
    }

    pub(in crate::store) async fn has_credentials(
        &self,
        account: AccountId,
        change: NewCredentials,
    ) -> Result<bool> {
        self.readers.read(move |db| accounts::has_credentials(db, account, &change)).await
    }

    pub(in crate::store) async fn session(
        &self,
        token: SessionHash,
        life: SessionLife,
        now_ms: u64,
    ) -> Result<Option<Session>> {
        self.readers.read(move |db| sessions::session(db, token, life, now_ms)).await
    }

    pub(in crate::store) async fn account_data(&self, account: AccountId) -> Result<Vec<AccountDatum>> {
        self.readers.read(move |db| data::account_data(db, account)).await
    }

    pub(in crate::store) async fn key_package(&self, account: AccountId) -> Result<Option<KeyPackageRecord>> {
        self.readers.read(move |db| data::key_package(db, account)).await
    }

    pub(in crate::store) async fn room_ids(&self, account: AccountId) -> Result<Vec<RoomId>> {
        self.readers.read(move |db| rooms::ids(db, account)).await
    }

    pub(in crate::store) async fn rooms(
        &self,
        account: AccountId,
        cursors: Vec<Cursor>,
    ) -> Result<(Vec<RoomSummary>, Vec<RoomSummary>)> {
        self.readers.read(move |db| rooms::summaries(db, account, &cursors)).await
    }

    pub(in crate::store) async fn members(&self, account: AccountId, room: RoomId) -> Result<Vec<AccountId>> {
        self.readers.read(move |db| rooms::members(db, account, room)).await
    }

    pub(in crate::store) async fn entries_after(
        &self,
        account: AccountId,
        room: RoomId,
        after: Seq,
        limit: u32,
    ) -> Result<Page> {
        self.readers.read(move |db| log::entries_after(db, account, room, after, limit)).await
    }

    pub(in crate::store) async fn own_leave(
        &self,
        account: AccountId,
        room: RoomId,
    ) -> Result<Option<LogEntry>> {
        self.readers.read(move |db| log::own_leave(db, account, room)).await
    }

    pub(in crate::store) async fn snapshot(
        &self,
        account: AccountId,
        room: RoomId,
        epoch: Option<EpochId>,
    ) -> Result<Option<Snapshot>> {
        self.readers.read(move |db| epochs::snapshot(db, account, room, epoch)).await
    }

    pub(in crate::store) async fn public_states(
        &self,
        account: AccountId,
        room: RoomId,
        epoch: EpochId,
    ) -> Result<Vec<Opaque>> {
        self.readers.read(move |db| published::public_states(db, account, room, epoch)).await
    }

    pub(in crate::store) async fn published(
        &self,
        account: AccountId,
        room: RoomId,
        epoch: EpochId,
    ) -> Result<Published> {
        self.readers.read(move |db| published::published(db, account, room, epoch)).await
    }

    pub(in crate::store) async fn keyring(
        &self,
        account: AccountId,
        room: RoomId,
        before: Seq,
    ) -> Result<Vec<KeyringEntry>> {
        self.readers.read(move |db| epochs::keyring(db, account, room, before)).await
    }

    pub(in crate::store) async fn history_links(
        &self,
        account: AccountId,
        room: RoomId,
        before: Seq,
    ) -> Result<Vec<HistoryLink>> {
        self.readers.read(move |db| published::history_links(db, account, room, before)).await
    }

    pub(in crate::store) async fn join_info(
        &self,
        room: RoomId,
        proof: JoinProof,
        before: Seq,
        now_ms: u64,
    ) -> Result<JoinInfo> {
        self.readers.read(move |db| methods::join_info(db, room, &proof, before, now_ms)).await
    }

    pub(in crate::store) async fn may_set_password(
        &self,
        account: AccountId,
        room: RoomId,
        handle: RoomHandle,
    ) -> Result<()> {
        self.readers.read(move |db| methods::may_set_password(db, account, room, handle)).await
    }

    pub(in crate::store) async fn room_credentials(
        &self,
        handle: RoomHandle,
        now_ms: u64,
    ) -> Result<Option<RoomCredentials>> {
        self.readers.read(move |db| methods::room_credentials(db, handle, now_ms)).await
    }

    pub(in crate::store) async fn welcomes(&self, account: AccountId, room: RoomId) -> Result<Vec<Opaque>> {
        self.readers.read(move |db| epochs::welcomes(db, account, room)).await
    }
}

// Writes. Those of the stream answer with a `Pending`, so that one connection can have many under way.
impl Sqlite {
    pub(in crate::store) async fn check_writing(&self, now_ms: u64) -> Result<()> {
        self.writer.submit(0, move |db, _| accounts::check_writing(db, now_ms)).await?.await
    }

    pub(in crate::store) async fn setting_or_insert(
        &self,
        name: &'static str,
        value: Vec<u8>,
    ) -> Result<Vec<u8>> {
        self.writer
            .submit(value.len(), move |db, _| accounts::setting_or_insert(db, name, &value))
            .await?
            .await
    }

    pub(in crate::store) async fn replace_setup_token(&self, hash: [u8; 32]) -> Result<bool> {
        self.writer.submit(0, move |db, _| accounts::replace_setup_token(db, &hash)).await?.await
    }

    pub(in crate::store) async fn create_account(
        &self,
        account: NewAccount,
        admission: Admission,
        session: NewSession,
    ) -> Result<Session> {
        let cost = account.vault.len();
        self.writer.submit(cost, move |db, _| accounts::create(db, &account, admission, session)).await?.await
    }

    pub(in crate::store) async fn complete_login(
        &self,
        account: AccountId,
        record: Vec<u8>,
        totp_step: u64,
        session: NewSession,
    ) -> Result<UnlockedAccount> {
        self.writer
            .submit(0, move |db, _| accounts::complete_login(db, (account, &record), totp_step, session))
            .await?
            .await
    }

    pub(in crate::store) async fn change_credentials(
        &self,
        account: AccountId,
        change: NewCredentials,
        kept: SessionHash,
    ) -> Result<()> {
        self.writer
            .submit(change.vault.len(), move |db, _| accounts::change_credentials(db, account, &change, kept))
            .await?
            .await
    }

    pub(in crate::store) async fn touch_session(&self, token: SessionHash, now_ms: u64) -> Result<()> {
        self.writer.submit(0, move |db, _| sessions::touch(db, token, now_ms)).await?.await
    }

    pub(in crate::store) async fn end_session(&self, token: SessionHash) -> Result<()> {
        self.writer.submit(0, move |db, _| sessions::end(db, token)).await?.await
    }

    pub(in crate::store) async fn sweep_sessions(&self, life: SessionLife, now_ms: u64) -> Result<u64> {
        let sweep = move |db: &Connection, _: &mut Vec<Notice>| {
            let oldest_ms =
                now_ms.saturating_sub(u64::try_from(life.absolute.as_millis()).unwrap_or(u64::MAX));
            rooms::sweep_left(db, oldest_ms)?;
            sessions::sweep(db, life, now_ms)
        };
        self.writer.submit(0, sweep).await?.await
    }

    pub(in crate::store) async fn put_account_data(
        &self,
        by: Caller,
        datum: AccountDatum,
    ) -> Result<Pending<()>> {
        self.submit_by(by, move |db, _| data::put_account_data(db, by.account, &datum)).await
    }

    pub(in crate::store) async fn drop_account_data(
        &self,
        by: Caller,
        names: Vec<DataName>,
    ) -> Result<Pending<()>> {
        self.submit_by(by, move |db, _| data::drop_account_data(db, by.account, &names)).await
    }

    pub(in crate::store) async fn put_key_package(&self, by: Caller, package: Opaque) -> Result<Pending<()>> {
        self.submit_by(by, move |db, _| data::put_key_package(db, by.account, &package)).await
    }

    pub(in crate::store) async fn create_room(
        &self,
        by: Caller,
        request: CreateRoom,
        now_ms: u64,
    ) -> Result<Pending<()>> {
        self.submit_by(by, move |db, notices| commit::create_room(db, by.account, &request, now_ms, notices))
            .await
    }

    pub(in crate::store) async fn append_message(
        &self,
        by: Caller,
        request: Append,
        now_ms: u64,
    ) -> Result<Pending<Seq>> {
        self.submit_by(by, move |db, notices| log::append_message(db, by.account, request, now_ms, notices))
            .await
    }

    pub(in crate::store) async fn post(
        &self,
        by: Caller,
        request: Post,
        now_ms: u64,
    ) -> Result<Pending<Seq>> {
        self.submit_by(by, move |db, notices| log::post(db, by.account, request, now_ms, notices)).await
    }

    pub(in crate::store) async fn put_published(
        &self,
        by: Caller,
        request: PutPublished,
    ) -> Result<Pending<()>> {
        self.submit_by(by, move |db, _| published::put(db, by.account, &request)).await
    }

    pub(in crate::store) async fn accept_commit(
        &self,
        by: Caller,
        request: Commit,
        now_ms: u64,
    ) -> Result<Pending<Seq>> {
        self.submit_by(by, move |db, notices| commit::accept(db, by.account, request, now_ms, notices)).await
    }

    pub(in crate::store) async fn put_snapshot(
        &self,
        by: Caller,
        room: RoomId,
        snapshot: Snapshot,
    ) -> Result<Pending<()>> {
        self.submit_by(by, move |db, _| epochs::put_snapshot(db, by.account, room, &snapshot)).await
    }

    pub(in crate::store) async fn put_keyring(
        &self,
        by: Caller,
        room: RoomId,
        entries: Vec<KeyringEntry>,
    ) -> Result<Pending<()>> {
        self.submit_by(by, move |db, _| epochs::put_keyring(db, by.account, room, &entries)).await
    }

    /// Queues a write of a session. Whatever waited while the session ended is refused.
    async fn submit_by<T: Send + 'static>(
        &self,
        by: Caller,
        work: impl FnOnce(&Connection, &mut Vec<Notice>) -> Result<T> + Send + 'static,
    ) -> Result<Pending<T>> {
        let guarded = move |db: &Connection, notices: &mut Vec<Notice>| {
            sessions::check(db, by)?;
            work(db, notices)
        };
        self.writer.submit(by.frame_bytes, guarded).await
    }
}
