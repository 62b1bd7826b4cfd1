//! What every part of an open driver shares: table, store, picture, network, renewals.

use std::sync::Arc;

use arc_swap::ArcSwap;
use evergrant_engine::credential::ProviderId;
use evergrant_engine::failure::{Code, Failure};
use evergrant_engine::provider::{Row, Table};
use evergrant_engine::remedy::Remedy;
use tokio::sync::Mutex;
use tokio::time::Instant;
use tracing::warn;

use crate::admission::Door;
use crate::client::{AttemptRecorder, Client, Parts, Surroundings};
use crate::clock::Clock;
use crate::import::Borrowing;
use crate::ledger::Ledger;
use crate::refresh::{Renewals, Tools};
use crate::settings::Settings;
use crate::store::{Store, StoreFault};
use crate::usage::Books;

/// The inside of a driver.
pub(crate) struct Kernel {
    settings: ArcSwap<Settings>,
    tools: Arc<Tools>,
    renewals: Renewals,
    borrowing: Arc<Borrowing>,
    client: Client,
    door: Door,
    /// When the keys were last read because somebody showed one that was not known.
    looked: Mutex<Option<Instant>>,
    books: Arc<Books>,
}

impl Kernel {
    pub(crate) fn new(
        settings: Settings,
        tools: Arc<Tools>,
        attempts: Option<AttemptRecorder>,
    ) -> Result<Self, Failure> {
        let renewals = Renewals::new(Arc::clone(&tools))?;
        let borrowing = Arc::new(Borrowing::new(
            Arc::clone(&tools.store),
            Arc::clone(&tools.ledger),
            Arc::clone(&tools.clock),
        ));
        let books = Arc::new(Books::new(&settings.home, Arc::clone(&tools.clock)));
        let client = Client::new(Parts {
            books: Arc::clone(&books),
            network: Arc::clone(&tools.network),
            ledger: Arc::clone(&tools.ledger),
            store: Arc::clone(&tools.store),
            clock: Arc::clone(&tools.clock),
            measures: Arc::clone(&tools.measures),
            environment: settings.environment.clone(),
            recorder: attempts,
        })?;
        client.take_up(&settings);
        let door = Door::new(Arc::clone(&tools.store), Arc::clone(&tools.clock));
        Ok(Self {
            settings: ArcSwap::from_pointee(settings),
            tools,
            renewals,
            borrowing,
            client,
            door,
            looked: Mutex::default(),
            books,
        })
    }

    /// Everything that is set, as it is now: whoever needs two things of it takes them from one and the same.
    pub(crate) fn settings(&self) -> Arc<Settings> {
        self.settings.load_full()
    }

    pub(crate) fn table(&self) -> Arc<Table> {
        Arc::clone(&self.settings.load().table)
    }

    /// Takes up other settings: what is under way ends as it began, what comes next goes by these.
    pub(crate) fn take_up(&self, settings: Settings) {
        self.client.take_up(&settings);
        self.settings.store(Arc::new(settings));
    }

    pub(crate) const fn tools(&self) -> &Arc<Tools> {
        &self.tools
    }

    pub(crate) fn clock(&self) -> &dyn Clock {
        &*self.tools.clock
    }

    pub(crate) fn store(&self) -> &Arc<dyn Store> {
        &self.tools.store
    }

    pub(crate) fn ledger(&self) -> &Ledger {
        &self.tools.ledger
    }

    pub(crate) const fn renewals(&self) -> &Renewals {
        &self.renewals
    }

    pub(crate) fn borrowing(&self) -> &Borrowing {
        &self.borrowing
    }

    pub(crate) const fn client(&self) -> &Client {
        &self.client
    }

    pub(crate) const fn door(&self) -> &Door {
        &self.door
    }

    pub(crate) const fn looked(&self) -> &Mutex<Option<Instant>> {
        &self.looked
    }

    pub(crate) const fn books(&self) -> &Arc<Books> {
        &self.books
    }

    /// What a request needs besides the client.
    pub(crate) fn surroundings<'a>(&'a self, settings: &'a Settings) -> Surroundings<'a> {
        Surroundings {
            table: &settings.table,
            counts_usage: settings.serve.usage,
            routes: &settings.routes,
            renewals: &self.renewals,
            borrowing: &self.borrowing,
        }
    }

    /// The provider's row, or a failure that names what there is.
    pub(crate) fn row(&self, provider: &ProviderId) -> Result<Arc<Row>, Failure> {
        let table = self.table();
        table.row(provider).cloned().ok_or_else(|| table.missing(provider))
    }

    /// Runs a blocking piece of work apart from the runtime's threads.
    pub(crate) async fn apart<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&Self) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Failure> {
        let kernel = Arc::clone(self);
        tokio::task::spawn_blocking(move || work(&kernel))
            .await
            .unwrap_or_else(|stopped| {
                Err(Failure::new(Code::Internal, format!("its thread ended: {stopped}")).with_remedy(Remedy::Report))
            })
    }

    /// Runs a blocking piece of work on the store, apart from the runtime's threads.
    pub(crate) async fn blocking<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&Self) -> Result<T, StoreFault> + Send + 'static,
    ) -> Result<T, StoreFault> {
        let kernel = Arc::clone(self);
        tokio::task::spawn_blocking(move || work(&kernel))
            .await
            .unwrap_or_else(|stopped| {
                Err(StoreFault::Unwritable {
                    place: "the store".to_owned(),
                    detail: format!("its thread ended: {stopped}"),
                })
            })
    }
}

/// Looks at the store, and at the files of borrowed tokens, every 250 ms, so that another process's rotation, cooldown or logout is known here.
pub(crate) async fn watch(kernel: std::sync::Weak<Kernel>) {
    let mut failing = false;
    loop {
        tokio::time::sleep(LOOK_EVERY).await;
        let Some(kernel) = kernel.upgrade() else { return };
        let looked = kernel
            .blocking(|kernel| {
                kernel.ledger().look()?;
                kernel.door().look()?;
                kernel.borrowing().look()
            })
            .await;
        if let Err(fault) = &looked
            && !failing
        {
            warn!(%fault, "the store cannot be read; what is in memory goes on serving");
        }
        failing = looked.is_err();
    }
}

/// 250 ms: a quarter of the second within which processes of one home must agree.
const LOOK_EVERY: std::time::Duration = std::time::Duration::from_millis(250);
