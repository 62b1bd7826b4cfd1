//! Revoking a token (RFC 7009): the request, and what its answer leaves to do.

use std::time::Duration;

use url::Url;

use super::hearing::hear;
use super::request::{oauth_of, pin, post_form, post_json};
use super::words::{named, words_of};
use crate::failure::Failure;
use crate::provider::{Quirk, Row};
use crate::secret::Secret;
use crate::time::Timestamp;
use crate::verdict::{Channel, Verdict, claims_success, may_have_moved};
use crate::wire::{Reply, Request};

/// Which token a revocation is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum TokenHint {
    /// The refresh token; revoking it ends the grant.
    Refresh,
    /// The access token.
    Access,
}

impl TokenHint {
    /// The word of RFC 7009 section 2.1.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Refresh => "refresh_token",
            Self::Access => "access_token",
        }
    }
}

/// Revokes a token (RFC 7009 2.1); as JSON where the row says that the endpoint is not of that RFC.
pub fn revocation(row: &Row, endpoint: &Url, token: &Secret<String>, hint: TokenHint) -> Result<Request, Failure> {
    let oauth = oauth_of(row)?;
    pin(row, endpoint, "revocation endpoint")?;
    let fields = [
        ("token", token.expose().as_str()),
        ("token_type_hint", hint.as_str()),
        ("client_id", &oauth.client_id),
    ];
    Ok(if oauth.quirks.has(Quirk::RevokeNonStandard) {
        post_json(endpoint, &fields)
    } else {
        post_form(endpoint, &fields)
    })
}

/// What the answer to a revocation leaves to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Revoked {
    /// Nothing: the token is good for nothing any more, if it ever was (RFC 7009 2.2).
    Done,
    /// Nothing that would help: the endpoint does not revoke tokens of this kind (RFC 7009 2.2.1).
    Unsupported,
    /// To ask again later.
    Refused {
        /// What the provider said.
        why: String,
        /// When it wants to be asked again.
        retry_after: Option<Duration>,
        /// Whether a moved endpoint answers like this.
        moved: bool,
    },
}

/// Reads the answer to a revocation; it may echo the token that was `sent`.
pub fn read_revocation(row: &Row, reply: &Reply, sent: &Secret<String>, now: Timestamp) -> Revoked {
    if claims_success(reply) {
        return Revoked::Done;
    }
    let reading = hear(row, Channel::Token, reply, now);
    // Endpoints that keep to RFC 7009 call an unknown token a success; the others call it by one of these names.
    if reading.verdict == Verdict::GrantDead || named(reply, "invalid_token") {
        return Revoked::Done;
    }
    if named(reply, "unsupported_token_type") {
        return Revoked::Unsupported;
    }
    Revoked::Refused {
        why: format!("HTTP {}: {}", reply.status, words_of(reply, &[sent])),
        retry_after: reading.retry_after,
        moved: may_have_moved(reply),
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::header::RETRY_AFTER;
    use http::{HeaderMap, HeaderValue};

    use super::*;
    use crate::provider::Table;

    fn read(status: u16, retry_after: Option<&'static str>, body: &'static str) -> Revoked {
        let table = Table::built_in();
        let row = table.row(&"xai-oauth".into()).unwrap();
        let mut headers = HeaderMap::new();
        if let Some(value) = retry_after {
            headers.insert(RETRY_AFTER, HeaderValue::from_static(value));
        }
        let reply = Reply {
            status,
            headers,
            body: Bytes::from_static(body.as_bytes()),
            truncated: false,
        };
        read_revocation(row, &reply, &Secret::from("s3cret"), Timestamp::default())
    }

    #[test]
    fn an_answer_without_words_is_a_success() {
        assert_eq!(read(200, None, ""), Revoked::Done);
        assert_eq!(read(204, None, ""), Revoked::Done);
        assert_eq!(read(200, None, "{}"), Revoked::Done);
    }

    #[test]
    fn a_token_that_nobody_knows_is_revoked_as_well() {
        assert_eq!(read(400, None, r#"{"error":"invalid_token"}"#), Revoked::Done);
        assert_eq!(read(400, None, r#"{"error":"invalid_grant"}"#), Revoked::Done);
    }

    #[test]
    fn a_kind_that_cannot_be_revoked_is_not_asked_for_again() {
        assert_eq!(
            read(400, None, r#"{"error":"unsupported_token_type"}"#),
            Revoked::Unsupported
        );
    }

    #[test]
    fn everything_else_is_asked_for_again() {
        let Revoked::Refused {
            why,
            retry_after,
            moved,
        } = read(503, Some("7"), "token s3cret: busy")
        else {
            panic!("settled");
        };
        assert_eq!(retry_after, Some(Duration::from_secs(7)));
        assert_eq!(why, "HTTP 503: token ***: busy");
        assert!(!moved);
        for (status, body) in [
            (302, ""),
            (400, r#"{"error":"invalid_request"}"#),
            (401, r#"{"error":"invalid_client"}"#),
            (403, "<html><title>Just a moment</title></html>"),
            (404, ""),
            (500, "no"),
            (503, r#"{"error":"temporarily_unavailable"}"#),
        ] {
            assert!(matches!(read(status, None, body), Revoked::Refused { .. }), "{status}");
        }
    }
}
