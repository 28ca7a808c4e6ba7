//! Reading messages from the device's store, with what was said about them later and with what they answer.
//!
//! A reading asks the store several times. Those of one room go one after the other: whatever changes meanwhile is read by a later one,
//! so what is told last is right.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use waxwing_wire::{EntryId, RoomId};

use super::{
    RoomSync,
    notes::{Noted, folded},
    people::no_such_room,
    store,
};
use crate::{
    api::{Body, Item, Notice, Page, Reply, Version},
    content::Ref,
    ctx::Ctx,
    io::{Effect, StoreOp},
    machine::{Client, LoadThen},
    session::Session,
};

/// Places at most so far apart are read together with what is between them.
const NEAR: u64 = 64;
/// Pinned messages that are shown.
const PINS: u32 = 100;
/// Characters of a message that an answer shows.
const QUOTE_CHARS: usize = 200;

/// What is read for.
#[derive(Debug)]
pub(crate) enum For {
    /// A page of the timeline; it may reach what is still on its way.
    Page { intent: u64, tail: bool },
    /// Items that have changed, and messages that are still on their way.
    Tell { places: BTreeSet<u64>, unsent: Vec<EntryId> },
    /// The operator removed a message.
    Removed { place: u64 },
    /// What is pinned.
    Pinned { intent: u64 },
    /// Earlier texts of a message.
    History { intent: u64, target: Ref },
    /// A message goes to another room.
    Forward { intent: u64, target: Ref, to: RoomId },
    /// A message is to be deleted, with its edits.
    Delete { intent: u64, target: Ref },
}

impl For {
    fn intent(&self) -> Option<u64> {
        match self {
            Self::Page { intent, .. }
            | Self::Pinned { intent }
            | Self::History { intent, .. }
            | Self::Forward { intent, .. }
            | Self::Delete { intent, .. } => Some(*intent),
            Self::Tell { .. } | Self::Removed { .. } => None,
        }
    }
}

/// One question to the store.
#[derive(Debug)]
enum Step {
    /// Items; `older` and `newer` say whether a full page means that there are more on that side.
    Items { from: String, to: String, limit: u32, reverse: bool, side: Option<Side> },
    /// What is said about the messages between two places, both included.
    Notes { first: u64, last: u64 },
    /// Where what was pinned once is.
    Pins,
    /// The first item at a place or after it, on the way to the first that was written at a time.
    Seek { low: u64, high: u64, at: u64, limit: u32 },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Older,
    Newer,
}

/// Messages that are being read.
#[derive(Debug)]
pub(crate) struct Reading {
    pub(crate) room: RoomId,
    pub(crate) purpose: For,
    steps: VecDeque<Step>,
    rows: BTreeMap<u64, Vec<Item>>,
    pub(super) notes: BTreeMap<u64, Vec<(u64, Noted)>>,
    /// Places that were asked for, and not only because something answers them.
    wanted: BTreeSet<u64>,
    /// What the messages answer was asked for.
    quotes: bool,
    more: bool,
    newer: bool,
}

impl Reading {
    fn new(room: RoomId, purpose: For, steps: impl IntoIterator<Item = Step>) -> Self {
        Self {
            room,
            purpose,
            steps: steps.into_iter().collect(),
            rows: BTreeMap::new(),
            notes: BTreeMap::new(),
            wanted: BTreeSet::new(),
            quotes: false,
            more: false,
            newer: false,
        }
    }

    /// Reads these places.
    fn places(room: RoomId, purpose: For, places: &BTreeSet<u64>) -> Self {
        Self::new(room, purpose, near(room, places))
    }

