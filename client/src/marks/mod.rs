//! Marks: how far members have got in a room, and what an account keeps of it for its own sessions.
//!
//! The relay keeps the newest two of each member and room. Both only ever go on: an older one that a relay gives back changes nothing.

mod own;
mod receipts;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use waxwing_wire::{
    AccountId, Opaque, RoomId,
    frame::{Request, Response},
    problem::Problem,
};

use crate::{
    api::Failure,
    ctx::{Ctx, failure},
    io::StoreOp,
    machine::{Client, Then},
    room::{RoomSync, store},
    session::Session,
};
pub(crate) use own::{OwnMark, Unread};

/// A room's marks are put no more often than this, milliseconds; drafts less often.
const EVERY_MS: u64 = 2_000;
const DRAFTS_EVERY_MS: u64 = 3_000;
/// In a large room all members together put about one shared mark in this time, milliseconds: each goes to all of them.
const SPREAD_MS: u64 = 100;
/// Members from which on that counts.
const LARGE: usize = 32;
/// All rooms together put one mark in this time, and some at once, milliseconds.
const PACE_MS: u64 = 150;
const AT_ONCE_MS: u64 = 20 * PACE_MS;
/// Longest draft that is kept, in bytes.
const KEPT_DRAFT_BYTES: usize = 256 * 1024;

/// How far a member has got.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Reached {
    pub(crate) delivered: u64,
    pub(crate) read: u64,
}

impl Reached {
    fn max(self, other: Self) -> Self {
        Self { delivered: self.delivered.max(other.delivered), read: self.read.max(other.read) }
    }
}

/// What is sent to the relay.
#[derive(Debug)]
struct Sent {
    shared: Option<Reached>,
    own: Option<OwnMark>,
}

/// The marks of one room.
#[derive(Debug, Default)]
pub(crate) struct Marks {
    pub(crate) own: OwnMark,
    /// The own mark as the relay has it.
    stored: OwnMark,
    receipts: BTreeMap<AccountId, Reached>,
    /// What this account has told the members.
    told: Reached,
    /// Shared marks of epochs that are not known here yet.
    sealed: BTreeMap<AccountId, Opaque>,
    under_way: Option<Sent>,
    /// Earliest time of the next put.
    next_ms: u64,
    /// When the shared mark of a large room is put: members do not all put theirs at once.
    spread_to_ms: Option<u64>,
    /// The person has stopped writing: the draft does not wait.
    hurry: bool,
    /// Asked for on this connection.
    asked: bool,
    /// What the relay had could not be opened, and ours was put in its place; once on a connection.
    healed: bool,
}

/// What the device keeps, beside the own mark.
#[derive(Serialize, Deserialize)]
struct Kept {
    receipts: Vec<(AccountId, Reached)>,
    told: Reached,
}

impl Marks {
    /// Reads what the device kept.
    pub(crate) fn restore(own: Option<&[u8]>, marks: Option<&[u8]>) -> Self {
        let own = own.and_then(|plain| waxwing_wire::decode(plain).ok()).unwrap_or_default();
        let kept: Option<Kept> = marks.and_then(|plain| serde_json::from_slice(plain).ok());
        let (receipts, told) =
            kept.map(|kept| (kept.receipts.into_iter().collect(), kept.told)).unwrap_or_default();
        Self { own, receipts, told, ..Self::default() }
    }

    /// A new connection: what members have put since the last is not known.
    pub(crate) fn begin_connection(&mut self) {
        (self.asked, self.healed) = (false, false);
    }

    fn put_own(&self, room: RoomId, session: &Session, ctx: &mut Ctx<'_>) -> Option<StoreOp> {
        session.put(store::own_mark_key(room), &waxwing_wire::encode(&self.own), ctx)
    }

    fn put_receipts(&self, room: RoomId, session: &Session, ctx: &mut Ctx<'_>) -> Option<StoreOp> {
        let receipts = self.receipts.iter().map(|(account, reached)| (*account, *reached)).collect();
        let kept = Kept { receipts, told: self.told };
        session.put(store::marks_key(room), &serde_json::to_vec(&kept).ok()?, ctx)
    }

    /// The own mark, if the relay has another one.
    fn own_due(&self) -> Option<OwnMark> {
        Some(self.own.told()).filter(|own| *own != self.stored)
    }
}

