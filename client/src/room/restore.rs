//! Bringing rooms back from what the device holds.

use std::collections::BTreeMap;

use waxwing_crypto_core::{
    ids,
    room::{KeyringRecord, Snapshot},
};
use waxwing_wire::{EntryId, Opaque, RoomId, decode, frame};

use super::{
    OutItem, RoomSync, Stage,
    epochs::{Known, KnownEpochs, chain},
    store::HeadRecord,
    streams::Streams,
};
use crate::{ctx::Ctx, marks::Marks, session::Session};

/// Values of one room by what follows its prefix.
type Parts<'a> = BTreeMap<&'a str, (&'a str, &'a [u8])>;

/// Rooms from the entries under `s/`. A room whose parts do not fit is fetched from the relay as if it were new here; only what was
/// not sent yet is taken over.
pub(crate) fn from_store(
    session: &Session,
    entries: &[(String, Vec<u8>)],
    ctx: &mut Ctx<'_>,
) -> BTreeMap<RoomId, RoomSync> {
    let mut rooms: BTreeMap<RoomId, Parts<'_>> = BTreeMap::new();
    for (key, value) in entries {
        let parts = key.strip_prefix("s/room/").and_then(|rest| rest.split_once('/'));
        if let Some((Ok(room), part)) = parts.map(|(room, part)| (room.parse(), part)) {
            rooms.entry(room).or_default().insert(part, (key, value));
        }
    }
    rooms
        .into_iter()
        .map(|(id, parts)| {
            let held = room(session, id, &parts, ctx);
            let whole = held.is_some();
            let mut sync = held.unwrap_or_else(|| RoomSync::new(id, Stage::Unknown, ctx.rng));
            sync.outbox = outbox(session, &parts);
            let kept = |part| parts.get(part).and_then(|(key, value)| session.get(key, value));
            let (own, marks) = (kept("own"), kept("marks"));
            sync.marks = Marks::restore(
                own.as_ref().map(|plain| plain.as_slice()),
                marks.as_ref().map(|plain| plain.as_slice()),
            );
            let leaving = parts.get("leaving").and_then(|(key, value)| session.get(key, value));
            sync.leaving = leaving.and_then(|plain| serde_json::from_slice(&plain).ok());
            let moving = parts.get("moving").and_then(|(key, value)| session.get(key, value));
            sync.moving = moving.and_then(|plain| serde_json::from_slice(&plain).ok());
            let stream = parts.get("stream").and_then(|(key, value)| session.get(key, value));
            match stream.and_then(|stream| stream.as_slice().try_into().ok()) {
                Some(stream) if whole => {
                    sync.stream = EntryId(stream);
                    sync.stream_kept = true;
                }
                // Which of its places were used is not known any more.
                Some(_) => sync.draw_stream(session, ctx),
                None => {}
            }
            (id, sync)
        })
        .collect()
}

fn outbox(session: &Session, parts: &Parts<'_>) -> Vec<OutItem> {
    let mut items: Vec<OutItem> = parts
        .iter()
        .filter(|(part, _)| part.starts_with("o/"))
        .filter_map(|(_, (key, value))| serde_json::from_slice(&session.get(key, value)?).ok())
        .collect();
    items.sort_by_key(|item| item.at_ms);
    items
}

fn room(session: &Session, id: RoomId, parts: &Parts<'_>, ctx: &mut Ctx<'_>) -> Option<RoomSync> {
    let (key, value) = parts.get("head")?;
    let record: HeadRecord = serde_json::from_slice(&session.get(key, value)?).ok()?;
    let (_, value) = parts.get("group")?;
    let (snapshot, public): (frame::Snapshot, Opaque) = decode(value).ok()?;
    let (place, epoch) = (ids::RoomId(id.0), ids::EpochId(snapshot.epoch.0));
    let snapshot = session
        .any_root(|root| Snapshot::open(root, session.id(), place, epoch, snapshot.bytes.as_bytes()).ok())?;
    let group = snapshot.restore(&[public.0]).ok()?;
    let mut known = KnownEpochs::new();
    for (part, (_, value)) in parts {
        let Some(Ok(epoch)) = part.strip_prefix("e/").map(str::parse::<waxwing_wire::EpochId>) else {
            continue;
        };
        let opened = session
            .any_root(|root| KeyringRecord::open(root, session.id(), place, epoch.0.into(), value).ok());
        if let Some(record) = opened {
            known.insert(epoch, Known::new(record.keys(place, epoch.0.into()), Some(record.step)));
        }
    }
    let (epochs, _) = chain(&group, &known);
    let mut sync = RoomSync::new(id, Stage::Unknown, ctx.rng);
    sync.group = Some(group);
    sync.begin_reading(epochs);
    sync.head = record.head();
    sync.heads = [record.head()].into();
    sync.remote_seq = record.seq;
    sync.after = record.after;
    sync.anchored = record.anchored;
    sync.current = record.current;
    sync.names = record.names.into_iter().collect();
    sync.streams = Streams::of(record.reader);
    for (part, (key, value)) in parts {
        let author = part.strip_prefix("streams/").and_then(|author| author.parse().ok());
        if let Some((author, plain)) = author.zip(session.get(key, value)) {
            sync.streams.restore(author, &plain);
        }
    }
    sync.unread = record.unread;
    sync.erase = record.erase;
    sync.newest_foreign = record.newest_foreign;
    sync.last = record.last;
    sync.stale_snapshot = record.stale_snapshot;
    sync.expiry.from = record.expired_to;
    sync.expiry.told_s = record.retention_told;
    sync.confirmed = record.confirmed;
    sync.vouched = record.vouched;
    sync.leaf_at_ms = record.leaf_at_ms;
    sync.shut = record.shut;
    sync.welcomed = record.welcomed;
    sync.skipped = record.skipped;
    sync.healed_at_ms = record.healed_at_ms;
    sync.refresh_due = record.refresh_due;
    sync.requests = record.requests.into_iter().collect();
    sync.readmitted = record.readmitted;
    sync.claims = record.claims;
    sync.successor = record.successor;
    sync.predecessor = record.predecessor;
    Some(sync)
}
