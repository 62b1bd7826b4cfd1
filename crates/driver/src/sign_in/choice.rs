//! What a login may use here, and which flow that makes it.

use std::time::Duration;

use evergrant_engine::credential::ProviderId;
use evergrant_engine::failure::{Code, Failure};
use evergrant_engine::provider::{Endpoints, Flow, OAuth, Row};
use url::Url;

/// What the user asked for, and what the place allows.
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
/// use evergrant_driver::Code;
/// use evergrant_driver::sign_in::{Person, SignInOptions};
///
/// let options = SignInOptions {
///     flow: None,
///     can_show_browser: true,
///     paste_again: false,
///     timeout: Duration::from_millis(50),
///     key_provider: None,
/// };
/// // Nobody comes back from the browser, and the program does not wait for ever.
/// let person = Person { events: &|_| {}, paste: None };
/// let failure = driver.sign_in(&"acme".into(), None, options, person).await.unwrap_err();
/// assert_eq!(failure.code, Code::LoginTimeout);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct SignInOptions {
    /// The flow asked for; `None` takes the row's first that can work here.
    pub flow: Option<Flow>,
    /// Whether a browser can be shown on this machine: a display, and no remote shell.
    pub can_show_browser: bool,
    /// Whether a line that is no answer of this login may be followed by another one; else it ends a paste login.
    pub paste_again: bool,
    /// How long the user may take.
    pub timeout: Duration,
    /// The provider that takes API keys for the same API, for the remedy of a refusal by plan.
    pub key_provider: Option<ProviderId>,
}

/// What the user must be told while a login is under way.
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
/// let options = SignInOptions {
///     flow: Some(Flow::Browser),
///     can_show_browser: true,
///     paste_again: false,
///     timeout: Duration::from_secs(30),
///     key_provider: None,
/// };
/// let events = |event: SignInEvent| match event {
///     SignInEvent::Authorize { url, .. } => {
///         // Open it in a browser.
///         # tokio::spawn(async move { Browser::new(HttpClient::new()).visit(url.as_str()).await });
///     }
///     SignInEvent::Device { user_code, verification_uri, .. } => println!("type {user_code} at {verification_uri}"),
///     SignInEvent::PasteRefused(failure) => println!("{failure}"),
/// };
/// let account = driver.sign_in(&"acme".into(), None, options, Person { events: &events, paste: None }).await?;
/// assert_eq!(account.source, "login:browser");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SignInEvent {
    /// Open this address; the listener or the paste brings the answer.
    Authorize {
        /// The address; it carries the state, and no secret.
        url: Url,
        /// `Browser` if it leads back to this machine, `Paste` if its last address must be pasted.
        flow: Flow,
    },
    /// Type this code there.
    Device {
        /// The code.
        user_code: String,
        /// Where.
        verification_uri: Url,
        /// The same with the code in it.
        verification_uri_complete: Option<Url>,
        /// How long the code lives.
        expires_in: Duration,
    },
    /// What was pasted is not an answer of this login, which goes on.
    PasteRefused(Failure),
}

/// The flow to use: the one asked for, or the row's first that can work here.
pub(super) fn choose(
    row: &Row,
    oauth: &OAuth,
    endpoints: &Endpoints,
    options: &SignInOptions,
) -> Result<Flow, Failure> {
    let possible = |flow: Flow| match flow {
        Flow::Browser | Flow::Paste => endpoints.authorization.is_some(),
        Flow::Device => endpoints.device_authorization.is_some(),
    };
    let refused = |message: String| Err(Failure::new(Code::Usage, message));
    if let Some(flow) = options.flow {
        let words: Vec<&str> = oauth.flows.iter().map(|flow| flow.as_str()).collect();
        return if !oauth.flows.contains(&flow) {
            refused(format!(
                "{} has no login by `{}`, but by `{}`",
                row.id,
                flow.as_str(),
                words.join("`, `")
            ))
        } else if !possible(flow) {
            refused(format!(
                "{} names no endpoint for a login by `{}`",
                row.id,
                flow.as_str()
            ))
        } else {
            Ok(flow)
        };
    }
    let works_here = |flow: &Flow| possible(*flow) && (*flow != Flow::Browser || options.can_show_browser);
    // Without a display a browser may still be opened elsewhere, through a forwarded port.
    let chosen = oauth.flows.iter().copied().find(works_here);
    match chosen.or_else(|| oauth.flows.iter().copied().find(|flow| possible(*flow))) {
        Some(flow) => Ok(flow),
        None => refused(format!("{} names no endpoint for any of its logins", row.id)),
    }
}
