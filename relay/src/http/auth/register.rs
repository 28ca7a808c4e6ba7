//! Making an account: OPAQUE registration, then an authenticator app that works.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use axum::{Extension, extract::State, http::HeaderMap, response::IntoResponse};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use waxwing_wire::{
    Opaque, Problem, ProblemCode,
    account::{
        KsfParams, RegisterConfirm, RegisterFinish, RegisterStart, RegisterStarted, RegistrationPolicy,
        SessionInfo, TotpEnrolment,
    },
    limits as shared,
};
use zeroize::Zeroizing;

use super::{
    attempts::Attempt, backoff::Key, expired, invalid, normalise, opaque::Purpose, random, session, totp,
    wrong_code,
};
use crate::{
    http::{App, Peer, body::Json, guard, problem::Refusal},
    limits, now_ms,
    store::{Admission, Credentials, NewAccount, StoreError},
};

/// A registration under way.
#[derive(Debug)]
pub(in crate::http) struct Registration {
    username: String,
    admission: Admission,
    /// Everything of the account, once the second step was made.
    account: Option<NewAccount>,
}

/// Weakest and heaviest Argon2id parameters that a client may use: below, passwords are guessed cheaply; above, a
/// phone cannot log in.
const KSF_FLOOR: KsfParams = KsfParams { memory_kib: 19_456, iterations: 2, parallelism: 1 };
const KSF_CEILING: KsfParams = KsfParams { memory_kib: 262_144, iterations: 10, parallelism: 4 };

/// `POST /api/v1/auth/register/start`
pub(in crate::http) async fn start(
    State(app): State<Arc<App>>,
    Extension(peer): Extension<Peer>,
    headers: HeaderMap,
    Json(request): Json<RegisterStart>,
) -> Result<Json<RegisterStarted>, Refusal> {
    let username = normalise(&request.username)?;
    let address = guard::client_address(&app.proxies, &peer, &headers);
    super::refuse_while(app.auth.backoff.attempt(&[Key::Registrant(address)]))?;
    let admission = admission(&app, request.setup_token.as_deref()).await?;
    if app.store.username_taken(username.clone()).await? {
        return Err(StoreError::UsernameTaken.into());
    }
    let opaque_response = app.auth.opaque.register(&Purpose::Login(&username), &request.opaque_request)?;
    let state = Registration { username: username.clone(), admission, account: None };
    let registration = app.auth.registrations.begin(address, state)?;
    Ok(Json(RegisterStarted { registration, opaque_response, username }))
}

/// Whether this may become an account; asked again when it does.
async fn admission(app: &App, setup_token: Option<&str>) -> Result<Admission, Refusal> {
    let Some(token) = setup_token else {
        return match app.auth.policy {
            _ if !app.store.has_accounts().await? => Err(StoreError::SetupLinkInvalid.into()),
            RegistrationPolicy::Open => Ok(Admission::Policy(RegistrationPolicy::Open)),
            _ => Err(StoreError::RegistrationClosed.into()),
        };
    };
    let hash = Sha256::digest(token.as_bytes()).into();
    if app.store.setup_token_is(hash).await? {
        Ok(Admission::Setup(hash))
    } else {
        Err(StoreError::SetupLinkInvalid.into())
    }
}

/// `POST /api/v1/auth/register/finish`
pub(in crate::http) async fn finish(
    State(app): State<Arc<App>>,
    Json(request): Json<RegisterFinish>,
) -> Result<Json<TotpEnrolment>, Refusal> {
    check(&request)?;
    let opaque_record = app.auth.opaque.record(&request.opaque_upload)?;
    let totp_secret = Zeroizing::new(random::<{ totp::SECRET_BYTES }>()?.to_vec());
    let id = request.registration.clone();
    let attempt = app.auth.registrations.take(&id).ok_or_else(expired)?;
    let username = attempt.state.username.clone();
    let enrolment = totp::enrolment(&totp_secret, &username)?;
    let credentials = Credentials {
        account: request.account,
        opaque_record,
        ksf: request.ksf,
        totp_secret,
        totp_last_step: 0,
    };
    let account = NewAccount {
        account: request.account,
        username: username.clone(),
        identity_key: request.identity_key,
        credentials,
        vault: request.vault,
        wrap_opaque: request.wrap_opaque,
        wrap_recovery: request.wrap_recovery,
    };
    let admission = attempt.state.admission;
    let attempt = attempt.with(Registration { username, admission, account: Some(account) });
    app.auth.registrations.put_back(id, attempt);
    Ok(Json(enrolment))
}

fn check(request: &RegisterFinish) -> Result<(), Refusal> {
    let RegisterFinish { identity_key, vault, wrap_opaque, wrap_recovery, ksf, .. } = request;
    if identity_key.len() != 32 {
        return Err(invalid("an identity key has 32 bytes").into());
    }
    check_size(vault, "the vault", shared::ACCOUNT_DATA_BYTES)?;
    check_size(wrap_opaque, "a wrapped key", limits::WRAP_BYTES)?;
    check_size(wrap_recovery, "a wrapped key", limits::WRAP_BYTES)?;
    Ok(check_ksf(*ksf)?)
}

