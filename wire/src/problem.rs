//! Errors that the relay tells clients: a stable code, a human sentence, and what a program needs to go on.

use serde::{Deserialize, Serialize};

macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident = $text:tt, $status:literal;)+) => {
        /// A stable code. The HTTP status that goes with it is [`ProblemCode::status`].
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum ProblemCode {
            $($(#[$doc])* #[serde(rename = $text)] $variant,)+
        }

        // The derive would take the names of the variants: it does not see texts that a macro brings.
        #[cfg(feature = "openapi")]
        impl utoipa::PartialSchema for ProblemCode {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
                crate::schema::one_of(&[$($text,)+], "A stable code.")
            }
        }

        #[cfg(feature = "openapi")]
        impl utoipa::ToSchema for ProblemCode {
            fn name() -> std::borrow::Cow<'static, str> {
                "ProblemCode".into()
            }
        }

        impl ProblemCode {
            /// Every code, for documentation and tests.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// The text on the wire.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)+ }
            }

            /// The HTTP status of an answer with this code.
            pub fn status(self) -> u16 {
                match self { $(Self::$variant => $status,)+ }
            }

            fn parse(text: &str) -> Self {
                match text { $($text => Self::$variant,)+ _ => Self::Internal }
            }
        }
    };
}

codes! {
    /// The bytes are not what this call takes.
    Malformed = "malformed", 400;
    /// A field has a value that is not allowed.
    Invalid = "invalid", 422;
    /// Something is larger than its limit.
    TooLarge = "too_large", 413;
    /// Too many of something.
    LimitReached = "limit_reached", 409;
    /// Slow down; see `retry_after_s`.
    RateLimited = "rate_limited", 429;
    /// No session, or it has ended.
    NotLoggedIn = "not_logged_in", 401;
    /// Wrong username or password; which of them is not told.
    WrongCredentials = "wrong_credentials", 401;
    /// The one-time code is wrong.
    WrongCode = "wrong_code", 401;
    /// The one-time code was right, but has been used before.
    ReusedCode = "reused_code", 401;
    /// The registration or login took too long or was never begun.
    AttemptExpired = "attempt_expired", 410;
    /// The setup link was used, replaced or mistyped.
    SetupLinkInvalid = "setup_link_invalid", 403;
    /// This relay takes no new accounts.
    RegistrationClosed = "registration_closed", 403;
    /// This relay takes no guests.
    GuestsClosed = "guests_closed", 403;
    /// Accounts are made with an operator's invite here, and this is none, or is used up, revoked or past its date.
    InviteInvalid = "invite_invalid", 403;
    /// This account waits for an administrator.
    AwaitingApproval = "awaiting_approval", 403;
    /// An administrator has banned this account.
    Banned = "banned", 403;
    /// No account of this name has this recovery key; which of them is wrong is not told.
    WrongRecoveryKey = "wrong_recovery_key", 401;
    /// Every account of this relay needs an authenticator.
    TotpRequired = "totp_required", 403;
    /// Another session of this account is live, and only one may be; see [`crate::frame::Request::Hello`].
    Displaced = "displaced", 409;
    /// The relay would be left without an administrator.
    LastAdministrator = "last_administrator", 409;
    /// A session that began after the one that would end it.
    SessionIsNewer = "session_is_newer", 403;
    /// Somebody has this username, or one that looks like it.
    UsernameTaken = "username_taken", 409;
    /// The request did not come from the app's own page, or misses its header.
    ForeignOrigin = "foreign_origin", 403;
    /// This needs a higher level in the room, see [`crate::frame::Request`].
    NotAllowed = "not_allowed", 403;
    /// This is for administrators of the relay.
    NotAdministrator = "not_administrator", 403;
    /// There is no such thing, or it is not yours.
    NotFound = "not_found", 404;
    /// The invite link was revoked, replaced or never valid.
    LinkInvalid = "link_invalid", 403;
    /// The invite link is past its date.
    LinkExpired = "link_expired", 410;
    /// Guests come into rooms by a link or a password only, and nobody brings them in.
    IsGuest = "is_guest", 403;
    /// The room is full.
    RoomFull = "room_full", 409;
    /// `after` is no longer the last commit: process, seal again, send again.
    Stale = "stale", 409;
    /// A public state or join package for an epoch so old that the relay keeps none for it.
    TooOld = "too_old", 409;
    /// Another write took this place: the version or the id is not the expected one.
    Conflict = "conflict", 409;
    /// Content type, method or header that this call does not take.
    Unsupported = "unsupported", 415;
    /// The relay is shutting down or cannot write; try again later.
    Unavailable = "unavailable", 503;
    /// The relay failed; nothing was changed.
    Internal = "internal", 500;
}

impl<C> minicbor::Encode<C> for ProblemCode {
    fn encode<W: minicbor::encode::Write>(
        &self,
        e: &mut minicbor::Encoder<W>,
        _: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        e.str(self.as_str())?.ok()
    }
}

impl<'b, C> minicbor::Decode<'b, C> for ProblemCode {
    fn decode(d: &mut minicbor::Decoder<'b>, _: &mut C) -> Result<Self, minicbor::decode::Error> {
        Ok(Self::parse(d.str()?))
    }
}

/// An error as it travels: in CBOR on the stream, and as an RFC 9457 problem document (with `type`, `title` and
/// `status` added by the relay) over HTTP.
#[derive(
    Debug, Clone, PartialEq, Eq, Serialize, Deserialize, minicbor::Encode, minicbor::Decode, thiserror::Error,
)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[error("{code:?}: {detail}")]
pub struct Problem {
    /// The stable code.
    #[n(0)]
    pub code: ProblemCode,
    /// One human sentence: what happened and what to do.
    #[n(1)]
    pub detail: String,
    /// Seconds to wait before trying again.
    #[n(2)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_s: Option<u32>,
    /// With [`ProblemCode::Stale`]: the number of the last commit entry.
    #[n(3)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_commit: Option<u64>,
}

impl Problem {
    /// A problem with a code and a sentence.
    pub fn new(code: ProblemCode, detail: impl Into<String>) -> Self {
        Self { code, detail: detail.into(), retry_after_s: None, last_commit: None }
    }
}
