//! evergrant as a library: the store, the network and the clock around the pure engine.
//!
//! [`settings::Settings`] find the home and what is set there, [`Driver`] opens it, and [`Driver::send`] sends a request to
//! whoever serves it: the credential is chosen, renewed in time, and repaired when it is refused, by the one client that the
//! command line and the gateway use as well. Whoever sends its own requests takes a [`Driver::token`]. [`holdings`],
//! [`providers`], [`offers`], [`explain()`] and [`doctor()`] read, and change nothing.
//!
//! ```
//! use evergrant_driver::Driver;
//! use evergrant_driver::client::{Body, Call, Route};
//! use evergrant_driver::settings::Settings;
//!
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let (sandbox, folder) = (evergrant_sandbox::Sandbox::start(evergrant_sandbox::Config::default()).await?, tempfile::tempdir()?);
//! # let home = folder.path().join("home");
//! // The home of the person who runs the program: `Settings::load(None, std::env::vars())`.
//! let driver = Driver::open(Settings::load(Some(home), [])?)?;
//! # std::fs::create_dir(folder.path().join("home/providers.d"))?;
//! # std::fs::write(folder.path().join("home/providers.d/acme.toml"), sandbox.api_key_row("acme"))?;
//! # driver.reload().await?;
//! # driver.add_key(&"acme".into(), None, evergrant_driver::KeySource::Value("sk-sandbox-0000000000000000".into())).await?;
//! let body = r#"{"model": "grok-4.3", "messages": [{"role": "user", "content": "Hello"}]}"#;
//! let call = Call {
//!     request: http::Request::post("/chat/completions")
//!         .header("content-type", "application/json")
//!         .body(Body::full(body.into()))?,
//!     route: Route::Model("grok-4.3".to_owned()),
//!     pin: None,
//! };
//! let answer = driver.send(call).await.map_err(|(failure, _)| failure)?;
//! println!("{} after {} tries", answer.response.status(), answer.trail.attempts);
//! # assert_eq!((answer.response.status().as_u16(), answer.trail.attempts), (200, 1));
//! # Ok(())
//! # }
//! ```
//!
//! `examples/` has a chat call, a streamed one, a provider of one's own, and a store in a place of one's own.
//!
//! # What may change
//!
//! What these pages show is the contract; what is hidden from them (`#[doc(hidden)]`) is there for the command line and the tests, and
//! changes without notice. Of other crates' types it names on purpose those of `http`, `http_body` and `bytes` in requests and
//! answers, `serde_json::Value` where a provider's own words are passed on, `url::Url` in addresses, and tokio's channel in
//! [`sign_in::Person`]; it runs on tokio. Of the engine's types it names those that are exported again here, and no others.
//!
//! Its enums are closed, so that a new verdict, end or event breaks every place that has to think about it, at compile time rather than
//! before a user: a new variant is a new major version. What only the library makes may gain fields, and is `#[non_exhaustive]`.

#[cfg(unix)]
#[doc(hidden)]
pub mod abandoned_socket;
mod account;
mod accounts;
mod admission;
mod aim;
#[doc(hidden)]
pub mod alarm;
mod announcement;
mod api_key;
mod backup;
mod budgets;
mod calls;
mod certificate;
pub mod client;
pub mod client_key;
mod client_keys;
#[doc(hidden)]
pub mod clock;
pub mod core_dump;
#[cfg(feature = "courier")]
#[doc(hidden)]
pub mod courier;
pub mod doctor;
mod driver;
#[doc(hidden)]
pub mod entropy;
pub mod explain;
#[doc(hidden)]
pub mod failpoint;
mod fault;
mod file_system;
mod glimpse;
pub mod history;
pub mod home;
pub mod http;
#[doc(hidden)]
pub mod hush;
mod import;
mod imports;
mod in_stream;
mod keeper;
mod kernel;
mod ledger;
mod letting_in;
mod logout;
#[doc(hidden)]
pub mod loopback;
#[doc(hidden)]
pub mod measures;
#[doc(hidden)]
pub mod metadata;
mod models;
#[doc(hidden)]
pub mod open_files;
mod picture;
mod plain_file;
pub mod plain_text;
mod private_file;
mod probe;
mod proof;
pub mod provider;
mod readings;
mod refresh;
mod reload;
mod revocation;
mod revoker;
mod running;
pub mod settings;
pub mod sign_in;
#[doc(hidden)]
pub mod store;
#[doc(hidden)]
pub mod together;
mod token;
#[doc(hidden)]
pub mod turn_time;
mod unanswered;
mod usage;
pub mod vault;
#[doc(hidden)]
pub mod waited;

