//! The second factor of an account that exists: another authenticator, none, other recovery codes.

use waxwing_wire::{
    Opaque,
    account::{self, path},
};

use super::{HttpThen, wrong_step};
use crate::{
    api::{Failure, Reply},
    ctx::Ctx,
    machine::Client,
    session::Standing,
};

/// Another authenticator that was shown and is not proven yet.
#[derive(Debug)]
pub(crate) struct Renewing {
    proof: Opaque,
}

impl Client {
    pub(super) fn start_totp(&mut self, intent: u64, proof: Opaque, ctx: &mut Ctx<'_>) {
        let then = HttpThen::TotpStarted(proof.clone());
        self.post(path::TOTP_START, &account::Proof { proof }, intent, then, ctx);
    }

    pub(super) fn totp_started(
        &mut self,
        proof: Opaque,
        enrolment: account::TotpEnrolment,
    ) -> Result<Reply, Failure> {
        self.renewing = Some(Renewing { proof });
        let account::TotpEnrolment { secret, uri, optional } = enrolment;
        Ok(Reply::TotpEnrolment { secret, uri, optional })
    }

    /// The new authenticator shows this code.
    pub(crate) fn finish_new_totp(&mut self, intent: u64, code: &str, ctx: &mut Ctx<'_>) {
        let Some(Renewing { proof }) = &self.renewing else { return ctx.reply(intent, Err(wrong_step())) };
        let body = account::TotpChange { proof: proof.clone(), code: code.trim().to_owned() };
        self.post(path::TOTP, &body, intent, HttpThen::TotpChanged, ctx);
    }

    pub(super) fn totp_changed(
        &mut self,
        made: account::RecoveryCodes,
        ctx: &mut Ctx<'_>,
    ) -> Result<Reply, Failure> {
        self.renewing = None;
        self.codes_made(made, ctx)
    }

    /// The account has these recovery codes now, and so an authenticator.
    pub(super) fn codes_made(
        &mut self,
        made: account::RecoveryCodes,
        ctx: &mut Ctx<'_>,
    ) -> Result<Reply, Failure> {
        let codes = made.recovery_codes;
        let recovery_codes_left = u32::try_from(codes.len()).unwrap_or(u32::MAX);
        self.restand(|standing| Standing { totp: true, recovery_codes_left, ..standing }, ctx);
        Ok(Reply::RecoveryCodes { codes })
    }

    pub(super) fn totp_removed(&mut self, ctx: &mut Ctx<'_>) {
        self.restand(|standing| Standing { totp: false, recovery_codes_left: 0, ..standing }, ctx);
    }
}
