//! `providers`: the table of providers, built in and the user's own, and rows that are added to it.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use evergrant_driver::provider::ProviderInfo;
use evergrant_driver::settings::{AddedRow, Settings};
use evergrant_driver::{Code, Failure};
use serde::Serialize;

use super::colours;
use super::console::{Console, visible};
use super::exit::Exit;
use super::stdin;
use super::table::{Cell, Table};

/// What can be typed.
#[derive(Args, Debug)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Typed {
    #[command(subcommand)]
    change: Option<Change>,
}

#[derive(Debug, Subcommand)]
enum Change {
    /// Put a row, or signals for one, into providers.d, once it has been read without a mistake
    Add {
        /// The file, or - for stdin
        #[arg(value_name = "FILE|-")]
        file: PathBuf,
        /// Replace the file of this provider that is there
        #[arg(long)]
        replace: bool,
    },
}

#[derive(Serialize)]
struct ProvidersShape {
    providers: Vec<ProviderShape>,
}

#[derive(Serialize)]
struct ProviderShape {
    id: String,
    name: String,
    auth: &'static str,
    base_url: String,
    flows: Vec<&'static str>,
    key_env: Vec<String>,
    models: Vec<String>,
    surfaces: Vec<String>,
    origin: String,
}

impl From<&ProviderInfo> for ProviderShape {
    fn from(info: &ProviderInfo) -> Self {
        Self {
            id: info.id.to_string(),
            name: info.name.clone(),
            auth: info.auth,
            base_url: info.base_url.to_string(),
            flows: info.flows.iter().map(|flow| flow.as_str()).collect(),
            key_env: info.key_env.clone(),
            models: info.models.clone(),
            surfaces: info.surfaces.clone(),
            origin: info.origin.clone(),
        }
    }
}

#[derive(Serialize)]
struct AddedShape {
    provider: String,
    file: String,
    replaced: bool,
}

impl From<&AddedRow> for AddedShape {
    fn from(added: &AddedRow) -> Self {
        Self {
            provider: added.provider.to_string(),
            file: added.file.display().to_string(),
            replaced: added.replaced,
        }
    }
}

/// Shows it, or adds to it.
///
/// # Errors
/// A row that cannot be used, a home that cannot be written.
pub(crate) fn run(typed: &Typed, settings: &Settings, console: &Console) -> Result<Exit, Failure> {
    match &typed.change {
        None => list(settings, console),
        Some(Change::Add { file, replace }) => {
            let text = text_of(file)?;
            let added = settings.add_row(&file.display().to_string(), &text, *replace)?;
            if console.json() {
                console.document(&AddedShape::from(&added))?;
            } else {
                console.note(&sentence(&added));
            }
            Ok(Exit::DONE)
        }
    }
}

/// What became of a row.
pub(crate) fn sentence(added: &AddedRow) -> String {
    let word = if added.replaced { "replaced" } else { "added" };
    let over = if added.over_built_in {
        ", which takes the place of the built-in row"
    } else {
        ""
    };
    let file = visible(&added.file.display().to_string());
    format!("{word} `{}` in {file}{over}", added.provider)
}

fn text_of(file: &Path) -> Result<String, Failure> {
    if file == Path::new("-") {
        return stdin::text();
    }
    std::fs::read_to_string(file)
        .map_err(|error| Failure::new(Code::Usage, format!("{} cannot be read: {error}", file.display())))
}

fn list(settings: &Settings, console: &Console) -> Result<Exit, Failure> {
    let providers = evergrant_driver::providers(settings)?;
    if console.json() {
        let providers = providers.iter().map(ProviderShape::from).collect();
        console.document(&ProvidersShape { providers })?;
        return Ok(Exit::DONE);
    }
    let mut table = Table::new(vec!["PROVIDER", "NAME", "SIGN IN", "MODELS", "BASE URL", "FROM"]);
    for info in &providers {
        let flows: Vec<&str> = info.flows.iter().map(|flow| flow.as_str()).collect();
        let sign_in = if flows.is_empty() {
            info.auth.to_owned()
        } else {
            flows.join(", ")
        };
        table.row(vec![
            info.id.as_str().into(),
            info.name.as_str().into(),
            sign_in.as_str().into(),
            few(&info.models).as_str().into(),
            info.base_url.as_str().into(),
            Cell::styled(&info.origin, colours::FAINT),
        ]);
    }
    console.line(&table.render(console))?;
    Ok(Exit::DONE)
}

/// The first few, which are enough to recognise what it serves.
fn few(models: &[String]) -> String {
    let shown = models.get(..FEW).unwrap_or(models).join(", ");
    if models.len() > FEW {
        format!("{shown}, ..")
    } else {
        shown
    }
}

/// Three patterns fit beside the other columns.
const FEW: usize = 3;

const EXAMPLES: &str = "\
Examples:
  evergrant providers
  evergrant providers --json | jq -r '.providers[].id'
  evergrant providers add acme.toml                a row of your own: read first, then kept as providers.d/ID.toml
  evergrant providers add --replace acme.toml      once more, after a change";
