//! The endings of a renewal whose token was not taken: given back, counted, and tried again later.

use std::time::Duration;

use super::ask::{Spend, Terms};
use super::ending::{Ending, broken, login_host, new_login, situation, unusable_at};
use super::jitter;
use super::limits::{CALLER_BACKOFF, REJECTED_FOR_TO_DOUBT, REJECTED_HOLD, REJECTIONS_TO_DOUBT};
use super::renewed::Obstacle;
use crate::failure::{Code, Failure};
use crate::remedy::Remedy;
use crate::store::{HOLD_MAX, LastError, Record, Standing};
use crate::time::{Moment, Timestamp};
use crate::verdict::{Channel, Reading, Verdict, advise, message};

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
    if let Some((fence, standing)) = &mut ending.standing {
        standing.last_error = Some(Box::new(LastError::unreached(now.wall, fence.generation)));
    }
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

/// What a refusal by the token endpoint says about the token that was sent.
enum Refusal {
    /// It may have been taken: nothing shows that it was not.
    PerhapsTaken,
    /// Not taken, because of this client or this request.
    Rejected(Code),
    /// Not taken, because the account may not.
    NotEntitled,
    /// Not taken, by a fault that passes.
    Passing(Code),
}

/// Whether a refusal shows that the token was not taken.
pub(super) fn not_taken(reading: &Reading) -> bool {
    !matches!(refusal(reading), Refusal::PerhapsTaken)
}

fn refusal(reading: &Reading) -> Refusal {
    match reading.verdict {
        // A wordless 401 may be a proxy's: only a client that was named is held.
        Verdict::ClientRejected if reading.is_placed() => Refusal::Rejected(Code::ClientRejected),
        // Not held for minutes: whoever has mended the row must not wait, and a passing fault can speak like this, too.
        Verdict::RequestRejected if reading.is_placed() => Refusal::Passing(Code::RequestRejected),
        Verdict::NotEntitled | Verdict::AccountDisabled | Verdict::InsufficientScope | Verdict::OutOfCredit => {
            Refusal::NotEntitled
        }
        Verdict::EdgeBlocked => Refusal::Passing(Code::EdgeBlocked),
        Verdict::Transient
        | Verdict::ClientRejected
        | Verdict::RequestRejected
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
        | Verdict::AccessDenied => Refusal::Passing(Code::Transient),
        Verdict::Success
        | Verdict::ServerError
        | Verdict::Timeout
        | Verdict::ModelUnavailable
        | Verdict::ContextTooLong
        | Verdict::ContentBlocked
        | Verdict::GrantDead
        | Verdict::OutcomeUnknown => Refusal::PerhapsTaken,
    }
}

/// The endpoint refused, without ending the grant.
pub(super) fn refused(terms: &Terms, spend: &Spend, reading: &Reading, now: &Moment, entropy: u64) -> Ending {
    let record = &spend.record;
    let (code, mut ending) = match refusal(reading) {
        Refusal::PerhapsTaken => {
            let mut ending = broken(spend, &reading.fragment, now, entropy);
            note_error(&mut ending, reading, Code::OutcomeUnknown, now);
            return ending;
        }
        Refusal::Rejected(code) => (code, withheld(terms, record, reading, code, Obstacle::Rejected, now)),
        Refusal::NotEntitled => {
            let code = Code::NotEntitled;
            (code, withheld(terms, record, reading, code, Obstacle::NotEntitled, now))
        }
        Refusal::Passing(code) => {
            let failure = rejection(terms, record, reading, code, now);
            (code, backed_off(spend, failure, reading.retry_after, now, entropy))
        }
    };
    note_error(&mut ending, reading, code, now);
    ending.release = Some(spend.fingerprint);
    ending
}

/// Not sent again for minutes: what stands in the way is nothing that a moment mends.
fn withheld(terms: &Terms, record: &Record, reading: &Reading, code: Code, obstacle: Obstacle, now: &Moment) -> Ending {
    let mut ending = unusable_at(record, obstacle, rejection(terms, record, reading, code, now));
    let standing = counted(&record.standing, now).put_off(REJECTED_HOLD, REJECTED_HOLD, now);
    ending.standing = Some((record.fence(), standing));
    ending
}

/// An earlier answer asked to wait longer than this caller can; what stands in the way is what that answer said.
pub(super) fn held(terms: &Terms, record: &Record, after: Duration) -> Ending {
    let error = record.standing.renewal_error();
    let code = error.map_or(Code::Transient, |error| error.code);
    let obstacle = match code {
        Code::ClientRejected => Obstacle::Rejected,
        Code::NotEntitled => Obstacle::NotEntitled,
        _ => Obstacle::Later { after: Some(after) },
    };
    let until = record.standing.renew_not_before;
    let verdict = told_as(code, error.map_or(Verdict::Transient, |error| error.verdict));
    let said = said(terms, record, verdict);
    let message = match until {
        Some(until) => format!("{said}, and is not asked again before {until}"),
        None => said,
    };
    let remedy = advised(terms, record, verdict, until);
    let failure = Failure::new(code, message).with_remedy(remedy).with_retry_after(after);
    unusable_at(record, obstacle, failure)
}

/// The verdict that a rejection is told as: whatever is not known to be more is a passing fault.
const fn told_as(code: Code, verdict: Verdict) -> Verdict {
    match code {
        Code::ClientRejected => Verdict::ClientRejected,
        Code::RequestRejected => Verdict::RequestRejected,
        Code::EdgeBlocked => Verdict::EdgeBlocked,
        Code::NotEntitled => verdict,
        _ => Verdict::Transient,
    }
}

fn said(terms: &Terms, record: &Record, verdict: Verdict) -> String {
    message(verdict, Channel::Token, &terms.place.name, Some(&record.label))
}

fn advised(terms: &Terms, record: &Record, verdict: Verdict, until: Option<Timestamp>) -> Remedy {
    match advise(verdict, &situation(terms, record, until)) {
        Some(Remedy::CheckNetwork { .. }) => Remedy::CheckNetwork {
            host: login_host(record),
        },
        remedy => remedy.unwrap_or(Remedy::Wait { until }),
    }
}

/// Sentence and remedy of a rejection at the token endpoint.
fn rejection(terms: &Terms, record: &Record, reading: &Reading, code: Code, now: &Moment) -> Failure {
    let verdict = told_as(code, reading.verdict);
    let what = said(terms, record, verdict);
    let message = if reading.fragment.is_empty() {
        what
    } else {
        format!("{what}: {}", reading.fragment)
    };
    let until = reading.retry_after.map(|after| now.wall.plus(after));
    let remedy = advised(terms, record, verdict, until);
    let doubtful = code != Code::NotEntitled
        && record.standing.rejections >= REJECTIONS_TO_DOUBT
        && record
            .standing
            .rejected_since
            .is_some_and(|since| now.wall.since(since) >= REJECTED_FOR_TO_DOUBT);
    let remedy = match new_login(terms, record).command().filter(|_| doubtful) {
        Some(command) => Remedy::Run {
            command,
            why: format!(
                "{}; it has gone on for an hour, so try logging in again",
                remedy.sentence()
            ),
        },
        None => remedy,
    };
    let mut failure = Failure::new(code, message).with_remedy(remedy);
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
        let generation = fence.generation;
        standing.last_error = Some(Box::new(LastError::of(
            reading,
            Channel::Token,
            code,
            now.wall,
            generation,
        )));
    }
}
