//! The room log: numbered without gaps, chained by hashes, written by compare-and-swap on the last commit.

use rusqlite::{Connection, OptionalExtension as _, params};
use sha2::{Digest as _, Sha256};
use waxwing_wire::{
    AccountId, EntryId, Opaque, RoomId, Seq,
    frame::{Append, EntryKind, LogEntry, Post},
    limits as shared,
};

use super::{
    desk, id,
    rooms::{self, Room},
    signed, unsigned,
};
use crate::{
    limits,
    store::{Notice, Page, Result, StoreError},
};

/// An entry as its author gave it.
pub(super) struct NewEntry {
    pub kind: EntryKind,
    pub after: Seq,
    pub sender: AccountId,
    pub id: EntryId,
    pub bytes: Opaque,
    pub received_at_ms: u64,
    /// It stays where messages disappear.
    pub lasting: bool,
}

pub(super) fn append_message(
    db: &Connection,
    author: AccountId,
    append: Append,
    now_ms: u64,
    notices: &mut Vec<Notice>,
) -> Result<Seq> {
    if append.bytes.is_empty() {
        return Err(StoreError::Invalid("a message is not empty"));
    }
    if append.bytes.len() > shared::MESSAGE_BYTES {
        return Err(StoreError::TooLarge("a message", shared::MESSAGE_BYTES));
    }
    let mut room = rooms::for_member(db, author, append.room)?;
    if let Some(seq) = earlier(db, &room, author, append.id, EntryKind::Message)? {
        return Ok(seq);
    }
    if append.after != room.last_commit {
        return Err(StoreError::Stale { last_commit: room.last_commit });
    }
    let entry = NewEntry {
        kind: EntryKind::Message,
        after: append.after,
        sender: author,
        id: append.id,
        bytes: append.bytes,
        received_at_ms: now_ms,
        lasting: append.lasting,
    };
    let entry = insert(db, &mut room, entry)?;
    let seq = entry.seq;
    notices.push(Notice::Entry { room: room.id, entry, permit: None });
    rooms::spoke(db, &room, author, notices)?;
    Ok(seq)
}

/// Enters a member's statement. The relay says after which commit it came: who writes it may be unable to follow.
pub(super) fn post(
    db: &Connection,
    author: AccountId,
    post: Post,
    now_ms: u64,
    notices: &mut Vec<Notice>,
) -> Result<Seq> {
    let Post { room, kind, id, bytes } = post;
    if !matches!(kind, EntryKind::Rejoin | EntryKind::Leave | EntryKind::Successor) {
        return Err(StoreError::Invalid("entries of this kind are not posted"));
    }
    if bytes.is_empty() {
        return Err(StoreError::Invalid("a statement is not empty"));
    }
    if bytes.len() > shared::POST_BYTES {
        return Err(StoreError::TooLarge("a statement", shared::POST_BYTES));
    }
    let Some(mut room) = rooms::find(db, room)? else {
        // Its author was the last one there, and did not hear the answer.
        let left = left_room(db, author, room)?.filter(|left| left.id == id && kind == EntryKind::Leave);
        return left.map(|left| left.seq).ok_or(StoreError::NotFound);
    };
    // Before asking for membership: who left may not have heard that it did.
    if let Some(seq) = earlier(db, &room, author, id, kind)? {
        return Ok(seq);
    }
    if !rooms::is_member(db, &room, author)? {
        return Err(StoreError::NotFound);
    }
    let after = room.last_commit;
    let entry = NewEntry { kind, after, sender: author, id, bytes, received_at_ms: now_ms, lasting: false };
    let entry = insert(db, &mut room, entry)?;
    let seq = entry.seq;
    notices.push(Notice::Entry { room: room.id, entry, permit: None });
    if kind == EntryKind::Leave {
        rooms::remove_member(db, &room, author, notices)?;
        rooms::forget_if_deserted(db, &room, now_ms)?;
    }
    Ok(seq)
}

