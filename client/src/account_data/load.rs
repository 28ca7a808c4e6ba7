//! Reading the account objects that the relay has, and noticing when they are older than they were.

use std::collections::{BTreeMap, BTreeSet};

use waxwing_crypto_core::account::open_account_data;
use waxwing_wire::{frame::AccountDatum, ids::DataName};
use zeroize::Zeroizing;

use super::{
    AccountData, Entry, INDEX, Index, KEY_PACKAGE, Memory, PIN_OBJECTS, PROFILE, REPORT_KEY, link_name,
    password_name, preferences, rooms::ROOMS,
};
use crate::{
    api::{Notice, Rollback},
    ctx::Ctx,
    machine::Client,
    session::Session,
};

/// What the relay holds, opened.
#[derive(Debug, Default)]
struct Loaded {
    places: BTreeMap<DataName, (u32, u64)>,
    entries: BTreeMap<String, Entry>,
    /// By generation of the root key, so that an object is compared with the list of its own time.
    indexes: BTreeMap<u32, Index>,
    /// Something is sealed under a root key that this vault does not have yet.
    ahead: bool,
    /// An object is older than a list says, gone, or damaged.
    behind: bool,
}

impl Loaded {
    fn version(&self) -> u64 {
        self.indexes.values().map(|index| index.version).max().unwrap_or(0)
    }

    /// Opens what is stored under any name that may exist; `names` are those that no list has to tell.
    fn read(session: &Session, data: &[AccountDatum], names: impl IntoIterator<Item = String>) -> Self {
        let mut loaded = Self::default();
        let mut stored = BTreeMap::new();
        for datum in data {
            let head = datum.bytes.as_bytes().first_chunk().copied().unwrap_or_default();
            let generation = u32::from_be_bytes(head);
            loaded.ahead = loaded.ahead || generation > session.root().generation();
            loaded.places.insert(datum.name, (generation, datum.version));
            stored.insert(datum.name, datum);
        }
        let mut names: BTreeSet<String> = names.into_iter().collect();
        for root in session.vault.roots() {
            let index =
                stored.get(&DataName(root.account_data_name(INDEX))).map(|datum| open(session, INDEX, datum));
            match index.map(|opened| opened.and_then(|plain| waxwing_wire::decode::<Index>(&plain).ok())) {
                Some(Some(index)) => {
                    names.extend(index.objects.iter().map(|(name, _)| name.clone()));
                    loaded.indexes.insert(root.generation(), index);
                }
                Some(None) => loaded.behind = true,
                None => {}
            }
        }
        for name in names {
            loaded.find(session, &stored, name);
        }
        loaded
    }

    /// Finds the newest form of one object: the one under the newest root key that has it.
    fn find(&mut self, session: &Session, stored: &BTreeMap<DataName, &AccountDatum>, name: String) {
        let newest = session.any_root(|root| {
            let datum = stored.get(&DataName(root.account_data_name(&name)))?;
            Some((root.generation(), *datum))
        });
        let found = newest.map_or((0, 0), |(generation, datum)| (generation, datum.version));
        let expected = self.indexes.iter().rev().find_map(|(generation, index)| {
            let version = index.version_of(&name);
            (version > 0).then_some((*generation, version))
        });
        self.behind = self.behind || expected.is_some_and(|expected| found < expected);
        let Some((generation, datum)) = newest else { return };
        match open(session, &name, datum) {
            Some(plain) => {
                self.entries.insert(name, Entry { generation, version: datum.version, plain });
            }
            None => self.behind = true,
        }
    }

    /// Whether this is older than what was seen before.
    fn judge(&self, session: &Session, has_rooms: bool) -> Option<Rollback> {
        let vault = self.indexes.values().any(|index| index.vault > session.vault_version);
        if self.ahead || vault {
            return Some(Rollback::Vault);
        }
        // Only an account whose registration was cut off has no list: the list is stored before everything else.
        let lived = session.vault_version > 1 || has_rooms || !self.places.is_empty();
        let lost = self.indexes.is_empty() && lived;
        (self.behind || lost || self.version() < session.account_version()).then_some(Rollback::Data)
    }
}

