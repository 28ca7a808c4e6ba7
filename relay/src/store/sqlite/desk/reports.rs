//! Reports of messages, and the keys under which they are sealed for administrators.

use rusqlite::{Connection, OptionalExtension as _, params, types::Value};
use waxwing_wire::{
    AccountId, EntryId, Opaque, RoomId, Seq,
    admin::{AuditKind, ReportList, ReportQuery, ReportRecord, ReportStatus},
    frame::{ReportCopy, ReportKey},
    limits as shared,
};

use super::{
    super::{
        audit::{self, Target},
        id, rooms, sealed, signed, unsigned,
    },
    check, is_administrator, page,
    place::{Place, cut},
    rooms::remove_entry,
};
use crate::{
    limits,
    store::{Notice, Result, StoreError},
};

pub(in crate::store::sqlite) fn put_key(db: &Connection, account: AccountId, key: &Opaque) -> Result<()> {
    check(db, account)?;
    if key.is_empty() || key.len() > shared::REPORT_KEY_BYTES {
        return Err(StoreError::TooLarge("a report key", shared::REPORT_KEY_BYTES));
    }
    let sql = "-- put_report_key()
        INSERT INTO report_keys (account, bytes) VALUES (?1, ?2) ON CONFLICT (account) DO UPDATE SET bytes = excluded.bytes";
    db.prepare_cached(sql)?.execute(params![account.0, key.as_bytes()])?;
    Ok(())
}

/// Of somebody who administrates no more.
pub(super) fn forget_key(db: &Connection, account: AccountId) -> Result<()> {
    for sql in [
        "-- forget_report_key()
        DELETE FROM report_keys WHERE account = ?1",
        "-- forget_report_copies()
        DELETE FROM report_copies WHERE account = ?1",
    ] {
        db.prepare_cached(sql)?.execute([account.0])?;
    }
    Ok(())
}

