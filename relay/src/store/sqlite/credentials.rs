//! What accounts are unlocked with: logins, changes, and taking an account back.

use rusqlite::{Connection, OptionalExtension as _, params};
use subtle::ConstantTimeEq as _;
use waxwing_wire::{
    AccountId,
    account::{KsfParams, NoticeKind},
    admin::AuditKind,
    frame::EndReason,
    ids::{SessionId, TokenHash},
};
use zeroize::Zeroizing;

use super::{
    accounts,
    audit::{self, Target},
    data, id, sealed, second_factor, sessions, signed, unsigned,
};
use crate::store::{
    Credentials, Ended, Login, NewCredentials, NewPassword, NewSession, Notice, Recoverable, Recovery,
    Result, Status, StoreError, UnlockedAccount,
};

pub(super) fn find(db: &Connection, username: &str) -> Result<Option<Credentials>> {
    let sql = "-- credentials()
        SELECT c.account, c.opaque_record, c.ksf_memory_kib, c.ksf_iterations, c.ksf_parallelism, c.totp_secret,
               c.totp_last_step
        FROM accounts a JOIN credentials c ON c.account = a.account
        WHERE a.username = ?1";
    let found = db.prepare_cached(sql)?.query_row([username], |row| {
        Ok(Credentials {
            account: id(row, 0)?,
            opaque_record: row.get(1)?,
            ksf: KsfParams { memory_kib: row.get(2)?, iterations: row.get(3)?, parallelism: row.get(4)? },
            totp_secret: row.get::<_, Option<Vec<u8>>>(5)?.map(Zeroizing::new),
            totp_last_step: unsigned(row.get(6)?),
        })
    });
    Ok(found.optional()?)
}

/// Whether a change was made before and nothing after it. What is compared is fresh with every change, so that no
/// other one looks the same; a key package may have been replaced since.
pub(super) fn are(db: &Connection, account: AccountId, change: &NewCredentials) -> Result<bool> {
    let sql = "-- has_credentials()
        SELECT 1 FROM accounts a JOIN credentials c ON c.account = a.account JOIN vaults v ON v.account = a.account
        WHERE a.account = ?1 AND c.opaque_record = ?2 AND v.version = ?3 AND v.sealed = ?4 AND v.wrap_opaque = ?5
            AND v.wrap_recovery = ?6 AND a.identity_key = ?7 AND c.recovery_token_hash = ?8";
    let new = &change.password;
    Ok(db.prepare_cached(sql)?.exists(params![
        account.0,
        new.opaque_record,
        signed(new.vault_version),
        new.vault.as_bytes(),
        new.wrap_opaque.as_bytes(),
        new.wrap_recovery.as_bytes(),
        change.identity_key.as_bytes(),
        new.recovery_token_hash.0,
    ])?)
}

/// Replaces password, vault and recovery key.
fn replace_password(db: &Connection, account: AccountId, new: &NewPassword) -> Result<()> {
    let sql = "-- change_vault()
        UPDATE vaults SET version = ?2, sealed = ?3, wrap_opaque = ?4, wrap_recovery = ?5
        WHERE account = ?1 AND version = ?2 - 1";
    let changed = db.prepare_cached(sql)?.execute(params![
        account.0,
        signed(new.vault_version),
        new.vault.as_bytes(),
        new.wrap_opaque.as_bytes(),
        new.wrap_recovery.as_bytes(),
    ])?;
    if changed == 0 {
        return Err(StoreError::Conflict("the account was changed by another session; log in again"));
    }
    let sql = "-- change_password()
        UPDATE credentials SET opaque_record = ?2, ksf_memory_kib = ?3, ksf_iterations = ?4, ksf_parallelism = ?5,
            recovery_token_hash = ?6
        WHERE account = ?1";
    let KsfParams { memory_kib, iterations, parallelism } = new.ksf;
    db.prepare_cached(sql)?.execute(params![
        account.0,
        new.opaque_record,
        memory_kib,
        iterations,
        parallelism,
        new.recovery_token_hash.0
    ])?;
    Ok(())
}

/// Replaces password, vault and keys of an account, and ends its sessions but one.
pub(super) fn change(
    db: &Connection,
    account: AccountId,
    change: &NewCredentials,
    (kept, now_ms): (SessionId, u64),
    notices: &mut Vec<Notice>,
) -> Result<()> {
    replace_password(db, account, &change.password)?;
    let sql = "-- change_identity_key()
        UPDATE accounts SET identity_key = ?2 WHERE account = ?1 AND identity_key <> ?2";
    let new_key = db.prepare_cached(sql)?.execute(params![account.0, change.identity_key.as_bytes()])? > 0;
    match &change.key_package {
        Some(package) => data::put_key_package(db, account, package)?,
        // The published one is signed by the old key: nobody could use it.
        None if new_key => data::drop_key_package(db, account)?,
        None => {}
    }
    if let Some(statement) = change.statement.as_ref().filter(|_| new_key) {
        data::put_statement(db, account, statement)?;
    }
    let kind = if new_key { AuditKind::KeysRotated } else { AuditKind::PasswordChanged };
    audit::record_own(db, now_ms, account, kind, "")?;
    sessions::end(db, account, Ended::AllBut(kept), EndReason::Ended, notices)
}

