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
    api::{Failure, INVITE_S_MAX, INVITE_S_MIN, Reply},
    ctx::{Ctx, failure},
    machine::Client,
};

/// How long a link opens unless somebody says otherwise: 7 days, in seconds.
const USUAL_S: u64 = 7 * 24 * 3600;

/// A way in that this account made.
struct Own {
    secret: JoinSecret,
    /// It opens until then, or for ever.
    until: Option<u64>,
    creator: [u8; 16],
}

/// When a link expires that is to last for so many seconds; 0 is for ever.
fn end(lasts_s: u64, now_ms: u64) -> Result<Option<u64>, Failure> {
    match lasts_s {
        0 => Ok(None),
        INVITE_S_MIN..=INVITE_S_MAX => Ok(Some(now_ms.saturating_add(lasts_s.saturating_mul(1000)))),
        _ => Err(failure(
            "not_allowed",
            "A link lasts for a minute at least, and for a year at most, or for ever.",
        )),
    }
}

impl Client {
    /// The link of a room that this account made, if it opens something.
    fn own_link(&self, room: RoomId, now_ms: u64) -> Result<Own, Failure> {
        let missing = || failure("not_allowed", "This room has no invite link of yours.");
        let session = self.session.as_ref().ok_or_else(missing)?;
        // A link that the account's old keys could read is about to be replaced.
        let outdated = self.data.outdated(&link_name(room), session.root().generation()).is_some();
        let seed = self.data.get(&link_name(room)).filter(|_| !outdated).ok_or_else(missing)?;
        let secret = JoinSecret::from_seed(SymmetricKey::try_from_slice(seed).ok_or_else(missing)?);
        let id = secret.method_id().map_err(|_| missing())?;
        let group = self.rooms.get(&room).and_then(|sync| sync.group.as_ref()).ok_or_else(missing)?;
        let method =
            group.state().join(&id).filter(|method| !method.has_expired(now_ms)).ok_or_else(missing)?;
        let creator = short_fingerprint(&fingerprint(&session.id(), &group.own_key()));
        Ok(Own { secret, until: method.expires_ms, creator })
    }

    /// The invite of a room, from the secret that the account keeps.
    pub(crate) fn invite_text(&self, room: RoomId, now_ms: u64) -> Result<Reply, Failure> {
        let Own { secret, until, creator } = self.own_link(room, now_ms)?;
        let link = InviteLink { room: ids::RoomId(room.0), secret, creator };
        Ok(Reply::Invite { invite: URL_SAFE_NO_PAD.encode(&*link.to_bytes()), until })
    }

    /// The invite of a room: as it is, or to last for so many seconds from now on. The link itself stays the same, so that those who were
    /// given it already can use it.
    pub(crate) fn create_invite(
        &mut self,
        intent: u64,
        (room, lasts_s): (&str, Option<u64>),
        ctx: &mut Ctx<'_>,
    ) -> Result<(), Failure> {
        let room = self.open_room(room)?;
        let own = self.own_link(room, ctx.now_ms).ok();
        if own.is_some() && lasts_s.is_none() {
            let invite = self.invite_text(room, ctx.now_ms)?;
            ctx.reply(intent, Ok(invite));
            return Ok(());
        }
        let until = end(lasts_s.unwrap_or(USUAL_S), ctx.now_ms)?;
        let secret = own.map_or_else(|| JoinSecret::generate(ctx.rng), |own| own.secret);
        // The secret is kept before the commit makes it count: a link that nobody can show would be a dead one.
        self.save(&link_name(room), Zeroizing::new(secret.seed().expose().to_vec()), ctx);
        self.want(room, Wanted::Link(secret, until), CommitFor::Invite { intent }, ctx)
    }
}
