//! What every renewal of a process works with, and what it can do with that alone.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use evergrant_engine::failure::Failure;
use evergrant_engine::login::{self, TokenHint};
use evergrant_engine::provider::Row;
use evergrant_engine::recovery::renewal::CONNECT_PATIENCE;
use evergrant_engine::secret::Secret;
use evergrant_engine::store::Owner;

use super::recorded::Recorded;
use crate::clock::Clock;
use crate::http::{ExchangeLimits, Network};
use crate::ledger::Ledger;
use crate::metadata::Metadata;
use crate::store::Store;

/// What every renewal of this process works with.
pub(crate) struct Tools {
    /// Where grants and claims are kept.
    pub(crate) store: Arc<dyn Store>,
    /// The way out.
    pub(crate) network: Arc<Network>,
    /// Token endpoints.
    pub(crate) metadata: Arc<Metadata>,
    /// Both clocks.
    pub(crate) clock: Arc<dyn Clock>,
    /// What this process shows.
    pub(crate) ledger: Arc<Ledger>,
    /// This process, for lock sidecars and claims.
    pub(crate) owner: Owner,
    /// Keeps every step, for tests.
    pub(crate) recorder: Option<Arc<Mutex<Vec<Recorded>>>>,
}

/// Revokes a token at its provider (RFC 7009), 10 s at most.
pub(crate) async fn revoke(tools: &Tools, row: &Row, token: &Secret<String>, hint: TokenHint) -> Result<(), Failure> {
    let Some(endpoint) = tools.metadata.revocation_endpoint(row, &tools.network).await? else {
        return Ok(());
    };
    let request = login::revocation(row, &endpoint, token, hint)?;
    let limits = ExchangeLimits {
        connect: CONNECT_PATIENCE,
        total: REVOCATION_PATIENCE,
    };
    let host = endpoint.host_str().unwrap_or_default().to_owned();
    tools
        .network
        .exchange(request, &row.hosts, limits)
        .await
        .map(drop)
        .map_err(|broken| broken.into_failure(&host))
}

/// 10 s: a logout must not hang on a provider that does not answer.
const REVOCATION_PATIENCE: Duration = Duration::from_secs(10);
