//! Sealed account objects and key packages.

use rusqlite::{Connection, OptionalExtension as _, params};
use waxwing_wire::{
    AccountId, Opaque,
    frame::{AccountDatum, KeyPackageRecord},
    ids::DataName,
    limits as shared,
};

use super::{id, sealed, signed, unsigned};
use crate::{
    limits,
    store::{Result, StoreError},
};

pub(super) fn account_data(db: &Connection, account: AccountId) -> Result<Vec<AccountDatum>> {
    let sql = "-- account_data()
        SELECT name, version, sealed FROM account_data WHERE account = ?1 ORDER BY name";
    let mut statement = db.prepare_cached(sql)?;
    let rows = statement.query_map([account.0], |row| {
        Ok(AccountDatum { name: id(row, 0)?, version: unsigned(row.get(1)?), bytes: sealed(row, 2)? })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

pub(super) fn put_account_data(db: &Connection, account: AccountId, datum: &AccountDatum) -> Result<()> {
    if datum.bytes.len() > shared::ACCOUNT_DATA_BYTES {
        return Err(StoreError::TooLarge("an account object", shared::ACCOUNT_DATA_BYTES));
    }
    let sql = "-- account_datum_version()
        SELECT version, length(sealed) FROM account_data WHERE account = ?1 AND name = ?2";
    let stored: Option<(i64, i64)> = db
        .prepare_cached(sql)?
        .query_row(params![account.0, datum.name.0], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let (version, old_bytes) = stored.map_or((0, 0), |(version, bytes)| (unsigned(version), unsigned(bytes)));
    if version.checked_add(1) != Some(datum.version) {
        return Err(StoreError::Conflict("another session has written this object; read it and try again"));
    }
    check_quota(db, account, stored.is_none(), old_bytes, datum.bytes.len())?;
    let sql = "-- put_account_data()
        INSERT INTO account_data (account, name, version, sealed) VALUES (?1, ?2, ?3, ?4)
        ON CONFLICT (account, name) DO UPDATE SET version = excluded.version, sealed = excluded.sealed";
    db.prepare_cached(sql)?.execute(params![
        account.0,
        datum.name.0,
        signed(datum.version),
        datum.bytes.as_bytes()
    ])?;
    Ok(())
}

/// All objects of an account must fit one answer.
fn check_quota(db: &Connection, account: AccountId, new: bool, old_bytes: u64, bytes: usize) -> Result<()> {
    let sql = "-- account_data_size()
        SELECT count(*), coalesce(sum(length(sealed)), 0) FROM account_data WHERE account = ?1";
    let (count, total): (i64, i64) =
        db.prepare_cached(sql)?.query_row([account.0], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let most = u64::try_from(shared::ACCOUNT_DATA_COUNT).unwrap_or(u64::MAX);
    if new && unsigned(count) >= most {
        return Err(StoreError::LimitReached("the account has too many objects"));
    }
    let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
    let total = unsigned(total).saturating_sub(old_bytes).saturating_add(bytes);
    let sql = "-- waits()
        SELECT EXISTS (SELECT 1 FROM accounts WHERE account = ?1 AND status = 1)";
    let waits: bool = db.prepare_cached(sql)?.query_row([account.0], |row| row.get(0))?;
    let most = if waits { limits::WAITING_BYTES } else { limits::ACCOUNT_DATA_TOTAL_BYTES };
    if total > u64::try_from(most).unwrap_or(u64::MAX) {
        return Err(StoreError::LimitReached("the account's objects are too large together"));
    }
    Ok(())
}

/// Forgets objects; those that are not there are forgotten already.
pub(super) fn drop_account_data(db: &Connection, account: AccountId, names: &[DataName]) -> Result<()> {
    if names.len() > shared::ACCOUNT_DATA_COUNT {
        return Err(StoreError::LimitReached("no account has so many objects"));
    }
    let sql = "-- drop_account_data()
        DELETE FROM account_data WHERE account = ?1 AND name = ?2";
    for name in names {
        db.prepare_cached(sql)?.execute(params![account.0, name.0])?;
    }
    Ok(())
}

pub(super) fn key_package(db: &Connection, account: AccountId) -> Result<Option<KeyPackageRecord>> {
    let sql = "-- key_package()
        SELECT k.bytes, a.identity_key, EXISTS (SELECT 1 FROM guests g WHERE g.account = k.account) FROM key_packages k JOIN accounts a ON a.account = k.account
        WHERE k.account = ?1";
    let found = db
        .prepare_cached(sql)?
        .query_row([account.0], |row| Ok((sealed(row, 0)?, sealed(row, 1)?, row.get(2)?)))
        .optional()?;
    let Some((bytes, identity_key, guest)) = found else { return Ok(None) };
    let sql = "-- identity_statements()
        SELECT bytes FROM identity_statements WHERE account = ?1 ORDER BY num";
    let mut statement = db.prepare_cached(sql)?;
    let rows = statement.query_map([account.0], |row| sealed(row, 0))?;
    let statements = rows.collect::<rusqlite::Result<_>>()?;
    Ok(Some(KeyPackageRecord { bytes, identity_key, statements, guest }))
}

/// Adds a statement of how the identity key changed; the newest few stay.
pub(super) fn put_statement(db: &Connection, account: AccountId, statement: &Opaque) -> Result<()> {
    let sql = "-- put_identity_statement()
        INSERT INTO identity_statements (account, bytes) VALUES (?1, ?2)";
    db.prepare_cached(sql)?.execute(params![account.0, statement.as_bytes()])?;
    let sql = "-- prune_identity_statements()
        DELETE FROM identity_statements WHERE account = ?1 AND num NOT IN (
            SELECT num FROM identity_statements WHERE account = ?1 ORDER BY num DESC LIMIT ?2)";
    db.prepare_cached(sql)?.execute(params![account.0, shared::STATEMENTS])?;
    Ok(())
}

pub(super) fn drop_key_package(db: &Connection, account: AccountId) -> Result<()> {
    let sql = "-- drop_key_package()
        DELETE FROM key_packages WHERE account = ?1";
    db.prepare_cached(sql)?.execute([account.0])?;
    Ok(())
}

pub(super) fn put_key_package(db: &Connection, account: AccountId, package: &Opaque) -> Result<()> {
    if package.is_empty() {
        return Err(StoreError::Invalid("a key package is not empty"));
    }
    if package.len() > shared::KEY_PACKAGE_BYTES {
        return Err(StoreError::TooLarge("a key package", shared::KEY_PACKAGE_BYTES));
    }
    let sql = "-- put_key_package()
        INSERT INTO key_packages (account, bytes) VALUES (?1, ?2)
        ON CONFLICT (account) DO UPDATE SET bytes = excluded.bytes";
    db.prepare_cached(sql)?.execute(params![account.0, package.as_bytes()])?;
    Ok(())
}
