//! Tells live streams what was committed. Everything here is a hint: whoever misses one reads from its cursor.
//!
//! One task hears the [`Notice`]s of the store in commit order, so each room's entries reach each stream in order.
//! It never waits for a stream: one whose queue is full is told later that the room has news.

mod desk;
mod inbox;
mod live;
mod marks;
mod presence;

use std::{
    collections::{HashMap, HashSet},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Instant,
};

use tokio::sync::mpsc;
use waxwing_wire::{
    AccountId, Opaque, RoomId, encode,
    frame::{EndReason, Event, RoomSummary, ServerFrame},
    ids::SessionId,
};

pub use inbox::{Inbox, Wake};
pub use live::Displaced;
pub use presence::to_the_minute;

use crate::{limits, store::Notice};
use inbox::Outbox;

/// Why a stream is ended by the relay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// Its session has ended.
    SessionEnded(EndReason),
    /// Another session of the account took over.
    Displaced,
    /// The relay goes down.
    Restarting,
    /// It does not read what it is sent.
    TooSlow,
    /// A newer one of its account took its place.
    Replaced,
}

/// Names a stream within this process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct StreamId(u64);

/// All live streams.
#[derive(Debug, Default)]
pub struct Fanout {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    next: u64,
    closing: bool,
    streams: HashMap<StreamId, Stream>,
    accounts: HashMap<AccountId, Vec<StreamId>>,
    rooms: HashMap<RoomId, HashSet<StreamId>>,
    /// Streams that are told of an account's presence.
    watchers: HashMap<AccountId, HashSet<StreamId>>,
    /// When accounts were last taken over, for as long as that matters.
    taken: HashMap<AccountId, Instant>,
}

#[derive(Debug)]
struct Stream {
    account: AccountId,
    session: SessionId,
    outbox: Outbox,
    rooms: HashSet<RoomId>,
    /// It has said hello and was not displaced.
    live: bool,
    /// Its account waits for an administrator.
    pending: Arc<AtomicBool>,
    /// Its account administrates and wants the statistics.
    watching: bool,
    /// Its account shares when it is there; unknown until that was read.
    shares: Option<bool>,
    /// Rooms in which its account has written a message since it came in.
    spoken: HashSet<RoomId>,
    /// Whom its account blocks; unknown until that was read.
    blocks: Option<Arc<HashSet<AccountId>>>,
    /// It has said hello and was subscribed to its rooms.
    arrived: bool,
    /// Accounts whose presence it is told.
    watches: HashSet<AccountId>,
    /// Changes of membership heard before the stream has said hello; `None` afterwards.
    waiting: Option<Vec<(RoomId, bool)>>,
}

impl Stream {
    fn tell(&self, event: Event) {
        self.outbox.event(&encode(&ServerFrame::Event(event)).into());
    }
}

/// Why a stream cannot be added.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// The relay goes down.
    Restarting,
}

/// A registered stream; dropping it takes it out.
#[derive(Debug)]
pub struct Registration {
    fanout: Arc<Fanout>,
    id: StreamId,
    pending: Arc<AtomicBool>,
}

impl Registration {
    /// Whether the account waits for an administrator.
    pub fn is_pending(&self) -> bool {
        self.pending.load(Ordering::Relaxed)
    }

    /// An administrator let the account in.
    pub fn admit(&self) {
        self.pending.store(false, Ordering::Relaxed);
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        self.fanout.lock().remove(self.id);
    }
}

