//! Why a store method changed nothing.

use waxwing_wire::{Problem, ProblemCode, Seq};

/// Everything but the last two is the caller's business; those two are logged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// No such thing, or not the caller's.
    #[error("there is no such thing, or it is not yours")]
    NotFound,
    /// A field has a value that is not allowed.
    #[error("{0}")]
    Invalid(&'static str),
    /// Something is larger than its limit.
    #[error("{0} is larger than {1} bytes")]
    TooLarge(&'static str, usize),
    /// Too many of something.
    #[error("{0}")]
    LimitReached(&'static str),
    /// `after` is not the last commit.
    #[error("the room has moved on: process entries up to its last commit, seal again, send again")]
    Stale {
        /// The last commit.
        last_commit: Seq,
    },
    /// An epoch for which nothing but history links is kept any more.
    #[error("the room has gone on: for an epoch this old only a history link is taken")]
    TooOld,
    /// Another write took this place.
    #[error("{0}")]
    Conflict(&'static str),
    /// Only by a link or a password.
    #[error("guests come into rooms by a link or a password only; send them a link")]
    IsGuest,
    /// The room is full.
    #[error("the room is full")]
    RoomFull,
    /// The author's level in the room is too low.
    #[error("{0}")]
    NotAllowed(&'static str),
    /// No such join method.
    #[error("this invite was revoked, replaced or never valid; ask for a new one")]
    LinkInvalid,
    /// The join method is past its date.
    #[error("this invite has expired; ask for a new one")]
    LinkExpired,
    /// Somebody has this username.
    #[error("somebody has this username, or one that looks like it; choose another")]
    UsernameTaken,
    /// Not the setup token, or an account exists.
    #[error("this setup link was used, replaced or mistyped; the relay prints the valid one when it starts")]
    SetupLinkInvalid,
    /// The relay takes no new accounts.
    #[error("this relay takes no new accounts")]
    RegistrationClosed,
    /// No invite, or one that admits nobody any more.
    #[error(
        "this relay takes new accounts with an invite; this one is missing, used up, revoked or expired; ask its operator"
    )]
    InviteInvalid,
    /// No such recovery code.
    #[error("the code is wrong, or was used before")]
    WrongCode,
    /// The account is banned.
    #[error("an administrator of this relay has banned this account")]
    Banned,
    /// The actor does not administrate this relay, or not any more.
    #[error("this is for administrators of this relay")]
    NotAdministrator,
    /// The relay would have no administrator.
    #[error("this relay needs an administrator; make somebody else one first")]
    LastAdministrator,
    /// No authenticator, where one is required.
    #[error("every account of this relay has an authenticator, and this one has none; set up another")]
    TotpRequired,
    /// A session that began after the one that would end it.
    #[error(
        "a session that began after this one is not ended from here; log out, log in again, and end it then"
    )]
    SessionIsNewer,
    /// A step that was used, or an older one.
    #[error("this code was used before; wait for the next one")]
    ReusedCode,
    /// The credentials were changed while an attempt with the old ones was under way.
    #[error("the credentials of this account have changed; begin again")]
    CredentialsChanged,
    /// The session of a write ended before it.
    #[error("this session has ended; log in again")]
    SessionEnded,
    /// Too much in a short time.
    #[error("too many commits in this room; go on a little later")]
    RateLimited {
        /// When it may be tried again.
        retry_after_s: u32,
    },
    /// The backend cannot write or read now: full disk, locked database, shutdown.
    #[error("the relay cannot do this now; try again later")]
    Unavailable,
    /// The backend failed in a way that should not happen.
    #[error("the relay failed; nothing was changed")]
    Internal,
}

impl StoreError {
    /// The stable code that clients are told.
    pub fn code(&self) -> ProblemCode {
        match self {
            Self::NotFound => ProblemCode::NotFound,
            Self::Invalid(_) => ProblemCode::Invalid,
            Self::TooLarge(..) => ProblemCode::TooLarge,
            Self::LimitReached(_) => ProblemCode::LimitReached,
            Self::Stale { .. } => ProblemCode::Stale,
            Self::TooOld => ProblemCode::TooOld,
            Self::Conflict(_) => ProblemCode::Conflict,
            Self::IsGuest => ProblemCode::IsGuest,
            Self::RoomFull => ProblemCode::RoomFull,
            Self::NotAllowed(_) => ProblemCode::NotAllowed,
            Self::LinkInvalid => ProblemCode::LinkInvalid,
            Self::LinkExpired => ProblemCode::LinkExpired,
            Self::UsernameTaken => ProblemCode::UsernameTaken,
            Self::SetupLinkInvalid => ProblemCode::SetupLinkInvalid,
            Self::RegistrationClosed => ProblemCode::RegistrationClosed,
            Self::InviteInvalid => ProblemCode::InviteInvalid,
            Self::WrongCode => ProblemCode::WrongCode,
            Self::Banned => ProblemCode::Banned,
            Self::NotAdministrator => ProblemCode::NotAdministrator,
            Self::LastAdministrator => ProblemCode::LastAdministrator,
            Self::TotpRequired => ProblemCode::TotpRequired,
            Self::SessionIsNewer => ProblemCode::SessionIsNewer,
            Self::ReusedCode => ProblemCode::ReusedCode,
            Self::CredentialsChanged => ProblemCode::AttemptExpired,
            Self::SessionEnded => ProblemCode::NotLoggedIn,
            Self::RateLimited { .. } => ProblemCode::RateLimited,
            Self::Unavailable => ProblemCode::Unavailable,
            Self::Internal => ProblemCode::Internal,
        }
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        let mut problem = Self::new(error.code(), error.to_string());
        if let StoreError::Stale { last_commit } = error {
            problem.last_commit = Some(last_commit);
        }
        if let StoreError::RateLimited { retry_after_s } = error {
            problem.retry_after_s = Some(retry_after_s);
        }
        problem
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode::{
            CannotOpen, DatabaseBusy, DatabaseLocked, DiskFull, OutOfMemory, ReadOnly, SystemIoFailure,
        };
        // SQLite's messages name tables and columns, never values.
        match error.sqlite_error_code() {
            Some(
                code @ (CannotOpen | DatabaseBusy | DatabaseLocked | DiskFull | OutOfMemory | ReadOnly
                | SystemIoFailure),
            ) => {
                tracing::error!(?code, "the database cannot be used now");
                Self::Unavailable
            }
            code => {
                tracing::error!(?code, %error, "the database refused a statement");
                Self::Internal
            }
        }
    }
}
