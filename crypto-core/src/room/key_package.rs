//! Key packages, and joining by a Welcome.

use minicbor::{Decode, Encode};
use openmls::prelude::{
    KeyPackage, KeyPackageIn, Lifetime, MlsMessageBodyIn, MlsMessageIn, ProtocolVersion, StagedWelcome,
};
use openmls_traits::OpenMlsProvider;
use rand_core::CryptoRngCore;
use tls_codec::{Deserialize as _, Serialize as _};

use super::{
    Room,
    history::{EpochStep, SettingsChange},
    join::join_config,
    log::LogHead,
    provider::{self, Provider},
    state,
    statement::{RejoinRequest, leaf_id},
};
use super::{codec, storage::PrivateEntry};
use crate::{
    account::RootKey,
    identity::IdentityKey,
    ids::{AccountId, EpochId, RoomId},
    label::labelled,
    seal::{OpenError, SealError, SealType, open, seal},
};

/// A key package could not be made or opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the key package is damaged")]
pub struct KeyPackageError;

impl From<OpenError> for KeyPackageError {
    fn from(_: OpenError) -> Self {
        Self
    }
}

impl From<SealError> for KeyPackageError {
    fn from(_: SealError) -> Self {
        Self
    }
}

/// Why a Welcome does not lead into a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WelcomeError {
    /// Malformed, or not for any key package we hold.
    #[error("the invitation cannot be opened")]
    NotForUs,
    /// It leads into a group that is not the room named, or whose state breaks the rules.
    #[error("the invitation leads to something else than a room")]
    NotARoom,
}

/// The account's reusable key package with its private parts.
#[derive(Debug)]
pub struct KeyPackageBundle {
    public: Vec<u8>,
    provider: Provider,
}

#[derive(Encode, Decode)]
pub(super) struct Plain {
    #[cbor(n(0), with = "crate::room::codec::bytes")]
    public: Vec<u8>,
    #[n(1)]
    private: Vec<PrivateEntry>,
}

impl KeyPackageBundle {
    /// Makes a key package that may be used more than once (RFC 9420 section 16.8 calls it "last resort"), without expiry.
    /// openmls draws its randomness itself.
    ///
    /// # Errors
    /// [`KeyPackageError`] when openmls fails.
    pub fn generate(identity: &IdentityKey, account: AccountId) -> Result<Self, KeyPackageError> {
        let provider = Provider::default();
        let bundle = KeyPackage::builder()
            .key_package_lifetime(Lifetime::init(0, u64::MAX))
            .leaf_node_capabilities(state::capabilities())
            .mark_as_last_resort()
            .build(provider::SUITE, &provider, identity, provider::credential(account, identity.public()))
            .map_err(|_| KeyPackageError)?;
        let public = bundle.key_package().tls_serialize_detached().map_err(|_| KeyPackageError)?;
        Ok(Self { public, provider })
    }

    /// The key package, TLS-serialised, as others get it.
    pub fn public(&self) -> &[u8] {
        &self.public
    }

    #[cfg(test)]
    pub(super) fn private_entries(&self) -> Vec<PrivateEntry> {
        self.provider.storage().private_entries()
    }

    fn context(account: AccountId) -> Vec<u8> {
        labelled("Waxwing 1 key package", &[account.as_bytes()])
    }

    /// Seals the bundle for the account itself.
    ///
    /// # Errors
    /// [`KeyPackageError`].
    pub fn seal(
        &self,
        root: &RootKey,
        account: AccountId,
        rng: &mut dyn CryptoRngCore,
    ) -> Result<Vec<u8>, KeyPackageError> {
        let private = self.provider.storage().private_entries();
        let plain = codec::encode_secret(&Plain { public: self.public.clone(), private });
        Ok(seal(&root.key_package_key(), SealType::KeyPackage, &Self::context(account), &plain, rng)?)
    }

    /// Opens a sealed bundle.
    ///
    /// # Errors
    /// [`KeyPackageError`].
    pub fn open(root: &RootKey, account: AccountId, sealed: &[u8]) -> Result<Self, KeyPackageError> {
        let plain = open(&root.key_package_key(), SealType::KeyPackage, &Self::context(account), sealed)?;
        let plain: Plain = codec::decode(&plain).map_err(|_| KeyPackageError)?;
        let provider = Provider::default();
        provider.storage().import_key_package(plain.private).map_err(|_| KeyPackageError)?;
        Ok(Self { public: plain.public, provider })
    }

    /// Asks to be let in again by the leaf that this key package made, with another key package: for an account that was brought in
    /// by this one, with a Welcome that does not open or leads elsewhere. `epoch` is the last that the account could follow to, `failed` the
    /// number of the entry that brought it in.
    ///
    /// # Errors
    /// [`KeyPackageError`] when this is no key package.
    pub fn rejoin_request(
        &self,
        identity: &IdentityKey,
        room: RoomId,
        epoch: EpochId,
        failed: u64,
        next: &Self,
    ) -> Result<Vec<u8>, KeyPackageError> {
        let own = KeyPackageIn::tls_deserialize_exact(&self.public)
            .map_err(|_| KeyPackageError)?
            .validate(self.provider.crypto(), ProtocolVersion::Mls10)
            .map_err(|_| KeyPackageError)?;
        let leaf = own.leaf_node().tls_serialize_detached().map_err(|_| KeyPackageError)?;
        Ok(RejoinRequest::sign(identity, (room, leaf_id(&leaf)), epoch, failed, &next.public))
    }

    /// Joins the room that a Welcome leads to. That it is the room which the account knows by this id is not said: whoever was in it
    /// before compares with where the log leads, [`super::Follower`]. How the epoch came to be is known from the history link that came with it; until
    /// that is read and given to [`Room::with_step`], the step says only that we are in.
    ///
    /// # Errors
    /// [`WelcomeError`].
    pub fn join(&self, account: AccountId, room: RoomId, welcome: &[u8]) -> Result<Room, WelcomeError> {
        let provider = self.provider.copy();
        let message = MlsMessageIn::tls_deserialize_exact(welcome).map_err(|_| WelcomeError::NotForUs)?;
        let MlsMessageBodyIn::Welcome(welcome) = message.extract() else {
            return Err(WelcomeError::NotForUs);
        };
        let staged = StagedWelcome::new_from_welcome(&provider, &join_config(), welcome, None)
            .map_err(|_| WelcomeError::NotForUs)?;
        if staged.group_context().group_id().as_slice() != room.as_bytes() {
            return Err(WelcomeError::NotARoom);
        }
        let inviter = staged.welcome_sender().ok().and_then(|leaf| provider::account_of(leaf.credential()));
        let inviter = inviter.ok_or(WelcomeError::NotARoom)?;
        let group = staged.into_group(&provider).map_err(|_| WelcomeError::NotForUs)?;
        provider.storage().forget_key_package();
        let step = EpochStep {
            parent: None,
            made_by: [0; 32],
            author: inviter,
            changes: Vec::new(),
            renamed: None,
            joins_changed: false,
            seen: LogHead::start(room),
            settings: SettingsChange::default(),
        };
        let room = Room::assemble(account, provider, group, step).ok_or(WelcomeError::NotARoom)?;
        if room.state().is_valid(room.id(), room.roster()) { Ok(room) } else { Err(WelcomeError::NotARoom) }
    }
}
