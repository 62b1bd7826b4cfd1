//! What concerns one hop alone, and goes no further.

use http::header::{CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING, UPGRADE};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Version};

/// Drops every header of which a line is such a one, and what goes along with it. Those that are there are looked at, and not
/// each name looked up: most requests have a dozen lines, and none of what may not be among them.
pub(super) fn drop_lines(headers: &mut HeaderMap, mut is_to_go: impl FnMut(&str, &HeaderValue) -> bool) {
    let to_go = headers.iter().filter(|(name, value)| is_to_go(name.as_str(), value));
    let to_go: Vec<HeaderName> = to_go.map(|(name, _)| name.clone()).collect();
    for name in &to_go {
        drop_along_with(name, headers);
        headers.remove(name);
    }
}

/// Drops what goes along with a header: all that `Connection` names (RFC 9110 section 7.6.1), and a length that a transfer
/// coding overrides (RFC 9112 section 6.3).
fn drop_along_with(name: &HeaderName, headers: &mut HeaderMap) {
    if *name == CONNECTION {
        let named: Vec<HeaderName> = words(headers, name).filter_map(|name| name.parse().ok()).collect();
        for name in named {
            headers.remove(name);
        }
    } else if *name == TRANSFER_ENCODING {
        headers.remove(CONTENT_LENGTH);
    }
}

/// Whether a server which takes `_` for `-`, as CGI does, would read this header as the length, the coding or the key.
pub(super) fn is_lookalike(name: &str) -> bool {
    // Few names are as long as one of them.
    LOOKED_LIKE.iter().any(|known| known.len() == name.len())
        && name.contains('_')
        && LOOKED_LIKE.contains(&name.replace('_', "-").as_str())
}

/// Whether a header is between two hops only, or speaks to the next one alone: whom it asks, and whether it may go on.
pub(super) fn is_of_one_hop(name: &str) -> bool {
    matches!(
        name,
        "connection"
            | "proxy-authenticate"
            | "te"
            | "trailer"
            | "transfer-encoding"
            | "upgrade"
            | "keep-alive"
            | "proxy-connection"
            | "http2-settings"
            | "expect"
    )
}

/// Whether a request asks to go on as a WebSocket (RFC 6455 section 4.1): the only way out of HTTP there is. In any other
/// protocol requests could follow that nobody here has seen.
pub(super) fn asks_for_websocket(request: &Parts) -> bool {
    if request.method != Method::GET || request.version != Version::HTTP_11 {
        return false;
    }
    let headers = &request.headers;
    let mut protocols = words(headers, &UPGRADE);
    let has_body =
        headers.contains_key(TRANSFER_ENCODING) || headers.get(CONTENT_LENGTH).is_some_and(|length| length != "0");
    protocols
        .next()
        .is_some_and(|protocol| protocol.eq_ignore_ascii_case("websocket"))
        && protocols.next().is_none()
        && words(headers, &CONNECTION).any(|word| word.eq_ignore_ascii_case("upgrade"))
        && !has_body
}

/// The words of a header that is a list.
fn words<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a str> {
    let values = headers
        .get_all(name)
        .into_iter()
        .filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).map(str::trim)
}

/// What frames a request, names whom it is for, or says who asks.
const LOOKED_LIKE: [&str; 6] = [
    "content-length",
    "transfer-encoding",
    "x-api-key",
    "api-key",
    "x-goog-api-key",
    "proxy-authorization",
];

#[cfg(test)]
mod tests {
    use http::{HeaderValue, Request};

    use super::*;

    #[test]
    fn what_concerns_one_hop_goes_no_further() {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("connection", "close, X-One"),
            ("x-one", "1"),
            ("x-two", "2"),
            ("te", "trailers"),
            ("keep-alive", "timeout=5"),
            ("content-length", "5"),
            ("transfer-encoding", "chunked"),
            ("http2-settings", "AAMAAABkAAQAAP__"),
        ] {
            headers.append(name, HeaderValue::from_static(value));
        }
        drop_lines(&mut headers, |name, _| is_of_one_hop(name));
        assert_eq!(headers.len(), 1);
        assert!(headers.contains_key("x-two"));
    }

    #[test]
    fn what_a_lax_server_would_take_for_the_framing_goes() {
        let mut headers = HeaderMap::new();
        for name in [
            "transfer_encoding",
            "content_length",
            "x_api_key",
            "x_request_id",
            "x-plain",
        ] {
            headers.append(name, HeaderValue::from_static("1"));
        }
        drop_lines(&mut headers, |name, _| is_lookalike(name));
        assert_eq!(headers.len(), 2, "{headers:?}");
        assert!(headers.contains_key("x_request_id") && headers.contains_key("x-plain"));
    }

    #[track_caller]
    fn check(method: &str, headers: &[(&str, &str)], expected: bool) {
        let mut request = Request::builder().method(method);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let (parts, ()) = request.body(()).unwrap().into_parts();
        assert_eq!(asks_for_websocket(&parts), expected, "{method} {headers:?}");
    }

    #[test]
    fn only_a_websocket_leaves_http() {
        let (named, asked) = (("connection", "keep-alive, Upgrade"), ("upgrade", "WebSocket"));
        check("GET", &[named, asked], true);
        check("GET", &[named, asked, ("content-length", "0")], true);
        check("GET", &[asked], false);
        check("GET", &[("connection", "close"), asked], false);
        check("POST", &[named, asked], false);
        check("GET", &[named, ("upgrade", "h2c")], false);
        check("GET", &[named, ("upgrade", "h2c, websocket")], false);
        check("GET", &[named, asked, ("upgrade", "h2c")], false);
        check("GET", &[named, asked, ("content-length", "5")], false);
        check("GET", &[named, asked, ("transfer-encoding", "chunked")], false);
    }
}
