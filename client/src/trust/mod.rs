//! Whether others are who they were: identities are pinned at first contact, and a change blocks until the person accepts it.

mod compare;
mod pins;

use std::collections::BTreeMap;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use waxwing_crypto_core::{identity::IdentityPublicKey, ids, trust::IdentityChange};
use waxwing_wire::{
    AccountId, RoomId,
    frame::{Request, Response},
    problem::Problem,
};

pub(crate) use pins::Standing;
pub(crate) use pins::{Pin, merge};
use pins::{Pins, fingerprint_of};

use crate::{
    account_data::{Change, pin_name},
    api::{Failure, Identity, Notice, Reply},
    ctx::{Ctx, failure},
    machine::{Client, Then},
};

/// A key that is not the one known, as a room or the relay shows it.
#[derive(Debug)]
struct Changed {
    key: IdentityPublicKey,
    /// Whether statements signed by the old key lead to it; unknown until the relay was asked for them.
    signed: Option<bool>,
}

/// An account and the fingerprint of one of its keys. Rooms may show different ones of the same account, and any member may have brought
/// one in: what the person accepts is always one of them, the one that was shown.
type Shown = (AccountId, [u8; 32]);

/// An account that replaces its keys has no key package for a moment, and the relay gives its statements with that: asked so often.
const TRIES: u32 = 5;

/// What is known of others' identities.
#[derive(Debug, Default)]
pub(crate) struct Trust {
    pins: Pins,
    changed: BTreeMap<Shown, Changed>,
}

/// What an answer about another account leads to.
#[derive(Debug)]
pub(crate) enum TrustThen {
    /// Statements that may explain a change, asked for so many times before.
    Statements { shown: Shown, tries: u32 },
    /// A key to compute a safety number with.
    Number { intent: u64, account: AccountId },
}

impl Trust {
    /// Whether an account was compared by another way than the relay.
    pub(crate) fn is_verified(&self, account: AccountId) -> bool {
        self.pins.get(&account).is_some_and(|pin| pin.verified)
    }

    /// How somebody is shown outside of rooms.
    pub(crate) fn standing_of(&self, account: AccountId) -> Identity {
        let changed = self.changed.range((account, [0; 32])..=(account, [u8::MAX; 32])).next();
        match changed {
            Some(((_, fingerprint), changed)) => Identity::Changed {
                signed: changed.signed.unwrap_or(false),
                fingerprint: URL_SAFE_NO_PAD.encode(fingerprint),
            },
            None if self.is_verified(account) => Identity::Verified,
            None => Identity::Known,
        }
    }

    /// How a member's key is shown.
    pub(crate) fn identity(&self, account: AccountId, key: &IdentityPublicKey, now_ms: u64) -> Identity {
        match self.pins.standing(account, key, now_ms) {
            Standing::Known { verified: true } => Identity::Verified,
            Standing::New | Standing::Known { .. } | Standing::Before => Identity::Known,
            Standing::Changed => {
                let fingerprint = fingerprint_of(account, key);
                let changed = self.changed.get(&(account, fingerprint));
                let signed = changed.and_then(|changed| changed.signed).unwrap_or(false);
                Identity::Changed { signed, fingerprint: URL_SAFE_NO_PAD.encode(fingerprint) }
            }
        }
    }

    /// Keys of an account that are not the known one.
    fn changes_of(&self, account: AccountId) -> impl Iterator<Item = &Changed> {
        self.changed.range((account, [0; 32])..=(account, [u8::MAX; 32])).map(|(_, changed)| changed)
    }
}

impl Client {
    /// Takes over the pins that the account keeps, and looks at every room with them.
    pub(crate) fn load_pins(&mut self, ctx: &mut Ctx<'_>) {
        let stored = self.data.pin_objects().flat_map(pins::read).collect::<Vec<_>>();
        let unsaved = self.data.unsaved().flat_map(|edit| match &edit.change {
            Change::Pins(pins) => pins.clone(),
            _ => Vec::new(),
        });
        for pin in stored.into_iter().chain(unsaved.collect::<Vec<_>>()) {
            self.trust.pins.set(pin);
        }
        for room in self.room_ids() {
            self.check_members(room, ctx);
        }
    }

