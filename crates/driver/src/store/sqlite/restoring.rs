//! Bringing the records of a backup back, inside one transaction.

use std::collections::HashSet;
use std::sync::Arc;

use evergrant_engine::credential::{Fence, Label};
use evergrant_engine::secret::Fingerprint;
use evergrant_engine::store::{Claim, ClaimOwner, ClaimState, Owner, Past, Record, Restoration, restoration, restored};
use evergrant_engine::time::{BootId, BootTime, Moment, Timestamp};

use super::contents::Contents;
use super::trouble::Trouble;
use super::{claims, records, revocations};
use crate::store::exchange::{Backup, RestoreAnswer, Restored};

/// Decides about each record as the store stands with those before it, and writes what is taken; nothing at all as long as
/// anything of it may be on its way to its provider.
pub(super) fn restore(
    contents: &Contents<'_>,
    backup: &Backup,
    revive: bool,
    settled: &[Fence],
    now: Timestamp,
) -> Result<RestoreAnswer, Trouble> {
    let present = records::all(contents.connection, contents.vault)?;
    let mut present: Vec<Record> = present.into_iter().map(Arc::unwrap_or_clone).collect();
    let under_way = under_way(contents, &present, backup, revive, settled, now)?;
    if !under_way.is_empty() {
        return Ok(RestoreAnswer::Unsettled(under_way));
    }
    let mut answers = Vec::with_capacity(backup.records.len());
    for record in &backup.records {
        let past = past_of(contents, record)?;
        let tombstone = match restoration(&present, record, past, revive, now) {
            Restoration::New => None,
            Restoration::Revive(tombstone) => Some(tombstone),
            Restoration::Leave(left) => {
                answers.push(Restored::Left(left));
                continue;
            }
        };
        let label = free_label(contents, record)?;
        let back = restored(record, tombstone.as_deref(), label, backup.taken_at, now);
        write(contents, &back, tombstone.is_some(), backup.taken_at.min(now))?;
        present.retain(|known| known.id != back.id);
        present.push(back.clone());
        answers.push(Restored::Back(Box::new(back)));
    }
    Ok(RestoreAnswer::Done(answers))
}

/// Whoever may be renewing with a token that would come back: the tombstone in its place, and who has claimed it. A renewal
/// that begins from now on finds nothing to renew, so that it is enough if their locks could be had since they came to be
/// as they are.
fn under_way(
    contents: &Contents<'_>,
    present: &[Record],
    backup: &Backup,
    revive: bool,
    settled: &[Fence],
    now: Timestamp,
) -> Result<Vec<Fence>, Trouble> {
    let settled: HashSet<&Fence> = settled.iter().collect();
    let mut under_way = Vec::new();
    for record in &backup.records {
        let Some(token) = contents.refresh_token(&record.material) else {
            continue;
        };
        let tombstone = match restoration(present, record, past_of(contents, record)?, revive, now) {
            Restoration::New => None,
            Restoration::Revive(tombstone) => Some(tombstone.fence()),
            Restoration::Leave(_) => continue,
        };
        let claim = claims::one(contents.connection, &token)?;
        let claimant = claim.and_then(|claim| present.iter().find(|known| known.id == claim.credential));
        let both = tombstone.into_iter().chain(claimant.map(Record::fence));
        under_way.extend(both.filter(|fence| !settled.contains(fence)));
    }
    under_way.dedup();
    Ok(under_way)
}

/// What the claims and the revocations here say of the record's tokens.
fn past_of(contents: &Contents<'_>, record: &Record) -> Result<Past, Trouble> {
    let connection = contents.connection;
    // A refresh token that waits is closed as well, so that the queue is asked first.
    if let Some(token) = contents.refresh_token(&record.material)
        && revocations::waiting(connection, &token)?.is_none()
        && let Some(claim) = claims::one(connection, &token)?
    {
        match claim.state {
            ClaimState::Spent => return Ok(Past::Spent),
            ClaimState::Dead => return Ok(Past::Dead),
            ClaimState::Open => {}
        }
    }
    let mut past = Past::Undecided;
    for token in contents.tokens(&record.material) {
        if let Some(tried_at) = revocations::waiting(connection, &token)? {
            past = match past {
                Past::Revoking { tried_at: other } => Past::Revoking {
                    tried_at: tried_at.max(other),
                },
                Past::Undecided | Past::Spent | Past::Dead => Past::Revoking { tried_at },
            };
        }
    }
    Ok(past)
}

fn write(contents: &Contents<'_>, back: &Record, in_place: bool, sent_at: Timestamp) -> Result<(), Trouble> {
    if in_place {
        records::update(contents.connection, contents.vault, back)?;
    } else {
        records::insert(contents.connection, contents.vault, back)?;
    }
    for token in contents.tokens(&back.material) {
        // It serves again: whoever was about to revoke it must not.
        revocations::remove(contents.connection, &token)?;
    }
    if let Some(token) = contents.refresh_token(&back.material)
        && back.standing.is_restored()
    {
        let before = claims::one(contents.connection, &token)?;
        claims::remove(contents.connection, &token)?;
        let claim = sent_elsewhere(token, back, sent_at);
        claims::insert(contents.connection, &no_younger(claim, before), None)?;
    }
    Ok(())
}

/// The claim of whoever may have sent the token since.
fn sent_elsewhere(fingerprint: Fingerprint, back: &Record, at: Timestamp) -> Claim {
    let sent = Moment {
        wall: at,
        boot: BootTime::default(),
        boot_id: BootId::default(),
    };
    Claim {
        fingerprint,
        credential: back.id.clone(),
        generation: back.generation,
        owner: ClaimOwner {
            attempt: 0,
            process: Owner {
                pid: 0,
                host: String::new(),
                since: at,
            },
        },
        claimed: sent.clone(),
        sent: Some(sent),
        sends: SENDS,
        state: ClaimState::Open,
    }
}

/// The same with the last send from here, if that was later than the backup.
fn no_younger(claim: Claim, before: Option<Claim>) -> Claim {
    let sends = before.as_ref().map_or(SENDS, |before| before.sends.max(SENDS));
    let sent = before.and_then(|before| before.sent);
    let later = sent.filter(|here| claim.sent.as_ref().is_none_or(|there| here.wall > there.wall));
    match later {
        Some(here) => Claim {
            claimed: here.clone(),
            sent: Some(here),
            sends,
            ..claim
        },
        None => Claim { sends, ..claim },
    }
}

/// Its own label, or the first free one made from it.
fn free_label(contents: &Contents<'_>, record: &Record) -> Result<Label, Trouble> {
    let is_taken = |label: &Label| records::is_taken(contents.connection, &record.provider, label, Some(&record.id));
    if !is_taken(&record.label)? {
        return Ok(record.label.clone());
    }
    // Ends at the latest after as many labels as there are records.
    let mut number = 2_u32;
    loop {
        let label = Label::from(format!("{}-{number}", record.label));
        if !is_taken(&label)? {
            return Ok(label);
        }
        number += 1;
    }
}

/// 2: a replay inside a reuse grace is for a send of our own that went unanswered; this one is another home's.
const SENDS: u32 = 2;
