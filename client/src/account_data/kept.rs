//! Changes that the relay does not have yet, kept on the device: what the person decided without a connection survives a restart.
//!
//! Only what a person decides is kept. What clients do by themselves (key packages, secrets of links, the list of rooms) is found to be due
//! again.

use minicbor::{Decode, Encode};
use waxwing_wire::RoomId;
use zeroize::Zeroizing;

use super::{Change, Edit, PROFILE, PreferencesChange, RoomChange};
use crate::{ctx::Ctx, io::StoreOp, machine::Client, people::Acquaintance, session::Session, trust::Pin};

const PREFIX: &str = "s/unsaved/";

#[derive(Encode, Decode)]
enum Kept {
    #[n(0)]
    Name(#[n(0)] String),
    #[n(1)]
    Pins(#[n(0)] Vec<Pin>),
    #[n(2)]
    People(#[n(0)] Vec<Acquaintance>),
    #[n(3)]
    RoomPreferences(#[n(0)] RoomId, #[n(1)] RoomChange),
    #[n(4)]
    Preferences(#[n(0)] PreferencesChange),
}

fn key(number: u64) -> String {
    format!("{PREFIX}{number:016x}")
}

impl Kept {
    fn of(edit: &Edit) -> Option<Self> {
        Some(match &edit.change {
            Change::Put(plain) if edit.name == PROFILE => Self::Name(String::from_utf8(plain.to_vec()).ok()?),
            Change::Pins(pins) => Self::Pins(pins.clone()),
            Change::People(people) => Self::People(people.clone()),
            Change::RoomPreferences(room, change) => Self::RoomPreferences(*room, *change),
            Change::Preferences(change) => Self::Preferences(*change),
            _ => return None,
        })
    }

    fn change(self) -> Change {
        match self {
            Self::Name(name) => Change::Put(Zeroizing::new(name.into_bytes())),
            Self::Pins(pins) => Change::Pins(pins),
            Self::People(people) => Change::People(people),
            Self::RoomPreferences(room, change) => Change::RoomPreferences(room, change),
            Self::Preferences(change) => Change::Preferences(change),
        }
    }
}

/// Changes from the entries under `s/`, in the order in which they were made.
pub(super) fn restore(session: &Session, entries: &[(String, Vec<u8>)]) -> Vec<Edit> {
    let mut edits: Vec<Edit> = entries.iter().filter_map(|(key, value)| open(session, key, value)).collect();
    edits.sort_by_key(|edit| edit.number);
    edits
}

fn open(session: &Session, key: &str, value: &[u8]) -> Option<Edit> {
    let number = u64::from_str_radix(key.strip_prefix(PREFIX)?, 16).ok()?;
    let (name, kept): (String, Kept) = waxwing_wire::decode(&session.get(key, value)?).ok()?;
    Some(Edit { number, name, change: kept.change() })
}

impl Client {
    /// Lets the device have exactly what the relay has not.
    pub(super) fn keep_edits(&mut self, ctx: &mut Ctx<'_>) {
        let Some(session) = &self.session else { return };
        let data = &mut self.data;
        let open: std::collections::BTreeSet<u64> = data.unsaved().map(|edit| edit.number).collect();
        let mut ops = Vec::new();
        data.kept.retain(|number| {
            let stays = open.contains(number);
            ops.extend((!stays).then(|| StoreOp::Delete { key: key(*number) }));
            stays
        });
        let mut fresh = Vec::new();
        for edit in data.unsaved().filter(|edit| !data.kept.contains(&edit.number)) {
            let Some(kept) = Kept::of(edit) else { continue };
            let plain = Zeroizing::new(waxwing_wire::encode(&(&edit.name, kept)));
            ops.extend(session.put(key(edit.number), &plain, ctx));
            fresh.push(edit.number);
        }
        data.kept.extend(fresh);
        ctx.persist(ops);
    }
}
