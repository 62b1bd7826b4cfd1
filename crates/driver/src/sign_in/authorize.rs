//! The authorization code by browser or paste, whichever comes first.

use std::sync::Arc;

use evergrant_engine::failure::{Code, Failure};
use evergrant_engine::login::{
    AuthorizeRequest, Callback, Challenge, Nonce, State, Verifier, authorize_url, redirect_uri,
};
use evergrant_engine::provider::{Endpoints, Flow, OAuth, Row};
use evergrant_engine::secret::Secret;
use tokio::sync::mpsc;

use super::choice::SignInEvent;
use super::session::{Person, SignIn};
use crate::entropy::random;
use crate::loopback::Loopback;

/// A code and all that its exchange needs.
pub(super) struct Authorized {
    pub(super) code: Secret<String>,
    pub(super) verifier: Verifier,
    pub(super) challenge: Option<Challenge>,
    pub(super) redirect_uri: String,
    /// The nonce of the request, if there was one.
    pub(super) nonce: Option<Nonce>,
}

/// Sends the user to the authorization endpoint and waits for the code.
pub(super) async fn authorize(
    login: &SignIn,
    endpoints: &Endpoints,
    flow: Flow,
    person: Person<'_>,
) -> Result<Authorized, Failure> {
    let oauth = login.oauth()?;
    let endpoint = endpoints.authorization.as_ref().ok_or_else(|| {
        Failure::new(
            Code::RowInvalid,
            format!("{} names no authorization endpoint", login.row.id),
        )
    })?;
    let listener = listener(oauth, flow).await?;
    let redirect_uri = match &listener {
        Some(listener) => listener.redirect_uri(),
        None => redirect_uri(&oauth.redirect, unlistened(oauth.redirect.port)),
    };
    let verifier = Verifier::from_entropy(&Secret::new(random()?));
    let (state, nonce) = (
        State::from_entropy(&Secret::new(random()?)),
        Nonce::from_entropy(&Secret::new(random()?)),
    );
    let challenge = verifier.challenge();
    let url = authorize_url(
        &login.row,
        &AuthorizeRequest {
            endpoint,
            redirect_uri: &redirect_uri,
            challenge: &challenge,
            state: &state,
            nonce: &nonce,
        },
    )?;
    (person.events)(SignInEvent::Authorize { url, flow });
    let desk = Desk {
        row: &login.row,
        state: &state,
        flow,
        again: login.options.paste_again,
        events: person.events,
    };
    let callback = match (listener, person.paste) {
        (Some(listener), Some(paste)) => {
            let heard = listener.answer(Arc::clone(&login.row), state.clone());
            tokio::select! {
                callback = heard => callback,
                callback = desk.pasted(paste) => callback?,
            }
        }
        (Some(listener), None) => listener.answer(Arc::clone(&login.row), state.clone()).await,
        (None, Some(paste)) => desk.pasted(paste).await?,
        (None, None) => return Err(desk.nothing_pasted()),
    };
    Ok(Authorized {
        code: callback.into_code(&login.row)?,
        verifier,
        challenge: Some(challenge),
        redirect_uri,
        nonce: Some(nonce),
    })
}

/// A login by paste gets on without a listener, should its port be taken.
async fn listener(oauth: &OAuth, flow: Flow) -> Result<Option<Loopback>, Failure> {
    match (Loopback::bind(&oauth.redirect, oauth.port_fallback).await, flow) {
        (Ok(listener), _) => Ok(Some(listener)),
        (Err(_), Flow::Paste) => Ok(None),
        (Err(failure), Flow::Browser | Flow::Device) => Err(failure),
    }
}

/// A port to name when nobody listens: the browser shows its address, which is what gets pasted.
const fn unlistened(port: u16) -> u16 {
    if port == 0 { NOBODYS_PORT } else { port }
}

/// Where pasted lines are read.
struct Desk<'a> {
    row: &'a Row,
    state: &'a State,
    flow: Flow,
    again: bool,
    events: &'a (dyn Fn(SignInEvent) + Send + Sync),
}

impl Desk<'_> {
    /// The first line that is an answer of this login. Where a listener waits as well, the end of the lines is nothing.
    async fn pasted(&self, mut lines: mpsc::Receiver<String>) -> Result<Callback, Failure> {
        let mut last = None;
        while let Some(line) = lines.recv().await {
            let line = Secret::new(line);
            if line.expose().trim().is_empty() {
                continue;
            }
            match Callback::paste(self.row, line.expose(), self.state) {
                Ok(callback) => return Ok(callback),
                Err(failure) if self.flow == Flow::Paste && !self.again => return Err(failure),
                Err(failure) => {
                    (self.events)(SignInEvent::PasteRefused(failure.clone()));
                    last = Some(failure);
                }
            }
        }
        match self.flow {
            Flow::Paste => Err(last.unwrap_or_else(|| self.nothing_pasted())),
            Flow::Browser | Flow::Device => std::future::pending().await,
        }
    }

    fn nothing_pasted(&self) -> Failure {
        Failure::new(
            Code::Usage,
            format!(
                "nothing was pasted, so the login at {} cannot be finished",
                self.row.name
            ),
        )
    }
}

/// From the range that nobody registers (RFC 6335 8.1.2); the browser cannot reach it and keeps its address on show.
const NOBODYS_PORT: u16 = 56_121;
