//! Putting together what was read, and what that leads to: deleted texts go from the device, answers are given.

use std::collections::{BTreeMap, BTreeSet};

use waxwing_wire::RoomId;

use super::{
    super::{
        RoomSync,
        notes::{Noted, folded, spent},
        people::no_such_room,
        store,
    },
    For, Reading, Step, near,
};
use crate::{
    api::{Body, Item, Notice, Reply, Version},
    content::Ref,
    ctx::Ctx,
    io::StoreOp,
    machine::Client,
    session::Session,
};

/// Characters of a message that an answer shows.
const QUOTE_CHARS: usize = 200;

/// What was read, put together.
pub(in super::super) struct Read {
    rows: BTreeMap<u64, Vec<Item>>,
    /// Texts that answers may show, by place and key.
    texts: BTreeMap<(u64, String), String>,
}

impl Read {
    /// Items of one place, with what they answer.
    pub(in super::super) fn at(&self, place: u64) -> impl Iterator<Item = Item> {
        let items = self.rows.get(&place).into_iter().flatten().cloned();
        items.map(|item| self.quoting(item))
    }

    /// Places with their items, in the order of the log.
    pub(in super::super) fn places(&self) -> impl Iterator<Item = (u64, &Vec<Item>)> {
        self.rows.iter().map(|(place, items)| (*place, items))
    }

    pub(in super::super) fn quoting(&self, mut item: Item) -> Item {
        if let Some(reply) = &mut item.reply
            && let Some(text) = self.texts.get(&(reply.seq, reply.key.clone()))
        {
            reply.text.clone_from(text);
        }
        item
    }
}

/// What an answer shows of a message.
fn quotable(body: &Body) -> Option<String> {
    let text = match body {
        Body::Text { text, .. } => text,
        Body::Poll { question, .. } => question,
        _ => return None,
    };
    Some(text.chars().take(QUOTE_CHARS).collect())
}

/// Whether an item says something, so that it can be deleted.
pub(in super::super) fn says(body: &Body) -> bool {
    matches!(body, Body::Text { .. } | Body::Poll { .. })
}

impl Reading {
    /// Questions for what the messages answer, and that was not read yet.
    pub(super) fn missing(&self, outbox: &[super::super::OutItem]) -> Vec<Step> {
        let (places, unsent): (&BTreeSet<u64>, Vec<_>) = match &self.purpose {
            For::Page { tail: true, .. } => (&self.wanted, outbox.iter().collect()),
            For::Page { .. } | For::Pinned { .. } => (&self.wanted, Vec::new()),
            For::Tell { places, unsent } => {
                (places, outbox.iter().filter(|item| unsent.contains(&item.id)).collect())
            }
            _ => return Vec::new(),
        };
        let items = places.iter().filter_map(|place| self.rows.get(place)).flatten();
        let answered = items.filter_map(|item| Some(item.reply.as_ref()?.seq));
        let answered = answered.chain(unsent.into_iter().filter_map(super::super::OutItem::answers));
        let missing = answered.filter(|place| !self.rows.contains_key(place)).collect();
        near(&missing)
    }

    /// The first text of a message.
    pub(in super::super) fn text_of(&self, target: &Ref, me: waxwing_wire::AccountId) -> Option<Version> {
        let item = self.rows.get(&target.seq)?.iter().find(|item| item.key == target.key(me))?;
        match &item.body {
            Body::Text { text, .. } => Some(Version { text: text.clone(), at: item.at }),
            _ => None,
        }
    }

    /// Everything in the order of the log.
    fn notes_of(&mut self, place: u64) -> Vec<Noted> {
        let mut notes = self.notes.remove(&place).unwrap_or_default();
        notes.sort_by_key(|noted| (noted.source, noted.is_trace()));
        // Places that are near to several that were asked for are read more than once.
        notes.dedup_by_key(|noted| (noted.source, noted.is_trace()));
        notes
    }
}

/// What the device keeps changes with what was read: deleted texts go.
#[derive(Default)]
struct Settled {
    ops: Vec<StoreOp>,
    gone: Vec<String>,
    changed: bool,
    /// Edits of messages that this account deleted, which the deletion did not know of.
    unnamed: Vec<(Ref, Ref)>,
}

