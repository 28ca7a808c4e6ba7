//! Sessions.

use rusqlite::{Connection, OptionalExtension as _, params};
use waxwing_wire::{
    AccountId,
    account::{SessionEntry, SessionInfo},
    admin::AuditKind,
    frame::EndReason,
    ids::SessionId,
};

use super::{accounts, audit, id, signed, unsigned};
use crate::{
    limits,
    store::{
        Caller, Ended, NewSession, Notice, Result, Session, SessionHash, SessionLife, SessionRow, StoreError,
    },
};

/// `former_until_ms` of a session whose newest token nobody has shown yet.
const UNCONFIRMED: i64 = i64::MAX;

/// Begins a session of an account that was just made or read.
pub(super) fn begin(db: &Connection, info: SessionInfo, new: &NewSession) -> Result<Session> {
    begin_new(db, info.account, new)?;
    let now_ms = new.now_ms;
    Ok(Session {
        id: new.token.id(),
        token: new.token,
        info,
        created_at_ms: now_ms,
        last_used_at_ms: now_ms,
        token_at_ms: now_ms,
        by_former: false,
        unconfirmed: false,
    })
}

/// Begins a session.
pub(super) fn begin_new(db: &Connection, account: AccountId, new: &NewSession) -> Result<()> {
    let sql = "-- begin_session()
        INSERT INTO sessions (id, account, token_hash, token_at_ms, former_until_ms, device, created_at_ms,
                              last_used_at_ms)
        VALUES (?1, ?2, ?3, ?4, 0, ?5, ?4, ?4)";
    let now_ms = signed(new.now_ms);
    db.prepare_cached(sql)?.execute(params![new.token.id().0, account.0, new.token.0, now_ms, new.device])?;
    seen(db, account, new.now_ms)
}

/// Ends the session of the same account that a new one replaces, which takes its name over.
pub(super) fn replace(
    db: &Connection,
    account: AccountId,
    new: &NewSession,
    notices: &mut Vec<Notice>,
) -> Result<()> {
    let Some(former) = new.replaces else { return Ok(()) };
    let sql = "-- replaced_session()
        SELECT id, device FROM sessions WHERE account = ?1 AND token_hash = ?2 AND id <> ?3";
    let found = db.prepare_cached(sql)?.query_row(params![account.0, former.0, new.token.id().0], |row| {
        Ok((id::<_, SessionId>(row, 0)?, row.get::<_, String>(1)?))
    });
    let Some((former, device)) = found.optional()? else { return Ok(()) };
    if new.device.is_empty() {
        let sql = "-- name_session()
            UPDATE sessions SET device = ?2 WHERE id = ?1";
        db.prepare_cached(sql)?.execute(params![new.token.id().0, device])?;
    }
    end(db, account, Ended::One(former), EndReason::Ended, notices)
}

pub(super) fn session(
    db: &Connection,
    token: SessionHash,
    life: SessionLife,
    now_ms: u64,
) -> Result<Option<Session>> {
    let (oldest, stalest) = ends(life, now_ms);
    // Whoever is banned has no sessions; this holds even if one were left.
    let sql = "-- session()
        SELECT s.id, s.account, s.created_at_ms, s.last_used_at_ms, s.token_at_ms, s.token_hash = ?1,
            s.former_until_ms
        FROM sessions s JOIN accounts a ON a.account = s.account
        WHERE (s.token_hash = ?1 OR (s.former_hash = ?1 AND s.former_until_ms > ?4))
            AND s.created_at_ms > ?2 AND s.last_used_at_ms > ?3 AND a.status <> 2";
    let found = db.prepare_cached(sql)?.query_row(params![token.0, oldest, stalest, signed(now_ms)], |row| {
        let times = [unsigned(row.get(2)?), unsigned(row.get(3)?), unsigned(row.get(4)?)];
        Ok((id(row, 0)?, id(row, 1)?, times, row.get::<_, bool>(5)?, row.get::<_, i64>(6)?))
    });
    let Some((id, account, times, by_newest, former_until_ms)) = found.optional()? else {
        return Ok(None);
    };
    let [created_at_ms, last_used_at_ms, token_at_ms] = times;
    let info = accounts::info(db, account)?.ok_or(StoreError::Internal)?;
    let (by_former, unconfirmed) = (!by_newest, former_until_ms == UNCONFIRMED);
    Ok(Some(Session { id, token, info, created_at_ms, last_used_at_ms, token_at_ms, by_former, unconfirmed }))
}

