//! Registration, login and logout: OPAQUE (RFC 9807) and TOTP (RFC 6238) against the relay, the vault unlocked here.

use rand_core::CryptoRngCore;
use serde::de::DeserializeOwned;
use waxwing_crypto_core::{
    account::{Vault, VaultKey, WrapMethod, open_vault, seal_vault, unwrap_vault_key, wrap_vault_key},
    ids,
    login::{KsfParams, LoginError, LoginStart, RegistrationStart},
    recovery::RecoveryKey,
    secret::SymmetricKey,
};
use waxwing_wire::{
    AccountId,
    account::{self, path},
    limits::{NAME_CHARS, PASSWORD_CHARS_MIN},
    problem::Problem,
    username,
};
use zeroize::Zeroizing;

use crate::{
    api::{Failure, Notice, Reply},
    ctx::{Ctx, failure, offline},
    io::{Effect, StoreOp},
    machine::Client,
    session::{Session, UNLOCK},
};

type Password = Zeroizing<String>;

/// Where a registration or login stands.
#[derive(Debug)]
pub(crate) enum Auth {
    Idle,
    Registering(Box<NewAccount>),
    LoggingIn { login: String, export_key: SymmetricKey },
}

/// An account that waits for the proof of its authenticator.
pub(crate) struct NewAccount {
    registration: String,
    vault: Vault,
    recovery: RecoveryKey,
    display_name: String,
}

impl std::fmt::Debug for NewAccount {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("NewAccount(..)")
    }
}

/// What an HTTP answer leads to.
pub(crate) enum HttpThen {
    ServerInfo {
        intent: u64,
    },
    RegisterStarted {
        intent: u64,
        state: Box<RegistrationStart>,
        password: Password,
        username: String,
        display_name: String,
    },
    RegisterFinished {
        intent: u64,
        account: Box<NewAccount>,
    },
    Confirmed {
        intent: u64,
    },
    LoginStarted {
        intent: u64,
        state: Box<LoginStart>,
        password: Password,
        username: String,
    },
    LoginAccepted {
        intent: u64,
        login: String,
        export_key: SymmetricKey,
    },
    LoggedIn {
        intent: u64,
    },
    LoggedOut {
        intent: u64,
    },
    SessionChecked,
}

impl std::fmt::Debug for HttpThen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("HttpThen(..)")
    }
}

fn answer<T: DeserializeOwned>(status: Option<u16>, body: &str) -> Result<T, Failure> {
    let status = status.ok_or_else(offline)?;
    let garbled =
        || failure("damaged", "The relay sent something this app does not understand. Reload the page.");
    if (200..300).contains(&status) {
        return serde_json::from_str(body).map_err(|_| garbled());
    }
    Err(serde_json::from_str::<Problem>(body).map_or_else(|_| garbled(), Failure::from))
}

fn damaged() -> Failure {
    failure(
        "damaged",
        "The account data that the relay sent cannot be opened. Ask its operator to restore a backup.",
    )
}

fn wrong_step() -> Failure {
    failure("wrong_step", "This step does not follow from the one before. Begin again.")
}

impl Client {
    fn post<T: serde::Serialize>(&mut self, path: &'static str, body: &T, then: HttpThen, ctx: &mut Ctx<'_>) {
        let body = serde_json::to_string(body).unwrap_or_default();
        self.call(path, Some(body), then, ctx);
    }

    fn call(&mut self, path: &'static str, body: Option<String>, then: HttpThen, ctx: &mut Ctx<'_>) {
        let id = self.fresh_id();
        self.https.insert(id, then);
        ctx.effects.push(Effect::Http { id, path, body });
    }

    pub(crate) fn server_info(&mut self, intent: u64, ctx: &mut Ctx<'_>) {
        self.call(path::SERVER, None, HttpThen::ServerInfo { intent }, ctx);
    }

    pub(crate) fn check_session(&mut self, ctx: &mut Ctx<'_>) {
        self.call(path::SESSION, None, HttpThen::SessionChecked, ctx);
    }

