//! What a renewal may do with what it read: adopt, stop, or spend, and whether now.

use std::time::Duration;

use super::ask::{Ask, Asker, Reason, Spend, Terms, View};
use super::ending::{self, Ending};
use super::jitter::fraction;
use super::limits::{CALLER_BACKOFF, CALLER_SITS_OUT, CLAIM_FRESH_FOR, IDLE_BACKOFF, LOCK_PATIENCE, REPLAY_GAP};
use super::schedule::too_short;
use crate::credential::{Fence, Grant, Material};
use crate::failure::Code;
use crate::protection::{Protection, stands};
use crate::store::{Claim, ClaimState, Health, Standing};
use crate::time::Moment;

/// What a view of the store says about what was asked.
pub(super) enum Suitable {
    /// It holds a newer generation that is good enough.
    Adopt(Fence),
    /// Nothing can or may be sent.
    Stop(Box<Ending>),
    /// This token is to be spent.
    Renew(Box<Spend>),
}

/// Judges a view: adoption first, then everything that forbids a send, then the token to be spent.
pub(super) fn suitable(ask: &Ask, terms: &Terms, token_host: Option<&str>, view: View, now: &Moment) -> Suitable {
    let View {
        record,
        fingerprint,
        claim,
        refused,
    } = view;
    let Some(record) = record else {
        return stop(ending::logged_out(ask));
    };
    let grant = match &record.material {
        Material::Grant(grant) => grant,
        Material::Gone => return stop(ending::logged_out(ask)),
        Material::ApiKey(_) | Material::EnvKey(_) | Material::Borrowed(_) => {
            return stop(ending::not_renewable(ask, terms, &record));
        }
    };
    let newer = record.generation > ask.fence.generation || record.epoch > ask.fence.epoch;
    let enough = if newer {
        Some(ask.min_valid)
    } else {
        // The one that is not good enough, unless it was only thought to be expiring.
        (ask.reason == Reason::Expiring).then(|| too_short(grant, ask.min_valid))
    };
    let adopts = enough.is_some_and(|enough| lives_for(enough, grant, now));
    if adopts && stands(Protection::Reread) && !refused {
        return Suitable::Adopt(record.fence());
    }
    if let Some(change) = row_change(grant, terms, token_host) {
        return stop(ending::row_changed(ask, terms, &record, &change));
    }
    if let Health::Quarantined { .. } = record.standing.health {
        return stop(ending::already_dead(ask, terms, &record, now));
    }
    let Some(fingerprint) = fingerprint else {
        return stop(ending::not_renewable(ask, terms, &record));
    };
    match claim {
        Some(Claim {
            state: ClaimState::Dead,
            ..
        }) => stop(ending::already_dead(ask, terms, &record, now)),
        // An old copy of the record has come back: its token's successor was received once, and is not here.
        Some(Claim {
            state: ClaimState::Spent,
            ..
        }) => stop(ending::already_spent(ask, terms, &record)),
        claim => Suitable::Renew(Box::new(Spend {
            record,
            fingerprint,
            standing_claim: claim,
        })),
    }
}

fn stop(ending: Ending) -> Suitable {
    Suitable::Stop(Box::new(ending))
}

/// A token that lives at most nine tenths of what it did when new can never satisfy a longer wish; asking again would not help.
fn lives_for(wish: Duration, grant: &Grant, now: &Moment) -> bool {
    let possible = grant.lifetime.map_or(wish, |lifetime| lifetime * 9 / 10);
    grant.usable_for(wish.min(possible), now)
}

fn row_change(grant: &Grant, terms: &Terms, token_host: Option<&str>) -> Option<String> {
    let authority = &grant.login.authority;
    let issuer = authority
        .issuer
        .as_ref()
        .map(|issuer| issuer.as_str().trim_end_matches('/').to_owned());
    if issuer
        != terms
            .issuer
            .as_ref()
            .map(|issuer| issuer.trim_end_matches('/').to_owned())
    {
        return Some("its issuer".to_owned());
    }
    if authority.client_id != terms.client_id {
        return Some("its client id".to_owned());
    }
    let host = token_host?;
    (host != authority.token_host).then(|| format!("the host of its token endpoint, now `{host}`"))
}

/// Whether an earlier answer asked for a pause.
pub(super) enum Hold {
    /// Nothing did.
    None,
    /// It is short enough to sit through.
    Pause(Duration),
    /// It is not.
    Later(Duration),
}

