//! What is said about messages later: edits, deletion, reactions, pins, votes. Each is kept beside its message, and put together with it
//! when that is read: nothing is read to be written. What changes nothing any more goes with the next reading ([`spent`]), so that a message
//! costs little however often a member speaks about it.

mod spent;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use waxwing_crypto_core::room::{Role, RoomKind};
use waxwing_wire::{AccountId, EntryId, EpochId, RoomId, Seq};

pub(crate) use spent::spent;

use super::{RoomSync, reading::settle::says, store};
use crate::{
    api::{Body, Item, Reaction},
    content::{Note, REACTIONS_EACH, Ref, What},
    ctx::Ctx,
    io::StoreOp,
    session::Session,
};

/// Different emoji at one message that are shown.
const REACTIONS: usize = 64;

/// A note as it is kept.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Noted {
    pub(crate) by: AccountId,
    /// Id of the entry that says it, and its number; beyond all numbers while it is on its way.
    pub(crate) id: EntryId,
    pub(crate) source: Seq,
    /// When it was written, as its author says.
    pub(crate) at: u64,
    pub(crate) note: Note,
    /// Its author had the role for it, when it is about somebody else's message.
    pub(crate) allowed: bool,
    pub(crate) part: Part,
}

/// What a kept note stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Part {
    /// All that was said. Of the edits of a message, only the newest.
    Whole,
    /// That there was this edit: its text is kept apart, because it is rarely read.
    Trace,
    /// The target is not what is deleted, but an edit of that: what is left of it needs no place of its own.
    Explained,
}

impl Noted {
    pub(super) fn is_about(&self, item: &Item, me: AccountId) -> bool {
        item.seq == Some(self.note.target.seq) && item.key == self.note.target.key(me)
    }

    /// An edit, without its text: each one is to go when the message is deleted.
    pub(crate) fn is_trace(&self) -> bool {
        self.part == Part::Trace
    }

    /// Whether it can have an effect, if its target is what it names.
    fn counts(&self) -> bool {
        let author = self.by == self.note.target.sender;
        match self.note.what {
            What::Edit { .. } | What::Close => author,
            What::Delete { .. } => author || self.allowed,
            What::Pin { .. } => self.allowed,
            What::React { .. } | What::Vote { .. } => true,
        }
    }

    fn key(&self, room: RoomId) -> String {
        match (self.part, &self.note.what) {
            (Part::Whole, What::Edit { .. }) => store::edit_key(room, &self.note.target),
            _ => store::note_key(room, self.note.target.seq, self.source),
        }
    }

    pub(crate) fn deletes(&self) -> bool {
        matches!(self.note.what, What::Delete { .. })
    }

    /// It is a deletion that goes for the edit of this number, too.
    pub(crate) fn names(&self, edit: u64) -> bool {
        matches!(&self.note.what, What::Delete { edits } if edits.iter().any(|one| one.seq == edit))
    }

    fn delete(&self, item: &mut Item) {
        *item = item.replaced(Body::Deleted { by: self.by.to_string() });
    }

    /// Puts it together with its message; notes come in the order of the log.
    fn fold(&self, item: &mut Item, reactions: &mut Reactions) {
        let (by, author) = (self.by.to_string(), self.by.to_string() == item.sender);
        let said = matches!(item.body, Body::Text { .. } | Body::Poll { .. });
        match &self.note.what {
            What::Delete { .. }
                if (author || self.allowed) && (said || matches!(item.body, Body::Removed { .. })) =>
            {
                self.delete(item);
            }
            What::Edit { text: new, mentions } if author => {
                if let Body::Text { text, .. } = &mut item.body {
                    text.clone_from(new);
                    item.mentions = mentions.iter().map(AccountId::to_string).collect();
                    item.edited = Some(self.at);
                    item.preview = item.preview.take().filter(|preview| new.contains(&preview.url));
                }
            }
            What::React { emoji, on } if said => {
                reactions.say(self.by, emoji, *on, self.source);
            }
            What::Pin { on } if said && self.allowed => item.pinned = *on,
            What::Vote { choices } => vote(&mut item.body, choices, &by),
            What::Close if author => {
                if let Body::Poll { closed, .. } = &mut item.body {
                    *closed = true;
                }
            }
            _ => {}
        }
    }
}

