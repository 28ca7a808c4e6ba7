//! Joining by a link: looking through the door, and walking in by an external commit.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use waxwing_crypto_core::{
    identity::fingerprint,
    ids,
    room::{Doorway, InviteLink, JoinError, short_fingerprint},
};
use waxwing_wire::{
    AccountId, EpochId, MethodId, Opaque, RoomId,
    frame::{JoinProof, Request, Response},
    limits::JOIN_EPOCHS,
    problem::{Problem, ProblemCode},
};
use zeroize::Zeroizing;

use super::{
    RoomSync, Stage,
    answers::RoomThen,
    commit::upload,
    epochs::{Known, own_epoch},
    links::LinkPage,
};
use crate::{
    api::{Failure, Reply},
    ctx::{Ctx, failure},
    machine::{Client, Then},
};

/// Attempts to join before giving up: each lost race means that somebody else's commit went through.
const RACES: u32 = 8;

/// What the way in is looked at for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Aim {
    Preview,
    Join,
}

/// One way in, being tried.
pub(crate) struct Attempt {
    pub(crate) intent: u64,
    pub(crate) aim: Aim,
    pub(crate) link: Box<InviteLink>,
    /// The relay is asked for the newest epoch before this commit.
    before: u64,
    /// Epochs looked at: the newest may be one that does not count.
    looked: usize,
    races: u32,
}

impl Attempt {
    pub(crate) fn new(intent: u64, aim: Aim, link: Box<InviteLink>) -> Self {
        Self { intent, aim, link, before: u64::MAX, looked: 0, races: 0 }
    }
}

fn bad_invite() -> Failure {
    failure("bad_invite", "This invite link is not complete. Ask for it again and copy all of it.")
}

fn parse(invite: &str) -> Result<Box<InviteLink>, Failure> {
    let bytes = Zeroizing::new(URL_SAFE_NO_PAD.decode(invite.trim()).map_err(|_| bad_invite())?);
    InviteLink::from_bytes(&bytes).map(Box::new).map_err(|_| bad_invite())
}

fn proof(link: &InviteLink) -> Result<JoinProof, Failure> {
    let method = MethodId(link.secret.method_id().map_err(|_| bad_invite())?);
    Ok(JoinProof { method, token: Opaque(link.secret.relay_token().expose().to_vec()) })
}

/// Opens what the relay gave for a link, and checks that the link's creator is who the room says made it.
fn open_doorway(
    link: &InviteLink,
    epoch: EpochId,
    packages: Vec<Opaque>,
    public_states: Vec<Opaque>,
    now_ms: u64,
) -> Result<Doorway, Failure> {
    let plain = |all: Vec<Opaque>| all.into_iter().map(|bytes| bytes.0).collect::<Vec<_>>();
    let (packages, states) = (plain(packages), plain(public_states));
    let doorway = Doorway::open(link.room, ids::EpochId(epoch.0), &link.secret, &packages, &states);
    let doorway = doorway.map_err(|error| match error {
        JoinError::BadLink => bad_invite(),
        JoinError::NoPackage => {
            failure("link_invalid", "The room does not answer to this link. Ask for a new one.")
        }
        JoinError::PublicState => {
            failure("damaged", "The relay's copy of this room is damaged. Ask a member to try again.")
        }
    })?;
    let method = link.secret.method_id().map_err(|_| bad_invite())?;
    let way = doorway.state.join(&method);
    if way.is_some_and(|way| way.has_expired(now_ms)) {
        return Err(failure("link_expired", "This invite link has expired. Ask for a new one."));
    }
    let creator = way.map(|way| way.creator);
    // A creator who is not a member vouches for nothing: whoever else holds the link could have made all of this up.
    let key = creator.and_then(|creator| Some((creator, *doorway.roster.get(&creator)?)));
    let honest =
        key.is_some_and(|(creator, key)| short_fingerprint(&fingerprint(&creator, &key)) == link.creator);
    if honest {
        Ok(doorway)
    } else {
        Err(failure("link_invalid", "Whoever made this link is not who the room says. Do not join."))
    }
}

