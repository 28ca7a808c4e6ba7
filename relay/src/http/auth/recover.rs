//! Taking an account back with its recovery key. The key has 256 random bits and opens the vault by itself, so it needs
//! neither password nor code beside it: whoever has it has the account's keys already.

use std::sync::Arc;

use axum::{Extension, extract::State, http::HeaderMap, response::IntoResponse};
use sha2::{Digest as _, Sha256};
use waxwing_wire::{
    AccountId, Problem, ProblemCode,
    account::{LoggedIn, RecoverFinish, RecoverStart, RecoverStarted, RecoveredTotp, TotpPolicy},
    ids::TokenHash,
    limits as shared,
};
use zeroize::Zeroizing;

use super::{
    attempts::Attempt,
    backoff::Key,
    begin_attempt, expired, invalid, login_keys, normalise,
    opaque::Purpose,
    recovery_codes,
    register::{check_ksf, check_size},
    session::{self, Ticket},
    totp, wrong_code,
};
use crate::{
    http::{
        App, Peer,
        body::{Json, Stranger},
        guard,
        problem::Refusal,
    },
    limits, now_ms,
    store::{NewPassword, Recoverable, RecoveredFactor, Recovery, Status, StoreError},
};

/// Length of a token in bytes.
const TOKEN_BYTES: usize = 32;

/// A recovery under way.
pub(in crate::http) struct Attempted {
    account: AccountId,
    username: String,
    token_hash: TokenHash,
    /// Secret of the authenticator that may be set up with it.
    secret: Zeroizing<Vec<u8>>,
    /// It is complete: what was answered, to the body with this hash.
    done: Option<([u8; 32], Answer)>,
}

impl std::fmt::Debug for Attempted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { account, username, token_hash: _, secret: _, done } = self;
        write!(f, "Attempted({account}, {username}, done: {}, ..)", done.is_some())
    }
}

#[derive(Debug, Clone)]
struct Answer {
    ticket: Ticket,
    body: LoggedIn,
}

/// `POST /api/v1/auth/recover/start`
pub(in crate::http) async fn start(
    State(app): State<Arc<App>>,
    Extension(peer): Extension<Peer>,
    headers: HeaderMap,
    Json(request): Json<RecoverStart>,
) -> Result<Json<RecoverStarted>, Refusal> {
    let username = normalise(&request.username)?;
    if request.token.len() != TOKEN_BYTES {
        return Err(invalid("the token of a recovery key has 32 bytes").into());
    }
    let address = guard::client_address(&app.proxies, &peer, &headers);
    let keys = login_keys(&app.auth, &headers, &username, address);
    begin_attempt(&app, &username, &keys).await?;
    let opaque_response = app.auth.opaque.register(&Purpose::Login(&username), &request.opaque_request)?;
    let token = TokenHash(Sha256::digest(request.token.as_bytes()).into());
    let known = app.store.recoverable(username.clone(), token).await?.ok_or_else(|| {
        Problem::new(ProblemCode::WrongRecoveryKey, "no account of this name has this recovery key")
    })?;
    app.auth.backoff.forgive(&keys);
    if known.status == Status::Banned {
        return Err(StoreError::Banned.into());
    }
    let Recoverable { account, recovery_token_hash: token_hash, vault, vault_version, wrap_recovery, .. } =
        known;
    let secret = totp::new_secret()?;
    let enrolment = totp::enrolment(&secret, &username, !required(&app))?;
    let attempted = Attempted { account, username: username.clone(), token_hash, secret, done: None };
    let recovery = app.auth.recoveries.begin(address, attempted)?;
    Ok(Json(RecoverStarted {
        recovery,
        account,
        vault,
        vault_version,
        wrap_recovery,
        opaque_response,
        username,
        totp: known.totp,
        enrolment,
    }))
}

/// `POST /api/v1/auth/recover/finish`
pub(in crate::http) async fn finish(
    State(app): State<Arc<App>>,
    Extension(peer): Extension<Peer>,
    headers: HeaderMap,
    Stranger(request, _reserved): Stranger<RecoverFinish>,
) -> Result<impl IntoResponse, Refusal> {
    let address = guard::client_address(&app.proxies, &peer, &headers);
    // A task of its own: a connection lost on the way must not leave an account without its answer.
    let done = tokio::spawn(async move {
        let answer = take_back(&app, &headers, request).await?;
        let username = answer.body.session.username.clone();
        app.auth.backoff.clear(&Key::Username(username.clone()));
        let known = app.auth.known.remember(&headers, answer.body.session.account, &username)?;
        app.auth.backoff.remember(username, address);
        Ok((answer, known))
    });
    let (answer, known) = done.await.unwrap_or_else(|_| Err(Refusal::from(StoreError::Internal)))?;
    let Answer { ticket, body } = answer;
    Ok((ticket.cookie_and(known), Json(body)))
}

