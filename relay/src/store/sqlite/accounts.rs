//! Settings, accounts and what a login checks.

use rusqlite::{Connection, OptionalExtension as _, params};
use subtle::ConstantTimeEq as _;
use waxwing_wire::{
    AccountId,
    account::{KsfParams, RegistrationPolicy, SessionInfo},
};
use zeroize::Zeroizing;

use super::{data, id, sealed, sessions, signed, unsigned};
use crate::store::{
    Admission, Credentials, NewAccount, NewCredentials, NewSession, Result, Session, SessionHash, StoreError,
    UnlockedAccount,
};

const SETUP_TOKEN: &str = "setup_token_hash";

pub(super) fn any(db: &Connection) -> Result<bool> {
    let sql = "-- any_account()
        SELECT EXISTS (SELECT 1 FROM accounts)";
    Ok(db.prepare_cached(sql)?.query_row([], |row| row.get(0))?)
}

pub(super) fn setting(db: &Connection, name: &str) -> Result<Option<Vec<u8>>> {
    let sql = "-- setting()
        SELECT value FROM settings WHERE name = ?1";
    Ok(db.prepare_cached(sql)?.query_row([name], |row| row.get(0)).optional()?)
}

pub(super) fn setting_or_insert(db: &Connection, name: &str, value: &[u8]) -> Result<Vec<u8>> {
    let sql = "-- setting_or_insert()
        INSERT INTO settings (name, value) VALUES (?1, ?2) ON CONFLICT (name) DO NOTHING";
    db.prepare_cached(sql)?.execute(params![name, value])?;
    setting(db, name)?.ok_or(StoreError::Internal)
}

/// Writes the time of the check, which tells whether the disk takes anything.
pub(super) fn check_writing(db: &Connection, now_ms: u64) -> Result<()> {
    let sql = "-- check_writing()
        INSERT INTO settings (name, value) VALUES ('last_check', ?1)
        ON CONFLICT (name) DO UPDATE SET value = excluded.value";
    db.prepare_cached(sql)?.execute([now_ms.to_be_bytes()])?;
    Ok(())
}

pub(super) fn replace_setup_token(db: &Connection, hash: &[u8; 32]) -> Result<bool> {
    if any(db)? {
        return Ok(false);
    }
    let sql = "-- replace_setup_token()
        INSERT INTO settings (name, value) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = excluded.value";
    db.prepare_cached(sql)?.execute(params![SETUP_TOKEN, hash])?;
    Ok(true)
}

pub(super) fn setup_token_is(db: &Connection, hash: &[u8; 32]) -> Result<bool> {
    if any(db)? {
        return Ok(false);
    }
    let stored = setting(db, SETUP_TOKEN)?;
    Ok(stored.is_some_and(|stored| stored.as_slice().ct_eq(hash.as_slice()).into()))
}

pub(super) fn username_taken(db: &Connection, username: &str) -> Result<bool> {
    let sql = "-- username_taken()
        SELECT EXISTS (SELECT 1 FROM accounts WHERE username = ?1)";
    Ok(db.prepare_cached(sql)?.query_row([username], |row| row.get(0))?)
}

pub(super) fn credentials(db: &Connection, username: &str) -> Result<Option<Credentials>> {
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
            totp_secret: Zeroizing::new(row.get(5)?),
            totp_last_step: unsigned(row.get(6)?),
        })
    });
    Ok(found.optional()?)
}

pub(super) fn create(
    db: &Connection,
    account: &NewAccount,
    admission: Admission,
    session: NewSession,
) -> Result<Session> {
    let administrator = admit(db, admission)?;
    if username_taken(db, &account.username)? {
        return Err(StoreError::UsernameTaken);
    }
    if exists(db, account.account)? {
        return Err(StoreError::Conflict("somebody has this account id; begin again"));
    }
    insert(db, account, administrator, session.now_ms)?;
    let info = SessionInfo { account: account.account, username: account.username.clone(), administrator };
    sessions::begin(db, info, session)
}

/// Decides whether an account may be made, and whether it administrates. Consumes the setup token.
fn admit(db: &Connection, admission: Admission) -> Result<bool> {
    match admission {
        Admission::Setup(hash) => {
            if !setup_token_is(db, &hash)? {
                return Err(StoreError::SetupLinkInvalid);
            }
            let sql = "-- consume_setup_token()
                DELETE FROM settings WHERE name = ?1";
            db.prepare_cached(sql)?.execute([SETUP_TOKEN])?;
            Ok(true)
        }
        Admission::Policy(RegistrationPolicy::Open) if any(db)? => Ok(false),
        Admission::Policy(RegistrationPolicy::Open) => Err(StoreError::SetupLinkInvalid),
        Admission::Policy(_) => Err(StoreError::RegistrationClosed),
    }
}

pub(super) fn exists(db: &Connection, account: AccountId) -> Result<bool> {
    let sql = "-- account_exists()
        SELECT EXISTS (SELECT 1 FROM accounts WHERE account = ?1)";
    Ok(db.prepare_cached(sql)?.query_row([account.0], |row| row.get(0))?)
}

