//! Borrowing: a grant of another tool is used as it stands in that tool's file, and never renewed here.

use evergrant_engine::credential::Material;
use evergrant_engine::failure::Failure;
use evergrant_engine::store::Record;

use super::found::FoundGrant;
use super::matching::{is_alive, known, login_of, row_of};
use super::placing::{keep, refill};
use super::report::ImportedHow;
use super::reread::borrowed;
use super::work::{Done, Outcome, Work, ours_already, skipped};

/// Borrows a found grant, unless it is ours already.
pub(super) fn borrow(work: &Work<'_>, found: &FoundGrant) -> Result<Outcome, Failure> {
    let row = match row_of(work.table, found) {
        Ok(row) => row,
        Err(why) => return Ok(skipped(&found.entry, why)),
    };
    let Some(oauth) = row.oauth() else {
        return Ok(skipped(&found.entry, format!("{} takes API keys only", row.id)));
    };
    let login = login_of(oauth, found, None, work.clock.now().wall);
    let place = work.file.display().to_string();
    let records = work.records()?;
    let known = known(&records, &row.id, &place, found, &login);
    if let Some(own) = known.filter(|record| is_alive(record)) {
        return Ok(skipped(&found.entry, ours_already(own)));
    }
    let material = borrowed(work.tool, &place, found, login);
    let (record, how) = match known {
        Some(record) if same_token(record, &material) => (record.clone(), ImportedHow::Unchanged),
        Some(record) if matches!(record.material, Material::Borrowed(_)) => {
            match refill(work, &record.fence(), &material)? {
                Some(record) => (record, ImportedHow::Borrowed),
                None => return Ok(skipped(&found.entry, "it was changed meanwhile: try again".to_owned())),
            }
        }
        Some(record) => {
            let fence = Some(record.fence());
            (keep(work, &row.id, material, fence)?, ImportedHow::Borrowed)
        }
        None => (keep(work, &row.id, material, None)?, ImportedHow::Borrowed),
    };
    Ok(Ok(Done {
        record,
        how,
        backup: None,
        undo: None,
    }))
}

fn same_token(record: &Record, material: &Material) -> bool {
    match (&record.material, material) {
        (Material::Borrowed(one), Material::Borrowed(other)) => one.access_token == other.access_token,
        (
            Material::Borrowed(_) | Material::Grant(_) | Material::ApiKey(_) | Material::EnvKey(_) | Material::Gone,
            _,
        ) => false,
    }
}
