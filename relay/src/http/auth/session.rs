//! Sessions: cookies and bearer tokens, who is asking, the list of sessions, logging out.

use std::{sync::Arc, time::Duration};

use axum::{
    extract::{FromRequestParts, State},
    http::{HeaderMap, HeaderValue, header, request::Parts},
    response::{AppendHeaders, IntoResponse},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest as _, Sha256};
use waxwing_wire::{
    Problem, ProblemCode,
    account::{Empty, EndSession, SESSION_HEADER, ServerInfo, SessionInfo, Sessions},
    limits as shared, text,
};
use zeroize::Zeroizing;

use super::{invalid, random};
use crate::{
    http::{App, body::Json, problem::Refusal},
    limits, now_ms,
    store::{self, Ended, NewSession, SessionHash},
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
        let mut value = HeaderValue::try_from(text).map_err(std::io::Error::other)?;
        value.set_sensitive(true);
        Ok(AppendHeaders([(header::SET_COOKIE, value)]))
    }

    /// Lets the browser forget it.
    pub(super) fn cleared(self) -> Result<SetCookie, Refusal> {
        self.header("", 0)
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

/// How the client gets to its new session.
#[derive(Clone)]
pub(super) enum Ticket {
    /// The browser keeps it.
    Cookie(SetCookie),
    /// The program that asked for it keeps it.
    Bearer(Zeroizing<String>),
}

impl std::fmt::Debug for Ticket {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Cookie(_) => "Cookie(..)",
            Self::Bearer(_) => "Bearer(..)",
        })
    }
}

impl Ticket {
    /// Cookies for a browser, its session's first; none for a program.
    pub(super) fn cookie_and(&self, other: SetCookie) -> Option<(SetCookie, SetCookie)> {
        match self {
            Self::Cookie(cookie) => Some((cookie.clone(), other)),
            Self::Bearer(_) => None,
        }
    }

    /// What goes into the body.
    pub(super) fn token(&self) -> Option<String> {
        match self {
            Self::Cookie(_) => None,
            Self::Bearer(token) => Some(token.to_string()),
        }
    }
}

/// A session about to begin: what the store keeps, and what the client does.
pub(super) fn new(
    app: &App,
    headers: &HeaderMap,
    device: Option<&str>,
    now_ms: u64,
) -> Result<(NewSession, Ticket), Refusal> {
    let device = check_device(device.unwrap_or_default())?;
    let token = Zeroizing::new(URL_SAFE_NO_PAD.encode(random::<32>()?));
    let replaces = bearer(headers).or_else(|| app.auth.cookie.find(headers)).map(hash);
    let session = NewSession { token: hash(&token), device, replaces, now_ms };
    let (name, value) = SESSION_HEADER;
    if headers.get(name).is_some_and(|wanted| wanted.as_bytes() == value.as_bytes()) {
        return Ok((session, Ticket::Bearer(token)));
    }
    let life = app.settings.values().session_life().absolute;
    Ok((session, Ticket::Cookie(app.auth.cookie.header(&token, life.as_secs())?)))
}

fn check_device(label: &str) -> Result<String, Problem> {
    let label = label.trim();
    if label.chars().count() > shared::DEVICE_CHARS || !text::is_line(label) {
        let detail = "the name of a device is one line of at most 64 characters, none of them invisible";
        return Err(invalid(detail));
    }
    Ok(label.to_owned())
}

fn hash(token: &str) -> SessionHash {
    SessionHash(Sha256::digest(token.as_bytes()).into())
}

/// The token that was sent as `Authorization: Bearer`.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// The live session of a request.
#[derive(Debug, Clone)]
pub(in crate::http) struct Current(pub store::Session);

