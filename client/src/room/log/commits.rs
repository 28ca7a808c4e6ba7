//! Reading commits: to the next epoch, made by others, by this session, or by another session of this account.

use waxwing_crypto_core::{
    ids,
    room::{self as core, EpochStep, Outcome, RosterChange},
};
use waxwing_wire::{
    AccountId, EpochId,
    frame::{KeyringEntry, LogEntry, Request, Snapshot},
};

use super::{
    super::{
        Held, RoomSync, Vouched,
        commit::OwnCommit,
        duties::Asked,
        shut::{Cause, Shut},
        store,
    },
    Batch, entry_digest, item,
    messages::Seen,
    warning,
};
use crate::{
    api::{Body, History, Item, Role},
    ctx::Ctx,
    io::StoreOp,
    machine::Then,
    session::Session,
};

impl RoomSync {
    /// Items of a commit; nothing when it has to wait.
    pub(super) fn commit_entry(
        &mut self,
        session: &Session,
        entry: &LogEntry,
        batch: &mut Batch,
        ctx: &mut Ctx<'_>,
    ) -> Option<Vec<Item>> {
        let sender = ids::AccountId(entry.sender.0);
        if !self.anchored {
            let hash = core::commit_hash(entry.bytes.as_bytes());
            let group = self.group.as_ref()?;
            if self.commits.contains_key(&hash) || !group.keys().opens_commit(sender, entry.bytes.as_bytes())
            {
                return Some(self.past_commit(session, entry, hash, batch, ctx));
            }
            // It follows the epoch that a Welcome or a snapshot led to, though nothing told which entry made that.
            self.anchor(session, self.after, batch, ctx);
        }
        let hash = core::commit_hash(entry.bytes.as_bytes());
        if self.own_commit.as_ref().is_some_and(|own| own.hash == Some(hash)) {
            return Some(self.own_arrived(session, entry, batch, ctx));
        }
        match self.group.as_ref()?.process(sender, entry.bytes.as_bytes()) {
            Outcome::Applied(room) => Some(self.follow(session, entry, *room, batch, ctx)),
            Outcome::Own { epoch, .. } => {
                let epoch = EpochId(epoch.0);
                let then = Then::OwnSnapshot { room: self.id, epoch };
                batch.asks.push((Request::Snapshot { room: self.id, epoch: Some(epoch) }, then));
                self.held = Some(Held { entry: entry.clone(), epoch, snapshot: None });
                None
            }
            Outcome::Removed(step) => {
                self.after = entry.seq;
                self.current = None;
                self.shut = Some(Shut::new(Cause::Removed { commit: EpochId(step.made_by) }, entry.seq));
                Some(self.step_items(session, entry, &step))
            }
            Outcome::Skipped(_) => {
                self.after = entry.seq;
                self.skipped = entry.seq;
                Some(vec![item(entry, 0, session.account, entry.sender, warning("refused_commit"))])
            }
            Outcome::Unfollowable { epoch, .. } => {
                // The log is not read past this: after a reload the same is found again, instead of a room that only looks healthy.
                let cause = Cause::Unfollowable { epoch: EpochId(epoch.0) };
                self.shut = Some(Shut::new(cause, entry.seq));
                batch.changed = true;
                None
            }
            Outcome::Readmitted { epoch, .. } => {
                let cause = Cause::Readmitted { epoch: EpochId(epoch.0) };
                self.shut = Some(Shut::new(cause, entry.seq));
                batch.changed = true;
                None
            }
        }
    }

    /// A commit from before the group at hand: what it changed is known from the epoch that it made, if that is known.
    fn past_commit(
        &mut self,
        session: &Session,
        entry: &LogEntry,
        hash: [u8; 32],
        batch: &mut Batch,
        ctx: &mut Ctx<'_>,
    ) -> Vec<Item> {
        let Some(epoch) = self.commits.get(&hash).and_then(|id| self.epochs.get(id)) else {
            return Vec::new();
        };
        let (id, step) = (epoch.keys.epoch(), epoch.step.clone());
        let mut items = self.step_items(session, entry, &step);
        self.current = Some(EpochId(id.0));
        if step.author == session.id() && has_path(&step) {
            self.leaf_at_ms = entry.received_at_ms.min(ctx.now_ms);
        }
        if self.group.as_ref().map(core::Room::epoch) == Some(id) {
            self.anchor(session, entry.seq, batch, ctx);
            if std::mem::take(&mut self.doubted) {
                items.push(item(entry, items.len(), session.account, entry.sender, warning("fork")));
            }
        }
        items
    }

