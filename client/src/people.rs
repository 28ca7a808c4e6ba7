//! What this account wants with others: whom it talks with, whose requests wait, whom it blocks.
//!
//! A room of two that somebody else founded is a request until this account says that it wants to talk with them: before that nothing of
//! this account is told there. Kept in account objects, so that every session knows it; the relay learns whom an account blocks, so that
//! it lets them add it to no room.

use std::collections::BTreeMap;

use minicbor::{Decode, Encode};
use waxwing_crypto_core::room::Room as Group;
use waxwing_wire::{
    AccountId, RoomId,
    frame::{Request, Response},
    limits::BLOCKS,
    problem::Problem,
};
use zeroize::Zeroizing;

use crate::{
    account_data::{Change, people_name},
    api::{Failure, Person, Reply},
    contacts::Linked,
    ctx::{Ctx, failure},
    machine::{Client, Then},
    room::RoomSync,
    session::Session,
    trust::Trust,
};

/// Key under which the device keeps it.
const KEPT: &str = "s/people";

/// What this account wants with another.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub(crate) struct Acquaintance {
    #[n(0)]
    account: AccountId,
    /// When that was decided, milliseconds since 1970: the newest counts.
    #[n(1)]
    at_ms: u64,
    /// Under which they were found.
    #[n(2)]
    username: Option<String>,
    /// What they were called then.
    #[n(3)]
    name: String,
    /// This account talks with them.
    #[n(4)]
    accepted: bool,
    #[n(5)]
    blocked: bool,
}

/// What the account wants with others.
#[derive(Debug, Default)]
pub(crate) struct People {
    known: BTreeMap<AccountId, Acquaintance>,
    /// Usernames that this session looked up.
    pub(crate) found: BTreeMap<AccountId, String>,
    /// Whom this session told the relay last that the account blocks; nothing before it did, and where the relay refused.
    told: Option<Vec<AccountId>>,
}

/// What an answer about others leads to.
#[derive(Debug)]
pub(crate) enum PeopleThen {
    /// Whether somebody has a username.
    Found { intent: u64, username: String },
    /// Whether it is the one whose contact link names it.
    Linked { intent: u64, linked: Linked },
    /// The relay knows whom the account blocks.
    Blocked,
}

/// People of one account object; none if it is damaged, which the reader of the objects has noticed.
fn read(plain: &[u8]) -> Vec<Acquaintance> {
    waxwing_wire::decode(plain).unwrap_or_default()
}

/// Takes over what is newer.
fn learn(known: &mut BTreeMap<AccountId, Acquaintance>, one: Acquaintance) {
    if known.get(&one.account).is_none_or(|before| before.at_ms <= one.at_ms) {
        known.insert(one.account, one);
    }
}

/// An account object with these people in it.
pub(crate) fn merge(before: &[u8], people: &[Acquaintance]) -> Zeroizing<Vec<u8>> {
    let mut all = BTreeMap::new();
    for one in read(before).into_iter().chain(people.iter().cloned()) {
        learn(&mut all, one);
    }
    Zeroizing::new(waxwing_wire::encode(&all.into_values().collect::<Vec<_>>()))
}

fn account_id(text: &str) -> Result<AccountId, Failure> {
    text.parse().map_err(|_| failure("no_such_account", "There is no such account."))
}

impl People {
    /// What the device holds.
    pub(crate) fn restore(session: &Session, entries: &[(String, Vec<u8>)]) -> Self {
        let kept =
            entries.iter().find(|(key, _)| key == KEPT).and_then(|(key, value)| session.get(key, value));
        let known = kept.map(|plain| read(&plain)).unwrap_or_default();
        Self { known: known.into_iter().map(|one| (one.account, one)).collect(), ..Self::default() }
    }

    /// Whether the account does not want to hear of somebody.
    pub(crate) fn is_blocked(&self, account: AccountId) -> bool {
        self.known.get(&account).is_some_and(|known| known.blocked)
    }

    /// Whether a room is somebody's wish to talk that was not answered yet.
    pub(crate) fn is_request(&self, sync: &RoomSync, session: &Session, trust: &Trust) -> bool {
        let Some(peer) = sync.peer(session) else { return false };
        let founded =
            sync.group.as_ref().map(Group::state).is_some_and(|state| state.founder == session.id());
        let accepted = self.known.get(&peer).is_some_and(|known| known.accepted);
        !founded && !accepted && !trust.is_verified(peer)
    }

    /// Whom the account talks with or blocks.
    pub(crate) fn acquaintances(&self) -> impl Iterator<Item = AccountId> {
        self.known.values().filter(|known| known.accepted || known.blocked).map(|known| known.account)
    }

    /// What somebody was called when they were last decided about, and under which username they are found.
    pub(crate) fn named(&self, account: AccountId) -> (Option<String>, Option<String>) {
        let known = self.known.get(&account);
        let found = self.found.get(&account).cloned();
        let username = found.or_else(|| known.and_then(|known| known.username.clone()));
        (known.map(|known| known.name.clone()), username)
    }

