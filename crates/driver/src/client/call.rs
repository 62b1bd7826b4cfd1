//! What a caller asks of the client, and what it gets.

use std::time::Duration;

use evergrant_engine::credential::{CredentialId, Label, ProviderId};
use evergrant_engine::failure::Failure;
use evergrant_engine::pool::Lease;
use http::{Request, Response};

use super::answer_body::AnswerBody;
use super::body::Body;

/// One request to be answered by whoever serves it.
///
/// ```
/// use evergrant_driver::client::{Body, Call, Route};
/// use evergrant_driver::settings::Settings;
/// use evergrant_driver::{Code, Driver};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # tokio::runtime::Runtime::new()?.block_on(async {
/// # let folder = tempfile::tempdir()?;
/// # let driver = Driver::open(Settings::load(Some(folder.path().join("home")), [])?)?;
/// let call = Call {
///     request: http::Request::post("/responses").body(Body::full(r#"{"model": "gpt-5"}"#.into()))?,
///     route: Route::Provider("openai".into()),
///     pin: None,
/// };
/// // Nobody can be asked yet: the failure says what would help, the trail that nothing was sent.
/// let (failure, trail) = driver.send(call).await.expect_err("there is no credential");
/// assert_eq!((failure.code, trail.attempts), (Code::NoCredential, 0));
/// # Ok(())
/// # })
/// # }
/// ```
#[derive(Debug)]
pub struct Call {
    /// The request as it came; its path and query stand below the provider's base address.
    pub request: Request<Body>,
    /// Who is to answer.
    pub route: Route,
    /// The only credential that will do, if the caller named one.
    pub pin: Option<Label>,
}

/// Who is to answer.
///
/// ```
/// use evergrant_driver::client::{Body, Call, Route};
/// use evergrant_driver::{Code, KeySource};
///
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let driver = evergrant_driver::Driver::open(evergrant_driver::settings::Settings::load(Some(folder.path().join("home")), [])?)?;
/// let key = KeySource::Value("sk-of-my-own".into());
/// driver.add_key(&"openai".into(), None, key).await?;
/// // Nobody serves this model: nothing is sent, and the failure says so.
/// let call = Call {
///     request: http::Request::post("/responses").body(Body::empty())?,
///     route: Route::Model("no-such-model".to_owned()),
///     pin: None,
/// };
/// let (failure, trail) = driver.send(call).await.expect_err("nobody has that model");
/// assert_eq!((failure.code, trail.attempts), (Code::UnknownModel, 0));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Route {
    /// This provider.
    Provider(ProviderId),
    /// Whoever serves this model: the first match in `[route]`, then the rows' own patterns.
    Model(String),
    /// The first provider that has a usable credential, because the request names no model.
    Any,
}

/// An answer of a provider.
///
/// ```
/// use evergrant_driver::client::{Body, Call, Route};
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
/// let call = Call {
///     request: http::Request::post("/chat/completions").body(Body::full(r#"{"model": "no-such-model"}"#.into()))?,
///     route: Route::Provider("acme".into()),
///     pin: None,
/// };
/// let answer = driver.send(call).await.map_err(|(failure, _)| failure)?;
/// // The provider's own answer comes through, and beside it what it means.
/// assert!(answer.response.status().is_client_error());
/// let said = answer.refusal.or(answer.complaint).expect("it is no good answer");
/// assert!(said.remedy.is_some());
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub struct Answer {
    /// The answer as it came, but for hop-by-hop headers; a 101 can be upgraded by `hyper::upgrade::on`.
    pub response: Response<AnswerBody>,
    /// The way it took.
    pub trail: Trail,
    /// What explains the answer to people, if it is a refusal that nothing could be done about.
    pub refusal: Option<Failure>,
    /// What explains the answer to people, if the request itself is at fault and nothing was to be done about it.
    pub complaint: Option<Failure>,
}

/// The way a request took.
///
/// ```
/// use evergrant_driver::client::{Body, Call, Route};
///
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let driver = evergrant_driver::Driver::open(evergrant_driver::settings::Settings::load(Some(folder.path().join("home")), [])?)?;
/// # let sandbox = evergrant_sandbox::Sandbox::start(evergrant_sandbox::Config::default()).await?;
/// # std::fs::create_dir(folder.path().join("home/providers.d"))?;
/// # std::fs::write(folder.path().join("home/providers.d/acme.toml"), sandbox.provider_row("acme"))?;
/// # driver.reload().await?;
/// # let options = evergrant_driver::sign_in::SignInOptions {
/// #     flow: Some(evergrant_driver::Flow::Browser),
/// #     can_show_browser: true,
/// #     paste_again: false,
/// #     timeout: std::time::Duration::from_secs(30),
/// #     key_provider: None,
/// # };
/// # let events = |event| {
/// #     if let evergrant_driver::sign_in::SignInEvent::Authorize { url, .. } = event {
/// #         let browser = evergrant_sandbox::client::Browser::new(evergrant_sandbox::client::HttpClient::new());
/// #         tokio::spawn(async move { browser.visit(url.as_str()).await });
/// #     }
/// # };
/// # let person = evergrant_driver::sign_in::Person { events: &events, paste: None };
/// # driver.sign_in(&"acme".into(), None, options, person).await?;
/// // The token dies before its time, as the provider alone knows.
/// sandbox.control().expire(evergrant_sandbox::Wording::Wke);
/// let call = Call {
///     request: http::Request::get("/models").body(Body::empty())?,
///     route: Route::Provider("acme".into()),
///     pin: None,
/// };
/// let answer = driver.send(call).await.map_err(|(failure, _)| failure)?;
/// assert_eq!(answer.response.status(), 200);
/// assert_eq!(answer.trail.repaired, ["refresh"]);
/// assert!(answer.trail.attempts > 1);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Trail {
    /// The provider it reached last.
    pub provider: Option<ProviderId>,
    /// The credential it was sent with last.
    pub label: Option<Label>,
    /// Its id, which does not change when it is renamed.
    pub credential: Option<CredentialId>,
    /// How often it was sent upstream.
    pub attempts: u32,
    /// What was repaired on the way: `refresh`, `wait`, `rotate`, `fallback`, each once.
    pub repaired: Vec<&'static str>,
    /// The providers of its route that were passed over, because they lack its path.
    pub skipped: Vec<ProviderId>,
    /// Whether its body was kept, so that it could have been sent again.
    pub replayable: bool,
    /// Where its time went, apart from our own work.
    pub spent: Spent,
}

impl Trail {
    /// It goes out under this lease.
    pub(super) fn sent_with(&mut self, lease: &Lease) {
        if self.credential.as_ref() == Some(&lease.fence.id) {
            return;
        }
        self.provider = Some(lease.provider.clone());
        self.label = Some(lease.label.clone());
        self.credential = Some(lease.fence.id.clone());
    }
}

/// The time that a request waited for others until the head of its answer was there.
///
/// ```
/// use evergrant_driver::client::Trail;
///
/// // A request that went nowhere has waited for nobody.
/// assert!(Trail::default().spent.upstream.is_zero());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Spent {
    /// For the rest of its own body.
    pub body: Duration,
    /// For providers, from each try until its answer could be judged.
    pub upstream: Duration,
    /// For renewals, and for pauses between tries.
    pub recovery: Duration,
}
