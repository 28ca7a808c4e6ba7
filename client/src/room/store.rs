//! Where a room is kept on the device, and in what form.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use waxwing_crypto_core::room::{KeyringRecord, LogHead};
use waxwing_wire::{AccountId, EntryId, EpochId, Opaque, RoomId, encode, frame::Snapshot};

use super::{
    Confirmed, OutItem, RoomSync, Vouched,
    duties::{Asked, Readmitted},
    shut::Shut,
    streams::Reader,
    successor::Claim,
};
use crate::{api::Item, content::Ref, ctx::Ctx, io::StoreOp, marks::Unread, session::Session};

/// Marks whose data the device holds: it opens for that account only.
pub(crate) const OWNER: &str = "s/owner";

/// Small and often changed: where the log stands and what a list shows.
#[derive(Serialize, Deserialize)]
pub(crate) struct HeadRecord {
    pub(crate) seq: u64,
    pub(crate) hash: EpochId,
    pub(crate) after: u64,
    pub(crate) anchored: bool,
    pub(crate) current: Option<EpochId>,
    pub(crate) names: Vec<(AccountId, String)>,
    pub(crate) reader: Reader,
    pub(crate) unread: Unread,
    pub(crate) newest_foreign: u64,
    /// Entries that the relay is still to erase.
    pub(crate) erase: BTreeSet<u64>,
    pub(crate) last: Option<Item>,
    pub(crate) stale_snapshot: u32,
    pub(crate) expired_to: u64,
    pub(crate) retention_told: u64,
    pub(crate) confirmed: Option<Confirmed>,
    pub(crate) vouched: Option<Vouched>,
    pub(crate) leaf_at_ms: u64,
    pub(crate) shut: Option<Shut>,
    pub(crate) welcomed: bool,
    pub(crate) skipped: u64,
    pub(crate) healed_at_ms: u64,
    pub(crate) refresh_due: bool,
    pub(crate) requests: Vec<(AccountId, Asked)>,
    pub(crate) readmitted: Vec<Readmitted>,
    pub(crate) claims: Vec<Claim>,
    pub(crate) successor: Option<RoomId>,
    pub(crate) predecessor: Option<RoomId>,
}

impl HeadRecord {
    pub(crate) fn head(&self) -> LogHead {
        LogHead { seq: self.seq, hash: self.hash.0 }
    }
}

pub(crate) fn room_prefix(room: RoomId) -> String {
    format!("s/room/{room}/")
}

pub(crate) fn epoch_key(room: RoomId, epoch: EpochId) -> String {
    format!("s/room/{room}/e/{epoch}")
}

pub(crate) fn own_mark_key(room: RoomId) -> String {
    format!("s/room/{room}/own")
}

pub(crate) fn marks_key(room: RoomId) -> String {
    format!("s/room/{room}/marks")
}

fn outbox_key(room: RoomId, id: EntryId) -> String {
    format!("s/room/{room}/o/{id}")
}

pub(crate) fn item_key(room: RoomId, seq: u64) -> String {
    format!("m/{room}/{seq:016x}")
}

/// What the entry `source` says about the message `target`.
pub(crate) fn note_key(room: RoomId, target: u64, source: u64) -> String {
    format!("a/{room}/{target:016x}/{source:016x}")
}

/// The newest edit of a message, with its text.
pub(crate) fn edit_key(room: RoomId, target: &Ref) -> String {
    format!("a/{room}/{:016x}/e.{}.{}", target.seq, target.sender, target.id)
}

/// The edit of a message that the entry `source` made, with its text, for the history of the message.
pub(crate) fn text_key(room: RoomId, target: &Ref, source: u64) -> String {
    format!("h/{room}/{:016x}/{}.{}/{source:016x}", target.seq, target.sender, target.id)
}

/// Keys of the texts of all edits of a message before an entry.
pub(crate) fn text_range(room: RoomId, target: &Ref, before: u64) -> (String, String) {
    (text_key(room, target, 0), text_key(room, target, before))
}

/// Keys of the texts of all edits at a place.
pub(crate) fn texts_at(room: RoomId, place: u64) -> (String, String) {
    (format!("h/{room}/{place:016x}/"), format!("h/{room}/{place:016x}0"))
}

/// A message that is pinned; whether it still is, its notes tell.
pub(crate) fn pin_key(room: RoomId, target: u64) -> String {
    format!("p/{room}/{target:016x}")
}

/// Every key of a room, as ranges whose upper ends are exclusive.
pub(crate) fn all_of(room: RoomId) -> [(String, String); 5] {
    // '0' comes right after '/'.
    ["s/room", "m", "a", "h", "p"].map(|kind| (format!("{kind}/{room}/"), format!("{kind}/{room}0")))
}

/// Keys of the items before a number, or of all.
pub(crate) fn item_range(room: RoomId, before: Option<u64>) -> (String, String) {
    (item_key(room, 0), before.map_or_else(|| item_end(room), |seq| item_key(room, seq)))
}

/// The end of all items.
pub(crate) fn item_end(room: RoomId) -> String {
    format!("m/{room}/g")
}

/// Keys of what is said about the messages between two places, both included.
pub(crate) fn note_range(room: RoomId, first: u64, last: u64) -> (String, String) {
    (format!("a/{room}/{first:016x}/"), format!("a/{room}/{last:016x}0"))
}

/// Keys of all that is pinned.
pub(crate) fn pin_range(room: RoomId) -> (String, String) {
    (pin_key(room, 0), format!("p/{room}/g"))
}

/// The number at the end of a key.
pub(crate) fn place(key: &str) -> Option<u64> {
    u64::from_str_radix(key.rsplit('/').next()?, 16).ok()
}

