//! Guests: accounts without username and password.

use rusqlite::{Connection, OptionalExtension as _, params};
use waxwing_wire::{AccountId, frame::EndReason, ids::TokenHash};

use super::{accounts, deletion, id, sealed, sessions, signed, unsigned};
use crate::{
    limits,
    store::{NewGuest, NewSession, Notice, Result, ReturnedGuest, Session, StoreError},
};

/// Guests forgotten in one transaction: each may take a while.
const SWEPT: u32 = 100;
/// So long the request that made a guest may come once more, milliseconds: ten minutes.
const REPEATED_MS: u64 = 10 * 60 * 1000;
/// After so long without having been there a guest who is in no room is forgotten, milliseconds: a day.
const PLACELESS_MS: u64 = 24 * 60 * 60 * 1000;

pub(super) fn create(db: &Connection, new: &NewGuest, session: &NewSession) -> Result<Session> {
    let sql = "-- count_guests()
        SELECT count(*) FROM guests";
    let guests: u32 = db.prepare_cached(sql)?.query_row([], |row| row.get(0))?;
    if guests >= limits::GUESTS {
        return Err(StoreError::LimitReached("there are many guests already; try again later"));
    }
    let account = new.account;
    if is_repeated(db, new, session.now_ms)? {
        let info = accounts::info(db, account)?.ok_or(StoreError::Internal)?;
        return sessions::begin(db, info, session);
    }
    if accounts::exists(db, account)? || accounts::existed(db, account)? {
        return Err(StoreError::Conflict("somebody has this account id; begin again"));
    }
    // The space keeps it from being anybody's username.
    let hex: String = account.0.iter().map(|byte| format!("{byte:02x}")).collect();
    let name = format!("guest {hex}");
    let sql = "-- insert_guest_account()
        INSERT INTO accounts (account, username, skeleton, administrator, status, identity_key, created_at_ms,
                              last_seen_at_ms)
        VALUES (?1, ?2, ?2, 0, 0, ?3, ?4, ?4)";
    let now_ms = signed(session.now_ms);
    db.prepare_cached(sql)?.execute(params![account.0, name, new.identity_key.as_bytes(), now_ms])?;
    let sql = "-- insert_guest_vault()
        INSERT INTO vaults (account, version, sealed, wrap_opaque, wrap_recovery) VALUES (?1, 1, ?2, X'', X'')";
    db.prepare_cached(sql)?.execute(params![account.0, new.vault.as_bytes()])?;
    let sql = "-- insert_guest()
        INSERT INTO guests (account, token_hash, wrap_place) VALUES (?1, ?2, ?3)";
    db.prepare_cached(sql)?.execute(params![account.0, new.token_hash.0, new.wrap_place.as_bytes()])?;
    let info = accounts::info(db, account)?.ok_or(StoreError::Internal)?;
    sessions::begin(db, info, session)
}

/// Whether this very guest was made a moment ago: the answer may have been lost. Nobody but its client knows all of this.
fn is_repeated(db: &Connection, new: &NewGuest, now_ms: u64) -> Result<bool> {
    let sql = "-- is_repeated_guest()
        SELECT EXISTS (SELECT 1 FROM guests g JOIN vaults v ON v.account = g.account
            JOIN accounts a ON a.account = g.account
            WHERE g.account = ?1 AND g.token_hash = ?2 AND g.wrap_place = ?3 AND v.sealed = ?4 AND v.version = 1
            AND a.identity_key = ?5 AND a.status = 0 AND a.created_at_ms > ?6)";
    let since = signed(now_ms.saturating_sub(REPEATED_MS));
    let (wrap, vault, key) = (new.wrap_place.as_bytes(), new.vault.as_bytes(), new.identity_key.as_bytes());
    let values = params![new.account.0, new.token_hash.0, wrap, vault, key, since];
    Ok(db.prepare_cached(sql)?.query_row(values, |row| row.get(0))?)
}

/// Whether an account is a guest.
pub(super) fn is_one(db: &Connection, account: AccountId) -> Result<bool> {
    let sql = "-- is_guest()
        SELECT EXISTS (SELECT 1 FROM guests WHERE account = ?1)";
    Ok(db.prepare_cached(sql)?.query_row([account.0], |row| row.get(0))?)
}

pub(super) fn come_back(
    db: &Connection,
    token: &TokenHash,
    session: &NewSession,
    notices: &mut Vec<Notice>,
) -> Result<Option<ReturnedGuest>> {
    let sql = "-- returning_guest()
        SELECT g.account, v.sealed, v.version, g.wrap_place, a.status FROM guests g
        JOIN vaults v ON v.account = g.account JOIN accounts a ON a.account = g.account WHERE g.token_hash = ?1";
    let found = db.prepare_cached(sql)?.query_row([token.0], |row| {
        let account: AccountId = id(row, 0)?;
        Ok((account, sealed(row, 1)?, unsigned(row.get(2)?), sealed(row, 3)?, row.get::<_, i64>(4)?))
    });
    let Some((account, vault, vault_version, wrap_place, status)) = found.optional()? else {
        return Ok(None);
    };
    if status != 0 {
        return Err(StoreError::Banned);
    }
    sessions::begin_new(db, account, session)?;
    sessions::replace(db, account, session, notices)?;
    sessions::prune(db, account, session.token.id(), notices)?;
    let info = accounts::info(db, account)?.ok_or(StoreError::Internal)?;
    Ok(Some(ReturnedGuest { info, vault, vault_version, wrap_place }))
}

/// Forgets guests who were not there since then, and those who have no place in any room for a day; answers how many.
pub(super) fn sweep(
    db: &Connection,
    (before_ms, now_ms): (u64, u64),
    notices: &mut Vec<Notice>,
) -> Result<u64> {
    let sql = "-- idle_guests()
        SELECT g.account FROM guests g JOIN accounts a ON a.account = g.account
        WHERE a.last_seen_at_ms < ?1 OR a.last_seen_at_ms < ?2
            AND NOT EXISTS (SELECT 1 FROM members m WHERE m.account = g.account) LIMIT ?3";
    let placeless_ms = signed(now_ms.saturating_sub(PLACELESS_MS));
    let mut statement = db.prepare_cached(sql)?;
    let rows = statement.query_map(params![signed(before_ms), placeless_ms, SWEPT], |row| id(row, 0))?;
    let mut gone = 0_u64;
    for account in rows.collect::<rusqlite::Result<Vec<AccountId>>>()? {
        deletion::delete(db, (account, EndReason::Deleted), notices)?;
        gone = gone.saturating_add(1);
    }
    Ok(gone)
}
