//! The audit log.

use std::sync::Arc;

use axum::{
    body::{Body, Bytes},
    extract::State,
    http::header,
    response::IntoResponse,
};
use waxwing_wire::admin::{AuditList, AuditQuery, AuditVerdict, VerifyQuery};

use super::{Administrator, Asked};
use crate::{
    http::{App, body::Json, problem::Refusal},
    limits, now_ms,
};

/// `GET /api/v1/admin/audit`
pub(super) async fn list(
    State(app): State<Arc<App>>,
    Administrator(_): Administrator,
    Asked(query): Asked<AuditQuery>,
) -> Result<Json<AuditList>, Refusal> {
    Ok(Json(app.store.audit(query).await?))
}

/// `GET /api/v1/admin/audit/verify`
pub(super) async fn verify(
    State(app): State<Arc<App>>,
    Administrator(_): Administrator,
    Asked(query): Asked<VerifyQuery>,
) -> Result<Json<AuditVerdict>, Refusal> {
    Ok(Json(app.store.verify_audit(query.seen).await?))
}

/// `GET /api/v1/admin/audit/export`
pub(super) async fn export(
    State(app): State<Arc<App>>,
    Administrator(by): Administrator,
) -> Result<impl IntoResponse, Refusal> {
    app.store.note_audit_export(by, now_ms()).await?;
    // Page by page: a long log is never in memory as a whole.
    let pages = futures_util::stream::try_unfold((app, 0), |(app, after)| async move {
        let (lines, last) =
            app.store.audit_lines(after, limits::EXPORT_PAGE).await.map_err(std::io::Error::other)?;
        let more = !lines.is_empty();
        Ok::<_, std::io::Error>(more.then(|| (Bytes::from(lines), (app, last))))
    });
    let headers = [
        (header::CONTENT_TYPE, "application/x-ndjson"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"waxwing-audit.jsonl\""),
    ];
    Ok((headers, Body::from_stream(pages)))
}