/// Refuses a write of a session that has ended.
pub(super) fn check(db: &Connection, by: Caller) -> Result<()> {
    let sql = "-- session_lives()
        SELECT 1 FROM sessions WHERE id = ?1 AND account = ?2";
    if db.prepare_cached(sql)?.exists(params![by.session.0, by.account.0])? {
        Ok(())
    } else {
        Err(StoreError::SessionEnded)
    }
}

/// The sessions of an account, the newest first.
pub(super) fn list(
    db: &Connection,
    account: AccountId,
    life: SessionLife,
    now_ms: u64,
) -> Result<Vec<SessionRow>> {
    let (oldest, stalest) = ends(life, now_ms);
    let sql = "-- sessions()
        SELECT id, device, created_at_ms, last_used_at_ms FROM sessions
        WHERE account = ?1 AND created_at_ms > ?2 AND last_used_at_ms > ?3
        ORDER BY last_used_at_ms DESC, created_at_ms DESC, id LIMIT ?4";
    let mut statement = db.prepare_cached(sql)?;
    let rows = statement.query_map(params![account.0, oldest, stalest, limits::SESSIONS_LISTED], |row| {
        Ok(SessionEntry {
            id: id(row, 0)?,
            device: row.get(1)?,
            created_at_ms: unsigned(row.get(2)?),
            last_used_at_ms: unsigned(row.get(3)?),
            current: false,
            live: false,
        })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Notes the use of a session, and that its account was there.
pub(super) fn touch(db: &Connection, session: SessionId, now_ms: u64) -> Result<()> {
    let sql = "-- touch_session()
        UPDATE sessions SET last_used_at_ms = max(last_used_at_ms, ?2) WHERE id = ?1 RETURNING account";
    let account: Option<AccountId> =
        db.prepare_cached(sql)?.query_row(params![session.0, signed(now_ms)], |row| id(row, 0)).optional()?;
    account.map_or(Ok(()), |account| seen(db, account, now_ms))
}

fn seen(db: &Connection, account: AccountId, now_ms: u64) -> Result<()> {
    let sql = "-- account_seen()
        UPDATE accounts SET last_seen_at_ms = max(last_seen_at_ms, ?2) WHERE account = ?1";
    db.prepare_cached(sql)?.execute(params![account.0, signed(now_ms)])?;
    Ok(())
}

/// Replaces a session's token; `false` when somebody else has done so since it was read. The old one works until the new
/// one was shown, whose cookie may get lost on the way.
pub(super) fn renew_token(
    db: &Connection,
    session: SessionId,
    (old, new): (SessionHash, SessionHash),
    now_ms: u64,
) -> Result<bool> {
    let sql = "-- renew_token()
        UPDATE sessions SET token_hash = ?3, token_at_ms = ?4, former_hash = ?2, former_until_ms = ?5
        WHERE id = ?1 AND (token_hash = ?2 OR (former_hash = ?2 AND former_until_ms = ?5))";
    let changed =
        db.prepare_cached(sql)?.execute(params![session.0, old.0, new.0, signed(now_ms), UNCONFIRMED])?;
    Ok(changed > 0)
}

/// The newest token has arrived. The one before works for a little longer: requests with it are under way.
pub(super) fn confirm_token(db: &Connection, session: SessionId, now_ms: u64) -> Result<()> {
    let grace = u64::try_from(limits::FORMER_TOKEN.as_millis()).unwrap_or(u64::MAX);
    let sql = "-- confirm_token()
        UPDATE sessions SET former_until_ms = ?2 WHERE id = ?1 AND former_until_ms = ?3";
    db.prepare_cached(sql)?.execute(params![session.0, signed(now_ms.saturating_add(grace)), UNCONFIRMED])?;
    Ok(())
}

/// Ends sessions of an account from one of them, which is recorded. Those that began later stay: whoever stole a session
/// could otherwise keep out the owner, who logs in anew.
pub(super) fn end_from(
    db: &Connection,
    Caller { account, session, .. }: Caller,
    which: Ended,
    now_ms: u64,
    notices: &mut Vec<Notice>,
) -> Result<()> {
    let sql = "-- sessions_to_end()
        SELECT s.id, s.created_at_ms <= own.created_at_ms FROM sessions s JOIN sessions own ON own.id = ?2
        WHERE s.account = ?1";
    let mut statement = db.prepare_cached(sql)?;
    let rows = statement
        .query_map(params![account.0, session.0], |row| {
            Ok((id::<_, SessionId>(row, 0)?, row.get::<_, bool>(1)?))
        })?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    let meant = |found: &SessionId| match which {
        Ended::All => true,
        Ended::One(one) => *found == one,
        Ended::AllBut(kept) => *found != kept,
    };
    let meant: Vec<_> = rows.into_iter().filter(|(found, _)| meant(found)).collect();
    if meant.is_empty() && matches!(which, Ended::One(_)) {
        return Err(StoreError::NotFound);
    }
    if meant.iter().any(|(_, began_before)| !began_before) {
        return Err(StoreError::SessionIsNewer);
    }
    let ended = meant.len();
    for (one, _) in meant {
        end(db, account, Ended::One(one), EndReason::Ended, notices)?;
    }
    if ended == 0 {
        return Ok(());
    }
    let detail = if ended == 1 { "one".to_owned() } else { ended.to_string() };
    audit::record_own(db, now_ms, account, AuditKind::SessionEnded, &detail)
}

/// Ends sessions of an account. Streams are told, also those whose session is gone already.
pub(super) fn end(
    db: &Connection,
    account: AccountId,
    which: Ended,
    reason: EndReason,
    notices: &mut Vec<Notice>,
) -> Result<()> {
    let (sql, session) = match which {
        Ended::All => (
            "-- end_sessions()
            DELETE FROM sessions WHERE account = ?1 AND id <> ?2",
            SessionId([0; 16]),
        ),
        Ended::One(one) => (
            "-- end_session()
            DELETE FROM sessions WHERE account = ?1 AND id = ?2",
            one,
        ),
        Ended::AllBut(kept) => (
            "-- end_other_sessions()
            DELETE FROM sessions WHERE account = ?1 AND id <> ?2",
            kept,
        ),
    };
    let ended = db.prepare_cached(sql)?.execute(params![account.0, session.0])?;
    if ended == 0 && matches!(which, Ended::One(_)) {
        return Err(StoreError::NotFound);
    }
    notices.push(Notice::Ended { account, which, reason });
    Ok(())
}

/// Forgets sessions that are over, and tells their streams.
pub(super) fn sweep(
    db: &Connection,
    life: SessionLife,
    now_ms: u64,
    notices: &mut Vec<Notice>,
) -> Result<u64> {
    let (oldest, stalest) = ends(life, now_ms);
    let sql = "-- sweep_sessions()
        DELETE FROM sessions WHERE created_at_ms <= ?1 OR last_used_at_ms <= ?2 RETURNING account, id";
    let mut statement = db.prepare_cached(sql)?;
    let gone = statement.query_map(params![oldest, stalest], |row| Ok((id(row, 0)?, id(row, 1)?)))?;
    let mut swept = 0_u64;
    for row in gone {
        let (account, session) = row?;
        notices.push(Notice::Ended { account, which: Ended::One(session), reason: EndReason::Expired });
        swept = swept.saturating_add(1);
    }
    Ok(swept)
}

/// Ends those sessions beyond [`limits::SESSIONS_PER_ACCOUNT`] that were unused for longest, never the one given.
pub(super) fn prune(
    db: &Connection,
    account: AccountId,
    kept: SessionId,
    notices: &mut Vec<Notice>,
) -> Result<()> {
    let sql = "-- sessions_beyond()
        SELECT id FROM sessions WHERE account = ?1 AND id <> ?2 ORDER BY last_used_at_ms DESC LIMIT -1 OFFSET ?3";
    let mut statement = db.prepare_cached(sql)?;
    let others = limits::SESSIONS_PER_ACCOUNT.saturating_sub(1);
    let beyond = statement
        .query_map(params![account.0, kept.0, others], |row| id(row, 0))?
        .collect::<rusqlite::Result<Vec<SessionId>>>()?;
    for session in beyond {
        end(db, account, Ended::One(session), EndReason::Ended, notices)?;
    }
    Ok(())
}

/// Sessions begun at the first time or earlier, or last used at the second or earlier, are over.
fn ends(life: SessionLife, now_ms: u64) -> (i64, i64) {
    let before = |span: std::time::Duration| {
        let span = u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
        // Nothing is older than the beginning of time, even when a test's clock starts there.
        now_ms.checked_sub(span).map_or(-1, signed)
    };
    (before(life.absolute), before(life.idle))
}
