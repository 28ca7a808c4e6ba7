//! The rooms that the account was in: where it has been, a Welcome counts only if the room's log leads to it.

use waxwing_wire::{EpochId, RoomId};
use zeroize::Zeroizing;

use super::{AccountData, Change};

/// Name of the account object: rooms, each with an epoch that the account was in.
pub(super) const ROOMS: &str = "rooms";

fn read(plain: &[u8]) -> Vec<(RoomId, EpochId)> {
    waxwing_wire::decode(plain).unwrap_or_default()
}

/// Adds a room, or takes it out.
pub(super) fn note(before: &[u8], room: RoomId, epoch: Option<EpochId>) -> Zeroizing<Vec<u8>> {
    let mut rooms = read(before);
    rooms.retain(|(known, _)| *known != room);
    rooms.extend(epoch.map(|epoch| (room, epoch)));
    Zeroizing::new(waxwing_wire::encode(&rooms))
}

impl AccountData {
    /// Whether the account was in this room before, and did not leave it.
    pub(crate) fn knows_room(&self, room: RoomId) -> bool {
        self.epoch_in(room).is_some()
    }

    /// An epoch of this room that the account was in: noted when it came in, until it leaves.
    pub(crate) fn epoch_in(&self, room: RoomId) -> Option<EpochId> {
        let edits: Vec<_> = self.unsaved().collect();
        let edit = edits.iter().rev().find_map(|edit| match &edit.change {
            Change::Room(known, epoch) if *known == room => Some(*epoch),
            _ => None,
        });
        let stored = || {
            let rooms = read(&self.entries.get(ROOMS)?.plain);
            rooms.into_iter().find(|(known, _)| *known == room).map(|(_, epoch)| epoch)
        };
        edit.unwrap_or_else(stored)
    }
}

impl crate::machine::Client {
    /// Lets the account remember that it is in a room, or that it is no longer.
    pub(crate) fn note_room(&mut self, room: RoomId, epoch: Option<EpochId>, ctx: &mut crate::ctx::Ctx<'_>) {
        if self.data.knows_room(room) != epoch.is_some() {
            self.edit(ROOMS, Change::Room(room, epoch), ctx);
        }
    }
}
