//! What a verdict on a request asks for: DESIGN.md section 7 as a table.

use crate::protection::{Protection, stands};
use crate::vocabulary::Verdict;

/// What a verdict asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Course {
    /// Nothing: it worked.
    Good,
    /// Nothing: the request's own fault, the answer goes to the client as it is.
    AsItIs,
    /// A renewal can mend it.
    Renew,
    /// A renewal may mend it, and if not it is a matter of plan or policy.
    Settle,
    /// Only another credential or provider can.
    Rotate,
    /// Another credential, or a short wait if there is none.
    RotateOrWait,
    /// The same credential a little later: the provider refused to take the request.
    Again,
    /// The same, but the provider may have acted on the request.
    AgainIfReplayable,
    /// The same once only, and no other provider: it never reached the API.
    AgainOnce,
}

/// The course of a verdict.
pub(super) fn course(verdict: Verdict) -> Course {
    let renewed_for_nothing = verdict == Verdict::NotEntitled
        && !(stands(Protection::EntitlementNeverRenews) && stands(Protection::FixedCourse));
    if renewed_for_nothing {
        return Course::Renew;
    }
    match verdict {
        Verdict::Success => Course::Good,
        Verdict::Unauthenticated => Course::Renew,
        Verdict::UnknownDenial => Course::Settle,
        Verdict::NotEntitled
        | Verdict::InsufficientScope
        | Verdict::AccountDisabled
        | Verdict::OutOfCredit
        | Verdict::UsageLimited => Course::Rotate,
        Verdict::RateLimited => Course::RotateOrWait,
        Verdict::UpstreamLimited | Verdict::Overloaded => Course::Again,
        Verdict::ServerError | Verdict::Timeout => Course::AgainIfReplayable,
        Verdict::EdgeBlocked => Course::AgainOnce,
        // The last nine belong to the token and device endpoints; on a request they say nothing that could be acted on.
        Verdict::ModelUnavailable
        | Verdict::ContextTooLong
        | Verdict::ContentBlocked
        | Verdict::PayloadTooLarge
        | Verdict::InvalidRequest
        | Verdict::NotFound
        | Verdict::GrantDead
        | Verdict::ClientRejected
        | Verdict::RequestRejected
        | Verdict::Pending
        | Verdict::SlowDown
        | Verdict::DeviceCodeExpired
        | Verdict::AccessDenied
        | Verdict::Transient
        | Verdict::OutcomeUnknown => Course::AsItIs,
    }
}
