//! What the author of a commit published with it is looked at by others, and put right where it is not: so that whoever comes later can
//! join, read back and start on a new device, whatever one member or the relay makes of an epoch.

use waxwing_crypto_core::room::{Role, Stamp};
use waxwing_wire::{
    EpochId, RoomId,
    frame::{PutPublished, Request, Response},
};

use super::{RoomSync, answers::RoomThen, commit::join_packages};
use crate::{
    ctx::Ctx,
    machine::{Client, Then, opaque},
    session::Session,
};

/// Members who look at what was published, on average: all of a small room, some of a large one.
const LOOKERS: u32 = 16;

impl RoomSync {
    /// Whether this member is one of those who look at the present epoch.
    fn looks(&self, ctx: &mut Ctx<'_>) -> bool {
        let members = self.group.as_ref().map_or(0, |group| group.roster().len());
        let members = u32::try_from(members).unwrap_or(u32::MAX);
        ctx.rng.next_u32().checked_rem(members.max(1)).is_some_and(|lot| lot < LOOKERS)
    }

    /// Whether this member adds join packages of its own: who made a way in, and who answers for the room.
    fn keeps_doors_open(&self, session: &Session) -> bool {
        let Some(state) = self.group.as_ref().map(|group| group.state()) else { return false };
        let made = state.joins.iter().any(|join| join.creator == session.id());
        !state.joins.is_empty() && (made || state.role(session.id()) >= Role::Moderator)
    }
}

impl Client {
    /// Looks at what was published for the newest epoch, if that was not done yet.
    pub(super) fn look_at_published(&mut self, room: RoomId, ctx: &mut Ctx<'_>) {
        let (Some(sync), Some(session)) = (self.rooms.get_mut(&room), &self.session) else { return };
        let (Some(epoch), true) = (sync.unchecked.take(), sync.is_current()) else { return };
        if sync.looks(ctx) {
            let then = Then::Room(RoomThen::Published { room, epoch });
            self.ask(Request::Published { room, epoch }, then, ctx);
        } else if sync.keeps_doors_open(session) {
            self.publish(room, epoch, false, false, ctx);
        }
    }

    pub(super) fn got_published(
        &mut self,
        (room, epoch): (RoomId, EpochId),
        response: Response,
        ctx: &mut Ctx<'_>,
    ) {
        let (Some(sync), Response::Published { links, public_states }) = (self.rooms.get(&room), response)
        else {
            return;
        };
        let Some(group) = sync.group.as_ref().filter(|group| group.epoch().0 == epoch.0) else { return };
        let parent = group.step().parent.and_then(|parent| sync.epochs.get(&EpochId(parent.0)));
        let parent = parent.map(|parent| &parent.keys);
        let link = links.iter().any(|link| group.check_link(parent, link.bytes.as_bytes()));
        let public = public_states.iter().any(|state| group.check_public_state(state.as_bytes()));
        self.publish(room, epoch, !link, !public, ctx);
    }

    /// Publishes own candidates for the present epoch: those that are missing, and join packages where this member keeps doors open or
    /// the author's word cannot be trusted.
    fn publish(&mut self, room: RoomId, epoch: EpochId, link: bool, public: bool, ctx: &mut Ctx<'_>) {
        let (Some(sync), Some(session)) = (self.rooms.get(&room), &self.session) else { return };
        let wrong = link || public;
        let Some(group) = sync.group.as_ref().filter(|group| group.epoch().0 == epoch.0) else { return };
        if !(wrong || sync.keeps_doors_open(session)) {
            return;
        }
        let parent = group.step().parent.and_then(|parent| sync.epochs.get(&EpochId(parent.0)));
        let stamp = Stamp { seen: sync.head, account_version: session.account_version(), now_ms: ctx.now_ms };
        let Some(identity) = session.key_in(group) else { return };
        let own = group.corrections(identity, parent.map(|parent| &parent.keys), stamp, ctx.rng);
        let Ok(own) = own else { return };
        let put = PutPublished {
            room,
            epoch,
            commit: sync.after,
            public_state: public.then(|| opaque(&own.public_state)),
            link: own.link.filter(|_| link).map(Into::into),
            packages: join_packages(&own.packages),
        };
        self.ask(Request::PutPublished(Box::new(put)), Then::Ignore, ctx);
    }
}
