//! Shared marks: what members' devices have, and what members have seen.

use minicbor::{Decode, Encode};
use waxwing_crypto_core::{ids, signal::Signal};
use waxwing_wire::{AccountId, EpochId, Opaque, RoomId, limits::ROOM_MEMBERS};

use super::Reached;
use crate::{
    api::{Notice, Receipt},
    ctx::Ctx,
    machine::Client,
    room::{RoomSync, log::LATEST_SEQ},
    session::Session,
};

/// Kind of the signal that a shared mark is.
pub(super) const KIND: u16 = 2;

#[derive(Encode, Decode)]
struct Body {
    #[n(0)]
    delivered: u64,
    #[n(1)]
    read: u64,
}

pub(super) fn seal(
    sync: &RoomSync,
    reached: Reached,
    session: &Session,
    ctx: &mut Ctx<'_>,
) -> Option<Vec<u8>> {
    let group = sync.group.as_ref()?;
    let body = waxwing_wire::encode(&Body { delivered: reached.delivered, read: reached.read });
    let signal = Signal { sender: session.id(), sent_at_ms: ctx.now_ms, kind: KIND, body };
    signal.seal(group.keys(), session.key_in(group)?, ctx.rng).ok()
}

/// What became of a mark of a member.
enum Opened {
    Reached(Reached),
    /// It is of an epoch that is not known here, perhaps not yet.
    Unknown,
    /// It is no mark of this member.
    Wrong,
}

impl RoomSync {
    fn open_mark(&self, account: AccountId, sealed: &Opaque) -> Opened {
        let author = ids::AccountId(account.0);
        let Some(group) = &self.group else { return Opened::Unknown };
        let Some(epoch) = Signal::epoch_of(sealed.as_bytes()) else { return Opened::Wrong };
        let Some(epoch) = self.epochs.get(&EpochId(epoch.0)) else { return Opened::Unknown };
        let member = group.roster().contains_key(&author);
        let signal = Signal::open(&epoch.keys, &epoch.roster, author, sealed.as_bytes());
        let Some(signal) = signal.ok().filter(|signal| member && signal.kind == KIND) else {
            return Opened::Wrong;
        };
        match waxwing_wire::decode::<Body>(&signal.body) {
            Ok(Body { delivered, read }) if delivered < LATEST_SEQ && read < LATEST_SEQ => {
                // Who has seen something has it.
                Opened::Reached(Reached { delivered: delivered.max(read), read })
            }
            _ => Opened::Wrong,
        }
    }
}

impl Client {
    /// What members are to be told of this account, if there is anything new for them.
    pub(super) fn shared_due(&self, room: RoomId, ctx: &Ctx<'_>) -> Option<Reached> {
        let sync = self.rooms.get(&room).filter(|sync| sync.is_current())?;
        if !self.preferences.read_receipts
            || self.wanted(room).is_err()
            || self.blocked(room, ctx.now_ms).is_some()
        {
            return None;
        }
        let (told, newest, read) = (sync.marks.told, sync.newest_foreign, sync.marks.own.read);
        let mut reached = told;
        if newest > told.delivered {
            reached.delivered = sync.head.seq;
        }
        if newest > told.read && read > told.read {
            reached.read = read;
        }
        Some(reached).filter(|reached| *reached != told)
    }

    /// A member has another shared mark, as the relay says.
    pub(crate) fn marked(&mut self, room: RoomId, account: AccountId, sealed: Opaque, ctx: &mut Ctx<'_>) {
        if self.take_mark(room, account, sealed, ctx.now_ms) {
            self.keep_receipts(room, ctx);
            self.show_receipts_of(room, Some(account), ctx);
        }
    }

    /// Many at once; what they say is kept and shown once.
    pub(super) fn marked_all(
        &mut self,
        room: RoomId,
        marks: impl IntoIterator<Item = (AccountId, Opaque)>,
        ctx: &mut Ctx<'_>,
    ) {
        let mut changed = false;
        for (account, sealed) in marks {
            changed |= self.take_mark(room, account, sealed, ctx.now_ms);
        }
        if changed {
            self.keep_receipts(room, ctx);
            self.show_receipts(room, ctx);
        }
    }

    fn keep_receipts(&self, room: RoomId, ctx: &mut Ctx<'_>) {
        if let (Some(sync), Some(session)) = (self.rooms.get(&room), &self.session) {
            ctx.persist_with(|ctx| sync.marks.put_receipts(room, session, ctx));
        }
    }

    /// Answers whether the mark says more than was known of that member.
    fn take_mark(&mut self, room: RoomId, account: AccountId, sealed: Opaque, now_ms: u64) -> bool {
        // While a member is not who they were, nothing of them is believed; it waits until that is seen.
        let blocked = self.blocked(room, now_ms).is_some();
        let (Some(sync), Some(session)) = (self.rooms.get_mut(&room), &self.session) else { return false };
        match if blocked { Opened::Unknown } else { sync.open_mark(account, &sealed) } {
            Opened::Wrong => false,
            Opened::Unknown => {
                let known = sync.marks.sealed.contains_key(&account);
                if known || sync.marks.sealed.len() < ROOM_MEMBERS {
                    sync.marks.sealed.insert(account, sealed);
                }
                false
            }
            Opened::Reached(reached) if account == session.account => {
                // Another session has told it.
                sync.marks.told = sync.marks.told.max(reached);
                false
            }
            Opened::Reached(reached) => {
                let known = sync.marks.receipts.entry(account).or_default();
                let before = std::mem::replace(known, known.max(reached));
                *known != before
            }
        }
    }

    /// Another epoch is known, or the room is looked at: opens the marks that waited.
    pub(crate) fn open_marks(&mut self, room: RoomId, ctx: &mut Ctx<'_>) {
        let Some(sync) = self.rooms.get_mut(&room) else { return };
        let sealed = std::mem::take(&mut sync.marks.sealed);
        self.marked_all(room, sealed, ctx);
    }

    pub(super) fn show_receipts(&self, room: RoomId, ctx: &mut Ctx<'_>) {
        self.show_receipts_of(room, None, ctx);
    }

    fn show_receipts_of(&self, room: RoomId, only: Option<AccountId>, ctx: &mut Ctx<'_>) {
        let Some(sync) = self.rooms.get(&room).filter(|_| self.preferences.read_receipts) else { return };
        let roster = sync.group.as_ref().map(|group| group.roster());
        let wanted = |account: &AccountId| {
            let member = roster.is_some_and(|roster| roster.contains_key(&ids::AccountId(account.0)));
            member && only.is_none_or(|only| only == *account)
        };
        let wanted = sync.marks.receipts.iter().filter(|(account, _)| wanted(account));
        let receipts: Vec<Receipt> = wanted
            .map(|(account, reached)| Receipt {
                account: account.to_string(),
                delivered: reached.delivered,
                read: reached.read,
            })
            .collect();
        if !receipts.is_empty() {
            ctx.notify(Notice::Receipts { room: room.to_string(), receipts });
        }
    }
}
