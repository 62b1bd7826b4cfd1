//! What is a client's own and goes no further: keys wherever clients carry them, cookies, and what speaks for it to others.
//!
//! One table for both sides: a client key is looked for only in places that are emptied before a request goes on, so that none
//! can be let in and passed on.

use std::borrow::Cow;

use evergrant_engine::failure::{Code, Failure};
use evergrant_engine::remedy::Remedy;
use http::header::{AUTHORIZATION, SEC_WEBSOCKET_PROTOCOL};
use http::{HeaderMap, HeaderName, HeaderValue, Uri};
use memchr::memchr3;
use url::form_urlencoded;

use super::hop::{drop_lines, is_of_one_hop};
use crate::client_key::holds_one;

/// Every text that a client shows where clients carry their keys; one that is no header text is no key either.
pub(crate) fn shown<'a>(uri: &'a Uri, headers: &'a HeaderMap) -> impl Iterator<Item = Cow<'a, str>> {
    let alone = headers.iter().filter_map(|(name, value)| {
        if *name == AUTHORIZATION {
            let (scheme, key) = value.to_str().ok()?.split_at_checked(BEARER.len())?;
            return scheme.eq_ignore_ascii_case(BEARER).then(|| key.trim());
        }
        KEY_HEADERS.contains(name).then(|| value.to_str().ok())?.map(str::trim)
    });
    let asked = uri.query().into_iter().flat_map(|query| query.split('&'));
    let asked = asked.flat_map(|pair| form_urlencoded::parse(pair.as_bytes()));
    let asked = asked.filter_map(|(name, key)| is_field_of_a_key(&name).then_some(key));
    let carried = protocols(headers).filter_map(|protocol| {
        let (lead, key) = protocol.split_once('.')?;
        names_a_secret(lead).then_some(key)
    });
    let plain = alone.chain(carried).map(Cow::Borrowed);
    plain.chain(asked).filter(|text| !text.is_empty())
}

/// Takes out of a request's headers what stays here, and what else is not to go on, in one look; answers whether subprotocols
/// were offered of which none is left.
pub(super) fn withhold(headers: &mut HeaderMap, mut is_to_go: impl FnMut(&str) -> bool) -> bool {
    let mut has_offers = false;
    drop_lines(headers, |name, value| {
        let is_offer = name == SEC_WEBSOCKET_PROTOCOL.as_str();
        has_offers |= is_offer;
        is_to_go(name) || stays_here(name) || (!is_offer && holds_one(value.as_bytes()))
    });
    if !has_offers || !headers.contains_key(SEC_WEBSOCKET_PROTOCOL) {
        return false;
    }
    withhold_protocols(headers);
    !headers.contains_key(SEC_WEBSOCKET_PROTOCOL)
}

/// The address below a provider's base without the fields that stay here, the rest byte for byte.
///
/// # Errors
/// A path that holds a client key, which nothing can be taken out of.
pub(super) fn without_keys(path_and_query: &str) -> Result<Cow<'_, str>, Failure> {
    // What holds none as it stands and has nothing coded holds none when it is read, and without a query there are no fields.
    if memchr3(b'?', b'%', b'+', path_and_query.as_bytes()).is_none() && !holds_one(path_and_query.as_bytes()) {
        return Ok(Cow::Borrowed(path_and_query));
    }
    let (path, query) = path_and_query.split_once('?').unwrap_or((path_and_query, ""));
    // As a form it is read once; whoever writes it twice coded has no server that would read it.
    if form_urlencoded::parse(path.as_bytes())
        .any(|(part, rest)| holds_one(part.as_bytes()) || holds_one(rest.as_bytes()))
    {
        let message = "the path holds a client key: it is shown in a header, or in a field of the query";
        return Err(Failure::new(Code::UnknownPath, message).with_remedy(Remedy::ChangeRequest));
    }
    let stays = |pair: &&str| {
        form_urlencoded::parse(pair.as_bytes())
            .any(|(name, value)| is_field_of_a_key(&name) || holds_one(name.as_bytes()) || holds_one(value.as_bytes()))
    };
    if !query.split('&').any(|pair| stays(&pair)) {
        return Ok(Cow::Borrowed(path_and_query));
    }
    let kept: Vec<&str> = query.split('&').filter(|pair| !stays(pair)).collect();
    Ok(match kept.as_slice() {
        [] => Cow::Borrowed(path),
        kept => Cow::Owned(format!("{path}?{}", kept.join("&"))),
    })
}

