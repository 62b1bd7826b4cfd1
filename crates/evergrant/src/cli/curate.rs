//! `enable`, `disable`, `rename`, `priority`, `reset`: what changes a credential's place without asking its provider.

use clap::Args;
use evergrant_driver::Account;
use evergrant_driver::settings::Settings;
use evergrant_driver::{Driver, Failure, Label};

use super::console::Console;
use super::credential_json::CredentialShape;
use super::exit::Exit;
use super::label::typed_label;
use super::online;

/// The credential that is meant.
#[derive(Args, Debug)]
pub(crate) struct Named {
    /// An id, a unique label, or PROVIDER/LABEL
    #[arg(value_name = "CRED")]
    credential: String,
}

/// The credential and its new label.
#[derive(Args, Debug)]
pub(crate) struct Renamed {
    #[command(flatten)]
    named: Named,
    /// The new label, unique within the provider
    #[arg(value_name = "L", value_parser = typed_label)]
    label: Label,
}

/// The credential and its new priority.
#[derive(Args, Debug)]
pub(crate) struct Prioritised {
    #[command(flatten)]
    named: Named,
    /// Lower is preferred; a new credential has 0
    #[arg(value_name = "N", allow_negative_numbers = true)]
    priority: i32,
}

/// Lets it be used again.
pub(crate) fn enable(typed: &Named, settings: Settings, console: &Console) -> Result<Exit, Failure> {
    change(settings, console, "enabled", async |driver| {
        driver.enable(&typed.credential).await
    })
}

/// Keeps it from being used.
pub(crate) fn disable(typed: &Named, settings: Settings, console: &Console) -> Result<Exit, Failure> {
    change(settings, console, "disabled", async |driver| {
        driver.disable(&typed.credential).await
    })
}

/// Forgets its cooldowns and holds.
pub(crate) fn reset(typed: &Named, settings: Settings, console: &Console) -> Result<Exit, Failure> {
    change(settings, console, "reset", async |driver| {
        driver.reset(&typed.credential).await
    })
}

/// Gives it another label.
pub(crate) fn rename(typed: &Renamed, settings: Settings, console: &Console) -> Result<Exit, Failure> {
    let label = typed.label.clone();
    change(settings, console, "renamed", async |driver| {
        driver.rename(&typed.named.credential, label).await
    })
}

/// Sets its priority.
pub(crate) fn priority(typed: &Prioritised, settings: Settings, console: &Console) -> Result<Exit, Failure> {
    change(settings, console, "reordered", async |driver| {
        driver.prioritise(&typed.named.credential, typed.priority).await
    })
}

fn change(
    settings: Settings,
    console: &Console,
    done: &str,
    work: impl AsyncFnOnce(Driver) -> Result<Account, Failure>,
) -> Result<Exit, Failure> {
    online::with_driver(settings, console, async |driver: Driver| {
        let account = work(driver).await?;
        if console.json() {
            console.document(&CredentialShape::from(&account))?;
        } else {
            console.note(&format!("{done} `{}` of {}", account.label, account.provider));
        }
        Ok(Exit::DONE)
    })
}
