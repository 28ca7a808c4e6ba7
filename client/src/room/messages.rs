//! What the person says, and says about messages: checked here, kept in the outbox, sent when the room is current.

use std::collections::BTreeSet;

use waxwing_wire::{
    AccountId, EntryId, RoomId, Seq,
    frame::{Request, Response},
    limits::ERASED_ENTRIES,
    problem::Problem,
};

use super::{
    OutItem, RoomSync,
    notes::{Noted, Part},
    reading::{For, Reading, settle::Read},
};
use crate::{
    api::{Body, Failure, Intent, Item, Notice, Reaction, Reply, Target, Version},
    content::{Content, EDITS, MENTIONS, Note, Poll, REACTIONS_EACH, Ref, Text, What, is_emoji, is_preview},
    ctx::{Ctx, failure},
    machine::{Client, Then},
    session::Session,
};

/// Accounts that are mentioned, each once.
fn mentioned(accounts: &[String]) -> Result<Vec<AccountId>, Failure> {
    let parse =
        |text: &String| text.parse().map_err(|_| failure("no_such_account", "There is no such account."));
    let all: BTreeSet<AccountId> = accounts.iter().map(parse).collect::<Result<_, _>>()?;
    if all.len() > MENTIONS {
        return Err(failure("too_long", "A message mentions at most 64 people."));
    }
    Ok(all.into_iter().collect())
}

fn no_such_message() -> Failure {
    failure("no_such_message", "This message is not there any more, or not sent yet.")
}

fn not_allowed(text: &str) -> Failure {
    failure("not_allowed", text)
}

impl OutItem {
    /// What is said about another message.
    pub(super) fn note(&self) -> Option<Note> {
        match Content::decode(self.kind, &self.body) {
            Some(Content::Note(note)) => Some(note),
            _ => None,
        }
    }

    /// Place of the message that this answers, unless it was looked up.
    pub(super) fn answers(&self) -> Option<Seq> {
        match Content::decode(self.kind, &self.body) {
            Some(Content::Text(text)) if self.quoted.is_none() => Some(text.reply?.seq),
            _ => None,
        }
    }
}

impl RoomSync {
    /// What this device says about messages and is not in the log yet.
    pub(super) fn pending_notes(&self, me: AccountId) -> Vec<Noted> {
        let noted = |item: &OutItem| {
            let (id, at) = (item.id, item.at_ms);
            let (note, source) = (item.note()?, Seq::MAX);
            Some(Noted { by: me, id, source, at, note, allowed: true, part: Part::Whole })
        };
        self.outbox.iter().filter_map(noted).collect()
    }

    /// Unsent messages with what they answer, which is remembered.
    pub(super) fn quoted(&mut self, unsent: &[EntryId], read: &Read, session: &Session) -> Vec<Item> {
        let mut items = Vec::new();
        let gone = self.gone;
        for out in self.outbox.iter_mut().filter(|out| unsent.contains(&out.id)) {
            let item = out.item(session, gone).map(|item| read.quoting(item));
            out.quoted = item.as_ref().and_then(|item| Some(item.reply.as_ref()?.text.clone()));
            items.extend(item);
        }
        items
    }
}

impl Client {
    /// A room in which this account may speak now.
    fn speaking(&self, room: &str, ctx: &Ctx<'_>) -> Result<RoomId, Failure> {
        let room = self.room_id(room)?;
        if let Some(trouble) = self.rooms.get(&room).and_then(RoomSync::complaint) {
            return Err(failure("no_such_room", &trouble));
        }
        self.wanted(room)?;
        self.blocked(room, ctx.now_ms).map_or(Ok(room), Err)
    }

    /// The message that is meant.
    fn target(&self, room: RoomId, target: &Target) -> Result<Ref, Failure> {
        let me = self.session.as_ref().map(|session| session.account);
        let known = self.rooms.get(&room).is_some_and(|sync| (1..=sync.head.seq).contains(&target.seq));
        me.and_then(|me| Ref::of(target, me)).filter(|_| known).ok_or_else(no_such_message)
    }

