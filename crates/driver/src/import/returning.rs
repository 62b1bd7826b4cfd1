//! `import --undo`: a grant that was taken over is given back, with the tokens that it has now.
//!
//! 1. the tool's file, as it is to be, is written to `auth.json.evergrant-return-ID`, durably;
//! 2. under the grant's lock our record becomes a borrowed one and forgets the refresh token;
//! 3. the grant's places go into the tool's file as it is by then, which is replaced by that file; the copy that was set
//!    aside goes.
//!
//! A crash before 2 changes nothing; between 2 and 3 nobody owns the grant and that file holds it, which the next undo
//! finds. The copy that was set aside would not do: a refresh here has spent its refresh token.

use std::path::Path;
use std::time::{Duration, Instant};

use evergrant_engine::credential::{CredentialId, Grant, LoginOrigin, Material};
use evergrant_engine::failure::{Code, Failure};
use evergrant_engine::remedy::Remedy;
use evergrant_engine::store::{ClaimState, Record, is_another};
use serde_json::Value;

use super::document::{Document, all_beside, beside, missing, read, remove, rename, write};
use super::found::FoundGrant;
use super::matching::{login_of, row_of};
use super::placing::refill;
use super::report::ImportedHow;
use super::reread::borrowed;
use super::taking::hold_if_there;
use super::vessel::{holds, swap};
use super::work::{Done, Outcome, Work, skipped};
use crate::store::{Held, LockName, this_process};

/// Gives back everything of this file that was taken over.
pub(super) fn give_back_all(work: &Work<'_>) -> Result<Vec<Outcome>, Failure> {
    let _held = hold_if_there(work)?;
    let mut outcomes = Vec::new();
    let records = work.records()?;
    let taken = all_beside(&work.file, "");
    if taken.is_empty() {
        return Err(missing_copy(work));
    }
    // What an interrupted giving back has left comes first: it may be all there is of a grant.
    let (left, copies): (Vec<_>, Vec<_>) = taken.into_iter().partition(|(name, _)| name.starts_with(RETURN));
    for (name, path) in left {
        let id = name.strip_prefix(RETURN).unwrap_or(&name);
        let record = records.iter().find(|record| record.id.as_str() == id);
        outcomes.extend(match record {
            Some(record) => settle(work, record, &path)?,
            None => Some(skipped(id, orphaned(work, &path))),
        });
    }
    for (id, path) in copies {
        let record = records.iter().find(|record| record.id.as_str() == id);
        match record.map(|record| (record, &record.material)) {
            Some((record, Material::Grant(_))) => outcomes.push(give_back(work, record, &path)?),
            Some((_, Material::Borrowed(_) | Material::ApiKey(_) | Material::EnvKey(_) | Material::Gone)) | None => {}
        }
    }
    if outcomes.is_empty() {
        return Err(missing_copy(work));
    }
    Ok(outcomes)
}

/// What an interrupted giving back has left, told to whoever does not give back.
pub(super) fn half_returned(work: &Work<'_>) -> Result<Vec<Outcome>, Failure> {
    let records = work.records()?;
    let mut outcomes = Vec::new();
    for (id, path) in all_beside(&work.file, RETURN) {
        let record = records.iter().find(|record| record.id.as_str() == id);
        match record.map(|record| &record.material) {
            Some(Material::Grant(_)) => {}
            Some(Material::Borrowed(_)) => {
                let why = format!(
                    "stands in {}, since its return was interrupted: `evergrant import {} --undo` finishes it",
                    path.display(),
                    work.tool
                );
                outcomes.push(skipped(&id, why));
            }
            Some(Material::ApiKey(_) | Material::EnvKey(_) | Material::Gone) | None => {
                outcomes.push(skipped(&id, orphaned(work, &path)));
            }
        }
    }
    Ok(outcomes)
}

/// What becomes of a file that an interrupted giving back has left, by what the record is now: under the grant's lock, because
/// another may be giving it back at this moment, and then that file is all there is of the grant.
fn settle(work: &Work<'_>, record: &Record, path: &Path) -> Result<Option<Outcome>, Failure> {
    let _lock = lock(work, &record.id)?;
    if !path.try_exists().unwrap_or(true) {
        return Ok(None);
    }
    let id = &record.id;
    let record = work.store.record(id)?;
    match record.as_ref().map(|record| (record, &record.material)) {
        Some((record, Material::Borrowed(_))) => finish(work, record, path).map(Some),
        // It has not come to anything: the grant is ours.
        Some((_, Material::Grant(_))) => remove(path).map(|()| None),
        Some((_, Material::ApiKey(_) | Material::EnvKey(_) | Material::Gone)) | None => {
            Ok(Some(skipped(id.as_str(), orphaned(work, path))))
        }
    }
}

