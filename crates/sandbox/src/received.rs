//! A request that was read whole.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, Method};

/// One request.
#[derive(Debug, Clone)]
pub(crate) struct Received {
    pub(crate) sequence: u64,
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

/// Form or query fields in the order sent.
#[derive(Debug, Clone, Default)]
pub(crate) struct Fields(Vec<(String, String)>);

impl Received {
    /// A header as text, or nothing.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }

    /// Whether the body says that it is a form.
    pub(crate) fn is_form(&self) -> bool {
        let content_type = self.header(CONTENT_TYPE.as_str());
        let essence = content_type.split(';').next().unwrap_or_default();
        essence.trim().eq_ignore_ascii_case("application/x-www-form-urlencoded")
    }

    /// The fields of the body, if it is a form.
    pub(crate) fn form(&self) -> Fields {
        if self.is_form() {
            Fields::parse(&self.body)
        } else {
            Fields::default()
        }
    }

    /// The fields of the query.
    pub(crate) fn query_fields(&self) -> Fields {
        Fields::parse(self.query.as_bytes())
    }

    /// The token or key it carries: a bearer token, or the `x-api-key` header.
    pub(crate) fn bearer(&self) -> &str {
        let authorization = self.header(AUTHORIZATION.as_str());
        match authorization.split_once(' ') {
            Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => token.trim(),
            _ => self.header("x-api-key"),
        }
    }

    /// The client id of HTTP Basic authentication (RFC 6749 section 2.3.1).
    pub(crate) fn basic_client(&self) -> Option<String> {
        let (scheme, encoded) = self.header(AUTHORIZATION.as_str()).split_once(' ')?;
        if !scheme.eq_ignore_ascii_case("basic") {
            return None;
        }
        let text = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
        let (client_id, _) = text.split_once(':')?;
        Some(client_id.to_owned())
    }
}

impl Fields {
    /// Reads `a=b&c=d` (the WHATWG form encoding).
    pub(crate) fn parse(bytes: &[u8]) -> Self {
        Self(
            url::form_urlencoded::parse(bytes)
                .into_owned()
                .take(MOST_FIELDS)
                .collect(),
        )
    }

    /// The first field of this name that is not empty.
    pub(crate) fn given(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(key, value)| key == name && !value.is_empty())
            .map(|(_, value)| value.as_str())
    }

    /// As [`Self::given`], or nothing.
    pub(crate) fn text(&self, name: &str) -> &str {
        self.given(name).unwrap_or_default()
    }

    /// The names, in the order sent.
    pub(crate) fn names(&self) -> Vec<String> {
        self.0.iter().map(|(name, _)| name.clone()).collect()
    }

    /// A name that was sent twice, which RFC 6749 section 3.2 forbids.
    pub(crate) fn repeated(&self) -> Option<&str> {
        self.0.iter().enumerate().find_map(|(index, (name, _))| {
            let again = self.0[..index].iter().any(|(earlier, _)| earlier == name);
            again.then_some(name.as_str())
        })
    }
}

/// More fields than any OAuth request has.
const MOST_FIELDS: usize = 200;
