//! In-memory counters of what was sent with each credential; nothing of it is ever written.

use super::lease::Lease;
use crate::credential::CredentialId;
use crate::named::ByName;
use crate::time::{BootTime, Moment};

/// What was sent with each credential of a pool since this process began.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Traffic {
    uses: ByName<CredentialId, Use>,
    latest: Option<CredentialId>,
    /// Models that were asked for while their credential rested for them.
    asked: Vec<(CredentialId, String, BootTime)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
struct Use {
    sent: u64,
    last: Option<BootTime>,
}

impl Use {
    const fn count(&mut self, now: &Moment) -> u64 {
        self.sent += 1;
        self.last = Some(now.boot);
        self.sent
    }
}

impl Traffic {
    /// Counts a request; how many there were by now.
    pub fn sent(&mut self, lease: &Lease, now: &Moment) -> u64 {
        let id = &lease.fence.id;
        if self.latest.as_ref() != Some(id) {
            self.latest = Some(id.clone());
        }
        match self.uses.get_mut(id) {
            Some(one) => one.count(now),
            None => self.uses.entry(id.clone()).or_default().count(now),
        }
    }

    /// Remembers that this model was asked for while the credential rests for it.
    pub(super) fn asked_for(&mut self, id: &CredentialId, model: &str, now: &Moment) {
        self.asked.retain(|(who, what, _)| who != id || what != model);
        if self.asked.len() >= ASKED {
            self.asked.remove(0);
        }
        self.asked.push((id.clone(), model.to_owned(), now.boot));
    }

    /// When this model was last asked for while the credential rested for it.
    pub(super) fn last_asked(&self, id: &CredentialId, model: &str) -> Option<BootTime> {
        let asked = self.asked.iter().find(|(who, what, _)| who == id && what == model);
        asked.map(|(_, _, at)| *at)
    }

    /// How many requests were sent with it.
    pub fn count(&self, id: &CredentialId) -> u64 {
        self.uses.get(id).map_or(0, |one| one.sent)
    }

    /// When the last request was sent with it.
    pub fn last(&self, id: &CredentialId) -> Option<BootTime> {
        self.uses.get(id).and_then(|one| one.last)
    }

    /// Who was sent last; round-robin goes on from there.
    pub const fn latest(&self) -> Option<&CredentialId> {
        self.latest.as_ref()
    }
}

/// 256: whose probe is forgotten before its refusal is known is asked once more at worst.
const ASKED: usize = 256;