    /// Intents that say something: answered as soon as that is kept on this device.
    pub(crate) fn say(&mut self, id: u64, intent: Intent, ctx: &mut Ctx<'_>) {
        let done = match intent {
            Intent::Send { room, text, reply, mentions, preview } => {
                self.compose(&room, (text, reply, preview), &mentions, ctx)
            }
            Intent::SendPoll { room, question, options, multiple } => {
                self.ask_room(&room, Poll { question, options, multiple }, ctx)
            }
            Intent::Edit { room, target, text, mentions } => {
                let what = Self::check_text(&text).and_then(|()| mentioned(&mentions));
                what.and_then(|mentions| self.note(&room, &target, What::Edit { text, mentions }, ctx))
            }
            Intent::Pin { room, target, on } => self.note(&room, &target, What::Pin { on }, ctx),
            Intent::Vote { room, target, mut choices } => {
                choices.sort_unstable();
                choices.dedup();
                self.note(&room, &target, What::Vote { choices }, ctx)
            }
            Intent::ClosePoll { room, target } => self.note(&room, &target, What::Close, ctx),
            _ => Err(failure("wrong_step", "This cannot be done yet.")),
        };
        ctx.reply(id, done.map(|()| Reply::Done));
    }

    /// Intents for which messages are read first.
    pub(crate) fn look_up(&mut self, id: u64, intent: Intent, ctx: &mut Ctx<'_>) {
        let begun = match intent {
            Intent::Timeline { room, page, limit } => {
                self.timeline(id, &room, page, limit, ctx);
                Ok(())
            }
            Intent::Pinned { room } => self.room_id(&room).map(|room| self.read_pins(id, room, ctx)),
            Intent::EditHistory { room, target } => self.room_id(&room).and_then(|room| {
                let target = self.target(room, &target)?;
                self.read_history(room, id, target, ctx);
                Ok(())
            }),
            Intent::Forward { room, target, to } => self.forward(id, (&room, &target), &to, ctx),
            Intent::Delete { room, target } => self.delete(id, &room, &target, ctx),
            Intent::React { room, target, emoji, on } => self.react(id, (&room, &target), (emoji, on), ctx),
            _ => Err(failure("wrong_step", "This cannot be done yet.")),
        };
        if let Err(failure) = begun {
            ctx.reply(id, Err(failure));
        }
    }

    /// Keeps a text for sending and shows it.
    fn compose(
        &mut self,
        room: &str,
        (text, reply, preview): (String, Option<Target>, Option<crate::api::Preview>),
        mentions: &[String],
        ctx: &mut Ctx<'_>,
    ) -> Result<(), Failure> {
        Self::check_text(&text)?;
        let room = self.speaking(room, ctx)?;
        let reply = reply.map(|reply| self.target(room, &reply)).transpose()?;
        if preview.as_ref().is_some_and(|preview| !is_preview(preview)) {
            return Err(failure(
                "too_long",
                "This preview cannot be sent: it is too long, or leads to no web page.",
            ));
        }
        let text = Text { text, reply, mentions: mentioned(mentions)?, forwarded: false, preview };
        self.enqueue(room, &Content::Text(text), ctx);
        self.draft(room, ("", true), ctx);
        self.advance(room, ctx);
        Ok(())
    }

    fn ask_room(&mut self, room: &str, poll: Poll, ctx: &mut Ctx<'_>) -> Result<(), Failure> {
        if !poll.is_valid() {
            return Err(failure(
                "bad_poll",
                "A poll has a question of at most 1000 bytes and 2 to 12 different answers of at most 300.",
            ));
        }
        let room = self.speaking(room, ctx)?;
        self.enqueue(room, &Content::Poll(poll), ctx);
        self.advance(room, ctx);
        Ok(())
    }

