//! Rooms: the list of them, removing one, removing the ciphertext of a message.

use rusqlite::{Connection, params, types::Value};
use waxwing_wire::{
    AccountId, RoomId, Seq,
    admin::{AuditKind, RoomList, RoomQuery, RoomRecord, RoomSort},
};

use super::{
    super::{
        audit::{self, Target},
        erase, id, rooms, unsigned,
    },
    check, page,
    place::{Place, cut, direction},
};
use crate::store::{Notice, Result, StoreError};

pub(in crate::store::sqlite) fn list(db: &Connection, query: &RoomQuery) -> Result<RoomList> {
    let column = match query.sort {
        RoomSort::Size => "bytes",
        RoomSort::Activity => "activity",
        RoomSort::Members => "members",
        RoomSort::Created => "created",
    };
    let (direction, beyond) = direction(query.order);
    let (key, last) = Place::parse(query.after.as_deref())?;
    let most = page(query.limit)?;
    let sql = format!(
        "-- rooms_of_relay()
        WITH r AS (SELECT room AS id, (SELECT count(*) FROM members m WHERE m.room = rooms.num) AS members,
                last_seq AS entries, bytes, created_at_ms AS created, last_entry_ms,
                coalesce(last_entry_ms, 0) AS activity FROM rooms)
        SELECT id, members, entries, bytes, created, last_entry_ms, {column} FROM r
        WHERE ?1 IS NULL OR ({column}, id) {beyond} (?1, ?2) ORDER BY {column} {direction}, id {direction} LIMIT ?3"
    );
    let mut statement = db.prepare_cached(&sql)?;
    let rows = statement.query_map(params![key, last, most.saturating_add(1)], |row| {
        let room = RoomRecord {
            room: id(row, 0)?,
            members: row.get(1)?,
            entries: unsigned(row.get(2)?),
            bytes: unsigned(row.get(3)?),
            created_at_ms: unsigned(row.get(4)?),
            last_entry_at_ms: row.get::<_, Option<i64>>(5)?.map(unsigned),
        };
        Ok((room, row.get::<_, Value>(6)?))
    })?;
    let mut found = Vec::new();
    for row in rows {
        let (room, key) = row?;
        let place = Place::new(key, &room.room.0).ok_or(StoreError::Internal)?;
        found.push((room, place));
    }
    let (rooms, next) = cut(found, most);
    let sql = "-- count_rooms()
        SELECT count(*) FROM rooms";
    let total: i64 = db.prepare_cached(sql)?.query_row([], |row| row.get(0))?;
    Ok(RoomList { rooms, total: unsigned(total), next })
}

/// Removes a room with its log and all that belongs to it. Its members are told as if they had been put out.
pub(in crate::store::sqlite) fn remove(
    db: &Connection,
    (actor, room): (AccountId, RoomId),
    reason: &str,
    now_ms: u64,
    notices: &mut Vec<Notice>,
) -> Result<()> {
    check(db, actor)?;
    let found = rooms::find(db, room)?.ok_or(StoreError::NotFound)?;
    let sql = "-- members_of_removed()
        SELECT account FROM members WHERE room = ?1";
    let mut statement = db.prepare_cached(sql)?;
    let members = statement.query_map([found.num], |row| id(row, 0))?;
    for account in members {
        notices.push(Notice::Left { account: account?, room });
    }
    let sql = "-- remove_room()
        DELETE FROM rooms WHERE num = ?1";
    db.prepare_cached(sql)?.execute([found.num])?;
    audit::record(db, now_ms, Some(actor), AuditKind::RoomRemoved, Target::Room(room), reason)
}

/// Removes the ciphertext of a message. Digest and chain stay, so that what came before and after still verifies.
pub(in crate::store::sqlite) fn remove_entry(
    db: &Connection,
    actor: AccountId,
    (room, seq): (RoomId, Seq),
    reason: &str,
    now_ms: u64,
    notices: &mut Vec<Notice>,
) -> Result<()> {
    check(db, actor)?;
    let found = rooms::find(db, room)?.ok_or(StoreError::NotFound)?;
    let message = erase::find(db, &found, seq)?;
    if !erase::take(db, &found, message, notices)? {
        return Ok(());
    }
    audit::record(db, now_ms, Some(actor), AuditKind::MessageRemoved, Target::Entry(room, seq), reason)
}
