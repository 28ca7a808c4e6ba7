//! A relay in memory: the rules that clients depend on, without disk, network or limits of its own.

mod auth;
mod live;
mod manage;
mod marks;
mod operator;
mod password;
mod request;
mod room;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use opaque_ke::{CipherSuite, Ristretto255, ServerSetup, TripleDh};
use rand_core::OsRng;
use waxwing_wire::{
    AccountId, Opaque, Problem, ProblemCode, RoomId, Seq, account,
    frame::{
        AccountDatum, Announcement, Append, ClientFrame, EndReason, Event, KeyPackageRecord, ReportCopy,
        Request, Response, RoomSummary, ServerFrame,
    },
    ids::{RoomHandle, TokenHash},
    limits::ROOM_MEMBERS,
};

pub use auth::CODE;
pub use room::{Published, Room};

/// The OPAQUE suite of accounts and of room passwords.
#[derive(Debug)]
pub(crate) struct Suite;
impl CipherSuite for Suite {
    type OprfCs = Ristretto255;
    type KeyExchange = TripleDh<Ristretto255, sha2::Sha512>;
    type Ksf = argon2::Argon2<'static>;
}

/// A session of an account: what a cookie stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Session {
    /// The account.
    pub account: AccountId,
    pub(crate) number: u64,
}

/// An account as the relay stores it.
#[derive(Clone)]
pub struct Account {
    /// Its id.
    pub id: AccountId,
    /// OPAQUE record.
    pub record: Vec<u8>,
    /// Parameters of the record.
    pub ksf: account::KsfParams,
    /// Sealed vault.
    pub vault: Opaque,
    /// Version of the vault.
    pub vault_version: u64,
    /// Its key under the OPAQUE export key.
    pub wrap_opaque: Opaque,
    /// Its key under the recovery key.
    pub wrap_recovery: Opaque,
    /// Public identity key.
    pub identity_key: Opaque,
    /// Statements that the identity key changed.
    pub statements: Vec<Opaque>,
    /// Key package.
    pub key_package: Option<Opaque>,
    /// SHA-256 of the token of the recovery key.
    pub recovery_token_hash: TokenHash,
    /// Who may not add it to rooms.
    pub blocks: Vec<AccountId>,
    /// May administrate the relay.
    pub administrator: bool,
    /// Others see when it is there.
    pub shares_presence: bool,
    /// Waits for an administrator.
    pub pending: bool,
    /// It has an authenticator.
    pub totp: bool,
    /// Recovery codes that were not used.
    pub recovery_codes: Vec<String>,
    /// What the next login is told.
    pub notices: Vec<account::AccountNotice>,
    /// Sealed account objects, by name.
    pub data: BTreeMap<Vec<u8>, AccountDatum>,
    /// The last change of credentials, so that a lost answer can be given again.
    last_change: Option<String>,
}

/// A frame on its way to a client, with the request that it answers.
#[derive(Debug, Clone)]
pub struct Outgoing {
    /// What it answers; nothing for an event.
    pub request: Option<Request>,
    /// The frame.
    pub frame: ServerFrame,
}

/// The relay.
#[derive(Clone)]
pub struct Relay {
    setup: ServerSetup<Suite>,
    /// Accounts by username.
    pub accounts: BTreeMap<String, Account>,
    registrations: BTreeMap<String, auth::Registration>,
    logins: BTreeMap<String, auth::Login>,
    proofs: BTreeMap<Vec<u8>, AccountId>,
    sessions: BTreeSet<Session>,
    recoveries: BTreeMap<String, String>,
    /// When messages are taken; 0 dates them by their numbers.
    pub clock_ms: u64,
    /// What the operator tells everybody, the newest first.
    pub announcements: Vec<Announcement>,
    watching: BTreeSet<usize>,
    /// Whose presence a connection is told.
    presence: BTreeMap<usize, BTreeSet<AccountId>>,
    /// Keys for reports.
    pub report_keys: BTreeMap<AccountId, Opaque>,
    /// Reports: the number of the entry, and the copies.
    pub reports: Vec<(Seq, Vec<ReportCopy>)>,
    /// Most members of a room.
    pub room_members: usize,
    /// Only one session of an account may be live.
    pub single: bool,
    /// Accounts may go without an authenticator.
    pub totp_optional: bool,
    /// The next take-over has to wait so many seconds.
    pub take_over_wait_s: Option<u32>,
    live: BTreeSet<usize>,
    /// Streams that another session displaced, and that do not know it yet.
    pub(crate) displaced: Vec<usize>,
    /// Why sessions ended.
    pub(crate) endings: BTreeMap<Session, EndReason>,
    room_logins: BTreeMap<Vec<u8>, password::RoomLogin>,
    /// Rooms.
    pub rooms: BTreeMap<RoomId, Room>,
    /// Frames on their way, by connection.
    pub outgoing: BTreeMap<usize, VecDeque<Outgoing>>,
    connections: BTreeMap<usize, Session>,
    /// Every so many requests one is refused for the moment.
    pub refuse_every: Option<u64>,
    /// How it is refused then.
    pub refuse_with: ProblemCode,
    counter: u64,
    /// Streams opened so far.
    pub streams: u64,
    /// The next message is not stored but kept here.
    pub keep_next: bool,
    /// The message that was kept.
    pub kept: Option<(AccountId, Append)>,
    /// Whoever tries the password of the first room runs the login of the second.
    pub instead: Option<(RoomHandle, RoomHandle)>,
}

