//! Answers: JSON, pages, redirects, event streams, and the connection closed instead of one.

use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, LOCATION, RETRY_AFTER};
use http::{HeaderName, HeaderValue, Response, StatusCode};
use serde_json::{Value, json};

use crate::scenario::Parameters;
use crate::script::Cut;

/// An answer, or the connection cut without one.
pub(crate) type Answer = Result<Response<Body>, Cut>;

/// Any body under a status and content type.
pub(crate) fn plain(status: u16, content_type: &str, body: impl Into<Bytes>) -> Response<Body> {
    let mut response = Response::new(Body::from(body.into()));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    set(&mut response, CONTENT_TYPE, content_type);
    response
}

/// JSON.
pub(crate) fn json(status: u16, body: &Value) -> Response<Body> {
    plain(status, "application/json", body.to_string())
}

/// An HTML page.
pub(crate) fn page(status: u16, html: &str) -> Response<Body> {
    plain(status, "text/html; charset=UTF-8", html.to_owned())
}

/// A redirect.
pub(crate) fn redirect(status: u16, location: &str) -> Response<Body> {
    let mut response = plain(status, "text/plain; charset=utf-8", Bytes::new());
    set(&mut response, LOCATION, location);
    response
}

/// An OAuth error (RFC 6749 section 5.2), never cached.
pub(crate) fn oauth_error(status: u16, error: &str, description: &str) -> Response<Body> {
    no_store(json(status, &json!({"error": error, "error_description": description})))
}

/// Forbids caching, as every answer with or about a secret must (RFC 6749 section 5.1).
pub(crate) fn no_store(mut response: Response<Body>) -> Response<Body> {
    set(&mut response, CACHE_CONTROL, "no-store");
    response
}

/// The page of a bot check at the provider's edge.
pub(crate) fn bot_check(status: u16) -> Response<Body> {
    let mut response = page(status, BOT_CHECK);
    set(&mut response, http::header::SERVER, "cloudflare");
    set(&mut response, HeaderName::from_static("cf-mitigated"), "challenge");
    response
}

/// Adds `Retry-After` in seconds.
pub(crate) fn retry_after(mut response: Response<Body>, secs: u64) -> Response<Body> {
    set(&mut response, RETRY_AFTER, &secs.to_string());
    response
}

/// Sets a header; a value that cannot be one is left out.
pub(crate) fn set(response: &mut Response<Body>, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
}

/// Exactly the reply that the `respond` scenario asks for.
pub(crate) async fn as_ordered(parameters: &Parameters) -> Response<Body> {
    pause(parameters.number("delay_ms", 0)).await;
    let status = parameters.status(200);
    let body = match parameters.0.get("body") {
        None => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    };
    let mut response = plain(status, "application/json", body);
    if let Some(Value::Object(headers)) = parameters.0.get("headers") {
        for (name, value) in headers {
            if let (Ok(name), Some(value)) = (name.parse::<HeaderName>(), value.as_str()) {
                set(&mut response, name, value);
            }
        }
    }
    response
}

/// Waits; nothing for nothing.
pub(crate) async fn pause(milliseconds: u64) {
    if milliseconds > 0 {
        tokio::time::sleep(Duration::from_millis(milliseconds)).await;
    }
}

/// Waits for as long as a hanging endpoint does, then closes without an answer.
pub(crate) async fn hang(parameters: &Parameters) -> Answer {
    tokio::time::sleep(Duration::from_secs(parameters.number("secs", HANG_SECS))).await;
    Err(Cut)
}

/// Longer than any client waits, and still an end.
const HANG_SECS: u64 = 3600;
/// What a Cloudflare challenge looks like, shortened.
const BOT_CHECK: &str = r#"<!DOCTYPE html>
<html lang="en-US">
<head><title>Just a moment...</title><meta http-equiv="Content-Type" content="text/html; charset=UTF-8"><meta name="robots" content="noindex,nofollow"></head>
<body><noscript><div class="h2"><span id="challenge-error-text">Enable JavaScript and cookies to continue</span></div></noscript></body></html>"#;
