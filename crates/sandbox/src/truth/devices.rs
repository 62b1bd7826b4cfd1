//! Device logins that wait for their person (RFC 8628).

use std::collections::HashMap;

use super::grants::Consent;
use super::mint::Mint;

/// Every device login that was started.
#[derive(Debug, Default)]
pub(crate) struct Devices {
    by_code: HashMap<String, Device>,
}

#[derive(Debug)]
struct Device {
    user_code: String,
    consent: Consent,
    decision: Option<DeviceDecision>,
    expires_at_ms: u64,
    interval_ms: u64,
    polled_at_ms: Option<u64>,
    spent: bool,
    family: Option<usize>,
}

/// What the person decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum DeviceDecision {
    /// Approved, by this subject if it differs from the one assumed.
    Approved(Option<String>),
    /// Denied.
    Denied,
}

/// The codes of a login that was just started.
#[derive(Debug, Clone)]
pub(crate) struct DeviceStart {
    pub(crate) device_code: String,
    pub(crate) user_code: String,
}

/// What a poll finds.
#[derive(Debug, Clone)]
pub(crate) enum DevicePoll {
    Unknown,
    OtherClient,
    Expired,
    Pending,
    SlowDown,
    Denied,
    Spent,
    Approved(Consent),
}

impl Devices {
    /// Starts a login.
    pub(crate) fn start(
        &mut self,
        mint: &mut Mint,
        consent: Consent,
        expires_at_ms: u64,
        interval_ms: u64,
    ) -> DeviceStart {
        let start = DeviceStart {
            device_code: mint.secret("device-code"),
            user_code: mint.user_code(),
        };
        self.by_code.insert(
            start.device_code.clone(),
            Device {
                user_code: start.user_code.clone(),
                consent,
                decision: None,
                expires_at_ms,
                interval_ms,
                polled_at_ms: None,
                spent: false,
                family: None,
            },
        );
        start
    }

    /// Records the person's decision; false if nothing waits under this user code.
    pub(crate) fn decide(&mut self, user_code: &str, decision: DeviceDecision) -> bool {
        let wanted = plain(user_code);
        let waiting = self
            .by_code
            .values_mut()
            .find(|device| plain(&device.user_code) == wanted && device.decision.is_none());
        match waiting {
            Some(device) => {
                device.decision = Some(decision);
                true
            }
            None => false,
        }
    }

    /// The user codes that wait for a decision.
    pub(crate) fn waiting(&self) -> Vec<String> {
        self.by_code
            .values()
            .filter(|device| device.decision.is_none())
            .map(|device| device.user_code.clone())
            .collect()
    }

    /// Remembers the family that an approved login opened.
    pub(crate) fn opened(&mut self, device_code: &str, family: usize) {
        if let Some(device) = self.by_code.get_mut(device_code) {
            device.family = Some(family);
        }
    }

    /// The family that a device code opened.
    pub(crate) fn family_of(&self, device_code: &str) -> Option<usize> {
        self.by_code.get(device_code)?.family
    }

    /// One poll of the token endpoint; an approved code is spent by it.
    pub(crate) fn poll(&mut self, device_code: &str, client_id: &str, now_ms: u64) -> DevicePoll {
        let Some(device) = self.by_code.get_mut(device_code) else {
            return DevicePoll::Unknown;
        };
        if device.consent.client_id != client_id {
            return DevicePoll::OtherClient;
        }
        if device.expires_at_ms <= now_ms {
            return DevicePoll::Expired;
        }
        let early = device
            .polled_at_ms
            .is_some_and(|last| now_ms + POLL_SLACK_MS < last + device.interval_ms);
        device.polled_at_ms = Some(now_ms);
        match &device.decision {
            None if early => {
                device.interval_ms += SLOW_DOWN_MS;
                DevicePoll::SlowDown
            }
            None => DevicePoll::Pending,
            Some(_) if device.spent => DevicePoll::Spent,
            Some(DeviceDecision::Denied) => {
                device.spent = true;
                DevicePoll::Denied
            }
            Some(DeviceDecision::Approved(subject)) => {
                device.spent = true;
                let mut consent = device.consent.clone();
                if let Some(subject) = subject {
                    consent.subject.clone_from(subject);
                }
                DevicePoll::Approved(consent)
            }
        }
    }
}

/// People type user codes in lower case and without the dash (RFC 8628 section 6.1).
fn plain(user_code: &str) -> String {
    user_code
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|letter| letter.to_ascii_uppercase())
        .collect()
}

/// `slow_down` adds five seconds to the interval (RFC 8628 section 3.5).
const SLOW_DOWN_MS: u64 = 5_000;
/// A poll this much too early is the network's doing, not the client's.
const POLL_SLACK_MS: u64 = 200;
