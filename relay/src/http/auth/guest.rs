//! Guests: accounts without username and password, which last as long as they are used.

use std::sync::Arc;

use axum::{Extension, extract::State, http::HeaderMap, response::IntoResponse};
use sha2::{Digest as _, Sha256};
use waxwing_wire::{
    Problem, ProblemCode,
    account::{GuestReturn, GuestReturned, GuestStart, GuestStarted},
    ids::TokenHash,
    limits as shared,
};

use super::{
    backoff::Key,
    invalid, refuse_while,
    register::check_size,
    session::{self, Ticket},
};
use crate::{
    http::{
        App, Peer,
        body::{Json, Stranger},
        guard,
        problem::Refusal,
    },
    limits, now_ms,
    store::{NewGuest, StoreError},
};

/// Length of a token in bytes.
const TOKEN_BYTES: usize = 32;

/// `POST /api/v1/guests`
pub(in crate::http) async fn start(
    State(app): State<Arc<App>>,
    Extension(peer): Extension<Peer>,
    headers: HeaderMap,
    Stranger(request, _reserved): Stranger<GuestStart>,
) -> Result<impl IntoResponse, Refusal> {
    // Without an account there is nobody who could have made a room to come into.
    if !app.settings.values().guests || !app.store.has_accounts().await? {
        let detail = "this relay takes no guests";
        return Err(Problem::new(ProblemCode::GuestsClosed, detail).into());
    }
    check(&request)?;
    let address = guard::client_address(&app.proxies, &peer, &headers);
    refuse_while(app.auth.backoff.attempt(&[Key::Guest(address)]))?;
    let GuestStart { account, identity_key, vault, wrap_place, token_hash, device } = request;
    let (new, ticket) = session::new(&app, &headers, device.as_deref(), now_ms())?;
    let guest = NewGuest { account, identity_key, vault, wrap_place, token_hash };
    let session = app.store.create_guest(guest, new).await?;
    let body = GuestStarted { session: session.info, token: ticket.token() };
    Ok((cookie(&ticket), Json(body)))
}

/// `POST /api/v1/guests/return`
pub(in crate::http) async fn come_back(
    State(app): State<Arc<App>>,
    Extension(peer): Extension<Peer>,
    headers: HeaderMap,
    Json(request): Json<GuestReturn>,
) -> Result<impl IntoResponse, Refusal> {
    if request.token.len() != TOKEN_BYTES {
        return Err(invalid("the token of a place code has 32 bytes").into());
    }
    let address = guard::client_address(&app.proxies, &peer, &headers);
    refuse_while(app.auth.backoff.attempt(&[Key::Guest(address)]))?;
    let (new, ticket) = session::new(&app, &headers, request.device.as_deref(), now_ms())?;
    let token = TokenHash(Sha256::digest(request.token.as_bytes()).into());
    let known = app.store.return_guest(token, new).await?.ok_or(StoreError::NotFound)?;
    let body = GuestReturned {
        session: known.info,
        vault: known.vault,
        vault_version: known.vault_version,
        wrap_place: known.wrap_place,
        token: ticket.token(),
    };
    Ok((cookie(&ticket), Json(body)))
}

fn cookie(ticket: &Ticket) -> Option<session::SetCookie> {
    match ticket {
        Ticket::Cookie(cookie) => Some(cookie.clone()),
        Ticket::Bearer(_) => None,
    }
}

fn check(request: &GuestStart) -> Result<(), Refusal> {
    if request.identity_key.len() != 32 {
        return Err(invalid("an identity key has 32 bytes").into());
    }
    check_size(&request.vault, "the vault", shared::ACCOUNT_DATA_BYTES)?;
    check_size(&request.wrap_place, "a wrapped key", limits::WRAP_BYTES)?;
    Ok(())
}