impl Client {
    pub(crate) fn preview(&mut self, intent: u64, invite: &str, ctx: &mut Ctx<'_>) -> Result<(), Failure> {
        self.look(Attempt::new(intent, Aim::Preview, parse(invite)?), ctx)
    }

    pub(crate) fn join(&mut self, intent: u64, invite: &str, ctx: &mut Ctx<'_>) -> Result<(), Failure> {
        self.join_by(intent, parse(invite)?, ctx)
    }

    /// Joins by a link, unless this account is in the room already.
    pub(super) fn join_by(
        &mut self,
        intent: u64,
        link: Box<InviteLink>,
        ctx: &mut Ctx<'_>,
    ) -> Result<(), Failure> {
        let room = RoomId(link.room.0);
        if self.rooms.get(&room).is_some_and(|sync| sync.complaint().is_none()) {
            ctx.reply(intent, Ok(Reply::Room { room: room.to_string() }));
            return Ok(());
        }
        self.look(Attempt::new(intent, Aim::Join, link), ctx)
    }

    fn look(&mut self, attempt: Attempt, ctx: &mut Ctx<'_>) -> Result<(), Failure> {
        let room = RoomId(attempt.link.room.0);
        let request = Request::JoinInfo { room, proof: proof(&attempt.link)?, before: attempt.before };
        self.ask(request, Then::Room(RoomThen::JoinInfo(Box::new(attempt))), ctx);
        Ok(())
    }

    pub(super) fn join_info(
        &mut self,
        attempt: Attempt,
        result: Result<Response, Problem>,
        ctx: &mut Ctx<'_>,
    ) {
        let intent = attempt.intent;
        if let Err(failure) = self.try_door(attempt, result, ctx) {
            ctx.reply(intent, Err(failure));
        }
    }

    fn try_door(
        &mut self,
        mut attempt: Attempt,
        result: Result<Response, Problem>,
        ctx: &mut Ctx<'_>,
    ) -> Result<(), Failure> {
        let Response::JoinInfo { epoch, commit, last_commit, public_states, packages, .. } = result? else {
            return Err(bad_invite());
        };
        match open_doorway(&attempt.link, epoch, packages, public_states, ctx.now_ms) {
            Ok(doorway) if attempt.aim == Aim::Preview => {
                let reply = self.describe(&attempt.link, &doorway);
                ctx.reply(attempt.intent, Ok(reply));
                Ok(())
            }
            Ok(doorway) => self.walk_in(attempt, &doorway, last_commit, ctx),
            Err(failure) if failure.code == "link_expired" => Err(failure),
            // A commit that does not count leaves packages that nobody can use: the epoch before it is the one in force.
            Err(_)
                if commit > 0
                    && commit < attempt.before
                    && attempt.looked.saturating_add(1) < JOIN_EPOCHS =>
            {
                attempt.looked = attempt.looked.saturating_add(1);
                attempt.before = commit;
                self.look(attempt, ctx)
            }
            Err(failure) => Err(failure),
        }
    }

    fn describe(&self, link: &InviteLink, doorway: &Doorway) -> Reply {
        let me = self.session.as_ref().map(|session| session.id());
        let method = link.secret.method_id().ok().and_then(|id| doorway.state.join(&id));
        Reply::InvitePreview {
            room: RoomId(link.room.0).to_string(),
            name: doorway.state.name.clone(),
            members: u32::try_from(doorway.roster.len()).unwrap_or(u32::MAX),
            member: me.is_some_and(|me| doorway.roster.contains_key(&me)),
            vouched_by: AccountId(doorway.vouched_by.0).to_string(),
            by_creator: method.is_some_and(|method| method.creator == doorway.vouched_by),
        }
    }

