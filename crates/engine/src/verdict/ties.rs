//! Ties: which of several verdicts of one tier an answer has.

use super::matching::{Hit, Plainness};
use crate::protection::{Protection, stands};
use crate::vocabulary::Verdict;

/// The stronger of two matches of one tier.
pub(super) fn stronger<'s>(one: Option<Hit<'s>>, other: Hit<'s>) -> Option<Hit<'s>> {
    let Some(one) = one else { return Some(other) };
    let (first, second) = (one.signal.verdict, other.signal.verdict);
    // An authentication marker beats entitlement words, however plain those are: it can be repaired.
    let other_wins = match (first, second) {
        (Verdict::Unauthenticated, denial) if yields_to_authentication(denial) => false,
        (denial, Verdict::Unauthenticated) if yields_to_authentication(denial) => true,
        (Verdict::UpstreamLimited, purse_or_window) if is_purse_or_window(purse_or_window) => false,
        (purse_or_window, Verdict::UpstreamLimited) if is_purse_or_window(purse_or_window) => true,
        _ => standing(other) > standing(one),
    };
    Some(if other_wins { other } else { one })
}

/// How much a match counts: a documented word before a phrase, unless the word is a class that says nothing particular.
fn standing(hit: Hit<'_>) -> (Plainness, u8) {
    let verdict = hit.signal.verdict;
    let plainness = if is_general(verdict) {
        hit.plainness.min(Plainness::Phrase)
    } else {
        hit.plainness
    };
    (plainness, weight(verdict))
}

/// Whether the verdict is a class that leaves room for something more particular.
pub(super) const fn is_general(verdict: Verdict) -> bool {
    matches!(
        verdict,
        Verdict::InvalidRequest | Verdict::ServerError | Verdict::NotFound
    )
}

/// Whether an envelope's class of that verdict leaves the word to the sentence: it says how, not why.
pub(super) const fn is_vague(verdict: Verdict) -> bool {
    is_general(verdict) || matches!(verdict, Verdict::InsufficientScope)
}

/// Whether an authentication marker in the same body overrules this.
pub(super) fn yields_to_authentication(verdict: Verdict) -> bool {
    stands(Protection::AuthenticationFirst)
        && matches!(
            verdict,
            Verdict::NotEntitled | Verdict::InsufficientScope | Verdict::UnknownDenial | Verdict::InvalidRequest
        )
}

/// What an aggregator's upstream says of the aggregator's own account there.
const fn is_purse_or_window(verdict: Verdict) -> bool {
    matches!(
        verdict,
        Verdict::OutOfCredit
            | Verdict::UsageLimited
            | Verdict::RateLimited
            | Verdict::AccountDisabled
            | Verdict::UpstreamLimited
    )
}

/// The ties of the corpus as an order: what is more particular, or does more harm when it is missed, weighs more.
const fn weight(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::Success => 0,
        // The request's own fault can be said plainly, and no credential must suffer for it.
        Verdict::ContentBlocked => 95,
        Verdict::EdgeBlocked => 93,
        Verdict::PayloadTooLarge => 91,
        Verdict::ContextTooLong => 90,
        Verdict::Unauthenticated => 88,
        // An aggregator's trouble with its own upstream is told in the upstream's words.
        Verdict::UpstreamLimited => 86,
        // A purse that must be filled weighs more than the window it is counted in, and than the suspension it caused.
        Verdict::OutOfCredit => 84,
        Verdict::UsageLimited => 82,
        Verdict::AccountDisabled => 78,
        Verdict::NotEntitled => 74,
        Verdict::ModelUnavailable => 72,
        Verdict::InsufficientScope => 70,
        Verdict::Overloaded => 66,
        Verdict::RateLimited => 64,
        Verdict::Timeout => 60,
        Verdict::ServerError => 50,
        Verdict::NotFound => 40,
        Verdict::InvalidRequest => 30,
        Verdict::UnknownDenial => 10,
        // Token and device endpoints: what lets the grant live weighs more than what ends it.
        Verdict::SlowDown => 96,
        Verdict::Pending => 94,
        Verdict::DeviceCodeExpired => 92,
        Verdict::AccessDenied => 89,
        Verdict::Transient => 87,
        Verdict::OutcomeUnknown => 85,
        Verdict::ClientRejected => 80,
        Verdict::RequestRejected => 76,
        Verdict::GrantDead => 20,
    }
}