impl RoomSync {
    /// Whether the time of a shared mark has come. The more members there are, the longer each of them waits.
    fn may_share(&mut self, ctx: &mut Ctx<'_>) -> bool {
        let members = self.group.as_ref().map_or(0, |group| group.roster().len());
        if members < LARGE {
            return true;
        }
        let spread = u64::try_from(members).unwrap_or(u64::MAX).saturating_mul(SPREAD_MS);
        let wait = u64::from(ctx.rng.next_u32()).checked_rem(spread).unwrap_or(0);
        // Never much sooner than the one before, and at another moment than the others.
        let fresh = ctx.now_ms.saturating_add(spread / 2).saturating_add(wait);
        let due = *self.marks.spread_to_ms.get_or_insert(fresh);
        if ctx.now_ms < due {
            ctx.wake_at(due);
        }
        ctx.now_ms >= due
    }
}

impl Client {
    /// Everything up to a number was seen.
    pub(crate) fn read(&mut self, room: &str, seq: u64, ctx: &mut Ctx<'_>) -> Result<(), Failure> {
        let room = self.room_id(room)?;
        let Some(sync) = self.rooms.get_mut(&room) else { return Ok(()) };
        let seq = seq.min(sync.head.seq);
        let own = &mut sync.marks.own;
        let seen = own.mark_unread(false, ctx.now_ms);
        if seq > own.read || seen {
            own.read = own.read.max(seq);
            self.own_mark_changed(room, ctx);
        }
        Ok(())
    }

    pub(crate) fn mark_unread(&mut self, room: &str, ctx: &mut Ctx<'_>) -> Result<(), Failure> {
        let room = self.room_id(room)?;
        let sync = self.rooms.get_mut(&room);
        if sync.is_some_and(|sync| sync.marks.own.mark_unread(true, ctx.now_ms)) {
            self.own_mark_changed(room, ctx);
        }
        Ok(())
    }

    pub(crate) fn set_draft(
        &mut self,
        room: &str,
        (text, done): (&str, bool),
        ctx: &mut Ctx<'_>,
    ) -> Result<(), Failure> {
        let room = self.room_id(room)?;
        if text.len() > KEPT_DRAFT_BYTES {
            return Err(failure("too_long", "A message holds at most 64 kB of text. Split it."));
        }
        self.draft(room, (text, done), ctx);
        Ok(())
    }

    /// Keeps what is being written; once it is sent that is nothing.
    pub(crate) fn draft(&mut self, room: RoomId, (text, done): (&str, bool), ctx: &mut Ctx<'_>) {
        let (Some(sync), Some(session)) = (self.rooms.get_mut(&room), &self.session) else { return };
        let changed = sync.marks.own.write(text, ctx.now_ms);
        if changed {
            ctx.persist_with(|ctx| sync.marks.put_own(room, session, ctx));
        }
        sync.marks.hurry |= done && sync.marks.own_due().is_some();
        // The list shows drafts; while somebody types it need not change with each letter.
        if done {
            self.show_room(room, ctx);
        }
        self.put_marks(room, ctx);
    }

    fn own_mark_changed(&mut self, room: RoomId, ctx: &mut Ctx<'_>) {
        let (Some(sync), Some(session)) = (self.rooms.get_mut(&room), &self.session) else { return };
        sync.unread.read_to(sync.marks.own.read);
        ctx.persist_with(|ctx| sync.marks.put_own(room, session, ctx));
        ctx.persist_with(|ctx| sync.put_head(session, ctx));
        self.show_room(room, ctx);
        self.put_marks(room, ctx);
    }

    /// Another session has put an own mark, or the relay has one from before.
    pub(crate) fn own_mark(&mut self, room: RoomId, sealed: &Opaque, ctx: &mut Ctx<'_>) {
        let (Some(sync), Some(session)) = (self.rooms.get_mut(&room), &self.session) else { return };
        let Some(stored) = OwnMark::open(room, session, sealed.as_bytes()) else {
            // Damaged, or of another room: as good as none.
            if !std::mem::replace(&mut sync.marks.healed, true) {
                sync.marks.stored = OwnMark::default();
                self.put_marks(room, ctx);
            }
            return;
        };
        let before = sync.marks.own.clone();
        sync.marks.own.merge(stored.clone());
        sync.marks.stored = stored;
        if sync.marks.own == before {
            self.put_marks(room, ctx);
        } else {
            self.own_mark_changed(room, ctx);
        }
    }

