//! What only SQLite can show: bad circumstances, and what is in the tables.

use rusqlite::params;
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;
use waxwing_wire::{
    AccountId, EntryId, EpochId, RoomId,
    frame::{AccountDatum, Append, CreateRoom, EntryKind, EpochParts},
    ids::{DataName, SessionId},
};
use zeroize::Zeroizing;

use super::*;
use crate::store::{Caller, Factor, Login, NewSession, SessionHash, StoreError};

const MIRA: AccountId = AccountId([1; 16]);
const ROOM: RoomId = RoomId([7; 16]);

fn open_with(folder: &TempDir, change: impl FnOnce(&mut Options)) -> std::result::Result<Sqlite, OpenError> {
    let mut options = Options::new(folder.path());
    options.busy_timeout = Duration::from_millis(100);
    change(&mut options);
    // Without anybody who hears notices: the writer must not mind.
    let (notices, _) = mpsc::channel(1);
    Sqlite::open(&options, notices)
}

fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

/// A connection beside the relay's own.
fn beside(folder: &TempDir) -> Connection {
    Connection::open(folder.path().join("waxwing.db")).unwrap()
}

const MIRAS: Caller = Caller { account: MIRA, session: SessionId([5; 16]), frame_bytes: 1 };

fn append(number: u8, bytes: usize) -> Append {
    Append {
        room: ROOM,
        after: 0,
        id: EntryId([number; 16]),
        bytes: Opaque(vec![number; bytes]),
        lasting: false,
    }
}

/// A store with an account in a room.
async fn with_room(folder: &TempDir, change: impl FnOnce(&mut Options)) -> Sqlite {
    let store = open_with(folder, change).unwrap();
    beside(folder)
        .execute(
            "INSERT INTO accounts (account, username, skeleton, administrator, status, identity_key, created_at_ms,
                                   last_seen_at_ms)
             VALUES (?1, 'mira', 'mlra', 1, 0, ?2, 0, 0)",
            params![MIRA.0, [0_u8; 32]],
        )
        .unwrap();
    beside(folder)
        .execute(
            "INSERT INTO sessions VALUES (?1, ?2, zeroblob(32), 0, NULL, 0, '', 0, 0)",
            params![MIRAS.session.0, MIRA.0],
        )
        .unwrap();
    let sealed = || Opaque(vec![1]);
    let parts = EpochParts {
        epoch: EpochId([0; 32]),
        public_state: sealed(),
        snapshot: sealed(),
        keyring: sealed(),
        link: None,
        packages: Vec::new(),
        methods: None,
        keep: Vec::new(),
    };
    store.create_room(MIRAS, CreateRoom { room: ROOM, parts }, 0).await.unwrap().await.unwrap();
    store
}

#[tokio::test]
async fn a_full_disk_refuses_clearly_and_keeps_what_was_acknowledged() {
    let folder = folder();
    let store = with_room(&folder, |options| options.max_pages = Some(200)).await;
    let mut acknowledged = 0;
    let refused = loop {
        match store.append_message(MIRAS, append(acknowledged + 1, 100_000), 0).await.unwrap().await {
            Ok(seq) => {
                acknowledged += 1;
                assert_eq!(seq, u64::from(acknowledged));
            }
            Err(error) => break error,
        }
        assert!(acknowledged < 100, "the disk is not full");
    };
    assert_eq!(refused, StoreError::Unavailable);
    let page = store.entries_after(MIRA, ROOM, 0, 500).await.unwrap();
    assert_eq!((page.entries.len(), page.last_seq), (usize::from(acknowledged), u64::from(acknowledged)));
    let small = store.append_message(MIRAS, append(200, 10), 0).await.unwrap().await;
    assert_eq!(small, Ok(page.last_seq + 1), "what fits is taken");
    let check: String = beside(&folder).query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(check, "ok");
}

