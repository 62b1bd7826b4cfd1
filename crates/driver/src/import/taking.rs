//! `import --take`: a grant becomes ours, and the tool's copy is set aside first, so that it never has two owners.
//!
//! 1. the whole file is copied to `auth.json.evergrant-pending`, durably;
//! 2. the grant is taken out of the file, which is replaced as a whole;
//! 3. the grant is committed to our store;
//! 4. the copy is named after our credential, `auth.json.evergrant-ID`.
//!
//! A crash before 2 changes nothing; between 2 and 3 nobody owns the grant and the copy holds it, which the next import
//! finds; after 3 it is ours. All of it under the lock that the tool takes to write, if it takes one.

use std::path::{Path, PathBuf};

use evergrant_engine::credential::{CredentialId, Material};
use evergrant_engine::failure::{Code, Failure};
use evergrant_engine::remedy::Remedy;
use evergrant_engine::secret::Secret;
use evergrant_engine::store::{Record, Source};
use serde_json::Value;

use super::document::{Document, LENGTH_MAX, all_beside, beside, copy, hold, missing, read, remove, rename, write};
use super::found::FoundGrant;
use super::keys::rest;
use super::matching::{is_alive, known, login_of, row_of};
use super::placing::{grant, keep};
use super::report::ImportedHow;
use super::tool::Tool;
use super::vessel::{holds, strip};
use super::work::{Done, Outcome, Work, ours_already, skipped};
use crate::plain_file;
use crate::settings::Environment;

/// Takes over everything that can be.
pub(super) fn take_all(work: &Work<'_>) -> Result<Vec<Outcome>, Failure> {
    let _held = hold_if_there(work)?;
    let mut outcomes = resume(work)?;
    let Some(first) = read(work.tool, &work.file)? else {
        return if outcomes.is_empty() {
            Err(missing(work.tool, &work.file))
        } else {
            Ok(outcomes)
        };
    };
    for entry in first.contents.grants.iter().map(|found| &found.entry) {
        // Read again each time: the one before has changed the file.
        let Some(document) = read(work.tool, &work.file)? else {
            break;
        };
        if let Some(found) = document.contents.grants.iter().find(|found| found.entry == *entry) {
            let outcome = take(work, &document, found)?;
            let is_ours = outcome.is_ok();
            outcomes.push(outcome);
            if let (true, Some(token)) = (is_ours, &found.refresh_token) {
                outcomes.extend(strip_copies(work, token));
            }
        }
    }
    outcomes.extend(rest(work, &first.contents)?);
    Ok(outcomes)
}

/// Every grant that a taking of this file would take over.
pub(super) fn to_be_taken(tool: Tool, file: &Path) -> Result<Vec<FoundGrant>, Failure> {
    let mut grants = Vec::new();
    for path in [beside(file, PENDING), file.to_owned()] {
        if let Some(document) = read(tool, &path)? {
            grants.extend(document.contents.grants);
        }
    }
    Ok(grants)
}

/// The tool's own copy of a grant that was taken over, if it still lies beside the tool's usual file: which tool's, and where.
pub(crate) fn copy_aside(record: &Record, environment: &Environment) -> Option<(Tool, PathBuf)> {
    let (Source::Imported(tool), Material::Grant(grant)) = (&record.source, &record.material) else {
        return None;
    };
    // Without its refresh token there is nothing that could be given back.
    grant.refresh_token.as_ref()?;
    let tool = Tool::named(tool)?;
    let file = tool.usual_file(environment).ok()?;
    let copy = beside(&file.canonicalize().unwrap_or(file), record.id.as_str());
    copy.exists().then_some((tool, copy))
}

