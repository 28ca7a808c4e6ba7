//! The machine: one input in, effects out.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use rand_core::CryptoRngCore;
use waxwing_crypto_core::login::KsfParams;
use waxwing_wire::{
    AccountId, EntryId, EpochId, Opaque, RoomId,
    frame::{self, Event, Response, RoomSummary},
    problem::{Problem, ProblemCode},
};

use crate::{
    account_data::{AccountData, DataThen, Liked, Memory, Preferences},
    api::{Ended, Failure, Intent, Notice, Reply},
    auth::{Auth, Deleting, Entered, HttpThen, Job, Renewing},
    connection::Connection,
    ctx::{Ctx, failure},
    io::{Effect, Input, StoreOp},
    operator::OperatorThen,
    people::{People, PeopleThen},
    room::{
        RoomSync,
        answers::RoomThen,
        progress::Progress,
        reading::{Asked, Reading},
    },
    session::{Session, UNLOCK},
    signal::Signals,
    trust::{Trust, TrustThen},
};

/// What the answer to a request leads to.
#[derive(Debug)]
pub(crate) enum Then {
    Hello,
    /// Nothing depends on it.
    Ignore,
    Data(DataThen),
    Trust(TrustThen),
    Entries(RoomId),
    Snapshot(RoomId),
    PublicState(RoomId),
    Keyring(RoomId),
    Links(RoomId),
    /// Snapshot and public state of an epoch that another session of this account made.
    OwnSnapshot {
        room: RoomId,
        epoch: EpochId,
    },
    OwnPublicState {
        room: RoomId,
        epoch: EpochId,
    },
    Committed(RoomId),
    Appended {
        room: RoomId,
        message: EntryId,
    },
    /// The relay has erased what this account deleted.
    Erased {
        room: RoomId,
        seqs: Vec<u64>,
    },
    /// Marks of a room were put.
    MarksPut(RoomId),
    /// Marks of a room were asked for.
    Marks(RoomId),
    /// Who of these is there was asked.
    Presence(Vec<AccountId>),
    /// The relay keeps messages of a room for so many seconds.
    Kept {
        room: RoomId,
        seconds: u64,
    },
    Room(RoomThen),
    Operator(OperatorThen),
    People(PeopleThen),
}

impl Then {
    /// Somebody looks at a spinner until this is answered.
    pub(crate) fn is_awaited(&self) -> bool {
        match self {
            Self::Room(then) => then.is_awaited(),
            Self::Operator(then) => then.is_awaited(),
            Self::People(PeopleThen::Found { .. }) => true,
            _ => false,
        }
    }
}

/// What the answer to a load leads to.
#[derive(Debug)]
pub(crate) enum LoadThen {
    Reading(RoomId, Asked),
    Reported { intent: u64, room: RoomId, key: String, note: String },
    Resume(Box<Entered>),
}

