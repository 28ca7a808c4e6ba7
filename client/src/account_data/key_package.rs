//! The account's key package: renewed every month, its private parts kept for two periods.

use minicbor::{Decode, Encode};
use waxwing_crypto_core::{
    identity::IdentityPublicKey, published::PublishedKeyPackage, room::KeyPackageBundle,
};
use waxwing_wire::{
    AccountId, Opaque,
    frame::{KeyPackageRecord, Request},
};
use zeroize::Zeroizing;

use super::{Change, DataThen, KEY_PACKAGE};
use crate::{
    ctx::Ctx,
    machine::{Client, Then},
};

/// Time after which a key package is replaced: 30 days.
const RENEW_AFTER_MS: u64 = 30 * 24 * 3600 * 1000;
/// Key packages whose private parts are kept: the published one and those before, to which somebody may just be sealing.
const KEPT: usize = 3;

/// A key package with its private parts.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub(crate) struct Generation {
    /// Milliseconds since 1970.
    #[n(0)]
    made_at_ms: u64,
    /// Generation of the root key that the account had then; another one now means another identity key, too.
    #[n(1)]
    root: u32,
    /// As others get it.
    #[n(2)]
    published: Opaque,
    /// Sealed, with the private parts.
    #[n(3)]
    sealed: Opaque,
}

impl Generation {
    fn is_due(&self, root: u32, now_ms: u64) -> bool {
        self.root != root || self.made_at_ms.saturating_add(RENEW_AFTER_MS) <= now_ms
    }
}

/// The key package in what the relay gave for an account; nothing if the account did not publish it with this key.
pub(crate) fn open_published(account: AccountId, key: &IdentityPublicKey, bytes: &[u8]) -> Option<Vec<u8>> {
    Some(PublishedKeyPackage::open(account.0.into(), key, bytes).ok()?.key_package)
}

fn read(plain: &[u8]) -> Vec<Generation> {
    waxwing_wire::decode(plain).unwrap_or_default()
}

/// Puts a new key package in front; nothing changes where another session has just done so. `spent` is one to be replaced before its time.
pub(super) fn add(before: &[u8], new: &Generation, spent: Option<&Opaque>) -> Zeroizing<Vec<u8>> {
    let mut all = read(before);
    let due =
        |newest: &Generation| newest.is_due(new.root, new.made_at_ms) || Some(&newest.published) == spent;
    if all.first().is_none_or(due) {
        all.insert(0, new.clone());
        all.truncate(KEPT);
    }
    Zeroizing::new(waxwing_wire::encode(&all))
}

impl Client {
    /// The account's key packages, the published one first.
    pub(crate) fn key_packages(&self) -> Vec<KeyPackageBundle> {
        let Some(session) = &self.session else { return Vec::new() };
        let kept = read(self.data.get(KEY_PACKAGE).unwrap_or_default());
        let open = |generation: &Generation| {
            session.any_root(|root| {
                KeyPackageBundle::open(root, session.id(), generation.sealed.as_bytes()).ok()
            })
        };
        kept.iter().filter_map(open).collect()
    }

    fn newest_key_package(&self) -> Option<Generation> {
        read(self.data.get(KEY_PACKAGE)?).into_iter().next()
    }

    /// Makes a new key package when there is none, or the newest is too old or of an earlier identity. It is published once its
    /// private parts are stored, see [`Client::publish_key_package`].
    pub(crate) fn renew_key_package(&mut self, ctx: &mut Ctx<'_>) {
        let Some(session) = &self.session else { return };
        let root = session.root();
        let under_way = self.makes_key_package();
        let newest = self.newest_key_package();
        if under_way || newest.as_ref().is_some_and(|newest| !newest.is_due(root.generation(), ctx.now_ms)) {
            if newest.is_some() && !under_way {
                let request = Request::KeyPackage(session.account);
                self.ask(request, Then::Data(DataThen::OwnKeyPackage), ctx);
            }
            return;
        }
        self.make_key_package(None, ctx);
    }

    /// A new key package is made and not stored yet.
    pub(crate) fn makes_key_package(&self) -> bool {
        self.data.unsaved().any(|edit| matches!(edit.change, Change::KeyPackage { .. }))
    }

    /// Makes a new key package before the one in use is too old, because a leaf made of it sits where this account cannot follow.
    pub(crate) fn replace_key_package(&mut self, ctx: &mut Ctx<'_>) {
        if !self.makes_key_package() {
            let spent = self.newest_key_package().map(|newest| newest.published);
            self.make_key_package(spent, ctx);
        }
    }

    fn make_key_package(&mut self, spent: Option<Opaque>, ctx: &mut Ctx<'_>) {
        let Some(session) = &self.session else { return };
        let root = session.root();
        let made = KeyPackageBundle::generate(session.identity(), session.id()).ok();
        let Some(bundle) = made else { return };
        let dated = PublishedKeyPackage { key_package: bundle.public().to_vec(), made_at_ms: ctx.now_ms };
        let Ok(sealed) = bundle.seal(root, session.id(), ctx.rng) else { return };
        let generation = Generation {
            made_at_ms: ctx.now_ms,
            root: root.generation(),
            published: dated.sign(session.id(), session.identity()).into(),
            sealed: sealed.into(),
        };
        self.edit(KEY_PACKAGE, Change::KeyPackage { generation, spent }, ctx);
    }

    /// Publishes the newest key package.
    pub(super) fn publish_key_package(&mut self, ctx: &mut Ctx<'_>) {
        if let Some(newest) = self.newest_key_package() {
            self.ask(Request::PutKeyPackage(newest.published), Then::Ignore, ctx);
        }
    }

    /// The relay has another one than it should: it lost it, or publishing was cut off.
    pub(super) fn compare_key_package(&mut self, record: Option<KeyPackageRecord>, ctx: &mut Ctx<'_>) {
        let newest = self.newest_key_package();
        if newest.is_some_and(|newest| record.is_none_or(|record| record.bytes != newest.published)) {
            self.publish_key_package(ctx);
        }
    }
}
