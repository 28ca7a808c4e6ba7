//! Where the relay's answers about rooms lead.

use waxwing_wire::{AccountId, EpochId, RoomId, frame::Response, problem::Problem};

use super::{
    RoomSync,
    founding::FoundedFor,
    joining::Attempt,
    password::{Setting, Trying, Unlocking},
};
use crate::{ctx::Ctx, machine::Client};

/// What the answer to a request about a room leads to.
pub(crate) enum RoomThen {
    /// A room was founded.
    Founded { room: RoomId, purpose: FoundedFor },
    /// What a way in leads to.
    JoinInfo(Box<Attempt>),
    /// The commit that joins, and the room as the device had it before.
    Joined { attempt: Box<Attempt>, before: Option<Box<RoomSync>> },
    /// Key package of somebody who is to come in.
    AddPackage { intent: u64, room: RoomId, account: AccountId },
    /// Key package of the other one of a room of two that is to be founded.
    DirectPackage { intent: u64, account: AccountId, note: Option<String> },
    /// The Welcome that leads into a room.
    Welcome(RoomId),
    /// Key package of a member that asks to be let in again.
    RejoinPackage { room: RoomId, account: AccountId },
    /// Key package of the other one of a room of two, who did not come in yet.
    PeerPackage { room: RoomId, account: AccountId },
    /// The relay knows that this account has left.
    LeavePosted(RoomId),
    /// How this account left, if another session of it did.
    LeftElsewhere(RoomId),
    /// First half of setting a room's password.
    PasswordStarted(Box<Setting>),
    /// First half of trying one.
    PasswordTried(Box<Trying>),
    /// Second half of trying one.
    Unlocked(Box<Unlocking>),
    /// Key package of somebody who comes along into a new room.
    MovePackage { room: RoomId, account: AccountId },
    /// The old room says where it goes on.
    SuccessorPosted(RoomId),
    /// Public states on the way that a Welcome is to lead.
    WayStates(RoomId),
    /// The log on that way.
    WayEntries(RoomId),
    /// A commit that history links speak of.
    LinkCommit { room: RoomId, seq: u64 },
    /// What has been published for an epoch.
    Published { room: RoomId, epoch: EpochId },
}

impl std::fmt::Debug for RoomThen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RoomThen(..)")
    }
}

impl RoomThen {
    /// Somebody looks at a spinner until this is answered.
    pub(crate) fn is_awaited(&self) -> bool {
        matches!(
            self,
            Self::Founded { .. }
                | Self::JoinInfo(_)
                | Self::Joined { .. }
                | Self::AddPackage { .. }
                | Self::DirectPackage { .. }
                | Self::PasswordStarted(_)
                | Self::PasswordTried(_)
                | Self::Unlocked(_)
        )
    }
}

impl Client {
    pub(crate) fn room_then(&mut self, then: RoomThen, result: Result<Response, Problem>, ctx: &mut Ctx<'_>) {
        match then {
            RoomThen::Founded { room, purpose } => self.founded(room, purpose, result, ctx),
            RoomThen::JoinInfo(attempt) => self.join_info(*attempt, result, ctx),
            RoomThen::Joined { attempt, before } => self.joined(*attempt, before, result, ctx),
            RoomThen::AddPackage { intent, room, account } => {
                self.add_with_package((intent, room, account), result, ctx);
            }
            RoomThen::DirectPackage { intent, account, note } => {
                self.found_direct((intent, note), account, result, ctx);
            }
            RoomThen::Welcome(room) => self.got_welcome(room, result, ctx),
            RoomThen::RejoinPackage { room, account } => self.readmit((room, account), result, ctx),
            RoomThen::PeerPackage { room, account } => self.bring_peer((room, account), result, ctx),
            RoomThen::LeavePosted(room) => {
                self.left(room, result, ctx);
                self.go_on_deleting(ctx);
            }
            RoomThen::LeftElsewhere(room) => self.left_elsewhere(room, result, ctx),
            RoomThen::PasswordStarted(setting) => self.password_started(*setting, result, ctx),
            RoomThen::PasswordTried(trying) => self.password_tried(*trying, result, ctx),
            RoomThen::Unlocked(unlocking) => self.unlocked(*unlocking, result, ctx),
            RoomThen::MovePackage { room, account } => self.got_move_package((room, account), result, ctx),
            RoomThen::SuccessorPosted(room) => self.successor_told(room, result, ctx),
            RoomThen::WayStates(room) => self.way_states(room, result, ctx),
            RoomThen::WayEntries(room) => self.way_entries(room, result, ctx),
            RoomThen::LinkCommit { room, seq } => self.got_link_commit((room, seq), result, ctx),
            RoomThen::Published { room, epoch } => {
                if let Ok(response) = result {
                    self.got_published((room, epoch), response, ctx);
                }
            }
        }
    }
}
