//! `list`: one line for each credential, offline and read-only.

use clap::Args;
use evergrant_driver::settings::Settings;
use evergrant_driver::{Failure, ProviderId};

use super::console::Console;
use super::credential_json::CredentialsShape;
use super::credential_text;
use super::exit::Exit;
use super::revocation_text;
use super::status;
use super::when;

/// What can be typed.
#[derive(Args, Debug)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Typed {
    /// Only this provider's
    provider: Option<String>,
}

/// Lists them.
///
/// # Errors
/// A store that cannot be read, a provider that does not exist.
pub(crate) fn run(typed: &Typed, settings: &Settings, console: &Console) -> Result<Exit, Failure> {
    let provider = typed.provider.as_deref().map(ProviderId::from);
    let holdings = status::read(provider.as_ref(), settings)?;
    if let Some(provider) = &provider {
        status::known(provider, &holdings, settings)?;
    }
    if console.json() {
        console.document(&CredentialsShape::of(&holdings))?;
        return Ok(Exit::DONE);
    }
    let now = when::now();
    let mut blocks = Vec::new();
    if holdings.accounts.is_empty() {
        console.note(&status::none_yet(provider.as_ref()));
    } else {
        blocks.push(credential_text::table(&holdings.accounts, now, console));
    }
    if !holdings.revocations.is_empty() {
        blocks.push(revocation_text::block(&holdings.revocations, now, console));
    }
    if !blocks.is_empty() {
        console.line(&blocks.join("\n\n"))?;
    }
    Ok(Exit::DONE)
}

const EXAMPLES: &str = "\
Examples:
  evergrant list
  evergrant list --json | jq -r '.credentials[] | select(.health != \"ready\") | .label'";
