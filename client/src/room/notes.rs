//! What is said about messages later: edits, deletion, reactions, pins, votes. Each is kept beside its message, and put together with it
//! when that is read: nothing is read to be written.

use serde::{Deserialize, Serialize};
use waxwing_crypto_core::room::{Role, RoomKind};
use waxwing_wire::{AccountId, EntryId, EpochId};

use super::{RoomSync, store};
use crate::{
    api::{Body, Item, Reaction},
    content::{Note, Ref, What},
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
    /// Id of the entry that says it.
    pub(crate) id: EntryId,
    /// When it was written, as its author says.
    pub(crate) at: u64,
    pub(crate) note: Note,
    /// Its author had the role for it, when it is about somebody else's message.
    pub(crate) allowed: bool,
    /// The target is not what is deleted, but an edit of that: what is left of it needs no place of its own.
    pub(crate) explained: bool,
}

impl Noted {
    fn is_about(&self, item: &Item, me: AccountId) -> bool {
        item.seq == Some(self.note.target.seq) && item.key == self.note.target.key(me)
    }

    /// An edit's text is to go when the message is deleted.
    pub(crate) fn is_edit(&self) -> bool {
        matches!(self.note.what, What::Edit { .. })
    }

    pub(crate) fn deletes(&self) -> bool {
        matches!(self.note.what, What::Delete { .. })
    }

    /// It is a deletion that goes for the edit of this number, too.
    pub(crate) fn names(&self, edit: u64) -> bool {
        matches!(&self.note.what, What::Delete { edits } if edits.iter().any(|one| one.seq == edit))
    }

    /// Puts it together with its message; notes come in the order of the log.
    fn fold(&self, item: &mut Item) {
        let (by, author) = (self.by.to_string(), self.by.to_string() == item.sender);
        let said = matches!(item.body, Body::Text { .. } | Body::Poll { .. });
        match &self.note.what {
            What::Delete { .. }
                if (author || self.allowed) && (said || matches!(item.body, Body::Removed)) =>
            {
                let (place, from) = ((item.key.clone(), item.seq), (item.sender.clone(), item.own));
                *item = Item::plain(place, item.at, from, Body::Deleted { by });
            }
            What::Edit { text: new, mentions } if author => {
                if let Body::Text { text, .. } = &mut item.body {
                    text.clone_from(new);
                    item.mentions = mentions.iter().map(AccountId::to_string).collect();
                    item.edited = Some(self.at);
                    item.preview = item.preview.take().filter(|preview| new.contains(&preview.url));
                }
            }
            What::React { emoji, on } if said => react(&mut item.reactions, emoji, by, *on),
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

fn react(reactions: &mut Vec<Reaction>, emoji: &str, by: String, on: bool) {
    let room = reactions.len() < REACTIONS;
    match reactions.iter_mut().find(|known| known.emoji == emoji) {
        Some(known) => {
            known.accounts.retain(|account| *account != by || on);
            if on && !known.accounts.contains(&by) {
                known.accounts.push(by);
            }
        }
        None if on && room => reactions.push(Reaction { emoji: emoji.to_owned(), accounts: vec![by] }),
        None => {}
    }
    reactions.retain(|known| !known.accounts.is_empty());
}

/// The last vote of a member counts. One that the poll does not offer is none.
fn vote(body: &mut Body, choices: &[u32], by: &str) {
    let Body::Poll { options, multiple, closed: false, .. } = body else { return };
    let chosen: Option<Vec<usize>> = choices.iter().map(|choice| usize::try_from(*choice).ok()).collect();
    let offered = chosen.filter(|chosen| {
        (chosen.len() <= 1 || *multiple) && chosen.iter().all(|choice| *choice < options.len())
    });
    let Some(chosen) = offered else { return };
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
    for noted in notes {
        if !noted.is_about(&item, me) {
            continue;
        }
        if noted.explained {
            let known = noted.by.to_string() == item.sender || noted.allowed;
            if known && matches!(item.body, Body::Removed) {
                return None;
            }
        } else {
            noted.fold(&mut item);
        }
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

    /// Keeps a note that the entry `source` says. What comes later cannot be its target.
    pub(crate) fn put_notes(
        &self,
        session: &Session,
        source: u64,
        noted: &Noted,
        ctx: &mut Ctx<'_>,
    ) -> Vec<StoreOp> {
        let mut all = vec![noted.clone()];
        if let What::Delete { edits } = &noted.note.what {
            let edit = |target: &Ref| Noted {
                note: Note { target: *target, what: What::Delete { edits: Vec::new() } },
                explained: true,
                ..noted.clone()
            };
            all.extend(edits.iter().filter(|edit| edit.seq != noted.note.target.seq).map(edit));
        }
        let pins = matches!(noted.note.what, What::Pin { .. }) && noted.allowed;
        let mut put = Vec::new();
        // Of what has disappeared nothing is kept.
        let there = self.expiry.from..source;
        for one in all.into_iter().filter(|one| there.contains(&one.note.target.seq)) {
            let target = one.note.target.seq;
            let plain = serde_json::to_vec(&one).unwrap_or_default();
            put.extend(session.put(store::note_key(self.id, target, source), &plain, ctx));
            if pins {
                put.extend(session.put(store::pin_key(self.id, target), b"", ctx));
            }
        }
        put
    }
}
