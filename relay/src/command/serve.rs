//! `serve`: opens the store, makes the setup link, listens, and goes down in order.

use std::{io::Write as _, net::SocketAddr, sync::Arc, time::Duration};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest as _, Sha256};
use tokio::{
    net::TcpListener,
    sync::{mpsc, watch},
    task::JoinHandle,
};

use crate::{
    config::Config,
    fanout::Fanout,
    http::{self, App, Startup, auth::random},
    limits, now_ms,
    settings::{Settings, Values},
    shutdown,
    store::{
        Store, StoreError,
        sqlite::{OpenError, Options, Sqlite},
    },
};

/// Why the relay cannot run.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The database cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The address cannot be listened on.
    #[error("cannot listen on {0}: {1}")]
    Listen(SocketAddr, std::io::Error),
    /// The store failed while the relay started.
    #[error("the database cannot be used: {0}")]
    Store(#[from] StoreError),
    /// The stored login secrets cannot be read.
    #[error("the stored login setup is damaged; restore the database from a backup")]
    LoginSetup,
    /// The system refused something the relay needs.
    #[error("the system refused: {0}")]
    System(#[from] std::io::Error),
}

/// Runs until told to stop.
///
/// # Errors
/// [`ServeError`].
pub fn serve(config: Config) -> Result<(), ServeError> {
    raise_open_files();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let relay = Relay::start(config).await?;
        relay.announce()?;
        shutdown::signal().await?;
        tracing::info!("going down");
        relay.stop().await;
        Ok(())
    })
}

/// Systems usually let a program have 1,024 files and sockets open unless it asks for more.
fn raise_open_files() {
    match rlimit::increase_nofile_limit(limits::OPEN_FILES) {
        Ok(most) if most >= limits::OPEN_FILES => {}
        Ok(most) => {
            tracing::warn!(most, "the system lets the relay have few connections; raise its hard limit")
        }
        Err(error) => tracing::warn!(%error, "the number of connections could not be raised"),
    }
}

/// A running relay.
#[derive(Debug)]
pub struct Relay {
    /// Where it listens.
    pub address: SocketAddr,
    /// What the setup link carries, if no account existed at the start.
    pub setup_token: Option<String>,
    /// The same, if one was made later.
    later_token: watch::Receiver<Option<String>>,
    setup_origin: String,
    app: Arc<App>,
    stop: watch::Sender<bool>,
    server: JoinHandle<()>,
    fanout: JoinHandle<()>,
    gatherer: JoinHandle<()>,
}

impl Relay {
    /// Opens the store and listens.
    ///
    /// # Errors
    /// [`ServeError`].
    pub async fn start(config: Config) -> Result<Self, ServeError> {
        Self::start_with(config.clone(), Options::new(&config.data)).await
    }

    /// Like [`Self::start`], with a database that behaves in a special way.
    ///
    /// # Errors
    /// [`ServeError`].
    pub async fn start_with(config: Config, options: Options) -> Result<Self, ServeError> {
        let (notices, heard) = mpsc::channel(limits::NOTICE_QUEUE);
        let store = Arc::new(Store::Sqlite(Sqlite::open(&options, notices)?));
        let fanout = Arc::new(Fanout::default());
        let listener = TcpListener::bind(config.listen)
            .await
            .map_err(|error| ServeError::Listen(config.listen, error))?;
        let address = listener.local_addr()?;
        let setup_token = new_setup_token(&store).await?;
        let login_setup = http::auth::opaque::Server::load_or_make(&store).await?;
        let setup_origin = config
            .public_origin
            .as_ref()
            .map_or_else(|| crate::config::reachable(address), |origin| origin.as_str().to_owned());
        let settings = Arc::new(Settings::load(&store, Values::from(&config)).await?);
        let startup = Startup { store, fanout: Arc::clone(&fanout), login_setup, config, settings, address };
        let app = Arc::new(App::new(startup));
        let (stop, stopping) = watch::channel(false);
        let server = tokio::spawn(http::serve(listener, Arc::clone(&app), stopping.clone()));
        let gatherer = Arc::clone(&app.statistics);
        let gatherer = gatherer.run(Arc::clone(&app.store), Arc::clone(&app.fanout), stopping.clone());
        let gatherer = tokio::spawn(gatherer);
        let (later, later_token) = watch::channel(None);
        tokio::spawn(set_up_again(Arc::clone(&app), setup_origin.clone(), later, stopping.clone()));
        tokio::spawn(sweep(Arc::clone(&app), stopping.clone()));
        tokio::spawn(expire(Arc::clone(&app), stopping));
        let fanout = tokio::spawn(fanout.run(heard));
        Ok(Self { address, setup_token, later_token, setup_origin, app, stop, server, fanout, gatherer })
    }

    /// Says on stdout where the relay is and, while no account exists, how to make the first.
    ///
    /// # Errors
    /// When stdout is closed.
    pub fn announce(&self) -> std::io::Result<()> {
        let mut out = std::io::stdout().lock();
        writeln!(out, "listening on http://{}", self.address)?;
        if let Some(token) = &self.setup_token {
            writeln!(out, "{}", setup_link(&self.setup_origin, token))?;
        }
        out.flush()
    }

