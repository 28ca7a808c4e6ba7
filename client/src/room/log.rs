//! Reading a room's log: the chain of entries, and what a run of them leads to.

mod commits;
mod messages;
mod statements;

use std::collections::BTreeSet;

use waxwing_crypto_core::{
    ids,
    room::{self as core, LogHead},
};
use waxwing_wire::{
    AccountId, EntryId, EpochId, RoomId,
    frame::{EntryKind, LogEntry, Request},
};

use super::{RoomSync, Stage, commit::CommitFor, shut::Cause, store};
use crate::{
    api::{Body, Item, Notice},
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
    /// Newest state of the account that its own messages name.
    pub(crate) account_version: u64,
    /// Another session of the account has given it another name.
    renamed: bool,
    /// Messages that are to be read again with what is said about them, and answers whose quotes are to be read.
    touched: BTreeSet<u64>,
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
pub(crate) const LATEST_MS: u64 = 9_999_999_999_999;
/// Numbers beyond what JavaScript counts exactly belong to no real log.
pub(crate) const LATEST_SEQ: u64 = 1 << 53;

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
    let place = (format!("{}.{n}", entry.seq), Some(entry.seq));
    Item::plain(place, entry.received_at_ms.min(LATEST_MS), (sender.to_string(), sender == me), body)
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
            if entry.kind == EntryKind::Commit {
                sync.last_commit = sync.last_commit.max(entry.seq);
            }
            let next = sync.head.seq.saturating_add(1);
            if entry.seq < next
                || !matches!(sync.stage, Stage::Ready)
                || sync.held.is_some()
                || sync.shut.is_some()
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
        let Batch {
            ops,
            mut items,
            asks,
            group_changed,
            account_version,
            renamed,
            mut touched,
            done,
            changed,
        } = batch;
        if let (Some(sync), Some(session), true) = (self.rooms.get_mut(&room), &self.session, changed) {
            ctx.persist(ops);
            ctx.persist_with(|ctx| sync.put_streams(session, ctx));
            ctx.persist_with(|ctx| group_changed.then(|| sync.put_group(session, ctx)).flatten());
            ctx.persist_with(|ctx| sync.put_head(session, ctx));
        }
        // What answers another message is shown together with that.
        touched.extend(items.iter().filter(|item| item.reply.is_some()).filter_map(|item| item.seq));
        let sync = self.rooms.get(&room);
        let over = |item: &Item| sync.is_some_and(|sync| sync.is_over(item, ctx.now_ms));
        items.retain(|item| item.reply.is_none() && !over(item));
        if !items.is_empty() {
            ctx.notify(Notice::Items { room: room.to_string(), items });
        }
        self.tell_again(room, touched, Vec::new(), ctx);
        for (request, then) in asks {
            self.ask(request, then, ctx);
        }
        self.saw_account_version(account_version, ctx);
        if renamed {
            self.load_data(ctx);
        }
        if group_changed {
            self.look_again(room);
            self.check_members(room, ctx);
            self.open_marks(room, ctx);
        }
        if changed {
            self.forget_membership(room, ctx);
            self.link_successors(room, ctx);
        }
        if changed {
            self.show_room(room, ctx);
        }
        for done in done {
            self.commit_done(done, room, ctx);
        }
        self.advance(room, ctx);
        self.put_marks(room, ctx);
    }
}

impl Client {
    /// The account remembers the rooms it is in, for devices that hold nothing of them. Only once all rooms are read: until then, the own
    /// messages in them could show that the relay went back to an older state of the account, and this would go on top of it.
    pub(super) fn remember_rooms(&mut self, room: RoomId, ctx: &mut Ctx<'_>) {
        let noted = self.rooms.get(&room).is_none_or(|sync| sync.noted);
        if noted || self.rooms.values().any(|sync| !sync.is_current() && sync.complaint().is_none()) {
            return;
        }
        let current = self.rooms.values_mut().filter(|sync| !sync.noted && sync.is_current());
        let fresh: Vec<_> = current
            .filter_map(|sync| {
                sync.noted = true;
                Some((sync.id, EpochId(sync.group.as_ref()?.epoch().0)))
            })
            .collect();
        for (room, epoch) in fresh {
            self.note_room(room, Some(epoch), ctx);
        }
    }

