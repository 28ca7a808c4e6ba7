//! The list of account objects, and what a device remembers of it.

use minicbor::{Decode, Encode};
use waxwing_wire::AccountId;

use crate::io::StoreOp;

/// Key under which the device keeps its [`Memory`].
const SEEN: &str = "s/seen";

/// The account object `index`.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub(crate) struct Index {
    /// The account version: one more with every change of any object, never less than before, rotations included.
    #[n(0)]
    pub(crate) version: u64,
    /// Version of the vault when this was written.
    #[n(1)]
    pub(crate) vault: u64,
    /// Name and version of every other object, by name.
    #[n(2)]
    pub(crate) objects: Vec<(String, u64)>,
}

impl Index {
    pub(crate) fn version_of(&self, name: &str) -> u64 {
        self.objects.iter().find(|(known, _)| known == name).map_or(0, |(_, version)| *version)
    }
}

/// How far this device has seen an account. Kept outside everything that is sealed, because a relay that goes back to an older vault
/// takes away the keys to what was sealed later.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub(crate) struct Memory {
    #[n(0)]
    account: AccountId,
    /// Version of the vault.
    #[n(1)]
    pub(crate) vault: u64,
    /// Version of the account.
    #[n(2)]
    pub(crate) version: u64,
}

impl Memory {
    pub(crate) fn new(account: AccountId, vault: u64, version: u64) -> Self {
        Self { account, vault, version }
    }

    /// What the device remembers of this account, from the entries under `s/`.
    pub(crate) fn find(account: AccountId, entries: &[(String, Vec<u8>)]) -> Option<Self> {
        let (_, value) = entries.iter().find(|(key, _)| key == SEEN)?;
        let found: Self = waxwing_wire::decode(value).ok()?;
        (found.account == account).then_some(found)
    }

    pub(crate) fn put(&self) -> StoreOp {
        StoreOp::Put { key: SEEN.to_owned(), value: waxwing_wire::encode(self), secret: false }
    }
}
