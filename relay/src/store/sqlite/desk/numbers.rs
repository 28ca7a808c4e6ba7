//! What the statistics count in the database.

use rusqlite::{Connection, params};
use waxwing_wire::AccountId;

use super::super::{signed, unsigned};
use crate::store::{Numbers, Result};

const DAY_MS: u64 = 24 * 60 * 60 * 1000;

/// Counts an entry that was just written: for its writer, and by day if it is a message.
pub(in crate::store::sqlite) fn count_entry(
    db: &Connection,
    sender: AccountId,
    (bytes, is_message): (i64, bool),
    now_ms: u64,
) -> Result<()> {
    let sql = "-- writer_grows()
        INSERT INTO written (account, bytes) VALUES (?1, ?2) ON CONFLICT (account) DO UPDATE SET bytes = bytes + excluded.bytes";
    db.prepare_cached(sql)?.execute(params![sender.0, bytes])?;
    if is_message {
        let sql = "-- count_message()
            INSERT INTO message_days (day, messages) VALUES (?1, 1) ON CONFLICT (day) DO UPDATE SET messages = messages + 1";
        db.prepare_cached(sql)?.execute([signed(now_ms / DAY_MS)])?;
    }
    Ok(())
}

pub(in crate::store::sqlite) fn numbers(db: &Connection, now_ms: u64) -> Result<Numbers> {
    let sql = "-- numbers()
        SELECT (SELECT count(*) FROM accounts WHERE status <> 1) - (SELECT count(*) FROM guests), (SELECT count(*) FROM accounts WHERE status = 1),
            (SELECT coalesce(sum(messages), 0) FROM message_days),
            (SELECT coalesce(sum(messages), 0) FROM message_days WHERE day = ?1),
            (SELECT count(*) FROM reports WHERE status = 0), (SELECT count(*) FROM guests)";
    let numbers = db.prepare_cached(sql)?.query_row([signed(now_ms / DAY_MS)], |row| {
        Ok(Numbers {
            users: unsigned(row.get(0)?),
            pending: unsigned(row.get(1)?),
            messages_total: unsigned(row.get(2)?),
            messages_today: unsigned(row.get(3)?),
            reports: unsigned(row.get(4)?),
            guests: unsigned(row.get(5)?),
        })
    });
    Ok(numbers?)
}
