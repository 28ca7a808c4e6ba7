//! Registration, login and logout: OPAQUE (RFC 9807) and TOTP (RFC 6238) against the relay, the vault unlocked here.

mod again;
mod call;
mod credentials;
mod delete;
mod factor;
mod guest;
mod login;
mod recover;
mod register;
mod sessions;

use waxwing_crypto_core::secret::SymmetricKey;
use waxwing_wire::{
    account::{self, AccountNotice, path},
    limits::DEVICE_CHARS,
    text,
};
use zeroize::Zeroizing;

pub(crate) use again::Purpose;
pub(crate) use call::HttpThen;
pub(crate) use credentials::{Job, Renew, Renewal};
pub(crate) use delete::Deleting;
pub(crate) use factor::Renewing;
use guest::NewGuest;
use recover::Recovering;
use register::NewAccount;

use crate::{
    api::{Ended, Failure, Notice},
    ctx::{Ctx, failure},
    io::StoreOp,
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
    Recovering(Box<Recovering>),
    Arriving(Box<NewGuest>),
}

/// A login that led in.
#[derive(Debug)]
pub(crate) struct Entered {
    pub(crate) intent: u64,
    pub(crate) session: Session,
    /// Not empty after a new authenticator was set up.
    pub(crate) recovery_codes: Vec<String>,
    /// What happened since the last login.
    pub(crate) notices: Vec<AccountNotice>,
}

/// What a session is called, as the relay takes it.
fn device_label(device: Option<String>) -> Option<String> {
    let device = device?;
    let label: String =
        device.trim().chars().filter(|letter| !text::is_hidden(*letter)).take(DEVICE_CHARS).collect();
    Some(label)
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
    pub(crate) fn server_info(&mut self, intent: u64, ctx: &mut Ctx<'_>) {
        self.call(path::SERVER, None, intent, HttpThen::ServerInfo, ctx);
    }

    pub(crate) fn log_out(&mut self, intent: u64, ctx: &mut Ctx<'_>) {
        self.post(path::LOGOUT, &account::Empty {}, intent, HttpThen::LoggedOut, ctx);
    }

    /// The relay ended the session: lock, but keep what is sealed under the account's key for the next login.
    pub(crate) fn session_ended(&mut self, reason: Ended, ctx: &mut Ctx<'_>) {
        if self.session.is_some() {
            ctx.persist([StoreOp::Delete { key: UNLOCK.to_owned() }]);
            self.lock(Some(reason), ctx);
        }
    }

    /// Forgets everything on this device.
    pub(crate) fn forget(&mut self, reason: Option<Ended>, ctx: &mut Ctx<'_>) {
        ctx.persist([StoreOp::Clear]);
        self.lock(reason, ctx);
    }

    fn lock(&mut self, reason: Option<Ended>, ctx: &mut Ctx<'_>) {
        self.session = None;
        self.auth = Auth::Idle;
        self.job = None;
        self.renewing = None;
        self.announcements = Vec::new();
        self.watching = false;
        self.deleting = None;
        self.proving = false;
        self.rooms.clear();
        self.data = crate::account_data::AccountData::default();
        self.trust = crate::trust::Trust::default();
        self.people = crate::people::People::default();
        self.disconnect(ctx);
        ctx.notify(Notice::Session { me: None, reason });
    }
}
