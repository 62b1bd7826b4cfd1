//! What a JWT says of itself, read without proof: it came from the token endpoint itself, over TLS.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

use crate::time::Timestamp;

/// When a token expires, if it is a JWT that says so.
pub fn expiry_of(token: &str) -> Option<Timestamp> {
    Claims::of(token)?.secs("exp").map(Timestamp::from_secs)
}

/// Whom tokens were issued to, as far as they tell.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identity {
    /// `sub`, of the identity token before the access token.
    pub subject: Option<String>,
    /// Account, team or organisation.
    pub account: Option<String>,
    /// The client that they were issued to, as the access token has it.
    pub client_id: Option<String>,
}

/// Reads it off an access token and, if there is one, an identity token.
pub fn identity_of(access_token: &str, id_token: Option<&str>) -> Identity {
    let claims = Claims::of(access_token);
    let identity = id_token.and_then(Claims::of);
    let tokens = || [&identity, &claims].into_iter().flatten();
    Identity {
        subject: tokens().find_map(|claims| claims.text("sub")),
        account: ACCOUNT_CLAIMS
            .iter()
            .find_map(|name| tokens().find_map(|claims| claims.text_at_any_depth(name))),
        client_id: claims
            .as_ref()
            .and_then(|claims| claims.text("client_id").or_else(|| claims.text("azp"))),
    }
}

/// The payload of a JWT.
pub(super) struct Claims(Map<String, Value>);

impl Claims {
    /// Of this token; `None` if it is no JWT.
    pub(super) fn of(token: &str) -> Option<Self> {
        let mut parts = token.split('.');
        let (_header, payload, _signature) = (parts.next()?, parts.next()?, parts.next()?);
        let bytes = URL_SAFE_NO_PAD.decode(payload.trim_end_matches('=')).ok()?;
        match serde_json::from_slice(&bytes).ok()? {
            Value::Object(fields) => Some(Self(fields)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => None,
        }
    }

    /// A text that is not empty.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        text_of(self.0.get(name)?)
    }

    /// The same, or else that of a claim within a claim, where it may carry a prefix: some servers keep their own claims
    /// together under a name of theirs.
    pub(super) fn text_at_any_depth(&self, name: &str) -> Option<String> {
        let prefixed = format!("_{name}");
        let within = || {
            let inner = self.0.values().filter_map(Value::as_object).flatten();
            let mut fitting = inner.filter(|(key, _)| *key == name || key.ends_with(&prefixed));
            fitting.find_map(|(_, value)| text_of(value))
        };
        self.text(name).or_else(within)
    }

    /// A `NumericDate` in whole seconds (RFC 7519 2 allows fractions).
    pub(super) fn secs(&self, name: &str) -> Option<i64> {
        let number = self.0.get(name)?;
        number.as_i64().or_else(|| {
            let secs = number.as_f64()?;
            // Within what an `f64` counts exactly; anything else is no date.
            #[expect(clippy::cast_possible_truncation, reason = "the range is checked")]
            (secs.abs() < 9e15).then_some(secs as i64)
        })
    }
}

fn text_of(value: &Value) -> Option<String> {
    value.as_str().filter(|text| !text.is_empty()).map(str::to_owned)
}

/// How tokens name the account, team or organisation that they act for; the most particular first.
const ACCOUNT_CLAIMS: [&str; 5] = ["team_id", "account_id", "organization_id", "org_id", "principal_id"];

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(payload: &str, expected: Option<i64>) {
        let token = format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(payload));
        assert_eq!(expiry_of(&token), expected.map(Timestamp::from_secs), "{payload}");
    }

    #[test]
    fn expiry() {
        check(r#"{"exp":1800000000}"#, Some(1_800_000_000));
        check(r#"{"exp":1800000000.9}"#, Some(1_800_000_000));
        check(r#"{"exp":"soon"}"#, None);
        check(r#"{"exp":1e300}"#, None);
        check(r#"{}"#, None);
        check("[]", None);
        assert_eq!(expiry_of("opaque"), None);
        assert_eq!(expiry_of("a.b.c"), None);
        assert_eq!(expiry_of(""), None);
    }
}