    pub(crate) fn register(
        &mut self,
        intent: u64,
        (typed, password, display_name, setup_token): (String, Password, String, Option<String>),
        ctx: &mut Ctx<'_>,
    ) {
        let begun = begin_registration(&typed, &password, &display_name, ctx.rng);
        let (username, display_name, state, request) = match begun {
            Ok(begun) => begun,
            Err(failure) => return ctx.reply(intent, Err(failure)),
        };
        let body = account::RegisterStart {
            username: username.clone(),
            opaque_request: request.into(),
            setup_token,
        };
        let state = Box::new(state);
        let then = HttpThen::RegisterStarted { intent, state, password, username, display_name };
        self.post(path::REGISTER_START, &body, then, ctx);
    }

    fn register_finish(
        &mut self,
        state: RegistrationStart,
        password: &Password,
        (username, display_name): (&str, String),
        started: account::RegisterStarted,
        ctx: &mut Ctx<'_>,
    ) -> Result<(account::RegisterFinish, Box<NewAccount>), Failure> {
        if started.username != username {
            return Err(failure("damaged", "The relay answered for another username. Do not go on with it."));
        }
        let params = KsfParams::DEFAULT;
        let response = started.opaque_response.as_bytes();
        let done = state
            .finish(password.as_bytes(), response, username, params, ctx.rng)
            .map_err(|_| failure("damaged", "The relay's answer is malformed. Try again."))?;
        let vault = Vault::generate(ctx.rng);
        let key = VaultKey::random(ctx.rng);
        let recovery = RecoveryKey::random(ctx.rng);
        let id = ids::AccountId::random(ctx.rng);
        let wrap = |method, wrapping: &SymmetricKey, rng: &mut dyn CryptoRngCore| {
            wrap_vault_key(&key, method, wrapping, id, 1, rng).map_err(|_| damaged())
        };
        let wrap_opaque = wrap(WrapMethod::Opaque, &done.export_key, ctx.rng)?;
        let wrap_recovery = wrap(WrapMethod::Recovery, &recovery.wrapping_key(), ctx.rng)?;
        let sealed = seal_vault(&vault, &key, id, 1, ctx.rng).map_err(|_| damaged())?;
        let body = account::RegisterFinish {
            registration: started.registration.clone(),
            opaque_upload: done.upload.into(),
            ksf: account::KsfParams {
                memory_kib: params.memory_kib,
                iterations: params.iterations,
                parallelism: params.parallelism,
            },
            account: AccountId(id.0),
            identity_key: vault.identity().public().0.to_vec().into(),
            vault: sealed.into(),
            wrap_opaque: wrap_opaque.into(),
            wrap_recovery: wrap_recovery.into(),
        };
        let registration = started.registration;
        Ok((body, Box::new(NewAccount { registration, vault, recovery, display_name })))
    }

    pub(crate) fn confirm_totp(&mut self, intent: u64, code: String, ctx: &mut Ctx<'_>) {
        let Auth::Registering(new) = &self.auth else { return ctx.reply(intent, Err(wrong_step())) };
        let body =
            account::RegisterConfirm { registration: new.registration.clone(), code: code.trim().to_owned() };
        self.post(path::REGISTER_CONFIRM, &body, HttpThen::Confirmed { intent }, ctx);
    }

    pub(crate) fn log_in(&mut self, intent: u64, typed: &str, password: Password, ctx: &mut Ctx<'_>) {
        let begun = username::normalise(typed).map_err(|_| ()).and_then(|name| {
            LoginStart::new(password.as_bytes(), ctx.rng).map(|b| (name, b)).map_err(|_| ())
        });
        let Ok((username, (state, request))) = begun else {
            // Not a possible username or password, so certainly a wrong one.
            let wrong = failure("wrong_credentials", "Wrong username or password.");
            return ctx.reply(intent, Err(wrong));
        };
        let body = account::LoginStart { username: username.clone(), opaque_request: request.into() };
        let then = HttpThen::LoginStarted { intent, state: Box::new(state), password, username };
        self.post(path::LOGIN_START, &body, then, ctx);
    }