    /// Says something about a message, if it can have an effect.
    fn note(&mut self, room: &str, target: &Target, what: What, ctx: &mut Ctx<'_>) -> Result<(), Failure> {
        let room = self.speaking(room, ctx)?;
        let target = self.target(room, target)?;
        let me = self.session.as_ref().map(|session| session.account).ok_or_else(no_such_message)?;
        let own = target.sender == me;
        let leads = self.rooms.get(&room).is_some_and(|sync| sync.may_note(me, &what));
        match &what {
            What::Edit { .. } if !own => return Err(not_allowed("Only who wrote a message can edit it.")),
            What::Close if !own => return Err(not_allowed("Only who asked can end a poll.")),
            What::Pin { .. } if !leads => {
                return Err(not_allowed("Only moderators and owners of this room pin messages."));
            }
            What::Delete { .. } if !own && !leads => {
                return Err(not_allowed("Only its author, moderators and owners delete a message."));
            }
            What::React { emoji, .. } if !is_emoji(emoji) => {
                return Err(failure("bad_emoji", "A reaction is one emoji."));
            }
            _ => {}
        }
        self.enqueue(room, &Content::Note(Note { target, what }), ctx);
        self.advance(room, ctx);
        Ok(())
    }

    /// Which edits a message has is looked up first: they go with it.
    fn delete(&mut self, intent: u64, room: &str, target: &Target, ctx: &mut Ctx<'_>) -> Result<(), Failure> {
        let room = self.speaking(room, ctx)?;
        let target = self.target(room, target)?;
        self.read_one(room, For::Delete { intent, target }, target.seq, ctx);
        Ok(())
    }

    pub(super) fn delete_read(
        &mut self,
        intent: u64,
        (room, target): (RoomId, Ref),
        edits: Vec<Ref>,
        ctx: &mut Ctx<'_>,
    ) {
        let me = self.session.as_ref().map_or(target.sender, |session| session.account);
        let named = Target { key: target.key(me), seq: target.seq };
        let done = self.note(&room.to_string(), &named, What::Delete { edits }, ctx);
        ctx.reply(intent, done.map(|()| Reply::Done));
    }

    /// How many reactions this account has there is looked up first.
    fn react(
        &mut self,
        intent: u64,
        (room, target): (&str, &Target),
        (emoji, on): (String, bool),
        ctx: &mut Ctx<'_>,
    ) -> Result<(), Failure> {
        let room = self.speaking(room, ctx)?;
        let target = self.target(room, target)?;
        self.read_one(room, For::React { intent, target, emoji, on }, target.seq, ctx);
        Ok(())
    }

    pub(super) fn react_read(
        &mut self,
        intent: u64,
        (room, target): (RoomId, Ref),
        (emoji, on): (String, bool),
        item: Option<&Item>,
        ctx: &mut Ctx<'_>,
    ) {
        let me = self.session.as_ref().map_or(target.sender, |session| session.account);
        let name = me.to_string();
        let own = |reaction: &&Reaction| reaction.accounts.contains(&name);
        let has: Vec<&Reaction> = item.iter().flat_map(|item| &item.reactions).filter(own).collect();
        let done = match on && has.len() >= REACTIONS_EACH && has.iter().all(|one| one.emoji != emoji) {
            true => Err(failure(
                "too_many_reactions",
                "You have 8 reactions at this message already. Take one away first.",
            )),
            false => {
                let named = Target { key: target.key(me), seq: target.seq };
                self.note(&room.to_string(), &named, What::React { emoji, on }, ctx)
            }
        };
        ctx.reply(intent, done.map(|()| Reply::Done));
    }

    /// A deletion goes for an edit, too, that it did not know of.
    pub(super) fn say_deleted(&mut self, room: RoomId, target: Ref, edit: Ref, ctx: &mut Ctx<'_>) {
        let what = What::Delete { edits: vec![edit] };
        self.enqueue(room, &Content::Note(Note { target, what }), ctx);
    }

    fn forward(
        &mut self,
        intent: u64,
        (room, target): (&str, &Target),
        to: &str,
        ctx: &mut Ctx<'_>,
    ) -> Result<(), Failure> {
        let (room, to) = (self.room_id(room)?, self.speaking(to, ctx)?);
        let target = self.target(room, target)?;
        self.read_one(room, For::Forward { intent, target, to }, target.seq, ctx);
        Ok(())
    }

