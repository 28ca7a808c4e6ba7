//! Rooms that this account cannot follow any more, and how it comes back: by a Welcome, for which it asks where it may.

use serde::{Deserialize, Serialize};
use waxwing_crypto_core::room::KeyPackageBundle;
use waxwing_wire::{
    EntryId, EpochId, Opaque, RoomId,
    frame::{EntryKind, Post, Request, Response},
    problem::Problem,
};

use super::{
    RoomSync, Stage,
    answers::RoomThen,
    sync::{Known, KnownEpochs, own_epoch},
};
use crate::{
    ctx::Ctx,
    machine::{Client, Then},
};

/// Why the log is not read on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Cause {
    /// The account was put out.
    Removed {
        /// SHA-256 of the commit that did it.
        commit: EpochId,
    },
    /// Others can follow this commit and this account cannot.
    Unfollowable,
}

/// The log is read up to here and no further, until a Welcome leads on.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Shut {
    pub(crate) cause: Cause,
    /// Number of the entry that shut the account out.
    pub(crate) entry: u64,
    /// Number of the last commit when a Welcome was last looked for.
    #[serde(skip)]
    pub(crate) looked: Option<u64>,
    /// The request to be let in again is in the log.
    #[serde(skip)]
    pub(crate) asked: bool,
}

impl Shut {
    pub(crate) fn new(cause: Cause, entry: u64) -> Self {
        Self { cause, entry, looked: None, asked: false }
    }

    fn sentence(&self) -> &'static str {
        match self.cause {
            Cause::Removed { .. } => "You are no longer a member of this room.",
            Cause::Unfollowable => {
                "A member changed this room in a way that shuts you out. The others were asked to let you in again; \
                 if nobody comes, ask one of them to open the app."
            }
        }
    }
}

impl RoomSync {
    /// Why nothing can be said or changed here: one sentence.
    pub(crate) fn complaint(&self) -> Option<String> {
        let shut = self.shut.as_ref().map(|shut| shut.sentence().to_owned());
        let gone = self.gone.then(|| "You are no longer a member of this room.".to_owned());
        shut.or(gone).or_else(|| self.trouble.clone())
    }

    /// Somebody may have let this account in again since it last looked.
    pub(super) fn may_be_back(&self) -> bool {
        let looked = self.shut.as_ref().map(|shut| shut.looked);
        !self.gone && looked.is_some_and(|looked| looked.is_none_or(|looked| looked < self.last_commit))
    }

    /// What is known of the room's epochs before a Welcome leads into a new one.
    fn known(&self) -> KnownEpochs {
        let known = |epoch: &super::Epoch| Known { keys: epoch.keys.clone(), step: Some(epoch.step.clone()) };
        self.epochs.iter().map(|(id, epoch)| (*id, known(epoch))).collect()
    }
}

impl Client {
    /// Looks for a way back. It is looked for again when another commit has come.
    pub(super) fn come_back(&mut self, room: RoomId, ctx: &mut Ctx<'_>) {
        let Some(sync) = self.rooms.get_mut(&room) else { return };
        let newest = sync.last_commit;
        let Some(shut) = &mut sync.shut else { return };
        if shut.looked.is_none_or(|looked| looked < newest) {
            shut.looked = Some(newest);
            // Asked again, too: nobody may have come by, or somebody let in an older key.
            shut.asked = false;
            sync.fetching = true;
            return self.ask(Request::Welcome(room), Then::Room(RoomThen::Welcome(room)), ctx);
        }
        if shut.cause == Cause::Unfollowable && !shut.asked {
            self.ask_back_in(room, ctx);
        }
    }

    /// Posts the request to be let in again. It is the same for the same failure and key package, so it stands in the log once.
    fn ask_back_in(&mut self, room: RoomId, ctx: &mut Ctx<'_>) {
        let bundle = self.key_packages().into_iter().next();
        let (Some(sync), Some(session)) = (self.rooms.get_mut(&room), &self.session) else { return };
        let (Some(group), Some(shut), Some(bundle)) = (&sync.group, &mut sync.shut, bundle) else { return };
        let Some(identity) = session.key_in(group) else { return };
        let Some(bytes) = group.rejoin_request(identity, shut.entry, bundle.public()) else { return };
        shut.asked = true;
        let post = Post { room, kind: EntryKind::Rejoin, id: statement_id(&bytes), bytes: bytes.into() };
        self.ask(Request::Post(post), Then::Ignore, ctx);
    }

    /// The relay has, or has not, a Welcome for this account.
    pub(super) fn got_welcome(&mut self, room: RoomId, result: Result<Response, Problem>, ctx: &mut Ctx<'_>) {
        let welcome = match result {
            Ok(Response::Welcome(welcome)) => welcome,
            Ok(_) => None,
            Err(problem) => return self.room_trouble(room, &problem.detail, ctx),
        };
        let bundles = self.key_packages();
        let (Some(sync), Some(session)) = (self.rooms.get_mut(&room), &self.session) else { return };
        sync.fetching = false;
        let joined = welcome.and_then(|welcome| open_welcome(&bundles, session.id(), room, &welcome));
        // One that leads where we have been already is an old one.
        let joined = joined.filter(|group| !sync.epochs.contains_key(&EpochId(group.epoch().0)));
        let Some(group) = joined else {
            if sync.shut.is_some() {
                return self.advance(room, ctx);
            }
            let why = "The relay has lost this account's state of the room. Ask a member to remove you and bring you in again.";
            return self.room_trouble(room, why, ctx);
        };
        let mut known = sync.known();
        known.extend(own_epoch(&group));
        sync.group = Some(group);
        sync.anchored = false;
        sync.welcomed = true;
        sync.stage = Stage::Keys { before: u64::MAX, known };
        self.advance(room, ctx);
    }
}

/// The room that a Welcome leads into, with whichever key package it was sealed to.
fn open_welcome(
    bundles: &[KeyPackageBundle],
    account: waxwing_crypto_core::ids::AccountId,
    room: RoomId,
    welcome: &Opaque,
) -> Option<waxwing_crypto_core::room::Room> {
    bundles.iter().find_map(|bundle| bundle.join(account, room.0.into(), welcome.as_bytes()).ok())
}

/// Statements are known by the beginning of their hash: who posts one again posts the same.
pub(super) fn statement_id(bytes: &[u8]) -> EntryId {
    let hash = waxwing_crypto_core::room::commit_hash(bytes);
    let mut id = [0; 16];
    id.copy_from_slice(hash.split_at(16).0);
    EntryId(id)
}
