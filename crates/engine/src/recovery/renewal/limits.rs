//! The limits of a renewal, each with its reason.

use std::time::Duration;

/// 25 s: what a caller waits for a renewal; agents give up at 30 s.
pub const CALLER_PATIENCE: Duration = Duration::from_secs(25);

/// 24 s for a lock: a caller hears who holds it before its own patience ends.
pub const LOCK_PATIENCE: Duration = Duration::from_secs(24);

/// 20 ms: a renewal takes 100 ms and more, so polling faster finds nothing sooner.
pub(super) const LOCK_POLL_MIN: Duration = Duration::from_millis(20);

/// 30 ms on top at most, so that a hundred waiters do not poll in step.
pub(super) const LOCK_POLL_SPREAD: Duration = Duration::from_millis(30);

/// 5 s: a claim is sent within this of being made, or never; who takes over waits this long.
pub const CLAIM_FRESH_FOR: Duration = Duration::from_secs(5);

/// 60 s: giving up on an answer earlier would create the unknown outcome that it fears.
pub const ANSWER_PATIENCE: Duration = Duration::from_secs(60);

/// 5 s for DNS, TCP and TLS of a token request; nothing is lost by trying again.
pub const CONNECT_PATIENCE: Duration = Duration::from_secs(5);

/// 2 s between the sends of one token: a server that is still working on the first must have finished.
pub(super) const REPLAY_GAP: Duration = Duration::from_secs(2);

/// 10 s: the longest hold that a waiting caller is made to sit through.
pub(super) const CALLER_SITS_OUT: Duration = Duration::from_secs(10);

/// 6 s: the longest backoff that we choose while a caller waits, so that a request which comes when an outage is over has
/// its answer within 10 s on a machine that is busy as well.
pub(super) const CALLER_BACKOFF: Duration = Duration::from_secs(6);

/// 5 min: the longest backoff when nobody waits.
pub(super) const IDLE_BACKOFF: Duration = Duration::from_secs(300);

/// 2 s: the ceiling of the first of those, doubled from failure to failure.
pub(super) const IDLE_BACKOFF_FIRST: Duration = Duration::from_secs(2);

/// 250 ms: jitter may draw nearly nothing, and nobody asks again at once.
pub(super) const BACKOFF_MIN: Duration = Duration::from_millis(250);

/// 5 min: a rejected client or request does not mend itself in seconds.
pub(super) const REJECTED_HOLD: Duration = Duration::from_secs(300);

/// Five rejections ...
pub(super) const REJECTIONS_TO_DOUBT: u32 = 5;

/// ... over an hour, and the remedy adds a login.
pub(super) const REJECTED_FOR_TO_DOUBT: Duration = Duration::from_secs(3_600);

/// 30 s between tries to save a received token: the disk is full or gone, and the token is in memory.
pub(super) const SAVE_RETRY_MAX: Duration = Duration::from_secs(30);

/// Five doublings reach the longest pause between those tries.
pub(super) const SAVE_RETRY_STEPS: u32 = 5;
