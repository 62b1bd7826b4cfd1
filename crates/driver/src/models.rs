//! What providers offer: their own lists of models, asked for through the one client, and their rows' patterns.

use std::time::Duration;

use evergrant_engine::credential::ProviderId;
use evergrant_engine::failure::{Code, Failure};
use evergrant_engine::provider::Row;
use evergrant_engine::remedy::Remedy;
use http::header::ACCEPT_ENCODING;
use http::{HeaderMap, Request, Uri};
use http_body_util::{BodyExt as _, Limited};
use serde_json::Value;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::account::Account;
use crate::client::{Answer, Body, Call, Route, Trail};
use crate::driver::{Driver, accounts};
use crate::settings::Settings;

/// What one provider offers.
///
/// ```
/// use evergrant_driver::offers;
/// use evergrant_driver::settings::Settings;
///
/// # let folder = tempfile::tempdir()?;
/// let settings = Settings::load(Some(folder.path().join("home")), [])?;
/// let offer = &offers(&settings, Some(&"xai".into()))?[0];
/// // For whoever has named no model.
/// assert!(offer.default_model.as_ref().is_some_and(|model| model.starts_with("grok-")));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Offer {
    /// The provider.
    pub provider: ProviderId,
    /// Its name for people.
    pub name: String,
    /// Whether a credential of it can be used now.
    pub usable: bool,
    /// The models: by their names where it was asked, else as the patterns of its row.
    pub models: Vec<String>,
    /// The model to use when none is named.
    pub default_model: Option<String>,
    /// The API surfaces it has; empty is "not known".
    pub surfaces: Vec<String>,
    /// Where the models are from.
    pub source: OfferSource,
}

/// Where an offer is from.
///
/// ```
/// use evergrant_driver::settings::Settings;
/// use evergrant_driver::{OfferSource, offers};
///
/// # let folder = tempfile::tempdir()?;
/// let settings = Settings::load(Some(folder.path().join("home")), [])?;
/// // Nobody was asked: these are patterns, and what exists today is another question.
/// assert_eq!(offers(&settings, Some(&"openai".into()))?[0].source, OfferSource::Row);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OfferSource {
    /// The provider itself.
    Asked,
    /// Its row, because nobody was to be asked.
    Row,
    /// Its row, because the provider did not say.
    RowInstead(Failure),
}

impl Driver {
    /// What each provider with a usable credential offers, or this one, usable or not; all are asked at the same time. One
    /// that does not say is told by the patterns of its row.
    ///
    /// # Errors
    /// A provider that is none, no credential that can be used.
    ///
    /// ```
    /// use evergrant_driver::OfferSource;
    ///
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let driver = evergrant_driver::Driver::open(evergrant_driver::settings::Settings::load(Some(folder.path().join("home")), [])?)?;
    /// # let sandbox = evergrant_sandbox::Sandbox::start(evergrant_sandbox::Config::default()).await?;
    /// # std::fs::create_dir(folder.path().join("home/providers.d"))?;
    /// # std::fs::write(folder.path().join("home/providers.d/acme.toml"), sandbox.api_key_row("acme"))?;
    /// # driver.reload().await?;
    /// # driver.add_key(&"acme".into(), None, evergrant_driver::KeySource::Value("sk-sandbox-0000000000000000".into())).await?;
    /// let offers = driver.offers(None).await?;
    /// assert_eq!(offers[0].source, OfferSource::Asked);
    /// assert_eq!(offers[0].models, ["grok-4.3", "grok-4.3-mini"]);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn offers(&self, only: Option<&ProviderId>) -> Result<Vec<Offer>, Failure> {
        let settings = self.kernel.settings();
        let mut offers = by_rows(&settings, &self.accounts(), only)?;
        let mut asking = JoinSet::new();
        for (place, offer) in offers.iter().enumerate() {
            let (here, provider) = (self.clone(), offer.provider.clone());
            asking.spawn(async move {
                let listed = here.listed(Route::Provider(provider), &HeaderMap::new()).await;
                (place, listed)
            });
        }
        while let Some(asked) = asking.join_next().await {
            // One that panicked has said nothing.
            let Ok((place, listed)) = asked else { continue };
            let Some(offer) = offers.get_mut(place) else { continue };
            match listed {
                Ok(models) => {
                    let named = models.iter().filter_map(|model| model.get("id")?.as_str());
                    offer.models = named.map(str::to_owned).collect();
                    offer.source = OfferSource::Asked;
                }
                Err((failure, _)) => offer.source = OfferSource::RowInstead(failure),
            }
        }
        Ok(offers)
    }

    /// A provider's own list of models, as it tells it.
    ///
    /// # Errors
    /// Why there is none, and how far the question came.
    ///
    /// ```
    /// use evergrant_driver::client::Route;
    ///
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let driver = evergrant_driver::Driver::open(evergrant_driver::settings::Settings::load(Some(folder.path().join("home")), [])?)?;
    /// # let sandbox = evergrant_sandbox::Sandbox::start(evergrant_sandbox::Config::default()).await?;
    /// # std::fs::create_dir(folder.path().join("home/providers.d"))?;
    /// # std::fs::write(folder.path().join("home/providers.d/acme.toml"), sandbox.api_key_row("acme"))?;
    /// # driver.reload().await?;
    /// # driver.add_key(&"acme".into(), None, evergrant_driver::KeySource::Value("sk-sandbox-0000000000000000".into())).await?;
    /// let route = Route::Provider("acme".into());
    /// let models = driver.listed(route, &http::HeaderMap::new()).await.map_err(|(failure, _)| failure)?;
    /// assert_eq!(models[0]["id"], "grok-4.3");
    /// # Ok(())
    /// # }
    /// ```
    pub async fn listed(&self, route: Route, headers: &HeaderMap) -> Result<Vec<Value>, (Failure, Trail)> {
        let asked = async { list(self.send(model_list(route, headers)).await?).await };
        match timeout(TAKES_AT_MOST, asked).await {
            Ok(list) => list,
            Err(_) => Err((unlisted("did not come in time"), Trail::default())),
        }
    }
}

