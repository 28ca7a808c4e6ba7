//! Own commits: built when the room is current, sent with everything that belongs to the new epoch, rebuilt when another came first.

use waxwing_crypto_core::room::{
    Change, JoinKind, JoinSecret, Prepared, Role, Room, RoomState, Stamp, token_hash,
};
use waxwing_wire::{
    EntryId, EpochId, MethodId, RoomId,
    frame::{self, EpochParts, JoinMethod, JoinPackage, Request, Response},
    ids::TokenHash,
    problem::{Problem, ProblemCode},
};

use crate::{
    api::Failure,
    ctx::{Ctx, failure},
    machine::{Client, Then, opaque},
    session::Session,
};

/// Attempts before giving up: each lost race means that somebody else's commit went through.
const TRIES: u32 = 8;

/// What a commit is for, so that whoever asked hears of it.
#[derive(Debug, Clone, Copy)]
pub(crate) enum CommitFor {
    Invite { intent: u64 },
}

/// What is to change; built anew on each epoch that comes first.
#[derive(Debug)]
pub(crate) enum Wanted {
    Link(JoinSecret),
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
    pub(crate) fn new(wanted: Wanted, purpose: CommitFor) -> Self {
        Self { wanted, purpose, tries: 0, hash: None, room: None }
    }

    /// The room that the commit makes.
    pub(crate) fn take(self) -> Option<(Room, CommitFor)> {
        self.room.map(|room| (room, self.purpose))
    }

    fn change(
        &self,
        state: &RoomState,
        session: &Session,
    ) -> Result<(Change, Option<Vec<JoinMethod>>), Failure> {
        let Wanted::Link(secret) = &self.wanted;
        if state.role(session.id()) < Role::Moderator {
            let text = "Only an owner or a moderator of the room can make an invite link.";
            return Err(failure("not_allowed", text));
        }
        let damaged = |_| failure("damaged", "The link could not be made. Try again.");
        let method = secret.method(JoinKind::Link, session.id()).map_err(damaged)?;
        let gate = JoinMethod {
            id: MethodId(method.id()),
            token_hash: TokenHash(token_hash(&secret.relay_token())),
            expires_at_ms: None,
            password: None,
        };
        let mut next = state.clone();
        next.joins.retain(|join| join.kind != JoinKind::Link);
        next.joins.push(method);
        Ok((Change::State(Box::new(next)), Some(vec![gate])))
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
    let package = |(method, bytes): &([u8; 32], Vec<u8>)| JoinPackage {
        method: MethodId(*method),
        bytes: opaque(bytes),
    };
    Some(EpochParts {
        epoch: EpochId(room.epoch().0),
        public_state: opaque(public_state),
        snapshot: room.snapshot(session.root(), ctx.rng).ok()?.into(),
        keyring: record.seal(session.root(), session.id(), room.id(), room.epoch(), ctx.rng).ok()?.into(),
        link: link.map(opaque),
        packages: packages.iter().map(package).collect(),
        methods,
        keep: room.state().joins.iter().map(|join| MethodId(join.id())).collect(),
    })
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

impl Client {
    /// Builds the commit that waits, if the room is current and nothing else is under way.
    pub(crate) fn build_commit(&mut self, room: RoomId, ctx: &mut Ctx<'_>) {
        let (Some(sync), Some(session)) = (self.rooms.get_mut(&room), &self.session) else { return };
        if !sync.is_current() || sync.in_flight.is_some() {
            return;
        }
        let (Some(group), Some(own)) = (&sync.group, &mut sync.own_commit) else { return };
        if own.hash.is_some() {
            return;
        }
        let stamp = Stamp { seen: sync.head, account_version: session.account_version(), now_ms: ctx.now_ms };
        let built = own.change(group.state(), session).and_then(|(change, methods)| {
            let prepared = group
                .commit(session.key_in(group).unwrap_or(session.identity()), change, stamp, ctx.rng)
                .map_err(|error| failure("not_allowed", &format!("This change was refused: {error}.")))?;
            let request = upload(session, &prepared, sync.after, methods, ctx);
            let request =
                request.ok_or_else(|| failure("damaged", "The change could not be sealed. Try again."))?;
            Ok((prepared, request))
        });
        match built {
            Ok((prepared, request)) => {
                own.hash = Some(prepared.hash());
                own.room = Some(prepared.room);
                self.ask(Request::Commit(Box::new(request)), Then::Committed(room), ctx);
            }
            Err(failure) => self.commit_failed(room, failure, ctx),
        }
    }

    fn commit_failed(&mut self, room: RoomId, failure: Failure, ctx: &mut Ctx<'_>) {
        let Some(own) = self.rooms.get_mut(&room).and_then(|sync| sync.own_commit.take()) else { return };
        let CommitFor::Invite { intent } = own.purpose;
        ctx.reply(intent, Err(failure));
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
}
