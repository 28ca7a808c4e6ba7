//! Rooms that this account cannot follow any more, and how it comes back: by a Welcome, for which it asks where it may.

use serde::{Deserialize, Serialize};
use waxwing_crypto_core::room::{KeyPackageBundle, Room, commit_hash};
use waxwing_wire::{
    EntryId, EpochId, Opaque, RoomId,
    frame::{EntryKind, Post, Request, Response},
    problem::Problem,
};

use super::{
    RoomSync, Stage,
    answers::RoomThen,
    epochs::{Known, KnownEpochs, own_epoch},
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
    Unfollowable {
        /// The epoch that it makes.
        epoch: EpochId,
    },
    /// The account was let in again, as it had asked: the Welcome leads on.
    Readmitted {
        /// The epoch in which it is again.
        epoch: EpochId,
    },
}

/// The log is read up to here and no further, until a Welcome leads on.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Shut {
    pub(crate) cause: Cause,
    /// Number of the entry that shut the account out.
    pub(crate) entry: u64,
    /// SHA-256 of the last Welcome that led nowhere.
    pub(crate) refused: Option<EpochId>,
    /// Key packages made because of such Welcomes.
    pub(crate) renewed: u32,
    /// Number of the last commit when a Welcome was last looked for.
    #[serde(skip)]
    pub(crate) looked: Option<u64>,
    /// The request to be let in again is in the log.
    #[serde(skip)]
    pub(crate) asked: bool,
}

/// Key packages made for one room, because Welcomes to those before led nowhere.
const RENEWALS: u32 = 3;

impl Shut {
    pub(crate) fn new(cause: Cause, entry: u64) -> Self {
        Self { cause, entry, refused: None, renewed: 0, looked: None, asked: false }
    }

    fn sentence(&self) -> Option<&'static str> {
        match self.cause {
            Cause::Removed { .. } => Some("You are no longer a member of this room."),
            Cause::Unfollowable { .. } => Some(
                "A member changed this room in a way that shuts you out. The others were asked to let you in again; \
                 if nobody comes, ask one of them to open the app.",
            ),
            // The Welcome is on its way.
            Cause::Readmitted { .. } => None,
        }
    }
}

impl RoomSync {
    /// Why nothing can be said or changed here: one sentence.
    pub(crate) fn complaint(&self) -> Option<String> {
        let shut = self.shut.as_ref().and_then(Shut::sentence).map(str::to_owned);
        let gone = self.gone.then(|| "You are no longer a member of this room.".to_owned());
        shut.or(gone).or_else(|| self.trouble.clone())
    }

    /// Somebody may have let this account in again since it last looked.
    pub(super) fn may_be_back(&self) -> bool {
        let looked = self.shut.as_ref().map(|shut| shut.looked);
        !self.gone && looked.is_some_and(|looked| looked.is_none_or(|looked| looked < self.last_commit))
    }

    /// What is known of the room's epochs before a Welcome leads into a new one.
    pub(super) fn known(&self) -> KnownEpochs {
        let known = |epoch: &super::Epoch| Known::new(epoch.keys.clone(), Some(epoch.step.clone()));
        self.epochs.iter().map(|(id, epoch)| (*id, known(epoch))).collect()
    }

    /// Goes on in the group that a Welcome led to.
    pub(super) fn take_in(&mut self, group: Room) {
        self.group = Some(group);
        self.anchored = false;
        self.welcomed = true;
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
        let waits = self.makes_key_package();
        let Some(shut) = self.rooms.get(&room).and_then(|sync| sync.shut) else { return };
        if matches!(shut.cause, Cause::Unfollowable { .. }) && !shut.asked && !waits {
            self.ask_back_in(room, ctx);
        }
    }

    /// Posts the request to be let in again. It is the same for the same failure and key package, so it stands in the log once.
    fn ask_back_in(&mut self, room: RoomId, ctx: &mut Ctx<'_>) {
        let bundles = self.key_packages();
        let (Some(sync), Some(session)) = (self.rooms.get_mut(&room), &self.session) else { return };
        let (Some(group), Some(shut), Some(next)) = (&sync.group, &mut sync.shut, bundles.first()) else {
            return;
        };
        let Some(identity) = session.key_in(group) else { return };
        shut.asked = true;
        let mut said = Vec::from_iter(group.rejoin_request(identity, shut.entry, next.public()));
        if shut.renewed > 0 {
            // Somebody let this account in by a Welcome that led nowhere: its leaf is that of an earlier key package.
            let place = (room.0.into(), group.epoch());
            let by = |old: &KeyPackageBundle| {
                old.rejoin_request(identity, place.0, place.1, shut.entry, next).ok()
            };
            said.extend(bundles.iter().skip(1).filter_map(by));
        }
        for bytes in said {
            let post = Post { room, kind: EntryKind::Rejoin, id: statement_id(&bytes), bytes: bytes.into() };
            self.ask(Request::Post(post), Then::Ignore, ctx);
        }
    }

