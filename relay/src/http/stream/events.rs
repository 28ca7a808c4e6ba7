//! The stream for clients that get no WebSocket through: `GET /api/v1/events` answers with events without end, and
//! `POST /api/v1/requests` brings frames for it. What is said, and what is bounded, is the same.

use std::{
    collections::HashMap,
    convert::Infallible,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use axum::{
    Extension,
    body::Body,
    extract::{Query, Request, State},
    http::{HeaderMap, HeaderValue, header},
    response::{IntoResponse as _, Response},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use bytes::{Bytes, BytesMut};
use tokio::{sync::mpsc, time::timeout};
use waxwing_wire::{
    Problem, ProblemCode,
    account::{Empty, Frames, WhichStream},
    ids::SessionId,
    limits as shared,
};

use super::{
    line::{Events, Line},
    place, register,
    talk::Talk,
};
use crate::{
    http::{
        App, Peer,
        auth::{random, session::Current},
        body::{self, Json},
        guard,
        problem::Refusal,
    },
    limits,
};

/// Frames that wait for one stream, and pieces of its answer that wait for the socket.
const WAITING: (usize, usize) = (4, 1);

/// Streams of events, by their names.
#[derive(Debug, Default)]
pub(crate) struct EventStreams(Mutex<HashMap<[u8; 16], Entrance>>);

/// Where frames for a stream go in.
#[derive(Debug, Clone)]
struct Entrance {
    session: SessionId,
    /// Held by the call that brings frames: one at a time, so that they stay in order and memory is bounded.
    frames: Arc<tokio::sync::Mutex<mpsc::Sender<Bytes>>>,
}

/// A stream's entry among the others; dropping it takes it out.
pub(super) struct Place {
    app: Arc<App>,
    name: [u8; 16],
}

impl Place {
    /// How calls name the stream.
    pub(super) fn name(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.name)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.app.event_streams.lock().remove(&self.name);
    }
}

impl EventStreams {
    fn lock(&self) -> MutexGuard<'_, HashMap<[u8; 16], Entrance>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The entrance of a stream of this session.
    fn find(&self, name: &str, session: SessionId) -> Option<Entrance> {
        let name: [u8; 16] = URL_SAFE_NO_PAD.decode(name).ok()?.try_into().ok()?;
        self.lock().get(&name).filter(|entrance| entrance.session == session).cloned()
    }
}

/// `GET /api/v1/events`
pub(in crate::http) async fn open(
    State(app): State<Arc<App>>,
    Extension(peer): Extension<Peer>,
    headers: HeaderMap,
    Current(session): Current,
) -> Result<Response, Refusal> {
    // Opening one may push out another, so it is no call for other pages.
    guard::check_client(&app.origins, &headers)?;
    let place = place(&app, &peer, &headers)?;
    let (registration, inbox) = register(&app, &session).await?;
    let name = random::<16>()?;
    let (entrance, frames) = mpsc::channel(WAITING.0);
    let (body, mut pieces) = mpsc::channel::<Bytes>(WAITING.1);
    let entrance = Entrance { session: session.id, frames: Arc::new(tokio::sync::Mutex::new(entrance)) };
    app.event_streams.lock().insert(name, entrance);
    let mut events =
        Events { frames, body, buffer: BytesMut::new(), place: Place { app: Arc::clone(&app), name } };
    events.introduce();
    tokio::spawn(async move {
        Talk::new(app, session, registration, inbox, Line::Events(events)).run().await;
        drop((peer, place));
    });
    let pieces = futures_util::stream::poll_fn(move |context| {
        pieces.poll_recv(context).map(|piece| piece.map(Ok::<_, Infallible>))
    });
    let kind = (header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    // nginx would otherwise keep events back until it has gathered enough of them.
    let unbuffered = (header::HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));
    Ok(([kind, unbuffered], Body::from_stream(pieces)).into_response())
}

/// `POST /api/v1/requests`
pub(in crate::http) async fn requests(
    State(app): State<Arc<App>>,
    Current(session): Current,
    request: Request,
) -> Result<Json<Empty>, Refusal> {
    let unknown = || Problem::new(ProblemCode::NotFound, "this stream of events has ended; open another one");
    let Query(WhichStream { stream }) =
        Query::try_from_uri(request.uri()).map_err(|_| invalid("the query names no stream"))?;
    let entrance = app.event_streams.find(&stream, session.id).ok_or_else(unknown)?;
    let Ok(frames) = entrance.frames.try_lock() else {
        let mut problem = Problem::new(ProblemCode::RateLimited, "send one call after the other");
        problem.retry_after_s = Some(1);
        return Err(problem.into());
    };
    let brought: Frames = body::parse(request, shared::FRAMES_JSON_BYTES).await?;
    if brought.frames.len() > limits::FRAMES_PER_CALL
        || brought.frames.iter().any(|frame| frame.0.len() > shared::FRAME_BYTES)
    {
        return Err(invalid("too many frames, or one is too large").into());
    }
    // An empty call only says that the client is there.
    let alive = brought.frames.is_empty().then(Bytes::new);
    for frame in brought.frames.into_iter().map(|frame| Bytes::from(frame.0)).chain(alive) {
        match timeout(limits::BODY_TIME, frames.send(frame)).await {
            Ok(Ok(())) => {}
            Ok(Err(_)) => return Err(unknown().into()),
            Err(_) => {
                let detail = "the stream has too much under way; connect again";
                return Err(Problem::new(ProblemCode::Unavailable, detail).into());
            }
        }
    }
    Ok(Json(Empty {}))
}

fn invalid(detail: &str) -> Problem {
    Problem::new(ProblemCode::Invalid, detail)
}
