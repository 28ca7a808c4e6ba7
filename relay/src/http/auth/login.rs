//! Logging in: OPAQUE, then a one-time code. Unknown usernames go the same way and fail at the same place.

use std::sync::Arc;

use axum::{Extension, extract::State, http::HeaderMap, response::IntoResponse};
use waxwing_wire::{
    Problem, ProblemCode,
    account::{LoggedIn, LoginAccepted, LoginFinish, LoginStart, LoginStarted, LoginTotp},
};

use super::{
    USUAL_KSF,
    attempts::Attempt,
    backoff::Key,
    expired, login_keys, normalise,
    opaque::{LoginState, Purpose},
    refuse_while, session, totp, wrong_code,
};
use crate::{
    http::{App, Peer, body::Json, guard, problem::Refusal},
    limits, now_ms,
    store::{Credentials, StoreError},
};

/// A login under way.
#[derive(Debug)]
pub(in crate::http) struct Login {
    username: String,
    step: Step,
}

#[derive(Debug)]
enum Step {
    /// KE2 was sent. No credentials: nobody has this username.
    Password { exchange: Box<LoginState>, credentials: Option<Box<Credentials>> },
    /// The password was right.
    Code { credentials: Box<Credentials> },
}

/// `POST /api/v1/auth/login/start`
pub(in crate::http) async fn start(
    State(app): State<Arc<App>>,
    Extension(peer): Extension<Peer>,
    headers: HeaderMap,
    Json(request): Json<LoginStart>,
) -> Result<Json<LoginStarted>, Refusal> {
    let username = normalise(&request.username)?;
    let address = guard::client_address(&app.proxies, &peer, &headers);
    let keys = login_keys(&app.auth, &username, address);
    refuse_while(app.auth.backoff.attempt(&keys))?;
    let credentials = app.store.credentials(username.clone()).await?.map(Box::new);
    let record = credentials.as_ref().map(|known| known.opaque_record.as_slice());
    let (opaque_response, exchange) =
        app.auth.opaque.begin(&Purpose::Login(&username), record, &request.opaque_request)?;
    let ksf = credentials.as_ref().map_or(USUAL_KSF, |known| known.ksf);
    let step = Step::Password { exchange: Box::new(exchange), credentials };
    let login = app.auth.logins.begin(address, Login { username: username.clone(), step })?;
    Ok(Json(LoginStarted { login, opaque_response, ksf, username }))
}

/// `POST /api/v1/auth/login/finish`
pub(in crate::http) async fn finish(
    State(app): State<Arc<App>>,
    Extension(peer): Extension<Peer>,
    headers: HeaderMap,
    Json(request): Json<LoginFinish>,
) -> Result<Json<LoginAccepted>, Refusal> {
    let LoginFinish { login: id, opaque_finalization } = request;
    let address = guard::client_address(&app.proxies, &peer, &headers);
    let attempt = app.auth.logins.take(&id).ok_or_else(expired)?;
    let username = attempt.state.username.clone();
    let Step::Password { exchange, credentials } = &attempt.state.step else {
        app.auth.logins.put_back(id, attempt);
        return Err(Problem::new(ProblemCode::Invalid, "the password was proven; the code comes next").into());
    };
    let right = exchange.check(&Purpose::Login(&username), &opaque_finalization)?;
    let Some(credentials) = credentials.clone().filter(|_| right) else {
        let detail = "wrong username or password";
        return Err(Problem::new(ProblemCode::WrongCredentials, detail).into());
    };
    app.auth.backoff.forgive(&login_keys(&app.auth, &username, address));
    let attempt = attempt.with(Login { username, step: Step::Code { credentials } });
    app.auth.logins.put_back(id.clone(), attempt);
    Ok(Json(LoginAccepted { login: id }))
}

/// `POST /api/v1/auth/login/totp`
pub(in crate::http) async fn totp(
    State(app): State<Arc<App>>,
    Extension(peer): Extension<Peer>,
    headers: HeaderMap,
    Json(request): Json<LoginTotp>,
) -> Result<impl IntoResponse, Refusal> {
    let LoginTotp { login: id, code } = request;
    let address = guard::client_address(&app.proxies, &peer, &headers);
    let attempt = app.auth.logins.take(&id).ok_or_else(expired)?;
    let Step::Code { credentials } = &attempt.state.step else {
        app.auth.logins.put_back(id, attempt);
        return Err(Problem::new(ProblemCode::Invalid, "the password comes before the code").into());
    };
    let (now_ms, username) = (now_ms(), attempt.state.username.clone());
    // Counted over all logins of the account, or each would get its own few codes. Strangers never come here.
    let key = [Key::Code(username.clone())];
    if let Err(wait) = refuse_while(app.auth.backoff.attempt(&key)) {
        app.auth.logins.put_back(id, attempt);
        return Err(wait.into());
    }
    let Some(step) = totp::matching_step(&credentials.totp_secret, &username, &code, now_ms)? else {
        count_code(&app, id, attempt);
        return Err(wrong_code());
    };
    let (new, cookie) = session::new(app.auth.cookie, now_ms)?;
    let record = credentials.opaque_record.clone();
    match app.store.complete_login(credentials.account, record, step, new).await {
        Ok(unlocked) => {
            // The address does not start anew: others may sit behind it.
            let [key] = key;
            app.auth.backoff.clear(&key);
            app.auth.backoff.clear(&Key::Username(username.clone()));
            app.auth.backoff.remember(username, address);
            let body = LoggedIn {
                session: unlocked.info,
                vault: unlocked.vault,
                vault_version: unlocked.vault_version,
                wrap_opaque: unlocked.wrap_opaque,
                proof: app.auth.proofs.issue(credentials.account)?,
            };
            Ok((cookie, Json(body)))
        }
        Err(error) => {
            if matches!(error, StoreError::ReusedCode | StoreError::Unavailable) {
                count_code(&app, id, attempt);
            }
            Err(error.into())
        }
    }
}

/// Lets a login go on after a code that did not do, a few times.
fn count_code(app: &App, id: String, mut attempt: Attempt<Login>) {
    attempt.codes = attempt.codes.saturating_add(1);
    if attempt.codes < limits::CODES_PER_ATTEMPT {
        app.auth.logins.put_back(id, attempt);
    }
}