pub(in crate::store::sqlite) fn keys(db: &Connection) -> Result<Vec<ReportKey>> {
    let sql = "-- report_keys()
        SELECT k.account, k.bytes FROM report_keys k JOIN accounts a ON a.account = k.account
        WHERE a.administrator = 1 AND a.status = 0 ORDER BY a.created_at_ms, a.account LIMIT ?1";
    let mut statement = db.prepare_cached(sql)?;
    let rows = statement.query_map([shared::REPORT_COPIES], |row| {
        Ok(ReportKey { account: id(row, 0)?, key: sealed(row, 1)? })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Takes a member's report of a message.
pub(in crate::store::sqlite) fn put(
    db: &Connection,
    reporter: AccountId,
    (room, seq): (RoomId, Seq),
    copies: &[ReportCopy],
    now_ms: u64,
) -> Result<()> {
    if copies.is_empty() || copies.len() > shared::REPORT_COPIES {
        return Err(StoreError::Invalid("a report is sealed for one to sixteen administrators"));
    }
    if copies.iter().any(|copy| copy.bytes.is_empty() || copy.bytes.len() > shared::REPORT_BYTES) {
        return Err(StoreError::TooLarge("a report", shared::REPORT_BYTES));
    }
    let found = rooms::for_member(db, reporter, room)?;
    let sql = "-- reported_entry()
        SELECT sender, entry FROM log_entries WHERE room = ?1 AND seq = ?2 AND kind = 2";
    let written: Option<(AccountId, EntryId)> = db
        .prepare_cached(sql)?
        .query_row(params![found.num, signed(seq)], |row| Ok((id(row, 0)?, id(row, 1)?)))
        .optional()?;
    let written = written.ok_or(StoreError::NotFound)?;
    let report = file(db, reporter, (room, seq), written, now_ms)?;
    let sql = "-- put_report_copy()
        INSERT INTO report_copies (report, account, sealed) VALUES (?1, ?2, ?3)
        ON CONFLICT (report, account) DO UPDATE SET sealed = excluded.sealed";
    let mut kept = 0_u32;
    for copy in copies {
        // Somebody else could not read it, and would have to keep it.
        if is_administrator(db, copy.account)? {
            db.prepare_cached(sql)?.execute(params![report, copy.account.0, copy.bytes.as_bytes()])?;
            kept = kept.saturating_add(1);
        }
    }
    if kept == 0 {
        return Err(StoreError::Invalid("nobody for whom this report is sealed administrates this relay"));
    }
    Ok(())
}

/// The number of a new report, or of the one that is open already.
fn file(
    db: &Connection,
    reporter: AccountId,
    (room, seq): (RoomId, Seq),
    (sender, entry): (AccountId, EntryId),
    now_ms: u64,
) -> Result<i64> {
    let sql = "-- report_of()
        SELECT id, status FROM reports WHERE reporter = ?1 AND room = ?2 AND seq = ?3";
    let known: Option<(i64, i64)> = db
        .prepare_cached(sql)?
        .query_row(params![reporter.0, room.0, signed(seq)], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    match known {
        Some((report, 0)) => return Ok(report),
        Some(_) => return Err(StoreError::Conflict("the operator has decided on this message")),
        None => {}
    }
    let sql = "-- open_reports_of()
        SELECT count(*) FROM reports WHERE reporter = ?1 AND status = 0";
    let open: usize = db.prepare_cached(sql)?.query_row([reporter.0], |row| row.get(0))?;
    if open >= limits::OPEN_REPORTS {
        return Err(StoreError::LimitReached(
            "many of your reports wait for the operator; more can come later",
        ));
    }
    let sql = "-- put_report()
        INSERT INTO reports (room, seq, entry, reporter, sender, at_ms, status)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, 0) RETURNING id";
    let row = params![room.0, signed(seq), entry.0, reporter.0, sender.0, signed(now_ms)];
    let report: i64 = db.prepare_cached(sql)?.query_row(row, |row| row.get(0))?;
    audit::record(db, now_ms, Some(reporter), AuditKind::Reported, Target::Report(unsigned(report)), "")?;
    Ok(report)
}

fn status_number(status: ReportStatus) -> i64 {
    match status {
        ReportStatus::Open => 0,
        ReportStatus::Dismissed => 1,
        ReportStatus::Removed => 2,
    }
}

pub(in crate::store::sqlite) fn list(
    db: &Connection,
    asker: AccountId,
    query: &ReportQuery,
) -> Result<ReportList> {
    let status = query.status.map(status_number);
    let (before, _) = Place::parse(query.after.as_deref())?;
    let most = page(query.limit)?;
    let sql = "-- reports()
        SELECT r.id, r.room, r.seq, r.reporter, p.username, r.at_ms, r.status, c.sealed, r.sender, s.username, r.entry
        FROM reports r LEFT JOIN report_copies c ON c.report = r.id AND c.account = ?1
        LEFT JOIN accounts p ON p.account = r.reporter LEFT JOIN accounts s ON s.account = r.sender
        WHERE (?2 IS NULL OR r.status = ?2) AND (?3 IS NULL OR r.id < ?3) ORDER BY r.id DESC LIMIT ?4";
    let mut statement = db.prepare_cached(sql)?;
    let rows = statement.query_map(params![asker.0, status, before, most.saturating_add(1)], |row| {
        Ok(ReportRecord {
            id: unsigned(row.get(0)?),
            room: id(row, 1)?,
            seq: unsigned(row.get(2)?),
            entry: id(row, 10)?,
            reporter: id(row, 3)?,
            reporter_name: row.get(4)?,
            at_ms: unsigned(row.get(5)?),
            status: match row.get::<_, i64>(6)? {
                0 => ReportStatus::Open,
                1 => ReportStatus::Dismissed,
                _ => ReportStatus::Removed,
            },
            sealed: row.get::<_, Option<Vec<u8>>>(7)?.map(Opaque),
            sender: id(row, 8)?,
            sender_name: row.get(9)?,
            sender_keys: Vec::new(),
        })
    })?;
    let mut found = Vec::new();
    for row in rows {
        let mut report = row?;
        report.sender_keys = identity_keys(db, report.sender)?;
        let place = Place::new(Value::Integer(signed(report.id)), &[]).ok_or(StoreError::Internal)?;
        found.push((report, place));
    }
    let (reports, next) = cut(found, most);
    let sql = "-- count_reports()
        SELECT (SELECT count(*) FROM reports WHERE status = 0), (SELECT count(*) FROM reports WHERE ?1 IS NULL OR status = ?1)";
    let (open, total): (i64, i64) =
        db.prepare_cached(sql)?.query_row([status], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(ReportList { reports, open: unsigned(open), total: unsigned(total), next })
}

/// The identity key that an account has, then those that it had, the newest first.
fn identity_keys(db: &Connection, account: AccountId) -> Result<Vec<Opaque>> {
    let sql = "-- identity_keys()
        SELECT identity_key, 9223372036854775807 AS num FROM accounts WHERE account = ?1
        UNION ALL SELECT identity_key, num FROM former_keys WHERE account = ?1 ORDER BY num DESC";
    let mut statement = db.prepare_cached(sql)?;
    let rows = statement.query_map([account.0], |row| sealed(row, 0))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Decides on a report. Its sealed copies go: they have served.
pub(in crate::store::sqlite) fn resolve(
    db: &Connection,
    (actor, report): (AccountId, u64),
    remove_message: bool,
    now_ms: u64,
    notices: &mut Vec<Notice>,
) -> Result<()> {
    check(db, actor)?;
    let sql = "-- report()
        SELECT room, seq, status FROM reports WHERE id = ?1";
    let found: Option<(RoomId, i64, i64)> = db
        .prepare_cached(sql)?
        .query_row([signed(report)], |row| Ok((id(row, 0)?, row.get(1)?, row.get(2)?)))
        .optional()?;
    let (room, seq, status) = found.ok_or(StoreError::NotFound)?;
    if status != 0 {
        return Err(StoreError::Conflict("this report was decided already"));
    }
    if remove_message {
        match remove_entry(db, actor, (room, unsigned(seq)), &format!("report {report}"), now_ms, notices) {
            // The room is gone, and the message with it.
            Ok(()) | Err(StoreError::NotFound) => {}
            Err(error) => return Err(error),
        }
    }
    let status = if remove_message { ReportStatus::Removed } else { ReportStatus::Dismissed };
    let sql = "-- resolve_report()
        UPDATE reports SET status = ?2 WHERE id = ?1";
    db.prepare_cached(sql)?.execute(params![signed(report), status_number(status)])?;
    let sql = "-- drop_report_copies()
        DELETE FROM report_copies WHERE report = ?1";
    db.prepare_cached(sql)?.execute([signed(report)])?;
    let detail = if remove_message { "message removed" } else { "dismissed" };
    audit::record(db, now_ms, Some(actor), AuditKind::ReportResolved, Target::Report(report), detail)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::sqlite::migrate;

    #[test]
    fn the_newest_former_keys_are_kept_and_come_after_the_present_one() {
        let mut db = Connection::open_in_memory().unwrap();
        migrate::migrate(&mut db).unwrap();
        db.pragma_update(None, "foreign_keys", true).unwrap();
        let account = AccountId([1; 16]);
        db.execute(
            "INSERT INTO accounts (account, username, skeleton, administrator, status, identity_key, created_at_ms,
                                   last_seen_at_ms) VALUES (?1, 'mira', 'mlra', 1, 0, ?2, 0, 0)",
            params![account.0, [0_u8; 32]],
        )
        .unwrap();
        let rotate = |key: u8| {
            db.execute("UPDATE accounts SET identity_key = ?1", [[key; 32]]).unwrap();
        };
        assert_eq!(identity_keys(&db, account).unwrap(), [Opaque(vec![0; 32])]);
        rotate(0);
        assert_eq!(identity_keys(&db, account).unwrap().len(), 1, "the same key is no former one");
        for key in 1..=20 {
            rotate(key);
        }
        let keys = identity_keys(&db, account).unwrap();
        let numbers: Vec<u8> = keys.iter().map(|key| key.as_bytes()[0]).collect();
        assert_eq!(numbers, (4..=20).rev().collect::<Vec<u8>>());
        db.execute("DELETE FROM accounts", []).unwrap();
        assert!(identity_keys(&db, account).unwrap().is_empty(), "they go with the account");
    }
}
