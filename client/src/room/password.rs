//! Rooms with a password: OPAQUE per room. The relay keeps a record and a sealed invite link; whoever proves the password gets the link.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use waxwing_crypto_core::{
    identity::fingerprint,
    ids,
    login::{KsfParams, LoginError, LoginStart, Purpose, RegistrationStart},
    room::{InviteLink, JoinSecret, short_fingerprint},
    room_password::{NAME_CHARS, RoomHandle, RoomPassword, open_link, seal_link},
    secret::SymmetricKey,
};
use waxwing_wire::{
    RoomId, account,
    frame::{self, Request, Response},
    ids as wire_ids,
    limits::PASSWORD_CHARS_MIN,
    problem::{Problem, ProblemCode},
};
use zeroize::Zeroizing;

use super::{
    answers::RoomThen,
    commit::{CommitFor, Wanted},
    people::no_such_room,
};
use crate::{
    account_data::password_name,
    api::{Failure, Reply},
    ctx::{Ctx, failure},
    machine::{Client, Then},
};

/// Names that are tried when others have taken one.
const NAMES: u32 = 4;
/// Characters behind the room's own name: a space and a number.
const SUFFIX: usize = 5;

/// A password that is being set.
pub(crate) struct Setting {
    intent: u64,
    room: RoomId,
    name: String,
    handle: RoomHandle,
    password: RoomPassword,
    state: RegistrationStart,
    tries: u32,
}

/// What a room's password is tried for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unlock {
    /// To go in.
    Join,
    /// To look at what is behind it: the person gets the link.
    Tell,
}

/// A password that is being tried.
pub(crate) struct Trying {
    intent: u64,
    unlock: Unlock,
    handle: RoomHandle,
    password: RoomPassword,
    state: LoginStart,
}

/// A password that was right, as far as the client can tell.
pub(crate) struct Unlocking {
    intent: u64,
    unlock: Unlock,
    handle: RoomHandle,
    export_key: SymmetricKey,
}

fn damaged() -> Failure {
    failure("damaged", "The relay's answer is malformed. Try again.")
}

fn wrong() -> Failure {
    failure(
        "wrong_credentials",
        "Wrong room name or password. Check both; the name includes the number behind it.",
    )
}

fn on_wire(handle: RoomHandle) -> wire_ids::RoomHandle {
    wire_ids::RoomHandle(handle.0)
}

/// A name that a room is found by: its own, and a number, because names are shared by all rooms of a relay.
fn public_name(name: &str, ctx: &mut Ctx<'_>) -> String {
    let short: String = name.chars().take(NAME_CHARS.saturating_sub(SUFFIX)).collect();
    let number = ctx.rng.next_u32().checked_rem(10_000).unwrap_or(0);
    format!("{} {number:04}", short.trim_end())
}

impl Client {
    pub(crate) fn set_room_password(
        &mut self,
        intent: u64,
        room: &str,
        password: Option<String>,
        ctx: &mut Ctx<'_>,
    ) -> Result<(), Failure> {
        let room = self.open_room(room)?;
        let password = match password {
            None => RoomPassword::generate(ctx.rng),
            Some(typed) => {
                let typed = Zeroizing::new(typed);
                if typed.trim().chars().count() < PASSWORD_CHARS_MIN {
                    let text = format!("A room's password has at least {PASSWORD_CHARS_MIN} characters.");
                    return Err(failure("weak_password", &text));
                }
                RoomPassword::typed(&typed)
            }
        };
        self.begin_password((intent, room), password, 0, ctx)
    }

    fn begin_password(
        &mut self,
        (intent, room): (u64, RoomId),
        password: RoomPassword,
        tries: u32,
        ctx: &mut Ctx<'_>,
    ) -> Result<(), Failure> {
        let group = self.rooms.get(&room).and_then(|sync| sync.group.as_ref()).ok_or_else(no_such_room)?;
        let name = public_name(&group.state().name, ctx);
        let handle = RoomHandle::of(&name).ok_or_else(damaged)?;
        let begun = RegistrationStart::new(password.as_bytes(), ctx.rng);
        let (state, request) = begun.map_err(|_| failure("too_long", "This password is too long."))?;
        let setting = Setting { intent, room, name, handle, password, state, tries };
        let request =
            Request::RoomPasswordStart { room, handle: on_wire(handle), opaque_request: request.into() };
        self.ask(request, Then::Room(RoomThen::PasswordStarted(Box::new(setting))), ctx);
        Ok(())
    }

    pub(super) fn password_started(
        &mut self,
        setting: Setting,
        result: Result<Response, Problem>,
        ctx: &mut Ctx<'_>,
    ) {
        let intent = setting.intent;
        if let Err(failure) = self.finish_password(setting, result, ctx) {
            ctx.reply(intent, Err(failure));
        }
    }

