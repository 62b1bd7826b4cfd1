//! The requests to the token endpoint, exactly as they go over the wire.

use std::time::Duration;

use http::HeaderValue;
use url::Url;

use super::pkce::{Challenge, Verifier};
use super::request::{oauth_of, pin, post_form, post_json};
use crate::failure::{Code, Failure};
use crate::protection::{Protection, stands};
use crate::provider::{BodyForm, OAuth, Quirk, Row};
use crate::secret::Secret;
use crate::wire::Request;

/// Exchanges a code for a grant (RFC 6749 4.1.3, RFC 7636 4.5); the challenge is repeated only where the row says so,
/// and without one only that repetition is left out.
pub fn exchange(
    row: &Row,
    endpoint: &Url,
    code: &Secret<String>,
    verifier: &Verifier,
    challenge: Option<&Challenge>,
    redirect_uri: &str,
) -> Result<Request, Failure> {
    let oauth = oauth_of(row)?;
    pin(row, endpoint, "token endpoint")?;
    let mut fields = vec![
        ("grant_type", "authorization_code"),
        ("code", code.expose().as_str()),
        ("redirect_uri", redirect_uri),
        ("client_id", &oauth.client_id),
        ("code_verifier", verifier.expose()),
    ];
    if let Some(challenge) = challenge
        && oauth.quirks.has(Quirk::EchoCodeChallenge)
        && stands(Protection::ChallengeEcho)
    {
        fields.push(("code_challenge", challenge.as_str()));
        fields.push(("code_challenge_method", Challenge::METHOD));
    }
    Ok(post_form(endpoint, &fields))
}

/// Spends a refresh token (RFC 6749 6), in the row's encoding and place.
pub fn refresh(row: &Row, endpoint: &Url, refresh_token: &Secret<String>) -> Result<Request, Failure> {
    let oauth = oauth_of(row)?;
    pin(row, endpoint, "token endpoint")?;
    let mut fields = vec![("grant_type", "refresh_token"), ("client_id", oauth.client_id.as_str())];
    let Some(name) = &oauth.refresh_token_header else {
        fields.push(("refresh_token", refresh_token.expose()));
        return Ok(post(oauth, endpoint, &fields));
    };
    let mut value = HeaderValue::from_str(refresh_token.expose()).map_err(|_invalid| {
        Failure::new(
            Code::NeedsLogin,
            format!("the refresh token of {} cannot be a header: nothing was sent", row.id),
        )
    })?;
    value.set_sensitive(true);
    let mut request = post(oauth, endpoint, &fields);
    request.headers.insert(name.clone(), value);
    Ok(request)
}

/// How long an exchange may take: what the row says, but at least [`EXCHANGE_FLOOR`].
pub fn exchange_timeout(oauth: &OAuth) -> Duration {
    oauth.exchange_timeout.max(EXCHANGE_FLOOR)
}

fn post(oauth: &OAuth, endpoint: &Url, fields: &[(&str, &str)]) -> Request {
    match oauth.refresh_body {
        BodyForm::Form => post_form(endpoint, fields),
        BodyForm::Json => post_json(endpoint, fields),
    }
}

/// A code can be used once: who gives up early has lost the login, so no row may ask for less.
const EXCHANGE_FLOOR: Duration = Duration::from_secs(20);