/// Reactions at one message that stand: of each account, its emoji with the entry since which each is there.
#[derive(Debug, Default)]
struct Reactions(BTreeMap<AccountId, Vec<(String, Seq)>>);

impl Reactions {
    /// Takes what an account says. What stood until now and does not any more is told; so is what does not count.
    fn say(&mut self, by: AccountId, emoji: &str, on: bool, source: Seq) -> Vec<Seq> {
        let own = self.0.entry(by).or_default();
        let known = own.iter().position(|(other, _)| other == emoji);
        match known {
            Some(at) if !on => vec![own.remove(at).1, source],
            None if on && own.len() < REACTIONS_EACH => {
                own.push((emoji.to_owned(), source));
                Vec::new()
            }
            _ => vec![source],
        }
    }

    /// As they are shown: in the order in which the first of those that stand came. Where there are too many emoji, the own ones and those
    /// that most people chose.
    fn shown(self, me: AccountId) -> Vec<Reaction> {
        let mut by_emoji: BTreeMap<String, Vec<(Seq, AccountId)>> = BTreeMap::new();
        for (account, own) in self.0 {
            for (emoji, since) in own {
                by_emoji.entry(emoji).or_default().push((since, account));
            }
        }
        let mut all: Vec<_> = by_emoji.into_iter().collect();
        all.iter_mut().for_each(|(_, accounts)| accounts.sort_unstable());
        if all.len() > REACTIONS {
            all.sort_by_key(|(_, accounts)| {
                let own = accounts.iter().any(|(_, account)| *account == me);
                std::cmp::Reverse((own, accounts.len()))
            });
            all.truncate(REACTIONS);
        }
        all.sort_by_key(|(_, accounts)| accounts.first().copied());
        let plain =
            |accounts: Vec<(Seq, AccountId)>| accounts.iter().map(|(_, who)| who.to_string()).collect();
        all.into_iter().map(|(emoji, accounts)| Reaction { emoji, accounts: plain(accounts) }).collect()
    }
}

/// The chosen answers, if the poll is open and offers them.
fn chosen(body: &Body, choices: &[u32]) -> Option<Vec<usize>> {
    let Body::Poll { options, multiple, closed: false, .. } = body else { return None };
    let chosen: Option<Vec<usize>> = choices.iter().map(|choice| usize::try_from(*choice).ok()).collect();
    chosen.filter(|chosen| {
        (chosen.len() <= 1 || *multiple) && chosen.iter().all(|choice| *choice < options.len())
    })
}

/// The last vote of a member counts. One that the poll does not offer is none.
fn vote(body: &mut Body, choices: &[u32], by: &str) {
    let Some(chosen) = chosen(body, choices) else { return };
    let Body::Poll { options, .. } = body else { return };
    for (n, option) in options.iter_mut().enumerate() {
        option.accounts.retain(|account| account != by);
        if chosen.contains(&n) {
            option.accounts.push(by.to_owned());
        }
    }
}

/// Puts notes, in the order of the log, together with an item. Nothing where the item is what is left of an edit of a deleted message.
pub(crate) fn folded<'a>(
    mut item: Item,
    notes: impl Iterator<Item = &'a Noted>,
    me: AccountId,
) -> Option<Item> {
    let mut reactions = Reactions::default();
    for noted in notes {
        if !noted.is_about(&item, me) {
            continue;
        }
        match noted.part {
            Part::Whole => noted.fold(&mut item, &mut reactions),
            Part::Trace => {}
            Part::Explained => {
                let known = noted.by.to_string() == item.sender || noted.allowed;
                match item.body {
                    Body::Removed { said: false } if known => return None,
                    // An edit has no item: this was a message, and whoever calls it an edit has deleted it.
                    Body::Removed { said: true } if known => noted.delete(&mut item),
                    _ => {}
                }
            }
        }
    }
    if says(&item.body) {
        item.reactions = reactions.shown(me);
    }
    Some(item)
}

