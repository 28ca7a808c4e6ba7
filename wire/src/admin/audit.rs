//! The audit log: what administrators did, and what touched the security of accounts.

use std::str::FromStr;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};

use crate::{AccountId, Opaque, ids::InvalidId};

macro_rules! kinds {
    ($($(#[$doc:meta])* $variant:ident = $text:tt;)+) => {
        /// What happened.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum AuditKind {
            $($(#[$doc])* #[serde(rename = $text)] $variant,)+
        }

        // The derive would take the names of the variants: it does not see texts that a macro brings.
        #[cfg(feature = "openapi")]
        impl utoipa::PartialSchema for AuditKind {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
                crate::schema::one_of(&[$($text,)+], "What happened.")
            }
        }

        #[cfg(feature = "openapi")]
        impl utoipa::ToSchema for AuditKind {
            fn name() -> std::borrow::Cow<'static, str> {
                "AuditKind".into()
            }
        }

        impl AuditKind {
            /// Every kind.
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            /// The text in the log.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)+ }
            }
        }

        impl std::str::FromStr for AuditKind {
            type Err = UnknownKind;

            fn from_str(text: &str) -> Result<Self, UnknownKind> {
                match text { $($text => Ok(Self::$variant),)+ _ => Err(UnknownKind) }
            }
        }
    };
}

/// The text names no kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("there is no such kind of audit entry")]
pub struct UnknownKind;

kinds! {
    /// The first account was made with the setup link.
    Setup = "setup";
    /// An account was made.
    Registered = "registered";
    /// An administrator let a waiting account go on.
    Approved = "approved";
    /// An administrator refused a waiting account, which is deleted.
    Refused = "refused";
    /// An administrator shut an account out.
    Banned = "banned";
    /// An administrator let a banned account in again.
    Unbanned = "unbanned";
    /// An administrator ended all sessions of an account.
    Kicked = "kicked";
    /// An account became administrator.
    Promoted = "promoted";
    /// An account is administrator no longer.
    Demoted = "demoted";
    /// An administrator took the second factor off an account.
    TotpReset = "totp_reset";
    /// An account has a new authenticator, or its first.
    TotpChanged = "totp_changed";
    /// An account has no second factor any more, by its own wish.
    TotpRemoved = "totp_removed";
    /// An account has new recovery codes.
    RecoveryCodesMade = "recovery_codes_made";
    /// A login used a recovery code.
    RecoveryCodeUsed = "recovery_code_used";
    /// An account got back in with its recovery key.
    Recovered = "recovered";
    /// An account has a new password.
    PasswordChanged = "password_changed";
    /// An account has new keys.
    KeysRotated = "keys_rotated";
    /// An account was deleted.
    AccountDeleted = "account_deleted";
    /// A session was ended from another one.
    SessionEnded = "session_ended";
    /// Too many logins failed; more have to wait.
    LoginRefused = "login_refused";
    /// After the right password of an account too many codes were wrong; more have to wait.
    CodesRefused = "codes_refused";
    /// An invite code was made.
    InviteMade = "invite_made";
    /// An invite code was revoked.
    InviteRevoked = "invite_revoked";
    /// A setting was changed.
    SettingChanged = "setting_changed";
    /// Everybody was told something.
    Announced = "announced";
    /// An announcement was withdrawn.
    AnnouncementWithdrawn = "announcement_withdrawn";
    /// A room was removed.
    RoomRemoved = "room_removed";
    /// A message's ciphertext was removed.
    MessageRemoved = "message_removed";
    /// A member reported a message.
    Reported = "reported";
    /// A report was decided.
    ReportResolved = "report_resolved";
    /// The audit log was exported.
    AuditExported = "audit_exported";
}

/// Which entries.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct AuditQuery {
    /// A part of a username, of the target or of the detail.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub query: Option<String>,
    /// Only those.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<AuditKind>,
    /// Only what this account did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<AccountId>,
    /// Not before this time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<u64>,
    /// Before this time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<u64>,
    /// `next` of the page before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// Entries of a page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 100))]
    pub limit: Option<u32>,
}

/// One entry. It names accounts by id; names are looked up when it is read, and are gone with the account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AuditEntry {
    /// From 1 without gaps.
    pub seq: u64,
    /// When.
    pub at_ms: u64,
    /// The account that did it; absent for the relay itself and for whoever was not logged in.
    pub actor: Option<AccountId>,
    /// Its username; absent when the account is gone.
    pub actor_name: Option<String>,
    /// What happened.
    pub kind: AuditKind,
    /// To what: `account:ID`, `room:ID`, `entry:ID/SEQ`, `setting:NAME`, `invite:ID`, `announcement:ID`, `report:ID` or nothing.
    pub target: String,
    /// Username of the target, if it is an account that exists.
    pub target_name: Option<String>,
    /// More about it: a reason, the old and the new value.
    pub detail: String,
    /// Hash of this entry and all before it, 32 bytes.
    pub chain: Opaque,
}

/// A page of the audit log, the newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AuditList {
    /// The page.
    pub entries: Vec<AuditEntry>,
    /// What the next page is asked for with; absent on the last.
    pub next: Option<String>,
}

/// Number and hash of an entry, as somebody noted them elsewhere; the text is `SEQ:HASH`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Noted {
    /// Number of the entry.
    pub seq: u64,
    /// Its [`AuditEntry::chain`].
    pub chain: [u8; 32],
}

impl std::fmt::Display for Noted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.seq, URL_SAFE_NO_PAD.encode(self.chain))
    }
}

impl FromStr for Noted {
    type Err = InvalidId;
    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let (seq, chain) = text.trim().split_once(':').ok_or(InvalidId)?;
        let seq = seq.parse().map_err(|_| InvalidId)?;
        let chain = URL_SAFE_NO_PAD.decode(chain).map_err(|_| InvalidId)?;
        Ok(Self { seq, chain: chain.try_into().map_err(|_| InvalidId)? })
    }
}

impl Serialize for Noted {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Noted {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// What the log is compared with.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct VerifyQuery {
    /// An entry that was noted before: `SEQ:HASH`, the hash in base64url.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, pattern = "^[0-9]{1,15}:[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$"))]
    pub seen: Option<Noted>,
}

/// Whether the log is as it was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AuditVerdict {
    /// Number of entries that were looked at, which is the number of the newest of them.
    pub entries: u64,
    /// Whether every entry follows from the one before.
    pub ok: bool,
    /// The first that does not.
    pub first_bad: Option<u64>,
    /// Hash of the newest entry, 32 bytes. Noted elsewhere with its number, it tells later whether the log was cut off.
    pub head: Opaque,
    /// Whether the noted entry is there and has the noted hash; absent when none was given.
    pub seen: Option<bool>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_have_one_text() {
        for kind in AuditKind::ALL {
            assert_eq!(kind.as_str().parse(), Ok(*kind));
            assert_eq!(serde_json::to_string(kind).unwrap(), format!("\"{}\"", kind.as_str()));
        }
        assert_eq!("".parse::<AuditKind>(), Err(UnknownKind));
    }
}
