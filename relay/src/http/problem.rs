//! RFC 9457 problem documents.

use std::any::Any;

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use waxwing_wire::{Problem, ProblemCode};

use crate::store::StoreError;

/// A refusal of an HTTP call.
#[derive(Debug)]
pub struct Refusal {
    problem: Problem,
    status: StatusCode,
}

#[derive(Serialize)]
struct Document<'a> {
    r#type: String,
    title: &'a str,
    status: u16,
    #[serde(flatten)]
    problem: &'a Problem,
}

impl Refusal {
    /// With another status than the code's own.
    pub fn with_status(problem: Problem, status: StatusCode) -> Self {
        Self { problem, status }
    }
}

impl From<Problem> for Refusal {
    fn from(problem: Problem) -> Self {
        let status = StatusCode::from_u16(problem.code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        Self { problem, status }
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        Problem::from(error).into()
    }
}

impl From<std::io::Error> for Refusal {
    fn from(error: std::io::Error) -> Self {
        tracing::error!(%error, "the system refused");
        StoreError::Internal.into()
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let Self { problem, status } = self;
        let code = problem.code.as_str();
        let document = Document {
            r#type: format!("urn:waxwing:problem:{code}"),
            title: &code.replace('_', " "),
            status: status.as_u16(),
            problem: &problem,
        };
        // Strings and numbers: there is nothing in it that could not be written.
        let body = serde_json::to_vec(&document).unwrap_or_default();
        let mut response = (status, body).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some(seconds) = problem.retry_after_s {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

/// The answer when a handler panicked, which is a bug; the rest of the relay goes on.
pub fn after_panic(_: Box<dyn Any + Send>) -> Response {
    tracing::error!("a request handler panicked");
    Refusal::from(Problem::new(ProblemCode::Internal, StoreError::Internal.to_string())).into_response()
}