impl FromRequestParts<Arc<App>> for Current {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Refusal> {
        let headers = &parts.headers;
        let token = bearer(headers).or_else(|| app.auth.cookie.find(headers)).ok_or_else(logged_out)?;
        let now_ms = now_ms();
        let session = find(app, hash(token), now_ms).await?;
        touch(app, &session, now_ms).await;
        if session.unconfirmed && !session.by_former {
            app.store.confirm_token(session.id, now_ms).await?;
        }
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
    let found = app.store.session(token, app.settings.values().session_life(), now_ms).await?;
    found.ok_or_else(|| logged_out().into())
}

/// Keeps a session alive, roughly: not every request is a write.
pub(in crate::http) async fn touch(app: &App, session: &store::Session, now_ms: u64) {
    if wants_touch(app, session, now_ms) {
        note(app, session, now_ms).await;
    }
}

/// Whether the last use of a session was noted so long ago that it should be again: long before it would end.
pub(in crate::http) fn wants_touch(app: &App, session: &store::Session, now_ms: u64) -> bool {
    let unused_ms = u128::from(now_ms.saturating_sub(session.last_used_at_ms));
    unused_ms >= touch_time(app.settings.values().session_life().idle).as_millis()
}

fn touch_time(idle: Duration) -> Duration {
    limits::SESSION_TOUCH.min(idle / 4)
}

/// Notes that a session is in use, and its account there.
pub(in crate::http) async fn note(app: &App, session: &store::Session, now_ms: u64) {
    if let Err(error) = app.store.touch_session(session.id, now_ms).await {
        tracing::warn!(%error, "the use of a session was not noted");
    }
}

/// `GET /api/v1/server`
pub(in crate::http) async fn server_info(State(app): State<Arc<App>>) -> Result<Json<ServerInfo>, Refusal> {
    let values = app.settings.values();
    Ok(Json(ServerInfo {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        name: values.name.clone(),
        setup_required: !app.store.has_accounts().await?,
        registration: values.registration,
        totp: values.totp,
        sessions: values.sessions,
        guests: values.guests,
    }))
}

/// `GET /api/v1/session`
pub(in crate::http) async fn session_info(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Current(session): Current,
) -> Result<impl IntoResponse, Refusal> {
    // A program that keeps its token itself would have to be told, and several of them may share it.
    let cookie = if bearer(&headers).is_some() { None } else { renew(&app, &session).await? };
    Ok((cookie, Json::<SessionInfo>(session.info)))
}

/// Replaces the token of a session that has had it for long: one that leaked is of use for a while only.
async fn renew(app: &App, session: &store::Session) -> Result<Option<SetCookie>, Refusal> {
    let now_ms = now_ms();
    let age_ms = u128::from(now_ms.saturating_sub(session.token_at_ms));
    // Shown the one before, the cookie with the newest may still be on its way to another page, or was lost.
    let due = if session.by_former {
        session.unconfirmed && age_ms >= limits::FORMER_TOKEN.as_millis()
    } else {
        age_ms >= app.timing.token.as_millis()
    };
    if !due {
        return Ok(None);
    }
    let token = Zeroizing::new(URL_SAFE_NO_PAD.encode(random::<32>()?));
    if !app.store.renew_token(session.id, (session.token, hash(&token)), now_ms).await? {
        // Another page of this browser was faster, and has the cookie.
        return Ok(None);
    }
    let end_ms = u128::from(session.created_at_ms)
        .saturating_add(app.settings.values().session_life().absolute.as_millis());
    let left_s = end_ms.saturating_sub(u128::from(now_ms)) / 1000;
    app.auth.cookie.header(&token, u64::try_from(left_s).unwrap_or(u64::MAX)).map(Some)
}

/// `GET /api/v1/account/sessions`
pub(in crate::http) async fn list(
    State(app): State<Arc<App>>,
    Current(session): Current,
) -> Result<Json<Sessions>, Refusal> {
    let account = session.info.account;
    let life = app.settings.values().session_life();
    let mut sessions = app.store.sessions(account, life, now_ms()).await?;
    let live = app.fanout.live_sessions(account);
    for row in &mut sessions {
        row.current = row.id == session.id;
        row.live = live.contains(&row.id);
    }
    Ok(Json(Sessions { sessions }))
}

/// `POST /api/v1/account/sessions/end`
pub(in crate::http) async fn end(
    State(app): State<Arc<App>>,
    Current(session): Current,
    Json(EndSession { id }): Json<EndSession>,
) -> Result<Json<Empty>, Refusal> {
    app.store.end_sessions(session.caller(), Ended::One(id), now_ms()).await?;
    Ok(Json(Empty {}))
}

/// `POST /api/v1/account/sessions/end-others`
pub(in crate::http) async fn end_others(
    State(app): State<Arc<App>>,
    Current(session): Current,
    Json(Empty {}): Json<Empty>,
) -> Result<Json<Empty>, Refusal> {
    app.store.end_sessions(session.caller(), Ended::AllBut(session.id), now_ms()).await?;
    Ok(Json(Empty {}))
}

/// `POST /api/v1/auth/logout`
pub(in crate::http) async fn logout(
    State(app): State<Arc<App>>,
    Current(session): Current,
    Json(Empty {}): Json<Empty>,
) -> Result<impl IntoResponse, Refusal> {
    app.store.log_out(session.info.account, session.id).await?;
    Ok((app.auth.cookie.cleared()?, Json(Empty {})))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_not_shown() {
        let token = "a token of a session";
        let cookie = Cookie::new(true).header(token, 60).unwrap_or_else(|_| unreachable!());
        for ticket in [Ticket::Bearer(Zeroizing::new(token.to_owned())), Ticket::Cookie(cookie)] {
            assert!(!format!("{ticket:?}").contains(token));
        }
    }

    #[test]
    fn a_session_in_use_is_noted_well_before_it_would_end() {
        let hour = Duration::from_secs(60 * 60);
        assert_eq!(touch_time(hour), hour / 4);
        assert_eq!(touch_time(hour * 3), hour * 3 / 4);
        assert_eq!(touch_time(hour * 720), hour);
    }
}