pub(crate) fn problem(code: ProblemCode) -> Problem {
    Problem::new(code, format!("The relay says {}.", code.as_str()))
}

/// One set of server keys for all relays of this process, so that accounts registered once exist for each of them.
fn setup() -> &'static ServerSetup<Suite> {
    static SETUP: std::sync::OnceLock<ServerSetup<Suite>> = std::sync::OnceLock::new();
    SETUP.get_or_init(|| ServerSetup::new(&mut OsRng))
}

impl Default for Relay {
    fn default() -> Self {
        Self::new()
    }
}

impl Relay {
    /// A relay without accounts and rooms.
    pub fn new() -> Self {
        Self {
            setup: setup().clone(),
            accounts: BTreeMap::new(),
            registrations: BTreeMap::new(),
            logins: BTreeMap::new(),
            proofs: BTreeMap::new(),
            sessions: BTreeSet::new(),
            recoveries: BTreeMap::new(),
            clock_ms: 0,
            announcements: Vec::new(),
            watching: BTreeSet::new(),
            presence: BTreeMap::new(),
            report_keys: BTreeMap::new(),
            reports: Vec::new(),
            room_members: ROOM_MEMBERS,
            single: false,
            totp_optional: false,
            take_over_wait_s: None,
            live: BTreeSet::new(),
            displaced: Vec::new(),
            endings: BTreeMap::new(),
            room_logins: BTreeMap::new(),
            rooms: BTreeMap::new(),
            outgoing: BTreeMap::new(),
            connections: BTreeMap::new(),
            refuse_every: None,
            refuse_with: ProblemCode::Unavailable,
            counter: 0,
            streams: 0,
            keep_next: false,
            kept: None,
            instead: None,
        }
    }

    fn next(&mut self) -> u64 {
        self.counter += 1;
        self.counter
    }

    /// Begins a session without a login.
    pub(crate) fn begin_session(&mut self, account: AccountId) -> Session {
        let session = Session { account, number: self.next() };
        self.sessions.insert(session);
        session
    }

    /// Whether a session still counts.
    pub(crate) fn is_open(&self, session: Session) -> bool {
        self.sessions.contains(&session)
    }

    /// What a device holds, with a session that the relay makes up for it.
    pub fn with_session(&mut self, username: &str, store: super::Store) -> super::Store {
        let session = self.begin_session(self.account_of(username));
        store.with_session(session)
    }

    /// Ends every session of an account, as a relay may at any time.
    pub fn end_sessions(&mut self, username: &str) {
        let account = self.account_of(username);
        let ended: Vec<Session> =
            self.sessions.iter().copied().filter(|open| open.account == account).collect();
        ended.into_iter().for_each(|session| self.end_session(session));
    }

    /// The account of a username.
    pub fn account_of(&self, username: &str) -> AccountId {
        self.accounts[username].id
    }

    pub(crate) fn account(&mut self, id: AccountId) -> Option<&mut Account> {
        self.accounts.values_mut().find(|account| account.id == id)
    }

    /// What an account keeps for itself.
    pub fn data_of(&mut self, username: &str) -> &mut BTreeMap<Vec<u8>, AccountDatum> {
        &mut self.accounts.get_mut(username).expect("the account exists").data
    }

    /// The only room, for tests that have one.
    pub fn only_room(&mut self) -> &mut Room {
        assert_eq!(self.rooms.len(), 1, "the world has one room");
        self.rooms.values_mut().next().expect("the world has a room")
    }

    pub(crate) fn open_stream(&mut self, connection: usize, session: Session) {
        self.streams += 1;
        self.connections.insert(connection, session);
        self.outgoing.insert(connection, VecDeque::new());
    }

    /// The stream is gone; whoever runs the device does not tell it.
    pub fn close_stream(&mut self, connection: usize) {
        let gone = self.connections.remove(&connection);
        self.presence.remove(&connection);
        if let Some(session) = gone.filter(|_| self.live.remove(&connection)) {
            self.tell_presence(session.account);
        }
        self.watching.remove(&connection);
        self.outgoing.remove(&connection);
        self.room_logins.retain(|_, login| login.connection != connection);
    }

