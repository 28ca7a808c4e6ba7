//! One room as the relay stores it.

use std::collections::{BTreeMap, BTreeSet};

use waxwing_wire::{
    AccountId, EntryId, EpochId, MethodId, Opaque, Problem, ProblemCode, RoomId, Seq,
    frame::{
        Commit, EntryKind, EpochParts, HistoryLink, JoinMethod, JoinPackage, KeyringEntry, LogEntry,
        RoomSummary, Snapshot,
    },
};

use super::problem;

/// What one author published for one epoch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// The epoch.
    pub epoch: EpochId,
    /// Number of the commit entry that made it; 0 for the first.
    pub commit: Seq,
    /// Who published it.
    pub author: AccountId,
    /// Sealed public state.
    pub public_state: Option<Opaque>,
    /// Sealed history link.
    pub link: Option<Opaque>,
    /// Sealed join packages.
    pub packages: Vec<JoinPackage>,
}

/// One room as the relay stores it.
#[derive(Debug, Clone, Default)]
pub struct Room {
    /// The log.
    pub log: Vec<LogEntry>,
    /// Members with their levels.
    pub members: BTreeMap<AccountId, u8>,
    /// Number of the last commit.
    pub last_commit: Seq,
    /// Snapshots of accounts.
    pub snapshots: Vec<(AccountId, Snapshot)>,
    /// Keyring entries of accounts.
    pub keyrings: Vec<(AccountId, KeyringEntry)>,
    /// What was published for epochs, the commit's author first in each.
    pub published: Vec<Published>,
    /// The join methods and who made them.
    pub methods: Vec<JoinMethod>,
    /// Makers of the methods.
    pub makers: BTreeMap<MethodId, AccountId>,
    /// The newest Welcome for each account.
    pub welcomes: BTreeMap<AccountId, Opaque>,
}

impl Room {
    pub(super) fn summary(&self, room: RoomId) -> RoomSummary {
        RoomSummary { room, last_seq: self.log.len() as u64, last_commit: self.last_commit }
    }

    pub(super) fn append(
        &mut self,
        sender: AccountId,
        kind: EntryKind,
        after: Seq,
        id: EntryId,
        bytes: Opaque,
    ) -> Result<Seq, Problem> {
        if let Some(entry) = self.log.iter().find(|e| e.sender == sender && e.id == id) {
            return Ok(entry.seq);
        }
        if after != self.last_commit {
            return Err(Problem { last_commit: Some(self.last_commit), ..problem(ProblemCode::Stale) });
        }
        let seq = self.log.len() as u64 + 1;
        self.log.push(LogEntry {
            seq,
            kind,
            after,
            sender,
            id,
            bytes,
            digest: None,
            received_at_ms: seq * 1000,
        });
        Ok(seq)
    }

    fn level(&self, account: AccountId) -> u8 {
        self.members.get(&account).copied().unwrap_or(0)
    }

    /// Whether somebody may do what takes this level; where nobody is an owner, the highest there is may do all.
    fn has_level(&self, account: AccountId, needed: u8) -> bool {
        let highest = self.members.values().copied().max().unwrap_or(0);
        self.members.contains_key(&account) && self.level(account) >= needed.min(highest)
    }

    /// What a commit says beside its sealed bytes must be its author's to say.
    pub(super) fn allows(&self, me: AccountId, commit: &Commit) -> Result<(), Problem> {
        let refused = || Err(problem(ProblemCode::NotAllowed));
        if commit.levels.is_some() && !self.has_level(me, 2) {
            return refused();
        }
        for gone in commit.remove.iter().filter(|gone| **gone != me && self.members.contains_key(gone)) {
            let needed = if self.level(*gone) == 0 { 1 } else { 2 };
            if !self.has_level(me, needed) {
                return refused();
            }
        }
        let new = commit.parts.methods.as_ref().is_some_and(|methods| !methods.is_empty());
        if new && !self.has_level(me, 1) {
            return refused();
        }
        let after: BTreeSet<AccountId> = self.members.keys().chain(&commit.add).copied().collect();
        if commit.welcomes.iter().any(|welcome| !after.contains(&welcome.account)) {
            return Err(problem(ProblemCode::Invalid));
        }
        Ok(())
    }

    /// Stores what belongs to an epoch that `me` made.
    pub(super) fn store(&mut self, me: AccountId, commit: Seq, parts: EpochParts) {
        let EpochParts { epoch, public_state, snapshot, keyring, link, packages, methods, keep } = parts;
        let moderates = self.has_level(me, 1);
        let (makers, members) = (&self.makers, &self.members);
        self.methods.retain(|method| {
            let orphaned = makers.get(&method.id).is_none_or(|maker| !members.contains_key(maker));
            keep.contains(&method.id) || !(moderates || orphaned)
        });
        for method in methods.unwrap_or_default() {
            self.makers.insert(method.id, me);
            self.methods.retain(|old| old.id != method.id);
            self.methods.push(method);
        }
        self.snapshots.push((me, Snapshot { epoch, commit, bytes: snapshot }));
        self.keyrings.push((me, KeyringEntry { epoch, commit, bytes: keyring }));
        self.published.push(Published {
            epoch,
            commit,
            author: me,
            public_state: Some(public_state),
            link,
            packages,
        });
    }

    /// Candidates for the public state of an epoch: the asker's own first, then the commit author's.
    pub(super) fn public_states(&self, epoch: EpochId, me: Option<AccountId>) -> Vec<Opaque> {
        let all = self.published.iter().filter(|published| published.epoch == epoch);
        let mut found: Vec<_> = all.filter(|published| published.public_state.is_some()).collect();
        found.sort_by_key(|published| Some(published.author) != me);
        found.iter().filter_map(|published| published.public_state.clone()).take(4).collect()
    }

    /// All links of an epoch, the commit author's first.
    pub(super) fn links(&self, wanted: impl Fn(&Published) -> bool) -> Vec<HistoryLink> {
        let all = self.published.iter().filter(|published| wanted(published));
        all.filter_map(|published| {
            Some(HistoryLink {
                epoch: published.epoch,
                commit: published.commit,
                author: published.author,
                bytes: published.link.clone()?,
            })
        })
        .collect()
    }
}