/// What an interrupted taking has left, told to whoever does not take.
pub(super) fn interrupted(work: &Work<'_>) -> Result<Vec<Outcome>, Failure> {
    let pending = beside(&work.file, PENDING);
    let Some(copy) = read(work.tool, &pending)? else {
        return Ok(Vec::new());
    };
    let main = read(work.tool, &work.file)?.map(|document| document.tree);
    let left = missing_from(main.as_ref(), &copy);
    Ok(left
        .map(|found| {
            let why = format!(
                "stands in {} alone, since a taking was interrupted: `evergrant import {} --take` finishes it",
                pending.display(),
                work.tool
            );
            skipped(&found.entry, why)
        })
        .collect())
}

/// The lock that the tool takes, if its folder is there to hold one.
pub(super) fn hold_if_there(work: &Work<'_>) -> Result<Option<std::fs::File>, Failure> {
    let there = work.file.exists() || !all_beside(&work.file, "").is_empty();
    if there { hold(work.tool, &work.file) } else { Ok(None) }
}

/// Finishes a taking that was interrupted.
fn resume(work: &Work<'_>) -> Result<Vec<Outcome>, Failure> {
    let pending = beside(&work.file, PENDING);
    let Some(copy) = read(work.tool, &pending)? else {
        return Ok(Vec::new());
    };
    let main = read(work.tool, &work.file)?.map(|document| document.tree);
    let mut outcomes = Vec::new();
    let mut is_spare = true;
    for found in missing_from(main.as_ref(), &copy) {
        let Some(token) = &found.refresh_token else { continue };
        let outcome = match living_owner(work, token)? {
            Some(record) if matches!(record.material, Material::Grant(_)) => Ok(Done {
                record,
                how: ImportedHow::Taken,
                backup: None,
                undo: None,
            }),
            // It has been given back since, and been renewed there.
            Some(_) => continue,
            None if is_displaced(main.as_ref(), found) => skipped(&found.entry, displaced(work, &pending)),
            None => commit(work, found)?,
        };
        is_spare &= outcome.is_ok();
        match outcome {
            Ok(done) => {
                outcomes.push(Ok(kept_as_backup(work, &copy, done)?));
                outcomes.extend(strip_copies(work, token));
            }
            Err(skipped) => outcomes.push(Err(skipped)),
        }
    }
    if is_spare {
        // Whatever it holds stands in the file as well, or here.
        remove(&pending)?;
    }
    Ok(outcomes)
}

/// What a finished taking set aside, under the name of the credential. The first copy stays until all that it holds is safe.
fn kept_as_backup(work: &Work<'_>, first: &Document, done: Done) -> Result<Done, Failure> {
    let backup = beside(&work.file, done.record.id.as_str());
    copy(&backup, &first.bytes)?;
    Ok(Done {
        backup: Some(backup),
        undo: Some(work.undo.clone()),
        ..done
    })
}

/// Whether another login stands where this grant stood.
fn is_displaced(main: Option<&Value>, found: &FoundGrant) -> bool {
    let stands = |tree: &Value| {
        let mut there = found.places.iter().filter_map(|place| place.look(tree));
        there.any(|there| !there.is_null())
    };
    main.is_some_and(stands)
}

/// Why a grant whose place is not free is left in the copy.
fn displaced(work: &Work<'_>, pending: &Path) -> String {
    format!(
        "stands in {} alone, and something else in its place in {}: \
         if {} has renewed it or logged in again since, that copy is of no use and can be removed",
        pending.display(),
        work.file.display(),
        work.tool
    )
}

/// The grants of the copy whose refresh tokens the file does not hold any more.
fn missing_from<'a>(main: Option<&'a Value>, copy: &'a Document) -> impl Iterator<Item = &'a FoundGrant> {
    copy.contents.grants.iter().filter(move |found| {
        let token = found.refresh_token.as_ref();
        token.is_some_and(|token| !main.is_some_and(|tree| holds(tree, token.expose())))
    })
}

