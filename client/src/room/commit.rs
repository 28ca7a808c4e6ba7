//! Own commits: built when the room is current, sent with everything that belongs to the new epoch, rebuilt when another came first.

use waxwing_crypto_core::room::{Prepared, Room, Stamp};
use waxwing_wire::{
    AccountId, EntryId, EpochId, MethodId, RoomId,
    frame::{self, EpochParts, JoinMethod, JoinPackage, Request, Response, Welcome},
    problem::{Problem, ProblemCode},
};

use zeroize::Zeroizing;

use super::changes::Plan;
pub(crate) use super::changes::Wanted;
use crate::{
    api::{Failure, Reply},
    ctx::{Ctx, NOBODY, failure},
    machine::{Client, Then, opaque},
    session::Session,
};

/// Attempts before giving up: each lost race means that somebody else's commit went through.
const TRIES: u32 = 8;
/// Changes of one room that may wait for each other.
const WAITING: usize = 16;

/// Who waits for a commit.
#[derive(Debug)]
pub(crate) enum CommitFor {
    /// Nobody: it is done for the others, or for the keys.
    Duty,
    /// The person, for this answer.
    Person { intent: u64, reply: Reply },
    /// The person, for the link that it makes.
    Invite { intent: u64 },
    /// The person, who leaves as soon as their leaf is one that can.
    Leave { intent: u64 },
    /// The rest of moving to a new room.
    Move { from: RoomId },
    /// Nobody: the room hears of the account's new key.
    Rotation,
    /// Nobody: a way into the room that was kept under old keys is replaced or closed. What the account keeps from then on, and where.
    Relink(String, Zeroizing<Vec<u8>>),
}

/// A commit of this session that is not in the log yet.
#[derive(Debug)]
pub(crate) struct OwnCommit {
    wanted: Wanted,
    purpose: CommitFor,
    tries: u32,
    /// SHA-256 of the sealed commit that is under way.
    pub(crate) hash: Option<[u8; 32]>,
    room: Option<Room>,
}

impl OwnCommit {
    /// This account leaves when it is through.
    pub(super) fn leads_out(&self) -> bool {
        matches!(self.purpose, CommitFor::Leave { .. })
    }

    /// The room that the commit makes.
    pub(crate) fn take(self) -> Option<(Room, CommitFor)> {
        self.room.map(|room| (room, self.purpose))
    }
}

/// Everything of a new epoch, as the relay takes it.
pub(crate) fn epoch_parts(
    session: &Session,
    room: &Room,
    (public_state, link): (&[u8], Option<&[u8]>),
    packages: &[([u8; 32], Vec<u8>)],
    methods: Option<Vec<JoinMethod>>,
    ctx: &mut Ctx<'_>,
) -> Option<EpochParts> {
    let record = room.keyring_record();
    Some(EpochParts {
        epoch: EpochId(room.epoch().0),
        public_state: opaque(public_state),
        snapshot: room.snapshot(session.root(), ctx.rng).ok()?.into(),
        keyring: record.seal(session.root(), session.id(), room.id(), room.epoch(), ctx.rng).ok()?.into(),
        link: link.map(opaque),
        packages: join_packages(packages),
        methods,
        keep: room.state().joins.iter().map(|join| MethodId(join.id())).collect(),
    })
}

/// Join packages as the relay takes them.
pub(crate) fn join_packages(packages: &[([u8; 32], Vec<u8>)]) -> Vec<JoinPackage> {
    let package = |(method, bytes): &([u8; 32], Vec<u8>)| JoinPackage {
        method: MethodId(*method),
        bytes: opaque(bytes),
    };
    packages.iter().map(package).collect()
}

/// The request that uploads a commit.
pub(crate) fn upload(
    session: &Session,
    prepared: &Prepared,
    after: u64,
    methods: Option<Vec<JoinMethod>>,
    ctx: &mut Ctx<'_>,
) -> Option<frame::Commit> {
    let public = (prepared.public_state.as_slice(), Some(prepared.link.as_slice()));
    let parts = epoch_parts(session, &prepared.room, public, &prepared.packages, methods, ctx)?;
    let changes = &prepared.room.step().changes;
    let added = changes.iter().filter(|change| change.before.is_none());
    let removed = changes.iter().filter(|change| change.after.is_none());
    let mut id = [0; 16];
    id.copy_from_slice(prepared.hash().split_at(16).0);
    Some(frame::Commit {
        room: RoomId(prepared.room.id().0),
        after,
        id: EntryId(id),
        bytes: opaque(&prepared.sealed),
        parts,
        add: added.map(|change| change.account.0.into()).collect(),
        remove: removed.map(|change| change.account.0.into()).collect(),
        welcomes: Vec::new(),
        proof: None,
        levels: None,
    })
}

/// Welcomes for those whom a commit brings in, or in again.
fn welcomes(prepared: &Prepared, welcomed: &[AccountId]) -> Vec<Welcome> {
    let welcome = |bytes: &Vec<u8>| -> Vec<Welcome> {
        welcomed.iter().map(|account| Welcome { account: *account, bytes: opaque(bytes) }).collect()
    };
    prepared.welcome.as_ref().map(welcome).unwrap_or_default()
}

impl Client {
    /// Lets a change of a room wait for its turn.
    pub(crate) fn want(
        &mut self,
        room: RoomId,
        wanted: Wanted,
        purpose: CommitFor,
        ctx: &mut Ctx<'_>,
    ) -> Result<(), Failure> {
        let sync = self.rooms.get_mut(&room).ok_or_else(super::people::no_such_room)?;
        if sync.changes.len() >= WAITING {
            let text = "Too many changes of this room are waiting. Try again in a moment.";
            return Err(failure("wrong_step", text));
        }
        sync.changes.push_back(OwnCommit { wanted, purpose, tries: 0, hash: None, room: None });
        self.advance(room, ctx);
        Ok(())
    }

