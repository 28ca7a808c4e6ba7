//! What the operator says, sets and sees.

use std::sync::Arc;

use axum::extract::State;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest as _, Sha256};
use waxwing_wire::{
    account::Empty,
    admin::{
        Announce, Announced, AnnouncementList, ChangeSettings, InviteList, InviteMade, MakeInvite, Setting,
        Settings, StatisticsPage,
    },
    limits as shared, text,
};

use super::{Administrator, At, invalid, line};
use crate::{
    config,
    http::{
        App,
        auth::random,
        body::{Json, Large},
        problem::Refusal,
    },
    now_ms,
    settings::{self, Overrides},
    store::SettingChanges,
};

/// A year.
const HOURS: u32 = 8_760;

/// `GET /api/v1/admin/invites`
pub(super) async fn invites(
    State(app): State<Arc<App>>,
    Administrator(_): Administrator,
) -> Result<Json<InviteList>, Refusal> {
    Ok(Json(app.store.invites(now_ms()).await?))
}

/// `POST /api/v1/admin/invites`
pub(super) async fn make_invite(
    State(app): State<Arc<App>>,
    Administrator(by): Administrator,
    Json(new): Json<MakeInvite>,
) -> Result<Json<InviteMade>, Refusal> {
    let now_ms = now_ms();
    if new.uses == 0 || new.uses > shared::INVITE_USES {
        return Err(invalid("an invite code makes 1 to 1000 accounts"));
    }
    check_end(new.expires_at_ms, now_ms)?;
    let note = Some(line(new.note.as_deref())?);
    let code = URL_SAFE_NO_PAD.encode(random::<16>()?);
    let hash = Sha256::digest(code.as_bytes()).into();
    let id = app.store.put_invite(by, (hash, MakeInvite { note, ..new }), now_ms).await?;
    let link = format!("{}/#/invite/{code}", app.origins.own());
    Ok(Json(InviteMade { id, code, link }))
}

fn check_end(at_ms: Option<u64>, now_ms: u64) -> Result<(), Refusal> {
    // Beyond the other bound there is no time that the database could hold.
    let fine = at_ms.is_none_or(|at_ms| at_ms > now_ms && i64::try_from(at_ms).is_ok());
    if fine { Ok(()) } else { Err(invalid("the end lies in the past, or beyond all times")) }
}

/// `POST /api/v1/admin/invites/{id}/revoke`
pub(super) async fn revoke_invite(
    State(app): State<Arc<App>>,
    Administrator(by): Administrator,
    At(id): At<u64>,
    Json(Empty {}): Json<Empty>,
) -> Result<Json<Empty>, Refusal> {
    app.store.revoke_invite(by, id, now_ms()).await?;
    Ok(Json(Empty {}))
}

/// `GET /api/v1/admin/announcements`
pub(super) async fn announcements(
    State(app): State<Arc<App>>,
    Administrator(_): Administrator,
) -> Result<Json<AnnouncementList>, Refusal> {
    Ok(Json(app.store.announcements().await?))
}

/// `POST /api/v1/admin/announcements`
pub(super) async fn announce(
    State(app): State<Arc<App>>,
    Administrator(by): Administrator,
    // Two thousand characters may take more than most calls.
    Large(new): Large<Announce>,
) -> Result<Json<Announced>, Refusal> {
    let now_ms = now_ms();
    let text = new.text.trim().to_owned();
    if text.is_empty() || text.chars().count() > shared::ANNOUNCEMENT_CHARS {
        return Err(invalid("an announcement has 1 to 2000 characters"));
    }
    if !text.split('\n').all(text::is_line) {
        return Err(invalid("an announcement has no invisible characters but line breaks"));
    }
    check_end(new.expires_at_ms, now_ms)?;
    let id = app.store.announce(by, Announce { text, ..new }, now_ms).await?;
    Ok(Json(Announced { id }))
}

/// `POST /api/v1/admin/announcements/{id}/withdraw`
pub(super) async fn withdraw(
    State(app): State<Arc<App>>,
    Administrator(by): Administrator,
    At(id): At<u64>,
    Json(Empty {}): Json<Empty>,
) -> Result<Json<Empty>, Refusal> {
    app.store.withdraw_announcement(by, id, now_ms()).await?;
    Ok(Json(Empty {}))
}

/// `GET /api/v1/admin/settings`
pub(super) async fn settings(State(app): State<Arc<App>>, Administrator(_): Administrator) -> Json<Settings> {
    Json(shown(&app.settings))
}

fn setting<T: Clone>(set: Option<&T>, default: &T) -> Setting<T> {
    Setting { value: set.unwrap_or(default).clone(), default: default.clone(), set: set.is_some() }
}

