//! A home that is logged in at a sandbox of its own, and what both believe afterwards.

use std::time::Duration;

use evergrant_sandbox::client::HttpClient;
use evergrant_sandbox::{Config, Counters, FamilyState, Running, Sandbox};
use serde_json::Value;
use tokio::time::Instant;

use crate::exchange::Exchange;
use crate::scratch::Scratch;

/// One login.
pub(crate) struct Scene {
    pub(crate) sandbox: Running,
    pub(crate) scratch: Scratch,
    lapses_at: Instant,
}

impl Scene {
    /// Logs in; the access token of this login lives so long, every later one an hour.
    pub(crate) async fn logged_in(lifetime: Duration) -> Self {
        let config = Config {
            access_token_lifetime_secs: lifetime.as_secs(),
            ..Config::default()
        };
        let sandbox = Sandbox::start(config).await.unwrap();
        let scratch = Scratch::with(&sandbox);
        let login = ["login", "acme", "--flow", "device", "--label", "main"];
        scratch.run(&login).await.expect(0);
        sandbox
            .control()
            .reconfigure(|config| config.access_token_lifetime_secs = 3600);
        Self {
            sandbox,
            scratch,
            lapses_at: Instant::now() + lifetime,
        }
    }

    /// Waits until the access token of the login has expired.
    pub(crate) async fn lapse(&self) {
        tokio::time::sleep_until(self.lapses_at).await;
    }

    /// What the sandbox counted.
    pub(crate) fn counters(&self) -> Counters {
        self.sandbox.control().counters()
    }

    /// The login as the sandbox sees it.
    pub(crate) fn family(&self) -> FamilyState {
        let [family] = self.sandbox.control().state().families.try_into().unwrap();
        family
    }

    /// The credential as `status` shows it: the store opens, whatever happened to it.
    pub(crate) async fn credential(&self) -> Value {
        let status = self.scratch.run(&["status", "--json"]).await.expect(0);
        let document = status.json();
        let [credential] = document["credentials"].as_array().unwrap().as_slice() else {
            panic!("one credential is wanted: {status}");
        };
        credential.clone()
    }

    /// `token`, to its end.
    pub(crate) async fn token(&self) -> Exchange {
        self.scratch.run(&["token", "acme", "--json"]).await
    }

    /// `refresh`, to its end.
    pub(crate) async fn refresh(&self) -> Exchange {
        self.scratch.run(&["refresh", "acme/main", "--json"]).await
    }

    /// Whether the provider takes the access token that this run printed.
    pub(crate) async fn accepts(&self, token: &Exchange) -> bool {
        let url = format!("{}/models", self.sandbox.base_url());
        let reply = HttpClient::new().bearer(&access_token(token)).get(&url).await;
        reply.unwrap().status == 200
    }
}

/// The access token that a run of `token --json` printed.
pub(crate) fn access_token(token: &Exchange) -> String {
    token.json()["access_token"].as_str().unwrap().to_owned()
}
