//! Sealed account objects: what an account keeps at the relay for itself besides its vault and its rooms.
//!
//! Each object has a version of its own; the object `index` lists them all and counts every change of any of them. That count is
//! the account version, which the account's messages sign. An object older than the index says, an index older than this device
//! remembers, or a vault older than either, is a relay that went back in time: that is said aloud, and nothing is written any more.

mod index;
mod kept;
mod key_package;
mod load;
mod preferences;
mod rooms;
mod save;

use std::collections::BTreeMap;

use waxwing_wire::{
    AccountId, RoomId,
    frame::{Request, Response},
    ids::DataName,
    problem::Problem,
};
use zeroize::Zeroizing;

use crate::{
    api::Rollback,
    ctx::Ctx,
    machine::{Client, Then},
    session::Session,
};
pub(crate) use index::{Index, Memory};
pub(crate) use key_package::open_published;
pub(crate) use preferences::{
    Liked, PREFERENCES, Preferences, PreferencesChange, RoomChange, RoomPreferences, room_preferences_name,
};
pub(crate) use save::{Change, Edit};

/// Name of the account object that holds the profile.
pub(crate) const PROFILE: &str = "profile";
/// Name of the account object that holds the key packages with their private parts.
pub(crate) const KEY_PACKAGE: &str = "key package";
/// Name of the account object that holds the seeds of an administrator's keys for reports.
pub(crate) const REPORT_KEY: &str = "report key";
/// Wait before what another session stored is loaded: it stores an object, then the list of all.
const RELOAD_AFTER_MS: u64 = 1_000;
/// Name of the account object that holds the place code of a guest.
pub(crate) const PLACE: &str = "place";
/// Name of the account object that lists the others.
pub(crate) const INDEX: &str = "index";
/// Accounts that the account knows are spread over so many objects, by the first bits of their ids.
const PIN_OBJECTS: u8 = 16;

/// Name of the account object that holds the secret of a room's join link.
pub(crate) fn link_name(room: RoomId) -> String {
    format!("link {room}")
}

/// Name of the account object that holds the secret behind a room's password.
pub(crate) fn password_name(room: RoomId) -> String {
    format!("password {room}")
}

/// Name of the account object that holds what this account wants with another.
pub(crate) fn people_name(account: AccountId) -> String {
    let [first, ..] = account.0;
    format!("people {:x}", first / PIN_OBJECTS)
}

/// Whether an object of this name holds the secret of a way into a room.
fn is_link(name: &str) -> bool {
    name.starts_with("link ") || name.starts_with("password ")
}

/// Name of the account object that holds what is known of this account's identity.
pub(crate) fn pin_name(account: AccountId) -> String {
    let [first, ..] = account.0;
    format!("pins {:x}", first / PIN_OBJECTS)
}

/// An account object, opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    /// Generation of the root key that it is sealed under.
    pub(crate) generation: u32,
    /// Counts its changes under this root key, from 1.
    pub(crate) version: u64,
    /// Empty when it was given up.
    pub(crate) plain: Zeroizing<Vec<u8>>,
}

/// What an answer about the account leads to.
#[derive(Debug)]
pub(crate) enum DataThen {
    Loaded,
    Saved,
    Dropped(Vec<DataName>),
    OwnKeyPackage,
}

/// Sealed account objects, opened.
#[derive(Debug, Default)]
pub(crate) struct AccountData {
    pub(crate) loaded: bool,
    entries: BTreeMap<String, Entry>,
    /// The index as it is stored under the present root key.
    index: Option<Index>,
    /// Generation and version of everything the relay holds, by its place.
    places: BTreeMap<DataName, (u32, u64)>,
    edits: Vec<Edit>,
    /// Numbers of changes that the device keeps until the relay has them.
    kept: std::collections::BTreeSet<u64>,
    /// Number of the newest change.
    last_edit: u64,
    saving: Option<save::Saving>,
    /// The objects are being asked for.
    loading: bool,
    /// What is on its way is older than what was learned meanwhile: it is asked for again.
    load_again: bool,
    /// Another session has stored something since it was loaded.
    stale: bool,
    /// Saves that another session was faster with, in a row.
    lost_races: u32,
    /// The relay refused to store something: no more attempts on this connection.
    refused: bool,
    rolled_back: Option<Rollback>,
    /// What the device remembers of earlier sessions.
    pub(crate) memory: Option<Memory>,
}

impl AccountData {
    /// For a session that begins with what the device remembers, and with what the relay was not told any more.
    pub(crate) fn remembering(
        memory: Option<Memory>,
        session: &Session,
        entries: &[(String, Vec<u8>)],
    ) -> Self {
        let edits = kept::restore(session, entries);
        let kept = edits.iter().map(|edit| edit.number).collect();
        let last_edit = edits.last().map_or(0, |edit| edit.number);
        Self { memory, edits, kept, last_edit, ..Self::default() }
    }

