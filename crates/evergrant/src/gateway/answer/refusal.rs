//! Turns a failure into an HTTP answer.

use bytes::Bytes;
use evergrant_driver::{Code, Failure};
use http::header::{CONNECTION, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderValue, Response, StatusCode};

use super::body::GatewayBody;
use super::status::status;
use super::surface::Surface;

/// The answer that tells of a failure, in the form of the client's API.
pub(in crate::gateway) fn refusal(surface: Surface, failure: &Failure) -> Response<GatewayBody> {
    let (status, kind) = status(failure.code);
    let text = surface.error(failure, kind).to_string();
    let mut response = Response::new(GatewayBody::full(Bytes::from(text)));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if matches!(failure.code, Code::RequestMalformed | Code::CrossSite) {
        // What follows on this connection may be a part of it, and comes from whoever sent it.
        headers.insert(CONNECTION, HeaderValue::from_static("close"));
    }
    // Only where time alone is missing: what must be done first is not done by waiting.
    let waits = matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE);
    if let Some(after) = failure.retry_after.filter(|_| waits) {
        let secs = after.as_secs() + u64::from(after.subsec_nanos() > 0);
        headers.insert(RETRY_AFTER, HeaderValue::from(secs));
    }
    response
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_time_to_come_back_is_told_and_never_too_early() {
        let failure = Failure::new(Code::UsageLimited, "used up").with_retry_after(Duration::from_millis(1_001));
        let response = refusal(Surface::OpenAi, &failure);
        assert_eq!(response.headers()[RETRY_AFTER], "2");
    }
}