fn take(work: &Work<'_>, document: &Document, found: &FoundGrant) -> Result<Outcome, Failure> {
    let Some(token) = &found.refresh_token else {
        let why = "has no refresh token: there is nothing to take over".to_owned();
        return Ok(skipped(&found.entry, why));
    };
    let row = match row_of(work.table, found) {
        Ok(row) => row,
        Err(why) => return Ok(skipped(&found.entry, why)),
    };
    let place = work.file.display().to_string();
    let records = work.records()?;
    let Some(login) = row
        .oauth()
        .map(|oauth| login_of(oauth, found, None, work.clock.now().wall))
    else {
        return Ok(skipped(&found.entry, format!("{} takes API keys only", row.id)));
    };
    let known = known(&records, &row.id, &place, found, &login);
    let same = known.filter(|record| refresh_token(record) == Some(token));
    if let (Some(own), None) = (known.filter(|record| is_alive(record)), same) {
        return Ok(skipped(&found.entry, ours_already(own)));
    }
    if same.is_none() && owner_here(work, token)?.is_some() {
        let why = format!("was used here before; log in with {} again, or here", work.tool);
        return Ok(skipped(&found.entry, why));
    }
    let pending = beside(&work.file, PENDING);
    // What cannot be looked at may be there.
    if pending.try_exists().unwrap_or(true) {
        return Ok(skipped(&found.entry, in_the_way(work, &pending)));
    }
    copy(&pending, &document.bytes)?;
    let left = set_aside(work, document, found)?;
    let outcome = match same {
        Some(record) => Ok(Done {
            record: record.clone(),
            how: ImportedHow::Taken,
            backup: None,
            undo: None,
        }),
        None => match commit(work, found) {
            Ok(Ok(done)) => Ok(done),
            refused => {
                put_back(work, document, left.as_deref(), &pending)?;
                return refused;
            }
        },
    };
    Ok(outcome.and_then(|done| named(work, &pending, done)))
}

/// Why nothing more is taken while an earlier copy waits: another would replace it, and it may be all there is of a grant.
fn in_the_way(work: &Work<'_>, pending: &Path) -> String {
    format!(
        "waits for an earlier taking, whose copy {} may hold a login that stands nowhere else: \
         settle what hinders that one, or move that file away, then `evergrant import {} --take` again",
        pending.display(),
        work.tool
    )
}

/// Takes a grant out of the file; answers what the file holds then, `None` if it is gone.
fn set_aside(
    work: &Work<'_>,
    document: &Document,
    found: &FoundGrant,
) -> Result<Option<zeroize::Zeroizing<Vec<u8>>>, Failure> {
    let mut tree = document.tree.clone();
    for place in &found.places {
        place.cut(&mut tree);
    }
    // Not all tools lock what they write.
    let now = read(work.tool, &work.file)?;
    if now.is_none_or(|now| now.bytes != document.bytes) {
        remove(&beside(&work.file, PENDING))?;
        let message = format!("{} has just changed {}: close it", work.tool, work.file.display());
        return Err(Failure::new(Code::LockHeld, message).with_remedy(Remedy::Run {
            command: format!("evergrant import {} --take", work.tool),
            why: format!("close {} first, then take its login", work.tool),
        }));
    }
    let left = if work.tool.is_bare(&tree) {
        remove(&work.file)?;
        None
    } else {
        Some(write(&work.file, &tree)?)
    };
    Ok(left)
}

/// Takes a token that is ours by now out of the tool's other files; answers those that still hold it, and why.
fn strip_copies(work: &Work<'_>, token: &Secret<String>) -> Vec<Outcome> {
    let paths = work.tool.copies_of(&work.file, work.environment).into_iter();
    paths
        .filter_map(|path| {
            let why = strip_copy(work.tool, &path, token).err()?;
            let why = format!("still holds the refresh token that is ours now: {why}; log out of that copy");
            Some(skipped(&path.display().to_string(), why))
        })
        .collect()
}

