//! `refresh`: forces a renewal now.

use clap::Args;
use evergrant_driver::settings::Settings;
use evergrant_driver::{Driver, Failure};

use super::console::Console;
use super::credential_json::CredentialShape;
use super::exit::Exit;
use super::online;
use super::progress;
use super::when;

/// What can be typed.
#[derive(Args, Debug)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Typed {
    /// An id, a unique label, or PROVIDER/LABEL
    #[arg(value_name = "CRED")]
    credential: String,
}

/// Renews.
///
/// # Errors
/// Whatever ended the renewal; `outcome-unknown` while an earlier one is undecided and the access token still serves.
pub(crate) fn run(typed: &Typed, settings: Settings, console: &Console) -> Result<Exit, Failure> {
    online::with_driver(settings, console, async |driver: Driver| {
        let account = progress::shown("renewing", driver.refresh(&typed.credential)).await?;
        if console.json() {
            console.document(&CredentialShape::from(&account))?;
            return Ok(Exit::DONE);
        }
        let expiry = account
            .expires_at
            .map(|at| format!(", expires {}", when::relative(at, when::now())))
            .unwrap_or_default();
        let (label, provider, generation) = (&account.label, &account.provider, account.generation.0);
        console.note(&match &account.owner {
            // Only its owner renews it; what was done is to look what the owner has.
            Some(tool) => {
                format!("read `{label}` at {provider} again as {tool} has it: generation {generation}{expiry}")
            }
            None => format!("renewed `{label}` at {provider}: generation {generation}{expiry}"),
        });
        Ok(Exit::DONE)
    })
}

const EXAMPLES: &str = "\
Examples:
  evergrant refresh xai-oauth/default

It is seldom needed: whatever uses a token renews it in time.";
