//! Changing password and keys of an account: at once, by somebody who has just shown password and code.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use axum::extract::State;
use sha2::{Digest as _, Sha256};
use waxwing_wire::{
    AccountId, Opaque,
    account::{CredentialsChange, CredentialsStart, CredentialsStarted, Empty},
    ids::SessionId,
    limits as shared,
};
use zeroize::Zeroizing;

use super::{
    expired, invalid,
    opaque::Purpose,
    random,
    register::{check_ksf, check_size},
    session::Current,
};
use crate::{
    http::{
        App,
        body::{Json, Large},
        problem::Refusal,
    },
    limits, now_ms,
    store::{NewCredentials, NewPassword, Session, StoreError},
};

/// Proofs of logins, by the hash of their bytes.
#[derive(Debug, Default)]
pub(super) struct Proofs {
    open: Mutex<HashMap<[u8; 32], Proof>>,
    /// One change at a time: a second one with the same proof waits for the answer of the first.
    turn: tokio::sync::Mutex<()>,
}

/// That somebody has just logged in. It is of the session that began then, and ends with it.
#[derive(Clone)]
pub(super) struct Proof {
    account: AccountId,
    session: SessionId,
    begun: Instant,
    /// Evaluations of the OPRF so far.
    starts: u32,
    /// Secret of the authenticator that is being set up.
    pub(super) totp: Option<Zeroizing<Vec<u8>>>,
}

impl std::fmt::Debug for Proof {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { account, session, begun, starts, totp: _ } = self;
        write!(f, "Proof({account}, {session}, {begun:?}, {starts}, ..)")
    }
}

impl Proof {
    fn is_for(&self, session: &Session) -> bool {
        (self.account, self.session) == (session.info.account, session.id)
            && self.begun.elapsed() < limits::PROOF_TIME
    }
}

impl Proofs {
    fn lock(&self) -> MutexGuard<'_, HashMap<[u8; 32], Proof>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A new proof for a session that has just begun.
    pub(super) fn issue(&self, account: AccountId, session: SessionId) -> std::io::Result<Opaque> {
        let bytes = random::<32>()?;
        let mut open = self.lock();
        open.retain(|_, proof| proof.begun.elapsed() < limits::PROOF_TIME);
        if open.len() >= limits::PROOFS
            && let Some(oldest) = open.iter().min_by_key(|(_, proof)| proof.begun).map(|(hash, _)| *hash)
        {
            open.remove(&oldest);
        }
        open.insert(hash(&bytes), Proof { account, session, begun: Instant::now(), starts: 0, totp: None });
        Ok(Opaque(bytes.to_vec()))
    }

    /// The proof, if it is one of this session.
    pub(super) fn find(&self, session: &Session, proof: &Opaque) -> Option<Proof> {
        self.lock().get(&hash(proof.as_bytes())).filter(|found| found.is_for(session)).cloned()
    }

    /// Keeps the secret of an authenticator that is being set up; `false` without a proof.
    pub(super) fn keep_totp(&self, session: &Session, proof: &Opaque, secret: Zeroizing<Vec<u8>>) -> bool {
        let mut open = self.lock();
        let found = open.get_mut(&hash(proof.as_bytes())).filter(|found| found.is_for(session));
        found.map(|proof| proof.totp = Some(secret)).is_some()
    }

    /// Counts a begun change: nobody gets the password's OPRF evaluated as often as it likes.
    fn start(&self, session: &Session, proof: &Opaque) -> Result<(), Refusal> {
        let mut open = self.lock();
        let found = open.get_mut(&hash(proof.as_bytes()));
        let found = found.filter(|found| found.is_for(session)).ok_or_else(expired)?;
        if found.starts >= limits::STARTS_PER_PROOF {
            return Err(expired());
        }
        found.starts = found.starts.saturating_add(1);
        Ok(())
    }

    /// A proof was used: none of the account proves anything any more.
    pub(super) fn forget(&self, account: AccountId) {
        self.lock().retain(|_, proof| proof.account != account);
    }
}

