//! Accounts registered once per process: stretching a password costs a tenth of a second, so every world begins with copies.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use super::{
    World,
    device::Store,
    relay::{Account, Session},
};

/// An account as it is right after its registration.
#[derive(Clone)]
pub(super) struct Template {
    pub(super) account: Account,
    /// The device that registered it.
    pub(super) registered: Store,
    /// A device that has just logged in, and has not connected yet.
    pub(super) logged_in: Store,
}

/// The account of this name, registered when it is first asked for.
pub(super) fn account(name: &str) -> Template {
    static ACCOUNTS: Mutex<BTreeMap<String, Template>> = Mutex::new(BTreeMap::new());
    let mut accounts = ACCOUNTS.lock().unwrap_or_else(PoisonError::into_inner);
    accounts.entry(name.to_owned()).or_insert_with(|| register(name)).clone()
}

fn register(name: &str) -> Template {
    // Worlds of one seed would give every name the same account.
    let seed = name.bytes().fold(7_u64, |seed, byte| seed.wrapping_mul(257).wrapping_add(byte.into()));
    let mut world = World::new(seed);
    let first = world.register_anew(name);
    let account = world.relay.accounts[name].clone();
    let second = world.device();
    world.devices[second].isolated = true;
    world.log_in_on(second, name);
    let stored = |d: usize| world.devices[d].stored();
    Template { account, registered: stored(first), logged_in: stored(second) }
}

impl Store {
    /// The same device with a session of another relay.
    pub(super) fn with_session(mut self, session: Session) -> Self {
        self.session = Some(session);
        self
    }
}
