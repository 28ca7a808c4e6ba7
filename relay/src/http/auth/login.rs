//! Logging in: OPAQUE, then a second factor. Unknown usernames go the same way and fail at the same place.

use std::sync::Arc;

use axum::{Extension, extract::State, http::HeaderMap, response::IntoResponse};
use waxwing_wire::{
    AccountId, Problem, ProblemCode,
    account::{
        LoggedIn, LoginAccepted, LoginFinish, LoginNext, LoginStart, LoginStarted, LoginTotp, TotpPolicy,
    },
};
use zeroize::Zeroizing;

use super::{
    USUAL_KSF,
    attempts::Attempt,
    backoff::Key,
    begin_attempt, code_key, expired, invalid, login_keys, normalise,
    opaque::{LoginState, Purpose},
    recovery_codes, refuse_while, session, totp, wrong_code,
};
use crate::{
    http::{App, Peer, body::Json, guard, problem::Refusal},
    limits, now_ms,
    store::{self, Credentials, Factor, StoreError},
};

/// A login under way.
#[derive(Debug)]
pub(in crate::http) struct Login {
    username: String,
    /// What its beginning was counted by.
    keys: Vec<Key>,
    step: Step,
}

#[derive(Debug)]
enum Step {
    /// KE2 was sent. No credentials: nobody has this username.
    Password { exchange: Box<LoginState>, credentials: Option<Box<Credentials>> },
    /// The password was right.
    Factor { credentials: Box<Credentials>, wanted: Wanted },
}

/// What else a login needs.
#[derive(Clone)]
enum Wanted {
    /// A code of this authenticator, or a recovery code.
    Code(Zeroizing<Vec<u8>>),
    /// The first code of this new authenticator.
    Enrol(Zeroizing<Vec<u8>>),
    Nothing,
}

impl std::fmt::Debug for Wanted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Code(_) => "Code(..)",
            Self::Enrol(_) => "Enrol(..)",
            Self::Nothing => "Nothing",
        })
    }
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
    let keys = login_keys(&app.auth, &headers, &username, address);
    begin_attempt(&app, &username, &keys).await?;
    let credentials = app.store.credentials(username.clone()).await?.map(Box::new);
    let record = credentials.as_ref().map(|known| known.opaque_record.as_slice());
    let (opaque_response, exchange) =
        app.auth.opaque.begin(&Purpose::Login(&username), record, &request.opaque_request)?;
    let ksf = credentials.as_ref().map_or(USUAL_KSF, |known| known.ksf);
    let step = Step::Password { exchange: Box::new(exchange), credentials };
    let login = app.auth.logins.begin(address, Login { username: username.clone(), keys, step })?;
    Ok(Json(LoginStarted { login, opaque_response, ksf, username }))
}

/// `POST /api/v1/auth/login/finish`
pub(in crate::http) async fn finish(
    State(app): State<Arc<App>>,
    Json(request): Json<LoginFinish>,
) -> Result<Json<LoginAccepted>, Refusal> {
    let LoginFinish { login: id, opaque_finalization } = request;
    let attempt = app.auth.logins.take(&id).ok_or_else(expired)?;
    let username = attempt.state.username.clone();
    let Step::Password { exchange, credentials } = &attempt.state.step else {
        app.auth.logins.put_back(id, attempt);
        return Err(Problem::new(ProblemCode::Invalid, "the password was proven; the code comes next").into());
    };
    let right = exchange.check(&Purpose::Login(&username), &opaque_finalization)?;
    let Some(credentials) = credentials.as_ref().filter(|_| right).cloned() else {
        let detail = "wrong username or password";
        return Err(Problem::new(ProblemCode::WrongCredentials, detail).into());
    };
    app.auth.backoff.forgive(&attempt.state.keys);
    let wanted = match &credentials.totp_secret {
        Some(secret) => Wanted::Code(secret.clone()),
        None if app.settings.values().totp == TotpPolicy::Required => Wanted::Enrol(totp::new_secret()?),
        None => Wanted::Nothing,
    };
    let (next, enrolment) = match &wanted {
        Wanted::Code(_) => (LoginNext::Code, None),
        Wanted::Enrol(secret) => (LoginNext::Enrol, Some(totp::enrolment(secret, &username, false)?)),
        Wanted::Nothing => (LoginNext::Nothing, None),
    };
    let keys = attempt.state.keys.clone();
    let attempt = attempt.with(Login { username, keys, step: Step::Factor { credentials, wanted } });
    app.auth.logins.put_back(id.clone(), attempt);
    Ok(Json(LoginAccepted { login: id, next, enrolment }))
}