    /// Takes what the store gave.
    fn take(&mut self, step: &Step, entries: Vec<(String, Vec<u8>)>, session: &Session) {
        match step {
            Step::Items { limit, side, .. } => {
                let full = u32::try_from(entries.len()).unwrap_or(u32::MAX) >= *limit;
                self.more |= full && *side == Some(Side::Older);
                self.newer |= full && *side == Some(Side::Newer);
                let rows: BTreeMap<u64, Vec<Item>> = entries
                    .iter()
                    .filter_map(|(key, value)| {
                        Some((store::place(key)?, store::open_items(session, key, value)))
                    })
                    .collect();
                if let Some(((first, _), (last, _))) = rows.first_key_value().zip(rows.last_key_value()) {
                    self.steps.push_front(Step::Notes { first: *first, last: *last });
                }
                if !self.quotes {
                    self.wanted.extend(rows.keys());
                }
                self.rows.extend(rows);
            }
            Step::Notes { .. } => {
                for (key, value) in entries {
                    let noted = session
                        .get(&key, &value)
                        .and_then(|plain| serde_json::from_slice::<Noted>(&plain).ok());
                    if let Some((noted, source)) = noted.zip(store::place(&key)) {
                        let known = self.notes.entry(noted.note.target.seq).or_default();
                        if !known.iter().any(|(other, _)| *other == source) {
                            known.push((source, noted));
                        }
                    }
                }
            }
            Step::Pins => {
                let places = entries.iter().filter_map(|(key, _)| store::place(key)).collect();
                self.steps.extend(near(self.room, &places));
            }
            Step::Seek { low, high, at, limit } => {
                let first = entries.first().and_then(|(key, value)| {
                    Some((store::place(key)?, store::open_items(session, key, value).first()?.at))
                });
                self.seek((*low, *high), *at, *limit, first);
            }
        }
    }

    /// Halves the places between `low` and `high`, where the wanted one is. Clocks of authors differ: it is found about.
    fn seek(&mut self, (low, high): (u64, u64), at: u64, limit: u32, first: Option<(u64, u64)>) {
        let middle = low.midpoint(high);
        let (low, high) = match first {
            Some((place, written)) if written < at => (place.max(middle).saturating_add(1), high),
            _ => (low, middle),
        };
        if low < high {
            self.steps.push_front(Step::Seek { low, high, at, limit });
        } else {
            self.steps.extend(around(self.room, low, limit));
        }
    }
}

/// Questions for these places, and what lies between neighbours.
fn near(room: RoomId, places: &BTreeSet<u64>) -> Vec<Step> {
    let mut runs: Vec<(u64, u64)> = Vec::new();
    for place in places {
        match runs.last_mut() {
            Some((_, last)) if place.saturating_sub(*last) <= NEAR => *last = *place,
            _ => runs.push((*place, *place)),
        }
    }
    let items = |(first, last): (u64, u64)| Step::Items {
        from: store::item_key(room, first),
        to: store::item_key(room, last.saturating_add(1)),
        limit: u32::MAX,
        reverse: false,
        side: None,
    };
    runs.into_iter().map(items).collect()
}

fn older(room: RoomId, before: Option<u64>, limit: u32) -> Step {
    let (from, to) = store::item_range(room, before);
    Step::Items { from, to, limit, reverse: true, side: Some(Side::Older) }
}

fn newer(room: RoomId, from: u64, limit: u32) -> Step {
    let (from, to) = (store::item_key(room, from), store::item_end(room));
    Step::Items { from, to, limit, reverse: false, side: Some(Side::Newer) }
}

fn around(room: RoomId, place: u64, limit: u32) -> [Step; 2] {
    let half = limit.div_ceil(2).max(1);
    [older(room, Some(place), half), newer(room, place, half)]
}

impl Client {
    /// A page of the timeline.
    pub(crate) fn timeline(&mut self, intent: u64, room: &str, page: Page, limit: u32, ctx: &mut Ctx<'_>) {
        let room = match self.room_id(room) {
            Ok(room) => room,
            Err(failure) => return ctx.reply(intent, Err(failure)),
        };
        if matches!(page, Page::Newest) {
            self.view_marks(room, ctx);
        }
        let limit = limit.clamp(1, waxwing_wire::limits::PAGE_ENTRIES);
        let end = self.rooms.get(&room).map_or(0, |sync| sync.head.seq);
        let steps = match page {
            Page::Newest => vec![older(room, None, limit)],
            Page::Before { seq } => vec![older(room, Some(seq), limit)],
            Page::After { seq } => vec![newer(room, seq.saturating_add(1), limit)],
            Page::Around { seq } => around(room, seq, limit).into(),
            Page::At { at } => vec![Step::Seek { low: 0, high: end.saturating_add(1), at, limit }],
        };
        let tail = !matches!(page, Page::Before { .. });
        let mut reading = Reading::new(room, For::Page { intent, tail }, steps);
        reading.more = matches!(page, Page::After { .. });
        reading.newer = matches!(page, Page::Before { .. });
        self.read_messages(reading, ctx);
    }

    /// Tells items again as they are now, and messages that are still on their way.
    pub(crate) fn tell_again(
        &mut self,
        room: RoomId,
        places: BTreeSet<u64>,
        unsent: Vec<EntryId>,
        ctx: &mut Ctx<'_>,
    ) {
        if !places.is_empty() || !unsent.is_empty() {
            let steps = near(room, &places);
            self.read_messages(Reading::new(room, For::Tell { places, unsent }, steps), ctx);
        }
    }

