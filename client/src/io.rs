//! Inputs and effects: the client does no I/O, whoever runs it does.
//!
//! A runner feeds [`Input`]s one at a time and carries out the returned [`Effect`]s **in order**; it waits for a
//! [`Effect::Persist`] to be durable before it goes on with the next effect. So nothing is sent or shown that would be
//! forgotten by a crash.

use waxwing_wire::problem::Problem;

use crate::api::{Failure, Intent, Notice, Reply};

/// What a runner feeds.
#[derive(Debug)]
pub enum Input {
    /// First input: everything stored under keys that begin with `s/`.
    Start {
        /// Key and value.
        entries: Vec<(String, Vec<u8>)>,
    },
    /// The person wants something; the reply carries the same id.
    Intent {
        /// Chosen by the interface.
        id: u64,
        /// What.
        intent: Intent,
    },
    /// Answer to [`Effect::Load`].
    Loaded {
        /// From the effect.
        id: u64,
        /// Key and value, in the order asked for.
        entries: Vec<(String, Vec<u8>)>,
    },
    /// Answer to [`Effect::Http`].
    Http {
        /// From the effect.
        id: u64,
        /// Status, or nothing when the relay could not be reached.
        status: Option<u16>,
        /// JSON text.
        body: String,
    },
    /// The stream is open.
    StreamOpened,
    /// A binary message arrived on the stream.
    StreamFrame(Vec<u8>),
    /// The stream was closed, or could not be opened.
    StreamClosed {
        /// WebSocket close code.
        code: u16,
    },
    /// The device gained or lost its network.
    Network {
        /// Whether it has one.
        online: bool,
    },
    /// The time asked for by [`Effect::Schedule`] has come.
    Tick,
}

/// What a runner carries out.
#[derive(Debug)]
pub enum Effect {
    /// Store all of this in one transaction; wait until it is durable.
    Persist(Vec<StoreOp>),
    /// Read entries with `from <= key < to`.
    Load {
        /// Comes back with the answer.
        id: u64,
        /// Lower end, inclusive.
        from: String,
        /// Upper end, exclusive.
        to: String,
        /// At most so many.
        limit: u32,
        /// Largest keys first.
        reverse: bool,
    },
    /// Call the relay with the session cookie, `Waxwing-Client: 1` and, with a body, `Content-Type: application/json`.
    Http {
        /// Comes back with the answer.
        id: u64,
        /// `POST` with a body, `GET` without.
        path: &'static str,
        /// JSON text.
        body: Option<String>,
    },
    /// Open the stream; close an older one first.
    StreamOpen,
    /// Send a binary message on the stream.
    StreamSend(Vec<u8>),
    /// Close the stream.
    StreamClose,
    /// Feed [`Input::Tick`] at this time; replaces an earlier wish.
    Schedule {
        /// Milliseconds since 1970.
        at_ms: u64,
    },
    /// Answer an intent.
    Reply {
        /// Id of the intent.
        id: u64,
        /// The answer.
        result: Result<Reply, Failure>,
    },
    /// Tell the interface.
    Notify(Notice),
}

/// A change of the local store.
#[derive(Clone)]
pub enum StoreOp {
    /// Put a value.
    Put {
        /// Key.
        key: String,
        /// Value. Sealed by the client, except when `secret`.
        value: Vec<u8>,
        /// The value is a bare secret: the runner must protect it as well as the device allows.
        secret: bool,
    },
    /// Delete one key.
    Delete {
        /// Key.
        key: String,
    },
    /// Delete every key with `from <= key < to`.
    DeleteRange {
        /// Lower end, inclusive.
        from: String,
        /// Upper end, exclusive.
        to: String,
    },
    /// Delete everything.
    Clear,
}

impl std::fmt::Debug for StoreOp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Put { key, value, secret } => {
                write!(f, "Put({key}, {} bytes{})", value.len(), if *secret { ", secret" } else { "" })
            }
            Self::Delete { key } => write!(f, "Delete({key})"),
            Self::DeleteRange { from, to } => write!(f, "DeleteRange({from}..{to})"),
            Self::Clear => f.write_str("Clear"),
        }
    }
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        Self {
            code: problem.code.as_str().to_owned(),
            message: problem.detail,
            retry_after_s: problem.retry_after_s,
        }
    }
}
