//! A home whose every grant is to be renewed at an endpoint of its own, and what stands there afterwards.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow};
use evergrant_driver::settings::Settings;
use evergrant_driver::store::{Draft, Mode, Placement, Store, open};
use evergrant_driver::{Driver, Failure, Flow, Secret};
use evergrant_engine::credential::{Authority, Generation, Grant, LoginOrigin, Material};
use evergrant_engine::store::{ClaimState, Health, Record, Source};
use evergrant_engine::time::{Moment, Timestamp};
use tempfile::TempDir;

use super::answer::Terms;
use super::row::{Given, Seen};
use super::server::Endpoint;
use crate::home::said;

/// A home with one grant for each row.
pub(super) struct Scene {
    driver: Driver,
    store: Arc<dyn Store>,
    _directory: TempDir,
}

impl Scene {
    /// Makes it; the endpoints are those of the rows, in the same order.
    pub(super) fn make(rows: &[(Given, u16)], now: &Moment) -> Result<Self> {
        let directory = tempfile::Builder::new().prefix("torture-").tempdir()?;
        let home = directory.path().join("home");
        let folder = home.join("providers.d");
        std::fs::create_dir_all(&folder)?;
        for (number, (given, port)) in rows.iter().enumerate() {
            let id = provider(number);
            std::fs::write(folder.join(format!("{id}.toml")), provider_row(&id, given.terms, *port))?;
        }
        crate::home::private(&home)?;
        let settings = Settings::load(Some(home), []).map_err(said)?;
        let store = open(&settings.home, &settings.key, Mode::Create)
            .map_err(Failure::from)
            .map_err(said)?;
        for number in 0..rows.len() {
            let draft = draft(number, now);
            store
                .place(&draft, &Placement::New)
                .map_err(Failure::from)
                .map_err(said)?;
        }
        Ok(Self {
            driver: Driver::open(settings).map_err(said)?,
            store,
            _directory: directory,
        })
    }

    /// Renews the grant of this row once, and once more when its endpoint is well.
    pub(super) async fn play(&self, number: usize, endpoint: &mut Endpoint) -> Result<Seen> {
        let name = format!("{}/default", provider(number));
        let told = self.driver.refresh(&name).await.err();
        if told.as_ref().is_some_and(|failure| failure.code.as_str() == "timeout") {
            // The caller has left; the renewal goes on until its own patience ends.
            self.driver.drain(PATIENCE).await;
        }
        let mut seen = self.seen(number, told.as_ref())?;
        seen.sends = endpoint.sends().to_string();
        let before = endpoint.sends();
        endpoint.mend().await?;
        let again = self.driver.refresh(&name).await.err();
        let sent = endpoint.sends() - before;
        seen.again = match (again, sent) {
            (None, 1) => "renews".to_owned(),
            (Some(failure), 0) => failure.code.as_str().to_owned(),
            (again, sent) => format!("{}/{sent}", again.map_or("ok", |failure| failure.code.as_str())),
        };
        Ok(seen)
    }

    fn seen(&self, number: usize, told: Option<&Failure>) -> Result<Seen> {
        let id = provider(number);
        let records = self.store.records().map_err(Failure::from).map_err(said)?;
        let record = records.into_iter().find(|record| record.provider.as_str() == id);
        let record = record.context("the record is gone")?;
        let error = record.standing.last_error.as_ref();
        let kept = match &record.material {
            Material::Grant(grant) => grant.access_token.expose().as_str(),
            _ => return Err(anyhow!("the grant is gone")),
        };
        let renewed = told.is_none();
        Ok(Seen {
            verdict: error
                .map_or(if renewed { "success" } else { "-" }, |error| error.verdict.as_str())
                .to_owned(),
            signal: error.map_or("-", |error| error.signal.as_str()).to_owned(),
            claim: self.claim(number)?.to_owned(),
            health: record.standing.health.as_str().to_owned(),
            generation: match (record.generation, kept) {
                (Generation(1), OLD) => "=".to_owned(),
                (Generation(2), NEW) => "+1".to_owned(),
                (generation, _) => format!("?{}", generation.0),
            },
            sends: String::new(),
            hold: hold(&record),
            exit: told.map_or(0, |failure| failure.code.exit()).to_string(),
            code: told.map_or("-", |failure| failure.code.as_str()).to_owned(),
            remedy: told
                .and_then(|failure| failure.remedy.as_ref())
                .map_or("-", |remedy| remedy.kind())
                .to_owned(),
            again: String::new(),
        })
    }

