//! Makes a caller's request ready for a provider: address, credential, headers; everything else as it came.

use std::sync::Arc;

use evergrant_engine::credential::ProviderId;
use evergrant_engine::failure::{Code, Failure};
use evergrant_engine::protection::{Protection, stands};
use evergrant_engine::provider::{Auth, Row, Table};
use evergrant_engine::remedy::Remedy;
use http::header::{
    ACCEPT_ENCODING, AUTHORIZATION, CONNECTION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, ORIGIN, UPGRADE,
};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request};
use http_body::Body as _;
use memchr::memchr2;
use url::Position;

use super::address::Address;
use super::hop::{asks_for_websocket, is_lookalike, is_of_one_hop};
use super::outgoing::Outgoing;
use super::weight::{bytes_of_token, is_coded};
use super::withheld::withhold;

/// A request as it will be sent, save for what differs from provider to provider.
pub(super) struct Undressed {
    method: Method,
    address: Address,
    headers: HeaderMap,
    /// Whether it said how long its body is; how long it is, the body itself says.
    tells_length: bool,
    /// Whether it asks to leave HTTP.
    is_upgrade: bool,
    /// How many bytes of its body stand for a token.
    bytes_of_token: u64,
}

impl Undressed {
    /// Takes from a request what concerns only its way to us; where what is used must be counted, a plain answer is asked for
    /// whatever the body is.
    pub(super) fn new(parts: Parts, mut address: Address, must_be_plain: bool) -> Result<Self, Failure> {
        if !address.is_plain() {
            address = address.without_keys()?;
            if leaves_its_base(address.path()) {
                return Err(
                    Failure::new(Code::UnknownPath, "a path with `..` leads out of the provider's base")
                        .with_remedy(Remedy::ChangeRequest),
                );
            }
        }
        let is_upgrade = asks_for_websocket(&parts);
        let (mut headers, mut tells_length, mut tells_coding) = (parts.headers, false, false);
        let is_guarded = stands(Protection::HopByHop);
        let has_no_choice = withhold(&mut headers, |name| {
            tells_length |= name == CONTENT_LENGTH.as_str();
            tells_coding |= name == CONTENT_ENCODING.as_str();
            is_guarded && (is_of_one_hop(name) || is_lookalike(name))
        });
        if has_no_choice && is_upgrade && headers.contains_key(ORIGIN) {
            return Err(no_choice());
        }
        let typed = headers.get(CONTENT_TYPE);
        let bytes_of_token = bytes_of_token(typed, tells_coding && is_coded(&headers));
        if must_be_plain || (parts.method == Method::POST && typed.is_some_and(is_json)) {
            headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        }
        if is_upgrade {
            headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
            headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
        }
        Ok(Self {
            method: parts.method,
            address,
            headers,
            tells_length: tells_length && !is_upgrade,
            is_upgrade,
            bytes_of_token,
        })
    }

    /// Its method.
    pub(super) const fn method(&self) -> &Method {
        &self.method
    }

    /// Its path below the provider's base, without a query.
    pub(super) fn path(&self) -> &str {
        self.address.path()
    }

    /// Its headers, without those that are between two hops.
    pub(super) const fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// Whether the rows let it be sent again although the provider may have acted on it (RFC 9110 section 9.2.2).
    pub(super) fn is_listed(&self, route: &[ProviderId], table: &Table) -> bool {
        let listed = |row: &Arc<Row>| row.replayable.iter().any(|path| path == self.path());
        route.iter().all(|id| table.row(id).is_some_and(listed))
    }

    /// Whether later requests may go on from its answer by that one's id.
    pub(super) fn makes_threads(&self) -> bool {
        self.path().ends_with("/responses")
    }

    /// How many bytes of its body stand for a token.
    pub(super) const fn bytes_of_token(&self) -> u64 {
        self.bytes_of_token
    }

