//! Everything that listens: the accept loop, the routes, and what every answer has in common.

mod admin;
mod api;
pub mod auth;
mod body;
mod calls;
mod counted;
mod guard;
mod headers;
mod places;
mod problem;
pub mod rates;
mod static_files;
mod stream;

use std::{
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{
    Extension, Router,
    body::Body,
    extract::State,
    http::{Method, Request, Uri, header},
    middleware,
    response::{IntoResponse as _, Response},
    routing::get,
};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore, mpsc, watch},
};
use tower::ServiceExt as _;
use waxwing_wire::{Problem, ProblemCode};

use crate::{
    config::{Config, Timing},
    fanout::Fanout,
    limits, now_ms,
    settings::Settings,
    statistics::{Counters, Gatherer},
    store::Store,
};
use counted::CountedSocket;
use problem::Refusal;

/// What the routes share.
#[derive(Debug)]
pub struct App {
    pub(crate) store: Arc<Store>,
    pub(crate) fanout: Arc<Fanout>,
    auth: auth::Auth,
    proxies: guard::Proxies,
    places: Arc<places::Places>,
    /// For large bodies of whoever has no session.
    memory: body::Memory,
    origins: guard::Origins,
    timing: Timing,
    pub(crate) settings: Arc<Settings>,
    /// Changes of settings come one after the other.
    settings_turn: tokio::sync::Mutex<()>,
    pub(crate) statistics: Arc<Gatherer>,
    counters: Arc<Counters>,
    meters: rates::Meters,
    /// An account has deleted itself, perhaps the only one.
    pub(crate) deleted: tokio::sync::Notify,
    /// Streams over events instead of WebSockets.
    pub(crate) event_streams: stream::events::EventStreams,
    /// When writing was last tried, and whether it worked.
    health: tokio::sync::Mutex<Option<(Instant, bool)>>,
}

/// What an [`App`] is made of.
#[derive(Debug)]
pub struct Startup {
    /// The store.
    pub store: Arc<Store>,
    /// Fan-out, which hears the store's notices.
    pub fanout: Arc<Fanout>,
    /// Server half of OPAQUE.
    pub login_setup: auth::opaque::Server,
    /// How the relay is set up.
    pub config: Config,
    /// What of it may change while it runs.
    pub settings: Arc<Settings>,
    /// Where the relay really listens.
    pub address: SocketAddr,
}

impl App {
    /// Puts the parts together.
    pub fn new(startup: Startup) -> Self {
        let Startup { store, fanout, login_setup, config, settings, address } = startup;
        let https = config.public_origin.as_ref().is_some_and(crate::config::PublicOrigin::is_https);
        let auth = auth::Auth::new(login_setup, config.timing.login, https);
        let proxies = guard::Proxies::new(&config.trusted_proxy);
        let places =
            places::Places::new(usize::try_from(config.connections_per_address).unwrap_or(usize::MAX));
        let origins = guard::Origins::new(config.public_origin, address);
        let counters = Arc::<Counters>::default();
        Self {
            store,
            fanout,
            auth,
            proxies,
            places,
            memory: body::Memory::new(limits::STRANGERS_BYTES, limits::STRANGERS_PER_ADDRESS),
            origins,
            timing: config.timing,
            settings,
            settings_turn: tokio::sync::Mutex::default(),
            statistics: Arc::new(Gatherer::new(Arc::clone(&counters), config.data)),
            counters,
            meters: rates::Meters::new(),
            event_streams: stream::events::EventStreams::default(),
            deleted: tokio::sync::Notify::new(),
            health: tokio::sync::Mutex::new(None),
        }
    }
}

/// The other end of a connection. Holds the connection's place among those that the relay takes.
#[derive(Debug, Clone)]
pub(crate) struct Peer {
    address: SocketAddr,
    _place: Arc<OwnedSemaphorePermit>,
    _of_address: Option<Arc<places::Place>>,
}

/// All routes, with everything around them.
fn routes(app: &Arc<App>) -> Router {
    let (calls, document) = admin::calls(calls::calls()).finish(app);
    let document = bytes::Bytes::from(document);
    Router::new()
        .merge(calls)
        .route(
            "/api/openapi.json",
            get(|| async move { ([(header::CONTENT_TYPE, "application/json")], document) }),
        )
        .with_state(Arc::clone(app))
        .merge(static_files::routes())
        .fallback(nothing_here)
        .method_not_allowed_fallback(other_method)
        .layer(tower_http::catch_panic::CatchPanicLayer::custom(problem::after_panic))
        .layer(middleware::from_fn_with_state(app.origins.is_https(), headers::add))
        .layer(middleware::from_fn_with_state(Arc::clone(&app.counters), log))
}

