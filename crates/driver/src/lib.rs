//! evergrant as a library: the store, the network and the clock around the pure engine.
//!
//! [`settings::Settings`] find the home and what is set there, [`Driver`] opens it, and [`Driver::send`] sends a request to
//! whoever serves it: the credential is chosen, renewed in time, and repaired when it is refused, by the one client that the
//! command line and the gateway use as well. Whoever sends its own requests takes a [`Driver::token`]. [`holdings`],
//! [`providers`], [`offers`], [`explain()`] and [`doctor()`] read, and change nothing.
//!
//! ```no_run
//! use evergrant_driver::client::{Body, Call, Route};
//! use evergrant_driver::settings::Settings;
//! use evergrant_driver::Driver;
//!
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! let driver = Driver::open(Settings::load(None, std::env::vars())?)?;
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
//! # Ok(())
//! # }
//! ```
//!
//! `examples/` has a chat call, a streamed one, a provider of one's own, and a store in a place of one's own.

#[cfg(unix)]
pub mod abandoned_socket;
mod account;
mod accounts;
mod admission;
mod aim;
mod announcement;
mod api_key;
mod backup;
mod budgets;
mod calls;
mod certificate;
pub mod client;
pub mod client_key;
mod client_keys;
pub mod clock;
pub mod core_dump;
pub mod doctor;
mod driver;
pub mod entropy;
pub mod explain;
pub mod failpoint;
pub mod fault;
mod file_system;
pub mod history;
pub mod home;
pub mod http;
mod import;
mod imports;
mod in_stream;
mod keeper;
mod kernel;
mod ledger;
mod letting_in;
mod logout;
pub mod loopback;
pub mod measures;
pub mod metadata;
mod models;
pub mod open_files;
mod picture;
mod plain_file;
pub mod plain_text;
mod private_file;
mod probe;
pub mod provider;
mod readings;
mod refresh;
mod reload;
mod revocation;
mod revoker;
mod running;
pub mod settings;
pub mod sign_in;
pub mod store;
mod token;
mod unanswered;
mod usage;
pub mod vault;

pub use account::{Account, AccountError};
pub use accounts::KeySource;
pub use admission::Guest;
pub use announcement::{Announcement, ServingAt};
pub use backup::{Exported, OpenedBackup, Restoration, RestoredOne, RestoredReport, SealedBackup, check_place, export};
pub use certificate::{Certificate, CertificateFiles};
pub use client_keys::{LentKey, client_keys};
pub use doctor::doctor;
pub use driver::{Driver, Holdings, Hooks, accounts, holdings};
pub use evergrant_engine::credential::{CredentialId, Generation, Kind, Label, ProviderId};
pub use evergrant_engine::failure::{Blame, Code, Failure, Unusable};
pub use evergrant_engine::protection::{Protection, stands};
pub use evergrant_engine::provider::Flow;
pub use evergrant_engine::remedy::{Remedy, shell_word};
pub use evergrant_engine::secret::Secret;
pub use evergrant_engine::time::{Moment, Timestamp};
pub use evergrant_engine::verdict::{Channel, Verdict};
pub use explain::explain;
pub use import::{Import, ImportWay, Imported, ImportedHow, ImportedOne, Skipped, Tool};
pub use logout::{Logout, LogoutEnd};
pub use models::{Offer, OfferSource, model_list, offers};
pub use provider::providers;
pub use readings::{CredentialReading, Readings};
pub use refresh::Recorded;
pub use revocation::PendingRevocation;
pub use token::{Target, Token};
pub use usage::UsageTotals;
