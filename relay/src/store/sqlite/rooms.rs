//! Rooms and their members.

use std::collections::HashSet;

use rusqlite::{Connection, OptionalExtension as _, params};
use waxwing_wire::{
    AccountId, Opaque, RoomId, Seq,
    frame::{Cursor, RoomSummary},
    limits as shared,
};

use super::{guests, id, people, signed, unsigned};
use crate::store::{Notice, Result, StoreError};

/// Level of a room's creator.
pub(super) const OWNER: u8 = 2;
/// Level that may change join methods.
pub(super) const MODERATOR: u8 = 1;
/// Deserted rooms that are deleted in one transaction.
const DESERTED_AT_ONCE: u32 = 100;

/// What a write needs to know of a room.
#[derive(Debug, Clone, Copy)]
pub(super) struct Room {
    pub num: i64,
    pub id: RoomId,
    /// Nobody, once that account was deleted.
    pub creator: Option<AccountId>,
    pub last_seq: Seq,
    pub last_commit: Seq,
    pub chain: [u8; 32],
}

impl Room {
    pub(super) fn summary(&self) -> RoomSummary {
        RoomSummary { room: self.id, last_seq: self.last_seq, last_commit: self.last_commit, own: None }
    }
}

/// The room, whoever asks.
pub(super) fn find(db: &Connection, room: RoomId) -> Result<Option<Room>> {
    let sql = "-- room()
        SELECT num, creator, last_seq, last_commit, chain FROM rooms WHERE room = ?1";
    let found = db.prepare_cached(sql)?.query_row([room.0], |row| {
        Ok(Room {
            num: row.get(0)?,
            id: room,
            creator: row.get::<_, Option<[u8; 16]>>(1)?.map(AccountId),
            last_seq: unsigned(row.get(2)?),
            last_commit: unsigned(row.get(3)?),
            chain: row.get(4)?,
        })
    });
    Ok(found.optional()?)
}

/// The room, for a member of it. Whoever is not one learns nothing about it.
pub(super) fn for_member(db: &Connection, account: AccountId, room: RoomId) -> Result<Room> {
    let room = find(db, room)?.ok_or(StoreError::NotFound)?;
    if is_member(db, &room, account)? { Ok(room) } else { Err(StoreError::NotFound) }
}

pub(super) fn is_member(db: &Connection, room: &Room, account: AccountId) -> Result<bool> {
    let sql = "-- is_member()
        SELECT EXISTS (SELECT 1 FROM members WHERE room = ?1 AND account = ?2)";
    Ok(db.prepare_cached(sql)?.query_row(params![room.num, account.0], |row| row.get(0))?)
}

