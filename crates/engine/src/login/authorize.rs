//! The authorize request (RFC 6749 4.1.1): the URL that a browser opens, and the values that bind its answer to it.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use subtle::ConstantTimeEq;
use url::Url;

use super::pkce::Challenge;
use super::request::{oauth_of, pin};
use crate::failure::Failure;
use crate::provider::{Redirect, Row};
use crate::secret::Secret;

macro_rules! random_word {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct $name(Secret<String>);

        impl $name {
            /// A new one from 256 random bits.
            pub fn from_entropy(entropy: &Secret<[u8; 32]>) -> Self {
                Self(Secret::new(URL_SAFE_NO_PAD.encode(entropy.expose())))
            }

            /// Whether this is the one that came back; in constant time.
            pub fn matches(&self, given: &str) -> bool {
                self.0.expose().as_bytes().ct_eq(given.as_bytes()).into()
            }

            /// The text, for the authorize request.
            pub const fn expose(&self) -> &String {
                self.0.expose()
            }
        }
    };
}

random_word!(
    /// Binds the callback to the browser that asked (RFC 6749 10.12).
    State
);
random_word!(
    /// Binds the identity token to the request (OpenID Connect Core 3.1.2.1).
    Nonce
);

/// What one authorize request is made of, besides its row.
#[derive(Clone, Copy, Debug)]
pub struct AuthorizeRequest<'a> {
    /// The authorization endpoint.
    pub endpoint: &'a Url,
    /// Where the browser comes back to; the exchange repeats it byte for byte.
    pub redirect_uri: &'a str,
    /// The challenge of this login's verifier.
    pub challenge: &'a Challenge,
    /// The state of this login.
    pub state: &'a State,
    /// The nonce of this login.
    pub nonce: &'a Nonce,
}

/// The URL to open: the endpoint's own query first, then ours, then the row's parameters in the row's order.
pub fn authorize_url(row: &Row, request: &AuthorizeRequest<'_>) -> Result<Url, Failure> {
    let oauth = oauth_of(row)?;
    pin(row, request.endpoint, "authorization endpoint")?;
    let mut url = request.endpoint.clone();
    url.query_pairs_mut()
        .append_pair("response_type", "code")
        .append_pair("client_id", &oauth.client_id)
        .append_pair("redirect_uri", request.redirect_uri)
        .append_pair("scope", &oauth.scope)
        .append_pair("code_challenge", request.challenge.as_str())
        .append_pair("code_challenge_method", Challenge::METHOD)
        .append_pair("state", request.state.expose())
        .append_pair("nonce", request.nonce.expose())
        .extend_pairs(&oauth.authorize_params);
    Ok(url)
}

/// The redirect URI with the port that is really listened on (RFC 8252 7.3).
pub fn redirect_uri(redirect: &Redirect, port: u16) -> String {
    format!("http://{}:{port}{}", redirect.host, redirect.path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_matches_itself_alone() {
        let state = State::from_entropy(&Secret::new([1; 32]));
        assert!(state.matches(state.expose()));
        assert!(!state.matches(""));
        assert!(!state.matches(&state.expose()[1..]));
        assert!(!state.matches(State::from_entropy(&Secret::new([2; 32])).expose()));
        assert_eq!(format!("{state:?}"), "State(Secret(..))");
    }
}
