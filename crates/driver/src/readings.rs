//! What a driver shows of itself as numbers: read from memory alone, so that looking costs and changes nothing.

use evergrant_engine::credential::{CredentialId, Kind, Material, ProviderId};
use evergrant_engine::store::Record;
use evergrant_engine::time::Timestamp;

use crate::account::{Account, accounts_of};
use crate::driver::Driver;
use crate::measures::{Many, ProviderReading};

/// Everything that a driver has counted since it was opened, and how its credentials stand now.
#[derive(Clone, Debug, PartialEq)]
pub struct Readings {
    /// What happened with each provider, in the order of their names.
    pub providers: Vec<ProviderReading>,
    /// What could not be written to the store, by kind, and how often.
    pub write_failures: Many,
    /// How many bytes of requests are kept for replay.
    pub kept_bytes: u64,
    /// How many may be.
    pub kept_bytes_limit: u64,
    /// Every credential, without those that were logged out.
    pub credentials: Vec<CredentialReading>,
}

/// How a credential stands. Nothing in it was chosen by the user or tells whose account it is.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CredentialReading {
    /// Its id.
    pub id: CredentialId,
    /// Its provider.
    pub provider: ProviderId,
    /// What sort it is.
    pub kind: Kind,
    /// One of the words of INTERFACE.md.
    pub health: &'static str,
    /// Whether a request could be sent with it now.
    pub usable: bool,
    /// When its access token was received.
    pub refreshed_at: Option<Timestamp>,
    /// When its access token expires.
    pub expires_at: Option<Timestamp>,
    /// When the keeper will renew it.
    pub next_refresh_at: Option<Timestamp>,
    /// When the provider ends it, whatever is renewed.
    pub hard_end_at: Option<Timestamp>,
}

impl Driver {
    /// The numbers as they are now; neither disk nor network is touched, and nothing changes.
    ///
    /// ```
    /// use evergrant_driver::Driver;
    /// use evergrant_driver::settings::Settings;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # tokio::runtime::Runtime::new()?.block_on(async {
    /// # let folder = tempfile::tempdir()?;
    /// let driver = Driver::open(Settings::load(Some(folder.path().join("home")), [])?)?;
    /// let readings = driver.readings();
    /// assert!(readings.providers.is_empty() && readings.credentials.is_empty());
    /// assert_eq!(readings.kept_bytes, 0);
    /// # Ok(())
    /// # })
    /// # }
    /// ```
    #[doc(hidden)]
    pub fn readings(&self) -> Readings {
        let (now, settings) = (self.kernel.clock().now(), self.kernel.settings());
        let picture = self.kernel.ledger().picture();
        let records = || picture.records().map(AsRef::as_ref);
        let accounts = accounts_of(records(), &settings.table, &settings, &now);
        let refreshed = |id: &CredentialId| picture.record(id).and_then(|record| refreshed_at(record));
        let measures = &self.kernel.tools().measures;
        let (kept_bytes, kept_bytes_limit) = self.kernel.client().kept();
        Readings {
            providers: measures.read_providers(),
            write_failures: measures.read_unwritten(),
            kept_bytes,
            kept_bytes_limit,
            credentials: accounts
                .into_iter()
                .filter(|account| account.health != "logged-out")
                .map(|account| reading(refreshed(&account.id), account))
                .collect(),
        }
    }
}

fn reading(refreshed_at: Option<Timestamp>, account: Account) -> CredentialReading {
    CredentialReading {
        id: account.id,
        provider: account.provider,
        kind: account.kind,
        health: account.health,
        usable: account.usable,
        refreshed_at,
        expires_at: account.expires_at,
        next_refresh_at: account.next_refresh_at,
        hard_end_at: account.hard_end_at,
    }
}

fn refreshed_at(record: &Record) -> Option<Timestamp> {
    match &record.material {
        Material::Grant(grant) => Some(grant.obtained.wall),
        Material::ApiKey(_) | Material::EnvKey(_) | Material::Borrowed(_) | Material::Gone => None,
    }
}
