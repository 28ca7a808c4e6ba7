//! Storing account objects: one at a time, then the index; what another session stored first is kept and ours goes on top.

use waxwing_crypto_core::account::seal_account_data;
use waxwing_wire::{
    EpochId, Opaque, RoomId,
    frame::{AccountDatum, Request, Response},
    ids::DataName,
    problem::{Problem, ProblemCode},
};
use zeroize::Zeroizing;

use super::{
    AccountData, DataThen, Entry, INDEX, Index, KEY_PACKAGE, PROFILE, PreferencesChange, REPORT_KEY,
    RoomChange, is_link, key_package, preferences, rooms,
};
use crate::{
    ctx::Ctx,
    machine::{Client, Then},
    people::{self, Acquaintance},
    session::Session,
    trust::{self, Pin},
};

/// Attempts to store on top of what other sessions store, before the next connection.
const LOST_RACES: u32 = 8;

/// What is to become of an object.
#[derive(Debug, Clone)]
pub(crate) enum Change {
    /// This is its content; empty gives it up.
    Put(Zeroizing<Vec<u8>>),
    /// These accounts are known so; other accounts in the object stay.
    Pins(Vec<Pin>),
    /// What this account wants with these others; of each the newest counts.
    People(Vec<Acquaintance>),
    /// A new key package, unless another session has made one meanwhile.
    KeyPackage {
        generation: key_package::Generation,
        /// The one in use, if it is replaced before its time.
        spent: Option<Opaque>,
    },
    /// The account is, or is no more, in a room: it was in this epoch.
    Room(RoomId, Option<EpochId>),
    /// Other rooms in the object, and what is not named, stay.
    RoomPreferences(RoomId, RoomChange),
    /// What is not named stays.
    Preferences(PreferencesChange),
}

/// A change of one object that the relay does not have yet.
#[derive(Debug, Clone)]
pub(crate) struct Edit {
    /// Counts the changes of this device, so that they are told apart.
    pub(crate) number: u64,
    pub(crate) name: String,
    pub(crate) change: Change,
}

/// An object on its way.
#[derive(Debug)]
pub(super) struct Saving {
    pub(super) name: String,
    pub(super) plain: Zeroizing<Vec<u8>>,
    version: u64,
    /// What led to it; done again on top of what another session stored first.
    pub(super) edits: Vec<Edit>,
}

impl Change {
    /// The content after this change.
    fn apply(&self, before: Zeroizing<Vec<u8>>) -> Zeroizing<Vec<u8>> {
        match self {
            Self::Put(plain) => plain.clone(),
            Self::Pins(pins) => trust::merge(&before, pins),
            Self::People(people) => people::merge(&before, people),
            Self::KeyPackage { generation, spent } => key_package::add(&before, generation, spent.as_ref()),
            Self::Room(room, epoch) => rooms::note(&before, *room, *epoch),
            Self::RoomPreferences(room, change) => preferences::put(&before, *room, *change),
            Self::Preferences(change) => change.put(&before),
        }
    }
}

impl AccountData {
    /// The next object to be stored.
    fn next(&mut self, session: &Session) -> Option<Saving> {
        let generation = session.root().generation();
        if self.index.is_none() {
            // Before anything else: so whoever finds objects without a list knows that it was taken away.
            let index = Index {
                version: session.account_version().saturating_add(1),
                vault: session.vault_version,
                objects: Vec::new(),
            };
            return Some(self.save_index(session, &index));
        }
        while let Some(first) = self.edits.first() {
            let name = first.name.clone();
            let (edits, rest): (Vec<_>, Vec<_>) =
                std::mem::take(&mut self.edits).into_iter().partition(|edit| edit.name == name);
            self.edits = rest;
            let entry = self.entries.get(&name);
            let before = entry.map(|entry| entry.plain.clone()).unwrap_or_default();
            let plain = edits.iter().fold(before.clone(), |plain, edit| edit.change.apply(plain));
            if plain != before || entry.is_some_and(|entry| entry.generation != generation) {
                return Some(self.saving(session, name, plain, edits));
            }
        }
        // The secret of a link is not stored anew: the link is replaced, see `rotation`.
        let older =
            self.entries.iter().find(|(name, entry)| entry.generation != generation && !is_link(name));
        if let Some((name, entry)) = older {
            let (name, plain) = (name.clone(), entry.plain.clone());
            return Some(self.saving(session, name, plain, Vec::new()));
        }
        let current = self.entries.iter().filter(|(_, entry)| entry.generation == generation);
        let objects: Vec<_> = current.map(|(name, entry)| (name.clone(), entry.version)).collect();
        let current = self.index.as_ref();
        if current.is_some_and(|index| index.objects == objects && index.vault == session.vault_version) {
            return None;
        }
        let index = Index {
            version: session.account_version().saturating_add(1),
            vault: session.vault_version,
            objects,
        };
        Some(self.save_index(session, &index))
    }

    fn save_index(&self, session: &Session, index: &Index) -> Saving {
        let plain = Zeroizing::new(waxwing_wire::encode(index));
        self.saving(session, INDEX.to_owned(), plain, Vec::new())
    }