    /// What to call somebody who has not said their name in a room.
    pub(crate) fn known_as(&self, account: AccountId) -> Option<String> {
        let (name, username) = self.named(account);
        name.filter(|name| !name.is_empty()).or(username)
    }

    /// Says whether the account wants to hear of a person, and what they are known as where they have not said it.
    pub(crate) fn with_block(&self, person: Person) -> Person {
        let Ok(account) = person.account.parse() else { return person };
        let known = Some(person.name).filter(|name| !name.is_empty());
        let name = known.or_else(|| self.known_as(account)).unwrap_or_default();
        Person { name, blocked: self.is_blocked(account), ..person }
    }
}

impl Client {
    /// Takes over what the account keeps about others, and tells the relay whom it blocks.
    pub(crate) fn load_people(&mut self, ctx: &mut Ctx<'_>) {
        let stored = self.data.people_objects().flat_map(read).collect::<Vec<_>>();
        let unsaved = self.data.unsaved().flat_map(|edit| match &edit.change {
            Change::People(people) => people.clone(),
            _ => Vec::new(),
        });
        for one in stored.into_iter().chain(unsaved.collect::<Vec<_>>()) {
            learn(&mut self.people.known, one);
        }
        self.keep_people(ctx);
        // A change that another session made, and whose answer was lost, may not have reached the relay.
        self.put_blocks(ctx);
        for room in self.room_ids() {
            self.show_room(room, ctx);
        }
    }

    /// Lets the device know it too: it shows rooms before the relay was asked.
    fn keep_people(&self, ctx: &mut Ctx<'_>) {
        let Some(session) = &self.session else { return };
        let plain = merge(&[], &self.people.known.values().cloned().collect::<Vec<_>>());
        ctx.persist_with(|ctx| session.put(KEPT.to_owned(), &plain, ctx));
    }

    /// Whether a room is a request that waits for an answer.
    pub(crate) fn is_request(&self, room: RoomId) -> bool {
        let (Some(sync), Some(session)) = (self.rooms.get(&room), &self.session) else { return false };
        self.people.is_request(sync, session, &self.trust)
    }

    /// Refuses to speak to whoever asked and has no answer yet, or is blocked; nothing else of this account is told them either.
    pub(crate) fn wanted(&self, room: RoomId) -> Result<(), Failure> {
        if self.is_request(room) {
            return Err(failure("not_accepted", "Accept the request before you write."));
        }
        let peer = self.peer_of(room);
        if peer.is_some_and(|peer| self.people.is_blocked(peer)) {
            return Err(failure("is_blocked", "You blocked this person. Unblock them before you write."));
        }
        Ok(())
    }

    pub(crate) fn peer_of(&self, room: RoomId) -> Option<AccountId> {
        self.rooms.get(&room)?.peer(self.session.as_ref()?)
    }

    /// What somebody is called in any room.
    pub(crate) fn called(&self, account: AccountId) -> Option<String> {
        self.rooms.values().find_map(|sync| sync.names.get(&account).filter(|name| !name.is_empty()).cloned())
    }

    /// Changes what this account wants with somebody.
    fn decide(
        &mut self,
        account: AccountId,
        decide: impl FnOnce(&mut Acquaintance),
        ctx: &mut Ctx<'_>,
    ) -> Result<(), Failure> {
        if self.data.rolled_back().is_some() {
            return Err(crate::trust::rolled_back());
        }
        let before = self.people.known.get(&account).cloned();
        let (username, name) = (self.people.found.get(&account).cloned(), self.called(account));
        let mut one = before.clone().unwrap_or(Acquaintance {
            account,
            at_ms: 0,
            username: None,
            name: String::new(),
            accepted: false,
            blocked: false,
        });
        one.username = username.or(one.username);
        one.name = name.unwrap_or(one.name);
        decide(&mut one);
        if before.as_ref() == Some(&one) {
            return Ok(());
        }
        // Later than what it replaces, whatever this clock says.
        one.at_ms = ctx.now_ms.max(one.at_ms.saturating_add(1));
        self.people.known.insert(account, one.clone());
        self.keep_people(ctx);
        self.edit(&people_name(account), Change::People(vec![one]), ctx);
        for room in self.room_ids() {
            self.show_room(room, ctx);
        }
        Ok(())
    }

    /// The person wants to talk with somebody, who may have asked for it.
    pub(crate) fn want_to_talk(&mut self, account: AccountId, ctx: &mut Ctx<'_>) -> Result<(), Failure> {
        if self.people.is_blocked(account) {
            return Err(failure("is_blocked", "You blocked this person. Unblock them first."));
        }
        self.decide(account, |one| one.accepted = true, ctx)
    }

    pub(crate) fn find_account(
        &mut self,
        intent: u64,
        username: String,
        ctx: &mut Ctx<'_>,
    ) -> Result<(), Failure> {
        let normal = waxwing_wire::username::normalise(&username);
        let Ok(username) = normal else {
            ctx.reply(intent, Ok(Reply::Account { account: None }));
            return Ok(());
        };
        let then = PeopleThen::Found { intent, username: username.clone() };
        self.ask(Request::FindAccount { username }, Then::People(then), ctx);
        Ok(())
    }

