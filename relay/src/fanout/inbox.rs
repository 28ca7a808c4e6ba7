//! The bounded queue between fan-out and one stream.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use tokio::sync::Notify;
use waxwing_wire::{
    RoomId, Seq, encode,
    frame::{Event, ServerFrame},
};

use super::Cut;
use crate::limits;

/// What a stream finds in its inbox.
#[derive(Debug, PartialEq, Eq)]
pub enum Wake {
    /// An encoded event.
    Frame(Bytes),
    /// The relay ends the stream.
    Cut(Cut),
}

#[derive(Debug, Default)]
struct Queue {
    frames: VecDeque<Bytes>,
    bytes: usize,
    /// Rooms of which entries were not queued, with the newest number. Bounded by the rooms of an account.
    missed: BTreeMap<RoomId, Seq>,
    cut: Option<Cut>,
}

#[derive(Debug, Default)]
struct Shared {
    queue: Mutex<Queue>,
    ready: Notify,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Fan-out's end.
#[derive(Debug)]
pub(super) struct Outbox(Arc<Shared>);

/// The stream's end.
#[derive(Debug)]
pub struct Inbox(Arc<Shared>);

pub(super) fn pair() -> (Outbox, Inbox) {
    let shared = Arc::new(Shared::default());
    (Outbox(Arc::clone(&shared)), Inbox(shared))
}

impl Queue {
    fn takes(&self, frame: &Bytes) -> bool {
        self.frames.len() < limits::EVENT_QUEUE
            && self.bytes.saturating_add(frame.len()) <= limits::EVENT_QUEUE_BYTES
    }

    fn push(&mut self, frame: &Bytes) {
        self.bytes = self.bytes.saturating_add(frame.len());
        self.frames.push_back(frame.clone());
    }
}

impl Outbox {
    /// Queues an entry, or remembers that the room has news. Once a room has, later entries of it wait for the stream
    /// to be told: pushing them would only show a gap.
    pub(super) fn entry(&self, room: RoomId, seq: Seq, frame: &Bytes) {
        let mut queue = self.0.lock();
        if !queue.missed.contains_key(&room) && queue.takes(frame) {
            queue.push(frame);
        } else {
            queue.missed.insert(room, seq);
        }
        drop(queue);
        self.0.ready.notify_one();
    }

    /// Queues an event that must not be lost; a stream that cannot take it is cut and learns it from its next hello.
    pub(super) fn event(&self, frame: &Bytes) {
        let mut queue = self.0.lock();
        if queue.takes(frame) {
            queue.push(frame);
        } else {
            queue.cut.get_or_insert(Cut::TooSlow);
        }
        drop(queue);
        self.0.ready.notify_one();
    }

    /// Queues an event that may be lost, if there is plenty of room.
    pub(super) fn hint(&self, frame: &Bytes) {
        let mut queue = self.0.lock();
        if queue.frames.len() < limits::EVENT_QUEUE / 2 && queue.takes(frame) {
            queue.push(frame);
        }
        drop(queue);
        self.0.ready.notify_one();
    }

    pub(super) fn cut(&self, why: Cut) {
        self.0.lock().cut.get_or_insert(why);
        self.0.ready.notify_one();
    }
}

impl Inbox {
    /// What is there now: a cut before everything, then frames, then news of rooms that were missed.
    pub fn try_next(&self) -> Option<Wake> {
        let mut queue = self.0.lock();
        if let Some(why) = queue.cut {
            return Some(Wake::Cut(why));
        }
        if let Some(frame) = queue.frames.pop_front() {
            queue.bytes = queue.bytes.saturating_sub(frame.len());
            return Some(Wake::Frame(frame));
        }
        let (room, last_seq) = queue.missed.pop_first()?;
        Some(Wake::Frame(encode(&ServerFrame::Event(Event::News { room, last_seq })).into()))
    }

    /// Why the stream is to end, if it is.
    pub fn cut(&self) -> Option<Cut> {
        self.0.lock().cut
    }

    /// Waits until [`Self::try_next`] may have something. May be dropped and called again without losing a wake-up.
    pub async fn ready(&self) {
        self.0.ready.notified().await;
    }

    /// Makes the next [`Self::ready`] return at once.
    pub fn wake(&self) {
        self.0.ready.notify_one();
    }
}
