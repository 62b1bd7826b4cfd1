//! All numbers as a Prometheus server reads them; `docs/METRICS.md` says what each means.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use evergrant_driver::measures::{ProviderReading, Tried};
use evergrant_driver::{CredentialReading, Readings, Timestamp};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::DescriptorEncoder;

use super::counts::{Measures, OfProvider};
use super::family::{Families, Labels};
use super::process;

/// The driver's numbers and the gateway's, as they are at one time.
#[derive(Debug)]
pub(super) struct Exposition {
    pub(super) readings: Readings,
    pub(super) measures: Arc<Measures>,
}

impl Collector for Exposition {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let mut families = Families(encoder);
        self.requests(&mut families)?;
        self.providers(&mut families)?;
        self.renewals(&mut families)?;
        self.credentials(&mut families)?;
        self.gateway(&mut families)
    }
}

impl Exposition {
    fn requests(&self, families: &mut Families<'_>) -> fmt::Result {
        let known = self.measures.providers();
        let mut all: Vec<(&str, &OfProvider)> = vec![(NOBODY, &self.measures.nobody)];
        all.extend(known.iter().map(|(provider, of)| (provider.as_str(), &**of)));
        let mut requests = families.counter(
            "requests",
            "Requests whose answer has ended, by what was asked and status class",
        )?;
        for (provider, of) in &all {
            for (operation, class, count) in of.met() {
                let labels: Labels<'_> = &[("provider", provider), ("surface", operation), ("status", class)];
                requests.count(labels, count)?;
            }
        }
        let mut duration = families.histogram(
            "request_duration",
            "Time from a request's head to its answer's last byte",
        )?;
        for (provider, of) in &all {
            duration.distribute(&[("provider", provider)], &of.duration.read())?;
        }
        let mut first = families.histogram(
            "time_to_first_byte",
            "Time from a request's head to the first byte of its answer's body",
        )?;
        for (provider, of) in &all {
            first.distribute(&[("provider", provider)], &of.first_byte.read())?;
        }
        let help = "Time the gateway added to a request: to its answer's head, without waiting for its body, for providers and for repairs";
        families
            .histogram("own_latency", help)?
            .distribute(&[], &self.measures.own_latency.read())?;
        let mut own = families.counter("own_answers", "Failures that the gateway answered itself, by code")?;
        for (code, count) in self.measures.own_answers() {
            own.count(&[("code", code)], count)?;
        }
        Ok(())
    }