    /// Builds the commit that waits, if the room is current and nothing else is under way.
    pub(crate) fn build_commit(&mut self, room: RoomId, ctx: &mut Ctx<'_>) {
        let (Some(sync), Some(session)) = (self.rooms.get_mut(&room), &self.session) else { return };
        if !sync.is_current() || sync.in_flight.is_some() {
            return;
        }
        if sync.own_commit.is_none() {
            sync.own_commit = sync.changes.pop_front();
        }
        let (Some(group), Some(own)) = (&sync.group, &mut sync.own_commit) else { return };
        if own.hash.is_some() {
            return;
        }
        let stamp = Stamp { seen: sync.head, account_version: session.account_version(), now_ms: ctx.now_ms };
        let built = own.wanted.plan(group, session).and_then(|plan| {
            let Some(plan) = plan else { return Ok(None) };
            build(session, group, plan, stamp, sync.after, ctx).map(Some)
        });
        match built {
            Ok(Some((prepared, request))) => {
                own.hash = Some(prepared.hash());
                own.room = Some(prepared.room);
                self.ask(Request::Commit(Box::new(request)), Then::Committed(room), ctx);
            }
            Ok(None) => {
                // It is so already: somebody else came first with the same.
                let Some(own) = sync.own_commit.take() else { return };
                self.commit_done(own.purpose, room, ctx);
                self.advance(room, ctx);
            }
            Err(failure) => self.commit_failed(room, failure, ctx),
        }
    }

    fn commit_failed(&mut self, room: RoomId, failure: Failure, ctx: &mut Ctx<'_>) {
        let Some(own) = self.rooms.get_mut(&room).and_then(|sync| sync.own_commit.take()) else { return };
        self.tell_failure(room, own.purpose, failure, ctx);
        self.advance(room, ctx);
    }

    fn tell_failure(&mut self, room: RoomId, purpose: CommitFor, failure: Failure, ctx: &mut Ctx<'_>) {
        match purpose {
            CommitFor::Duty => {}
            CommitFor::Move { from } => self.stop_moving(from, failure, ctx),
            CommitFor::Rotation | CommitFor::Relink(..) => self.rotation_refused(room),
            CommitFor::Person { intent, .. } | CommitFor::Invite { intent } | CommitFor::Leave { intent } => {
                ctx.reply(intent, Err(failure));
            }
        }
    }

    /// Nothing more can be changed here: whoever waits for a change hears why.
    pub(crate) fn give_up_commits(&mut self, room: RoomId, why: &str, ctx: &mut Ctx<'_>) {
        let Some(sync) = self.rooms.get_mut(&room) else { return };
        let given_up: Vec<OwnCommit> =
            sync.own_commit.take().into_iter().chain(sync.changes.drain(..)).collect();
        for own in given_up {
            self.tell_failure(room, own.purpose, failure("no_such_room", why), ctx);
        }
    }

    pub(crate) fn committed(&mut self, room: RoomId, result: Result<Response, Problem>, ctx: &mut Ctx<'_>) {
        let Some(sync) = self.rooms.get_mut(&room) else { return };
        match result {
            Ok(Response::Appended { seq }) => sync.remote_seq = sync.remote_seq.max(seq),
            Ok(_) => {}
            Err(problem) => {
                let again = sync
                    .own_commit
                    .as_mut()
                    .filter(|own| problem.code == ProblemCode::Stale && own.tries < TRIES);
                let Some(own) = again else { return self.commit_failed(room, problem.into(), ctx) };
                own.tries = own.tries.saturating_add(1);
                own.hash = None;
                own.room = None;
                sync.remote_seq = sync.remote_seq.max(problem.last_commit.unwrap_or(0));
            }
        }
        self.advance(room, ctx);
    }

    /// The commit is in the log, or was not needed: whoever waits for it hears of it.
    pub(crate) fn commit_done(&mut self, done: CommitFor, room: RoomId, ctx: &mut Ctx<'_>) {
        match done {
            CommitFor::Duty | CommitFor::Rotation => {}
            CommitFor::Move { from } => self.tell_successor(from, ctx),
            CommitFor::Relink(name, seed) => self.save(&name, seed, ctx),
            CommitFor::Person { intent, reply } => ctx.reply(intent, Ok(reply)),
            CommitFor::Leave { intent: NOBODY } => self.leave_for_good(room, ctx),
            CommitFor::Leave { intent } => {
                if let Err(failure) = self.leave_room(intent, &room.to_string(), ctx) {
                    ctx.reply(intent, Err(failure));
                }
            }
            CommitFor::Invite { intent } => {
                let invite = self.invite_text(room, ctx.now_ms);
                ctx.reply(intent, invite);
            }
        }
    }
}

fn build(
    session: &Session,
    group: &Room,
    plan: Plan,
    stamp: Stamp,
    after: u64,
    ctx: &mut Ctx<'_>,
) -> Result<(Prepared, frame::Commit), Failure> {
    let Plan { change, methods, levels, welcomed } = plan;
    let identity = session.key_in(group).unwrap_or(session.identity());
    let prepared = group
        .commit(identity, change, stamp, ctx.rng)
        .map_err(|error| failure("not_allowed", &format!("This change was refused: {error}.")))?;
    let request = upload(session, &prepared, after, methods, ctx);
    let mut request =
        request.ok_or_else(|| failure("damaged", "The change could not be sealed. Try again."))?;
    request.welcomes = welcomes(&prepared, &welcomed);
    request.levels = levels;
    Ok((prepared, request))
}
