//! Which messages of each author's streams were seen, so that what is missing, late or there twice shows.
//!
//! Each author's streams are kept for themselves: what somebody writes costs no more than their own streams, however many others have.

use std::collections::{BTreeMap, BTreeSet};

use rand_core::CryptoRngCore;
use serde::{Deserialize, Serialize};
use waxwing_wire::{AccountId, EntryId};

/// Stretches that are remembered per stream; the gap between the oldest two is given up when there are more.
const STRETCHES: usize = 32;
/// Streams that are remembered per author; the one unused for longest is given up when there are more.
const STREAMS: usize = 32;

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
    stream: EntryId,
    seen: Vec<(u64, u64)>,
    /// How often this account had been away when this was noted: what it missed since then is no gap.
    away: u64,
}

/// The streams of one author, the most recently used last.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Author {
    streams: Vec<Stream>,
    /// Some were given up: an unknown stream may be one of them.
    forgotten: bool,
    /// So many messages were removed: each may be one that is missing later.
    pardoned: u64,
}

/// What is told with where the log stands.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Reader {
    /// Drawn when the log is read from its beginning: what an earlier reading noted is not meant.
    reading: EntryId,
    /// How often this account was not in the room for a while.
    away: u64,
}

/// All streams of a room.
#[derive(Debug)]
pub(crate) struct Streams {
    reader: Reader,
    authors: BTreeMap<AccountId, Author>,
    /// Authors whose streams are not kept as they are now.
    changed: BTreeSet<AccountId>,
}

impl Streams {
    pub(crate) fn new(rng: &mut dyn CryptoRngCore) -> Self {
        let mut reading = [0; 16];
        rng.fill_bytes(&mut reading);
        Self::of(Reader { reading: EntryId(reading), away: 0 })
    }

    /// None yet of this reading.
    pub(crate) fn of(reader: Reader) -> Self {
        Self { reader, authors: BTreeMap::new(), changed: BTreeSet::new() }
    }

    pub(crate) fn reader(&self) -> Reader {
        self.reader
    }

    /// Takes what was kept of an author, if it belongs to this reading.
    pub(crate) fn restore(&mut self, author: AccountId, kept: &[u8]) {
        if let Ok((reading, of_author)) = serde_json::from_slice::<(EntryId, Author)>(kept)
            && reading == self.reader.reading
        {
            self.authors.insert(author, of_author);
        }
    }

    /// What is to be kept anew: authors whose streams have changed since this was asked.
    pub(crate) fn take_changed(&mut self) -> Vec<(AccountId, Vec<u8>)> {
        let kept = |author: AccountId| {
            let value = (self.reader.reading, self.authors.get(&author)?);
            Some((author, serde_json::to_vec(&value).ok()?))
        };
        std::mem::take(&mut self.changed).into_iter().filter_map(kept).collect()
    }

    fn author(&mut self, author: AccountId) -> &mut Author {
        self.changed.insert(author);
        self.authors.entry(author).or_default()
    }

    /// Notes a verified message. `whole` says that the room was read from its first entry: then a stream begins with 0.
    pub(crate) fn note(&mut self, author: AccountId, stream: EntryId, position: u64, whole: bool) -> Place {
        let away = self.reader.away;
        self.author(author).note(stream, position, (whole, away))
    }

    /// This account was not in the room for a while: what it could not read then is not missing.
    pub(crate) fn was_away(&mut self) {
        self.reader.away = self.reader.away.saturating_add(1);
    }

    /// A message of this author was removed: nobody knows any more of which stream.
    pub(crate) fn pardon(&mut self, author: AccountId) {
        let of_author = self.author(author);
        of_author.pardoned = of_author.pardoned.saturating_add(1);
    }

    /// Whether anything of a stream was seen, and is remembered.
    pub(crate) fn knows(&self, author: AccountId, stream: EntryId) -> bool {
        let known = self.authors.get(&author);
        known.is_some_and(|known| known.streams.iter().any(|seen| seen.stream == stream))
    }

    /// The position after the highest seen of a stream.
    pub(crate) fn next(&self, author: AccountId, stream: EntryId) -> u64 {
        let known = self.authors.get(&author).into_iter().flat_map(|known| &known.streams);
        known.into_iter().find(|seen| seen.stream == stream).map_or(0, Stream::next)
    }
}

