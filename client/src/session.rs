//! The unlocked account, and how it is kept on the device.

use minicbor::{Decode, Encode};
use waxwing_crypto_core::{
    account::{RootKey, Vault, VaultKey, open_vault, seal_vault},
    identity::IdentityKey,
    ids,
    room::Room,
    seal::{SealType, open, seal},
    secret::SymmetricKey,
};
use waxwing_wire::{
    AccountId, Opaque,
    account::{AccountStatus, SessionInfo},
};
use zeroize::Zeroizing;

use crate::{
    api::{Me, Status},
    ctx::Ctx,
    io::StoreOp,
};

/// Key under which the unlocked account is kept.
pub(crate) const UNLOCK: &str = "s/unlock";

/// An unlocked account.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) account: AccountId,
    pub(crate) username: String,
    pub(crate) standing: Standing,
    pub(crate) display_name: String,
    pub(crate) vault: Vault,
    /// Version of the vault at the relay.
    pub(crate) vault_version: u64,
    /// See [`Session::account_version`].
    pub(crate) account_version: u64,
}

/// How the account stands with the relay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub(crate) struct Standing {
    #[n(0)]
    pub(crate) administrator: bool,
    /// It waits for an administrator.
    #[n(1)]
    pub(crate) pending: bool,
    /// It has an authenticator.
    #[n(2)]
    pub(crate) totp: bool,
    #[n(3)]
    pub(crate) recovery_codes_left: u32,
    /// It is a guest.
    #[n(4)]
    pub(crate) guest: bool,
}

impl From<&SessionInfo> for Standing {
    fn from(info: &SessionInfo) -> Self {
        Self {
            administrator: info.administrator,
            pending: info.status == AccountStatus::Pending,
            totp: info.totp,
            recovery_codes_left: info.recovery_codes_left,
            guest: info.guest,
        }
    }
}

/// What the device keeps: a random key and the vault sealed under it. The runner protects the whole value.
#[derive(Encode, Decode)]
struct Kept {
    #[n(0)]
    account: AccountId,
    #[n(1)]
    username: String,
    #[n(2)]
    standing: Standing,
    #[n(3)]
    display_name: String,
    #[n(4)]
    key: SymmetricKey,
    #[n(5)]
    vault: Opaque,
    #[n(6)]
    vault_version: u64,
}

/// Version that the device's own copy of the vault is sealed as; the relay's begin at 1.
const DEVICE_VERSION: u64 = 0;

impl Session {
    pub(crate) fn new(info: SessionInfo, display_name: String, (vault, vault_version): (Vault, u64)) -> Self {
        let standing = Standing::from(&info);
        let SessionInfo { account, username, .. } = info;
        Self { account, username, standing, display_name, vault, vault_version, account_version: 0 }
    }

    pub(crate) fn me(&self) -> Me {
        Me {
            account: self.account.to_string(),
            username: self.username.clone(),
            display_name: self.display_name.clone(),
            administrator: self.standing.administrator,
            status: if self.standing.pending { Status::Pending } else { Status::Active },
            totp: self.standing.totp,
            recovery_codes_left: self.standing.recovery_codes_left,
            guest: self.standing.guest,
        }
    }

    pub(crate) fn id(&self) -> ids::AccountId {
        ids::AccountId(self.account.0)
    }

    /// Number of the newest state of the account that this session knows; messages and commits sign it. 0 before there is an index.
    pub(crate) fn account_version(&self) -> u64 {
        self.account_version
    }

    pub(crate) fn identity(&self) -> &IdentityKey {
        self.vault.identity()
    }

    /// The identity key that a room knows the account by: one that was not told of a rotation yet still has an earlier one.
    pub(crate) fn key_in(&self, room: &Room) -> Option<&IdentityKey> {
        self.vault.identity_of(&room.own_key())
    }

    pub(crate) fn root(&self) -> &RootKey {
        self.vault.current_root()
    }

    /// The same account with other keys.
    pub(crate) fn with_vault(&self, vault: Vault, vault_version: u64) -> Self {
        Self {
            account: self.account,
            username: self.username.clone(),
            standing: self.standing,
            display_name: self.display_name.clone(),
            vault,
            vault_version,
            account_version: self.account_version,
        }
    }

    /// Lets the device keep the unlocked account; nothing if it cannot be sealed, which a vault made here always can.
    pub(crate) fn keep(&self, ctx: &mut Ctx<'_>) -> Option<StoreOp> {
        let value = self.kept(ctx)?;
        Some(StoreOp::Put { key: UNLOCK.to_owned(), value, secret: true })
    }

    /// The value for [`UNLOCK`].
    pub(crate) fn kept(&self, ctx: &mut Ctx<'_>) -> Option<Vec<u8>> {
        let key = SymmetricKey::random(ctx.rng);
        let vault =
            seal_vault(&self.vault, &VaultKey::from(key.clone()), self.id(), DEVICE_VERSION, ctx.rng).ok()?;
        let kept = Kept {
            account: self.account,
            username: self.username.clone(),
            standing: self.standing,
            display_name: self.display_name.clone(),
            key,
            vault: vault.into(),
            vault_version: self.vault_version,
        };
        Some(waxwing_wire::encode(&kept))
    }

    /// Reads what [`Session::kept`] made.
    pub(crate) fn unlock(bytes: &[u8]) -> Option<Self> {
        let kept: Kept = waxwing_wire::decode(bytes).ok()?;
        let account = ids::AccountId(kept.account.0);
        let vault =
            open_vault(kept.vault.as_bytes(), &VaultKey::from(kept.key), account, DEVICE_VERSION).ok()?;
        Some(Self {
            account: kept.account,
            username: kept.username,
            standing: kept.standing,
            display_name: kept.display_name,
            vault,
            vault_version: kept.vault_version,
            account_version: 0,
        })
    }

    /// Tries root keys, newest first: what was sealed before a rotation stays readable.
    pub(crate) fn any_root<T>(&self, open: impl FnMut(&RootKey) -> Option<T>) -> Option<T> {
        let mut roots: Vec<&RootKey> = self.vault.roots().collect();
        roots.reverse();
        roots.into_iter().find_map(open)
    }

    /// A store operation whose value is sealed under the account's cache key, bound to its place.
    pub(crate) fn put(&self, key: String, plain: &[u8], ctx: &mut Ctx<'_>) -> Option<StoreOp> {
        let value = seal(&self.root().cache_key(), SealType::Cache, key.as_bytes(), plain, ctx.rng).ok()?;
        Some(StoreOp::Put { key, value, secret: false })
    }

    /// Opens a value stored by [`Session::put`].
    pub(crate) fn get(&self, key: &str, value: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        self.any_root(|root| open(&root.cache_key(), SealType::Cache, key.as_bytes(), value).ok())
    }
}
