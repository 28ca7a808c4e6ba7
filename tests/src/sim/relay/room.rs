//! One room as the relay stores it.

use std::collections::{BTreeMap, BTreeSet};

use waxwing_wire::{
    AccountId, EntryId, EpochId, MethodId, Opaque, Problem, ProblemCode, RoomId, Seq,
    frame::{
        Commit, EntryKind, EpochParts, HistoryLink, JoinMethod, JoinPackage, KeyringEntry, LogEntry,
        PutPublished, RoomSummary, Snapshot,
    },
    limits::{JOIN_EPOCHS, PUBLISHED_AUTHORS},
};

use super::problem;

/// Snapshots kept per account and room.
const SNAPSHOTS_KEPT: usize = 2;

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
    /// Shared and own marks of members.
    pub marks: BTreeMap<AccountId, (Option<Opaque>, Option<Opaque>)>,
    /// For how many seconds messages are kept; 0 for ever.
    pub retention_s: u64,
    /// Messages that stay all the same.
    pub lasting: BTreeSet<Seq>,
}

impl Room {
    pub(super) fn summary(&self, room: RoomId) -> RoomSummary {
        RoomSummary { room, last_seq: self.log.len() as u64, last_commit: self.last_commit, own: None }
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

    pub(super) fn level(&self, account: AccountId) -> u8 {
        self.members.get(&account).copied().unwrap_or(0)
    }

    /// Whether somebody may do what takes this level; where nobody is an owner, the highest there is may do all.
    pub(super) fn has_level(&self, account: AccountId, needed: u8) -> bool {
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
    pub(super) fn store(&mut self, me: AccountId, commit: Seq, parts: EpochParts, now_ms: u64) {
        let EpochParts { epoch, public_state, snapshot, keyring, link, packages, methods, keep } = parts;
        let moderates = self.has_level(me, 1);
        let (makers, members) = (&self.makers, &self.members);
        self.methods.retain(|method| {
            let orphaned = makers.get(&method.id).is_none_or(|maker| !members.contains_key(maker));
            // Whoever opens a link that has expired is told so, though members have taken it out.
            let expired = method.expires_at_ms.is_some_and(|end| end <= now_ms);
            keep.contains(&method.id) || expired || !(moderates || orphaned)
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
        self.prune(me);
    }

    /// Stores a snapshot that another session of the account made elsewhere.
    pub(super) fn put_snapshot(&mut self, me: AccountId, snapshot: Snapshot) -> Result<(), Problem> {
        if self.public_states(snapshot.epoch, None).is_empty() {
            return Err(Problem { last_commit: Some(self.last_commit), ..problem(ProblemCode::Stale) });
        }
        self.snapshots.retain(|(owner, old)| *owner != me || old.epoch != snapshot.epoch);
        self.snapshots.push((me, snapshot));
        self.prune(me);
        Ok(())
    }

    fn has_snapshot(&self, account: AccountId, epoch: EpochId) -> bool {
        self.snapshots.iter().any(|(owner, snapshot)| *owner == account && snapshot.epoch == epoch)
    }

    /// Number of the oldest commit whose public states and packages are kept in any case.
    fn kept_from(&self) -> Seq {
        let commits: BTreeSet<Seq> = self.published.iter().map(|published| published.commit).collect();
        commits.into_iter().rev().nth(JOIN_EPOCHS - 1).unwrap_or(0)
    }

    /// Forgets an account's older snapshots, and public states and packages of old epochs that no snapshot needs.
    fn prune(&mut self, account: AccountId) {
        let mut own: Vec<Seq> =
            self.snapshots.iter().filter(|(owner, _)| *owner == account).map(|(_, s)| s.commit).collect();
        own.sort_unstable();
        let oldest = own.into_iter().rev().nth(SNAPSHOTS_KEPT - 1).unwrap_or(0);
        self.snapshots.retain(|(owner, snapshot)| *owner != account || snapshot.commit >= oldest);
        let kept_from = self.kept_from();
        let members = &self.members;
        let needed: BTreeSet<EpochId> = {
            let of_members = self.snapshots.iter().filter(|(owner, _)| members.contains_key(owner));
            of_members.map(|(_, snapshot)| snapshot.epoch).collect()
        };
        for old in self.published.iter_mut().filter(|published| published.commit < kept_from) {
            old.packages.clear();
            if !needed.contains(&old.epoch) {
                old.public_state = None;
            }
        }
    }

    /// Stores what a member publishes beside a commit's author. The first of each stays: nobody takes away what a reader found good.
    pub(super) fn put_published(&mut self, me: AccountId, put: PutPublished) -> Result<(), Problem> {
        let PutPublished { room: _, epoch, commit, public_state, link, packages } = put;
        let authors = self.published.iter().filter(|published| published.commit == commit).count();
        let known = self.published.iter().position(|p| p.commit == commit && p.author == me);
        if authors == 0 {
            return Err(problem(ProblemCode::Invalid));
        }
        if known.is_none() && authors >= PUBLISHED_AUTHORS {
            return Err(problem(ProblemCode::LimitReached));
        }
        let recent = commit >= self.kept_from();
        if !recent && (!packages.is_empty() || public_state.is_some() && !self.has_snapshot(me, epoch)) {
            return Err(problem(ProblemCode::TooOld));
        }
        let packages: Vec<_> = packages
            .into_iter()
            .filter(|package| self.methods.iter().any(|method| method.id == package.method))
            .collect();
        let Some(known) = known else {
            self.published.push(Published { epoch, commit, author: me, public_state, link, packages });
            return Ok(());
        };
        let old = &mut self.published[known];
        if old.epoch != epoch {
            return Err(problem(ProblemCode::Conflict));
        }
        old.public_state = old.public_state.take().or(public_state);
        old.link = old.link.take().or(link);
        let known: BTreeSet<MethodId> = old.packages.iter().map(|package| package.method).collect();
        old.packages.extend(packages.into_iter().filter(|package| !known.contains(&package.method)));
        Ok(())
    }

    /// The newest epoch whose commit has a smaller number: the one that most who published for it name, or else its author's.
    pub(super) fn epoch_before(&self, before: Seq) -> Option<(Seq, EpochId)> {
        let commit = self.published.iter().map(|p| p.commit).filter(|commit| *commit < before).max()?;
        let of_commit: Vec<&Published> = self.published.iter().filter(|p| p.commit == commit).collect();
        let claimed = of_commit.first()?.epoch;
        let votes = |epoch: EpochId| {
            let named = of_commit.iter().filter(|p| p.public_state.is_some() || !p.packages.is_empty());
            named.filter(|p| p.epoch == epoch).count()
        };
        let epochs = of_commit.iter().map(|published| published.epoch);
        let found = epochs.max_by_key(|epoch| (votes(*epoch), *epoch == claimed))?;
        Some((commit, found))
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
