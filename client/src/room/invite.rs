//! Founding rooms, invite links, and joining by one.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use waxwing_crypto_core::{
    identity::fingerprint,
    ids,
    room::{self as core, Doorway, InviteLink, JoinError, JoinSecret, RoomState, short_fingerprint},
    secret::SymmetricKey,
};
use waxwing_wire::{
    EpochId, MethodId, Opaque, RoomId,
    frame::{CreateRoom, JoinProof, Request, Response},
    limits::NAME_CHARS,
    problem::{Problem, ProblemCode},
};
use zeroize::Zeroizing;

use super::{
    RoomSync, Stage,
    commit::{CommitFor, OwnCommit, Wanted, epoch_parts, upload},
    log::Batch,
    sync::{Known, own_epoch},
};
use crate::{
    account_data::link_name,
    api::{Failure, Reply},
    ctx::{Ctx, failure},
    machine::{Client, Then},
};

/// Attempts to join before giving up: each lost race means that somebody else's commit went through.
const TRIES: u32 = 8;

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
fn open_doorway(link: &InviteLink, response: Response) -> Result<(Doorway, u64), Failure> {
    let Response::JoinInfo { epoch, last_commit, public_states, packages, .. } = response else {
        return Err(bad_invite());
    };
    let public_states: Vec<Vec<u8>> = public_states.into_iter().map(|state| state.0).collect();
    let packages: Vec<Vec<u8>> = packages.into_iter().map(|package| package.0).collect();
    let doorway = Doorway::open(link.room, ids::EpochId(epoch.0), &link.secret, &packages, &public_states)
        .map_err(|error| match error {
            JoinError::BadLink => bad_invite(),
            JoinError::NoPackage => {
                failure("link_invalid", "The room does not answer to this link. Ask for a new one.")
            }
            JoinError::PublicState => {
                failure("damaged", "The relay's copy of this room is damaged. Ask a member to try again.")
            }
        })?;
    let method = link.secret.method_id().map_err(|_| bad_invite())?;
    let creator = doorway.state.join(&method).map(|method| method.creator);
    // A creator who is not a member vouches for nothing: whoever else holds the link could have made all of this up.
    let key = creator.and_then(|creator| Some((creator, *doorway.roster.get(&creator)?)));
    let honest =
        key.is_none_or(|(creator, key)| short_fingerprint(&fingerprint(&creator, &key)) == link.creator);
    if honest {
        Ok((doorway, last_commit))
    } else {
        Err(failure("link_invalid", "Whoever made this link is not who the room says. Do not join."))
    }
}

impl Client {
    pub(crate) fn create_room(&mut self, intent: u64, name: &str, ctx: &mut Ctx<'_>) -> Result<(), Failure> {
        let session = self.session.as_ref().ok_or_else(bad_invite)?;
        let name = name.trim();
        if name.is_empty() {
            return Err(failure("empty", "Give the room a name."));
        }
        if name.chars().count() > NAME_CHARS {
            return Err(failure("name_too_long", &format!("A name has at most {NAME_CHARS} characters.")));
        }
        let damaged = || failure("damaged", "The room could not be made. Try again.");
        let id = ids::RoomId::random(ctx.rng);
        let state = RoomState::group(name, session.id());
        let founded = core::Room::found(session.identity(), session.id(), id, &state, ctx.now_ms, ctx.rng)
            .map_err(|_| damaged())?;
        let public = (founded.public_state.as_slice(), None);
        let parts =
            epoch_parts(session, &founded.room, public, &founded.packages, None, ctx).ok_or_else(damaged)?;
        let room = RoomId(id.0);
        let mut sync = RoomSync::new(room, Stage::Unconfirmed, ctx.rng);
        sync.adopt(founded.room);
        sync.anchored = true;
        self.rooms.insert(room, sync);
        let create = Request::CreateRoom(Box::new(CreateRoom { room, parts }));
        self.ask(create, Then::Created { intent, room }, ctx);
        Ok(())
    }

