//! What of a client's words may stand in the log: nothing that could be a key, a token or an address.

use http::{HeaderMap, HeaderName};

/// The path without its query; what could be a secret or names an account is left out of it.
pub(in crate::gateway) fn path(path: &str) -> String {
    let mut shown = String::with_capacity(path.len().min(PATH));
    for (at, segment) in path.split('/').enumerate() {
        if at > 0 {
            shown.push('/');
        }
        if shown.len() + segment.len() > PATH {
            shown.push_str(HIDDEN);
            break;
        }
        match segment.split_once(['@', '%']) {
            Some((before, _)) if !could_be_secret(before) => {
                shown.push_str(before);
                shown.push_str(HIDDEN);
            }
            None if !could_be_secret(segment) => shown.push_str(segment),
            Some(_) | None => shown.push_str(HIDDEN),
        }
    }
    shown
}

/// A model as it was asked for.
pub(in crate::gateway) fn model(model: &str) -> &str {
    let is_sane = model.len() <= NAME && !begins_like_a_key(model) && !model.contains('@');
    if is_sane { model } else { HIDDEN }
}

/// The name that a client gave its request, if it is one: short, and of plain characters.
pub(in crate::gateway) fn client_id(headers: &HeaderMap) -> Option<&str> {
    sane_id(headers, "x-request-id")
}

/// The name that the provider gave it.
pub(in crate::gateway) fn upstream_id(headers: &HeaderMap) -> Option<&str> {
    UPSTREAM_IDS.iter().find_map(|name| sane_id(headers, name))
}

fn sane_id<'a>(headers: &'a HeaderMap, name: &'static str) -> Option<&'a str> {
    let id = headers.get(HeaderName::from_static(name))?.to_str().ok()?;
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:/+=".contains(&byte);
    let is_sane = (1..=NAME).contains(&id.len()) && id.bytes().all(is_plain) && !begins_like_a_key(id);
    is_sane.then_some(id)
}

fn could_be_secret(segment: &str) -> bool {
    let mixed = |byte: u8| byte.is_ascii_digit() || byte.is_ascii_uppercase();
    begins_like_a_key(segment) || segment.len() >= RANDOM && segment.bytes().any(mixed)
}

fn begins_like_a_key(text: &str) -> bool {
    KEYED.iter().any(|lead| {
        text.get(..lead.len())
            .is_some_and(|head| head.eq_ignore_ascii_case(lead))
    })
}

/// What stands for what is not shown.
const HIDDEN: &str = "[..]";

/// 256 bytes: no path of these APIs is half as long.
const PATH: usize = 256;

/// 128 bytes: a model or an id that is longer is none.
const NAME: usize = 128;

/// 20 bytes: shorter segments are words, versions and models.
const RANDOM: usize = 20;

/// How keys and tokens begin.
const KEYED: [&str; 11] = [
    "sk-", "sk_", "pk-", "ak-", "xai-", "eyj", "bearer", "gsk_", "hf_", "ghp_", "aiza",
];

/// Under which names providers and their edges tell of a request, the provider's own first.
const UPSTREAM_IDS: [&str; 3] = ["x-request-id", "request-id", "cf-ray"];

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn a_path_shows_no_secret() {
        for (whole, expected) in [
            ("/v1/chat/completions", "/v1/chat/completions"),
            ("/v1/models/grok-4.3-fast", "/v1/models/grok-4.3-fast"),
            ("/v1/responses/resp_0123456789abcdef0123", "/v1/responses/[..]"),
            ("/p/xai@me@acme.example/v1/responses", "/p/xai[..]/v1/responses"),
            ("/v1/sk-secret", "/v1/[..]"),
            ("/v1/a%20sk-secret", "/v1/a[..]"),
        ] {
            assert_eq!(path(whole), expected);
        }
        assert!(path(&format!("/v1/{}", "a/".repeat(1000))).len() < PATH + 10);
        assert_eq!(model("grok-4.3"), "grok-4.3");
        assert_eq!(model("sk-secret"), HIDDEN);
    }

    #[test]
    fn an_id_is_short_and_plain() {
        let id = |value: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert("x-request-id", HeaderValue::from_static(value));
            client_id(&headers).map(str::to_owned)
        };
        assert_eq!(id("0b1c-22").as_deref(), Some("0b1c-22"));
        for none in ["", "a b", "a\"b", "sk-secret-secret", "someone@acme.example"] {
            assert_eq!(id(none), None, "{none}");
        }
    }
}
