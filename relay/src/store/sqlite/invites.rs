//! Operators' invites.

use rusqlite::{Connection, params};

use super::signed;
use crate::store::{Result, StoreError};

/// Whether an account could be made with the invite whose code has this hash.
pub(super) fn is_valid(db: &Connection, hash: &[u8; 32], now_ms: u64) -> Result<bool> {
    let sql = "-- invite_is_valid()
        SELECT EXISTS (SELECT 1 FROM invites WHERE code_hash = ?1 AND uses_left > 0
            AND (expires_at_ms IS NULL OR expires_at_ms > ?2))";
    Ok(db.prepare_cached(sql)?.query_row(params![hash, signed(now_ms)], |row| row.get(0))?)
}

/// Takes one use of an invite.
pub(super) fn consume(db: &Connection, hash: &[u8; 32], now_ms: u64) -> Result<()> {
    let sql = "-- consume_invite()
        UPDATE invites SET uses_left = uses_left - 1 WHERE code_hash = ?1 AND uses_left > 0
            AND (expires_at_ms IS NULL OR expires_at_ms > ?2)";
    if db.prepare_cached(sql)?.execute(params![hash, signed(now_ms)])? == 0 {
        return Err(StoreError::InviteInvalid);
    }
    Ok(())
}
