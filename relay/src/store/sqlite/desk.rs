//! What administrators ask of the relay.

pub(super) mod announcements;
pub(super) mod audit_log;
mod calls;
pub(super) mod invites;
pub(super) mod numbers;
mod place;
pub(super) mod reports;
pub(super) mod rooms;
pub(super) mod users;

use rusqlite::{Connection, OptionalExtension as _, params};
use waxwing_wire::{AccountId, admin::AuditKind, limits as shared};

use super::audit::{self, Target};
use crate::store::{Result, StoreError};

/// Whether the account may administrate this relay now.
pub(super) fn is_administrator(db: &Connection, account: AccountId) -> Result<bool> {
    let sql = "-- is_administrator()
        SELECT EXISTS (SELECT 1 FROM accounts WHERE account = ?1 AND administrator = 1 AND status = 0)";
    Ok(db.prepare_cached(sql)?.query_row([account.0], |row| row.get(0))?)
}

/// Refuses whoever is no administrator, or not any more.
pub(super) fn check(db: &Connection, actor: AccountId) -> Result<()> {
    if is_administrator(db, actor)? { Ok(()) } else { Err(StoreError::NotAdministrator) }
}

/// Entries of a page that asked for so many.
fn page(limit: Option<u32>) -> Result<usize> {
    let limit = limit.unwrap_or(50);
    if limit == 0 || limit > shared::ADMIN_PAGE {
        return Err(StoreError::Invalid("a page has 1 to 100 entries"));
    }
    usize::try_from(limit).map_err(|_| StoreError::Internal)
}

/// A part of a text to be looked for with LIKE.
fn pattern(part: &str) -> String {
    let mut pattern = String::from("%");
    for c in part.chars() {
        if matches!(c, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern.push('%');
    pattern
}

pub(super) fn username(db: &Connection, account: AccountId) -> Result<Option<String>> {
    let sql = "-- username()
        SELECT username FROM accounts WHERE account = ?1";
    Ok(db.prepare_cached(sql)?.query_row([account.0], |row| row.get(0)).optional()?)
}

/// Stores what administrators have set, with what changed (name, old, new) in the audit log.
pub(super) fn put_settings(
    db: &Connection,
    actor: AccountId,
    (name, value): (&str, &[u8]),
    changes: &[(&'static str, String)],
    now_ms: u64,
) -> Result<()> {
    check(db, actor)?;
    put_setting(db, name, value)?;
    for (setting, detail) in changes {
        audit::record(db, now_ms, Some(actor), AuditKind::SettingChanged, Target::Setting(setting), detail)?;
    }
    Ok(())
}

/// Stores a value that the relay keeps for itself.
pub(super) fn put_setting(db: &Connection, name: &str, value: &[u8]) -> Result<()> {
    let sql = "-- put_setting()
        INSERT INTO settings (name, value) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = excluded.value";
    db.prepare_cached(sql)?.execute(params![name, value])?;
    Ok(())
}