impl RoomSync {
    /// Whether an account may say this about somebody else's message, in the epoch that the log has come to.
    pub(crate) fn may_note(&self, account: AccountId, what: &What) -> bool {
        let Some(kind) = self.group.as_ref().map(|group| group.state().kind) else { return false };
        let leads = |role: Option<Role>| role >= Some(Role::Moderator);
        match (what, kind) {
            // In a room of two both have all roles, and neither deletes what the other said.
            (What::Pin { .. }, RoomKind::Direct) => true,
            (What::Pin { .. } | What::Delete { .. }, RoomKind::Group) => leads(self.role_now(account)),
            _ => false,
        }
    }

    /// Role of an account in the epoch that the log has come to: as the group has it, and before that as the steps since the founding tell.
    /// Where these are not known back to it, the role in the group at hand.
    fn role_now(&self, account: AccountId) -> Option<Role> {
        let group = self.group.as_ref()?;
        let account = account.0.into();
        let mut epoch = self.current.filter(|_| !self.anchored).and_then(|current| self.epochs.get(&current));
        // As many steps as there are epochs: what a relay makes up may turn in a circle.
        for _ in 0..self.epochs.len() {
            let Some(step) = epoch.map(|epoch| &epoch.step) else { break };
            if let Some(entry) = step.settings.roles.iter().find(|entry| entry.account == account) {
                return Some(entry.role);
            }
            let came = step.changes.iter().any(|change| change.account == account && change.before.is_none());
            match step.parent {
                None if account == step.author => return Some(Role::Owner),
                None => return Some(Role::Member),
                Some(_) if came => return Some(Role::Member),
                Some(parent) => epoch = self.epochs.get(&EpochId(parent.0)),
            }
        }
        Some(group.state().role(account))
    }

    /// Keeps a note. What comes later cannot be its target.
    pub(crate) fn put_notes(&self, session: &Session, noted: &Noted, ctx: &mut Ctx<'_>) -> Vec<StoreOp> {
        if !noted.counts() {
            return Vec::new();
        }
        let mut all = vec![noted.clone()];
        match &noted.note.what {
            What::Delete { edits } => {
                let edit = |target: &Ref| Noted {
                    note: Note { target: *target, what: What::Delete { edits: Vec::new() } },
                    part: Part::Explained,
                    ..noted.clone()
                };
                // Only who wrote a message edits it.
                let target = noted.note.target;
                let of_it = |edit: &&Ref| edit.seq > target.seq && edit.sender == target.sender;
                all.extend(edits.iter().filter(of_it).map(edit));
            }
            What::Edit { .. } => {
                let what = What::Edit { text: String::new(), mentions: Vec::new() };
                let note = Note { target: noted.note.target, what };
                all.push(Noted { note, part: Part::Trace, ..noted.clone() });
            }
            _ => {}
        }
        let mut put = Vec::new();
        // Of what has disappeared nothing is kept.
        let there = self.expiry.from..noted.source;
        for one in all.into_iter().filter(|one| there.contains(&one.note.target.seq)) {
            let target = one.note.target;
            let plain = serde_json::to_vec(&one).unwrap_or_default();
            put.extend(session.put(one.key(self.id), &plain, ctx));
            if one.part == Part::Whole && matches!(one.note.what, What::Edit { .. }) {
                put.extend(session.put(store::text_key(self.id, &target, one.source), &plain, ctx));
            }
            if matches!(one.note.what, What::Pin { .. }) {
                put.extend(session.put(store::pin_key(self.id, target.seq), b"", ctx));
            }
        }
        put
    }
}
