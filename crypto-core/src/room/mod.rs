//! Rooms: one MLS group (RFC 9420) per room, one leaf per account.
//!
//! The account, not the browser tab, is the cryptographic client: what draft-ietf-mls-virtual-clients calls a virtual client. It differs
//! from that draft in that sessions of an account share no ratchet at all: messages are sealed under epoch keys, handshakes are PublicMessages
//! sealed whole, and a session that did not make a commit of its own account loads the snapshot that was stored with it.
//!
//! A [`Room`] never changes: founding, committing, processing and restoring give a new one.

mod build;
pub(crate) mod codec;
mod commit;
mod epoch;
mod follow;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod history;
#[cfg(any(test, feature = "hostile"))]
pub mod hostile;
mod invite;
mod join;
mod key_package;
mod log;
mod member;
mod message;
mod policy;
mod process;
mod provider;
mod public_state;
mod published;
mod roles;
mod snapshot;
mod state;
mod statement;
mod storage;
mod tree;

#[cfg(test)]
mod tests;

pub use build::{Change, CommitError, Newcomer};
pub use commit::{JoinPackages, Prepared, commit_hash};
#[cfg(feature = "vectors")]
pub(crate) use commit::{open_handshake, seal_handshake};
pub use epoch::EpochKeys;
pub(crate) use epoch::epoch_id;
pub use follow::{Followed, Follower};
pub use history::{EpochStep, HistoryLink, KeyringRecord, Roster, RosterChange, SettingsChange};
pub use invite::{InviteLink, JoinSecret, LINK_BYTES, short_fingerprint, token_hash};
pub use join::{Doorway, JoinError};
pub use key_package::{KeyPackageBundle, KeyPackageError, WelcomeError};
pub use log::{EntryKind, LogHead, digest};
pub use message::{Evidence, Message, MessageError, Metadata};
pub use policy::{Invalid, MEMBERS, Stamp};
pub use process::Outcome;
#[cfg(feature = "vectors")]
pub(crate) use public_state::{PublicState, vouched};
pub use published::Published;
#[cfg(feature = "vectors")]
pub(crate) use published::check_code;
pub use snapshot::{RestoreError, Snapshot};
pub use state::{
    HistoryRule, JOIN_METHODS, JoinKind, JoinMethod, NAME_CHARS, Predecessor, Role, RoleEntry, RoomKind,
    RoomState, TOPIC_CHARS,
};
#[cfg(feature = "vectors")]
pub(crate) use statement::leaf_id;
pub use statement::{LeaveStatement, RejoinRequest, SuccessorStatement};

use openmls::prelude::{GroupId, Lifetime, MlsGroup};
use openmls_traits::OpenMlsProvider;
use rand_core::CryptoRngCore;

#[cfg(test)]
pub(crate) use self::provider::Provider as TestProvider;
use self::{commit::Author, provider::Provider};
use crate::{
    identity::{IdentityKey, IdentityPublicKey},
    ids::{AccountId, EpochId, RoomId},
};

/// A room at one epoch, as one account holds it.
pub struct Room {
    account: AccountId,
    provider: Provider,
    group: MlsGroup,
    keys: EpochKeys,
    roster: Roster,
    own_key: IdentityPublicKey,
    state: RoomState,
    step: EpochStep,
}

impl std::fmt::Debug for Room {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Room({:?}, {:?}, {} members)", self.id(), self.epoch(), self.roster.len())
    }
}

/// A founded room with what belongs to its first epoch.
#[derive(Debug)]
pub struct Founded {
    /// The room.
    pub room: Room,
    /// Sealed public state.
    pub public_state: Vec<u8>,
    /// Join packages, by method id.
    pub packages: JoinPackages,
}

