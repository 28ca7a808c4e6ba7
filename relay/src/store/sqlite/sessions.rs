//! Sessions.

use rusqlite::{Connection, OptionalExtension as _, params};
use waxwing_wire::{AccountId, account::SessionInfo};

use super::{id, signed, unsigned};
use crate::store::{Caller, NewSession, Result, Session, SessionHash, SessionLife, StoreError};

pub(super) fn begin(db: &Connection, info: SessionInfo, new: NewSession) -> Result<Session> {
    let sql = "-- begin_session()
        INSERT INTO sessions (token_hash, account, created_at_ms, last_used_at_ms) VALUES (?1, ?2, ?3, ?3)";
    db.prepare_cached(sql)?.execute(params![new.token.0, info.account.0, signed(new.now_ms)])?;
    Ok(Session { token: new.token, info, created_at_ms: new.now_ms, last_used_at_ms: new.now_ms })
}

pub(super) fn session(
    db: &Connection,
    token: SessionHash,
    life: SessionLife,
    now_ms: u64,
) -> Result<Option<Session>> {
    let (oldest, stalest) = ends(life, now_ms);
    let sql = "-- session()
        SELECT s.account, a.username, a.administrator, s.created_at_ms, s.last_used_at_ms
        FROM sessions s JOIN accounts a ON a.account = s.account
        WHERE s.token_hash = ?1 AND s.created_at_ms > ?2 AND s.last_used_at_ms > ?3";
    let found = db.prepare_cached(sql)?.query_row(params![token.0, oldest, stalest], |row| {
        Ok(Session {
            token,
            info: SessionInfo { account: id(row, 0)?, username: row.get(1)?, administrator: row.get(2)? },
            created_at_ms: unsigned(row.get(3)?),
            last_used_at_ms: unsigned(row.get(4)?),
        })
    });
    Ok(found.optional()?)
}

/// Refuses a write of a session that has ended.
pub(super) fn check(db: &Connection, by: Caller) -> Result<()> {
    let sql = "-- session_lives()
        SELECT 1 FROM sessions WHERE token_hash = ?1 AND account = ?2";
    if db.prepare_cached(sql)?.exists(params![by.session.0, by.account.0])? {
        Ok(())
    } else {
        Err(StoreError::SessionEnded)
    }
}

pub(super) fn touch(db: &Connection, token: SessionHash, now_ms: u64) -> Result<()> {
    let sql = "-- touch_session()
        UPDATE sessions SET last_used_at_ms = max(last_used_at_ms, ?2) WHERE token_hash = ?1";
    db.prepare_cached(sql)?.execute(params![token.0, signed(now_ms)])?;
    Ok(())
}

pub(super) fn end(db: &Connection, token: SessionHash) -> Result<()> {
    let sql = "-- end_session()
        DELETE FROM sessions WHERE token_hash = ?1";
    db.prepare_cached(sql)?.execute([token.0])?;
    Ok(())
}

/// Ends the sessions of an account, but for one.
pub(super) fn end_others(db: &Connection, account: AccountId, kept: SessionHash) -> Result<()> {
    let sql = "-- end_other_sessions()
        DELETE FROM sessions WHERE account = ?1 AND token_hash <> ?2";
    db.prepare_cached(sql)?.execute(params![account.0, kept.0])?;
    Ok(())
}

pub(super) fn sweep(db: &Connection, life: SessionLife, now_ms: u64) -> Result<u64> {
    let (oldest, stalest) = ends(life, now_ms);
    let sql = "-- sweep_sessions()
        DELETE FROM sessions WHERE created_at_ms <= ?1 OR last_used_at_ms <= ?2";
    let gone = db.prepare_cached(sql)?.execute(params![oldest, stalest])?;
    Ok(u64::try_from(gone).unwrap_or(u64::MAX))
}

/// Sessions begun at the first time or earlier, or last used at the second or earlier, are over.
fn ends(life: SessionLife, now_ms: u64) -> (i64, i64) {
    let before = |span: std::time::Duration| {
        let span = u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
        // Nothing is older than the beginning of time, even when a test's clock starts there.
        now_ms.checked_sub(span).map_or(-1, signed)
    };
    (before(life.absolute), before(life.idle))
}
