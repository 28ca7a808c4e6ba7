//! Reading a room's log: the chain, commits, messages.

use waxwing_crypto_core::{
    ids,
    room::{self as core, LogHead, Message, MessageError, Outcome},
};
use waxwing_wire::{
    AccountId, EntryId, EpochId, RoomId,
    frame::{EntryKind, KeyringEntry, LogEntry, Request},
};

use super::{Epoch, Held, RoomSync, Stage, commit::CommitFor, store};
use crate::{
    api::{Body, Item, Notice, Sending},
    content::Content,
    ctx::Ctx,
    io::StoreOp,
    machine::{Client, Then},
    session::Session,
};

/// What a run of entries leads to; carried out after the last of them.
#[derive(Default)]
pub(crate) struct Batch {
    pub(crate) ops: Vec<StoreOp>,
    pub(crate) items: Vec<Item>,
    pub(crate) asks: Vec<(Request, Then)>,
    pub(crate) group_changed: bool,
    done: Vec<CommitFor>,
    changed: bool,
}

impl Batch {
    /// For a room whose group changed without an entry being read.
    pub(crate) fn new_group() -> Self {
        Self { group_changed: true, changed: true, ..Self::default() }
    }
}

/// The latest time that is shown, in the year 2286: JavaScript neither counts nor formats whatever an author or a relay may claim.
const LATEST_MS: u64 = 9_999_999_999_999;
/// Numbers beyond what JavaScript counts exactly belong to no real log.
const LATEST_SEQ: u64 = 1 << 53;

fn chain_kind(kind: EntryKind) -> core::EntryKind {
    match kind {
        EntryKind::Commit => core::EntryKind::Commit,
        EntryKind::Rejoin => core::EntryKind::Rejoin,
        EntryKind::Leave => core::EntryKind::Leave,
        EntryKind::Successor => core::EntryKind::Successor,
        EntryKind::Message | EntryKind::Tombstone => core::EntryKind::Message,
    }
}

fn entry_digest(entry: &LogEntry) -> Option<[u8; 32]> {
    if entry.kind == EntryKind::Tombstone {
        return entry.digest.as_ref().and_then(|digest| digest.as_bytes().try_into().ok());
    }
    let sender = ids::AccountId(entry.sender.0);
    Some(core::digest(chain_kind(entry.kind), entry.after, sender, entry.bytes.as_bytes()))
}

fn item(entry: &LogEntry, n: usize, me: AccountId, sender: AccountId, body: Body) -> Item {
    Item {
        key: format!("{}.{n}", entry.seq),
        seq: Some(entry.seq),
        at: entry.received_at_ms.min(LATEST_MS),
        sender: sender.to_string(),
        own: sender == me,
        body,
    }
}

impl Client {
    /// Entries that the relay pushed or answered with. Whatever does not follow directly is fetched again.
    pub(crate) fn take_entries(&mut self, room: RoomId, entries: Vec<LogEntry>, ctx: &mut Ctx<'_>) {
        let (Some(sync), Some(session)) = (self.rooms.get_mut(&room), &self.session) else { return };
        let mut batch = Batch::default();
        for entry in entries {
            if entry.seq >= LATEST_SEQ {
                break;
            }
            sync.remote_seq = sync.remote_seq.max(entry.seq);
            let next = sync.head.seq.saturating_add(1);
            if entry.seq < next
                || !matches!(sync.stage, Stage::Ready)
                || sync.held.is_some()
                || sync.is_shut_out()
            {
                continue;
            }
            if entry.seq > next {
                break;
            }
            sync.process(session, entry, &mut batch, ctx);
        }
        self.finish(room, batch, ctx);
    }