    /// Compares the members of a room with what is known of them. Whoever is new is known from now on.
    pub(crate) fn check_members(&mut self, room: RoomId, ctx: &mut Ctx<'_>) {
        let (Some(session), true) = (&self.session, self.data.loaded) else { return };
        let Some(group) = self.rooms.get(&room).and_then(|sync| sync.group.as_ref()) else { return };
        let me = session.account;
        let members = group.roster().iter().map(|(account, key)| (AccountId(account.0), *key));
        let members: Vec<_> = members.filter(|(account, _)| *account != me).collect();
        let came = group
            .step()
            .changes
            .iter()
            .filter(|change| change.after.is_some() && change.after != change.before);
        let came: Vec<_> = came.map(|change| AccountId(change.account.0)).collect();
        for (account, key) in members {
            let standing = self.meet(account, key, ctx);
            if standing == Standing::Before && came.contains(&account) {
                // The earlier key was not left over here, it came back: no rotation does that.
                if let Some(pin) = self.trust.pins.get(&account).cloned() {
                    self.pin(Pin { before: None, ..pin }, ctx);
                }
                self.meet(account, key, ctx);
            }
        }
    }

    /// An account shows this key.
    pub(crate) fn meet(&mut self, account: AccountId, key: IdentityPublicKey, ctx: &mut Ctx<'_>) -> Standing {
        let standing = self.trust.pins.standing(account, &key, ctx.now_ms);
        match standing {
            Standing::New => {
                let pin = self.trust.pins.accepted(account, &key, ctx.now_ms);
                self.pin(pin, ctx);
            }
            Standing::Changed => {
                let shown = (account, fingerprint_of(account, &key));
                if !self.trust.changed.contains_key(&shown) {
                    let current = self.keys_in_rooms(account);
                    self.trust.changed.retain(|(of, _), old| *of != account || current.contains(&old.key));
                    self.trust.changed.insert(shown, Changed { key, signed: None });
                    let then = Then::Trust(TrustThen::Statements { shown, tries: 0 });
                    self.ask(Request::KeyPackage(account), then, ctx);
                }
            }
            Standing::Known { .. } | Standing::Before => {}
        }
        standing
    }

    fn pin(&mut self, pin: Pin, ctx: &mut Ctx<'_>) {
        let name = pin_name(pin.account);
        self.trust.pins.set(pin.clone());
        self.edit(&name, Change::Pins(vec![pin]), ctx);
    }

    pub(crate) fn trust_then(
        &mut self,
        then: TrustThen,
        result: Result<Response, Problem>,
        ctx: &mut Ctx<'_>,
    ) {
        match then {
            TrustThen::Statements { shown, tries } => {
                let record = match result {
                    Ok(Response::KeyPackage(record)) => record,
                    _ => None,
                };
                if record.is_none() && tries < TRIES {
                    let then = TrustThen::Statements { shown, tries: tries.saturating_add(1) };
                    return self.ask_later(Request::KeyPackage(shown.0), Then::Trust(then), ctx);
                }
                let statements = record.map(|record| record.statements).unwrap_or_default();
                self.explain(shown, &statements, ctx);
            }
            TrustThen::Number { intent, account } => self.got_key(intent, account, result, ctx),
        }
    }

    /// Says that an identity changed, and whether its old key has signed that.
    fn explain(&mut self, shown: Shown, statements: &[waxwing_wire::Opaque], ctx: &mut Ctx<'_>) {
        let account = shown.0;
        let Some(pin) = self.trust.pins.get(&account) else { return };
        let Some(changed) = self.trust.changed.get_mut(&shown) else { return };
        let signed = leads_to(account, pin.fingerprint, &changed.key, statements);
        if changed.signed.replace(signed).is_none() {
            ctx.notify(Notice::IdentityChanged { account: account.to_string(), signed });
            for room in self.room_ids() {
                self.show_room(room, ctx);
            }
        }
    }