    /// Reads one message for something.
    pub(crate) fn read_one(&mut self, room: RoomId, purpose: For, place: u64, ctx: &mut Ctx<'_>) {
        self.read_messages(Reading::places(room, purpose, &BTreeSet::from([place])), ctx);
    }

    pub(super) fn read_pins(&mut self, intent: u64, room: RoomId, ctx: &mut Ctx<'_>) {
        self.read_messages(Reading::new(room, For::Pinned { intent }, [Step::Pins]), ctx);
    }

    fn read_messages(&mut self, reading: Reading, ctx: &mut Ctx<'_>) {
        let waiting = self.readings.entry(reading.room).or_default();
        waiting.push_back(reading);
        if waiting.len() == 1
            && let Some(room) = waiting.front().map(|reading| reading.room)
        {
            self.go_on_reading(room, ctx);
        }
    }

    /// Asks the store the next thing for the first reading of a room; what is read is finished, and the next one begins.
    fn go_on_reading(&mut self, room: RoomId, ctx: &mut Ctx<'_>) {
        while let Some(reading) = self.readings.get_mut(&room).and_then(VecDeque::front_mut) {
            if reading.steps.is_empty() && !reading.quotes {
                reading.quotes = true;
                let unsent = self.rooms.get(&room).map(|sync| sync.outbox.as_slice()).unwrap_or_default();
                let steps = reading.missing(unsent);
                reading.steps.extend(steps);
            }
            if let Some(step) = reading.steps.pop_front() {
                return self.ask_store(room, step, ctx);
            }
            let done = self.readings.get_mut(&room).and_then(VecDeque::pop_front);
            if let Some(done) = done {
                self.finish_reading(done, ctx);
            }
        }
        self.readings.remove(&room);
    }

    fn ask_store(&mut self, room: RoomId, step: Step, ctx: &mut Ctx<'_>) {
        let (from, to, limit, reverse) = match &step {
            Step::Items { from, to, limit, reverse, .. } => (from.clone(), to.clone(), *limit, *reverse),
            Step::Notes { first, last } => {
                let (from, to) = store::note_range(room, *first, *last);
                (from, to, u32::MAX, false)
            }
            Step::Pins => {
                let (from, to) = store::pin_range(room);
                (from, to, PINS, true)
            }
            Step::Seek { low, high, .. } => {
                (store::item_key(room, low.midpoint(*high)), store::item_end(room), 1, false)
            }
        };
        let id = self.fresh_id();
        self.loads.insert(id, LoadThen::Reading(room, Asked(step)));
        ctx.effects.push(Effect::Load { id, to: to.max(from.clone()), from, limit, reverse });
    }

    /// The store answered.
    pub(crate) fn store_read(
        &mut self,
        room: RoomId,
        asked: &Asked,
        entries: Vec<(String, Vec<u8>)>,
        ctx: &mut Ctx<'_>,
    ) {
        let reading = self.readings.get_mut(&room).and_then(VecDeque::front_mut);
        if let (Some(reading), Some(session)) = (reading, &self.session) {
            reading.take(&asked.0, entries, session);
        }
        self.go_on_reading(room, ctx);
    }
}

/// What the store was asked.
#[derive(Debug)]
pub(crate) struct Asked(Step);

/// What was read, put together.
pub(super) struct Read {
    rows: BTreeMap<u64, Vec<Item>>,
    /// Texts that answers may show, by place and key.
    texts: BTreeMap<(u64, String), String>,
}

impl Read {
    /// Items of one place, with what they answer.
    pub(super) fn at(&self, place: u64) -> impl Iterator<Item = Item> {
        let items = self.rows.get(&place).into_iter().flatten().cloned();
        items.map(|item| self.quoting(item))
    }

