//! What people do to their account within minutes of a login: another authenticator, new recovery codes, the end.

use std::sync::Arc;

use axum::{extract::State, response::IntoResponse};
use waxwing_wire::{
    Problem, ProblemCode,
    account::{DeleteAccount, Empty, Proof, RecoveryCodes, TotpChange, TotpEnrolment, TotpPolicy},
};

use super::{expired, invalid, recovery_codes, session::Current, totp, wrong_code};
use crate::{
    http::{App, body::Json, problem::Refusal},
    now_ms,
};

/// `POST /api/v1/account/totp/start`
pub(in crate::http) async fn totp_start(
    State(app): State<Arc<App>>,
    Current(session): Current,
    Json(Proof { proof }): Json<Proof>,
) -> Result<Json<TotpEnrolment>, Refusal> {
    let secret = totp::new_secret()?;
    let optional = app.settings.values().totp == TotpPolicy::Optional;
    let enrolment = totp::enrolment(&secret, &session.info.username, optional)?;
    if !app.auth.proofs.keep_totp(&session, &proof, secret) {
        return Err(expired());
    }
    Ok(Json(enrolment))
}

/// `POST /api/v1/account/totp`
pub(in crate::http) async fn totp(
    State(app): State<Arc<App>>,
    Current(session): Current,
    Json(TotpChange { proof, code }): Json<TotpChange>,
) -> Result<Json<RecoveryCodes>, Refusal> {
    let (account, username) = (session.info.account, &session.info.username);
    let found = app.auth.proofs.find(&session, &proof).ok_or_else(expired)?;
    let secret = found.totp.ok_or_else(|| invalid("another authenticator is asked for first"))?;
    let step = totp::matching_step(&secret, username, &code, now_ms())?.ok_or_else(wrong_code)?;
    let (recovery_codes, hashes) = recovery_codes::make(account)?;
    app.store.put_totp(session.caller(), secret, step, hashes, now_ms()).await?;
    app.auth.proofs.forget(account);
    Ok(Json(RecoveryCodes { recovery_codes }))
}

/// `POST /api/v1/account/totp/remove`
pub(in crate::http) async fn totp_remove(
    State(app): State<Arc<App>>,
    Current(session): Current,
    Json(Proof { proof }): Json<Proof>,
) -> Result<Json<Empty>, Refusal> {
    let account = session.info.account;
    if app.settings.values().totp == TotpPolicy::Required {
        let detail = "every account of this relay has an authenticator; you can set up another one instead";
        return Err(Problem::new(ProblemCode::TotpRequired, detail).into());
    }
    app.auth.proofs.find(&session, &proof).ok_or_else(expired)?;
    app.store.remove_totp(session.caller(), now_ms()).await?;
    app.auth.proofs.forget(account);
    Ok(Json(Empty {}))
}

/// `POST /api/v1/account/recovery-codes`
pub(in crate::http) async fn recovery_codes(
    State(app): State<Arc<App>>,
    Current(session): Current,
    Json(Proof { proof }): Json<Proof>,
) -> Result<Json<RecoveryCodes>, Refusal> {
    let account = session.info.account;
    app.auth.proofs.find(&session, &proof).ok_or_else(expired)?;
    let (recovery_codes, hashes) = recovery_codes::make(account)?;
    app.store.put_recovery_codes(session.caller(), hashes, now_ms()).await?;
    app.auth.proofs.forget(account);
    Ok(Json(RecoveryCodes { recovery_codes }))
}

/// `POST /api/v1/account/delete`
pub(in crate::http) async fn delete(
    State(app): State<Arc<App>>,
    Current(session): Current,
    Json(DeleteAccount { proof, only_check }): Json<DeleteAccount>,
) -> Result<impl IntoResponse, Refusal> {
    let account = session.info.account;
    app.auth.proofs.find(&session, &proof).ok_or_else(expired)?;
    if only_check {
        app.store.may_delete_account(account).await?;
        return Ok((None, Json(Empty {})));
    }
    app.store.delete_account(session.caller(), now_ms()).await?;
    app.deleted.notify_one();
    app.auth.proofs.forget(account);
    Ok((Some(app.auth.cookie.cleared()?), Json(Empty {})))
}
