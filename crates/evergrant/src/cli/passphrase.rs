//! The passphrase of a backup: asked without an echo, or read from where scripts keep it; never from the command line.

use clap::Args;
use evergrant_driver::settings::Settings;
use evergrant_driver::{Code, Failure, Remedy, Secret};

use super::stdin;

/// Where the passphrase comes from.
#[derive(Args, Debug)]
pub(crate) struct PassphraseFrom {
    /// Read the passphrase from the first line of stdin
    #[arg(long)]
    passphrase_stdin: bool,
    /// Read the passphrase from this environment variable
    #[arg(long, value_name = "VAR", conflicts_with = "passphrase_stdin")]
    passphrase_env: Option<String>,
}

impl PassphraseFrom {
    /// Whether stdin is taken by it.
    pub(crate) const fn takes_stdin(&self) -> bool {
        self.passphrase_stdin
    }

    /// One that is known already; `command` is what was typed.
    ///
    /// # Errors
    /// `usage` if there is none, and nobody can be asked.
    pub(crate) fn known(&self, settings: &Settings, command: &str) -> Result<Secret<String>, Failure> {
        match self.given(settings)? {
            Some(given) => Ok(given),
            None => stdin::hidden("passphrase of the backup: ").ok_or_else(|| nobody(command)),
        }
    }

    /// A new one; who types it types it twice.
    ///
    /// # Errors
    /// The same, and `usage` if the two differ.
    pub(crate) fn chosen(&self, settings: &Settings, command: &str) -> Result<Secret<String>, Failure> {
        if let Some(given) = self.given(settings)? {
            return Ok(given);
        }
        let first = stdin::hidden("new passphrase of the backup: ").ok_or_else(|| nobody(command))?;
        let second = stdin::hidden("the same again: ").ok_or_else(|| nobody(command))?;
        if first == second {
            Ok(first)
        } else {
            Err(Failure::new(Code::Usage, "the two passphrases differ"))
        }
    }

    fn given(&self, settings: &Settings) -> Result<Option<Secret<String>>, Failure> {
        if self.passphrase_stdin {
            return stdin::line("the passphrase").map(Some);
        }
        let Some(variable) = &self.passphrase_env else {
            return Ok(None);
        };
        match settings.environment.value(variable) {
            Some(value) => Ok(Some(Secret::from(value))),
            None => Err(Failure::new(
                Code::Usage,
                "the variable that `--passphrase-env` names is not set, or empty",
            )),
        }
    }
}

fn nobody(command: &str) -> Failure {
    Failure::new(
        Code::Usage,
        "nobody can be asked for the passphrase: there is no terminal",
    )
    .with_remedy(Remedy::Run {
        command: format!("{command} --passphrase-stdin"),
        why: "give it by `--passphrase-stdin` or `--passphrase-env VAR`".to_owned(),
    })
}
