//! API keys of another tool: copied, with the checks that `add` has.

use evergrant_engine::credential::{Material, ProviderId};
use evergrant_engine::failure::Failure;
use evergrant_engine::provider::Auth;

use super::found::{Contents, FoundKey};
use super::placing::{keep, with_key};
use super::report::ImportedHow;
use super::work::{Done, Outcome, Work, skipped};
use crate::api_key::checked;

/// API keys are copied; what cannot be used is told.
pub(super) fn rest(work: &Work<'_>, contents: &Contents) -> Result<Vec<Outcome>, Failure> {
    let keys = contents.keys.iter().map(|found| copy_key(work, found));
    let mut outcomes = keys.collect::<Result<Vec<_>, _>>()?;
    let unusable = contents.unusable.iter();
    outcomes.extend(unusable.map(|(entry, why)| skipped(entry, why.clone())));
    Ok(outcomes)
}

fn copy_key(work: &Work<'_>, found: &FoundKey) -> Result<Outcome, Failure> {
    let provider = ProviderId::from(found.provider.as_str());
    let Some(row) = work.table.row(&provider).cloned() else {
        return Ok(skipped(&found.entry, format!("there is no provider `{provider}` here")));
    };
    if let Auth::OAuth(_) = row.auth {
        return Ok(skipped(&found.entry, format!("{provider} takes no API key")));
    }
    let key = match checked(&provider, found.key.clone()) {
        Ok(key) => key,
        Err(failure) => return Ok(skipped(&found.entry, failure.message)),
    };
    let records = work.records()?;
    let (record, how) = match with_key(&records, &provider, &key) {
        Some(record) => (record.clone(), ImportedHow::Unchanged),
        None => {
            let kept = keep(work, &provider, Material::ApiKey(key), None)?;
            (kept, ImportedHow::Copied)
        }
    };
    Ok(Ok(Done {
        record,
        how,
        backup: None,
        undo: None,
    }))
}
