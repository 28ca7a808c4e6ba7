//! What the operator tells everybody.

use rusqlite::{Connection, Row, params};
use waxwing_wire::{
    AccountId,
    admin::{Announce, AnnouncementList, AnnouncementRecord, AuditKind, Level},
    frame::Announcement,
    limits as shared,
};

use super::{
    super::{
        audit::{self, Target},
        signed, unsigned,
    },
    check,
};
use crate::store::{Notice, Result, StoreError};

fn level(row: &Row<'_>, column: usize) -> rusqlite::Result<Level> {
    Ok(if row.get::<_, i64>(column)? == 0 { Level::Info } else { Level::Warning })
}

/// Those that stand now, the newest first.
pub(in crate::store::sqlite) fn standing(db: &Connection, now_ms: u64) -> Result<Vec<Announcement>> {
    let sql = "-- standing_announcements()
        SELECT id, text, level, at_ms, expires_at_ms FROM announcements
        WHERE withdrawn_at_ms IS NULL AND (expires_at_ms IS NULL OR expires_at_ms > ?1) ORDER BY id DESC LIMIT ?2";
    let mut statement = db.prepare_cached(sql)?;
    let rows = statement.query_map(params![signed(now_ms), shared::ANNOUNCEMENTS], |row| {
        Ok(Announcement {
            id: unsigned(row.get(0)?),
            text: row.get(1)?,
            level: level(row, 2)?,
            at_ms: unsigned(row.get(3)?),
            expires_at_ms: row.get::<_, Option<i64>>(4)?.map(unsigned),
        })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

pub(in crate::store::sqlite) fn list(db: &Connection) -> Result<AnnouncementList> {
    let sql = "-- announcements()
        SELECT n.id, n.text, n.level, n.at_ms, n.expires_at_ms, n.withdrawn_at_ms, a.username
        FROM announcements n LEFT JOIN accounts a ON a.account = n.author ORDER BY n.id DESC LIMIT ?1";
    let mut statement = db.prepare_cached(sql)?;
    let rows = statement.query_map([shared::ADMIN_PAGE], |row| {
        Ok(AnnouncementRecord {
            id: unsigned(row.get(0)?),
            text: row.get(1)?,
            level: level(row, 2)?,
            at_ms: unsigned(row.get(3)?),
            expires_at_ms: row.get::<_, Option<i64>>(4)?.map(unsigned),
            withdrawn_at_ms: row.get::<_, Option<i64>>(5)?.map(unsigned),
            author: row.get(6)?,
        })
    })?;
    Ok(AnnouncementList { announcements: rows.collect::<rusqlite::Result<_>>()? })
}

pub(in crate::store::sqlite) fn put(
    db: &Connection,
    actor: AccountId,
    new: &Announce,
    now_ms: u64,
    notices: &mut Vec<Notice>,
) -> Result<u64> {
    check(db, actor)?;
    if standing(db, now_ms)?.len() >= shared::ANNOUNCEMENTS {
        return Err(StoreError::LimitReached("many announcements stand already; withdraw one"));
    }
    let sql = "-- announce()
        INSERT INTO announcements (text, level, at_ms, expires_at_ms, author) VALUES (?1, ?2, ?3, ?4, ?5) RETURNING id";
    let level = i64::from(new.level == Level::Warning);
    let expires = new.expires_at_ms.map(signed);
    let number: i64 = db
        .prepare_cached(sql)?
        .query_row(params![new.text, level, signed(now_ms), expires, actor.0], |row| row.get(0))?;
    let number = unsigned(number);
    notices.push(Notice::Announcements(standing(db, now_ms)?));
    audit::record(db, now_ms, Some(actor), AuditKind::Announced, Target::Announcement(number), &new.text)?;
    Ok(number)
}

pub(in crate::store::sqlite) fn withdraw(
    db: &Connection,
    (actor, number): (AccountId, u64),
    now_ms: u64,
    notices: &mut Vec<Notice>,
) -> Result<()> {
    check(db, actor)?;
    let sql = "-- withdraw_announcement()
        UPDATE announcements SET withdrawn_at_ms = ?2 WHERE id = ?1 AND withdrawn_at_ms IS NULL";
    if db.prepare_cached(sql)?.execute(params![signed(number), signed(now_ms)])? == 0 {
        return Err(StoreError::NotFound);
    }
    notices.push(Notice::Announcements(standing(db, now_ms)?));
    audit::record(db, now_ms, Some(actor), AuditKind::AnnouncementWithdrawn, Target::Announcement(number), "")
}
