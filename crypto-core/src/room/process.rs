//! Processing commits of others.

use openmls::prelude::{MlsGroup, ProcessedMessageContent};
use openmls_traits::OpenMlsProvider as _;

use super::{
    Room,
    commit::{commit_hash, open_handshake},
    history::{EpochStep, SettingsChange},
    policy::{self, Invalid, Verdict},
};
use crate::ids::{AccountId, EpochId};

/// What became of a commit entry.
#[derive(Debug)]
pub enum Outcome {
    /// The room at its new epoch.
    Applied(Box<Room>),
    /// Another session of this account made it: load the snapshot that was stored with it.
    Own {
        /// The epoch it makes.
        epoch: EpochId,
        /// Version of the account data that its author had.
        account_version: u64,
    },
    /// It takes this account out of the room; the step says who did it.
    Removed(EpochStep),
    /// It takes the leaf of this account out and brings the account in again, as the account itself had asked: the Welcome that was made
    /// with the commit leads on, [`super::KeyPackageBundle::join`]. If it does not, the account asks again for the new leaf,
    /// [`super::KeyPackageBundle::rejoin_request`].
    Readmitted {
        /// The epoch that the Welcome must lead to.
        epoch: EpochId,
        /// How that epoch came to be.
        step: EpochStep,
    },
    /// Publicly invalid: skipped by every member.
    Skipped(Invalid),
    /// Valid for everybody, but this member cannot follow it; it can ask to be let in again, [`Room::rejoin_request`]. A malicious
    /// committer can do that to chosen members; and so can a relay together with any member, who spoil the tags of an honest
    /// commit, which no signature covers. It does not prove who did it. A commit that lets this account in again, because another
    /// session asked, is met like this too: look for a Welcome before asking.
    Unfollowable {
        /// The epoch that others are in now.
        epoch: EpochId,
        /// Whose commit it is.
        author: AccountId,
    },
}

impl Room {
    /// Processes a sealed commit that the relay says is `sender`'s. The room itself is unchanged.
    pub fn process(&self, sender: AccountId, sealed: &[u8]) -> Outcome {
        let handshake = match open_handshake(&self.keys.handshake(), sender, sealed) {
            Ok(handshake) => handshake,
            Err(reason) => return Outcome::Skipped(reason),
        };
        let verdict = policy::parse(&handshake)
            .and_then(|message| policy::judge(&self.provider, self.group.group_id(), sender, message));
        let verdict = match verdict {
            Ok(verdict) => verdict,
            Err(reason) => return Outcome::Skipped(reason),
        };
        let step = self.step_of(&verdict, sealed);
        if verdict.author == self.account {
            let Verdict { epoch, account_version, .. } = verdict;
            return Outcome::Own { epoch, account_version };
        }
        if !verdict.roster.contains_key(&self.account) {
            return Outcome::Removed(step);
        }
        if verdict.readmitted == Some(self.account) {
            return Outcome::Readmitted { epoch: verdict.epoch, step };
        }
        match self.follow(&handshake, step) {
            Some(room) if room.epoch() == verdict.epoch => Outcome::Applied(Box::new(room)),
            _ => Outcome::Unfollowable { epoch: verdict.epoch, author: verdict.author },
        }
    }

    fn step_of(&self, verdict: &Verdict, sealed: &[u8]) -> EpochStep {
        EpochStep {
            parent: Some(self.epoch()),
            made_by: commit_hash(sealed),
            author: verdict.author,
            changes: EpochStep::changes_between(&self.roster, &verdict.roster),
            renamed: (verdict.state.name != self.state.name).then(|| verdict.state.name.clone()),
            joins_changed: verdict.state.joins != self.state.joins,
            seen: verdict.seen,
            settings: SettingsChange::between((&self.state, &self.roster), (&verdict.state, &verdict.roster)),
        }
    }

    /// Merges a publicly valid commit on a copy; nothing when this member's secrets do not fit it.
    fn follow(&self, handshake: &[u8], step: EpochStep) -> Option<Self> {
        let provider = self.provider.copy();
        let mut group = MlsGroup::load(provider.storage(), self.group.group_id()).ok()??;
        let processed = group.process_message(&provider, policy::parse(handshake).ok()?).ok()?;
        let ProcessedMessageContent::StagedCommitMessage(staged) = processed.into_content() else {
            return None;
        };
        group.merge_staged_commit(&provider, *staged).ok()?;
        Self::assemble(self.account, provider, group, step)
    }
}