    /// Closes every stream, as a restart does.
    pub(crate) fn close_streams(&mut self) {
        self.connections.clear();
        self.live.clear();
        self.presence.clear();
        self.outgoing.clear();
        self.room_logins.clear();
    }

    fn push(&mut self, connection: usize, request: Option<Request>, frame: ServerFrame) {
        self.outgoing.entry(connection).or_default().push_back(Outgoing { request, frame });
    }

    /// Tells all connections of an account.
    pub fn tell(&mut self, account: AccountId, event: &Event) {
        self.tell_others(account, event, usize::MAX);
    }

    /// Tells all connections of an account but this one.
    fn tell_others(&mut self, account: AccountId, event: &Event, but: usize) {
        let all = self.connections.iter().filter(|(connection, _)| **connection != but);
        let open: Vec<usize> = all.filter(|(_, s)| s.account == account).map(|(c, _)| *c).collect();
        for connection in open {
            self.push(connection, None, ServerFrame::Event(event.clone()));
        }
    }

    /// Takes a frame of a client; answers and events go to the queues.
    pub(crate) fn frame(&mut self, connection: usize, frame: ClientFrame) {
        let Some(session) = self.connections.get(&connection).copied() else { return };
        let ClientFrame { id, request } = frame;
        if let (true, Request::Append(append)) = (self.keep_next, &request) {
            // No answer: the author goes on waiting for one.
            self.keep_next = false;
            self.kept = Some((session.account, append.clone()));
            return;
        }
        let count = self.next();
        let greeting = matches!(request, Request::Hello { .. });
        let refused = !greeting && self.refuse_every.is_some_and(|n| count.is_multiple_of(n));
        let answer = if let Request::Hello { take_over, .. } = request
            && let Err(problem) = self.become_live(connection, session, take_over)
        {
            Err(problem)
        } else if refused {
            Err(problem(self.refuse_with))
        } else {
            self.request(connection, session.account, request.clone())
        };
        let frame = match answer {
            Ok(response) => ServerFrame::Response { id, response },
            Err(problem) => ServerFrame::Problem { id, problem },
        };
        self.push(connection, Some(request), frame);
    }

    /// Puts the message that was kept into the log, as if it had just come.
    pub fn slip_in(&mut self) {
        let (sender, append) = self.kept.take().expect("a message was kept");
        self.append_as(sender, append);
    }

    /// Appends a message in somebody's name, after the last commit.
    pub fn append_as(&mut self, sender: AccountId, append: Append) -> Seq {
        let room = self.rooms.get_mut(&append.room).expect("the room exists");
        let after = room.last_commit;
        let kind = waxwing_wire::frame::EntryKind::Message;
        let seq = room.append(sender, kind, after, append.id, append.bytes).expect("it follows");
        self.announce(append.room, seq);
        seq
    }

    /// Appends a statement in somebody's name.
    pub fn post_as(&mut self, sender: AccountId, post: waxwing_wire::frame::Post) -> Seq {
        let room = self.rooms.get_mut(&post.room).expect("the room exists");
        let after = room.last_commit;
        let seq = room.append(sender, post.kind, after, post.id, post.bytes).expect("it follows");
        self.announce(post.room, seq);
        seq
    }

    /// Takes a commit of somebody who has no connection; false when it is refused.
    pub fn commit_as(&mut self, sender: AccountId, commit: waxwing_wire::frame::Commit) -> bool {
        self.commit(sender, commit).is_ok()
    }

    /// Loses every snapshot but those of the rooms' first epochs.
    pub fn lose_snapshots(&mut self) {
        for room in self.rooms.values_mut() {
            room.snapshots.retain(|(_, snapshot)| snapshot.commit == 0);
        }
    }

    fn summaries(&self, me: AccountId) -> Vec<RoomSummary> {
        let mine = self.rooms.iter().filter(|(_, room)| room.members.contains_key(&me));
        let own = |room: &Room| room.marks.get(&me).and_then(|(_, own)| own.clone());
        mine.map(|(id, room)| RoomSummary { own: own(room), ..room.summary(*id) }).collect()
    }

    fn announce(&mut self, room: RoomId, seq: Seq) {
        let members = self.rooms[&room].members.keys().copied().collect();
        self.announce_to(members, room, seq);
    }

    fn announce_to(&mut self, accounts: Vec<AccountId>, room: RoomId, seq: Seq) {
        let entry = self.rooms[&room].log[seq as usize - 1].clone();
        for account in accounts {
            self.tell(account, &Event::Entry { room, entry: entry.clone() });
        }
    }

    fn key_package(&self, account: AccountId) -> Response {
        let found = self.accounts.values().find(|known| known.id == account);
        Response::KeyPackage(found.and_then(|known| {
            Some(KeyPackageRecord {
                bytes: known.key_package.clone()?,
                identity_key: known.identity_key.clone(),
                statements: known.statements.clone(),
                guest: known.record.is_empty(),
            })
        }))
    }
}
