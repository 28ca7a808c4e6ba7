//! What an account keeps of a room for its own sessions: how far it has read, and what it is writing.

use std::collections::VecDeque;

use minicbor::{Decode, Encode};
use waxwing_crypto_core::{
    ids,
    mark::{open_own_mark, seal_own_mark},
};
use waxwing_wire::{AccountId, RoomId};

use crate::{ctx::Ctx, session::Session};

/// Longest draft that is told to other sessions, in bytes: a sealed mark has 8 KiB at most.
const DRAFT_BYTES: usize = 7800;
/// Unread messages that are counted.
const COUNTED: usize = 1000;

/// The own mark of a room. Two of them merge into the same one whatever the order.
#[derive(Clone, Default, PartialEq, Eq, Encode, Decode)]
pub(crate) struct OwnMark {
    /// Everything up to this number was seen.
    #[n(0)]
    pub(crate) read: u64,
    /// Marked as unread by hand.
    #[n(1)]
    pub(crate) unread: bool,
    #[n(2)]
    pub(crate) draft: String,
    /// When the draft changed last, later than the change before, milliseconds since 1970.
    #[n(3)]
    draft_at_ms: u64,
    /// When `unread` changed last, likewise.
    #[n(4)]
    marked_at_ms: u64,
}

impl std::fmt::Debug for OwnMark {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "OwnMark(read {}, draft of {} bytes)", self.read, self.draft.len())
    }
}

impl OwnMark {
    /// What both say together: the farther position, the newer draft, the newer word on `unread`.
    pub(super) fn merge(&mut self, other: Self) {
        self.read = self.read.max(other.read);
        if (other.marked_at_ms, other.unread) > (self.marked_at_ms, self.unread) {
            (self.marked_at_ms, self.unread) = (other.marked_at_ms, other.unread);
        }
        if (other.draft_at_ms, &other.draft) > (self.draft_at_ms, &self.draft) {
            (self.draft_at_ms, self.draft) = (other.draft_at_ms, other.draft);
        }
    }

    pub(super) fn write(&mut self, draft: &str, now_ms: u64) -> bool {
        let changed = self.draft != draft;
        if changed {
            draft.clone_into(&mut self.draft);
            self.draft_at_ms = now_ms.max(self.draft_at_ms.saturating_add(1));
        }
        changed
    }

    pub(super) fn mark_unread(&mut self, unread: bool, now_ms: u64) -> bool {
        let changed = self.unread != unread;
        if changed {
            self.unread = unread;
            self.marked_at_ms = now_ms.max(self.marked_at_ms.saturating_add(1));
        }
        changed
    }

    /// As other sessions get it: without a draft that is too long for them.
    pub(super) fn told(&self) -> Self {
        let mut told = self.clone();
        if told.draft.len() > DRAFT_BYTES {
            told.draft.clear();
        }
        told
    }

    pub(super) fn seal(&self, room: RoomId, session: &Session, ctx: &mut Ctx<'_>) -> Option<Vec<u8>> {
        let plain = zeroize::Zeroizing::new(waxwing_wire::encode(self));
        seal_own_mark(&session.vault, session.id(), ids::RoomId(room.0), &plain, ctx.rng).ok()
    }

    pub(super) fn open(room: RoomId, session: &Session, sealed: &[u8]) -> Option<Self> {
        let plain = open_own_mark(&session.vault, session.id(), ids::RoomId(room.0), sealed).ok()?;
        waxwing_wire::decode(&plain).ok()
    }
}

/// An unread message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
struct New {
    seq: u64,
    /// Place of its author in the list of those who wrote.
    by: usize,
    mention: bool,
}

/// Unread messages, ascending: the newest thousand, so that what was read elsewhere is taken out exactly. Who wrote them is kept too:
/// whom the account blocks does not count, and counts again when it does not any more.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) struct Unread {
    messages: VecDeque<New>,
    people: Vec<AccountId>,
}

impl Unread {
    /// A message came; numbers ascend.
    pub(crate) fn note(&mut self, seq: u64, from: AccountId, mention: bool) {
        if self.messages.back().is_none_or(|newest| newest.seq < seq) {
            let by = self.place_of(from);
            self.messages.push_back(New { seq, by, mention });
        }
        if self.messages.len() > COUNTED {
            self.messages.pop_front();
        }
    }

    fn place_of(&mut self, from: AccountId) -> usize {
        if self.messages.is_empty() || self.people.len() > COUNTED {
            self.forget_people();
        }
        if let Some(by) = self.people.iter().position(|known| *known == from) {
            return by;
        }
        self.people.push(from);
        self.people.len().saturating_sub(1)
    }

    /// Keeps no more people than messages.
    fn forget_people(&mut self) {
        let before = std::mem::take(&mut self.people);
        for message in &mut self.messages {
            let Some(from) = before.get(message.by) else { continue };
            message.by = self.people.iter().position(|known| known == from).unwrap_or(self.people.len());
            if message.by == self.people.len() {
                self.people.push(*from);
            }
        }
    }

