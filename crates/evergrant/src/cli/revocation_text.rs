//! Tokens that wait for their revocation, for people: one line each.

use evergrant_driver::{PendingRevocation, Timestamp};

use super::colours;
use super::console::{Console, visible};
use super::when::relative;

/// A heading, and a line for each.
pub(crate) fn block(revocations: &[PendingRevocation], now: Timestamp, console: &Console) -> String {
    let mut lines = vec![console.paint(colours::HEADING, "waiting to be revoked")];
    for one in revocations {
        let why = one.why.as_ref().map(|why| format!(": {why}")).unwrap_or_default();
        let line = format!(
            "{}/{} {} token, since {}, tries so far: {}, next {}, given up {}{why}",
            one.provider,
            one.label,
            one.token,
            one.queued_at,
            one.tries,
            relative(one.next_try_at.max(now), now),
            relative(one.gives_up_at, now),
        );
        lines.push(format!("  {}", visible(&line)));
    }
    lines.join("\n")
}
