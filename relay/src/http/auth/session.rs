//! Sessions: cookies, who is asking, logging out.

use std::sync::Arc;

use axum::{
    extract::{FromRequestParts, State},
    http::{HeaderMap, HeaderValue, header, request::Parts},
    response::{AppendHeaders, IntoResponse},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest as _, Sha256};
use waxwing_wire::{
    Problem, ProblemCode,
    account::{Empty, ServerInfo, SessionInfo},
};

use super::{SESSION_LIFE, random};
use crate::{
    http::{App, body::Json, problem::Refusal},
    limits, now_ms,
    store::{self, NewSession, SessionHash},
};

/// How the session cookie is named and marked.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cookie {
    name: &'static str,
    secure: &'static str,
}

impl Cookie {
    pub(super) fn new(https: bool) -> Self {
        // `__Host-` needs Secure, and Secure needs TLS.
        if https {
            Self { name: "__Host-waxwing", secure: "; Secure" }
        } else {
            Self { name: "waxwing", secure: "" }
        }
    }

    fn header(self, value: &str, seconds: u64) -> Result<SetCookie, Refusal> {
        let Self { name, secure } = self;
        let text = format!("{name}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}");
        let value = HeaderValue::try_from(text).map_err(std::io::Error::other)?;
        Ok(AppendHeaders([(header::SET_COOKIE, value)]))
    }

    fn find(self, headers: &HeaderMap) -> Option<&str> {
        headers
            .get_all(header::COOKIE)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|line| line.split(';'))
            .find_map(|pair| pair.trim().strip_prefix(self.name)?.strip_prefix('='))
    }
}

/// A `Set-Cookie` header.
pub(super) type SetCookie = AppendHeaders<[(header::HeaderName, HeaderValue); 1]>;

/// A session about to begin: what the store keeps, and the cookie that the browser does.
pub(super) fn new(cookie: Cookie, now_ms: u64) -> Result<(NewSession, SetCookie), Refusal> {
    let token = URL_SAFE_NO_PAD.encode(random::<32>()?);
    let session = NewSession { token: hash(&token), now_ms };
    Ok((session, cookie.header(&token, limits::SESSION_LIFE.as_secs())?))
}

fn hash(token: &str) -> SessionHash {
    SessionHash(Sha256::digest(token.as_bytes()).into())
}

/// The live session of a request.
#[derive(Debug, Clone)]
pub(in crate::http) struct Current(pub store::Session);

impl FromRequestParts<Arc<App>> for Current {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Refusal> {
        let token = app.auth.cookie.find(&parts.headers).ok_or_else(logged_out)?;
        let now_ms = now_ms();
        let session = find(app, hash(token), now_ms).await?;
        touch(app, &session, now_ms).await;
        Ok(Self(session))
    }
}

fn logged_out() -> Problem {
    Problem::new(ProblemCode::NotLoggedIn, "no session, or it has ended; log in")
}

/// The live session behind a token.
pub(in crate::http) async fn find(
    app: &App,
    token: SessionHash,
    now_ms: u64,
) -> Result<store::Session, Refusal> {
    let found = app.store.session(token, SESSION_LIFE, now_ms).await?;
    found.ok_or_else(|| logged_out().into())
}

/// Keeps a session alive, roughly: not every request is a write.
pub(in crate::http) async fn touch(app: &App, session: &store::Session, now_ms: u64) {
    let unused_ms = u128::from(now_ms.saturating_sub(session.last_used_at_ms));
    if unused_ms < limits::SESSION_TOUCH.as_millis() {
        return;
    }
    if let Err(error) = app.store.touch_session(session.token, now_ms).await {
        tracing::warn!(%error, "the use of a session was not noted");
    }
}

/// `GET /api/v1/server`
pub(in crate::http) async fn server_info(State(app): State<Arc<App>>) -> Result<Json<ServerInfo>, Refusal> {
    Ok(Json(ServerInfo {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        setup_required: !app.store.has_accounts().await?,
        registration: app.auth.policy,
    }))
}

/// `GET /api/v1/session`
pub(in crate::http) async fn session_info(Current(session): Current) -> Json<SessionInfo> {
    Json(session.info)
}

/// `POST /api/v1/auth/logout`
pub(in crate::http) async fn logout(
    State(app): State<Arc<App>>,
    Current(session): Current,
    Json(Empty {}): Json<Empty>,
) -> Result<impl IntoResponse, Refusal> {
    app.store.end_session(session.token).await?;
    app.fanout.end_session(session.token);
    Ok((app.auth.cookie.header("", 0)?, Json(Empty {})))
}