async fn take_back(app: &App, headers: &HeaderMap, request: RecoverFinish) -> Result<Answer, Refusal> {
    check(&request)?;
    let opaque_record = app.auth.opaque.record(&request.opaque_upload)?;
    let (new, ticket) = session::new(app, headers, request.device.as_deref(), now_ms())?;
    let id = request.recovery.clone();
    let print: [u8; 32] = Sha256::digest(serde_json::to_vec(&request).map_err(std::io::Error::other)?).into();
    let attempt = app.auth.recoveries.take(&id).ok_or_else(expired)?;
    if let Some((same, answer)) = &attempt.state.done {
        let answer = (*same == print).then(|| answer.clone());
        app.auth.recoveries.put_back(id, attempt);
        return answer.ok_or_else(expired);
    }
    let (account, token_hash) = (attempt.state.account, attempt.state.token_hash);
    let (factor, recovery_codes) = match factor(app, &attempt.state, &request) {
        Ok(factor) => factor,
        Err(refusal) => {
            go_on(app, id, attempt);
            return Err(refusal);
        }
    };
    let session = new.token.id();
    let password = NewPassword {
        opaque_record,
        ksf: request.ksf,
        vault: request.vault,
        vault_version: request.vault_version,
        wrap_opaque: request.wrap_opaque,
        wrap_recovery: request.wrap_recovery,
        recovery_token_hash: request.recovery_token_hash,
    };
    let recovery = Recovery { account, token_hash, password, factor };
    let unlocked = match app.store.recover_account(recovery, new).await {
        Ok(unlocked) => unlocked,
        Err(error) => {
            // The relay could not, now, or an authenticator is missing; the person need not begin again.
            if matches!(error, StoreError::Unavailable | StoreError::TotpRequired) {
                go_on(app, id, attempt);
            }
            return Err(error.into());
        }
    };
    app.auth.backoff.clear(&Key::Code(attempt.state.username.clone()));
    app.auth.proofs.forget(account);
    let body = LoggedIn {
        session: unlocked.info,
        vault: unlocked.vault,
        vault_version: unlocked.vault_version,
        wrap_opaque: unlocked.wrap_opaque,
        proof: app.auth.proofs.issue(account, session)?,
        recovery_codes,
        notices: unlocked.notices,
        token: ticket.token(),
    };
    let answer = Answer { ticket, body };
    let mut attempt = attempt;
    attempt.state.done = Some((print, answer.clone()));
    app.auth.recoveries.put_back(id, attempt);
    Ok(answer)
}

fn required(app: &App) -> bool {
    app.settings.values().totp == TotpPolicy::Required
}

/// What becomes of the authenticator, with the recovery codes that come with a new one.
fn factor(
    app: &App,
    attempted: &Attempted,
    request: &RecoverFinish,
) -> Result<(RecoveredFactor, Vec<String>), Refusal> {
    let RecoverFinish { totp: wanted, code, .. } = request;
    match (wanted, code) {
        (RecoveredTotp::Keep, None) => Ok((RecoveredFactor::Keep { required: required(app) }, Vec::new())),
        (RecoveredTotp::Without, None) if required(app) => {
            let detail = "every account of this relay has an authenticator; keep yours, or set up another";
            Err(Problem::new(ProblemCode::TotpRequired, detail).into())
        }
        (RecoveredTotp::Without, None) => Ok((RecoveredFactor::Without, Vec::new())),
        (RecoveredTotp::New, Some(code)) => {
            let Attempted { account, username, secret, .. } = attempted;
            let step = totp::matching_step(secret, username, code, now_ms())?.ok_or_else(wrong_code)?;
            let (codes, hashes) = recovery_codes::make(*account)?;
            Ok((RecoveredFactor::New(secret.clone(), step, hashes), codes))
        }
        (RecoveredTotp::New, None) => Err(invalid("the code of the new authenticator is missing").into()),
        (_, Some(_)) => Err(invalid("a code comes with a new authenticator only").into()),
    }
}

/// Lets a recovery go on after a refusal, a few times.
fn go_on(app: &App, id: String, mut attempt: Attempt<Attempted>) {
    attempt.codes = attempt.codes.saturating_add(1);
    if attempt.codes < limits::CODES_PER_ATTEMPT {
        app.auth.recoveries.put_back(id, attempt);
    }
}

fn check(request: &RecoverFinish) -> Result<(), Refusal> {
    check_size(&request.vault, "the vault", shared::ACCOUNT_DATA_BYTES)?;
    check_size(&request.wrap_opaque, "a wrapped key", limits::WRAP_BYTES)?;
    check_size(&request.wrap_recovery, "a wrapped key", limits::WRAP_BYTES)?;
    Ok(check_ksf(request.ksf)?)
}
