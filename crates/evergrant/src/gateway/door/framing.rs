//! Refuses requests whose framing two readers could read differently, and those that no gateway may pass on.

use evergrant_driver::{Code, Failure, Remedy};
use http::header::{HOST, TRANSFER_ENCODING};
use http::uri::Authority;
use http::{Method, Request, Version};

/// Refuses what has more than one meaning, or gives the credential away. What cannot be parsed at all has been refused
/// before, and of a length beside a transfer coding the coding counts, on a connection that ends with it.
pub(in crate::gateway) fn check<B>(request: &Request<B>) -> Result<(), Failure> {
    let (method, headers) = (request.method(), request.headers());
    // An answer to TRACE holds the request, and with it what was put into it here (RFC 9110 section 9.3.8).
    if [Method::TRACE, Method::CONNECT].contains(method) || method.as_str().eq_ignore_ascii_case("track") {
        return Err(refused(format!("`{method}` is not passed on")));
    }
    let mut codings = headers.get_all(TRANSFER_ENCODING).iter();
    match (codings.next(), codings.next()) {
        (None, _) => {}
        (Some(coding), None) if coding.as_bytes().eq_ignore_ascii_case(b"chunked") => {}
        (Some(_), _) => return Err(refused("the only transfer coding that is read is `chunked`, once")),
    }
    let mut hosts = headers.get_all(HOST).iter();
    let host = match (hosts.next(), hosts.next()) {
        (Some(host), None) => Some(host),
        // HTTP/1.0 has none, and HTTP/2 says it in the address.
        (None, _) if request.version() != Version::HTTP_11 => None,
        (None, _) => return Err(refused("the request has no `Host`")),
        (Some(_), Some(_)) => return Err(refused("the request has more than one `Host`")),
    };
    let Some(host) = host.filter(|host| !host.is_empty()) else {
        return Ok(());
    };
    if request.uri().authority().is_none() && is_plain(host.as_bytes()) {
        return Ok(());
    }
    let named: Option<Authority> = host.to_str().ok().and_then(|host| host.parse().ok());
    let Some(named) = named else {
        return Err(refused("the request's `Host` is no host"));
    };
    match request.uri().authority() {
        Some(asked) if place(asked) != place(&named) => Err(refused("the request's address and its `Host` differ")),
        Some(_) | None => Ok(()),
    }
}

/// Whether it is a name and perhaps a port, as nearly all are, so that nothing has to be taken apart to see that it is a host.
fn is_plain(host: &[u8]) -> bool {
    let colon = host.iter().position(|byte| *byte == b':');
    let (name, port) = match colon {
        Some(colon) => (&host[..colon], &host[colon + 1..]),
        None => (host, &b"0"[..]),
    };
    let is_of_name = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-');
    !name.is_empty()
        && name.iter().all(is_of_name)
        && (1..=PORT_DIGITS).contains(&port.len())
        && port.iter().all(u8::is_ascii_digit)
}

fn place(authority: &Authority) -> (String, u16) {
    (
        authority.host().to_ascii_lowercase(),
        authority.port_u16().unwrap_or(HTTP_PORT),
    )
}

fn refused(why: impl Into<String>) -> Failure {
    Failure::new(Code::RequestMalformed, why).with_remedy(Remedy::ChangeRequest)
}

/// 5: what is longer is no port, and is taken apart.
const PORT_DIGITS: usize = 5;

/// What `http` means where no port is named (RFC 9110 section 4.2.1).
const HTTP_PORT: u16 = 80;

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_one(method: &str, uri: &str, headers: &[(&str, &str)], allowed: bool) {
        let mut request = Request::builder().method(method).uri(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        assert_eq!(
            check(&request.body(()).unwrap()).is_ok(),
            allowed,
            "{method} {uri} {headers:?}"
        );
    }

    #[test]
    fn what_has_one_meaning_goes_on() {
        let host = ("host", "localhost:1");
        check_one("POST", "/v1/x", &[host], true);
        check_one("POST", "/v1/x", &[host, ("transfer-encoding", "Chunked")], true);
        check_one("GET", "http://LOCALHOST:1/v1/x", &[host], true);
        check_one("GET", "http://localhost/v1/x", &[("host", "localhost:80")], true);
        check_one("GET", "/v1/x", &[("host", "")], true);
    }

    #[test]
    fn what_has_two_is_refused() {
        let host = ("host", "localhost:1");
        check_one("GET", "/v1/x", &[], false);
        check_one("GET", "/v1/x", &[host, host], false);
        check_one("GET", "/v1/x", &[("host", "a b")], false);
        check_one("GET", "http://localhost:2/v1/x", &[host], false);
        check_one("POST", "/v1/x", &[host, ("transfer-encoding", "gzip, chunked")], false);
        let chunked = ("transfer-encoding", "chunked");
        check_one("POST", "/v1/x", &[host, chunked, chunked], false);
        check_one(
            "POST",
            "/v1/x",
            &[host, ("transfer-encoding", "chunked, chunked")],
            false,
        );
    }

    #[test]
    fn what_would_show_the_credential_is_refused() {
        for method in ["TRACE", "TRACK", "track"] {
            check_one(method, "/v1/x", &[("host", "localhost")], false);
        }
    }
}