    pub(super) fn forward_read(&mut self, intent: u64, item: Option<Item>, to: RoomId, ctx: &mut Ctx<'_>) {
        let Some(Item { body: Body::Text { text, .. }, preview, .. }) = item else {
            return ctx.reply(intent, Err(no_such_message()));
        };
        let done = self.speaking(&to.to_string(), ctx).map(|to| {
            let text = Text { text, forwarded: true, preview, ..Text::default() };
            self.enqueue(to, &Content::Text(text), ctx);
            self.advance(to, ctx);
            Reply::Done
        });
        ctx.reply(intent, done);
    }

    /// Shows a message that is still on its way, or the message that it is about.
    pub(super) fn tell_unsent(&mut self, room: RoomId, id: EntryId, ctx: &mut Ctx<'_>) {
        let (Some(sync), Some(session)) = (self.rooms.get(&room), &self.session) else { return };
        let Some(out) = sync.outbox.iter().find(|out| out.id == id) else { return };
        if let Some(note) = out.note() {
            let places = note.targets().into_iter().collect();
            return self.tell_again(room, places, Vec::new(), ctx);
        }
        if out.answers().is_some() {
            self.tell_again(room, BTreeSet::new(), vec![id], ctx);
        } else if let Some(item) = out.item(session, sync.gone) {
            ctx.notify(Notice::Items { room: room.to_string(), items: vec![item] });
        } else {
            return;
        }
        self.show_room(room, ctx);
    }

    /// Asks the relay to erase what this account deleted.
    pub(super) fn erase(&mut self, room: RoomId, ctx: &mut Ctx<'_>) {
        let Some(sync) = self.rooms.get_mut(&room) else { return };
        let seqs: Vec<Seq> = sync.erase.iter().take(ERASED_ENTRIES).copied().collect();
        if seqs.is_empty() || std::mem::replace(&mut sync.erasing, true) {
            return;
        }
        self.ask(Request::Erase { room, seqs: seqs.clone() }, Then::Erased { room, seqs }, ctx);
    }

    /// The relay has erased, or will not: asking again would not change its mind.
    pub(crate) fn erased(
        &mut self,
        room: RoomId,
        seqs: &[Seq],
        _answer: &Result<Response, Problem>,
        ctx: &mut Ctx<'_>,
    ) {
        let (Some(sync), Some(session)) = (self.rooms.get_mut(&room), &self.session) else { return };
        sync.erasing = false;
        sync.erase.retain(|seq| !seqs.contains(seq));
        ctx.persist_with(|ctx| sync.put_head(session, ctx));
        self.advance(room, ctx);
    }
}

/// Edits of the one message that is read, the newest of them.
pub(super) fn edits(reading: &Reading) -> Vec<Ref> {
    let For::Delete { target, .. } = &reading.purpose else { return Vec::new() };
    let known = reading.notes.get(&target.seq).into_iter().flatten();
    let of_author =
        known.filter(|noted| noted.is_trace() && noted.by == target.sender && noted.note.target == *target);
    let mut edits: Vec<Ref> = of_author.map(|noted| Ref::new(noted.source, noted.by, noted.id)).collect();
    edits.sort_by_key(|edit| std::cmp::Reverse(edit.seq));
    edits.truncate(EDITS);
    edits
}

/// Texts that a message had, the first first: all, or the first and the newest.
pub(super) fn versions(reading: &Reading, me: AccountId) -> Vec<Version> {
    let For::History { target, .. } = &reading.purpose else { return Vec::new() };
    let Some(first) = reading.text_of(target, me) else { return Vec::new() };
    let edits = reading.texts.iter().filter_map(|noted| match &noted.note.what {
        What::Edit { text, .. } if noted.by == target.sender && noted.note.target == *target => {
            Some(Version { text: text.clone(), at: noted.at })
        }
        _ => None,
    });
    std::iter::once(first).chain(edits).collect()
}
