//! Room passwords: setting one up, and trying one. The relay learns neither the password nor what it opens.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
};

use waxwing_wire::{
    AccountId, Opaque, Problem, ProblemCode, RoomId,
    frame::{EpochParts, Response},
    ids::{RoomHandle, RoomLoginId},
};

use crate::{
    http::{
        App,
        auth::{
            self,
            backoff::Key,
            opaque::{LoginState, Purpose},
        },
    },
    limits, now_ms,
    store::{RoomCredentials, StoreError},
};

/// Tries under way on one stream.
#[derive(Debug, Default)]
pub(super) struct RoomLogins(Mutex<VecDeque<Try>>);

#[derive(Debug)]
struct Try {
    login: RoomLoginId,
    handle: RoomHandle,
    exchange: Box<LoginState>,
    /// None: no room has this handle.
    known: Option<RoomCredentials>,
}

impl RoomLogins {
    fn keep(&self, new: Try) {
        let mut tries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if tries.len() >= limits::ROOM_LOGINS {
            tries.pop_front();
        }
        tries.push_back(new);
    }

    fn take(&self, login: RoomLoginId) -> Option<Try> {
        let mut tries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let place = tries.iter().position(|one| one.login == login)?;
        tries.remove(place)
    }
}

/// What tries are counted by.
fn keys(handle: RoomHandle, account: AccountId) -> [Key; 2] {
    [Key::Room(handle), Key::Guesser(account)]
}

/// Refuses records that no try could be checked against.
pub(super) fn check_records(app: &App, parts: &EpochParts) -> Result<(), Problem> {
    let methods = parts.methods.as_deref().unwrap_or_default();
    for password in methods.iter().filter_map(|method| method.password.as_ref()) {
        app.auth.opaque.record(&password.record)?;
        auth::register::check_ksf(password.ksf)?;
    }
    Ok(())
}

pub(super) async fn set_up(
    app: Arc<App>,
    account: AccountId,
    (room, handle): (RoomId, RoomHandle),
    request: Opaque,
) -> Result<Response, Problem> {
    // The answer tells whether a room has this name.
    auth::refuse_while(app.auth.backoff.attempt(&[Key::Setter(account)]))?;
    app.store.may_set_password(account, room, handle).await?;
    Ok(Response::RoomPassword(app.auth.opaque.register(&Purpose::Room(&handle), &request)?))
}

pub(super) async fn start(
    app: Arc<App>,
    logins: Arc<RoomLogins>,
    account: AccountId,
    (handle, request): (RoomHandle, Opaque),
) -> Result<Response, Problem> {
    // The answer already lets the asker check its guess, so it is counted now and forgiven when it was right.
    auth::refuse_while(app.auth.backoff.attempt(&keys(handle, account)))?;
    let known = app.store.room_credentials(handle, now_ms()).await?;
    let record = known.as_ref().map(|known| known.opaque_record.as_slice());
    let (opaque_response, exchange) = app.auth.opaque.begin(&Purpose::Room(&handle), record, &request)?;
    let ksf = known.as_ref().map_or(auth::USUAL_KSF, |known| known.ksf);
    let login = auth::random().map(RoomLoginId).map_err(|_| Problem::from(StoreError::Internal))?;
    logins.keep(Try { login, handle, exchange: Box::new(exchange), known });
    Ok(Response::RoomLogin { login, opaque_response, ksf })
}

pub(super) fn finish(
    app: &App,
    logins: &RoomLogins,
    account: AccountId,
    (login, finalization): (RoomLoginId, &Opaque),
) -> Result<Response, Problem> {
    let Some(Try { handle, exchange, known, .. }) = logins.take(login) else {
        return Err(Problem::new(ProblemCode::AttemptExpired, "this try is over; begin again"));
    };
    let right = exchange.check(&Purpose::Room(&handle), finalization)?;
    let Some(known) = known.filter(|_| right) else {
        let detail = "there is no room of this name with this password";
        return Err(Problem::new(ProblemCode::WrongCredentials, detail));
    };
    app.auth.backoff.forgive(&keys(handle, account));
    Ok(Response::RoomUnlocked { room: known.room, sealed: known.sealed })
}
