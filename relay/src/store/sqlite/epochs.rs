//! What accounts keep of epochs for themselves: snapshots and keyrings; and the Welcomes made for them.

use rusqlite::{Connection, OptionalExtension as _, params};
use waxwing_wire::{
    AccountId, EpochId, Opaque, RoomId, Seq,
    frame::{KeyringEntry, Snapshot},
    limits as shared,
};

use super::{
    id, published,
    rooms::{self, Room},
    sealed, signed, unsigned,
};
use crate::{
    limits,
    store::{Result, StoreError},
};

pub(super) fn snapshot(
    db: &Connection,
    account: AccountId,
    room: RoomId,
    epoch: Option<EpochId>,
) -> Result<Option<Snapshot>> {
    let room = rooms::for_member(db, account, room)?;
    let sql = "-- snapshot()
        SELECT epoch, commit_seq, sealed FROM snapshots
        WHERE room = ?1 AND account = ?2 AND (?3 IS NULL OR epoch = ?3)
        ORDER BY commit_seq DESC, rowid DESC LIMIT 1";
    let epoch = epoch.map(|epoch| epoch.0);
    let found = db.prepare_cached(sql)?.query_row(params![room.num, account.0, epoch], |row| {
        Ok(Snapshot { epoch: id(row, 0)?, commit: unsigned(row.get(1)?), bytes: sealed(row, 2)? })
    });
    Ok(found.optional()?)
}

/// Stores a snapshot of an epoch that can still be completed by its public state; otherwise the author has to go on.
pub(super) fn put_snapshot(db: &Connection, account: AccountId, room: RoomId, new: &Snapshot) -> Result<()> {
    check_snapshot(new)?;
    let room = rooms::for_member(db, account, room)?;
    check_commit(&room, new.commit)?;
    if !published::has_public_state(db, &room, new.epoch)? {
        return Err(StoreError::Stale { last_commit: room.last_commit });
    }
    insert_snapshot(db, &room, account, new)?;
    prune_snapshots(db, &room, account)?;
    published::prune(db, &room)
}

pub(super) fn check_snapshot(new: &Snapshot) -> Result<()> {
    check_sealed(&new.bytes, "a snapshot", shared::SNAPSHOT_BYTES)
}

/// Refuses nothing and more than `limit`.
pub(super) fn check_sealed(bytes: &Opaque, what: &'static str, limit: usize) -> Result<()> {
    if bytes.is_empty() {
        return Err(StoreError::Invalid("sealed bytes are never empty"));
    }
    if bytes.len() > limit { Err(StoreError::TooLarge(what, limit)) } else { Ok(()) }
}

pub(super) fn check_commit(room: &Room, commit: Seq) -> Result<()> {
    if commit > room.last_commit {
        return Err(StoreError::Invalid("the room has no commit of this number yet"));
    }
    Ok(())
}

/// There is one snapshot for each epoch, the account's latest word: a session that went wrong, or was stolen, takes the
/// place of a right one only until the next.
pub(super) fn insert_snapshot(
    db: &Connection,
    room: &Room,
    account: AccountId,
    new: &Snapshot,
) -> Result<()> {
    let sql = "-- put_snapshot()
        INSERT INTO snapshots (room, account, epoch, commit_seq, sealed) VALUES (?1, ?2, ?3, ?4, ?5)
        ON CONFLICT (room, account, epoch)
        DO UPDATE SET commit_seq = excluded.commit_seq, sealed = excluded.sealed";
    db.prepare_cached(sql)?.execute(params![
        room.num,
        account.0,
        new.epoch.0,
        signed(new.commit),
        new.bytes.as_bytes()
    ])?;
    Ok(())
}

/// Keeps an account's newest snapshots.
pub(super) fn prune_snapshots(db: &Connection, room: &Room, account: AccountId) -> Result<()> {
    let sql = "-- prune_snapshots()
        DELETE FROM snapshots WHERE room = ?1 AND account = ?2 AND rowid NOT IN (
            SELECT rowid FROM snapshots WHERE room = ?1 AND account = ?2
            ORDER BY commit_seq DESC, rowid DESC LIMIT ?3)";
    db.prepare_cached(sql)?.execute(params![room.num, account.0, limits::SNAPSHOTS_KEPT])?;
    Ok(())
}

pub(super) fn keyring(
    db: &Connection,
    account: AccountId,
    room: RoomId,
    before: Seq,
) -> Result<Vec<KeyringEntry>> {
    let room = rooms::for_member(db, account, room)?;
    let sql = "-- keyring()
        SELECT epoch, commit_seq, sealed FROM keyring
        WHERE room = ?1 AND account = ?2 AND commit_seq < ?3 ORDER BY commit_seq DESC, rowid DESC";
    let mut statement = db.prepare_cached(sql)?;
    let rows = statement.query_map(params![room.num, account.0, signed(before)], |row| {
        Ok(KeyringEntry { epoch: id(row, 0)?, commit: unsigned(row.get(1)?), bytes: sealed(row, 2)? })
    })?;
    page(rows, |entry| (entry.commit, entry.bytes.len()))
}

