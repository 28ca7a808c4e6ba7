//! Which epochs of a room are known, and how far back they reach.

use std::collections::BTreeMap;

use waxwing_crypto_core::room::{EpochKeys, EpochStep, LogHead, Room, SettingsChange};
use waxwing_wire::EpochId;

use super::Epoch;

/// An epoch whose key is known; how it came to be may still be missing.
#[derive(Debug, Clone)]
pub(crate) struct Known {
    pub(crate) keys: EpochKeys,
    pub(crate) step: Option<EpochStep>,
    /// A link tells how it came to be, and keeps the key of the epoch before from newcomers, as the room's history rule may ask for.
    pub(crate) past_kept: bool,
}

impl Known {
    pub(crate) fn new(keys: EpochKeys, step: Option<EpochStep>) -> Self {
        Self { keys, step, past_kept: false }
    }
}

/// Known epochs by id.
pub(crate) type KnownEpochs = BTreeMap<EpochId, Known>;

pub(crate) fn own_epoch(group: &Room) -> KnownEpochs {
    let step = group.knows_step().then(|| group.step().clone());
    let known = Known::new(group.keys().clone(), step);
    BTreeMap::from([(EpochId(group.epoch().0), known)])
}

/// Walks back from the group's epoch through what is known; the flag says whether the room's first epoch was reached.
pub(crate) fn chain(group: &Room, known: &KnownEpochs) -> (BTreeMap<EpochId, Epoch>, bool) {
    let mut epochs = BTreeMap::new();
    let told = known.get(&EpochId(group.epoch().0)).and_then(|known| known.step.clone());
    let step = if group.knows_step() { Some(group.step().clone()) } else { told };
    let known_step = step.is_some();
    let step = step.unwrap_or_else(|| group.step().clone());
    let mut next = Epoch { keys: group.keys().clone(), step, roster: group.roster().clone() };
    if !known_step {
        // After a Welcome, before any link tells how that epoch came to be.
        return (BTreeMap::from([(EpochId(group.epoch().0), next)]), false);
    }
    loop {
        let parent = next.step.parent;
        let roster = next.step.parent_roster(&next.roster);
        epochs.insert(EpochId(next.keys.epoch().0), next);
        let Some(parent) = parent else { return (epochs, true) };
        let (Some(found), Some(roster)) = (known.get(&EpochId(parent.0)), roster) else {
            return (epochs, false);
        };
        if epochs.contains_key(&EpochId(parent.0)) {
            return (epochs, false);
        }
        let Some(step) = found.step.clone() else {
            // Either the room's first epoch, which has no link, or one whose link is still to come.
            let epoch = Epoch { keys: found.keys.clone(), step: first_step(group), roster };
            epochs.insert(EpochId(parent.0), epoch);
            return (epochs, false);
        };
        next = Epoch { keys: found.keys.clone(), step, roster };
    }
}

/// Whether this is a room's first epoch: nothing comes before it, and nobody but the founder is in it.
pub(super) fn is_first(epoch: &Epoch) -> bool {
    epoch.step.parent.is_none() && epoch.roster.len() == 1
}

/// Whether what leads further back than these epochs should be there, and is not: every epoch but a room's first has a link, which either gives
/// the key of the epoch before or says that it keeps it.
pub(super) fn past_missing(epochs: &BTreeMap<EpochId, Epoch>, known: &KnownEpochs) -> bool {
    let parent_known =
        |epoch: &Epoch| epoch.step.parent.is_some_and(|parent| epochs.contains_key(&EpochId(parent.0)));
    let oldest = epochs.iter().find(|(_, epoch)| !parent_known(epoch));
    oldest.is_some_and(|(id, epoch)| {
        let kept = known.get(id).is_some_and(|known| known.past_kept);
        !kept && !is_first(epoch)
    })
}

/// The first epoch of a room has no link; this stands for what it would say.
fn first_step(group: &Room) -> EpochStep {
    EpochStep {
        parent: None,
        made_by: [0; 32],
        author: group.state().founder,
        changes: Vec::new(),
        renamed: None,
        joins_changed: false,
        seen: LogHead::start(group.id()),
        settings: SettingsChange::default(),
    }
}
