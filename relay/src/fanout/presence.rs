//! Who is there, told to those who share a room with them in which they have said something, and watch. Nobody who does not tell it is told.

use std::{collections::HashSet, sync::Arc};

use waxwing_wire::{
    AccountId, RoomId, encode,
    frame::{Event, Presence, ServerFrame},
    limits::LAST_SEEN_MS,
};

use super::{Fanout, Registration, State, StreamId};
use crate::store::Visibility;

impl Fanout {
    /// Says whether the account of a stream shares when it is there, and whom it blocks, as it was read when the stream
    /// began; what was heard since counts more.
    pub fn set_visibility(&self, registration: &Registration, read: Visibility) {
        if let Some(stream) = self.lock().streams.get_mut(&registration.id) {
            stream.shares.get_or_insert(read.shares);
            stream.blocks.get_or_insert_with(|| read.blocks.into());
            stream.spoken.extend(read.spoken);
        }
    }

    /// The stream has said hello and knows its rooms: its account is there.
    pub fn arrive(&self, registration: &Registration) {
        let mut state = self.lock();
        let Some(stream) = state.streams.get_mut(&registration.id) else { return };
        stream.arrived = true;
        let account = stream.account;
        if state.there(account).count() == 1 {
            state.tell_presence(account, true);
        }
    }

    /// Tells a stream of these accounts from now on, and answers which of them are there.
    pub fn watch_presence(&self, stream: StreamId, accounts: &[AccountId]) -> HashSet<AccountId> {
        let mut state = self.lock();
        state.stop_watching_presence(stream);
        let Some(watcher) = state.streams.get_mut(&stream) else { return HashSet::new() };
        watcher.watches.extend(accounts.iter().copied().filter(|account| *account != watcher.account));
        for account in watcher.watches.clone() {
            state.watchers.entry(account).or_default().insert(stream);
        }
        let Some(watcher) = state.streams.get(&stream).filter(|watcher| watcher.shares()) else {
            return HashSet::new();
        };
        let there = |account: &AccountId| state.there(*account).any(|one| one.is_seen_by(watcher));
        watcher.watches.iter().copied().filter(there).collect()
    }
}

/// When somebody was last there, as others are told.
pub fn to_the_minute(at_ms: u64) -> u64 {
    at_ms.saturating_sub(at_ms.checked_rem(LAST_SEEN_MS).unwrap_or(0))
}

impl super::Stream {
    fn shares(&self) -> bool {
        self.shares == Some(true)
    }

    fn blocks(&self, account: AccountId) -> bool {
        self.blocks.as_ref().is_some_and(|blocked| blocked.contains(&account))
    }

    /// Whether its account has said something in a room in which the watcher is, too: a request to talk that was not accepted shows nothing.
    fn meets(&self, watcher: &Self) -> bool {
        let (few, many) = match self.spoken.len() < watcher.rooms.len() {
            true => (&self.spoken, &watcher.rooms),
            false => (&watcher.rooms, &self.spoken),
        };
        few.iter().any(|room| many.contains(room) && self.rooms.contains(room))
    }

    /// Whether a watcher may know that this account is there.
    fn is_seen_by(&self, watcher: &Self) -> bool {
        watcher.shares() && !self.blocks(watcher.account) && self.meets(watcher)
    }
}

impl State {
    /// Streams by which an account is there for others.
    fn there(&self, account: AccountId) -> impl Iterator<Item = &super::Stream> {
        self.streams_of(account).filter(|stream| stream.arrived && stream.shares())
    }

    /// Tells those who watch an account that it came, or that it does not share any more.
    fn tell_presence(&self, account: AccountId, online: bool) {
        let presence = Presence { account, online, last_seen_ms: None };
        self.hint_watchers(presence, |watcher| {
            self.streams_of(account).any(|stream| stream.arrived && stream.is_seen_by(watcher))
        });
    }