impl Room {
    /// Founds a room whose only member is `account`.
    ///
    /// # Errors
    /// [`CommitError::Refused`] when the state breaks the rules for room states.
    pub fn found(
        identity: &IdentityKey,
        account: AccountId,
        room: RoomId,
        state: &RoomState,
        now_ms: u64,
        rng: &mut dyn CryptoRngCore,
    ) -> Result<Founded, CommitError> {
        let own_joins = state.joins.iter().all(|method| method.creator == account);
        let members = Roster::from([(account, identity.public())]);
        if !state.is_valid(room, &members) || state.founder != account || !own_joins {
            return Err(CommitError::Refused);
        }
        let provider = Provider::default();
        let group = MlsGroup::builder()
            .with_group_id(GroupId::from_slice(room.as_bytes()))
            .ciphersuite(provider::SUITE)
            .with_wire_format_policy(openmls::prelude::PURE_PLAINTEXT_WIRE_FORMAT_POLICY)
            .max_past_epochs(0)
            .use_ratchet_tree_extension(false)
            .lifetime(Lifetime::init(0, u64::MAX))
            .with_capabilities(state::capabilities())
            .with_group_context_extensions(state.to_extensions().ok_or(CommitError::Refused)?)
            .build(&provider, identity, provider::credential(account, identity.public()))
            .map_err(|_| CommitError::Internal)?;
        let seen = LogHead::start(room);
        let step = EpochStep {
            parent: None,
            made_by: [0; 32],
            author: account,
            changes: vec![RosterChange { account, before: None, after: Some(identity.public()) }],
            renamed: Some(state.name.clone()),
            joins_changed: !state.joins.is_empty(),
            seen,
            settings: SettingsChange::default(),
        };
        let room = Self::assemble(account, provider, group, step).ok_or(CommitError::Internal)?;
        let public_state = room.public_state(identity, rng)?;
        let stamp = Stamp { seen, account_version: 0, now_ms };
        let packages = room.join_packages(stamp, Author { account, identity })?;
        Ok(Founded { room, public_state, packages })
    }

    /// Puts a room together from a group that is in the provider's storage; nothing when the group is not one of ours.
    pub(crate) fn assemble(
        account: AccountId,
        provider: Provider,
        group: MlsGroup,
        step: EpochStep,
    ) -> Option<Self> {
        (group.ciphersuite() == provider::SUITE).then_some(())?;
        let id = RoomId(<[u8; 16]>::try_from(group.group_id().as_slice()).ok()?);
        let epoch = epoch_id(group.public_group().group_context())?;
        let keys = EpochKeys::of_group(id, epoch, &group, provider.crypto())?;
        let roster = policy::roster(group.public_group())?;
        let state = RoomState::from_extensions(group.extensions())?;
        let own_key = *roster.get(&account)?;
        Some(Self { account, provider, group, keys, roster, own_key, state, step })
    }

    /// The room's id.
    pub fn id(&self) -> RoomId {
        self.keys.room
    }

    /// The GroupContext that the epoch's id is computed of.
    #[cfg(feature = "vectors")]
    pub(crate) fn group_context(&self) -> &openmls::prelude::GroupContext {
        self.group.public_group().group_context()
    }

    /// The epoch.
    pub fn epoch(&self) -> EpochId {
        self.keys.epoch
    }

    /// Keys of the epoch.
    pub fn keys(&self) -> &EpochKeys {
        &self.keys
    }

    /// Members and their identity keys.
    pub fn roster(&self) -> &Roster {
        &self.roster
    }

    /// The key that this account signs with here: after a rotation of the account, the old one until [`Change::Rotate`].
    pub fn own_key(&self) -> IdentityPublicKey {
        self.own_key
    }

    /// Room state.
    pub fn state(&self) -> &RoomState {
        &self.state
    }

    /// How this epoch came to be.
    pub fn step(&self) -> &EpochStep {
        &self.step
    }

    /// Whether it is known how this epoch came to be: not after a Welcome.
    pub fn knows_step(&self) -> bool {
        self.step.parent.is_some() || self.group.epoch().as_u64() == 0
    }

    /// The room after a Welcome, with the step that a history link of this epoch tells.
    #[must_use]
    pub fn with_step(self, step: EpochStep) -> Self {
        Self { step, ..self }
    }

    /// What the account keeps of this epoch.
    pub fn keyring_record(&self) -> KeyringRecord {
        KeyringRecord::new(&self.keys, self.step.clone())
    }
}