/// The client. It holds the unlocked account in memory and does nothing by itself.
#[derive(Debug)]
pub struct Client {
    pub(crate) conn: Connection,
    pub(crate) auth: Auth,
    /// New credentials whose fate is not known.
    pub(crate) job: Option<Job>,
    /// Another authenticator that is being set up.
    pub(crate) renewing: Option<Renewing>,
    /// The account is leaving its rooms for good.
    pub(crate) deleting: Option<Deleting>,
    /// The person logs in once more; the session changes when the relay agrees.
    pub(crate) proving: bool,
    pub(crate) session: Option<Session>,
    pub(crate) rooms: BTreeMap<RoomId, RoomSync>,
    pub(crate) data: AccountData,
    pub(crate) trust: Trust,
    pub(crate) people: People,
    pub(crate) signals: Signals,
    /// What others learn of the account, and how it likes its rooms.
    pub(crate) preferences: Preferences,
    pub(crate) liked: Liked,
    /// The room that was looked at last.
    pub(crate) viewed: Option<RoomId>,
    /// No room puts its marks before this time, but for some at once.
    pub(crate) marks_from_ms: u64,
    /// Whose presence the person sees.
    pub(crate) watched: Vec<AccountId>,
    /// The relay was told on this connection whether presence is shared.
    pub(crate) told_presence: bool,
    /// Rooms in which the relay did not take what new keys need.
    pub(crate) refused_rotation: BTreeSet<RoomId>,
    pub(crate) https: BTreeMap<u64, (u64, HttpThen)>,
    pub(crate) loads: BTreeMap<u64, LoadThen>,
    /// Messages that are being read, for each room in order; the first of them waits for the store.
    pub(crate) readings: BTreeMap<RoomId, VecDeque<Reading>>,
    /// How far reading what was missed has got.
    pub(crate) progress: Progress,
    /// Intents that wait for the connection that is being made.
    pub(crate) waiting: Vec<(u64, Intent)>,
    /// As the relay told them last, the newest first.
    pub(crate) announcements: Vec<frame::Announcement>,
    /// The person looks at the relay's numbers.
    pub(crate) watching: bool,
    /// When to be woken; the runner is told of the first only.
    alarms: BTreeSet<u64>,
    last_id: u64,
    /// How new passwords are stretched.
    ksf: KsfParams,
}

impl Default for Client {
    fn default() -> Self {
        Self::new()
    }
}

impl Client {
    /// A client that knows nothing yet; feed it [`Input::Start`] first.
    pub fn new() -> Self {
        Self {
            conn: Connection::new(),
            auth: Auth::Idle,
            job: None,
            renewing: None,
            deleting: None,
            proving: false,
            session: None,
            rooms: BTreeMap::new(),
            data: AccountData::default(),
            trust: Trust::default(),
            people: People::default(),
            signals: Signals::default(),
            preferences: Preferences::default(),
            liked: Liked::new(),
            viewed: None,
            marks_from_ms: 0,
            watched: Vec::new(),
            told_presence: false,
            refused_rotation: BTreeSet::new(),
            https: BTreeMap::new(),
            loads: BTreeMap::new(),
            readings: BTreeMap::new(),
            progress: Progress::default(),
            waiting: Vec::new(),
            announcements: Vec::new(),
            watching: false,
            alarms: BTreeSet::new(),
            last_id: 0,
            ksf: KsfParams::DEFAULT,
        }
    }

    /// The same, stretching new passwords with other parameters than [`KsfParams::DEFAULT`]. Below [`KsfParams::FLOOR`] no password is accepted.
    #[must_use]
    pub fn with_ksf(self, ksf: KsfParams) -> Self {
        Self { ksf, ..self }
    }

    /// Takes one input at the time `now_ms` (milliseconds since 1970). The effects are to be carried out in order, see [`crate::io`].
    pub fn handle(&mut self, input: Input, now_ms: u64, rng: &mut dyn CryptoRngCore) -> Vec<Effect> {
        let mut ctx = Ctx { now_ms, rng, ksf: self.ksf, effects: Vec::new(), alarms: Vec::new() };
        let ticked = matches!(input, Input::Tick);
        match input {
            Input::Start { entries } => self.start(entries, &mut ctx),
            Input::Intent { id, intent } => self.intent(id, intent, &mut ctx),
            Input::Loaded { id, entries } => self.loaded(id, entries, &mut ctx),
            Input::Http { id, status, body } => self.http(id, status, &body, &mut ctx),
            Input::StreamOpened => self.stream_opened(&mut ctx),
            Input::StreamFrame(bytes) => self.stream_frame(&bytes, &mut ctx),
            Input::StreamClosed { code } => self.stream_closed(code, &mut ctx),
            Input::Network { online } => self.network(online, &mut ctx),
            Input::Tick => self.tick(&mut ctx),
        }
        self.expire(&mut ctx);
        self.tell_progress(&mut ctx);
        self.set_alarm(ticked, &mut ctx);
        ctx.effects
    }

