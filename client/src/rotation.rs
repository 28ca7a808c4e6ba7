//! What follows new keys: rooms are told, links that the old keys could read are replaced.
//!
//! Nothing is written down about how far this has come. Wherever a room still knows the account by an earlier identity key, and wherever a
//! secret of a link is still sealed under an earlier root key, there is something to do; so it goes on after a crash, in any session, and
//! in rooms that could not be reached for a while. Account objects and the key package are stored anew in the same way, see
//! [`crate::account_data`].

use waxwing_crypto_core::{
    room::{JoinKind, JoinSecret, Role, Room},
    secret::SymmetricKey,
};
use waxwing_wire::RoomId;
use zeroize::Zeroizing;

use crate::{
    account_data::{link_name, password_name},
    ctx::Ctx,
    machine::Client,
    room::commit::{CommitFor, Wanted},
};

impl Client {
    /// The relay did not take what a room needs after new keys: it is tried again with the next connection, not at once.
    pub(crate) fn rotation_refused(&mut self, room: RoomId) {
        self.refused_rotation.insert(room);
    }

    /// Does the next thing that a room needs after new keys; the room has been read to its end.
    pub(crate) fn follow_rotation(&mut self, room: RoomId, ctx: &mut Ctx<'_>) {
        let (Some(sync), Some(session)) = (self.rooms.get(&room), &self.session) else { return };
        let idle = sync.own_commit.is_none() && sync.changes.is_empty() && sync.is_current();
        // Of an account that went back the newest keys here may not be the newest there are.
        let sure = self.data.rolled_back().is_none() && !self.refused_rotation.contains(&room);
        let Some(group) = sync.group.as_ref().filter(|_| idle && sure) else { return };
        let key = session.identity();
        if group.own_key() != key.public() {
            let wanted = Wanted::Rotate(key.clone());
            let _ = self.want(room, wanted, CommitFor::Rotation, ctx);
            return;
        }
        if !self.replace(room, JoinKind::Link, ctx) {
            self.replace(room, JoinKind::Password, ctx);
        }
    }

    /// Replaces a link, or closes a password, whose secret was kept under keys that have been replaced. A new password would have to be told
    /// to people, so it is for the person to set one. True when something is to be done.
    fn replace(&mut self, room: RoomId, kind: JoinKind, ctx: &mut Ctx<'_>) -> bool {
        let (Some(sync), Some(session)) = (self.rooms.get(&room), &self.session) else { return false };
        let name = if kind == JoinKind::Link { link_name(room) } else { password_name(room) };
        let Some(seed) = self.data.outdated(&name, session.root().generation()) else { return false };
        let seed = SymmetricKey::try_from_slice(seed);
        let method = seed.and_then(|seed| JoinSecret::from_seed(seed).method_id().ok());
        let state = sync.group.as_ref().map(Room::state);
        let method = state.zip(method).and_then(|(state, method)| state.join(&method));
        let may = state.is_some_and(|state| state.role(session.id()) >= Role::Moderator);
        let Some(method) = method.filter(|_| may) else {
            self.save(&name, Zeroizing::new(Vec::new()), ctx);
            return true;
        };
        // Kept once it counts: until then it is the old one that has to be replaced.
        let secret = JoinSecret::generate(ctx.rng);
        let (wanted, kept) = match kind {
            JoinKind::Link => {
                (Wanted::Link(secret.clone(), method.expires_ms), secret.seed().expose().to_vec())
            }
            JoinKind::Password => (Wanted::Without(kind), Vec::new()),
        };
        let _ = self.want(room, wanted, CommitFor::Relink(name, Zeroizing::new(kept)), ctx);
        true
    }
}
