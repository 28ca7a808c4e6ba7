//! Which messages of each author's streams were seen, so that what is missing, late or there twice shows.

use serde::{Deserialize, Serialize};
use waxwing_wire::{AccountId, EntryId};

/// Stretches that are remembered per stream; the gap between the oldest two is given up when there are more.
const STRETCHES: usize = 32;
/// Streams that are remembered per room; the one unused for longest is given up when there are more.
const STREAMS: usize = 1024;

/// Where a message stands in its stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// Right after the one before it.
    Next,
    /// Some before it are missing.
    Gap,
    /// It was missing until now: authors send one at a time, so somebody changed the order.
    Late,
    /// It was there before.
    Replay,
}

/// Which messages of one stream were seen: stretches of positions, both ends included, ascending and apart from each other.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Stream {
    author: AccountId,
    stream: EntryId,
    seen: Vec<(u64, u64)>,
    /// This account was away: what it missed then is no gap.
    #[serde(default)]
    loose: bool,
}

/// All streams of a room, the most recently used last.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Streams {
    streams: Vec<Stream>,
    /// Some were given up: an unknown stream may be one of them.
    forgotten: bool,
    /// Authors of messages that the operator removed, with how many: each may be one message that is missing later.
    #[serde(default)]
    pardoned: Vec<(AccountId, u64)>,
}

impl Streams {
    /// Notes a verified message. `whole` says that the room was read from its first entry: then a stream begins with 0.
    pub(crate) fn note(&mut self, author: AccountId, stream: EntryId, position: u64, whole: bool) -> Place {
        let known = self.streams.iter().position(|seen| seen.author == author && seen.stream == stream);
        let Some(known) = known else {
            let gap = whole && !self.forgotten && !self.excused(author, position);
            self.streams.push(Stream { author, stream, seen: vec![(position, position)], loose: false });
            if self.streams.len() > STREAMS {
                self.streams.remove(0);
                self.forgotten = true;
            }
            return if gap { Place::Gap } else { Place::Next };
        };
        let mut seen = self.streams.remove(known);
        let missing = position.saturating_sub(seen.next());
        let away = std::mem::take(&mut seen.loose);
        let place = match seen.note(position) {
            Place::Gap if away || self.excused(author, missing) => Place::Next,
            place => place,
        };
        self.streams.push(seen);
        place
    }

    /// This account was not in the room for a while: what it could not read then is not missing.
    pub(crate) fn was_away(&mut self) {
        self.forgotten = true;
        self.streams.iter_mut().for_each(|stream| stream.loose = true);
    }

    /// A message of this author was removed: nobody knows any more of which stream.
    pub(crate) fn pardon(&mut self, author: AccountId) {
        match self.pardoned.iter_mut().find(|(known, _)| *known == author) {
            Some((_, left)) => *left = left.saturating_add(1),
            None => self.pardoned.push((author, 1)),
        }
    }

    /// Whether so many missing messages are ones that were seen removed. A removed message excuses one, once: otherwise
    /// one removal, which the relay can make up, would hide whatever it withholds of this author later.
    fn excused(&mut self, author: AccountId, missing: u64) -> bool {
        if missing == 0 {
            return true;
        }
        let Some(known) = self.pardoned.iter().position(|(known, _)| *known == author) else { return false };
        let (_, removed) = self.pardoned.remove(known);
        let left = removed.saturating_sub(missing);
        if left > 0 {
            self.pardoned.push((author, left));
        }
        removed >= missing
    }

    /// The position after the highest seen of a stream.
    pub(crate) fn next(&self, author: AccountId, stream: EntryId) -> u64 {
        let known = self.streams.iter().find(|seen| seen.author == author && seen.stream == stream);
        known.map_or(0, Stream::next)
    }
}

impl Stream {
    fn next(&self) -> u64 {
        self.seen.last().map_or(0, |(_, last)| last.saturating_add(1))
    }

    fn note(&mut self, position: u64) -> Place {
        // The stretches that begin at or before this position.
        let before = self.seen.partition_point(|(first, _)| *first <= position);
        let newest = before == self.seen.len();
        let left = before.checked_sub(1).and_then(|at| self.seen.get_mut(at));
        let follows = match left {
            Some((_, last)) if position <= *last => return Place::Replay,
            Some((_, last)) if last.saturating_add(1) == position => {
                *last = position;
                true
            }
            _ => {
                self.seen.insert(before, (position, position));
                false
            }
        };
        let at = if follows { before.saturating_sub(1) } else { before };
        self.join_with_next(at);
        if self.seen.len() > STRETCHES {
            let (first, _) = self.seen.remove(0);
            if let Some(second) = self.seen.first_mut() {
                second.0 = first;
            }
        }
        match (newest, follows) {
            (true, true) => Place::Next,
            (true, false) => Place::Gap,
            (false, _) => Place::Late,
        }
    }

