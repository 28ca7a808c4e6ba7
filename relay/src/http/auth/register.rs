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
        KsfParams, RegisterConfirm, RegisterFinish, RegisterStart, RegisterStarted, Registered,
        RegistrationPolicy, SessionInfo, TotpEnrolment, TotpPolicy,
    },
    limits as shared,
};
use zeroize::Zeroizing;

use super::{
    attempts::Attempt,
    backoff::Key,
    expired, invalid, normalise,
    opaque::Purpose,
    recovery_codes, refuse_while,
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
    store::{Admission, Credentials, NewAccount, StoreError},
};

/// A registration under way.
#[derive(Debug)]
pub(in crate::http) struct Registration {
    username: String,
    admitted: Admitted,
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
    // Each tells whether a name is taken and an invite good, so each counts.
    refuse_while(app.auth.backoff.attempt(&[Key::Registrant(address)]))?;
    let ticket = Admitted::of(&request);
    ticket.check(&app).await?;
    if app.store.username_taken(username.clone()).await? {
        return Err(StoreError::UsernameTaken.into());
    }
    let opaque_response = app.auth.opaque.register(&Purpose::Login(&username), &request.opaque_request)?;
    let state = Registration { username: username.clone(), admitted: ticket, account: None };
    let registration = app.auth.registrations.begin(address, state)?;
    Ok(Json(RegisterStarted { registration, opaque_response, username }))
}

/// By what somebody hopes to be admitted, as hashes.
#[derive(Debug, Clone, Copy)]
enum Admitted {
    Setup([u8; 32]),
    Policy { invite: Option<[u8; 32]> },
}

impl Admitted {
    fn of(request: &RegisterStart) -> Self {
        let hash = |text: &String| Sha256::digest(text.trim().as_bytes()).into();
        match &request.setup_token {
            Some(token) => Self::Setup(hash(token)),
            None => Self::Policy { invite: request.invite.as_ref().map(hash) },
        }
    }

    /// Whether this may become an account; asked again when it does.
    async fn check(self, app: &App) -> Result<(), Refusal> {
        let invite = match self {
            Self::Setup(hash) if app.store.setup_token_is(hash).await? => return Ok(()),
            Self::Setup(_) => return Err(StoreError::SetupLinkInvalid.into()),
            Self::Policy { invite } => invite,
        };
        if !app.store.has_accounts().await? {
            return Err(StoreError::SetupLinkInvalid.into());
        }
        match (app.settings.values().registration, invite) {
            (RegistrationPolicy::Closed, _) => Err(StoreError::RegistrationClosed.into()),
            (_, Some(hash)) if !app.store.invite_is_valid(hash, now_ms()).await? => {
                Err(StoreError::InviteInvalid.into())
            }
            (RegistrationPolicy::Invite, None) => Err(StoreError::InviteInvalid.into()),
            _ => Ok(()),
        }
    }

    /// By the rules of now: the operator may have changed them since the registration began.
    fn now(self, app: &App) -> Admission {
        match self {
            Self::Setup(hash) => Admission::Setup(hash),
            Self::Policy { invite } => Admission::Policy(app.settings.values().registration, invite),
        }
    }
}