/// A copy of the token in another file of the tool goes; the whole of it stands in the one that is set aside.
fn strip_copy(tool: Tool, path: &Path, token: &Secret<String>) -> Result<(), String> {
    let Ok(bytes) = plain_file::read(path, LENGTH_MAX) else {
        return Ok(());
    };
    let Ok(mut tree) = serde_json::from_slice::<Value>(&bytes) else {
        return Ok(());
    };
    if !holds(&tree, token.expose()) {
        return Ok(());
    }
    strip(&mut tree, token.expose());
    // Not all tools lock what they write.
    let now = plain_file::read(path, LENGTH_MAX);
    if !now.is_ok_and(|now| now == bytes) {
        return Err(format!("{tool} has just changed it"));
    }
    write(path, &tree).map(drop).map_err(|failure| failure.message)
}

/// The store has refused the grant: the tool has it again, unless it has written something else since.
fn put_back(work: &Work<'_>, document: &Document, left: Option<&Vec<u8>>, pending: &Path) -> Result<(), Failure> {
    let now = read(work.tool, &work.file)?;
    if now.as_ref().map(|now| &*now.bytes) == left {
        copy(&work.file, &document.bytes)?;
        remove(pending)?;
    }
    Ok(())
}

/// Commits a found grant to our store.
fn commit(work: &Work<'_>, found: &FoundGrant) -> Result<Outcome, Failure> {
    let now = work.clock.now();
    let row = match row_of(work.table, found) {
        Ok(row) => row,
        Err(why) => return Ok(skipped(&found.entry, why)),
    };
    let (Some(oauth), Some(host)) = (row.oauth(), work.hosts.get(&row.id)) else {
        return Ok(skipped(&found.entry, "has just come: try again".to_owned()));
    };
    let login = login_of(oauth, found, Some(host), now.wall);
    let records = work.records()?;
    let place = work.file.display().to_string();
    let known = known(&records, &row.id, &place, found, &login);
    if let Some(own) = known.filter(|record| is_alive(record)) {
        return Ok(skipped(&found.entry, ours_already(own)));
    }
    let replaced = known.map(Record::fence);
    let material = Material::Grant(Box::new(grant(found, login, now)));
    let record = keep(work, &row.id, material, replaced)?;
    Ok(Ok(Done {
        record,
        how: ImportedHow::Taken,
        backup: Some(work.file.clone()),
        undo: None,
    }))
}

fn named(work: &Work<'_>, pending: &Path, done: Done) -> Outcome {
    let backup = beside(&work.file, done.record.id.as_str());
    // It is ours by now, and the copy is there, by one name or the other.
    let backup = match rename(pending, &backup) {
        Ok(()) => backup,
        Err(failure) => {
            tracing::warn!(%failure, "the copy that was set aside keeps its first name");
            pending.to_owned()
        }
    };
    Ok(Done {
        backup: Some(backup),
        undo: Some(work.undo.clone()),
        ..done
    })
}

/// The record here that has, or had, this refresh token and can still be used or mended.
fn living_owner(work: &Work<'_>, token: &Secret<String>) -> Result<Option<Record>, Failure> {
    let Some(id) = owner_here(work, token)? else {
        return Ok(None);
    };
    let record = work.store.record(&id)?;
    Ok(record.filter(|record| !matches!(record.material, Material::Gone)))
}

/// The credential here that has, or had, this refresh token.
fn owner_here(work: &Work<'_>, token: &Secret<String>) -> Result<Option<CredentialId>, Failure> {
    let store = work.store;
    if let Some(record) = work
        .records()?
        .into_iter()
        .find(|record| refresh_token(record) == Some(token))
    {
        return Ok(Some(record.id));
    }
    let claim = store.claim_of(&store.fingerprint_key().fingerprint(token))?;
    Ok(claim.map(|claim| claim.credential))
}

fn refresh_token(record: &Record) -> Option<&Secret<String>> {
    match &record.material {
        Material::Grant(grant) => grant.refresh_token.as_ref(),
        Material::ApiKey(_) | Material::EnvKey(_) | Material::Borrowed(_) | Material::Gone => None,
    }
}

/// How the copy is called until the grant is ours.
const PENDING: &str = "pending";