/// Number of an entry that the same author wrote with the same id: a repeated request.
pub(super) fn earlier(
    db: &Connection,
    room: &Room,
    author: AccountId,
    entry: EntryId,
    kind: EntryKind,
) -> Result<Option<Seq>> {
    let sql = "-- earlier_entry()
        SELECT seq, kind FROM log_entries WHERE room = ?1 AND entry = ?2 AND sender = ?3";
    let found: Option<(i64, u8)> = db
        .prepare_cached(sql)?
        .query_row(params![room.num, entry.0, author.0], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    match found {
        Some((_, other)) if other != kind_number(kind)? => {
            Err(StoreError::Conflict("another kind of entry has this id"))
        }
        Some((seq, _)) => Ok(Some(unsigned(seq))),
        None => Ok(None),
    }
}

/// Writes the next entry and moves the room on.
pub(super) fn insert(db: &Connection, room: &mut Room, new: NewEntry) -> Result<LogEntry> {
    let NewEntry { kind, after, sender, id, bytes, received_at_ms, lasting } = new;
    let number = kind_number(kind)?;
    let seq = room.last_seq.checked_add(1).ok_or(StoreError::Internal)?;
    let digest = entry_digest(number, after, sender, bytes.as_bytes());
    let chain = next_link(&room.chain, &digest);
    let sql = "-- insert_entry()
        INSERT INTO log_entries (room, seq, kind, after_commit, sender, entry, received_at_ms, digest, chain, bytes, lasting)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)";
    db.prepare_cached(sql)?.execute(params![
        room.num,
        signed(seq),
        number,
        signed(after),
        sender.0,
        id.0,
        signed(received_at_ms),
        digest,
        chain,
        bytes.as_bytes(),
        lasting,
    ])?;
    if kind == EntryKind::Commit {
        room.last_commit = seq;
    }
    room.last_seq = seq;
    room.chain = chain;
    let sql = "-- move_room_on()
        UPDATE rooms SET last_seq = ?2, last_commit = ?3, chain = ?4, bytes = bytes + ?5, last_entry_ms = ?6,
            due_ms = min(due_ms, ?6 + retention_s * 1000 + 1)
        WHERE num = ?1";
    let (last_commit, size) = (signed(room.last_commit), i64::try_from(bytes.len()).unwrap_or(i64::MAX));
    let now_ms = signed(received_at_ms);
    db.prepare_cached(sql)?.execute(params![room.num, signed(seq), last_commit, chain, size, now_ms])?;
    desk::numbers::count_entry(db, sender, (size, kind == EntryKind::Message), received_at_ms)?;
    Ok(LogEntry { seq, kind, after, sender, id, bytes, digest: None, received_at_ms })
}

pub(super) fn entries_after(
    db: &Connection,
    account: AccountId,
    room: RoomId,
    after: Seq,
    limit: u32,
) -> Result<Page> {
    let room = rooms::for_member(db, account, room)?;
    let sql = "-- entries_after()
        SELECT seq, kind, after_commit, sender, entry, received_at_ms, bytes,
               CASE WHEN bytes IS NULL THEN digest END
        FROM log_entries WHERE room = ?1 AND seq > ?2 ORDER BY seq LIMIT ?3";
    let mut statement = db.prepare_cached(sql)?;
    let mut rows = statement.query(params![room.num, signed(after), limit.min(shared::PAGE_ENTRIES)])?;
    let (mut entries, mut bytes) = (Vec::new(), 0_usize);
    while let Some(row) = rows.next()? {
        let entry = read_entry(row)?;
        // An entry takes some bytes beside its content.
        bytes = bytes.saturating_add(entry.bytes.len()).saturating_add(128);
        if bytes > limits::PAGE_BYTES && !entries.is_empty() {
            break;
        }
        entries.push(entry);
    }
    Ok(Page { entries, last_seq: room.last_seq })
}

/// The statement by which an account left, for those of its sessions that have not heard of it.
pub(super) fn own_leave(db: &Connection, account: AccountId, room: RoomId) -> Result<Option<LogEntry>> {
    let Some(room) = rooms::find(db, room)? else { return left_room(db, account, room) };
    if rooms::is_member(db, &room, account)? {
        return Ok(None);
    }
    let sql = "-- own_leave()
        SELECT seq, kind, after_commit, sender, entry, received_at_ms, bytes, NULL
        FROM log_entries WHERE room = ?1 AND sender = ?2 AND kind = 4 AND bytes IS NOT NULL
        ORDER BY seq DESC LIMIT 1";
    Ok(db.prepare_cached(sql)?.query_row(params![room.num, account.0], read_entry).optional()?)
}