    /// The log has come to the group at hand, which commit number `after` made: from here on commits are processed.
    pub(in super::super) fn anchor(
        &mut self,
        session: &Session,
        after: u64,
        batch: &mut Batch,
        ctx: &mut Ctx<'_>,
    ) {
        self.anchored = true;
        self.after = after;
        batch.group_changed = true;
        self.recheck_requests();
        self.check_successors();
        let Some(group) = &self.group else { return };
        let epoch = EpochId(group.epoch().0);
        self.current = Some(epoch);
        if !std::mem::take(&mut self.welcomed) {
            return;
        }
        // The leaf was made of a key package that others could use, too: it is to have a key of its own soon.
        self.refresh_due = true;
        self.leaf_at_ms = ctx.now_ms;
        let record = group.keyring_record();
        if let Ok(bytes) = group.snapshot(session.root(), ctx.rng) {
            let snapshot = Snapshot { epoch, commit: after, bytes: bytes.into() };
            batch.asks.push((Request::PutSnapshot { room: self.id, snapshot }, Then::Ignore));
        }
        self.keep_epoch(session, epoch, after, &record, batch, ctx);
    }

    /// Keeps the key of an epoch, on the device and at the relay.
    fn keep_epoch(
        &self,
        session: &Session,
        epoch: EpochId,
        commit: u64,
        record: &core::KeyringRecord,
        batch: &mut Batch,
        ctx: &mut Ctx<'_>,
    ) {
        let place = self.id.0.into();
        if let Ok(bytes) = record.seal(session.root(), session.id(), place, epoch.0.into(), ctx.rng) {
            let kept = KeyringEntry { epoch, commit, bytes: bytes.clone().into() };
            batch.asks.push((Request::PutKeyring { room: self.id, entries: vec![kept] }, Then::Ignore));
            batch.ops.push(StoreOp::Put {
                key: store::epoch_key(self.id, epoch),
                value: bytes,
                secret: false,
            });
        }
    }

    /// Goes to the next epoch, made by somebody else.
    fn follow(
        &mut self,
        session: &Session,
        entry: &LogEntry,
        room: core::Room,
        batch: &mut Batch,
        ctx: &mut Ctx<'_>,
    ) -> Vec<Item> {
        self.after = entry.seq;
        let differs = self.compare(&room.step().seen) == Seen::Differs;
        let mut items = self.step_items(session, entry, room.step());
        let record = room.keyring_record();
        let epoch = self.adopt(room);
        self.recheck_requests();
        self.unchecked = Some(epoch);
        self.keep_epoch(session, epoch, entry.seq, &record, batch, ctx);
        batch.group_changed = true;
        self.stale_snapshot = self.stale_snapshot.saturating_add(1);
        if differs {
            items.push(item(entry, items.len(), session.account, entry.sender, warning("fork")));
        }
        items
    }

    /// The own commit of this session came back in the log: the room prepared with it becomes the room.
    fn own_arrived(
        &mut self,
        session: &Session,
        entry: &LogEntry,
        batch: &mut Batch,
        ctx: &mut Ctx<'_>,
    ) -> Vec<Item> {
        let Some((room, purpose)) = self.own_commit.take().and_then(OwnCommit::take) else {
            return Vec::new();
        };
        batch.done.push(purpose);
        self.own_epoch(session, entry, room, batch, ctx)
    }

