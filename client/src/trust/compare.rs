//! What people compare by another way than the relay: safety numbers, contact links, room check codes.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use waxwing_crypto_core::{
    identity::IdentityPublicKey,
    ids,
    trust::{ContactLink, safety_number},
};
use waxwing_wire::{
    AccountId,
    frame::{Request, Response},
    problem::Problem,
};

use super::{Pin, Standing, TrustThen, fingerprint_of, not_shown, parse_shown};
use crate::{
    api::{Failure, Reply},
    ctx::{Ctx, failure},
    machine::{Client, Then},
};

fn unknown() -> Failure {
    failure("not_found", "Nobody here is known by this name.")
}

impl Client {
    /// The key of an account as a room has it, a new one where rooms differ.
    fn key_of(&self, account: AccountId) -> Option<IdentityPublicKey> {
        if let Some(changed) = self.trust.changes_of(account).next() {
            return Some(changed.key);
        }
        let keys = self.keys_in_rooms(account);
        let known = keys
            .iter()
            .find(|key| matches!(self.trust.pins.standing(account, key, u64::MAX), Standing::Known { .. }));
        known.or(keys.first()).copied()
    }

    /// The key of an account that was shown with this fingerprint.
    fn key_shown(&self, account: AccountId, fingerprint: [u8; 32]) -> Option<IdentityPublicKey> {
        let changed = self.trust.changes_of(account).map(|changed| changed.key);
        let mut keys = changed.chain(self.keys_in_rooms(account));
        keys.find(|key| fingerprint_of(account, key) == fingerprint)
    }

    pub(crate) fn safety_number(
        &mut self,
        intent: u64,
        (account, fingerprint): (&str, Option<String>),
        ctx: &mut Ctx<'_>,
    ) -> Result<(), Failure> {
        let (account, key) = match fingerprint {
            Some(fingerprint) => {
                let (account, fingerprint) = parse_shown(account, &fingerprint)?;
                (account, Some(self.key_shown(account, fingerprint).ok_or_else(not_shown)?))
            }
            None => {
                let account = account.parse().map_err(|_| unknown())?;
                (account, self.key_of(account))
            }
        };
        match key {
            Some(key) => {
                let number = self.number_with(account, &key, ctx);
                ctx.reply(intent, number);
            }
            None => {
                let then = Then::Trust(TrustThen::Number { intent, account });
                self.ask(Request::KeyPackage(account), then, ctx);
            }
        }
        Ok(())
    }

    /// The relay's word for a key: believed at first contact, and never against what is known.
    pub(super) fn got_key(
        &mut self,
        intent: u64,
        account: AccountId,
        result: Result<Response, Problem>,
        ctx: &mut Ctx<'_>,
    ) {
        let key = match result {
            Ok(Response::KeyPackage(Some(record))) => {
                <[u8; 32]>::try_from(record.identity_key.as_bytes()).ok().map(IdentityPublicKey)
            }
            _ => None,
        };
        let number = key.ok_or_else(unknown).and_then(|key| self.number_with(account, &key, ctx));
        ctx.reply(intent, number);
    }

    fn number_with(
        &mut self,
        account: AccountId,
        key: &IdentityPublicKey,
        ctx: &mut Ctx<'_>,
    ) -> Result<Reply, Failure> {
        let standing = self.meet(account, *key, ctx);
        let session = self.session.as_ref().ok_or_else(unknown)?;
        let own = (session.id(), &session.identity().public());
        let number = safety_number(own, (ids::AccountId(account.0), key));
        let fingerprint = URL_SAFE_NO_PAD.encode(fingerprint_of(account, key));
        let verified = standing == Standing::Known { verified: true };
        Ok(Reply::SafetyNumber { number, fingerprint, verified })
    }

    /// The person has compared the safety number of the key with this fingerprint.
    pub(crate) fn mark_verified(
        &mut self,
        account: AccountId,
        fingerprint: [u8; 32],
        ctx: &mut Ctx<'_>,
    ) -> Result<Reply, Failure> {
        if self.trust.changed.contains_key(&(account, fingerprint)) {
            // Comparing the number of the new identity is the best way of accepting it.
            self.accept_identity(account, fingerprint, ctx)?;
        }
        let pin = self.trust.pins.get(&account).filter(|pin| pin.fingerprint == fingerprint);
        let pin = pin.cloned().ok_or_else(not_shown)?;
        self.verify(Pin { verified: true, ..pin }, ctx).map(|()| Reply::Done)
    }

    fn verify(&mut self, pin: Pin, ctx: &mut Ctx<'_>) -> Result<(), Failure> {
        if self.data.rolled_back().is_some() {
            return Err(super::rolled_back());
        }
        self.pin(pin, ctx);
        for room in self.room_ids() {
            self.show_room(room, ctx);
        }
        Ok(())
    }

    pub(crate) fn room_check_code(&self, room: &str) -> Result<Reply, Failure> {
        let room = self.room_id(room)?;
        let group = self.rooms.get(&room).and_then(|sync| sync.group.as_ref());
        let group = group.ok_or_else(|| failure("wrong_step", "This room is still being fetched."))?;
        Ok(Reply::RoomCheckCode { code: group.check_code() })
    }

    /// Whether a link is of the identity that is known of its account, or that it shows now; or nothing is known of it.
    pub(crate) fn link_fits(&self, link: &ContactLink) -> bool {
        let account = AccountId(link.account.0);
        let known = self.trust.pins.get(&account).map(|pin| pin.fingerprint);
        self.trust.changed.contains_key(&(account, link.fingerprint))
            || known.is_none_or(|fingerprint| fingerprint == link.fingerprint)
    }

    /// Knows somebody by a link that did not come from the relay. A link against what is known changes nothing.
    pub(crate) fn trust_link(&mut self, link: &ContactLink, ctx: &mut Ctx<'_>) -> Result<(), Failure> {
        let account = AccountId(link.account.0);
        if !self.link_fits(link) {
            return Err(failure(
                "identity_changed",
                "This link is of another identity than the one you know. It is an old link, or somebody is deceiving you.",
            ));
        }
        if self.trust.changed.contains_key(&(account, link.fingerprint)) {
            // The link vouches for the new identity.
            self.accept_identity(account, link.fingerprint, ctx)?;
        }
        let before = self.trust.pins.get(&account).and_then(|pin| pin.before);
        self.verify(Pin { account, fingerprint: link.fingerprint, verified: true, before }, ctx)
    }
}
