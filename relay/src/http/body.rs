//! JSON in and out.

use axum::{
    body::{Body, to_bytes},
    extract::{FromRequest, Request},
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use serde::{Serialize, de::DeserializeOwned};
use waxwing_wire::{Problem, ProblemCode, limits as shared};

use super::problem::Refusal;
use crate::{limits, store::StoreError};

/// A JSON body of at most [`limits::CALL_BYTES`], with the fields of `T` and no others; or an answer.
#[derive(Debug)]
pub struct Json<T>(pub T);

/// A JSON body of at most [`shared::JSON_BYTES`], for the few calls that bring sealed things: anybody may send one, and it
/// takes memory.
#[derive(Debug)]
pub struct Large<T>(pub T);

impl<S: Sync, T: DeserializeOwned> FromRequest<S> for Json<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, _: &S) -> Result<Self, Refusal> {
        parse(request, limits::CALL_BYTES).await.map(Self)
    }
}

impl<S: Sync, T: DeserializeOwned> FromRequest<S> for Large<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, _: &S) -> Result<Self, Refusal> {
        parse(request, shared::JSON_BYTES).await.map(Self)
    }
}

async fn parse<T: DeserializeOwned>(request: Request, most: usize) -> Result<T, Refusal> {
    let announced = request.headers().get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok());
    if announced.and_then(|text| text.parse().ok()).is_some_and(|bytes: usize| bytes > most) {
        return Err(too_large(most));
    }
    let reading = read(request.into_body(), most);
    let bytes = tokio::time::timeout(limits::BODY_TIME, reading)
        .await
        .map_err(|_| Problem::new(ProblemCode::Malformed, "the body took too long to arrive"))??;
    let value = serde_json::from_slice(&bytes).map_err(|error| refuse(&error))?;
    // serde would also take the fields one after the other in an array.
    if bytes.trim_ascii_start().first() != Some(&b'{') {
        return Err(Problem::new(ProblemCode::Invalid, "the body is not a JSON object").into());
    }
    Ok(value)
}

async fn read(body: Body, most: usize) -> Result<bytes::Bytes, Refusal> {
    to_bytes(body, most).await.map_err(|error| {
        if error.into_inner().is::<http_body_util::LengthLimitError>() {
            too_large(most)
        } else {
            Problem::new(ProblemCode::Malformed, "the body was cut short").into()
        }
    })
}

fn too_large(most: usize) -> Refusal {
    let detail = format!("the body is larger than {most} bytes");
    Problem::new(ProblemCode::TooLarge, detail).into()
}

/// Tells where the body is wrong, never what it says: it may hold secrets.
fn refuse(error: &serde_json::Error) -> Refusal {
    let (line, column) = (error.line(), error.column());
    if error.is_data() {
        let detail =
            format!("the body has not exactly the fields of this call (line {line}, column {column})");
        Problem::new(ProblemCode::Invalid, detail).into()
    } else {
        Problem::new(ProblemCode::Malformed, format!("the body is not JSON (line {line}, column {column})"))
            .into()
    }
}

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        match serde_json::to_vec(&self.0) {
            Ok(body) => {
                let kind = HeaderValue::from_static("application/json");
                ([(header::CONTENT_TYPE, kind)], body).into_response()
            }
            Err(error) => {
                tracing::error!(%error, "an answer could not be written");
                Refusal::from(StoreError::Internal).into_response()
            }
        }
    }
}