fn shown(settings: &settings::Settings) -> Settings {
    let (set, usual) = (settings.overrides(), settings.defaults());
    Settings {
        name: setting(set.name.as_ref(), &usual.name),
        registration: setting(set.registration.as_ref(), &usual.registration),
        guests: setting(set.guests.as_ref(), &usual.guests),
        totp: setting(set.totp.as_ref(), &usual.totp),
        sessions: setting(set.sessions.as_ref(), &usual.sessions),
        messages_per_second: setting(set.messages_per_second.as_ref(), &usual.messages_per_second),
        session_idle_hours: setting(set.session_idle_hours.as_ref(), &usual.session_idle_hours),
        session_hours: setting(set.session_hours.as_ref(), &usual.session_hours),
    }
}

/// `POST /api/v1/admin/settings`
pub(super) async fn change_settings(
    State(app): State<Arc<App>>,
    Administrator(by): Administrator,
    Json(change): Json<ChangeSettings>,
) -> Result<Json<Settings>, Refusal> {
    // A task of its own: a connection lost on the way must not leave stored what does not count.
    let done = tokio::spawn(async move {
        // One change at a time, or the second would undo the first.
        let _turn = app.settings_turn.lock().await;
        let before = app.settings.overrides();
        let after = changed(&before, change)?;
        let changes = differences(app.settings.defaults(), &before, &after);
        if !changes.is_empty() {
            let value = serde_json::to_vec(&after).map_err(std::io::Error::other)?;
            app.store.put_settings(by, value, changes, now_ms()).await?;
            app.settings.replace(after);
        }
        Ok(Json(shown(&app.settings)))
    });
    done.await.unwrap_or_else(|_| Err(crate::store::StoreError::Internal.into()))
}

/// What is set after a change.
fn changed(before: &Overrides, change: ChangeSettings) -> Result<Overrides, Refusal> {
    let ChangeSettings {
        name,
        registration,
        guests,
        totp,
        sessions,
        messages_per_second,
        session_idle_hours,
        session_hours,
    } = change;
    let name = match name {
        Some(Some(name)) => Some(Some(config::name(&name).map_err(invalid)?)),
        other => other,
    };
    check_number(messages_per_second, 1_000_000, "an account may write 1 to 1000000 messages per second")?;
    check_number(session_idle_hours, HOURS, "sessions end after 1 to 8760 hours")?;
    check_number(session_hours, HOURS, "sessions end after 1 to 8760 hours")?;
    let before = before.clone();
    Ok(Overrides {
        name: name.unwrap_or(before.name),
        registration: registration.unwrap_or(before.registration),
        guests: guests.unwrap_or(before.guests),
        totp: totp.unwrap_or(before.totp),
        sessions: sessions.unwrap_or(before.sessions),
        messages_per_second: messages_per_second.unwrap_or(before.messages_per_second),
        session_idle_hours: session_idle_hours.unwrap_or(before.session_idle_hours),
        session_hours: session_hours.unwrap_or(before.session_hours),
    })
}

fn check_number(change: Option<Option<u32>>, most: u32, rule: &'static str) -> Result<(), Refusal> {
    let fine = change.flatten().is_none_or(|number| (1..=most).contains(&number));
    if fine { Ok(()) } else { Err(invalid(rule)) }
}

/// What differs, for the audit log.
fn differences(usual: &settings::Values, before: &Overrides, after: &Overrides) -> SettingChanges {
    let mut changes = SettingChanges::new();
    let mut compare = |name, old: String, new: String, set: bool| {
        let back = if set { "" } else { " (as started)" };
        changes.push((name, format!("{old} -> {new}{back}")));
    };
    macro_rules! compare {
        ($($field:ident),+) => {$(
            if before.$field != after.$field {
                let shown = |set: &Overrides| {
                    let value = set.$field.clone().unwrap_or_else(|| usual.$field.clone());
                    let json = serde_json::to_value(value).unwrap_or_default();
                    json.as_str().map_or_else(|| json.to_string(), str::to_owned)
                };
                compare(stringify!($field), shown(before), shown(after), after.$field.is_some());
            }
        )+};
    }
    compare!(
        name,
        registration,
        guests,
        totp,
        sessions,
        messages_per_second,
        session_idle_hours,
        session_hours
    );
    changes
}

/// `GET /api/v1/admin/statistics`
pub(super) async fn statistics(
    State(app): State<Arc<App>>,
    Administrator(_): Administrator,
) -> Json<StatisticsPage> {
    Json(app.statistics.page(&app.store).await)
}
