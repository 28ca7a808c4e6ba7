//! Account keys: the root keys every other key of an account comes from, and the vault that keeps them.

use minicbor::{Decoder, Encoder};
use rand_core::CryptoRngCore;
use zeroize::Zeroizing;

use crate::codec::{exact_bytes, from_cbor};
use crate::identity::{IdentityKey, IdentityPublicKey};
use crate::ids::AccountId;
use crate::label::labelled;
use crate::seal::{self, OpenError, SealError, SealType};
use crate::secret::SymmetricKey;

/// Most generations of root keys one vault keeps. Beyond it rotation is refused; one a day lasts for years.
pub const MAX_ROOTS: usize = 1024;
/// Most earlier identity keys one vault keeps; the oldest go first.
pub const MAX_EARLIER_IDENTITIES: usize = 16;
const VAULT_FORMAT: u8 = 1;

/// Account root key (`ARK`) of one generation: 32 bytes that derive one key per purpose and seal nothing themselves.
#[derive(Clone, PartialEq, Eq)]
pub struct RootKey {
    generation: u32,
    key: SymmetricKey,
}

impl RootKey {
    /// The root key of a generation; the first is 0.
    pub fn new(generation: u32, key: SymmetricKey) -> Self {
        Self { generation, key }
    }

    /// Counts rotations, from 0. Every object sealed under this root names it.
    pub fn generation(&self) -> u32 {
        self.generation
    }

    /// Seals the entries of the keyring.
    pub fn keyring_key(&self) -> SymmetricKey {
        self.key.derive("Waxwing 1 ark keyring", &[])
    }

    /// Seals the private state of rooms.
    pub fn snapshot_key(&self) -> SymmetricKey {
        self.key.derive("Waxwing 1 ark snapshot", &[])
    }

    /// Seals the account's own data, see [`seal_account_data`].
    pub fn account_data_key(&self) -> SymmetricKey {
        self.key.derive("Waxwing 1 ark account data", &[])
    }

    /// Seals the private parts of key packages.
    pub fn key_package_key(&self) -> SymmetricKey {
        self.key.derive("Waxwing 1 ark key package", &[])
    }

    /// Seals what a device keeps for itself.
    pub fn cache_key(&self) -> SymmetricKey {
        self.key.derive("Waxwing 1 ark cache", &[])
    }

    /// Seals what the account keeps beside a room for its other sessions, see [`crate::mark`].
    pub fn own_mark_key(&self) -> SymmetricKey {
        self.key.derive("Waxwing 1 ark own mark", &[])
    }

    /// Where the relay keeps the entry `name` of the account's data: 16 bytes of a keyed function of it, so that the
    /// relay does not learn the name. Another generation gives another place; rotation stores entries anew.
    pub fn account_data_name(&self, name: &str) -> [u8; 16] {
        let full = self.key.derive("Waxwing 1 ark account data name", &[name.as_bytes()]);
        let mut short = [0; 16];
        for (to, from) in short.iter_mut().zip(full.expose()) {
            *to = *from;
        }
        short
    }
}

impl std::fmt::Debug for RootKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { generation, key: _ } = self;
        write!(f, "RootKey(generation {generation})")
    }
}

/// What an account is: its identity key and all generations of its root key, the current one last.
///
/// Earlier identity keys stay as well: a room lets the key of a leaf be replaced only by its holder, and a rotation that was cut
/// off goes on from whatever vault the account has. They are worth nothing to anybody once no room has them.
#[derive(Clone)]
pub struct Vault {
    identity: IdentityKey,
    retired: Vec<IdentityKey>,
    earlier: Vec<RootKey>,
    current: RootKey,
}

/// The vault already holds [`MAX_ROOTS`] generations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the vault holds as many root keys as it may")]
pub struct VaultFull;

impl Vault {
    /// The vault of a new account.
    pub fn generate(rng: &mut dyn CryptoRngCore) -> Self {
        let identity = IdentityKey::generate(rng);
        let current = RootKey::new(0, SymmetricKey::random(rng));
        Self { identity, retired: Vec::new(), earlier: Vec::new(), current }
    }

    /// A vault from its parts, `roots` in ascending order of their generation; `None` if they are not, or if there
    /// are none or more than [`MAX_ROOTS`].
    pub fn from_parts(identity: IdentityKey, mut roots: Vec<RootKey>) -> Option<Self> {
        let ascending = roots.windows(2).all(|pair| match pair {
            [a, b] => a.generation < b.generation,
            _ => true,
        });
        if !ascending || roots.len() > MAX_ROOTS {
            return None;
        }
        let current = roots.pop()?;
        Some(Self { identity, retired: Vec::new(), earlier: roots, current })
    }

    /// The same vault with these earlier identity keys, oldest first; `None` if they are more than [`MAX_EARLIER_IDENTITIES`].
    pub fn with_earlier_identities(mut self, retired: Vec<IdentityKey>) -> Option<Self> {
        self.retired = retired;
        (self.retired.len() <= MAX_EARLIER_IDENTITIES).then_some(self)
    }

