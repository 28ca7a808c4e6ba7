//! The audit log: only added to, each entry bound to all before it by a hash.

use std::{cmp::Ordering, fmt};

use rusqlite::{Connection, params};
use waxwing_wire::{
    AccountId, RoomId, Seq,
    admin::{AuditKind, Noted},
};

use super::{log::labelled, signed, unsigned};
use crate::store::Result;

/// What an entry is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Target<'a> {
    /// An account.
    Account(AccountId),
    /// A room.
    Room(RoomId),
    /// An entry of a room.
    Entry(RoomId, Seq),
    /// A setting, by its name.
    Setting(&'a str),
    /// An invite code, by its number.
    Invite(u64),
    /// An announcement, by its number.
    Announcement(u64),
    /// A report, by its number.
    Report(u64),
    /// Nothing in particular.
    None,
}

impl fmt::Display for Target<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Account(account) => write!(f, "account:{account}"),
            Self::Room(room) => write!(f, "room:{room}"),
            Self::Entry(room, seq) => write!(f, "entry:{room}/{seq}"),
            Self::Setting(name) => write!(f, "setting:{name}"),
            Self::Invite(id) => write!(f, "invite:{id}"),
            Self::Announcement(id) => write!(f, "announcement:{id}"),
            Self::Report(id) => write!(f, "report:{id}"),
            Self::None => Ok(()),
        }
    }
}

/// Writes an entry, in the transaction of what it records. `actor` is the account that did it, if any was logged in.
/// `detail` is for people: a reason, old and new value; never a secret, and no name of an account that may be deleted.
pub(super) fn record(
    db: &Connection,
    now_ms: u64,
    actor: Option<AccountId>,
    kind: AuditKind,
    target: Target<'_>,
    detail: &str,
) -> Result<()> {
    let (last, before) = head(db)?;
    let entry = Entry {
        seq: last.saturating_add(1),
        at_ms: now_ms,
        actor,
        kind: kind.as_str(),
        target: &target.to_string(),
        detail,
    };
    let sql = "-- record()
        INSERT INTO audit (seq, at_ms, actor, kind, target, detail, chain) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    db.prepare_cached(sql)?.execute(params![
        signed(entry.seq),
        signed(entry.at_ms),
        actor.map(|account| account.0),
        entry.kind,
        entry.target,
        entry.detail,
        entry.chain(&before),
    ])?;
    Ok(())
}

/// Refused tries at passwords that are recorded in an hour, for all accounts together.
const REFUSALS: (u64, u32) = (60 * 60 * 1000, 20);
/// Entries of each kind that an account causes in a day by what it does to itself.
const OWN: (u64, u32) = (24 * 60 * 60 * 1000, 50);

/// Records that tries at an account have to wait: so many in an hour, then once that there are more.
pub(super) fn record_refused(db: &Connection, now_ms: u64, account: AccountId) -> Result<()> {
    let kind = AuditKind::LoginRefused;
    let sql = "-- refusals()
        SELECT count(*) FROM (SELECT at_ms FROM audit WHERE kind = ?1 ORDER BY seq DESC LIMIT ?2) WHERE at_ms > ?3";
    let (span_ms, most) = REFUSALS;
    let since = signed(now_ms.saturating_sub(span_ms));
    let known: u32 = db
        .prepare_cached(sql)?
        .query_row(params![kind.as_str(), most.saturating_add(1), since], |row| row.get(0))?;
    match known.cmp(&most) {
        Ordering::Less => record(db, now_ms, None, kind, Target::Account(account), ""),
        Ordering::Equal => record(
            db,
            now_ms,
            None,
            kind,
            Target::None,
            "at many accounts; more in this hour are not recorded",
        ),
        Ordering::Greater => Ok(()),
    }
}

