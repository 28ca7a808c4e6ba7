//! A relay in memory: the rules that clients depend on, without disk, network or limits.

use std::collections::{BTreeMap, VecDeque};

use opaque_ke::{
    CipherSuite, CredentialFinalization, CredentialRequest, Identifiers, RegistrationRequest,
    RegistrationUpload, Ristretto255, ServerLogin, ServerLoginParameters, ServerRegistration, ServerSetup,
    TripleDh,
};
use rand_core::OsRng;
use serde::{Serialize, de::DeserializeOwned};
use waxwing_wire::{
    AccountId, EntryId, EpochId, Opaque, Problem, ProblemCode, RoomId, Seq,
    account::{self, path},
    decode, encode,
    frame::{
        AccountDatum, ClientFrame, Commit, EntryKind, EpochParts, Event, HistoryLink, JoinMethod,
        JoinPackage, KeyPackageRecord, KeyringEntry, LogEntry, Request, Response, RoomSummary, ServerFrame,
        Snapshot,
    },
};

struct Suite;
impl CipherSuite for Suite {
    type OprfCs = Ristretto255;
    type KeyExchange = TripleDh<Ristretto255, sha2::Sha512>;
    type Ksf = argon2::Argon2<'static>;
}
/// The one code that this relay takes.
pub const CODE: &str = "123456";
const CONTEXT: &[u8] = b"Waxwing 1 login";

#[derive(Clone)]
struct Account {
    id: AccountId,
    record: Vec<u8>,
    finish: account::RegisterFinish,
}

/// One room as the relay stores it.
#[derive(Default)]
pub struct Room {
    pub log: Vec<LogEntry>,
    pub members: Vec<AccountId>,
    pub epoch: Option<EpochId>,
    pub last_commit: Seq,
    snapshots: Vec<(AccountId, Snapshot)>,
    keyrings: Vec<(AccountId, KeyringEntry)>,
    links: Vec<HistoryLink>,
    public: BTreeMap<EpochId, Opaque>,
    packages: Vec<JoinPackage>,
    methods: Vec<JoinMethod>,
}

#[derive(Default)]
pub struct Relay {
    setup: Option<ServerSetup<Suite>>,
    accounts: BTreeMap<String, Account>,
    registrations: BTreeMap<String, (String, Option<account::RegisterFinish>)>,
    logins: BTreeMap<String, (String, Option<ServerLogin<Suite>>)>,
    pub data: BTreeMap<AccountId, BTreeMap<Vec<u8>, AccountDatum>>,
    key_packages: BTreeMap<AccountId, Opaque>,
    pub rooms: BTreeMap<RoomId, Room>,
    /// Frames on their way, by connection.
    pub outgoing: BTreeMap<usize, VecDeque<Vec<u8>>>,
    connections: BTreeMap<usize, AccountId>,
    /// Every so many requests one is refused for the moment.
    pub refuse_every: Option<u64>,
    requests: u64,
    /// The next message is not stored but kept here.
    pub keep_next: bool,
    pub kept: Option<(AccountId, waxwing_wire::frame::Append)>,
}

fn problem(code: ProblemCode) -> Problem {
    Problem::new(code, format!("The relay says {}.", code.as_str()))
}

type HttpResult<T> = Result<T, Problem>;

fn call<I: DeserializeOwned, O: Serialize>(
    body: Option<&str>,
    act: impl FnOnce(I) -> HttpResult<O>,
) -> (u16, String) {
    let input = serde_json::from_str(body.unwrap_or("null")).expect("clients send what the wire says");
    match act(input) {
        Ok(output) => (200, serde_json::to_string(&output).unwrap()),
        Err(problem) => (problem.code.status(), serde_json::to_string(&problem).unwrap()),
    }
}

impl Relay {
    pub fn new() -> Self {
        Self { setup: Some(ServerSetup::new(&mut OsRng)), ..Self::default() }
    }