    /// The vault after a compromise: a new identity key and one more root key. The earlier root keys stay, because
    /// what they sealed has to be opened once more to be sealed anew.
    ///
    /// # Errors
    /// [`VaultFull`].
    pub fn rotate(&self, rng: &mut dyn CryptoRngCore) -> Result<Self, VaultFull> {
        let generation = self.current.generation.checked_add(1).ok_or(VaultFull)?;
        let mut roots: Vec<RootKey> = self.roots().cloned().collect();
        roots.push(RootKey::new(generation, SymmetricKey::random(rng)));
        let mut new = Self::from_parts(IdentityKey::generate(rng), roots).ok_or(VaultFull)?;
        let kept = self.retired.iter().chain(std::iter::once(&self.identity));
        let beyond = self.retired.len().saturating_add(1).saturating_sub(MAX_EARLIER_IDENTITIES);
        new.retired = kept.skip(beyond).cloned().collect();
        Ok(new)
    }

    /// The identity key.
    pub fn identity(&self) -> &IdentityKey {
        &self.identity
    }

    /// Identity keys from before a rotation, oldest first.
    pub fn earlier_identities(&self) -> &[IdentityKey] {
        &self.retired
    }

    /// The identity key, present or earlier, with this public half.
    pub fn identity_of(&self, public: &IdentityPublicKey) -> Option<&IdentityKey> {
        std::iter::once(&self.identity).chain(&self.retired).find(|key| key.public() == *public)
    }

    /// The root key that seals from now on.
    pub fn current_root(&self) -> &RootKey {
        &self.current
    }

    /// The root key of a generation.
    pub fn root(&self, generation: u32) -> Option<&RootKey> {
        self.roots().find(|root| root.generation == generation)
    }

    /// All root keys, oldest first.
    pub fn roots(&self) -> impl Iterator<Item = &RootKey> {
        self.earlier.iter().chain(std::iter::once(&self.current))
    }

    /// CBOR `[format, identity seed, [[generation, key], ...], [earlier identity seed, ...]]`.
    fn encode(&self) -> Zeroizing<Vec<u8>> {
        let count = self.earlier.len().saturating_add(1);
        let keys = count.saturating_add(self.retired.len());
        // Room for everything (40 bytes a key at most), so that growing leaves no copies of keys behind.
        let mut out = Zeroizing::new(Vec::with_capacity(keys.saturating_mul(40).saturating_add(64)));
        let written = Encoder::new(&mut *out)
            .array(4)
            .and_then(|e| e.u8(VAULT_FORMAT))
            .and_then(|e| e.bytes(self.identity.expose_seed()))
            .and_then(|e| e.array(u64::try_from(count).unwrap_or(u64::MAX)))
            .and_then(|e| {
                self.roots().try_fold(e, |e, root| e.array(2)?.u32(root.generation)?.encode(&root.key))
            })
            .and_then(|e| e.array(u64::try_from(self.retired.len()).unwrap_or(u64::MAX)))
            .and_then(|e| self.retired.iter().try_fold(e, |e, key| e.bytes(key.expose_seed())))
            .is_ok();
        // Writing to a vector cannot fail.
        debug_assert!(written);
        out
    }
}

impl std::fmt::Debug for Vault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { identity, retired: _, earlier: _, current } = self;
        f.debug_struct("Vault").field("identity", identity).field("current", current).finish_non_exhaustive()
    }
}

/// Reads the length of a list, refusing more than `most` before anything is allocated.
fn list_length(d: &mut Decoder<'_>, most: usize) -> Result<usize, minicbor::decode::Error> {
    let count = d.array()?.and_then(|count| usize::try_from(count).ok());
    count.filter(|&count| count <= most).ok_or_else(|| minicbor::decode::Error::message("too many keys"))
}

fn identity_key(d: &mut Decoder<'_>) -> Result<IdentityKey, minicbor::decode::Error> {
    let seed = Zeroizing::new(exact_bytes::<32>(d)?);
    Ok(IdentityKey::from_seed(*seed))
}

impl<'b, C> minicbor::Decode<'b, C> for Vault {
    fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, minicbor::decode::Error> {
        let refuse = |why| Err(minicbor::decode::Error::message(why));
        if d.array()? != Some(4) || d.u8()? != VAULT_FORMAT {
            return refuse("not a vault of a known format");
        }
        let identity = identity_key(d)?;
        let count = list_length(d, MAX_ROOTS)?;
        let mut roots = Vec::with_capacity(count);
        for _ in 0..count {
            if d.array()? != Some(2) {
                return refuse("not a root key");
            }
            roots.push(RootKey::new(d.u32()?, d.decode()?));
        }
        let count = list_length(d, MAX_EARLIER_IDENTITIES)?;
        let retired = (0..count).map(|_| identity_key(d)).collect::<Result<Vec<_>, _>>()?;
        Self::from_parts(identity, roots)
            .and_then(|vault| vault.with_earlier_identities(retired))
            .ok_or_else(|| minicbor::decode::Error::message("root keys out of order"))
    }
}

/// The random key the vault is sealed under; replaced with every rotation.
#[derive(Clone, PartialEq, Eq)]
pub struct VaultKey(SymmetricKey);

