//! Invite links that this account makes.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use waxwing_crypto_core::{
    identity::fingerprint,
    ids,
    room::{InviteLink, JoinSecret, short_fingerprint},
    secret::SymmetricKey,
};
use waxwing_wire::RoomId;
use zeroize::Zeroizing;

use super::commit::{CommitFor, Wanted};
use crate::{
    account_data::link_name,
    api::{Failure, Reply},
    ctx::{Ctx, failure},
    machine::Client,
};

impl Client {
    /// The invite of a room, from the secret that the account keeps.
    pub(crate) fn invite_text(&self, room: RoomId) -> Result<String, Failure> {
        let missing = || failure("not_allowed", "This room has no invite link of yours.");
        let session = self.session.as_ref().ok_or_else(missing)?;
        // A link that the account's old keys could read is about to be replaced.
        let outdated = self.data.outdated(&link_name(room), session.root().generation()).is_some();
        let seed = self.data.get(&link_name(room)).filter(|_| !outdated).ok_or_else(missing)?;
        let secret = JoinSecret::from_seed(SymmetricKey::try_from_slice(seed).ok_or_else(missing)?);
        let method = secret.method_id().map_err(|_| missing())?;
        let group = self.rooms.get(&room).and_then(|sync| sync.group.as_ref());
        let group = group.filter(|group| group.state().join(&method).is_some()).ok_or_else(missing)?;
        let creator = short_fingerprint(&fingerprint(&session.id(), &group.own_key()));
        let link = InviteLink { room: ids::RoomId(room.0), secret, creator };
        Ok(URL_SAFE_NO_PAD.encode(&*link.to_bytes()))
    }

    pub(crate) fn create_invite(
        &mut self,
        intent: u64,
        room: &str,
        ctx: &mut Ctx<'_>,
    ) -> Result<(), Failure> {
        let room = self.open_room(room)?;
        if let Ok(invite) = self.invite_text(room) {
            ctx.reply(intent, Ok(Reply::Invite { invite }));
            return Ok(());
        }
        let secret = JoinSecret::generate(ctx.rng);
        // The secret is kept before the commit makes it count: a link that nobody can show would be a dead one.
        self.save(&link_name(room), Zeroizing::new(secret.seed().expose().to_vec()), ctx);
        self.want(room, Wanted::Link(secret), CommitFor::Invite { intent }, ctx)
    }
}
