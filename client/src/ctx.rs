//! What one step of the machine works with: time, randomness, and the effects it has produced so far.

use rand_core::CryptoRngCore;

use crate::{
    api::{Failure, Notice, Reply},
    io::{Effect, StoreOp},
};

pub(crate) struct Ctx<'a> {
    pub(crate) now_ms: u64,
    pub(crate) rng: &'a mut dyn CryptoRngCore,
    pub(crate) effects: Vec<Effect>,
}

impl Ctx<'_> {
    pub(crate) fn reply(&mut self, id: u64, result: Result<Reply, Failure>) {
        self.effects.push(Effect::Reply { id, result });
    }

    pub(crate) fn notify(&mut self, notice: Notice) {
        self.effects.push(Effect::Notify(notice));
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