#[tokio::test]
async fn rooms_without_old_messages_are_not_looked_at() {
    let folder = folder();
    let store = with_room(&folder, |_| {}).await;
    store.set_retention(MIRAS, ROOM, 60).await.unwrap().await.unwrap();
    for (number, at_ms) in [(1, 1_000_000), (2, 1_030_000)] {
        store.append_message(MIRAS, append(number, 10), at_ms).await.unwrap().await.unwrap();
    }
    assert_eq!(store.erase_expired(1_050_000).await.unwrap(), 0);
    // Behind the relay's back: whoever looked at the messages would find it.
    let older = |at_ms: i64| {
        let sql = "UPDATE log_entries SET received_at_ms = ?1 WHERE seq = 2";
        beside(&folder).execute(sql, [at_ms]).unwrap();
    };
    older(900_000);
    assert_eq!(store.erase_expired(1_055_000).await.unwrap(), 0, "nothing is due");
    older(1_030_000);
    assert_eq!(store.erase_expired(1_061_000).await.unwrap(), 1);
    // The clock was wrong, and is put back: what comes then waits no longer than it should.
    assert_eq!(store.erase_expired(900_000_000).await.unwrap(), 1);
    store.append_message(MIRAS, append(3, 10), 1_100_000).await.unwrap().await.unwrap();
    assert_eq!(store.erase_expired(1_161_000).await.unwrap(), 1);
    // Each step is a search, however many rooms and messages there are.
    for sql in [expire::DUE_ROOMS, expire::EXPIRED] {
        let db = beside(&folder);
        let mut plan = db.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
        let steps: Vec<String> = plan
            .query_map(rusqlite::params_from_iter(vec![1_i64; sql.matches('?').count()]), |row| row.get(3))
            .unwrap()
            .collect::<rusqlite::Result<_>>()
            .unwrap();
        assert!(matches!(&*steps, [one] if one.starts_with("SEARCH")), "{steps:?}");
    }
}

#[tokio::test]
async fn a_locked_database_refuses_clearly_and_recovers() {
    let folder = folder();
    let store = with_room(&folder, |_| {}).await;
    let other = beside(&folder);
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let refused = store.append_message(MIRAS, append(1, 10), 0).await.unwrap().await;
    assert_eq!(refused, Err(StoreError::Unavailable));
    assert_eq!(store.check_writing(0).await, Err(StoreError::Unavailable), "the health check tells");
    assert_eq!(store.entries_after(MIRA, ROOM, 0, 9).await.unwrap().last_seq, 0, "reading goes on");
    other.execute_batch("ROLLBACK").unwrap();
    assert_eq!(store.append_message(MIRAS, append(1, 10), 0).await.unwrap().await, Ok(1));
}

#[tokio::test]
async fn a_batch_is_one_transaction_and_a_refused_job_undoes_only_itself() {
    let folder = folder();
    let store = with_room(&folder, |_| {}).await;
    let other = beside(&folder);
    other.busy_timeout(Duration::from_secs(5)).unwrap();
    // While the writer waits for the lock, the jobs gather.
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let mut queued = Vec::new();
    for number in 1..=9_u8 {
        let after = u64::from(number == 5);
        queued.push(store.append_message(MIRAS, Append { after, ..append(number, 10) }, 0).await.unwrap());
    }
    tokio::time::sleep(Duration::from_millis(30)).await;
    other.execute_batch("ROLLBACK").unwrap();
    let mut answers = Vec::new();
    for pending in queued {
        answers.push(pending.await.map_err(|error| error.code().as_str()));
    }
    let numbers = [Ok(1), Ok(2), Ok(3), Ok(4), Err("stale"), Ok(5), Ok(6), Ok(7), Ok(8)];
    assert_eq!(answers, numbers);
    assert_eq!(store.entries_after(MIRA, ROOM, 0, 500).await.unwrap().last_seq, 8);
}

#[tokio::test]
async fn after_closing_nothing_is_taken_and_everything_is_in_the_database() {
    let folder = folder();
    let store = with_room(&folder, |_| {}).await;
    let queued = store.append_message(MIRAS, append(1, 10), 0).await.unwrap();
    store.close();
    assert_eq!(queued.await, Ok(1), "what was queued is worked off");
    assert_eq!(store.append_message(MIRAS, append(2, 10), 0).await.unwrap_err(), StoreError::Unavailable);
    drop(store);
    let wal = std::fs::metadata(folder.path().join("waxwing.db-wal")).map_or(0, |file| file.len());
    assert_eq!(wal, 0, "the write-ahead log was moved into the database");
    let store = open_with(&folder, |_| {}).unwrap();
    assert_eq!(store.entries_after(MIRA, ROOM, 0, 9).await.unwrap().last_seq, 1);
}

fn labelled(label: &str, fields: &[&[u8]]) -> [u8; 32] {
    let mut input = Vec::new();
    for part in [label.as_bytes()].iter().chain(fields) {
        input.extend(u32::try_from(part.len()).unwrap().to_be_bytes());
        input.extend_from_slice(part);
    }
    Sha256::digest(input).into()
}

