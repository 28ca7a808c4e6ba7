//! The administrator's desk: people, rooms, reports, what the operator says, settings, numbers, and the audit log.

mod audit;
mod operator;
mod rooms;
mod users;

use std::sync::Arc;

use axum::extract::{FromRequestParts, Path, Query};
use axum::http::request::Parts;
use serde::de::DeserializeOwned;
use waxwing_wire::{
    Problem, ProblemCode,
    account::{AccountStatus, Empty},
    admin::{self as desk, path},
    limits as shared, text,
};

use super::{
    App,
    api::{Call, Calls},
    auth::session::Current,
    problem::Refusal,
};
use crate::store::Caller;

/// The administrator who asks. Writes look once more in their transaction, after the body has come.
#[derive(Debug, Clone, Copy)]
pub(super) struct Administrator(pub Caller);

impl FromRequestParts<Arc<App>> for Administrator {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Refusal> {
        let Current(session) = Current::from_request_parts(parts, app).await?;
        if session.info.administrator && session.info.status == AccountStatus::Active {
            Ok(Self(session.caller()))
        } else {
            let detail = "this is for administrators of this relay";
            Err(Problem::new(ProblemCode::NotAdministrator, detail).into())
        }
    }
}

/// What a path names; anything that is no id names nothing.
#[derive(Debug)]
pub(super) struct At<T>(pub T);

impl<T: DeserializeOwned + Send> FromRequestParts<Arc<App>> for At<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Refusal> {
        let found = Path::<T>::from_request_parts(parts, app).await;
        found.map(|Path(id)| Self(id)).map_err(|_| {
            Problem::new(ProblemCode::NotFound, "there is no such thing: the address holds no id").into()
        })
    }
}

/// What a query asks for, with the fields of `T` and no others.
#[derive(Debug)]
pub(super) struct Asked<T>(pub T);

impl<T: DeserializeOwned> FromRequestParts<Arc<App>> for Asked<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &Arc<App>) -> Result<Self, Refusal> {
        let found = Query::<T>::try_from_uri(&parts.uri);
        found.map(|Query(query)| Self(query)).map_err(|_| {
            let detail = "the query has not exactly the fields of this call, or a value that is not allowed";
            Problem::new(ProblemCode::Invalid, detail).into()
        })
    }
}

fn invalid(detail: &'static str) -> Refusal {
    Problem::new(ProblemCode::Invalid, detail).into()
}

/// One line of a reason or note, checked and trimmed.
fn line(text: Option<&str>) -> Result<String, Refusal> {
    let words = text.unwrap_or_default().trim();
    if words.chars().count() > shared::REASON_CHARS || !text::is_line(words) {
        return Err(invalid("a reason is one line of at most 500 characters, none of them invisible"));
    }
    Ok(words.to_owned())
}

const NOT_FOUND: &[ProblemCode] = &[ProblemCode::NotFound];
const TAG: &str = "administration";

fn call(summary: &'static str) -> Call {
    Call::new(TAG, summary).administrator()
}

/// Something done to an account.
fn act(summary: &'static str) -> Call {
    call(summary).takes::<desk::Reason>().answers::<desk::UserRecord>().fails(&[
        ProblemCode::NotFound,
        ProblemCode::Conflict,
        ProblemCode::LastAdministrator,
    ])
}

/// Adds the calls.
pub(super) fn calls(calls: Calls) -> Calls {
    operator_calls(room_calls(user_calls(calls)))
        .get(
            path::AUDIT,
            audit::list,
            call("A page of the audit log.").query::<desk::AuditQuery>().answers::<desk::AuditList>(),
        )
        .get(
            path::AUDIT_VERIFY,
            audit::verify,
            call("Whether the audit log is as it was written.")
                .query::<desk::VerifyQuery>()
                .answers::<desk::AuditVerdict>(),
        )
        .get(
            path::AUDIT_EXPORT,
            audit::export,
            call("The whole audit log, one JSON object per line.").answers_with("application/x-ndjson"),
        )
}