    pub(crate) fn created(
        &mut self,
        intent: u64,
        room: RoomId,
        result: Result<Response, Problem>,
        ctx: &mut Ctx<'_>,
    ) {
        if let Err(problem) = result {
            self.rooms.remove(&room);
            return ctx.reply(intent, Err(problem.into()));
        }
        let (Some(sync), Some(session)) = (self.rooms.get_mut(&room), &self.session) else { return };
        sync.stage = Stage::Ready;
        let record = sync.group.as_ref().map(|group| (EpochId(group.epoch().0), group.keyring_record()));
        let mut batch = Batch::new_group();
        batch.ops.extend(record.and_then(|(epoch, record)| sync.put_epoch(epoch, &record, session, ctx)));
        self.finish(room, batch, ctx);
        ctx.reply(intent, Ok(Reply::Room { room: room.to_string() }));
    }

    /// The invite of a room, from the secret that the account keeps.
    pub(crate) fn invite_text(&self, room: RoomId) -> Result<String, Failure> {
        let missing = || failure("not_allowed", "This room has no invite link of yours.");
        let session = self.session.as_ref().ok_or_else(missing)?;
        let seed = self.data.get(&link_name(room)).ok_or_else(missing)?;
        let secret = JoinSecret::from_seed(SymmetricKey::try_from_slice(seed).ok_or_else(missing)?);
        let method = secret.method_id().map_err(|_| missing())?;
        let group = self.rooms.get(&room).and_then(|sync| sync.group.as_ref());
        group.and_then(|group| group.state().join(&method)).ok_or_else(missing)?;
        let creator = short_fingerprint(&fingerprint(&session.id(), &session.identity().public()));
        let link = InviteLink { room: ids::RoomId(room.0), secret, creator };
        Ok(URL_SAFE_NO_PAD.encode(&*link.to_bytes()))
    }

    pub(crate) fn create_invite(
        &mut self,
        intent: u64,
        room: &str,
        ctx: &mut Ctx<'_>,
    ) -> Result<(), Failure> {
        let room = self.room_id(room)?;
        if let Ok(invite) = self.invite_text(room) {
            ctx.reply(intent, Ok(Reply::Invite { invite }));
            return Ok(());
        }
        let busy = self.rooms.get(&room).is_none_or(|sync| sync.own_commit.is_some());
        if busy {
            return Err(failure(
                "wrong_step",
                "Another change of this room is under way. Try again in a moment.",
            ));
        }
        let secret = JoinSecret::generate(ctx.rng);
        // The secret is kept before the commit makes it count: a link that nobody can show would be a dead one.
        self.save(&link_name(room), Zeroizing::new(secret.seed().expose().to_vec()), ctx);
        if let Some(sync) = self.rooms.get_mut(&room) {
            sync.own_commit = Some(OwnCommit::new(Wanted::Link(secret), CommitFor::Invite { intent }));
        }
        self.advance(room, ctx);
        Ok(())
    }

    pub(crate) fn preview(&mut self, intent: u64, invite: &str, ctx: &mut Ctx<'_>) -> Result<(), Failure> {
        let link = parse(invite)?;
        let request = Request::JoinInfo { room: RoomId(link.room.0), proof: proof(&link)?, before: u64::MAX };
        self.ask(request, Then::Preview { intent, link }, ctx);
        Ok(())
    }

    pub(crate) fn previewed(
        &mut self,
        intent: u64,
        link: &InviteLink,
        result: Result<Response, Problem>,
        ctx: &mut Ctx<'_>,
    ) {
        let seen = result.map_err(Failure::from).and_then(|response| open_doorway(link, response));
        let me = self.session.as_ref().map(|session| session.id());
        let reply = seen.map(|(doorway, _)| Reply::InvitePreview {
            room: RoomId(link.room.0).to_string(),
            name: doorway.state.name.clone(),
            members: u32::try_from(doorway.roster.len()).unwrap_or(u32::MAX),
            member: me.is_some_and(|me| doorway.roster.contains_key(&me)),
        });
        ctx.reply(intent, reply);
    }

