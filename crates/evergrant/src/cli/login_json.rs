//! The events of `login --json`, one a line.

use evergrant_driver::sign_in::SignInEvent;
use evergrant_driver::{Account, Label};
use serde::Serialize;

use super::json::time;

/// What happened.
#[derive(Debug, Serialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub(crate) enum EventShape {
    /// A page is to be opened.
    Authorize {
        /// Its address.
        url: String,
    },
    /// A code is to be entered on another device.
    Device {
        /// The code.
        user_code: String,
        /// Where.
        verification_uri: String,
        /// The same with the code in it.
        verification_uri_complete: Option<String>,
        /// How long it is good for, in seconds.
        expires_in: u64,
    },
    /// What was pasted is not an answer of this login, which goes on.
    PasteRefused {
        /// The stable code.
        code: &'static str,
        /// Why.
        message: String,
    },
    /// It is done.
    Done {
        /// The credential's id.
        credential: String,
        /// Its label.
        label: String,
        /// When its access token expires.
        expires_at: Option<String>,
        /// What it was called until now, where the login is the same account's under a new label.
        #[serde(skip_serializing_if = "Option::is_none")]
        renamed_from: Option<String>,
    },
}

impl EventShape {
    /// The last event.
    pub(crate) fn done(account: &Account, renamed_from: Option<&Label>) -> Self {
        Self::Done {
            credential: account.id.to_string(),
            label: account.label.to_string(),
            expires_at: account.expires_at.map(time),
            renamed_from: renamed_from.map(ToString::to_string),
        }
    }
}

impl From<&SignInEvent> for EventShape {
    fn from(event: &SignInEvent) -> Self {
        match event {
            SignInEvent::Authorize { url, .. } => Self::Authorize { url: url.to_string() },
            SignInEvent::PasteRefused(failure) => Self::PasteRefused {
                code: failure.code.as_str(),
                message: failure.message.clone(),
            },
            SignInEvent::Device {
                user_code,
                verification_uri,
                verification_uri_complete,
                expires_in,
            } => Self::Device {
                user_code: user_code.clone(),
                verification_uri: verification_uri.to_string(),
                verification_uri_complete: verification_uri_complete.as_ref().map(ToString::to_string),
                expires_in: expires_in.as_secs(),
            },
        }
    }
}
