//! Reading messages: opened, checked, placed in their streams.

use waxwing_crypto_core::{
    ids,
    room::{LogHead, Message, MessageError},
};
use waxwing_wire::{AccountId, EntryId, EpochId, frame::LogEntry};

use super::{
    super::{
        Confirmed, Epoch, RoomSync,
        duties::MESSAGES,
        notes::{Noted, Part},
        streams::Place,
    },
    Batch, LATEST_MS, item, warning,
};
use crate::{
    api::{Body, Item, Sending},
    content::{Content, PROFILE_KIND},
    ctx::Ctx,
    session::Session,
};

/// Key of a message's item. Ids are chosen by authors: only together with the author do they name one message.
pub(super) fn key(entry: &LogEntry, own: bool) -> String {
    if own { entry.id.to_string() } else { format!("{}.{}", entry.sender, entry.id) }
}

impl RoomSync {
    /// Items of a message.
    pub(super) fn message_entry(
        &mut self,
        session: &Session,
        entry: &LogEntry,
        batch: &mut Batch,
        ctx: &mut Ctx<'_>,
    ) -> Vec<Item> {
        let warn = |code| vec![item(entry, 0, session.account, entry.sender, warning(code))];
        // Before our own joining the room may keep its history to itself; after it, that is a fault.
        let Some(current) = self.current else {
            return if self.anchored { warn("unreadable") } else { Vec::new() };
        };
        // Only the epoch that the log is in counts here: otherwise whoever was removed could go on speaking in an older one.
        let claimed = Message::epoch_of(entry.bytes.as_bytes()).map(|epoch| EpochId(epoch.0));
        if claimed != Some(current) {
            let known = claimed.is_some_and(|epoch| self.epochs.contains_key(&epoch));
            // Where the room came to is not known yet: we were a member there, and miss a key.
            return if self.anchored || known { warn("forged") } else { warn("unreadable") };
        }
        let Some(Epoch { keys, roster, .. }) = self.epochs.get(&current) else { return warn("unreadable") };
        let (sender, id) = (ids::AccountId(entry.sender.0), ids::MessageId(entry.id.0));
        let message = match Message::open(keys, roster, sender, id, entry.bytes.as_bytes()) {
            Ok(message) => message,
            Err(MessageError::Unreadable) => return warn("unreadable"),
            Err(MessageError::Forged) => return warn("forged"),
        };
        let stream = EntryId(message.metadata.stream.0);
        let place = self.streams.note(entry.sender, stream, message.metadata.position, self.whole);
        if place == Place::Replay {
            return warn("replay");
        }
        if entry.sender == session.account {
            // What an earlier key signed proves nothing any more: it may be the thief's.
            let current = roster.get(&sender) == Some(&session.identity().public());
            let version = if current { message.metadata.account_version } else { 0 };
            batch.account_version = batch.account_version.max(version);
            // The last of so many under one key.
            let since = entry.seq.saturating_sub(self.after);
            self.refresh_due |= stream == self.stream && since >= MESSAGES && since.is_multiple_of(MESSAGES);
            self.outbox.retain(|unsent| unsent.id != entry.id);
            batch.ops.push(self.delete_unsent(entry.id));
        }
        let mut items = self.content_items(session, entry, &message, batch, ctx);
        let newest = entry.sender == session.account && entry.seq >= self.remote_seq;
        let renames = newest && message.metadata.kind == PROFILE_KIND;
        if renames && self.names.get(&entry.sender) != Some(&session.display_name) {
            // Another session has another name for this account, and has stored it: no answering back.
            self.announced = Some(session.display_name.clone());
            batch.renamed = true;
        }
        let seen = self.compare(&message.metadata.seen);
        let at_ms = message.metadata.sent_at_ms.min(ctx.now_ms);
        self.confirm(session, entry.sender, seen, at_ms, message.metadata.seen.seq);
        let faults =
            [(place == Place::Gap, "gap"), (place == Place::Late, "late"), (seen == Seen::Differs, "fork")];
        for code in faults.into_iter().filter_map(|(holds, code)| holds.then_some(code)) {
            items.push(item(
                entry,
                items.len().saturating_add(1),
                session.account,
                entry.sender,
                warning(code),
            ));
        }
        items
    }

    /// Another member has signed that they saw the log up to `seq` as we did: the newest such word is shown, because a relay that freezes
    /// us in the past cannot make one up.
    fn confirm(&mut self, session: &Session, who: AccountId, seen: Seen, at_ms: u64, seq: u64) {
        let newer = self.confirmed.as_ref().is_none_or(|known| seq >= known.seq);
        if who != session.account && seen == Seen::Same && newer {
            self.confirmed = Some(Confirmed { account: who, at_ms, seq });
        }
    }

    fn content_items(
        &mut self,
        session: &Session,
        entry: &LogEntry,
        message: &Message,
        batch: &mut Batch,
        ctx: &mut Ctx<'_>,
    ) -> Vec<Item> {
        let (me, own) = (session.account, entry.sender == session.account);
        let place = (key(entry, own), Some(entry.seq));
        // Where messages disappear, nobody keeps theirs by dating it ahead.
        let latest = if self.forgets() { entry.received_at_ms.min(LATEST_MS) } else { LATEST_MS };
        let at = message.metadata.sent_at_ms.min(latest);
        let plain = |body| Item::plain(place, at, (entry.sender.to_string(), own), body);
        match Content::decode(message.metadata.kind, &message.body) {
            Some(Content::Text(text)) => vec![text.item(me, Sending::Sent, plain)],
            Some(Content::Poll(poll)) => vec![plain(poll.body(Sending::Sent))],
            Some(Content::Note(note)) => {
                let allowed = self.may_note(entry.sender, &note.what);
                let (by, id, source) = (entry.sender, entry.id, entry.seq);
                let noted = Noted { by, id, source, at, note, allowed, part: Part::Whole };
                let put = self.put_notes(session, &noted, ctx);
                if !put.is_empty() {
                    batch.touched.extend(noted.note.targets());
                }
                batch.ops.extend(put);
                Vec::new()
            }
            Some(Content::Profile(name)) => {
                let name: String = name.chars().take(waxwing_wire::limits::NAME_CHARS).collect();
                let before = self.names.insert(entry.sender, name.clone());
                // The first name that somebody tells is no news.
                let before =
                    before.filter(|before| !before.is_empty() && *before != name && !name.is_empty());
                let named = before.map(|before| Body::Named { before, name });
                named.map(|body| item(entry, 0, session.account, entry.sender, body)).into_iter().collect()
            }
            Some(Content::Unknown) => Vec::new(),
            None => vec![item(entry, 0, session.account, entry.sender, warning("unreadable"))],
        }
    }

    /// Compares the log that an author had seen with ours, as far as we remember it.
    ///
    /// Nobody has seen more before an entry than stands before it: a higher number means that something was withheld from us.
    pub(super) fn compare(&self, seen: &LogHead) -> Seen {
        if seen.seq > self.head.seq {
            return Seen::Differs;
        }
        match self.heads.iter().rev().find(|head| head.seq == seen.seq) {
            None => Seen::TooOld,
            Some(head) if head == seen => Seen::Same,
            Some(_) => Seen::Differs,
        }
    }
}

/// What an author had seen of the log, compared with what we see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Seen {
    Same,
    Differs,
    /// Longer ago than we remember.
    TooOld,
}
