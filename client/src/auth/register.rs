//! Registration: the OPAQUE record and the vault of a new account, then the proof of its authenticator.

use rand_core::CryptoRngCore;
use waxwing_crypto_core::{
    account::{Vault, VaultKey, WrapMethod, seal_vault, wrap_vault_key},
    ids,
    login::{Purpose, RegistrationStart},
    recovery::RecoveryKey,
    room::token_hash,
    secret::SymmetricKey,
};
use waxwing_wire::{
    AccountId,
    account::{self, path},
    ids::TokenHash,
    limits::{NAME_CHARS, PASSWORD_CHARS_MIN},
    username,
};

use super::{Auth, HttpThen, Password, damaged, device_label, wrong_step};
use crate::{
    api::{Failure, Reply},
    ctx::{Ctx, failure},
    machine::Client,
    session::Session,
};

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

/// A registration whose first step is with the relay.
pub(crate) struct RegistrationSent {
    state: RegistrationStart,
    password: Password,
    username: String,
    display_name: String,
}

/// A vault at the relay: sealed, and its key wrapped for each way to unlock it.
pub(super) struct SealedVault {
    pub(super) vault: Vec<u8>,
    pub(super) wrap_opaque: Vec<u8>,
    pub(super) wrap_recovery: Vec<u8>,
}

/// Seals a vault under a fresh key, as a version of it.
pub(super) fn seal_new(
    vault: &Vault,
    (account, version): (ids::AccountId, u64),
    export_key: &SymmetricKey,
    recovery: &RecoveryKey,
    rng: &mut dyn CryptoRngCore,
) -> Result<SealedVault, Failure> {
    let key = VaultKey::random(rng);
    let wrap = |method, wrapping: &SymmetricKey, rng: &mut dyn CryptoRngCore| {
        wrap_vault_key(&key, method, wrapping, account, version, rng).map_err(|_| damaged())
    };
    Ok(SealedVault {
        wrap_opaque: wrap(WrapMethod::Opaque, export_key, rng)?,
        wrap_recovery: wrap(WrapMethod::Recovery, &recovery.wrapping_key(), rng)?,
        vault: seal_vault(vault, &key, account, version, rng).map_err(|_| damaged())?,
    })
}

/// What the relay keeps to know the recovery key's holder by.
pub(super) fn token_hash_of(recovery: &RecoveryKey) -> TokenHash {
    TokenHash(token_hash(&recovery.relay_token()))
}

impl RegistrationSent {
    /// Makes the account's keys and seals them with what the relay answered.
    pub(super) fn finish(
        self,
        started: account::RegisterStarted,
        ctx: &mut Ctx<'_>,
    ) -> Result<(account::RegisterFinish, Box<NewAccount>), Failure> {
        let Self { state, password, username, display_name } = self;
        if started.username != username {
            return Err(failure("damaged", "The relay answered for another username. Do not go on with it."));
        }
        let (params, ksf) = (ctx.ksf, ctx.told_ksf());
        let response = started.opaque_response.as_bytes();
        let done = state
            .finish(password.as_bytes(), response, Purpose::Account { username: &username }, params, ctx.rng)
            .map_err(|_| failure("damaged", "The relay's answer is malformed. Try again."))?;
        let (vault, recovery) = (Vault::generate(ctx.rng), RecoveryKey::random(ctx.rng));
        let id = ids::AccountId::random(ctx.rng);
        let sealed = seal_new(&vault, (id, 1), &done.export_key, &recovery, ctx.rng)?;
        let registration = started.registration;
        let body = account::RegisterFinish {
            registration: registration.clone(),
            opaque_upload: done.upload.into(),
            ksf,
            account: AccountId(id.0),
            identity_key: vault.identity().public().0.to_vec().into(),
            vault: sealed.vault.into(),
            wrap_opaque: sealed.wrap_opaque.into(),
            wrap_recovery: sealed.wrap_recovery.into(),
            recovery_token_hash: token_hash_of(&recovery),
        };
        Ok((body, Box::new(NewAccount { registration, vault, recovery, display_name })))
    }
}

impl Client {
    pub(crate) fn register(
        &mut self,
        intent: u64,
        (typed, password, display_name): (String, Password, String),
        (setup_token, invite): (Option<String>, Option<String>),
        ctx: &mut Ctx<'_>,
    ) {
        let (sent, request) = match begin(&typed, password, &display_name, ctx.rng) {
            Ok(begun) => begun,
            Err(failure) => return ctx.reply(intent, Err(failure)),
        };
        let username = sent.username.clone();
        let invite = invite.map(|code| code.trim().to_owned());
        let body = account::RegisterStart { username, opaque_request: request.into(), setup_token, invite };
        let then = HttpThen::RegisterStarted(Box::new(sent));
        self.post(path::REGISTER_START, &body, intent, then, ctx);
    }

    pub(crate) fn confirm_totp(
        &mut self,
        intent: u64,
        code: Option<String>,
        device: Option<String>,
        ctx: &mut Ctx<'_>,
    ) {
        let Auth::Registering(new) = &self.auth else { return ctx.reply(intent, Err(wrong_step())) };
        let registration = new.registration.clone();
        let code = code.map(|code| code.trim().to_owned());
        let body = account::RegisterConfirm { registration, code, device: device_label(device) };
        self.post(path::REGISTER_CONFIRM, &body, intent, HttpThen::Confirmed, ctx);
    }

    /// The account exists and its first session has begun.
    pub(super) fn registered(
        &mut self,
        done: account::Registered,
        ctx: &mut Ctx<'_>,
    ) -> Result<Reply, Failure> {
        let Auth::Registering(new) = std::mem::replace(&mut self.auth, Auth::Idle) else {
            return Err(wrong_step());
        };
        let recovery_key = new.recovery.to_text().to_string();
        self.begin(Session::new(done.session, new.display_name, (new.vault, 1)), ctx);
        self.first_login(ctx);
        Ok(Reply::Registered { recovery_key, recovery_codes: done.recovery_codes })
    }
}

/// Refuses a password that is too short, before anything is done with it.
pub(super) fn check_password(password: &Password) -> Result<(), Failure> {
    if password.chars().count() >= PASSWORD_CHARS_MIN {
        return Ok(());
    }
    let text = format!("A password needs at least {PASSWORD_CHARS_MIN} characters.");
    Err(failure("weak_password", &text))
}

fn begin(
    typed: &str,
    password: Password,
    display_name: &str,
    rng: &mut dyn CryptoRngCore,
) -> Result<(RegistrationSent, Vec<u8>), Failure> {
    let username =
        username::normalise(typed).map_err(|error| failure("bad_username", &sentence(&error.to_string())))?;
    check_password(&password)?;
    let display_name = display_name.trim();
    if display_name.chars().count() > NAME_CHARS {
        return Err(failure("name_too_long", &format!("A name has at most {NAME_CHARS} characters.")));
    }
    let display_name = if display_name.is_empty() { username.clone() } else { display_name.to_owned() };
    let (state, request) = RegistrationStart::new(password.as_bytes(), rng)
        .map_err(|_| failure("too_long", "This password is too long."))?;
    Ok((RegistrationSent { state, password, username, display_name }, request))
}

pub(super) fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    let first: String = chars.next().map(|c| c.to_uppercase().collect()).unwrap_or_default();
    format!("{first}{}.", chars.as_str())
}
