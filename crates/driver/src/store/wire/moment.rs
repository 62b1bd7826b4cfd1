//! A moment on both clocks, written down.

use evergrant_engine::time::{BootId, BootTime, Moment, Timestamp};
use serde::{Deserialize, Serialize};

/// Milliseconds of both clocks and the boot they belong to.
#[derive(Serialize, Deserialize)]
pub(super) struct MomentWire {
    wall: i64,
    boot: u64,
    boot_id: String,
}

impl From<&Moment> for MomentWire {
    fn from(moment: &Moment) -> Self {
        Self {
            wall: moment.wall.as_millis(),
            boot: moment.boot.as_millis(),
            boot_id: moment.boot_id.as_str().to_owned(),
        }
    }
}

impl From<MomentWire> for Moment {
    fn from(wire: MomentWire) -> Self {
        Self {
            wall: Timestamp::from_millis(wire.wall),
            boot: BootTime::from_millis(wire.boot),
            boot_id: BootId::from(wire.boot_id.as_str()),
        }
    }
}
