//! New credentials: another password, or after a compromise every key of the account.
//!
//! The person logs in once more for a proof. Everything that changes is then sealed, kept on the device as a [`Job`], and only then
//! sent: the relay takes all of it or nothing, and takes the same twice. So whenever the client stops, it finds on its next start
//! either the old account without a trace, or a job whose outcome it asks for. What follows a rotation (rooms, links, key package,
//! account objects) needs no job: it is done wherever something of the old keys is still found, see [`crate::rotation`].

use minicbor::{Decode, Encode};
use waxwing_crypto_core::{
    account::Vault,
    login::{Purpose, RegistrationStart},
    recovery::RecoveryKey,
    secret::SymmetricKey,
    trust::IdentityChange,
};
use waxwing_wire::{
    Opaque,
    account::{self, path},
};
use zeroize::Zeroizing;

use super::{
    HttpThen, Password,
    call::answer,
    damaged,
    login::{PasswordSent, unlock},
    register::{check_password, seal_new, token_hash_of, usual_ksf},
};
use crate::{
    api::{Failure, Notice, Reply},
    ctx::{Ctx, failure, offline},
    io::StoreOp,
    machine::Client,
    session::{Session, UNLOCK},
};

/// Key under which a [`Job`] is kept.
const JOB: &str = "s/renewal";
/// Wait before the relay is asked again what became of a job, milliseconds.
const AGAIN_MS: u64 = 5_000;

/// What the person wants changed.
pub(crate) struct Renewal {
    new_password: Password,
    code: String,
    /// The keys, too.
    rotate: bool,
}

/// A renewal whose proof was given; the new password is being registered.
pub(crate) struct Proven {
    renewal: Renewal,
    vault: Vault,
    vault_version: u64,
    proof: Opaque,
    state: RegistrationStart,
}

/// New credentials that the relay may or may not have.
#[derive(Encode, Decode)]
pub(crate) struct Job {
    /// The account as the device keeps it once the relay has it, see [`Session::keep`].
    #[n(0)]
    unlock: Opaque,
    /// JSON of the call.
    #[n(1)]
    body: String,
    /// As written down; shown once it counts.
    #[n(2)]
    recovery_key: String,
    /// Who waits for the answer; nobody after a restart.
    #[cbor(skip)]
    intent: Option<u64>,
    #[cbor(skip)]
    under_way: bool,
}

impl std::fmt::Debug for Job {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Job(..)")
    }
}

impl Proven {
    /// Seals everything that changes.
    fn seal(
        self,
        started: &account::CredentialsStarted,
        session: &Session,
        ctx: &mut Ctx<'_>,
    ) -> Result<Job, Failure> {
        let Self { renewal, vault, vault_version, proof, state } = self;
        let (params, ksf) = usual_ksf();
        let response = started.opaque_response.as_bytes();
        let purpose = Purpose::Account { username: &session.username };
        let done = state
            .finish(renewal.new_password.as_bytes(), response, purpose, params, ctx.rng)
            .map_err(|_| failure("damaged", "The relay's answer is malformed. Try again."))?;
        let version = vault_version.checked_add(1).ok_or_else(damaged)?;
        let new = if renewal.rotate { vault.rotate(ctx.rng).map_err(|_| damaged())? } else { vault.clone() };
        let statement = renewal
            .rotate
            .then(|| IdentityChange::sign(session.id(), vault.identity(), new.identity(), ctx.now_ms).into());
        let recovery = RecoveryKey::random(ctx.rng);
        let sealed = seal_new(&new, (session.id(), version), &done.export_key, &recovery, ctx.rng)?;
        let change = account::CredentialsChange {
            proof,
            opaque_upload: done.upload.into(),
            ksf,
            vault: sealed.vault.into(),
            vault_version: version,
            wrap_opaque: sealed.wrap_opaque.into(),
            wrap_recovery: sealed.wrap_recovery.into(),
            recovery_token_hash: token_hash_of(&recovery),
            identity_key: new.identity().public().0.to_vec().into(),
            statement,
            key_package: None,
        };
        let unlock = session.with_vault(new, version).kept(ctx).ok_or_else(damaged)?;
        let body = serde_json::to_string(&change).map_err(|_| damaged())?;
        let recovery_key = recovery.to_text().to_string();
        Ok(Job { unlock: unlock.into(), body, recovery_key, intent: None, under_way: false })
    }
}

impl Client {
    /// Changes the password, and with `rotate` every key of the account.
    pub(crate) fn renew(
        &mut self,
        intent: u64,
        password: Password,
        (new_password, code, rotate): (Password, String, bool),
        ctx: &mut Ctx<'_>,
    ) {
        let renewal = Renewal { new_password, code, rotate };
        match self.begin_renewal(password, &renewal, ctx) {
            Ok((sent, body)) => {
                let then = HttpThen::RenewalStarted(Box::new((sent, renewal)));
                self.post(path::LOGIN_START, &body, intent, then, ctx);
            }
            Err(failure) => ctx.reply(intent, Err(failure)),
        }
    }

    fn begin_renewal(
        &self,
        password: Password,
        renewal: &Renewal,
        ctx: &mut Ctx<'_>,
    ) -> Result<(PasswordSent, account::LoginStart), Failure> {
        let session = self.session.as_ref().ok_or_else(|| failure("not_logged_in", "Log in first."))?;
        check_password(&renewal.new_password)?;
        if self.job.is_some() {
            return Err(failure(
                "wrong_step",
                "Another change of this account is under way. Try again in a moment.",
            ));
        }
        if !self.conn.is_ready() || !self.data.loaded {
            return Err(offline());
        }
        if self.data.rolled_back().is_some() {
            return Err(crate::trust::rolled_back());
        }
        PasswordSent::begin(&session.username, password, ctx)
    }