impl Fanout {
    fn lock(&self) -> MutexGuard<'_, State> {
        // Each change of the state is complete before anything that could panic.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a stream, in place of another one if the account has too many. It hears of changes of its memberships from
    /// now on, and of entries once it was [activated](Self::activate).
    ///
    /// # Errors
    /// [`Refused`].
    pub fn register(
        self: &Arc<Self>,
        account: AccountId,
        session: SessionId,
        pending: bool,
    ) -> Result<(Registration, Inbox), Refused> {
        let mut state = self.lock();
        if state.closing {
            return Err(Refused::Restarting);
        }
        if let Some(oldest) = state.crowded_out(account) {
            if let Some(stream) = state.streams.get(&oldest) {
                stream.outbox.cut(Cut::Replaced);
            }
            state.remove(oldest);
        }
        let (outbox, inbox) = inbox::pair();
        let id = StreamId(state.next);
        state.next = state.next.wrapping_add(1);
        state.accounts.entry(account).or_default().push(id);
        let pending = Arc::new(AtomicBool::new(pending));
        let registration = Registration { fanout: Arc::clone(self), id, pending: Arc::clone(&pending) };
        let (rooms, waiting) = (HashSet::new(), Some(Vec::new()));
        let stream = Stream {
            account,
            session,
            outbox,
            rooms,
            live: false,
            pending,
            watching: false,
            shares: None,
            spoken: HashSet::new(),
            blocks: None,
            arrived: false,
            watches: HashSet::new(),
            waiting,
        };
        state.streams.insert(id, stream);
        Ok((registration, inbox))
    }

    /// Subscribes a stream to the rooms read from the store after it was registered, corrected by what it heard since.
    pub fn activate(&self, registration: &Registration, rooms: Vec<RoomId>) {
        let mut state = self.lock();
        let id = registration.id;
        let Some(stream) = state.streams.get_mut(&id) else { return };
        let changes = stream.waiting.take().unwrap_or_default();
        for room in rooms {
            state.subscribe(id, room);
        }
        for (room, member) in changes {
            if member { state.subscribe(id, room) } else { state.unsubscribe(id, room) }
        }
    }

    /// Passes a signal on to the other streams of a room; `false` when the sender is not subscribed to it. Streams
    /// that are behind do not get it: it is about this moment.
    pub fn signal(&self, from: &Registration, room: RoomId, bytes: Opaque) -> bool {
        let state = self.lock();
        let Some(sender) = state.streams.get(&from.id).filter(|stream| stream.rooms.contains(&room)) else {
            return false;
        };
        let event = Event::Signal { room, sender: sender.account, bytes };
        let frame: bytes::Bytes = encode(&ServerFrame::Event(event)).into();
        for id in state.rooms.get(&room).into_iter().flatten().filter(|id| **id != from.id) {
            if let Some(stream) = state.streams.get(id) {
                stream.outbox.hint(&frame);
            }
        }
        true
    }

    /// Ends all streams and takes no more.
    pub fn close(&self) {
        let mut state = self.lock();
        state.closing = true;
        for stream in state.streams.values() {
            stream.outbox.cut(Cut::Restarting);
        }
    }

    /// Number of live streams.
    pub fn count(&self) -> usize {
        self.lock().streams.len()
    }

    /// Hears notices until the store is gone.
    pub async fn run(self: Arc<Self>, mut notices: mpsc::Receiver<Notice>) {
        while let Some(notice) = notices.recv().await {
            self.publish(notice);
        }
    }

    fn publish(&self, notice: Notice) {
        let mut state = self.lock();
        match notice {
            Notice::Entry { room, entry, permit } => {
                let Some(streams) = state.rooms.get(&room).filter(|streams| !streams.is_empty()) else {
                    return;
                };
                let seq = entry.seq;
                let frame: bytes::Bytes = encode(&ServerFrame::Event(Event::Entry { room, entry })).into();
                for stream in streams.iter().filter_map(|id| state.streams.get(id)) {
                    stream.outbox.entry(room, seq, &frame);
                }
                drop(permit);
            }
            Notice::Joined { account, summary } => state.joined(account, &summary),
            Notice::Left { account, room } => state.left(account, room),
            Notice::Gone { account, room } => state.gone(account, room),
            Notice::Account { account, event } => state.account(account, event),
            Notice::Ended { account, which, reason } => state.end(account, which, reason),
            Notice::Removed { room, entry } => state.removed(room, entry),
            Notice::Mark { room, account, session, shared } => state.marked(room, (account, session), shared),
            Notice::OwnMark { room, account, session, own } => {
                state.tell_other_sessions(account, session, Event::OwnMark { room, own });
            }
            Notice::AccountData { account, session } => {
                state.tell_other_sessions(account, session, Event::AccountDataChanged);
            }
            Notice::SharesPresence { account, on } => state.shares_presence(account, on),
            Notice::Spoke { account, room } => state.spoke(account, room),
            Notice::Blocks { account, blocked } => state.blocks(account, blocked),
            Notice::Announcements(standing) => state.announce(standing),
        }
    }
}