/// Completes a login whose password was right: uses up the second factor and begins a session.
pub(super) fn log_in(
    db: &Connection,
    login: &Login,
    session: &NewSession,
    notices: &mut Vec<Notice>,
) -> Result<UnlockedAccount> {
    let account = login.account;
    let sql = "-- status_of_record()
        SELECT a.status FROM credentials c JOIN accounts a ON a.account = c.account
        WHERE c.account = ?1 AND c.opaque_record = ?2";
    let status: Option<i64> =
        db.prepare_cached(sql)?.query_row(params![account.0, login.record], |row| row.get(0)).optional()?;
    let status = accounts::status(status.ok_or(StoreError::CredentialsChanged)?);
    // What this login causes is for the next one to be told: it may be somebody else's.
    let told = second_factor::take_notices(db, account)?;
    second_factor::check(db, account, &login.factor, session.now_ms, notices)?;
    if status == Status::Banned {
        return Err(StoreError::Banned);
    }
    sessions::begin_new(db, account, session)?;
    sessions::replace(db, account, session, notices)?;
    sessions::prune(db, account, session.token.id(), notices)?;
    let mut unlocked = unlocked(db, account)?;
    unlocked.notices = told;
    Ok(unlocked)
}

fn unlocked(db: &Connection, account: AccountId) -> Result<UnlockedAccount> {
    let info = accounts::info(db, account)?.ok_or(StoreError::Internal)?;
    let sql = "-- unlocked_account()
        SELECT sealed, version, wrap_opaque FROM vaults WHERE account = ?1";
    Ok(db.prepare_cached(sql)?.query_row([account.0], |row| {
        Ok(UnlockedAccount {
            info,
            vault: sealed(row, 0)?,
            vault_version: unsigned(row.get(1)?),
            wrap_opaque: sealed(row, 2)?,
            notices: Vec::new(),
        })
    })?)
}

/// What whoever holds the recovery key of a name's account takes it back with.
/// Reads the vault only for the right token: reading it takes time that tells a known name from an unknown one.
pub(super) fn recoverable(db: &Connection, username: &str, shown: &TokenHash) -> Result<Option<Recoverable>> {
    let sql = "-- recovery_token()
        SELECT a.account, c.recovery_token_hash FROM accounts a JOIN credentials c ON c.account = a.account
        WHERE a.username = ?1";
    let found = db
        .prepare_cached(sql)?
        .query_row([username], |row| Ok((id::<16, AccountId>(row, 0)?, id::<32, TokenHash>(row, 1)?)));
    let found = found.optional()?;
    let stored = found.as_ref().map_or([0; 32], |(_, hash)| hash.0);
    let right = bool::from(shown.0.ct_eq(&stored));
    let Some((account, recovery_token_hash)) = found.filter(|_| right) else { return Ok(None) };
    let sql = "-- recoverable()
        SELECT a.status, v.sealed, v.version, v.wrap_recovery, c.totp_secret IS NOT NULL
        FROM accounts a JOIN vaults v ON v.account = a.account JOIN credentials c ON c.account = a.account
        WHERE a.account = ?1";
    let found = db.prepare_cached(sql)?.query_row([account.0], |row| {
        Ok(Recoverable {
            account,
            status: accounts::status(row.get(0)?),
            recovery_token_hash,
            vault: sealed(row, 1)?,
            vault_version: unsigned(row.get(2)?),
            wrap_recovery: sealed(row, 3)?,
            totp: row.get(4)?,
        })
    });
    Ok(found.optional()?)
}

/// Gives an account a new password for its recovery key, ends its sessions, and begins one.
pub(super) fn recover(
    db: &Connection,
    recovery: &Recovery,
    session: &NewSession,
    notices: &mut Vec<Notice>,
) -> Result<UnlockedAccount> {
    let account = recovery.account;
    let sql = "-- status_of_recovery_token()
        SELECT a.status FROM credentials c JOIN accounts a ON a.account = c.account
        WHERE c.account = ?1 AND c.recovery_token_hash = ?2";
    let status: Option<i64> = db
        .prepare_cached(sql)?
        .query_row(params![account.0, recovery.token_hash.0], |row| row.get(0))
        .optional()?;
    if accounts::status(status.ok_or(StoreError::CredentialsChanged)?) == Status::Banned {
        return Err(StoreError::Banned);
    }
    let told = second_factor::take_notices(db, account)?;
    second_factor::tell(db, account, NoticeKind::Recovered, session.now_ms)?;
    replace_password(db, account, &recovery.password)?;
    audit::record(db, session.now_ms, None, AuditKind::Recovered, Target::Account(account), "")?;
    sessions::end(db, account, Ended::All, EndReason::Ended, notices)?;
    sessions::begin_new(db, account, session)?;
    second_factor::after_recovery(db, account, &recovery.factor, session.now_ms)?;
    let mut unlocked = unlocked(db, account)?;
    unlocked.notices = told;
    Ok(unlocked)
}
