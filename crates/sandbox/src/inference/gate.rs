//! The way in: the edge's faults, the credential, the account's faults.

use std::sync::Arc;

use super::access::{self, Admitted};
use super::faults;
use crate::received::Received;
use crate::reply::Answer;
use crate::scenario::{AccountFault, EdgeFault, Hit, Probe};
use crate::world::World;

/// A request that got through.
#[derive(Debug)]
pub(super) struct Passed {
    admitted: Admitted,
}

/// Lets a request through, or answers it.
pub(super) async fn pass(world: &Arc<World>, received: &Received, streaming: bool) -> Result<Passed, Box<Answer>> {
    let subject = world.books().subject_of(received.bearer());
    let probe = Probe {
        subject: subject.as_deref().unwrap_or_default(),
        ..access::probe(world, received)
    };
    let hit: Option<Hit<EdgeFault>> = world.strike(&probe, received.sequence);
    if let Some(hit) = hit
        && let Some(answer) = faults::at_edge(world, &hit, streaming).await
    {
        return Err(Box::new(answer));
    }
    let admitted = access::admit(world, received, streaming).map_err(|refused| Ok(*refused))?;
    let passed = Passed { admitted };
    let hit: Option<Hit<AccountFault>> = world.strike(&passed.probe(received), received.sequence);
    match hit {
        Some(hit) => Err(Box::new(Ok(faults::at_account(world, &hit, streaming)))),
        None => Ok(passed),
    }
}

impl Passed {
    /// What is known of the request now.
    pub(super) fn probe<'a>(&'a self, received: &'a Received) -> Probe<'a> {
        Probe {
            path: &received.path,
            bearer: received.bearer(),
            subject: &self.admitted.subject,
            credential: self.admitted.credential,
            grant_type: "",
            first_use: self.admitted.first_use,
            age_ms: self.admitted.age_ms,
        }
    }
}