    /// A page that was asked for.
    pub(crate) fn page(&mut self, room: RoomId, entries: Vec<LogEntry>, last_seq: u64, ctx: &mut Ctx<'_>) {
        if let Some(sync) = self.rooms.get_mut(&room) {
            sync.fetching = false;
            sync.remote_seq = sync.remote_seq.max(last_seq.min(LATEST_SEQ));
            let next = sync.head.seq.saturating_add(1);
            if sync.head.seq < sync.remote_seq && !entries.iter().any(|entry| entry.seq == next) {
                let why = "The relay withholds part of this room's history.";
                return self.room_trouble(room, why, ctx);
            }
        }
        self.take_entries(room, entries, ctx);
    }

    /// Makes a batch durable, then shows it and goes on.
    pub(crate) fn finish(&mut self, room: RoomId, batch: Batch, ctx: &mut Ctx<'_>) {
        let Batch { ops, items, asks, group_changed, done, changed } = batch;
        if let (Some(sync), Some(session), true) = (self.rooms.get(&room), &self.session, changed) {
            ctx.persist(ops);
            ctx.persist_with(|ctx| group_changed.then(|| sync.put_group(session, ctx)).flatten());
            ctx.persist_with(|ctx| sync.put_head(session, ctx));
        }
        if !items.is_empty() {
            ctx.notify(Notice::Items { room: room.to_string(), items });
        }
        for (request, then) in asks {
            self.ask(request, then, ctx);
        }
        if changed {
            self.show_room(room, ctx);
        }
        for done in done {
            self.commit_done(done, room, ctx);
        }
        self.advance(room, ctx);
    }
}

impl RoomSync {
    /// Processes the next entry of the log.
    pub(crate) fn process(
        &mut self,
        session: &Session,
        entry: LogEntry,
        batch: &mut Batch,
        ctx: &mut Ctx<'_>,
    ) {
        let Some(digest) = entry_digest(&entry) else {
            self.trouble = Some("The relay sent a damaged entry of this room's history.".to_owned());
            return;
        };
        let head = self.head.advance(&digest);
        let items = match entry.kind {
            EntryKind::Commit => match self.commit_entry(session, &entry, batch, ctx) {
                Some(items) => items,
                // Held back until the snapshot that goes with it is here.
                None => return,
            },
            EntryKind::Message => self.message_entry(session, &entry, batch),
            EntryKind::Rejoin | EntryKind::Leave | EntryKind::Successor | EntryKind::Tombstone => Vec::new(),
        };
        self.passed(head);
        batch.changed = true;
        if entry.seq == 1 {
            self.founding(session, &entry, batch, ctx);
        }
        if !items.is_empty() {
            batch.ops.extend(store::put_items(session, self.id, entry.seq, &items, ctx));
            self.count(&items);
            batch.items.extend(items);
        }
    }

    fn passed(&mut self, head: LogHead) {
        self.head = head;
        self.heads.push_back(head);
        if self.heads.len() > super::REMEMBERED_HEADS {
            self.heads.pop_front();
        }
    }

    fn count(&mut self, items: &[Item]) {
        for item in items {
            let text = matches!(item.body, Body::Text { .. });
            if text && !item.own && item.seq.is_some_and(|seq| seq > self.read) {
                self.unread = self.unread.saturating_add(1);
            }
            self.last = Some(item.clone());
        }
    }

    /// The room was founded without an entry of its own; its notice comes before the first entry.
    fn founding(&mut self, session: &Session, entry: &LogEntry, batch: &mut Batch, ctx: &mut Ctx<'_>) {
        let root = self.epochs.values().find(|epoch| epoch.step.parent.is_none());
        let Some(founder) = root.map(|epoch| AccountId(epoch.step.author.0)) else { return };
        let mut created = item(entry, 0, session.account, founder, Body::Created);
        created.seq = Some(0);
        created.key = "created".to_owned();
        self.last.get_or_insert_with(|| created.clone());
        let items = [created];
        batch.ops.extend(store::put_items(session, self.id, 0, &items, ctx));
        batch.items.splice(0..0, items);
    }