    /// An account has said something in a room for the first time: those in it see that it is there.
    pub(super) fn spoke(&mut self, account: AccountId, room: RoomId) {
        for stream in self.streams.values_mut().filter(|stream| stream.account == account) {
            stream.spoken.insert(room);
        }
        if self.there(account).next().is_some() {
            let presence = Presence { account, online: true, last_seen_ms: None };
            self.hint_watchers(presence, |watcher| {
                watcher.rooms.contains(&room) && self.there(account).any(|one| one.is_seen_by(watcher))
            });
        }
    }

    /// A hint: whoever is behind asks again when it connects.
    fn hint_watchers(&self, presence: Presence, to: impl Fn(&super::Stream) -> bool) {
        let Some(watchers) = self.watchers.get(&presence.account) else { return };
        let frame = encode(&ServerFrame::Event(Event::Presence(presence))).into();
        for stream in watchers.iter().filter_map(|id| self.streams.get(id)).filter(|stream| to(stream)) {
            stream.outbox.hint(&frame);
        }
    }

    /// A stream was taken out; if it was the last of its account, that one is gone.
    pub(super) fn departed(&mut self, id: StreamId, stream: &super::Stream) {
        self.forget_watches(id, &stream.watches);
        if stream.arrived && stream.shares() && self.there(stream.account).next().is_none() {
            let last_seen_ms = Some(to_the_minute(crate::now_ms()));
            let presence = Presence { account: stream.account, online: false, last_seen_ms };
            self.hint_watchers(presence, |watcher| stream.is_seen_by(watcher));
        }
    }

    /// An account, which had `spoken` there, is in a room no more: it and others who saw each other only there see each other go.
    pub(super) fn parted(&self, account: AccountId, room: RoomId, spoken: bool) {
        let Some(of) = self.there(account).next() else { return };
        let gone = |account| Presence { account, online: false, last_seen_ms: None };
        self.hint_watchers(gone(account), |watcher| {
            let shown = spoken && watcher.shares() && !of.blocks(watcher.account);
            shown && watcher.rooms.contains(&room) && !of.meets(watcher)
        });
        for stream in self.streams_of(account) {
            let lost = |other: &super::Stream| {
                !other.blocks(account) && other.spoken.contains(&room) && !other.meets(stream)
            };
            for other in stream.watches.iter().filter(|other| self.there(**other).any(lost)) {
                let event = ServerFrame::Event(Event::Presence(gone(*other)));
                stream.outbox.hint(&encode(&event).into());
            }
        }
    }

    /// An account shares from now on when it is there, or does not.
    pub(super) fn shares_presence(&mut self, account: AccountId, on: bool) {
        let was = self.there(account).next().is_some();
        for stream in self.streams.values_mut().filter(|stream| stream.account == account) {
            stream.shares = Some(on);
        }
        let is = self.there(account).next().is_some();
        if was != is {
            self.tell_presence(account, is);
        }
    }

    /// An account blocks these from now on: whoever is new among them sees it go, and whoever is none of them any more sees it.
    pub(super) fn blocks(&mut self, account: AccountId, blocked: Vec<AccountId>) {
        let blocked: Arc<HashSet<AccountId>> = Arc::new(blocked.into_iter().collect());
        let mut before = Arc::default();
        for stream in self.streams.values_mut().filter(|stream| stream.account == account) {
            before = stream.blocks.replace(Arc::clone(&blocked)).unwrap_or_default();
        }
        for (online, new, old) in [(false, &blocked, &before), (true, &before, &blocked)] {
            let presence = Presence { account, online, last_seen_ms: None };
            self.hint_watchers(presence, |watcher| {
                let changed = new.contains(&watcher.account) && !old.contains(&watcher.account);
                changed && watcher.shares() && self.there(account).any(|one| one.meets(watcher))
            });
        }
    }

    fn stop_watching_presence(&mut self, id: StreamId) {
        let Some(stream) = self.streams.get_mut(&id) else { return };
        let watched = std::mem::take(&mut stream.watches);
        self.forget_watches(id, &watched);
    }

    fn forget_watches(&mut self, id: StreamId, watched: &HashSet<AccountId>) {
        for account in watched {
            if let Some(watchers) = self.watchers.get_mut(account) {
                watchers.remove(&id);
                if watchers.is_empty() {
                    self.watchers.remove(account);
                }
            }
        }
    }
}
