//! People.

use std::sync::Arc;

use axum::extract::State;
use waxwing_wire::{
    AccountId,
    account::Empty,
    admin::{Reason, UserDetails, UserQuery, UserRecord, UserSession, Users},
};

use super::{Administrator, Asked, At, line};
use crate::{
    http::{App, body::Json, problem::Refusal},
    now_ms,
    store::{Caller, UserAct},
};

/// `GET /api/v1/admin/users`
pub(super) async fn list(
    State(app): State<Arc<App>>,
    Administrator(_): Administrator,
    Asked(query): Asked<UserQuery>,
) -> Result<Json<Users>, Refusal> {
    let mut users = app.store.users(query).await?;
    let online = app.fanout.online();
    for user in &mut users.users {
        user.online = online.contains(&user.account);
    }
    Ok(Json(users))
}

/// `GET /api/v1/admin/users/{account}`
pub(super) async fn details(
    State(app): State<Arc<App>>,
    Administrator(_): Administrator,
    At(account): At<AccountId>,
) -> Result<Json<UserDetails>, Refusal> {
    let user = user(&app, account).await?;
    let life = app.settings.values().session_life();
    let live = app.fanout.live_sessions(account);
    let sessions = app.store.sessions(account, life, now_ms()).await?;
    let sessions = sessions.into_iter().map(|session| UserSession {
        live: live.contains(&session.id),
        device: session.device,
        created_at_ms: session.created_at_ms,
        last_used_at_ms: session.last_used_at_ms,
    });
    Ok(Json(UserDetails { user, sessions: sessions.collect() }))
}

async fn user(app: &App, account: AccountId) -> Result<UserRecord, Refusal> {
    let mut user = app.store.user(account).await?;
    user.online = app.fanout.online().contains(&account);
    Ok(user)
}

async fn act(
    app: &App,
    what: UserAct,
    (by, account): (Caller, AccountId),
    reason: &Reason,
) -> Result<(), Refusal> {
    let reason = line(reason.reason.as_deref())?;
    app.store.act_on_user(what, by, account, reason, now_ms()).await?;
    Ok(())
}

macro_rules! acts {
    ($($(#[$doc:meta])* $name:ident: $what:ident;)+) => {$(
        $(#[$doc])*
        pub(super) async fn $name(
            State(app): State<Arc<App>>,
            Administrator(by): Administrator,
            At(account): At<AccountId>,
            Json(reason): Json<Reason>,
        ) -> Result<Json<UserRecord>, Refusal> {
            act(&app, UserAct::$what, (by, account), &reason).await?;
            Ok(Json(user(&app, account).await?))
        }
    )+};
}

acts! {
    /// `POST /api/v1/admin/users/{account}/approve`
    approve: Approve;
    /// `POST /api/v1/admin/users/{account}/ban`
    ban: Ban;
    /// `POST /api/v1/admin/users/{account}/unban`
    unban: Unban;
    /// `POST /api/v1/admin/users/{account}/kick`
    kick: Kick;
    /// `POST /api/v1/admin/users/{account}/reset-totp`
    reset_totp: ResetTotp;
    /// `POST /api/v1/admin/users/{account}/promote`
    promote: Promote;
    /// `POST /api/v1/admin/users/{account}/demote`
    demote: Demote;
}

/// `POST /api/v1/admin/users/{account}/refuse`
pub(super) async fn refuse(
    State(app): State<Arc<App>>,
    Administrator(by): Administrator,
    At(account): At<AccountId>,
    Json(reason): Json<Reason>,
) -> Result<Json<Empty>, Refusal> {
    act(&app, UserAct::Refuse, (by, account), &reason).await?;
    Ok(Json(Empty {}))
}
