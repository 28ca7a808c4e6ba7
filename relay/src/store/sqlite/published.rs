//! What members publish for the epoch that a commit makes: public states, history links, join packages.
//!
//! The commit's author publishes with the commit, others beside it when they find something wrong or missing. The
//! relay can judge none of it, so it keeps a few candidates for readers to choose from. What is there is never
//! replaced: nobody can take away, later, what a reader has found good.

use rusqlite::{Connection, OptionalExtension as _, Row, params};
use waxwing_wire::{
    AccountId, EpochId, Opaque, RoomId, Seq,
    frame::{HistoryLink, JoinPackage, PutPublished},
    limits as shared,
};

use super::{
    epochs::{check_sealed, page},
    id, methods,
    rooms::{self, Room},
    sealed, signed, unsigned,
};
use crate::store::{Published, Result, StoreError};

/// Where candidates belong.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub commit: Seq,
    pub epoch: EpochId,
    pub author: AccountId,
}

/// Notes the epoch that a commit makes, as its author says.
pub(super) fn enter_epoch(db: &Connection, room: &Room, place: Place) -> Result<()> {
    let sql = "-- enter_epoch()
        INSERT INTO epochs (room, commit_seq, epoch, author) VALUES (?1, ?2, ?3, ?4)
        ON CONFLICT (room, epoch) DO NOTHING";
    let Place { commit, epoch, author } = place;
    let made = db.prepare_cached(sql)?.execute(params![room.num, signed(commit), epoch.0, author.0])?;
    if made == 0 {
        return Err(StoreError::Conflict("the room has had this epoch before"));
    }
    Ok(())
}

/// Epoch of a room's beginning.
pub(super) fn first_epoch(db: &Connection, room: &Room) -> Result<EpochId> {
    let sql = "-- first_epoch()
        SELECT epoch FROM epochs WHERE room = ?1 AND commit_seq = 0";
    Ok(db.prepare_cached(sql)?.query_row([room.num], |row| id(row, 0))?)
}

/// Number of the oldest commit whose public states and packages are kept in any case.
fn kept_from(db: &Connection, room: &Room) -> Result<Seq> {
    let sql = "-- kept_from()
        SELECT commit_seq FROM epochs WHERE room = ?1 ORDER BY commit_seq DESC LIMIT 1 OFFSET ?2";
    let back = shared::JOIN_EPOCHS.saturating_sub(1);
    let found: Option<i64> =
        db.prepare_cached(sql)?.query_row(params![room.num, back], |row| row.get(0)).optional()?;
    Ok(found.map_or(0, unsigned))
}

/// The newest commit by a member of a level, which junk of others never pushes out; 0 for the room's first epoch.
fn trusted(db: &Connection, room: &Room) -> Result<Seq> {
    let sql = "-- trusted_commit()
        SELECT coalesce(max(e.commit_seq), 0) FROM epochs e JOIN members m ON m.room = e.room AND m.account = e.author
        WHERE e.room = ?1 AND m.level > 0";
    Ok(unsigned(db.prepare_cached(sql)?.query_row([room.num], |row| row.get(0))?))
}

/// Forgets public states and packages of old epochs, but for those of the newest commit by a member of a level and of
/// the newest one that each member has a snapshot of.
pub(super) fn prune(db: &Connection, room: &Room) -> Result<()> {
    let (kept_from, trusted) = (signed(kept_from(db, room)?), signed(trusted(db, room)?));
    let sql = "-- prune_public_states()
        DELETE FROM public_states WHERE room = ?1 AND commit_seq < ?2 AND commit_seq <> ?3 AND epoch NOT IN (
            SELECT s.epoch FROM snapshots s JOIN members m ON m.room = s.room AND m.account = s.account
            WHERE s.room = ?1)";
    db.prepare_cached(sql)?.execute(params![room.num, kept_from, trusted])?;
    let sql = "-- prune_join_packages()
        DELETE FROM join_packages WHERE room = ?1 AND commit_seq < ?2 AND commit_seq <> ?3 AND epoch NOT IN (
            SELECT s.epoch FROM snapshots s JOIN members m ON m.room = s.room AND m.account = s.account
            WHERE s.room = ?1)";
    db.prepare_cached(sql)?.execute(params![room.num, kept_from, trusted])?;
    Ok(())
}

