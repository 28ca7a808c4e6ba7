//! Who may change what about a room. Judged on the state before a commit, and on whom the commit puts out.

use std::collections::BTreeSet;

use super::{
    policy::Invalid,
    state::{Role, RoomKind, RoomState},
};
use crate::ids::AccountId;

/// Whom a commit puts out.
#[derive(Debug, Default)]
pub(super) struct Removed {
    /// All of them.
    pub(super) all: BTreeSet<AccountId>,
    /// Those who said that they leave.
    pub(super) departed: BTreeSet<AccountId>,
}

/// Moderators remove plain members, owners remove anybody. Of two in a direct room neither removes the other.
pub(super) fn may_remove(parent: &RoomState, author: AccountId, target: AccountId) -> Result<(), Invalid> {
    match (parent.kind, parent.role(author), parent.role(target)) {
        (RoomKind::Direct, ..) => Err(Invalid::Role),
        (_, Role::Owner, _) | (_, Role::Moderator, Role::Member) => Ok(()),
        _ => Err(Invalid::Role),
    }
}

/// The state after a removal at the least: without the roles of whoever was put out.
pub(super) fn without_roles_of(state: &RoomState, removed: &BTreeSet<AccountId>) -> RoomState {
    let mut next = state.clone();
    next.roles.retain(|entry| !removed.contains(&entry.account));
    next
}

/// Owners change everything but what the room is; moderators its name, topic, avatar and join methods; a plain member nothing. Whoever
/// puts somebody out takes out their roles with them, and of those who left the join methods they had made. A new join method
/// names its author as creator, because joiners compare that with who gave them the link.
pub(super) fn may_change(
    parent: &RoomState,
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
    let least = without_roles_of(parent, &removed.all);
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
