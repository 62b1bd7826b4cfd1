//! Where a provider's endpoints are: as its row says, or as its issuer said within the last day.
//!
//! Public for the tests, and hidden from the docs: no part of the contract, and free to change.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use evergrant_engine::failure::{Blame, Code, Failure};
use evergrant_engine::login::{discovery_request, read_discovery};
use evergrant_engine::provider::{Endpoints, Flow, OAuth, Row};
use evergrant_engine::remedy::Remedy;
use evergrant_engine::time::Timestamp;
use serde::{Deserialize, Serialize};
use tracing::debug;
use url::Url;

use crate::clock::Clock;
use crate::home::Home;
use crate::http::{ExchangeLimits, Network};
use crate::private_file;

/// The cache of discovered endpoints, in memory and in one file of the home.
pub struct Metadata {
    file: PathBuf,
    clock: Arc<dyn Clock>,
    known: Mutex<BTreeMap<String, Known>>,
    asking: tokio::sync::Mutex<()>,
}

/// What one issuer said, and when.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Known {
    issuer: Url,
    at_millis: i64,
    authorization: Option<Url>,
    token: Option<Url>,
    device_authorization: Option<Url>,
    revocation: Option<Url>,
}

impl Metadata {
    /// The cache of a home, which is made at the first discovery.
    pub fn new(home: &Home, clock: Arc<dyn Clock>) -> Self {
        Self {
            file: home.run().join("metadata.json"),
            clock,
            known: Mutex::default(),
            asking: tokio::sync::Mutex::default(),
        }
    }

    /// All endpoints of a row; the issuer is asked only for what the row does not say and the cache does not know.
    pub async fn endpoints(&self, row: &Row, network: &Network) -> Result<Endpoints, Failure> {
        let oauth = oauth_of(row)?;
        match oauth.issuer.as_ref().filter(|_| !is_complete(oauth)) {
            Some(issuer) => self.discovered(row, issuer, network).await,
            None => Ok(oauth.endpoints.clone()),
        }
    }

    /// What the issuer of a row says now, whatever the cache knows; `None` if the row says all of it itself. Nothing is kept.
    pub(crate) async fn inquire(&self, row: &Row, network: &Network) -> Result<Option<Endpoints>, Failure> {
        let oauth = oauth_of(row)?;
        if oauth.issuer.is_none() || is_complete(oauth) {
            return Ok(None);
        }
        ask(row, network, self.clock.now().wall).await.map(Some)
    }

    async fn discovered(&self, row: &Row, issuer: &Url, network: &Network) -> Result<Endpoints, Failure> {
        if let Some(known) = self.recall(row, issuer, FRESH) {
            return Ok(known);
        }
        // One asks, the others wait for what it learns.
        let _asking = self.asking.lock().await;
        if let Some(known) = self.recall(row, issuer, FRESH) {
            return Ok(known);
        }
        match ask(row, network, self.clock.now().wall).await {
            Ok(endpoints) => {
                self.learn(row, issuer, &endpoints);
                Ok(endpoints)
            }
            // What it said some days ago is better than nothing while it is out of order, but not than its own word.
            Err(failure) if failure.code.blame() == Blame::Provider && failure.code != Code::DiscoveryInvalid => {
                self.recall(row, issuer, STALE).ok_or(failure)
            }
            Err(failure) => Err(failure),
        }
    }

    /// The token endpoint of a row.
    pub async fn token_endpoint(&self, row: &Row, network: &Network) -> Result<Url, Failure> {
        if let Some(own) = &oauth_of(row)?.endpoints.token {
            return Ok(own.clone());
        }
        let endpoints = self.endpoints(row, network).await?;
        endpoints.token.ok_or_else(|| missing(row, "token endpoint"))
    }

    /// The revocation endpoint of a row, if it has one.
    pub async fn revocation_endpoint(&self, row: &Row, network: &Network) -> Result<Option<Url>, Failure> {
        let oauth = oauth_of(row)?;
        match (&oauth.endpoints.revocation, &oauth.issuer) {
            (Some(own), _) => Ok(Some(own.clone())),
            // A row may say all that a login needs and leave this to the issuer.
            (None, Some(issuer)) => Ok(self.discovered(row, issuer, network).await?.revocation),
            (None, None) => Ok(None),
        }
    }

    /// Forgets what was discovered for a row, so that it is asked for again: an endpoint seems to have moved.
    pub fn forget(&self, row: &Row) {
        self.known().remove(row.id.as_str());
        let mut stored = self.stored();
        if stored.remove(row.id.as_str()).is_some() {
            self.store(&stored);
        }
    }

    fn recall(&self, row: &Row, issuer: &Url, age: Duration) -> Option<Endpoints> {
        let now = self.clock.now().wall;
        let usable = |known: &Known| known.endpoints(row, issuer, age, now);
        if let Some(endpoints) = self.known().get(row.id.as_str()).and_then(usable) {
            return Some(endpoints);
        }
        let stored = self.stored().remove(row.id.as_str())?;
        let endpoints = usable(&stored)?;
        self.known().insert(row.id.as_str().to_owned(), stored);
        Some(endpoints)
    }

