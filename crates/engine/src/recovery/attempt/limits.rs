//! Every budget of a request, each with its reason.

use std::time::Duration;

/// How often a request is sent upstream, all credentials and providers together: two fallbacks with three tries on the
/// way to each and two at the last.
pub const TRIES: u32 = 8;

/// How many credentials a request may try: a pool whose first five are all refused will not be saved by the sixth.
pub const CREDENTIALS: usize = 5;

/// How many providers a request may move on to: the route's third choice is the last that a person expects.
pub const FALLBACKS: usize = 2;

/// How often one provider is tried while it is overloaded or out of reach, so that tries are left for the fallbacks.
pub const STRAINED_TRIES: u32 = 3;

/// How often a request is sent again when something before the API answered: a second look tells a hiccup from a wall.
pub const EDGE_TRIES: u32 = 2;

/// Nothing new is begun this long after the request came, unless its plan says otherwise: as long as a first byte may take.
pub const TOTAL: Duration = Duration::from_secs(600);

/// A token younger than this that is refused has most likely not reached the provider's edge yet.
pub const FRESH: Duration = Duration::from_secs(10);

/// The same, if nothing has accepted the token yet.
pub const FRESH_UNPROVEN: Duration = Duration::from_secs(120);

/// The shortest wait for the provider's edge; measured lags are around half a second.
pub const LAG_AT_LEAST: Duration = Duration::from_millis(250);

/// The longest: beyond a second a renewal is the quicker repair.
pub const LAG_AT_MOST: Duration = Duration::from_secs(1);

/// The sole credential waits for a Retry-After of at most this; a client's patience is not much longer.
pub const SOLE_WAITS_AT_MOST: Duration = Duration::from_secs(5);

/// The first backoff, doubled from try to try.
pub const BACKOFF: Duration = Duration::from_millis(500);

/// No single backoff is longer, even if the provider asks for more: then the next provider is the better answer.
pub const BACKOFF_AT_MOST: Duration = Duration::from_secs(8);

/// A generation minted because of a refusal, and never accepted since, justifies no further renewal because of a refusal
/// for this long: what it is refused for is not its age.
pub const UNPROVEN_RENEWAL: Duration = Duration::from_secs(15 * 60);

/// An unknown denial that a renewal has settled is looked into by another renewal this much later at the earliest.
pub const SETTLED: Duration = Duration::from_secs(60 * 60);

/// The wait for the provider's edge: anywhere between its two bounds.
pub fn lag(entropy: u64) -> Duration {
    between(LAG_AT_LEAST, LAG_AT_MOST, entropy)
}

/// The wait before try number `tries` + 1 (the first failure is number 1): full jitter under a doubling ceiling, but not
/// less than the provider asks for; `None` if it asks for more than a request can wait.
pub fn backoff(tries: u32, asked: Option<Duration>, entropy: u64) -> Option<Duration> {
    let doublings = tries.saturating_sub(1).min(8);
    let ceiling = BACKOFF.saturating_mul(1 << doublings).min(BACKOFF_AT_MOST);
    let wait = between(Duration::ZERO, ceiling, entropy).max(asked.unwrap_or_default());
    (wait <= BACKOFF_AT_MOST).then_some(wait)
}

fn between(least: Duration, most: Duration, entropy: u64) -> Duration {
    let span = u64::try_from(most.saturating_sub(least).as_millis()).unwrap_or(0);
    least + Duration::from_millis(entropy % (span + 1))
}