/// Takes out of an answer's headers what the provider would have its account keep, because the account is not the client's, and
/// unless it leaves HTTP, what is of one hop.
pub(super) fn withhold_from_client(headers: &mut HeaderMap, leaves_http: bool) {
    drop_lines(headers, |name, _| {
        matches!(name, "set-cookie" | "set-cookie2") || (!leaves_http && is_of_one_hop(name))
    });
}

/// Leaves of a WebSocket's subprotocols those that carry no key (browsers can set no other header).
fn withhold_protocols(headers: &mut HeaderMap) {
    let (mut kept, mut follows) = (Vec::new(), false);
    for protocol in protocols(headers) {
        let lead = protocol.split('.').next().unwrap_or_default();
        let says = names_a_secret(lead);
        if !says && !follows && !holds_one(protocol.as_bytes()) {
            kept.push(protocol);
        }
        // Some have the key as a protocol of its own, behind one that says so.
        follows = says && !protocol.contains('.');
    }
    let left = HeaderValue::try_from(kept.join(", "))
        .ok()
        .filter(|left| !left.is_empty());
    match left {
        Some(left) => drop(headers.insert(SEC_WEBSOCKET_PROTOCOL, left)),
        None => drop(headers.remove(SEC_WEBSOCKET_PROTOCOL)),
    }
}

fn protocols(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    let values = headers.get_all(SEC_WEBSOCKET_PROTOCOL).into_iter();
    let texts = values.filter_map(|value| value.to_str().ok());
    texts
        .flat_map(|text| text.split(','))
        .map(str::trim)
        .filter(|text| !text.is_empty())
}

/// Whether a header of this name is the client's own, whatever is in it.
fn stays_here(name: &str) -> bool {
    let is_meant_for_us =
        || name.starts_with("x-") && (name.starts_with("x-evergrant-") || METHOD_HEADERS.contains(&name));
    names_a_secret(name) || is_meant_for_us()
}

/// Whether a name says that a secret follows; CGI takes `_` for `-`.
fn names_a_secret(name: &str) -> bool {
    let (name, mut before, mut begin) = (name.as_bytes(), &b""[..], 0);
    for end in 0..=name.len() {
        if name.get(end).is_some_and(|byte| !matches!(byte, b'-' | b'_')) {
            continue;
        }
        let word = &name[begin..end];
        if ends_as_a_secret(word) && is_secret(word, before) {
            return true;
        }
        (before, begin) = (word, end + 1);
    }
    false
}

/// Whether a word is a secret's, behind this one.
fn is_secret(word: &[u8], before: &[u8]) -> bool {
    let says = |words: &[&str], word: &[u8]| words.iter().any(|known| known.as_bytes().eq_ignore_ascii_case(word));
    says(&SECRET_WORDS, word) || (says(&["key"], word) && says(&BEFORE_KEY, before))
}

/// Whether a word is as long as one of the secret ones and ends as it does: few others have to be compared with any.
fn ends_as_a_secret(word: &[u8]) -> bool {
    let ends = |last: &u8| ENDS.get(word.len()).is_some_and(|ends| ends >> (last & 31) & 1 == 1);
    word.last().is_some_and(ends)
}

/// Whether a field of a query carries a key, in whatever way its name is written.
fn is_field_of_a_key(name: &str) -> bool {
    let plain = name
        .bytes()
        .filter(|byte| !b"-_".contains(byte))
        .map(|byte| byte.to_ascii_lowercase());
    KEY_FIELDS.iter().any(|field| field.bytes().eq(plain.clone()))
}

/// What stands before a key in `Authorization`.
const BEARER: &str = "Bearer ";

/// Where clients carry a key beside that.
static KEY_HEADERS: [HeaderName; 3] = [
    HeaderName::from_static("x-api-key"),
    HeaderName::from_static("api-key"),
    HeaderName::from_static("x-goog-api-key"),
];

/// Fields of a query in which clients carry a key, in small letters and without `-` and `_`.
const KEY_FIELDS: [&str; 7] = [
    "key",
    "apikey",
    "xapikey",
    "xgoogapikey",
    "subscriptionkey",
    "accesstoken",
    "authtoken",
];

/// Words of which one in a header's name says that it speaks for the client: keys, cookies, and what a proxy before us has put
/// there about who asks.
const SECRET_WORDS: [&str; 12] = [
    "authorization",
    "cookie",
    "cookie2",
    "token",
    "secret",
    "password",
    "passwd",
    "jwt",
    "assertion",
    "credential",
    "credentials",
    "apikey",
];

