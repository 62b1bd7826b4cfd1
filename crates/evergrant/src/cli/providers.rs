//! `providers`: the table of providers, built in and the user's own.

use clap::Args;
use evergrant_driver::Failure;
use evergrant_driver::provider::ProviderInfo;
use evergrant_driver::settings::Settings;
use serde::Serialize;

use super::colours;
use super::console::Console;
use super::exit::Exit;
use super::table::{Cell, Table};

/// What can be typed.
#[derive(Args, Debug)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Typed {}

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

/// Shows it.
///
/// # Errors
/// A row of the user's that cannot be read.
pub(crate) fn run(_: &Typed, settings: &Settings, console: &Console) -> Result<Exit, Failure> {
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

A row of your own goes into providers.d/NAME.toml of the home directory.";
