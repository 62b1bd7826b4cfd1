//! The client key of one run of `exec`.

use evergrant_driver::client_key::KeyTerms;
use evergrant_driver::{Driver, Failure, LentKey, Secret, Target};
use tracing::warn;

use super::environment::Environment;

/// A key that a command may use at a gateway for as long as it runs.
#[derive(Debug)]
pub(super) enum RunKey {
    /// Of this home; if this process ends without giving it back, it expires within minutes.
    Lent(Box<LentKey>),
    /// Of another home, as the user knows it.
    Given(Secret<String>),
}

impl RunKey {
    /// Whether one was given for the run, for whatever gateway it is to use.
    pub(super) fn is_given(environment: &Environment) -> bool {
        environment.value(GIVEN).is_some()
    }

    /// Makes one, for one provider if there is a target; a gateway of another home is told which in `EVERGRANT_CLIENT_KEY`.
    ///
    /// # Errors
    /// A store that cannot be written.
    pub(super) async fn make(
        driver: &Driver,
        environment: &Environment,
        target: Option<&Target>,
    ) -> Result<Self, Failure> {
        if let Some(given) = environment.value(GIVEN) {
            return Ok(Self::Given(Secret::from(given)));
        }
        let terms = KeyTerms {
            providers: target.iter().map(|target| target.provider.clone()).collect(),
            ..KeyTerms::default()
        };
        let lent = driver.lend_client_key(PURPOSE, terms).await?;
        Ok(Self::Lent(Box::new(lent)))
    }

    /// The key, for the command's environment.
    pub(super) fn expose(&self) -> &str {
        match self {
            Self::Lent(lent) => lent.key().expose(),
            Self::Given(given) => given.expose(),
        }
    }

    /// Takes it back.
    pub(super) async fn revoke(self) {
        if let Self::Lent(lent) = self
            && let Err(failure) = lent.give_back().await
        {
            // The command has ended as it has, and the key does so by itself.
            warn!(%failure, "the key of this run could not be removed; it expires within minutes");
        }
    }
}

/// What its name begins with.
const PURPOSE: &str = "exec";

/// Where the key for another home's gateway is read from.
const GIVEN: &str = "EVERGRANT_CLIENT_KEY";
