//! Rooms, and reports of what was said in them.

use std::sync::Arc;

use axum::extract::State;
use waxwing_wire::{
    RoomId, Seq,
    account::Empty,
    admin::{Reason, ReportList, ReportQuery, Resolve, RoomList, RoomQuery},
};

use super::{Administrator, Asked, At, line};
use crate::{
    http::{App, body::Json, problem::Refusal},
    now_ms,
};

/// `GET /api/v1/admin/rooms`
pub(super) async fn list(
    State(app): State<Arc<App>>,
    Administrator(_): Administrator,
    Asked(query): Asked<RoomQuery>,
) -> Result<Json<RoomList>, Refusal> {
    Ok(Json(app.store.rooms_of_relay(query).await?))
}

/// `POST /api/v1/admin/rooms/{room}/remove`
pub(super) async fn remove(
    State(app): State<Arc<App>>,
    Administrator(by): Administrator,
    At(room): At<RoomId>,
    Json(reason): Json<Reason>,
) -> Result<Json<Empty>, Refusal> {
    let reason = line(reason.reason.as_deref())?;
    app.store.remove_room(by, room, reason, now_ms()).await?;
    Ok(Json(Empty {}))
}

/// `POST /api/v1/admin/rooms/{room}/entries/{seq}/remove`
pub(super) async fn remove_entry(
    State(app): State<Arc<App>>,
    Administrator(by): Administrator,
    At(entry): At<(RoomId, Seq)>,
    Json(reason): Json<Reason>,
) -> Result<Json<Empty>, Refusal> {
    let reason = line(reason.reason.as_deref())?;
    app.store.remove_entry(by, entry, reason, now_ms()).await?;
    Ok(Json(Empty {}))
}

/// `GET /api/v1/admin/reports`
pub(super) async fn reports(
    State(app): State<Arc<App>>,
    Administrator(by): Administrator,
    Asked(query): Asked<ReportQuery>,
) -> Result<Json<ReportList>, Refusal> {
    Ok(Json(app.store.reports(by.account, query).await?))
}

/// `POST /api/v1/admin/reports/{id}/resolve`
pub(super) async fn resolve(
    State(app): State<Arc<App>>,
    Administrator(by): Administrator,
    At(report): At<u64>,
    Json(Resolve { remove_message }): Json<Resolve>,
) -> Result<Json<Empty>, Refusal> {
    app.store.resolve_report(by, report, remove_message, now_ms()).await?;
    Ok(Json(Empty {}))
}
