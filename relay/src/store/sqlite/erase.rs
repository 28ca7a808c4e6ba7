//! Taking the ciphertext of messages. Digest and chain stay, so that what came before and after still verifies.

use rusqlite::{Connection, OptionalExtension as _, params};
use waxwing_wire::{
    AccountId, Opaque, RoomId, Seq,
    frame::{EntryKind, LogEntry},
    limits as shared,
};

use super::{
    id,
    rooms::{self, Room},
    signed, unsigned,
};
use crate::store::{Notice, Result, StoreError};

/// A message as it is when its bytes are gone, and how many it has now; none if they are gone already.
pub(super) struct Message {
    entry: LogEntry,
    bytes: Option<i64>,
}

/// The message with this number.
pub(super) fn find(db: &Connection, room: &Room, seq: Seq) -> Result<Message> {
    let sql = "-- entry_to_remove()
        SELECT kind, after_commit, sender, entry, received_at_ms, digest, length(bytes)
        FROM log_entries WHERE room = ?1 AND seq = ?2";
    let read = |row: &rusqlite::Row<'_>| {
        let entry = LogEntry {
            seq,
            kind: EntryKind::Tombstone,
            after: unsigned(row.get(1)?),
            sender: id(row, 2)?,
            id: id(row, 3)?,
            bytes: Opaque::default(),
            digest: Some(Opaque(row.get(5)?)),
            received_at_ms: unsigned(row.get(4)?),
        };
        Ok((row.get::<_, i64>(0)?, Message { entry, bytes: row.get(6)? }))
    };
    let found = db.prepare_cached(sql)?.query_row(params![room.num, signed(seq)], read).optional()?;
    match found.ok_or(StoreError::NotFound)? {
        (2, message) => Ok(message),
        _ => Err(StoreError::Invalid(
            "only messages are removed: without its commits and statements a room stands still",
        )),
    }
}

/// Takes the bytes of a message and tells its room. Answers whether there were any: what was removed before is not told again.
pub(super) fn take(
    db: &Connection,
    room: &Room,
    message: Message,
    notices: &mut Vec<Notice>,
) -> Result<bool> {
    let Message { entry, bytes: Some(bytes) } = message else { return Ok(false) };
    let sql = "-- remove_entry()
        UPDATE log_entries SET bytes = NULL WHERE room = ?1 AND seq = ?2";
    db.prepare_cached(sql)?.execute(params![room.num, signed(entry.seq)])?;
    let sql = "-- room_shrinks()
        UPDATE rooms SET bytes = max(0, bytes - ?2) WHERE num = ?1";
    db.prepare_cached(sql)?.execute(params![room.num, bytes])?;
    let sql = "-- writer_shrinks()
        UPDATE written SET bytes = max(0, bytes - ?2) WHERE account = ?1";
    db.prepare_cached(sql)?.execute(params![entry.sender.0, bytes])?;
    notices.push(Notice::Removed { room: room.id, entry });
    Ok(true)
}

/// Erases messages for a member: its own, and with the level of a moderator anybody's. All of them or none.
pub(super) fn erase(
    db: &Connection,
    account: AccountId,
    (room, seqs): (RoomId, &[Seq]),
    notices: &mut Vec<Notice>,
) -> Result<()> {
    if seqs.len() > shared::ERASED_ENTRIES {
        return Err(StoreError::Invalid("too many messages are to be erased at once"));
    }
    let room = rooms::for_member(db, account, room)?;
    // As it was told: where nobody leads, nobody erases what others said.
    let leads = rooms::told_level(db, &room, account)?.is_some_and(|level| level >= rooms::MODERATOR);
    let found: Vec<Message> = seqs.iter().map(|seq| find(db, &room, *seq)).collect::<Result<_>>()?;
    if !leads && found.iter().any(|message| message.entry.sender != account) {
        return Err(StoreError::NotAllowed("only moderators erase what others wrote"));
    }
    for message in found {
        take(db, &room, message, notices)?;
    }
    Ok(())
}