/// `POST /api/v1/auth/register/finish`
pub(in crate::http) async fn finish(
    State(app): State<Arc<App>>,
    Stranger(request, _reserved): Stranger<RegisterFinish>,
) -> Result<Json<TotpEnrolment>, Refusal> {
    check(&request)?;
    let opaque_record = app.auth.opaque.record(&request.opaque_upload)?;
    let totp_secret = totp::new_secret()?;
    let id = request.registration.clone();
    let attempt = app.auth.registrations.take(&id).ok_or_else(expired)?;
    let username = attempt.state.username.clone();
    let optional = app.settings.values().totp == TotpPolicy::Optional;
    let enrolment = totp::enrolment(&totp_secret, &username, optional)?;
    let credentials = Credentials {
        account: request.account,
        opaque_record,
        ksf: request.ksf,
        totp_secret: Some(totp_secret),
        totp_last_step: 0,
    };
    let account = NewAccount {
        account: request.account,
        username: username.clone(),
        identity_key: request.identity_key,
        credentials,
        recovery_codes: Vec::new(),
        recovery_token_hash: request.recovery_token_hash,
        vault: request.vault,
        wrap_opaque: request.wrap_opaque,
        wrap_recovery: request.wrap_recovery,
    };
    let admitted = attempt.state.admitted;
    let attempt = attempt.with(Registration { username, admitted, account: Some(account) });
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
pub(super) struct Confirmed {
    answers: Mutex<HashMap<String, Answer>>,
    /// One at a time: a second one with the same code waits for the answer of the first.
    turn: tokio::sync::Mutex<()>,
}

/// What was answered, to which code, and when.
#[derive(Debug, Clone)]
struct Answer {
    code: Option<Zeroizing<String>>,
    at: Instant,
    ticket: Ticket,
    body: Registered,
}

impl Confirmed {
    fn lock(&self) -> MutexGuard<'_, HashMap<String, Answer>> {
        self.answers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn find(&self, registration: &str, code: Option<&str>) -> Option<Answer> {
        let answers = self.lock();
        let answer = answers.get(registration)?;
        let same = match (&answer.code, code) {
            (Some(right), Some(code)) => bool::from(right.as_bytes().ct_eq(code.as_bytes())),
            (None, None) => true,
            _ => false,
        };
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
    headers: HeaderMap,
    Json(request): Json<RegisterConfirm>,
) -> Result<impl IntoResponse, Refusal> {
    // A task of its own: a connection lost on the way must not leave an account without its answer.
    let done = tokio::spawn(async move {
        let answer = make_account(&app, &headers, request).await?;
        let SessionInfo { account, username, .. } = &answer.body.session;
        let known = app.auth.known.remember(&headers, *account, username)?;
        Ok((answer, known))
    });
    let done = done.await.unwrap_or_else(|_| Err(Refusal::from(StoreError::Internal)))?;
    let (Answer { ticket, body, .. }, known) = done;
    Ok((ticket.cookie_and(known), Json(body)))
}

async fn make_account(app: &App, headers: &HeaderMap, request: RegisterConfirm) -> Result<Answer, Refusal> {
    let RegisterConfirm { registration: id, code, device } = request;
    let code = code.map(Zeroizing::new);
    let _turn = app.auth.confirmed.turn.lock().await;
    if let Some(answer) = app.auth.confirmed.find(&id, code.as_deref().map(String::as_str)) {
        return Ok(answer);
    }
    let now_ms = now_ms();
    let (new, ticket) = session::new(app, headers, device.as_deref(), now_ms)?;
    let attempt = app.auth.registrations.take(&id).ok_or_else(expired)?;
    let Some(account) = &attempt.state.account else {
        app.auth.registrations.put_back(id, attempt);
        return Err(Problem::new(ProblemCode::Invalid, "the second step of registration comes first").into());
    };
    let (account, recovery_codes) = match with_factor(app, account.clone(), code.as_deref(), now_ms) {
        Ok(account) => account,
        Err(refusal) => {
            count_wrong_code(app, id, attempt);
            return Err(refusal);
        }
    };
    match app.store.create_account(account, attempt.state.admitted.now(app), new).await {
        Ok(session) => {
            let body = Registered { session: session.info, recovery_codes, token: ticket.token() };
            let answer = Answer { code, at: Instant::now(), ticket, body };
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

/// The account with its authenticator, if the code is of it, or without one, if that is allowed.
fn with_factor(
    app: &App,
    mut account: NewAccount,
    code: Option<&String>,
    now_ms: u64,
) -> Result<(NewAccount, Vec<String>), Refusal> {
    let Some(code) = code else {
        if app.settings.values().totp == TotpPolicy::Required {
            let detail = "every account of this relay has an authenticator; type its code";
            return Err(Problem::new(ProblemCode::TotpRequired, detail).into());
        }
        account.credentials.totp_secret = None;
        return Ok((account, Vec::new()));
    };
    let secret = account.credentials.totp_secret.as_ref().ok_or(StoreError::Internal)?;
    account.credentials.totp_last_step =
        totp::matching_step(secret, &account.username, code, now_ms)?.ok_or_else(wrong_code)?;
    let (codes, hashes) = recovery_codes::make(account.account)?;
    account.recovery_codes = hashes;
    Ok((account, codes))
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
