//! A room as a list and a header show it.

use std::collections::BTreeSet;

use waxwing_crypto_core::room;
use waxwing_wire::AccountId;

use super::{RoomSync, avatar, log, shut::Cause};
use crate::{
    account_data::RoomPreferences,
    api::{Confirmed, Door, History, Identity, Person, Role, Room, Vouched},
    people::People,
    session::Session,
    trust::Trust,
};

/// The invite link of a room.
fn link(state: &room::RoomState, session: &Session) -> Option<Door> {
    let method = state.joins.iter().find(|join| join.kind == room::JoinKind::Link)?;
    let (by, own) = (AccountId(method.creator.0).to_string(), method.creator == session.id());
    Some(Door { by, own, until: method.expires_ms.map(|end| end.min(log::LATEST_MS)) })
}

impl RoomSync {
    pub(crate) fn view(
        &self,
        session: &Session,
        (trust, others): (&Trust, &People),
        liked: RoomPreferences,
        now_ms: u64,
    ) -> Room {
        let members: BTreeSet<AccountId> =
            self.group.iter().flat_map(|group| group.roster().keys()).map(|id| AccountId(id.0)).collect();
        let everybody: BTreeSet<AccountId> = members.iter().chain(self.names.keys()).copied().collect();
        let complaint = self.complaint();
        let state = self.group.as_ref().map(room::Room::state);
        let (unread, mentions) = self.unread.count(|account| !others.is_blocked(account));
        let has = |kind| state.is_some_and(|state| state.joins.iter().any(|join| join.kind == kind));
        Room {
            room: self.id.to_string(),
            name: self.name(session, others),
            topic: state.map(|state| state.topic.clone()).unwrap_or_default(),
            peer: self.peer(session).map(|peer| peer.to_string()),
            request: others.is_request(self, session, trust),
            avatar: state.and_then(|state| avatar::from_bytes(&state.avatar)),
            history: state.map_or(History::All, |state| state.history.into()),
            retention: state.map_or(0, |state| state.retention_s),
            invite: state.and_then(|state| link(state, session)),
            password: has(room::JoinKind::Password),
            predecessor: self.predecessor.map(|before| before.to_string()),
            successor: self.successor.map(|next| next.to_string()),
            people: everybody
                .iter()
                .map(|account| self.person(*account, &members, session))
                .map(|person| self.with_identity(person, trust, now_ms))
                .map(|person| others.with_block(person))
                .collect(),
            members: u32::try_from(members.len()).unwrap_or(u32::MAX),
            last: self.unsent_items(session).pop().or_else(|| self.last_now(now_ms)),
            unread,
            mentions,
            read: self.marks.own.read.min(log::LATEST_SEQ),
            marked_unread: self.marks.own.unread,
            draft: self.marks.own.draft.clone(),
            muted: liked.muted,
            notify: liked.notify(),
            pinned: liked.pinned,
            archived: liked.archived,
            syncing: complaint.is_none() && !self.is_current(),
            trouble: complaint,
            confirmed: self
                .confirmed
                .map(|known| Confirmed { account: known.account.to_string(), at: known.at_ms }),
            vouched: self
                .vouched
                .map(|known| Vouched { account: known.account.to_string(), before: known.before }),
        }
    }

    /// The other one of a room of two.
    pub(crate) fn peer(&self, session: &Session) -> Option<AccountId> {
        let state = self.group.as_ref()?.state();
        let other = if state.founder == session.id() { state.peer? } else { state.founder };
        (state.kind == room::RoomKind::Direct).then_some(AccountId(other.0))
    }

    /// A room of two is called after the other one.
    fn name(&self, session: &Session, others: &People) -> String {
        if let Some(peer) = self.peer(session) {
            let name = self.names.get(&peer).filter(|name| !name.is_empty()).cloned();
            return name.or_else(|| others.known_as(peer)).unwrap_or_default();
        }
        self.group.as_ref().map(|group| group.state().name.clone()).unwrap_or_default()
    }

    fn person(&self, account: AccountId, members: &BTreeSet<AccountId>, session: &Session) -> Person {
        let own = account == session.account;
        let name = self.names.get(&account).cloned();
        let out =
            own && (self.gone || matches!(self.shut.map(|shut| shut.cause), Some(Cause::Removed { .. })));
        let role = match &self.group {
            // The group at hand is the one from before.
            _ if out => Role::Former,
            Some(group) if members.contains(&account) => group.state().role(account.0.into()).into(),
            _ => Role::Former,
        };
        Person {
            account: account.to_string(),
            name: name.unwrap_or_else(|| if own { session.display_name.clone() } else { String::new() }),
            role,
            own,
            identity: Identity::Known,
            blocked: false,
        }
    }

    /// Says whether a person is who they were.
    fn with_identity(&self, person: Person, trust: &Trust, now_ms: u64) -> Person {
        let account = person.account.parse::<AccountId>().ok().filter(|_| !person.own);
        let key = account.and_then(|account| self.group.as_ref()?.roster().get(&account.0.into()));
        let identity = account.zip(key).map(|(account, key)| trust.identity(account, key, now_ms));
        Person { identity: identity.unwrap_or(Identity::Known), ..person }
    }
}
