//! Guests: an account without username and password, whose vault a place code opens.

use waxwing_crypto_core::{
    account::{Vault, VaultKey, WrapMethod, open_vault, seal_vault, unwrap_vault_key, wrap_vault_key},
    ids,
    place::PlaceCode,
    room::token_hash,
};
use waxwing_wire::{
    AccountId,
    account::{self, path},
    ids::TokenHash,
    limits::NAME_CHARS,
};
use zeroize::Zeroizing;

use super::{Auth, Entered, HttpThen, call::Step, damaged, device_label, register::sentence, wrong_step};
use crate::{
    account_data::PLACE,
    api::{Failure, Reply},
    ctx::{Ctx, failure},
    machine::Client,
    session::Session,
};

/// A guest that is being made. It is kept until the relay has answered: asked once more, the relay makes no second one.
pub(crate) struct NewGuest {
    vault: Vault,
    code: PlaceCode,
    request: account::GuestStart,
}

impl std::fmt::Debug for NewGuest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "NewGuest({})", self.request.account)
    }
}

fn wrong_code() -> Failure {
    failure(
        "wrong_place_code",
        "No guest has this code any more. Places that nobody uses are given up after a while.",
    )
}

impl Client {
    /// Makes a guest, and logs in as it.
    pub(crate) fn come_as_guest(
        &mut self,
        intent: u64,
        name: &str,
        device: Option<String>,
        ctx: &mut Ctx<'_>,
    ) {
        if let Err(failure) = self.arrive(intent, name, device, ctx) {
            ctx.reply(intent, Err(failure));
        }
    }

    fn arrive(
        &mut self,
        intent: u64,
        name: &str,
        device: Option<String>,
        ctx: &mut Ctx<'_>,
    ) -> Result<(), Failure> {
        let name = checked(name)?;
        let mut new = match std::mem::replace(&mut self.auth, Auth::Idle) {
            Auth::Arriving(new) => new,
            _ => Box::new(begin(ctx)?),
        };
        new.request.device = device_label(device);
        self.post(path::GUESTS, &new.request, intent, HttpThen::GuestStarted(name), ctx);
        self.auth = Auth::Arriving(new);
        Ok(())
    }

    /// The guest is there, or the answer was lost, or there is to be none.
    pub(super) fn guest_started(
        &mut self,
        display_name: String,
        (status, done): (Option<u16>, Result<account::GuestStarted, Failure>),
        ctx: &mut Ctx<'_>,
    ) -> Step {
        let Auth::Arriving(new) = std::mem::replace(&mut self.auth, Auth::Idle) else {
            return Err(wrong_step());
        };
        let done = match done {
            Ok(done) => done,
            Err(failure) => {
                if status.is_none_or(|status| status >= 500 || status == 429) {
                    self.auth = Auth::Arriving(new);
                }
                return Err(failure);
            }
        };
        let NewGuest { vault, code, request: _ } = *new;
        let text = code.to_text();
        self.begin(Session::new(done.session, display_name, (vault, 1)), ctx);
        self.first_login(ctx);
        self.save(PLACE, Zeroizing::new(text.as_bytes().to_vec()), ctx);
        Ok(Some(Reply::PlaceCode { code: text.to_string() }))
    }

    /// Logs in as a guest that was there before.
    pub(crate) fn return_as_guest(
        &mut self,
        intent: u64,
        code: &str,
        device: Option<String>,
        ctx: &mut Ctx<'_>,
    ) {
        let code = match PlaceCode::parse(code) {
            Ok(code) => code,
            Err(error) => {
                return ctx.reply(intent, Err(failure("bad_place_code", &sentence(&error.to_string()))));
            }
        };
        let token = code.relay_token().expose().to_vec().into();
        let body = account::GuestReturn { token, device: device_label(device) };
        self.post(path::GUESTS_RETURN, &body, intent, HttpThen::GuestReturned(Box::new(code)), ctx);
    }

    pub(super) fn guest_returned(
        &mut self,
        intent: u64,
        code: &PlaceCode,
        known: Result<account::GuestReturned, Failure>,
        ctx: &mut Ctx<'_>,
    ) -> Step {
        let known = known.map_err(|failed| if failed.code == "not_found" { wrong_code() } else { failed })?;
        let (id, version) = (ids::AccountId(known.session.account.0), known.vault_version);
        let wrap = known.wrap_place.as_bytes();
        let key = unwrap_vault_key(wrap, WrapMethod::Place, &code.wrapping_key(), id, version)
            .map_err(|_| damaged())?;
        let vault = open_vault(known.vault.as_bytes(), &key, id, version).map_err(|_| damaged())?;
        let session = Session::new(known.session, String::new(), (vault, version));
        self.resume_or_begin(
            Entered { intent, session, recovery_codes: Vec::new(), notices: Vec::new() },
            ctx,
        );
        Ok(None)
    }

    /// The code that brings this guest back.
    pub(crate) fn place_code(&self) -> Result<Reply, Failure> {
        let kept = self.data.get(PLACE).and_then(|plain| std::str::from_utf8(plain).ok());
        let missing = || failure("wrong_step", "The code is not here yet. Try again when you are connected.");
        kept.map(|code| Reply::PlaceCode { code: code.to_owned() }).ok_or_else(missing)
    }
}

/// A name as it goes into rooms.
fn checked(name: &str) -> Result<String, Failure> {
    let name = name.trim();
    if name.is_empty() {
        return Err(failure("empty_name", "Say what you want to be called."));
    }
    if name.chars().count() > NAME_CHARS {
        return Err(failure("name_too_long", &format!("A name has at most {NAME_CHARS} characters.")));
    }
    Ok(name.to_owned())
}

fn begin(ctx: &mut Ctx<'_>) -> Result<NewGuest, Failure> {
    let (vault, code) = (Vault::generate(ctx.rng), PlaceCode::random(ctx.rng));
    let (id, key) = (ids::AccountId::random(ctx.rng), VaultKey::random(ctx.rng));
    let wrap = wrap_vault_key(&key, WrapMethod::Place, &code.wrapping_key(), id, 1, ctx.rng);
    let request = account::GuestStart {
        account: AccountId(id.0),
        identity_key: vault.identity().public().0.to_vec().into(),
        vault: seal_vault(&vault, &key, id, 1, ctx.rng).map_err(|_| damaged())?.into(),
        wrap_place: wrap.map_err(|_| damaged())?.into(),
        token_hash: TokenHash(token_hash(&code.relay_token())),
        device: None,
    };
    Ok(NewGuest { vault, code, request })
}