    /// The relay went back to an older state of the account.
    pub(crate) fn rolled_back(&self) -> Option<Rollback> {
        self.rolled_back
    }

    /// What the relay has now is still on its way.
    pub(crate) fn is_loading(&self) -> bool {
        self.loading || !self.loaded
    }

    /// Content of an object as it will be once everything is stored; nothing when it is not there or was given up.
    pub(crate) fn get(&self, name: &str) -> Option<&[u8]> {
        let queued = self.edits.iter().rev().find_map(|edit| match &edit.change {
            Change::Put(plain) if edit.name == name => Some(plain),
            _ => None,
        });
        let under_way =
            || self.saving.as_ref().filter(|saving| saving.name == name).map(|saving| &saving.plain);
        let stored = || self.entries.get(name).map(|entry| &entry.plain);
        let plain = queued.or_else(under_way).or_else(stored)?;
        Some(plain.as_slice()).filter(|plain| !plain.is_empty())
    }

    /// The content of an object, if it is still sealed under an earlier root key and nothing is about to replace it.
    pub(crate) fn outdated(&self, name: &str, generation: u32) -> Option<&[u8]> {
        let entry = self.entries.get(name).filter(|entry| entry.generation != generation)?;
        let replaced = self.unsaved().any(|edit| edit.name == name);
        (!replaced).then_some(entry.plain.as_slice())
    }

    /// Edits that the relay does not have yet.
    pub(crate) fn unsaved(&self) -> impl Iterator<Item = &Edit> {
        self.saving.iter().flat_map(|saving| &saving.edits).chain(&self.edits)
    }
}

impl Client {
    /// What a new account stores at the relay: its profile and its key package.
    pub(crate) fn first_login(&mut self, ctx: &mut Ctx<'_>) {
        self.data.loaded = true;
        self.complete_account(ctx);
    }

    /// Stores what every account has and this one lacks, because its registration was cut off before it was stored.
    pub(crate) fn complete_account(&mut self, ctx: &mut Ctx<'_>) {
        let Some(session) = &self.session else { return };
        if self.data.get(PROFILE).is_none() {
            let name = Zeroizing::new(session.display_name.clone().into_bytes());
            self.save(PROFILE, name, ctx);
        }
        self.renew_key_package(ctx);
    }

    pub(crate) fn data_then(&mut self, then: DataThen, result: Result<Response, Problem>, ctx: &mut Ctx<'_>) {
        match (then, result) {
            (DataThen::Loaded, result) => {
                self.data.loading = false;
                match result {
                    _ if std::mem::take(&mut self.data.load_again) => self.reload(ctx),
                    Ok(Response::AccountData(data)) => self.account_data(&data, ctx),
                    _ => {}
                }
            }
            (DataThen::Saved, result) => self.saved(result, ctx),
            (DataThen::Dropped(places), Ok(_)) => {
                self.data.places.retain(|place, _| !places.contains(place));
            }
            (DataThen::OwnKeyPackage, Ok(Response::KeyPackage(record))) => {
                self.compare_key_package(record, ctx);
            }
            _ => {}
        }
    }

    /// Asks for all account objects, unless something is being stored: then what comes back could be older than that.
    pub(crate) fn load_data(&mut self, ctx: &mut Ctx<'_>) {
        self.data.refused = false;
        self.data.lost_races = 0;
        self.reload(ctx);
    }

    /// A message of this account names a state of it. One that is newer than what the relay gave was made by another session just now, or
    /// the relay holds back what that session stored: what it has tells which.
    pub(crate) fn saw_account_version(&mut self, version: u64, ctx: &mut Ctx<'_>) {
        let Some(session) = self.session.as_mut().filter(|session| session.account_version < version) else {
            return;
        };
        session.account_version = version;
        self.remember(ctx);
        self.data.load_again = self.data.loading;
        self.reload(ctx);
    }

    /// Another session stores something, perhaps more in a moment.
    pub(crate) fn data_changed(&mut self, ctx: &mut Ctx<'_>) {
        if !std::mem::replace(&mut self.data.stale, true) {
            ctx.wake_in(RELOAD_AFTER_MS);
        }
    }

    /// Loads what another session has stored, once nothing of our own is on its way.
    pub(crate) fn reload_changed(&mut self, ctx: &mut Ctx<'_>) {
        if !self.data.stale || !self.data.loaded {
            return;
        }
        if self.data.saving.is_some() || self.data.loading {
            return ctx.wake_in(RELOAD_AFTER_MS);
        }
        self.data.stale = false;
        self.reload(ctx);
    }

    fn reload(&mut self, ctx: &mut Ctx<'_>) {
        if self.data.saving.is_none() && !self.data.loading {
            self.data.loading = true;
            self.ask(Request::AccountData, Then::Data(DataThen::Loaded), ctx);
        }
    }
}
