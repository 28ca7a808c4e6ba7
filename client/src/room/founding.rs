//! Founding rooms.

use waxwing_crypto_core::{
    ids,
    room::{self as core, Newcomer, RoomState},
};
use waxwing_wire::{
    EpochId, RoomId,
    frame::{CreateRoom, Request, Response},
    problem::Problem,
};

use super::{
    RoomSync, Stage,
    answers::RoomThen,
    commit::epoch_parts,
    log::Batch,
    people::{checked_name, no_such_room},
};
use crate::{
    api::{Failure, Reply},
    ctx::{Ctx, failure},
    machine::{Client, Then},
};

/// What a room is founded for.
pub(crate) enum FoundedFor {
    /// The person.
    Person { intent: u64 },
    /// A room of two, whose other one comes in next.
    Direct { intent: u64, package: Newcomer, note: Option<String> },
    /// The members of another room.
    Successor { from: RoomId },
}

impl Client {
    pub(crate) fn create_room(&mut self, intent: u64, name: &str, ctx: &mut Ctx<'_>) -> Result<(), Failure> {
        let session = self.session.as_ref().ok_or_else(no_such_room)?;
        let state = RoomState::group(&checked_name(name)?, session.id());
        let id = RoomId(ids::RoomId::random(ctx.rng).0);
        self.found(id, &state, FoundedFor::Person { intent }, ctx)
    }

    /// Founds a room and tells the relay.
    pub(super) fn found(
        &mut self,
        room: RoomId,
        state: &RoomState,
        purpose: FoundedFor,
        ctx: &mut Ctx<'_>,
    ) -> Result<(), Failure> {
        let session = self.session.as_ref().ok_or_else(no_such_room)?;
        let damaged = || failure("damaged", "The room could not be made. Try again.");
        let (account, place) = (session.id(), ids::RoomId(room.0));
        let founded = core::Room::found(session.identity(), account, place, state, ctx.now_ms, ctx.rng)
            .map_err(|_| damaged())?;
        let public = (founded.public_state.as_slice(), None);
        let parts =
            epoch_parts(session, &founded.room, public, &founded.packages, None, ctx).ok_or_else(damaged)?;
        let mut sync = RoomSync::new(room, Stage::Unconfirmed, ctx.rng);
        sync.adopt(founded.room);
        sync.anchored = true;
        sync.whole = true;
        sync.leaf_at_ms = ctx.now_ms;
        self.rooms.insert(room, sync);
        let create = Request::CreateRoom(Box::new(CreateRoom { room, parts }));
        self.ask(create, Then::Room(RoomThen::Founded { room, purpose }), ctx);
        Ok(())
    }

    pub(super) fn founded(
        &mut self,
        room: RoomId,
        purpose: FoundedFor,
        result: Result<Response, Problem>,
        ctx: &mut Ctx<'_>,
    ) {
        if let Err(problem) = result {
            self.rooms.remove(&room);
            return match purpose {
                FoundedFor::Person { intent } | FoundedFor::Direct { intent, .. } => {
                    ctx.reply(intent, Err(problem.into()));
                }
                FoundedFor::Successor { from } => self.stop_moving(from, problem.into(), ctx),
            };
        }
        let (Some(sync), Some(session)) = (self.rooms.get_mut(&room), &self.session) else { return };
        sync.stage = Stage::Ready;
        let record = sync.group.as_ref().map(|group| (EpochId(group.epoch().0), group.keyring_record()));
        let mut batch = Batch::new_group();
        batch.ops.extend(record.and_then(|(epoch, record)| sync.put_epoch(epoch, &record, session, ctx)));
        self.finish(room, batch, ctx);
        match purpose {
            FoundedFor::Person { intent } => ctx.reply(intent, Ok(Reply::Room { room: room.to_string() })),
            FoundedFor::Direct { intent, package, note } => {
                self.direct_founded((intent, package, note), room, ctx);
            }
            FoundedFor::Successor { from } => self.move_on(from, ctx),
        }
    }
}
