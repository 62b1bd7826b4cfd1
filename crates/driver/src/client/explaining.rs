//! What a reading says to people where no machine had to act on it, in the words of every other refusal.

use evergrant_engine::failure::Failure;
use evergrant_engine::pool::Lease;
use evergrant_engine::provider::Row;
use evergrant_engine::time::Timestamp;
use evergrant_engine::verdict::{Channel, Place, Reading, Situation, advise, code, message};

use crate::plain_text::plain_line;

/// What a reading says that was earned there; `None` if nothing is wrong.
pub(crate) fn explain(reading: &Reading, situation: &Situation<'_>) -> Option<Failure> {
    // Whatever is wrong has a remedy.
    let remedy = advise(reading.verdict, situation)?;
    let Situation {
        place,
        channel,
        kind,
        label,
        ..
    } = *situation;
    let said = message(reading.verdict, channel, &place.name, label);
    let failure = Failure::new(code(reading.verdict, kind), said).with_remedy(remedy);
    Some(match reading.retry_after {
        Some(after) => failure.with_retry_after(after),
        None => failure,
    })
}

/// What an answer says that goes to the caller as it is, with the provider's own words: the request is to be changed, and
/// only they tell in what.
pub(super) fn complaint(reading: &Reading, lease: &Lease, row: &Row, now: Timestamp) -> Option<Failure> {
    let place = Place::of(row);
    let situation = Situation {
        place: &place,
        channel: Channel::Inference,
        kind: lease.kind,
        label: Some(&lease.label),
        owner: None,
        variable: None,
        reset: reading.retry_after.map(|after| now.plus(after)),
    };
    let failure = explain(reading, &situation)?;
    let words = plain_line(&reading.fragment, WORDS);
    if words.is_empty() {
        return Some(failure);
    }
    Some(Failure {
        // They may have backticks of their own.
        message: format!("{}: \"{words}\"", failure.message),
        ..failure
    })
}

/// 200 characters: all that a reading keeps of a provider's words.
const WORDS: usize = 200;
