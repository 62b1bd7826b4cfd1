//! The journal of one grant: room kept on the disk before a token is spent, so that its answer can be saved by one write.

use std::fs::File;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use evergrant_engine::credential::CredentialId;
use evergrant_engine::protection::{Protection, stands};

use super::exchange::Commit;
use super::wire::{read_commit, write_commit};
use crate::entropy::random;
use crate::failpoint::{Failpoint, pass};
use crate::fault::StoreFault;
use crate::home::Home;
use crate::private_file;
use crate::vault::Vault;

/// A journal whose room is kept; it stays on the disk until it is removed.
#[derive(Debug)]
pub struct Journal {
    file: File,
    path: PathBuf,
    vault: Vault,
    context: Vec<u8>,
    /// What the file begins with while it is this attempt's: a mark of its own, then the sealed answer.
    own: Mutex<Vec<u8>>,
}

/// What a journal holds.
#[derive(Debug)]
pub(crate) enum Found {
    /// There is none.
    Nothing,
    /// Room without an answer, or with one that was not wholly written: it never became durable.
    Room,
    /// An answer that was received, and may not be committed yet.
    Answer(Box<Commit>),
    /// An answer that a newer evergrant wrote, in this form at least: it is not ours to finish, and must not be lost.
    Newer(u32),
}

impl Journal {
    /// Keeps the room, durably; only under the credential's lock.
    pub(super) fn prepare(home: &Home, vault: &Vault, id: &CredentialId) -> Result<Self, StoreFault> {
        let path = path_of(home, id);
        match find(home, vault, id)? {
            Found::Nothing | Found::Room => {}
            Found::Answer(_) => {
                return Err(StoreFault::Unwritable {
                    place: path.display().to_string(),
                    detail: "an earlier answer is not committed yet".to_owned(),
                });
            }
            Found::Newer(form) => return Err(newer(home, id, form)),
        }
        let fault = |error| StoreFault::from_io(&path, "keeping its room", &error);
        let own = random::<16>().map_err(|error| StoreFault::Unwritable {
            place: path.display().to_string(),
            detail: error.detail,
        })?;
        let file = private_file::open_or_create(&path).map_err(fault)?;
        // Real bytes instead of a hole: a hole would still need blocks when the answer comes.
        let mut room = vec![0; ROOM];
        room[..own.len()].copy_from_slice(&own);
        write_at_start(&file, &room).map_err(fault)?;
        file.sync_all().map_err(fault)?;
        private_file::sync_directory_of(&path).map_err(fault)?;
        Ok(Self {
            file,
            vault: vault.clone(),
            context: context_of(id),
            path,
            own: Mutex::new(own.to_vec()),
        })
    }

    /// Saves the answer with one synced write into the room that was kept.
    pub fn write(&self, commit: &Commit) -> Result<(), StoreFault> {
        if !stands(Protection::Journal) {
            return Ok(());
        }
        let unwritable = |detail: String| StoreFault::Unwritable {
            place: self.path.display().to_string(),
            detail,
        };
        let plain = write_commit(commit).map_err(|unreadable| unwritable(unreadable.0.to_owned()))?;
        let sealed = self
            .vault
            .seal(&plain, &self.context)
            .map_err(|error| unwritable(error.to_string()))?;
        let length = u32::try_from(sealed.len()).map_err(|error| unwritable(error.to_string()))?;
        let whole = [MARK.as_slice(), &length.to_le_bytes(), &sealed].concat();
        let fault = |error| StoreFault::from_io(&self.path, "saving the answer", &error);
        self.own
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone_from(&whole);
        write_at_start(&self.file, &whole).map_err(fault)?;
        pass(Failpoint::AnswerWritten);
        self.file.sync_data().map_err(fault)?;
        match private_file::read(&self.path, JOURNAL_MAX)? {
            Some(found) if found.starts_with(MARK) => {}
            // One whose lock was lost has kept a room of its own meanwhile, or taken ours away.
            Some(_) | None => private_file::replace(&self.path, &whole)?,
        }
        pass(Failpoint::AnswerSaved);
        Ok(())
    }

    /// Ends it: the answer is committed, or there was none. What is someone else's stays: who was stopped so long that its
    /// lock was lost would take away the room, or the answer, of the one who has the lock now.
    pub fn remove(self) -> Result<(), StoreFault> {
        let own = self.own.into_inner().unwrap_or_else(PoisonError::into_inner);
        match private_file::read(&self.path, JOURNAL_MAX)? {
            Some(found) if found.starts_with(&own) => private_file::remove(&self.path),
            Some(_) | None => Ok(()),
        }
    }
}

