//! `import`: borrows what another tool keeps, takes it over, or gives it back.

use std::path::PathBuf;

use clap::Args;
use clap::builder::PossibleValuesParser;
use evergrant_driver::settings::Settings;
use evergrant_driver::{Code, Driver, Failure, Import, ImportWay, Imported, ImportedHow, ImportedOne, Tool};
use serde::Serialize;

use super::console::{Console, visible};
use super::exit::Exit;
use super::json::time;
use super::online;

/// What can be typed.
#[derive(Args, Debug)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Typed {
    /// The tool whose logins are imported
    #[arg(value_parser = PossibleValuesParser::new(Tool::ALL.map(Tool::as_str)))]
    tool: String,
    /// Its file, or the folder that holds it [default: where the tool itself looks]
    #[arg(long, value_name = "PATH")]
    from: Option<PathBuf>,
    /// Move the ownership here: the tool's own copy is set aside
    #[arg(long)]
    take: bool,
    /// Give back what was taken, with the tokens that it has now
    #[arg(long, conflicts_with = "take")]
    undo: bool,
}

impl Typed {
    fn meant(&self) -> Result<Import, Failure> {
        let unknown = || Failure::new(Code::Usage, format!("nothing is known of a tool `{}`", self.tool));
        Ok(Import {
            tool: Tool::named(&self.tool).ok_or_else(unknown)?,
            from: self.from.clone(),
            way: match (self.take, self.undo) {
                (true, _) => ImportWay::Take,
                (false, true) => ImportWay::GiveBack,
                (false, false) => ImportWay::Borrow,
            },
        })
    }
}

/// Imports.
///
/// # Errors
/// A file that is missing or cannot be read, nothing usable in it, a store that cannot be written.
pub(crate) fn run(typed: &Typed, settings: Settings, console: &Console) -> Result<Exit, Failure> {
    let meant = typed.meant()?;
    let tool = meant.tool;
    online::with_driver(settings, console, async |driver: Driver| {
        let imported = driver.import(meant).await?;
        if console.json() {
            console.document(&ImportedShape::from(&imported))?;
        } else {
            for one in &imported.credentials {
                tell(one, tool, &imported, console);
            }
            for skipped in &imported.skipped {
                console.note(&visible(&format!("left alone: `{}` {}", skipped.entry, skipped.why)));
            }
        }
        Ok(Exit::DONE)
    })
}

fn tell(one: &ImportedOne, tool: Tool, imported: &Imported, console: &Console) {
    let name = format!("`{}` at {}", one.account.label, one.account.provider);
    let place = imported.place.display();
    let told = match one.how {
        ImportedHow::Borrowed => {
            format!("borrowed {name}: {tool} owns and renews it, and {place} is read again when it changes")
        }
        ImportedHow::Taken => {
            format!("took {name}: it is ours from now on, and {tool} must log in again to have one of its own")
        }
        ImportedHow::Copied => format!("copied the key {name}"),
        ImportedHow::Returned => {
            format!("gave {name} back to {tool}, which renews it from now on; here it is borrowed")
        }
        ImportedHow::Unchanged => format!("{name} is here already"),
    };
    console.note(&visible(&told));
    if let Some(backup) = &one.backup {
        let kept = format!("what {place} held is kept in {}", backup.display());
        console.note(&format!("  {}", visible(&kept)));
    }
    if let Some(undo) = &one.undo {
        console.note(&format!("  undo: {}", visible(undo)));
    }
}

/// What came of it; what is absent is `null`.
#[derive(Debug, Serialize)]
struct ImportedShape {
    place: String,
    imported: Vec<OneShape>,
    skipped: Vec<SkippedShape>,
}

#[derive(Debug, Serialize)]
struct OneShape {
    how: &'static str,
    credential: String,
    provider: String,
    label: String,
    kind: &'static str,
    expires_at: Option<String>,
    backup: Option<String>,
    undo: Option<String>,
}

#[derive(Debug, Serialize)]
struct SkippedShape {
    entry: String,
    why: String,
}

impl From<&Imported> for ImportedShape {
    fn from(imported: &Imported) -> Self {
        let one = |one: &ImportedOne| OneShape {
            how: one.how.as_str(),
            credential: one.account.id.to_string(),
            provider: one.account.provider.to_string(),
            label: one.account.label.to_string(),
            kind: one.account.kind.as_str(),
            expires_at: one.account.expires_at.map(time),
            backup: one.backup.as_ref().map(|path| path.display().to_string()),
            undo: one.undo.clone(),
        };
        let skipped = imported.skipped.iter().map(|skipped| SkippedShape {
            entry: skipped.entry.clone(),
            why: skipped.why.clone(),
        });
        Self {
            place: imported.place.display().to_string(),
            imported: imported.credentials.iter().map(one).collect(),
            skipped: skipped.collect(),
        }
    }
}

const EXAMPLES: &str = "\
Examples:
  evergrant import hermes                    use its logins; it goes on renewing them
  evergrant import codex --take              make its login ours; close codex first
  evergrant import codex --undo              and give it back
  evergrant import grok --from ./auth.json   read another file than its usual one";
