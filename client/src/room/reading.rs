//! Reading messages from the device's store, with what was said about them later and with what they answer.
//!
//! A reading asks the store several times. Those of one room go one after the other: whatever changes meanwhile is read by a later one,
//! so what is told last is right.

pub(super) mod settle;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use waxwing_wire::{EntryId, RoomId};

use super::{notes::Noted, store};
use crate::{
    api::{Item, Page},
    content::{EDITS, Ref},
    ctx::Ctx,
    io::Effect,
    machine::{Client, LoadThen},
    session::Session,
};

/// Places at most so far apart are read together with what is between them.
const NEAR: u64 = 64;
/// Pinned messages that are shown.
const PINS: u32 = 100;
/// Notes that are read at once.
const NOTES: u32 = 1000;

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
    /// What has become too old is to go.
    Expire,
    /// A message is to be deleted, with its edits.
    Delete { intent: u64, target: Ref },
    /// A reaction is to be there, or not any more.
    React { intent: u64, target: Ref, emoji: String, on: bool },
}

impl For {
    fn intent(&self) -> Option<u64> {
        match self {
            Self::Page { intent, .. }
            | Self::Pinned { intent }
            | Self::History { intent, .. }
            | Self::Forward { intent, .. }
            | Self::Delete { intent, .. }
            | Self::React { intent, .. } => Some(*intent),
            Self::Tell { .. } | Self::Removed { .. } | Self::Expire => None,
        }
    }
}

