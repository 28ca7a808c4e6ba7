//! What members and accounts keep beside a room's log, and who shares when they are there.

use std::collections::HashSet;

use rusqlite::{Connection, OptionalExtension as _, params};
use waxwing_wire::{AccountId, Opaque, RoomId, ids::SessionId, limits as shared_limits};

use super::{id, people, rooms, sealed, unsigned};
use crate::store::{LastSeen, Notice, Result, StoreError, Visibility};

/// Keeps what is given in place of what was there, and tells of it.
pub(super) fn put(
    db: &Connection,
    (account, session): (AccountId, SessionId),
    room: RoomId,
    (shared, own): (Option<Opaque>, Option<Opaque>),
    notices: &mut Vec<Notice>,
) -> Result<()> {
    check("a shared mark", shared.as_ref(), shared_limits::SHARED_MARK_BYTES)?;
    check("an own mark", own.as_ref(), shared_limits::OWN_MARK_BYTES)?;
    let found = rooms::for_member(db, account, room)?;
    let sql = "-- put_marks()
        INSERT INTO marks (room, account, shared, own) VALUES (?1, ?2, ?3, ?4)
        ON CONFLICT (room, account) DO UPDATE
        SET shared = coalesce(excluded.shared, shared), own = coalesce(excluded.own, own)";
    let bytes = |mark: &Option<Opaque>| mark.as_ref().map(|mark| mark.as_bytes().to_vec());
    db.prepare_cached(sql)?.execute(params![found.num, account.0, bytes(&shared), bytes(&own)])?;
    if let Some(shared) = shared {
        notices.push(Notice::Mark { room, account, session, shared });
    }
    if let Some(own) = own {
        notices.push(Notice::OwnMark { room, account, session, own });
    }
    Ok(())
}

fn check(what: &'static str, mark: Option<&Opaque>, most: usize) -> Result<()> {
    match mark {
        Some(mark) if mark.is_empty() => Err(StoreError::Invalid("a mark is not empty")),
        Some(mark) if mark.len() > most => Err(StoreError::TooLarge(what, most)),
        _ => Ok(()),
    }
}

/// The shared marks of a room by account, and the account's own mark.
type Marks = (Vec<(AccountId, Opaque)>, Option<Opaque>);

/// The shared marks of a room, and the account's own.
pub(super) fn marks(db: &Connection, account: AccountId, room: RoomId) -> Result<Marks> {
    let room = rooms::for_member(db, account, room)?;
    let sql = "-- shared_marks()
        SELECT account, shared FROM marks WHERE room = ?1 AND shared IS NOT NULL ORDER BY account";
    let mut statement = db.prepare_cached(sql)?;
    let rows = statement.query_map([room.num], |row| Ok((id(row, 0)?, sealed(row, 1)?)))?;
    let shared = rows.collect::<rusqlite::Result<_>>()?;
    let sql = "-- own_mark()
        SELECT own FROM marks WHERE room = ?1 AND account = ?2 AND own IS NOT NULL";
    let own = db.prepare_cached(sql)?.query_row(params![room.num, account.0], |row| sealed(row, 0));
    Ok((shared, own.optional()?))
}

/// Who is told when the account is there.
pub(super) fn visibility(db: &Connection, account: AccountId) -> Result<Visibility> {
    Ok(Visibility {
        shares: shares_presence(db, account)?,
        blocks: people::blocked(db, account)?,
        spoken: rooms::spoken(db, account)?,
    })
}

fn shares_presence(db: &Connection, account: AccountId) -> Result<bool> {
    let sql = "-- shares_presence()
        SELECT share_presence FROM accounts WHERE account = ?1";
    Ok(db.prepare_cached(sql)?.query_row([account.0], |row| row.get(0)).optional()?.unwrap_or(false))
}

/// Sets whether others are told.
pub(super) fn share_presence(
    db: &Connection,
    account: AccountId,
    on: bool,
    notices: &mut Vec<Notice>,
) -> Result<()> {
    let sql = "-- share_presence()
        UPDATE accounts SET share_presence = ?2 WHERE account = ?1 AND share_presence <> ?2";
    if db.prepare_cached(sql)?.execute(params![account.0, on])? > 0 {
        notices.push(Notice::SharesPresence { account, on });
    }
    Ok(())
}

/// When those of these accounts were last there that share it, have written in a room with the account, and do not block it; nobody's if
/// the account does not share.
pub(super) fn last_seen(db: &Connection, account: AccountId, of: &[AccountId]) -> Result<Vec<LastSeen>> {
    if !shares_presence(db, account)? {
        return Ok(Vec::new());
    }
    let sql = "-- last_seen()
        SELECT last_seen_at_ms FROM accounts WHERE account = ?1 AND share_presence = 1 AND EXISTS (
            SELECT 1 FROM members a JOIN members b ON a.room = b.room 
            WHERE a.account = ?1 AND a.spoke = 1 AND b.account = ?2)
        AND NOT EXISTS (SELECT 1 FROM blocks WHERE account = ?1 AND blocked = ?2)";
    let mut statement = db.prepare_cached(sql)?;
    let mut known = HashSet::new();
    let mut found = Vec::new();
    for other in of.iter().filter(|other| **other != account && known.insert(**other)) {
        let at: Option<i64> =
            statement.query_row(params![other.0, account.0], |row| row.get(0)).optional()?;
        found.extend(at.map(|at| LastSeen { account: *other, at_ms: unsigned(at) }));
    }
    Ok(found)
}
