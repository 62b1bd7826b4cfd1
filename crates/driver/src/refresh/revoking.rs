//! Revokes tokens that are queued in the store (RFC 7009), and notes of each what became of it.

use std::sync::Arc;
use std::time::Duration;

use evergrant_engine::credential::ProviderId;
use evergrant_engine::failure::{Code, Failure};
use evergrant_engine::login::{Revoked, read_revocation, revocation};
use evergrant_engine::provider::Row;
use evergrant_engine::recovery::renewal::CONNECT_PATIENCE;
use evergrant_engine::remedy::Remedy;
use evergrant_engine::store::Revocation;
use tokio::time::{Instant, timeout_at};
use tracing::{debug, info, warn};

use super::tools::Tools;
use crate::entropy::jitter;
use crate::http::ExchangeLimits;
use crate::store::{Store, StoreFault};

/// What became of one token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Settled {
    /// Its provider has revoked it.
    Revoked,
    /// Its provider revokes no such tokens.
    Unsupported,
    /// Its time was over.
    GivenUp,
    /// It goes on waiting, for this reason.
    Waits(Failure),
}

/// Tries these tokens in their order, all of them within the limit; one that is cut short goes on waiting. A provider that
/// is not reached once is not asked again for the rest of its tokens.
pub(crate) async fn revoke(
    tools: &Arc<Tools>,
    row: impl Fn(&ProviderId) -> Option<Arc<Row>>,
    tokens: Vec<Revocation>,
    limit: Duration,
) -> Vec<(Revocation, Settled)> {
    let deadline = Instant::now() + limit;
    let mut settled: Vec<(Revocation, Settled)> = Vec::with_capacity(tokens.len());
    let mut silent: Vec<(ProviderId, Failure)> = Vec::new();
    for token in tokens {
        let known = silent.iter().find(|(provider, _)| *provider == token.provider);
        let tried = match known {
            Some((_, failure)) => Tried::Waits(failure.clone(), None),
            None => one(tools, row(&token.provider).as_deref(), &token, deadline).await,
        };
        let end = match tried {
            Tried::Settled(end) => end,
            Tried::Elsewhere => Settled::Waits(elsewhere()),
            Tried::Waits(failure, retry_after) => {
                let next = token.next_try(retry_after, tools.clock.now().wall, jitter());
                let (fingerprint, why) = (token.fingerprint, failure.message.clone());
                debug!(provider = %token.provider, label = %token.label, %failure, "not revoked yet");
                noted(tools, move |store| store.defer_revocation(&fingerprint, &why, next)).await;
                if failure.code == Code::Unreachable || failure.code == Code::Timeout {
                    silent.push((token.provider.clone(), failure.clone()));
                }
                settled.push((token, Settled::Waits(failure)));
                continue;
            }
        };
        if !matches!(end, Settled::Waits(_)) {
            tell(&token, &end);
            let fingerprint = token.fingerprint;
            noted(tools, move |store| store.settle_revocation(&fingerprint)).await;
        }
        settled.push((token, end));
    }
    settled
}

/// What came of one try.
enum Tried {
    Settled(Settled),
    /// Another process tries it just now.
    Elsewhere,
    Waits(Failure, Option<Duration>),
}