    /// Answers an HTTP call; the account is set when a session begins.
    pub fn http(&mut self, path: &str, body: Option<&str>, session: &mut Option<AccountId>) -> (u16, String) {
        match path {
            path::REGISTER_START => call(body, |input| self.register_start(input)),
            path::REGISTER_FINISH => call(body, |input| self.register_finish(input)),
            path::REGISTER_CONFIRM => call(body, |input| self.register_confirm(input, session)),
            path::LOGIN_START => call(body, |input| self.login_start(input)),
            path::LOGIN_FINISH => call(body, |input| self.login_finish(input)),
            path::LOGIN_TOTP => call(body, |input| self.login_totp(input, session)),
            path::LOGOUT => call(body, |input: account::Empty| {
                *session = None;
                Ok(input)
            }),
            path::SESSION if session.is_none() => {
                (401, r#"{"code":"not_logged_in","detail":"Log in."}"#.into())
            }
            _ => (404, r#"{"code":"not_found","detail":"No."}"#.into()),
        }
    }

    fn register_start(&mut self, input: account::RegisterStart) -> HttpResult<account::RegisterStarted> {
        let request = RegistrationRequest::<Suite>::deserialize(input.opaque_request.as_bytes()).unwrap();
        let setup = self.setup.as_ref().unwrap();
        let answer = ServerRegistration::start(setup, request, input.username.as_bytes()).unwrap();
        let registration = format!("r{}", self.registrations.len());
        self.registrations.insert(registration.clone(), (input.username.clone(), None));
        let opaque_response = answer.message.serialize().to_vec().into();
        Ok(account::RegisterStarted { registration, opaque_response, username: input.username })
    }

    fn register_finish(&mut self, input: account::RegisterFinish) -> HttpResult<account::TotpEnrolment> {
        let known = self
            .registrations
            .get_mut(&input.registration)
            .ok_or_else(|| problem(ProblemCode::AttemptExpired))?;
        known.1 = Some(input);
        Ok(account::TotpEnrolment { secret: "JBSWY3DP".into(), uri: "otpauth://totp/x".into() })
    }

    fn register_confirm(
        &mut self,
        input: account::RegisterConfirm,
        session: &mut Option<AccountId>,
    ) -> HttpResult<account::SessionInfo> {
        if input.code != CODE {
            return Err(problem(ProblemCode::WrongCode));
        }
        let (username, finish) = self
            .registrations
            .remove(&input.registration)
            .ok_or_else(|| problem(ProblemCode::AttemptExpired))?;
        let finish = finish.unwrap();
        let upload = RegistrationUpload::<Suite>::deserialize(finish.opaque_upload.as_bytes()).unwrap();
        let record = ServerRegistration::finish(upload).serialize().to_vec();
        let id = finish.account;
        self.accounts.insert(username.clone(), Account { id, record, finish });
        *session = Some(id);
        Ok(account::SessionInfo { account: id, username, administrator: false })
    }

    fn login_start(&mut self, input: account::LoginStart) -> HttpResult<account::LoginStarted> {
        let record = self
            .accounts
            .get(&input.username)
            .map(|account| ServerRegistration::<Suite>::deserialize(&account.record).unwrap());
        let request = CredentialRequest::deserialize(input.opaque_request.as_bytes()).unwrap();
        let parameters = ServerLoginParameters {
            context: Some(CONTEXT),
            identifiers: Identifiers { client: Some(input.username.as_bytes()), server: Some(b"waxwing") },
        };
        let setup = self.setup.as_ref().unwrap();
        let started =
            ServerLogin::start(&mut OsRng, setup, record, request, input.username.as_bytes(), parameters)
                .unwrap();
        let login = format!("l{}", self.logins.len());
        self.logins.insert(login.clone(), (input.username.clone(), Some(started.state)));
        Ok(account::LoginStarted {
            login,
            opaque_response: started.message.serialize().to_vec().into(),
            ksf: account::KsfParams { memory_kib: 65_536, iterations: 3, parallelism: 1 },
            username: input.username,
        })
    }

    fn login_finish(&mut self, input: account::LoginFinish) -> HttpResult<account::LoginAccepted> {
        let state = self.logins.get_mut(&input.login).and_then(|(_, state)| state.take());
        let finalization = CredentialFinalization::deserialize(input.opaque_finalization.as_bytes()).unwrap();
        let parameters =
            ServerLoginParameters { context: Some(CONTEXT), identifiers: Identifiers::default() };
        state
            .and_then(|state| state.finish(finalization, parameters).ok())
            .ok_or_else(|| problem(ProblemCode::WrongCredentials))?;
        Ok(account::LoginAccepted { login: input.login })
    }

    fn login_totp(
        &mut self,
        input: account::LoginTotp,
        session: &mut Option<AccountId>,
    ) -> HttpResult<account::LoggedIn> {
        if input.code != CODE {
            return Err(problem(ProblemCode::WrongCode));
        }
        let (username, _) =
            self.logins.remove(&input.login).ok_or_else(|| problem(ProblemCode::AttemptExpired))?;
        let account = self.accounts[&username].clone();
        *session = Some(account.id);
        Ok(account::LoggedIn {
            session: account::SessionInfo { account: account.id, username, administrator: false },
            vault: account.finish.vault,
            vault_version: 1,
            wrap_opaque: account.finish.wrap_opaque,
            proof: Opaque(vec![0; 32]),
        })
    }

    pub fn open_stream(&mut self, connection: usize, account: AccountId) {
        self.connections.insert(connection, account);
        self.outgoing.insert(connection, VecDeque::new());
    }

    pub fn close_stream(&mut self, connection: usize) {
        self.connections.remove(&connection);
        self.outgoing.remove(&connection);
    }

    fn push(&mut self, connection: usize, frame: &ServerFrame) {
        self.outgoing.entry(connection).or_default().push_back(encode(frame));
    }

    fn tell(&mut self, account: AccountId, event: &Event) {
        let open: Vec<usize> =
            self.connections.iter().filter(|(_, a)| **a == account).map(|(c, _)| *c).collect();
        for connection in open {
            self.push(connection, &ServerFrame::Event(event.clone()));
        }
    }

    /// Takes a frame of a client; answers and events go to the queues.
    pub fn frame(&mut self, connection: usize, bytes: &[u8]) {
        let Some(me) = self.connections.get(&connection).copied() else { return };
        let ClientFrame { id, request } = decode(bytes).expect("clients send what the wire says");
        if let (true, Request::Append(append)) = (self.keep_next, &request) {
            // No answer: the author goes on waiting for one.
            self.keep_next = false;
            self.kept = Some((me, append.clone()));
            return;
        }
        self.requests += 1;
        let greeting = matches!(request, Request::Hello(_));
        let refused = !greeting && self.refuse_every.is_some_and(|n| self.requests.is_multiple_of(n));
        let answer = if refused { Err(problem(ProblemCode::Unavailable)) } else { self.request(me, request) };
        let frame = match answer {
            Ok(response) => ServerFrame::Response { id, response },
            Err(problem) => ServerFrame::Problem { id, problem },
        };
        self.push(connection, &frame);
    }

    fn member(&mut self, me: AccountId, room: RoomId) -> Result<&mut Room, Problem> {
        let found = self.rooms.get_mut(&room).filter(|room| room.members.contains(&me));
        found.ok_or_else(|| problem(ProblemCode::NotFound))
    }

    fn request(&mut self, me: AccountId, request: Request) -> Result<Response, Problem> {
        Ok(match request {
            Request::Hello(_) => Response::Hello { account: me, rooms: self.summaries(me), now_ms: 0 },
            Request::CreateRoom(create) => {
                let mut room = Room { members: vec![me], ..Room::default() };
                room.store(me, 0, create.parts);
                self.rooms.insert(create.room, room);
                Response::Done
            }
            Request::Append(append) => {
                let room = self.member(me, append.room)?;
                let seq = room.append(me, EntryKind::Message, append.after, append.id, append.bytes)?;
                self.announce(append.room, seq);
                Response::Appended { seq }
            }
            Request::Commit(commit) => self.commit(me, *commit)?,
            Request::Entries { room, after, limit } => {
                let room = self.member(me, room)?;
                let entries =
                    room.log.iter().filter(|e| e.seq > after).take(limit as usize).cloned().collect();
                Response::Entries { entries, last_seq: room.log.len() as u64 }
            }
            Request::Snapshot { room, epoch } => {
                let own = self
                    .member(me, room)?
                    .snapshots
                    .iter()
                    .filter(|(account, _)| *account == me)
                    .map(|(_, s)| s);
                let wanted = own.filter(|s| epoch.is_none_or(|epoch| s.epoch == epoch));
                Response::Snapshot(wanted.max_by_key(|s| s.commit).cloned())
            }
            Request::PutSnapshot { room, snapshot } => {
                self.member(me, room)?.snapshots.push((me, snapshot));
                Response::Done
            }
            Request::PublicState { room, epoch } => Response::PublicStates(
                self.member(me, room)?.public.get(&epoch).cloned().into_iter().collect(),
            ),
            Request::Keyring { room, before } => {
                let own =
                    self.member(me, room)?.keyrings.iter().filter(|(a, e)| *a == me && e.commit < before);
                Response::Keyring(newest(own.map(|(_, e)| e.clone()).collect(), |e| e.commit))
            }
            Request::PutKeyring { room, entries } => {
                self.member(me, room)?.keyrings.extend(entries.into_iter().map(|entry| (me, entry)));
                Response::Done
            }
            Request::HistoryLinks { room, before } => {
                let links = self.member(me, room)?.links.iter().filter(|link| link.commit < before).cloned();
                Response::HistoryLinks(newest(links.collect(), |link| link.commit))
            }
            Request::JoinInfo { room, proof, .. } => {
                let room = self.rooms.get(&room).ok_or_else(|| problem(ProblemCode::LinkInvalid))?;
                if !room.methods.iter().any(|method| method.id == proof.method) {
                    return Err(problem(ProblemCode::LinkInvalid));
                }
                let epoch = room.epoch.unwrap();
                Response::JoinInfo {
                    epoch,
                    commit: room.last_commit,
                    last_commit: room.last_commit,
                    public_states: vec![room.public[&epoch].clone()],
                    packages: room.packages.iter().map(|package| package.bytes.clone()).collect(),
                    last_seq: room.log.len() as u64,
                }
            }
            Request::AccountData => {
                Response::AccountData(self.data.entry(me).or_default().values().cloned().collect())
            }
            Request::PutAccountData(datum) => {
                let stored = self.data.entry(me).or_default();
                let next = stored.get(datum.name.as_bytes()).map_or(1, |old| old.version + 1);
                if datum.version != next {
                    return Err(problem(ProblemCode::Conflict));
                }
                stored.insert(datum.name.as_bytes().to_vec(), datum);
                Response::Done
            }
            Request::PutKeyPackage(bytes) => {
                self.key_packages.insert(me, bytes);
                Response::Done
            }
            Request::KeyPackage(account) => Response::KeyPackage(self.key_package(account)),
            Request::DropAccountData(names) => {
                let stored = self.data.entry(me).or_default();
                names.iter().for_each(|name| {
                    stored.remove(name.as_bytes());
                });
                Response::Done
            }
            Request::Welcome(_) => Response::Welcome(None),
            Request::Members(room) => Response::Members(self.member(me, room)?.members.clone()),
            Request::Ping => Response::Done,
            _ => return Err(problem(ProblemCode::Unsupported)),
        })
    }

    /// Puts the message that was kept into the log, as if it had just come.
    pub fn slip_in(&mut self) {
        let (sender, append) = self.kept.take().expect("a message was kept");
        let room = self.rooms.get_mut(&append.room).expect("the room exists");
        let after = room.last_commit;
        let seq =
            room.append(sender, EntryKind::Message, after, append.id, append.bytes).expect("it follows");
        self.announce(append.room, seq);
    }

    /// Loses every snapshot but those of the rooms' first epochs.
    pub fn lose_snapshots(&mut self) {
        for room in self.rooms.values_mut() {
            room.snapshots.retain(|(_, snapshot)| snapshot.commit == 0);
        }
    }

    fn key_package(&self, account: AccountId) -> Option<KeyPackageRecord> {
        let known = self.accounts.values().find(|known| known.id == account)?;
        let bytes = self.key_packages.get(&account)?.clone();
        Some(KeyPackageRecord {
            bytes,
            identity_key: known.finish.identity_key.clone(),
            statements: Vec::new(),
        })
    }

    fn summaries(&self, me: AccountId) -> Vec<RoomSummary> {
        let mine = self.rooms.iter().filter(|(_, room)| room.members.contains(&me));
        mine.map(|(id, room)| room.summary(*id)).collect()
    }

    fn announce(&mut self, room: RoomId, seq: Seq) {
        let stored = &self.rooms[&room];
        let entry = stored.log[seq as usize - 1].clone();
        for member in stored.members.clone() {
            self.tell(member, &Event::Entry { room, entry: entry.clone() });
        }
    }

    fn commit(&mut self, me: AccountId, commit: Commit) -> Result<Response, Problem> {
        let room = self.rooms.get_mut(&commit.room).ok_or_else(|| problem(ProblemCode::NotFound))?;
        let proven = commit.proof.as_ref().is_some_and(|p| room.methods.iter().any(|m| m.id == p.method));
        if !room.members.contains(&me) && !proven {
            return Err(problem(ProblemCode::NotFound));
        }
        let before = room.log.len() as u64;
        let seq = room.append(me, EntryKind::Commit, commit.after, commit.id, commit.bytes)?;
        if seq > before {
            room.last_commit = seq;
            room.members.retain(|member| !commit.remove.contains(member));
            room.members.extend(&commit.add);
            room.store(me, seq, commit.parts);
            let summary = room.summary(commit.room);
            for account in &commit.add {
                self.tell(*account, &Event::RoomAdded(summary.clone()));
            }
            self.announce(commit.room, seq);
        }
        Ok(Response::Appended { seq })
    }
}

fn newest<T>(mut all: Vec<T>, commit: impl Fn(&T) -> u64) -> Vec<T> {
    all.sort_by_key(|entry| std::cmp::Reverse(commit(entry)));
    all.truncate(3);
    all
}

impl Room {
    fn summary(&self, room: RoomId) -> RoomSummary {
        RoomSummary { room, last_seq: self.log.len() as u64, last_commit: self.last_commit }
    }

    fn append(
        &mut self,
        sender: AccountId,
        kind: EntryKind,
        after: Seq,
        id: EntryId,
        bytes: Opaque,
    ) -> Result<Seq, Problem> {
        if let Some(entry) = self.log.iter().find(|e| e.sender == sender && e.id == id) {
            return Ok(entry.seq);
        }
        if after != self.last_commit {
            return Err(Problem { last_commit: Some(self.last_commit), ..problem(ProblemCode::Stale) });
        }
        let seq = self.log.len() as u64 + 1;
        self.log.push(LogEntry {
            seq,
            kind,
            after,
            sender,
            id,
            bytes,
            digest: None,
            received_at_ms: seq * 1000,
        });
        Ok(seq)
    }

    fn store(&mut self, me: AccountId, commit: Seq, parts: EpochParts) {
        let EpochParts { epoch, public_state, snapshot, keyring, link, packages, methods, keep } = parts;
        self.epoch = Some(epoch);
        self.public.insert(epoch, public_state);
        self.snapshots.push((me, Snapshot { epoch, commit, bytes: snapshot }));
        self.keyrings.push((me, KeyringEntry { epoch, commit, bytes: keyring }));
        self.links.extend(link.map(|bytes| HistoryLink { epoch, commit, author: me, bytes }));
        self.packages = packages;
        self.methods.retain(|method| keep.contains(&method.id));
        self.methods.extend(methods.unwrap_or_default());
    }
}