    pub(crate) fn submit_totp(&mut self, intent: u64, code: &str, ctx: &mut Ctx<'_>) {
        let Auth::LoggingIn { login, .. } = &self.auth else { return ctx.reply(intent, Err(wrong_step())) };
        let body = account::LoginTotp { login: login.clone(), code: code.trim().to_owned() };
        self.post(path::LOGIN_TOTP, &body, HttpThen::LoggedIn { intent }, ctx);
    }

    pub(crate) fn log_out(&mut self, intent: u64, ctx: &mut Ctx<'_>) {
        self.post(path::LOGOUT, &account::Empty {}, HttpThen::LoggedOut { intent }, ctx);
    }

    pub(crate) fn http(&mut self, id: u64, status: Option<u16>, body: &str, ctx: &mut Ctx<'_>) {
        let Some(then) = self.https.remove(&id) else { return };
        let intent = match &then {
            HttpThen::SessionChecked => {
                if status == Some(401) {
                    self.session_ended(ctx);
                }
                return;
            }
            HttpThen::ServerInfo { intent }
            | HttpThen::RegisterStarted { intent, .. }
            | HttpThen::RegisterFinished { intent, .. }
            | HttpThen::Confirmed { intent }
            | HttpThen::LoginStarted { intent, .. }
            | HttpThen::LoginAccepted { intent, .. }
            | HttpThen::LoggedIn { intent }
            | HttpThen::LoggedOut { intent } => *intent,
        };
        match self.http_step(then, status, body, ctx) {
            Ok(Some(reply)) => ctx.reply(intent, Ok(reply)),
            Ok(None) => {}
            Err(failure) => {
                if failure.code == "attempt_expired" {
                    self.auth = Auth::Idle;
                }
                ctx.reply(intent, Err(failure));
            }
        }
    }

    /// One answered call: a reply for the person, or nothing while another call follows.
    fn http_step(
        &mut self,
        then: HttpThen,
        status: Option<u16>,
        body: &str,
        ctx: &mut Ctx<'_>,
    ) -> Result<Option<Reply>, Failure> {
        match then {
            HttpThen::SessionChecked => Ok(None),
            HttpThen::ServerInfo { .. } => {
                let info: account::ServerInfo = answer(status, body)?;
                let account::ServerInfo { version, setup_required, registration } = info;
                Ok(Some(Reply::ServerInfo { version, setup_required, registration }))
            }
            HttpThen::RegisterStarted { intent, state, password, username, display_name } => {
                let started = answer(status, body)?;
                let (body, account) =
                    self.register_finish(*state, &password, (&username, display_name), started, ctx)?;
                self.post(path::REGISTER_FINISH, &body, HttpThen::RegisterFinished { intent, account }, ctx);
                Ok(None)
            }
            HttpThen::RegisterFinished { account, .. } => {
                let enrolment: account::TotpEnrolment = answer(status, body)?;
                self.auth = Auth::Registering(account);
                Ok(Some(Reply::TotpEnrolment { secret: enrolment.secret, uri: enrolment.uri }))
            }
            HttpThen::Confirmed { .. } => {
                let info: account::SessionInfo = answer(status, body)?;
                let Auth::Registering(new) = std::mem::replace(&mut self.auth, Auth::Idle) else {
                    return Err(wrong_step());
                };
                let recovery_key = new.recovery.to_text().to_string();
                let session = Session::new(info, new.display_name, new.vault);
                self.begin(session, ctx);
                self.first_login(ctx);
                Ok(Some(Reply::Registered { recovery_key }))
            }
            HttpThen::LoginStarted { intent, state, password, username } => {
                let started: account::LoginStarted = answer(status, body)?;
                let (finish, export_key) = login_finish(*state, &password, &username, &started, ctx)?;
                let then = HttpThen::LoginAccepted { intent, login: started.login, export_key };
                self.post(path::LOGIN_FINISH, &finish, then, ctx);
                Ok(None)
            }
            HttpThen::LoginAccepted { login, export_key, .. } => {
                let _: account::LoginAccepted = answer(status, body)?;
                self.auth = Auth::LoggingIn { login, export_key };
                Ok(Some(Reply::TotpRequired))
            }
            HttpThen::LoggedIn { .. } => {
                let done: account::LoggedIn = answer(status, body)?;
                let Auth::LoggingIn { export_key, .. } = std::mem::replace(&mut self.auth, Auth::Idle) else {
                    return Err(wrong_step());
                };
                let vault = unlock(&done, &export_key).ok_or_else(damaged)?;
                let display_name = done.session.username.clone();
                self.resume_or_begin(Session::new(done.session, display_name, vault), ctx);
                Ok(Some(Reply::Done))
            }
            HttpThen::LoggedOut { .. } => {
                // Whatever the relay says, this device forgets: that is what was asked of it.
                self.forget(None, ctx);
                Ok(Some(Reply::Done))
            }
        }
    }