async fn one(tools: &Arc<Tools>, row: Option<&Row>, token: &Revocation, deadline: Instant) -> Tried {
    let now = tools.clock.now().wall;
    if token.is_over(now) {
        return Tried::Settled(Settled::GivenUp);
    }
    let (read, next) = (token.clone(), now.plus(REVOCATION_PATIENCE + MARGIN));
    match blocking(tools, move |store| store.try_revocation(&read, now, next)).await {
        Ok(true) => {}
        Ok(false) => return Tried::Elsewhere,
        // It is as much worth a try as if it had been counted.
        Err(fault) => warn!(%fault, "a try to revoke a token could not be noted"),
    }
    let row = match usable(row, token) {
        Ok(row) => row,
        Err(failure) => return Tried::Waits(failure, None),
    };
    let discovered = timeout_at(deadline, tools.metadata.revocation_endpoint(row, &tools.network));
    let endpoint = match discovered.await {
        Ok(Ok(Some(endpoint))) => endpoint,
        Ok(Ok(None)) => return Tried::Settled(Settled::Unsupported),
        Ok(Err(failure)) => return Tried::Waits(failure, None),
        Err(_) => return Tried::Waits(late(token), None),
    };
    let request = match revocation(row, &endpoint, &token.token, token.hint) {
        Ok(request) => request,
        Err(failure) => return Tried::Waits(failure, None),
    };
    let limits = ExchangeLimits {
        connect: CONNECT_PATIENCE,
        total: REVOCATION_PATIENCE,
    };
    let Ok(answered) = timeout_at(deadline, tools.network.exchange(request, &row.hosts, limits)).await else {
        return Tried::Waits(late(token), None);
    };
    let reply = match answered {
        Ok(reply) => reply,
        Err(broken) => {
            let host = endpoint.host_str().unwrap_or_default();
            return Tried::Waits(broken.into_failure(host), None);
        }
    };
    match read_revocation(row, &reply, &token.token, tools.clock.now().wall) {
        Revoked::Done => Tried::Settled(Settled::Revoked),
        Revoked::Unsupported => Tried::Settled(Settled::Unsupported),
        Revoked::Refused {
            why,
            retry_after,
            moved,
        } => {
            if moved {
                tools.metadata.forget(row);
            }
            let message = format!("{} did not revoke the {}: {why}", token.provider, words(token));
            Tried::Waits(Failure::new(Code::Transient, message), retry_after)
        }
    }
}

/// The row that the token may be shown to: one that still stands for whoever gave it.
fn usable<'a>(row: Option<&'a Row>, token: &Revocation) -> Result<&'a Row, Failure> {
    let provider = &token.provider;
    let (Some(row), Some(oauth)) = (row, row.and_then(Row::oauth)) else {
        let message = format!("there is no provider `{provider}` to log out at any more");
        return Err(Failure::new(Code::UnknownProvider, message));
    };
    match token.authority.changed(oauth) {
        None => Ok(row),
        Some(change) => {
            let message = format!(
                "the row of {provider} changed after the login of `{}`: {change}",
                token.label
            );
            Err(Failure::new(Code::RowChanged, message).with_remedy(Remedy::EditFile {
                place: format!("the row of {provider}: put the old value back"),
            }))
        }
    }
}

fn tell(token: &Revocation, end: &Settled) {
    let (provider, label, fingerprint) = (&token.provider, &token.label, token.fingerprint);
    match end {
        Settled::Revoked => info!(%provider, %label, %fingerprint, token = words(token), "revoked"),
        Settled::Unsupported => info!(%provider, %label, %fingerprint, token = words(token), "cannot be revoked there"),
        Settled::GivenUp => warn!(
            %provider, %label, %fingerprint, token = words(token),
            "its revocation is given up: it has expired, or nobody took it for too long"
        ),
        Settled::Waits(_) => {}
    }
}

fn words(token: &Revocation) -> &'static str {
    use evergrant_engine::login::TokenHint;
    match token.hint {
        TokenHint::Refresh => "refresh token",
        TokenHint::Access => "access token",
    }
}

fn late(token: &Revocation) -> Failure {
    let message = format!("{} did not answer in time", token.provider);
    Failure::new(Code::Timeout, message).with_remedy(Remedy::Wait { until: None })
}

fn elsewhere() -> Failure {
    Failure::new(Code::Transient, "another process is revoking it")
}

async fn noted(tools: &Arc<Tools>, work: impl FnOnce(&dyn Store) -> Result<(), StoreFault> + Send + 'static) {
    if let Err(fault) = blocking(tools, work).await {
        // It is tried again, which does no harm: a token that is revoked already is a success as well.
        warn!(%fault, "what became of a revocation could not be noted");
    }
}

async fn blocking<T: Send + 'static>(
    tools: &Arc<Tools>,
    work: impl FnOnce(&dyn Store) -> Result<T, StoreFault> + Send + 'static,
) -> Result<T, StoreFault> {
    let store = Arc::clone(&tools.store);
    tokio::task::spawn_blocking(move || work(&*store))
        .await
        .unwrap_or_else(|stopped| {
            Err(StoreFault::Unwritable {
                place: "the store".to_owned(),
                detail: format!("its thread ended: {stopped}"),
            })
        })
}

/// 10 s: a logout must not hang on a provider that does not answer.
pub(crate) const REVOCATION_PATIENCE: Duration = Duration::from_secs(10);

/// 5 s on top before another process takes a try that was counted for one that died.
const MARGIN: Duration = Duration::from_secs(5);
