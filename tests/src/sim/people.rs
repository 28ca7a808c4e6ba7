//! What people do in a world, in few words.

use waxwing_client::api::{AccountIntent, Failure, Identity, Intent, Person, Reply};

use super::{World, relay::CODE, template};

impl World {
    /// A device of a new account; the account is a copy of one that was registered before in this process.
    pub fn register(&mut self, name: &str) -> usize {
        let template = template::account(name);
        assert!(!self.relay.accounts.contains_key(name), "{name} exists");
        let session = self.relay.begin_session(template.account.id);
        self.relay.accounts.insert(name.to_owned(), template.account);
        let d = self.add(template.registered.with_session(session));
        self.run();
        d
    }

    /// A device of a new account, by all steps of a registration.
    pub fn register_anew(&mut self, name: &str) -> usize {
        let d = self.device();
        let register = AccountIntent::Register {
            username: name.into(),
            password: password(name),
            display_name: name.to_uppercase(),
            setup_token: None,
            invite: None,
        };
        assert!(matches!(self.call(d, register), Ok(Reply::TotpEnrolment { .. })));
        let confirmed = self.call(d, AccountIntent::ConfirmTotp { code: Some(CODE.into()), device: None });
        assert!(matches!(confirmed, Ok(Reply::Registered { .. })));
        d
    }

    /// Another device of an account that exists, as after a login. The login itself is done where that makes a difference: when the
    /// account's keys have changed since its registration.
    pub fn log_in(&mut self, name: &str) -> usize {
        let template = template::account(name);
        let account = &self.relay.accounts[name];
        if account.vault_version != template.account.vault_version {
            return self.log_in_anew(name);
        }
        let session = self.relay.begin_session(account.id);
        let d = self.add(template.logged_in.with_session(session));
        self.run();
        d
    }

    /// Another device of an account that exists, by all steps of a login.
    pub fn log_in_anew(&mut self, name: &str) -> usize {
        let d = self.device();
        self.log_in_on(d, name);
        d
    }

    /// All steps of a login that leads in.
    pub(super) fn log_in_on(&mut self, d: usize, name: &str) {
        assert_eq!(self.log_in_as(d, name, &password(name)), Ok(Reply::Done));
    }

    /// All steps of a login with a code; [`Reply::Done`] once in.
    ///
    /// # Errors
    /// What the relay or the client refused.
    pub fn log_in_as(&mut self, d: usize, name: &str, password: &str) -> Result<Reply, Failure> {
        let log_in = AccountIntent::LogIn { username: name.into(), password: password.into(), device: None };
        assert_eq!(self.call(d, log_in)?, Reply::TotpRequired);
        let reply = self.call(d, AccountIntent::SubmitTotp { code: CODE.into(), device: None })?;
        assert!(matches!(reply, Reply::LoggedIn { .. }), "{reply:?}");
        Ok(Reply::Done)
    }

    /// Id of an account, as interfaces see it.
    pub fn account(&self, name: &str) -> String {
        self.relay.account_of(name).to_string()
    }

    /// Somebody in a room, as a device shows them.
    pub fn person(&self, d: usize, room: &str, account: &str) -> Person {
        let people = &self.devices[d].rooms[room].people;
        people.iter().find(|person| person.account == account).expect("shown").clone()
    }

    /// The safety number of an account, as a device shows it.
    pub fn safety_number(&mut self, d: usize, account: &str) -> String {
        match self.call(d, Intent::SafetyNumber { account: account.into(), fingerprint: None }) {
            Ok(Reply::SafetyNumber { number, .. }) => number,
            other => panic!("{other:?}"),
        }
    }

    /// Fingerprint of the first changed identity of an account that a room of the device shows; empty if none does.
    pub fn changed_to(&self, d: usize, account: &str) -> String {
        let people = self.devices[d].rooms.values().flat_map(|room| &room.people);
        let mut changed = people.filter(|person| person.account == account).map(|person| &person.identity);
        changed.find_map(fingerprint_of).unwrap_or_default()
    }

    /// Accepts the changed identity of an account that a room of the device shows.
    ///
    /// # Errors
    /// What the client refused.
    pub fn accept_identity(&mut self, d: usize, account: &str) -> Result<Reply, Failure> {
        let fingerprint = self.changed_to(d, account);
        self.call(d, Intent::AcceptIdentity { account: account.into(), fingerprint })
    }

    /// Says that the safety number, as the device shows it, is the same on the other side.
    ///
    /// # Errors
    /// What the client refused.
    pub fn mark_verified(&mut self, d: usize, account: &str) -> Result<Reply, Failure> {
        let shown = Intent::SafetyNumber { account: account.into(), fingerprint: None };
        let Reply::SafetyNumber { fingerprint, .. } = self.call(d, shown)? else { unreachable!() };
        self.call(d, Intent::MarkVerified { account: account.into(), fingerprint })
    }

    /// Founds a room.
    pub fn room(&mut self, d: usize, name: &str) -> String {
        match self.call(d, Intent::CreateRoom { name: name.into() }) {
            Ok(Reply::Room { room }) => room,
            other => panic!("{other:?}"),
        }
    }

    /// The invite link of a room.
    pub fn invite(&mut self, d: usize, room: &str) -> String {
        match self.call(d, Intent::CreateInvite { room: room.into(), lasts: Some(0) }) {
            Ok(Reply::Invite { invite, .. }) => invite,
            other => panic!("{other:?}"),
        }
    }

    /// Joins by an invite link.
    pub fn join(&mut self, d: usize, invite: &str) -> String {
        match self.call(d, Intent::JoinRoom { invite: invite.into() }) {
            Ok(Reply::Room { room }) => room,
            other => panic!("{other:?}"),
        }
    }

    /// Sends a text; it is kept on the device, but may still be on its way.
    pub fn send(&mut self, d: usize, room: &str, text: &str) {
        let id = self.ask(d, Intent::text(room.into(), text.into()));
        while !self.devices[d].replies.contains_key(&id) {
            assert!(self.step());
        }
        assert_eq!(self.devices[d].replies.remove(&id), Some(Ok(Reply::Done)));
    }
}

/// The password of an account.
pub fn password(name: &str) -> String {
    format!("{name} has a long password")
}

/// What an account's password is changed to.
pub const NEW_PASSWORD: &str = "quite another long password";

/// Fingerprint of a changed identity.
pub fn fingerprint_of(identity: &Identity) -> Option<String> {
    match identity {
        Identity::Changed { fingerprint, .. } => Some(fingerprint.clone()),
        Identity::Known | Identity::Verified => None,
    }
}

/// Whether an identity changed, and was signed by the one before or not.
pub fn is_changed(identity: &Identity, by_signature: bool) -> bool {
    matches!(identity, Identity::Changed { signed, .. } if *signed == by_signature)
}

/// The code of what was refused.
pub fn code(result: Result<Reply, Failure>) -> String {
    result.map_or_else(|failure| failure.code, |reply| panic!("{reply:?}"))
}
