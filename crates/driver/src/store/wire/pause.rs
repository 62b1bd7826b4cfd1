//! Cooldowns beside a health, written down: for one model, and of a credential whose health says something weightier.

use evergrant_engine::store::{ModelPause, Rest};
use evergrant_engine::time::Timestamp;
use evergrant_engine::vocabulary::Verdict;
use serde::{Deserialize, Serialize};

use super::unreadable::Unreadable;

#[derive(Serialize, Deserialize)]
pub(super) struct ModelPauseWire {
    model: String,
    until: i64,
    why: String,
    strikes: u32,
    refused_at: i64,
}

#[derive(Serialize, Deserialize)]
pub(super) struct RestWire {
    until: i64,
    why: String,
    strikes: u32,
    refused_at: i64,
}

impl From<&ModelPause> for ModelPauseWire {
    fn from(pause: &ModelPause) -> Self {
        Self {
            model: pause.model.clone(),
            until: pause.until.as_millis(),
            why: pause.why.as_str().to_owned(),
            strikes: pause.strikes,
            refused_at: pause.refused_at.as_millis(),
        }
    }
}

impl TryFrom<ModelPauseWire> for ModelPause {
    type Error = Unreadable;

    fn try_from(wire: ModelPauseWire) -> Result<Self, Unreadable> {
        Ok(Self {
            model: wire.model,
            until: Timestamp::from_millis(wire.until),
            why: verdict(&wire.why)?,
            refused_at: Timestamp::from_millis(wire.refused_at),
            strikes: wire.strikes,
        })
    }
}

impl From<&Rest> for RestWire {
    fn from(rest: &Rest) -> Self {
        Self {
            until: rest.until.as_millis(),
            why: rest.why.as_str().to_owned(),
            strikes: rest.strikes,
            refused_at: rest.refused_at.as_millis(),
        }
    }
}

impl TryFrom<RestWire> for Rest {
    type Error = Unreadable;

    fn try_from(wire: RestWire) -> Result<Self, Unreadable> {
        Ok(Self {
            until: Timestamp::from_millis(wire.until),
            why: verdict(&wire.why)?,
            refused_at: Timestamp::from_millis(wire.refused_at),
            strikes: wire.strikes,
        })
    }
}

/// The verdict of that word.
pub(super) fn verdict(word: &str) -> Result<Verdict, Unreadable> {
    Verdict::parse(word).ok_or(Unreadable("verdict"))
}
