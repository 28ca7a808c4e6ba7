//! The end of an account: it leaves its rooms with its signature, then the relay forgets it, then this device.

use waxwing_wire::{
    Opaque,
    account::{self, path},
};

use super::HttpThen;
use crate::{ctx::Ctx, machine::Client};

/// How long rooms may take to hear of it, milliseconds. Those that did not are told by the relay, without a signature.
const PATIENCE_MS: u64 = 15_000;

/// An account that leaves its rooms before it is deleted.
#[derive(Debug)]
pub(crate) struct Deleting {
    intent: u64,
    proof: Opaque,
    until_ms: u64,
    /// The relay was asked to delete it.
    asked: bool,
}

impl Client {
    /// Password and code were given: asks whether the account may go, before it leaves anything.
    pub(super) fn ask_deletion(&mut self, intent: u64, proof: Opaque, ctx: &mut Ctx<'_>) {
        let body = account::DeleteAccount { proof: proof.clone(), only_check: true };
        self.post(path::DELETE, &body, intent, HttpThen::MayDelete(proof), ctx);
    }

    /// It may: leaves all rooms.
    pub(super) fn begin_deletion(&mut self, intent: u64, proof: Opaque, ctx: &mut Ctx<'_>) {
        let until_ms = ctx.now_ms.saturating_add(PATIENCE_MS);
        self.deleting = Some(Deleting { intent, proof, until_ms, asked: false });
        ctx.wake_at(until_ms);
        for room in self.room_ids() {
            self.leave_for_good(room, ctx);
        }
        self.go_on_deleting(ctx);
    }

    /// Every room has heard of it, or has had its time: the relay deletes the account.
    pub(crate) fn go_on_deleting(&mut self, ctx: &mut Ctx<'_>) {
        let left = self.rooms.values().all(|room| !room.is_leaving());
        let Some(deleting) = self.deleting.as_mut().filter(|deleting| !deleting.asked) else { return };
        if !left && ctx.now_ms < deleting.until_ms {
            return;
        }
        deleting.asked = true;
        let body = account::DeleteAccount { proof: deleting.proof.clone(), only_check: false };
        let intent = deleting.intent;
        self.post(path::DELETE, &body, intent, HttpThen::Deleted, ctx);
    }
}
