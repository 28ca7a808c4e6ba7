//! Reading statements: who leaves, who asks to be let in again, where the room goes on.

use waxwing_wire::{
    RoomId,
    frame::{EntryKind, LogEntry},
};

use super::{
    super::{RoomSync, duties::Asked},
    item,
};
use crate::{
    api::{Body, Item},
    session::Session,
};

/// Statements about a successor that wait to be checked.
const SUCCESSORS: usize = 8;

impl RoomSync {
    /// Items of a statement. In the past, whose groups are gone, it cannot be checked; what still counts is checked when the log has
    /// come to the group at hand.
    pub(super) fn statement_entry(&mut self, session: &Session, entry: &LogEntry) -> Vec<Item> {
        let (who, bytes) = (entry.sender, entry.bytes.as_bytes());
        let group = self.group.as_ref().filter(|_| self.anchored);
        let body = match entry.kind {
            EntryKind::Leave => {
                let left = group.is_some_and(|group| group.check_leave(who.0.into(), bytes).is_some());
                if left || group.is_none() {
                    self.note_request(who, Asked::Leave(bytes.to_vec()));
                }
                self.left |= left && who == session.account;
                left.then(|| Body::Left { account: who.to_string() })
            }
            EntryKind::Rejoin => {
                if group.is_none_or(|group| group.check_rejoin(who.0.into(), bytes).is_some()) {
                    self.note_request(who, Asked::Rejoin(bytes.to_vec()));
                }
                None
            }
            EntryKind::Successor => {
                if self.successors.len() < SUCCESSORS {
                    self.successors.push((who, bytes.to_vec()));
                }
                self.check_successors().map(|next| Body::Moved { room: next.to_string() })
            }
            _ => None,
        };
        body.map(|body| vec![item(entry, 0, session.account, who, body)]).unwrap_or_default()
    }

    /// Takes the first successor that a member has signed; yields it when it is new.
    pub(in super::super) fn check_successors(&mut self) -> Option<RoomId> {
        let group = self.group.as_ref().filter(|_| self.anchored)?;
        let said = std::mem::take(&mut self.successors);
        let next = said.iter().find_map(|(who, bytes)| group.check_successor(who.0.into(), bytes));
        let next = next.map(|said| RoomId(said.next.0)).filter(|_| self.successor.is_none())?;
        self.successor = Some(next);
        Some(next)
    }
}
