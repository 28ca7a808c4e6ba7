//! Invite codes, with which people make an account.

use serde::{Deserialize, Serialize};

/// A new invite code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct MakeInvite {
    /// How many accounts it may make, 1 to [`crate::limits::INVITE_USES`].
    pub uses: u32,
    /// When it ends; never when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at_ms: Option<u64>,
    /// For the operator's own memory, at most [`crate::limits::REASON_CHARS`] characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// The code, which is told only here.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct InviteMade {
    /// Names the invite.
    pub id: u64,
    /// The code.
    pub code: String,
    /// A link to the registration with this code in its fragment.
    pub link: String,
}

impl std::fmt::Debug for InviteMade {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { id, code: _, link: _ } = self;
        write!(f, "InviteMade({id})")
    }
}

/// One invite that still works.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct InviteRecord {
    /// Names the invite.
    pub id: u64,
    /// Username of who made it; absent when that account is gone.
    pub maker: Option<String>,
    /// How many accounts it may still make.
    pub uses_left: u32,
    /// When it ends; never when absent.
    pub expires_at_ms: Option<u64>,
    /// When it was made.
    pub created_at_ms: u64,
    /// The operator's note.
    pub note: Option<String>,
}

/// All invites that still work, the newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct InviteList {
    /// At most [`crate::limits::INVITES`].
    pub invites: Vec<InviteRecord>,
}