#[tokio::test]
async fn entries_are_chained_and_a_deleted_one_keeps_its_digest() {
    let folder = folder();
    let store = with_room(&folder, |_| {}).await;
    for number in 1..=3 {
        store.append_message(MIRAS, append(number, 20), 5).await.unwrap().await.unwrap();
    }
    let mut chain = labelled("Waxwing 1 log", &[&ROOM.0]);
    let db = beside(&folder);
    for number in 1..=3_u8 {
        let digest = labelled("Waxwing 1 entry", &[&[2], &0_u64.to_be_bytes(), &MIRA.0, &[number; 20]]);
        chain = labelled("Waxwing 1 chain", &[&chain, &digest]);
        let stored: ([u8; 32], [u8; 32]) = db
            .query_row("SELECT digest, chain FROM log_entries WHERE seq = ?1", [number], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })
            .unwrap();
        assert_eq!(stored, (digest, chain), "entry {number}");
    }
    let head: [u8; 32] = db.query_row("SELECT chain FROM rooms", [], |row| row.get(0)).unwrap();
    assert_eq!(head, chain);

    db.execute("UPDATE log_entries SET bytes = NULL WHERE seq = 2", []).unwrap();
    let page = store.entries_after(MIRA, ROOM, 0, 9).await.unwrap();
    let tombstone = &page.entries[1];
    let digest = labelled("Waxwing 1 entry", &[&[2], &0_u64.to_be_bytes(), &MIRA.0, &[2; 20]]);
    assert_eq!((tombstone.seq, tombstone.kind, tombstone.bytes.len()), (2, EntryKind::Tombstone, 0));
    assert_eq!(tombstone.digest, Some(Opaque(digest.to_vec())));
}

#[tokio::test]
async fn frames_that_wait_for_the_writer_are_bounded_by_their_length() {
    let folder = folder();
    let store = with_room(&folder, |options| options.busy_timeout = Duration::from_secs(20)).await;
    let held = beside(&folder);
    held.execute_batch("BEGIN IMMEDIATE").unwrap();
    // What is in the frame makes no difference: a list of small things takes as much as one large thing.
    let large = Caller { frame_bytes: crate::limits::WRITE_QUEUE_BYTES, ..MIRAS };
    let first = store.put_keyring(large, ROOM, Vec::new()).await.unwrap();
    let mut second = std::pin::pin!(store.append_message(MIRAS, append(1, 10), 0));
    let waits = tokio::time::timeout(Duration::from_millis(100), &mut second).await;
    assert!(waits.is_err(), "the queue is full");
    held.execute_batch("COMMIT").unwrap();
    assert_eq!(first.await, Ok(()));
    assert_eq!(second.await.unwrap().await, Ok(1));
}

#[tokio::test]
async fn secrets_of_sessions_are_not_in_the_database() {
    let folder = folder();
    let store = with_room(&folder, |_| {}).await;
    beside(&folder)
        .execute_batch(
            "INSERT INTO credentials VALUES (x'01010101010101010101010101010101', x'00', 1, 1, 1, x'00', 0, zeroblob(32));
             INSERT INTO vaults VALUES (x'01010101010101010101010101010101', 1, x'00', x'00', x'00');",
        )
        .unwrap();
    let session =
        NewSession { token: SessionHash([9; 32]), device: "here".into(), replaces: None, now_ms: 5 };
    let factor = Factor::Code(Zeroizing::new(vec![0]), 1);
    store.complete_login(Login { account: MIRA, record: vec![0], factor }, session).await.unwrap();
    let stored: Vec<u8> = beside(&folder)
        .query_row("SELECT token_hash FROM sessions WHERE created_at_ms = 5", [], |row| row.get(0))
        .unwrap();
    assert_eq!(stored, [9; 32], "the hash that was given, and there is no column for a token");
}

#[test]
fn a_newer_database_is_refused_with_a_clear_message() {
    let folder = folder();
    drop(open_with(&folder, |_| {}).unwrap());
    beside(&folder).pragma_update(None, "user_version", 99).unwrap();
    let error = open_with(&folder, |_| {}).unwrap_err();
    assert!(error.to_string().contains("schema 99") && error.to_string().contains("newer relay"), "{error}");
}

#[test]
fn a_foreign_database_is_refused_and_left_as_it_is() {
    let folder = folder();
    beside(&folder).execute_batch("CREATE TABLE notes (text TEXT)").unwrap();
    let error = open_with(&folder, |_| {}).unwrap_err();
    assert!(matches!(error, OpenError::Migrate(MigrateError::Foreign)), "{error}");
    let tables: i64 =
        beside(&folder).query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0)).unwrap();
    assert_eq!(tables, 1);
}