    /// The relay ended the session: lock, but keep what is sealed under the account's key for the next login.
    pub(crate) fn session_ended(&mut self, ctx: &mut Ctx<'_>) {
        if self.session.is_some() {
            ctx.persist([StoreOp::Delete { key: UNLOCK.to_owned() }]);
            self.lock(Some("ended".to_owned()), ctx);
        }
    }

    /// Forgets everything on this device.
    fn forget(&mut self, reason: Option<String>, ctx: &mut Ctx<'_>) {
        ctx.persist([StoreOp::Clear]);
        self.lock(reason, ctx);
    }

    fn lock(&mut self, reason: Option<String>, ctx: &mut Ctx<'_>) {
        self.session = None;
        self.auth = Auth::Idle;
        self.rooms.clear();
        self.data = crate::account_data::AccountData::default();
        self.disconnect(ctx);
        ctx.notify(Notice::Session { me: None, reason });
    }
}

type Begun = (String, String, RegistrationStart, Vec<u8>);

fn begin_registration(
    typed: &str,
    password: &Password,
    display_name: &str,
    rng: &mut dyn CryptoRngCore,
) -> Result<Begun, Failure> {
    let username =
        username::normalise(typed).map_err(|error| failure("bad_username", &sentence(&error.to_string())))?;
    if password.chars().count() < PASSWORD_CHARS_MIN {
        let text = format!("A password needs at least {PASSWORD_CHARS_MIN} characters.");
        return Err(failure("weak_password", &text));
    }
    let display_name = display_name.trim();
    if display_name.chars().count() > NAME_CHARS {
        return Err(failure("name_too_long", &format!("A name has at most {NAME_CHARS} characters.")));
    }
    let display_name = if display_name.is_empty() { username.clone() } else { display_name.to_owned() };
    let (state, request) = RegistrationStart::new(password.as_bytes(), rng)
        .map_err(|_| failure("too_long", "This password is too long."))?;
    Ok((username, display_name, state, request))
}

fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    let first: String = chars.next().map(|c| c.to_uppercase().collect()).unwrap_or_default();
    format!("{first}{}.", chars.as_str())
}

fn login_finish(
    state: LoginStart,
    password: &Password,
    username: &str,
    started: &account::LoginStarted,
    ctx: &mut Ctx<'_>,
) -> Result<(account::LoginFinish, SymmetricKey), Failure> {
    let account::KsfParams { memory_kib, iterations, parallelism } = started.ksf;
    let params = KsfParams { memory_kib, iterations, parallelism };
    let response = started.opaque_response.as_bytes();
    let done = state.finish(password.as_bytes(), response, username, params, ctx.rng).map_err(|error| {
        match error {
            LoginError::WrongPassword => failure("wrong_credentials", "Wrong username or password."),
            LoginError::Malformed => failure("damaged", "The relay's answer is malformed. Try again."),
            LoginError::BadParams(_) => failure(
                "damaged",
                "The relay asks for key stretching that is too weak or too expensive. Do not log in here.",
            ),
        }
    })?;
    let finish =
        account::LoginFinish { login: started.login.clone(), opaque_finalization: done.finalization.into() };
    Ok((finish, done.export_key))
}

fn unlock(done: &account::LoggedIn, export_key: &SymmetricKey) -> Option<Vault> {
    let id = ids::AccountId(done.session.account.0);
    let version = done.vault_version;
    let key =
        unwrap_vault_key(done.wrap_opaque.as_bytes(), WrapMethod::Opaque, export_key, id, version).ok()?;
    open_vault(done.vault.as_bytes(), &key, id, version).ok()
}