/// Reads the hold that an earlier answer left.
pub(super) fn held_back(ask: &Ask, standing: &Standing, now: &Moment) -> Hold {
    let left = match ask.asker {
        Asker::Keeper => standing.kept_off_for(now),
        Asker::Command | Asker::Request => standing.held_for(now),
    };
    match ask.asker {
        _ if left.is_zero() => Hold::None,
        Asker::Keeper => Hold::Later(left),
        Asker::Command | Asker::Request if left <= CALLER_SITS_OUT => Hold::Pause(left),
        // A person who has just mended the row is owed one try; a provider that asked to wait is not asked in between.
        Asker::Command if mended_by_hand(standing) => Hold::None,
        Asker::Command | Asker::Request => Hold::Later(left),
    }
}

/// Whether what is held against it is of the kind that configuration or the account's owner mends.
fn mended_by_hand(standing: &Standing) -> bool {
    matches!(
        standing.renewal_error().map(|error| error.code),
        Some(Code::ClientRejected | Code::RequestRejected | Code::NotEntitled)
    )
}

/// Whether the token may be sent now.
pub(super) enum Permit {
    /// It may.
    Now,
    /// Not yet.
    Pause(Duration),
    /// Not, or not before this is over.
    Not(Option<Duration>),
}

/// The rule of the outcome unknown: a token that may have been sent is sent again only when nothing is left to lose.
pub(super) fn permitted(
    ask: &Ask,
    terms: &Terms,
    spend: &Spend,
    refused: bool,
    waited: Duration,
    now: &Moment,
    entropy: u64,
) -> Permit {
    let Some(claim) = &spend.standing_claim else {
        return Permit::Now;
    };
    let Some(sent) = &claim.sent else {
        let age = now.since(&claim.claimed);
        return match CLAIM_FRESH_FOR.checked_sub(age) {
            None | Some(Duration::ZERO) => Permit::Now,
            Some(left) if waited < LOCK_PATIENCE || claim.claimed.boot_id == now.boot_id => Permit::Pause(left),
            // Only a wall clock set back after a restart leaves a claim fresh this long; its maker is gone with the boot.
            Some(_) => Permit::Now,
        };
    };
    // A send before a restart and by a wall clock that has been set back since was longer ago than any gap between two
    // sends, and no grace may be counted on.
    let Some(since_sent) = now.known_since(sent) else {
        let lapsed = lapsed(ask, spend, refused, now);
        return if lapsed { Permit::Now } else { Permit::Not(None) };
    };
    if claim.sends < 2 && since_sent < terms.reuse_grace && stands(Protection::GraceReplay) {
        return Permit::Now;
    }
    if !stands(Protection::OutcomeUnknown) {
        return Permit::Now;
    }
    if !lapsed(ask, spend, refused, now) {
        return Permit::Not(None);
    }
    let longest = match ask.asker {
        Asker::Command | Asker::Request => CALLER_BACKOFF,
        // Its wait was drawn when the last send had ended, and is over.
        Asker::Keeper if spend.record.standing.keep_not_before.is_some() => REPLAY_GAP,
        Asker::Keeper => IDLE_BACKOFF,
    };
    let ceiling = longest.min(REPLAY_GAP * 2_u32.saturating_pow(claim.sends.min(16)));
    let due = REPLAY_GAP + ceiling.saturating_sub(REPLAY_GAP).mul_f64(fraction(entropy));
    // Who marked the claim as sent may have been stopped before its first byte, and its lock lost: it sends while the claim is young.
    let young = CLAIM_FRESH_FOR.saturating_sub(now.since(&claim.claimed));
    match due.saturating_sub(since_sent).max(young) {
        Duration::ZERO => Permit::Now,
        left if ask.asker != Asker::Keeper && waited + left < LOCK_PATIENCE => Permit::Pause(left),
        left => Permit::Not(Some(left)),
    }
}

/// Since when the pair ages that was answered at `received`. Inside the provider's reuse grace a replay is answered the
/// pair of the send before it, with a whole lifetime told although it began then (django-oauth-toolkit does so).
pub fn aging_since(claim: Option<&Claim>, reuse_grace: Duration, received: Moment) -> Moment {
    claim
        .and_then(|claim| claim.sent.as_ref())
        .filter(|sent| received.known_since(sent).is_some_and(|since| since < reuse_grace))
        .cloned()
        .unwrap_or(received)
}

/// Whether the access token has nothing left to lose: expired, or refused as unauthenticated.
fn lapsed(ask: &Ask, spend: &Spend, refused: bool, now: &Moment) -> bool {
    let Material::Grant(grant) = &spend.record.material else {
        return false;
    };
    let asked_about_this = ask.fence.generation == spend.record.generation;
    refused || (asked_about_this && ask.reason == Reason::Refused) || !grant.usable_for(Duration::ZERO, now)
}
