//! What every renewal of a process works with, and what it can do with that alone.

use std::sync::{Arc, Mutex};

use evergrant_engine::store::Owner;

use super::recorded::Recorded;
use crate::clock::Clock;
use crate::http::Network;
use crate::ledger::Ledger;
use crate::measures::Measures;
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
    /// What happens is counted here.
    pub(crate) measures: Arc<Measures>,
    /// This process, for lock sidecars and claims.
    pub(crate) owner: Owner,
    /// Keeps every step, for tests.
    pub(crate) recorder: Option<Arc<Mutex<Vec<Recorded>>>>,
}