pub(super) fn put(db: &Connection, author: AccountId, new: &PutPublished) -> Result<()> {
    if let Some(state) = &new.public_state {
        check_sealed(state, "a public state", shared::PUBLIC_STATE_BYTES)?;
    }
    if let Some(link) = &new.link {
        check_sealed(link, "a history link", shared::LINK_BYTES)?;
    }
    check_packages(&new.packages)?;
    let room = rooms::for_member(db, author, new.room)?;
    let place = Place { commit: new.commit, epoch: new.epoch, author };
    check_place(db, &room, place)?;
    if let Some(link) = new.link.as_ref().filter(|_| new.commit > 0) {
        insert_link(db, &room, place, link)?;
    }
    let recent = new.commit >= kept_from(db, &room)? || new.commit == trusted(db, &room)?;
    if let Some(state) = &new.public_state {
        if !recent && !has_snapshot(db, &room, place)? {
            return Err(StoreError::TooOld);
        }
        insert_public_state(db, &room, place, state)?;
    }
    if !new.packages.is_empty() {
        if !recent {
            return Err(StoreError::TooOld);
        }
        // Expired ones too: nobody gets what is kept for them.
        let methods = methods::ids(db, &room, 0)?;
        // A package for a method that was replaced meanwhile is of no use, and no mistake.
        for package in new.packages.iter().filter(|package| methods.contains(&package.method)) {
            insert_package(db, &room, place, package)?;
        }
    }
    Ok(())
}

pub(super) fn check_packages(packages: &[JoinPackage]) -> Result<()> {
    if packages.len() > shared::JOIN_METHODS {
        return Err(StoreError::LimitReached("there is at most one join package for each method"));
    }
    for package in packages {
        check_sealed(&package.bytes, "a join package", shared::LINK_BYTES)?;
    }
    let mut named: Vec<_> = packages.iter().map(|package| package.method).collect();
    named.sort_unstable();
    named.dedup();
    if named.len() != packages.len() {
        return Err(StoreError::Invalid("a join method has two packages"));
    }
    Ok(())
}

/// A commit has a bounded number of authors of candidates, and each author says once which epoch it made.
fn check_place(db: &Connection, room: &Room, place: Place) -> Result<()> {
    let sql = "-- epoch_author()
        SELECT author FROM epochs WHERE room = ?1 AND commit_seq = ?2";
    let known = db.prepare_cached(sql)?.exists(params![room.num, signed(place.commit)])?;
    if !known {
        return Err(StoreError::Invalid("the room has no commit of this number"));
    }
    let sql = "-- candidate_authors()
        SELECT author, epoch FROM public_states WHERE room = ?1 AND commit_seq = ?2
        UNION SELECT author, epoch FROM history_links WHERE room = ?1 AND commit_seq = ?2
        UNION SELECT author, epoch FROM join_packages WHERE room = ?1 AND commit_seq = ?2
        UNION SELECT author, epoch FROM epochs WHERE room = ?1 AND commit_seq = ?2";
    let mut statement = db.prepare_cached(sql)?;
    let rows = statement
        .query_map(params![room.num, signed(place.commit)], |row| Ok((id(row, 0)?, id(row, 1)?)))?
        .collect::<rusqlite::Result<Vec<(AccountId, EpochId)>>>()?;
    match rows.iter().find(|(author, _)| *author == place.author) {
        Some((_, epoch)) if *epoch != place.epoch => {
            Err(StoreError::Conflict("you have named another epoch for this commit before"))
        }
        Some(_) => Ok(()),
        None => check_places(db, room, place, rows.iter().map(|(author, _)| *author)),
    }
}

/// Some of the places are for members of a level: those of none could take all with what is of no use.
fn check_places(
    db: &Connection,
    room: &Room,
    place: Place,
    taken: impl ExactSizeIterator<Item = AccountId>,
) -> Result<()> {
    const ENOUGH: StoreError = StoreError::LimitReached("enough members have published for this commit");
    if taken.len() >= shared::PUBLISHED_AUTHORS {
        return Err(ENOUGH);
    }
    if rooms::told_level(db, room, place.author)? >= Some(rooms::MODERATOR) {
        return Ok(());
    }
    let mut plain = 0;
    for author in taken {
        plain += usize::from(rooms::told_level(db, room, author)? < Some(rooms::MODERATOR));
    }
    if plain >= shared::PUBLISHED_AUTHORS - shared::PUBLISHED_RESERVED { Err(ENOUGH) } else { Ok(()) }
}

fn has_snapshot(db: &Connection, room: &Room, place: Place) -> Result<bool> {
    let sql = "-- has_snapshot()
        SELECT 1 FROM snapshots WHERE room = ?1 AND account = ?2 AND epoch = ?3";
    Ok(db.prepare_cached(sql)?.exists(params![room.num, place.author.0, place.epoch.0])?)
}

pub(super) fn insert_link(db: &Connection, room: &Room, place: Place, bytes: &Opaque) -> Result<()> {
    let sql = "-- put_history_link()
        INSERT INTO history_links (room, commit_seq, author, epoch, sealed) VALUES (?1, ?2, ?3, ?4, ?5)
        ON CONFLICT (room, commit_seq, author) DO NOTHING";
    let Place { commit, epoch, author } = place;
    db.prepare_cached(sql)?.execute(params![
        room.num,
        signed(commit),
        author.0,
        epoch.0,
        bytes.as_bytes()
    ])?;
    Ok(())
}

