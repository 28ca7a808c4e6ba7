//! Rooms whose messages disappear: what is too old goes from the device, and the relay is told to erase it too.
//!
//! A message is as old as its author says, and no younger than the relay says. One that was written long before it was sent may stay until
//! those before it are gone.

use waxwing_crypto_core::room::Role;
use waxwing_wire::{
    EpochId, RoomId,
    frame::{Request, Response},
    problem::{Problem, ProblemCode},
};

use super::{
    RoomSync,
    reading::settle::{Read, says},
    store,
};
use crate::{
    api::{Body, Item, Notice},
    ctx::Ctx,
    io::StoreOp,
    machine::{Client, Then},
    session::Session,
};

/// Entries that are looked at in one go.
pub(super) const LOOKED_AT: u32 = 100;

/// How far a room has forgotten.
#[derive(Debug, Default)]
pub(crate) struct Expiry {
    /// Before this entry there is nothing left to disappear.
    pub(crate) from: u64,
    /// When something is next to be looked for, milliseconds since 1970.
    due_ms: u64,
    /// It is being looked for.
    looking: bool,
    /// What this device has told the relay, in seconds.
    pub(crate) told_s: u64,
    /// It was told since this client was started: another owner may have told another rule since this device did.
    told: bool,
    telling: bool,
}

/// Whether an item disappears: what was said, and what is left of it. Who came and went stays.
fn disappears(item: &Item) -> bool {
    says(&item.body) || matches!(item.body, Body::Removed { .. } | Body::Deleted { .. })
}

/// What a list shows in the place of an item that has disappeared.
fn expired(item: &Item) -> Item {
    item.replaced(Body::Expired)
}

impl RoomSync {
    /// For how many milliseconds messages are kept; nothing where they stay.
    fn kept_ms(&self) -> Option<u64> {
        let seconds = self.group.as_ref()?.state().retention_s;
        (seconds > 0).then(|| seconds.saturating_mul(1000))
    }

    /// Whether messages disappear.
    pub(super) fn forgets(&self) -> bool {
        self.kept_ms().is_some()
    }

    /// Whether what an item says is beyond its time: it is shown no more, also where it was not let go of yet.
    pub(super) fn is_over(&self, item: &Item, now_ms: u64) -> bool {
        let over = |kept_ms| item.since_ms().saturating_add(kept_ms) <= now_ms;
        disappears(item) && self.kept_ms().is_some_and(over)
    }

    /// Whether the entry that the log has come to, and that the relay took then, is too old by a rule of that place or of a later one: whoever
    /// reads the past later finds only that it was there. A rule that had ended before explains nothing.
    pub(super) fn has_expired(&self, received_at_ms: u64, now_ms: u64) -> bool {
        let rules = self.rules_since().unwrap_or_else(|| {
            self.epochs.values().filter_map(|epoch| epoch.step.settings.retention_s).collect()
        });
        let shortest = rules.into_iter().filter(|seconds| *seconds > 0).min().map(|s| s.saturating_mul(1000));
        shortest.is_some_and(|kept_ms| received_at_ms.saturating_add(kept_ms) <= now_ms)
    }

    /// Rules in seconds, 0 for none, from the one in force at the place that the log has come to. Nothing where the epochs in between are not known.
    fn rules_since(&self) -> Option<Vec<u64>> {
        let group = self.group.as_ref()?;
        let mut rules = vec![group.state().retention_s];
        let mut next = Some(EpochId(group.epoch().0));
        let mut past = false;
        // As many steps as there are epochs: what a relay makes up may turn in a circle.
        for _ in 0..self.epochs.len() {
            let Some(epoch) = next else { break };
            past |= Some(epoch) == self.current;
            let step = &self.epochs.get(&epoch)?.step;
            rules.extend(step.settings.retention_s);
            if past && step.settings.retention_s.is_some() {
                return Some(rules);
            }
            next = step.parent.map(|parent| EpochId(parent.0));
        }
        // Back to the founding, when nothing disappeared.
        (past && next.is_none()).then_some(rules)
    }

    /// Forgets what was read up to here and is too old. Answers the keys of the items that go, and whether all of it was.
    fn forget(
        &mut self,
        read: &Read,
        kept_ms: u64,
        session: &Session,
        ctx: &mut Ctx<'_>,
    ) -> (Vec<String>, bool) {
        let (mut gone, mut ops) = (Vec::new(), Vec::new());
        let mut whole = true;
        for (place, items) in read.places() {
            let due_ms = |item: &Item| item.since_ms().saturating_add(kept_ms);
            let young = items.iter().filter(|item| disappears(item)).map(due_ms).max();
            if let Some(due_ms) = young.filter(|due_ms| *due_ms > ctx.now_ms) {
                self.expiry.due_ms = self.expiry.due_ms.min(due_ms);
                whole = false;
                continue;
            }
            if whole {
                self.expiry.from = place.saturating_add(1);
            }
            let (going, staying): (Vec<Item>, Vec<Item>) = items.iter().cloned().partition(disappears);
            if going.is_empty() {
                continue;
            }
            let key = store::item_key(self.id, place);
            ops.extend(match staying.is_empty() {
                true => Some(StoreOp::Delete { key }),
                false => store::put_items(session, self.id, place, &staying, ctx),
            });
            for (from, to) in [store::note_range(self.id, place, place), store::texts_at(self.id, place)] {
                ops.push(StoreOp::DeleteRange { from, to });
            }
            ops.push(StoreOp::Delete { key: store::pin_key(self.id, place) });
            for item in going {
                self.lose(&item);
                gone.push(item.key);
            }
        }
        ctx.persist(ops);
        (gone, whole)
    }