    /// A message was deleted.
    pub(crate) fn forget(&mut self, seq: u64) {
        self.messages.retain(|unread| unread.seq != seq);
    }

    /// Everything up to this number was read.
    pub(crate) fn read_to(&mut self, seq: u64) {
        self.messages.retain(|unread| unread.seq > seq);
    }

    /// How many there are of those who are heard, and how many of them mention the account.
    pub(crate) fn count(&self, is_heard: impl Fn(AccountId) -> bool) -> (u32, u32) {
        let heard: Vec<bool> = self.people.iter().map(|account| is_heard(*account)).collect();
        let counted = self.messages.iter().filter(|unread| heard.get(unread.by).copied().unwrap_or(true));
        let (all, mentions) = counted.fold((0_u32, 0_u32), |(all, mentions), unread| {
            (all.saturating_add(1), mentions.saturating_add(u32::from(unread.mention)))
        });
        (all, mentions)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marks() -> impl Iterator<Item = OwnMark> {
        (0..3).flat_map(|read| {
            (0..3).flat_map(move |at| {
                [("", false), ("a", true), ("b", false)].map(|(draft, unread)| OwnMark {
                    read,
                    unread,
                    draft: draft.into(),
                    draft_at_ms: at,
                    marked_at_ms: 2 - at,
                })
            })
        })
    }

    fn merged(a: &OwnMark, b: &OwnMark) -> OwnMark {
        let mut merged = a.clone();
        merged.merge(b.clone());
        merged
    }

    #[test]
    fn merging_does_not_depend_on_the_order() {
        for a in marks() {
            assert_eq!(merged(&a, &a), a);
            for b in marks() {
                assert_eq!(merged(&a, &b), merged(&b, &a));
                assert_eq!(merged(&merged(&a, &b), &a), merged(&a, &b));
                for c in marks() {
                    assert_eq!(merged(&merged(&a, &b), &c), merged(&a, &merged(&b, &c)));
                }
            }
        }
    }

    #[test]
    fn a_change_always_wins_against_what_was_known() {
        let mut mark = OwnMark { draft: "far ahead".into(), draft_at_ms: 1000, ..OwnMark::default() };
        let before = mark.clone();
        assert!(mark.write("", 5), "by a clock that is behind");
        assert_eq!(merged(&before, &mark).draft, "");
        assert!(!mark.write("", 6));
        assert!(mark.mark_unread(true, 5) && mark.mark_unread(false, 5));
        assert!(!merged(&before, &mark).unread);
    }

    #[test]
    fn long_drafts_stay_here_and_others_are_not_told_twice() {
        let mut mark = OwnMark::default();
        mark.write(&"x".repeat(DRAFT_BYTES + 1), 5);
        assert_eq!(mark.told().draft, "");
        let mut other = OwnMark::default();
        other.merge(mark.told());
        mark.merge(other.clone());
        assert_eq!(mark.draft.len(), DRAFT_BYTES + 1, "not lost by the echo");
        assert_eq!(mark.told(), other);
        other.write("shorter", 6);
        mark.merge(other);
        assert_eq!(mark.draft, "shorter");
    }

    const MIRA: AccountId = AccountId([1; 16]);
    const JONAS: AccountId = AccountId([2; 16]);

    fn all(_: AccountId) -> bool {
        true
    }

    #[test]
    fn the_newest_thousand_are_counted() {
        let mut unread = Unread::default();
        (0..5000).for_each(|seq| unread.note(seq * 2, MIRA, seq % 2 == 0));
        assert_eq!(unread.count(all), (1000, 500));
        unread.read_to(9000);
        assert_eq!(unread.count(all).0, 499);
        unread.note(3, MIRA, true);
        assert_eq!(unread.count(all), (499, 249), "numbers ascend");
        unread.forget(9004);
        assert_eq!(unread.count(all), (498, 248));
        unread.read_to(u64::MAX);
        assert_eq!(unread.count(all), (0, 0));
    }

    #[test]
    fn who_is_not_heard_does_not_count() {
        let mut unread = Unread::default();
        (0..10).for_each(|seq| unread.note(seq, if seq % 2 == 0 { MIRA } else { JONAS }, true));
        assert_eq!(unread.count(|account| account != JONAS), (5, 5));
        assert_eq!(unread.count(all), (10, 10), "and counts again");
        unread.read_to(3);
        assert_eq!(unread.count(|account| account != MIRA), (3, 3));
    }

    #[test]
    fn no_more_people_are_kept_than_messages() {
        let mut unread = Unread::default();
        for seq in 0..5000_u64 {
            let mut from = [0; 16];
            from[..8].copy_from_slice(&seq.to_le_bytes());
            unread.note(seq, AccountId(from), false);
            if seq == 4000 {
                unread.note(4000, JONAS, true);
            }
        }
        assert_eq!(unread.count(all), (1000, 0));
        assert!(unread.people.len() <= COUNTED + 1);
        let mut last = [0; 16];
        last[..8].copy_from_slice(&4999_u64.to_le_bytes());
        assert_eq!(unread.count(|account| account != AccountId(last)), (999, 0));
    }
}