    /// The relay has, or has not, a Welcome for this account.
    pub(super) fn got_welcome(&mut self, room: RoomId, result: Result<Response, Problem>, ctx: &mut Ctx<'_>) {
        let welcomes = match result {
            Ok(Response::Welcomes(welcomes)) => welcomes,
            Ok(_) => Vec::new(),
            Err(problem) => return self.read_refused(room, &problem, ctx),
        };
        let bundles = self.key_packages();
        let (Some(sync), Some(session)) = (self.rooms.get_mut(&room), &self.session) else { return };
        sync.fetching = false;
        // The first that leads somewhere new and was not refused; else the first, so that it is known what it is.
        let refused = sync.shut.as_ref().and_then(|shut| shut.refused);
        let leads_on = |welcome: &&Opaque| {
            Some(EpochId(commit_hash(welcome.as_bytes()))) != refused
                && open_welcome(&bundles, session.id(), room, welcome)
                    .is_some_and(|group| !sync.epochs.contains_key(&EpochId(group.epoch().0)))
        };
        let welcome = welcomes.iter().find(leads_on).or(welcomes.first()).cloned();
        let hash = welcome.as_ref().map(|welcome| EpochId(commit_hash(welcome.as_bytes())));
        let group = welcome.and_then(|welcome| open_welcome(&bundles, session.id(), room, &welcome));
        // One that leads where we have been already is an old one.
        let old = group.as_ref().is_some_and(|group| sync.epochs.contains_key(&EpochId(group.epoch().0)));
        let group = group.filter(|_| !old);
        if let Some(shut) = sync.shut {
            let refused = hash.is_some() && shut.refused == hash;
            match (group, hash) {
                (Some(group), Some(hash)) if !refused => return self.try_way(room, group, hash, ctx),
                (None, Some(hash)) if !old => self.refuse_welcome(room, hash, ctx),
                (None, None) if matches!(shut.cause, Cause::Readmitted { .. }) => {
                    self.refuse_welcome(room, EpochId([0; 32]), ctx);
                }
                _ => {}
            }
            return self.advance(room, ctx);
        }
        match group.filter(|_| !self.data.knows_room(room)) {
            Some(group) => {
                let mut known = sync.known();
                known.extend(own_epoch(&group));
                sync.take_in(group);
                sync.stage = Stage::Keys { before: u64::MAX, known };
                self.advance(room, ctx);
            }
            // Where the account has been before, a Welcome alone proves nothing: anybody could have made a room with this id.
            None => {
                let why = "The relay has lost this account's state of the room. Leave it, and ask a member to bring you in again.";
                self.room_trouble(room, why, ctx);
            }
        }
    }

    /// A Welcome leads nowhere. If it was made with a commit that let this account in, its leaf is that of the key package in use: with
    /// another one, it can ask again.
    pub(super) fn refuse_welcome(&mut self, room: RoomId, welcome: EpochId, ctx: &mut Ctx<'_>) {
        let (Some(sync), Some(session)) = (self.rooms.get_mut(&room), &self.session) else { return };
        let Some(shut) = &mut sync.shut else { return };
        let again = shut.refused == Some(welcome);
        shut.refused = Some(welcome);
        let epoch = match shut.cause {
            Cause::Removed { .. } => return,
            Cause::Unfollowable { epoch } | Cause::Readmitted { epoch } => epoch,
        };
        shut.cause = Cause::Unfollowable { epoch };
        if again || shut.renewed >= RENEWALS {
            return;
        }
        shut.renewed = shut.renewed.saturating_add(1);
        shut.asked = false;
        ctx.persist_with(|ctx| sync.put_head(session, ctx));
        self.show_room(room, ctx);
        self.replace_key_package(ctx);
    }
}

/// The room that a Welcome leads into, with whichever key package it was sealed to.
fn open_welcome(
    bundles: &[KeyPackageBundle],
    account: waxwing_crypto_core::ids::AccountId,
    room: RoomId,
    welcome: &Opaque,
) -> Option<Room> {
    bundles.iter().find_map(|bundle| bundle.join(account, room.0.into(), welcome.as_bytes()).ok())
}

/// Statements are known by the beginning of their hash: who posts one again posts the same.
pub(super) fn statement_id(bytes: &[u8]) -> EntryId {
    let hash = commit_hash(bytes);
    let mut id = [0; 16];
    id.copy_from_slice(hash.split_at(16).0);
    EntryId(id)
}