/// `POST /api/v1/auth/login/totp`
pub(in crate::http) async fn totp(
    State(app): State<Arc<App>>,
    Extension(peer): Extension<Peer>,
    headers: HeaderMap,
    Json(request): Json<LoginTotp>,
) -> Result<impl IntoResponse, Refusal> {
    let LoginTotp { login: id, code, device } = request;
    let address = guard::client_address(&app.proxies, &peer, &headers);
    let now_ms = now_ms();
    let (new, ticket) = session::new(&app, &headers, device.as_deref(), now_ms)?;
    let attempt = app.auth.logins.take(&id).ok_or_else(expired)?;
    let Step::Factor { credentials, wanted } = &attempt.state.step else {
        app.auth.logins.put_back(id, attempt);
        return Err(Problem::new(ProblemCode::Invalid, "the password comes before the code").into());
    };
    let (account, record) = (credentials.account, credentials.opaque_record.clone());
    let (username, wanted) = (attempt.state.username.clone(), wanted.clone());
    // Counted over all logins of the account, or each would get its own few codes. Strangers never come here.
    let key = [code_key(&app.auth, &headers, &username)];
    if let Err(wait) = refuse_while(app.auth.backoff.attempt(&key)) {
        app.auth.logins.put_back(id, attempt);
        record_guesses(&app, account, &key, now_ms).await;
        return Err(wait.into());
    }
    let shown = match show(&app, (account, &username), &wanted, code.as_deref(), now_ms) {
        Ok(shown) => shown,
        Err(refusal) => {
            count_code(&app, id, attempt);
            return Err(refusal);
        }
    };
    let (factor, recovery_codes) = shown;
    let session = new.token.id();
    match app.store.complete_login(store::Login { account, record, factor }, new).await {
        Ok(unlocked) => {
            // The address does not start anew: others may sit behind it.
            let [key] = key;
            app.auth.backoff.clear(&key);
            app.auth.backoff.clear(&Key::Username(username.clone()));
            let known = app.auth.known.remember(&headers, account, &username)?;
            app.auth.backoff.remember(username, address);
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
            Ok((ticket.cookie_and(known), Json(body)))
        }
        Err(error) => {
            if matches!(error, StoreError::ReusedCode | StoreError::WrongCode | StoreError::Unavailable) {
                count_code(&app, id, attempt);
            }
            Err(error.into())
        }
    }
}

/// What is shown as the second factor, with the recovery codes that come with a new authenticator.
fn show(
    app: &App,
    (account, username): (AccountId, &str),
    wanted: &Wanted,
    code: Option<&str>,
    now_ms: u64,
) -> Result<(Factor, Vec<String>), Refusal> {
    let missing = || Refusal::from(invalid("the code is missing"));
    match wanted {
        // The operator may have changed the rule while this login was under way.
        Wanted::Nothing if app.settings.values().totp == TotpPolicy::Required => Err(expired()),
        Wanted::Nothing if code.is_some() => Err(invalid("this account has no codes").into()),
        Wanted::Nothing => Ok((Factor::Nothing, Vec::new())),
        Wanted::Code(secret) => {
            let code = code.ok_or_else(missing)?;
            if let Some(hash) = recovery_codes::hash(account, code) {
                return Ok((Factor::Recovery(hash), Vec::new()));
            }
            let step = totp::matching_step(secret, username, code, now_ms)?.ok_or_else(wrong_code)?;
            Ok((Factor::Code(secret.clone(), step), Vec::new()))
        }
        Wanted::Enrol(secret) => {
            let code = code.ok_or_else(missing)?;
            let step = totp::matching_step(secret, username, code, now_ms)?.ok_or_else(wrong_code)?;
            let (codes, hashes) = recovery_codes::make(account)?;
            Ok((Factor::Enrol(secret.clone(), step, hashes), codes))
        }
    }
}

/// Whoever guesses at codes knows the password: its owner is told, and administrators see it, when codes begin to wait.
async fn record_guesses(app: &App, account: AccountId, keys: &[Key], now_ms: u64) {
    let begins = keys.iter().any(|key| app.auth.backoff.first_refusal(key));
    if begins && let Err(error) = app.store.record_refused_codes(account, now_ms).await {
        tracing::warn!(%error, "guesses at codes were not recorded");
    }
}

/// Lets a login go on after a code that did not do, a few times.
fn count_code(app: &App, id: String, mut attempt: Attempt<Login>) {
    attempt.codes = attempt.codes.saturating_add(1);
    if attempt.codes < limits::CODES_PER_ATTEMPT {
        app.auth.logins.put_back(id, attempt);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_of_authenticators_are_not_shown() {
        let secret = || Zeroizing::new(vec![251_u8; 20]);
        for wanted in [Wanted::Code(secret()), Wanted::Enrol(secret())] {
            assert!(!format!("{wanted:?}").contains("251"));
        }
    }
}