impl State {
    /// The stream that makes room for a new one where its account has as many as it may: the oldest of the session that
    /// has most. So no session keeps another one out, or cuts it off, by opening many.
    fn crowded_out(&self, account: AccountId) -> Option<StreamId> {
        let ids = self.accounts.get(&account).filter(|ids| ids.len() >= limits::STREAMS_PER_ACCOUNT)?;
        let session = |id: &StreamId| self.streams.get(id).map(|stream| stream.session);
        let as_many = |id: &&StreamId| ids.iter().filter(|other| session(other) == session(id)).count();
        ids.iter().rev().max_by_key(as_many).copied()
    }

    fn subscribe(&mut self, id: StreamId, room: RoomId) {
        let Some(stream) = self.streams.get_mut(&id) else { return };
        stream.rooms.insert(room);
        self.rooms.entry(room).or_default().insert(id);
    }

    fn unsubscribe(&mut self, id: StreamId, room: RoomId) {
        if let Some(stream) = self.streams.get_mut(&id) {
            stream.rooms.remove(&room);
            stream.spoken.remove(&room);
        }
        if let Some(streams) = self.rooms.get_mut(&room) {
            streams.remove(&id);
            if streams.is_empty() {
                self.rooms.remove(&room);
            }
        }
    }

    /// Notes a change for a stream that has not said hello yet; `false` when it has.
    fn wait(&mut self, id: StreamId, room: RoomId, member: bool) -> bool {
        let Some(stream) = self.streams.get_mut(&id) else { return true };
        let Some(waiting) = &mut stream.waiting else { return false };
        if waiting.len() < limits::PENDING_CHANGES {
            waiting.push((room, member));
        } else {
            stream.outbox.cut(Cut::TooSlow);
        }
        true
    }

    fn joined(&mut self, account: AccountId, summary: &RoomSummary) {
        for id in self.accounts.get(&account).cloned().unwrap_or_default() {
            if !self.wait(id, summary.room, true) {
                self.subscribe(id, summary.room);
                self.tell(id, Event::RoomAdded(summary.clone()));
            }
        }
    }

    fn left(&mut self, account: AccountId, room: RoomId) {
        let spoken = self.streams_of(account).any(|stream| stream.spoken.contains(&room));
        for id in self.accounts.get(&account).cloned().unwrap_or_default() {
            if !self.wait(id, room, false) {
                self.unsubscribe(id, room);
                self.tell(id, Event::RoomRemoved(room));
            }
        }
        self.parted(account, room, spoken);
    }

    fn tell(&self, id: StreamId, event: Event) {
        if let Some(stream) = self.streams.get(&id) {
            stream.tell(event);
        }
    }

    fn remove(&mut self, id: StreamId) {
        let Some(stream) = self.streams.remove(&id) else { return };
        for room in &stream.rooms {
            if let Some(streams) = self.rooms.get_mut(room) {
                streams.remove(&id);
                if streams.is_empty() {
                    self.rooms.remove(room);
                }
            }
        }
        if let Some(streams) = self.accounts.get_mut(&stream.account) {
            streams.retain(|other| *other != id);
            if streams.is_empty() {
                self.accounts.remove(&stream.account);
            }
        }
        self.departed(id, &stream);
    }
}

#[cfg(test)]
mod tests;