impl Author {
    fn note(&mut self, stream: EntryId, position: u64, (whole, away): (bool, u64)) -> Place {
        let Some(known) = self.streams.iter().position(|seen| seen.stream == stream) else {
            // Whoever was away may have missed how a stream began.
            let gap = whole && away == 0 && !self.forgotten && !self.excused(position);
            self.streams.push(Stream { stream, seen: vec![(position, position)], away });
            if self.streams.len() > STREAMS {
                self.streams.remove(0);
                self.forgotten = true;
            }
            return if gap { Place::Gap } else { Place::Next };
        };
        let mut seen = self.streams.remove(known);
        let missing = position.saturating_sub(seen.next());
        let missed = std::mem::replace(&mut seen.away, away) != away;
        let place = match seen.note(position) {
            Place::Gap if missed || self.excused(missing) => Place::Next,
            place => place,
        };
        self.streams.push(seen);
        place
    }

    /// Whether so many missing messages are ones that were seen removed. A removed message excuses one, once: otherwise
    /// one removal, which the relay can make up, would hide whatever it withholds of this author later.
    fn excused(&mut self, missing: u64) -> bool {
        let removed = self.pardoned;
        self.pardoned = removed.saturating_sub(missing);
        removed >= missing
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

    fn fresh() -> Streams {
        Streams::of(Reader { reading: EntryId([0; 16]), away: 0 })
    }

    #[test]
    fn every_place_in_a_stream_is_told() {
        let mut streams = fresh();
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
        assert_eq!(fresh().note(MIRA, STREAM, 3, true), Place::Gap);
        assert_eq!(fresh().note(MIRA, STREAM, 3, false), Place::Next);
    }

    #[test]
    fn what_was_said_while_away_is_no_gap() {
        let mut streams = fresh();
        streams.note(MIRA, STREAM, 0, true);
        streams.was_away();
        assert_eq!(streams.note(MIRA, STREAM, 5, true), Place::Next);
        assert_eq!(streams.note(MIRA, STREAM, 7, true), Place::Gap);
        assert_eq!(streams.note(MIRA, EntryId([9; 16]), 7, true), Place::Next);
        assert_eq!(streams.next(MIRA, STREAM), 8);
    }

    #[test]
    fn a_removed_message_excuses_one_missing_message_and_no_more() {
        let mut streams = fresh();
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
            let (mut streams, mut plain) = (fresh(), std::collections::BTreeSet::new());
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
    fn what_is_kept_is_taken_up_again_and_nothing_of_an_earlier_reading() {
        let mut streams = fresh();
        streams.note(MIRA, STREAM, 0, true);
        streams.was_away();
        let kept = streams.take_changed();
        let mut again = Streams::of(streams.reader());
        again.restore(MIRA, &kept[0].1);
        assert_eq!(again.note(MIRA, STREAM, 9, true), Place::Next, "it was away then");
        assert_eq!(again.note(MIRA, STREAM, 0, true), Place::Replay);
        let mut rng = rand_chacha::ChaCha20Rng::seed_from_u64(1);
        let mut anew = Streams::new(&mut rng);
        anew.restore(MIRA, &kept[0].1);
        assert_eq!(anew.note(MIRA, STREAM, 0, true), Place::Next, "the log is read once more");
    }

    #[test]
    fn a_stream_that_lies_about_its_positions_costs_no_memory() {
        let mut streams = fresh();
        for n in 0..10_000_u64 {
            streams.note(MIRA, STREAM, n * 2, true);
            streams.note(MIRA, EntryId(u128::from(n).to_be_bytes()), u64::MAX - n, true);
        }
        let kept = streams.take_changed();
        let [(MIRA, bytes)] = kept.as_slice() else { panic!("one author, once: {}", kept.len()) };
        assert!(bytes.len() < 64 * 1024, "{} bytes", bytes.len());
        assert!(streams.take_changed().is_empty(), "only what has changed");
        let other = AccountId([7; 16]);
        streams.note(other, STREAM, 0, true);
        let kept = streams.take_changed();
        assert!(matches!(kept.as_slice(), [(who, bytes)] if *who == other && bytes.len() < 300));
        assert_eq!(streams.note(MIRA, STREAM, u64::MAX, true), Place::Gap);
        assert_eq!(streams.note(MIRA, STREAM, u64::MAX, true), Place::Replay);
        assert_eq!(streams.next(MIRA, STREAM), u64::MAX);
    }
}