    /// Items of a commit; nothing when it has to wait.
    fn commit_entry(
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
            let items = self.step_items(session, entry, &epoch.step.clone());
            self.current = Some(EpochId(epoch.keys.epoch().0));
            let newest = self.group.as_ref().map(core::Room::epoch);
            if newest == Some(epoch.keys.epoch()) {
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
        let same = self.saw_the_same(&room.step().seen);
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
        if !same {
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
        let Some((room, purpose)) = self.own_commit.take().and_then(super::commit::OwnCommit::take) else {
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

    fn step_items(&self, session: &Session, entry: &LogEntry, step: &core::EpochStep) -> Vec<Item> {
        let author = AccountId(step.author.0);
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

    fn message_entry(&mut self, session: &Session, entry: &LogEntry, batch: &mut Batch) -> Vec<Item> {
        let warn = |code| vec![item(entry, 0, session.account, entry.sender, warning(code))];
        // Before our own joining the room may keep its history to itself; after it, that is a fault.
        let Some(current) = self.current else {
            return if self.anchored { warn("unreadable") } else { Vec::new() };
        };
        // Only the epoch that the log is in counts here: otherwise whoever was removed could go on speaking in an older one.
        let claimed = Message::epoch_of(entry.bytes.as_bytes()).map(|epoch| EpochId(epoch.0));
        if claimed != Some(current) {
            let known = claimed.is_some_and(|epoch| self.epochs.contains_key(&epoch));
            return if self.anchored || known { warn("forged") } else { Vec::new() };
        }
        let Some(Epoch { keys, roster, .. }) = self.epochs.get(&current) else { return warn("unreadable") };
        let (sender, id) = (ids::AccountId(entry.sender.0), ids::MessageId(entry.id.0));
        let message = match Message::open(keys, roster, sender, id, entry.bytes.as_bytes()) {
            Ok(message) => message,
            Err(MessageError::Unreadable) => return warn("unreadable"),
            Err(MessageError::Forged) => return warn("forged"),
        };
        let stream = EntryId(message.metadata.stream.0);
        if !self.streams.is_new(entry.sender, stream, message.metadata.position) {
            return Vec::new();
        }
        if entry.sender == session.account {
            self.outbox.retain(|unsent| unsent.id != entry.id);
            batch.ops.push(self.delete_unsent(entry.id));
        }
        let mut items = self.content_items(session, entry, &message);
        if !self.saw_the_same(&message.metadata.seen) {
            items.push(item(entry, 1, session.account, entry.sender, warning("fork")));
        }
        items
    }

    fn content_items(&mut self, session: &Session, entry: &LogEntry, message: &Message) -> Vec<Item> {
        let own = entry.sender == session.account;
        match Content::decode(message.metadata.kind, &message.body) {
            Some(Content::Text(text)) => vec![Item {
                // Ids are chosen by authors: only together with the author do they name one message.
                key: if own { entry.id.to_string() } else { format!("{}.{}", entry.sender, entry.id) },
                seq: Some(entry.seq),
                at: message.metadata.sent_at_ms.min(LATEST_MS),
                sender: entry.sender.to_string(),
                own,
                body: Body::Text { text, state: Sending::Sent },
            }],
            Some(Content::Profile(name)) => {
                let name: String = name.chars().take(waxwing_wire::limits::NAME_CHARS).collect();
                self.names.insert(entry.sender, name);
                Vec::new()
            }
            Some(Content::Unknown) => Vec::new(),
            None => vec![item(entry, 0, session.account, entry.sender, warning("unreadable"))],
        }
    }

    /// Whether the author had the same log before them as we have, as far as we remember it.
    ///
    /// Nobody has seen more before an entry than stands before it: a higher number means that something was withheld from us.
    fn saw_the_same(&self, seen: &LogHead) -> bool {
        if seen.seq > self.head.seq {
            return false;
        }
        self.heads.iter().rev().find(|head| head.seq == seen.seq).is_none_or(|head| head == seen)
    }
}

fn warning(code: &str) -> Body {
    Body::Warning { code: code.to_owned() }
}
