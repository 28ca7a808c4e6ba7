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

use super::{Entered, HttpThen, call::Step, damaged, device_label, register::sentence};
use crate::{
    account_data::PLACE,
    api::{Failure, Reply},
    ctx::{Ctx, failure},
    machine::Client,
    session::Session,
};

/// A guest that is being made.
pub(crate) struct NewGuest {
    vault: Vault,
    code: PlaceCode,
    display_name: String,
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
        match begin(name, device, ctx) {
            Ok((new, body)) => {
                self.post(path::GUESTS, &body, intent, HttpThen::GuestStarted(Box::new(new)), ctx);
            }
            Err(failure) => ctx.reply(intent, Err(failure)),
        }
    }

    /// The guest is there.
    pub(super) fn guest_started(
        &mut self,
        new: NewGuest,
        done: account::GuestStarted,
        ctx: &mut Ctx<'_>,
    ) -> Step {
        let NewGuest { vault, code, display_name } = new;
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

fn begin(
    name: &str,
    device: Option<String>,
    ctx: &mut Ctx<'_>,
) -> Result<(NewGuest, account::GuestStart), Failure> {
    let name = name.trim();
    if name.is_empty() {
        return Err(failure("empty_name", "Say what you want to be called."));
    }
    if name.chars().count() > NAME_CHARS {
        return Err(failure("name_too_long", &format!("A name has at most {NAME_CHARS} characters.")));
    }
    let (vault, code) = (Vault::generate(ctx.rng), PlaceCode::random(ctx.rng));
    let (id, key) = (ids::AccountId::random(ctx.rng), VaultKey::random(ctx.rng));
    let wrap = wrap_vault_key(&key, WrapMethod::Place, &code.wrapping_key(), id, 1, ctx.rng);
    let body = account::GuestStart {
        account: AccountId(id.0),
        identity_key: vault.identity().public().0.to_vec().into(),
        vault: seal_vault(&vault, &key, id, 1, ctx.rng).map_err(|_| damaged())?.into(),
        wrap_place: wrap.map_err(|_| damaged())?.into(),
        token_hash: TokenHash(token_hash(&code.relay_token())),
        device: device_label(device),
    };
    Ok((NewGuest { vault, code, display_name: name.to_owned() }, body))
}
