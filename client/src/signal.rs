//! Signs of life that are passed on and never stored: who is typing.

use std::collections::BTreeMap;

use waxwing_crypto_core::{ids, signal::Signal};
use waxwing_wire::{AccountId, Opaque, RoomId, frame::Request};

use crate::{
    api::{Failure, Notice, Reply},
    ctx::Ctx,
    machine::Client,
};

/// Kind of the signal of somebody who is typing; it has no body.
const TYPING: u16 = 1;
/// A room is told no more often than this, milliseconds.
const EVERY_MS: u64 = 3_000;
/// A signal counts for so long around the time that its author says, milliseconds: a relay that repeats one is not believed.
const FRESH_MS: u64 = 15_000;

/// What was signalled.
#[derive(Debug, Default)]
pub(crate) struct Signals {
    /// When a room was last told, milliseconds since 1970.
    told: BTreeMap<RoomId, u64>,
    /// When each member's last signal was sent, by their own clock.
    seen: BTreeMap<(RoomId, AccountId), u64>,
}

impl Client {
    /// Tells a room that the person is typing. Lost without a word where it cannot be told: it is only a courtesy.
    pub(crate) fn typing(&mut self, room: &str, ctx: &mut Ctx<'_>) -> Result<Reply, Failure> {
        let room = self.room_id(room)?;
        let told = self.signals.told.get(&room).is_some_and(|at| ctx.now_ms < at.saturating_add(EVERY_MS));
        let silent = told
            || !self.preferences.typing
            || self.wanted(room).is_err()
            || !self.conn.is_ready()
            || self.blocked(room, ctx.now_ms).is_some();
        let (Some(session), false) = (&self.session, silent) else { return Ok(Reply::Done) };
        let group =
            self.rooms.get(&room).filter(|sync| sync.is_current()).and_then(|sync| sync.group.as_ref());
        let signal = Signal { sender: session.id(), sent_at_ms: ctx.now_ms, kind: TYPING, body: Vec::new() };
        let sealed = group.and_then(|group| signal.seal(group.keys(), session.key_in(group)?, ctx.rng).ok());
        if let Some(bytes) = sealed {
            self.signals.told.insert(room, ctx.now_ms);
            self.tell(Request::Signal { room, bytes: bytes.into() }, ctx);
        }
        Ok(Reply::Done)
    }

    /// A signal of another member came.
    pub(crate) fn signalled(&mut self, room: RoomId, sender: AccountId, bytes: &Opaque, ctx: &mut Ctx<'_>) {
        let own = self.session.as_ref().is_none_or(|session| session.account == sender);
        if own || self.people.is_blocked(sender) {
            return;
        }
        let group = self.rooms.get(&room).and_then(|sync| sync.group.as_ref());
        let Some(group) = group.filter(|_| self.blocked(room, ctx.now_ms).is_none()) else { return };
        let author = ids::AccountId(sender.0);
        let Ok(signal) = Signal::open(group.keys(), group.roster(), author, bytes.as_bytes()) else { return };
        let newest = self.signals.seen.entry((room, sender)).or_default();
        if signal.sent_at_ms <= *newest || signal.sent_at_ms.abs_diff(ctx.now_ms) > FRESH_MS {
            return;
        }
        *newest = signal.sent_at_ms;
        if signal.kind == TYPING && self.preferences.typing {
            ctx.notify(Notice::Typing { room: room.to_string(), account: sender.to_string() });
        }
    }
}
