//! Founding a room and moving it to its next epoch: each with everything that belongs to the epoch, or not at all.

use std::collections::BTreeSet;

use rusqlite::{Connection, params};
use sha2::{Digest as _, Sha256};
use waxwing_wire::{
    AccountId, EntryId, Seq,
    frame::{Commit, CreateRoom, EntryKind, EpochParts, KeyringEntry, Snapshot},
    limits as shared,
};

use super::{
    accounts, epochs, id,
    log::{self, NewEntry},
    methods,
    published::{self, Place},
    rooms::{self, Room},
    signed, unsigned,
};
use crate::store::{Notice, Result, StoreError};

pub(super) fn create_room(
    db: &Connection,
    author: AccountId,
    request: &CreateRoom,
    now_ms: u64,
    notices: &mut Vec<Notice>,
) -> Result<()> {
    let parts = &request.parts;
    check_parts(parts)?;
    if parts.link.is_some() {
        return Err(StoreError::Invalid("the first epoch of a room has no parent to link to"));
    }
    if let Some(room) = rooms::find(db, request.room)? {
        let same = room.creator == Some(author) && published::first_epoch(db, &room)? == parts.epoch;
        return if same { Ok(()) } else { Err(StoreError::Conflict("another room has this id")) };
    }
    if rooms::was_left(db, request.room)? {
        return Err(StoreError::Conflict("another room had this id"));
    }
    let sql = "-- create_room()
        INSERT INTO rooms (room, creator, last_seq, last_commit, chain, created_at_ms)
        VALUES (?1, ?2, 0, 0, ?3, ?4)";
    let chain = log::chain_start(request.room);
    db.prepare_cached(sql)?.execute(params![request.room.0, author.0, chain, signed(now_ms)])?;
    let room = rooms::find(db, request.room)?.ok_or(StoreError::Internal)?;
    rooms::add_member(db, &room, (author, rooms::OWNER), author, now_ms, notices)?;
    store_parts(db, &room, (author, rooms::OWNER), parts, now_ms)
}

pub(super) fn accept(
    db: &Connection,
    author: AccountId,
    request: Commit,
    now_ms: u64,
    notices: &mut Vec<Notice>,
) -> Result<Seq> {
    check_commit(&request)?;
    // Who shows a proof learns no more of a room that is not there than of one the proof does not fit.
    let missing = if request.proof.is_some() { StoreError::LinkInvalid } else { StoreError::NotFound };
    let mut room = rooms::find(db, request.room)?.ok_or(missing)?;
    let level = authorise(db, &room, author, &request, now_ms)?;
    if let Some(seq) = log::earlier(db, &room, author, request.id, EntryKind::Commit)? {
        return Ok(seq);
    }
    if request.after != room.last_commit {
        return Err(StoreError::Stale { last_commit: room.last_commit });
    }
    check_rights(db, &room, (author, level), &request)?;
    if level < rooms::MODERATOR {
        check_pace(db, &room, author, now_ms)?;
    }
    let Commit { after, id, bytes, parts, add, remove, welcomes, levels, .. } = request;
    let anybody_goes = !remove.is_empty();
    let entry = NewEntry {
        kind: EntryKind::Commit,
        after,
        sender: author,
        id,
        bytes,
        received_at_ms: now_ms,
        lasting: false,
    };
    let entry = log::insert(db, &mut room, entry)?;
    let seq = entry.seq;
    // First the entry: those who are removed by it see it, those who are added know of it from the summary.
    notices.push(Notice::Entry { room: room.id, entry, permit: None });
    for account in remove {
        rooms::remove_member(db, &room, account, notices)?;
    }
    let mut told = BTreeSet::new();
    for account in add {
        if !accounts::exists(db, account)? {
            return Err(StoreError::Invalid("there is no account of this id to be added"));
        }
        if rooms::add_member(db, &room, (account, 0), author, now_ms, notices)? {
            told.insert(account);
        }
    }
    for welcome in &welcomes {
        if !rooms::is_member(db, &room, welcome.account)? {
            return Err(StoreError::Invalid("a Welcome is for a member"));
        }
        // A member that is let in again hears of it like one that is new: there is a Welcome to be fetched.
        if told.insert(welcome.account) {
            notices.push(Notice::Joined { account: welcome.account, summary: room.summary() });
        }
        epochs::put_welcome(db, &room, (author, welcome.account), &welcome.bytes)?;
    }
    if let Some(levels) = levels {
        rooms::set_levels(db, &room, &levels)?;
    }
    store_parts(db, &room, (author, level), &parts, now_ms)?;
    if anybody_goes {
        rooms::forget_if_deserted(db, &room, now_ms)?;
    }
    Ok(seq)
}

