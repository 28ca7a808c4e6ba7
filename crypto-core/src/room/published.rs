//! What members publish about an epoch beside its commit: public state, history link, join packages. The author's may be missing or wrong,
//! by malice or by accident; every other member can tell, and publish right ones.

use openmls_traits::OpenMlsProvider as _;
use rand_core::CryptoRngCore;

use super::{
    CommitError, EpochKeys, HistoryLink, HistoryRule, JoinMethod, JoinPackages, Room, Stamp, commit::Author,
    join::seal_package, provider::Provider, public_state::PublicState,
};
use crate::{
    identity::IdentityKey,
    ids::{EpochId, RoomId},
    label::hash,
    trust::digits,
};

/// One member's own candidates for the present epoch.
#[derive(Debug)]
pub struct Published {
    /// Sealed public state.
    pub public_state: Vec<u8>,
    /// Sealed history link; nothing when this member does not know how the epoch came to be.
    pub link: Option<Vec<u8>>,
    /// Join packages, by method id.
    pub packages: JoinPackages,
}

impl Room {
    /// Whether a sealed public state is that of the present epoch: the very tree, and a GroupInfo that differs from the own one in nothing
    /// but who signed it. A joiner cannot check all of this: a wrong `external_pub` or confirmation tag would make a
    /// commit of theirs that nobody can follow.
    pub fn check_public_state(&self, sealed: &[u8]) -> bool {
        let handshake = self.keys.handshake();
        let Ok(public) = PublicState::open(&handshake, sealed) else { return false };
        // The signature is left out of the comparison, so any key will do for the own one.
        let unsigned = IdentityKey::from_seed([0; 32]);
        let Some(own) = PublicState::of(&self.group, self.provider.crypto(), &unsigned) else { return false };
        public.says_the_same(&own) && public.import(&handshake, &Provider::default()).is_ok()
    }

    /// Whether a sealed history link is right about the present epoch: a member signed it, it tells how the epoch came to be, and it gives
    /// the parent's key exactly where it should. What this member does not know itself (`parent` missing; how the epoch came to be, after a
    /// Welcome), it does not judge.
    pub fn check_link(&self, parent: Option<&EpochKeys>, sealed: &[u8]) -> bool {
        let Ok(link) = HistoryLink::open(&self.keys, &self.roster, sealed) else { return false };
        if !self.knows_step() {
            return link.step.parent_roster(&self.roster).is_some();
        }
        let right_key = parent.is_none_or(|keys| link.gives(Some(keys).filter(|_| !self.withholds())));
        link.step == self.step && right_key
    }

    /// The own candidates for the present epoch, to be published where nobody's are right, or so that a way in stays open.
    ///
    /// # Errors
    /// [`CommitError::Internal`] when the group cannot be exported.
    pub fn corrections(
        &self,
        identity: &IdentityKey,
        parent: Option<&EpochKeys>,
        stamp: Stamp,
        rng: &mut dyn CryptoRngCore,
    ) -> Result<Published, CommitError> {
        let author = Author { account: self.account, identity };
        let link = self.knows_step().then(|| self.link(parent, author, rng)).transpose()?;
        let public_state = self.public_state(identity, rng)?;
        Ok(Published { public_state, link, packages: self.join_packages(stamp, author)? })
    }

    /// Whether newcomers came in who may not read what was before.
    fn withholds(&self) -> bool {
        let newcomers = self.step.changes.iter().any(|change| change.before.is_none());
        newcomers && self.state.history == HistoryRule::FromJoin
    }

    pub(super) fn link(
        &self,
        parent: Option<&EpochKeys>,
        author: Author<'_>,
        rng: &mut dyn CryptoRngCore,
    ) -> Result<Vec<u8>, CommitError> {
        let given = parent.filter(|_| !self.withholds());
        let link = HistoryLink::new(given, self.step.clone(), author.account);
        Ok(link.seal(&self.keys, author.identity, rng)?)
    }

    /// Seals the public state of the present epoch.
    ///
    /// # Errors
    /// [`CommitError::Internal`] when the group cannot be exported.
    pub fn public_state(
        &self,
        identity: &IdentityKey,
        rng: &mut dyn CryptoRngCore,
    ) -> Result<Vec<u8>, CommitError> {
        let state =
            PublicState::of(&self.group, self.provider.crypto(), identity).ok_or(CommitError::Internal)?;
        Ok(state.seal(&self.keys.handshake(), rng)?)
    }

    pub(super) fn join_packages(
        &self,
        stamp: Stamp,
        author: Author<'_>,
    ) -> Result<JoinPackages, CommitError> {
        let open_history = self.state.history == HistoryRule::All;
        // Whoever holds a link that has expired gets no keys of this epoch, whatever the relay does.
        let open: Vec<_> =
            self.state.joins.iter().filter(|method| !method.has_expired(stamp.now_ms)).collect();
        if open.is_empty() {
            return Ok(Vec::new());
        }
        let public = self.vouched(author.identity).ok_or(CommitError::Internal)?;
        let package = |method: &JoinMethod| {
            let about = (&self.keys, public);
            seal_package(method, about, open_history, stamp, author).map(|bytes| (method.id(), bytes))
        };
        open.into_iter().map(package).collect()
    }

    /// [`PublicState::vouched`] of the present epoch, which is the same whoever signs it.
    fn vouched(&self, identity: &IdentityKey) -> Option<[u8; 32]> {
        PublicState::of(&self.group, self.provider.crypto(), identity)?.vouched()
    }

    /// 30 digits in 6 groups of 5 that are the same for all members of the present epoch and for nobody else, to be compared over another channel: of the MLS
    /// epoch authenticator, RFC 9420 section 8.7. They change with every commit.
    pub fn check_code(&self) -> String {
        check_code(self.id(), self.epoch(), self.group.epoch_authenticator().as_slice())
    }
}

pub(crate) fn check_code(room: RoomId, epoch: EpochId, authenticator: &[u8]) -> String {
    let fields = [&room.as_bytes()[..], epoch.as_bytes(), authenticator];
    digits(hash("Waxwing 1 room check", &fields).split_at(30).0)
}