pub(super) fn insert_public_state(db: &Connection, room: &Room, place: Place, bytes: &Opaque) -> Result<()> {
    let sql = "-- put_public_state()
        INSERT INTO public_states (room, commit_seq, author, epoch, sealed) VALUES (?1, ?2, ?3, ?4, ?5)
        ON CONFLICT (room, commit_seq, author) DO NOTHING";
    let Place { commit, epoch, author } = place;
    db.prepare_cached(sql)?.execute(params![
        room.num,
        signed(commit),
        author.0,
        epoch.0,
        bytes.as_bytes()
    ])?;
    Ok(())
}

pub(super) fn insert_package(db: &Connection, room: &Room, place: Place, new: &JoinPackage) -> Result<()> {
    let sql = "-- put_join_package()
        INSERT INTO join_packages (room, commit_seq, author, epoch, method, sealed) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
        ON CONFLICT (room, commit_seq, author, method) DO NOTHING";
    let Place { commit, epoch, author } = place;
    db.prepare_cached(sql)?.execute(params![
        room.num,
        signed(commit),
        author.0,
        epoch.0,
        new.method.0,
        new.bytes.as_bytes()
    ])?;
    Ok(())
}

pub(super) fn has_public_state(db: &Connection, room: &Room, epoch: EpochId) -> Result<bool> {
    let sql = "-- has_public_state()
        SELECT 1 FROM public_states WHERE room = ?1 AND epoch = ?2";
    Ok(db.prepare_cached(sql)?.exists(params![room.num, epoch.0])?)
}

/// Candidates for an epoch's public state, for a member.
pub(super) fn public_states(
    db: &Connection,
    account: AccountId,
    room: RoomId,
    epoch: EpochId,
) -> Result<Vec<Opaque>> {
    let room = rooms::for_member(db, account, room)?;
    candidates(db, &room, epoch, Some(account))
}

/// The asker's own first, then those of members of a higher level, then the commit author's, then others as they came; a
/// few, and not too many bytes.
pub(super) fn candidates(
    db: &Connection,
    room: &Room,
    epoch: EpochId,
    asker: Option<AccountId>,
) -> Result<Vec<Opaque>> {
    let sql = "-- public_states()
        SELECT p.sealed FROM public_states p
        JOIN epochs e ON e.room = p.room AND e.commit_seq = p.commit_seq
        LEFT JOIN members m ON m.room = p.room AND m.account = p.author
        WHERE p.room = ?1 AND p.epoch = ?2
        ORDER BY p.author IS ?3 DESC, coalesce(m.level, 0) DESC, p.author = e.author DESC, p.rowid LIMIT ?4";
    let mut statement = db.prepare_cached(sql)?;
    let asker = asker.map(|account| account.0);
    let mut rows = statement.query(params![room.num, epoch.0, asker, shared::PUBLIC_STATE_CANDIDATES])?;
    let (mut states, mut bytes) = (Vec::new(), 0_usize);
    while let Some(row) = rows.next()? {
        let state = sealed(row, 0)?;
        bytes = bytes.saturating_add(state.len());
        if bytes > shared::PUBLIC_STATES_BYTES && !states.is_empty() {
            break;
        }
        states.push(state);
    }
    Ok(states)
}

fn read_link(row: &Row<'_>) -> rusqlite::Result<HistoryLink> {
    Ok(HistoryLink {
        epoch: id(row, 0)?,
        commit: unsigned(row.get(1)?),
        author: id(row, 2)?,
        bytes: sealed(row, 3)?,
    })
}

/// A page of history links with all candidates of each commit.
pub(super) fn history_links(
    db: &Connection,
    account: AccountId,
    room: RoomId,
    before: Seq,
) -> Result<Vec<HistoryLink>> {
    let room = rooms::for_member(db, account, room)?;
    let sql = "-- history_links()
        SELECT epoch, commit_seq, author, sealed FROM history_links
        WHERE room = ?1 AND commit_seq < ?2 ORDER BY commit_seq DESC, rowid";
    let mut statement = db.prepare_cached(sql)?;
    let rows = statement.query_map(params![room.num, signed(before)], read_link)?;
    page(rows, |link| (link.commit, link.bytes.len()))
}

/// All that is there for one epoch, for a member.
pub(super) fn published(
    db: &Connection,
    account: AccountId,
    room: RoomId,
    epoch: EpochId,
) -> Result<Published> {
    let room = rooms::for_member(db, account, room)?;
    let sql = "-- links_of_epoch()
        SELECT h.epoch, h.commit_seq, h.author, h.sealed FROM history_links h
        JOIN epochs e ON e.room = h.room AND e.commit_seq = h.commit_seq
        LEFT JOIN members m ON m.room = h.room AND m.account = h.author
        WHERE h.room = ?1 AND h.epoch = ?2
        ORDER BY coalesce(m.level, 0) DESC, h.author = e.author DESC, h.rowid LIMIT ?3";
    let mut statement = db.prepare_cached(sql)?;
    let most = shared::PUBLISHED_AUTHORS;
    let links = statement.query_map(params![room.num, epoch.0, most], read_link)?;
    let links = links.collect::<rusqlite::Result<_>>()?;
    Ok(Published { links, public_states: candidates(db, &room, epoch, Some(account))? })
}
