//! Invite codes, as administrators make and revoke them.

use rusqlite::{Connection, params};
use waxwing_wire::{
    AccountId,
    admin::{AuditKind, InviteList, InviteRecord, MakeInvite},
    limits as shared,
};

use super::{
    super::{
        audit::{self, Target},
        signed, unsigned,
    },
    check,
};
use crate::store::{Result, StoreError};

pub(in crate::store::sqlite) fn list(db: &Connection, now_ms: u64) -> Result<InviteList> {
    let sql = "-- invites()
        SELECT i.id, a.username, i.uses_left, i.expires_at_ms, i.created_at_ms, i.note
        FROM invites i LEFT JOIN accounts a ON a.account = i.maker
        WHERE i.uses_left > 0 AND (i.expires_at_ms IS NULL OR i.expires_at_ms > ?1) ORDER BY i.id DESC LIMIT ?2";
    let mut statement = db.prepare_cached(sql)?;
    let rows = statement.query_map(params![signed(now_ms), shared::INVITES], |row| {
        let note: String = row.get(5)?;
        Ok(InviteRecord {
            id: unsigned(row.get(0)?),
            maker: row.get(1)?,
            uses_left: row.get(2)?,
            expires_at_ms: row.get::<_, Option<i64>>(3)?.map(unsigned),
            created_at_ms: unsigned(row.get(4)?),
            note: Some(note).filter(|note| !note.is_empty()),
        })
    })?;
    Ok(InviteList { invites: rows.collect::<rusqlite::Result<_>>()? })
}

/// Keeps a new code by its hash. Codes that are used up or past their date are forgotten on the way.
pub(in crate::store::sqlite) fn put(
    db: &Connection,
    actor: AccountId,
    (code_hash, new): ([u8; 32], &MakeInvite),
    now_ms: u64,
) -> Result<u64> {
    check(db, actor)?;
    let sql = "-- forget_invites()
        DELETE FROM invites WHERE uses_left = 0 OR expires_at_ms <= ?1";
    db.prepare_cached(sql)?.execute([signed(now_ms)])?;
    let sql = "-- count_invites()
        SELECT count(*) FROM invites";
    let count: usize = db.prepare_cached(sql)?.query_row([], |row| row.get(0))?;
    if count >= shared::INVITES {
        return Err(StoreError::LimitReached("many invite codes are open already; revoke some"));
    }
    let sql = "-- put_invite()
        INSERT INTO invites (code_hash, maker, uses_left, expires_at_ms, created_at_ms, note)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6) RETURNING id";
    let note = new.note.as_deref().unwrap_or_default();
    let expires = new.expires_at_ms.map(signed);
    let number: i64 = db
        .prepare_cached(sql)?
        .query_row(params![code_hash, actor.0, new.uses, expires, signed(now_ms), note], |row| row.get(0))?;
    let number = unsigned(number);
    let detail = format!(
        "for {} {note}",
        if new.uses == 1 { "one account".into() } else { format!("{} accounts", new.uses) }
    );
    audit::record(db, now_ms, Some(actor), AuditKind::InviteMade, Target::Invite(number), detail.trim_end())?;
    Ok(number)
}

pub(in crate::store::sqlite) fn revoke(
    db: &Connection,
    (actor, number): (AccountId, u64),
    now_ms: u64,
) -> Result<()> {
    check(db, actor)?;
    let sql = "-- revoke_invite()
        DELETE FROM invites WHERE id = ?1";
    if db.prepare_cached(sql)?.execute([signed(number)])? == 0 {
        return Err(StoreError::NotFound);
    }
    audit::record(db, now_ms, Some(actor), AuditKind::InviteRevoked, Target::Invite(number), "")
}

/// Revokes all that an account has made.
pub(super) fn revoke_of(db: &Connection, (actor, maker): (AccountId, AccountId), now_ms: u64) -> Result<()> {
    let sql = "-- revoke_invites_of()
        DELETE FROM invites WHERE maker = ?1 RETURNING id";
    let mut statement = db.prepare_cached(sql)?;
    let numbers = statement.query_map([maker.0], |row| row.get(0))?;
    for number in numbers.collect::<rusqlite::Result<Vec<i64>>>()? {
        let target = Target::Invite(unsigned(number));
        let detail = "its maker does not administrate any more";
        audit::record(db, now_ms, Some(actor), AuditKind::InviteRevoked, target, detail)?;
    }
    Ok(())
}
