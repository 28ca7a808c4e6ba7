//! How the account likes its rooms, and what others learn of it.

use std::collections::BTreeMap;

use minicbor::{Decode, Encode};
use waxwing_wire::RoomId;
use zeroize::Zeroizing;

use super::{AccountData, Change, Edit};
use crate::api::Notify;

/// Name of the account object that says what others learn of the account.
pub(crate) const PREFERENCES: &str = "preferences";
/// What is liked of rooms is spread over so many objects, by the first bits of their ids.
const ROOM_OBJECTS: u8 = 16;

/// Name of the account object that holds how this room is liked.
pub(crate) fn room_preferences_name(room: RoomId) -> String {
    let [first, ..] = room.0;
    format!("room preferences {:x}", first / ROOM_OBJECTS)
}

/// Names of all objects of this module.
pub(super) fn names() -> impl Iterator<Item = String> {
    let rooms = (0..ROOM_OBJECTS).map(|n| format!("room preferences {n:x}"));
    rooms.chain([PREFERENCES.to_owned()])
}

/// What others learn of the account, and it of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub(crate) struct Preferences {
    #[n(0)]
    pub(crate) read_receipts: bool,
    #[n(1)]
    pub(crate) typing: bool,
    #[n(2)]
    pub(crate) presence: bool,
}

impl Default for Preferences {
    fn default() -> Self {
        Self { read_receipts: true, typing: true, presence: true }
    }
}

/// How the account likes a room.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Encode, Decode)]
pub(crate) struct RoomPreferences {
    /// Silent until then, milliseconds since 1970; 0 when it is not.
    #[n(0)]
    pub(crate) muted: u64,
    /// 0 all, 1 mentions, 2 nothing.
    #[n(1)]
    notify: u8,
    #[n(2)]
    pub(crate) pinned: bool,
    #[n(3)]
    pub(crate) archived: bool,
}

impl RoomPreferences {
    pub(crate) fn notify(self) -> Notify {
        match self.notify {
            1 => Notify::Mentions,
            2 => Notify::Nothing,
            _ => Notify::All,
        }
    }
}

/// What is to be different in one room; the rest stays, also where another session has just changed it.
#[derive(Debug, Clone, Copy, Default, Encode, Decode)]
pub(crate) struct RoomChange {
    #[n(0)]
    pub(crate) muted: Option<u64>,
    #[n(1)]
    pub(crate) notify: Option<Notify>,
    #[n(2)]
    pub(crate) pinned: Option<bool>,
    #[n(3)]
    pub(crate) archived: Option<bool>,
    /// The account is not in the room any more.
    #[n(4)]
    pub(crate) forget: bool,
}

impl RoomChange {
    fn apply(self, mut liked: RoomPreferences) -> RoomPreferences {
        if self.forget {
            return RoomPreferences::default();
        }
        liked.muted = self.muted.unwrap_or(liked.muted);
        liked.pinned = self.pinned.unwrap_or(liked.pinned);
        liked.archived = self.archived.unwrap_or(liked.archived);
        liked.notify = self.notify.map_or(liked.notify, |notify| match notify {
            Notify::All => 0,
            Notify::Mentions => 1,
            Notify::Nothing => 2,
        });
        liked
    }
}

/// What is to be different of what others learn.
#[derive(Debug, Clone, Copy, Default, Encode, Decode)]
pub(crate) struct PreferencesChange {
    #[n(0)]
    pub(crate) read_receipts: Option<bool>,
    #[n(1)]
    pub(crate) typing: Option<bool>,
    #[n(2)]
    pub(crate) presence: Option<bool>,
}

impl PreferencesChange {
    fn apply(self, before: Preferences) -> Preferences {
        Preferences {
            read_receipts: self.read_receipts.unwrap_or(before.read_receipts),
            typing: self.typing.unwrap_or(before.typing),
            presence: self.presence.unwrap_or(before.presence),
        }
    }

    /// The object after this change.
    pub(super) fn put(self, before: &[u8]) -> Zeroizing<Vec<u8>> {
        let before = waxwing_wire::decode(before).unwrap_or_default();
        Zeroizing::new(waxwing_wire::encode(&self.apply(before)))
    }
}

pub(crate) type Liked = BTreeMap<RoomId, RoomPreferences>;

fn read(plain: &[u8]) -> Liked {
    let rooms: Vec<(RoomId, RoomPreferences)> = waxwing_wire::decode(plain).unwrap_or_default();
    rooms.into_iter().collect()
}

fn set(liked: &mut Liked, room: RoomId, change: RoomChange) {
    let new = change.apply(liked.remove(&room).unwrap_or_default());
    if new != RoomPreferences::default() {
        liked.insert(room, new);
    }
}

/// The object after a change of one room in it.
pub(super) fn put(before: &[u8], room: RoomId, change: RoomChange) -> Zeroizing<Vec<u8>> {
    let mut liked = read(before);
    set(&mut liked, room, change);
    let rooms: Vec<_> = liked.into_iter().collect();
    Zeroizing::new(if rooms.is_empty() { Vec::new() } else { waxwing_wire::encode(&rooms) })
}

impl AccountData {
    /// What others learn of the account, with what is not stored yet.
    pub(crate) fn preferences(&self) -> Preferences {
        let stored = self.entries.get(PREFERENCES).map(|entry| waxwing_wire::decode(&entry.plain));
        let stored = stored.and_then(Result::ok).unwrap_or_default();
        self.unsaved().fold(stored, |all, edit| match edit {
            Edit { change: Change::Preferences(change), .. } => change.apply(all),
            _ => all,
        })
    }

    /// How rooms are liked, with what is not stored yet.
    pub(crate) fn liked(&self) -> Liked {
        let names = names().filter(|name| name != PREFERENCES);
        let stored = names.filter_map(|name| Some(read(&self.entries.get(&name)?.plain)));
        let mut liked: Liked = stored.flatten().collect();
        for edit in self.unsaved() {
            if let Change::RoomPreferences(room, change) = edit.change {
                set(&mut liked, room, change);
            }
        }
        liked
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_of_different_things_add_up_and_what_is_as_usual_takes_no_place() {
        let room = RoomId([7; 16]);
        let muted = RoomChange { muted: Some(5), ..RoomChange::default() };
        let pinned =
            RoomChange { pinned: Some(true), notify: Some(Notify::Mentions), ..RoomChange::default() };
        let one = put(&put(&[], room, muted), room, pinned);
        let other = put(&put(&[], room, pinned), room, muted);
        assert_eq!(one, other);
        let liked = read(&one)[&room];
        assert_eq!(
            (liked.muted, liked.notify(), liked.pinned, liked.archived),
            (5, Notify::Mentions, true, false)
        );
        let usual = RoomChange { forget: true, ..RoomChange::default() };
        assert!(put(&one, room, usual).is_empty());
        let two = put(&one, RoomId([6; 16]), muted);
        assert_eq!(read(&put(&two, room, usual)).len(), 1);
    }

    #[test]
    fn everything_is_shared_at_first() {
        let off = PreferencesChange { typing: Some(false), ..PreferencesChange::default() };
        let after: Preferences = waxwing_wire::decode(&off.put(&[])).unwrap();
        assert_eq!(after, Preferences { typing: false, ..Preferences::default() });
        assert!(after.read_receipts && after.presence);
    }
}
