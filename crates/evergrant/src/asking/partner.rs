//! Who answers: the provider, the credential and the model of a question, from what was wished for and what was set.

use evergrant_driver::client::Route;
use evergrant_driver::settings::Settings;
use evergrant_driver::{Code, Driver, Failure, Label, ProviderId, Remedy};

use super::surface::Surface;

/// What was wished for; the rest is found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Wish {
    /// The provider.
    pub(crate) provider: Option<ProviderId>,
    /// The label of the only credential that will do.
    pub(crate) credential: Option<Label>,
    /// The model.
    pub(crate) model: Option<String>,
    /// Whether the provider is only the usual one, and the model was wished for without it.
    pub(crate) usually: bool,
}

/// Who answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Partner {
    /// The provider, unless the model alone decides.
    pub(crate) provider: Option<ProviderId>,
    /// The only credential that will do, if there is such a wish.
    pub(crate) credential: Option<Label>,
    /// The model.
    pub(crate) model: String,
    /// The API that is asked.
    pub(super) surface: Surface,
}

impl Wish {
    /// The same with these where it is silent. A provider that is wished for does not get another one's model.
    pub(crate) fn or(self, provider: Option<&ProviderId>, model: Option<&str>) -> Self {
        let same = self.provider.is_none() || self.provider.as_ref() == provider;
        let usually = self.provider.is_none() && self.model.is_some();
        Self {
            usually: self.usually || usually,
            model: self.model.or_else(|| same.then(|| model.map(str::to_owned)).flatten()),
            provider: self.provider.or_else(|| provider.cloned()),
            credential: self.credential,
        }
    }
}

impl Partner {
    /// Finds the rest.
    ///
    /// # Errors
    /// No such provider, no credential at all, no model, or none of the APIs that take conversations.
    pub(crate) fn find(wish: Wish, driver: &Driver, settings: &Settings) -> Result<Self, Failure> {
        let provider = match (wish.provider, &wish.model) {
            (Some(usual), Some(model))
                if wish.usually && wish.credential.is_none() && is_others(model, &usual, driver, settings) =>
            {
                None
            }
            (Some(provider), _) => Some(provider),
            (None, Some(_)) => None,
            (None, None) => Some(first_at_hand(driver, settings)?),
        };
        let served = match (&provider, &wish.model) {
            (Some(provider), _) => Some(provider.clone()),
            (None, Some(model)) => serving(model, driver, settings),
            (None, None) => None,
        };
        let row = served.as_ref().and_then(|id| settings.table.row(id));
        if let (Some(provider), None) = (&provider, row) {
            return Err(settings.table.missing(provider));
        }
        let usual = served.as_ref().and_then(|id| usual_model(id, settings));
        let model = wish.model.or(usual);
        let Some(model) = model else {
            return Err(no_model(provider.as_ref()));
        };
        let surfaces = row.map(|row| row.surfaces.as_slice()).unwrap_or_default();
        let Some(surface) = Surface::among(surfaces) else {
            let named = provider.map(|id| id.to_string()).unwrap_or_default();
            let message = format!("`{named}` takes no conversations: it has {}", surfaces.join(", "));
            return Err(Failure::new(Code::Usage, message).with_remedy(Remedy::Run {
                command: "evergrant providers".to_owned(),
                why: "choose another".to_owned(),
            }));
        };
        Ok(Self {
            provider,
            credential: wish.credential,
            model,
            surface,
        })
    }

    /// Whom the driver is to send to.
    pub(super) fn route(&self) -> Route {
        match &self.provider {
            Some(provider) => Route::Provider(provider.clone()),
            None => Route::Model(self.model.clone()),
        }
    }
}

/// The provider of the first credential: usable ones before others, and among them those that can be asked without another word.
fn first_at_hand(driver: &Driver, settings: &Settings) -> Result<ProviderId, Failure> {
    let accounts = driver.accounts();
    let kept = accounts.iter().filter(|account| account.health != "logged-out");
    let found = kept.min_by_key(|account| {
        let row = settings.table.row(&account.provider);
        let converses = row.is_some_and(|row| Surface::among(&row.surfaces).is_some());
        let talks = converses && usual_model(&account.provider, settings).is_some();
        (!account.usable, !talks)
    });
    found.map(|account| account.provider.clone()).ok_or_else(|| {
        Failure::new(Code::NoCredential, "there is no credential for any provider").with_remedy(Remedy::Run {
            command: "evergrant providers".to_owned(),
            why: "log in at one of these with `evergrant login PROVIDER`, or add a key with `evergrant add PROVIDER`"
                .to_owned(),
        })
    })
}

/// The model that is asked where none is named: the row's own, else one that it names and that is therefore there.
fn usual_model(provider: &ProviderId, settings: &Settings) -> Option<String> {
    let row = settings.table.row(provider)?;
    let named = row.models.iter().map(|glob| &glob.0).find(|glob| !glob.contains('*'));
    row.default_model.as_ref().or(named).cloned()
}

/// Whether this provider does not serve the model, but another one that can be used does.
fn is_others(model: &str, provider: &ProviderId, driver: &Driver, settings: &Settings) -> bool {
    let serves = |id: &ProviderId| settings.table.row(id).is_none_or(|row| row.serves(model));
    let accounts = driver.accounts();
    let another = serving(model, driver, settings).filter(|other| other != provider);
    !serves(provider) && another.is_some_and(|other| accounts.iter().any(|account| account.provider == other))
}

/// The first provider that the model leads to, as the driver will find it.
fn serving(model: &str, driver: &Driver, settings: &Settings) -> Option<ProviderId> {
    let accounts = driver.accounts();
    let has = |id: &&ProviderId| accounts.iter().any(|account| account.provider == **id);
    let routed = settings.routes.iter().find(|route| route.models.matches(model));
    if let Some(route) = routed {
        return route.providers.iter().find(has).or(route.providers.first()).cloned();
    }
    let serving = || settings.table.rows().filter(|row| row.serves(model)).map(|row| &row.id);
    serving().find(has).or_else(|| serving().next()).cloned()
}

fn no_model(provider: Option<&ProviderId>) -> Failure {
    let command = match provider {
        Some(provider) => format!("evergrant chat --provider {provider} --model MODEL"),
        None => "evergrant chat --model MODEL".to_owned(),
    };
    Failure::new(Code::Usage, "no model was named, and this provider has no usual one").with_remedy(Remedy::Run {
        command,
        why: "name one, or set `chat.model` in config.toml".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wished_for_wins_and_a_model_stays_with_its_provider() {
        let set = ProviderId::from("set");
        let wish = |provider: Option<&str>, model: Option<&str>| Wish {
            provider: provider.map(ProviderId::from),
            credential: None,
            model: model.map(str::to_owned),
            usually: false,
        };
        assert_eq!(wish(None, None).or(Some(&set), Some("m")), wish(Some("set"), Some("m")));
        assert_eq!(
            wish(Some("other"), None).or(Some(&set), Some("m")),
            wish(Some("other"), None)
        );
        assert_eq!(
            wish(Some("set"), None).or(Some(&set), Some("m")),
            wish(Some("set"), Some("m"))
        );
        assert_eq!(
            wish(None, Some("x")).or(Some(&set), Some("m")),
            Wish {
                usually: true,
                ..wish(Some("set"), Some("x"))
            },
            "it may be another one's model"
        );
    }
}
