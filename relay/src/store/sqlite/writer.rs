//! The one thread that writes. It drains its queue into one transaction, a savepoint per job, and answers after the
//! commit: a burst of writes costs one `fsync`, and one refused job undoes nothing but itself.

use std::{
    sync::{Arc, Mutex, PoisonError},
    thread::JoinHandle,
};

use rusqlite::Connection;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};

use crate::{
    limits,
    store::{Notice, Pending, Result, StoreError},
};

/// Unit in which waiting bytes are counted.
const COST_UNIT: usize = 4 * 1024;

/// What is left to do once the fate of a job's transaction is known.
type Finish = Box<dyn FnOnce(bool, &mpsc::Sender<Notice>)>;

/// Runs in a savepoint and returns whether its changes are to be kept.
type Run = Box<dyn FnOnce(&Connection) -> (bool, Finish) + Send>;

struct Job {
    run: Run,
}

#[derive(Debug)]
pub(super) struct Writer {
    queue: Mutex<Option<mpsc::Sender<Job>>>,
    bytes: Arc<Semaphore>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Writer {
    pub(super) fn start(connection: Connection, notices: mpsc::Sender<Notice>) -> std::io::Result<Self> {
        let (queue, jobs) = mpsc::channel(limits::WRITE_QUEUE);
        let thread = std::thread::Builder::new()
            .name("writer".to_owned())
            .spawn(move || write_all(connection, jobs, &notices))?;
        Ok(Self {
            queue: Mutex::new(Some(queue)),
            bytes: Arc::new(Semaphore::new(limits::WRITE_QUEUE_BYTES / COST_UNIT)),
            thread: Mutex::new(Some(thread)),
        })
    }

    /// Waits for room in the queue, puts `work` there, and answers what will tell its result.
    /// Jobs run and are answered in the order in which they were put there.
    pub(super) async fn submit<T: Send + 'static>(
        &self,
        cost: usize,
        work: impl FnOnce(&Connection, &mut Vec<Notice>) -> Result<T> + Send + 'static,
    ) -> Result<Pending<T>> {
        let queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let queue = queue.ok_or(StoreError::Unavailable)?;
        let units = u32::try_from(cost.div_ceil(COST_UNIT).max(1)).map_err(|_| StoreError::Internal)?;
        let permit =
            Arc::clone(&self.bytes).acquire_many_owned(units).await.map_err(|_| StoreError::Unavailable)?;
        let (reply, answer) = oneshot::channel();
        let run = Box::new(move |connection: &Connection| run(connection, work, reply, permit));
        queue.send(Job { run }).await.map_err(|_| StoreError::Unavailable)?;
        Ok(Pending(answer))
    }

    /// Takes no more jobs, works off the queue, moves the write-ahead log into the database.
    pub(super) fn close(&self) {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner).take();
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread
            && thread.join().is_err()
        {
            tracing::error!("the writer had failed");
        }
    }
}

/// Runs one job and packs up what follows its commit.
fn run<T: 'static>(
    connection: &Connection,
    work: impl FnOnce(&Connection, &mut Vec<Notice>) -> Result<T>,
    reply: oneshot::Sender<Result<T>>,
    permit: OwnedSemaphorePermit,
) -> (bool, Finish) {
    let mut notices = Vec::new();
    let result = work(connection, &mut notices);
    let keep = result.is_ok();
    let finish = move |committed: bool, channel: &mpsc::Sender<Notice>| {
        let result = match result {
            Ok(_) if !committed => Err(StoreError::Unavailable),
            other => other,
        };
        let done = result.is_ok();
        // The caller may be gone: then nobody waits for the answer, but the write stands.
        let _ = reply.send(result);
        if done {
            publish(notices, permit, channel);
        }
    };
    (keep, Box::new(finish))
}

/// Hands notices to fan-out, holding the writer back when fan-out cannot follow. Entries keep their share of the queue.
fn publish(notices: Vec<Notice>, permit: OwnedSemaphorePermit, channel: &mpsc::Sender<Notice>) {
    let mut share = Some(permit);
    for mut notice in notices {
        if let Notice::Entry { permit, .. } = &mut notice {
            *permit = share.take();
        }
        // No fan-out, no live connections: they read from their cursors.
        let _ = channel.blocking_send(notice);
    }
}

fn write_all(connection: Connection, mut jobs: mpsc::Receiver<Job>, notices: &mpsc::Sender<Notice>) {
    let mut finishes: Vec<Finish> = Vec::new();
    while let Some(first) = jobs.blocking_recv() {
        let committed = write_batch(&connection, first, &mut jobs, &mut finishes);
        if let Err(error) = &committed {
            tracing::error!(%error, jobs = finishes.len(), "a transaction was not committed");
            roll_back(&connection);
        }
        for finish in finishes.drain(..) {
            finish(committed.is_ok(), notices);
        }
    }
    if let Err(error) = connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)") {
        tracing::warn!(%error, "the write-ahead log stays for the next start");
    }
}

/// One transaction over `first` and what waits behind it. Jobs that failed have undone their own changes.
fn write_batch(
    connection: &Connection,
    first: Job,
    jobs: &mut mpsc::Receiver<Job>,
    finishes: &mut Vec<Finish>,
) -> rusqlite::Result<()> {
    let begun = connection.execute_batch("BEGIN IMMEDIATE");
    let mut next = Some(first);
    let mut outcome = begun;
    while let Some(job) = next {
        if outcome.is_ok() {
            let (finish, still_fine) = write_one(connection, job);
            finishes.push(finish);
            outcome = still_fine;
        } else {
            finishes.push(unwritten(job));
        }
        next = if finishes.len() < limits::WRITE_BATCH { jobs.try_recv().ok() } else { None };
    }
    outcome?;
    connection.execute_batch("COMMIT")
}

/// Runs a job in a savepoint. An error here means that the transaction as a whole is lost.
fn write_one(connection: &Connection, job: Job) -> (Finish, rusqlite::Result<()>) {
    if let Err(error) = execute(connection, "SAVEPOINT job") {
        return (unwritten(job), Err(error));
    }
    let (keep, finish) = (job.run)(connection);
    let done = if keep {
        execute(connection, "RELEASE job")
    } else {
        // Some failures, a full disk among them, may undo the whole transaction; then this fails and says so.
        execute(connection, "ROLLBACK TO job").and_then(|()| execute(connection, "RELEASE job"))
    };
    (finish, done)
}

fn execute(connection: &Connection, statement: &str) -> rusqlite::Result<()> {
    connection.prepare_cached(statement)?.execute([]).map(|_| ())
}

/// What follows a job that never ran: its reply channel closes, which its caller reads as "unavailable".
fn unwritten(job: Job) -> Finish {
    Box::new(move |_, _| drop(job))
}

fn roll_back(connection: &Connection) {
    if !connection.is_autocommit()
        && let Err(error) = connection.execute_batch("ROLLBACK")
    {
        tracing::error!(%error, "a failed transaction could not be undone");
    }
}