    fn join_with_next(&mut self, at: usize) {
        let next = self.seen.get(at.saturating_add(1)).copied();
        let (Some((_, last)), Some((first, end))) = (self.seen.get_mut(at), next) else { return };
        if last.saturating_add(1) == first {
            *last = end;
            self.seen.remove(at.saturating_add(1));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{Rng as _, SeedableRng as _};

    const MIRA: AccountId = AccountId([1; 16]);
    const STREAM: EntryId = EntryId([2; 16]);

    #[test]
    fn every_place_in_a_stream_is_told() {
        let mut streams = Streams::default();
        let mut note = |position| streams.note(MIRA, STREAM, position, true);
        let places = [
            (0, Place::Next),
            (0, Place::Replay),
            (1, Place::Next),
            (5, Place::Gap),
            (6, Place::Next),
            (3, Place::Late),
            (3, Place::Replay),
            (2, Place::Late),
            (4, Place::Late),
            (4, Place::Replay),
            (7, Place::Next),
        ];
        for (position, place) in places {
            assert_eq!(note(position), place, "{position}");
        }
        assert_eq!(streams.next(MIRA, STREAM), 8);
        assert_eq!(streams.next(MIRA, EntryId([9; 16])), 0);
        assert_eq!(streams.note(AccountId([7; 16]), STREAM, 0, true), Place::Next);
    }

    #[test]
    fn a_stream_that_begins_late_misses_something_only_where_all_was_read() {
        assert_eq!(Streams::default().note(MIRA, STREAM, 3, true), Place::Gap);
        assert_eq!(Streams::default().note(MIRA, STREAM, 3, false), Place::Next);
    }

    #[test]
    fn what_was_said_while_away_is_no_gap() {
        let mut streams = Streams::default();
        streams.note(MIRA, STREAM, 0, true);
        streams.was_away();
        assert_eq!(streams.note(MIRA, STREAM, 5, true), Place::Next);
        assert_eq!(streams.note(MIRA, STREAM, 7, true), Place::Gap);
        assert_eq!(streams.note(MIRA, EntryId([9; 16]), 7, true), Place::Next);
        assert_eq!(streams.next(MIRA, STREAM), 8);
    }

    #[test]
    fn a_removed_message_excuses_one_missing_message_and_no_more() {
        let mut streams = Streams::default();
        streams.note(MIRA, STREAM, 0, true);
        streams.pardon(MIRA);
        assert_eq!(streams.note(AccountId([7; 16]), STREAM, 1, true), Place::Gap, "not of somebody else");
        assert_eq!(streams.note(MIRA, STREAM, 2, true), Place::Next, "this is the one");
        assert_eq!(streams.note(MIRA, STREAM, 4, true), Place::Gap, "this is another");
        streams.pardon(MIRA);
        assert_eq!(streams.note(MIRA, STREAM, 7, true), Place::Gap, "two are missing");
        assert_eq!(streams.note(MIRA, STREAM, 9, true), Place::Gap, "it cannot excuse a second gap");
        let other = EntryId([9; 16]);
        streams.pardon(MIRA);
        streams.pardon(MIRA);
        assert_eq!(streams.note(MIRA, other, 2, true), Place::Next, "a stream that began with them");
        assert_eq!(streams.note(MIRA, EntryId([8; 16]), 1, true), Place::Gap);
    }

    #[test]
    fn agrees_with_a_plain_set_whatever_the_order() {
        for seed in 0..200 {
            let mut rng = rand_chacha::ChaCha20Rng::seed_from_u64(seed);
            let (mut streams, mut plain) = (Streams::default(), std::collections::BTreeSet::new());
            for _ in 0..60 {
                let position = rng.gen_range(0..30);
                let highest = plain.last().copied();
                let expected = if !plain.insert(position) {
                    Place::Replay
                } else if highest.is_some_and(|highest| position < highest) {
                    Place::Late
                } else if highest.map_or(position == 0, |highest| position == highest + 1) {
                    Place::Next
                } else {
                    Place::Gap
                };
                assert_eq!(streams.note(MIRA, STREAM, position, true), expected, "seed {seed}, {position}");
            }
        }
    }

    #[test]
    fn a_stream_that_lies_about_its_positions_costs_no_memory() {
        let mut streams = Streams::default();
        for n in 0..10_000_u64 {
            streams.note(MIRA, STREAM, n * 2, true);
            streams.note(MIRA, EntryId(u128::from(n).to_be_bytes()), u64::MAX - n, true);
        }
        assert!(streams.streams.len() <= STREAMS);
        assert!(streams.streams.iter().all(|stream| stream.seen.len() <= STRETCHES));
        assert_eq!(streams.note(MIRA, STREAM, u64::MAX, true), Place::Gap);
        assert_eq!(streams.note(MIRA, STREAM, u64::MAX, true), Place::Replay);
        assert_eq!(streams.next(MIRA, STREAM), u64::MAX);
    }
}
