//! Following a room by its log, without being in it any more: what a Welcome must lead to before somebody who was shut out believes it.
//!
//! A Welcome proves that a member of *some* group let us in. Whoever was put out meanwhile could, with the relay, let us into a branch of
//! the room; a stranger could make a group with the room's id out of published key packages. So the account goes on from the
//! last epoch that it was in itself, judges every commit of the log as a member does, and takes the Welcome only at the epoch that it
//! finds there.

use openmls::prelude::{GroupId, PublicGroup};
use openmls_traits::OpenMlsProvider as _;
use tls_codec::Serialize as _;

use super::{
    EpochKeys, Invalid, Room,
    commit::{open_handshake, parent_of},
    policy,
    provider::Provider,
    public_state::PublicState,
};
use crate::ids::{AccountId, EpochId, RoomId};

/// Most public states of one epoch that are looked at.
pub(super) const PUBLIC_STATES: usize = 4;
/// Most places that are followed at once.
const PLACES: usize = 8;

/// The public part of a room on its way along the log.
pub struct Follower {
    room: RoomId,
    places: Vec<Place>,
    /// What the last commit makes of each reading of its parent.
    made: Vec<EpochId>,
    lost: bool,
    doubts: u32,
}

/// One reading of an epoch. There may be several: no signature covers the confirmation tag of a commit, and it goes into the id of the epoch
/// after the next. The tag in the log may be spoilt, and that in a public state a lie.
struct Place {
    provider: Provider,
    epoch: EpochId,
}

impl std::fmt::Debug for Follower {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { room, places, made: _, lost, doubts } = self;
        write!(f, "Follower({room:?}, {} places, lost: {lost}, {doubts} doubts)", places.len())
    }
}

/// What became of a commit entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Followed {
    /// It counts, and makes this epoch.
    To(EpochId),
    /// It does not count.
    Skipped(Invalid),
    /// It follows the epoch at hand, whose key is not known: nothing can be said any more, and no Welcome is believed.
    NoKey,
}

impl Room {
    /// Follows the room from here, by its log. `public_states` are those that were published for this epoch.
    pub fn follower(&self, public_states: &[Vec<u8>]) -> Follower {
        let provider = Provider::with(self.provider.storage().public_part());
        let places = vec![Place { provider, epoch: self.epoch() }];
        let mut follower = Follower { room: self.id(), places, made: Vec::new(), lost: false, doubts: 0 };
        follower.read_otherwise(&self.keys, public_states);
        follower
    }
}

impl Follower {
    /// The epoch come to.
    pub fn epoch(&self) -> Option<EpochId> {
        self.places.first().map(|place| place.epoch)
    }

    /// How many entries named the epoch at hand as theirs and did not open under its key. A key that only history links gave may be a
    /// lie of whoever made them: then these were commits that count for the others. Or they were junk that a member sent. Nobody can tell
    /// from outside, so where there are any, the person is asked.
    pub fn doubts(&self) -> u32 {
        self.doubts
    }

    /// Whether the last commit makes this epoch for some reading of its parent, also for one that the Welcome's past does not go through:
    /// what somebody made of it who read it by their own state.
    pub fn made(&self, epoch: EpochId) -> bool {
        self.made.contains(&epoch)
    }

    /// Whether a room that a Welcome gave is at the epoch come to.
    pub fn leads_to(&self, room: &Room) -> bool {
        let transcript = room.provider.storage().transcript();
        let same = |place: &Place| {
            place.epoch == room.epoch() && place.provider.storage().transcript() == transcript
        };
        !self.lost && room.id() == self.room && transcript.is_some() && self.places.iter().any(same)
    }

    /// The next commit entry of the log, which the relay says is `sender`'s. `known` are the keys of the epoch before, and of the one that it
    /// makes, if they are known: those of the account itself, and those that the history links of the Welcome's epoch give.
    /// `public_states` are those that were published for the epoch that it makes, at most 4 of them are read.
    pub fn follow(
        &mut self,
        known: &[EpochKeys],
        sender: AccountId,
        sealed: &[u8],
        public_states: &[Vec<u8>],
    ) -> Followed {
        let parent = parent_of(sealed).filter(|parent| self.places.iter().any(|p| p.epoch == *parent));
        let Some(parent) = parent else { return Followed::Skipped(Invalid::NotSealedHere) };
        let of = |epoch| known.iter().find(|keys| keys.room == self.room && keys.epoch == epoch);
        let Some(keys) = of(parent) else {
            self.lost = true;
            return Followed::NoKey;
        };
        let handshake = match open_handshake(&keys.handshake(), sender, sealed) {
            Ok(handshake) => handshake,
            Err(reason) => {
                self.doubts = self.doubts.saturating_add(1);
                return Followed::Skipped(reason);
            }
        };
        let mut moved = match self.judge(parent, sender, &handshake) {
            Ok(moved) => moved,
            Err(reason) => return Followed::Skipped(reason),
        };
        self.made = moved.iter().map(|place| place.epoch).collect();
        // Readings that the Welcome's own past does not go through lead nowhere.
        if moved.iter().any(|place| of(place.epoch).is_some()) {
            moved.retain(|place| of(place.epoch).is_some());
        }
        let Some(epoch) = moved.first().map(|place| place.epoch) else {
            return Followed::Skipped(Invalid::Mls);
        };
        let next = of(epoch).cloned();
        self.places = moved;
        if let Some(next) = next {
            self.read_otherwise(&next, public_states);
        }
        Followed::To(epoch)
    }

    /// Where a commit leads from all readings of its parent.
    fn judge(&self, parent: EpochId, sender: AccountId, handshake: &[u8]) -> Result<Vec<Place>, Invalid> {
        let id = GroupId::from_slice(self.room.as_bytes());
        let mut moved: Vec<Place> = Vec::new();
        let mut refused = Invalid::Mls;
        for place in self.places.iter().filter(|place| place.epoch == parent) {
            let judged = policy::parse(handshake)
                .and_then(|message| policy::judge_and_merge(&place.provider, &id, sender, message));
            match judged {
                Ok((verdict, provider)) => moved.push(Place { provider, epoch: verdict.epoch }),
                Err(reason) => refused = reason,
            }
        }
        if moved.is_empty() { Err(refused) } else { Ok(moved) }
    }

    /// Other readings of an epoch come to: members published them, with another confirmation tag.
    fn read_otherwise(&mut self, keys: &EpochKeys, public_states: &[Vec<u8>]) {
        let handshake = keys.handshake();
        let id = GroupId::from_slice(self.room.as_bytes());
        let mut tags: Vec<Vec<u8>> = self
            .places
            .iter()
            .filter_map(|place| PublicGroup::load(place.provider.storage(), &id).ok()?)
            .filter_map(|group| group.confirmation_tag().tls_serialize_detached().ok())
            .collect();
        for sealed in public_states.iter().take(PUBLIC_STATES) {
            let Ok(public) = PublicState::open(&handshake, sealed) else { continue };
            let Some(tag) = public.confirmation_tag().filter(|tag| !tags.iter().any(|t| t == tag)) else {
                continue;
            };
            let tag = tag.to_vec();
            let provider = Provider::default();
            if self.places.len() < PLACES && public.import(&handshake, &provider).is_ok() {
                self.places.push(Place { provider, epoch: keys.epoch });
                tags.push(tag);
            }
        }
    }
}
