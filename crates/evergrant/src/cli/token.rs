//! `token`: prints a usable access token, renewing only if it must.

use std::time::Duration;

use clap::Args;
use evergrant_driver::settings::Settings;
use evergrant_driver::{Code, Driver, Failure, Target, Token};
use serde::Serialize;

use super::colours;
use super::console::Console;
use super::exit::Exit;
use super::json::time;
use super::online;
use super::progress;
use super::when;

/// What can be typed.
#[derive(Args, Debug)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Typed {
    /// The provider, and which of its credentials
    #[arg(value_name = "PROVIDER[/LABEL]")]
    target: String,
    /// For how long it must stay usable, in seconds
    #[arg(long, value_name = "S", default_value_t = 0)]
    min_valid: u64,
}

#[derive(Serialize)]
struct TokenShape<'a> {
    access_token: &'a str,
    expires_at: Option<String>,
    credential: &'a str,
    label: &'a str,
}

/// Prints it, and nothing else.
///
/// # Errors
/// No usable credential, or a renewal that failed.
pub(crate) fn run(typed: &Typed, settings: Settings, console: &Console) -> Result<Exit, Failure> {
    let target = Target::parse(&typed.target)?;
    let min_valid = Duration::from_secs(typed.min_valid);
    online::with_driver(settings, console, async |driver: Driver| {
        let token = progress::shown("renewing the token", driver.token(&target, min_valid)).await?;
        print(&token, console)?;
        warn_if_short(&token, min_valid, console);
        if token.saved {
            return Ok(Exit::DONE);
        }
        saved_late(&driver, console).await
    })
}

fn print(token: &Token, console: &Console) -> Result<(), Failure> {
    if !console.json() {
        return console.line(token.access_token.expose());
    }
    console.document(&TokenShape {
        access_token: token.access_token.expose(),
        expires_at: token.expires_at.map(time),
        credential: token.credential.as_str(),
        label: token.label.as_str(),
    })
}

/// What was asked for cannot always be had: some tokens live shorter, and a borrowed one is its owner's to renew.
fn warn_if_short(token: &Token, min_valid: Duration, console: &Console) {
    let Some(left) = token.expires_at.map(|at| at.since(when::now())) else {
        return;
    };
    // What was spent on the way is not counted.
    if left + ON_THE_WAY < min_valid {
        let word = console.paint_note(colours::WARNING, "warning");
        console.note(&format!(
            "{word}: the token serves for {}, less than the {} asked for: none that lives longer can be had now",
            when::span(left),
            when::span(min_valid)
        ));
    }
}

/// The renewed grant is in the journal but not in the store: says so and waits for it.
async fn saved_late(driver: &Driver, console: &Console) -> Result<Exit, Failure> {
    let word = console.paint_note(colours::WARNING, "warning");
    console.note(&format!(
        "{word}: the renewed grant could not be saved yet; free disk space, or make the home directory writable"
    ));
    if progress::shown("trying again to save it", driver.drain(SAVING)).await {
        console.note("saved after all");
        return Ok(Exit::DONE);
    }
    console.note(&format!(
        "{word}: still not saved; the journal keeps it, and the next start of evergrant finishes it"
    ));
    Ok(Exit::of(Code::StoreUnwritable))
}

/// 5 s: a token that was minted to order has aged so much at most when it is printed.
const ON_THE_WAY: Duration = Duration::from_secs(5);
/// As long as the driver tries again for a command line.
const SAVING: Duration = Duration::from_secs(20);

const EXAMPLES: &str = "\
Examples:
  curl -H \"Authorization: Bearer $(evergrant token xai-oauth)\" https://api.x.ai/v1/models
  evergrant token xai-oauth/work --min-valid 300
  evergrant token xai-oauth --json | jq -r .expires_at";