    /// Whether it asks to leave HTTP.
    pub(super) const fn is_upgrade(&self) -> bool {
        self.is_upgrade
    }

    /// The request for this provider, with its credential; of its address path and query.
    pub(super) fn dress(
        &mut self,
        row: &Row,
        credential: HeaderValue,
        body: Outgoing,
    ) -> Result<Request<Outgoing>, Failure> {
        let base = row.base_url[Position::BeforePath..].trim_end_matches('/');
        let uri = self.address.at(base)?;
        // The copy has room for no more lines than there are: it is the one that stays.
        let copy = self.headers.clone();
        let mut headers = std::mem::replace(&mut self.headers, copy);
        for (name, value) in &row.headers {
            if !self.headers.contains_key(name) {
                headers.append(name, value.clone());
            }
        }
        let (name, _) = place_of_credential(row);
        headers.insert(name, credential);
        // What the client told of it was told of the hop to us.
        match body.size_hint().exact().filter(|_| self.tells_length) {
            Some(length) if is_told(&headers, length) => {}
            Some(length) => drop(headers.insert(CONTENT_LENGTH, HeaderValue::from(length))),
            None if stands(Protection::HopByHop) => drop(headers.remove(CONTENT_LENGTH)),
            None => {}
        }
        let mut request = Request::new(body);
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = uri;
        *request.headers_mut() = headers;
        Ok(request)
    }
}

/// Whether the headers tell of this length already, once and written as we would.
fn is_told(headers: &HeaderMap, length: u64) -> bool {
    let mut told = headers.get_all(CONTENT_LENGTH).iter();
    let is_it = |told: &str| told.parse() == Ok(length) && !told.starts_with(['0', '+']);
    told.next().is_some_and(|told| told.to_str().is_ok_and(is_it)) && told.next().is_none()
}

/// A page whose WebSocket could not begin: browsers end it unless one of the subprotocols that they offer is chosen (WHATWG
/// WebSockets section 3), and no answer repeats one that carries a key. Before it costs anything, it is told.
fn no_choice() -> Failure {
    let message = "every subprotocol that this WebSocket offers carries a key, and none of them is repeated in an answer, without \
                   which a browser does not go on: offer `realtime` as well";
    Failure::new(Code::RequestMalformed, message).with_remedy(Remedy::ChangeRequest)
}

/// The header in which a provider wants the credential, and whether with `Bearer` before it.
pub(super) fn place_of_credential(row: &Row) -> (HeaderName, bool) {
    match &row.auth {
        Auth::OAuth(_) => (AUTHORIZATION, true),
        Auth::ApiKey(key) => (key.header.clone(), key.header == AUTHORIZATION),
    }
}

/// Whether a segment of the path is `..` or `.`, however it is written.
fn leaves_its_base(path: &str) -> bool {
    if memchr2(b'.', b'%', path.as_bytes()).is_none() {
        return false;
    }
    path.split(['/', '\\']).any(|segment| {
        let plain = segment.to_ascii_lowercase().replace("%2e", ".");
        // `%2f` and `%5c` are separators to some servers.
        plain
            .split("%2f")
            .flat_map(|part| part.split("%5c"))
            .any(|part| part == ".." || part == ".")
    })
}

fn is_json(typed: &HeaderValue) -> bool {
    let is_so = |typed: &str| {
        let mut words = typed.as_bytes().windows(4);
        words.any(|word| word.eq_ignore_ascii_case(b"json"))
    };
    // As most write it.
    typed == "application/json" || typed.to_str().is_ok_and(is_so)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_stay_below_the_base() {
        for path in ["/../x", "/a/%2e%2E/b", "/a/..%2fb", "/a\\..\\b", "/./a", "/a/.."] {
            assert!(leaves_its_base(path), "{path}");
        }
        for path in ["/chat/completions", "/files/a..b", "/models/..x", "/files/%20"] {
            assert!(!leaves_its_base(path), "{path}");
        }
    }
}