    /// Registers the password and makes its way in with the next commit: until that is in the log, the relay keeps nothing of it.
    fn finish_password(
        &mut self,
        setting: Setting,
        result: Result<Response, Problem>,
        ctx: &mut Ctx<'_>,
    ) -> Result<(), Failure> {
        let Setting { intent, room, name, handle, password, state, tries } = setting;
        let response = match result {
            Ok(Response::RoomPassword(response)) => response,
            Ok(_) => return Err(damaged()),
            Err(problem) if problem.code == ProblemCode::Conflict && tries < NAMES => {
                return self.begin_password((intent, room), password, tries.saturating_add(1), ctx);
            }
            Err(problem) => return Err(problem.into()),
        };
        let (params, ksf) = (ctx.ksf, ctx.told_ksf());
        let purpose = Purpose::Room { handle: &handle };
        let done = state
            .finish(password.as_bytes(), response.as_bytes(), purpose, params, ctx.rng)
            .map_err(|_| damaged())?;
        let (Some(sync), Some(session)) = (self.rooms.get(&room), &self.session) else {
            return Err(no_such_room());
        };
        let group = sync.group.as_ref().ok_or_else(no_such_room)?;
        let secret = JoinSecret::generate(ctx.rng);
        let creator = short_fingerprint(&fingerprint(&session.id(), &group.own_key()));
        let link = InviteLink { room: ids::RoomId(room.0), secret: secret.clone(), creator };
        let sealed = seal_link(&done.export_key, &handle, &link, ctx.rng).map_err(|_| damaged())?;
        let record = frame::RoomPassword {
            handle: on_wire(handle),
            record: done.upload.into(),
            ksf,
            sealed: sealed.into(),
        };
        // Kept like the secret of a link: after a rotation it tells which password has to go.
        self.save(&password_name(room), Zeroizing::new(secret.seed().expose().to_vec()), ctx);
        let reply = Reply::RoomPassword { name, password: password.expose().to_owned() };
        let purpose = CommitFor::Person { intent, reply };
        self.want(room, Wanted::Password(secret, Box::new(record)), purpose, ctx)
    }

    pub(crate) fn try_password(
        &mut self,
        intent: u64,
        (name, password): (&str, String),
        unlock: Unlock,
        ctx: &mut Ctx<'_>,
    ) -> Result<(), Failure> {
        let handle = RoomHandle::of(name).ok_or_else(wrong)?;
        let password = RoomPassword::typed(&Zeroizing::new(password));
        let (state, request) = LoginStart::new(password.as_bytes(), ctx.rng).map_err(|_| wrong())?;
        let trying = Trying { intent, unlock, handle, password, state };
        let request = Request::RoomLoginStart { handle: on_wire(handle), opaque_request: request.into() };
        self.ask(request, Then::Room(RoomThen::PasswordTried(Box::new(trying))), ctx);
        Ok(())
    }

    pub(super) fn password_tried(
        &mut self,
        trying: Trying,
        result: Result<Response, Problem>,
        ctx: &mut Ctx<'_>,
    ) {
        let Trying { intent, unlock, handle, password, state } = trying;
        let opened = result.map_err(Failure::from).and_then(|response| {
            let Response::RoomLogin { login, opaque_response, ksf } = response else { return Err(damaged()) };
            let account::KsfParams { memory_kib, iterations, parallelism } = ksf;
            let params = KsfParams { memory_kib, iterations, parallelism };
            let purpose = Purpose::Room { handle: &handle };
            let done =
                state.finish(password.as_bytes(), opaque_response.as_bytes(), purpose, params, ctx.rng);
            let done = done.map_err(|error| match error {
                LoginError::WrongPassword => wrong(),
                _ => damaged(),
            })?;
            Ok((login, done))
        });
        match opened {
            Ok((login, done)) => {
                let finish =
                    Request::RoomLoginFinish { login, opaque_finalization: done.finalization.into() };
                let unlocking = Unlocking { intent, unlock, handle, export_key: done.export_key };
                self.ask(finish, Then::Room(RoomThen::Unlocked(Box::new(unlocking))), ctx);
            }
            Err(failure) => ctx.reply(intent, Err(failure)),
        }
    }

    pub(super) fn unlocked(
        &mut self,
        unlocking: Unlocking,
        result: Result<Response, Problem>,
        ctx: &mut Ctx<'_>,
    ) {
        let Unlocking { intent, unlock, handle, export_key } = unlocking;
        let link = match result {
            Ok(Response::RoomUnlocked { room, sealed }) => open_link(&export_key, &handle, sealed.as_bytes())
                .ok()
                .filter(|link| link.room.0 == room.0)
                .ok_or_else(|| {
                    failure("damaged", "The relay's copy of the way into this room is damaged. Ask a member for a new password.")
                }),
            Ok(_) => Err(damaged()),
            Err(problem) if problem.code == ProblemCode::WrongCredentials => Err(wrong()),
            Err(problem) => Err(problem.into()),
        };
        let done = link.and_then(|link| match unlock {
            Unlock::Join => self.join_by(intent, Box::new(link), ctx),
            Unlock::Tell => {
                let invite = URL_SAFE_NO_PAD.encode(&*link.to_bytes());
                ctx.reply(intent, Ok(Reply::Invite { invite, until: None }));
                Ok(())
            }
        });
        if let Err(failure) = done {
            ctx.reply(intent, Err(failure));
        }
    }
}