/// Records that codes have to wait at an account whose password somebody gave. As often as what an account does itself:
/// it can do that, too.
pub(super) fn record_codes_refused(db: &Connection, now_ms: u64, account: AccountId) -> Result<()> {
    let sql = "-- codes_refused()
        SELECT count(*) FROM (SELECT at_ms FROM audit WHERE target = ?1 AND kind = ?2 ORDER BY seq DESC LIMIT ?3)
        WHERE at_ms > ?4";
    let (kind, target) = (AuditKind::CodesRefused, Target::Account(account));
    let (span_ms, most) = OWN;
    let since = signed(now_ms.saturating_sub(span_ms));
    let known: u32 = db
        .prepare_cached(sql)?
        .query_row(params![target.to_string(), kind.as_str(), most.saturating_add(1), since], |row| {
            row.get(0)
        })?;
    match known.cmp(&most) {
        Ordering::Less => record(db, now_ms, None, kind, target, ""),
        Ordering::Equal => {
            record(db, now_ms, None, kind, target, "many times; more of this day are not recorded")
        }
        Ordering::Greater => Ok(()),
    }
}

/// Records what an account does to itself: nobody fills the disk with it.
pub(super) fn record_own(
    db: &Connection,
    now_ms: u64,
    account: AccountId,
    kind: AuditKind,
    detail: &str,
) -> Result<()> {
    let sql = "-- own_entries()
        SELECT count(*) FROM (SELECT at_ms FROM audit WHERE actor = ?1 AND kind = ?2 ORDER BY seq DESC LIMIT ?3)
        WHERE at_ms > ?4";
    let (span_ms, most) = OWN;
    let since = signed(now_ms.saturating_sub(span_ms));
    let known: u32 = db
        .prepare_cached(sql)?
        .query_row(params![account.0, kind.as_str(), most.saturating_add(1), since], |row| row.get(0))?;
    let write = |detail| record(db, now_ms, Some(account), kind, Target::Account(account), detail);
    match known.cmp(&most) {
        Ordering::Less => write(detail),
        Ordering::Equal => write("many times; more of this day are not recorded"),
        Ordering::Greater => Ok(()),
    }
}

/// Number and hash of the newest entry; 0 and [`start`] when there is none.
pub(super) fn head(db: &Connection) -> Result<(u64, [u8; 32])> {
    let sql = "-- audit_head()
        SELECT seq, chain FROM audit ORDER BY seq DESC LIMIT 1";
    let mut statement = db.prepare_cached(sql)?;
    let mut rows = statement.query([])?;
    match rows.next()? {
        Some(row) => Ok((unsigned(row.get(0)?), row.get(1)?)),
        None => Ok((0, start())),
    }
}

/// What the first entry follows.
pub(super) fn start() -> [u8; 32] {
    labelled("Waxwing 1 audit", &[])
}

/// What the hash covers, in this order.
struct Entry<'a> {
    seq: u64,
    at_ms: u64,
    actor: Option<AccountId>,
    kind: &'a str,
    target: &'a str,
    detail: &'a str,
}

impl Entry<'_> {
    fn chain(&self, before: &[u8; 32]) -> [u8; 32] {
        let actor = self.actor.as_ref().map(AccountId::as_bytes).unwrap_or_default();
        let fields: [&[u8]; 7] = [
            before,
            &self.seq.to_be_bytes(),
            &self.at_ms.to_be_bytes(),
            actor,
            self.kind.as_bytes(),
            self.target.as_bytes(),
            self.detail.as_bytes(),
        ];
        labelled("Waxwing 1 audit entry", &fields)
    }
}

/// What looking through the log found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Verdict {
    /// Entries that were looked at.
    pub entries: u64,
    /// The first that does not follow from the one before.
    pub first_bad: Option<u64>,
    /// Hash of the newest.
    pub head: [u8; 32],
    /// Whether the noted entry was met, with its hash.
    pub seen: bool,
}