/// Why a file that was to be returned is left: its grant is nobody's here any more.
fn orphaned(work: &Work<'_>, path: &Path) -> String {
    format!(
        "is not here any more, and {} may be all there is of it: \
         remove that file if {} is logged in again, or if that login is not wanted",
        path.display(),
        work.tool
    )
}

fn give_back(work: &Work<'_>, record: &Record, backup: &Path) -> Result<Outcome, Failure> {
    let name = record.label.as_str();
    let _lock = lock(work, &record.id)?;
    // What was read before the lock may be spent by now.
    let Some(record) = work.store.record(&record.id)? else {
        return Ok(skipped(name, "has just been removed".to_owned()));
    };
    let Material::Grant(grant) = &record.material else {
        return Ok(skipped(name, "is no login any more".to_owned()));
    };
    let Some(token) = &grant.refresh_token else {
        return Ok(skipped(
            name,
            "has no refresh token that could be given back".to_owned(),
        ));
    };
    let store = work.store;
    let claim = store.claim_of(&store.fingerprint_key().fingerprint(token))?;
    if claim.is_some_and(|claim| claim.state == ClaimState::Open) {
        let why = format!(
            "has a renewal whose outcome is unknown: `evergrant refresh {}` first",
            record.id
        );
        return Ok(skipped(name, why));
    }
    let copy = read(work.tool, backup)?.ok_or_else(|| missing(work.tool, backup))?;
    let Some(found) = taken_from(work, &record, &grant.login, &copy.contents.grants) else {
        return Ok(skipped(
            name,
            format!("cannot be told from the others in {}", backup.display()),
        ));
    };
    let tree = match whole(work, &copy.tree, found, grant)? {
        Ok(tree) => tree,
        Err(why) => return Ok(skipped(&found.entry, why)),
    };
    let ready = beside(&work.file, &format!("{RETURN}{}", record.id));
    write(&ready, &tree)?;
    let theirs = FoundGrant {
        access_token: grant.access_token.clone(),
        expires_at: grant.expires_at(),
        ..found.clone()
    };
    let place = work.file.display().to_string();
    let material = borrowed(work.tool, &place, &theirs, grant.login.clone());
    match refill(work, &record.fence(), &material)? {
        Some(record) => finish(work, &record, &ready),
        None => {
            remove(&ready)?;
            Ok(skipped(name, "was changed meanwhile: try again".to_owned()))
        }
    }
}

/// The tool's file as it is to be: as it is now, with the grant put back as it is now; or why that cannot be.
fn whole(work: &Work<'_>, copy: &Value, found: &FoundGrant, grant: &Grant) -> Result<Result<Value, String>, Failure> {
    let mut fresh = copy.clone();
    let pairs = [
        (Some(&found.access_token), Some(&grant.access_token)),
        (found.refresh_token.as_ref(), grant.refresh_token.as_ref()),
        (found.id_token.as_ref(), grant.id_token.as_ref()),
    ];
    for (from, to) in pairs {
        if let (Some(from), Some(to)) = (from, to) {
            swap(&mut fresh, from.expose(), to.expose());
        }
    }
    let Some(now) = read(work.tool, &work.file)? else {
        return Ok(Ok(fresh));
    };
    let mut tree = now.tree;
    for place in &found.places {
        let Some(content) = place.look(&fresh) else { continue };
        if place.look(&tree).is_some_and(|there| !there.is_null()) || !place.put(&mut tree, content.clone()) {
            return Ok(Err(format!("{} has logged in again since", work.tool)));
        }
    }
    Ok(Ok(tree))
}

/// The grant that was taken when this copy was made. A file is taken over in its own order, with a copy before each: it is
/// the first of that login which the file does not hold any more.
fn taken_from<'a>(
    work: &Work<'_>,
    record: &Record,
    login: &LoginOrigin,
    grants: &'a [FoundGrant],
) -> Option<&'a FoundGrant> {
    let now = read(work.tool, &work.file).ok()?.map(|document| document.tree);
    grants.iter().find(|found| {
        let is_away = found
            .refresh_token
            .as_ref()
            .is_some_and(|token| !now.as_ref().is_some_and(|tree| holds(tree, token.expose())));
        let row = row_of(work.table, found).ok().filter(|row| row.id == record.provider);
        let theirs = row
            .as_ref()
            .and_then(|row| row.oauth())
            .map(|oauth| login_of(oauth, found, None, login.at));
        is_away && theirs.is_some_and(|theirs| !is_another(login, &theirs))
    })
}

