//! What a member does for the others, or for the keys, without being asked: letting in again who was shut out, taking out who has left,
//! fresh keys, the other one of a room of two.
//!
//! What is due follows from the room; nothing is remembered but how often it was tried. Members wait for a random time first, so that one
//! of them comes before the others; who comes too late finds that it is so already.

use serde::{Deserialize, Serialize};
use waxwing_crypto_core::room::{Role, RoomKind};
use waxwing_wire::{
    AccountId, RoomId,
    frame::{Request, Response},
    problem::Problem,
};

use super::{
    RoomSync,
    answers::RoomThen,
    commit::{CommitFor, Wanted},
};
use crate::{
    ctx::Ctx,
    machine::{Client, Then},
    session::Session,
};

/// Longest wait before a duty is done, milliseconds.
const JITTER_MS: u64 = 10_000;
/// Longest wait before keys that are old are renewed, so that a room that wakes up is not met by everybody at once.
const AGE_JITTER_MS: u64 = 60_000;
/// Attempts at one duty by this session, each after twice the wait of the one before.
const TRIES: u32 = 5;
/// Messages after a commit that make fresh keys due.
pub(super) const MESSAGES: u64 = 100;
/// Age of the own leaf that makes fresh keys due: 7 days.
const LEAF_AGE_MS: u64 = 7 * DAY_MS;
const DAY_MS: u64 = 24 * 3600 * 1000;
/// Time between two refreshes that heal what the relay shows of a room.
const HEAL_MS: u64 = 10 * 60 * 1000;
/// How often this client lets one account in again in a day.
const READMISSIONS: u32 = 3;
/// Requests that are remembered per room.
const REQUESTS: usize = 64;

/// What a member has asked for in the log.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) enum Asked {
    Rejoin(Vec<u8>),
    Leave(Vec<u8>),
}

/// How often an account was let in again by this client, on one day.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Readmitted {
    account: AccountId,
    day: u64,
    times: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Chore {
    Readmit(AccountId),
    Departed,
    /// The relay's newest epoch is one that does not count: joiners and new devices look at the wrong one.
    Heal,
    Refresh,
    Peer(AccountId),
    /// A way in has expired, and is still in the room's state.
    Expired,
}

/// A duty that waits.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Duty {
    chore: Chore,
    due_ms: u64,
    tries: u32,
}

impl RoomSync {
    /// Remembers what a member asks for; whether it holds shows on the group that the log has come to.
    pub(super) fn note_request(&mut self, who: AccountId, asked: Asked) {
        if self.requests.len() < REQUESTS || self.requests.contains_key(&who) {
            self.requests.insert(who, asked);
        }
    }

    /// Forgets requests that the present epoch has answered, or that were never the members'.
    pub(super) fn recheck_requests(&mut self) {
        let Some(group) = self.group.as_ref().filter(|_| self.anchored) else { return };
        self.requests.retain(|who, asked| match asked {
            Asked::Rejoin(bytes) => group.check_rejoin(who.0.into(), bytes).is_some(),
            Asked::Leave(bytes) => group.check_leave(who.0.into(), bytes).is_some(),
        });
    }

    fn may_readmit(&self, account: AccountId, now_ms: u64) -> bool {
        let today = now_ms / DAY_MS;
        let times = self.readmitted.iter().find(|r| r.account == account && r.day == today).map(|r| r.times);
        times.unwrap_or(0) < READMISSIONS
    }

    fn count_readmission(&mut self, account: AccountId, now_ms: u64) {
        let day = now_ms / DAY_MS;
        self.readmitted.retain(|r| r.day == day);
        match self.readmitted.iter_mut().find(|r| r.account == account) {
            Some(known) => known.times = known.times.saturating_add(1),
            None => self.readmitted.push(Readmitted { account, day, times: 1 }),
        }
    }

    /// All that is to be done now, and how long to wait for it at most.
    fn chores(&self, session: &Session, now_ms: u64) -> Vec<(Chore, u64)> {
        let Some(group) = &self.group else { return Vec::new() };
        let me = session.account;
        let mut chores = Vec::new();
        for (who, asked) in &self.requests {
            match asked {
                Asked::Rejoin(_) if *who != me && self.may_readmit(*who, now_ms) => {
                    chores.push((Chore::Readmit(*who), JITTER_MS));
                }
                Asked::Leave(_) if *who != me && !chores.contains(&(Chore::Departed, JITTER_MS)) => {
                    chores.push((Chore::Departed, JITTER_MS));
                }
                _ => {}
            }
        }
        let shown_wrong = self.skipped > 0 && self.skipped == self.after;
        if shown_wrong && now_ms >= self.healed_at_ms.saturating_add(HEAL_MS) {
            chores.push((Chore::Heal, JITTER_MS));
        }
        if self.refresh_due {
            chores.push((Chore::Refresh, 1));
        } else if self.leaf_at_ms > 0 && now_ms >= self.leaf_at_ms.saturating_add(LEAF_AGE_MS) {
            chores.push((Chore::Refresh, AGE_JITTER_MS));
        }
        let state = group.state();
        let expired = state.joins.iter().any(|join| join.has_expired(now_ms));
        if expired && state.role(session.id()) >= Role::Moderator {
            chores.push((Chore::Expired, JITTER_MS));
        }
        // Founded, and cut off before the other one came in. Whoever has left is not brought in again.
        let peer = state.peer.filter(|_| state.kind == RoomKind::Direct && self.after == 0);
        chores.extend(peer.map(|peer| (Chore::Peer(AccountId(peer.0)), JITTER_MS)));
        chores
    }