    /// A connection begins: what the relay has of the own marks came with it.
    pub(crate) fn greeted_marks(&mut self, ctx: &mut Ctx<'_>) {
        if let Some(room) = self.viewed {
            self.ask_marks(room, ctx);
        }
    }

    /// A room is looked at: shows how far its members are, and asks for what was missed.
    pub(crate) fn view_marks(&mut self, room: RoomId, ctx: &mut Ctx<'_>) {
        self.viewed = Some(room);
        self.open_marks(room, ctx);
        self.show_receipts(room, ctx);
        self.ask_marks(room, ctx);
    }

    fn ask_marks(&mut self, room: RoomId, ctx: &mut Ctx<'_>) {
        let Some(sync) = self.rooms.get_mut(&room) else { return };
        if self.conn.is_ready() && sync.is_confirmed() && !sync.gone && !sync.marks.asked {
            sync.marks.asked = true;
            self.ask(Request::Marks(room), Then::Marks(room), ctx);
        }
    }

    pub(crate) fn got_marks(
        &mut self,
        room: RoomId,
        shared: Vec<(AccountId, Opaque)>,
        own: Option<Opaque>,
        ctx: &mut Ctx<'_>,
    ) {
        self.marked_all(room, shared, ctx);
        if let Some(own) = own {
            self.own_mark(room, &own, ctx);
        }
    }

    /// Puts what the relay does not have yet of a room's marks, now or when it is time.
    pub(crate) fn put_marks(&mut self, room: RoomId, ctx: &mut Ctx<'_>) {
        if !self.conn.is_ready() || !self.data.loaded || self.data.rolled_back().is_some() {
            return;
        }
        let shared = self.shared_due(room, ctx);
        let (Some(sync), Some(session)) = (self.rooms.get_mut(&room), &self.session) else { return };
        let shared = shared.filter(|_| sync.may_share(ctx));
        let own = sync.marks.own_due();
        let idle = own.is_none() && shared.is_none();
        if idle || sync.marks.under_way.is_some() || sync.gone || !sync.is_confirmed() {
            return;
        }
        let paced = self.marks_from_ms.saturating_sub(AT_ONCE_MS);
        let from_ms = if sync.marks.hurry { paced } else { paced.max(sync.marks.next_ms) };
        if ctx.now_ms < from_ms {
            return ctx.wake_at(from_ms);
        }
        self.marks_from_ms = self.marks_from_ms.max(ctx.now_ms).saturating_add(PACE_MS);
        let drafts = own.as_ref().is_some_and(|own| own.draft != sync.marks.stored.draft);
        let wait = if drafts { DRAFTS_EVERY_MS } else { EVERY_MS };
        sync.marks.next_ms = ctx.now_ms.saturating_add(wait);
        sync.marks.hurry = false;
        let sealed_own = own.as_ref().and_then(|own| own.seal(room, session, ctx));
        let sealed_shared = shared.and_then(|reached| receipts::seal(sync, reached, session, ctx));
        let request = Request::PutMarks {
            room,
            shared: sealed_shared.map(Into::into),
            own: sealed_own.map(Into::into),
        };
        if shared.is_some() {
            sync.marks.spread_to_ms = None;
        }
        sync.marks.under_way = Some(Sent { shared, own });
        self.ask(request, Then::MarksPut(room), ctx);
    }

    pub(crate) fn marks_put(&mut self, room: RoomId, _result: Result<Response, Problem>, ctx: &mut Ctx<'_>) {
        let (Some(sync), Some(session)) = (self.rooms.get_mut(&room), &self.session) else { return };
        let Some(sent) = sync.marks.under_way.take() else { return };
        // Also what was refused for good: to ask the same again would only turn in a circle.
        if let Some(own) = sent.own {
            sync.marks.stored = own;
        }
        if let Some(shared) = sent.shared {
            sync.marks.told = sync.marks.told.max(shared);
            ctx.persist_with(|ctx| sync.marks.put_receipts(room, session, ctx));
        }
        self.put_marks(room, ctx);
    }
}
