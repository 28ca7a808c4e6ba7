//! Marks as live streams hear of them.

use waxwing_wire::{
    AccountId, Opaque, RoomId, encode,
    frame::{Event, ServerFrame},
    ids::SessionId,
};

use super::State;

impl State {
    /// Tells a room that a member has another shared mark, but for the session that put it. Who is behind does not get it: whoever opens a
    /// room asks for its marks.
    pub(super) fn marked(&self, room: RoomId, (account, session): (AccountId, SessionId), shared: Opaque) {
        let frame = encode(&ServerFrame::Event(Event::Mark { room, account, shared })).into();
        for stream in self.rooms.get(&room).into_iter().flatten().filter_map(|id| self.streams.get(id)) {
            if (stream.account, stream.session) != (account, session) {
                stream.outbox.hint(&frame);
            }
        }
    }

    /// Tells the other sessions of an account something of its own.
    pub(super) fn tell_other_sessions(&self, account: AccountId, session: SessionId, event: Event) {
        let frame = encode(&ServerFrame::Event(event)).into();
        let others = self.streams_of(account).filter(|stream| stream.session != session);
        for stream in others.filter(|stream| stream.waiting.is_none()) {
            stream.outbox.event(&frame);
        }
    }
}
