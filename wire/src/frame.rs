//! Frames of the stream.
//!
//! A client opens the WebSocket with its session cookie and sends [`Request::Hello`] first. Every request carries an id
//! of the client's choice and gets exactly one [`ServerFrame::Response`] with it; responses may come out of order.
//! [`Event`]s are hints: whoever misses one reads [`Request::Entries`] from its cursor.

mod account;
mod epoch;
mod join;
mod log;
mod operator;
mod request;
mod response;

use minicbor::{Decode, Encode};

pub use account::{AccountDatum, KeyPackageRecord};
pub use epoch::{Commit, CreateRoom, EpochParts, HistoryLink, KeyringEntry, PutPublished, Snapshot, Welcome};
pub use join::{JoinMethod, JoinPackage, JoinProof, RoomPassword};
pub use log::{Append, Cursor, EntryKind, LogEntry, Post, RoomSummary};
pub use operator::{Announcement, ReportCopy, ReportKey};
pub use request::Request;
pub use response::{AccountEvent, EndReason, Event, Presence, Response};

use crate::Problem;

/// From client to relay.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct ClientFrame {
    /// Chosen by the client, unique on this connection.
    #[n(0)]
    pub id: u64,
    /// What is asked.
    #[n(1)]
    pub request: Request,
}

/// From relay to client.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum ServerFrame {
    /// The answer to a request.
    #[n(0)]
    Response {
        /// Id of the request.
        #[n(0)]
        id: u64,
        /// The answer.
        #[n(1)]
        response: Response,
    },
    /// The request was refused; nothing was changed.
    #[n(1)]
    Problem {
        /// Id of the request.
        #[n(0)]
        id: u64,
        /// Why.
        #[n(1)]
        problem: Problem,
    },
    /// Something happened.
    #[n(2)]
    Event(#[n(0)] Event),
}

/// WebSocket close codes of the stream (RFC 6455 section 7.4.2, private range).
pub mod close {
    /// A frame was malformed or larger than allowed.
    pub const MALFORMED: u16 = 4400;
    /// The session has ended: log in again.
    pub const NOT_LOGGED_IN: u16 = 4401;
    /// Another session of the account took over; connect again when the person says so.
    pub const DISPLACED: u16 = 4410;
    /// The client read too slowly; connect again and go on from the cursor.
    pub const TOO_SLOW: u16 = 4408;
    /// Newer streams of the account took the place of this one; do not connect again at once.
    pub const REPLACED: u16 = 4409;
    /// The relay is going down; connect again.
    pub const RESTARTING: u16 = 4503;
}