pub(super) fn check_size(bytes: &Opaque, what: &'static str, limit: usize) -> Result<(), Problem> {
    if bytes.is_empty() {
        return Err(invalid("sealed bytes are never empty"));
    }
    if bytes.len() > limit { Err(StoreError::TooLarge(what, limit).into()) } else { Ok(()) }
}

pub(in crate::http) fn check_ksf(ksf: KsfParams) -> Result<(), Problem> {
    let KsfParams { memory_kib, iterations, parallelism } = ksf;
    let fine = (KSF_FLOOR.memory_kib..=KSF_CEILING.memory_kib).contains(&memory_kib)
        && (KSF_FLOOR.iterations..=KSF_CEILING.iterations).contains(&iterations)
        && (KSF_FLOOR.parallelism..=KSF_CEILING.parallelism).contains(&parallelism);
    if fine { Ok(()) } else { Err(invalid("these Argon2id parameters are too weak or too heavy")) }
}

/// Registrations that were confirmed a moment ago: whoever did not hear the answer asks again.
#[derive(Debug, Default)]
pub(super) struct Confirmed(Mutex<HashMap<String, Answer>>);

/// What was answered, to which code, and when.
#[derive(Debug, Clone)]
struct Answer {
    code: Zeroizing<String>,
    at: Instant,
    cookie: session::SetCookie,
    info: SessionInfo,
}

impl Confirmed {
    fn lock(&self) -> MutexGuard<'_, HashMap<String, Answer>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn find(&self, registration: &str, code: &str) -> Option<Answer> {
        let answers = self.lock();
        let answer = answers.get(registration)?;
        let same = bool::from(answer.code.as_bytes().ct_eq(code.as_bytes()));
        (same && answer.at.elapsed() < limits::CONFIRMED_TIME).then(|| answer.clone())
    }

    fn keep(&self, registration: String, answer: Answer) {
        let mut answers = self.lock();
        answers.retain(|_, answer| answer.at.elapsed() < limits::CONFIRMED_TIME);
        // Full only when somebody makes accounts very fast; then a lost answer is a login instead.
        if answers.len() < limits::REGISTRATIONS {
            answers.insert(registration, answer);
        }
    }
}

/// `POST /api/v1/auth/register/confirm`
pub(in crate::http) async fn confirm(
    State(app): State<Arc<App>>,
    Json(request): Json<RegisterConfirm>,
) -> Result<impl IntoResponse, Refusal> {
    // A task of its own: a connection lost on the way must not leave an account without its answer.
    let done = tokio::spawn(async move { make_account(&app, request).await }).await;
    let Answer { cookie, info, .. } = done.unwrap_or_else(|_| Err(StoreError::Internal.into()))?;
    Ok((cookie, Json(info)))
}

async fn make_account(app: &App, request: RegisterConfirm) -> Result<Answer, Refusal> {
    let RegisterConfirm { registration: id, code } = request;
    if let Some(answer) = app.auth.confirmed.find(&id, &code) {
        return Ok(answer);
    }
    let attempt = app.auth.registrations.take(&id).ok_or_else(expired)?;
    let now_ms = now_ms();
    let Some(account) = &attempt.state.account else {
        app.auth.registrations.put_back(id, attempt);
        return Err(Problem::new(ProblemCode::Invalid, "the second step of registration comes first").into());
    };
    let secret = &account.credentials.totp_secret;
    let Some(step) = totp::matching_step(secret, &account.username, &code, now_ms)? else {
        count_wrong_code(app, id, attempt);
        return Err(wrong_code());
    };
    let mut account = account.clone();
    account.credentials.totp_last_step = step;
    let (new, cookie) = session::new(app.auth.cookie, now_ms)?;
    match app.store.create_account(account, attempt.state.admission, new).await {
        Ok(session) => {
            let answer =
                Answer { code: Zeroizing::new(code), at: Instant::now(), cookie, info: session.info };
            app.auth.confirmed.keep(id, answer.clone());
            Ok(answer)
        }
        Err(error) => {
            // The relay could not, now; the person need not begin again.
            if error == StoreError::Unavailable {
                app.auth.registrations.put_back(id, attempt);
            }
            Err(error.into())
        }
    }
}

fn count_wrong_code(app: &App, id: String, mut attempt: Attempt<Registration>) {
    attempt.codes = attempt.codes.saturating_add(1);
    if attempt.codes < limits::CODES_PER_ATTEMPT {
        app.auth.registrations.put_back(id, attempt);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ksf_parameters_have_a_floor_and_a_ceiling() {
        assert!(check_ksf(super::super::USUAL_KSF).is_ok());
        assert!(check_ksf(KSF_FLOOR).is_ok());
        assert!(check_ksf(KSF_CEILING).is_ok());
        for bad in [
            KsfParams { memory_kib: 19_455, ..KSF_FLOOR },
            KsfParams { iterations: 1, ..KSF_FLOOR },
            KsfParams { parallelism: 0, ..KSF_FLOOR },
            KsfParams { memory_kib: 262_145, ..KSF_CEILING },
            KsfParams { iterations: 11, ..KSF_CEILING },
            KsfParams { parallelism: 5, ..KSF_CEILING },
        ] {
            assert!(check_ksf(bad).is_err(), "{bad:?}");
        }
    }
}
