//! Sending messages: kept on the device first, sealed when the room is current, gone from here when read back from the log.

use waxwing_crypto_core::{
    ids,
    room::{Message, Metadata},
};
use waxwing_wire::{
    EntryId, RoomId,
    frame::{Append, Request, Response},
    limits::{MESSAGE_BYTES, NAME_CHARS},
    problem::{Problem, ProblemCode},
};

use zeroize::Zeroizing;

use super::{OutItem, RoomSync};
use crate::{
    account_data::PROFILE,
    api::{Failure, Item, Notice, Reply, Sending},
    content::Content,
    ctx::{Ctx, failure},
    machine::{Client, Then},
    session::Session,
};

/// What is shown at a message that was written before the account was taken out of the room.
const NOT_SENT: &str =
    "You are no longer a member of this room, so this was not sent. Copy it if you still need it.";

impl OutItem {
    /// The timeline item; nothing for what a timeline does not show by itself. Where the account is no member any more, nothing is on its
    /// way: it is not given up, because the account may be brought in again.
    pub(super) fn item(&self, session: &Session, gone: bool) -> Option<Item> {
        let state = match &self.state {
            Sending::Waiting if gone => Sending::Failed { message: NOT_SENT.to_owned() },
            state => state.clone(),
        };
        let place = (self.id.to_string(), None);
        let from = (session.account.to_string(), true);
        let plain = |body| Item::plain(place, self.at_ms, from, body);
        match Content::decode(self.kind, &self.body)? {
            Content::Text(text) => {
                let mut item = text.item(session.account, state, plain);
                if let (Some(reply), Some(quoted)) = (&mut item.reply, &self.quoted) {
                    reply.text.clone_from(quoted);
                }
                Some(item)
            }
            Content::Poll(poll) => Some(plain(poll.body(state))),
            _ => None,
        }
    }
}

impl RoomSync {
    /// Items that are only on this device.
    pub(crate) fn unsent_items(&self, session: &Session) -> Vec<Item> {
        self.outbox.iter().filter_map(|unsent| unsent.item(session, self.gone)).collect()
    }

    fn queue(&mut self, content: &Content, ctx: &mut Ctx<'_>) -> OutItem {
        let (kind, body) = content.encode();
        let item = OutItem {
            id: EntryId(ids::MessageId::random(ctx.rng).0),
            // Strictly after the one before: what is written within one millisecond keeps its order while it waits.
            at_ms: self.outbox.last().map_or(ctx.now_ms, |last| ctx.now_ms.max(last.at_ms.saturating_add(1))),
            kind,
            body,
            state: Sending::Waiting,
            position: None,
            quoted: None,
        };
        self.outbox.push(item.clone());
        item
    }

    /// The place in the own stream of what is sealed next. Messages go out one at a time, and only when all is read: whatever was sent
    /// before, is in the log. So what is given up leaves no gap, and what is sealed again keeps its place. What the relay has
    /// taken and does not give back keeps its place too: used twice, it would make others refuse the second message.
    fn next_position(&self, session: &Session) -> u64 {
        let sent = self.outbox.iter().filter(|item| item.state == Sending::Sent);
        let taken = sent.filter_map(|item| item.position).max().map_or(0, |last| last.saturating_add(1));
        self.streams.next(session.account, self.stream).max(taken)
    }

    /// Begins another stream, and the device has it before it has anything of what follows.
    pub(crate) fn draw_stream(&mut self, session: &Session, ctx: &mut Ctx<'_>) {
        self.stream = EntryId(ids::MessageId::random(ctx.rng).0);
        self.stream_kept = false;
        // Places in another stream.
        self.outbox.iter_mut().for_each(|item| item.position = None);
        ctx.persist_with(|ctx| self.put_stream(session, ctx));
        self.stream_kept = true;
    }

    /// A stream of which nothing is known here may have been used all the same, where it was given up among too many. Going on in it from the
    /// beginning would make others refuse what is said.
    fn know_stream(&mut self, session: &Session, ctx: &mut Ctx<'_>) {
        let used = self.outbox.iter().any(|item| item.position.is_some());
        if self.stream_kept && !used && !self.streams.knows(session.account, self.stream) {
            self.draw_stream(session, ctx);
        }
    }

