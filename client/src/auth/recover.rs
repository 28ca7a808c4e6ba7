//! Taking the account back with its recovery key: a new password for the same keys, so that everything that was said stays readable.

use waxwing_crypto_core::{
    account::{Vault, WrapMethod, open_vault, unwrap_vault_key},
    ids,
    login::{Purpose, RegistrationStart},
    recovery::{RecoveryKey, RecoveryKeyError},
};
use waxwing_wire::{
    account::{self, RecoveredTotp, path},
    username,
};

use super::{
    Auth, HttpThen, Password,
    call::Step,
    damaged, device_label,
    register::{SealedVault, check_password, seal_new, sentence, token_hash_of},
    wrong_step,
};
use crate::{
    api::{Failure, Reply},
    ctx::{Ctx, failure},
    machine::Client,
};

/// A recovery whose first step is with the relay.
pub(crate) struct RecoverySent {
    state: RegistrationStart,
    key: RecoveryKey,
    new_password: Password,
    username: String,
    device: Option<String>,
}

/// A recovery that waits for what becomes of the authenticator.
pub(crate) struct Recovering {
    body: account::RecoverFinish,
    vault: Vault,
    account: ids::AccountId,
}

impl std::fmt::Debug for Recovering {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Recovering(..)")
    }
}

impl Client {
    /// Logs in with the recovery key and sets a new password.
    pub(crate) fn recover(
        &mut self,
        intent: u64,
        (typed, key): (&str, &str),
        new_password: Password,
        device: Option<String>,
        ctx: &mut Ctx<'_>,
    ) {
        match begin(typed, key, new_password, ctx) {
            Ok((mut sent, body)) => {
                sent.device = device_label(device);
                let then = HttpThen::RecoveryStarted(Box::new(sent));
                self.post(path::RECOVER_START, &body, intent, then, ctx);
            }
            Err(failure) => ctx.reply(intent, Err(failure)),
        }
    }

    /// The relay knows the key: opens the vault with it, seals it for the new password, and asks what becomes of the
    /// authenticator.
    pub(super) fn recovery_started(
        &mut self,
        intent: u64,
        sent: RecoverySent,
        started: account::RecoverStarted,
        ctx: &mut Ctx<'_>,
    ) -> Step {
        let (totp, enrolment) = (started.totp, started.enrolment.clone());
        let recovering = sent.finish(started, ctx)?;
        self.auth = Auth::Recovering(Box::new(recovering));
        let account::TotpEnrolment { secret, uri, optional } = enrolment;
        if !totp && optional {
            // There is nothing to decide.
            self.finish_recovery(intent, (RecoveredTotp::Keep, None), ctx);
            return Ok(None);
        }
        Ok(Some(Reply::Recovering { totp, secret, uri, optional }))
    }

    /// The person said what becomes of the authenticator: sets the new password.
    pub(crate) fn finish_recovery(
        &mut self,
        intent: u64,
        (totp, code): (RecoveredTotp, Option<&str>),
        ctx: &mut Ctx<'_>,
    ) {
        let Auth::Recovering(recovering) = &self.auth else { return ctx.reply(intent, Err(wrong_step())) };
        let code = code.map(|code| code.trim().to_owned());
        let body = account::RecoverFinish { totp, code, ..recovering.body.clone() };
        self.post(path::RECOVER_FINISH, &body, intent, HttpThen::Recovered, ctx);
    }

    /// The relay has the new password: begins the session.
    pub(super) fn recovered(
        &mut self,
        intent: u64,
        done: account::LoggedIn,
        ctx: &mut Ctx<'_>,
    ) -> Result<(), Failure> {
        let Auth::Recovering(recovering) = std::mem::replace(&mut self.auth, Auth::Idle) else {
            return Err(wrong_step());
        };
        let Recovering { body, vault, account } = *recovering;
        if (ids::AccountId(done.session.account.0), done.vault_version) != (account, body.vault_version) {
            return Err(damaged());
        }
        self.enter(intent, done, vault, ctx);
        Ok(())
    }
}

fn begin(
    typed: &str,
    key: &str,
    new_password: Password,
    ctx: &mut Ctx<'_>,
) -> Result<(RecoverySent, account::RecoverStart), Failure> {
    let key = RecoveryKey::parse(key).map_err(bad_key)?;
    check_password(&new_password)?;
    let username = username::normalise(typed).map_err(|_| wrong_key())?;
    let (state, request) = RegistrationStart::new(new_password.as_bytes(), ctx.rng)
        .map_err(|_| failure("too_long", "This password is too long."))?;
    let body = account::RecoverStart {
        username: username.clone(),
        token: key.relay_token().expose().to_vec().into(),
        opaque_request: request.into(),
    };
    Ok((RecoverySent { state, key, new_password, username, device: None }, body))
}

/// The key was not typed as it was written down: what to look for.
fn bad_key(error: RecoveryKeyError) -> Failure {
    failure("bad_recovery_key", &sentence(&error.to_string()))
}

fn wrong_key() -> Failure {
    failure("wrong_recovery_key", "No account of this name has this recovery key.")
}

impl RecoverySent {
    fn finish(self, started: account::RecoverStarted, ctx: &mut Ctx<'_>) -> Result<Recovering, Failure> {
        let Self { state, key, new_password, username, device } = self;
        let account = ids::AccountId(started.account.0);
        let (vault, held) = (started.vault.as_bytes(), started.vault_version);
        let wrap = started.wrap_recovery.as_bytes();
        let vault_key = unwrap_vault_key(wrap, WrapMethod::Recovery, &key.wrapping_key(), account, held)
            .map_err(|_| damaged())?;
        let vault = open_vault(vault, &vault_key, account, held).map_err(|_| damaged())?;
        if started.username != username {
            return Err(failure("damaged", "The relay answered for another username. Do not go on with it."));
        }
        let (params, ksf) = (ctx.ksf, ctx.told_ksf());
        let (response, purpose) =
            (started.opaque_response.as_bytes(), Purpose::Account { username: &username });
        let done = state
            .finish(new_password.as_bytes(), response, purpose, params, ctx.rng)
            .map_err(|_| failure("damaged", "The relay's answer is malformed. Try again."))?;
        let vault_version = held.checked_add(1).ok_or_else(damaged)?;
        let sealed = seal_new(&vault, (account, vault_version), &done.export_key, &key, ctx.rng)?;
        let SealedVault { vault: bytes, wrap_opaque, wrap_recovery } = sealed;
        let body = account::RecoverFinish {
            recovery: started.recovery,
            opaque_upload: done.upload.into(),
            ksf,
            vault: bytes.into(),
            vault_version,
            wrap_opaque: wrap_opaque.into(),
            wrap_recovery: wrap_recovery.into(),
            recovery_token_hash: token_hash_of(&key),
            totp: RecoveredTotp::Keep,
            code: None,
            device,
        };
        Ok(Recovering { body, vault, account })
    }
}