    /// The runner knows one time at which to wake us: the earliest that anything waits for.
    fn set_alarm(&mut self, ticked: bool, ctx: &mut Ctx<'_>) {
        let known = self.alarms.first().copied().filter(|_| !ticked);
        if ticked {
            self.alarms = self.alarms.split_off(&ctx.now_ms.saturating_add(1));
        }
        self.alarms.extend(ctx.alarms.drain(..));
        if let Some(at_ms) = self.alarms.first().copied().filter(|first| Some(*first) != known) {
            ctx.effects.push(Effect::Schedule { at_ms });
        }
    }

    pub(crate) fn fresh_id(&mut self) -> u64 {
        self.last_id = self.last_id.wrapping_add(1);
        self.last_id
    }

    fn start(&mut self, entries: Vec<(String, Vec<u8>)>, ctx: &mut Ctx<'_>) {
        let unlocked =
            entries.iter().find(|(key, _)| key == UNLOCK).and_then(|(_, value)| Session::unlock(value));
        match unlocked {
            Some(session) => self.resume(session, &entries, ctx),
            None => ctx.notify(Notice::Session { me: None, reason: None }),
        }
    }

    /// Goes on from what the device holds of this account.
    fn resume(&mut self, mut session: Session, entries: &[(String, Vec<u8>)], ctx: &mut Ctx<'_>) {
        self.rooms = crate::room::restore::from_store(&session, entries, ctx);
        let memory = Memory::find(session.account, entries);
        session.account_version = memory.as_ref().map_or(0, |memory| memory.version);
        self.data = AccountData::remembering(memory, &session, entries);
        self.trust = Trust::default();
        self.progress = Progress::restore(entries);
        self.people = People::restore(&session, entries);
        ctx.notify(Notice::Session { me: Some(session.me()), reason: None });
        self.session = Some(session);
        self.restore_preferences(entries, ctx);
        self.find_job(entries, ctx);
        for id in self.room_ids() {
            self.show_room(id, ctx);
        }
        self.take_over(ctx);
    }

    /// After a login: what the device holds is used if it is this account's, and thrown away otherwise.
    pub(crate) fn resume_or_begin(&mut self, entered: Entered, ctx: &mut Ctx<'_>) {
        let load = self.fresh_id();
        self.loads.insert(load, LoadThen::Resume(Box::new(entered)));
        let (from, to) = ("s/".to_owned(), "s0".to_owned());
        ctx.effects.push(Effect::Load { id: load, from, to, limit: u32::MAX, reverse: false });
    }

    /// Begins a session on a device that holds nothing of the account.
    pub(crate) fn begin(&mut self, session: Session, ctx: &mut Ctx<'_>) {
        ctx.persist([StoreOp::Clear]);
        ctx.persist_with(|ctx| session.keep(ctx));
        ctx.persist_with(|ctx| session.put(crate::room::store::OWNER.to_owned(), b"", ctx));
        self.rooms.clear();
        ctx.notify(Notice::Session { me: Some(session.me()), reason: None });
        self.session = Some(session);
        self.data = AccountData::default();
        self.trust = Trust::default();
        self.people = People::default();
        self.restore_preferences(&[], ctx);
        self.take_over(ctx);
    }

    fn loaded(&mut self, id: u64, entries: Vec<(String, Vec<u8>)>, ctx: &mut Ctx<'_>) {
        match self.loads.remove(&id) {
            None => {}
            Some(LoadThen::Reading(room, asked)) => self.store_read(room, &asked, entries, ctx),
            Some(LoadThen::Reported { intent, room, key, note }) => {
                self.reported_loaded((intent, room, key, note), &entries, ctx);
            }
            Some(LoadThen::Resume(entered)) => {
                let Entered { intent, session, recovery_codes, notices } = *entered;
                let recovery_codes_left = session.standing.recovery_codes_left;
                let done = self.resume_loaded(session, &entries, ctx);
                let reply = done.map(|()| Reply::LoggedIn { recovery_codes, recovery_codes_left });
                if reply.is_ok() {
                    crate::standing::tell(&notices, ctx);
                }
                ctx.reply(intent, reply);
            }
        }
    }

