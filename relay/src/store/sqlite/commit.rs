//! Founding a room and moving it to its next epoch: each with everything that belongs to the epoch, or not at all.

use std::collections::BTreeSet;

use rusqlite::{Connection, params};
use sha2::{Digest as _, Sha256};
use waxwing_wire::{
    AccountId, EntryId, MethodId, Seq,
    frame::{Commit, CreateRoom, EntryKind, EpochParts, JoinMethod, KeyringEntry, Snapshot},
    limits as shared,
};

use super::{
    accounts, epochs, id,
    log::{self, NewEntry},
    rooms::{self, Room},
    signed,
};
use crate::store::{Notice, Result, StoreError};

/// Bytes of what belongs to an epoch.
pub(super) fn parts_size(parts: &EpochParts) -> usize {
    let packages: usize = parts.packages.iter().map(|package| package.bytes.len()).sum();
    let link = parts.link.as_ref().map_or(0, waxwing_wire::Opaque::len);
    parts.public_state.len() + parts.snapshot.len() + parts.keyring.len() + link + packages
}

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
        let same = room.creator == author && room.first_epoch == parts.epoch;
        return if same { Ok(()) } else { Err(StoreError::Conflict("another room has this id")) };
    }
    let sql = "-- create_room()
        INSERT INTO rooms (room, creator, first_epoch, epoch, last_seq, last_commit, chain, created_at_ms)
        VALUES (?1, ?2, ?3, ?3, 0, 0, ?4, ?5)";
    let chain = log::chain_start(request.room);
    db.prepare_cached(sql)?.execute(params![
        request.room.0,
        author.0,
        parts.epoch.0,
        chain,
        signed(now_ms)
    ])?;
    let room = rooms::find(db, request.room)?.ok_or(StoreError::Internal)?;
    rooms::add_member(db, &room, author, now_ms, notices)?;
    store_parts(db, &room, author, parts)
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
    authorise(db, &room, author, &request, now_ms)?;
    if let Some(seq) = log::earlier(db, &room, author, request.id, EntryKind::Commit)? {
        return Ok(seq);
    }
    if request.after != room.last_commit {
        return Err(StoreError::Stale { last_commit: room.last_commit });
    }
    let Commit { after, id, bytes, parts, add, remove, welcomes, .. } = request;
    let entry =
        NewEntry { kind: EntryKind::Commit, after, sender: author, id, bytes, received_at_ms: now_ms };
    let entry = log::insert(db, &mut room, entry)?;
    let seq = entry.seq;
    // First the entry: those who are removed by it see it, those who are added know of it from the summary.
    notices.push(Notice::Entry { room: room.id, entry, permit: None });
    for account in remove {
        rooms::remove_member(db, &room, account, notices)?;
    }
    for account in add {
        if !accounts::exists(db, account)? {
            return Err(StoreError::NotFound);
        }
        rooms::add_member(db, &room, account, now_ms, notices)?;
    }
    for welcome in &welcomes {
        put_welcome(db, &room, welcome.account, welcome.bytes.as_bytes())?;
    }
    room.epoch = parts.epoch;
    store_parts(db, &room, author, &parts)?;
    Ok(seq)
}

