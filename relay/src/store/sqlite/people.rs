//! Finding accounts, and keeping others away.

use std::collections::HashSet;

use rusqlite::{Connection, OptionalExtension as _, params};
use waxwing_wire::{AccountId, limits as shared};

use super::id;
use crate::store::{Notice, Result, StoreError};

/// The account of a normalised username, if it is let in.
pub(super) fn find(db: &Connection, username: &str) -> Result<Option<AccountId>> {
    let sql = "-- find_account()
        SELECT account FROM accounts WHERE username = ?1 AND status = 0";
    Ok(db.prepare_cached(sql)?.query_row([username], |row| id(row, 0)).optional()?)
}

/// Replaces whom an account blocks, and tells of it.
pub(super) fn put_blocks(
    db: &Connection,
    account: AccountId,
    blocked: Vec<AccountId>,
    notices: &mut Vec<Notice>,
) -> Result<()> {
    if blocked.len() > shared::BLOCKS {
        return Err(StoreError::LimitReached("an account blocks at most 1000 others"));
    }
    let sql = "-- drop_blocks()
        DELETE FROM blocks WHERE account = ?1";
    db.prepare_cached(sql)?.execute([account.0])?;
    let sql = "-- put_block()
        INSERT OR IGNORE INTO blocks (account, blocked) VALUES (?1, ?2)";
    let mut insert = db.prepare_cached(sql)?;
    for other in &blocked {
        insert.execute(params![account.0, other.0])?;
    }
    notices.push(Notice::Blocks { account, blocked });
    Ok(())
}

/// Whom an account blocks.
pub(super) fn blocked(db: &Connection, account: AccountId) -> Result<HashSet<AccountId>> {
    let sql = "-- blocked()
        SELECT blocked FROM blocks WHERE account = ?1";
    let mut statement = db.prepare_cached(sql)?;
    let rows = statement.query_map([account.0], |row| id(row, 0))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Whether an account blocks another.
pub(super) fn blocks(db: &Connection, account: AccountId, other: AccountId) -> Result<bool> {
    let sql = "-- blocks()
        SELECT EXISTS (SELECT 1 FROM blocks WHERE account = ?1 AND blocked = ?2)";
    Ok(db.prepare_cached(sql)?.query_row(params![account.0, other.0], |row| row.get(0))?)
}
