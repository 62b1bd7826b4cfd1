//! The stage: a breakable provider, a store in a temporary home, and the real gateway between client and provider.

use std::time::Duration;

use evergrant_driver::settings::{Listen, Settings};
use evergrant_driver::sign_in::{Person, SignInEvent, SignInOptions};
use evergrant_driver::{Account, Code, Driver, Failure, Flow, ProviderId, accounts};
use evergrant_sandbox::client::{Browser, HttpClient};
use evergrant_sandbox::{Config, Control, Running, Sandbox};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::home::TemporaryHome;
use crate::gateway::{ServeOptions, serve};

/// Everything that runs. What is declared first goes first, the home last.
pub(super) struct Stage {
    gateway: JoinHandle<Result<(), Failure>>,
    driver: Driver,
    settings: Settings,
    sandbox: Running,
    address: String,
    _home: TemporaryHome,
}

impl Stage {
    /// Starts everything, on ports that are free.
    ///
    /// # Errors
    /// A system without a free port or a writable temporary directory.
    pub(super) async fn set() -> Result<Self, Failure> {
        let config = Config {
            models: vec![MODEL.to_owned()],
            ..Config::default()
        };
        let started = Sandbox::start(config).await;
        let sandbox = started.map_err(|error| Failure::new(Code::Internal, error.to_string()))?;
        let home = TemporaryHome::make()?;
        home.add_row(PROVIDER, &sandbox.provider_row(PROVIDER))?;
        // Without an environment: whatever proxy is set there has no business on this loopback.
        let settings = Settings::load(Some(home.path().to_owned()), [])?;
        let driver = Driver::open(settings.clone())?;
        let (gateway, address) = start_gateway(driver.clone()).await?;
        Ok(Self {
            gateway,
            driver,
            settings,
            sandbox,
            address,
            _home: home,
        })
    }

    /// Where the gateway listens.
    pub(super) fn address(&self) -> &str {
        &self.address
    }

    /// The provider's switches and counters.
    pub(super) fn control(&self) -> Control {
        self.sandbox.control()
    }

    /// The base URL of the provider itself.
    pub(super) fn base_url(&self) -> String {
        self.sandbox.base_url()
    }

    /// Logs in by browser; a person who approves without reading is played.
    ///
    /// # Errors
    /// Whatever ended the login.
    pub(super) async fn log_in(&self) -> Result<Account, Failure> {
        let options = SignInOptions {
            flow: Some(Flow::Browser),
            can_show_browser: true,
            paste_again: false,
            timeout: LOGIN,
            key_provider: None,
        };
        let open = |event: SignInEvent| match event {
            SignInEvent::Authorize { url, .. } => {
                // A page that fails to open shows as a login that times out.
                tokio::spawn(async move { Browser::new(HttpClient::new()).visit(url.as_str()).await });
            }
            SignInEvent::Device { .. } | SignInEvent::PasteRefused(_) => {}
        };
        let person = Person {
            events: &open,
            paste: None,
        };
        let provider = ProviderId::from(PROVIDER);
        self.driver.sign_in(&provider, None, options, person).await
    }

    /// Renews without need, as `evergrant refresh` does.
    ///
    /// # Errors
    /// Whatever ended the renewal.
    pub(super) async fn refresh(&self) -> Result<Account, Failure> {
        self.driver.refresh(&self.credential().await?).await
    }

    /// Forgets what the provider's refusals have led to, as `evergrant reset` does.
    ///
    /// # Errors
    /// A store that cannot be written.
    pub(super) async fn reset(&self) -> Result<Account, Failure> {
        self.driver.reset(&self.credential().await?).await
    }

    /// What `evergrant status` would read from the disk now: the one credential there is.
    ///
    /// # Errors
    /// A store that cannot be read, none or several credentials.
    pub(super) async fn status(&self) -> Result<Account, Failure> {
        self.driver.drain(SETTLING).await;
        let mut all = accounts(&self.settings)?;
        match (all.pop(), all.len()) {
            (Some(account), 0) => Ok(account),
            (_, others) => Err(Failure::new(
                Code::Internal,
                format!("there are {others} other credentials, where there should be one and no more"),
            )),
        }
    }

    /// Ends everything and leaves nothing behind.
    pub(super) async fn strike(mut self) {
        self.gateway.abort();
        // It was told to end, so how it ended says nothing.
        let _ = (&mut self.gateway).await;
        self.driver.drain(SETTLING).await;
    }

    async fn credential(&self) -> Result<String, Failure> {
        self.status().await.map(|account| account.id.to_string())
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.gateway.abort();
    }
}

async fn start_gateway(driver: Driver) -> Result<(JoinHandle<Result<(), Failure>>, String), Failure> {
    let listen = "127.0.0.1:0"
        .parse::<Listen>()
        .map_err(|why| Failure::new(Code::Internal, why))?;
    let options = ServeOptions::at(vec![listen]);
    let (tell, mut told) = mpsc::channel(1);
    let gateway = tokio::spawn(serve(driver, options, move |address: &str| {
        // There is one address, and room for one.
        let _ = tell.try_send(address.to_owned());
    }));
    match told.recv().await {
        Some(address) => Ok((gateway, address)),
        None => match gateway.await {
            Ok(Err(failure)) => Err(failure),
            Ok(Ok(())) | Err(_) => Err(Failure::new(Code::Internal, "the gateway did not start")),
        },
    }
}

/// The id of the one provider, whose row the sandbox writes.
pub(super) const PROVIDER: &str = "demo";

/// A model that no built-in row claims.
pub(super) const MODEL: &str = "demo-1";

/// 10 s: the browser that is played needs milliseconds.
const LOGIN: Duration = Duration::from_secs(10);

/// 2 s: what requests have shown is written in milliseconds.
const SETTLING: Duration = Duration::from_secs(2);