    pub(crate) fn join(&mut self, intent: u64, invite: &str, ctx: &mut Ctx<'_>) -> Result<(), Failure> {
        let link = parse(invite)?;
        let room = RoomId(link.room.0);
        if self.rooms.get(&room).is_some_and(|sync| sync.trouble.is_none()) {
            ctx.reply(intent, Ok(Reply::Room { room: room.to_string() }));
            return Ok(());
        }
        self.ask_to_join(intent, link, 0, ctx)
    }

    fn ask_to_join(
        &mut self,
        intent: u64,
        link: Box<InviteLink>,
        tries: u32,
        ctx: &mut Ctx<'_>,
    ) -> Result<(), Failure> {
        let request = Request::JoinInfo { room: RoomId(link.room.0), proof: proof(&link)?, before: u64::MAX };
        self.ask(request, Then::JoinInfo { intent, link, tries }, ctx);
        Ok(())
    }

    pub(crate) fn join_info(
        &mut self,
        intent: u64,
        link: Box<InviteLink>,
        tries: u32,
        result: Result<Response, Problem>,
        ctx: &mut Ctx<'_>,
    ) {
        let opened = result.map_err(Failure::from).and_then(|response| open_doorway(&link, response));
        let done =
            opened.and_then(|(doorway, after)| self.walk_in(intent, link, tries, &doorway, after, ctx));
        if let Err(failure) = done {
            ctx.reply(intent, Err(failure));
        }
    }

    /// Builds the external commit and sends it; the room waits, unconfirmed, for the relay to take it.
    fn walk_in(
        &mut self,
        intent: u64,
        link: Box<InviteLink>,
        tries: u32,
        doorway: &Doorway,
        after: u64,
        ctx: &mut Ctx<'_>,
    ) -> Result<(), Failure> {
        let session = self.session.as_ref().ok_or_else(bad_invite)?;
        let refused = || failure("damaged", "Joining did not work out. Ask for a new link.");
        let prepared = doorway
            .join(session.identity(), session.id(), session.account_version(), ctx.now_ms, ctx.rng)
            .map_err(|_| refused())?;
        let mut commit = upload(session, &prepared, after, None, ctx).ok_or_else(refused)?;
        commit.add = vec![session.account];
        commit.remove = Vec::new();
        commit.proof = Some(proof(&link)?);
        let room = commit.room;
        let mut known = own_epoch(&prepared.room);
        if let Some(keys) = doorway.keys() {
            known.insert(EpochId(keys.epoch().0), Known { keys: keys.clone(), step: None });
        }
        let mut sync = RoomSync::new(room, Stage::Unconfirmed, ctx.rng);
        sync.joining = known;
        sync.group = Some(prepared.room);
        self.rooms.insert(room, sync);
        let then = Then::Joined { intent, link, room, tries };
        self.ask(Request::Commit(Box::new(commit)), then, ctx);
        Ok(())
    }

    pub(crate) fn joined(
        &mut self,
        intent: u64,
        link: Box<InviteLink>,
        room: RoomId,
        tries: u32,
        result: Result<Response, Problem>,
        ctx: &mut Ctx<'_>,
    ) {
        match result {
            Ok(Response::Appended { seq }) => {
                if let Some(sync) = self.rooms.get_mut(&room) {
                    sync.stage = Stage::Links { before: u64::MAX, known: std::mem::take(&mut sync.joining) };
                    sync.remote_seq = sync.remote_seq.max(seq);
                }
                self.show_room(room, ctx);
                ctx.reply(intent, Ok(Reply::Room { room: room.to_string() }));
                self.advance(room, ctx);
            }
            Ok(_) => ctx.reply(intent, Err(bad_invite())),
            Err(problem) if problem.code == ProblemCode::Stale && tries < TRIES => {
                self.rooms.remove(&room);
                if let Err(failure) = self.ask_to_join(intent, link, tries.saturating_add(1), ctx) {
                    ctx.reply(intent, Err(failure));
                }
            }
            Err(problem) => {
                self.rooms.remove(&room);
                ctx.reply(intent, Err(problem.into()));
            }
        }
    }
}