fn user_calls(calls: Calls) -> Calls {
    calls
        .get(
            path::USERS,
            users::list,
            call("A page of the people of this relay.").query::<desk::UserQuery>().answers::<desk::Users>(),
        )
        .get(
            path::USER,
            users::details,
            call("One person with the sessions.").answers::<desk::UserDetails>().fails(NOT_FOUND),
        )
        .post(path::APPROVE, users::approve, act("Lets a waiting account go on."))
        .post(
            path::REFUSE,
            users::refuse,
            act("Refuses a waiting account, which is deleted.").answers::<Empty>(),
        )
        .post(path::BAN, users::ban, act("Ends all sessions of an account and takes no new ones."))
        .post(path::UNBAN, users::unban, act("Lets a banned account in again."))
        .post(path::KICK, users::kick, act("Ends all sessions of an account."))
        .post(path::RESET_TOTP, users::reset_totp, act("Takes the authenticator off an account."))
        .post(path::PROMOTE, users::promote, act("Makes an account administrator."))
        .post(path::DEMOTE, users::demote, act("Makes an account administrator no longer."))
}

fn room_calls(calls: Calls) -> Calls {
    calls
        .get(
            path::ROOMS,
            rooms::list,
            call("A page of the rooms of this relay.").query::<desk::RoomQuery>().answers::<desk::RoomList>(),
        )
        .post(
            path::ROOM_REMOVE,
            rooms::remove,
            call("Removes a room with its log.").takes::<desk::Reason>().answers::<Empty>().fails(NOT_FOUND),
        )
        .post(
            path::ENTRY_REMOVE,
            rooms::remove_entry,
            call("Removes the ciphertext of a message; its digest stays.")
                .takes::<desk::Reason>()
                .answers::<Empty>()
                .fails(NOT_FOUND),
        )
        .get(
            path::REPORTS,
            rooms::reports,
            call("A page of the reports of messages.")
                .query::<desk::ReportQuery>()
                .answers::<desk::ReportList>(),
        )
        .post(
            path::REPORT_RESOLVE,
            rooms::resolve,
            call("Decides on a report.")
                .takes::<desk::Resolve>()
                .answers::<Empty>()
                .fails(&[ProblemCode::NotFound, ProblemCode::Conflict]),
        )
}

fn operator_calls(calls: Calls) -> Calls {
    calls
        .get(
            path::INVITES,
            operator::invites,
            call("Invite codes that still work.").answers::<desk::InviteList>(),
        )
        .post(
            path::INVITES,
            operator::make_invite,
            call("Makes an invite code, which is told only here.")
                .takes::<desk::MakeInvite>()
                .answers::<desk::InviteMade>()
                .fails(&[ProblemCode::LimitReached]),
        )
        .post(
            path::INVITE_REVOKE,
            operator::revoke_invite,
            call("Revokes an invite code.").takes::<Empty>().answers::<Empty>().fails(NOT_FOUND),
        )
        .get(
            path::ANNOUNCEMENTS,
            operator::announcements,
            call("The newest announcements.").answers::<desk::AnnouncementList>(),
        )
        .post(
            path::ANNOUNCEMENTS,
            operator::announce,
            call("Tells everybody something.")
                .takes::<desk::Announce>()
                .answers::<desk::Announced>()
                .fails(&[ProblemCode::LimitReached]),
        )
        .post(
            path::ANNOUNCEMENT_WITHDRAW,
            operator::withdraw,
            call("Withdraws an announcement.").takes::<Empty>().answers::<Empty>().fails(NOT_FOUND),
        )
        .get(path::SETTINGS, operator::settings, call("The settings.").answers::<desk::Settings>())
        .post(
            path::SETTINGS,
            operator::change_settings,
            call("Changes settings, at once.").takes::<desk::ChangeSettings>().answers::<desk::Settings>(),
        )
        .get(
            path::STATISTICS,
            operator::statistics,
            call("Numbers of now and before.").answers::<desk::StatisticsPage>(),
        )
}