    fn seal(&self, item: &OutItem, position: u64, session: &Session, ctx: &mut Ctx<'_>) -> Option<Vec<u8>> {
        let metadata = Metadata {
            sender: session.id(),
            id: ids::MessageId(item.id.0),
            stream: ids::MessageId(self.stream.0),
            position,
            seen: self.head,
            sent_at_ms: item.at_ms,
            kind: item.kind,
            account_version: session.account_version(),
        };
        let message = Message { metadata, body: item.body.clone() };
        let group = self.group.as_ref()?;
        message.seal(group.keys(), session.key_in(group)?, ctx.rng).ok()
    }
}

impl Client {
    /// Keeps something for sending and shows it.
    pub(super) fn enqueue(&mut self, room: RoomId, content: &Content, ctx: &mut Ctx<'_>) {
        let (Some(sync), Some(session)) = (self.rooms.get_mut(&room), &self.session) else { return };
        let unsent = sync.queue(content, ctx);
        ctx.persist_with(|ctx| sync.put_unsent(&unsent, session, ctx));
        self.tell_unsent(room, unsent.id, ctx);
    }

    /// The account wants to be called something else, here and in every room.
    pub(crate) fn set_display_name(
        &mut self,
        intent: u64,
        name: &str,
        ctx: &mut Ctx<'_>,
    ) -> Result<(), Failure> {
        let Some(session) = self.session.as_mut() else { return Ok(()) };
        let name = match name.trim() {
            "" => session.username.clone(),
            name => name.to_owned(),
        };
        if name.chars().count() > NAME_CHARS {
            return Err(failure("name_too_long", &format!("A name has at most {NAME_CHARS} characters.")));
        }
        session.display_name.clone_from(&name);
        ctx.persist_with(|ctx| session.keep(ctx));
        ctx.notify(Notice::Session { me: Some(session.me()), reason: None });
        // Rooms hear of it once it is stored: other sessions of the account look there when they see it.
        self.save(PROFILE, Zeroizing::new(name.into_bytes()), ctx);
        ctx.reply(intent, Ok(Reply::Done));
        Ok(())
    }

    /// Tells a room how this account wants to be called, once it may speak and whenever that changed.
    pub(crate) fn announce(&mut self, room: RoomId, ctx: &mut Ctx<'_>) {
        if self.wanted(room).is_err() {
            return;
        }
        let (Some(sync), Some(session)) = (self.rooms.get(&room), &self.session) else { return };
        let profile = Content::Profile(session.display_name.clone());
        let (kind, body) = profile.encode();
        // Once in a session: another session that knows another name would answer back without end.
        let told = sync.names.get(&session.account) == Some(&session.display_name)
            || sync.announced.as_ref() == Some(&session.display_name);
        let queued = sync.outbox.iter().any(|item| item.kind == kind && item.body == body);
        if sync.is_current() && !told && !queued {
            let name = session.display_name.clone();
            self.enqueue(room, &profile, ctx);
            if let Some(sync) = self.rooms.get_mut(&room) {
                sync.announced = Some(name);
            }
        }
    }

    /// Seals and sends the next message that waits. One at a time: were several under way, a refusal of one (stale, busy) would let
    /// the later ones overtake it. A room that is behind, or about to change its epoch, waits.
    pub(crate) fn flush(&mut self, room: RoomId, ctx: &mut Ctx<'_>) {
        // What was written before somebody was blocked, or changed, waits.
        if self.blocked(room, ctx.now_ms).is_some() || self.wanted(room).is_err() {
            return;
        }
        let (Some(sync), Some(session)) = (self.rooms.get_mut(&room), &self.session) else { return };
        if !sync.is_current() || sync.own_commit.is_some() || sync.in_flight.is_some() {
            return;
        }
        if !sync.outbox.iter().any(|item| item.state == Sending::Waiting) {
            return;
        }
        sync.know_stream(session, ctx);
        let Some(item) = sync.outbox.iter().find(|item| item.state == Sending::Waiting) else { return };
        let (id, position) = (item.id, sync.next_position(session));
        // Without it newcomers would not know what their fellow members are called.
        let lasting = item.kind == crate::content::PROFILE_KIND;
        let sealed = sync.seal(item, position, session, ctx);
        if let Some(item) = sync.outbox.iter_mut().find(|item| item.id == id) {
            item.position = Some(position);
        }
        ctx.persist_with(|ctx| sync.put_stream(session, ctx));
        sync.stream_kept = true;
        let Some(bytes) = sealed.filter(|bytes| bytes.len() <= MESSAGE_BYTES) else {
            let message = "This message is too long to be sent.".to_owned();
            return self.set_state(room, id, Sending::Failed { message }, ctx);
        };
        sync.in_flight = Some(id);
        let append = Append { room, after: sync.after, id, bytes: bytes.into(), lasting };
        self.ask(Request::Append(append), Then::Appended { room, message: id }, ctx);
    }

