//! How far reading what was missed has got, for whoever waits for it, and a pause of it.

use waxwing_wire::limits::PAGE_ENTRIES;

use super::RoomSync;
use crate::{api::Notice, ctx::Ctx, io::StoreOp, machine::Client};

/// Fewer entries than this are read before anybody would wonder.
const WORTH_TELLING: u64 = 200;

/// Key under which the device remembers that the person wants it to wait: whoever takes over from this engine goes on so.
const PAUSED: &str = "s/paused";

/// Of all rooms together, from when something worth telling is missing until nothing is.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    /// The person wants what is missing to wait.
    paused: bool,
    /// Most entries that were missing at once. What comes meanwhile counts, too.
    total: u64,
    /// Rooms and entries that were missing, and the pause, when that was told last.
    told: Option<(u32, u64, bool)>,
}

impl Progress {
    /// From the entries under `s/`.
    pub(crate) fn restore(entries: &[(String, Vec<u8>)]) -> Self {
        Self { paused: entries.iter().any(|(key, _)| key == PAUSED), ..Self::default() }
    }

    /// Whether a room is not read on for now. What is said there while people talk is read, and whoever wants to say something
    /// has to know all that was said before.
    pub(super) fn holds(&self, sync: &RoomSync) -> bool {
        self.paused && sync.missing() > u64::from(PAGE_ENTRIES) && sync.outbox.is_empty()
    }
}

impl RoomSync {
    /// Entries that the relay has, and that this device has not read and may read.
    fn missing(&self) -> u64 {
        if self.trouble.is_some() || self.gone || self.shut.is_some() {
            0
        } else {
            self.remote_seq.saturating_sub(self.head.seq)
        }
    }
}

impl Client {
    /// Tells how much is still missing, if that has changed.
    pub(crate) fn tell_progress(&mut self, ctx: &mut Ctx<'_>) {
        let (mut rooms, mut missing) = (0_u32, 0_u64);
        for entries in self.rooms.values().map(RoomSync::missing).filter(|entries| *entries > 0) {
            rooms = rooms.saturating_add(1);
            missing = missing.saturating_add(entries);
        }
        let progress = &mut self.progress;
        if missing == 0 && progress.paused && self.conn.is_ready() && self.data.loaded {
            // Also where nothing was missing after all.
            progress.paused = false;
            ctx.persist([StoreOp::Delete { key: PAUSED.to_owned() }]);
        }
        let now = Some((rooms, missing, progress.paused));
        if progress.told == now || (progress.told.is_none() && missing < WORTH_TELLING) {
            return;
        }
        let total = progress.total.max(missing);
        let over = missing == 0;
        (progress.total, progress.told) = if over { (0, None) } else { (total, now) };
        let (entries, done) = (total, total.saturating_sub(missing));
        ctx.notify(Notice::Progress { rooms, entries, done, paused: progress.paused });
    }

    /// What is missing waits, or is read on.
    pub(crate) fn pause_sync(&mut self, on: bool, ctx: &mut Ctx<'_>) {
        // Without anything missing there is nothing to pause.
        self.progress.paused = on && self.progress.told.is_some();
        let key = PAUSED.to_owned();
        ctx.persist([match self.progress.paused {
            true => StoreOp::Put { key, value: Vec::new(), secret: false },
            false => StoreOp::Delete { key },
        }]);
        if !on {
            for room in self.room_ids() {
                self.advance(room, ctx);
            }
        }
    }
}