impl VaultKey {
    /// A fresh random vault key.
    pub fn random(rng: &mut dyn CryptoRngCore) -> Self {
        Self(SymmetricKey::random(rng))
    }
}

impl From<SymmetricKey> for VaultKey {
    fn from(key: SymmetricKey) -> Self {
        Self(key)
    }
}

impl std::fmt::Debug for VaultKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self(_) = self;
        f.write_str("VaultKey(..)")
    }
}

/// A way to unlock the vault. Bound into the wrap: the wrap of one never opens in the place of another's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum WrapMethod {
    /// The export key of OPAQUE, see [`crate::login`].
    Opaque = 1,
    /// The recovery key, see [`crate::recovery`].
    Recovery = 2,
    /// A guest's "keep my place" code.
    Place = 3,
}

/// Seals a vault; `version` counts its changes from 1, and the relay swaps it by compare-and-swap.
///
/// # Errors
/// [`SealError`]; not for a vault made here.
pub fn seal_vault(
    vault: &Vault,
    key: &VaultKey,
    account: AccountId,
    version: u64,
    rng: &mut dyn CryptoRngCore,
) -> Result<Vec<u8>, SealError> {
    seal::seal(&key.0, SealType::Vault, &vault_context(account, version), &vault.encode(), rng)
}

/// Opens a vault sealed for this account and version.
///
/// # Errors
/// [`OpenError`] for everything else, a vault of an unknown format included.
pub fn open_vault(
    sealed: &[u8],
    key: &VaultKey,
    account: AccountId,
    version: u64,
) -> Result<Vault, OpenError> {
    let plaintext = seal::open(&key.0, SealType::Vault, &vault_context(account, version), sealed)?;
    from_cbor(&plaintext).map_err(|_| OpenError)
}

/// Wraps the vault key for one unlock method. `version` is that of the vault: record, wraps and vault change together.
///
/// # Errors
/// [`SealError`]; never, a key is short.
pub fn wrap_vault_key(
    key: &VaultKey,
    method: WrapMethod,
    wrapping: &SymmetricKey,
    account: AccountId,
    version: u64,
    rng: &mut dyn CryptoRngCore,
) -> Result<Vec<u8>, SealError> {
    let context = wrap_context(method, account, version);
    seal::seal(wrapping, SealType::VaultWrap, &context, key.0.expose(), rng)
}

/// Unwraps a vault key wrapped for this method, account and version.
///
/// # Errors
/// [`OpenError`] for everything else.
pub fn unwrap_vault_key(
    wrapped: &[u8],
    method: WrapMethod,
    wrapping: &SymmetricKey,
    account: AccountId,
    version: u64,
) -> Result<VaultKey, OpenError> {
    let context = wrap_context(method, account, version);
    let key = seal::open(wrapping, SealType::VaultWrap, &context, wrapped)?;
    SymmetricKey::try_from_slice(&key).map(VaultKey).ok_or(OpenError)
}

/// Seals one entry of the account's data under the current root key:
/// `generation (u32 big-endian) | Seal(account data key, ...)`. `version` counts the entry's changes from 1.
///
/// # Errors
/// [`SealError::TooLong`].
pub fn seal_account_data(
    vault: &Vault,
    account: AccountId,
    name: &str,
    version: u64,
    plaintext: &[u8],
    rng: &mut dyn CryptoRngCore,
) -> Result<Vec<u8>, SealError> {
    let root = vault.current_root();
    let context = account_data_context(account, root, name, version);
    let sealed = seal::seal(&root.account_data_key(), SealType::AccountData, &context, plaintext, rng)?;
    Ok([&root.generation.to_be_bytes()[..], &sealed].concat())
}

/// Opens an entry sealed for this account, name and version under any root key of the vault.
///
/// # Errors
/// [`OpenError`] for everything else.
pub fn open_account_data(
    vault: &Vault,
    account: AccountId,
    name: &str,
    version: u64,
    sealed: &[u8],
) -> Result<Zeroizing<Vec<u8>>, OpenError> {
    let (generation, sealed) = sealed.split_first_chunk::<4>().ok_or(OpenError)?;
    let root = vault.root(u32::from_be_bytes(*generation)).ok_or(OpenError)?;
    let context = account_data_context(account, root, name, version);
    seal::open(&root.account_data_key(), SealType::AccountData, &context, sealed)
}

fn vault_context(account: AccountId, version: u64) -> Vec<u8> {
    labelled("Waxwing 1 vault", &[account.as_bytes(), &version.to_be_bytes()])
}

fn wrap_context(method: WrapMethod, account: AccountId, version: u64) -> Vec<u8> {
    labelled("Waxwing 1 vault wrap", &[account.as_bytes(), &[method as u8], &version.to_be_bytes()])
}

fn account_data_context(account: AccountId, root: &RootKey, name: &str, version: u64) -> Vec<u8> {
    labelled(
        "Waxwing 1 account data",
        &[account.as_bytes(), &root.generation.to_be_bytes(), name.as_bytes(), &version.to_be_bytes()],
    )
}

#[cfg(test)]
mod tests;
