//! Login: OPAQUE, the one-time code, and the vault opened here.

use waxwing_crypto_core::{
    account::{Vault, WrapMethod, open_vault, unwrap_vault_key},
    ids,
    login::{KsfParams, LoginError, LoginStart, Purpose},
    secret::SymmetricKey,
};
use waxwing_wire::{
    account::{self, LoginNext, path},
    username,
};

use super::{
    Auth, Entered, HttpThen, Password,
    call::{Step, answer},
    damaged, device_label, wrong_step,
};
use crate::{
    api::{Failure, Reply},
    ctx::{Ctx, failure},
    machine::Client,
    session::Session,
};

/// A login whose first step is with the relay.
pub(crate) struct PasswordSent {
    state: LoginStart,
    password: Password,
    username: String,
}

impl PasswordSent {
    /// Begins a login; the bytes are OPAQUE's KE1.
    pub(super) fn begin(
        typed: &str,
        password: Password,
        ctx: &mut Ctx<'_>,
    ) -> Result<(Self, account::LoginStart), Failure> {
        // Not a possible username or password, so certainly a wrong one.
        let username = username::normalise(typed).map_err(|_| wrong_credentials())?;
        let (state, request) =
            LoginStart::new(password.as_bytes(), ctx.rng).map_err(|_| wrong_credentials())?;
        let body = account::LoginStart { username: username.clone(), opaque_request: request.into() };
        Ok((Self { state, password, username }, body))
    }

    /// The name of the attempt, the proof that the password is right, and the key that unwraps the vault's.
    pub(super) fn finish(
        self,
        started: &account::LoginStarted,
        ctx: &mut Ctx<'_>,
    ) -> Result<(String, account::LoginFinish, SymmetricKey), Failure> {
        let account::KsfParams { memory_kib, iterations, parallelism } = started.ksf;
        let params = KsfParams { memory_kib, iterations, parallelism };
        let response = started.opaque_response.as_bytes();
        let purpose = Purpose::Account { username: &self.username };
        let done = self.state.finish(self.password.as_bytes(), response, purpose, params, ctx.rng);
        let done = done.map_err(|error| match error {
            LoginError::WrongPassword => wrong_credentials(),
            LoginError::Malformed => failure("damaged", "The relay's answer is malformed. Try again."),
            LoginError::BadParams(_) => failure(
                "damaged",
                "The relay asks for key stretching that is too weak or too expensive. Do not log in here.",
            ),
        })?;
        let login = started.login.clone();
        let finish =
            account::LoginFinish { login: login.clone(), opaque_finalization: done.finalization.into() };
        Ok((login, finish, done.export_key))
    }
}

fn wrong_credentials() -> Failure {
    failure("wrong_credentials", "Wrong username or password.")
}

impl Client {
    pub(crate) fn log_in(
        &mut self,
        intent: u64,
        (typed, password): (&str, Password),
        device: Option<String>,
        ctx: &mut Ctx<'_>,
    ) {
        match PasswordSent::begin(typed, password, ctx) {
            Ok((sent, body)) => {
                let then = HttpThen::LoginStarted(Box::new((sent, device)));
                self.post(path::LOGIN_START, &body, intent, then, ctx);
            }
            Err(failure) => ctx.reply(intent, Err(failure)),
        }
    }

    pub(crate) fn submit_totp(&mut self, intent: u64, code: &str, device: Option<String>, ctx: &mut Ctx<'_>) {
        let Auth::LoggingIn { login, .. } = &self.auth else { return ctx.reply(intent, Err(wrong_step())) };
        let (login, code) = (login.clone(), Some(code.trim().to_owned()));
        let body = account::LoginTotp { login, code, device: device_label(device) };
        self.post(path::LOGIN_TOTP, &body, intent, HttpThen::LoggedIn, ctx);
    }

    /// One answered call of a login or a recovery.
    pub(super) fn login_step(
        &mut self,
        intent: u64,
        then: HttpThen,
        status: Option<u16>,
        body: &str,
        ctx: &mut Ctx<'_>,
    ) -> Step {
        match then {
            HttpThen::LoginStarted(begun) => {
                let (sent, device) = *begun;
                let (login, finish, export_key) = sent.finish(&answer(status, body)?, ctx)?;
                let then = HttpThen::LoginAccepted(Box::new((login, export_key, device)));
                self.post(path::LOGIN_FINISH, &finish, intent, then, ctx);
                Ok(None)
            }
            HttpThen::LoginAccepted(accepted) => {
                let (login, export_key, device) = *accepted;
                let next: account::LoginAccepted = answer(status, body)?;
                self.auth = Auth::LoggingIn { login: login.clone(), export_key };
                self.second_factor(intent, (login, device), next, ctx)
            }
            HttpThen::LoggedIn => self.logged_in(intent, answer(status, body)?, ctx).map(|()| None),
            HttpThen::RecoveryStarted(sent) => {
                self.recovery_started(intent, *sent, answer(status, body)?, ctx)
            }
            HttpThen::Recovered => self.recovered(intent, answer(status, body)?, ctx).map(|()| None),
            _ => Ok(None),
        }
    }

    /// The password was right: what the relay wants to see besides.
    fn second_factor(
        &mut self,
        intent: u64,
        (login, device): (String, Option<String>),
        accepted: account::LoginAccepted,
        ctx: &mut Ctx<'_>,
    ) -> Step {
        match (accepted.next, accepted.enrolment) {
            (LoginNext::Code, _) => Ok(Some(Reply::TotpRequired)),
            (LoginNext::Enrol, Some(enrolment)) => {
                let account::TotpEnrolment { secret, uri, optional } = enrolment;
                Ok(Some(Reply::TotpEnrolment { secret, uri, optional }))
            }
            (LoginNext::Enrol, None) => Err(damaged()),
            (LoginNext::Nothing, _) => {
                let body = account::LoginTotp { login, code: None, device: device_label(device) };
                self.post(path::LOGIN_TOTP, &body, intent, HttpThen::LoggedIn, ctx);
                Ok(None)
            }
        }
    }

    /// The code was right: opens the vault and begins the session.
    fn logged_in(&mut self, intent: u64, done: account::LoggedIn, ctx: &mut Ctx<'_>) -> Result<(), Failure> {
        let Auth::LoggingIn { export_key, .. } = std::mem::replace(&mut self.auth, Auth::Idle) else {
            return Err(wrong_step());
        };
        let vault = unlock(&done, &export_key).ok_or_else(damaged)?;
        self.enter(intent, done, vault, ctx);
        Ok(())
    }

    /// Begins the session that the relay has begun.
    pub(super) fn enter(&mut self, intent: u64, done: account::LoggedIn, vault: Vault, ctx: &mut Ctx<'_>) {
        let account::LoggedIn { session, vault_version, recovery_codes, notices, .. } = done;
        let display_name = session.username.clone();
        let session = Session::new(session, display_name, (vault, vault_version));
        self.resume_or_begin(Entered { intent, session, recovery_codes, notices }, ctx);
    }
}

pub(super) fn unlock(done: &account::LoggedIn, export_key: &SymmetricKey) -> Option<Vault> {
    let id = ids::AccountId(done.session.account.0);
    let version = done.vault_version;
    let key =
        unwrap_vault_key(done.wrap_opaque.as_bytes(), WrapMethod::Opaque, export_key, id, version).ok()?;
    open_vault(done.vault.as_bytes(), &key, id, version).ok()
}
