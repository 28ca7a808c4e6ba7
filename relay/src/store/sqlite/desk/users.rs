//! People: the list of them, and what administrators do to an account.

use rusqlite::{Connection, Row, params, types::Value};
use waxwing_wire::{
    AccountId,
    account::NoticeKind,
    admin::{AuditKind, UserQuery, UserRecord, UserSort, UserStatus, Users},
    frame::{AccountEvent, EndReason},
};

use super::{
    super::{
        accounts,
        audit::{self, Target},
        deletion, id, second_factor, sessions, unsigned,
    },
    check, invites, page,
    place::{Place, cut, direction},
};
use crate::store::{Ended, Notice, Result, StoreError, UserAct};

/// All that is told of a user, but for whether it is online. ?1 is a part of the username, ?2 a status, ?3 whether guests.
const USERS: &str = "SELECT a.account AS id, a.username AS username, a.status AS status,
        a.administrator AS administrator, c.totp_secret IS NOT NULL AS totp, a.created_at_ms AS created,
        a.last_seen_at_ms AS last_seen,
        (SELECT count(*) FROM sessions s WHERE s.account = a.account) AS sessions,
        (SELECT count(*) FROM members m WHERE m.account = a.account) AS rooms,
        coalesce((SELECT w.bytes FROM written w WHERE w.account = a.account), 0)
            + coalesce((SELECT sum(length(d.sealed)) FROM account_data d WHERE d.account = a.account), 0) AS storage,
        EXISTS (SELECT 1 FROM guests g WHERE g.account = a.account) AS guest
    FROM accounts a LEFT JOIN credentials c ON c.account = a.account
    WHERE (?1 IS NULL OR instr(a.username, ?1) > 0) AND (?2 IS NULL OR a.status = ?2)
        AND (?3 IS NULL OR (a.account IN (SELECT g.account FROM guests g)) = ?3)";

fn read(row: &Row<'_>) -> rusqlite::Result<UserRecord> {
    Ok(UserRecord {
        account: id(row, 0)?,
        username: row.get(1)?,
        status: match row.get::<_, i64>(2)? {
            0 => UserStatus::Active,
            1 => UserStatus::Pending,
            _ => UserStatus::Banned,
        },
        administrator: row.get(3)?,
        totp: row.get(4)?,
        created_at_ms: unsigned(row.get(5)?),
        last_seen_at_ms: unsigned(row.get(6)?),
        online: false,
        sessions: row.get(7)?,
        rooms: row.get(8)?,
        storage_bytes: unsigned(row.get(9)?),
        guest: row.get(10)?,
    })
}

fn status_number(status: UserStatus) -> i64 {
    match status {
        UserStatus::Active => 0,
        UserStatus::Pending => 1,
        UserStatus::Banned => 2,
    }
}

pub(in crate::store::sqlite) fn list(db: &Connection, query: &UserQuery) -> Result<Users> {
    let column = match query.sort {
        UserSort::Username => "username",
        UserSort::Created => "created",
        UserSort::LastSeen => "last_seen",
        UserSort::Storage => "storage",
        UserSort::Rooms => "rooms",
    };
    let (direction, beyond) = direction(query.order);
    let part = query.query.as_deref().map(str::trim).filter(|part| !part.is_empty()).map(str::to_lowercase);
    let status = query.status.map(status_number);
    let (key, last) = Place::parse(query.after.as_deref())?;
    let most = page(query.limit)?;
    let sql = format!(
        "-- users()
        WITH u AS ({USERS}) SELECT id, username, status, administrator, totp, created, last_seen, sessions, rooms,
            storage, guest, {column} FROM u
        WHERE ?4 IS NULL OR ({column}, id) {beyond} (?4, ?5) ORDER BY {column} {direction}, id {direction} LIMIT ?6"
    );
    let mut statement = db.prepare_cached(&sql)?;
    let values = params![part, status, query.guests, key, last, most.saturating_add(1)];
    let rows = statement.query_map(values, |row| Ok((read(row)?, row.get::<_, Value>(11)?)))?;
    let mut found = Vec::new();
    for row in rows {
        let (user, key) = row?;
        let place = Place::new(key, &user.account.0).ok_or(StoreError::Internal)?;
        found.push((user, place));
    }
    let (users, next) = cut(found, most);
    let sql = "-- count_users()
        SELECT count(*) FROM accounts a WHERE (?1 IS NULL OR instr(a.username, ?1) > 0) AND (?2 IS NULL OR a.status = ?2)
            AND (?3 IS NULL OR (a.account IN (SELECT g.account FROM guests g)) = ?3)";
    let total: i64 =
        db.prepare_cached(sql)?.query_row(params![part, status, query.guests], |row| row.get(0))?;
    Ok(Users { users, total: unsigned(total), next })
}

pub(in crate::store::sqlite) fn find(db: &Connection, account: AccountId) -> Result<UserRecord> {
    let sql = format!("-- user()\n{USERS} AND a.account = ?4");
    let mut statement = db.prepare_cached(&sql)?;
    let mut rows = statement.query_map(params![Value::Null, Value::Null, Value::Null, account.0], read)?;
    rows.next().transpose()?.ok_or(StoreError::NotFound)
}

