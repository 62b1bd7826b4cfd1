//! Tokens that wait to be revoked.

use super::finding::Finding;
use super::shell::run;
use crate::revocation::PendingRevocation;

/// A token that waits to be revoked: it mends itself, if someone is there to try.
pub(super) fn finding(one: &PendingRevocation) -> Finding {
    let why = one.why.as_ref().map(|why| format!(": {why}")).unwrap_or_default();
    Finding::warn(
        format!("revocation {}/{}", one.provider, one.label),
        format!(
            "its {} token waits since {} to be revoked, and is given up at {}{why}",
            one.token, one.queued_at, one.gives_up_at
        ),
        run(
            "evergrant serve",
            "a running gateway goes on trying; the next logout tries once",
        ),
    )
}
