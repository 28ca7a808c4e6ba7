//! A room as a list and a header show it.

use std::collections::BTreeSet;

use waxwing_crypto_core::room;
use waxwing_wire::AccountId;

use super::RoomSync;
use crate::{
    api::{Person, Role, Room},
    session::Session,
};

impl RoomSync {
    pub(crate) fn view(&self, session: &Session) -> Room {
        let members: BTreeSet<AccountId> =
            self.group.iter().flat_map(|group| group.roster().keys()).map(|id| AccountId(id.0)).collect();
        let everybody: BTreeSet<AccountId> = members.iter().chain(self.names.keys()).copied().collect();
        Room {
            room: self.id.to_string(),
            name: self.group.as_ref().map(|group| group.state().name.clone()).unwrap_or_default(),
            people: everybody.iter().map(|account| self.person(*account, &members, session)).collect(),
            members: u32::try_from(members.len()).unwrap_or(u32::MAX),
            last: self.unsent_items(session).pop().or_else(|| self.last.clone()),
            unread: self.unread,
            syncing: self.trouble.is_none() && !self.is_current(),
            trouble: self.trouble.clone(),
        }
    }

    fn person(&self, account: AccountId, members: &BTreeSet<AccountId>, session: &Session) -> Person {
        let own = account == session.account;
        let name = self.names.get(&account).cloned();
        let role = match &self.group {
            Some(group) if members.contains(&account) => match group.state().role(account.0.into()) {
                room::Role::Owner => Role::Owner,
                room::Role::Moderator | room::Role::Member => Role::Member,
            },
            _ => Role::Former,
        };
        Person {
            account: account.to_string(),
            name: name.unwrap_or_else(|| if own { session.display_name.clone() } else { String::new() }),
            role,
            own,
        }
    }
}