fn open(session: &Session, name: &str, datum: &AccountDatum) -> Option<Zeroizing<Vec<u8>>> {
    open_account_data(&session.vault, session.id(), name, datum.version, datum.bytes.as_bytes()).ok()
}

impl AccountData {
    /// Takes over what was loaded, unless it is older than what is known; then nothing that is known goes away.
    fn take(&mut self, loaded: Loaded, session: &mut Session, has_rooms: bool) {
        self.rolled_back = loaded.judge(session, has_rooms);
        let generation = session.root().generation();
        if self.rolled_back.is_none() {
            session.account_version = loaded.version();
            self.index = loaded.indexes.get(&generation).cloned();
            self.places = loaded.places;
            self.entries = loaded.entries;
        } else {
            for (name, entry) in loaded.entries {
                self.entries.entry(name).or_insert(entry);
            }
        }
        self.loaded = true;
        self.loading = false;
    }

    /// Content of the objects that hold what this account wants with others.
    pub(crate) fn people_objects(&self) -> impl Iterator<Item = &[u8]> {
        let names = (0..PIN_OBJECTS).map(|n| format!("people {n:x}"));
        names.filter_map(|name| self.entries.get(&name)).map(|entry| entry.plain.as_slice())
    }

    /// Content of the objects that hold what is known of other accounts.
    pub(crate) fn pin_objects(&self) -> impl Iterator<Item = &[u8]> {
        let names = (0..PIN_OBJECTS).map(|n| format!("pins {n:x}"));
        names.filter_map(|name| self.entries.get(&name)).map(|entry| entry.plain.as_slice())
    }
}

impl Client {
    pub(super) fn account_data(&mut self, data: &[AccountDatum], ctx: &mut Ctx<'_>) {
        let Some(session) = &mut self.session else { return };
        let mut names = vec![
            PROFILE.to_owned(),
            KEY_PACKAGE.to_owned(),
            ROOMS.to_owned(),
            REPORT_KEY.to_owned(),
            super::PLACE.to_owned(),
        ];
        names.extend((0..PIN_OBJECTS).flat_map(|n| [format!("pins {n:x}"), format!("people {n:x}")]));
        names.extend(preferences::names());
        names.extend(self.rooms.keys().flat_map(|room| [link_name(*room), password_name(*room)]));
        let has_rooms = !self.rooms.is_empty();
        self.data.take(Loaded::read(session, data, names), session, has_rooms);
        if let Some(name) = self.data.get(PROFILE) {
            session.display_name = String::from_utf8_lossy(name).into_owned();
        }
        ctx.persist_with(|ctx| session.keep(ctx));
        ctx.notify(Notice::Session { me: Some(session.me()), reason: None });
        match self.data.rolled_back {
            Some(what) => ctx.notify(Notice::AccountRolledBack { what }),
            None => {
                self.remember(ctx);
                self.complete_account(ctx);
                self.complete_report_key(ctx);
            }
        }
        self.load_people(ctx);
        self.load_pins(ctx);
        self.preferences_changed(ctx);
        self.greet_presence(ctx);
        self.flush_data(ctx);
        self.keep_edits(ctx);
        for id in self.room_ids() {
            self.advance(id, ctx);
        }
        self.release(ctx);
    }

    /// Lets the device remember how new the account is, so that an older one is noticed after a restart too.
    pub(crate) fn remember(&mut self, ctx: &mut Ctx<'_>) {
        let Some(session) = &self.session else { return };
        let memory = Memory::new(session.account, session.vault_version, session.account_version());
        if self.data.memory.as_ref() != Some(&memory) {
            ctx.persist([memory.put()]);
            self.data.memory = Some(memory);
        }
    }
}
