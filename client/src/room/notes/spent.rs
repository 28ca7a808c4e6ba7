//! Notes that change nothing any more: taken back, said again, or about what is not there. They go from the device, so that what is kept
//! of a message, and read with it, has a bound for each member.

use std::collections::{BTreeMap, BTreeSet};

use waxwing_wire::{AccountId, RoomId, Seq};

use super::{Noted, Part, Reactions, chosen, store};
use crate::{
    api::{Body, Item},
    content::{EDITS, Ref, What},
    io::StoreOp,
};

/// Deletions of a message by one author that are kept, with the edits that they name.
const DELETIONS: usize = 8;

/// What is left over at one place.
#[derive(Debug, Default)]
pub(crate) struct Spent {
    /// Takes it from the device.
    pub(crate) ops: Vec<StoreOp>,
    /// There is a pinned message.
    pub(crate) pinned: bool,
}

/// Looks for what is left over among the notes about the items of a place, in the order of the log. Items are as they are kept.
pub(crate) fn spent(room: RoomId, place: Seq, items: &[Item], notes: &[Noted], me: AccountId) -> Spent {
    let mut found = Spent::default();
    let mut left: BTreeSet<usize> = (0..notes.len()).collect();
    for item in items {
        let about: Vec<(usize, &Noted)> =
            notes.iter().enumerate().filter(|(_, noted)| noted.is_about(item, me)).collect();
        let Some((_, first)) = about.first() else { continue };
        let target = first.note.target;
        let mut standing = Standing::new(item);
        for (_, noted) in &about {
            standing.take(noted, item);
        }
        found.pinned |= standing.pin.is_some();
        found.ops.extend(standing.bound_edits(room, &target, me));
        let stays = |noted: &Noted| standing.stays.contains(&(noted.source, noted.is_trace()));
        left.retain(|n| !about.iter().any(|(at, noted)| at == n && stays(noted)));
    }
    for noted in left.into_iter().filter_map(|n| notes.get(n)) {
        found.ops.push(StoreOp::Delete { key: noted.key(room) });
        if noted.is_trace() {
            found.ops.push(StoreOp::Delete { key: store::text_key(room, &noted.note.target, noted.source) });
        }
    }
    let pins = notes.iter().any(|noted| matches!(noted.note.what, What::Pin { .. }));
    if pins && !found.pinned {
        found.ops.push(StoreOp::Delete { key: store::pin_key(room, place) });
    }
    found
}

/// What stands of all that is said about one item.
struct Standing {
    /// Sources of the notes that stay, and whether it is the trace of an edit.
    stays: BTreeSet<(Seq, bool)>,
    /// As far as the notes have got: a poll may have ended.
    body: Body,
    reactions: Reactions,
    votes: BTreeMap<AccountId, Seq>,
    pin: Option<Seq>,
    deletions: BTreeMap<AccountId, usize>,
    explained: bool,
    traces: Vec<(Seq, AccountId)>,
}

impl Standing {
    fn new(item: &Item) -> Self {
        Self {
            stays: BTreeSet::new(),
            body: item.body.clone(),
            reactions: Reactions::default(),
            votes: BTreeMap::new(),
            pin: None,
            deletions: BTreeMap::new(),
            explained: false,
            traces: Vec::new(),
        }
    }

    fn take(&mut self, noted: &Noted, item: &Item) {
        let author = noted.by.to_string() == item.sender;
        let source = noted.source;
        if noted.part == Part::Explained {
            // One is enough. It may stand before what is left of the edit is known.
            if (author || noted.allowed) && !std::mem::replace(&mut self.explained, true) {
                self.stays.insert((source, false));
            }
            return;
        }
        let text = matches!(self.body, Body::Text { .. });
        let said = text || matches!(self.body, Body::Poll { .. });
        match &noted.note.what {
            What::Delete { .. } if author || noted.allowed => {
                let known = self.deletions.entry(noted.by).or_default();
                *known = known.saturating_add(1);
                if *known <= DELETIONS {
                    self.stays.insert((source, false));
                }
            }
            What::Edit { .. } if author && text => {
                self.stays.insert((source, noted.is_trace()));
                if noted.is_trace() {
                    self.traces.push((source, noted.by));
                }
            }
            What::React { emoji, on } if said => {
                self.stays.insert((source, false));
                for over in self.reactions.say(noted.by, emoji, *on, source) {
                    self.stays.remove(&(over, false));
                }
            }
            What::Pin { on } if said && noted.allowed => {
                let before = std::mem::replace(&mut self.pin, on.then_some(source));
                self.replace(before, self.pin);
            }
            What::Vote { choices } if chosen(&self.body, choices).is_some() => {
                let before = self.votes.insert(noted.by, source);
                self.replace(before, Some(source));
            }
            What::Close if author => {
                if let Body::Poll { closed, .. } = &mut self.body
                    && !std::mem::replace(closed, true)
                {
                    self.stays.insert((source, false));
                }
            }
            _ => {}
        }
    }

    fn replace(&mut self, before: Option<Seq>, now: Option<Seq>) {
        if let Some(before) = before {
            self.stays.remove(&(before, false));
        }
        self.stays.extend(now.map(|now| (now, false)));
    }

    /// Only the newest texts are kept. Which edits this account made is not forgotten: they are to be erased with the message.
    fn bound_edits(&mut self, room: RoomId, target: &Ref, me: AccountId) -> Option<StoreOp> {
        let older = self.traces.len().checked_sub(EDITS).filter(|older| *older > 0)?;
        let (oldest, _) = *self.traces.get(older)?;
        for (source, _) in self.traces.iter().take(older).filter(|(_, by)| *by != me) {
            self.stays.remove(&(*source, true));
        }
        let (from, to) = store::text_range(room, target, oldest);
        Some(StoreOp::DeleteRange { from, to })
    }
}
