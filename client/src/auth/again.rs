//! Password and code once more, for what nobody may do who merely finds an unlocked device.

use waxwing_crypto_core::secret::SymmetricKey;
use waxwing_wire::account::{self, LoginNext, path};

use super::{
    HttpThen, Password,
    call::{Step, answer},
    credentials::Renewal,
    damaged,
    login::{PasswordSent, unlock},
};
use crate::{
    api::Failure,
    ctx::{Ctx, failure, offline},
    machine::Client,
    session::Standing,
};

/// What password and code are given for.
pub(crate) enum Purpose {
    /// Other credentials.
    Renew(Renewal),
    /// Another authenticator.
    NewTotp,
    /// No authenticator any more.
    RemoveTotp,
    /// Other recovery codes.
    NewCodes,
    /// The end of the account.
    Delete,
}

impl Purpose {
    /// Whether rooms have to be told, for which the account must be connected.
    fn needs_stream(&self) -> bool {
        matches!(self, Self::Renew(_) | Self::Delete)
    }
}

/// A purpose, and the code that was typed for it.
pub(crate) struct Again {
    purpose: Purpose,
    code: Option<String>,
}

impl Client {
    /// Lets the person log in once more, and goes on with the proof of that.
    pub(crate) fn again(
        &mut self,
        intent: u64,
        (password, code): (Password, Option<String>),
        purpose: Purpose,
        ctx: &mut Ctx<'_>,
    ) {
        match self.begin_again(password, &purpose, ctx) {
            Ok((sent, body)) => {
                let then = HttpThen::AgainStarted(Box::new((sent, Again { purpose, code })));
                self.post(path::LOGIN_START, &body, intent, then, ctx);
            }
            Err(failure) => ctx.reply(intent, Err(failure)),
        }
    }

    fn begin_again(
        &self,
        password: Password,
        purpose: &Purpose,
        ctx: &mut Ctx<'_>,
    ) -> Result<(PasswordSent, account::LoginStart), Failure> {
        let session = self.session.as_ref().ok_or_else(|| failure("not_logged_in", "Log in first."))?;
        if let Purpose::Renew(renewal) = purpose {
            renewal.check()?;
        }
        if self.job.is_some() || self.deleting.is_some() {
            return Err(failure(
                "wrong_step",
                "Another change of this account is under way. Try again in a moment.",
            ));
        }
        if purpose.needs_stream() && (!self.conn.is_ready() || !self.data.loaded) {
            return Err(offline());
        }
        if matches!(purpose, Purpose::Renew(_)) && self.data.rolled_back().is_some() {
            return Err(crate::trust::rolled_back());
        }
        PasswordSent::begin(&session.username, password, ctx)
    }

    /// One answered call on the way to the proof.
    pub(super) fn again_step(
        &mut self,
        intent: u64,
        then: HttpThen,
        status: Option<u16>,
        body: &str,
        ctx: &mut Ctx<'_>,
    ) -> Step {
        match then {
            HttpThen::AgainStarted(begun) => {
                let (sent, again) = *begun;
                let (login, finish, export_key) = sent.finish(&answer(status, body)?, ctx)?;
                let then = HttpThen::AgainAccepted(Box::new((login, export_key, again)));
                self.post(path::LOGIN_FINISH, &finish, intent, then, ctx);
            }
            HttpThen::AgainAccepted(accepted) => {
                let (login, export_key, Again { purpose, code }) = *accepted;
                let code = wanted(answer(status, body)?, code)?;
                let body = account::LoginTotp { login, code, device: None };
                // The relay ends the session that this one replaces, perhaps before its answer is here.
                self.proving = true;
                let then = HttpThen::AgainProven(Box::new((export_key, purpose)));
                self.post(path::LOGIN_TOTP, &body, intent, then, ctx);
            }
            HttpThen::AgainProven(given) => {
                let (export_key, purpose) = *given;
                self.proven(intent, answer(status, body)?, &export_key, purpose, ctx)?;
            }
            _ => {}
        }
        Ok(None)
    }

    /// Another session has begun in the place of this one, and may do what it was begun for.
    fn proven(
        &mut self,
        intent: u64,
        done: account::LoggedIn,
        export_key: &SymmetricKey,
        purpose: Purpose,
        ctx: &mut Ctx<'_>,
    ) -> Result<(), Failure> {
        let session = self.session.as_ref().ok_or_else(damaged)?;
        let vault = unlock(&done, export_key).filter(|_| done.session.account == session.account);
        // Another session that changed something would have ended this one; an older vault is a relay that went back.
        let vault = vault.filter(|_| done.vault_version == session.vault_version).ok_or_else(damaged)?;
        self.stands(Standing::from(&done.session), ctx);
        crate::standing::tell(&done.notices, ctx);
        self.take_over(ctx);
        let proof = done.proof;
        match purpose {
            Purpose::Renew(renewal) => return self.renewal_proven(intent, proof, vault, renewal, ctx),
            Purpose::NewTotp => self.start_totp(intent, proof, ctx),
            Purpose::RemoveTotp => {
                let then = HttpThen::TotpRemoved;
                self.post(path::TOTP_REMOVE, &account::Proof { proof }, intent, then, ctx);
            }
            Purpose::NewCodes => {
                let then = HttpThen::CodesMade;
                self.post(path::RECOVERY_CODES, &account::Proof { proof }, intent, then, ctx);
            }
            Purpose::Delete => self.ask_deletion(intent, proof, ctx),
        }
        Ok(())
    }
}

/// What is sent as the second factor.
fn wanted(accepted: account::LoginAccepted, typed: Option<String>) -> Result<Option<String>, Failure> {
    match accepted.next {
        LoginNext::Nothing => Ok(None),
        LoginNext::Code => match typed.map(|code| code.trim().to_owned()).filter(|code| !code.is_empty()) {
            Some(code) => Ok(Some(code)),
            None => Err(failure("wrong_code", "Type the code that your authenticator shows.")),
        },
        LoginNext::Enrol => Err(failure(
            "totp_required",
            "Your account needs an authenticator first. Log out, and set one up at the next login.",
        )),
    }
}
