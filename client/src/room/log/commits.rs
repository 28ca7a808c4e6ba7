//! Reading commits: to the next epoch, made by others, by this session, or by another session of this account.

use waxwing_crypto_core::{
    ids,
    room::{self as core, Outcome},
};
use waxwing_wire::{
    AccountId, EpochId,
    frame::{KeyringEntry, LogEntry, Request},
};

use super::{
    super::{Held, RoomSync, Vouched, commit::OwnCommit, store},
    Batch, entry_digest, item,
    messages::Seen,
    warning,
};
use crate::{
    api::{Body, Item},
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
        let hash = core::commit_hash(entry.bytes.as_bytes());
        if !self.anchored {
            let Some(epoch) = self.commits.get(&hash).and_then(|id| self.epochs.get(id)) else {
                return Some(Vec::new());
            };
            let (id, step) = (epoch.keys.epoch(), epoch.step.clone());
            let items = self.step_items(session, entry, &step);
            self.current = Some(EpochId(id.0));
            if self.group.as_ref().map(core::Room::epoch) == Some(id) {
                self.anchored = true;
                self.after = entry.seq;
                batch.group_changed = true;
            }
            return Some(items);
        }
        if self.own_commit.as_ref().is_some_and(|own| own.hash == Some(hash)) {
            return Some(self.own_arrived(session, entry, batch, ctx));
        }
        let outcome = self.group.as_ref()?.process(ids::AccountId(entry.sender.0), entry.bytes.as_bytes());
        match outcome {
            Outcome::Applied(room) => {
                self.after = entry.seq;
                Some(self.follow(session, entry, *room, batch, ctx))
            }
            Outcome::Own { epoch, .. } => {
                let epoch = EpochId(epoch.0);
                let then = Then::OwnSnapshot { room: self.id, epoch };
                batch.asks.push((Request::Snapshot { room: self.id, epoch: Some(epoch) }, then));
                self.held = Some(Held { entry: entry.clone(), epoch, snapshot: None });
                None
            }
            Outcome::Removed(step) => {
                self.after = entry.seq;
                self.trouble = Some("You are no longer a member of this room.".to_owned());
                Some(self.step_items(session, entry, &step))
            }
            Outcome::Skipped(_) => {
                self.after = entry.seq;
                let sender = entry.sender;
                Some(vec![item(entry, 0, session.account, sender, warning("refused_commit"))])
            }
            Outcome::Unfollowable { .. } => {
                // The log is not read past this: after a reload the same is found again, instead of a room that only looks healthy.
                let why = "A member changed this room in a way that shuts you out. Ask to be invited again.";
                self.trouble = Some(why.to_owned());
                batch.changed = true;
                None
            }
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
        let differs = self.compare(&room.step().seen) == Seen::Differs;
        let mut items = self.step_items(session, entry, room.step());
        let record = room.keyring_record();
        let epoch = self.adopt(room);
        let place = self.id.0.into();
        if let Ok(bytes) = record.seal(session.root(), session.id(), place, epoch.0.into(), ctx.rng) {
            let kept = KeyringEntry { epoch, commit: entry.seq, bytes: bytes.clone().into() };
            batch.asks.push((Request::PutKeyring { room: self.id, entries: vec![kept] }, Then::Ignore));
            batch.ops.push(StoreOp::Put {
                key: store::epoch_key(self.id, epoch),
                value: bytes,
                secret: false,
            });
        }
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
        self.after = entry.seq;
        self.stale_snapshot = 0;
        batch.done.push(purpose);
        batch.group_changed = true;
        let items = self.step_items(session, entry, room.step());
        let record = room.keyring_record();
        let epoch = self.adopt(room);
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
        self.after = entry.seq;
        self.stale_snapshot = 0;
        batch.group_changed = true;
        batch.changed = true;
        let items = self.step_items(session, entry, room.step());
        let record = room.keyring_record();
        let epoch = self.adopt(room);
        batch.ops.extend(self.put_epoch(epoch, &record, session, ctx));
        self.passed(self.head.advance(&digest));
        batch.ops.extend(store::put_items(session, self.id, entry.seq, &items, ctx));
        self.count(&items);
        batch.items.extend(items);
    }

    fn step_items(&mut self, session: &Session, entry: &LogEntry, step: &core::EpochStep) -> Vec<Item> {
        let author = AccountId(step.author.0);
        self.note_entrance(session, entry, step);
        let mut bodies = Vec::new();
        for change in &step.changes {
            let account = AccountId(change.account.0).to_string();
            match (change.before, change.after) {
                (None, Some(_)) => bodies.push(Body::Joined { account }),
                (Some(_), None) => bodies.push(Body::Left { account }),
                _ => {}
            }
        }
        if step.renamed.is_some() || step.joins_changed {
            bodies.push(Body::Settings { name: step.renamed.clone(), invite: step.joins_changed });
        }
        let me = session.account;
        bodies.into_iter().enumerate().map(|(n, body)| item(entry, n, me, author, body)).collect()
    }

    /// What came before the own joining is known from others only: from whoever let this account in.
    fn note_entrance(&mut self, session: &Session, entry: &LogEntry, step: &core::EpochStep) {
        let joined = |change: &core::RosterChange| change.account == session.id() && change.before.is_none();
        let parent = step.parent.and_then(|parent| self.epochs.get(&EpochId(parent.0)));
        let (Some(parent), true) = (parent, step.changes.iter().any(joined)) else { return };
        // Whoever joins by a link was let in by the member whose commit they joined from.
        let author = if step.author == session.id() { parent.step.author } else { step.author };
        self.vouched = Some(Vouched { account: AccountId(author.0), before: entry.seq });
    }
}
