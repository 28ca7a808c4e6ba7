//! The operations of the store about the relay itself, accounts and sessions.

use rusqlite::Connection;
use waxwing_wire::{
    AccountId,
    admin::AuditKind,
    frame::EndReason,
    ids::{SessionId, TokenHash},
};
use zeroize::Zeroizing;

use super::{
    Sqlite, accounts,
    audit::{self, Target},
    credentials, deletion, guests, invites, rooms, second_factor, sessions, settings,
};
use crate::store::{
    Admission, Caller, Credentials, Ended, Login, NewAccount, NewCredentials, NewGuest, NewSession, Notice,
    Recoverable, Recovery, Result, ReturnedGuest, Session, SessionHash, SessionLife, SessionRow,
    UnlockedAccount,
};

// Reads.
impl Sqlite {
    pub(in crate::store) async fn has_accounts(&self) -> Result<bool> {
        self.readers.read(accounts::any).await
    }

    pub(in crate::store) async fn setting(&self, name: &'static str) -> Result<Option<Vec<u8>>> {
        self.readers.read(move |db| settings::setting(db, name)).await
    }

    pub(in crate::store) async fn setup_token_is(&self, hash: [u8; 32]) -> Result<bool> {
        self.readers.read(move |db| settings::setup_token_is(db, &hash)).await
    }

    pub(in crate::store) async fn username_taken(&self, username: String) -> Result<bool> {
        self.readers.read(move |db| accounts::username_taken(db, &username)).await
    }

    pub(in crate::store) async fn credentials(&self, username: String) -> Result<Option<Credentials>> {
        self.readers.read(move |db| credentials::find(db, &username)).await
    }

    pub(in crate::store) async fn has_credentials(
        &self,
        account: AccountId,
        change: NewCredentials,
    ) -> Result<bool> {
        self.readers.read(move |db| credentials::are(db, account, &change)).await
    }

    pub(in crate::store) async fn recoverable(
        &self,
        username: String,
        token: TokenHash,
    ) -> Result<Option<Recoverable>> {
        self.readers.read(move |db| credentials::recoverable(db, &username, &token)).await
    }

    pub(in crate::store) async fn invite_is_valid(&self, hash: [u8; 32], now_ms: u64) -> Result<bool> {
        self.readers.read(move |db| invites::is_valid(db, &hash, now_ms)).await
    }

    pub(in crate::store) async fn session(
        &self,
        token: SessionHash,
        life: SessionLife,
        now_ms: u64,
    ) -> Result<Option<Session>> {
        self.readers.read(move |db| sessions::session(db, token, life, now_ms)).await
    }

    pub(in crate::store) async fn sessions(
        &self,
        account: AccountId,
        life: SessionLife,
        now_ms: u64,
    ) -> Result<Vec<SessionRow>> {
        self.readers.read(move |db| sessions::list(db, account, life, now_ms)).await
    }

    pub(in crate::store) async fn may_delete_account(&self, account: AccountId) -> Result<()> {
        self.readers.read(move |db| deletion::check(db, account).map(drop)).await
    }
}

// Writes.
impl Sqlite {
    pub(in crate::store) async fn check_writing(&self, now_ms: u64) -> Result<()> {
        self.writer.submit(0, move |db, _| settings::check_writing(db, now_ms)).await?.await
    }

    pub(in crate::store) async fn setting_or_insert(
        &self,
        name: &'static str,
        value: Vec<u8>,
    ) -> Result<Vec<u8>> {
        self.writer
            .submit(value.len(), move |db, _| settings::setting_or_insert(db, name, &value))
            .await?
            .await
    }

    pub(in crate::store) async fn replace_setup_token(&self, hash: [u8; 32]) -> Result<bool> {
        self.writer.submit(0, move |db, _| settings::replace_setup_token(db, &hash)).await?.await
    }

    pub(in crate::store) async fn create_account(
        &self,
        account: NewAccount,
        admission: Admission,
        session: NewSession,
    ) -> Result<Session> {
        let cost = account.vault.len();
        self.writer
            .submit(cost, move |db, _| accounts::create(db, &account, admission, &session))
            .await?
            .await
    }

    pub(in crate::store) async fn create_guest(
        &self,
        guest: NewGuest,
        session: NewSession,
    ) -> Result<Session> {
        let cost = guest.vault.len();
        self.writer.submit(cost, move |db, _| guests::create(db, &guest, &session)).await?.await
    }

    pub(in crate::store) async fn return_guest(
        &self,
        token: TokenHash,
        session: NewSession,
    ) -> Result<Option<ReturnedGuest>> {
        self.writer
            .submit(0, move |db, notices| guests::come_back(db, &token, &session, notices))
            .await?
            .await
    }

    pub(in crate::store) async fn sweep_guests(&self, before_ms: u64, now_ms: u64) -> Result<u64> {
        self.writer.submit(0, move |db, notices| guests::sweep(db, (before_ms, now_ms), notices)).await?.await
    }