    fn saving(&self, session: &Session, name: String, plain: Zeroizing<Vec<u8>>, edits: Vec<Edit>) -> Saving {
        let place = DataName(session.root().account_data_name(&name));
        let version = self.places.get(&place).map_or(1, |(_, version)| version.saturating_add(1));
        Saving { name, plain, version, edits }
    }

    /// Places of objects sealed under earlier root keys, once all of them are stored anew.
    fn left_over(&self, generation: u32) -> Vec<DataName> {
        if self.entries.values().any(|entry| entry.generation != generation) {
            return Vec::new();
        }
        let old = self.places.iter().filter(|(_, (stored, _))| *stored < generation);
        old.map(|(place, _)| *place).collect()
    }

    /// The relay has it.
    fn stored(&mut self, saving: Saving, session: &mut Session) {
        let Saving { name, plain, version, .. } = saving;
        let generation = session.root().generation();
        let place = DataName(session.root().account_data_name(&name));
        self.places.insert(place, (generation, version));
        self.lost_races = 0;
        if name == INDEX {
            self.index = waxwing_wire::decode(&plain).ok();
            let version = self.index.as_ref().map_or(0, |index| index.version);
            session.account_version = session.account_version.max(version);
        } else {
            self.entries.insert(name, Entry { generation, version, plain });
        }
    }
}

impl Client {
    /// Stores an account object; empty content gives it up.
    pub(crate) fn save(&mut self, name: &str, plain: Zeroizing<Vec<u8>>, ctx: &mut Ctx<'_>) {
        self.edit(name, Change::Put(plain), ctx);
    }

    /// Changes an account object, on top of whatever other sessions make of it.
    pub(crate) fn edit(&mut self, name: &str, change: Change, ctx: &mut Ctx<'_>) {
        self.data.last_edit = self.data.last_edit.saturating_add(1);
        self.data.edits.push(Edit { number: self.data.last_edit, name: name.to_owned(), change });
        self.keep_edits(ctx);
        self.flush_data(ctx);
        self.keep_edits(ctx);
    }

    /// Stores the next object that waits, if none is on its way.
    pub(super) fn flush_data(&mut self, ctx: &mut Ctx<'_>) {
        let Some(session) = &self.session else { return };
        let data = &mut self.data;
        let stopped = data.refused || data.rolled_back.is_some();
        if !data.loaded || data.loading || stopped || data.saving.is_some() {
            return;
        }
        let Some(saving) = data.next(session) else { return self.tidy(ctx) };
        let Saving { name, plain, version, .. } = &saving;
        let sealed = seal_account_data(&session.vault, session.id(), name, *version, plain, ctx.rng);
        let Ok(bytes) = sealed else { return };
        let place = DataName(session.root().account_data_name(name));
        let datum = AccountDatum { name: place, version: *version, bytes: bytes.into() };
        data.saving = Some(saving);
        self.ask(Request::PutAccountData(datum), Then::Data(DataThen::Saved), ctx);
    }

    /// Everything is stored under the present root key: what was stored under earlier ones goes.
    fn tidy(&mut self, ctx: &mut Ctx<'_>) {
        let Some(session) = &self.session else { return };
        let left_over = self.data.left_over(session.root().generation());
        if !left_over.is_empty() {
            let then = Then::Data(DataThen::Dropped(left_over.clone()));
            self.ask(Request::DropAccountData(left_over), then, ctx);
        }
    }

    /// The keys of the account were replaced: what was on its way is stored anew.
    pub(crate) fn forget_saves(&mut self) {
        self.forget_data_requests();
        self.data.loading = false;
        let edits = self.data.saving.take().map(|saving| saving.edits).unwrap_or_default();
        self.data.edits.splice(0..0, edits);
    }

    pub(super) fn saved(&mut self, result: Result<Response, Problem>, ctx: &mut Ctx<'_>) {
        let (Some(saving), Some(session)) = (self.data.saving.take(), &mut self.session) else { return };
        match result {
            Ok(_) => {
                let name = saving.name.clone();
                self.data.stored(saving, session);
                self.keep_edits(ctx);
                if name == KEY_PACKAGE {
                    self.publish_key_package(ctx);
                    for room in self.room_ids() {
                        self.advance(room, ctx);
                    }
                }
                if name == INDEX {
                    self.remember(ctx);
                }
                if name == PROFILE {
                    for room in self.room_ids() {
                        self.announce(room, ctx);
                        self.advance(room, ctx);
                    }
                }
                if name == REPORT_KEY {
                    self.complete_report_key(ctx);
                }
                self.flush_data(ctx);
            }
            Err(problem) => {
                self.data.lost_races = self.data.lost_races.saturating_add(1);
                self.data.edits.splice(0..0, saving.edits);
                if problem.code == ProblemCode::Conflict && self.data.lost_races <= LOST_RACES {
                    self.reload(ctx);
                } else {
                    self.data.refused = true;
                }
            }
        }
    }
}
