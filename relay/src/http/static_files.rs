//! The web app, when it was built in.

use axum::Router;

#[cfg(not(feature = "embed-web"))]
pub(super) fn routes() -> Router {
    use axum::routing::get;
    Router::new().route("/", get(|| async { HOW_TO_BUILD }))
}

#[cfg(not(feature = "embed-web"))]
const HOW_TO_BUILD: &str = "This relay was built without the web app.\n\
    Build the app, then the relay with it inside: cargo xtask build\n\
    or, in two steps: npm run build (in web/), cargo build --release -p waxwing-relay --features embed-web\n";

#[cfg(feature = "embed-web")]
pub(super) fn routes() -> Router {
    memory_serve::load!()
        .index_file(Some("/index.html"))
        // Every browser that runs the app takes brotli.
        .enable_gzip(false)
        .into_router()
        .layer(axum::middleware::from_fn(set_caching))
}

/// Names under /assets/ carry a hash of their content and never change; everything else is asked for again.
#[cfg(feature = "embed-web")]
async fn set_caching(
    request: axum::extract::Request,
    next: axum::middleware::Next,
) -> axum::response::Response {
    use axum::http::{HeaderValue, header};
    let hashed = request.uri().path().starts_with("/assets/");
    let mut response = next.run(request).await;
    let fine = response.status().is_success() || response.status() == axum::http::StatusCode::NOT_MODIFIED;
    let policy = if hashed && fine { "public, max-age=31536000, immutable" } else { "no-cache" };
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static(policy));
    response
}
