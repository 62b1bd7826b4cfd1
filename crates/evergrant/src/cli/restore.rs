//! `restore`: brings back what a backup holds and the home does not.

use std::fs::File;
use std::path::{Path, PathBuf};

use clap::Args;
use evergrant_driver::settings::Settings;
use evergrant_driver::{
    Account, Code, Driver, Failure, Remedy, Restoration, RestoredOne, RestoredReport, SealedBackup, shell_word,
};
use serde::Serialize;

use super::colours;
use super::console::{Console, visible};
use super::credential_json::CredentialShape;
use super::exit::Exit;
use super::json::time;
use super::online;
use super::passphrase::PassphraseFrom;
use super::stdin;
use super::when;

/// What can be typed.
#[derive(Args, Debug)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Typed {
    /// The file that `export` wrote [default: stdin]
    file: Option<PathBuf>,
    /// Bring back what was logged out or removed here as well
    #[arg(long)]
    revive: bool,
    #[command(flatten)]
    passphrase: PassphraseFrom,
}

impl Typed {
    fn source(&self) -> Option<&Path> {
        self.file.as_deref().filter(|file| file.as_os_str() != "-")
    }

    /// The command as it was typed, but for the passphrase.
    fn again(&self) -> String {
        let file = self.source().map(|file| shell_word(&file.display().to_string()));
        let revive = if self.revive { " --revive" } else { "" };
        // What comes by stdin has no name that is known here.
        format!("evergrant restore {}{revive}", file.as_deref().unwrap_or("FILE"))
    }

    /// The same failure with the file that was typed in what it says to type.
    fn named(&self, mut failure: Failure) -> Failure {
        if let Some(Remedy::Run { command, .. }) = &mut failure.remedy
            && command == "evergrant restore FILE"
        {
            *command = self.again();
        }
        failure
    }

    fn read(&self) -> Result<Vec<u8>, Failure> {
        let Some(file) = self.source() else {
            if self.passphrase.takes_stdin() {
                let message = "stdin cannot carry both the backup and the passphrase";
                return Err(Failure::new(Code::Usage, message).with_remedy(Remedy::Run {
                    command: "evergrant restore FILE --passphrase-stdin".to_owned(),
                    why: "name the file, or give the passphrase by `--passphrase-env VAR`".to_owned(),
                }));
            }
            return stdin::all("a backup", BACKUP_MAX);
        };
        let what = file.display().to_string();
        let opened =
            File::open(file).map_err(|error| Failure::new(Code::Usage, format!("cannot read {what}: {error}")))?;
        stdin::read_all(opened, &what, BACKUP_MAX)
    }
}

/// Looks at the whole backup first, and then brings back all of it that may come.
///
/// # Errors
/// What is no backup, is cut, damaged or newer; another passphrase; a store that cannot be written.
pub(crate) fn run(
    typed: &Typed,
    settings: impl FnOnce() -> Result<Settings, Failure>,
    console: &Console,
) -> Result<Exit, Failure> {
    let sealed = SealedBackup::read(&typed.read()?)?;
    let settings = settings()?;
    let opened = sealed
        .open(&typed.passphrase.known(&settings, &typed.again())?)
        .map_err(|failure| typed.named(failure))?;
    online::with_driver(settings, console, async |driver: Driver| {
        let report = driver.restore(opened, typed.revive).await?;
        if console.json() {
            console.document(&ReportShape::from(&report))?;
        } else {
            tell(&report, console);
        }
        Ok(Exit::DONE)
    })
}

fn tell(report: &RestoredReport, console: &Console) {
    for one in &report.credentials {
        console.note(&visible(&sentence(one)));
    }
    if report.back().next().is_none() {
        console.note("nothing was restored");
    }
    if report.back().any(|account| account.health == UNKNOWN) {
        let word = console.paint_note(colours::WARNING, "warning");
        console.note(&format!(
            "{word}: a login has one owner: if the home that it comes from is still in use, log in anew in one of the two"
        ));
    }
}

fn sentence(one: &RestoredOne) -> String {
    let name = format!("`{}` at {}", one.label, one.provider);
    match &one.end {
        Restoration::Left { why, .. } => format!("left out {name}: {why}"),
        Restoration::Back { account, has_row } => {
            let renamed = if account.label == one.label {
                String::new()
            } else {
                format!(" as `{}`", account.label)
            };
            let row = if *has_row {
                String::new()
            } else {
                format!(
                    "; there is no provider `{}` here: copy its file into providers.d",
                    one.provider
                )
            };
            format!("restored {name}{renamed}{}{row}", outlook(account))
        }
    }
}

/// What is to be expected of a grant that came back.
fn outlook(account: &Account) -> String {
    match account.expires_at {
        Some(at) if account.health == UNKNOWN && at > when::now() => {
            format!(
                ": its access token serves until it expires {}, and whatever uses it then renews it",
                when::relative(at, when::now())
            )
        }
        Some(_) if account.health == UNKNOWN => {
            ": its access token has expired, and is renewed at the next use".to_owned()
        }
        Some(_) | None => String::new(),
    }
}

/// What came of it; what is absent is `null`.
#[derive(Serialize)]
struct ReportShape {
    taken_at: String,
    restored: Vec<BackShape>,
    left: Vec<LeftShape>,
}

#[derive(Serialize)]
struct BackShape {
    #[serde(flatten)]
    credential: CredentialShape,
    label_in_backup: String,
}

#[derive(Serialize)]
struct LeftShape {
    provider: String,
    label: String,
    why: &'static str,
    message: String,
}

impl From<&RestoredReport> for ReportShape {
    fn from(report: &RestoredReport) -> Self {
        let mut shape = Self {
            taken_at: time(report.taken_at),
            restored: Vec::new(),
            left: Vec::new(),
        };
        for one in &report.credentials {
            match &one.end {
                Restoration::Back { account, .. } => shape.restored.push(BackShape {
                    credential: CredentialShape::from(&**account),
                    label_in_backup: one.label.to_string(),
                }),
                Restoration::Left { word, why } => shape.left.push(LeftShape {
                    provider: one.provider.to_string(),
                    label: one.label.to_string(),
                    why: word,
                    message: why.clone(),
                }),
            }
        }
        shape
    }
}

/// The health of a grant that came back.
const UNKNOWN: &str = "outcome-unknown";

/// 64 MiB: a hundred thousand credentials have half of that.
const BACKUP_MAX: u64 = 64 << 20;

const EXAMPLES: &str = "\
Examples:
  evergrant restore backup.txt
  ssh host cat backup.txt | evergrant restore --passphrase-env BACKUP_PASSPHRASE
  evergrant restore backup.txt --revive     also what was logged out or removed here since";
