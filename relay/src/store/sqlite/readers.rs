//! A few connections that read, each used by one blocking thread at a time.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use rusqlite::{Connection, TransactionBehavior};
use tokio::sync::Semaphore;

use super::connect;
use crate::{
    limits,
    store::{Result, StoreError},
};

#[derive(Debug)]
pub(super) struct Readers {
    inner: Arc<Inner>,
    turns: Arc<Semaphore>,
}

#[derive(Debug)]
struct Inner {
    path: PathBuf,
    busy_timeout: Duration,
    idle: Mutex<Vec<Connection>>,
}

impl Readers {
    pub(super) fn new(path: PathBuf, busy_timeout: Duration) -> Self {
        let inner = Inner { path, busy_timeout, idle: Mutex::new(Vec::new()) };
        Self { inner: Arc::new(inner), turns: Arc::new(Semaphore::new(limits::READERS)) }
    }

    /// Runs `work` in one read transaction: all its statements see the same state.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let turn = Arc::clone(&self.turns).acquire_owned().await.map_err(|_| StoreError::Unavailable)?;
        let inner = Arc::clone(&self.inner);
        let done = tokio::task::spawn_blocking(move || {
            let mut connection = inner.take()?;
            let answer = {
                let transaction = connection.transaction_with_behavior(TransactionBehavior::Deferred)?;
                work(&transaction)
            };
            inner.put_back(connection);
            drop(turn);
            answer
        });
        done.await.unwrap_or(Err(StoreError::Internal))
    }
}

impl Inner {
    fn take(&self) -> Result<Connection> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        if let Some(connection) = idle {
            return Ok(connection);
        }
        let connection = connect(&self.path, self.busy_timeout)?;
        connection.pragma_update(None, "query_only", true)?;
        connection.pragma_update(None, "cache_size", -4_000)?;
        Ok(connection)
    }

    fn put_back(&self, connection: Connection) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
    }
}
