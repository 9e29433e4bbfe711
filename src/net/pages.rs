//! The web client's files, from the binary.

use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use wardroom_web::Asset;

/// A file of the client; the page itself for any address that a person could have typed.
pub(super) async fn page(request: Request) -> Response {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return StatusCode::METHOD_NOT_ALLOWED.into_response();
    }
    let path = request.uri().path();
    let wants_page = request
        .headers()
        .get(header::ACCEPT)
        .and_then(|accept| accept.to_str().ok())
        .is_some_and(|accept| accept.contains("text/html"));
    let asset = wardroom_web::asset(path);
    let asset = if wants_page && !path.starts_with("/v1/") {
        asset.or_else(|| wardroom_web::asset("/"))
    } else {
        asset
    };
    match asset {
        Some(asset) => file(asset, request.headers()),
        None => (StatusCode::NOT_FOUND, "there is nothing at this address\n").into_response(),
    }
}

fn file(asset: &'static Asset, asked: &HeaderMap) -> Response {
    let fixed = HeaderValue::from_static;
    let caching = if asset.immutable { "public, max-age=31536000, immutable" } else { "no-cache" };
    let mut headers = HeaderMap::new();
    headers.insert(header::ETAG, fixed(asset.etag));
    headers.insert(header::CACHE_CONTROL, fixed(caching));
    headers.insert(header::VARY, fixed("accept-encoding"));
    if asked.get(header::IF_NONE_MATCH).is_some_and(|tag| tag == asset.etag) {
        return (StatusCode::NOT_MODIFIED, headers).into_response();
    }
    headers.insert(header::CONTENT_TYPE, fixed(asset.content_type));
    let takes = |encoding: &str| {
        asked.get(header::ACCEPT_ENCODING).and_then(|accepted| accepted.to_str().ok()).is_some_and(
            |accepted| {
                accepted
                    .split(',')
                    .any(|one| one.split(';').next().unwrap_or("").trim() == encoding)
            },
        )
    };
    let body = match (asset.brotli, asset.gzip) {
        (Some(bytes), _) if takes("br") => {
            headers.insert(header::CONTENT_ENCODING, fixed("br"));
            bytes
        }
        (_, Some(bytes)) if takes("gzip") => {
            headers.insert(header::CONTENT_ENCODING, fixed("gzip"));
            bytes
        }
        _ => asset.identity,
    };
    (headers, body).into_response()
}
