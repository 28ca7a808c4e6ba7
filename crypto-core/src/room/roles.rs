//! Who may change what about a room. Judged on the state before a commit, and on whom the commit puts out.

use std::collections::BTreeSet;

use super::{
    history::Roster,
    policy::Invalid,
    state::{Role, RoleEntry, RoomKind, RoomState},
};
use crate::ids::AccountId;

/// Whom a commit puts out.
#[derive(Debug, Default)]
pub(super) struct Removed {
    /// All of them.
    pub(super) all: BTreeSet<AccountId>,
    /// Those who said that they leave.
    pub(super) departed: BTreeSet<AccountId>,
    /// Who comes in again by the same commit; it is not one of the removed.
    pub(super) readmitted: Option<AccountId>,
}

/// Moderators remove plain members, owners remove anybody. Of two in a direct room neither removes the other.
pub(super) fn may_remove(parent: &RoomState, author: AccountId, target: AccountId) -> Result<(), Invalid> {
    match (parent.kind, parent.role(author), parent.role(target)) {
        (RoomKind::Direct, ..) => Err(Invalid::Role),
        (_, Role::Owner, _) | (_, Role::Moderator, Role::Member) => Ok(()),
        _ => Err(Invalid::Role),
    }
}

impl Removed {
    /// The state after a removal at the least: without the roles of whoever was put out, and with the heir where no owner stays.
    pub(super) fn least_state<'a>(
        &self,
        parent: &RoomState,
        members: impl Iterator<Item = &'a AccountId>,
    ) -> RoomState {
        let mut next = parent.clone();
        next.roles.retain(|entry| !self.all.contains(&entry.account));
        if let Some(heir) = self.heir(parent, members) {
            next.roles.retain(|entry| entry.account != heir);
            next.roles.push(RoleEntry { account: heir, role: Role::Owner });
            next.roles.sort_by_key(|entry| entry.account);
        }
        next
    }

    /// Who owns the group when all its owners have left: of the members that stay the one with the highest role, of several the one with
    /// the lowest account id. Nobody chooses, so that no commit decides by chance or by greed.
    fn heir<'a>(
        &self,
        parent: &RoomState,
        members: impl Iterator<Item = &'a AccountId>,
    ) -> Option<AccountId> {
        let mut owners = parent.roles.iter().filter(|entry| entry.role == Role::Owner);
        let all_left = owners.all(|owner| self.departed.contains(&owner.account));
        if parent.kind != RoomKind::Group || !all_left {
            return None;
        }
        let staying = members.filter(|account| !self.all.contains(account));
        staying.copied().max_by_key(|account| (parent.role(*account), std::cmp::Reverse(*account)))
    }
}

/// Owners change everything but what the room is; moderators its name, topic, avatar and join methods; a plain member nothing. Whoever
/// puts somebody out takes out their roles with them, and of those who left the join methods they had made. A new join method
/// names its author as creator, because joiners compare that with who gave them the link. Where every owner has left, one of the others is
/// made one: [`Removed::least_state`].
pub(super) fn may_change(
    parent: &RoomState,
    members: &Roster,
    next: &RoomState,
    author: AccountId,
    removed: &Removed,
) -> Result<(), Invalid> {
    let same = next.kind == parent.kind
        && next.founder == parent.founder
        && next.peer == parent.peer
        && next.predecessor == parent.predecessor
        && next.version == parent.version;
    if !same {
        return Err(Invalid::State);
    }
    if next.joins.iter().any(|method| method.creator != author && !parent.joins.contains(method)) {
        return Err(Invalid::Join);
    }
    let least = removed.least_state(parent, members.keys());
    let moderated = RoomState {
        name: next.name.clone(),
        topic: next.topic.clone(),
        avatar: next.avatar.clone(),
        joins: next.joins.clone(),
        ..least.clone()
    };
    let tidied = RoomState { joins: next.joins.clone(), ..least };
    match parent.role(author) {
        Role::Owner => Ok(()),
        Role::Moderator if *next == moderated => Ok(()),
        Role::Member if *next == tidied && only_drops_theirs(parent, next, removed) => Ok(()),
        _ => Err(Invalid::Role),
    }
}

/// Whether the join methods are those of before, but for some that a departed member had made.
fn only_drops_theirs(parent: &RoomState, next: &RoomState, removed: &Removed) -> bool {
    let mut kept = next.joins.iter().peekable();
    let dropped_rightly = parent
        .joins
        .iter()
        .all(|method| kept.next_if_eq(&method).is_some() || removed.departed.contains(&method.creator));
    dropped_rightly && kept.next().is_none()
}