/// What can be said of a commit without looking into the database.
fn check_commit(request: &Commit) -> Result<()> {
    // Before anything that takes time for each of them.
    let levels = request.levels.as_ref().map_or(0, Vec::len);
    if request.add.len() > shared::ROOM_MEMBERS {
        return Err(StoreError::RoomFull);
    }
    if request.remove.len().max(request.welcomes.len()).max(levels) > shared::ROOM_MEMBERS {
        return Err(StoreError::LimitReached("a commit names no more accounts than a room has members"));
    }
    epochs::check_sealed(&request.bytes, "a commit", shared::COMMIT_BYTES)?;
    if commit_id(request.bytes.as_bytes()) != Some(request.id) {
        return Err(StoreError::Invalid("the id of a commit is the beginning of its hash"));
    }
    check_parts(&request.parts)?;
    let added: BTreeSet<_> = request.add.iter().collect();
    let removed: BTreeSet<_> = request.remove.iter().collect();
    let welcomed: BTreeSet<_> = request.welcomes.iter().map(|welcome| &welcome.account).collect();
    if added.len() != request.add.len()
        || removed.len() != request.remove.len()
        || welcomed.len() != request.welcomes.len()
    {
        return Err(StoreError::Invalid("an account is named twice"));
    }
    let levels = request.levels.as_deref().unwrap_or_default();
    let levelled: BTreeSet<_> = levels.iter().map(|(account, _)| account).collect();
    let known = |level: &u8| (rooms::MODERATOR..=rooms::OWNER).contains(level);
    if levelled.len() != levels.len() || !levels.iter().all(|(_, level)| known(level)) {
        return Err(StoreError::Invalid("levels name each account once, with 1 or 2"));
    }
    for welcome in &request.welcomes {
        epochs::check_sealed(&welcome.bytes, "a Welcome", shared::WELCOME_BYTES)?;
    }
    Ok(())
}

/// First 16 bytes of SHA-256.
fn commit_id(bytes: &[u8]) -> Option<EntryId> {
    Sha256::digest(bytes).first_chunk::<16>().map(|start| EntryId(*start))
}

/// Members commit; others only add themselves, with a proof. Answers the author's level.
fn authorise(db: &Connection, room: &Room, author: AccountId, request: &Commit, now_ms: u64) -> Result<u8> {
    let level = rooms::level(db, room, author)?;
    let Some(proof) = &request.proof else { return level.ok_or(StoreError::NotFound) };
    match methods::check_proof(db, room, proof, now_ms) {
        // Joining again what one has joined: the answer of the first time may have been lost.
        Err(_) if level.is_some() => {}
        checked => checked?,
    }
    if request.add.as_slice() != [author] || !request.remove.is_empty() {
        return Err(StoreError::Invalid("who joins with a proof adds itself and nobody else"));
    }
    if request.parts.methods.is_some() || request.levels.is_some() {
        return Err(StoreError::Invalid("who joins with a proof changes nothing else"));
    }
    Ok(level.unwrap_or(0))
}