/// The level that counts for a member: its own, or the highest where nobody has that and it has the highest there is.
pub(super) fn level(db: &Connection, room: &Room, account: AccountId) -> Result<Option<u8>> {
    let sql = "-- level()
        SELECT level, (SELECT max(level) FROM members WHERE room = ?1) FROM members WHERE room = ?1 AND account = ?2";
    let found: Option<(u8, u8)> = db
        .prepare_cached(sql)?
        .query_row(params![room.num, account.0], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    Ok(found.map(|(own, highest)| if own == highest { OWNER } else { own }))
}

/// The level as it was told.
pub(super) fn told_level(db: &Connection, room: &Room, account: AccountId) -> Result<Option<u8>> {
    let sql = "-- told_level()
        SELECT level FROM members WHERE room = ?1 AND account = ?2";
    Ok(db.prepare_cached(sql)?.query_row(params![room.num, account.0], |row| row.get(0)).optional()?)
}

/// Sets the levels of all members: those named, and 0 for the others.
pub(super) fn set_levels(db: &Connection, room: &Room, levels: &[(AccountId, u8)]) -> Result<()> {
    let sql = "-- reset_levels()
        UPDATE members SET level = 0 WHERE room = ?1 AND level > 0";
    db.prepare_cached(sql)?.execute([room.num])?;
    let sql = "-- set_level()
        UPDATE members SET level = ?3 WHERE room = ?1 AND account = ?2";
    for (account, level) in levels {
        if db.prepare_cached(sql)?.execute(params![room.num, account.0, level])? == 0 {
            return Err(StoreError::Invalid("only members have a level"));
        }
    }
    Ok(())
}

pub(super) fn ids(db: &Connection, account: AccountId) -> Result<Vec<RoomId>> {
    let sql = "-- room_ids()
        SELECT r.room FROM members m JOIN rooms r ON r.num = m.room WHERE m.account = ?1";
    let mut statement = db.prepare_cached(sql)?;
    let rows = statement.query_map([account.0], |row| id(row, 0))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Every room of an account, the one last written to first; and those in which a cursor is behind.
pub(super) fn summaries(
    db: &Connection,
    account: AccountId,
    cursors: &[Cursor],
) -> Result<(Vec<RoomSummary>, Vec<RoomSummary>)> {
    let sql = "-- room_summaries()
        SELECT r.room, r.last_seq, r.last_commit, k.own FROM members m JOIN rooms r ON r.num = m.room
        LEFT JOIN marks k ON k.room = m.room AND k.account = m.account
        WHERE m.account = ?1 ORDER BY coalesce(r.last_entry_ms, r.created_at_ms) DESC, r.num DESC";
    let mut statement = db.prepare_cached(sql)?;
    let rows = statement.query_map([account.0], |row| {
        Ok(RoomSummary {
            room: id(row, 0)?,
            last_seq: unsigned(row.get(1)?),
            last_commit: unsigned(row.get(2)?),
            own: row.get::<_, Option<Vec<u8>>>(3)?.map(Opaque),
        })
    })?;
    let mut all = rows.collect::<rusqlite::Result<Vec<_>>>()?;
    bound_own_marks(&mut all);
    let read: std::collections::HashMap<_, _> =
        cursors.iter().map(|cursor| (cursor.room, cursor.seq)).collect();
    let is_behind = |room: &&RoomSummary| read.get(&room.room).is_some_and(|seq| *seq < room.last_seq);
    let behind = all.iter().filter(is_behind).cloned().collect();
    Ok((all, behind))
}

/// Leaves own marks out where all of them would be too many bytes for one answer.
fn bound_own_marks(all: &mut [RoomSummary]) {
    let mut left = shared::OWN_MARKS_BYTES;
    for room in all {
        match room.own.as_ref().map(|own| left.checked_sub(own.len())) {
            Some(Some(rest)) => left = rest,
            Some(None) => room.own = None,
            None => {}
        }
    }
}

pub(super) fn members(db: &Connection, account: AccountId, room: RoomId) -> Result<Vec<AccountId>> {
    let room = for_member(db, account, room)?;
    let sql = "-- members()
        SELECT account FROM members WHERE room = ?1 ORDER BY account";
    let mut statement = db.prepare_cached(sql)?;
    let rows = statement.query_map([room.num], |row| id(row, 0))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Makes an account a member, by itself or by another one; `false` when it is one already, whose level stays.
pub(super) fn add_member(
    db: &Connection,
    room: &Room,
    (account, level): (AccountId, u8),
    by: AccountId,
    now_ms: u64,
    notices: &mut Vec<Notice>,
) -> Result<bool> {
    if is_member(db, room, account)? {
        return Ok(false);
    }
    let sql = "-- member_counts()
        SELECT (SELECT count(*) FROM members WHERE room = ?1), (SELECT count(*) FROM members WHERE account = ?2)";
    let (in_room, of_account): (usize, usize) = db
        .prepare_cached(sql)?
        .query_row(params![room.num, account.0], |row| Ok((row.get(0)?, row.get(1)?)))?;
    if in_room >= shared::ROOM_MEMBERS {
        return Err(StoreError::RoomFull);
    }
    if of_account >= shared::ROOMS_PER_ACCOUNT {
        return Err(StoreError::LimitReached("the account is in too many rooms"));
    }
    if by != account && guests::is_one(db, account)? {
        return Err(StoreError::IsGuest);
    }
    // Whoever is blocked is not told so: the answer is that of an account with many rooms.
    if by != account && (of_account >= shared::ROOMS_ADDED || people::blocks(db, account, by)?) {
        const MANY: &str =
            "the account is in so many rooms that it can only join more by itself, with an invite";
        return Err(StoreError::LimitReached(MANY));
    }
    let sql = "-- add_member()
        INSERT INTO members (room, account, level, joined_at_ms) VALUES (?1, ?2, ?3, ?4)";
    db.prepare_cached(sql)?.execute(params![room.num, account.0, level, signed(now_ms)])?;
    notices.push(Notice::Joined { account, summary: room.summary() });
    Ok(true)
}

/// A member has written a message: from now on those in the room may see when it is there.
pub(super) fn spoke(
    db: &Connection,
    room: &Room,
    account: AccountId,
    notices: &mut Vec<Notice>,
) -> Result<()> {
    let sql = "-- spoke()
        UPDATE members SET spoke = 1 WHERE room = ?1 AND account = ?2 AND spoke = 0";
    if db.prepare_cached(sql)?.execute(params![room.num, account.0])? > 0 {
        notices.push(Notice::Spoke { account, room: room.id });
    }
    Ok(())
}

/// Rooms in which an account has written a message since it came in.
pub(super) fn spoken(db: &Connection, account: AccountId) -> Result<HashSet<RoomId>> {
    let sql = "-- spoken()
        SELECT r.room FROM members m JOIN rooms r ON r.num = m.room WHERE m.account = ?1 AND m.spoke = 1";
    let mut statement = db.prepare_cached(sql)?;
    let rows = statement.query_map([account.0], |row| id(row, 0))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Ends a membership with what the account kept for going on; its keyring stays, for the day it comes back.
pub(super) fn remove_member(
    db: &Connection,
    room: &Room,
    account: AccountId,
    notices: &mut Vec<Notice>,
) -> Result<()> {
    let sql = "-- remove_member()
        DELETE FROM members WHERE room = ?1 AND account = ?2";
    if db.prepare_cached(sql)?.execute(params![room.num, account.0])? == 0 {
        return Ok(());
    }
    let sql = "-- forget_snapshots()
        DELETE FROM snapshots WHERE room = ?1 AND account = ?2";
    db.prepare_cached(sql)?.execute(params![room.num, account.0])?;
    let sql = "-- forget_welcome()
        DELETE FROM welcomes WHERE room = ?1 AND account = ?2";
    db.prepare_cached(sql)?.execute(params![room.num, account.0])?;
    notices.push(Notice::Left { account, room: room.id });
    Ok(())
}

/// Deletes a room that nobody is in and nobody can come into, with everything in it. What stays for a while is by which
/// statement each account left: its other sessions may not have heard of it.
pub(super) fn forget_if_deserted(db: &Connection, room: &Room, now_ms: u64) -> Result<()> {
    let sql = "-- is_inhabited()
        SELECT EXISTS (SELECT 1 FROM members WHERE room = ?1) OR EXISTS (SELECT 1 FROM join_methods
            WHERE room = ?1 AND (expires_at_ms IS NULL OR expires_at_ms > ?2))";
    if db.prepare_cached(sql)?.query_row(params![room.num, signed(now_ms)], |row| row.get(0))? {
        return Ok(());
    }
    let sql = "-- keep_leaves()
        INSERT OR REPLACE INTO left_rooms (room, account, seq, after_commit, entry, received_at_ms, bytes)
        SELECT ?2, sender, max(seq), after_commit, entry, received_at_ms, bytes FROM log_entries
        WHERE room = ?1 AND kind = 4 AND bytes IS NOT NULL AND sender IN (SELECT account FROM accounts)
        GROUP BY sender";
    db.prepare_cached(sql)?.execute(params![room.num, room.id.0])?;
    let sql = "-- forget_room()
        DELETE FROM rooms WHERE num = ?1";
    db.prepare_cached(sql)?.execute([room.num])?;
    Ok(())
}

/// Deletes rooms whose last way in has expired since the last member left.
pub(super) fn sweep_deserted(db: &Connection, now_ms: u64) -> Result<()> {
    let sql = "-- deserted_rooms()
        SELECT r.room FROM rooms r WHERE NOT EXISTS (SELECT 1 FROM members m WHERE m.room = r.num)
        AND EXISTS (SELECT 1 FROM join_methods j WHERE j.room = r.num AND j.expires_at_ms <= ?1) LIMIT ?2";
    let mut statement = db.prepare_cached(sql)?;
    let rows = statement.query_map(params![signed(now_ms), DESERTED_AT_ONCE], |row| id(row, 0))?;
    for room in rows.collect::<rusqlite::Result<Vec<RoomId>>>()? {
        if let Some(room) = find(db, room)? {
            forget_if_deserted(db, &room, now_ms)?;
        }
    }
    Ok(())
}

/// Whether a room of this id was there and is deleted.
pub(super) fn was_left(db: &Connection, room: RoomId) -> Result<bool> {
    let sql = "-- was_left()
        SELECT EXISTS (SELECT 1 FROM left_rooms WHERE room = ?1)";
    Ok(db.prepare_cached(sql)?.query_row([room.0], |row| row.get(0))?)
}

/// Forgets how accounts left rooms before this time: no session from then is alive.
pub(super) fn sweep_left(db: &Connection, before_ms: u64) -> Result<()> {
    let sql = "-- sweep_left_rooms()
        DELETE FROM left_rooms WHERE received_at_ms < ?1";
    db.prepare_cached(sql)?.execute([signed(before_ms)])?;
    Ok(())
}