/// What an entry shows, with when the relay took that.
pub(crate) fn open_items(session: &Session, key: &str, value: &[u8]) -> Vec<Item> {
    let opened = session.get(key, value).and_then(|plain| serde_json::from_slice(&plain).ok());
    let (received, mut items): (Option<u64>, Vec<Item>) = opened.unwrap_or_default();
    items.iter_mut().for_each(|item| item.received = received);
    items
}

pub(crate) fn put_items(
    session: &Session,
    room: RoomId,
    seq: u64,
    items: &[Item],
    ctx: &mut Ctx<'_>,
) -> Option<StoreOp> {
    let received = items.iter().find_map(|item| item.received);
    let plain = serde_json::to_vec(&(received, items)).ok()?;
    session.put(item_key(room, seq), &plain, ctx)
}

impl RoomSync {
    pub(crate) fn put_head(&self, session: &Session, ctx: &mut Ctx<'_>) -> Option<StoreOp> {
        let record = HeadRecord {
            seq: self.head.seq,
            hash: EpochId(self.head.hash),
            after: self.after,
            anchored: self.anchored,
            current: self.current,
            names: self.names.iter().map(|(account, name)| (*account, name.clone())).collect(),
            reader: self.streams.reader(),
            unread: self.unread.clone(),
            newest_foreign: self.newest_foreign,
            erase: self.erase.clone(),
            last: self.last.clone(),
            stale_snapshot: self.stale_snapshot,
            expired_to: self.expiry.from,
            retention_told: self.expiry.told_s,
            confirmed: self.confirmed,
            vouched: self.vouched,
            leaf_at_ms: self.leaf_at_ms,
            shut: self.shut,
            welcomed: self.welcomed,
            skipped: self.skipped,
            healed_at_ms: self.healed_at_ms,
            refresh_due: self.refresh_due,
            requests: self.requests.iter().map(|(who, asked)| (*who, asked.clone())).collect(),
            readmitted: self.readmitted.clone(),
            claims: self.claims.clone(),
            successor: self.successor,
            predecessor: self.predecessor,
        };
        session.put(format!("{}head", room_prefix(self.id)), &serde_json::to_vec(&record).ok()?, ctx)
    }

    /// Streams of the authors who have written since this was kept.
    pub(crate) fn put_streams(&mut self, session: &Session, ctx: &mut Ctx<'_>) -> Vec<StoreOp> {
        let changed = self.streams.take_changed();
        let key = |author: AccountId| format!("{}streams/{author}", room_prefix(self.id));
        changed.into_iter().filter_map(|(author, plain)| session.put(key(author), &plain, ctx)).collect()
    }

    /// The group at its present epoch: a private snapshot and the public state, each sealed as at the relay.
    pub(crate) fn put_group(&self, session: &Session, ctx: &mut Ctx<'_>) -> Option<StoreOp> {
        let room = self.group.as_ref()?;
        let snapshot = Snapshot {
            epoch: EpochId(room.epoch().0),
            commit: self.after,
            bytes: room.snapshot(session.root(), ctx.rng).ok()?.into(),
        };
        let public = Opaque(room.public_state(session.key_in(room)?, ctx.rng).ok()?);
        let value = encode(&(snapshot, public));
        Some(StoreOp::Put { key: format!("{}group", room_prefix(self.id)), value, secret: false })
    }

    /// The key of one epoch and how it came to be.
    pub(crate) fn put_epoch(
        &self,
        epoch: EpochId,
        record: &KeyringRecord,
        session: &Session,
        ctx: &mut Ctx<'_>,
    ) -> Option<StoreOp> {
        let value =
            record.seal(session.root(), session.id(), self.id.0.into(), epoch.0.into(), ctx.rng).ok()?;
        Some(StoreOp::Put { key: epoch_key(self.id, epoch), value, secret: false })
    }

    pub(crate) fn put_leaving(&self, session: &Session, ctx: &mut Ctx<'_>) -> Option<StoreOp> {
        let plain = serde_json::to_vec(self.leaving.as_ref()?).ok()?;
        session.put(format!("{}leaving", room_prefix(self.id)), &plain, ctx)
    }

    pub(crate) fn delete_leaving(&self) -> StoreOp {
        StoreOp::Delete { key: format!("{}leaving", room_prefix(self.id)) }
    }

    pub(crate) fn put_moving(&self, session: &Session, ctx: &mut Ctx<'_>) -> Option<StoreOp> {
        let plain = serde_json::to_vec(self.moving.as_ref()?).ok()?;
        session.put(format!("{}moving", room_prefix(self.id)), &plain, ctx)
    }

    pub(crate) fn delete_moving(&self) -> StoreOp {
        StoreOp::Delete { key: format!("{}moving", room_prefix(self.id)) }
    }

    /// This device's stream, before its first message is sent.
    pub(crate) fn put_stream(&self, session: &Session, ctx: &mut Ctx<'_>) -> Option<StoreOp> {
        if self.stream_kept {
            return None;
        }
        session.put(format!("{}stream", room_prefix(self.id)), &self.stream.0, ctx)
    }

    pub(crate) fn put_unsent(&self, item: &OutItem, session: &Session, ctx: &mut Ctx<'_>) -> Option<StoreOp> {
        session.put(outbox_key(self.id, item.id), &serde_json::to_vec(item).ok()?, ctx)
    }

    pub(crate) fn delete_unsent(&self, id: EntryId) -> StoreOp {
        StoreOp::Delete { key: outbox_key(self.id, id) }
    }
}
