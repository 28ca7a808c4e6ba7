//! The live stream: CBOR frames over a WebSocket.
//!
//! One task per stream reads requests, hands writes to the store without waiting for their commit, and sends answers
//! and events as they come, many in one flush. Everything that waits is bounded: requests by bytes in flight, events
//! by the inbox.

pub(super) mod events;
mod line;
mod passwords;
mod presence;
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
use waxwing_wire::{Problem, ProblemCode, account::AccountStatus, limits as shared};

use super::{
    App, Peer,
    auth::session::{self, Current},
    guard,
    places::Place,
    problem::Refusal,
};
use crate::{
    fanout::{Inbox, Refused, Registration},
    now_ms,
    store::Session,
};
use line::Line;
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
    let place = place(&app, &peer, &headers)?;
    let (registration, inbox) = register(&app, &session).await?;
    let upgrade = upgrade
        .read_buffer_size(READ_BUFFER_BYTES)
        .write_buffer_size(WRITE_BUFFER_BYTES)
        .max_frame_size(shared::FRAME_BYTES)
        .max_message_size(shared::FRAME_BYTES);
    Ok(upgrade.on_upgrade(move |socket| async move {
        Talk::new(app, session, registration, inbox, Line::Socket(Box::new(socket))).run().await;
        drop((peer, place));
    }))
}

/// The place that a stream takes among those of its address, for as long as it lives.
fn place(app: &App, peer: &Peer, headers: &HeaderMap) -> Result<Option<Place>, Refusal> {
    // Whoever connects without a proxy has taken a place as a connection.
    if !guard::is_proxy(&app.proxies, peer) {
        return Ok(None);
    }
    let address = guard::client_address(&app.proxies, peer, headers);
    Ok(Some(app.places.take(address).ok_or_else(crowded)?))
}

/// Registers a stream of a session. Asks for the session once more: if it ended after it was read and before this, nobody
/// told the stream.
async fn register(app: &App, session: &Session) -> Result<(Registration, Inbox), Refusal> {
    let pending = session.info.status == AccountStatus::Pending;
    let (registration, inbox) =
        app.fanout.register(session.info.account, session.id, pending).map_err(refuse)?;
    let now = session::find(app, session.token, now_ms()).await?;
    // Only ever in this direction: an approval that comes later has told the stream, which is registered by now.
    if now.info.status == AccountStatus::Active {
        registration.admit();
    }
    Ok((registration, inbox))
}

fn crowded() -> Refusal {
    let detail = "too many windows are open at this internet address; close some";
    Problem::new(ProblemCode::LimitReached, detail).into()
}

fn refuse(refused: Refused) -> Refusal {
    match refused {
        Refused::Restarting => {
            Problem::new(ProblemCode::Unavailable, "the relay is going down; connect again")
        }
    }
    .into()
}

#[cfg(test)]
mod tests {
    use tokio::sync::mpsc;
    use waxwing_wire::{AccountId, account::SessionInfo};

    use super::*;
    use crate::{
        config::Config,
        fanout::Fanout,
        http::{Startup, auth::opaque::Server},
        settings::{Settings, Values},
        store::{
            SessionHash, Store,
            sqlite::{Options, Sqlite},
        },
    };

    #[tokio::test]
    async fn a_session_that_ended_while_its_stream_was_opened_gets_none() {
        let folder = tempfile::tempdir().unwrap();
        let (notices, _heard) = mpsc::channel(1);
        let store = Arc::new(Store::Sqlite(Sqlite::open(&Options::new(folder.path()), notices).unwrap()));
        let login_setup = Server::load_or_make(&store).await.unwrap();
        let address = "127.0.0.1:1".parse().unwrap();
        let config = Config::local(folder.path().to_owned());
        let settings = Arc::new(Settings::load(&store, Values::from(&config)).await.unwrap());
        let fanout = Arc::new(Fanout::default());
        let startup = Startup { store, fanout: Arc::clone(&fanout), login_setup, config, settings, address };
        let app = App::new(startup);
        let info = SessionInfo {
            account: AccountId([1; 16]),
            username: "mira".into(),
            administrator: false,
            status: AccountStatus::Active,
            totp: true,
            recovery_codes_left: 10,
            guest: false,
        };
        // As it was read a moment ago. Now the store does not have it any more.
        let token = SessionHash([2; 32]);
        let id = token.id();
        let session = Session {
            id,
            token,
            info,
            created_at_ms: 0,
            last_used_at_ms: 0,
            token_at_ms: 0,
            by_former: false,
            unconfirmed: false,
        };
        assert!(register(&app, &session).await.is_err());
        assert_eq!(fanout.count(), 0);
    }
}