async fn health(State(app): State<Arc<App>>) -> Result<&'static str, Refusal> {
    // Each check writes to the disk, so whoever asks more often than that hears the last answer again.
    let mut last = app.health.lock().await;
    let known = last.filter(|(at, _)| at.elapsed() < limits::HEALTH_TIME).map(|(_, healthy)| healthy);
    let healthy = match known {
        Some(healthy) => healthy,
        None => {
            let writing = app.store.check_writing(now_ms());
            matches!(tokio::time::timeout(Duration::from_secs(2), writing).await, Ok(Ok(())))
        }
    };
    if known.is_none() {
        *last = Some((Instant::now(), healthy));
    }
    if healthy {
        Ok("ok\n")
    } else {
        Err(Problem::new(ProblemCode::Unavailable, "the database cannot be written to").into())
    }
}

async fn nothing_here(uri: Uri) -> Response {
    if uri.path().starts_with("/api/") {
        return Refusal::from(Problem::new(ProblemCode::NotFound, "there is no such call")).into_response();
    }
    (axum::http::StatusCode::NOT_FOUND, "There is no such page.\n").into_response()
}

async fn other_method() -> Refusal {
    let problem = Problem::new(ProblemCode::Unsupported, "this call does not take this method");
    Refusal::with_status(problem, axum::http::StatusCode::METHOD_NOT_ALLOWED)
}

/// One line per request. The query is left out: what is in it is nobody's business.
async fn log(
    State(counters): State<Arc<Counters>>,
    request: Request<Body>,
    next: middleware::Next,
) -> Response {
    let (method, path): (Method, String) = (request.method().clone(), request.uri().path().to_owned());
    let begun = std::time::Instant::now();
    let response = next.run(request).await;
    let (status, ms) = (response.status().as_u16(), begun.elapsed().as_millis());
    counters.answered(status);
    counters.http.add(begun.elapsed());
    if response.status().is_server_error() {
        tracing::error!(%method, path, status, ms, "request");
    } else {
        tracing::info!(%method, path, status, ms, "request");
    }
    response
}

/// Takes connections until `stopping`, then waits for open requests. Streams are ended by fan-out.
pub async fn serve(listener: TcpListener, app: Arc<App>, mut stopping: watch::Receiver<bool>) {
    let routes = routes(&app);
    let places = Arc::new(Semaphore::new(limits::TCP_CONNECTIONS));
    // Closed once every connection has dropped its end.
    let (open, mut all_closed) = mpsc::channel::<()>(1);
    loop {
        let accepted = tokio::select! {
            () = told_to_stop(&mut stopping) => break,
            accepted = accept(&listener, &places, &app) => accepted,
        };
        match accepted {
            Ok(Some((socket, peer))) => {
                let socket = CountedSocket { socket, counters: Arc::clone(&app.counters) };
                serve_one(socket, peer, routes.clone(), stopping.clone(), open.clone());
            }
            Ok(None) => tracing::debug!("an address has too many connections"),
            // Out of file descriptors, or the client has gone: the next one may do better.
            Err(error) => {
                tracing::warn!(%error, "a connection could not be taken");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
    drop((listener, open));
    let _ = all_closed.recv().await;
}

async fn told_to_stop(stopping: &mut watch::Receiver<bool>) {
    // An error means that nobody can tell us any more, which is as good as being told.
    let _ = stopping.wait_for(|stop| *stop).await;
}

/// The next connection; none if its address has too many, which is not worth an answer.
async fn accept(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
    app: &App,
) -> std::io::Result<Option<(TcpStream, Peer)>> {
    let place = Arc::clone(places).acquire_owned().await.map_err(std::io::Error::other)?;
    let (socket, address) = listener.accept().await?;
    let of_address = match guard::own_address(&app.proxies, address.ip()) {
        Some(own) => match app.places.take(own) {
            Some(place) => Some(Arc::new(place)),
            None => return Ok(None),
        },
        None => None,
    };
    // Acks and events are small and wanted at once.
    socket.set_nodelay(true)?;
    Ok(Some((socket, Peer { address, _place: Arc::new(place), _of_address: of_address })))
}

fn serve_one(
    socket: CountedSocket,
    peer: Peer,
    routes: Router,
    mut stopping: watch::Receiver<bool>,
    open: mpsc::Sender<()>,
) {
    let routes = routes.layer(Extension(peer));
    let service = hyper::service::service_fn(move |request: Request<hyper::body::Incoming>| {
        routes.clone().oneshot(request.map(Body::new))
    });
    tokio::spawn(async move {
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(limits::HEADER_TIME)
            .max_buf_size(16 * 1024)
            .serve_connection(TokioIo::new(socket), service)
            .with_upgrades();
        let mut connection = std::pin::pin!(connection);
        let ended = tokio::select! {
            ended = connection.as_mut() => Some(ended),
            () = told_to_stop(&mut stopping) => None,
        };
        let ended = match ended {
            Some(ended) => ended,
            None => {
                // The request under way is answered, no other is taken.
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        if let Err(error) = ended {
            tracing::debug!(%error, "a connection ended badly");
        }
        drop(open);
    });
}
