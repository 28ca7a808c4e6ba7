//! Login: OPAQUE, the one-time code, and the vault opened here.

use waxwing_crypto_core::{
    account::{Vault, WrapMethod, open_vault, unwrap_vault_key},
    ids,
    login::{KsfParams, LoginError, LoginStart, Purpose},
    secret::SymmetricKey,
};
use waxwing_wire::{
    account::{self, path},
    username,
};

use super::{Auth, HttpThen, Password, damaged, wrong_step};
use crate::{
    api::Failure,
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
    pub(crate) fn log_in(&mut self, intent: u64, typed: &str, password: Password, ctx: &mut Ctx<'_>) {
        match PasswordSent::begin(typed, password, ctx) {
            Ok((sent, body)) => {
                let then = HttpThen::LoginStarted(Box::new(sent));
                self.post(path::LOGIN_START, &body, intent, then, ctx);
            }
            Err(failure) => ctx.reply(intent, Err(failure)),
        }
    }

    pub(crate) fn submit_totp(&mut self, intent: u64, code: &str, ctx: &mut Ctx<'_>) {
        let Auth::LoggingIn { login, .. } = &self.auth else { return ctx.reply(intent, Err(wrong_step())) };
        let body =
            account::LoginTotp { login: login.clone(), code: Some(code.trim().to_owned()), device: None };
        self.post(path::LOGIN_TOTP, &body, intent, HttpThen::LoggedIn, ctx);
    }

    /// The code was right: opens the vault and begins the session.
    pub(super) fn logged_in(
        &mut self,
        intent: u64,
        done: account::LoggedIn,
        ctx: &mut Ctx<'_>,
    ) -> Result<(), Failure> {
        let Auth::LoggingIn { export_key, .. } = std::mem::replace(&mut self.auth, Auth::Idle) else {
            return Err(wrong_step());
        };
        let vault = unlock(&done, &export_key).ok_or_else(damaged)?;
        let display_name = done.session.username.clone();
        let vault = (vault, done.vault_version);
        let session = Session::new(done.session, display_name, vault);
        self.resume_or_begin(intent, session, done.recovery_codes, ctx);
        Ok(())
    }
}

pub(super) fn unlock(done: &account::LoggedIn, export_key: &SymmetricKey) -> Option<Vault> {
    let id = ids::AccountId(done.session.account.0);
    let version = done.vault_version;
    let key =
        unwrap_vault_key(done.wrap_opaque.as_bytes(), WrapMethod::Opaque, export_key, id, version).ok()?;
    open_vault(done.vault.as_bytes(), &key, id, version).ok()
}
