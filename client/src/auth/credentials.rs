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
    register::{check_password, seal_new, token_hash_of},
};
use crate::{
    api::{Ended, Failure, Notice, Reply},
    ctx::{Ctx, failure},
    io::StoreOp,
    machine::Client,
    session::{Session, UNLOCK},
};

/// Key under which a [`Job`] is kept.
const JOB: &str = "s/renewal";
/// Wait before the relay is asked again what became of a job, milliseconds.
const AGAIN_MS: u64 = 5_000;

/// What becomes new.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Renew {
    /// The password.
    Password,
    /// The password and every key.
    Keys,
    /// The recovery key alone.
    RecoveryKey,
}

/// What the person wants changed.
pub(crate) struct Renewal {
    pub(crate) what: Renew,
    /// The old one, where only the recovery key becomes new.
    pub(crate) new_password: Password,
}

impl Renewal {
    /// Refuses a new password that is too short.
    pub(super) fn check(&self) -> Result<(), Failure> {
        if self.what == Renew::RecoveryKey { Ok(()) } else { check_password(&self.new_password) }
    }
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
    /// Only the recovery key becomes new.
    #[cbor(skip)]
    key_only: bool,
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
        let (params, ksf) = (ctx.ksf, ctx.told_ksf());
        let response = started.opaque_response.as_bytes();
        let purpose = Purpose::Account { username: &session.username };
        let done = state
            .finish(renewal.new_password.as_bytes(), response, purpose, params, ctx.rng)
            .map_err(|_| failure("damaged", "The relay's answer is malformed. Try again."))?;
        let version = vault_version.checked_add(1).ok_or_else(damaged)?;
        let rotate = renewal.what == Renew::Keys;
        let new = if rotate { vault.rotate(ctx.rng).map_err(|_| damaged())? } else { vault.clone() };
        let statement = rotate
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
        let key_only = renewal.what == Renew::RecoveryKey;
        Ok(Job { unlock: unlock.into(), body, recovery_key, key_only, intent: None, under_way: false })
    }
}

impl Client {
    /// Password and code were given: registers the new password.
    pub(super) fn renewal_proven(
        &mut self,
        intent: u64,
        proof: Opaque,
        vault: Vault,
        renewal: Renewal,
        ctx: &mut Ctx<'_>,
    ) -> Result<(), Failure> {
        let vault_version = self.session.as_ref().ok_or_else(damaged)?.vault_version;
        let (state, request) = RegistrationStart::new(renewal.new_password.as_bytes(), ctx.rng)
            .map_err(|_| failure("too_long", "This password is too long."))?;
        let body = account::CredentialsStart { proof: proof.clone(), opaque_request: request.into() };
        let proven = Proven { renewal, vault, vault_version, proof, state };
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
                    self.session_ended(Ended::Ended, ctx);
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
        let recovery_key = job.recovery_key.clone();
        match job.intent {
            Some(intent) if job.key_only => ctx.reply(intent, Ok(Reply::RecoveryKey { recovery_key })),
            Some(intent) => ctx.reply(intent, Ok(Reply::Rotated { recovery_key })),
            None => ctx.notify(Notice::Rotated { recovery_key }),
        }
        // Only now: whoever has new credentials must come to see the new recovery key.
        ctx.persist([StoreOp::Delete { key: JOB.to_owned() }]);
        // What was being stored was sealed under the old keys, and the stream belongs to the session that has ended.
        self.forget_saves();
        self.connect(ctx);
    }
}