#[test]
fn garbage_in_place_of_the_database_is_refused() {
    let folder = folder();
    std::fs::write(folder.path().join("waxwing.db"), vec![b'x'; 8192]).unwrap();
    assert!(matches!(open_with(&folder, |_| {}).unwrap_err(), OpenError::Sqlite(_)));
}

#[test]
fn one_relay_per_folder() {
    let folder = folder();
    let first = open_with(&folder, |_| {}).unwrap();
    let error = open_with(&folder, |_| {}).unwrap_err();
    assert!(matches!(error, OpenError::InUse(_)), "{error}");
    drop(first);
    open_with(&folder, |_| {}).unwrap();
}

#[test]
fn durability_is_set_as_promised() {
    let folder = folder();
    let options = Options::new(folder.path());
    let connection = connect(&folder.path().join("waxwing.db"), options.busy_timeout).unwrap();
    configure_writer(&connection, &options).unwrap();
    let mode: String = connection.pragma_query_value(None, "journal_mode", |row| row.get(0)).unwrap();
    let synchronous: i64 = connection.pragma_query_value(None, "synchronous", |row| row.get(0)).unwrap();
    let keys: bool = connection.pragma_query_value(None, "foreign_keys", |row| row.get(0)).unwrap();
    assert_eq!((mode.as_str(), synchronous, keys), ("wal", 2, true));
}

/// The page tells operators exactly what is kept.
#[test]
fn the_tables_are_those_of_the_operating_page() {
    let folder = folder();
    drop(open_with(&folder, |_| {}).unwrap());
    let db = beside(&folder);
    let mut statement =
        db.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name").unwrap();
    let tables: Vec<String> =
        statement.query_map([], |row| row.get(0)).unwrap().map(|name| name.unwrap()).collect();
    let strict: i64 = db
        .query_row("SELECT count(*) FROM pragma_table_list WHERE schema = 'main' AND strict = 1", [], |row| {
            row.get(0)
        })
        .unwrap();
    assert_eq!(usize::try_from(strict).unwrap(), tables.len(), "every table is STRICT");

    let page = include_str!("../../../../docs/operating/what-the-relay-stores.md");
    let mut told: Vec<&str> = page
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split_once('`'))
        .map(|(name, _)| name)
        .collect();
    told.sort_unstable();
    assert_eq!(told, tables);
}

/// The threat model says of every column what it is, who can read it and why it is there.
#[test]
fn the_columns_are_those_of_the_threat_model() {
    let folder = folder();
    drop(open_with(&folder, |_| {}).unwrap());
    let db = beside(&folder);
    let sql = "SELECT t.name || '.' || c.name FROM sqlite_schema t JOIN pragma_table_info(t.name) c
        WHERE t.type = 'table' ORDER BY 1";
    let mut statement = db.prepare(sql).unwrap();
    let columns: Vec<String> =
        statement.query_map([], |row| row.get(0)).unwrap().map(|name| name.unwrap()).collect();

    let page = include_str!("../../../../docs/threat-model.md");
    let section = page.split("\n## ").find(|section| section.starts_with("What the relay sees")).unwrap();
    let mut told = Vec::new();
    for line in section.lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        assert_eq!(cells.len(), 5, "{line}");
        assert!(cells.iter().all(|cell| !cell.is_empty()), "{line}");
        let table = cells[0].trim_matches('`');
        told.extend(cells[1].split(", ").map(|column| format!("{table}.{}", column.trim_matches('`'))));
    }
    told.sort_unstable();
    assert_eq!(told, columns);
}

#[tokio::test]
async fn what_is_deleted_is_nowhere_in_the_database_file() {
    let folder = folder();
    let store = with_room(&folder, |_| {}).await;
    // One inside of a page, one that fills pages of its own.
    let secrets = [b"a short secret of Mira".to_vec(), b"a long secret of Mira ".repeat(1_000)];
    let names = [DataName([1; 16]), DataName([2; 16])];
    for (name, secret) in names.into_iter().zip(&secrets) {
        let datum = AccountDatum { name, version: 1, bytes: Opaque(secret.clone()) };
        store.put_account_data(MIRAS, datum).await.unwrap().await.unwrap();
    }
    let holds = |store: Sqlite, secret: &[u8]| {
        store.close();
        let file = std::fs::read(folder.path().join("waxwing.db")).unwrap();
        file.windows(secret.len()).any(|window| window == secret)
    };
    assert!(holds(store, b"secret of Mira"), "this test finds what is there");
    let store = open_with(&folder, |_| {}).unwrap();
    store.drop_account_data(MIRAS, names.to_vec()).await.unwrap().await.unwrap();
    assert!(!holds(store, b"secret of Mira"));
}
