//! The endings of a renewal whose token was not taken: given back, counted, and tried again later.

use std::time::Duration;

use super::ask::Spend;
use super::ending::{Ending, broken, login, login_host, unusable_at};
use super::jitter;
use super::limits::{CALLER_BACKOFF, REJECTED_FOR_TO_DOUBT, REJECTED_HOLD, REJECTIONS_TO_DOUBT};
use super::renewed::Obstacle;
use crate::failure::{Code, Failure};
use crate::remedy::Remedy;
use crate::store::{HOLD_MAX, LastError, Record, Standing};
use crate::time::Moment;
use crate::verdict::{Reading, Verdict};

/// Nothing was sent, because no connection came about.
pub(super) fn unreached(spend: &Spend, detail: &str, now: &Moment, entropy: u64) -> Ending {
    let failure = Failure::new(
        Code::Unreachable,
        format!(
            "the token endpoint of {} was not reached: {detail}",
            spend.record.provider
        ),
    )
    .with_remedy(Remedy::CheckNetwork {
        host: login_host(&spend.record),
    });
    let mut ending = backed_off(spend, failure, None, now, entropy);
    ending.forget_endpoint = true;
    ending
}

/// The token endpoint could not be learnt: a passing fault, unless it is a matter of configuration.
pub(super) fn not_located(spend: &Spend, failure: Failure, now: &Moment, entropy: u64) -> Ending {
    if failure.code.exit() == 2 {
        return unusable_at(&spend.record, Obstacle::Rejected, failure);
    }
    let retry_after = failure.retry_after;
    backed_off(spend, failure, retry_after, now, entropy)
}

/// Connected and claimed, but not one byte of the request was written.
pub(super) fn unsent(spend: &Spend, detail: &str, now: &Moment, entropy: u64) -> Ending {
    let mut ending = unreached(spend, detail, now, entropy);
    ending.release = Some(spend.fingerprint);
    ending
}

/// The claim had been taken from us, or had grown too old, when the first byte was due.
pub(super) fn gave_up(spend: &Spend, now: &Moment, entropy: u64) -> Ending {
    let failure = Failure::new(
        Code::Transient,
        "the renewal was held up before its first byte and gave up unsent",
    )
    .with_remedy(Remedy::Wait { until: None });
    let mut ending = backed_off(spend, failure, None, now, entropy);
    ending.release = Some(spend.fingerprint);
    ending
}

/// Whether a verdict of the token endpoint shows that the token was not taken.
pub(super) const fn not_taken(verdict: Verdict) -> bool {
    match verdict {
        Verdict::Transient
        | Verdict::EdgeBlocked
        | Verdict::ClientRejected
        | Verdict::RequestRejected
        | Verdict::NotEntitled
        | Verdict::InsufficientScope
        | Verdict::AccountDisabled
        | Verdict::OutOfCredit
        | Verdict::UsageLimited
        | Verdict::RateLimited
        | Verdict::UpstreamLimited
        | Verdict::Overloaded
        | Verdict::Unauthenticated
        | Verdict::UnknownDenial
        | Verdict::InvalidRequest
        | Verdict::NotFound
        | Verdict::PayloadTooLarge
        | Verdict::Pending
        | Verdict::SlowDown
        | Verdict::DeviceCodeExpired
        | Verdict::AccessDenied => true,
        Verdict::Success
        | Verdict::ServerError
        | Verdict::Timeout
        | Verdict::ModelUnavailable
        | Verdict::ContextTooLong
        | Verdict::ContentBlocked
        | Verdict::GrantDead
        | Verdict::OutcomeUnknown => false,
    }
}

/// The endpoint refused, without ending the grant.
pub(super) fn refused(spend: &Spend, reading: &Reading, now: &Moment, entropy: u64) -> Ending {
    if !not_taken(reading.verdict) {
        let mut ending = broken(spend, &reading.fragment, now, entropy);
        note_error(&mut ending, reading, Code::OutcomeUnknown, now);
        return ending;
    }
    let record = &spend.record;
    let (code, obstacle) = match reading.verdict {
        // A wordless 401 may be a proxy's: only a client that was named is held.
        Verdict::ClientRejected if reading.is_placed() => (Code::ClientRejected, Obstacle::Rejected),
        // Not held for minutes: whoever has mended the row must not wait, and a passing fault can speak like this, too.
        Verdict::RequestRejected if reading.is_placed() => {
            let after = reading.retry_after;
            (Code::RequestRejected, Obstacle::Later { after })
        }
        Verdict::NotEntitled | Verdict::AccountDisabled | Verdict::InsufficientScope | Verdict::OutOfCredit => {
            (Code::NotEntitled, Obstacle::NotEntitled)
        }
        Verdict::EdgeBlocked => (
            Code::EdgeBlocked,
            Obstacle::Later {
                after: reading.retry_after,
            },
        ),
        _ => (
            Code::Transient,
            Obstacle::Later {
                after: reading.retry_after,
            },
        ),
    };
    let failure = rejection(record, reading, code, now);
    let mut ending = match obstacle {
        Obstacle::Rejected | Obstacle::NotEntitled => {
            let mut ending = unusable_at(record, obstacle, failure);
            let standing = counted(&record.standing, now).put_off(REJECTED_HOLD, REJECTED_HOLD, now);
            ending.standing = Some((record.fence(), standing));
            ending
        }
        Obstacle::Dead
        | Obstacle::LoggedOut
        | Obstacle::NotRenewable
        | Obstacle::Later { .. }
        | Obstacle::OutcomeUnknown
        | Obstacle::Store => backed_off(spend, failure, reading.retry_after, now, entropy),
    };
    note_error(&mut ending, reading, code, now);
    ending.release = Some(spend.fingerprint);
    ending
}

