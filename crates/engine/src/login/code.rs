//! The authorization server's answer to the authorize request, from the redirect's query or pasted by the user.

use url::Url;
use url::form_urlencoded;

use super::authorize::State;
use super::request::oauth_of;
use super::words::shown;
use crate::failure::{Code, Failure};
use crate::protection::{Protection, stands};
use crate::provider::{Quirk, Row};
use crate::remedy::Remedy;
use crate::secret::Secret;

/// An answer that belongs to this login: its state has been checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Callback {
    /// The code to exchange.
    Code(Secret<String>),
    /// The server or the user said no (RFC 6749 4.1.2.1).
    Denied {
        /// The code, such as `access_denied`.
        error: String,
        /// Its sentence, if there is one.
        description: Option<String>,
    },
}

impl Callback {
    /// Reads the query of a request to the redirect URI; an answer that is not of this login is `state-mismatch`.
    pub fn read(row: &Row, query: &str, expected: &State) -> Result<Self, Failure> {
        Answer::parse(row, query, None)?.check(row, expected)
    }

    /// Reads what a user pasted: the redirect URL, `?code=..&state=..`, or, where the row says that the page shows
    /// codes, `CODE#STATE` or the code alone (the verifier binds it to this login).
    pub fn paste(row: &Row, pasted: &str, expected: &State) -> Result<Self, Failure> {
        let text = pasted.trim().trim_matches(['"', '\'', '<', '>']);
        if let Ok(url) = text.parse::<Url>()
            && url.has_host()
        {
            return Answer::parse(row, url.query().unwrap_or_default(), url.fragment())?.check(row, expected);
        }
        if text.contains("code=") || text.contains("error=") {
            let query = text.rsplit_once('?').map_or(text, |(_, query)| query);
            let (query, fragment) = query.split_once('#').map_or((query, None), |(q, f)| (q, Some(f)));
            return Answer::parse(row, query, fragment)?.check(row, expected);
        }
        let shown_in_page = oauth_of(row)?.quirks.has(Quirk::CodeWithStateFragment);
        if !is_code(text) || (!shown_in_page && text.len() < BARE_CODE_MIN) {
            return Err(mismatch(
                row,
                "this is not an answer of the login: paste the whole address that the browser ended at, or `?code=..&state=..` of it",
            ));
        }
        match text.split_once('#') {
            Some((code, state)) => Answer::of_code(code, state).check(row, expected),
            // Consent pages of some providers show the code alone. The person brings it, not a redirect that anyone could
            // have made, and the verifier binds it to this login (RFC 9700 2.1.1), so it needs no state.
            None => Ok(Self::Code(Secret::from(text))),
        }
    }

    /// The code, or why there is none.
    pub fn into_code(self, row: &Row) -> Result<Secret<String>, Failure> {
        match self {
            Self::Code(code) => Ok(code),
            Self::Denied { error, description } => {
                let said = description.map_or_else(|| error.clone(), |words| format!("{error}: {words}"));
                Err(Failure::new(Code::LoginDenied, format!("the login was denied: `{said}`")).with_remedy(login(row)))
            }
        }
    }
}

/// The parameters of an answer, before anything is believed.
#[derive(Default)]
struct Answer {
    code: Option<Secret<String>>,
    state: Option<String>,
    issuer: Option<String>,
    error: Option<String>,
    description: Option<String>,
}

impl Answer {
    fn parse(row: &Row, query: &str, fragment: Option<&str>) -> Result<Self, Failure> {
        let mut answer = Self::default();
        if query.len() > QUERY_LIMIT {
            return Err(mismatch(row, "the answer is too long to be one of this login"));
        }
        for (name, value) in form_urlencoded::parse(query.trim_start_matches('?').as_bytes()) {
            let place = match name.as_ref() {
                "code" => {
                    if answer.code.replace(Secret::new(value.into_owned())).is_some() {
                        return Err(mismatch(row, TWICE));
                    }
                    continue;
                }
                "state" => &mut answer.state,
                "iss" => &mut answer.issuer,
                "error" => &mut answer.error,
                "error_description" => &mut answer.description,
                _ => continue,
            };
            if place.replace(value.into_owned()).is_some() {
                return Err(mismatch(row, TWICE));
            }
        }
        if oauth_of(row)?.quirks.has(Quirk::CodeWithStateFragment) && answer.state.is_none() {
            let joined = answer.code.as_ref().and_then(|code| code.expose().split_once('#'));
            match (joined, fragment) {
                (Some((code, state)), _) => answer = Self::of_code(code, state),
                (None, Some(fragment)) => answer.state = Some(fragment.to_owned()),
                (None, None) => {}
            }
        }
        Ok(answer)
    }

    fn of_code(code: &str, state: &str) -> Self {
        Self {
            code: Some(Secret::from(code)),
            state: Some(state.to_owned()),
            ..Self::default()
        }
    }

    fn check(self, row: &Row, expected: &State) -> Result<Callback, Failure> {
        match &self.state {
            None => return Err(mismatch(row, "the answer carries no `state`")),
            Some(state) if stands(Protection::StateCheck) && !expected.matches(state) => {
                return Err(mismatch(row, "the answer's `state` is that of another login"));
            }
            Some(_) => {}
        }
        // RFC 9207: an answer that names another server than the one asked is a mix-up.
        if let (Some(given), Some(own)) = (&self.issuer, &oauth_of(row)?.issuer)
            && given.trim_end_matches('/') != own.as_str().trim_end_matches('/')
        {
            return Err(mismatch(row, "the answer names another issuer"));
        }
        match (self.error, self.code) {
            (Some(error), _) => Ok(Callback::Denied {
                error: shown(&error, ERROR_LIMIT),
                description: self.description.map(|words| shown(&words, DESCRIPTION_LIMIT)),
            }),
            (None, Some(code)) if is_code(code.expose()) => Ok(Callback::Code(code)),
            (None, _) => Err(mismatch(row, "the answer carries no `code`")),
        }
    }
}

/// RFC 6749 appendix A.11: visible characters and spaces; a space has never been seen and is a sign of prose.
fn is_code(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic())
}

fn mismatch(row: &Row, message: &str) -> Failure {
    Failure::new(Code::StateMismatch, message).with_remedy(login(row))
}

fn login(row: &Row) -> Remedy {
    Remedy::Login {
        provider: row.id.clone(),
        label: None,
    }
}

/// RFC 6749 3.1 forbids it, and which of the two is genuine cannot be told.
const TWICE: &str = "the answer carries a parameter twice";

/// Codes of a few KiB exist (JWE); what a browser sends is below 16 KiB.
const QUERY_LIMIT: usize = 16 * 1024;

/// The registered codes have at most 25 characters.
const ERROR_LIMIT: usize = 64;

/// A sentence.
const DESCRIPTION_LIMIT: usize = 300;

/// 16: no server's code is shorter, and a word typed by mistake must not end the login.
const BARE_CODE_MIN: usize = 16;
