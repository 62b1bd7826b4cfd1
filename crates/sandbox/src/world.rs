//! The state that all connections share.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use crate::config::Config;
use crate::counters::Counters;
use crate::failure::SandboxError;
use crate::journal::Journal;
use crate::scenario::{Hit, Probe, Strikes, Switchboard, Wording};
use crate::truth::{Books, Clock, Lifetimes, Mint};

/// One sandbox. Each part has its own lock; no two are ever held at once.
#[derive(Debug)]
pub(crate) struct World {
    /// `http://127.0.0.1:PORT`, which is the issuer too.
    pub(crate) origin: String,
    pub(crate) clock: Clock,
    config: Mutex<Arc<Config>>,
    books: Mutex<Books>,
    switchboard: Mutex<Switchboard>,
    counters: Mutex<Counters>,
    journal: Mutex<Journal>,
    open: watch::Sender<usize>,
}

/// A connection that is open as long as this.
#[derive(Debug)]
pub(crate) struct Connected(Arc<World>);

impl Drop for Connected {
    fn drop(&mut self) {
        self.0.open.send_modify(|open| *open -= 1);
    }
}

impl World {
    /// A world that answers under this origin.
    pub(crate) fn new(origin: String, config: Config) -> Result<Self, SandboxError> {
        let mint = Mint::new(config.seed)?;
        let mut switchboard = Switchboard::default();
        for order in &config.scenarios {
            switchboard.arm(order.clone())?;
        }
        Ok(Self {
            origin,
            clock: Clock::default(),
            config: Mutex::new(Arc::new(config)),
            books: Mutex::new(Books::new(mint)),
            switchboard: Mutex::new(switchboard),
            counters: Mutex::default(),
            journal: Mutex::default(),
            open: watch::Sender::default(),
        })
    }

    /// The configuration as it is now.
    pub(crate) fn config(&self) -> Arc<Config> {
        lock(&self.config).clone()
    }

    /// Changes the configuration for all later requests.
    pub(crate) fn reconfigure(&self, change: impl FnOnce(&mut Config)) {
        let mut config = lock(&self.config);
        let mut next = Config::clone(&config);
        change(&mut next);
        *config = Arc::new(next);
    }

    /// The wording in which a token that is really over is refused.
    pub(crate) fn wording(&self) -> Wording {
        self.config().wording
    }

    pub(crate) fn books(&self) -> MutexGuard<'_, Books> {
        lock(&self.books)
    }

    pub(crate) fn switchboard(&self) -> MutexGuard<'_, Switchboard> {
        lock(&self.switchboard)
    }

    pub(crate) fn counters(&self) -> MutexGuard<'_, Counters> {
        lock(&self.counters)
    }

    pub(crate) fn journal(&self) -> MutexGuard<'_, Journal> {
        lock(&self.journal)
    }

    /// Counts a connection that was accepted.
    pub(crate) fn connected(self: &Arc<Self>) -> Connected {
        self.counters().connections += 1;
        self.open.send_modify(|open| *open += 1);
        Connected(Arc::clone(self))
    }

    /// Waits until no connection is open.
    pub(crate) async fn all_left(&self) {
        // The sender is here, so that it cannot be closed.
        let _ = self.open.subscribe().wait_for(|open| *open == 0).await;
    }

    /// Asks for a scenario of one stage, and counts and logs it if one strikes.
    pub(crate) fn strike<F: Strikes>(&self, probe: &Probe<'_>, sequence: u64) -> Option<Hit<F>> {
        let hit = self.switchboard().strike(probe)?;
        Counters::count(&mut self.counters().scenarios, hit.name);
        self.journal()
            .amend(sequence, |seen| seen.scenario = Some(hit.name.to_owned()));
        Some(hit)
    }

    /// The lifetimes for tokens that are issued now.
    pub(crate) fn lifetimes(&self) -> Lifetimes {
        let config = self.config();
        Lifetimes {
            access_secs: config.access_token_lifetime_secs,
            rotate: config.rotate_refresh_tokens,
            grace_secs: config.reuse_grace_secs,
            issuer: self.origin.clone(),
            audience: format!("{}/v1", self.origin),
            tier: config.tier.clone(),
        }
    }
}

/// A panic elsewhere must not silence the sandbox: its state is whole between statements.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
