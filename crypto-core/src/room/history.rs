//! How epochs follow from each other: keyring entries that an account seals for itself, and history links that members
//! seal under each epoch's own key. Both carry an [`EpochStep`]; readers walk back from the current roster.

use std::collections::BTreeMap;

use minicbor::{Decode, Encode};
use rand_core::CryptoRngCore;
use zeroize::Zeroize as _;

use super::codec;
use super::{
    epoch::EpochKeys,
    log::LogHead,
    state::{HistoryRule, RoleEntry, RoomState},
};
use crate::{
    account::RootKey,
    identity::{IdentityKey, IdentityPublicKey, Signature},
    ids::{AccountId, EpochId, RoomId},
    label::{hash, labelled},
    seal::{OpenError, SealError, SealType, open, seal},
    secret::SymmetricKey,
};

/// Members of one epoch and the identity keys they sign with.
pub type Roster = BTreeMap<AccountId, IdentityPublicKey>;

/// What one epoch changed about the roster for one account.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct RosterChange {
    /// Who.
    #[n(0)]
    pub account: AccountId,
    /// Key in the parent epoch; absent for a newcomer.
    #[n(1)]
    pub before: Option<IdentityPublicKey>,
    /// Key in the new epoch; absent for whoever left.
    #[n(2)]
    pub after: Option<IdentityPublicKey>,
}

/// How an epoch came to be.
#[derive(Clone, PartialEq, Eq, Encode, Decode)]
pub struct EpochStep {
    /// The epoch before; absent for a room's first.
    #[n(0)]
    pub parent: Option<EpochId>,
    /// SHA-256 over the sealed commit; zeros for a room's first epoch.
    #[cbor(n(1), with = "crate::room::codec::array32")]
    pub made_by: [u8; 32],
    /// Who committed.
    #[n(2)]
    pub author: AccountId,
    /// Changes to the roster, sorted by account.
    #[n(3)]
    pub changes: Vec<RosterChange>,
    /// The room's new name, when that changed.
    #[n(4)]
    pub renamed: Option<String>,
    /// Join methods changed.
    #[n(5)]
    pub joins_changed: bool,
    /// Log position that the committer had seen.
    #[n(6)]
    pub seen: LogHead,
    /// What else changed about the room; nothing of a room's first epoch.
    #[n(7)]
    pub settings: SettingsChange,
}

/// What a commit changed about a room, beside its name and the ways in: kept so that the past can tell of it.
#[derive(Clone, Default, PartialEq, Eq, Encode, Decode)]
pub struct SettingsChange {
    /// The new topic.
    #[n(0)]
    pub topic: Option<String>,
    /// Another avatar.
    #[n(1)]
    pub avatar_changed: bool,
    /// What newcomers may read from now on.
    #[n(2)]
    pub history: Option<HistoryRule>,
    /// For how many seconds messages stay from now on.
    #[n(3)]
    pub retention_s: Option<u64>,
    /// New roles of members who had another one before, sorted by account; plain members are named here, too.
    #[n(4)]
    pub roles: Vec<RoleEntry>,
}

impl std::fmt::Debug for SettingsChange {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // A topic is content.
        let Self { topic, avatar_changed, history, retention_s, roles } = self;
        let topic = topic.is_some();
        write!(
            f,
            "SettingsChange({topic}, {avatar_changed}, {history:?}, {retention_s:?}, {} roles)",
            roles.len()
        )
    }
}

impl SettingsChange {
    /// What differs between the states of two epochs that follow each other.
    pub(crate) fn between(before: (&RoomState, &Roster), after: (&RoomState, &Roster)) -> Self {
        let ((old, were), (new, are)) = (before, after);
        let stayed = are.keys().filter(|account| were.contains_key(account));
        let role = |account: &AccountId| RoleEntry { account: *account, role: new.role(*account) };
        Self {
            topic: (new.topic != old.topic).then(|| new.topic.clone()),
            avatar_changed: new.avatar != old.avatar,
            history: (new.history != old.history).then_some(new.history),
            retention_s: (new.retention_s != old.retention_s).then_some(new.retention_s),
            roles: stayed.filter(|account| old.role(**account) != new.role(**account)).map(role).collect(),
        }
    }
}

impl std::fmt::Debug for EpochStep {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "EpochStep(by {:?}, {} changes)", self.author, self.changes.len())
    }
}

impl EpochStep {
    /// The roster of the parent, given that of the epoch itself; nothing when they contradict each other, or when the changes are not
    /// written as [`EpochStep::changes`] says, so that one step has one form.
    pub fn parent_roster(&self, roster: &Roster) -> Option<Roster> {
        self.changes.is_sorted_by(|a, b| a.account < b.account).then_some(())?;
        let mut parent = roster.clone();
        for change in &self.changes {
            if roster.get(&change.account) != change.after.as_ref() || change.before == change.after {
                return None;
            }
            match change.before {
                Some(key) => parent.insert(change.account, key),
                None => parent.remove(&change.account),
            };
        }
        Some(parent)
    }

    /// The changes that lead from one roster to the next.
    pub(crate) fn changes_between(before: &Roster, after: &Roster) -> Vec<RosterChange> {
        let mut accounts: Vec<_> = before.keys().chain(after.keys()).copied().collect();
        accounts.sort_unstable();
        accounts.dedup();
        accounts
            .into_iter()
            .map(|account| RosterChange {
                account,
                before: before.get(&account).copied(),
                after: after.get(&account).copied(),
            })
            .filter(|change| change.before != change.after)
            .collect()
    }
}

/// What an account keeps of every epoch it was in.
#[derive(Debug, Clone, Encode, Decode)]
pub struct KeyringRecord {
    #[n(0)]
    room_key: SymmetricKey,
    /// How the epoch came to be.
    #[n(1)]
    pub step: EpochStep,
}

