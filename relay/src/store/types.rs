//! What goes into the store and comes out of it, beside the types of the wire.

mod account;
mod desk;

use std::{
    collections::HashSet,
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use tokio::sync::{OwnedSemaphorePermit, oneshot};
use waxwing_wire::{
    AccountId, EpochId, Opaque, RoomId, Seq,
    account::KsfParams,
    frame::{AccountEvent, Announcement, EndReason, HistoryLink, LogEntry, RoomSummary},
    ids::SessionId,
};

pub use account::{
    Admission, Caller, Credentials, Factor, Login, NewAccount, NewCredentials, NewGuest, NewPassword,
    NewSession, Recoverable, RecoveredFactor, Recovery, ReturnedGuest, Session, SessionHash, SessionLife,
    SessionRow, Status, UnlockedAccount,
};
pub use desk::{Numbers, SettingChanges, UserAct};

use super::{Result, StoreError};

/// A write that waits for its commit. Awaiting it yields the answer once the write is durable.
#[derive(Debug)]
pub struct Pending<T>(pub(super) oneshot::Receiver<Result<T>>);

impl<T> Future for Pending<T> {
    type Output = Result<T>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        // A writer that went away has committed nothing it did not answer.
        Pin::new(&mut self.0).poll(cx).map(|answer| answer.unwrap_or(Err(StoreError::Unavailable)))
    }
}

/// What a try of a room password is checked against.
#[derive(Clone)]
pub struct RoomCredentials {
    /// The room.
    pub room: RoomId,
    /// OPAQUE RegistrationRecord.
    pub opaque_record: Vec<u8>,
    /// Parameters that its maker used.
    pub ksf: KsfParams,
    /// What the password opens.
    pub sealed: Opaque,
}

impl fmt::Debug for RoomCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RoomCredentials({})", self.room)
    }
}

/// What members published for one epoch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// The commit author's first.
    pub links: Vec<HistoryLink>,
    /// The asker's own first, then the commit author's.
    pub public_states: Vec<Opaque>,
}

/// A page of a room log.
#[derive(Debug)]
pub struct Page {
    /// In order, without gaps.
    pub entries: Vec<LogEntry>,
    /// Number of the newest entry of the room.
    pub last_seq: Seq,
}

/// What a holder of a join method needs.
#[derive(Debug)]
pub struct JoinInfo {
    /// The epoch.
    pub epoch: EpochId,
    /// Number of the commit entry that made it.
    pub commit: Seq,
    /// Number of the newest commit entry.
    pub last_commit: Seq,
    /// Number of the newest entry.
    pub last_seq: Seq,
    /// Candidates for its sealed public state, at least one.
    pub public_states: Vec<Opaque>,
    /// Join packages for the method.
    pub packages: Vec<Opaque>,
}

/// What fan-out hears of a committed write, in the order of commits.
#[derive(Debug)]
pub enum Notice {
    /// A room has a new entry.
    Entry {
        /// The room.
        room: RoomId,
        /// The entry.
        entry: LogEntry,
        /// Its share of the bytes that may wait, see [`crate::limits::WRITE_QUEUE_BYTES`].
        permit: Option<OwnedSemaphorePermit>,
    },
    /// An account became a member, or has a Welcome to be let in again.
    Joined {
        /// The account.
        account: AccountId,
        /// The room.
        summary: RoomSummary,
    },
    /// An account is no longer a member.
    Left {
        /// The account.
        account: AccountId,
        /// The room.
        room: RoomId,
    },
    /// The account of a member is gone.
    Gone {
        /// The account.
        account: AccountId,
        /// The room.
        room: RoomId,
    },
    /// Something happened to an account itself.
    Account {
        /// The account.
        account: AccountId,
        /// What.
        event: AccountEvent,
    },
    /// The bytes of an entry were removed.
    Removed {
        /// The room.
        room: RoomId,
        /// What is left of it.
        entry: LogEntry,
    },
    /// A member has another shared mark.
    Mark {
        /// The room.
        room: RoomId,
        /// Whose.
        account: AccountId,
        /// The session that put it.
        session: SessionId,
        /// Sealed.
        shared: Opaque,
    },
    /// An account has another own mark.
    OwnMark {
        /// The room.
        room: RoomId,
        /// Whose.
        account: AccountId,
        /// The session that put it.
        session: SessionId,
        /// Sealed.
        own: Opaque,
    },
    /// An account's objects have changed.
    AccountData {
        /// Whose.
        account: AccountId,
        /// The session that changed them.
        session: SessionId,
    },
    /// An account shares when it is there, or does so no more.
    SharesPresence {
        /// Whose.
        account: AccountId,
        /// Whether it does.
        on: bool,
    },
    /// An account has written its first message in a room since it came in.
    Spoke {
        /// Who.
        account: AccountId,
        /// Where.
        room: RoomId,
    },
    /// An account blocks others than before.
    Blocks {
        /// Whose.
        account: AccountId,
        /// All it blocks now.
        blocked: Vec<AccountId>,
    },
    /// What the operator tells everybody has changed.
    Announcements(Vec<Announcement>),
    /// Sessions have ended.
    Ended {
        /// Whose.
        account: AccountId,
        /// Which.
        which: Ended,
        /// Why.
        reason: EndReason,
    },
}

/// Who is told when an account is there.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Visibility {
    /// Whether anybody is.
    pub shares: bool,
    /// Who is not.
    pub blocks: HashSet<AccountId>,
    /// The rooms whose members are: whoever was only brought in, and has said nothing, is not seen there.
    pub spoken: HashSet<RoomId>,
}

/// When an account was last there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LastSeen {
    /// The account.
    pub account: AccountId,
    /// Milliseconds since 1970.
    pub at_ms: u64,
}

/// Which sessions of an account have ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// All.
    All,
    /// This one.
    One(SessionId),
    /// All but this one.
    AllBut(SessionId),
}
