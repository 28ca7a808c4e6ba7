//! What the operator does and shows, as live streams hear of it.

use waxwing_wire::{
    AccountId, RoomId,
    admin::Statistics,
    encode,
    frame::{Announcement, Event, LogEntry, ServerFrame},
};

use super::{Fanout, Registration, State, StreamId};

impl Registration {
    /// Names the stream for as long as it lives.
    pub fn stream(&self) -> StreamId {
        self.id
    }
}

impl Fanout {
    /// Whether a stream is sent the statistics. The caller has checked that its account administrates.
    pub fn watch(&self, stream: StreamId, on: bool) {
        if let Some(stream) = self.lock().streams.get_mut(&stream) {
            stream.watching = on;
        }
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