    fn resume_loaded(
        &mut self,
        session: Session,
        entries: &[(String, Vec<u8>)],
        ctx: &mut Ctx<'_>,
    ) -> Result<(), Failure> {
        let memory = Memory::find(session.account, entries);
        if memory.is_some_and(|memory| memory.vault > session.vault_version) {
            // Nothing is overwritten: what this device holds was sealed with keys that this vault may lack.
            return Err(failure(
                "account_rolled_back",
                "The relay gave an older state of your account than this device has seen, perhaps with keys that were replaced. \
                 Ask its operator. To log in with it anyway, use another browser or clear this site's data.",
            ));
        }
        let ours = entries
            .iter()
            .any(|(key, value)| key == crate::room::store::OWNER && session.get(key, value).is_some());
        if ours {
            ctx.persist_with(|ctx| session.keep(ctx));
            self.resume(session, entries, ctx);
        } else {
            self.begin(session, ctx);
        }
        if let Some(session) = &self.session {
            ctx.persist_with(|ctx| session.put(crate::room::store::OWNER.to_owned(), b"", ctx));
        }
        Ok(())
    }

    pub(crate) fn room_id(&self, text: &str) -> Result<RoomId, Failure> {
        let missing = || failure("no_such_room", "You are not a member of this room.");
        let id: RoomId = text.parse().map_err(|_| missing())?;
        if self.rooms.contains_key(&id) { Ok(id) } else { Err(missing()) }
    }

    pub(crate) fn room_ids(&self) -> Vec<RoomId> {
        self.rooms.keys().copied().collect()
    }

    pub(crate) fn event(&mut self, event: Event, ctx: &mut Ctx<'_>) {
        match event {
            Event::Entry { room, entry } => self.take_entries(room, vec![entry], ctx),
            Event::News { room, last_seq } => {
                if let Some(sync) = self.rooms.get_mut(&room) {
                    sync.remote_seq = sync.remote_seq.max(last_seq);
                    self.advance(room, ctx);
                }
            }
            Event::RoomAdded(summary) => self.know_room(&summary, ctx),
            Event::RoomRemoved(room) => self.room_gone(room, ctx),
            Event::Signal { room, sender, bytes } => self.signalled(room, sender, &bytes, ctx),
            Event::Mark { room, account, shared } => self.marked(room, account, shared, ctx),
            Event::OwnMark { room, own } => self.own_mark(room, &own, ctx),
            Event::Presence(presence) => self.presence(&presence, ctx),
            Event::AccountDataChanged => self.data_changed(ctx),
            Event::Announcements(all) => self.announced(all, ctx),
            Event::Statistics(statistics) => ctx.notify(Notice::Statistics { statistics: *statistics }),
            Event::EntryRemoved { room, entry } => self.entry_removed(room, &entry, ctx),
            Event::Account(event) => self.account_event(event, ctx),
            Event::SessionEnded { reason } => self.told_ended(reason, ctx),
            Event::Displaced => self.displaced(None, ctx),
            Event::MemberGone { .. } => {}
        }
    }

    fn hello(&mut self, rooms: &[RoomSummary], ctx: &mut Ctx<'_>) {
        self.greeted(ctx);
        self.told_presence = false;
        self.check_session(ctx);
        self.refused_rotation.clear();
        self.load_data(ctx);
        let gone: Vec<RoomId> = self
            .rooms
            .values()
            .filter(|room| room.is_confirmed() && !rooms.iter().any(|summary| summary.room == room.id))
            .map(|room| room.id)
            .collect();
        for room in gone {
            self.room_gone(room, ctx);
        }
        // All of them are known before anything goes on: what is done in one may depend on another.
        for summary in rooms {
            let new = || RoomSync::new(summary.room, crate::room::Stage::Unknown, ctx.rng);
            self.rooms.entry(summary.room).or_insert_with(new).marks.begin_connection();
        }
        for summary in rooms {
            let held = self.rooms.get(&summary.room).map_or(0, |sync| sync.head.seq);
            if summary.last_seq < held {
                // Restored from a backup, or lying: either way this log does not go on from ours.
                let why = "The relay has gone back to an older state of this room. What you see is kept on this device; \
                           log out and in again to go on from what the relay has.";
                self.room_trouble(summary.room, why, ctx);
                continue;
            }
            self.know_room(summary, ctx);
        }
        self.greeted_marks(ctx);
        self.release(ctx);
    }