/// What can be said of a commit without looking into the database.
fn check_commit(request: &Commit) -> Result<()> {
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
    if added.len() > shared::ROOM_MEMBERS {
        return Err(StoreError::RoomFull);
    }
    if !welcomed.is_subset(&added) {
        return Err(StoreError::Invalid("a Welcome is for an account that the commit adds"));
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

/// Members commit; others only add themselves, with a proof. Join methods and removing are the creator's, leaving anybody's.
fn authorise(db: &Connection, room: &Room, author: AccountId, request: &Commit, now_ms: u64) -> Result<()> {
    let member = rooms::is_member(db, room, author)?;
    match &request.proof {
        Some(proof) => {
            match epochs::check_proof(db, room, proof, now_ms) {
                // Joining again what one has joined: the answer of the first time may have been lost.
                Err(_) if member => {}
                checked => checked?,
            }
            if request.add.as_slice() != [author] || !request.remove.is_empty() {
                return Err(StoreError::Invalid("who joins with a proof adds itself and nobody else"));
            }
        }
        None if !member => return Err(StoreError::NotFound),
        None => {}
    }
    // Members skip a commit that does not count, but the relay cannot tell: what it believes of a member must not close the door to others.
    if author != room.creator && request.parts.methods.is_some() {
        return Err(StoreError::Invalid("only the creator of a room changes its join methods"));
    }
    if author != room.creator && request.remove.iter().any(|account| *account != author) {
        return Err(StoreError::Invalid("only the creator of a room removes others from it"));
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
    for package in &parts.packages {
        epochs::check_sealed(&package.bytes, "a join package", shared::LINK_BYTES)?;
    }
    let methods = parts.methods.as_deref().unwrap_or_default();
    if methods.len() > shared::JOIN_METHODS {
        return Err(StoreError::LimitReached("a room has a link and a password, no more ways in"));
    }
    Ok(())
}

fn put_welcome(db: &Connection, room: &Room, account: AccountId, bytes: &[u8]) -> Result<()> {
    let sql = "-- put_welcome()
        INSERT INTO welcomes (room, account, commit_seq, sealed) VALUES (?1, ?2, ?3, ?4)
        ON CONFLICT (room, account) DO UPDATE SET commit_seq = excluded.commit_seq, sealed = excluded.sealed";
    db.prepare_cached(sql)?.execute(params![room.num, account.0, signed(room.last_commit), bytes])?;
    Ok(())
}

/// Stores what belongs to the room's newest epoch, which its last commit made.
fn store_parts(db: &Connection, room: &Room, author: AccountId, parts: &EpochParts) -> Result<()> {
    let (epoch, commit) = (parts.epoch, room.last_commit);
    let sql = "-- put_public_state()
        INSERT INTO public_states (room, epoch, commit_seq, sealed) VALUES (?1, ?2, ?3, ?4)
        ON CONFLICT (room, epoch) DO NOTHING";
    let state = parts.public_state.as_bytes();
    if db.prepare_cached(sql)?.execute(params![room.num, epoch.0, signed(commit), state])? == 0 {
        return Err(StoreError::Conflict("the room has had this epoch before"));
    }
    let sql = "-- enter_epoch()
        UPDATE rooms SET epoch = ?2 WHERE num = ?1";
    db.prepare_cached(sql)?.execute(params![room.num, epoch.0])?;
    if let Some(link) = &parts.link {
        let sql = "-- put_history_link()
            INSERT INTO history_links (room, commit_seq, epoch, author, sealed) VALUES (?1, ?2, ?3, ?4, ?5)";
        db.prepare_cached(sql)?.execute(params![
            room.num,
            signed(commit),
            epoch.0,
            author.0,
            link.as_bytes()
        ])?;
    }
    let entry = KeyringEntry { epoch, commit, bytes: parts.keyring.clone() };
    epochs::insert_keyring(db, room, author, &entry)?;
    if let Some(methods) = &parts.methods {
        replace_methods(db, room, methods)?;
    }
    replace_packages(db, room, parts)?;
    // Someone who leaves has no use for a snapshot, and keeps none.
    if rooms::is_member(db, room, author)? {
        let snapshot = Snapshot { epoch, commit, bytes: parts.snapshot.clone() };
        epochs::insert_snapshot(db, room, author, &snapshot)?;
    }
    epochs::prune(db, room, author)
}

fn replace_methods(db: &Connection, room: &Room, methods: &[JoinMethod]) -> Result<()> {
    let sql = "-- forget_join_methods()
        DELETE FROM join_methods WHERE room = ?1";
    db.prepare_cached(sql)?.execute([room.num])?;
    let sql = "-- put_join_method()
        INSERT INTO join_methods (room, method, token_hash, expires_at_ms) VALUES (?1, ?2, ?3, ?4)
        ON CONFLICT (room, method) DO NOTHING";
    for method in methods {
        let end = method.expires_at_ms.map(signed);
        if db.prepare_cached(sql)?.execute(params![room.num, method.id.0, method.token_hash.0, end])? == 0 {
            return Err(StoreError::Invalid("a join method is named twice"));
        }
    }
    Ok(())
}

/// Every method needs its package, or whoever holds the link would be locked out by this commit.
fn replace_packages(db: &Connection, room: &Room, parts: &EpochParts) -> Result<()> {
    let sql = "-- join_methods()
        SELECT method FROM join_methods WHERE room = ?1";
    let mut statement = db.prepare_cached(sql)?;
    let methods: BTreeSet<MethodId> =
        statement.query_map([room.num], |row| id(row, 0))?.collect::<rusqlite::Result<_>>()?;
    let given: BTreeSet<MethodId> = parts.packages.iter().map(|package| package.method).collect();
    if given != methods || given.len() != parts.packages.len() {
        return Err(StoreError::Invalid(
            "an epoch has exactly one join package for each join method of the room",
        ));
    }
    let sql = "-- forget_join_packages()
        DELETE FROM join_packages WHERE room = ?1";
    db.prepare_cached(sql)?.execute([room.num])?;
    let sql = "-- put_join_package()
        INSERT INTO join_packages (room, method, sealed) VALUES (?1, ?2, ?3)";
    for package in &parts.packages {
        db.prepare_cached(sql)?.execute(params![room.num, package.method.0, package.bytes.as_bytes()])?;
    }
    Ok(())
}
