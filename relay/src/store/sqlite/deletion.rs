//! The end of an account.

use rusqlite::{Connection, params};
use waxwing_wire::{AccountId, account::SessionInfo, admin::AuditKind, frame::EndReason, username};

use super::{
    accounts,
    audit::{self, Target},
    id,
    rooms::{self, Room},
    sessions, signed,
};
use crate::{
    limits,
    store::{Ended, Notice, Result, StoreError},
};

/// Removes an account and everything that is its own. What belongs to rooms stays for their other members: log entries,
/// and what the account published for epochs, of which it may be the only sound copy. Rooms that nobody else is in go,
/// and the username is kept from others.
pub(super) fn delete(
    db: &Connection,
    (account, reason): (AccountId, EndReason),
    notices: &mut Vec<Notice>,
) -> Result<()> {
    let info = check(db, account)?;
    for room in rooms::ids(db, account)? {
        if let Some(room) = rooms::find(db, room)? {
            leave(db, &room, account, notices)?;
        }
    }
    sessions::end(db, account, Ended::All, reason, notices)?;
    // Whoever was never let in never spoke as anybody: a refused name is free for who it belongs to.
    if reason != EndReason::Refused && !info.guest {
        keep_username(db, &info.username)?;
    }
    let sql = "-- keep_account_id()
        INSERT INTO former_accounts (account) VALUES (?1)";
    db.prepare_cached(sql)?.execute([account.0])?;
    // Credentials, vault, objects, key package, statements, snapshots, keyring and Welcomes go with it.
    let sql = "-- delete_account()
        DELETE FROM accounts WHERE account = ?1";
    db.prepare_cached(sql)?.execute([account.0])?;
    Ok(())
}

/// Refuses accounts that nobody has let in for long.
pub(super) fn sweep_waiting(db: &Connection, now_ms: u64, notices: &mut Vec<Notice>) -> Result<()> {
    let span = u64::try_from(limits::WAITING_TIME.as_millis()).unwrap_or(u64::MAX);
    // When the clock begins, nothing has waited yet.
    let Some(before) = now_ms.checked_sub(span) else { return Ok(()) };
    let sql = "-- waiting_for_long()
        SELECT account FROM accounts WHERE status = 1 AND created_at_ms <= ?1";
    let mut statement = db.prepare_cached(sql)?;
    let rows = statement.query_map([signed(before)], |row| id(row, 0))?;
    for account in rows.collect::<rusqlite::Result<Vec<AccountId>>>()? {
        audit::record(db, now_ms, None, AuditKind::Refused, Target::Account(account), "waited for 30 days")?;
        delete(db, (account, EndReason::Refused), notices)?;
    }
    Ok(())
}

/// Refuses to leave others without an administrator.
pub(super) fn check(db: &Connection, account: AccountId) -> Result<SessionInfo> {
    let info = accounts::info(db, account)?.ok_or(StoreError::NotFound)?;
    if info.administrator && is_last_administrator(db, account)? && others_exist(db, account)? {
        return Err(StoreError::LastAdministrator);
    }
    Ok(info)
}

/// Whether no other account could administrate this relay.
pub(super) fn is_last_administrator(db: &Connection, account: AccountId) -> Result<bool> {
    let sql = "-- another_administrator()
        SELECT NOT EXISTS (SELECT 1 FROM accounts WHERE administrator = 1 AND status = 0 AND account <> ?1)";
    Ok(db.prepare_cached(sql)?.query_row([account.0], |row| row.get(0))?)
}

fn others_exist(db: &Connection, account: AccountId) -> Result<bool> {
    let sql = "-- another_account()
        SELECT EXISTS (SELECT 1 FROM accounts WHERE account <> ?1)";
    Ok(db.prepare_cached(sql)?.query_row([account.0], |row| row.get(0))?)
}

/// Keeps a name from others for good.
fn keep_username(db: &Connection, name: &str) -> Result<()> {
    let sql = "-- keep_username()
        INSERT INTO former_usernames (hash) VALUES (?1) ON CONFLICT (hash) DO NOTHING";
    db.prepare_cached(sql)?.execute([accounts::former_hash(&username::skeleton(name))])?;
    Ok(())
}

/// Ends a membership without a signed leave. The room is told, or goes when it was the last one.
fn leave(db: &Connection, room: &Room, account: AccountId, notices: &mut Vec<Notice>) -> Result<()> {
    rooms::remove_member(db, room, account, notices)?;
    let sql = "-- any_member()
        SELECT account FROM members WHERE room = ?1 LIMIT 1";
    let mut statement = db.prepare_cached(sql)?;
    let empty = !statement.exists(params![room.num])?;
    if empty {
        // Nor may a link lead into it any more.
        let sql = "-- close_room()
            DELETE FROM join_methods WHERE room = ?1";
        db.prepare_cached(sql)?.execute([room.num])?;
        rooms::forget_if_deserted(db, room, u64::MAX)?;
    } else {
        notices.push(Notice::Gone { account, room: room.id });
    }
    Ok(())
}
