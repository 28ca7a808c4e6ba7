//! Ways into a room: links and passwords.

use minicbor::{Decode, Encode};

use crate::{
    MethodId, Opaque,
    account::KsfParams,
    ids::{RoomHandle, TokenHash},
};

/// What the relay must know of a join method to gate it.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct JoinMethod {
    /// Id of the method.
    #[n(0)]
    pub id: MethodId,
    /// SHA-256 of the 32-byte token that whoever joins must show.
    #[n(1)]
    pub token_hash: TokenHash,
    /// After this time the method answers [`crate::ProblemCode::LinkExpired`]; milliseconds since 1970.
    #[n(2)]
    pub expires_at_ms: Option<u64>,
    /// For a method that is reached by a room's name and password.
    #[n(3)]
    pub password: Option<RoomPassword>,
}

/// What the relay keeps so that a password can be tried against it and nowhere else (OPAQUE, RFC 9807).
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct RoomPassword {
    /// Keyed by the room's name as people type it; unique on this relay.
    #[n(0)]
    pub handle: RoomHandle,
    /// OPAQUE RegistrationRecord, 192 bytes.
    #[n(1)]
    pub record: Opaque,
    /// Parameters that its maker used.
    #[n(2)]
    pub ksf: KsfParams,
    /// What the password opens, at most [`crate::limits::ROOM_BLOB_BYTES`].
    #[n(3)]
    pub sealed: Opaque,
}

/// A join package: what a holder of the method's secret needs to join from the newest epoch.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct JoinPackage {
    /// The method it is sealed to.
    #[n(0)]
    pub method: MethodId,
    /// Sealed to the method's public key.
    #[n(1)]
    pub bytes: Opaque,
}

/// Proof of a join method, shown by whoever is not a member yet.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct JoinProof {
    /// The method.
    #[n(0)]
    pub method: MethodId,
    /// The 32-byte token.
    #[n(1)]
    pub token: Opaque,
}
