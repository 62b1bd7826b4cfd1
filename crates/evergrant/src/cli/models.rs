//! `models`: what each provider offers, by its own word or, where that cannot be had, by its row.

use clap::Args;
use evergrant_driver::settings::Settings;
use evergrant_driver::{Driver, Failure, Offer, OfferSource, ProviderId};
use serde::Serialize;

use super::colours;
use super::console::{Console, visible};
use super::exit::Exit;
use super::failure;
use super::json::FailureShape;
use super::online;
use super::progress;
use super::table::{Cell, Table};

/// What can be typed.
#[derive(Args, Debug)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Typed {
    /// This provider only [default: each that has a usable credential]
    #[arg(value_name = "PROVIDER")]
    provider: Option<String>,
    /// Ask nobody: show the patterns of the providers' rows
    #[arg(long)]
    offline: bool,
}

#[derive(Serialize)]
struct OffersShape {
    providers: Vec<OfferShape>,
}

#[derive(Serialize)]
struct OfferShape {
    provider: String,
    name: String,
    usable: bool,
    source: &'static str,
    models: Vec<String>,
    default_model: Option<String>,
    surfaces: Vec<String>,
    #[serde(flatten)]
    why: Option<FailureShape>,
}

impl From<&Offer> for OfferShape {
    fn from(offer: &Offer) -> Self {
        let (source, why) = match &offer.source {
            OfferSource::Asked => ("provider", None),
            OfferSource::Row => ("row", None),
            OfferSource::RowInstead(failure) => ("row", Some(FailureShape::from(failure))),
        };
        Self {
            provider: offer.provider.to_string(),
            name: offer.name.clone(),
            usable: offer.usable,
            source,
            models: offer.models.clone(),
            default_model: offer.default_model.clone(),
            surfaces: offer.surfaces.clone(),
            why,
        }
    }
}

/// Shows them.
///
/// # Errors
/// An unknown provider; no credential that can be used, where no provider is named.
pub(crate) fn run(typed: &Typed, settings: Settings, console: &Console) -> Result<Exit, Failure> {
    let only = typed.provider.as_deref().map(ProviderId::from);
    let offers = if typed.offline {
        evergrant_driver::offers(&settings, only.as_ref())?
    } else {
        online::with_driver(settings, console, async |driver: Driver| {
            progress::shown("asking the providers", driver.offers(only.as_ref())).await
        })?
    };
    if console.json() {
        let providers = offers.iter().map(OfferShape::from).collect();
        console.document(&OffersShape { providers })?;
        return Ok(Exit::DONE);
    }
    let mut table = Table::new(vec!["MODEL", "PROVIDER", "FROM"]);
    for offer in &offers {
        let from = match offer.source {
            OfferSource::Asked => "",
            OfferSource::Row | OfferSource::RowInstead(_) => "its row",
        };
        for model in &offer.models {
            let model = visible(model);
            table.row(vec![
                model.as_str().into(),
                offer.provider.as_str().into(),
                Cell::styled(from, colours::FAINT),
            ]);
        }
    }
    console.line(&table.render(console))?;
    for offer in &offers {
        tell(offer, console);
    }
    Ok(Exit::DONE)
}

/// Why the row speaks for a provider that did not.
fn tell(offer: &Offer, console: &Console) {
    let OfferSource::RowInstead(why) = &offer.source else {
        return;
    };
    let word = console.paint_note(colours::WARNING, "warning");
    console.note(&format!(
        "{word}: {}",
        visible(&format!(
            "{} did not say, so its row does: {}",
            offer.provider, why.message
        ))
    ));
    if let Some(remedy) = &why.remedy {
        failure::tell_remedy(remedy, console);
    }
}

const EXAMPLES: &str = "\
Examples:
  evergrant models
  evergrant models xai-oauth --json | jq -r '.providers[].models[]'
  evergrant models openai --offline";