/// One question to the store.
#[derive(Debug)]
enum Step {
    /// Items of a page; a full one means that there are more on that side.
    Items { from: String, to: String, limit: u32, reverse: bool, side: Side },
    /// All items between two places, both included.
    Run { first: u64, last: u64 },
    /// What is said about messages.
    Notes { from: String, to: String },
    /// Texts of the newest edits of a message.
    Texts(Ref),
    /// Where what is pinned is.
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
    pub(super) notes: BTreeMap<u64, Vec<Noted>>,
    /// Earlier texts of the one message whose history is read, in the order of the log.
    pub(super) texts: Vec<Noted>,
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
            texts: Vec::new(),
            wanted: BTreeSet::new(),
            quotes: false,
            more: false,
            newer: false,
        }
    }

    /// Reads these places.
    fn places(room: RoomId, purpose: For, places: &BTreeSet<u64>) -> Self {
        Self::new(room, purpose, near(places))
    }

    /// Takes what the store gave.
    fn take(&mut self, step: &Step, entries: Vec<(String, Vec<u8>)>, session: &Session) {
        match step {
            Step::Items { limit, side, .. } => {
                let full = is_full(&entries, *limit);
                self.more |= full && *side == Side::Older;
                self.newer |= full && *side == Side::Newer;
                if let Some((first, last)) = self.take_rows(&entries, session) {
                    self.read_notes(first, last);
                }
            }
            Step::Run { first, last } => {
                self.take_rows(&entries, session);
                self.read_notes(*first, *last);
            }
            Step::Notes { to, .. } => {
                if let Some((last, _)) = entries.last().filter(|_| is_full(&entries, NOTES)) {
                    // The key that comes right after it.
                    let (from, to) = (format!("{last}\0"), to.clone());
                    self.steps.push_front(Step::Notes { from, to });
                }
                for noted in entries.iter().filter_map(|(key, value)| open_note(session, key, value)) {
                    self.notes.entry(noted.note.target.seq).or_default().push(noted);
                }
            }
            Step::Texts(_) => {
                let newest = entries.iter().rev();
                self.texts = newest.filter_map(|(key, value)| open_note(session, key, value)).collect();
            }
            Step::Pins => {
                let places = entries.iter().filter_map(|(key, _)| store::place(key)).collect();
                self.steps.extend(near(&places));
            }
            Step::Seek { low, high, at, limit } => {
                let first = entries.first().and_then(|(key, value)| {
                    Some((store::place(key)?, store::open_items(session, key, value).first()?.at))
                });
                self.seek((*low, *high), *at, *limit, first);
            }
        }
    }

    /// Takes items, and tells the first and the last place.
    fn take_rows(&mut self, entries: &[(String, Vec<u8>)], session: &Session) -> Option<(u64, u64)> {
        let rows: BTreeMap<u64, Vec<Item>> = entries
            .iter()
            .filter_map(|(key, value)| Some((store::place(key)?, store::open_items(session, key, value))))
            .collect();
        let ends = rows.keys().next().copied().zip(rows.keys().next_back().copied());
        if !self.quotes {
            self.wanted.extend(rows.keys());
        }
        self.rows.extend(rows);
        ends
    }

    /// Asks for what is said about the messages between two places, both included, unless it was read.
    fn read_notes(&mut self, first: u64, last: u64) {
        let (from, to) = store::note_range(self.room, first, last);
        self.steps.push_front(Step::Notes { from, to });
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
fn near(places: &BTreeSet<u64>) -> Vec<Step> {
    let mut runs: Vec<(u64, u64)> = Vec::new();
    for place in places {
        match runs.last_mut() {
            Some((_, last)) if place.saturating_sub(*last) <= NEAR => *last = *place,
            _ => runs.push((*place, *place)),
        }
    }
    runs.into_iter().map(|(first, last)| Step::Run { first, last }).collect()
}

fn is_full(entries: &[(String, Vec<u8>)], limit: u32) -> bool {
    u32::try_from(entries.len()).unwrap_or(u32::MAX) >= limit
}

fn open_note(session: &Session, key: &str, value: &[u8]) -> Option<Noted> {
    serde_json::from_slice(&session.get(key, value)?).ok()
}

fn older(room: RoomId, before: Option<u64>, limit: u32) -> Step {
    let (from, to) = store::item_range(room, before);
    Step::Items { from, to, limit, reverse: true, side: Side::Older }
}

fn newer(room: RoomId, from: u64, limit: u32) -> Step {
    let (from, to) = (store::item_key(room, from), store::item_end(room));
    Step::Items { from, to, limit, reverse: false, side: Side::Newer }
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
            let steps = near(&places);
            self.read_messages(Reading::new(room, For::Tell { places, unsent }, steps), ctx);
        }
    }

    /// Reads a message with its earlier texts.
    pub(super) fn read_history(&mut self, room: RoomId, intent: u64, target: Ref, ctx: &mut Ctx<'_>) {
        let place = Step::Run { first: target.seq, last: target.seq };
        let steps = [place, Step::Texts(target)];
        self.read_messages(Reading::new(room, For::History { intent, target }, steps), ctx);
    }

    /// Reads one message for something.
    pub(crate) fn read_one(&mut self, room: RoomId, purpose: For, place: u64, ctx: &mut Ctx<'_>) {
        self.read_messages(Reading::places(room, purpose, &BTreeSet::from([place])), ctx);
    }

    pub(super) fn read_pins(&mut self, intent: u64, room: RoomId, ctx: &mut Ctx<'_>) {
        self.read_messages(Reading::new(room, For::Pinned { intent }, [Step::Pins]), ctx);
    }

    /// Reads the oldest messages from a place on.
    pub(super) fn read_old(&mut self, room: RoomId, from: u64, ctx: &mut Ctx<'_>) {
        let steps = [newer(room, from, super::expire::LOOKED_AT)];
        self.read_messages(Reading::new(room, For::Expire, steps), ctx);
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
            Step::Run { first, last } => {
                let (from, to) =
                    (store::item_key(room, *first), store::item_key(room, last.saturating_add(1)));
                (from, to, u32::MAX, false)
            }
            Step::Notes { from, to } => (from.clone(), to.clone(), NOTES, false),
            Step::Texts(target) => {
                let (from, to) = store::text_range(room, target, super::log::LATEST_SEQ);
                (from, to, u32::try_from(EDITS).unwrap_or(u32::MAX), true)
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