    /// Builds the external commit and sends it; the room waits, unconfirmed, for the relay to take it.
    fn walk_in(
        &mut self,
        attempt: Attempt,
        doorway: &Doorway,
        after: u64,
        ctx: &mut Ctx<'_>,
    ) -> Result<(), Failure> {
        if let Some(sync) =
            self.rooms.get(&RoomId(attempt.link.room.0)).filter(|sync| sync.complaint().is_none())
        {
            // Somebody asked twice: a second commit would throw away what the first has led to.
            if !sync.is_confirmed() {
                return Err(failure("wrong_step", "This room is being joined already."));
            }
            ctx.reply(attempt.intent, Ok(Reply::Room { room: sync.id.to_string() }));
            return Ok(());
        }
        let session = self.session.as_ref().ok_or_else(bad_invite)?;
        let refused = || failure("damaged", "Joining did not work out. Ask for a new link.");
        let prepared = doorway
            .join(session.identity(), session.id(), session.account_version(), ctx.now_ms, ctx.rng)
            .map_err(|_| refused())?;
        let mut commit = upload(session, &prepared, after, None, ctx).ok_or_else(refused)?;
        commit.add = vec![session.account];
        commit.remove = Vec::new();
        commit.proof = Some(proof(&attempt.link)?);
        let room = commit.room;
        let mut known = own_epoch(&prepared.room);
        if let Some(keys) = doorway.keys() {
            known.insert(EpochId(keys.epoch().0), Known::new(keys.clone(), None));
        }
        let mut sync = RoomSync::new(room, Stage::Unconfirmed, ctx.rng);
        sync.joining = known;
        sync.group = Some(prepared.room);
        sync.leaf_at_ms = ctx.now_ms;
        // What the device has of an earlier time in the room stays until the relay lets it in again.
        let before = self.rooms.insert(room, sync).map(Box::new);
        let then = RoomThen::Joined { attempt: Box::new(attempt), before };
        self.ask(Request::Commit(Box::new(commit)), Then::Room(then), ctx);
        Ok(())
    }

    pub(super) fn joined(
        &mut self,
        mut attempt: Attempt,
        before: Option<Box<RoomSync>>,
        result: Result<Response, Problem>,
        ctx: &mut Ctx<'_>,
    ) {
        let (room, intent) = (RoomId(attempt.link.room.0), attempt.intent);
        let problem = match result {
            Ok(Response::Appended { seq }) => {
                self.walked_in(room, seq, before, ctx);
                return ctx.reply(intent, Ok(Reply::Room { room: room.to_string() }));
            }
            Ok(_) => return ctx.reply(intent, Err(bad_invite())),
            Err(problem) => problem,
        };
        self.rooms.remove(&room);
        self.rooms.extend(before.map(|before| (room, *before)));
        if problem.code != ProblemCode::Stale || attempt.races >= RACES {
            return ctx.reply(intent, Err(problem.into()));
        }
        attempt.races = attempt.races.saturating_add(1);
        (attempt.before, attempt.looked) = (u64::MAX, 0);
        if let Err(failure) = self.look(attempt, ctx) {
            ctx.reply(intent, Err(failure));
        }
    }

    /// The relay took the commit that joins: what is known of the room's past is fetched next.
    fn walked_in(&mut self, room: RoomId, seq: u64, before: Option<Box<RoomSync>>, ctx: &mut Ctx<'_>) {
        if let (Some(sync), Some(session)) = (self.rooms.get_mut(&room), &self.session) {
            let known = std::mem::take(&mut sync.joining);
            sync.stage = Stage::Links { before: u64::MAX, known, page: LinkPage::default() };
            sync.remote_seq = sync.remote_seq.max(seq);
            sync.last_commit = sync.last_commit.max(seq);
            if let Some(before) = before {
                sync.keep_from(*before, session, ctx);
            }
        }
        self.show_room(room, ctx);
        self.advance(room, ctx);
    }
}
