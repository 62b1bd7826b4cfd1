//! Cooldowns of a credential for one model, where the provider limits model by model.

use std::time::Duration;

use super::member::Member;
use super::probing::interval;
use crate::store::{ModelPause, Standing};
use crate::time::{BootTime, Moment, Timestamp};
use crate::vocabulary::Verdict;

/// Its rest for this model, if it rests.
pub fn pause_of<'a>(member: &'a Member, model: &str, now: &Moment) -> Option<&'a ModelPause> {
    let pause = member.standing.models.iter().find(|pause| pause.model == model)?;
    (pause.until > now.wall).then_some(pause)
}

/// Whether a request may find out if that rest is over: nobody has asked for the model as long as in any other cooldown. `last`
/// is when this process has.
pub(super) fn is_due(pause: &ModelPause, last: Option<BootTime>, now: &Moment) -> bool {
    // A refusal in the future was noted by a clock that was set back since.
    let anywhere = (pause.refused_at <= now.wall).then(|| now.wall.since(pause.refused_at));
    let here = last.map(|last| now.boot.since(last));
    let quiet = anywhere.into_iter().chain(here).min();
    quiet.is_none_or(|quiet| quiet >= interval(pause.until.since(now.wall)))
}

/// Whether anything is remembered of this model.
pub(super) fn is_remembered(standing: &Standing, model: &str) -> bool {
    standing.models.iter().any(|pause| pause.model == model)
}

/// The model was served.
pub(super) fn lift(standing: &mut Standing, model: &str) {
    standing.models.retain(|pause| pause.model != model);
}

/// The model was refused, as in a cooldown of the whole credential: the longest deadline wins, and the refusal of what was
/// under way while it rests is no new strike. `knew` tells whether who sent it knew of a refusal at that time, `length` how
/// long so many strikes are.
pub(super) fn rest(
    standing: &mut Standing,
    model: &str,
    verdict: Verdict,
    knew: impl FnOnce(Timestamp) -> bool,
    length: impl FnOnce(u32) -> Duration,
    now: &Moment,
) {
    let before = standing.models.iter().position(|pause| pause.model == model);
    let before = before.map(|place| standing.models.remove(place));
    let stands = before.as_ref().filter(|pause| pause.until > now.wall);
    let strikes = match &before {
        Some(pause) if pause.why != verdict => 0,
        Some(pause) if stands.is_some() && !knew(pause.refused_at) => pause.strikes,
        Some(pause) => pause.strikes.saturating_add(1),
        None => 0,
    };
    let until = now.wall.plus(length(strikes));
    let pause = match before {
        Some(pause) if pause.until >= until => ModelPause {
            refused_at: now.wall,
            ..pause
        },
        Some(_) | None => ModelPause {
            model: model.to_owned(),
            until,
            why: verdict,
            strikes,
            refused_at: now.wall,
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