    /// Brings the waiting duties up to date with what is to be done.
    fn plan_duties(&mut self, session: &Session, ctx: &mut Ctx<'_>) {
        let chores = self.chores(session, ctx.now_ms);
        self.duties.retain(|duty| chores.iter().any(|(chore, _)| *chore == duty.chore));
        for (chore, jitter_ms) in chores {
            if !self.duties.iter().any(|duty| duty.chore == chore) {
                let wait = u64::from(ctx.rng.next_u32()).checked_rem(jitter_ms).unwrap_or(0);
                let due_ms = ctx.now_ms.saturating_add(wait);
                self.duties.push(Duty { chore, due_ms, tries: 0 });
            }
        }
        let joins = self.group.iter().flat_map(|group| &group.state().joins);
        if let Some(end) = joins.filter_map(|join| join.expires_ms).filter(|end| *end > ctx.now_ms).min() {
            ctx.wake_at(end);
        }
        if let Some(next) = self.duties.iter().filter(|duty| duty.tries < TRIES).map(|duty| duty.due_ms).min()
        {
            ctx.wake_at(next);
        } else if self.leaf_at_ms > 0 {
            ctx.wake_at(self.leaf_at_ms.saturating_add(LEAF_AGE_MS));
        }
    }

    /// The next duty whose time has come; it comes again later, unless it is done by then.
    fn next_duty(&mut self, now_ms: u64) -> Option<Chore> {
        let due = |duty: &&mut Duty| duty.tries < TRIES && duty.due_ms <= now_ms;
        let duty = self.duties.iter_mut().find(due)?;
        let wait = JITTER_MS.saturating_mul(2).saturating_mul(1 << duty.tries.min(16));
        duty.tries = duty.tries.saturating_add(1);
        duty.due_ms = now_ms.saturating_add(wait);
        Some(duty.chore)
    }
}

impl Client {
    /// Does what is due in a room that is read to its end.
    pub(super) fn do_duties(&mut self, room: RoomId, ctx: &mut Ctx<'_>) {
        let (Some(sync), Some(session)) = (self.rooms.get_mut(&room), &self.session) else { return };
        if !sync.is_current() || sync.own_commit.is_some() || !sync.changes.is_empty() {
            return;
        }
        sync.plan_duties(session, ctx);
        let Some(chore) = sync.next_duty(ctx.now_ms) else { return };
        sync.plan_duties(session, ctx);
        let wanted = match chore {
            Chore::Readmit(account) => {
                let then = Then::Room(RoomThen::RejoinPackage { room, account });
                return self.ask(Request::KeyPackage(account), then, ctx);
            }
            Chore::Peer(account) => {
                let then = Then::Room(RoomThen::PeerPackage { room, account });
                return self.ask(Request::KeyPackage(account), then, ctx);
            }
            Chore::Departed => {
                let left = |(who, asked): (&AccountId, &Asked)| match asked {
                    Asked::Leave(bytes) => Some((*who, bytes.clone())),
                    Asked::Rejoin(_) => None,
                };
                Wanted::Departed(sync.requests.iter().filter_map(left).collect())
            }
            Chore::Heal => {
                sync.healed_at_ms = ctx.now_ms;
                ctx.persist_with(|ctx| sync.put_head(session, ctx));
                Wanted::Refresh
            }
            Chore::Refresh => Wanted::Refresh,
            Chore::Expired => Wanted::Unexpired(ctx.now_ms),
        };
        let _ = self.want(room, wanted, CommitFor::Duty, ctx);
    }

    /// Lets a member in again, if the relay's key package is the one that it asked with.
    pub(super) fn readmit(
        &mut self,
        (room, account): (RoomId, AccountId),
        result: Result<Response, Problem>,
        ctx: &mut Ctx<'_>,
    ) {
        // The request is signed by the very leaf that is let in again: whether the identity was accepted plays no part.
        let Ok(Response::KeyPackage(Some(record))) = result else { return };
        let (Some(sync), Some(session)) = (self.rooms.get_mut(&room), &self.session) else { return };
        let Some(group) = sync.group.as_ref().filter(|_| sync.is_current()) else { return };
        let Some(Asked::Rejoin(request)) = sync.requests.get(&account).cloned() else { return };
        let key = group.roster().get(&account.0.into());
        let package =
            key.and_then(|key| crate::account_data::open_published(account, key, record.bytes.as_bytes()));
        let asked = group.check_rejoin(account.0.into(), &request);
        let fits = package.zip(asked).filter(|(package, asked)| asked.names(package));
        let Some((key_package, _)) = fits else { return };
        sync.count_readmission(account, ctx.now_ms);
        ctx.persist_with(|ctx| sync.put_head(session, ctx));
        let _ = self.want(room, Wanted::Readmit { account, key_package, request }, CommitFor::Duty, ctx);
    }

    /// Brings the other one of a room of two in.
    pub(super) fn bring_peer(
        &mut self,
        (room, account): (RoomId, AccountId),
        result: Result<Response, Problem>,
        ctx: &mut Ctx<'_>,
    ) {
        if let Ok(package) = self.checked_package(account, result, ctx) {
            let _ = self.want(room, Wanted::Add(vec![package]), CommitFor::Duty, ctx);
        }
    }
}