fn keyring_context(account: AccountId, room: RoomId, epoch: EpochId) -> Vec<u8> {
    labelled("Waxwing 1 keyring", &[account.as_bytes(), room.as_bytes(), epoch.as_bytes()])
}

impl KeyringRecord {
    /// Record of an epoch whose keys are known.
    pub fn new(keys: &EpochKeys, step: EpochStep) -> Self {
        Self { room_key: keys.room_key().clone(), step }
    }

    /// Keys of the epoch.
    pub fn keys(&self, room: RoomId, epoch: EpochId) -> EpochKeys {
        EpochKeys::new(room, epoch, self.room_key.clone())
    }

    /// Seals the record for the account itself.
    ///
    /// # Errors
    /// [`SealError`] when the record is larger than anything that may be sealed.
    pub fn seal(
        &self,
        root: &RootKey,
        account: AccountId,
        room: RoomId,
        epoch: EpochId,
        rng: &mut dyn CryptoRngCore,
    ) -> Result<Vec<u8>, SealError> {
        let context = keyring_context(account, room, epoch);
        seal(&root.keyring_key(), SealType::Keyring, &context, &codec::encode_secret(self), rng)
    }

    /// Opens a record.
    ///
    /// # Errors
    /// [`OpenError`] when these are not the bytes that this account sealed for this epoch.
    pub fn open(
        root: &RootKey,
        account: AccountId,
        room: RoomId,
        epoch: EpochId,
        sealed: &[u8],
    ) -> Result<Self, OpenError> {
        let context = keyring_context(account, room, epoch);
        let plain = open(&root.keyring_key(), SealType::Keyring, &context, sealed)?;
        codec::decode(&plain).map_err(|_| OpenError)
    }
}

/// What a member publishes about an epoch, readable by whoever holds its key. Others who were there may publish one too: readers take
/// what fits.
#[derive(Debug, Clone)]
pub struct HistoryLink {
    /// Room key of the parent; left out where newcomers may not read what came before.
    parent_key: Option<SymmetricKey>,
    /// How the epoch came to be.
    pub step: EpochStep,
    /// Who says so.
    pub signer: AccountId,
}

#[derive(Encode, Decode)]
pub(super) struct LinkBody {
    #[n(0)]
    parent_key: Option<SymmetricKey>,
    #[n(1)]
    step: EpochStep,
}

#[derive(Encode, Decode)]
pub(super) struct SignedLink {
    #[cbor(n(0), with = "crate::room::codec::bytes")]
    body: Vec<u8>,
    #[n(1)]
    signer: AccountId,
    #[n(2)]
    signature: Signature,
}

impl Drop for SignedLink {
    fn drop(&mut self) {
        self.body.zeroize();
    }
}

const LINK: &str = "Waxwing 1 history link";

fn link_context(keys: &EpochKeys) -> Vec<u8> {
    labelled(LINK, &[keys.room.as_bytes(), keys.epoch.as_bytes()])
}

fn link_signed(keys: &EpochKeys, body: &[u8]) -> Vec<u8> {
    let body = hash("Waxwing 1 history link body", &[body]);
    labelled(LINK, &[keys.room.as_bytes(), keys.epoch.as_bytes(), &body])
}

impl HistoryLink {
    /// The link of an epoch, with the parent's key unless it is to be withheld.
    pub(crate) fn new(parent: Option<&EpochKeys>, step: EpochStep, signer: AccountId) -> Self {
        Self { parent_key: parent.map(|keys| keys.room_key().clone()), step, signer }
    }

    /// Keys of the parent epoch, when they are given. Whether they are right shows when they open something:
    /// [`EpochKeys::opens_commit`].
    pub fn parent_keys(&self, room: RoomId) -> Option<EpochKeys> {
        Some(EpochKeys::new(room, self.step.parent?, self.parent_key.clone()?))
    }

    pub(crate) fn gives(&self, parent: Option<&EpochKeys>) -> bool {
        self.parent_key.as_ref() == parent.map(EpochKeys::room_key)
    }

    /// Signs the link in the name of its signer and seals it for the members of the epoch.
    pub(crate) fn seal(
        &self,
        keys: &EpochKeys,
        identity: &IdentityKey,
        rng: &mut dyn CryptoRngCore,
    ) -> Result<Vec<u8>, SealError> {
        let body = LinkBody { parent_key: self.parent_key.clone(), step: self.step.clone() };
        let body = codec::encode_secret(&body);
        let signature = identity.sign(LINK, &link_signed(keys, &body));
        let plain = codec::encode_secret(&SignedLink { body: body.to_vec(), signer: self.signer, signature });
        seal(&keys.link_key(), SealType::HistoryLink, &link_context(keys), &plain, rng)
    }

    /// Opens a link of an epoch with the epoch's keys, and checks that one of its members signed it.
    ///
    /// # Errors
    /// [`OpenError`] when it was not sealed under these keys, or not signed by somebody in this roster.
    pub fn open(keys: &EpochKeys, roster: &Roster, sealed: &[u8]) -> Result<Self, OpenError> {
        let plain = open(&keys.link_key(), SealType::HistoryLink, &link_context(keys), sealed)?;
        let signed: SignedLink = codec::decode(&plain).map_err(|_| OpenError)?;
        let key = roster.get(&signed.signer).ok_or(OpenError)?;
        key.verify(LINK, &link_signed(keys, &signed.body), &signed.signature).map_err(|_| OpenError)?;
        let body: LinkBody = codec::decode(&signed.body).map_err(|_| OpenError)?;
        Ok(Self { parent_key: body.parent_key, step: body.step, signer: signed.signer })
    }
}
