//! What goes into the store and comes out of it, beside the types of the wire.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use tokio::sync::{OwnedSemaphorePermit, oneshot};
use waxwing_wire::{
    AccountId, EpochId, Opaque, RoomId, Seq,
    account::{KsfParams, RegistrationPolicy, SessionInfo},
    frame::{HistoryLink, LogEntry, RoomSummary},
};
use zeroize::Zeroizing;

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

/// SHA-256 of a session token.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct SessionHash(pub [u8; 32]);

impl fmt::Debug for SessionHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(_) = self;
        f.write_str("SessionHash(..)")
    }
}

/// Who writes over the stream.
#[derive(Debug, Clone, Copy)]
pub struct Caller {
    /// The account.
    pub account: AccountId,
    /// The session, which must be alive when the write is carried out.
    pub session: SessionHash,
    /// Length of the frame that asks: its share of [`crate::limits::WRITE_QUEUE_BYTES`].
    pub frame_bytes: usize,
}

/// How long sessions live.
#[derive(Debug, Clone, Copy)]
pub struct SessionLife {
    /// Without use.
    pub idle: Duration,
    /// In any case.
    pub absolute: Duration,
}

/// A session to be begun.
#[derive(Debug, Clone, Copy)]
pub struct NewSession {
    /// Hash of its token.
    pub token: SessionHash,
    /// When it begins.
    pub now_ms: u64,
}

/// A live session.
#[derive(Debug, Clone)]
pub struct Session {
    /// Hash of its token.
    pub token: SessionHash,
    /// Whose it is.
    pub info: SessionInfo,
    /// When it began.
    pub created_at_ms: u64,
    /// When it was last noted to be in use.
    pub last_used_at_ms: u64,
}

/// Why an account may be made.
#[derive(Debug, Clone, Copy)]
pub enum Admission {
    /// By the setup token with this hash: the first account, which administrates.
    Setup([u8; 32]),
    /// By the policy of the relay, which never admits the first.
    Policy(RegistrationPolicy),
}

/// An account to be made.
#[derive(Clone)]
pub struct NewAccount {
    /// Chosen by the client.
    pub account: AccountId,
    /// Normalised.
    pub username: String,
    /// 32 bytes.
    pub identity_key: Opaque,
    /// What a login will check; `totp_last_step` is the step of the confirming code.
    pub credentials: Credentials,
    /// Sealed vault, version 1.
    pub vault: Opaque,
    /// Wrapped under the OPAQUE export key.
    pub wrap_opaque: Opaque,
    /// Wrapped under the recovery key.
    pub wrap_recovery: Opaque,
}

/// What a login checks.
#[derive(Clone)]
pub struct Credentials {
    /// Whose they are.
    pub account: AccountId,
    /// OPAQUE RegistrationRecord, RFC 9807 section 5.
    pub opaque_record: Vec<u8>,
    /// Parameters that the client used.
    pub ksf: KsfParams,
    /// TOTP secret, 20 bytes.
    pub totp_secret: Zeroizing<Vec<u8>>,
    /// Newest step whose code was accepted.
    pub totp_last_step: u64,
}

impl fmt::Debug for NewAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            account,
            username: _,
            identity_key: _,
            credentials: _,
            vault: _,
            wrap_opaque: _,
            wrap_recovery: _,
        } = self;
        write!(f, "NewAccount({account})")
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { account, opaque_record: _, ksf: _, totp_secret: _, totp_last_step: _ } = self;
        write!(f, "Credentials({account})")
    }
}

/// New credentials of an account, and the keys that change with them.
#[derive(Clone)]
pub struct NewCredentials {
    /// OPAQUE RegistrationRecord.
    pub opaque_record: Vec<u8>,
    /// Parameters that the client used.
    pub ksf: KsfParams,
    /// Sealed vault.
    pub vault: Opaque,
    /// One more than the stored version.
    pub vault_version: u64,
    /// Wrapped under the OPAQUE export key.
    pub wrap_opaque: Opaque,
    /// Wrapped under the recovery key.
    pub wrap_recovery: Opaque,
    /// 32 bytes.
    pub identity_key: Opaque,
    /// That the identity key changed.
    pub statement: Option<Opaque>,
    /// Under the new identity key.
    pub key_package: Option<Opaque>,
}

impl fmt::Debug for NewCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NewCredentials(version {})", self.vault_version)
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

/// What a completed login hands out.
#[derive(Debug)]
pub struct UnlockedAccount {
    /// The account.
    pub info: SessionInfo,
    /// Sealed vault.
    pub vault: Opaque,
    /// Its version.
    pub vault_version: u64,
    /// Wrapped under the OPAQUE export key.
    pub wrap_opaque: Opaque,
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
}