/// What each provider with a usable credential offers by its row, or this one, usable or not; nobody is asked.
///
/// # Errors
/// A provider that is none, no credential that can be used, a store that cannot be read.
///
/// ```
/// use evergrant_driver::offers;
/// use evergrant_driver::settings::Settings;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// let settings = Settings::load(Some(folder.path().join("home")), [])?;
/// let offers = offers(&settings, Some(&"openai".into()))?;
/// assert!(!offers[0].usable && offers[0].models.iter().any(|model| model.starts_with("gpt-")));
/// # Ok(())
/// # }
/// ```
pub fn offers(settings: &Settings, only: Option<&ProviderId>) -> Result<Vec<Offer>, Failure> {
    by_rows(settings, &accounts(settings)?, only)
}

/// The request for the list of models.
///
/// ```
/// use evergrant_driver::client::Route;
/// use evergrant_driver::model_list;
/// use http::HeaderMap;
/// use http::header::ACCEPT_ENCODING;
///
/// // A client's own headers go along, but for those that would make the answer unreadable here.
/// let headers = HeaderMap::from_iter([(ACCEPT_ENCODING, "br".parse()?)]);
/// let call = model_list(Route::Any, &headers);
/// assert!(call.request.uri() == "/models" && call.request.headers().is_empty());
/// # Ok::<(), http::header::InvalidHeaderValue>(())
/// ```
pub fn model_list(route: Route, headers: &HeaderMap) -> Call {
    let mut request = Request::new(Body::empty());
    *request.uri_mut() = Uri::from_static("/models");
    *request.headers_mut() = headers.clone();
    // The list is read here, and its form must be one that can be.
    request.headers_mut().remove(ACCEPT_ENCODING);
    Call {
        request,
        route,
        pin: None,
    }
}

fn by_rows(settings: &Settings, accounts: &[Account], only: Option<&ProviderId>) -> Result<Vec<Offer>, Failure> {
    let is_usable = |row: &Row| {
        accounts
            .iter()
            .any(|account| account.usable && account.provider == row.id)
    };
    let table = &settings.table;
    let offer = |row: &Row| Offer {
        provider: row.id.clone(),
        name: row.name.clone(),
        usable: is_usable(row),
        models: row.models.iter().map(|glob| glob.0.clone()).collect(),
        default_model: row.default_model.clone(),
        surfaces: row.surfaces.clone(),
        source: OfferSource::Row,
    };
    let choose = |why: &str| Remedy::Run {
        command: "evergrant providers".to_owned(),
        why: why.to_owned(),
    };
    if let Some(only) = only {
        let row = table.row(only).ok_or_else(|| table.missing(only))?;
        return Ok(vec![offer(row)]);
    }
    let offers: Vec<Offer> = table
        .rows()
        .filter(|row| is_usable(row))
        .map(|row| offer(row))
        .collect();
    if offers.is_empty() {
        let failure = Failure::new(Code::NoCredential, "no provider has a credential that can be used now");
        return Err(failure.with_remedy(choose("log in at one of these, or name one to see what its row says")));
    }
    Ok(offers)
}

async fn list(answer: Answer) -> Result<Vec<Value>, (Failure, Trail)> {
    let Answer {
        response,
        trail,
        refusal,
        complaint,
    } = answer;
    if let Some(refusal) = refusal.or(complaint) {
        return Err((refusal, trail));
    }
    let Ok(whole) = Limited::new(response.into_body(), LIST_LENGTH).collect().await else {
        return Err((unlisted("broke off or is too long"), trail));
    };
    let read: Result<Value, _> = serde_json::from_slice(&whole.to_bytes());
    match read {
        Ok(Value::Object(mut object)) => match object.remove("data") {
            Some(Value::Array(models)) => Ok(models),
            Some(_) | None => Err((unlisted("has no models"), trail)),
        },
        Ok(_) | Err(_) => Err((unlisted("cannot be read"), trail)),
    }
}

fn unlisted(what: &str) -> Failure {
    Failure::new(Code::ServerError, format!("the provider's list of models {what}"))
        .with_remedy(Remedy::Wait { until: None })
}

/// 15 s: a list is short, and the others must not wait for the one provider that hangs.
const TAKES_AT_MOST: Duration = Duration::from_secs(15);

/// 8 MiB: the longest list known, an aggregator's, has 1 MiB.
const LIST_LENGTH: usize = 8 * 1024 * 1024;
