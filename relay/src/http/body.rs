//! JSON in and out.

use std::sync::Arc;

use axum::{
    body::{Body, to_bytes},
    extract::{FromRequest, Request},
    http::{HeaderMap, HeaderValue, header},
    response::{IntoResponse, Response},
};
use serde::{Serialize, de::DeserializeOwned};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use waxwing_wire::{Problem, ProblemCode, limits as shared};

use super::{
    App, Peer, guard,
    places::{Place, Places},
    problem::Refusal,
};
use crate::{limits, store::StoreError};

/// A JSON body of at most [`limits::CALL_BYTES`], with the fields of `T` and no others; or an answer.
#[derive(Debug)]
pub struct Json<T>(pub T);

/// A JSON body of at most [`shared::JSON_BYTES`], for the few calls of a session that bring sealed things.
#[derive(Debug)]
pub struct Large<T>(pub T);

/// The same for calls without a session: anybody may send one, and it takes memory, which is reserved before any of it
/// is read, for as long as the second part lives.
#[derive(Debug)]
pub struct Stranger<T>(pub T, pub Reserved);

/// Memory for the bodies of strangers.
#[derive(Debug)]
pub struct Memory {
    bytes: Arc<Semaphore>,
    of_addresses: Arc<Places>,
}

/// A part of it.
#[derive(Debug)]
pub struct Reserved {
    _bytes: OwnedSemaphorePermit,
    _of_address: Place,
}

impl Memory {
    pub(super) fn new(bytes: usize, per_address: usize) -> Self {
        Self { bytes: Arc::new(Semaphore::new(bytes)), of_addresses: Places::new(per_address) }
    }

    /// Room for so many bytes from an address, unless it or all of them together have too much already.
    fn reserve(&self, address: std::net::IpAddr, bytes: usize) -> Result<Reserved, Refusal> {
        let busy = |code, detail| {
            let mut problem = Problem::new(code, detail);
            problem.retry_after_s = Some(BUSY_S);
            Refusal::from(problem)
        };
        let of_address = self.of_addresses.take(address).ok_or_else(|| {
            busy(ProblemCode::RateLimited, "your internet address sends too much at once; wait a little")
        })?;
        let bytes = u32::try_from(bytes.max(1)).unwrap_or(u32::MAX);
        let permit = Arc::clone(&self.bytes).try_acquire_many_owned(bytes).map_err(|_| {
            busy(ProblemCode::Unavailable, "the relay takes too many such calls now; wait a little")
        })?;
        Ok(Reserved { _bytes: permit, _of_address: of_address })
    }
}

/// After how many seconds whoever found no room may try again.
const BUSY_S: u32 = 5;

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

impl<T: DeserializeOwned> FromRequest<Arc<App>> for Stranger<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<Self, Refusal> {
        let most = shared::JSON_BYTES;
        let announced = announced(request.headers());
        if announced.is_some_and(|bytes| bytes > most) {
            return Err(too_large(most));
        }
        let peer = request.extensions().get::<Peer>().ok_or(StoreError::Internal)?;
        let address = guard::client_address(&app.proxies, peer, request.headers());
        // No more than announced is ever read.
        let reserved = app.memory.reserve(address, announced.unwrap_or(most))?;
        Ok(Self(parse(request, most).await?, reserved))
    }
}

/// Length of a body, if its sender tells.
fn announced(headers: &HeaderMap) -> Option<usize> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// A JSON body of at most so many bytes, with the fields of `T` and no others.
pub(super) async fn parse<T: DeserializeOwned>(request: Request, most: usize) -> Result<T, Refusal> {
    if announced(request.headers()).is_some_and(|bytes| bytes > most) {
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

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::*;

    #[test]
    fn bodies_of_strangers_have_a_bounded_memory_and_give_it_back() {
        let memory = Memory::new(1000, 2);
        let address = |last| IpAddr::from([192, 0, 2, last]);
        let (first, second) = (memory.reserve(address(1), 400), memory.reserve(address(1), 400));
        assert!(first.is_ok() && second.is_ok());
        assert!(memory.reserve(address(1), 1).is_err(), "one address has a few only");
        assert!(memory.reserve(address(2), 201).is_err(), "there is not so much left");
        assert!(memory.reserve(address(2), 200).is_ok());
        drop(first);
        assert!(memory.reserve(address(1), 600).is_ok());
    }
}
