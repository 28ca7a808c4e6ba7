//! Whom the account knows, and the links by which people get to know each other.
//!
//! A link is the account and the fingerprint of its identity, and behind a `~` the username: what the account is called at the relay. That
//! name is only believed where the relay says the same: whoever makes a link may write any name into it.

use std::collections::{BTreeMap, BTreeSet};

use waxwing_crypto_core::trust::ContactLink;
use waxwing_wire::{
    AccountId, RoomId,
    frame::{Request, Response},
    problem::Problem,
    username::normalise,
};

use crate::{
    api::{Contact, Failure, Identity, Reply},
    ctx::{Ctx, failure},
    machine::{Client, Then},
    people::PeopleThen,
};

/// Between the link and the username.
const NAMED: char = '~';

/// A contact link that somebody opens or looks at.
#[derive(Debug)]
pub(crate) struct Linked {
    link: ContactLink,
    username: Option<String>,
    /// It is taken, not only looked at.
    open: bool,
}

impl Linked {
    fn account(&self) -> AccountId {
        AccountId(self.link.account.0)
    }
}

fn not_a_link<E>(_: E) -> Failure {
    failure("bad_contact_link", "This contact link is not complete. Ask for it again and copy all of it.")
}

impl Client {
    /// Everybody whom the account has or had to do with in a room of two, or knows by a link; by name.
    pub(crate) fn contacts(&self) -> Reply {
        let rooms = self.rooms_of_two();
        let all: BTreeSet<AccountId> = self.people.acquaintances().chain(rooms.keys().copied()).collect();
        let mut contacts: Vec<Contact> =
            all.into_iter().map(|account| self.contact(account, rooms.get(&account))).collect();
        contacts.sort_by_cached_key(|contact| (contact.name.to_lowercase(), contact.account.clone()));
        Reply::Contacts { contacts }
    }

    /// Rooms of two that are no unanswered requests.
    fn rooms_of_two(&self) -> BTreeMap<AccountId, RoomId> {
        let talking = self.room_ids().into_iter().filter(|room| !self.is_request(*room));
        talking.filter_map(|room| Some((self.peer_of(room)?, room))).collect()
    }

    fn contact(&self, account: AccountId, room: Option<&RoomId>) -> Contact {
        let (name, username) = self.people.named(account);
        Contact {
            account: account.to_string(),
            name: self.called(account).or(name).unwrap_or_default(),
            username,
            identity: self.trust.standing_of(account),
            blocked: self.people.is_blocked(account),
            room: room.filter(|room| !self.was_left(**room, account)).map(ToString::to_string),
        }
    }

    /// The link that tells others who this account is.
    pub(crate) fn contact_link(&self) -> Result<Reply, Failure> {
        let session = self.session.as_ref().ok_or_else(|| failure("not_logged_in", "Log in first."))?;
        let mut link = ContactLink::new(session.id(), &session.identity().public()).to_text();
        // Guests have none.
        if let Ok(username) = normalise(&session.username) {
            link.push(NAMED);
            link.push_str(&username);
        }
        Ok(Reply::ContactLink { link })
    }

    /// Looks at a contact link, or knows somebody by it.
    pub(crate) fn take_contact_link(
        &mut self,
        intent: u64,
        (link, open): (&str, bool),
        ctx: &mut Ctx<'_>,
    ) -> Result<(), Failure> {
        let (link, name) = link.trim().split_once(NAMED).unwrap_or((link.trim(), ""));
        let link = ContactLink::parse(link).map_err(not_a_link)?;
        let linked = Linked { link, username: normalise(name).ok(), open };
        if self.session.as_ref().is_some_and(|session| session.account == linked.account()) {
            return Err(failure("own_contact_link", "This is your own contact link. Give it to others."));
        }
        let known = self.people.found.contains_key(&linked.account());
        if let Some(username) = linked.username.clone().filter(|_| !known) {
            let then = Then::People(PeopleThen::Linked { intent, linked });
            self.ask(Request::FindAccount { username }, then, ctx);
            return Ok(());
        }
        self.know_by_link(intent, &linked, ctx)
    }

    /// The relay has said whose username it is.
    pub(crate) fn linked(
        &mut self,
        intent: u64,
        linked: Linked,
        result: Result<Response, Problem>,
        ctx: &mut Ctx<'_>,
    ) {
        if let (Ok(Response::Account(Some(account))), Some(username)) = (result, &linked.username)
            && account == linked.account()
        {
            self.people.found.insert(account, username.clone());
        }
        if let Err(failure) = self.know_by_link(intent, &linked, ctx) {
            ctx.reply(intent, Err(failure));
        }
    }

    fn know_by_link(&mut self, intent: u64, linked: &Linked, ctx: &mut Ctx<'_>) -> Result<(), Failure> {
        let account = linked.account();
        if linked.open {
            self.trust_link(&linked.link, ctx)?;
            self.want_to_talk(account, ctx)?;
            for room in self.room_ids() {
                self.announce(room, ctx);
                self.advance(room, ctx);
            }
        }
        let contact = self.contact(account, self.rooms_of_two().get(&account));
        let fits = self.link_fits(&linked.link);
        ctx.reply(intent, Ok(Reply::Contact { contact, fits }));
        Ok(())
    }
}

impl Contact {
    /// Whether they were compared by another way than the relay, and are still the same.
    pub fn is_verified(&self) -> bool {
        self.identity == Identity::Verified
    }
}