impl RoomSync {
    /// Puts what was read together. What was deleted goes from the device; where this account did it, the relay is to erase it too.
    fn settle(&mut self, reading: &mut Reading, session: &Session, ctx: &mut Ctx<'_>) -> (Read, Settled) {
        let (me, mut settled) = (session.account, Settled::default());
        let removed = match reading.purpose {
            For::Removed { place } => Some(place),
            _ => None,
        };
        let pending = self.pending_notes(me);
        let forgets = matches!(reading.purpose, For::Expire);
        let mut rows = BTreeMap::new();
        for (place, items) in std::mem::take(&mut reading.rows) {
            let notes = reading.notes_of(place);
            let kept =
                self.settle_place((place, items, removed == Some(place)), &notes, session, &mut settled, ctx);
            let spent = spent(self.id, place, &kept, &notes, me);
            settled.ops.extend(spent.ops);
            if spent.pinned && matches!(reading.purpose, For::Tell { .. }) {
                // An older reading may have taken it away.
                settled.ops.extend(session.put(store::pin_key(self.id, place), b"", ctx));
            }
            let later = notes.iter().chain(&pending);
            let later: Vec<&Noted> = later.filter(|noted| noted.note.target.seq == place).collect();
            let shown = kept.into_iter().filter_map(|item| folded(item, later.iter().copied(), me));
            // Beyond its time nothing is shown, also where it was not let go of yet.
            let over = |item: &Item| !forgets && self.is_over(item, ctx.now_ms);
            rows.insert(place, shown.filter(|item| !over(item)).collect());
        }
        // Where nothing is, nothing can be said of it.
        for (place, notes) in std::mem::take(&mut reading.notes) {
            settled.ops.extend(spent(self.id, place, &[], &notes, me).ops);
        }
        let all = rows
            .iter()
            .flat_map(|(place, items): (&u64, &Vec<Item>)| items.iter().map(|item| (*place, item)));
        let texts = all
            .filter_map(|(place, item)| Some(((place, item.key.clone()), quotable(&item.body)?)))
            .collect();
        (Read { rows, texts }, settled)
    }

    /// What stays of one entry.
    fn settle_place(
        &mut self,
        (place, items, removed): (u64, Vec<Item>, bool),
        notes: &[Noted],
        session: &Session,
        settled: &mut Settled,
        ctx: &mut Ctx<'_>,
    ) -> Vec<Item> {
        let me = session.account;
        let (mut kept, mut rewritten) = (Vec::new(), false);
        for item in items {
            let now = folded(item.clone(), notes.iter(), me);
            let Some(mut now) = now else {
                rewritten = true;
                settled.gone.push(item.key);
                continue;
            };
            if removed && says(&now.body) {
                now = now.replaced(Body::Removed { said: true });
            }
            let over = matches!(now.body, Body::Deleted { .. } | Body::Removed { .. });
            if over {
                self.forget_texts(&now, (place, notes), says(&item.body), me, settled);
            }
            let goes = over && now.body != item.body;
            if goes && says(&item.body) {
                self.uncount(&item);
            }
            rewritten |= goes;
            kept.push(if goes { now } else { item });
        }
        if rewritten {
            settled.changed = true;
            let key = store::item_key(self.id, place);
            settled.ops.extend(match kept.is_empty() {
                true => Some(StoreOp::Delete { key }),
                false => store::put_items(session, self.id, place, &kept, ctx),
            });
        }
        kept
    }

    /// What the relay has of a message that this account deleted is to be erased, with its edits. From the device these go as what is left over.
    fn forget_texts(
        &mut self,
        item: &Item,
        (place, notes): (u64, &[Noted]),
        said: bool,
        me: waxwing_wire::AccountId,
        settled: &mut Settled,
    ) {
        let ours = matches!(&item.body, Body::Deleted { by } if *by == me.to_string());
        let said_by_me = notes.iter().filter(|noted| noted.by == me && noted.deletes());
        let deleted = said_by_me.map(|noted| noted.source).min();
        for noted in notes.iter().filter(|noted| noted.is_trace()) {
            let source = noted.source;
            settled.changed = true;
            // Somebody else's note about this message is no edit of it, and not ours to erase. Nor is what somebody says after they
            // know of the deletion, or they could keep this client busy.
            let in_time = noted.by == me || deleted.is_some_and(|at| source < at);
            if ours && noted.by.to_string() == item.sender && in_time {
                self.erase.insert(source);
                let named = notes.iter().any(|other| other.names(source));
                let edit = Ref::new(source, noted.by, noted.id);
                settled.unnamed.extend((!named).then_some((noted.note.target, edit)));
            }
        }
        if ours && said {
            self.erase.insert(place);
        }
    }

