//! When a connection was used last, by two clocks: an ordinary one, and the one that goes on while the machine sleeps, because
//! what a provider closed in the night looks fresh by the first.

use std::time::Duration;

use evergrant_engine::time::BootTime;
use tokio::time::Instant;

use crate::clock::since_boot;
use crate::turn_time::recent;

/// A moment by both clocks.
#[derive(Clone, Copy)]
pub(super) struct LastUse {
    running: Instant,
    boot: BootTime,
}

impl LastUse {
    /// Just now.
    pub(super) fn now() -> Self {
        Self {
            running: recent(),
            boot: since_boot(),
        }
    }

    /// How long ago that was, by whichever clock says more.
    pub(super) fn elapsed(self) -> Duration {
        recent()
            .saturating_duration_since(self.running)
            .max(since_boot().since(self.boot))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nights_sleep_counts() {
        let evening = LastUse {
            boot: BootTime::from_millis(0),
            ..LastUse::now()
        };
        assert!(evening.elapsed() >= since_boot().since(BootTime::from_millis(0)) - Duration::from_secs(1));
        assert!(LastUse::now().elapsed() < Duration::from_secs(60));
    }
}
