//! The live stream: CBOR frames over a WebSocket.
//!
//! One task per stream reads requests, hands writes to the store without waiting for their commit, and sends answers
//! and events as they come, many in one flush. Everything that waits is bounded: requests by bytes in flight, events
//! by the inbox.

mod passwords;
mod requests;
mod talk;

use std::sync::Arc;

use axum::{
    Extension,
    extract::{
        State,
        ws::{WebSocketUpgrade, rejection::WebSocketUpgradeRejection},
    },
    http::HeaderMap,
    response::Response,
};
use waxwing_wire::{Problem, ProblemCode, limits as shared};

use super::{
    App, Peer,
    auth::session::{self, Current},
    problem::Refusal,
};
use crate::{fanout::Refused, now_ms};
use talk::Talk;

/// The default buffer would cost every idle stream 128 KiB.
const READ_BUFFER_BYTES: usize = 4 * 1024;
/// Answers and events are gathered up to this size before they go to the socket.
const WRITE_BUFFER_BYTES: usize = 16 * 1024;

/// `GET /api/v1/stream`
pub(super) async fn open(
    State(app): State<Arc<App>>,
    Extension(peer): Extension<Peer>,
    headers: HeaderMap,
    session: Result<Current, Refusal>,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, Refusal> {
    // Browsers let any page open a WebSocket anywhere, cookies included: the origin is what tells them apart.
    app.origins.check_origin(&headers)?;
    let Current(session) = session?;
    let upgrade = upgrade
        .map_err(|_| Problem::new(ProblemCode::Unsupported, "this address takes WebSocket upgrades"))?;
    let (registration, inbox) = app.fanout.register(session.info.account, session.token).map_err(refuse)?;
    // A session that ended before the stream was registered has not ended the stream.
    let session = session::find(&app, session.token, now_ms()).await?;
    let upgrade = upgrade
        .read_buffer_size(READ_BUFFER_BYTES)
        .write_buffer_size(WRITE_BUFFER_BYTES)
        .max_frame_size(shared::FRAME_BYTES)
        .max_message_size(shared::FRAME_BYTES);
    Ok(upgrade.on_upgrade(move |socket| async move {
        Talk::new(app, session, registration, inbox, socket).run().await;
        drop(peer);
    }))
}

fn refuse(refused: Refused) -> Refusal {
    match refused {
        Refused::TooMany => Problem::new(ProblemCode::LimitReached, "too many windows are open; close some"),
        Refused::Restarting => {
            Problem::new(ProblemCode::Unavailable, "the relay is going down; connect again")
        }
    }
    .into()
}
