//! `[serve]` as it is meant, beside its addresses: the certificate, and the limits that a user may move.

use std::ops::RangeInclusive;
use std::path::Path;
use std::time::Duration;

use evergrant_engine::failure::Failure;

use super::place::Source;
use super::talking::within;
use super::written::WrittenServe;
use crate::certificate::CertificateFiles;

/// `[serve]` without its addresses.
///
/// ```
/// use evergrant_driver::settings::Settings;
///
/// # let home = tempfile::tempdir()?;
/// std::fs::write(home.path().join("config.toml"), "[serve]\ndrain_secs = 5\n")?;
/// let settings = Settings::load(Some(home.path().to_owned()), [])?;
/// assert_eq!(settings.serve.drain.as_secs(), 5);
/// assert!(settings.serve.certificate.is_none() && settings.serve.connections > 0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ServeSettings {
    /// What is shown to clients; without it the gateway speaks no TLS.
    pub certificate: Option<CertificateFiles>,
    /// How many connections may be open.
    pub connections: u64,
    /// How long a connection may be open without a request.
    pub idle: Duration,
    /// How long a client may take nothing of what is sent to it.
    pub write_idle: Duration,
    /// How long what is under way may take when the gateway ends.
    pub drain: Duration,
    /// Whether it is counted what requests use. The keys that have a budget of tokens are counted for all the same.
    pub usage: bool,
    /// Whether there are numbers for a Prometheus server.
    pub metrics: bool,
}

impl ServeSettings {
    pub(super) fn read(written: &WrittenServe, source: Source<'_>) -> Result<Self, Failure> {
        let connections = within(
            written.max_connections.as_ref(),
            CONNECTIONS,
            "serve.max_connections",
            source,
        )?;
        let idle = within(written.idle_secs.as_ref(), IDLE, "serve.idle_secs", source)?;
        let write_idle = written.write_idle_secs.as_ref();
        let write_idle = within(write_idle, WRITE_IDLE, "serve.write_idle_secs", source)?;
        let drain = within(written.drain_secs.as_ref(), DRAIN, "serve.drain_secs", source)?;
        let home = source.path.parent().unwrap_or(Path::new(""));
        let certificate = match (&written.tls_cert, &written.tls_key) {
            (Some(certificate), Some(key)) => Some(CertificateFiles {
                certificate: home.join(certificate.get_ref()),
                key: home.join(key.get_ref()),
            }),
            (Some(alone), None) => {
                return Err(source.failure(&alone.span(), "serve.tls_cert", "is of no use without `serve.tls_key`"));
            }
            (None, Some(alone)) => {
                return Err(source.failure(&alone.span(), "serve.tls_key", "is of no use without `serve.tls_cert`"));
            }
            (None, None) => None,
        };
        let usual = Self::default();
        Ok(Self {
            certificate,
            connections: connections.unwrap_or(usual.connections),
            idle: idle.map_or(usual.idle, Duration::from_secs),
            write_idle: write_idle.map_or(usual.write_idle, Duration::from_secs),
            drain: drain.map_or(usual.drain, Duration::from_secs),
            usage: written.usage.unwrap_or(usual.usage),
            metrics: written.metrics.unwrap_or(usual.metrics),
        })
    }

    /// The keys whose values are not the same.
    pub(super) fn differing(&self, other: &Self) -> impl Iterator<Item = &'static str> {
        let Self {
            certificate,
            connections,
            idle,
            write_idle,
            drain,
            usage,
            metrics,
        } = self;
        [
            ("serve.tls_cert", *certificate == other.certificate),
            ("serve.max_connections", *connections == other.connections),
            ("serve.idle_secs", *idle == other.idle),
            ("serve.write_idle_secs", *write_idle == other.write_idle),
            ("serve.drain_secs", *drain == other.drain),
            ("serve.usage", *usage == other.usage),
            ("serve.metrics", *metrics == other.metrics),
        ]
        .into_iter()
        .filter_map(|(name, same)| (!same).then_some(name))
    }
}

impl Default for ServeSettings {
    fn default() -> Self {
        Self {
            certificate: None,
            connections: USUAL_CONNECTIONS,
            idle: USUAL_IDLE,
            write_idle: USUAL_WRITE_IDLE,
            drain: USUAL_DRAIN,
            usage: true,
            metrics: true,
        }
    }
}

/// 16,384 connections: ten thousand idle streams and as many short requests as a machine of this class can have open.
const USUAL_CONNECTIONS: u64 = 16_384;

/// From one, to what no machine of today has ports and memory for.
const CONNECTIONS: RangeInclusive<u64> = 1..=1_000_000;

/// 60 s: longer than the clients in use keep an idle connection, so that they are the ones to close it.
const USUAL_IDLE: Duration = Duration::from_secs(60);

/// Below a second a client on a slow line is cut off; above an hour a connection is forgotten.
const IDLE: RangeInclusive<u64> = 1..=3_600;

/// 5 min: a program that is stopped in a debugger, or a machine that sleeps, comes back sooner, and one that never does would
/// hold a stream of its provider for ever.
const USUAL_WRITE_IDLE: Duration = Duration::from_secs(300);

/// Below a second a slow line is cut off; above a day nobody is waited for.
const WRITE_IDLE: RangeInclusive<u64> = 1..=86_400;

/// 20 s; service managers kill after 30 s or more.
const USUAL_DRAIN: Duration = Duration::from_secs(20);

/// From ending at once to a day, for streams that last.
const DRAIN: RangeInclusive<u64> = 0..=86_400;