    /// Why nothing may be sent in a room: somebody in it has another identity than before.
    pub(crate) fn blocked(&self, room: RoomId, now_ms: u64) -> Option<Failure> {
        let session = self.session.as_ref()?;
        let group = self.rooms.get(&room)?.group.as_ref()?;
        let others = group.roster().iter().filter(|(account, _)| account.0 != session.account.0);
        let changed =
            |account: AccountId, key| self.trust.pins.standing(account, key, now_ms) == Standing::Changed;
        others.into_iter().any(|(account, key)| changed(AccountId(account.0), key)).then(|| {
            failure(
                "identity_changed",
                "Somebody in this room has a new identity. Look at it before you send anything.",
            )
        })
    }

    /// The keys of an account that rooms have now, one for each.
    fn keys_in_rooms(&self, account: AccountId) -> Vec<IdentityPublicKey> {
        let groups = self.rooms.values().filter_map(|sync| sync.group.as_ref());
        groups.filter_map(|group| group.roster().get(&ids::AccountId(account.0)).copied()).collect()
    }

    /// The person accepts the new identity of an account that was shown with this fingerprint, and no other one.
    pub(crate) fn accept_identity(
        &mut self,
        account: AccountId,
        fingerprint: [u8; 32],
        ctx: &mut Ctx<'_>,
    ) -> Result<Reply, Failure> {
        if self.data.rolled_back().is_some() {
            return Err(rolled_back());
        }
        let changed = self.trust.changed.get(&(account, fingerprint)).ok_or_else(not_shown)?;
        let pin = self.trust.pins.accepted(account, &changed.key, ctx.now_ms);
        // What else is shown of the account is compared with the accepted key from now on.
        self.trust.changed.retain(|(of, _), _| *of != account);
        self.pin(pin, ctx);
        for key in self.keys_in_rooms(account) {
            self.meet(account, key, ctx);
        }
        for room in self.room_ids() {
            self.show_room(room, ctx);
            self.advance(room, ctx);
        }
        Ok(Reply::Done)
    }
}

/// What was shown is not what there is now.
fn not_shown() -> Failure {
    failure("identity_not_shown", "This is not the identity that was shown. Look at it again.")
}

/// An account and the fingerprint of its key, as shown to the person.
pub(crate) fn parse_shown(account: &str, fingerprint: &str) -> Result<(AccountId, [u8; 32]), Failure> {
    let account = account.parse().map_err(|_| not_shown())?;
    let bytes = URL_SAFE_NO_PAD.decode(fingerprint).map_err(|_| not_shown())?;
    Ok((account, bytes.try_into().map_err(|_| not_shown())?))
}

pub(crate) fn rolled_back() -> Failure {
    failure(
        "account_rolled_back",
        "The relay gave an older state of your account. Nothing is changed until that is mended.",
    )
}

/// Whether a chain of statements, each signed by the key before it, leads from the known key to this one.
fn leads_to(
    account: AccountId,
    known: [u8; 32],
    key: &IdentityPublicKey,
    statements: &[waxwing_wire::Opaque],
) -> bool {
    let statements: Vec<Vec<u8>> = statements.iter().map(|statement| statement.0.clone()).collect();
    // Only the fingerprint of the known key is kept; a statement that begins with the key names it.
    let mut changes = statements.iter().filter_map(|bytes| IdentityChange::open(bytes).ok());
    let first = changes.find(|change| fingerprint_of(account, &change.old) == known);
    first.is_some_and(|first| IdentityChange::lead(ids::AccountId(account.0), &first.old, key, &statements))
}