    fn providers(&self, families: &mut Families<'_>) -> fmt::Result {
        let all = &self.readings.providers;
        let mut latency =
            families.histogram("upstream_latency", "Time from sending a try to the head of its answer")?;
        for one in all {
            latency.distribute(&[("provider", one.provider.as_str())], &one.latency)?;
        }
        let mut verdicts = families.counter("verdicts", "What providers' answers were read as")?;
        each_tried(
            all,
            |one| &one.verdicts,
            |provider, tried| {
                let labels: Labels<'_> = &[
                    ("provider", provider),
                    ("channel", tried.channel),
                    ("verdict", tried.end),
                ];
                verdicts.count(labels, tried.count)
            },
        )?;
        let mut unanswered = families.counter("unanswered", "Tries without an answer, by how far they came")?;
        each_tried(
            all,
            |one| &one.unanswered,
            |provider, tried| {
                let labels: Labels<'_> = &[("provider", provider), ("channel", tried.channel), ("phase", tried.end)];
                unanswered.count(labels, tried.count)
            },
        )?;
        let mut repairs = families.counter("repairs", "What was done about refusals before the client noticed")?;
        for one in all {
            repairs.many(one.provider.as_str(), "action", &one.repairs)?;
        }
        let mut unrepaired = families.counter(
            "unrepaired",
            "Refusals that nothing could be done about, by what the client got",
        )?;
        for one in all {
            unrepaired.many(one.provider.as_str(), "action", &one.unrepaired)?;
        }
        let mut broken = families.counter(
            "broken_streams",
            "Streams that broke off after the client had begun to read",
        )?;
        for one in all {
            broken.count(&[("provider", one.provider.as_str())], one.broken_streams)?;
        }
        Ok(())
    }

    fn renewals(&self, families: &mut Families<'_>) -> fmt::Result {
        let all = &self.readings.providers;
        let mut renewals = families.counter("renewals", "Renewals of grants, by how they ended")?;
        for one in all {
            renewals.many(one.provider.as_str(), "outcome", &one.renewals)?;
        }
        let mut flying = families.gauge("renewals_in_flight", "Renewals under way")?;
        for one in all {
            flying.level(&[("provider", one.provider.as_str())], one.renewals_in_flight)?;
        }
        let mut waiting = families.gauge(
            "renewals_waiting",
            "Renewals that wait for a lock which they found held",
        )?;
        for one in all {
            waiting.level(&[("provider", one.provider.as_str())], one.waiting_for_lock)?;
        }
        let mut took = families.histogram("renewal_duration", "Time that a renewal took")?;
        for one in all {
            took.distribute(&[("provider", one.provider.as_str())], &one.renewing)?;
        }
        let mut waited = families.histogram(
            "lock_wait",
            "Time that renewals waited for a lock which they found held",
        )?;
        for one in all {
            waited.distribute(&[("provider", one.provider.as_str())], &one.lock_wait)?;
        }
        let mut conflicts = families.counter(
            "claim_conflicts",
            "Claims on a refresh token that stood for someone else",
        )?;
        for one in all {
            conflicts.count(&[("provider", one.provider.as_str())], one.claim_conflicts)?;
        }
        let mut failed = families.counter(
            "store_write_failures",
            "What could not be written to the store or its journal",
        )?;
        for (what, count) in &self.readings.write_failures {
            failed.count(&[("what", what)], *count)?;
        }
        Ok(())
    }

    fn credentials(&self, families: &mut Families<'_>) -> fmt::Result {
        let all = &self.readings.credentials;
        let mut pools: BTreeMap<&str, BTreeMap<&str, u64>> = BTreeMap::new();
        for one in all {
            let pool = pools.entry(one.provider.as_str()).or_default();
            for health in HEALTHS {
                pool.entry(health).or_default();
            }
            *pool.entry(one.health).or_default() += 1;
        }
        let mut credentials = families.gauge("credentials", "Credentials of a pool, by health")?;
        for (provider, pool) in &pools {
            for (health, count) in pool {
                credentials.level(&[("provider", provider), ("health", health)], *count)?;
            }
        }
        let mut usable = families.gauge(
            "credentials_usable",
            "Credentials of a pool that a request could be sent with",
        )?;
        for provider in pools.keys() {
            let count = all
                .iter()
                .filter(|one| one.provider.as_str() == *provider && one.usable)
                .count();
            usable.level(&[("provider", provider)], count as u64)?;
        }
        let help = "Credentials beyond those that are shown one by one";
        families
            .gauge("credentials_unlisted", help)?
            .level(&[], all.len().saturating_sub(LISTED) as u64)?;
        let times: [(&str, &str, Time); 4] = [
            ("credential_expiry_timestamp", "When an access token expires", |one| {
                one.expires_at
            }),
            (
                "credential_refreshed_timestamp",
                "When an access token was received",
                |one| one.refreshed_at,
            ),
            (
                "credential_next_refresh_timestamp",
                "When an access token will be renewed ahead of time",
                |one| one.next_refresh_at,
            ),
            (
                "credential_end_timestamp",
                "When the provider ends a login whatever is renewed",
                |one| one.hard_end_at,
            ),
        ];
        for (name, help, at) in times {
            let mut family = families.seconds(name, help)?;
            for one in all.iter().take(LISTED) {
                if let Some(at) = at(one) {
                    let labels: Labels<'_> = &[("provider", one.provider.as_str()), ("credential", one.id.as_str())];
                    family.instant(labels, at)?;
                }
            }
        }
        Ok(())
    }

    fn gateway(&self, families: &mut Families<'_>) -> fmt::Result {
        let measures = &self.measures;
        let levels = [
            (
                "requests_in_flight",
                "Requests whose answer has not ended",
                measures.in_flight.read(),
            ),
            ("streams_open", "Event streams under way", measures.streams.read()),
            (
                "tunnels_open",
                "Upgraded connections (WebSocket)",
                measures.tunnels.read(),
            ),
            (
                "connections_open",
                "Connections of clients",
                measures.connections.read(),
            ),
        ];
        for (name, help, level) in levels {
            families.gauge(name, help)?.level(&[], level)?;
        }
        let counters = [
            (
                "connections",
                "Connections of clients that were accepted",
                &measures.accepted,
            ),
            (
                "clients_given_up",
                "Clients that took nothing of what was sent to them for too long (`serve.write_idle_secs`)",
                &measures.given_up,
            ),
            (
                "access_log_dropped",
                "Lines of the access log that were dropped, because it was not written fast enough",
                &measures.unlogged,
            ),
        ];
        for (name, help, counter) in counters {
            families.counter(name, help)?.count(&[], counter.read())?;
        }
        families
            .bytes_counter("received", "Bytes of requests' bodies")?
            .count(&[], measures.received.read())?;
        families
            .bytes_counter("sent", "Bytes of answers' bodies")?
            .count(&[], measures.sent.read())?;
        let (kept, limit) = (self.readings.kept_bytes, self.readings.kept_bytes_limit);
        families
            .bytes("replay_kept", "Bytes of requests that are kept to be sent again")?
            .level(&[], kept)?;
        families
            .bytes("replay_limit", "Bytes of requests that may be kept at once")?
            .level(&[], limit)?;
        let build = &[("version", env!("CARGO_PKG_VERSION"))];
        families.gauge("build", "What runs: always 1")?.level(build, 1)
    }
}