    fn learn(&self, row: &Row, issuer: &Url, endpoints: &Endpoints) {
        let known = Known {
            issuer: issuer.clone(),
            at_millis: self.clock.now().wall.as_millis(),
            authorization: endpoints.authorization.clone(),
            token: endpoints.token.clone(),
            device_authorization: endpoints.device_authorization.clone(),
            revocation: endpoints.revocation.clone(),
        };
        let id = row.id.as_str().to_owned();
        self.known().insert(id.clone(), known.clone());
        // Read again, so that what other processes learnt of other rows stays.
        let mut stored = self.stored();
        stored.insert(id, known);
        self.store(&stored);
    }

    fn known(&self) -> MutexGuard<'_, BTreeMap<String, Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn stored(&self) -> BTreeMap<String, Known> {
        let text = match private_file::read(&self.file, FILE_LIMIT) {
            Ok(Some(text)) => text,
            Ok(None) => return BTreeMap::new(),
            Err(fault) => {
                debug!(%fault, "the cache of endpoints cannot be read");
                return BTreeMap::new();
            }
        };
        serde_json::from_slice(&text).unwrap_or_else(|error| {
            debug!(%error, "the cache of endpoints is damaged and is made anew");
            BTreeMap::new()
        })
    }

    /// A cache that cannot be written costs a request later, nothing else.
    fn store(&self, known: &BTreeMap<String, Known>) {
        // A map of texts and numbers always serialises.
        let text = serde_json::to_vec(known).unwrap_or_default();
        if let Err(fault) = private_file::replace_lightly(&self.file, &text) {
            debug!(%fault, "the cache of endpoints cannot be written");
        }
    }
}

impl Known {
    /// The row's own endpoints, completed from here; nothing if this is of another issuer, too old, or not allowed.
    fn endpoints(&self, row: &Row, issuer: &Url, age: Duration, now: Timestamp) -> Option<Endpoints> {
        let at = Timestamp::from_millis(self.at_millis);
        if self.issuer != *issuer || at > now || now.since(at) >= age {
            return None;
        }
        let own = &row.oauth()?.endpoints;
        let endpoints = Endpoints {
            authorization: own.authorization.clone().or_else(|| self.authorization.clone()),
            token: own.token.clone().or_else(|| self.token.clone()),
            device_authorization: own
                .device_authorization
                .clone()
                .or_else(|| self.device_authorization.clone()),
            revocation: own.revocation.clone().or_else(|| self.revocation.clone()),
        };
        let given = [
            &endpoints.authorization,
            &endpoints.token,
            &endpoints.device_authorization,
            &endpoints.revocation,
        ];
        let allowed = given.into_iter().flatten().all(|endpoint| row.hosts.allows(endpoint));
        allowed.then_some(endpoints)
    }
}

async fn ask(row: &Row, network: &Network, now: Timestamp) -> Result<Endpoints, Failure> {
    let request = discovery_request(row)?;
    let document = request.url.clone();
    let answered = network.exchange(request, &row.hosts, LIMITS).await;
    let reply = answered.map_err(|broken| {
        let mut failure = broken.into_failure(document.host_str().unwrap_or_default());
        failure.message = format!("{}; it was asked for `{document}`", failure.message);
        failure
    })?;
    read_discovery(row, &reply, now)
}

/// Whether a row says everything that its flows need.
fn is_complete(oauth: &OAuth) -> bool {
    let own = &oauth.endpoints;
    let has = |flow: &Flow| match flow {
        Flow::Browser | Flow::Paste => own.authorization.is_some(),
        Flow::Device => own.device_authorization.is_some(),
    };
    own.token.is_some() && oauth.flows.iter().all(has)
}

fn oauth_of(row: &Row) -> Result<&OAuth, Failure> {
    row.oauth().ok_or_else(|| {
        Failure::new(
            Code::Usage,
            format!("{} takes an API key; there is no login for it", row.id),
        )
        .with_remedy(Remedy::AddKey {
            provider: row.id.clone(),
        })
    })
}

fn missing(row: &Row, what: &str) -> Failure {
    Failure::new(Code::RowInvalid, format!("{} has no {what}", row.id))
}

/// A few hundred bytes for each provider.
const FILE_LIMIT: u64 = 256 * 1024;

/// A day: endpoints move once in years, and one that has moved is noticed by its answers.
const FRESH: Duration = Duration::from_secs(24 * 3_600);

/// A month: while the issuer cannot be reached, its endpoints are most likely where they were.
const STALE: Duration = Duration::from_secs(30 * 24 * 3_600);

/// A small document that someone waits for.
const LIMITS: ExchangeLimits = ExchangeLimits {
    connect: Duration::from_secs(5),
    total: Duration::from_secs(10),
};
