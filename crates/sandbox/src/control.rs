//! The switches and gauges of a running sandbox, in its own process.

use std::sync::Arc;
use std::time::Duration;

use crate::config::Config;
use crate::counters::Counters;
use crate::failure::SandboxError;
use crate::journal::{Captured, Seen};
use crate::scenario::{Order, Wording};
use crate::truth::{DeviceDecision, GrantState, fingerprint};
use crate::world::World;

/// Reads what was seen and changes what happens next. Clones share one sandbox.
#[derive(Debug, Clone)]
pub struct Control {
    world: Arc<World>,
}

impl Control {
    pub(crate) fn new(world: Arc<World>) -> Self {
        Self { world }
    }

    /// What was counted since the start or the last reset.
    pub fn counters(&self) -> Counters {
        self.world.counters().clone()
    }

    /// Waits until every connection that was accepted has ended: then all that was sent on them has been read.
    pub async fn all_left(&self) {
        self.world.all_left().await;
    }

    /// Each request that was seen, oldest first.
    pub fn log(&self) -> Vec<Seen> {
        self.world.journal().seen()
    }

    /// The raw bytes of the last 100 token requests, oldest first.
    pub fn token_requests(&self) -> Vec<Captured> {
        self.world.journal().captured()
    }

    /// The queries of the last 100 authorize requests, oldest first.
    pub fn authorize_queries(&self) -> Vec<String> {
        self.world.journal().authorize_queries()
    }

    /// Every login and what is left of it.
    pub fn state(&self) -> GrantState {
        let now_ms = self.world.clock.now_ms();
        self.world.books().state(now_ms)
    }

    /// Arms a scenario.
    ///
    /// # Errors
    /// An unknown name, parameter or value.
    pub fn arm(&self, order: impl Into<Order>) -> Result<(), SandboxError> {
        self.world.switchboard().arm(order.into())
    }

    /// Removes every armed scenario of this name; says how many there were.
    pub fn disarm(&self, name: &str) -> usize {
        self.world.switchboard().disarm(name)
    }

    /// Removes every armed scenario.
    pub fn disarm_all(&self) {
        self.world.switchboard().clear();
    }

    /// What is armed, with the times that are left.
    pub fn armed(&self) -> Vec<Order> {
        self.world.switchboard().armed()
    }

    /// Makes every access token issued so far stale, and chooses the words for it; says how many
    /// tokens that were.
    pub fn expire(&self, wording: Wording) -> u64 {
        self.world.reconfigure(|config| config.wording = wording);
        self.world.books().expire_access_tokens()
    }

    /// Moves the sandbox's clock forward: tokens and codes age by this.
    pub fn advance(&self, by: Duration) {
        self.world.clock.advance(by);
    }

    /// Revokes the logins of one subject, or all, as a person does on the provider's page.
    pub fn revoke_logins(&self, subject: Option<&str>) -> u64 {
        let revoked = self.world.books().revoke_subject(subject);
        self.world.counters().families_revoked += revoked;
        revoked
    }

    /// Approves the device login under this user code.
    ///
    /// # Errors
    /// No device login waits under it.
    pub fn approve_device(&self, user_code: &str) -> Result<(), SandboxError> {
        self.decide_device(user_code, DeviceDecision::Approved(None))
    }

    /// Approves it as another subject than the configured one.
    ///
    /// # Errors
    /// No device login waits under it.
    pub fn approve_device_as(&self, user_code: &str, subject: &str) -> Result<(), SandboxError> {
        let decision = DeviceDecision::Approved(Some(subject.to_owned()));
        self.decide_device(user_code, decision)
    }

    /// Denies the device login under this user code.
    ///
    /// # Errors
    /// No device login waits under it.
    pub fn deny_device(&self, user_code: &str) -> Result<(), SandboxError> {
        self.decide_device(user_code, DeviceDecision::Denied)
    }

    /// The user codes that wait for a person.
    pub fn waiting_devices(&self) -> Vec<String> {
        self.world.books().devices.waiting()
    }

    /// The configuration as it is now.
    pub fn config(&self) -> Config {
        Config::clone(&self.world.config())
    }

    /// Changes the configuration for all later requests; `listen` and `tls` stay as they are.
    pub fn reconfigure(&self, change: impl FnOnce(&mut Config)) {
        self.world.reconfigure(change);
    }

    /// Clears counters, log, captures and scenarios; grants stay good.
    pub fn reset(&self) {
        *self.world.counters() = Counters::default();
        self.world.journal().clear();
        self.world.switchboard().clear();
    }

    /// Forgets every code, device and grant.
    pub fn forget_grants(&self) {
        self.world.books().forget();
    }

    /// The fingerprint under which a secret stands in log, counters and state.
    pub fn fingerprint(secret: &str) -> String {
        fingerprint(secret)
    }

    fn decide_device(&self, user_code: &str, decision: DeviceDecision) -> Result<(), SandboxError> {
        if self.world.books().devices.decide(user_code, decision) {
            Ok(())
        } else {
            Err(SandboxError::UnknownUserCode(user_code.to_owned()))
        }
    }
}