    /// What is left of the claim on the token that the row began with.
    fn claim(&self, number: usize) -> Result<&'static str> {
        let fingerprint = self.store.fingerprint_key().fingerprint(&first_token(number));
        let claim = self.store.claim_of(&fingerprint).map_err(Failure::from).map_err(said)?;
        Ok(claim.map_or("none", |claim| match claim.state {
            ClaimState::Open => "open",
            ClaimState::Spent => "spent",
            ClaimState::Dead => "dead",
        }))
    }
}

/// How long no renewal is tried; what is drawn is told by its limit.
fn hold(record: &Record) -> String {
    let standing = &record.standing;
    let since = match &standing.health {
        Health::OutcomeUnknown { since } => Some(*since),
        _ => standing.rejected_since,
    };
    let (Some(until), Some(since)) = (standing.renew_not_before, since) else {
        return "-".to_owned();
    };
    match until.since(since).as_secs_f64() {
        drawn if drawn <= 2.0 => "<=2".to_owned(),
        secs => format!("{secs:.0}"),
    }
}

fn provider(number: usize) -> String {
    format!("row-{number:03}")
}

fn first_token(number: usize) -> Secret<String> {
    Secret::new(format!("rt-1-{number:03}"))
}

fn provider_row(id: &str, terms: Terms, port: u16) -> String {
    let terminal = terms.terminal();
    format!(
        "id = \"{id}\"\nname = \"{id}\"\nbase_url = \"http://127.0.0.1:{port}/v1\"\nhosts = [\"127.0.0.1\"]\n\
         auth = \"oauth\"\nmodels = [\"{id}-*\"]\n\n[oauth]\n\
         authorization_endpoint = \"http://127.0.0.1:{port}/authorize\"\n\
         token_endpoint = \"http://127.0.0.1:{port}/token\"\nclient_id = \"torture\"\nscope = \"openid\"\n\
         redirect = \"http://127.0.0.1:0/callback\"\nflows = [\"browser\"]\nterminal = {terminal}\n"
    )
}

fn draft(number: usize, now: &Moment) -> Draft {
    let grant = Grant {
        access_token: Secret::from(OLD),
        refresh_token: Some(first_token(number)),
        id_token: None,
        token_type: "Bearer".to_owned(),
        scope: None,
        obtained: now.clone(),
        lifetime: Some(LIFETIME),
        login: LoginOrigin {
            authority: Arc::new(Authority {
                issuer: None,
                client_id: "torture".to_owned(),
                token_host: "127.0.0.1".to_owned(),
            }),
            subject: None,
            account: None,
            at: now.wall,
        },
    };
    Draft {
        provider: provider(number).into(),
        label: None,
        source: Source::Login(Flow::Browser),
        material: Material::Grant(Box::new(grant)),
        at: Timestamp::from_millis(now.wall.as_millis()),
        entropy: number as u128 + 1,
    }
}

/// The access token that each grant begins with.
const OLD: &str = "at-1";

/// The one that good answers bring.
const NEW: &str = "at-2";

/// An hour: it is usable all the time, so that an unknown outcome is not replayed.
const LIFETIME: Duration = Duration::from_secs(3_600);

/// 90 s: longer than a renewal waits for its answer.
const PATIENCE: Duration = Duration::from_secs(90);
