//! The wall clock, held against the store, against what is possible at all, and against a provider's.

use evergrant_engine::remedy::Remedy;
use evergrant_engine::store::Record;
use evergrant_engine::time::{Moment, Timestamp};
use evergrant_engine::wire::dated;
use http::HeaderMap;

use super::finding::Finding;
use super::shell::{run, sudo};

/// A record that was written in the future shows that the wall clock has been set back since.
pub(super) fn finding(records: &[Record], now: &Moment) -> Finding {
    let wall = now.wall;
    if wall < MADE || wall > BEYOND {
        let message = format!("the wall clock says {wall}, which cannot be: expiries and cooldowns are told by it");
        return Finding::fault(CHECK, message, set());
    }
    let newest = records.iter().map(|record| record.updated_at).max().unwrap_or_default();
    if newest.since(wall) <= TOLERANCE {
        return Finding::ok(CHECK, format!("it is {wall} by the wall clock"));
    }
    let message =
        format!("the wall clock says {wall}, but the store was written at {newest}: it was set back, or is wrong");
    Finding::warn(CHECK, message, set())
}

/// What a provider's own clock says of ours, if they differ; `name` is the provider's.
pub(crate) fn against(name: &str, headers: &HeaderMap, now: &Moment) -> Option<Finding> {
    let (here, there) = (now.wall, dated(headers)?);
    let (ahead, behind) = (here.since(there), there.since(here));
    if ahead.max(behind) <= TOLERANCE {
        return None;
    }
    let which = if ahead > behind { "ahead of" } else { "behind" };
    let message = format!("the wall clock says {here}, which is {which} {there}, the time at {name}");
    Some(Finding::warn(CHECK, message, set()))
}

fn set() -> Remedy {
    run(
        format!("{}timedatectl set-ntp true", sudo()),
        "set the clock: expiries and cooldowns are told by it",
    )
}

const CHECK: &str = "clock";

/// Five minutes: what clocks of machines that share a store may differ by without harm; as much as authorization servers
/// commonly allow.
const TOLERANCE: std::time::Duration = std::time::Duration::from_secs(300);

/// 2026-01-01, when this program was first built: no clock that is right says less.
const MADE: Timestamp = Timestamp::from_secs(1_767_225_600);

/// 2100-01-01: nobody runs this one as long.
const BEYOND: Timestamp = Timestamp::from_secs(4_102_444_800);
