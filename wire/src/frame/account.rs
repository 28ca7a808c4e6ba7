//! What belongs to one account.

use minicbor::{Decode, Encode};

use crate::{Opaque, ids::DataName};

/// A sealed account object.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct AccountDatum {
    /// Keyed hash of its name.
    #[n(0)]
    pub name: DataName,
    /// Version, from 1.
    #[n(1)]
    pub version: u64,
    /// Sealed.
    #[n(2)]
    pub bytes: Opaque,
}

/// What anybody needs to bring an account into a room.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct KeyPackageRecord {
    /// The key package as its owner published it.
    #[n(0)]
    pub bytes: Opaque,
    /// The account's public identity key as the relay knows it, 32 bytes.
    #[n(1)]
    pub identity_key: Opaque,
    /// Signed statements of changes of that key, oldest first, at most [`crate::limits::STATEMENTS`].
    #[n(2)]
    pub statements: Vec<Opaque>,
    /// The account is a guest, whom nobody brings in: [`crate::ProblemCode::IsGuest`].
    #[n(3)]
    pub guest: bool,
}