/// Looks through the log up to the first entry that does not follow from the one before.
pub(super) fn verify(db: &Connection, noted: Option<Noted>) -> Result<Verdict> {
    let sql = "-- verify_audit()
        SELECT seq, at_ms, actor, kind, target, detail, chain FROM audit ORDER BY seq";
    let mut statement = db.prepare_cached(sql)?;
    let mut rows = statement.query([])?;
    let mut verdict = Verdict { entries: 0, first_bad: None, head: start(), seen: false };
    while let Some(row) = rows.next()? {
        let [kind, target, detail]: [String; 3] = [row.get(3)?, row.get(4)?, row.get(5)?];
        let entry = Entry {
            seq: unsigned(row.get(0)?),
            at_ms: unsigned(row.get(1)?),
            actor: row.get::<_, Option<[u8; 16]>>(2)?.map(AccountId),
            kind: &kind,
            target: &target,
            detail: &detail,
        };
        let expected = verdict.entries.saturating_add(1);
        if entry.seq != expected || entry.chain(&verdict.head) != row.get::<_, [u8; 32]>(6)? {
            verdict.first_bad = Some(expected);
            return Ok(verdict);
        }
        verdict.entries = expected;
        verdict.head = row.get(6)?;
        verdict.seen |= noted.is_some_and(|noted| noted.seq == expected && noted.chain == verdict.head);
    }
    Ok(verdict)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::sqlite::migrate;

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    fn database() -> Connection {
        let mut db = Connection::open_in_memory().unwrap();
        migrate::migrate(&mut db).unwrap();
        db
    }

    const MIRA: AccountId = AccountId([1; 16]);

    fn with_three() -> Connection {
        let db = database();
        record(&db, 5, Some(MIRA), AuditKind::Setup, Target::Account(MIRA), "").unwrap();
        record(&db, 6, None, AuditKind::LoginRefused, Target::None, "8 s").unwrap();
        record(&db, 7, Some(MIRA), AuditKind::MessageRemoved, Target::Entry(RoomId([7; 16]), 3), "spam")
            .unwrap();
        db
    }

    /// Computed apart from this program: python3, hashlib over the bytes of docs/operating/administration.md.
    #[test]
    fn the_chain_has_known_values() {
        let db = with_three();
        assert_eq!(hex(&start()), "1b05267f65238d04e5ab488cdc64e931cd613ebfd48c1dc7fb2e09f6d607977b");
        assert_eq!(
            hex(&head(&db).unwrap().1),
            "fc1fbd78504b42b290cf376981294eb4a10256362a8cec4f1f8a562b2aa4792c"
        );
        let target: String =
            db.query_row("SELECT target FROM audit WHERE seq = 3", [], |row| row.get(0)).unwrap();
        assert_eq!(target, "entry:BwcHBwcHBwcHBwcHBwcHBw/3");
    }

    fn details(db: &Connection, kind: AuditKind) -> Vec<String> {
        let mut statement = db.prepare("SELECT detail FROM audit WHERE kind = ?1 ORDER BY seq").unwrap();
        let rows = statement.query_map([kind.as_str()], |row| row.get(0)).unwrap();
        rows.collect::<rusqlite::Result<_>>().unwrap()
    }

    #[test]
    fn neither_strangers_nor_people_fill_the_log() {
        let db = database();
        let hour_ms = 60 * 60 * 1000;
        for n in 0..100 {
            record_refused(&db, 10 * hour_ms + n, AccountId([n as u8; 16])).unwrap();
        }
        let told = details(&db, AuditKind::LoginRefused);
        assert_eq!(told.len(), 21);
        assert_eq!(told[..20], vec![String::new(); 20]);
        assert!(told[20].contains("more in this hour"), "{told:?}");
        record_refused(&db, 11 * hour_ms + 100, MIRA).unwrap();
        assert_eq!(details(&db, AuditKind::LoginRefused).len(), 22, "the next hour");

        for n in 0..100 {
            record_own(&db, 48 * hour_ms + n, MIRA, AuditKind::SessionEnded, "one").unwrap();
        }
        let told = details(&db, AuditKind::SessionEnded);
        assert_eq!((told.len(), told[49].as_str()), (51, "one"));
        assert!(told[50].contains("more of this day"), "{told:?}");
        record_own(&db, 48 * hour_ms, AccountId([2; 16]), AuditKind::SessionEnded, "one").unwrap();
        record_own(&db, 48 * hour_ms, MIRA, AuditKind::PasswordChanged, "").unwrap();
        record_own(&db, 72 * hour_ms + 100, MIRA, AuditKind::SessionEnded, "one").unwrap();
        assert_eq!(details(&db, AuditKind::SessionEnded).len(), 53, "others, and the next day");
        assert_eq!(details(&db, AuditKind::PasswordChanged).len(), 1, "other kinds");
        assert_eq!(verify(&db, None).unwrap().first_bad, None);
    }

    #[test]
    fn an_untouched_log_verifies() {
        let verdict = verify(&database(), None).unwrap();
        assert_eq!(verdict, Verdict { entries: 0, first_bad: None, head: start(), seen: false });
        let db = with_three();
        let verdict = verify(&db, None).unwrap();
        assert_eq!((verdict.entries, verdict.first_bad), (3, None));
        assert_eq!(verdict.head, head(&db).unwrap().1);
    }

    #[test]
    fn a_noted_entry_tells_a_log_that_was_written_anew() {
        let db = with_three();
        let chain_of = |db: &Connection, seq: u64| {
            db.query_row("SELECT chain FROM audit WHERE seq = ?1", [signed(seq)], |row| row.get(0)).unwrap()
        };
        let noted: Vec<Noted> = (1..=3).map(|seq| Noted { seq, chain: chain_of(&db, seq) }).collect();
        let seen = |db: &Connection, noted: Noted| verify(db, Some(noted)).unwrap().seen;
        assert!(noted.iter().all(|noted| seen(&db, *noted)));
        assert!(!seen(&db, Noted { seq: 2, ..noted[2] }), "of another entry");
        // The same acts, but for one detail: each entry follows, and no hash is the noted one.
        let anew = database();
        record(&anew, 5, Some(MIRA), AuditKind::Setup, Target::Account(MIRA), "").unwrap();
        record(&anew, 6, None, AuditKind::LoginRefused, Target::None, "9 s").unwrap();
        assert_eq!(verify(&anew, None).unwrap().first_bad, None);
        assert_eq!([0, 1, 2].map(|n| seen(&anew, noted[n])), [true, false, false], "changed, and cut off");
    }

    #[test]
    fn entries_are_neither_changed_nor_removed_nor_replaced() {
        let db = with_three();
        for change in [
            "UPDATE audit SET detail = 'x' WHERE seq = 2",
            "DELETE FROM audit WHERE seq = 3",
            "DELETE FROM audit",
            "INSERT OR REPLACE INTO audit SELECT seq, at_ms, actor, kind, target, 'x', chain FROM audit WHERE seq = 2",
            "INSERT INTO audit SELECT 9, at_ms, actor, kind, target, detail, chain FROM audit WHERE seq = 2",
            "INSERT INTO audit SELECT 0, at_ms, actor, kind, target, detail, chain FROM audit WHERE seq = 2",
            "INSERT INTO audit SELECT -1, at_ms, actor, kind, target, detail, chain FROM audit WHERE seq = 2",
        ] {
            let error = db.execute(change, []).unwrap_err().to_string();
            assert!(error.contains("only added to"), "{change}: {error}");
        }
        assert_eq!(verify(&db, None).unwrap().first_bad, None);
    }

    #[test]
    fn whoever_gets_around_the_triggers_is_noticed() {
        for (change, bad) in [
            ("UPDATE audit SET at_ms = 4 WHERE seq = 1", 1),
            ("UPDATE audit SET actor = NULL WHERE seq = 1", 1),
            ("UPDATE audit SET kind = 'kicked' WHERE seq = 2", 2),
            ("UPDATE audit SET target = 'account:x' WHERE seq = 2", 2),
            ("UPDATE audit SET detail = '9 s' WHERE seq = 2", 2),
            ("UPDATE audit SET target = '8', detail = ' s' WHERE seq = 2", 2),
            ("UPDATE audit SET chain = zeroblob(32) WHERE seq = 3", 3),
            ("DELETE FROM audit WHERE seq = 1", 1),
            ("DELETE FROM audit WHERE seq = 2", 2),
            ("UPDATE audit SET seq = 4 WHERE seq = 3", 3),
        ] {
            let db = with_three();
            for trigger in ["audit_is_not_changed", "audit_is_not_deleted"] {
                db.execute(&format!("DROP TRIGGER {trigger}"), []).unwrap();
            }
            assert_eq!(db.execute(change, []).unwrap(), 1);
            assert_eq!(verify(&db, None).unwrap().first_bad, Some(bad), "{change}");
        }
    }
}
