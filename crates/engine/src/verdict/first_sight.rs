//! What can be said of an endpoint's answer before its words are read.

use http::header::CONTENT_TYPE;

use crate::wire::Reply;

/// Whether an endpoint that has moved answers like this: 403, 404, or a page for people. One learnt from a cache must be
/// discovered again then (hermes-agent #68694).
pub fn may_have_moved(reply: &Reply) -> bool {
    let typed = reply.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let is_page = typed.is_some_and(|value| value.trim_start().to_ascii_lowercase().starts_with("text/html"))
        || reply.body.trim_ascii_start().starts_with(b"<");
    matches!(reply.status, 403 | 404) || is_page
}

/// Whether the server says that it did what was asked; what it sent along may still be unusable.
pub const fn claims_success(reply: &Reply) -> bool {
    reply.status >= 200 && reply.status < 300
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::{HeaderMap, HeaderValue};

    use super::*;

    #[track_caller]
    fn check(status: u16, content_type: &'static str, body: &'static str, moved: bool) {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        let reply = Reply {
            status,
            headers,
            body: Bytes::from_static(body.as_bytes()),
            truncated: false,
        };
        assert_eq!(may_have_moved(&reply), moved, "{status} {content_type} {body}");
    }

    #[test]
    fn moved_endpoints() {
        check(403, "application/json", "{}", true);
        check(404, "text/plain", "", true);
        check(200, "Text/HTML; charset=utf-8", "hello", true);
        check(503, "", " <!doctype html>", true);
        check(400, "application/json", r#"{"error":"invalid_grant"}"#, false);
        check(503, "text/plain", "busy", false);
    }
}