/// Sentence and remedy of a rejection at the token endpoint.
fn rejection(record: &Record, reading: &Reading, code: Code, now: &Moment) -> Failure {
    let provider = &record.provider;
    let said = if reading.fragment.is_empty() {
        String::new()
    } else {
        format!(": {}", reading.fragment)
    };
    let (what, remedy) = match code {
        Code::ClientRejected => (
            format!("{provider} does not accept the client of `{}`{said}", record.label),
            Remedy::EditFile {
                place: format!("the row of {provider}: its `client_id` is not accepted"),
            },
        ),
        Code::RequestRejected => (
            format!(
                "{provider} does not accept the form of the renewal of `{}`{said}",
                record.label
            ),
            Remedy::EditFile {
                place: format!("the row of {provider}: scope, endpoint or quirks"),
            },
        ),
        Code::NotEntitled => (
            format!(
                "{provider} refuses to renew `{}` for this account's plan or policy{said}",
                record.label
            ),
            Remedy::ChangePlan {
                provider: provider.clone(),
                key_provider: None,
            },
        ),
        Code::EdgeBlocked => (
            format!("a firewall or proxy answered in place of {provider}{said}"),
            Remedy::CheckNetwork {
                host: login_host(record),
            },
        ),
        _ => (
            format!("{provider} cannot renew `{}` now{said}", record.label),
            Remedy::Wait {
                until: reading.retry_after.map(|after| now.wall.plus(after)),
            },
        ),
    };
    let doubtful = code != Code::NotEntitled
        && record.standing.rejections >= REJECTIONS_TO_DOUBT
        && record
            .standing
            .rejected_since
            .is_some_and(|since| now.wall.since(since) >= REJECTED_FOR_TO_DOUBT);
    let remedy = if doubtful {
        Remedy::Run {
            command: login(record).command().unwrap_or_default(),
            why: format!(
                "{}; it has gone on for an hour, so try logging in again",
                remedy.sentence()
            ),
        }
    } else {
        remedy
    };
    let mut failure = Failure::new(code, what).with_remedy(remedy);
    failure.retry_after = reading.retry_after;
    failure
}

/// A passing fault: the grant is alive, and the next try waits a little, longer each time.
fn backed_off(spend: &Spend, failure: Failure, retry_after: Option<Duration>, now: &Moment, entropy: u64) -> Ending {
    let record = &spend.record;
    let standing = counted(&record.standing, now);
    // Never longer than a caller can sit through: the keeper, for which nobody waits, has a pause of its own.
    let ceiling = CALLER_BACKOFF.min(Duration::from_secs(1 << standing.rejections.min(16)));
    let pause = retry_after.map_or_else(|| jitter::full(ceiling, entropy), |after| after.min(HOLD_MAX));
    let mut ending = unusable_at(
        record,
        Obstacle::Later { after: Some(pause) },
        failure.with_retry_after(pause),
    );
    let health = if spend.is_replay() {
        record.standing.health.clone()
    } else {
        standing.health.clone()
    };
    let keep = jitter::idle(standing.rejections, entropy.rotate_left(32));
    let standing = Standing { health, ..standing }.put_off(pause, keep, now);
    ending.standing = Some((record.fence(), standing));
    ending
}

fn counted(standing: &Standing, now: &Moment) -> Standing {
    Standing {
        rejections: standing.rejections.saturating_add(1),
        rejected_since: standing.rejected_since.or(Some(now.wall)),
        ..standing.clone()
    }
}

fn note_error(ending: &mut Ending, reading: &Reading, code: Code, now: &Moment) {
    if let Some((fence, standing)) = &mut ending.standing {
        standing.last_error = Some(LastError {
            verdict: reading.verdict,
            code,
            signal: reading.signal.name.clone(),
            at: now.wall,
            generation: fence.generation,
            fragment: reading.fragment.clone(),
        });
    }
}
