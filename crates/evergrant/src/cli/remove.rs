//! `remove` forgets a credential here; `logout` revokes it at its provider as well.

use clap::Args;
use evergrant_driver::settings::Settings;
use evergrant_driver::{Driver, Failure};

use super::colours;
use super::console::{Console, visible};
use super::credential_json::CredentialShape;
use super::exit::Exit;
use super::online;
use super::progress;

/// What can be typed.
#[derive(Args, Debug)]
pub(crate) struct Typed {
    /// An id, a unique label, or PROVIDER/LABEL
    #[arg(value_name = "CRED")]
    credential: String,
}

/// Forgets it; the provider is not asked.
///
/// # Errors
/// An unknown credential, a store that cannot be written.
pub(crate) fn remove(typed: &Typed, settings: Settings, console: &Console) -> Result<Exit, Failure> {
    online::with_driver(settings, console, async |driver: Driver| {
        let account = driver.remove(&typed.credential).await?;
        if console.json() {
            console.document(&CredentialShape::from(&account))?;
        } else {
            console.note(&format!("removed `{}` of {}", account.label, account.provider));
        }
        Ok(Exit::DONE)
    })
}

/// Revokes it (RFC 7009) and forgets it; a revocation that fails does not keep it here.
///
/// # Errors
/// An unknown credential, a store that cannot be written.
pub(crate) fn logout(typed: &Typed, settings: Settings, console: &Console) -> Result<Exit, Failure> {
    online::with_driver(settings, console, async |driver: Driver| {
        let logout = progress::shown("revoking", driver.logout(&typed.credential)).await?;
        if console.json() {
            console.document(&CredentialShape::from(&logout.account))?;
        } else {
            console.note(&format!(
                "logged out `{}` of {}",
                logout.account.label, logout.account.provider
            ));
        }
        if let Some(failure) = &logout.unrevoked {
            let word = console.paint_note(colours::WARNING, "warning");
            console.note(&format!(
                "{word}: forgotten here, but not revoked at the provider: {}",
                visible(&failure.message)
            ));
        }
        Ok(Exit::DONE)
    })
}