    /// Whoever brings in again who was put out brings in a newcomer.
    fn forget_membership(&mut self, room: RoomId, ctx: &mut Ctx<'_>) {
        let Some(sync) = self.rooms.get_mut(&room) else { return };
        if matches!(sync.shut.map(|shut| shut.cause), Some(Cause::Removed { .. })) {
            sync.noted = false;
            self.note_room(room, None, ctx);
        }
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
            EntryKind::Message => self.message_entry(session, &entry, batch, ctx),
            EntryKind::Rejoin | EntryKind::Leave | EntryKind::Successor => {
                self.statement_entry(session, &entry)
            }
            EntryKind::Tombstone => {
                // Its place in a stream is gone with it.
                self.streams.pardon(entry.sender);
                if entry.sender == session.account {
                    batch.ops.extend(self.erased_unread(session, entry.id, ctx));
                }
                let own = entry.sender == session.account;
                let mut removed =
                    item(&entry, 0, session.account, entry.sender, Body::Removed { said: false });
                removed.key = messages::key(&entry, own);
                // What would have disappeared by now shows as nothing.
                let expired = self.has_expired(entry.received_at_ms, ctx.now_ms);
                Some(removed).filter(|_| !expired).into_iter().collect()
            }
        };
        let mut items = items;
        items.iter_mut().for_each(|item| item.received = Some(entry.received_at_ms.min(LATEST_MS)));
        self.passed(head);
        batch.changed = true;
        if entry.seq == 1 {
            self.founding(session, &entry, batch, ctx);
        }
        if !items.is_empty() {
            batch.ops.extend(store::put_items(session, self.id, entry.seq, &items, ctx));
            self.count(&items, session.account, ctx.now_ms);
            batch.items.extend(items);
        }
    }

    /// An own message was erased before this device read it back: it waits no more, and its place in the stream is taken.
    fn erased_unread(&mut self, session: &Session, id: EntryId, ctx: &mut Ctx<'_>) -> Option<StoreOp> {
        let at = self.outbox.iter().position(|unsent| unsent.id == id)?;
        match self.outbox.remove(at).position {
            Some(position) => {
                self.streams.note(session.account, self.stream, position, self.whole);
            }
            // A crash forgot which place that was: a place used twice would make others refuse the second message.
            None => {
                self.stream = EntryId(ids::MessageId::random(ctx.rng).0);
                self.stream_kept = false;
            }
        }
        Some(self.delete_unsent(id))
    }

    fn passed(&mut self, head: LogHead) {
        self.head = head;
        self.heads.push_back(head);
        if self.heads.len() > super::REMEMBERED_HEADS {
            self.heads.pop_front();
        }
    }

    fn count(&mut self, items: &[Item], me: AccountId, now_ms: u64) {
        for item in items {
            let said =
                matches!(item.body, Body::Text { .. } | Body::Poll { .. }) && !self.is_over(item, now_ms);
            if let Some(seq) = item.seq.filter(|_| said && !item.own) {
                self.newest_foreign = self.newest_foreign.max(seq);
                let from = item.sender.parse().ok().filter(|_| seq > self.marks.own.read);
                if let Some(from) = from {
                    self.unread.note(seq, from, mentions(item, me));
                }
            }
            // What is left of a removed message is no news.
            if !matches!(item.body, Body::Removed { .. }) {
                self.last = Some(item.clone());
            }
        }
    }

    /// The room was founded without an entry of its own; its notice comes before the first entry, or a warning where the way back to the founding
    /// is missing.
    fn founding(&mut self, session: &Session, entry: &LogEntry, batch: &mut Batch, ctx: &mut Ctx<'_>) {
        let root = self.epochs.values().find(|epoch| epoch.step.parent.is_none());
        let founder = root.map(|epoch| AccountId(epoch.step.author.0));
        let mut created = match founder {
            _ if self.past_missing => item(entry, 0, session.account, entry.sender, warning("past_missing")),
            Some(founder) => item(entry, 0, session.account, founder, Body::Created),
            None => return,
        };
        created.seq = Some(0);
        created.key = "created".to_owned();
        self.last.get_or_insert_with(|| created.clone());
        let items = [created];
        batch.ops.extend(store::put_items(session, self.id, 0, &items, ctx));
        batch.items.splice(0..0, items);
    }
}

/// Whether an item mentions an account.
pub(super) fn mentions(item: &Item, account: AccountId) -> bool {
    let account = account.to_string();
    item.mentions.contains(&account)
}

/// An entry that shows as a warning.
fn warning(code: &str) -> Body {
    Body::Warning { code: code.to_owned() }
}
