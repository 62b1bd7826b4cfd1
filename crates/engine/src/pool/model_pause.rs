//! Cooldowns of a credential for one model, where the provider limits model by model.

use std::time::Duration;

use super::cooldown::Rule;
use super::member::Member;
use crate::store::{ModelPause, Standing};
use crate::time::{Moment, Timestamp};
use crate::vocabulary::Verdict;

/// Until when the member rests for this model, and why.
pub fn pause_of(member: &Member, model: &str, now: &Moment) -> Option<(Timestamp, Verdict)> {
    let pause = member.standing.models.iter().find(|pause| pause.model == model)?;
    (pause.until > now.wall).then_some((pause.until, pause.why))
}

/// Whether anything is remembered of this model.
pub(super) fn is_remembered(standing: &Standing, model: &str) -> bool {
    standing.models.iter().any(|pause| pause.model == model)
}

/// The model was served.
pub(super) fn lift(standing: &mut Standing, model: &str) {
    standing.models.retain(|pause| pause.model != model);
}

/// The model was refused, with this time to come back if the answer named one, as in a cooldown of the whole credential: the
/// longest deadline wins, and a refusal while it rests is no new strike.
pub(super) fn rest(
    standing: &mut Standing,
    model: &str,
    verdict: Verdict,
    own: Option<Duration>,
    rule: &Rule,
    now: &Moment,
    entropy: u64,
) {
    let before = standing.models.iter().position(|pause| pause.model == model);
    let before = before.map(|place| standing.models.remove(place));
    let stands = before.as_ref().filter(|pause| pause.until > now.wall);
    let strikes = match &before {
        Some(pause) if pause.why != verdict => 0,
        Some(pause) if stands.is_some() => pause.strikes,
        Some(pause) => pause.strikes.saturating_add(1),
        None => 0,
    };
    // Other models go on being served with it, so that it is the sole one for nobody.
    let until = now.wall.plus(rule.length(own, strikes, entropy, false));
    let longer = stands.is_none_or(|stands| stands.until < until);
    let pause = match before {
        Some(pause) if !longer => pause,
        Some(_) | None => ModelPause {
            model: model.to_owned(),
            until,
            why: verdict,
            strikes,
        },
    };
    if standing.models.len() >= MODELS {
        // The one that is over first is the least of a loss.
        let first = (0..standing.models.len()).min_by_key(|place| standing.models[*place].until);
        first.map(|place| standing.models.remove(place));
    }
    standing.models.push(pause);
}

/// 16: nobody asks for more models at once, and it is written with every standing.
const MODELS: usize = 16;
