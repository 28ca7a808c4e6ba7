//! Marks, and who is there.

use waxwing_wire::{
    AccountId, Problem, ProblemCode,
    frame::{EntryKind, Event, Presence, Request, Response, ServerFrame},
    limits::{OWN_MARK_BYTES, SHARED_MARK_BYTES},
};

use super::{Relay, problem};

impl Relay {
    pub(super) fn marks_request(
        &mut self,
        connection: usize,
        me: AccountId,
        request: &Request,
    ) -> Option<Result<Response, Problem>> {
        Some(match request {
            Request::PutMarks { room, .. } | Request::Marks(room)
                if !self.rooms.get(room).is_some_and(|room| room.members.contains_key(&me)) =>
            {
                Err(problem(ProblemCode::NotFound))
            }
            Request::PutMarks { room, shared, own } => {
                let size = |mark: &Option<waxwing_wire::Opaque>| mark.as_ref().map_or(0, |mark| mark.len());
                if size(shared) > SHARED_MARK_BYTES || size(own) > OWN_MARK_BYTES {
                    return Some(Err(problem(ProblemCode::TooLarge)));
                }
                let found = self.rooms.get_mut(room)?;
                let kept = found.marks.entry(me).or_default();
                let members: Vec<AccountId> = found.members.keys().copied().collect();
                if let Some(shared) = shared {
                    kept.0 = Some(shared.clone());
                }
                if let Some(own) = own {
                    kept.1 = Some(own.clone());
                }
                if let Some(shared) = shared {
                    let event = Event::Mark { room: *room, account: me, shared: shared.clone() };
                    members.iter().for_each(|member| self.tell_others(*member, &event, connection));
                }
                if let Some(own) = own {
                    let event = Event::OwnMark { room: *room, own: own.clone() };
                    self.tell_others(me, &event, connection);
                }
                Ok(Response::Done)
            }
            Request::Marks(room) => {
                let room = self.rooms.get(room)?;
                let shared = room
                    .marks
                    .iter()
                    .filter(|(account, _)| room.members.contains_key(account))
                    .filter_map(|(account, (shared, _))| Some((*account, shared.clone()?)))
                    .collect();
                let own = room.marks.get(&me).and_then(|(_, own)| own.clone());
                Ok(Response::Marks { shared, own })
            }
            Request::SharePresence(on) => {
                self.account(me)?.shares_presence = *on;
                self.tell_presence(me);
                Ok(Response::Done)
            }
            Request::WatchPresence(accounts) => {
                self.presence.insert(connection, accounts.iter().copied().collect());
                let shown = accounts.iter().filter(|account| self.may_see(me, **account));
                Ok(Response::Presence(shown.map(|account| self.presence_of(*account)).collect()))
            }
            _ => return None,
        })
    }

    fn shares(&self, account: AccountId) -> bool {
        self.accounts.values().any(|known| known.id == account && known.shares_presence)
    }

    fn may_see(&self, me: AccountId, other: AccountId) -> bool {
        let both = |room: &super::Room| {
            let spoke =
                room.log.iter().any(|entry| entry.sender == other && entry.kind == EntryKind::Message);
            room.members.contains_key(&me) && room.members.contains_key(&other) && spoke
        };
        let blocks = self.accounts.values().any(|known| known.id == other && known.blocks.contains(&me));
        me != other && !blocks && self.shares(me) && self.shares(other) && self.rooms.values().any(both)
    }

    fn presence_of(&self, account: AccountId) -> Presence {
        let online = self
            .live
            .iter()
            .any(|connection| self.connections.get(connection).is_some_and(|s| s.account == account));
        let shared = self.shares(account);
        Presence { account, online: online && shared, last_seen_ms: (!online && shared).then_some(60_000) }
    }

    /// Tells those who watch an account how it is now.
    pub(super) fn tell_presence(&mut self, account: AccountId) {
        let presence = self.presence_of(account);
        let told: Vec<usize> = self
            .presence
            .iter()
            .filter(|(_, watched)| watched.contains(&account))
            .map(|(connection, _)| *connection)
            .collect();
        for connection in told {
            let watcher = self.connections.get(&connection).map(|session| session.account);
            let stopped = !presence.online && presence.last_seen_ms.is_none();
            if watcher.is_some_and(|watcher| self.may_see(watcher, account) || stopped) {
                self.push(connection, None, ServerFrame::Event(Event::Presence(presence)));
            }
        }
    }
}
