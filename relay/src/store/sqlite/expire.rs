//! Rooms whose messages disappear: their ciphertext goes when it is old enough. Digest and chain stay, as wherever bytes are taken.

use rusqlite::{Connection, params};
use waxwing_wire::{AccountId, RoomId, Seq};

use super::{id, rooms, signed, unsigned};
use crate::{
    limits,
    store::{Result, StoreError},
};

/// Sets for how long messages of a room are kept, in seconds; 0 for ever.
pub(super) fn set(db: &Connection, account: AccountId, room: RoomId, seconds: u64) -> Result<()> {
    let room = rooms::for_member(db, account, room)?;
    // As it was told: where nobody leads, nobody decides what becomes of what others said.
    if rooms::told_level(db, &room, account)? != Some(rooms::OWNER) {
        return Err(StoreError::NotAllowed("only owners say how long messages are kept"));
    }
    let sql = "-- set_retention()
        UPDATE rooms SET retention_s = ?2 WHERE num = ?1";
    db.prepare_cached(sql)?.execute(params![room.num, signed(seconds.min(limits::RETENTION_S_MAX))])?;
    Ok(())
}

/// One message that is too old.
struct Old {
    seq: Seq,
    sender: AccountId,
    bytes: i64,
}

/// Erases what is older than its room keeps it. Nobody is told: clients know by themselves what is too old.
pub(super) fn sweep(db: &Connection, now_ms: u64) -> Result<u64> {
    let sql = "-- rooms_that_forget()
        SELECT num, retention_s, erased_to FROM rooms WHERE retention_s > 0";
    let mut statement = db.prepare_cached(sql)?;
    let found = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    let forgetful: Vec<(i64, i64, i64)> = found.collect::<rusqlite::Result<_>>()?;
    let mut erased = 0_u64;
    for (room, retention_s, erased_to) in forgetful {
        let before_ms = now_ms.saturating_sub(unsigned(retention_s).saturating_mul(1000));
        let most = limits::ERASED_AT_ONCE.saturating_sub(erased);
        if most == 0 {
            break;
        }
        erased = erased.saturating_add(erase_before(db, (room, erased_to), before_ms, most)?);
    }
    Ok(erased)
}

/// Erases at most so many messages of a room from before a time. What lies before its oldest message is not looked at again.
fn erase_before(db: &Connection, (room, erased_to): (i64, i64), before_ms: u64, most: u64) -> Result<u64> {
    let sql = "-- expired_entries()
        SELECT seq, sender, length(bytes) FROM log_entries
        WHERE room = ?1 AND seq > ?2 AND kind = 2 AND lasting = 0 AND bytes IS NOT NULL AND received_at_ms < ?3
        ORDER BY seq LIMIT ?4";
    let mut statement = db.prepare_cached(sql)?;
    let read = |row: &rusqlite::Row<'_>| {
        Ok(Old { seq: unsigned(row.get(0)?), sender: id(row, 1)?, bytes: row.get(2)? })
    };
    let found = statement.query_map(params![room, erased_to, signed(before_ms), signed(most)], read)?;
    let old: Vec<Old> = found.collect::<rusqlite::Result<_>>()?;
    for Old { seq, sender, bytes } in &old {
        let sql = "-- erase_expired()
            UPDATE log_entries SET bytes = NULL WHERE room = ?1 AND seq = ?2";
        db.prepare_cached(sql)?.execute(params![room, signed(*seq)])?;
        let sql = "-- writer_of_expired_shrinks()
            UPDATE written SET bytes = max(0, bytes - ?2) WHERE account = ?1";
        db.prepare_cached(sql)?.execute(params![sender.0, bytes])?;
    }
    let bytes = old.iter().fold(0_i64, |sum, old| sum.saturating_add(old.bytes));
    if !old.is_empty() {
        // Not the last of them: where the clock was put back, an older one may have a later time.
        let sql = "-- room_forgot()
            UPDATE rooms SET bytes = max(0, bytes - ?2), erased_to = coalesce((SELECT min(seq) - 1 FROM log_entries
                WHERE room = ?1 AND seq > erased_to AND kind = 2 AND lasting = 0 AND bytes IS NOT NULL), last_seq) WHERE num = ?1";
        db.prepare_cached(sql)?.execute(params![room, bytes])?;
    }
    Ok(u64::try_from(old.len()).unwrap_or(u64::MAX))
}