/// Members without a level share the pace of a room, or one could bury it under commits that do not count. Nobody gets
/// more than a part of it, and whoever made none of the latest commits gets through for longer: who joins is not kept
/// out by others.
fn check_pace(db: &Connection, room: &Room, author: AccountId, now_ms: u64) -> Result<()> {
    let span_ms = shared::ROOM_COMMITS_S.saturating_mul(1000);
    let sql = "-- pace()
        SELECT c.author, c.received_at_ms FROM (
            SELECT e.author, l.received_at_ms FROM epochs e
            JOIN log_entries l ON l.room = e.room AND l.seq = e.commit_seq
            WHERE e.room = ?1 ORDER BY e.commit_seq DESC LIMIT 256) c
        LEFT JOIN members m ON m.room = ?1 AND m.account = c.author
        WHERE c.received_at_ms > ?2 AND coalesce(m.level, 0) = 0";
    let since = signed(now_ms.saturating_sub(span_ms));
    let mut statement = db.prepare_cached(sql)?;
    let latest = statement
        .query_map(params![room.num, since], |row| Ok((id(row, 0)?, unsigned(row.get(1)?))))?
        .collect::<rusqlite::Result<Vec<(AccountId, u64)>>>()?;
    let own = latest.iter().filter(|(by, _)| *by == author).count();
    let all = if own == 0 { shared::ROOM_COMMITS_ALL } else { shared::ROOM_COMMITS };
    if own < shared::ROOM_COMMITS_EACH && latest.len() < all {
        return Ok(());
    }
    let oldest = latest.iter().map(|(_, at_ms)| *at_ms).min().unwrap_or(now_ms);
    let wait_ms = oldest.saturating_add(span_ms).saturating_sub(now_ms);
    let retry_after_s = u32::try_from(wait_ms.div_ceil(1000).max(1)).unwrap_or(u32::MAX);
    Err(StoreError::RateLimited { retry_after_s })
}

/// Members skip a commit that does not count, but the relay cannot tell: what it believes of a member must not close
/// the door to others.
fn check_rights(
    db: &Connection,
    room: &Room,
    (author, level): (AccountId, u8),
    request: &Commit,
) -> Result<()> {
    let methods = request.parts.methods.as_deref().unwrap_or_default();
    if level < rooms::MODERATOR && !methods.is_empty() {
        return Err(StoreError::NotAllowed("only owners and moderators of a room change its join methods"));
    }
    if level < rooms::OWNER && request.levels.is_some() {
        return Err(StoreError::NotAllowed("only owners of a room change levels"));
    }
    for account in request.remove.iter().filter(|account| **account != author) {
        // Who has left already may be taken out by anybody.
        let Some(theirs) = rooms::told_level(db, room, *account)? else { continue };
        if level < rooms::OWNER && (level < rooms::MODERATOR || theirs > 0) {
            return Err(StoreError::NotAllowed("this member cannot be removed at your level"));
        }
    }
    Ok(())
}

fn check_parts(parts: &EpochParts) -> Result<()> {
    epochs::check_sealed(&parts.public_state, "a public state", shared::PUBLIC_STATE_BYTES)?;
    epochs::check_sealed(&parts.snapshot, "a snapshot", shared::SNAPSHOT_BYTES)?;
    epochs::check_sealed(&parts.keyring, "a keyring entry", shared::LINK_BYTES)?;
    if let Some(link) = &parts.link {
        epochs::check_sealed(link, "a history link", shared::LINK_BYTES)?;
    }
    published::check_packages(&parts.packages)?;
    methods::check(parts)
}

/// Stores what belongs to the room's newest epoch, which its last commit made.
fn store_parts(
    db: &Connection,
    room: &Room,
    (author, level): (AccountId, u8),
    parts: &EpochParts,
    now_ms: u64,
) -> Result<()> {
    let (epoch, commit) = (parts.epoch, room.last_commit);
    let place = Place { commit, epoch, author };
    published::enter_epoch(db, room, place)?;
    published::insert_public_state(db, room, place, &parts.public_state)?;
    if let Some(link) = &parts.link {
        published::insert_link(db, room, place, link)?;
    }
    let entry = KeyringEntry { epoch, commit, bytes: parts.keyring.clone() };
    epochs::insert_keyring(db, room, author, &entry)?;
    methods::change(db, room, (author, level), parts, now_ms)?;
    let known = methods::ids(db, room, now_ms)?;
    // A method that the relay does not have lets nobody in, and its package is of no use; the commit is fine.
    for package in parts.packages.iter().filter(|package| known.contains(&package.method)) {
        published::insert_package(db, room, place, package)?;
    }
    // Someone who leaves has no use for a snapshot, and keeps none.
    if rooms::is_member(db, room, author)? {
        let snapshot = Snapshot { epoch, commit, bytes: parts.snapshot.clone() };
        epochs::insert_snapshot(db, room, author, &snapshot)?;
    }
    epochs::prune_snapshots(db, room, author)?;
    published::prune(db, room)
}
