//! `add`: keeps an API key, or the name of the variable that holds one.

use clap::Args;
use evergrant_driver::KeySource;
use evergrant_driver::settings::Settings;
use evergrant_driver::{Driver, Failure, Label, ProviderId};

use super::console::Console;
use super::credential_json::CredentialShape;
use super::exit::Exit;
use super::label::typed_label;
use super::online;
use super::stdin;

/// What can be typed.
#[derive(Args, Debug)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Typed {
    /// The provider, as `evergrant providers` lists it
    provider: String,
    /// What to call the credential; a known label is replaced
    #[arg(long, value_name = "L", value_parser = typed_label)]
    label: Option<Label>,
    /// Read the key from stdin; on a terminal ask for it without an echo (the default there)
    #[arg(long)]
    stdin: bool,
    /// Read the key from this variable whenever it is used, and never store it
    #[arg(long, value_name = "VAR", conflicts_with = "stdin")]
    env: Option<String>,
}

/// What was meant.
#[derive(Debug)]
struct Meant {
    provider: ProviderId,
    label: Option<Label>,
    key: KeySource,
}

impl Typed {
    fn meant(&self, settings: &Settings) -> Result<Meant, Failure> {
        let provider = ProviderId::from(self.provider.as_str());
        // Nobody should look for a key that nobody takes.
        settings.takes_keys(&provider)?;
        let key = match &self.env {
            Some(variable) => KeySource::Variable(variable.clone()),
            None => KeySource::Value(stdin::secret(&format!("API key for {}: ", self.provider))?),
        };
        Ok(Meant {
            provider,
            label: self.label.clone(),
            key,
        })
    }
}

/// Keeps it.
///
/// # Errors
/// A provider without keys, a placeholder, a store that cannot be written.
pub(crate) fn run(typed: &Typed, settings: Settings, console: &Console) -> Result<Exit, Failure> {
    let meant = typed.meant(&settings)?;
    online::with_driver(settings, console, async |driver: Driver| {
        let account = driver.add_key(&meant.provider, meant.label, meant.key).await?;
        if console.json() {
            console.document(&CredentialShape::from(&account))?;
        } else {
            console.note(&format!("added `{}` at {}", account.label, account.provider));
        }
        Ok(Exit::DONE)
    })
}

const EXAMPLES: &str = "\
Examples:
  evergrant add xai                        asks for the key, without an echo
  pass show xai | evergrant add xai --stdin
  evergrant add xai --env XAI_API_KEY      the variable is read at use, the key never stored";
