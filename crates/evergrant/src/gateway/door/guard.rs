//! Keeps web pages out: without client keys, whoever can make a browser ask would spend the plan.

use evergrant_driver::{Code, Failure, Remedy};
use http::header::{HOST, ORIGIN};
use http::uri::Authority;
use http::{HeaderMap, Uri};

/// Refuses what a page of another site could have sent: any origin, and any name for this machine that is not loopback's
/// own (DNS rebinding). A unix socket is out of their reach.
pub(super) fn check(uri: &Uri, headers: &HeaderMap, is_local_socket: bool) -> Result<(), Failure> {
    if headers.contains_key(ORIGIN) {
        return Err(refused("a web page asked (the request has an `Origin`)"));
    }
    let fetched_by = headers.get("sec-fetch-site").map(|value| value.as_bytes());
    if !matches!(fetched_by, None | Some(b"none" | b"same-origin")) {
        return Err(refused("a web page of another site asked (`Sec-Fetch-Site`)"));
    }
    if is_local_socket {
        return Ok(());
    }
    let mut hosts = headers.get_all(HOST).iter();
    let named = match (hosts.next(), hosts.next()) {
        (Some(host), None) => host.to_str().ok().and_then(|host| host.parse::<Authority>().ok()),
        // HTTP/2 has it in the address alone.
        (None, _) => uri.authority().cloned(),
        (Some(_), Some(_)) => None,
    };
    let is_loopback = |authority: &Authority| is_loopback(authority.host()) && !authority.as_str().contains('@');
    if named.as_ref().is_some_and(is_loopback) && uri.authority().is_none_or(is_loopback) {
        return Ok(());
    }
    Err(refused("the request's `Host` is not a loopback address"))
}

fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost")
        || bare
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

fn refused(why: &str) -> Failure {
    Failure::new(Code::CrossSite, why).with_remedy(Remedy::ChangeRequest)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[track_caller]
    fn check_headers(headers: &[(&'static str, &'static str)], allowed: bool) {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, HeaderValue::from_static(value));
        }
        let found = check(&Uri::from_static("/v1/models"), &map, false);
        assert_eq!(found.is_ok(), allowed, "{headers:?}");
    }

    #[test]
    fn only_loopback_by_its_own_name() {
        check_headers(&[("host", "127.0.0.1:8787")], true);
        check_headers(&[("host", "localhost")], true);
        check_headers(&[("host", "LOCALHOST:1")], true);
        check_headers(&[("host", "[::1]:8787")], true);
        check_headers(&[("host", "127.9.9.9")], true);
        check_headers(&[], false);
        check_headers(&[("host", "evil.example")], false);
        check_headers(&[("host", "localhost.evil.example")], false);
        check_headers(&[("host", "127.0.0.1.evil.example")], false);
        check_headers(&[("host", "evil@127.0.0.1")], false);
        check_headers(&[("host", "127.0.0.1"), ("host", "evil.example")], false);
    }

    #[test]
    fn no_page_gets_through() {
        let host = ("host", "127.0.0.1:8787");
        check_headers(&[host, ("origin", "https://evil.example")], false);
        check_headers(&[host, ("origin", "null")], false);
        check_headers(&[host, ("origin", "http://127.0.0.1:8787")], false);
        check_headers(&[host, ("sec-fetch-site", "cross-site")], false);
        check_headers(&[host, ("sec-fetch-site", "same-site")], false);
        check_headers(&[host, ("sec-fetch-site", "none")], true);
    }

    #[test]
    fn an_absolute_address_counts_too() {
        let mut headers = HeaderMap::new();
        headers.insert(HOST, HeaderValue::from_static("127.0.0.1"));
        assert!(check(&Uri::from_static("http://evil.example/v1/models"), &headers, false).is_err());
        assert!(check(&Uri::from_static("http://127.0.0.1/v1/models"), &headers, false).is_ok());
    }
}