    pub(crate) fn appended(
        &mut self,
        room: RoomId,
        message: EntryId,
        result: Result<Response, Problem>,
        ctx: &mut Ctx<'_>,
    ) {
        let Some(sync) = self.rooms.get_mut(&room) else { return };
        sync.in_flight.take_if(|under_way| *under_way == message);
        match result {
            Ok(Response::Appended { seq }) => {
                sync.remote_seq = sync.remote_seq.max(seq);
                self.set_state(room, message, Sending::Sent, ctx);
                self.advance(room, ctx);
            }
            Ok(_) => {}
            Err(problem) => match problem.code {
                ProblemCode::Stale if problem.last_commit.is_some_and(|last| last > sync.after) => {
                    sync.remote_seq = sync.remote_seq.max(problem.last_commit.unwrap_or(0));
                    self.advance(room, ctx);
                }
                // Stale without anything new to read: asking again at once would only turn in a circle.
                ProblemCode::Stale => self.later(ctx),
                _ => self.set_state(room, message, Sending::Failed { message: problem.detail }, ctx),
            },
        }
    }

    fn set_state(&mut self, room: RoomId, message: EntryId, state: Sending, ctx: &mut Ctx<'_>) {
        let (Some(sync), Some(session)) = (self.rooms.get_mut(&room), &self.session) else { return };
        let Some(place) = sync.outbox.iter().position(|item| item.id == message) else { return };
        let Some(item) = sync.outbox.get_mut(place) else { return };
        let note = item.note().filter(|_| matches!(state, Sending::Failed { .. }));
        if let Some(note) = note {
            // It has no line of its own where it could be tried again: the message it is about shows as it is.
            sync.outbox.remove(place);
            ctx.persist([sync.delete_unsent(message)]);
            return self.tell_again(room, note.targets().into_iter().collect(), Vec::new(), ctx);
        }
        item.state = state;
        let item = item.clone();
        ctx.persist_with(|ctx| sync.put_unsent(&item, session, ctx));
        if item.note().is_none() {
            self.tell_unsent(room, message, ctx);
        }
    }

    /// Whether the account is a member has changed: what waits shows in another way.
    pub(super) fn show_unsent(&mut self, room: RoomId, ctx: &mut Ctx<'_>) {
        let outbox = self.rooms.get(&room).map(|sync| sync.outbox.as_slice()).unwrap_or_default();
        let waiting: Vec<EntryId> =
            outbox.iter().filter(|item| item.state == Sending::Waiting).map(|item| item.id).collect();
        for id in waiting {
            self.tell_unsent(room, id, ctx);
        }
    }

    fn failed_item(&self, room: &str, key: &str) -> Result<(RoomId, EntryId), Failure> {
        let room = self.room_id(room)?;
        let known = self.rooms.get(&room).and_then(|sync| {
            let decided = |item: &&OutItem| sync.gone || matches!(item.state, Sending::Failed { .. });
            sync.outbox.iter().filter(decided).find(|item| item.id.to_string() == key)
        });
        let item =
            known.ok_or_else(|| failure("wrong_step", "This message is not waiting for a decision."))?;
        Ok((room, item.id))
    }

    pub(crate) fn retry(&mut self, room: &str, key: &str, ctx: &mut Ctx<'_>) -> Result<(), Failure> {
        let (room, id) = self.failed_item(room, key)?;
        if self.rooms.get(&room).is_some_and(|sync| sync.gone) {
            return Err(failure("no_such_room", "You are no longer a member of this room."));
        }
        self.set_state(room, id, Sending::Waiting, ctx);
        self.advance(room, ctx);
        Ok(())
    }

    pub(crate) fn discard(&mut self, room: &str, key: &str, ctx: &mut Ctx<'_>) -> Result<(), Failure> {
        let (room, id) = self.failed_item(room, key)?;
        if let Some(sync) = self.rooms.get_mut(&room) {
            sync.outbox.retain(|item| item.id != id);
            ctx.persist([sync.delete_unsent(id)]);
            ctx.notify(Notice::ItemGone { room: room.to_string(), key: key.to_owned() });
            self.show_room(room, ctx);
        }
        Ok(())
    }
}
