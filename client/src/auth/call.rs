//! HTTP calls: what is sent, and where an answer goes on.

use serde::de::DeserializeOwned;
use waxwing_crypto_core::{place::PlaceCode, secret::SymmetricKey};
use waxwing_wire::{
    Opaque,
    account::{self, path},
    problem::Problem,
};

use super::{
    Auth,
    again::{Again, Purpose},
    credentials::Proven,
    login::PasswordSent,
    recover::RecoverySent,
    register::{NewAccount, RegistrationSent},
};
use crate::{
    api::{Ended, Failure, Reply},
    ctx::{Ctx, failure, offline},
    io::Effect,
    machine::Client,
};

/// What an HTTP answer leads to.
pub(crate) enum HttpThen {
    ServerInfo,
    RegisterStarted(Box<RegistrationSent>),
    RegisterFinished(Box<NewAccount>),
    Confirmed,
    LoginStarted(Box<(PasswordSent, Option<String>)>),
    LoginAccepted(Box<(String, SymmetricKey, Option<String>)>),
    LoggedIn,
    LoggedOut,
    SessionChecked,
    RecoveryStarted(Box<RecoverySent>),
    Recovered,
    GuestStarted(String),
    GuestReturned(Box<PlaceCode>),
    AgainStarted(Box<(PasswordSent, Again)>),
    AgainAccepted(Box<(String, SymmetricKey, Again)>),
    AgainProven(Box<(SymmetricKey, Purpose)>),
    RenewalRegistered(Box<Proven>),
    Renewed,
    TotpStarted(Opaque),
    TotpChanged,
    TotpRemoved,
    CodesMade,
    MayDelete(Opaque),
    Deleted,
    Sessions,
    SessionsEnded,
}

impl std::fmt::Debug for HttpThen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("HttpThen(..)")
    }
}

/// What an answered call leads to: a reply for the person, or nothing while another call follows.
pub(super) type Step = Result<Option<Reply>, Failure>;

/// Reads an answer of the relay: what was asked for, or why not.
pub(super) fn answer<T: DeserializeOwned>(status: Option<u16>, body: &str) -> Result<T, Failure> {
    let status = status.ok_or_else(offline)?;
    let garbled =
        || failure("damaged", "The relay sent something this app does not understand. Reload the page.");
    if (200..300).contains(&status) {
        return serde_json::from_str(body).map_err(|_| garbled());
    }
    Err(serde_json::from_str::<Problem>(body).map_or_else(|_| garbled(), Failure::from))
}

impl Client {
    pub(super) fn post<T: serde::Serialize>(
        &mut self,
        path: &'static str,
        body: &T,
        intent: u64,
        then: HttpThen,
        ctx: &mut Ctx<'_>,
    ) {
        let body = serde_json::to_string(body).unwrap_or_default();
        self.call(path, Some(body), intent, then, ctx);
    }

    pub(super) fn call(
        &mut self,
        path: &'static str,
        body: Option<String>,
        intent: u64,
        then: HttpThen,
        ctx: &mut Ctx<'_>,
    ) {
        let id = self.fresh_id();
        self.https.insert(id, (intent, then));
        ctx.effects.push(Effect::Http { id, path, body });
    }

    /// Asks whether the session still exists; nobody waits for the answer.
    pub(crate) fn check_session(&mut self, ctx: &mut Ctx<'_>) {
        self.call(path::SESSION, None, 0, HttpThen::SessionChecked, ctx);
    }

    pub(crate) fn http(&mut self, id: u64, status: Option<u16>, body: &str, ctx: &mut Ctx<'_>) {
        let Some((intent, then)) = self.https.remove(&id) else { return };
        if matches!(then, HttpThen::SessionChecked) {
            return self.session_checked(status, body, ctx);
        }
        if matches!(then, HttpThen::AgainProven(_)) {
            self.proving = false;
        }
        if matches!(then, HttpThen::Renewed) {
            return self.renewed(status, body, ctx);
        }
        match self.http_step(intent, then, status, body, ctx) {
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
        intent: u64,
        then: HttpThen,
        status: Option<u16>,
        body: &str,
        ctx: &mut Ctx<'_>,
    ) -> Step {
        match then {
            HttpThen::SessionChecked | HttpThen::Renewed => Ok(None),
            HttpThen::ServerInfo => {
                let info: account::ServerInfo = answer(status, body)?;
                let account::ServerInfo {
                    version,
                    name,
                    setup_required,
                    registration,
                    totp,
                    sessions,
                    guests,
                } = info;
                Ok(Some(Reply::ServerInfo {
                    version,
                    name,
                    setup_required,
                    registration,
                    totp,
                    sessions,
                    guests,
                }))
            }
            HttpThen::RegisterStarted(sent) => {
                let (body, account) = sent.finish(answer(status, body)?, ctx)?;
                self.post(path::REGISTER_FINISH, &body, intent, HttpThen::RegisterFinished(account), ctx);
                Ok(None)
            }
            HttpThen::RegisterFinished(account) => {
                let enrolment: account::TotpEnrolment = answer(status, body)?;
                self.auth = Auth::Registering(account);
                Ok(Some(Reply::TotpEnrolment {
                    secret: enrolment.secret,
                    uri: enrolment.uri,
                    optional: enrolment.optional,
                }))
            }
            HttpThen::GuestStarted(name) => self.guest_started(name, (status, answer(status, body)), ctx),
            HttpThen::GuestReturned(code) => self.guest_returned(intent, &code, answer(status, body), ctx),
            HttpThen::Confirmed => self.registered(answer(status, body)?, ctx).map(Some),
            HttpThen::RecoveryStarted(_)
            | HttpThen::Recovered
            | HttpThen::LoginStarted(_)
            | HttpThen::LoginAccepted(_)
            | HttpThen::LoggedIn => self.login_step(intent, then, status, body, ctx),
            HttpThen::AgainStarted(_) | HttpThen::AgainAccepted(_) | HttpThen::AgainProven(_) => {
                self.again_step(intent, then, status, body, ctx)
            }
            HttpThen::RenewalRegistered(proven) => {
                self.renewal_registered(intent, &answer(status, body)?, *proven, ctx).map(|()| None)
            }
            HttpThen::TotpStarted(proof) => self.totp_started(proof, answer(status, body)?).map(Some),
            HttpThen::TotpChanged => self.totp_changed(answer(status, body)?, ctx).map(Some),
            HttpThen::TotpRemoved => {
                let account::Empty {} = answer(status, body)?;
                self.totp_removed(ctx);
                Ok(Some(Reply::Done))
            }
            HttpThen::CodesMade => self.codes_made(answer(status, body)?, ctx).map(Some),
            HttpThen::MayDelete(proof) => {
                let account::Empty {} = answer(status, body)?;
                self.begin_deletion(intent, proof, ctx);
                Ok(None)
            }
            HttpThen::Deleted => {
                self.deleting = None;
                let account::Empty {} = answer(status, body)?;
                self.forget(Some(Ended::Deleted), ctx);
                Ok(Some(Reply::Done))
            }
            HttpThen::Sessions => Ok(Some(super::sessions::shown(answer(status, body)?))),
            HttpThen::SessionsEnded => answer(status, body).map(|account::Empty {}| Some(Reply::Done)),
            HttpThen::LoggedOut => {
                // Whatever the relay says, this device forgets: that is what was asked of it.
                self.forget(None, ctx);
                let told = status.is_some_and(|status| status < 500);
                Ok(Some(Reply::LoggedOut { told }))
            }
        }
    }
}
