//! Settings of the relay itself, the setup token among them.

use rusqlite::{Connection, OptionalExtension as _, params};
use subtle::ConstantTimeEq as _;

use super::accounts::any;
use crate::store::{Result, StoreError};

const SETUP_TOKEN: &str = "setup_token_hash";

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

/// Uses the setup token up.
pub(super) fn consume_setup_token(db: &Connection, hash: &[u8; 32]) -> Result<()> {
    if !setup_token_is(db, hash)? {
        return Err(StoreError::SetupLinkInvalid);
    }
    let sql = "-- consume_setup_token()
        DELETE FROM settings WHERE name = ?1";
    db.prepare_cached(sql)?.execute([SETUP_TOKEN])?;
    Ok(())
}