/// What the journal of this credential holds.
pub(crate) fn find(home: &Home, vault: &Vault, id: &CredentialId) -> Result<Found, StoreFault> {
    let Some(contents) = private_file::read(&path_of(home, id), JOURNAL_MAX)? else {
        return Ok(Found::Nothing);
    };
    Ok(open(&contents, vault, id))
}

/// The fault of an answer that only a newer evergrant can finish.
pub(super) fn newer(home: &Home, id: &CredentialId, form: u32) -> StoreFault {
    StoreFault::Newer {
        place: path_of(home, id).display().to_string(),
        found: form,
        known: FORM,
    }
}

/// Removes the journal of this credential.
pub(super) fn remove(home: &Home, id: &CredentialId) -> Result<(), StoreFault> {
    private_file::remove(&path_of(home, id))
}

/// The credentials that have a journal.
pub(crate) fn ids(home: &Home) -> Result<Vec<CredentialId>, StoreFault> {
    let locks = home.locks();
    let fault = |error| StoreFault::from_io(&locks, "listing it", &error);
    let mut found = Vec::new();
    for entry in std::fs::read_dir(&locks).map_err(fault)? {
        let path = entry.map_err(fault)?.path();
        if path.extension().is_some_and(|ending| ending == ENDING)
            && let Some(id) = path.file_stem().and_then(|stem| stem.to_str())
            && !id.starts_with('.')
        {
            found.push(CredentialId::from(id));
        }
    }
    Ok(found)
}

/// A write that was torn anywhere fails at the mark, the length or the seal; what is whole and does not read is newer.
fn open(contents: &[u8], vault: &Vault, id: &CredentialId) -> Found {
    let Some(rest) = contents.strip_prefix(MARK) else {
        return form_of(contents)
            .filter(|form| *form > FORM)
            .map_or(Found::Room, Found::Newer);
    };
    let sealed = rest.split_first_chunk::<4>().and_then(|(length, rest)| {
        let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
        rest.get(..length)
    });
    let Some(Ok(plain)) = sealed.map(|sealed| vault.open(sealed, &context_of(id))) else {
        return Found::Room;
    };
    match read_commit(&plain) {
        Ok(commit) if commit.from.id == *id => Found::Answer(Box::new(commit)),
        // It says that it is of another credential, which no version writes.
        Ok(_) => Found::Room,
        Err(_) => Found::Newer(FORM + 1),
    }
}

/// The number at the end of a mark like ours.
fn form_of(contents: &[u8]) -> Option<u32> {
    let (stem, _) = MARK.split_at(MARK.len() - 2);
    let digits = contents.strip_prefix(stem)?.get(..2)?;
    std::str::from_utf8(digits).ok()?.parse().ok()
}

/// Where the journal of this credential is.
pub(crate) fn path_of(home: &Home, id: &CredentialId) -> PathBuf {
    home.locks().join(format!("{id}.{ENDING}"))
}

fn context_of(id: &CredentialId) -> Vec<u8> {
    [b"evergrant journal\0".as_slice(), id.as_str().as_bytes()].concat()
}

#[cfg(unix)]
fn write_at_start(file: &File, bytes: &[u8]) -> std::io::Result<()> {
    std::os::unix::fs::FileExt::write_all_at(file, bytes, 0)
}

#[cfg(not(unix))]
fn write_at_start(mut file: &File, bytes: &[u8]) -> std::io::Result<()> {
    use std::io::{Seek, SeekFrom, Write};
    file.seek(SeekFrom::Start(0))?;
    file.write_all(bytes)
}

/// The file name's ending in `locks/`.
const ENDING: &str = "journal";

/// What a written journal begins with; a kept room begins with other bytes.
const MARK: &[u8; 8] = b"egjrnl01";

/// The number in it: it grows when an older evergrant could not read what is written.
const FORM: u32 = 1;

/// 64 KiB: three tokens of 8 KiB each, doubled, and the rest; a longer answer still fits where the disk has room.
const ROOM: usize = 64 * 1024;

/// 4 MiB: no token answer that was accepted is as long.
const JOURNAL_MAX: u64 = 4 * 1024 * 1024;

#[cfg(test)]
#[path = "journal_tests.rs"]
mod tests;