pub use account::{Account, AccountError};
pub use accounts::KeySource;
#[doc(hidden)]
pub use admission::{Guest, KeptOut};
#[doc(hidden)]
pub use announcement::{Announcement, ServingAt};
pub use backup::{Exported, OpenedBackup, Restoration, RestoredOne, RestoredReport, SealedBackup, check_place, export};
#[doc(hidden)]
pub use certificate::Certificate;
pub use certificate::CertificateFiles;
pub use client_keys::{LentKey, client_keys};
pub use doctor::doctor;
#[doc(hidden)]
pub use driver::Hooks;
pub use driver::{Driver, Holdings, accounts, holdings};
/// What a credential is found again by, whatever it is called.
///
/// ```
/// # use evergrant_driver::KeySource;
///
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let driver = evergrant_driver::Driver::open(evergrant_driver::settings::Settings::load(Some(folder.path().join("home")), [])?)?;
/// # driver.add_key(&"openai".into(), None, KeySource::Value("sk-of-my-own".into())).await?;
/// let id = driver.accounts()[0].id.clone();
/// driver.rename("openai/default", "work".into()).await?;
/// // Labels change; a program that has to find a credential again keeps its id.
/// assert!(driver.disable(id.as_str()).await.is_ok());
/// # Ok(())
/// # }
/// ```
#[doc(inline)]
pub use evergrant_engine::credential::CredentialId;
/// Which of its secrets a credential holds.
///
/// ```
/// # use evergrant_driver::KeySource;
///
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let driver = evergrant_driver::Driver::open(evergrant_driver::settings::Settings::load(Some(folder.path().join("home")), [])?)?;
/// # driver.add_key(&"openai".into(), None, KeySource::Value("sk-of-my-own".into())).await?;
/// let old = driver.accounts()[0].generation;
/// driver.add_key(&"openai".into(), Some("default".into()), KeySource::Value("sk-of-my-own".into())).await?;
/// // The secret was replaced since it was looked at: what was said of the old one does not concern it.
/// assert!(driver.accounts()[0].generation > old);
/// # Ok(())
/// # }
/// ```
#[doc(inline)]
pub use evergrant_engine::credential::Generation;
/// What sort of credential it is.
///
/// ```
/// use evergrant_driver::Kind;
///
/// assert_eq!([Kind::ApiKey, Kind::Borrowed].map(Kind::as_str), ["api-key", "borrowed"]);
/// ```
#[doc(inline)]
pub use evergrant_engine::credential::Kind;
/// What a person calls a credential.
///
/// ```
/// use evergrant_driver::Label;
///
/// assert_eq!(Label::from("work").as_str(), "work");
/// ```
#[doc(inline)]
pub use evergrant_engine::credential::Label;
/// What a provider is called in rows, settings and answers.
///
/// ```
/// use evergrant_driver::ProviderId;
///
/// assert_eq!(ProviderId::from("openai").to_string(), "openai");
/// ```
#[doc(inline)]
pub use evergrant_engine::credential::ProviderId;
/// Who can do something about a failure.
///
/// ```
/// use evergrant_driver::{Blame, Code};
///
/// // Worth a retry of the program's own, or only of the person's who called it.
/// assert_eq!((Code::Timeout.blame(), Code::Usage.blame()), (Blame::Provider, Blame::Caller));
/// ```
#[doc(inline)]
pub use evergrant_engine::failure::Blame;
/// The stable word for a failure.
///
/// ```
/// use evergrant_driver::Code;
///
/// // Stable words for programs, and exit codes for shells.
/// assert_eq!((Code::LoginTimeout.as_str(), Code::LoginTimeout.exit()), ("login-timeout", 3));
/// ```
#[doc(inline)]
pub use evergrant_engine::failure::Code;
/// Why something could not be done, and what would help.
///
/// ```
/// use evergrant_driver::Target;
///
/// let failure = Target::parse("openai/").unwrap_err();
/// // One sentence for the person, a word for the program.
/// assert_eq!(failure.code.as_str(), "usage");
/// assert!(failure.to_string().contains("openai/"));
/// ```
#[doc(inline)]
pub use evergrant_engine::failure::Failure;
/// Why one of several credentials would not do.
///
/// ```
/// use evergrant_driver::{KeySource, Target};
///
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let driver = evergrant_driver::Driver::open(evergrant_driver::settings::Settings::load(Some(folder.path().join("home")), [])?)?;
/// driver.add_key(&"openai".into(), None, KeySource::Variable("MY_KEY".to_owned())).await?;
/// let failure = driver.token(&Target::parse("openai")?, std::time::Duration::ZERO).await.unwrap_err();
/// // Each credential that was looked at, and why it would not do.
/// assert!(failure.credentials.iter().any(|one| one.label.as_str() == "default" && one.message.contains("MY_KEY")));
/// # Ok(())
/// # }
/// ```
#[doc(inline)]
pub use evergrant_engine::failure::Unusable;
#[doc(hidden)]
pub use evergrant_engine::protection::{Protection, stands};
/// A way to log in.
///
/// ```
/// use evergrant_driver::Flow;
///
/// assert_eq!([Flow::Browser, Flow::Device, Flow::Paste].map(Flow::as_str), ["browser", "device", "paste"]);
/// ```
#[doc(inline)]
pub use evergrant_engine::provider::Flow;
/// Which models a route or a row means.
///
/// ```
/// use evergrant_driver::ModelGlob;
///
/// let models = ModelGlob("gpt-*".to_owned());
/// assert!(models.matches("gpt-5-mini") && !models.matches("grok-4.3"));
/// ```
#[doc(inline)]
pub use evergrant_engine::provider::ModelGlob;
/// What helps.
///
/// ```
/// use evergrant_driver::Remedy;
///
/// let remedy = Remedy::Login { provider: "xai-oauth".into(), label: None };
/// // A sentence to show, and the command in it to offer.
/// assert_eq!(remedy.command().as_deref(), Some("evergrant login xai-oauth"));
/// assert_eq!(remedy.sentence(), "log in at xai-oauth: only a new login helps");
/// ```
#[doc(inline)]
pub use evergrant_engine::remedy::Remedy;
#[doc(hidden)]
pub use evergrant_engine::remedy::shell_word;
/// What stands for a secret where it must be told from others.
///
/// ```
/// use evergrant_driver::Fingerprint;
///
/// assert_ne!(Fingerprint::from_bytes([1; 32]), Fingerprint::from_bytes([2; 32]));
/// ```
#[doc(inline)]
pub use evergrant_engine::secret::Fingerprint;
/// What must not get into a log.
///
/// ```
/// use evergrant_driver::Secret;
///
/// let secret = Secret::from("sk-of-my-own");
/// // It is told only to whoever asks for it by name.
/// assert!(!format!("{secret:?}").contains("sk-"));
/// assert_eq!(secret.expose(), "sk-of-my-own");
/// ```
#[doc(inline)]
pub use evergrant_engine::secret::Secret;
#[doc(hidden)]
pub use evergrant_engine::time::Moment;
/// A moment by the wall clock.
///
/// ```
/// use evergrant_driver::Timestamp;
///
/// assert_eq!(Timestamp::from_secs(4_102_444_800).to_string(), "2100-01-01T00:00:00Z");
/// ```
#[doc(inline)]
pub use evergrant_engine::time::Timestamp;
/// Where an answer was read.
///
/// ```
/// use evergrant_driver::explain::Captured;
/// use evergrant_driver::{Channel, Kind};
///
/// // The same words mean one thing where a token is renewed and another where a model answers.
/// let captured = Captured {
///     provider: None,
///     channel: Channel::Token,
///     kind: Kind::Grant,
///     status: 400,
///     headers: Vec::new(),
///     body: br#"{"error":"invalid_grant"}"#.to_vec(),
/// };
/// assert_ne!(captured.channel, Channel::Inference);
/// ```
#[doc(inline)]
pub use evergrant_engine::verdict::Channel;
/// What an answer means.
///
/// ```
/// use evergrant_driver::Verdict;
///
/// assert_eq!(Verdict::RateLimited.as_str(), "rate-limited");
/// ```
#[doc(inline)]
pub use evergrant_engine::verdict::Verdict;
pub use explain::explain;
pub use import::{Import, ImportWay, Imported, ImportedHow, ImportedOne, Skipped, Tool};
pub use logout::{Logout, LogoutEnd};
pub use models::{Offer, OfferSource, model_list, offers};
pub use provider::providers;
#[doc(hidden)]
pub use readings::{CredentialReading, Readings};
#[doc(hidden)]
pub use refresh::Recorded;
pub use revocation::PendingRevocation;
pub use token::{Target, Token};
#[doc(hidden)]
pub use usage::UsageTotals;
