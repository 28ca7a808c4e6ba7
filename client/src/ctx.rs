//! What one step of the machine works with: time, randomness, and the effects it has produced so far.

use rand_core::CryptoRngCore;
use waxwing_crypto_core::login::KsfParams;
use waxwing_wire::account;

use crate::{
    api::{Failure, Notice, Reply},
    io::{Effect, StoreOp},
};

/// An intent that nobody has had: its answer goes nowhere.
pub(crate) const NOBODY: u64 = u64::MAX;

pub(crate) struct Ctx<'a> {
    pub(crate) now_ms: u64,
    pub(crate) rng: &'a mut dyn CryptoRngCore,
    /// How new passwords are stretched.
    pub(crate) ksf: KsfParams,
    pub(crate) effects: Vec<Effect>,
    /// Times at which the machine wants to look at everything again, milliseconds since 1970.
    pub(crate) alarms: Vec<u64>,
}

impl Ctx<'_> {
    /// How new passwords are stretched, as the relay is told.
    pub(crate) fn told_ksf(&self) -> account::KsfParams {
        let KsfParams { memory_kib, iterations, parallelism } = self.ksf;
        account::KsfParams { memory_kib, iterations, parallelism }
    }

    pub(crate) fn reply(&mut self, id: u64, result: Result<Reply, Failure>) {
        if id != NOBODY {
            self.effects.push(Effect::Reply { id, result });
        }
    }

    pub(crate) fn notify(&mut self, notice: Notice) {
        self.effects.push(Effect::Notify(notice));
    }

    /// Lets a tick come at this time; any number of them may be waited for at once.
    pub(crate) fn wake_at(&mut self, at_ms: u64) {
        self.alarms.push(at_ms);
    }

    /// Lets a tick come after so many milliseconds.
    pub(crate) fn wake_in(&mut self, wait_ms: u64) {
        self.wake_at(self.now_ms.saturating_add(wait_ms));
    }

    /// Like [`Ctx::persist`], for operations whose making needs the context.
    pub(crate) fn persist_with<I: IntoIterator<Item = StoreOp>>(
        &mut self,
        make: impl FnOnce(&mut Self) -> I,
    ) {
        let ops = make(self);
        self.persist(ops);
    }

    /// Adds to the store transaction that is open at the end of the effects, or begins one.
    pub(crate) fn persist(&mut self, ops: impl IntoIterator<Item = StoreOp>) {
        let mut ops = ops.into_iter().peekable();
        if ops.peek().is_none() {
            return;
        }
        match self.effects.last_mut() {
            Some(Effect::Persist(open)) => open.extend(ops),
            _ => self.effects.push(Effect::Persist(ops.collect())),
        }
    }
}

/// A failure of the client's own.
pub(crate) fn failure(code: &str, message: &str) -> Failure {
    Failure { code: code.to_owned(), message: message.to_owned(), retry_after_s: None }
}

pub(crate) fn offline() -> Failure {
    failure("offline", "There is no connection to the relay. Try again when it is back.")
}