    /// Goes on where an answered request left off.
    pub(crate) fn then(&mut self, then: Then, result: Result<Response, Problem>, ctx: &mut Ctx<'_>) {
        match (then, result) {
            (Then::Hello, Ok(Response::Hello { rooms, announcements, .. })) => {
                self.hello(&rooms, ctx);
                self.announced(announcements, ctx);
                self.watch_again(ctx);
            }
            (Then::MarksPut(room), result) => self.marks_put(room, result, ctx),
            (Then::Marks(room), Ok(Response::Marks { shared, own })) => {
                self.got_marks(room, shared, own, ctx);
            }
            (Then::Presence(asked), Ok(Response::Presence(known))) => self.got_presence(&asked, &known, ctx),
            (Then::Operator(then), result) => self.operator_then(then, result, ctx),
            (Then::People(then), result) => self.people_then(then, result, ctx),
            (Then::Data(then), result) => self.data_then(then, result, ctx),
            (Then::Trust(then), result) => self.trust_then(then, result, ctx),
            (Then::Entries(room), Ok(Response::Entries { entries, last_seq })) => {
                self.page(room, entries, last_seq, ctx);
            }
            (Then::Snapshot(room), Ok(Response::Snapshot(snapshot))) => {
                self.got_snapshot(room, snapshot, ctx)
            }
            (Then::PublicState(room), Ok(Response::PublicStates(states))) => {
                self.got_public(room, states, ctx)
            }
            (Then::Keyring(room), Ok(Response::Keyring(entries))) => self.got_keyring(room, &entries, ctx),
            (Then::Links(room), Ok(Response::HistoryLinks(links))) => self.got_links(room, links, ctx),
            (Then::OwnSnapshot { room, epoch }, Ok(Response::Snapshot(snapshot))) => {
                self.got_own_snapshot(room, epoch, snapshot, ctx);
            }
            (Then::OwnPublicState { room, epoch }, Ok(Response::PublicStates(states))) => {
                self.got_own_public(room, epoch, states, ctx);
            }
            (Then::Room(then), result) => self.room_then(then, result, ctx),
            (Then::Kept { room, seconds }, result) => self.kept(room, seconds, &result, ctx),
            (Then::Erased { room, seqs }, result) => self.erased(room, &seqs, &result, ctx),
            (Then::Committed(room), result) => self.committed(room, result, ctx),
            (Then::Appended { room, message }, result) => self.appended(room, message, result, ctx),
            (Then::Hello, Err(problem)) if problem.code == ProblemCode::NotLoggedIn => {
                self.session_ended(Ended::Ended, ctx);
            }
            (Then::Hello, Err(problem)) if problem.code == ProblemCode::Displaced => {
                self.displaced(problem.retry_after_s, ctx);
            }
            (
                Then::Entries(room)
                | Then::Snapshot(room)
                | Then::PublicState(room)
                | Then::Keyring(room)
                | Then::Links(room)
                | Then::OwnSnapshot { room, .. }
                | Then::OwnPublicState { room, .. },
                Err(problem),
            ) => self.read_refused(room, &problem, ctx),
            _ => {}
        }
    }
}

/// Opaque bytes for the wire.
pub(crate) fn opaque(bytes: &[u8]) -> Opaque {
    Opaque(bytes.to_vec())
}
