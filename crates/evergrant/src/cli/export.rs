//! `export`: seals everything that the home holds under a passphrase.

use std::path::PathBuf;

use clap::Args;
use evergrant_driver::settings::Settings;
use evergrant_driver::{Account, Exported, Failure, shell_word};
use serde::Serialize;

use super::console::{Console, visible};
use super::exit::Exit;
use super::passphrase::PassphraseFrom;

/// What can be typed.
#[derive(Args, Debug)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Typed {
    /// Write it to this file, for you alone, instead of stdout
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Replace the file if it is there
    #[arg(long, requires = "output")]
    force: bool,
    #[command(flatten)]
    passphrase: PassphraseFrom,
}

impl Typed {
    /// The command as it was typed, but for the passphrase.
    fn again(&self) -> String {
        let mut command = "evergrant export".to_owned();
        if let Some(file) = &self.output {
            command.push_str(" --output ");
            command.push_str(&shell_word(&file.display().to_string()));
        }
        if self.force {
            command.push_str(" --force");
        }
        command
    }
}

#[derive(Serialize)]
struct ExportedShape<'a> {
    file: Option<String>,
    credentials: Vec<OneShape<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    backup: Option<&'a str>,
}

#[derive(Serialize)]
struct OneShape<'a> {
    credential: &'a str,
    provider: &'a str,
    label: &'a str,
    kind: &'static str,
}

impl<'a> From<&'a Account> for OneShape<'a> {
    fn from(account: &'a Account) -> Self {
        Self {
            credential: account.id.as_str(),
            provider: account.provider.as_str(),
            label: account.label.as_str(),
            kind: account.kind.as_str(),
        }
    }
}

/// Seals it and writes it; the providers are not asked.
///
/// # Errors
/// A store that is missing or cannot be read, no passphrase, a file that is there already or cannot be written.
pub(crate) fn run(typed: &Typed, settings: &Settings, console: &Console) -> Result<Exit, Failure> {
    if let Some(file) = &typed.output {
        // Nobody types a passphrase twice for nothing.
        evergrant_driver::check_place(file, typed.force)?;
    }
    let passphrase = typed.passphrase.chosen(settings, &typed.again())?;
    let exported = evergrant_driver::export(settings, &passphrase)?;
    if let Some(file) = &typed.output {
        exported.write_to(file, typed.force)?;
    }
    if console.json() {
        console.document(&shape(typed, &exported))?;
        return Ok(Exit::DONE);
    }
    if typed.output.is_none() {
        console.write(exported.text.as_bytes())?;
    }
    let count = exported.accounts.len();
    let what = if count == 1 { "credential" } else { "credentials" };
    let place = typed.output.as_ref().map(|file| format!(" to {}", file.display()));
    console.note(&visible(&format!(
        "sealed {count} {what}{}: nothing but the passphrase opens it",
        place.unwrap_or_default()
    )));
    Ok(Exit::DONE)
}

fn shape<'a>(typed: &Typed, exported: &'a Exported) -> ExportedShape<'a> {
    ExportedShape {
        file: typed.output.as_ref().map(|file| file.display().to_string()),
        credentials: exported.accounts.iter().map(OneShape::from).collect(),
        // Where no file was named, stdout carries the backup in either form.
        backup: typed.output.is_none().then_some(exported.text.as_str()),
    }
}

const EXAMPLES: &str = "\
Examples:
  evergrant export --output backup.txt                         asks for the passphrase twice
  pass show backup | evergrant export --passphrase-stdin -o backup.txt
  evergrant export --passphrase-env BACKUP_PASSPHRASE | ssh host 'cat > backup.txt'

Providers of your own (providers.d) and config.toml are plain files: copy them beside it.";
