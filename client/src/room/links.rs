//! History links: which of the candidates for an epoch is believed.
//!
//! Any member may publish a link, so the first may be a false one. A reader who was not there believes a link that fits the log: the commit
//! that it names is an entry there, of the author that it names, and opens under the key that it gives for the parent.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};

use waxwing_crypto_core::{
    ids,
    room::{HistoryLink, Room, Roster, commit_hash},
};
use waxwing_wire::{
    EpochId, RoomId,
    frame::{self, EntryKind, LogEntry, Request, Response},
    problem::Problem,
};

use super::{
    Stage,
    answers::RoomThen,
    epochs::{Known, KnownEpochs, chain},
};
use crate::{
    ctx::Ctx,
    machine::{Client, Then},
};

/// A page of links, and the commits that they speak of as far as they are here.
#[derive(Debug, Default)]
pub(crate) struct LinkPage {
    links: Vec<frame::HistoryLink>,
    commits: BTreeMap<u64, LogEntry>,
    waiting: BTreeSet<u64>,
}

impl LinkPage {
    /// Sorted newest first, so that each link opens with the key, and is checked with the roster, that a newer one gave. Candidates for one
    /// epoch stay in the order in which they came.
    fn new(mut links: Vec<frame::HistoryLink>, known: &KnownEpochs) -> Self {
        links.sort_by_key(|link| (Reverse(link.commit), link.epoch));
        let needed = links.iter().filter(|link| link.commit > 0 && !is_settled(known, link.epoch));
        let waiting = needed.map(|link| link.commit).collect();
        Self { links, commits: BTreeMap::new(), waiting }
    }

    /// Takes what fits into what is known.
    fn teach(&self, group: &Room, known: &mut KnownEpochs) {
        let rosters_of = |known: &KnownEpochs| -> Rosters {
            chain(group, known).0.into_iter().map(|(epoch, known)| (epoch, known.roster)).collect()
        };
        let (mut rosters, mut learned) = (rosters_of(known), false);
        for candidates in self.links.chunk_by(|a, b| a.epoch == b.epoch) {
            // What was just learned may lead to epochs that the account's own keyring knows, and through them further back.
            let reached = candidates.first().is_none_or(|link| rosters.contains_key(&link.epoch));
            if !reached && std::mem::take(&mut learned) {
                rosters = rosters_of(known);
            }
            if let Some((epoch, link, before)) = self.best(group, known, &rosters, candidates) {
                learn(group.id(), (known, &mut rosters), epoch, (link, before));
                learned = true;
            }
        }
    }

    /// The first link that gives the parent's key, or else the first that is right without it; and the parent's roster.
    fn best(
        &self,
        group: &Room,
        known: &KnownEpochs,
        rosters: &Rosters,
        candidates: &[frame::HistoryLink],
    ) -> Option<(EpochId, HistoryLink, Roster)> {
        let right = |link: &frame::HistoryLink| {
            let roster = rosters.get(&link.epoch)?;
            let opened = self.open(known.get(&link.epoch)?, roster, group, link)?;
            let before = opened.step.parent_roster(roster)?;
            Some((link.epoch, opened, before))
        };
        let mut right: Vec<_> = candidates.iter().filter_map(right).collect();
        right.sort_by_key(|(_, link, _)| link.parent_keys(group.id()).is_none());
        right.into_iter().next()
    }

    /// The link, if it fits its epoch and the log.
    fn open(
        &self,
        epoch: &Known,
        roster: &Roster,
        group: &Room,
        link: &frame::HistoryLink,
    ) -> Option<HistoryLink> {
        let opened = HistoryLink::open(&epoch.keys, roster, link.bytes.as_bytes()).ok()?;
        let commit = self.commits.get(&link.commit)?;
        let (sender, bytes) = (ids::AccountId(commit.sender.0), commit.bytes.as_bytes());
        let named = opened.step.made_by == commit_hash(bytes) && opened.step.author == sender;
        // A room's first epoch has no link: one without a parent only cuts the past off.
        let follows = opened.step.parent.is_some();
        let key = opened.parent_keys(group.id()).is_none_or(|keys| keys.opens_commit(sender, bytes));
        let agrees = epoch.step.as_ref().is_none_or(|step| *step == opened.step);
        (named && follows && key && agrees).then_some(opened)
    }
}

type Rosters = BTreeMap<EpochId, Roster>;

/// How an epoch came to be is known, and so is its parent.
fn is_settled(known: &KnownEpochs, epoch: EpochId) -> bool {
    let step = known.get(&epoch).and_then(|known| known.step.as_ref());
    step.is_some_and(|step| step.parent.is_none_or(|parent| known.contains_key(&EpochId(parent.0))))
}

/// Adds what a link tells of its epoch and of the parent.
fn learn(
    room: ids::RoomId,
    (known, rosters): (&mut KnownEpochs, &mut Rosters),
    epoch: EpochId,
    (link, before): (HistoryLink, Roster),
) {
    let Some(told) = known.get_mut(&epoch) else { return };
    let parent = link.parent_keys(room);
    told.step.get_or_insert(link.step);
    told.past_kept |= parent.is_none();
    if let Some(keys) = parent {
        let parent = EpochId(keys.epoch().0);
        rosters.entry(parent).or_insert(before);
        known.entry(parent).or_insert(Known::new(keys, None));
    }
}

impl Client {
    /// A page of links: the commits that they speak of are looked up in the log, before any is believed.
    pub(crate) fn got_links(&mut self, room: RoomId, links: Vec<frame::HistoryLink>, ctx: &mut Ctx<'_>) {
        let Some(sync) = self.rooms.get_mut(&room) else { return };
        let Stage::Links { known, page, .. } = &mut sync.stage else {
            sync.fetching = false;
            return;
        };
        *page = LinkPage::new(links, known);
        let needed = page.waiting.clone();
        if needed.is_empty() {
            return self.read_links(room, ctx);
        }
        for seq in needed {
            let request = Request::Entries { room, after: seq.saturating_sub(1), limit: 1 };
            self.ask(request, Then::Room(RoomThen::LinkCommit { room, seq }), ctx);
        }
    }

    /// A commit that links speak of; without it they are not believed.
    pub(super) fn got_link_commit(
        &mut self,
        (room, seq): (RoomId, u64),
        result: Result<Response, Problem>,
        ctx: &mut Ctx<'_>,
    ) {
        let Some(Stage::Links { page, .. }) = self.rooms.get_mut(&room).map(|sync| &mut sync.stage) else {
            return;
        };
        if !page.waiting.remove(&seq) {
            return;
        }
        if let Ok(Response::Entries { entries, .. }) = result {
            let commit = |entry: &LogEntry| entry.seq == seq && entry.kind == EntryKind::Commit;
            page.commits.extend(entries.into_iter().find(commit).map(|entry| (seq, entry)));
        }
        if page.waiting.is_empty() {
            self.read_links(room, ctx);
        }
    }

    /// Everything that belongs to a page is here.
    fn read_links(&mut self, room: RoomId, ctx: &mut Ctx<'_>) {
        let Some(sync) = self.rooms.get_mut(&room) else { return };
        sync.fetching = false;
        let way = sync.way.as_ref().map(|way| &way.group).or(sync.group.as_ref());
        let (Stage::Links { before, known, page }, Some(group)) = (&mut sync.stage, way) else { return };
        let page = std::mem::take(page);
        page.teach(group, known);
        match page.links.iter().map(|link| link.commit).min() {
            Some(lowest) if lowest < *before => *before = lowest,
            _ => *before = 0,
        }
        self.links_or_log(room, ctx);
    }
}