    /// A message that is gone is no news any more.
    fn lose(&mut self, item: &Item) {
        if says(&item.body) {
            self.uncount(item);
        }
        if let Some(last) = self.last.as_mut().filter(|last| last.key == item.key) {
            *last = expired(last);
        }
    }

    /// The newest item, as lists show it now.
    pub(super) fn last_now(&self, now_ms: u64) -> Option<Item> {
        let last = self.last.as_ref()?;
        Some(if self.is_over(last, now_ms) { expired(last) } else { last.clone() })
    }

    /// What the relay is still to be told, if it is this account's to tell: an owner's, or in a room of two that of both.
    fn untold(&self, session: &Session) -> Option<u64> {
        let state = self.group.as_ref()?.state();
        let leads = state.role(session.id()) == Role::Owner;
        let differs = self.expiry.told_s != state.retention_s || (!self.expiry.told && self.had_rule());
        let untold = leads && !self.expiry.telling && differs;
        (untold && self.is_current()).then_some(state.retention_s)
    }

    /// Whether messages disappear or did so, as far as this device can know.
    fn had_rule(&self) -> bool {
        let ruled = |epoch: &super::Epoch| epoch.step.settings.retention_s.is_some();
        self.forgets() || !self.whole || self.epochs.values().any(ruled)
    }
}

impl Client {
    /// Lets go of what has become too old in any room, and tells the relay of new rules.
    pub(crate) fn expire(&mut self, ctx: &mut Ctx<'_>) {
        let Some(session) = &self.session else { return };
        let mut due = Vec::new();
        let mut untold = Vec::new();
        for (room, sync) in &mut self.rooms {
            if let Some(seconds) = sync.untold(session).filter(|_| self.conn.is_ready()) {
                sync.expiry.telling = true;
                untold.push((*room, seconds));
            }
            if sync.kept_ms().is_none() || sync.expiry.looking {
                continue;
            }
            if sync.expiry.due_ms > ctx.now_ms {
                ctx.wake_at(sync.expiry.due_ms);
            } else {
                sync.expiry.looking = true;
                due.push((*room, sync.expiry.from));
            }
        }
        for (room, from) in due {
            self.read_old(room, from, ctx);
        }
        for (room, seconds) in untold {
            self.ask(Request::SetRetention { room, seconds }, Then::Kept { room, seconds }, ctx);
        }
    }

    /// A rule has changed, or the clock has: look again.
    pub(super) fn look_again(&mut self, room: RoomId) {
        if let Some(sync) = self.rooms.get_mut(&room) {
            sync.expiry.due_ms = 0;
        }
    }

    /// The oldest entries were read.
    pub(super) fn old_read(&mut self, room: RoomId, read: &Read, more: bool, ctx: &mut Ctx<'_>) {
        let (Some(sync), Some(session)) = (self.rooms.get_mut(&room), &self.session) else { return };
        sync.expiry.looking = false;
        let Some(kept_ms) = sync.kept_ms() else { return };
        // What comes next is at least that young.
        sync.expiry.due_ms = ctx.now_ms.saturating_add(kept_ms);
        let (gone, whole) = sync.forget(read, kept_ms, session, ctx);
        if whole && more {
            sync.expiry.due_ms = 0;
        }
        if !gone.is_empty() {
            ctx.persist_with(|ctx| sync.put_head(session, ctx));
            for key in gone {
                ctx.notify(Notice::ItemGone { room: room.to_string(), key });
            }
            self.show_room(room, ctx);
        }
        self.expire(ctx);
    }

    /// The relay has heard for how long messages are kept.
    pub(crate) fn kept(
        &mut self,
        room: RoomId,
        seconds: u64,
        answer: &Result<Response, Problem>,
        ctx: &mut Ctx<'_>,
    ) {
        let (Some(sync), Some(session)) = (self.rooms.get_mut(&room), &self.session) else { return };
        sync.expiry.telling = false;
        // Where the relay knows of no role of ours, another owner tells it.
        let refused = matches!(answer, Err(problem) if problem.code == ProblemCode::NotAllowed);
        if answer.is_ok() || refused {
            sync.expiry.told_s = seconds;
            sync.expiry.told = true;
            ctx.persist_with(|ctx| sync.put_head(session, ctx));
        }
    }
}