/// How an account left a room that is deleted.
fn left_room(db: &Connection, account: AccountId, room: RoomId) -> Result<Option<LogEntry>> {
    let sql = "-- left_room()
        SELECT seq, 4, after_commit, account, entry, received_at_ms, bytes, NULL
        FROM left_rooms WHERE room = ?1 AND account = ?2";
    Ok(db.prepare_cached(sql)?.query_row(params![room.0, account.0], read_entry).optional()?)
}

fn read_entry(row: &rusqlite::Row<'_>) -> rusqlite::Result<LogEntry> {
    let bytes: Option<Vec<u8>> = row.get(6)?;
    let kind = match (&bytes, row.get::<_, u8>(1)?) {
        (None, _) => EntryKind::Tombstone,
        (_, 1) => EntryKind::Commit,
        (_, 2) => EntryKind::Message,
        (_, 3) => EntryKind::Rejoin,
        (_, 4) => EntryKind::Leave,
        (_, _) => EntryKind::Successor,
    };
    Ok(LogEntry {
        seq: unsigned(row.get(0)?),
        kind,
        after: unsigned(row.get(2)?),
        sender: id(row, 3)?,
        id: id(row, 4)?,
        bytes: Opaque(bytes.unwrap_or_default()),
        digest: row.get::<_, Option<Vec<u8>>>(7)?.map(Opaque),
        received_at_ms: unsigned(row.get(5)?),
    })
}

/// The number under which a kind is hashed and stored. It differs from the wire's, which counts from 0.
fn kind_number(kind: EntryKind) -> Result<u8> {
    match kind {
        EntryKind::Commit => Ok(1),
        EntryKind::Message => Ok(2),
        EntryKind::Rejoin => Ok(3),
        EntryKind::Leave => Ok(4),
        EntryKind::Successor => Ok(5),
        EntryKind::Tombstone => Err(StoreError::Internal),
    }
}

/// SHA-256 over a label and fields, each preceded by its length as four bytes, big endian.
pub(super) fn labelled(label: &str, fields: &[&[u8]]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in std::iter::once(&label.as_bytes()).chain(fields) {
        // Fields are bounded by the frame; a longer one would only make a hash that nobody else makes.
        hash.update(u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}

/// `digest_n`: commits to one entry, also after its bytes were deleted.
fn entry_digest(kind: u8, after: Seq, sender: AccountId, bytes: &[u8]) -> [u8; 32] {
    labelled("Waxwing 1 entry", &[&[kind], &after.to_be_bytes(), sender.as_bytes(), bytes])
}

/// `H_0` of a room.
pub(super) fn chain_start(room: RoomId) -> [u8; 32] {
    labelled("Waxwing 1 log", &[room.as_bytes()])
}

/// `H_n` from `H_{n-1}` and `digest_n`.
fn next_link(chain: &[u8; 32], digest: &[u8; 32]) -> [u8; 32] {
    labelled("Waxwing 1 chain", &[chain, digest])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Computed apart from this program: python3, hashlib over the same bytes written out by hand.
    #[test]
    fn chain_has_known_values() {
        let start = chain_start(RoomId([7; 16]));
        assert_eq!(hex(&start), "cd8e7fe1b2f039882098375b6cb7daa57c4b7febfee5455ac8d446f8e88c09d7");
        let digest = entry_digest(2, 3, AccountId([1; 16]), b"sealed");
        assert_eq!(hex(&digest), "89106046bd01a4b61f6279b5c333b508069efa345662d55bfdfd3cd27bcbc7db");
        assert_eq!(
            hex(&next_link(&start, &digest)),
            "a0f012b01d3399309e0c7a8fd4fc92c30e98a8ae0dafe0d8fde51ce7b790b0ce"
        );
    }
}
