//! The guard against refresh storms: when a refusal justifies a renewal, and when it is worth a short wait first.

use super::limits;
use crate::pool::Member;
use crate::protection::{Protection, stands};
use crate::time::Moment;
use crate::vocabulary::Verdict;

/// Whether a refusal with this verdict justifies renewing the member's present generation.
pub(super) fn justifies_renewal(member: &Member, verdict: Verdict, now: &Moment) -> bool {
    let settled = member.standing.settled.as_ref().and_then(|at| now.known_since(at));
    if verdict == Verdict::UnknownDenial && settled.is_some_and(|ago| ago < limits::SETTLED) {
        return false;
    }
    let unproven = member.standing.accepted != Some(member.lease.fence.generation);
    let young = |minted: &crate::store::Minted| minted.reactive && now.since(&minted.at) < limits::UNPROVEN_RENEWAL;
    !(unproven && member.standing.minted.as_deref().is_some_and(young))
}

/// Whether the member's access token is so young that the provider's edge may not know it yet.
pub(super) fn may_lag(member: &Member, now: &Moment) -> bool {
    if !stands(Protection::FreshTokenWait) {
        return false;
    }
    let unproven = member.standing.accepted != Some(member.lease.fence.generation);
    member
        .age(now)
        .is_some_and(|age| age < limits::FRESH || (unproven && age < limits::FRESH_UNPROVEN))
}