/// The last letters of those words and of `key`, by their length: a bit for each letter, whatever its case.
const ENDS: [u32; 14] = {
    let (mut ends, mut at) = ([0; 14], 0);
    while at < SECRET_WORDS.len() {
        let word = SECRET_WORDS[at].as_bytes();
        ends[word.len()] |= 1 << (word[word.len() - 1] & 31);
        at += 1;
    }
    ends["key".len()] |= 1 << (b'y' & 31);
    ends
};

/// What stands before `key` where that is a secret; `idempotency-key` is none.
const BEFORE_KEY: [&str; 6] = ["api", "auth", "access", "secret", "private", "subscription"];

/// With these a server could read another method than the one that was judged here.
const METHOD_HEADERS: [&str; 3] = ["x-http-method-override", "x-http-method", "x-method-override"];

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(lines: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(*name, HeaderValue::from_static(value));
        }
        headers
    }

    #[test]
    fn a_key_is_shown_where_clients_carry_it() {
        let headers = headers(&[
            ("authorization", "Bearer one"),
            ("authorization", "bearer  two "),
            ("authorization", "Basic no"),
            ("authorization", "Bearer"),
            ("x-api-key", "three"),
            ("x-goog-api-key", "four"),
            ("x-api-key", ""),
            ("api-key", "five"),
            ("x-auth-token", "no"),
            (
                "sec-websocket-protocol",
                "realtime, openai-insecure-api-key.eight.9, no.ten",
            ),
        ]);
        let uri = Uri::from_static("/v1/x?key=six&a=no&K%65y=&Api_Key=se%76en&keys=no");
        let mut found: Vec<_> = shown(&uri, &headers).collect();
        found.sort();
        assert_eq!(
            found,
            ["eight.9", "five", "four", "one", "seven", "six", "three", "two"]
        );
    }

    #[test]
    fn what_is_shown_is_taken_out() {
        for name in [
            "Authorization",
            "proxy-authorization",
            "cookie",
            "x_api_key",
            "xi-api-key",
            "x-amz-security-token",
        ] {
            assert!(stays_here(name), "{name}");
        }
        for name in KEY_HEADERS.iter().map(HeaderName::as_str).chain(METHOD_HEADERS) {
            assert!(stays_here(name), "{name}");
        }
        for name in [
            "idempotency-key",
            "sec-websocket-key",
            "session_id",
            "x-max-tokens",
            "key",
            "openai-beta",
            "host",
        ] {
            assert!(!stays_here(name), "{name}");
        }
        for field in KEY_FIELDS {
            let address = format!("/x?{field}=a");
            assert_eq!(without_keys(&address).unwrap(), "/x");
        }
    }

    #[track_caller]
    fn check(address: &str, expected: Option<&str>) {
        assert_eq!(without_keys(address).ok().as_deref(), expected, "{address}");
    }

    #[test]
    fn an_address_keeps_everything_else() {
        check("/x", Some("/x"));
        check("/x?", Some("/x?"));
        check("/x?a=%20b&&c", Some("/x?a=%20b&&c"));
        check("/x?a=%20b&KEY=1&&c", Some("/x?a=%20b&&c"));
        check("/x?access%2dtoken=1", Some("/x"));
        check("/x?note=sk-evergrant-0&b", Some("/x?b"));
        check("/x?note=sk%2Devergrant-0&b", Some("/x?b"));
        check("/x/sk-evergrant-0", None);
        check("/x/sk%2devergrant-0/y=z", None);
        check("/x/y=sk-evergrant-0", None);
    }

    #[test]
    fn subprotocols_that_carry_a_key_are_left_out() {
        let left = |offers: &'static str| {
            let mut headers = headers(&[("sec-websocket-protocol", offers)]);
            withhold(&mut headers, |_| false);
            let left = headers.get(SEC_WEBSOCKET_PROTOCOL);
            left.map(|left| left.to_str().unwrap().to_owned())
        };
        let beta = Some("realtime, openai-beta.realtime-v1".to_owned());
        assert_eq!(
            left("realtime, openai-insecure-api-key.x,openai-beta.realtime-v1"),
            beta
        );
        assert_eq!(left("xai-client-secret.x"), None);
        assert_eq!(left("token, 0123456789, realtime").as_deref(), Some("realtime"));
        assert_eq!(left("sk-evergrant-0, graphql-ws").as_deref(), Some("graphql-ws"));
    }
}
