//! What the calls of the contract do inside one transaction.

use evergrant_engine::credential::{CredentialId, Epoch, Fence, Generation, Label, Material, ProviderId};
use evergrant_engine::recovery::renewal::View;
use evergrant_engine::secret::{Fingerprint, FingerprintKey};
use evergrant_engine::store::{Claim, ClaimState, Health, Minted, Record, Revocation, Shared, Source, Standing};
use evergrant_engine::time::Timestamp;
use rusqlite::Connection;

use super::trouble::Trouble;
use super::{claims, records, revocations, schema};
use crate::fault::StoreFault;
use crate::store::exchange::{Changes, ClaimAnswer, Commit, CommitAnswer, Draft, Mark, Placement, Quarantine};
use crate::vault::Vault;

/// The tables, and the keys to what is sealed in them.
pub(super) struct Contents<'a> {
    pub(super) connection: &'a Connection,
    pub(super) vault: &'a Vault,
    pub(super) fingerprint_key: &'a FingerprintKey,
}

impl Contents<'_> {
    pub(super) fn changes(&self, since: Option<Mark>) -> Result<Changes, Trouble> {
        let mark = schema::mark(self.connection)?;
        match (since, mark) {
            (Some(since), Some(mark)) if since.gone == mark.gone => {
                let changed = records::changed_since(self.connection, self.vault, since.changed)?;
                Ok(Changes::Of(changed, mark))
            }
            (_, mark) => Ok(Changes::All(records::all(self.connection, self.vault)?, mark)),
        }
    }

    pub(super) fn view(&self, id: &CredentialId) -> Result<View, Trouble> {
        let record = self.record(id)?;
        let fingerprint = record.as_ref().and_then(|record| self.refresh_token(&record.material));
        let claim = match &fingerprint {
            Some(fingerprint) => claims::one(self.connection, fingerprint)?,
            None => None,
        };
        let refused = record
            .as_ref()
            .is_some_and(|record| record.standing.refused == Some(record.generation));
        Ok(View {
            record,
            fingerprint,
            claim,
            refused,
        })
    }

    pub(super) fn place(&self, draft: &Draft, placement: &Placement) -> Result<Record, Trouble> {
        claims::prune(self.connection, draft.at)?;
        if let (Source::Login(_), Some(token)) = (&draft.source, self.refresh_token(&draft.material)) {
            // Just given by the provider: what was once said of it does not hold any more.
            claims::remove(self.connection, &token)?;
        }
        for token in self.tokens(&draft.material) {
            // Neither is it revoked any more, though an earlier login with the same tokens was logged out.
            revocations::remove(self.connection, &token)?;
        }
        let fresh = |created: &Record| Record {
            source: draft.source.clone(),
            generation: created.generation.next(),
            epoch: created.epoch.next(),
            material: draft.material.clone(),
            standing: fresh_standing(&draft.material).into(),
            updated_at: draft.at,
            ..created.clone()
        };
        match placement {
            Placement::New => {
                let blank = Record {
                    id: new_id(draft.entropy),
                    provider: draft.provider.clone(),
                    label: self.label_for(draft, None)?,
                    source: draft.source.clone(),
                    priority: 0,
                    generation: Generation(0),
                    epoch: Epoch(0),
                    material: Material::Gone,
                    standing: Standing::default().into(),
                    created_at: draft.at,
                    updated_at: draft.at,
                };
                let record = fresh(&blank);
                records::insert(self.connection, self.vault, &record)?;
                Ok(record)
            }
            Placement::Replace(fence) => {
                let old = self
                    .record(&fence.id)?
                    .ok_or_else(|| StoreFault::NoRecord(fence.id.clone()))?;
                if old.fence() != *fence || old.provider != draft.provider {
                    return Err(StoreFault::Changed.into());
                }
                let mut record = Record {
                    label: self.label_for(draft, Some(&old))?,
                    ..fresh(&old)
                };
                // A login is a wish to use it; that a tool's grant changes hands is none.
                record.standing.disabled = old.standing.disabled && matches!(draft.source, Source::Imported(_));
                records::update(self.connection, self.vault, &record)?;
                Ok(record)
            }
        }
    }

    pub(super) fn claim(&self, claim: &Claim) -> Result<ClaimAnswer, Trouble> {
        if let Some(standing) = claims::one(self.connection, &claim.fingerprint)? {
            return Ok(ClaimAnswer::Stands(Box::new(standing)));
        }
        let is_current = self
            .record(&claim.credential)?
            .is_some_and(|record| record.generation == claim.generation && !records::is_buried(&record));
        if !is_current {
            return Err(StoreFault::Changed.into());
        }
        claims::insert(self.connection, claim, None)?;
        Ok(ClaimAnswer::Made)
    }

    pub(super) fn commit(&self, commit: &Commit) -> Result<CommitAnswer, Trouble> {
        claims::prune(self.connection, commit.at)?;
        let id = &commit.from.id;
        let Some(record) = self.record(id)? else {
            return self.orphaned(commit);
        };
        let won = record.takes(&commit.from);
        if !won && records::was_logged_out(self.connection, id, commit.from.epoch)? {
            // Nobody else may know of them: what a logout did not see must be revoked as well.
            // A provider that does not rotate may have given a newer login the same one, which goes on serving.
            self.queue(
                &record,
                &commit.material,
                self.refresh_token(&record.material),
                commit.at,
            )?;
        }
        let record = if won { renewed(record, commit) } else { record };
        if won {
            records::update(self.connection, self.vault, &record)?;
        }
        if self.refresh_token(&record.material) != Some(commit.spent) {
            let generation = commit.from.generation;
            claims::close(
                self.connection,
                &commit.spent,
                id,
                generation,
                ClaimState::Spent,
                commit.at,
            )?;
        } else if won {
            claims::remove(self.connection, &commit.spent)?;
        }
        Ok(match (won, records::is_buried(&record)) {
            (true, _) => CommitAnswer::Done(Box::new(record)),
            (false, true) => CommitAnswer::LoggedOut,
            (false, false) => CommitAnswer::Superseded(Box::new(record)),
        })
    }

    /// The record is gone altogether, without a tombstone: nobody will ever use what came for it, so that it is revoked.
    fn orphaned(&self, commit: &Commit) -> Result<CommitAnswer, Trouble> {
        let Fence { id, generation, epoch } = commit.from.clone();
        // The journal of an earlier version does not say whose it is.
        if commit.provider.as_str().is_empty() {
            return Err(StoreFault::NoRecord(id).into());
        }
        claims::close(
            self.connection,
            &commit.spent,
            &id,
            generation,
            ClaimState::Spent,
            commit.at,
        )?;
        let gone = Record {
            id,
            provider: commit.provider.clone(),
            label: commit.label.clone(),
            source: Source::Added,
            priority: 0,
            generation,
            epoch,
            material: Material::Gone,
            standing: Standing::default().into(),
            created_at: commit.at,
            updated_at: commit.at,
        };
        self.queue(&gone, &commit.material, None, commit.at)?;
        Ok(CommitAnswer::LoggedOut)
    }

    pub(super) fn refill(&self, fence: &Fence, material: &Material, at: Timestamp) -> Result<Option<Record>, Trouble> {
        let Some(old) = self.record(&fence.id)?.filter(|record| record.fence() == *fence) else {
            return Ok(None);
        };
        if records::is_buried(&old) {
            return Ok(None);
        }
        let record = Record {
            generation: old.generation.next(),
            material: material.clone(),
            updated_at: at,
            ..old
        };
        records::update(self.connection, self.vault, &record)?;
        Ok(Some(record))
    }

    pub(super) fn quarantine(&self, quarantine: &Quarantine) -> Result<bool, Trouble> {
        claims::prune(self.connection, quarantine.at)?;
        let Quarantine {
            fence,
            fingerprint,
            why,
            last_error,
            at,
        } = quarantine;
        let Some(mut record) = self.record(&fence.id)?.filter(|record| record.fence() == *fence) else {
            return Ok(false);
        };
        if self.refresh_token(&record.material) != Some(*fingerprint) {
            return Ok(false);
        }
        if let Material::Grant(grant) = &mut record.material {
            grant.refresh_token = None;
        }
        let dead = Standing::clone(&record.standing).overshadowed(Health::Quarantined {
            fingerprint: *fingerprint,
            why: why.clone(),
            at: *at,
        });
        record.standing = dead.into();
        record.standing.last_error = Some(Box::new(last_error.clone()));
        record.updated_at = *at;
        records::update(self.connection, self.vault, &record)?;
        let generation = fence.generation;
        claims::close(
            self.connection,
            fingerprint,
            &record.id,
            generation,
            ClaimState::Dead,
            *at,
        )?;
        Ok(true)
    }

    pub(super) fn bury(&self, id: &CredentialId, now: Timestamp) -> Result<Option<Record>, Trouble> {
        claims::prune(self.connection, now)?;
        let Some(record) = self.record(id)?.filter(|record| !records::is_buried(record)) else {
            return Ok(None);
        };
        let tombstone = Record {
            epoch: record.epoch.next(),
            material: Material::Gone,
            standing: Shared::from(Standing {
                health: Health::LoggedOut { at: now },
                ..Standing::default()
            }),
            updated_at: now,
            ..record.clone()
        };
        records::update(self.connection, self.vault, &tombstone)?;
        Ok(Some(record))
    }

    pub(super) fn log_out(&self, id: &CredentialId, now: Timestamp) -> Result<Option<Record>, Trouble> {
        let Some(record) = self.bury(id, now)? else {
            return Ok(None);
        };
        records::note_logout(self.connection, id)?;
        if let Some(token) = self.refresh_token(&record.material) {
            // About to be revoked: whoever claimed it must not send it any more, and nobody ever again.
            let generation = record.generation;
            claims::close(self.connection, &token, id, generation, ClaimState::Dead, now)?;
        }
        self.queue(&record, &record.material, None, now)?;
        Ok(Some(record))
    }

    /// Queues the tokens of a material for revocation, but for the one that serves still.
    fn queue(
        &self,
        record: &Record,
        material: &Material,
        serving: Option<Fingerprint>,
        now: Timestamp,
    ) -> Result<(), Trouble> {
        for revocation in Revocation::of(record, material, self.fingerprint_key, now) {
            if serving != Some(revocation.fingerprint) {
                revocations::insert(self.connection, self.vault, &revocation)?;
            }
        }
        Ok(())
    }

    /// A record that is not buried.
    pub(super) fn living(&self, id: &CredentialId) -> Result<Record, Trouble> {
        self.record(id)?
            .filter(|record| !records::is_buried(record))
            .ok_or_else(|| StoreFault::NoRecord(id.clone()).into())
    }

    pub(super) fn record(&self, id: &CredentialId) -> Result<Option<Record>, Trouble> {
        records::one(self.connection, self.vault, id)
    }

    /// Refuses a label that another record of the provider has.
    pub(super) fn refuse_taken(
        &self,
        provider: &ProviderId,
        label: &Label,
        except: Option<&CredentialId>,
    ) -> Result<(), Trouble> {
        if records::is_taken(self.connection, provider, label, except)? {
            return Err(StoreFault::LabelTaken {
                provider: provider.clone(),
                label: label.clone(),
            }
            .into());
        }
        Ok(())
    }

    fn label_for(&self, draft: &Draft, old: Option<&Record>) -> Result<Label, Trouble> {
        let wanted = draft.label.as_ref().or(old.map(|record| &record.label));
        if let Some(label) = wanted {
            self.refuse_taken(&draft.provider, label, old.map(|record| &record.id))?;
            return Ok(label.clone());
        }
        // Ends at the latest after as many labels as there are records.
        let mut number = 1_u32;
        loop {
            let label = match number {
                1 => Label::from("default"),
                more => Label::from(format!("default-{more}")),
            };
            if !records::is_taken(self.connection, &draft.provider, &label, None)? {
                return Ok(label);
            }
            number += 1;
        }
    }

    /// The fingerprints of what a provider could revoke of a material.
    pub(super) fn tokens(&self, material: &Material) -> Vec<Fingerprint> {
        let Material::Grant(grant) = material else {
            return Vec::new();
        };
        let tokens = grant.refresh_token.iter().chain([&grant.access_token]);
        tokens.map(|token| self.fingerprint_key.fingerprint(token)).collect()
    }

    /// The fingerprint of a material's refresh token, if it has one.
    pub(super) fn refresh_token(&self, material: &Material) -> Option<Fingerprint> {
        match material {
            Material::Grant(grant) => {
                let token = grant.refresh_token.as_ref()?;
                Some(self.fingerprint_key.fingerprint(token))
            }
            Material::ApiKey(_) | Material::EnvKey(_) | Material::Borrowed(_) | Material::Gone => None,
        }
    }
}

fn renewed(old: Record, commit: &Commit) -> Record {
    Record {
        generation: old.generation.next(),
        material: commit.material.clone(),
        standing: Shared::from(Standing {
            disabled: old.standing.disabled,
            ..commit.standing.clone()
        }),
        updated_at: commit.at,
        ..old
    }
}

/// The standing of a new login or key: nothing is known yet but when a grant was minted.
fn fresh_standing(material: &Material) -> Standing {
    let minted = match material {
        Material::Grant(grant) => Some(Box::new(Minted {
            at: grant.obtained.clone(),
            reactive: false,
        })),
        Material::ApiKey(_) | Material::EnvKey(_) | Material::Borrowed(_) | Material::Gone => None,
    };
    Standing {
        minted,
        ..Standing::default()
    }
}

/// 80 bits of entropy in 16 letters that can be typed and make a file name.
fn new_id(entropy: u128) -> CredentialId {
    let letter = |at: u32| {
        let five = (entropy >> (at * 5)) & 31;
        char::from(LETTERS[usize::try_from(five).unwrap_or(0)])
    };
    CredentialId::from((0..16).map(letter).collect::<String>())
}

/// Crockford's base 32: no letters that read as digits.
const LETTERS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