    /// Goes to the next epoch, made by this account.
    fn own_epoch(
        &mut self,
        session: &Session,
        entry: &LogEntry,
        room: core::Room,
        batch: &mut Batch,
        ctx: &mut Ctx<'_>,
    ) -> Vec<Item> {
        self.after = entry.seq;
        self.stale_snapshot = 0;
        if has_path(room.step()) {
            // By our own clock: by the relay's, it could keep us making new keys without end.
            self.leaf_at_ms = ctx.now_ms;
            self.refresh_due = false;
        }
        batch.group_changed = true;
        let items = self.step_items(session, entry, room.step());
        let record = room.keyring_record();
        let epoch = self.adopt(room);
        self.recheck_requests();
        batch.ops.extend(self.put_epoch(epoch, &record, session, ctx));
        items
    }

    /// Another session's commit, with the room that its snapshot gave back.
    pub(crate) fn own_restored(
        &mut self,
        session: &Session,
        entry: &LogEntry,
        room: core::Room,
        batch: &mut Batch,
        ctx: &mut Ctx<'_>,
    ) {
        let Some(digest) = entry_digest(entry) else { return };
        batch.changed = true;
        let items = self.own_epoch(session, entry, room, batch, ctx);
        self.passed(self.head.advance(&digest));
        batch.ops.extend(store::put_items(session, self.id, entry.seq, &items, ctx));
        self.count(&items, session.account, ctx.now_ms);
        batch.items.extend(items);
    }

    fn step_items(&mut self, session: &Session, entry: &LogEntry, step: &EpochStep) -> Vec<Item> {
        let author = AccountId(step.author.0);
        self.note_entrance(session, entry, step);
        let mut bodies = Vec::new();
        for change in &step.changes {
            let id = AccountId(change.account.0);
            // Whoever has said that they leave was shown to leave then.
            let said = matches!(self.requests.get(&id), Some(Asked::Leave(_))) && self.anchored;
            let account = id.to_string();
            match (change.before, change.after) {
                (None, Some(_)) => bodies.push(Body::Joined { account }),
                (Some(_), None) if !said => bodies.push(Body::Left { account }),
                _ => {}
            }
        }
        bodies.extend(settings_bodies(step));
        let me = session.account;
        bodies.into_iter().enumerate().map(|(n, body)| item(entry, n, me, author, body)).collect()
    }

    /// What came before the own joining is known from others only: from whoever let this account in.
    fn note_entrance(&mut self, session: &Session, entry: &LogEntry, step: &EpochStep) {
        let joined = |change: &RosterChange| change.account == session.id() && change.before.is_none();
        let parent = step.parent.and_then(|parent| self.epochs.get(&EpochId(parent.0)));
        let (Some(parent), true) = (parent, step.changes.iter().any(joined)) else { return };
        // Whoever joins by a link was let in by the member whose commit they joined from.
        let author = if step.author == session.id() { parent.step.author } else { step.author };
        self.vouched = Some(Vouched { account: AccountId(author.0), before: entry.seq });
    }
}

/// What a commit changed beside the members.
fn settings_bodies(step: &EpochStep) -> Vec<Body> {
    let core::SettingsChange { topic, avatar_changed, history, retention_s, roles } = &step.settings;
    let role = |entry: &core::RoleEntry| Body::Role {
        account: AccountId(entry.account.0).to_string(),
        role: Role::from(entry.role),
    };
    let mut bodies: Vec<Body> = roles.iter().map(role).collect();
    // Whoever is put out takes the ways in along: that goes without saying.
    let removes = step.changes.iter().any(|change| change.after.is_none());
    let settings = Body::Settings {
        name: step.renamed.clone(),
        topic: topic.clone(),
        avatar: *avatar_changed,
        invite: step.joins_changed && !removes,
        history: history.map(History::from),
        retention: *retention_s,
    };
    let nothing = Body::Settings {
        name: None,
        topic: None,
        avatar: false,
        invite: false,
        history: None,
        retention: None,
    };
    if settings != nothing {
        bodies.push(settings);
    }
    bodies
}

/// Whether the commit gave its author's leaf new keys: all do, but for those that only bring others in.
fn has_path(step: &EpochStep) -> bool {
    !step.changes.iter().any(|change| change.before.is_none() && change.account != step.author)
}