/// Does something to an account, at once: notices reach its live streams after the commit.
pub(in crate::store::sqlite) fn act(
    db: &Connection,
    what: UserAct,
    (actor, account): (AccountId, AccountId),
    reason: &str,
    now_ms: u64,
    notices: &mut Vec<Notice>,
) -> Result<()> {
    check(db, actor)?;
    let user = find(db, account)?;
    let kind = match what {
        UserAct::Approve => approve(db, &user, notices)?,
        UserAct::Refuse => refuse(db, &user, notices)?,
        UserAct::Ban => ban(db, actor, &user, notices)?,
        UserAct::Unban => unban(db, &user)?,
        UserAct::Kick => kick(db, actor, &user, notices)?,
        UserAct::ResetTotp => reset_totp(db, &user, now_ms, notices)?,
        UserAct::Promote => promote(db, &user, notices)?,
        UserAct::Demote => demote(db, &user, notices)?,
    };
    audit::record(db, now_ms, Some(actor), kind, Target::Account(account), reason)?;
    match what {
        // Who does not administrate any more lets nobody in either, by codes that they have kept.
        UserAct::Ban | UserAct::Demote => invites::revoke_of(db, (actor, account), now_ms),
        _ => Ok(()),
    }
}

fn approve(db: &Connection, user: &UserRecord, notices: &mut Vec<Notice>) -> Result<AuditKind> {
    must_wait(user)?;
    set_status(db, user.account, UserStatus::Active)?;
    notices.push(Notice::Account { account: user.account, event: AccountEvent::Approved });
    Ok(AuditKind::Approved)
}

fn refuse(db: &Connection, user: &UserRecord, notices: &mut Vec<Notice>) -> Result<AuditKind> {
    must_wait(user)?;
    deletion::delete(db, (user.account, EndReason::Refused), notices)?;
    Ok(AuditKind::Refused)
}

fn must_wait(user: &UserRecord) -> Result<()> {
    if user.status == UserStatus::Pending {
        Ok(())
    } else {
        Err(StoreError::Conflict("this account does not wait"))
    }
}

fn ban(db: &Connection, actor: AccountId, user: &UserRecord, notices: &mut Vec<Notice>) -> Result<AuditKind> {
    if user.account == actor {
        return Err(StoreError::Conflict("administrators do not ban themselves"));
    }
    match user.status {
        UserStatus::Banned => return Err(StoreError::Conflict("this account is banned already")),
        // Lifting the ban would let it in without approval.
        UserStatus::Pending => {
            return Err(StoreError::Conflict("this account waits for approval; refuse it instead"));
        }
        UserStatus::Active => {}
    }
    let sql = "-- ban()
        UPDATE accounts SET status = 2, administrator = 0 WHERE account = ?1";
    db.prepare_cached(sql)?.execute([user.account.0])?;
    super::reports::forget_key(db, user.account)?;
    sessions::end(db, user.account, Ended::All, EndReason::Banned, notices)?;
    Ok(AuditKind::Banned)
}

fn unban(db: &Connection, user: &UserRecord) -> Result<AuditKind> {
    if user.status != UserStatus::Banned {
        return Err(StoreError::Conflict("this account is not banned"));
    }
    set_status(db, user.account, UserStatus::Active)?;
    Ok(AuditKind::Unbanned)
}

fn set_status(db: &Connection, account: AccountId, status: UserStatus) -> Result<()> {
    let sql = "-- set_status()
        UPDATE accounts SET status = ?2 WHERE account = ?1";
    db.prepare_cached(sql)?.execute(params![account.0, status_number(status)])?;
    Ok(())
}

fn kick(
    db: &Connection,
    actor: AccountId,
    user: &UserRecord,
    notices: &mut Vec<Notice>,
) -> Result<AuditKind> {
    if user.account == actor {
        return Err(StoreError::Conflict("to end your own sessions, use your account's settings"));
    }
    sessions::end(db, user.account, Ended::All, EndReason::Kicked, notices)?;
    Ok(AuditKind::Kicked)
}

fn reset_totp(
    db: &Connection,
    user: &UserRecord,
    now_ms: u64,
    notices: &mut Vec<Notice>,
) -> Result<AuditKind> {
    if !user.totp {
        return Err(StoreError::Conflict("this account has no authenticator"));
    }
    second_factor::take_off(db, user.account)?;
    second_factor::tell(db, user.account, NoticeKind::TotpReset, now_ms)?;
    notices.push(Notice::Account { account: user.account, event: AccountEvent::TotpReset });
    Ok(AuditKind::TotpReset)
}

fn promote(db: &Connection, user: &UserRecord, notices: &mut Vec<Notice>) -> Result<AuditKind> {
    if user.status != UserStatus::Active {
        return Err(StoreError::Conflict("only an account in use can administrate"));
    }
    if accounts::info(db, user.account)?.is_some_and(|info| info.guest) {
        return Err(StoreError::Conflict("a guest cannot administrate"));
    }
    if user.administrator {
        return Err(StoreError::Conflict("this account administrates already"));
    }
    set_administrator(db, user.account, true)?;
    notices.push(Notice::Account { account: user.account, event: AccountEvent::Promoted });
    Ok(AuditKind::Promoted)
}

fn demote(db: &Connection, user: &UserRecord, notices: &mut Vec<Notice>) -> Result<AuditKind> {
    if !user.administrator {
        return Err(StoreError::Conflict("this account does not administrate"));
    }
    if deletion::is_last_administrator(db, user.account)? {
        return Err(StoreError::LastAdministrator);
    }
    set_administrator(db, user.account, false)?;
    super::reports::forget_key(db, user.account)?;
    notices.push(Notice::Account { account: user.account, event: AccountEvent::Demoted });
    Ok(AuditKind::Demoted)
}

fn set_administrator(db: &Connection, account: AccountId, administrator: bool) -> Result<()> {
    let sql = "-- set_administrator()
        UPDATE accounts SET administrator = ?2 WHERE account = ?1";
    db.prepare_cached(sql)?.execute(params![account.0, administrator])?;
    Ok(())
}