    pub(crate) fn people_then(
        &mut self,
        then: PeopleThen,
        result: Result<Response, Problem>,
        ctx: &mut Ctx<'_>,
    ) {
        let (intent, username) = match then {
            PeopleThen::Found { intent, username } => (intent, username),
            PeopleThen::Linked { intent, linked } => return self.linked(intent, linked, result, ctx),
            PeopleThen::Blocked => {
                // Told again with the next change, or when the account's objects are read again.
                self.people.told.take_if(|_| result.is_err());
                return;
            }
        };
        let found = match result {
            Ok(Response::Account(account)) => Ok(account),
            Ok(_) => Ok(None),
            Err(problem) => Err(problem.into()),
        };
        if let Ok(Some(account)) = &found {
            self.people.found.insert(*account, username);
        }
        let reply = found.map(|account| Reply::Account { account: account.map(|id| id.to_string()) });
        ctx.reply(intent, reply);
    }

    /// The one who asked for this room, if nobody has answered yet.
    fn asking(&self, room: &str) -> Result<(RoomId, AccountId), Failure> {
        let room = self.room_id(room)?;
        let peer = self.peer_of(room).filter(|_| self.is_request(room));
        peer.map(|peer| (room, peer))
            .ok_or_else(|| failure("wrong_step", "This request was answered already."))
    }

    pub(crate) fn accept_request(
        &mut self,
        intent: u64,
        room: &str,
        ctx: &mut Ctx<'_>,
    ) -> Result<(), Failure> {
        let (room, peer) = self.asking(room)?;
        self.want_to_talk(peer, ctx)?;
        self.announce(room, ctx);
        self.advance(room, ctx);
        ctx.reply(intent, Ok(Reply::Done));
        Ok(())
    }

    pub(crate) fn decline_request(
        &mut self,
        intent: u64,
        room: &str,
        ctx: &mut Ctx<'_>,
    ) -> Result<(), Failure> {
        self.asking(room)?;
        self.leave_room(intent, room, ctx)
    }

    pub(crate) fn block(&mut self, intent: u64, account: &str, ctx: &mut Ctx<'_>) -> Result<(), Failure> {
        let account = account_id(account)?;
        if self.session.as_ref().is_some_and(|session| session.account == account) {
            return Err(failure("wrong_step", "You cannot block yourself."));
        }
        let blocked = self.people.known.values().filter(|known| known.blocked).count();
        if blocked >= BLOCKS {
            return Err(failure("not_allowed", "You have blocked as many people as one can."));
        }
        let asking = self
            .room_ids()
            .into_iter()
            .find(|room| self.is_request(*room) && self.peer_of(*room) == Some(account));
        let decided =
            |one: &mut Acquaintance| (one.blocked, one.accepted) = (true, one.accepted && asking.is_none());
        self.decide(account, decided, ctx)?;
        self.put_blocks(ctx);
        match asking {
            Some(room) => self.leave_room(intent, &room.to_string(), ctx),
            None => {
                ctx.reply(intent, Ok(Reply::Done));
                Ok(())
            }
        }
    }

    pub(crate) fn unblock(&mut self, intent: u64, account: &str, ctx: &mut Ctx<'_>) -> Result<(), Failure> {
        let account = account_id(account)?;
        if self.people.is_blocked(account) {
            self.decide(account, |one| one.blocked = false, ctx)?;
            self.put_blocks(ctx);
            // What waited meanwhile goes out.
            for room in self.room_ids() {
                self.advance(room, ctx);
            }
        }
        ctx.reply(intent, Ok(Reply::Done));
        Ok(())
    }

    fn put_blocks(&mut self, ctx: &mut Ctx<'_>) {
        let blocked = self.people.known.values().filter(|known| known.blocked).map(|known| known.account);
        let blocked: Vec<AccountId> = blocked.take(BLOCKS).collect();
        if self.people.told.as_ref() != Some(&blocked) {
            self.people.told = Some(blocked.clone());
            self.ask(Request::PutBlocks(blocked), Then::People(PeopleThen::Blocked), ctx);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(n: u8, at_ms: u64, blocked: bool) -> Acquaintance {
        let account = AccountId([n; 16]);
        Acquaintance { account, at_ms, username: None, name: "Mira".into(), accepted: !blocked, blocked }
    }

    #[test]
    fn of_two_sessions_the_newer_decision_counts() {
        let first = merge(&[], &[one(1, 10, true), one(2, 5, false)]);
        let later = merge(&first, &[one(1, 9, false), one(3, 1, true)]);
        assert_eq!(read(&later), [one(1, 10, true), one(2, 5, false), one(3, 1, true)]);
        assert_eq!(read(&merge(&later, &[one(1, 11, false)])).first(), Some(&one(1, 11, false)));
        assert!(read(b"damaged").is_empty());
    }
}