    /// A message that is gone was not missed.
    pub(in super::super) fn uncount(&mut self, item: &Item) {
        if let Some(seq) = item.seq {
            self.unread.forget(seq);
        }
    }

    /// The newest item, as lists show it.
    fn renew_last(&mut self, read: &Read) -> bool {
        let Some(last) = &mut self.last else { return false };
        let newest = last.seq.into_iter().flat_map(|place| read.at(place)).find(|item| item.key == last.key);
        match newest {
            Some(newest) if newest != *last => {
                *last = newest;
                true
            }
            _ => false,
        }
    }
}

impl Client {
    pub(super) fn finish_reading(&mut self, mut reading: Reading, ctx: &mut Ctx<'_>) {
        let room = reading.room;
        let (Some(sync), Some(session)) = (self.rooms.get_mut(&room), &self.session) else {
            if let Some(intent) = reading.purpose.intent() {
                ctx.reply(intent, Err(no_such_room()));
            }
            return;
        };
        let versions = super::super::messages::versions(&reading, session.account);
        let edits = super::super::messages::edits(&reading);
        let (read, settled) = sync.settle(&mut reading, session, ctx);
        let renewed = sync.renew_last(&read);
        ctx.persist(settled.ops);
        if renewed || settled.changed {
            ctx.persist_with(|ctx| sync.put_head(session, ctx));
        }
        for key in settled.gone {
            ctx.notify(Notice::ItemGone { room: room.to_string(), key });
        }
        // Said again with them, so that nobody takes what is left of them for something else.
        for (target, edit) in settled.unnamed {
            self.say_deleted(room, target, edit, ctx);
        }
        self.answer_reading((reading, versions, edits), &read, ctx);
        if renewed || settled.changed {
            self.show_room(room, ctx);
            self.advance(room, ctx);
        }
    }

    fn answer_reading(
        &mut self,
        (reading, versions, edits): (Reading, Vec<Version>, Vec<Ref>),
        read: &Read,
        ctx: &mut Ctx<'_>,
    ) {
        let room = reading.room;
        let (Some(sync), Some(session)) = (self.rooms.get_mut(&room), &self.session) else { return };
        match reading.purpose {
            For::Page { intent, tail } => {
                let mut items: Vec<Item> = reading.wanted.iter().flat_map(|place| read.at(*place)).collect();
                let unsent = sync.unsent_items(session);
                items.extend(
                    unsent.into_iter().filter(|_| tail && !reading.newer).map(|item| read.quoting(item)),
                );
                let (more, newer) = (reading.more, reading.newer);
                ctx.reply(intent, Ok(Reply::Timeline { items, more, newer }));
            }
            For::Tell { places, unsent } => {
                let mut items: Vec<Item> = places.iter().flat_map(|place| read.at(*place)).collect();
                items.extend(sync.quoted(&unsent, read, session));
                tell(room, items, ctx);
            }
            For::Removed { place } => tell(room, read.at(place).collect(), ctx),
            For::Pinned { intent } => {
                let pinned =
                    reading.wanted.iter().flat_map(|place| read.at(*place)).filter(|item| item.pinned);
                ctx.reply(intent, Ok(Reply::Timeline { items: pinned.collect(), more: false, newer: false }));
            }
            For::History { intent, .. } => ctx.reply(intent, Ok(Reply::Edits { versions })),
            For::Forward { intent, target, to } => {
                let item = read.at(target.seq).find(|item| item.key == target.key(session.account));
                self.forward_read(intent, item, to, ctx);
            }
            For::Expire => self.old_read(room, read, reading.newer, ctx),
            For::Delete { intent, target } => self.delete_read(intent, (room, target), edits, ctx),
            For::React { intent, target, emoji, on } => {
                let item = read.at(target.seq).find(|item| item.key == target.key(session.account));
                self.react_read(intent, (room, target), (emoji, on), item.as_ref(), ctx);
            }
        }
    }
}

fn tell(room: RoomId, items: Vec<Item>, ctx: &mut Ctx<'_>) {
    if !items.is_empty() {
        ctx.notify(Notice::Items { room: room.to_string(), items });
    }
}