fn hash(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// `POST /api/v1/auth/credentials/start`
pub(in crate::http) async fn start(
    State(app): State<Arc<App>>,
    Current(session): Current,
    Json(request): Json<CredentialsStart>,
) -> Result<Json<CredentialsStarted>, Refusal> {
    app.auth.proofs.start(&session, &request.proof)?;
    let purpose = Purpose::Login(&session.info.username);
    let opaque_response = app.auth.opaque.register(&purpose, &request.opaque_request)?;
    Ok(Json(CredentialsStarted { opaque_response }))
}

/// `POST /api/v1/auth/credentials`
pub(in crate::http) async fn change(
    State(app): State<Arc<App>>,
    Current(session): Current,
    Large(request): Large<CredentialsChange>,
) -> Result<Json<Empty>, Refusal> {
    // A task of its own: a connection lost on the way must not leave the change unnoticed.
    let done = tokio::spawn(async move { replace(&app, &session, request).await }).await;
    done.unwrap_or_else(|_| Err(StoreError::Internal.into())).map(|()| Json(Empty {}))
}

async fn replace(app: &App, session: &Session, request: CredentialsChange) -> Result<(), Refusal> {
    let account = session.info.account;
    check(&request)?;
    let password = NewPassword {
        opaque_record: app.auth.opaque.record(&request.opaque_upload)?,
        ksf: request.ksf,
        vault: request.vault,
        vault_version: request.vault_version,
        wrap_opaque: request.wrap_opaque,
        wrap_recovery: request.wrap_recovery,
        recovery_token_hash: request.recovery_token_hash,
    };
    let new = NewCredentials {
        password,
        identity_key: request.identity_key,
        statement: request.statement,
        key_package: request.key_package,
    };
    let _turn = app.auth.proofs.turn.lock().await;
    // Asked of the store and before the proof: whoever did not hear the answer may ask days and restarts later.
    if app.store.has_credentials(account, new.clone()).await? {
        return Ok(());
    }
    app.auth.proofs.find(session, &request.proof).ok_or_else(expired)?;
    app.store.change_credentials(session.caller(), new, now_ms()).await?;
    app.auth.proofs.forget(account);
    Ok(())
}

fn check(request: &CredentialsChange) -> Result<(), Refusal> {
    let CredentialsChange { identity_key, vault, wrap_opaque, wrap_recovery, ksf, .. } = request;
    if identity_key.len() != 32 {
        return Err(invalid("an identity key has 32 bytes").into());
    }
    check_size(vault, "the vault", shared::ACCOUNT_DATA_BYTES)?;
    check_size(wrap_opaque, "a wrapped key", limits::WRAP_BYTES)?;
    check_size(wrap_recovery, "a wrapped key", limits::WRAP_BYTES)?;
    if let Some(statement) = &request.statement {
        check_size(statement, "a statement", shared::STATEMENT_BYTES)?;
    }
    Ok(check_ksf(*ksf)?)
}

#[cfg(test)]
mod tests {
    use waxwing_wire::account::{AccountStatus, SessionInfo};

    use super::*;
    use crate::store::SessionHash;

    fn session(account: u8, id: u8) -> Session {
        let info = SessionInfo {
            account: AccountId([account; 16]),
            username: "mira".into(),
            administrator: false,
            status: AccountStatus::Active,
            totp: true,
            recovery_codes_left: 0,
            guest: false,
        };
        let (id, token) = (SessionId([id; 16]), SessionHash([id; 32]));
        let (created_at_ms, last_used_at_ms, token_at_ms) = (0, 0, 0);
        let (by_former, unconfirmed) = (false, false);
        Session { id, token, info, created_at_ms, last_used_at_ms, token_at_ms, by_former, unconfirmed }
    }

    #[test]
    fn the_secret_of_a_new_authenticator_is_not_shown() {
        let totp = Some(Zeroizing::new(vec![251_u8; 20]));
        let proof = Proof {
            account: AccountId([1; 16]),
            session: SessionId([1; 16]),
            begun: Instant::now(),
            starts: 0,
            totp,
        };
        assert!(!format!("{proof:?}").contains("251, 251"));
    }

    #[test]
    fn a_proof_begins_a_few_changes_and_still_ends_one() {
        let (proofs, mira) = (Proofs::default(), session(1, 1));
        let issue = || proofs.issue(mira.info.account, mira.id).unwrap();
        let proof = issue();
        assert!(proofs.start(&session(2, 1), &proof).is_err(), "it is of one account");
        assert!(proofs.start(&session(1, 2), &proof).is_err(), "and of one session");
        for _ in 0..limits::STARTS_PER_PROOF {
            assert!(proofs.start(&mira, &proof).is_ok());
        }
        assert!(proofs.start(&mira, &proof).is_err());
        assert!(proofs.find(&mira, &proof).is_some(), "what was begun can be completed");
        assert!(proofs.start(&mira, &issue()).is_ok(), "another login, another proof");
    }
}