    /// The password was right: gives the code.
    pub(super) fn renewal_accepted(
        &mut self,
        intent: u64,
        (login, export_key): (String, SymmetricKey),
        renewal: Renewal,
        ctx: &mut Ctx<'_>,
    ) {
        let body = account::LoginTotp { login, code: Some(renewal.code.trim().to_owned()), device: None };
        let then = HttpThen::RenewalProven(Box::new((export_key, renewal)));
        self.post(path::LOGIN_TOTP, &body, intent, then, ctx);
    }

    /// The code was right: this session has ended for the relay and another has begun, which may change the credentials.
    pub(super) fn renewal_proven(
        &mut self,
        intent: u64,
        done: &account::LoggedIn,
        (export_key, renewal): (SymmetricKey, Renewal),
        ctx: &mut Ctx<'_>,
    ) -> Result<(), Failure> {
        let session = self.session.as_ref().ok_or_else(damaged)?;
        let vault = unlock(done, &export_key).filter(|_| done.session.account == session.account);
        // Another session that changed something would have ended this one; an older vault is a relay that went back.
        let vault = vault.filter(|_| done.vault_version == session.vault_version).ok_or_else(damaged)?;
        let (state, request) = RegistrationStart::new(renewal.new_password.as_bytes(), ctx.rng)
            .map_err(|_| failure("too_long", "This password is too long."))?;
        let proof = done.proof.clone();
        let body = account::CredentialsStart { proof: proof.clone(), opaque_request: request.into() };
        let proven = Proven { renewal, vault, vault_version: done.vault_version, proof, state };
        self.post(path::CREDENTIALS_START, &body, intent, HttpThen::RenewalRegistered(Box::new(proven)), ctx);
        Ok(())
    }

    /// Seals everything, keeps it on the device, and sends it.
    pub(super) fn renewal_registered(
        &mut self,
        intent: u64,
        started: &account::CredentialsStarted,
        proven: Proven,
        ctx: &mut Ctx<'_>,
    ) -> Result<(), Failure> {
        let session = self.session.as_ref().ok_or_else(damaged)?;
        let mut job = proven.seal(started, session, ctx)?;
        job.intent = Some(intent);
        let plain = Zeroizing::new(waxwing_wire::encode(&job));
        ctx.persist_with(|ctx| session.put(JOB.to_owned(), &plain, ctx));
        self.job = Some(job);
        self.send_job(ctx);
        Ok(())
    }

    /// Finds a job that was left behind.
    pub(crate) fn find_job(&mut self, entries: &[(String, Vec<u8>)], ctx: &mut Ctx<'_>) {
        let Some(session) = &self.session else { return };
        let found = entries.iter().find(|(key, _)| key == JOB);
        let plain = found.and_then(|(key, value)| session.get(key, value));
        self.job = plain.and_then(|plain| waxwing_wire::decode(&plain).ok());
        self.send_job(ctx);
    }

    /// Asks the relay to take the new credentials; once more if the answer was lost.
    pub(crate) fn send_job(&mut self, ctx: &mut Ctx<'_>) {
        let Some(job) = self.job.as_mut().filter(|job| !job.under_way) else { return };
        job.under_way = true;
        let body = job.body.clone();
        self.call(path::CREDENTIALS, Some(body), 0, HttpThen::Renewed, ctx);
    }

    /// What became of the job.
    pub(super) fn renewed(&mut self, status: Option<u16>, body: &str, ctx: &mut Ctx<'_>) {
        let Some(mut job) = self.job.take() else { return };
        job.under_way = false;
        let unsure = status.is_none_or(|status| status >= 500 || status == 429);
        if unsure {
            self.job = Some(job);
            return ctx.wake_in(AGAIN_MS);
        }
        match answer::<account::Empty>(status, body) {
            Ok(_) => self.adopt(&job, ctx),
            Err(failure) => {
                // A session that ended tells nothing of the job: it stays on the device, and the next login asks again.
                if status == Some(401) {
                    self.session_ended(ctx);
                } else {
                    ctx.persist([StoreOp::Delete { key: JOB.to_owned() }]);
                }
                if let Some(intent) = job.intent {
                    ctx.reply(intent, Err(failure));
                }
            }
        }
    }

    /// The relay has the new credentials: goes on with them.
    fn adopt(&mut self, job: &Job, ctx: &mut Ctx<'_>) {
        let Some(old) = self.session.take() else { return };
        let Some(mut session) = Session::unlock(job.unlock.as_bytes()) else { return };
        session.account_version = old.account_version;
        let unlock = StoreOp::Put { key: UNLOCK.to_owned(), value: job.unlock.0.clone(), secret: true };
        ctx.persist([unlock]);
        self.session = Some(session);
        self.remember(ctx);
        let reply = Reply::Rotated { recovery_key: job.recovery_key.clone() };
        match job.intent {
            Some(intent) => ctx.reply(intent, Ok(reply)),
            None => ctx.notify(Notice::Rotated { recovery_key: job.recovery_key.clone() }),
        }
        // Only now: whoever has new credentials must come to see the new recovery key.
        ctx.persist([StoreOp::Delete { key: JOB.to_owned() }]);
        // What was being stored was sealed under the old keys, and the stream belongs to the session that has ended.
        self.forget_saves();
        self.connect(ctx);
    }
}
