//! The lock of a grant: an advisory lock on a file that is never unlinked, with its holder's name beside it.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};

use evergrant_engine::credential::CredentialId;
use evergrant_engine::protection::{Protection, stands};
use evergrant_engine::store::Owner;
use evergrant_engine::time::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::fault::StoreFault;
use crate::home::Home;
use crate::private_file;

/// What is locked.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum LockName {
    /// One credential.
    Credential(CredentialId),
    /// All grants of one client id.
    Client(String),
}

/// A lock that is held; it is released when dropped.
pub trait Held: Send + Sync {}

/// Who holds a lock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// The process, and since when it holds it.
    pub owner: Owner,
    /// Whether that process is stopped, as far as can be seen from here.
    pub stopped: bool,
}

/// What stands in a sidecar, and what became of the process that it names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Sidecar {
    /// There is none.
    Missing,
    /// It does not read.
    Torn,
    /// The process has ended.
    Gone(Owner),
    /// The process lives, as far as can be seen from here.
    Holder(Holder),
}

/// Reads a sidecar.
pub(crate) fn read_sidecar(path: &Path) -> Result<Sidecar, StoreFault> {
    let Some(text) = private_file::read(path, SIDECAR_MAX)? else {
        return Ok(Sidecar::Missing);
    };
    let Ok(wire) = serde_json::from_slice::<OwnerWire>(&text) else {
        return Ok(Sidecar::Torn);
    };
    let owner = Owner::from(wire);
    Ok(match process_state(&owner) {
        State::Gone => Sidecar::Gone(owner),
        state @ (State::Stopped | State::Alive) => Sidecar::Holder(Holder {
            stopped: state == State::Stopped,
            owner,
        }),
    })
}

/// This process, as an owner of locks and claims.
pub fn this_process(since: Timestamp) -> Owner {
    Owner {
        pid: std::process::id(),
        host: host_name(),
        since,
    }
}

/// The locks of one home.
#[derive(Clone, Debug)]
pub(super) struct Locks {
    home: Home,
}

impl Locks {
    pub(super) const fn of(home: Home) -> Self {
        Self { home }
    }

    /// Takes the lock if nobody holds it, and writes down who does.
    pub(super) fn try_acquire(&self, name: &LockName, owner: &Owner) -> Result<Option<LockGuard>, StoreFault> {
        let path = self.path(name, "lock");
        let fault = |error| StoreFault::from_io(&path, "locking it", &error);
        let file = private_file::open_or_create(&path).map_err(fault)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) if stands(Protection::Lock) => return Ok(None),
            Err(TryLockError::WouldBlock) => {}
            Err(TryLockError::Error(error)) => return Err(fault(error)),
        }
        let sidecar = self.path(name, "holder");
        // The sidecar only helps a message: the lock holds without it, on a full disk too.
        if let Err(fault) = write_sidecar(&sidecar, owner) {
            tracing::debug!(%fault, "the lock's holder could not be written down");
        }
        Ok(Some(LockGuard { file, sidecar }))
    }

    /// Who wrote itself down as the holder, if that process is alive as far as can be seen from here.
    pub(super) fn holder(&self, name: &LockName) -> Result<Option<Holder>, StoreFault> {
        Ok(match read_sidecar(&self.path(name, "holder"))? {
            Sidecar::Holder(holder) => Some(holder),
            // The sidecar of an old or half-dead holder says nothing.
            Sidecar::Missing | Sidecar::Torn | Sidecar::Gone(_) => None,
        })
    }

    fn path(&self, name: &LockName, ending: &str) -> PathBuf {
        self.home.locks().join(format!("{}.{ending}", file_name(name)))
    }
}

/// A lock file that is locked.
#[derive(Debug)]
pub(super) struct LockGuard {
    file: File,
    sidecar: PathBuf,
}

impl Held for LockGuard {}

impl Drop for LockGuard {
    fn drop(&mut self) {
        // First the name, while it is still ours; whatever fails here, closing the file releases the lock.
        let _ = private_file::remove(&self.sidecar);
        let _ = self.file.unlock();
    }
}

#[derive(Serialize, Deserialize)]
struct OwnerWire {
    pid: u32,
    host: String,
    since: i64,
}

impl From<OwnerWire> for Owner {
    fn from(wire: OwnerWire) -> Self {
        Self {
            pid: wire.pid,
            host: wire.host,
            since: Timestamp::from_millis(wire.since),
        }
    }
}

