//! A small HTTP client for the demo and for tests: requests, event streams, and a browser.

mod browser;
mod connection;
mod events;
mod failure;
mod http;

pub use browser::{Browser, Page};
pub use events::{Event, EventStream};
pub use failure::ClientError;
pub use http::{HttpClient, Reply};
