//! What one login works with, and what all its flows share.

use std::future::Future;
use std::sync::Arc;

use evergrant_engine::failure::{Code, Failure};
use evergrant_engine::login::Asked;
use evergrant_engine::provider::{Endpoints, OAuth, Row};
use evergrant_engine::remedy::Remedy;
use evergrant_engine::time::Moment;
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use url::Url;

use super::choice::{SignInEvent, SignInOptions};
use crate::clock::Clock;
use crate::http::{Broken, Network};
use crate::metadata::Metadata;

/// What a login works with.
pub struct SignIn {
    /// The provider.
    pub row: Arc<Row>,
    /// What was asked for.
    pub options: SignInOptions,
    /// The way out.
    pub network: Arc<Network>,
    /// Where the endpoints are.
    pub metadata: Arc<Metadata>,
    /// Both clocks.
    pub clock: Arc<dyn Clock>,
    /// A runtime that outlives the caller: what has been sent is finished and kept there.
    pub runtime: Handle,
}

/// The person who logs in.
///
/// ```
/// use std::time::Duration;
///
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let driver = evergrant_driver::Driver::open(evergrant_driver::settings::Settings::load(Some(folder.path().join("home")), [])?)?;
/// # let sandbox = evergrant_sandbox::Sandbox::start(evergrant_sandbox::Config::default()).await?;
/// # std::fs::create_dir(folder.path().join("home/providers.d"))?;
/// # std::fs::write(folder.path().join("home/providers.d/acme.toml"), sandbox.provider_row("acme"))?;
/// # driver.reload().await?;
/// use evergrant_driver::Flow;
/// use evergrant_driver::sign_in::{Person, SignInEvent, SignInOptions};
/// # use evergrant_sandbox::client::{Browser, HttpClient};
///
/// // The browser is on another machine: the person copies the address on which it ends, and pastes it here.
/// let (pastes, paste) = tokio::sync::mpsc::channel(1);
/// let events = |event: SignInEvent| {
///     if let SignInEvent::Authorize { url, .. } = event {
///         let pastes = pastes.clone();
///         tokio::spawn(async move {
///             # let last = Browser::new(HttpClient::new()).peek(url.as_str()).await.expect("it leads back");
///             pastes.send(last.to_string()).await
///         });
///     }
/// };
/// let options = SignInOptions {
///     flow: Some(Flow::Paste),
///     can_show_browser: true,
///     paste_again: false,
///     timeout: Duration::from_secs(30),
///     key_provider: None,
/// };
/// let person = Person { events: &events, paste: Some(paste) };
/// assert_eq!(driver.sign_in(&"acme".into(), None, options, person).await?.source, "login:paste");
/// # Ok(())
/// # }
/// ```
pub struct Person<'a> {
    /// Is told what to do; opening a browser is its affair.
    pub events: &'a (dyn Fn(SignInEvent) + Send + Sync),
    /// Lines that are pasted, if they can be; closed when no more can come.
    pub paste: Option<mpsc::Receiver<String>>,
}

impl SignIn {
    /// The row's OAuth half.
    pub(super) fn oauth(&self) -> Result<&OAuth, Failure> {
        self.row.oauth().ok_or_else(|| {
            Failure::new(
                Code::Usage,
                format!("{} takes an API key; there is no login for it", self.row.id),
            )
            .with_remedy(Remedy::AddKey {
                provider: self.row.id.clone(),
            })
        })
    }

    /// The token endpoint as it is known now.
    pub(super) async fn token_endpoint(&self) -> Result<Url, Failure> {
        self.metadata.token_endpoint(&self.row, &self.network).await
    }

    /// All endpoints as they are known now.
    pub(super) async fn endpoints(&self) -> Result<Endpoints, Failure> {
        self.metadata.endpoints(&self.row, &self.network).await
    }

    /// What an answer of this endpoint is read against.
    pub(super) fn asked<'a>(&'a self, endpoint: &'a Url, now: &'a Moment) -> Asked<'a> {
        Asked {
            row: &self.row,
            endpoint,
            key_provider: self.options.key_provider.as_ref(),
            now,
        }
    }

    /// Waits for the user, but not longer than they were given.
    pub(super) async fn in_time<T>(
        &self,
        deadline: Instant,
        waiting: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, Failure> {
        match tokio::time::timeout_at(deadline, waiting).await {
            Ok(outcome) => outcome,
            Err(_) => Err(self.too_late()),
        }
    }

    /// Nobody answered in time.
    pub(super) fn too_late(&self) -> Failure {
        Failure::new(
            Code::LoginTimeout,
            format!(
                "nobody finished the login at {} within {:?}",
                self.row.name, self.options.timeout
            ),
        )
        .with_remedy(Remedy::Login {
            provider: self.row.id.clone(),
            label: None,
        })
    }
}

/// An exchange that brought no answer, as a failure that names the endpoint.
pub(super) fn unreached(which: &str, endpoint: &Url, broken: Broken) -> Failure {
    let mut failure = broken.into_failure(endpoint.host_str().unwrap_or_default());
    failure.message = format!("{}; the {which} is `{endpoint}`", failure.message);
    failure
}

/// The result of a task; one that ended without a result did so because the program ends.
pub(super) async fn joined<T>(task: JoinHandle<T>) -> Result<T, Failure> {
    task.await.map_err(|ended| {
        Failure::new(Code::Internal, format!("the login was cut short: {ended}")).with_remedy(Remedy::Report)
    })
}