/// Puts the grant, and nothing else of the file that is ready, into the tool's file as that is now.
fn finish(work: &Work<'_>, record: &Record, ready: &Path) -> Result<Outcome, Failure> {
    let name = record.label.as_str();
    let Material::Borrowed(borrowed) = &record.material else {
        return Ok(skipped(name, "was changed meanwhile: try again".to_owned()));
    };
    let copy = read(work.tool, ready)?.ok_or_else(|| missing(work.tool, ready))?;
    let found = copy.contents.grants.iter().find(|found| found.entry == borrowed.entry);
    let Some((found, token)) = found.and_then(|found| Some((found, found.refresh_token.as_ref()?))) else {
        return Ok(skipped(
            &borrowed.entry,
            format!("cannot be found in {}", ready.display()),
        ));
    };
    for _ in 0..TRIES {
        let now = read(work.tool, &work.file)?;
        if now.as_ref().is_some_and(|now| holds(&now.tree, token.expose())) {
            remove(ready)?;
            return returned(work, record);
        }
        let Some(tree) = merged(now.as_ref(), &copy, found) else {
            let why = format!(
                "stands in {}, and something else in its place in {}: \
                 if {} has logged in again since, that copy is of no use and can be removed",
                ready.display(),
                work.file.display(),
                work.tool
            );
            return Ok(skipped(&borrowed.entry, why));
        };
        write(ready, &tree)?;
        // Not all tools lock what they write.
        let then = read(work.tool, &work.file)?;
        if then.map(|then| then.bytes) == now.map(|now| now.bytes) {
            rename(ready, &work.file)?;
            return returned(work, record);
        }
    }
    let why = format!(
        "waits in {}, since {} goes on changing its file: close it, then `evergrant import {} --undo` again",
        ready.display(),
        work.tool,
        work.tool
    );
    Ok(skipped(&borrowed.entry, why))
}

/// The tool's file as it is now, with this one grant in it; `None` if its place is not free.
fn merged(now: Option<&Document>, copy: &Document, found: &FoundGrant) -> Option<Value> {
    let Some(now) = now else {
        // What else stood there when the copy was made may be spent by now.
        let mut tree = copy.tree.clone();
        let others = copy.contents.grants.iter().filter(|other| other.entry != found.entry);
        for place in others.flat_map(|other| &other.places) {
            place.cut(&mut tree);
        }
        return Some(tree);
    };
    let mut tree = now.tree.clone();
    for place in &found.places {
        let content = place.look(&copy.tree)?;
        let is_free = place.look(&tree).is_none_or(Value::is_null);
        if !is_free || !place.put(&mut tree, content.clone()) {
            return None;
        }
    }
    Some(tree)
}

/// What was set aside is of no use any more.
fn returned(work: &Work<'_>, record: &Record) -> Result<Outcome, Failure> {
    remove(&beside(&work.file, record.id.as_str()))?;
    Ok(Ok(Done {
        record: record.clone(),
        how: ImportedHow::Returned,
        backup: None,
        undo: Some(format!("evergrant import {} --take", work.tool)),
    }))
}

/// The grant's lock: no renewal of it is under way, and none begins, nor is it given back elsewhere.
fn lock(work: &Work<'_>, id: &CredentialId) -> Result<Box<dyn Held>, Failure> {
    let (name, until) = (LockName::Credential(id.clone()), Instant::now() + PATIENCE);
    loop {
        let owner = this_process(work.clock.now().wall);
        match work.store.try_lock(&name, &owner)? {
            Some(held) => return Ok(held),
            None if Instant::now() < until => std::thread::sleep(LOOK_EVERY),
            None => {
                let message = "a renewal of the grant is under way".to_owned();
                return Err(Failure::new(Code::LockHeld, message).with_remedy(Remedy::Wait { until: None }));
            }
        }
    }
}

fn missing_copy(work: &Work<'_>) -> Failure {
    let message = format!(
        "nothing that was taken from {} is left to be given back",
        work.file.display()
    );
    Failure::new(Code::ImportInvalid, message).with_remedy(Remedy::Run {
        command: "evergrant list".to_owned(),
        why: "see what is here, and how it came here".to_owned(),
    })
}

/// What the name of a file begins with that is to become the tool's.
const RETURN: &str = "return-";

/// Twice: a tool that has just written its file seldom writes it again at once.
const TRIES: u8 = 2;

/// 25 s: as long as anyone waits for a renewal.
const PATIENCE: Duration = Duration::from_secs(25);

/// 50 ms: nobody notices.
const LOOK_EVERY: Duration = Duration::from_millis(50);