fn write_sidecar(path: &Path, owner: &Owner) -> Result<(), StoreFault> {
    let wire = OwnerWire {
        pid: owner.pid,
        host: owner.host.clone(),
        since: owner.since.as_millis(),
    };
    let text = serde_json::to_vec(&wire).unwrap_or_default();
    private_file::replace_lightly(path, &text)
}

/// Ids are ours and fit for file names; client ids are the provider's and may be anything.
fn file_name(name: &LockName) -> String {
    match name {
        LockName::Credential(id) => id.as_str().to_owned(),
        LockName::Client(client) => {
            let digest = Sha256::digest(client.as_bytes());
            format!("client-{}", hex::encode(&digest[..16]))
        }
    }
}

/// What can be seen of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Gone,
    Stopped,
    Alive,
}

#[cfg(any(target_os = "linux", target_os = "android"))]
fn process_state(owner: &Owner) -> State {
    if owner.host != host_name() {
        return State::Alive;
    }
    let Ok(stat) = std::fs::read_to_string(format!("/proc/{}/stat", owner.pid)) else {
        return State::Gone;
    };
    // The name in parentheses may hold anything; the state is the first field after the last of them (proc_pid_stat(5)).
    match stat
        .rsplit(')')
        .next()
        .map(str::trim_start)
        .and_then(|rest| rest.chars().next())
    {
        Some('T' | 't') => State::Stopped,
        Some('Z' | 'X' | 'x') => State::Gone,
        Some(_) | None => State::Alive,
    }
}

/// Elsewhere only the lock itself tells.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn process_state(_owner: &Owner) -> State {
    State::Alive
}

#[cfg(unix)]
fn host_name() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

#[cfg(not(unix))]
fn host_name() -> String {
    "this host".to_owned()
}

/// 4 KiB: a host name has 255 bytes at most.
const SIDECAR_MAX: u64 = 4_096;

#[cfg(test)]
mod tests {
    use super::*;

    fn locks() -> (tempfile::TempDir, Locks) {
        let directory = tempfile::tempdir().unwrap();
        let home = Home::at(directory.path().join("home"));
        home.create().unwrap();
        (directory, Locks::of(home))
    }

    fn name() -> LockName {
        LockName::Credential(CredentialId::from("abc"))
    }

    #[test]
    fn one_holds_it_and_the_others_see_who() {
        let (_directory, locks) = locks();
        let owner = this_process(Timestamp::from_secs(1));
        let guard = locks.try_acquire(&name(), &owner).unwrap().unwrap();
        assert!(locks.try_acquire(&name(), &owner).unwrap().is_none());
        let seen = locks.holder(&name()).unwrap().unwrap();
        assert_eq!(seen.owner, owner);
        assert!(!seen.stopped);
        drop(guard);
        assert_eq!(locks.holder(&name()).unwrap(), None);
        assert!(locks.path(&name(), "lock").exists());
        assert!(locks.try_acquire(&name(), &owner).unwrap().is_some());
    }

    #[test]
    fn a_sidecar_that_is_torn_or_of_a_dead_process_says_nothing() {
        let (_directory, locks) = locks();
        let path = locks.path(&name(), "holder");
        private_file::replace(&path, b"{\"pid\":").unwrap();
        assert_eq!(locks.holder(&name()).unwrap(), None);
        #[cfg(target_os = "linux")]
        {
            // Beyond the largest pid that Linux gives.
            let dead = Owner {
                pid: 4_194_305,
                ..this_process(Timestamp::from_secs(1))
            };
            write_sidecar(&path, &dead).unwrap();
            assert_eq!(locks.holder(&name()).unwrap(), None);
            let elsewhere = Owner {
                host: "another-host".to_owned(),
                ..dead
            };
            write_sidecar(&path, &elsewhere).unwrap();
            assert!(locks.holder(&name()).unwrap().is_some());
        }
    }

    #[test]
    fn any_client_id_gives_a_file_name() {
        let one = file_name(&LockName::Client("https://client.example/a?b".to_owned()));
        let two = file_name(&LockName::Client("../../etc".to_owned()));
        assert_ne!(one, two);
        for made in [one, two] {
            assert!(made.chars().all(|c| c.is_ascii_alphanumeric() || c == '-'), "{made}");
        }
    }
}