    pub(in crate::store) async fn complete_login(
        &self,
        login: Login,
        session: NewSession,
    ) -> Result<UnlockedAccount> {
        self.writer
            .submit(0, move |db, notices| credentials::log_in(db, &login, &session, notices))
            .await?
            .await
    }

    pub(in crate::store) async fn change_credentials(
        &self,
        by: Caller,
        change: NewCredentials,
        now_ms: u64,
    ) -> Result<()> {
        let by = Caller { frame_bytes: change.password.vault.len(), ..by };
        self.submit_by(by, move |db, notices| {
            credentials::change(db, by.account, &change, (by.session, now_ms), notices)
        })
        .await?
        .await
    }

    pub(in crate::store) async fn recover_account(
        &self,
        recovery: Recovery,
        session: NewSession,
    ) -> Result<UnlockedAccount> {
        let cost = recovery.password.vault.len();
        self.writer
            .submit(cost, move |db, notices| credentials::recover(db, &recovery, &session, notices))
            .await?
            .await
    }

    pub(in crate::store) async fn put_totp(
        &self,
        by: Caller,
        secret: Zeroizing<Vec<u8>>,
        step: u64,
        codes: Vec<[u8; 32]>,
        now_ms: u64,
    ) -> Result<()> {
        self.submit_by(by, move |db, _| second_factor::put(db, by.account, (&secret, step), &codes, now_ms))
            .await?
            .await
    }

    pub(in crate::store) async fn remove_totp(&self, by: Caller, now_ms: u64) -> Result<()> {
        self.submit_by(by, move |db, _| second_factor::remove(db, by.account, now_ms)).await?.await
    }

    pub(in crate::store) async fn put_recovery_codes(
        &self,
        by: Caller,
        codes: Vec<[u8; 32]>,
        now_ms: u64,
    ) -> Result<()> {
        self.submit_by(by, move |db, _| second_factor::renew_codes(db, by.account, &codes, now_ms))
            .await?
            .await
    }

    pub(in crate::store) async fn delete_account(&self, by: Caller, now_ms: u64) -> Result<()> {
        let account = by.account;
        let delete = move |db: &Connection, notices: &mut Vec<Notice>| {
            audit::record(
                db,
                now_ms,
                Some(account),
                AuditKind::AccountDeleted,
                Target::Account(account),
                "",
            )?;
            deletion::delete(db, (account, EndReason::Deleted), notices)
        };
        self.submit_by(by, delete).await?.await
    }

    pub(in crate::store) async fn record_refused_logins(&self, username: String, now_ms: u64) -> Result<()> {
        self.writer.submit(0, move |db, _| accounts::record_refused(db, &username, now_ms)).await?.await
    }

    pub(in crate::store) async fn record_refused_codes(&self, account: AccountId, now_ms: u64) -> Result<()> {
        let record = move |db: &Connection, notices: &mut Vec<Notice>| {
            second_factor::codes_refused(db, account, now_ms, notices)
        };
        self.writer.submit(0, record).await?.await
    }

    pub(in crate::store) async fn renew_token(
        &self,
        session: SessionId,
        tokens: (SessionHash, SessionHash),
        now_ms: u64,
    ) -> Result<bool> {
        self.writer.submit(0, move |db, _| sessions::renew_token(db, session, tokens, now_ms)).await?.await
    }

    pub(in crate::store) async fn confirm_token(&self, session: SessionId, now_ms: u64) -> Result<()> {
        self.writer.submit(0, move |db, _| sessions::confirm_token(db, session, now_ms)).await?.await
    }

    pub(in crate::store) async fn touch_session(&self, session: SessionId, now_ms: u64) -> Result<()> {
        self.writer.submit(0, move |db, _| sessions::touch(db, session, now_ms)).await?.await
    }

    pub(in crate::store) async fn log_out(&self, account: AccountId, session: SessionId) -> Result<()> {
        let end = move |db: &Connection, notices: &mut Vec<Notice>| {
            sessions::end(db, account, Ended::One(session), EndReason::LoggedOut, notices)
        };
        self.writer.submit(0, end).await?.await
    }

    pub(in crate::store) async fn end_sessions(&self, by: Caller, which: Ended, now_ms: u64) -> Result<()> {
        self.submit_by(by, move |db, notices| sessions::end_from(db, by, which, now_ms, notices)).await?.await
    }

    pub(in crate::store) async fn sweep_sessions(&self, life: SessionLife, now_ms: u64) -> Result<u64> {
        let sweep = move |db: &Connection, notices: &mut Vec<Notice>| {
            let oldest_ms =
                now_ms.saturating_sub(u64::try_from(life.absolute.as_millis()).unwrap_or(u64::MAX));
            rooms::sweep_left(db, oldest_ms)?;
            rooms::sweep_deserted(db, now_ms)?;
            deletion::sweep_waiting(db, now_ms, notices)?;
            sessions::sweep(db, life, now_ms, notices)
        };
        self.writer.submit(0, sweep).await?.await
    }
}
