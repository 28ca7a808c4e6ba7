//! Reading the audit log.

use std::str::FromStr as _;

use rusqlite::{Connection, Row, params, types::Value};
use waxwing_wire::{
    AccountId, Opaque,
    admin::{AuditEntry, AuditKind, AuditList, AuditQuery, AuditVerdict, Noted},
};

use super::{
    super::{audit, sealed, signed, unsigned},
    page, pattern,
    place::{Place, cut},
};
use crate::store::{Result, StoreError};

/// Columns of an entry, with the names that accounts have now. A target names an account by its id in base64url, which
/// SQL cannot decode, so that name is looked up afterwards.
const COLUMNS: &str = "e.seq, e.at_ms, e.actor, p.username, e.kind, e.target, e.detail, e.chain";

fn read(row: &Row<'_>) -> rusqlite::Result<(Option<AuditKind>, AuditEntry)> {
    let kind = AuditKind::from_str(&row.get::<_, String>(4)?).ok();
    let entry = AuditEntry {
        seq: unsigned(row.get(0)?),
        at_ms: unsigned(row.get(1)?),
        actor: row.get::<_, Option<[u8; 16]>>(2)?.map(AccountId),
        actor_name: row.get(3)?,
        kind: kind.unwrap_or(AuditKind::Setup),
        target: row.get(5)?,
        target_name: None,
        detail: row.get(6)?,
        chain: sealed(row, 7)?,
    };
    Ok((kind, entry))
}

/// A page of the log, the newest first.
pub(in crate::store::sqlite) fn list(db: &Connection, query: &AuditQuery) -> Result<AuditList> {
    let (before, _) = Place::parse(query.after.as_deref())?;
    let most = page(query.limit)?;
    let beyond = |time: Option<u64>| time.is_some_and(|time| i64::try_from(time).is_err());
    if beyond(query.from) || beyond(query.to) {
        return Err(StoreError::Invalid("this time is beyond all times"));
    }
    let part = query.query.as_deref().map(str::trim).filter(|part| !part.is_empty());
    let named = part.map(|part| accounts_named(db, part)).transpose()?;
    let sql = format!(
        "-- audit()
        SELECT {COLUMNS} FROM audit e LEFT JOIN accounts p ON p.account = e.actor
        WHERE (?1 IS NULL OR e.seq < ?1) AND (?2 IS NULL OR e.kind = ?2) AND (?3 IS NULL OR e.actor = ?3)
            AND (?4 IS NULL OR e.at_ms >= ?4) AND (?5 IS NULL OR e.at_ms < ?5)
            AND (?6 IS NULL OR e.detail LIKE ?6 ESCAPE '\\' OR e.target LIKE ?6 ESCAPE '\\'
                OR p.username LIKE ?6 ESCAPE '\\' OR e.target IN (SELECT value FROM json_each(?7)))
        ORDER BY e.seq DESC LIMIT ?8"
    );
    let mut statement = db.prepare_cached(&sql)?;
    let rows = statement.query_map(
        params![
            before,
            query.kind.map(AuditKind::as_str),
            query.actor.map(|actor| actor.0),
            query.from.map(signed),
            query.to.map(signed),
            part.map(pattern),
            named,
            most.saturating_add(1)
        ],
        read,
    )?;
    let mut found = Vec::new();
    for row in rows {
        let (kind, mut entry) = row?;
        // Nobody but this program writes kinds; another one means that somebody has changed the log.
        if kind.is_none() {
            entry.detail = format!("this entry has no kind that the relay knows. {}", entry.detail);
        }
        entry.target_name = target_name(db, &entry.target)?;
        let place = Place::new(Value::Integer(signed(entry.seq)), &[]).ok_or(StoreError::Internal)?;
        found.push((entry, place));
    }
    let (entries, next) = cut(found, most);
    Ok(AuditList { entries, next })
}

/// Targets that name accounts with such a username, as a JSON array.
fn accounts_named(db: &Connection, part: &str) -> Result<String> {
    let sql = "-- accounts_named()
        SELECT account FROM accounts WHERE username LIKE ?1 ESCAPE '\\' LIMIT 100";
    let mut statement = db.prepare_cached(sql)?;
    let rows = statement.query_map([pattern(part)], |row| row.get::<_, [u8; 16]>(0))?;
    let mut targets = Vec::new();
    for account in rows {
        targets.push(audit::Target::Account(AccountId(account?)).to_string());
    }
    serde_json::to_string(&targets).map_err(|_| StoreError::Internal)
}

fn target_name(db: &Connection, target: &str) -> Result<Option<String>> {
    let account = target.strip_prefix("account:").and_then(|text| text.parse().ok());
    account.map_or(Ok(None), |account| super::username(db, account))
}

/// A part of the log as it is exported: one JSON object per line, the oldest first, with the number of the last.
pub(in crate::store::sqlite) fn lines(db: &Connection, after: u64, limit: u32) -> Result<(Vec<u8>, u64)> {
    let sql = "-- audit_lines()
        SELECT seq, at_ms, actor, kind, target, detail, chain FROM audit WHERE seq > ?1 ORDER BY seq LIMIT ?2";
    let mut statement = db.prepare_cached(sql)?;
    let mut rows = statement.query(params![signed(after), limit])?;
    let (mut text, mut last) = (Vec::new(), after);
    while let Some(row) = rows.next()? {
        last = unsigned(row.get(0)?);
        let line = serde_json::json!({
            "seq": last,
            "at_ms": unsigned(row.get(1)?),
            "actor": row.get::<_, Option<[u8; 16]>>(2)?.map(AccountId),
            "kind": row.get::<_, String>(3)?,
            "target": row.get::<_, String>(4)?,
            "detail": row.get::<_, String>(5)?,
            "chain": sealed(row, 6)?,
        });
        text.extend_from_slice(line.to_string().as_bytes());
        text.push(b'\n');
    }
    Ok((text, last))
}

pub(in crate::store::sqlite) fn verify(db: &Connection, noted: Option<Noted>) -> Result<AuditVerdict> {
    let verdict = audit::verify(db, noted)?;
    Ok(AuditVerdict {
        entries: verdict.entries,
        ok: verdict.first_bad.is_none(),
        first_bad: verdict.first_bad,
        head: Opaque(verdict.head.to_vec()),
        seen: noted.map(|_| verdict.seen),
    })
}
