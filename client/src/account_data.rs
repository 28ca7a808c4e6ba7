//! Sealed account objects: what an account keeps at the relay for itself besides its vault and its rooms.

use std::collections::BTreeMap;

use waxwing_crypto_core::{
    account::{open_account_data, seal_account_data},
    room::KeyPackageBundle,
};
use waxwing_wire::{
    RoomId,
    frame::{AccountDatum, Request},
    ids::DataName,
};
use zeroize::Zeroizing;

use crate::{
    api::Notice,
    ctx::Ctx,
    machine::{Client, Then},
};

/// Sealed account objects, opened.
#[derive(Debug, Default)]
pub(crate) struct AccountData {
    pub(crate) loaded: bool,
    /// Version and content by name.
    pub(crate) entries: BTreeMap<String, (u64, Zeroizing<Vec<u8>>)>,
    /// What another session stored first; ours goes on top once its version is known.
    pub(crate) again: Vec<(String, Zeroizing<Vec<u8>>, u32)>,
}

/// Attempts to store an account object on top of what other sessions store.
pub(crate) const SAVES: u32 = 5;

/// Name of the account object that holds the profile.
pub(crate) const PROFILE: &str = "profile";
/// Name of the account object that holds the key package with its private parts.
pub(crate) const KEY_PACKAGE: &str = "key package";

/// Name of the account object that holds the secret of a room's join link.
pub(crate) fn link_name(room: RoomId) -> String {
    format!("link {room}")
}

impl Client {
    /// What a new account stores at the relay: its profile and its key package.
    pub(crate) fn first_login(&mut self, ctx: &mut Ctx<'_>) {
        self.data.loaded = true;
        self.complete_account(ctx);
    }

    /// Stores what every account has and this one lacks, because its registration was cut off before it was stored.
    fn complete_account(&mut self, ctx: &mut Ctx<'_>) {
        let Some(session) = &self.session else { return };
        let name = Zeroizing::new(session.display_name.clone().into_bytes());
        let bundle = KeyPackageBundle::generate(session.identity(), session.account.0.into()).ok();
        let sealed =
            bundle.as_ref().and_then(|bundle| bundle.seal(session.root(), session.id(), ctx.rng).ok());
        if !self.data.entries.contains_key(PROFILE) {
            self.save(PROFILE, name, ctx);
        }
        if let (Some(bundle), Some(sealed), false) =
            (bundle, sealed, self.data.entries.contains_key(KEY_PACKAGE))
        {
            self.save(KEY_PACKAGE, Zeroizing::new(sealed), ctx);
            self.ask(Request::PutKeyPackage(bundle.public().to_vec().into()), Then::Ignore, ctx);
        }
    }

    /// Stores an account object as its next version.
    pub(crate) fn save(&mut self, name: &str, plain: Zeroizing<Vec<u8>>, ctx: &mut Ctx<'_>) {
        self.save_again(name, plain, 0, ctx);
    }

    fn save_again(&mut self, name: &str, plain: Zeroizing<Vec<u8>>, tries: u32, ctx: &mut Ctx<'_>) {
        let Some(session) = &self.session else { return };
        let version = self.data.entries.get(name).map_or(1, |(version, _)| version.saturating_add(1));
        let sealed = seal_account_data(&session.vault, session.id(), name, version, &plain, ctx.rng);
        let Ok(sealed) = sealed else { return };
        let place = DataName(session.root().account_data_name(name));
        let datum = AccountDatum { name: place, version, bytes: sealed.into() };
        self.data.entries.insert(name.to_owned(), (version, plain.clone()));
        let then = Then::DataSaved { name: name.to_owned(), plain, tries };
        self.ask(Request::PutAccountData(datum), then, ctx);
    }

    pub(crate) fn account_data(&mut self, data: Vec<AccountDatum>, ctx: &mut Ctx<'_>) {
        let Some(session) = &mut self.session else { return };
        let mut names = vec![PROFILE.to_owned(), KEY_PACKAGE.to_owned()];
        names.extend(self.rooms.keys().map(|room| link_name(*room)));
        for name in names {
            let place = DataName(session.root().account_data_name(&name));
            let Some(datum) = data.iter().find(|datum| datum.name == place) else { continue };
            let id = session.id();
            let opened = open_account_data(&session.vault, id, &name, datum.version, datum.bytes.as_bytes());
            let Ok(plain) = opened else { continue };
            if name == PROFILE {
                session.display_name = String::from_utf8_lossy(&plain).into_owned();
            }
            self.data.entries.insert(name, (datum.version, plain));
        }
        self.data.loaded = true;
        let again = std::mem::take(&mut self.data.again);
        ctx.persist_with(|ctx| session.keep(ctx));
        ctx.notify(Notice::Session { me: Some(session.me()), reason: None });
        self.complete_account(ctx);
        for (name, plain, tries) in again {
            self.save_again(&name, plain, tries, ctx);
        }
        for id in self.room_ids() {
            self.advance(id, ctx);
        }
        self.release(ctx);
    }
}
