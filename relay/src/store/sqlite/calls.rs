//! The operations of the store about rooms and account objects: reads on a reader, writes as jobs of the writer.

use rusqlite::Connection;
use waxwing_wire::{
    AccountId, EpochId, Opaque, RoomId, Seq,
    frame::{
        AccountDatum, Append, Commit, CreateRoom, Cursor, HistoryLink, JoinProof, KeyPackageRecord,
        KeyringEntry, LogEntry, Post, PutPublished, RoomSummary, Snapshot,
    },
    ids::{DataName, RoomHandle},
};

use super::{
    Sqlite, commit, data, epochs, erase, expire, log, marks, methods, people, published, rooms, sessions,
};
use crate::store::{
    Caller, JoinInfo, LastSeen, Notice, Page, Pending, Published, Result, RoomCredentials, Visibility,
};

// Reads of single values that the caller awaits.
impl Sqlite {
    pub(in crate::store) async fn account_data(&self, account: AccountId) -> Result<Vec<AccountDatum>> {
        self.readers.read(move |db| data::account_data(db, account)).await
    }

    pub(in crate::store) async fn key_package(&self, account: AccountId) -> Result<Option<KeyPackageRecord>> {
        self.readers.read(move |db| data::key_package(db, account)).await
    }

    pub(in crate::store) async fn find_account(&self, username: String) -> Result<Option<AccountId>> {
        self.readers.read(move |db| people::find(db, &username)).await
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

    pub(in crate::store) async fn marks(
        &self,
        account: AccountId,
        room: RoomId,
    ) -> Result<(Vec<(AccountId, Opaque)>, Option<Opaque>)> {
        self.readers.read(move |db| marks::marks(db, account, room)).await
    }

    pub(in crate::store) async fn visibility(&self, account: AccountId) -> Result<Visibility> {
        self.readers.read(move |db| marks::visibility(db, account)).await
    }

    pub(in crate::store) async fn last_seen(
        &self,
        account: AccountId,
        of: Vec<AccountId>,
    ) -> Result<Vec<LastSeen>> {
        self.readers.read(move |db| marks::last_seen(db, account, &of)).await
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
    pub(in crate::store) async fn put_account_data(
        &self,
        by: Caller,
        datum: AccountDatum,
    ) -> Result<Pending<()>> {
        self.submit_by(by, move |db, notices| {
            data::put_account_data(db, by.account, &datum)?;
            notices.push(Notice::AccountData { account: by.account, session: by.session });
            Ok(())
        })
        .await
    }

    pub(in crate::store) async fn drop_account_data(
        &self,
        by: Caller,
        names: Vec<DataName>,
    ) -> Result<Pending<()>> {
        self.submit_by(by, move |db, notices| {
            data::drop_account_data(db, by.account, &names)?;
            notices.push(Notice::AccountData { account: by.account, session: by.session });
            Ok(())
        })
        .await
    }

    pub(in crate::store) async fn put_marks(
        &self,
        by: Caller,
        room: RoomId,
        shared: Option<Opaque>,
        own: Option<Opaque>,
    ) -> Result<Pending<()>> {
        let who = (by.account, by.session);
        self.submit_by(by, move |db, notices| marks::put(db, who, room, (shared, own), notices)).await
    }

    pub(in crate::store) async fn share_presence(&self, by: Caller, on: bool) -> Result<Pending<()>> {
        self.submit_by(by, move |db, notices| marks::share_presence(db, by.account, on, notices)).await
    }

    pub(in crate::store) async fn put_blocks(
        &self,
        by: Caller,
        accounts: Vec<AccountId>,
    ) -> Result<Pending<()>> {
        self.submit_by(by, move |db, notices| people::put_blocks(db, by.account, accounts, notices)).await
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

    pub(in crate::store) async fn erase(
        &self,
        by: Caller,
        room: RoomId,
        seqs: Vec<Seq>,
    ) -> Result<Pending<()>> {
        self.submit_by(by, move |db, notices| erase::erase(db, by.account, (room, &seqs), notices)).await
    }

    pub(in crate::store) async fn set_retention(
        &self,
        by: Caller,
        room: RoomId,
        seconds: u64,
    ) -> Result<Pending<()>> {
        self.submit_by(by, move |db, _| expire::set(db, by.account, room, seconds)).await
    }

    pub(in crate::store) async fn erase_expired(&self, now_ms: u64) -> Result<u64> {
        self.writer.submit(0, move |db, _| expire::sweep(db, now_ms)).await?.await
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
    pub(super) async fn submit_by<T: Send + 'static>(
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
