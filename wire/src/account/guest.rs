//! Guests: accounts without username and password.

use serde::{Deserialize, Serialize};

use super::SessionInfo;
use crate::{AccountId, Opaque, ids::TokenHash};

/// Makes a guest.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct GuestStart {
    /// Chosen by the client.
    pub account: AccountId,
    /// Public identity key, 32 bytes.
    pub identity_key: Opaque,
    /// Sealed vault, version 1.
    pub vault: Opaque,
    /// Vault key wrapped under the place code.
    pub wrap_place: Opaque,
    /// SHA-256 of the token that the place code yields.
    pub token_hash: TokenHash,
    /// What the session is called, see [`crate::limits::DEVICE_CHARS`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<String>,
}

/// The guest is there; its first session has begun.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct GuestStarted {
    /// The account behind the session.
    pub session: SessionInfo,
    /// Only where it was asked for with [`super::SESSION_HEADER`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
}

impl std::fmt::Debug for GuestStarted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { session, token: _ } = self;
        f.debug_struct("GuestStarted").field("session", session).finish_non_exhaustive()
    }
}

/// Comes back as a guest.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct GuestReturn {
    /// The token that the place code yields, 32 bytes.
    pub token: Opaque,
    /// As in [`GuestStart`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<String>,
}

impl std::fmt::Debug for GuestReturn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { token: _, device } = self;
        f.debug_struct("GuestReturn").field("device", device).finish_non_exhaustive()
    }
}

/// The guest is back; a session has begun.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct GuestReturned {
    /// The account behind the session.
    pub session: SessionInfo,
    /// Sealed vault.
    pub vault: Opaque,
    /// Its version.
    pub vault_version: u64,
    /// Vault key wrapped under the place code.
    pub wrap_place: Opaque,
    /// Only where it was asked for with [`super::SESSION_HEADER`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
}

impl std::fmt::Debug for GuestReturned {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { session, vault, vault_version, wrap_place, token: _ } = self;
        f.debug_struct("GuestReturned")
            .field("session", session)
            .field("vault", vault)
            .field("vault_version", vault_version)
            .field("wrap_place", wrap_place)
            .finish_non_exhaustive()
    }
}