/// What exporters of every program tell under the same names.
#[derive(Debug)]
pub(super) struct OfProcess(pub(super) Arc<Measures>);

impl Collector for OfProcess {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let mut families = Families(encoder);
        let since = Timestamp::from_secs(i64::try_from(self.0.since.as_secs()).unwrap_or(i64::MAX));
        families
            .seconds("process_start_time", "When the process began")?
            .instant(&[], since)?;
        if let Some(bytes) = process::resident_bytes() {
            families
                .bytes("process_resident_memory", "Memory in use")?
                .level(&[], bytes)?;
        }
        if let Some(open) = process::open_descriptors() {
            families
                .gauge("process_open_fds", "Open file descriptors")?
                .level(&[], open)?;
        }
        Ok(())
    }
}

fn each_tried(
    all: &[ProviderReading],
    of: impl Fn(&ProviderReading) -> &Vec<Tried>,
    mut tell: impl FnMut(&str, &Tried) -> fmt::Result,
) -> fmt::Result {
    for one in all {
        for tried in of(one) {
            tell(one.provider.as_str(), tried)?;
        }
    }
    Ok(())
}

/// One of the times of a credential, if it has it.
type Time = fn(&CredentialReading) -> Option<Timestamp>;

/// The provider of a request that reached none.
const NOBODY: &str = "none";

/// Every health that a credential of a pool can have, so that none is missing from a graph while it is at zero.
const HEALTHS: [&str; 9] = [
    "ready",
    "cooling",
    "outcome-unknown",
    "quarantined",
    "needs-login",
    "not-entitled",
    "account-disabled",
    "unsaved",
    "disabled",
];

/// 1,000 credentials one by one: four series each are what a server takes without a thought.
const LISTED: usize = 1_000;
