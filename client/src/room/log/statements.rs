//! Reading statements: who leaves, who asks to be let in again, where the room goes on.

use waxwing_wire::{
    AccountId, RoomId,
    frame::{EntryKind, LogEntry},
};

use super::{
    super::{RoomSync, duties::Asked, successor::Claim},
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
                // One of each account: nobody can keep the others' from being read.
                self.successors.retain(|(account, _)| *account != who);
                if self.successors.len() < SUCCESSORS {
                    self.successors.push((who, bytes.to_vec()));
                }
                let said = self.check_successors().into_iter().find(|claim| claim.owner == who);
                said.map(|claim| Body::Moved { room: claim.next.to_string() })
            }
            _ => None,
        };
        body.map(|body| vec![item(entry, 0, session.account, who, body)]).unwrap_or_default()
    }

    /// Takes what owners say about where the room goes on, the newest of each; whether the other room says so, too, is seen when it is
    /// here. Yields what is new.
    pub(in super::super) fn check_successors(&mut self) -> Vec<Claim> {
        let Some(group) = self.group.as_ref().filter(|_| self.anchored) else { return Vec::new() };
        let said = std::mem::take(&mut self.successors);
        let claim = |(who, bytes): &(AccountId, Vec<u8>)| {
            let said = group.check_successor(who.0.into(), bytes)?;
            Some(Claim { owner: *who, next: RoomId(said.next.0), said: minicbor::to_vec(&said).ok()? })
        };
        let new: Vec<Claim> = said.iter().filter_map(claim).collect();
        self.claims.retain(|claim| !new.iter().any(|newer| newer.owner == claim.owner));
        self.claims.extend(new.iter().cloned());
        new
    }
}