    /// What the setup link carries that was made since the only account deleted itself.
    pub fn later_setup_token(&self) -> Option<String> {
        self.later_token.borrow().clone()
    }

    /// What may change while it runs.
    pub fn settings(&self) -> &Settings {
        &self.app.settings
    }

    /// Number of live streams.
    pub fn streams(&self) -> usize {
        self.app.fanout.count()
    }

    /// Takes no more connections, ends streams, lets open requests end, works off the writes.
    pub async fn stop(self) {
        let Self { app, stop, server, fanout, gatherer, .. } = self;
        stop.send_replace(true);
        app.fanout.close();
        let drained = async {
            let _ = server.await;
            while app.fanout.count() > 0 {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        if tokio::time::timeout(limits::DRAIN_TIME, drained).await.is_err() {
            tracing::warn!("some connections did not end in time");
        }
        // Its last act is a write.
        let _ = tokio::time::timeout(limits::DRAIN_TIME, gatherer).await;
        let store = Arc::clone(&app.store);
        // The writer waits for fan-out when its queue is full, so fan-out runs until the writer has ended.
        let _ = tokio::task::spawn_blocking(move || store.close()).await;
        let _ = tokio::time::timeout(limits::DRAIN_TIME, fanout).await;
    }
}

/// A new token at each start, while no account exists: the one printed last is the one that works.
async fn new_setup_token(store: &Store) -> Result<Option<String>, ServeError> {
    let token = URL_SAFE_NO_PAD.encode(random::<32>()?);
    let hash: [u8; 32] = Sha256::digest(token.as_bytes()).into();
    Ok(store.replace_setup_token(hash).await?.then_some(token))
}

fn setup_link(origin: &str, token: &str) -> String {
    format!("setup link: {origin}/#/setup/{token}")
}

/// Says how to make the first account again as soon as the only one has deleted itself.
async fn set_up_again(
    app: Arc<App>,
    origin: String,
    later: watch::Sender<Option<String>>,
    mut stopping: watch::Receiver<bool>,
) {
    loop {
        tokio::select! {
            _ = stopping.changed() => return,
            () = app.deleted.notified() => {}
        }
        match new_setup_token(&app.store).await {
            Ok(Some(token)) => {
                if let Err(error) = writeln!(std::io::stdout(), "{}", setup_link(&origin, &token)) {
                    tracing::warn!(%error, "the setup link could not be printed; the next start prints another");
                }
                later.send_replace(Some(token));
            }
            Ok(None) => {}
            Err(error) => {
                tracing::warn!(%error, "there is no setup link until the next start");
            }
        }
    }
}

/// Erases messages that are older than their rooms keep them, once a minute.
async fn expire(app: Arc<App>, mut stopping: watch::Receiver<bool>) {
    let mut minutely = tokio::time::interval(Duration::from_secs(60));
    minutely.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = stopping.changed() => return,
            _ = minutely.tick() => {}
        }
        // In portions, so that nobody waits long for the one writer.
        loop {
            match app.store.erase_expired(now_ms()).await {
                Ok(0) => break,
                Ok(_) => {}
                Err(error) => {
                    tracing::warn!(%error, "expired messages could not be erased");
                    break;
                }
            }
        }
    }
}

/// Forgets sessions that are over, once an hour.
async fn sweep(app: Arc<App>, mut stopping: watch::Receiver<bool>) {
    let mut hourly = tokio::time::interval(Duration::from_secs(60 * 60));
    loop {
        tokio::select! {
            _ = stopping.changed() => return,
            _ = hourly.tick() => {}
        }
        match app.store.sweep_sessions(app.settings.values().session_life(), now_ms()).await {
            Ok(0) => {}
            Ok(sessions) => tracing::info!(sessions, "ended sessions were forgotten"),
            Err(error) => tracing::warn!(%error, "ended sessions could not be forgotten"),
        }
        let days = u64::from(app.settings.values().guest_days);
        let span_ms = days.saturating_mul(24 * 60 * 60 * 1000);
        match app.store.sweep_guests(now_ms().saturating_sub(span_ms), now_ms()).await {
            Ok(0) => {}
            Ok(guests) => tracing::info!(guests, "guests who did not come back were forgotten"),
            Err(error) => tracing::warn!(%error, "guests could not be forgotten"),
        }
    }
}

#[cfg(test)]
mod tests {
    use rlimit::Resource;

    use super::*;

    #[test]
    fn the_relay_takes_as_many_open_files_as_it_may() {
        let hard = Resource::NOFILE.get_hard().unwrap();
        Resource::NOFILE.set(hard.min(1024), hard).unwrap();
        raise_open_files();
        assert_eq!(Resource::NOFILE.get_soft().unwrap(), hard.min(limits::OPEN_FILES));
    }
}