fn insert(db: &Connection, new: &NewAccount, administrator: bool, now_ms: u64) -> Result<()> {
    let account = new.account.0;
    let sql = "-- insert_account()
        INSERT INTO accounts (account, username, administrator, identity_key, created_at_ms)
        VALUES (?1, ?2, ?3, ?4, ?5)";
    let identity_key = new.identity_key.as_bytes();
    db.prepare_cached(sql)?.execute(params![
        account,
        new.username,
        administrator,
        identity_key,
        signed(now_ms)
    ])?;

    let known = &new.credentials;
    let sql = "-- insert_credentials()
        INSERT INTO credentials (account, opaque_record, ksf_memory_kib, ksf_iterations, ksf_parallelism, totp_secret,
                                 totp_last_step)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    db.prepare_cached(sql)?.execute(params![
        account,
        known.opaque_record,
        known.ksf.memory_kib,
        known.ksf.iterations,
        known.ksf.parallelism,
        known.totp_secret.as_slice(),
        signed(known.totp_last_step),
    ])?;

    let sql = "-- insert_vault()
        INSERT INTO vaults (account, version, sealed, wrap_opaque, wrap_recovery) VALUES (?1, 1, ?2, ?3, ?4)";
    db.prepare_cached(sql)?.execute(params![
        account,
        new.vault.as_bytes(),
        new.wrap_opaque.as_bytes(),
        new.wrap_recovery.as_bytes(),
    ])?;
    Ok(())
}

/// Whether a change was made before and nothing after it. What is compared is fresh with every change, so that no
/// other one looks the same; a key package may have been replaced since.
pub(super) fn has_credentials(db: &Connection, account: AccountId, change: &NewCredentials) -> Result<bool> {
    let sql = "-- has_credentials()
        SELECT 1 FROM accounts a JOIN credentials c ON c.account = a.account JOIN vaults v ON v.account = a.account
        WHERE a.account = ?1 AND c.opaque_record = ?2 AND v.version = ?3 AND v.sealed = ?4 AND v.wrap_opaque = ?5
            AND v.wrap_recovery = ?6 AND a.identity_key = ?7";
    Ok(db.prepare_cached(sql)?.exists(params![
        account.0,
        change.opaque_record,
        signed(change.vault_version),
        change.vault.as_bytes(),
        change.wrap_opaque.as_bytes(),
        change.wrap_recovery.as_bytes(),
        change.identity_key.as_bytes(),
    ])?)
}

/// Replaces password, vault and keys of an account, and ends its sessions but one.
pub(super) fn change_credentials(
    db: &Connection,
    account: AccountId,
    change: &NewCredentials,
    kept: SessionHash,
) -> Result<()> {
    let sql = "-- change_vault()
        UPDATE vaults SET version = ?2, sealed = ?3, wrap_opaque = ?4, wrap_recovery = ?5
        WHERE account = ?1 AND version = ?2 - 1";
    let changed = db.prepare_cached(sql)?.execute(params![
        account.0,
        signed(change.vault_version),
        change.vault.as_bytes(),
        change.wrap_opaque.as_bytes(),
        change.wrap_recovery.as_bytes(),
    ])?;
    if changed == 0 {
        return Err(StoreError::Conflict("the account was changed by another session; log in again"));
    }
    let sql = "-- change_password()
        UPDATE credentials SET opaque_record = ?2, ksf_memory_kib = ?3, ksf_iterations = ?4, ksf_parallelism = ?5
        WHERE account = ?1";
    let KsfParams { memory_kib, iterations, parallelism } = change.ksf;
    db.prepare_cached(sql)?.execute(params![
        account.0,
        change.opaque_record,
        memory_kib,
        iterations,
        parallelism
    ])?;
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
    sessions::end_others(db, account, kept)
}

pub(super) fn complete_login(
    db: &Connection,
    (account, record): (AccountId, &[u8]),
    totp_step: u64,
    session: NewSession,
) -> Result<UnlockedAccount> {
    let sql = "-- record_is()
        SELECT 1 FROM credentials WHERE account = ?1 AND opaque_record = ?2";
    if !db.prepare_cached(sql)?.exists(params![account.0, record])? {
        return Err(StoreError::CredentialsChanged);
    }
    // Compared and set in one statement: two logins with the same code cannot both pass.
    let sql = "-- use_totp_step()
        UPDATE credentials SET totp_last_step = ?2 WHERE account = ?1 AND totp_last_step < ?2";
    if db.prepare_cached(sql)?.execute(params![account.0, signed(totp_step)])? == 0 {
        return Err(StoreError::ReusedCode);
    }
    let sql = "-- unlocked_account()
        SELECT a.username, a.administrator, v.sealed, v.version, v.wrap_opaque
        FROM accounts a JOIN vaults v ON v.account = a.account
        WHERE a.account = ?1";
    let unlocked = db.prepare_cached(sql)?.query_row([account.0], |row| {
        Ok(UnlockedAccount {
            info: SessionInfo { account, username: row.get(0)?, administrator: row.get(1)? },
            vault: sealed(row, 2)?,
            vault_version: unsigned(row.get(3)?),
            wrap_opaque: sealed(row, 4)?,
        })
    })?;
    sessions::begin(db, unlocked.info.clone(), session)?;
    Ok(unlocked)
}
