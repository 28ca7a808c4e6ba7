//! Ways into a room: the methods, who may use them, and what they need.

use std::collections::BTreeSet;

use rusqlite::{Connection, OptionalExtension as _, params};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use waxwing_wire::{
    AccountId, EpochId, MethodId, Opaque, RoomId, Seq,
    account::KsfParams,
    frame::{EpochParts, JoinMethod, JoinProof, RoomPassword},
    ids::RoomHandle,
    limits as shared,
};

use super::{
    epochs::check_sealed,
    id, published,
    rooms::{self, Room},
    sealed, signed, unsigned,
};
use crate::{
    limits,
    store::{JoinInfo, Result, RoomCredentials, StoreError},
};

/// Ids of the methods that let into a room now.
pub(super) fn ids(db: &Connection, room: &Room, now_ms: u64) -> Result<BTreeSet<MethodId>> {
    let sql = "-- join_methods()
        SELECT method FROM join_methods WHERE room = ?1 AND (expires_at_ms IS NULL OR expires_at_ms > ?2)";
    let mut statement = db.prepare_cached(sql)?;
    let rows = statement.query_map(params![room.num, signed(now_ms)], |row| id(row, 0))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// What can be said of new methods without looking into the database.
pub(super) fn check(parts: &EpochParts) -> Result<()> {
    let methods = parts.methods.as_deref().unwrap_or_default();
    if methods.len() > shared::JOIN_METHODS || parts.keep.len() > shared::JOIN_METHODS {
        return Err(MORE_WAYS_IN);
    }
    if let [one, other] = methods
        && one.id == other.id
    {
        return Err(StoreError::Invalid("a join method is named twice"));
    }
    for password in methods.iter().filter_map(|method| method.password.as_ref()) {
        if password.record.len() != shared::ROOM_RECORD_BYTES {
            return Err(StoreError::Invalid("the record of a room password has another length"));
        }
        check_sealed(&password.sealed, "what a room password opens", shared::ROOM_BLOB_BYTES)?;
    }
    Ok(())
}

/// Drops methods that are not to be kept, as far as the author may, and adds new ones. Links that have expired stay for a while, so that whoever
/// opens one is told that it has.
pub(super) fn change(
    db: &Connection,
    room: &Room,
    (author, level): (AccountId, u8),
    parts: &EpochParts,
    now_ms: u64,
) -> Result<()> {
    let keep: BTreeSet<_> = parts.keep.iter().collect();
    let may_drop = level >= rooms::MODERATOR;
    let sql = "-- drop_join_method()
        DELETE FROM join_methods WHERE room = ?1 AND method = ?2 AND (?3 OR maker NOT IN (
            SELECT account FROM members WHERE room = ?1))";
    for method in ids(db, room, now_ms)?.iter().filter(|method| !keep.contains(method)) {
        db.prepare_cached(sql)?.execute(params![room.num, method.0, may_drop])?;
    }
    forget_expired(db, room, now_ms)?;
    for method in parts.methods.as_deref().unwrap_or_default() {
        insert(db, room, author, method)?;
    }
    let sql = "-- count_join_methods()
        SELECT count(*), count(p.handle) FROM join_methods j
        LEFT JOIN room_passwords p ON p.room = j.room AND p.method = j.method
        WHERE j.room = ?1 AND (j.expires_at_ms IS NULL OR j.expires_at_ms > ?2)";
    let (all, passwords): (i64, i64) = db
        .prepare_cached(sql)?
        .query_row(params![room.num, signed(now_ms)], |row| Ok((row.get(0)?, row.get(1)?)))?;
    if passwords > 1 || all > passwords.saturating_add(1) { Err(MORE_WAYS_IN) } else { Ok(()) }
}

/// Of methods that have expired the newest links stay; a password's name is free for others at once.
fn forget_expired(db: &Connection, room: &Room, now_ms: u64) -> Result<()> {
    let sql = "-- forget_expired_methods()
        DELETE FROM join_methods WHERE room = ?1 AND expires_at_ms <= ?2 AND (
            method IN (SELECT method FROM room_passwords WHERE room = ?1)
            OR method NOT IN (SELECT method FROM join_methods WHERE room = ?1 AND expires_at_ms <= ?2
                              ORDER BY expires_at_ms DESC LIMIT ?3))";
    db.prepare_cached(sql)?.execute(params![room.num, signed(now_ms), limits::EXPIRED_LINKS])?;
    Ok(())
}

const MORE_WAYS_IN: StoreError =
    StoreError::LimitReached("a room has one link and one password, no more ways in");

/// Adds a method, in the place of one with the same id.
fn insert(db: &Connection, room: &Room, maker: AccountId, method: &JoinMethod) -> Result<()> {
    let sql = "-- forget_join_method()
        DELETE FROM join_methods WHERE room = ?1 AND method = ?2";
    db.prepare_cached(sql)?.execute(params![room.num, method.id.0])?;
    let sql = "-- put_join_method()
        INSERT INTO join_methods (room, method, maker, token_hash, expires_at_ms) VALUES (?1, ?2, ?3, ?4, ?5)";
    let end = method.expires_at_ms.map(signed);
    db.prepare_cached(sql)?.execute(params![room.num, method.id.0, maker.0, method.token_hash.0, end])?;
    method.password.as_ref().map_or(Ok(()), |password| insert_password(db, room, method.id, password))
}

fn insert_password(db: &Connection, room: &Room, method: MethodId, new: &RoomPassword) -> Result<()> {
    let sql = "-- put_room_password()
        INSERT INTO room_passwords (handle, room, method, opaque_record, ksf_memory_kib, ksf_iterations,
                                    ksf_parallelism, sealed)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT (handle) DO NOTHING";
    let made = db.prepare_cached(sql)?.execute(params![
        new.handle.0,
        room.num,
        method.0,
        new.record.as_bytes(),
        new.ksf.memory_kib,
        new.ksf.iterations,
        new.ksf.parallelism,
        new.sealed.as_bytes(),
    ])?;
    if made == 0 {
        let holder = holder_of(db, new.handle)?;
        return Err(if holder == Some(room.num) { MORE_WAYS_IN } else { TAKEN });
    }
    Ok(())
}

const TAKEN: StoreError =
    StoreError::Conflict("another room of this relay has a password under this name; choose another name");

/// The room that has a password under this handle.
fn holder_of(db: &Connection, handle: RoomHandle) -> Result<Option<i64>> {
    let sql = "-- room_of_handle()
        SELECT room FROM room_passwords WHERE handle = ?1";
    Ok(db.prepare_cached(sql)?.query_row([handle.0], |row| row.get(0)).optional()?)
}

/// Whether a room password may be set up under this handle, by this account.
pub(super) fn may_set_password(
    db: &Connection,
    account: AccountId,
    room: RoomId,
    handle: RoomHandle,
) -> Result<()> {
    let room = rooms::for_member(db, account, room)?;
    if rooms::level(db, &room, account)? < Some(rooms::MODERATOR) {
        return Err(StoreError::NotAllowed("only owners and moderators set a room's password"));
    }
    let holder = holder_of(db, handle)?;
    if holder.is_some_and(|holder| holder != room.num) { Err(TAKEN) } else { Ok(()) }
}

/// What a try of a room password is checked against.
pub(super) fn room_credentials(
    db: &Connection,
    handle: RoomHandle,
    now_ms: u64,
) -> Result<Option<RoomCredentials>> {
    let sql = "-- room_credentials()
        SELECT r.room, p.opaque_record, p.ksf_memory_kib, p.ksf_iterations, p.ksf_parallelism, p.sealed
        FROM room_passwords p JOIN rooms r ON r.num = p.room
        JOIN join_methods j ON j.room = p.room AND j.method = p.method
        WHERE p.handle = ?1 AND (j.expires_at_ms IS NULL OR j.expires_at_ms > ?2)";
    let found = db.prepare_cached(sql)?.query_row(params![handle.0, signed(now_ms)], |row| {
        Ok(RoomCredentials {
            room: id(row, 0)?,
            opaque_record: row.get(1)?,
            ksf: KsfParams { memory_kib: row.get(2)?, iterations: row.get(3)?, parallelism: row.get(4)? },
            sealed: sealed(row, 5)?,
        })
    });
    Ok(found.optional()?)
}

/// Checks a proof of a join method. An unknown room answers like an unknown method.
pub(super) fn check_proof(db: &Connection, room: &Room, proof: &JoinProof, now_ms: u64) -> Result<()> {
    let sql = "-- join_method()
        SELECT token_hash, expires_at_ms FROM join_methods WHERE room = ?1 AND method = ?2";
    let stored: Option<([u8; 32], Option<i64>)> = db
        .prepare_cached(sql)?
        .query_row(params![room.num, proof.method.0], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let (token_hash, expires_at_ms) = stored.ok_or(StoreError::LinkInvalid)?;
    let shown: [u8; 32] = Sha256::digest(proof.token.as_bytes()).into();
    if !bool::from(shown.ct_eq(&token_hash)) {
        return Err(StoreError::LinkInvalid);
    }
    if expires_at_ms.is_some_and(|end| unsigned(end) <= now_ms) {
        return Err(StoreError::LinkExpired);
    }
    Ok(())
}

/// What a holder of a method needs to join, from the newest epoch whose commit number is below `before`.
pub(super) fn join_info(
    db: &Connection,
    room: RoomId,
    proof: &JoinProof,
    before: Seq,
    now_ms: u64,
) -> Result<JoinInfo> {
    let room = rooms::find(db, room)?.ok_or(StoreError::LinkInvalid)?;
    check_proof(db, &room, proof, now_ms)?;
    let sql = "-- commit_before()
        SELECT e.commit_seq, e.epoch FROM epochs e
        WHERE e.room = ?1 AND e.commit_seq < ?2
            AND EXISTS (SELECT 1 FROM public_states p WHERE p.room = e.room AND p.commit_seq = e.commit_seq)
        ORDER BY e.commit_seq DESC LIMIT 1";
    let newest: Option<(i64, EpochId)> = db
        .prepare_cached(sql)?
        .query_row(params![room.num, signed(before)], |row| Ok((row.get(0)?, id(row, 1)?)))
        .optional()?;
    let (commit, claimed) = newest.ok_or(StoreError::NotFound)?;
    let epoch = epoch_of(db, &room, commit, claimed)?;
    let public_states = published::candidates(db, &room, epoch, None)?;
    if public_states.is_empty() {
        // Older epochs are not kept for whoever joins.
        return Err(StoreError::NotFound);
    }
    let sql = "-- join_packages()
        SELECT j.sealed FROM join_packages j
        JOIN epochs e ON e.room = j.room AND e.commit_seq = j.commit_seq
        LEFT JOIN members m ON m.room = j.room AND m.account = j.author
        WHERE j.room = ?1 AND j.commit_seq = ?2 AND j.epoch = ?3 AND j.method = ?4
        ORDER BY coalesce(m.level, 0) DESC, j.author = e.author DESC, j.rowid LIMIT ?5";
    let most = shared::PUBLISHED_AUTHORS;
    let mut statement = db.prepare_cached(sql)?;
    let packages = statement
        .query_map(params![room.num, commit, epoch.0, proof.method.0, most], |row| sealed(row, 0))?
        .collect::<rusqlite::Result<Vec<Opaque>>>()?;
    Ok(JoinInfo {
        epoch,
        commit: unsigned(commit),
        last_commit: room.last_commit,
        last_seq: room.last_seq,
        public_states,
        packages,
    })
}

/// The epoch that is named by the member of the highest level who published for a commit; of equals, by the commit's
/// author, then by whoever came first. An author who lies about it is overruled by a moderator who notices, and by
/// nobody of a lower level.
fn epoch_of(db: &Connection, room: &Room, commit: i64, claimed: EpochId) -> Result<EpochId> {
    let sql = "-- epoch_of_commit()
        SELECT p.epoch FROM public_states p JOIN epochs e ON e.room = p.room AND e.commit_seq = p.commit_seq
        LEFT JOIN members m ON m.room = p.room AND m.account = p.author
        WHERE p.room = ?1 AND p.commit_seq = ?2
        ORDER BY coalesce(m.level, 0) DESC, p.author = e.author DESC, p.rowid LIMIT 1";
    let found = db.prepare_cached(sql)?.query_row(params![room.num, commit], |row| id(row, 0)).optional()?;
    Ok(found.unwrap_or(claimed))
}
