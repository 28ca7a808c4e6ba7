//! What an account keeps of a room for its own sessions: how far it has read, and what it is writing.

use std::collections::VecDeque;

use minicbor::{Decode, Encode};
use waxwing_crypto_core::{
    ids,
    mark::{open_own_mark, seal_own_mark},
};
use waxwing_wire::RoomId;

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

/// Numbers of unread messages, ascending: the newest thousand, so that what was read elsewhere is taken out exactly.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) struct Unread {
    messages: VecDeque<u64>,
    /// Of them, those that mention the account.
    mentions: VecDeque<u64>,
}

impl Unread {
    /// A message came; numbers ascend.
    pub(crate) fn note(&mut self, seq: u64, mention: bool) {
        if self.messages.back().is_none_or(|newest| *newest < seq) {
            self.messages.push_back(seq);
            self.mentions.extend(mention.then_some(seq));
        }
        if self.messages.len() > COUNTED {
            let gone = self.messages.pop_front();
            if self.mentions.front().copied() == gone {
                self.mentions.pop_front();
            }
        }
    }

    /// A message was deleted.
    pub(crate) fn forget(&mut self, seq: u64) {
        self.messages.retain(|unread| *unread != seq);
        self.mentions.retain(|unread| *unread != seq);
    }

    /// Everything up to this number was read.
    pub(crate) fn read_to(&mut self, seq: u64) {
        self.messages.retain(|unread| *unread > seq);
        self.mentions.retain(|unread| *unread > seq);
    }

    pub(crate) fn count(&self) -> u32 {
        u32::try_from(self.messages.len()).unwrap_or(u32::MAX)
    }

    pub(crate) fn mentions(&self) -> u32 {
        u32::try_from(self.mentions.len()).unwrap_or(u32::MAX)
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

    #[test]
    fn the_newest_thousand_are_counted() {
        let mut unread = Unread::default();
        (0..5000).for_each(|seq| unread.note(seq * 2, seq % 2 == 0));
        assert_eq!((unread.count(), unread.mentions()), (1000, 500));
        unread.read_to(9000);
        assert_eq!(unread.count(), 499);
        unread.note(3, true);
        assert_eq!((unread.count(), unread.mentions()), (499, 249), "numbers ascend");
        unread.forget(9004);
        assert_eq!((unread.count(), unread.mentions()), (498, 248));
        unread.read_to(u64::MAX);
        assert_eq!(unread.count(), 0);
    }
}