    pub(super) fn quoting(&self, mut item: Item) -> Item {
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
pub(super) fn says(body: &Body) -> bool {
    matches!(body, Body::Text { .. } | Body::Poll { .. })
}

impl Reading {
    /// Questions for what the messages answer, and that was not read yet.
    fn missing(&self, outbox: &[super::OutItem]) -> Vec<Step> {
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
        let answered = answered.chain(unsent.into_iter().filter_map(super::OutItem::answers));
        let missing = answered.filter(|place| !self.rows.contains_key(place)).collect();
        near(self.room, &missing)
    }

    /// The first text of a message.
    pub(super) fn text_of(&self, target: &Ref, me: waxwing_wire::AccountId) -> Option<Version> {
        let item = self.rows.get(&target.seq)?.iter().find(|item| item.key == target.key(me))?;
        match &item.body {
            Body::Text { text, .. } => Some(Version { text: text.clone(), at: item.at }),
            _ => None,
        }
    }

    /// Everything in the order of the log.
    fn notes_of(&mut self, place: u64) -> Vec<(u64, Noted)> {
        let mut notes = self.notes.remove(&place).unwrap_or_default();
        notes.sort_by_key(|(source, _)| *source);
        notes
    }
}

/// What the device keeps changes with what was read: deleted texts go.
#[derive(Default)]
struct Settled {
    ops: Vec<StoreOp>,
    gone: Vec<String>,
    changed: bool,
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
        let mut rows = BTreeMap::new();
        for (place, items) in std::mem::take(&mut reading.rows) {
            let notes = reading.notes_of(place);
            let kept =
                self.settle_place((place, items, removed == Some(place)), &notes, session, &mut settled, ctx);
            let later = notes.iter().map(|(_, noted)| noted).chain(&pending);
            let later: Vec<&Noted> = later.filter(|noted| noted.note.target.seq == place).collect();
            let shown = kept.into_iter().filter_map(|item| folded(item, later.iter().copied(), me)).collect();
            rows.insert(place, shown);
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
        notes: &[(u64, Noted)],
        session: &Session,
        settled: &mut Settled,
        ctx: &mut Ctx<'_>,
    ) -> Vec<Item> {
        let me = session.account;
        let (mut kept, mut rewritten) = (Vec::new(), false);
        for item in items {
            let now = folded(item.clone(), notes.iter().map(|(_, noted)| noted), me);
            let Some(mut now) = now else {
                rewritten = true;
                settled.gone.push(item.key);
                continue;
            };
            if removed && says(&now.body) {
                let from = (now.sender.clone(), now.own);
                now = Item::plain((now.key.clone(), now.seq), now.at, from, Body::Removed);
            }
            let over = matches!(now.body, Body::Deleted { .. } | Body::Removed);
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

    /// The texts of a message that is deleted go: those of its edits, and what the relay has if this account deleted it.
    fn forget_texts(
        &mut self,
        item: &Item,
        (place, notes): (u64, &[(u64, Noted)]),
        said: bool,
        me: waxwing_wire::AccountId,
        settled: &mut Settled,
    ) {
        let ours = matches!(&item.body, Body::Deleted { by } if *by == me.to_string());
        for (source, noted) in notes.iter().filter(|(_, noted)| noted.is_edit()) {
            settled.ops.push(StoreOp::Delete { key: store::note_key(self.id, place, *source) });
            settled.changed = true;
            // Somebody else's note about this message is no edit of it, and not ours to erase.
            if ours && noted.by.to_string() == item.sender {
                self.erase.insert(*source);
            }
        }
        if ours && said {
            self.erase.insert(place);
        }
    }

    /// A message that is gone was not missed.
    fn uncount(&mut self, item: &Item) {
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
    fn finish_reading(&mut self, mut reading: Reading, ctx: &mut Ctx<'_>) {
        let room = reading.room;
        let (Some(sync), Some(session)) = (self.rooms.get_mut(&room), &self.session) else {
            if let Some(intent) = reading.purpose.intent() {
                ctx.reply(intent, Err(no_such_room()));
            }
            return;
        };
        let versions = super::messages::versions(&reading, session.account);
        let edits = super::messages::edits(&reading);
        let (read, settled) = sync.settle(&mut reading, session, ctx);
        let renewed = sync.renew_last(&read);
        ctx.persist(settled.ops);
        if renewed || settled.changed {
            ctx.persist_with(|ctx| sync.put_head(session, ctx));
        }
        for key in settled.gone {
            ctx.notify(Notice::ItemGone { room: room.to_string(), key });
        }
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
                items.extend(sync.quoted(&unsent, &read, session));
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
            For::Delete { intent, target } => self.delete_read(intent, (room, target), edits, ctx),
        }
        if renewed || settled.changed {
            self.show_room(room, ctx);
            self.advance(room, ctx);
        }
    }
}

fn tell(room: RoomId, items: Vec<Item>, ctx: &mut Ctx<'_>) {
    if !items.is_empty() {
        ctx.notify(Notice::Items { room: room.to_string(), items });
    }
}
