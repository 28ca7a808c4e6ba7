//! Whose streams are live: one session of an account or several, and what ends them.

use std::{
    collections::HashSet,
    sync::atomic::Ordering,
    time::{Duration, Instant},
};

use waxwing_wire::{
    AccountId, RoomId,
    frame::{AccountEvent, EndReason, Event},
    ids::SessionId,
};

use super::{Cut, Fanout, Registration, State, Stream};
use crate::{limits, store::Ended};

/// Another session of the account is live, and the stream does not displace it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Displaced {
    /// After which it may: the account was taken over a moment ago.
    pub wait: Option<Duration>,
}

impl Fanout {
    /// Makes a stream live beside those of other sessions.
    pub fn join(&self, registration: &Registration) {
        if let Some(stream) = self.lock().streams.get_mut(&registration.id) {
            stream.live = true;
        }
    }

    /// Makes a stream live as the only session of its account.
    ///
    /// # Errors
    /// [`Displaced`] when another session is live that cannot be displaced, now or by this stream.
    pub fn claim(&self, registration: &Registration, take_over: bool) -> Result<(), Displaced> {
        self.claim_at(registration, take_over, Instant::now())
    }

    pub(super) fn claim_at(
        &self,
        registration: &Registration,
        take_over: bool,
        now: Instant,
    ) -> Result<(), Displaced> {
        let mut state = self.lock();
        let Some(stream) = state.streams.get(&registration.id) else { return Ok(()) };
        let (account, session) = (stream.account, stream.session);
        if state.streams_of(account).any(|other| other.live && other.session != session) {
            if !take_over {
                return Err(Displaced { wait: None });
            }
            let recent = |at: &Instant| limits::TAKE_OVER.checked_sub(now.saturating_duration_since(*at));
            state.taken.retain(|_, at| recent(at).is_some_and(|wait| !wait.is_zero()));
            if let Some(wait) = state.taken.get(&account).and_then(recent) {
                return Err(Displaced { wait: Some(wait) });
            }
            state.taken.insert(account, now);
            for other in state.streams.values_mut() {
                if other.account == account && other.session != session && other.live {
                    other.live = false;
                    other.outbox.cut(Cut::Displaced);
                }
            }
        }
        if let Some(stream) = state.streams.get_mut(&registration.id) {
            stream.live = true;
        }
        Ok(())
    }

    /// Sessions of an account that have a live stream.
    pub fn live_sessions(&self, account: AccountId) -> HashSet<SessionId> {
        let state = self.lock();
        state.streams_of(account).filter(|stream| stream.live).map(|stream| stream.session).collect()
    }

    /// Accounts that have a live stream.
    pub fn online(&self) -> HashSet<AccountId> {
        let state = self.lock();
        state.streams.values().filter(|stream| stream.live).map(|stream| stream.account).collect()
    }
}

impl State {
    pub(super) fn streams_of(&self, account: AccountId) -> impl Iterator<Item = &Stream> {
        let ids = self.accounts.get(&account).map(Vec::as_slice).unwrap_or_default();
        ids.iter().filter_map(|id| self.streams.get(id))
    }

    /// Tells the streams of an account that something happened to it.
    pub(super) fn account(&mut self, account: AccountId, event: AccountEvent) {
        if event == AccountEvent::Demoted {
            self.stop_watching(account);
        }
        for stream in self.streams_of(account) {
            if event == AccountEvent::Approved {
                stream.pending.store(false, Ordering::Relaxed);
            }
            stream.tell(Event::Account(event));
        }
    }

    /// Ends the streams of sessions that have ended.
    pub(super) fn end(&self, account: AccountId, which: Ended, reason: EndReason) {
        let ended = |session: SessionId| match which {
            Ended::All => true,
            Ended::One(one) => session == one,
            Ended::AllBut(kept) => session != kept,
        };
        for stream in self.streams_of(account).filter(|stream| ended(stream.session)) {
            stream.outbox.cut(Cut::SessionEnded(reason));
        }
    }

    /// Tells a room that the account of a member is gone.
    pub(super) fn gone(&self, account: AccountId, room: RoomId) {
        for id in self.rooms.get(&room).into_iter().flatten() {
            self.tell(*id, Event::MemberGone { room, account });
        }
    }
}