/// Collects a page that ends between two commit numbers, so that the next page begins where this one ended.
/// Few entries share a number, so the page stays near its bounds.
pub(super) fn page<T>(
    rows: impl Iterator<Item = rusqlite::Result<T>>,
    place_and_size: impl Fn(&T) -> (Seq, usize),
) -> Result<Vec<T>> {
    let most = usize::try_from(shared::PAGE_LINKS).unwrap_or(usize::MAX);
    let (mut entries, mut bytes, mut last) = (Vec::new(), 0_usize, None);
    for row in rows {
        let entry = row?;
        let (commit, size) = place_and_size(&entry);
        let full = entries.len() >= most || bytes.saturating_add(size) > limits::PAGE_BYTES;
        if full && last.is_some_and(|last| last != commit) {
            break;
        }
        bytes = bytes.saturating_add(size);
        last = Some(commit);
        entries.push(entry);
    }
    Ok(entries)
}

pub(super) fn put_keyring(
    db: &Connection,
    account: AccountId,
    room: RoomId,
    entries: &[KeyringEntry],
) -> Result<()> {
    if entries.len() > usize::try_from(shared::PAGE_LINKS).unwrap_or(usize::MAX) {
        return Err(StoreError::LimitReached("too many keyring entries at once"));
    }
    let room = rooms::for_member(db, account, room)?;
    for entry in entries {
        check_sealed(&entry.bytes, "a keyring entry", shared::LINK_BYTES)?;
        check_commit(&room, entry.commit)?;
        insert_keyring(db, &room, account, entry)?;
    }
    Ok(())
}

pub(super) fn insert_keyring(
    db: &Connection,
    room: &Room,
    account: AccountId,
    entry: &KeyringEntry,
) -> Result<()> {
    let sql = "-- put_keyring()
        INSERT INTO keyring (room, account, epoch, commit_seq, sealed) VALUES (?1, ?2, ?3, ?4, ?5)
        ON CONFLICT (room, account, epoch)
        DO UPDATE SET commit_seq = excluded.commit_seq, sealed = excluded.sealed";
    let commit = signed(entry.commit);
    db.prepare_cached(sql)?.execute(params![
        room.num,
        account.0,
        entry.epoch.0,
        commit,
        entry.bytes.as_bytes()
    ])?;
    // Nobody can fill the places for a commit before the right entry comes: the oldest gives way.
    let sql = "-- keyring_per_commit()
        DELETE FROM keyring WHERE room = ?1 AND account = ?2 AND commit_seq = ?3 AND rowid IN (
            SELECT rowid FROM keyring WHERE room = ?1 AND account = ?2 AND commit_seq = ?3
            ORDER BY epoch = ?4 DESC, rowid DESC LIMIT -1 OFFSET ?5)";
    let places = params![room.num, account.0, commit, entry.epoch.0, limits::KEYRING_PER_COMMIT];
    db.prepare_cached(sql)?.execute(places)?;
    Ok(())
}

/// Keeps the newest Welcome of each author for an account, and of those a few: nobody takes away another's, and members
/// of a higher level come first.
pub(super) fn put_welcome(
    db: &Connection,
    room: &Room,
    (author, account): (AccountId, AccountId),
    bytes: &Opaque,
) -> Result<()> {
    let sql = "-- put_welcome()
        INSERT INTO welcomes (room, account, author, commit_seq, sealed) VALUES (?1, ?2, ?3, ?4, ?5)
        ON CONFLICT (room, account, author) DO UPDATE SET commit_seq = excluded.commit_seq, sealed = excluded.sealed";
    let commit = signed(room.last_commit);
    db.prepare_cached(sql)?.execute(params![room.num, account.0, author.0, commit, bytes.as_bytes()])?;
    let sql = "-- prune_welcomes()
        DELETE FROM welcomes WHERE room = ?1 AND account = ?2 AND author NOT IN (
            SELECT w.author FROM welcomes w LEFT JOIN members m ON m.room = w.room AND m.account = w.author
            WHERE w.room = ?1 AND w.account = ?2
            ORDER BY coalesce(m.level, 0) DESC, w.commit_seq DESC LIMIT ?3)";
    db.prepare_cached(sql)?.execute(params![room.num, account.0, shared::WELCOMES])?;
    Ok(())
}

pub(super) fn welcomes(db: &Connection, account: AccountId, room: RoomId) -> Result<Vec<Opaque>> {
    let room = rooms::for_member(db, account, room)?;
    let sql = "-- welcomes()
        SELECT w.sealed FROM welcomes w LEFT JOIN members m ON m.room = w.room AND m.account = w.author
        WHERE w.room = ?1 AND w.account = ?2 ORDER BY coalesce(m.level, 0) DESC, w.commit_seq DESC";
    let mut statement = db.prepare_cached(sql)?;
    let mut rows = statement.query(params![room.num, account.0])?;
    let (mut found, mut bytes) = (Vec::new(), 0_usize);
    while let Some(row) = rows.next()? {
        let welcome = sealed(row, 0)?;
        bytes = bytes.saturating_add(welcome.len());
        if bytes > shared::WELCOMES_BYTES && !found.is_empty() {
            break;
        }
        found.push(welcome);
    }
    Ok(found)
}
