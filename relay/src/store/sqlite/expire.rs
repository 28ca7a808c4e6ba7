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
        UPDATE rooms SET retention_s = ?2, due_ms = 0 WHERE num = ?1";
    db.prepare_cached(sql)?.execute(params![room.num, signed(seconds.min(limits::RETENTION_S_MAX))])?;
    Ok(())
}

/// One message that is too old.
struct Old {
    seq: Seq,
    sender: AccountId,
    bytes: i64,
}

/// Rooms in which something may be too old: where all is young, nothing is looked at.
pub(super) const DUE_ROOMS: &str = "-- rooms_that_forget()
    SELECT num, retention_s FROM rooms INDEXED BY rooms_that_forget
    WHERE retention_s > 0 AND due_ms <= ?1 ORDER BY due_ms LIMIT ?2";

/// The oldest messages of a room, as long as they are too old.
pub(super) const EXPIRED: &str = "-- expired_entries()
    SELECT seq, sender, length(bytes) FROM log_entries INDEXED BY messages_by_age
    WHERE room = ?1 AND kind = 2 AND lasting = 0 AND bytes IS NOT NULL AND received_at_ms < ?2
    ORDER BY received_at_ms LIMIT ?3";

/// Erases what is older than its room keeps it, in portions. Nobody is told: clients know by themselves what is too old.
pub(super) fn sweep(db: &Connection, now_ms: u64) -> Result<u64> {
    let mut statement = db.prepare_cached(DUE_ROOMS)?;
    let most = signed(limits::FORGETFUL_AT_ONCE);
    let found = statement.query_map(params![signed(now_ms), most], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let due: Vec<(i64, i64)> = found.collect::<rusqlite::Result<_>>()?;
    let mut erased = 0_u64;
    for (room, retention_s) in due {
        let most = limits::ERASED_AT_ONCE.saturating_sub(erased);
        if most == 0 {
            break;
        }
        erased = erased.saturating_add(erase_old(db, (room, retention_s), now_ms, most)?);
    }
    Ok(erased)
}

/// Erases at most so many messages of a room that are too old, and notes when the next one will be.
fn erase_old(db: &Connection, (room, retention_s): (i64, i64), now_ms: u64, most: u64) -> Result<u64> {
    let before_ms = now_ms.saturating_sub(unsigned(retention_s).saturating_mul(1000));
    let mut statement = db.prepare_cached(EXPIRED)?;
    let read = |row: &rusqlite::Row<'_>| {
        Ok(Old { seq: unsigned(row.get(0)?), sender: id(row, 1)?, bytes: row.get(2)? })
    };
    let found = statement.query_map(params![room, signed(before_ms), signed(most)], read)?;
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
    // What comes later is younger still; where the clock is put back, the next entry notes an earlier time.
    let sql = "-- room_forgot()
        UPDATE rooms SET bytes = max(0, bytes - ?2), due_ms = retention_s * 1000 + 1 + coalesce(
            (SELECT min(received_at_ms) FROM log_entries INDEXED BY messages_by_age
             WHERE room = ?1 AND kind = 2 AND lasting = 0 AND bytes IS NOT NULL), ?3)
        WHERE num = ?1";
    db.prepare_cached(sql)?.execute(params![room, bytes, signed(now_ms)])?;
    Ok(u64::try_from(old.len()).unwrap_or(u64::MAX))
}
