//! What the operator does and shows, as live streams hear of it.

use waxwing_wire::{
    AccountId, RoomId,
    admin::Statistics,
    encode,
    frame::{Announcement, Event, LogEntry, ServerFrame},
};

use crate::store::{Result, StoreError};

use super::{Fanout, Registration, State, StreamId};

impl Registration {
    /// Names the stream for as long as it lives.
    pub fn stream(&self) -> StreamId {
        self.id
    }
}

impl Fanout {
    /// Sends a stream the statistics, or no more, if `administrates` says so of its account. That is asked a second time
    /// once the stream watches: who stopped to administrate in between would not be told to stop watching.
    ///
    /// # Errors
    /// [`StoreError::NotAdministrator`], and those of asking.
    pub async fn watch_if<F: Future<Output = Result<bool>>>(
        &self,
        stream: StreamId,
        on: bool,
        administrates: impl Fn() -> F,
    ) -> Result<()> {
        if !administrates().await? {
            return Err(StoreError::NotAdministrator);
        }
        self.watch(stream, on);
        let still = administrates().await;
        if !matches!(still, Ok(true)) {
            self.watch(stream, false);
        }
        if still? { Ok(()) } else { Err(StoreError::NotAdministrator) }
    }

    fn watch(&self, stream: StreamId, on: bool) {
        if let Some(stream) = self.lock().streams.get_mut(&stream) {
            stream.watching = on;
        }
    }

    /// Whether anybody watches the statistics.
    pub fn is_watched(&self) -> bool {
        self.lock().streams.values().any(|stream| stream.watching)
    }

    /// Sends the statistics to those who watch them. Who is behind does not get them: there will be newer ones.
    pub fn show(&self, statistics: &Statistics) {
        let state = self.lock();
        let mut watching = state.streams.values().filter(|stream| stream.watching).peekable();
        if watching.peek().is_none() {
            return;
        }
        let event = Event::Statistics(Box::new(*statistics));
        let frame = encode(&ServerFrame::Event(event)).into();
        for stream in watching {
            stream.outbox.hint(&frame);
        }
    }
}

impl State {
    /// Tells a room that an entry has lost its bytes.
    pub(super) fn removed(&self, room: RoomId, entry: LogEntry) {
        let frame = encode(&ServerFrame::Event(Event::EntryRemoved { room, entry })).into();
        for stream in self.rooms.get(&room).into_iter().flatten().filter_map(|id| self.streams.get(id)) {
            stream.outbox.event(&frame);
        }
    }

    /// Tells everybody what the operator says.
    pub(super) fn announce(&self, standing: Vec<Announcement>) {
        let frame = encode(&ServerFrame::Event(Event::Announcements(standing))).into();
        for stream in self.streams.values() {
            stream.outbox.event(&frame);
        }
    }

    /// An account does not administrate any more.
    pub(super) fn stop_watching(&mut self, account: AccountId) {
        for stream in self.streams.values_mut().filter(|stream| stream.account == account) {
            stream.watching = false;
        }
    }
}
