//! `remove` forgets a credential here; `logout` revokes it at its provider as well.

use clap::Args;
use evergrant_driver::settings::Settings;
use evergrant_driver::{Driver, Failure, Logout, LogoutEnd};
use serde::Serialize;

use super::colours;
use super::console::{Console, visible};
use super::credential_json::{CredentialShape, RevocationShape};
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
            console.document(&LogoutShape::from(&logout))?;
        } else {
            tell(&logout, console);
        }
        Ok(Exit::DONE)
    })
}

/// The credential as it was, what its provider made of it, and all that waits in this home.
#[derive(Serialize)]
struct LogoutShape {
    #[serde(flatten)]
    credential: CredentialShape,
    revocation: &'static str,
    revocations: Vec<RevocationShape>,
}

impl From<&Logout> for LogoutShape {
    fn from(logout: &Logout) -> Self {
        Self {
            credential: CredentialShape::from(&logout.account),
            revocation: logout.end.as_str(),
            revocations: logout.queued.iter().map(RevocationShape::from).collect(),
        }
    }
}

fn tell(logout: &Logout, console: &Console) {
    let (label, provider) = (&logout.account.label, &logout.account.provider);
    console.note(&format!("logged out `{label}` of {provider}"));
    let warning = console.paint_note(colours::WARNING, "warning");
    match &logout.end {
        LogoutEnd::Nothing | LogoutEnd::Revoked => {}
        LogoutEnd::Unsupported => console.note(&format!(
            "{warning}: {provider} revokes no tokens: they stay good there until they expire"
        )),
        LogoutEnd::Queued(failure) => {
            console.note(&format!(
                "{warning}: forgotten here, but not revoked at the provider yet: {}",
                visible(&failure.message)
            ));
            console.note("  help: it is queued: a running gateway goes on trying, the next logout tries once");
            console.note("  try: evergrant status");
        }
    }
}
