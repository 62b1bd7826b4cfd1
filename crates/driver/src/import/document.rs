//! A tool's file on disk: reading it, with errors that name place and remedy and show nothing of it, and writing it back.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use evergrant_engine::failure::{Code, Failure};
use evergrant_engine::remedy::{Remedy, shell_word};
use serde_json::Value;
use zeroize::Zeroizing;

use super::found::Contents;
use super::tool::Tool;
use crate::{plain_file, private_file};

/// A file as it was read.
pub(super) struct Document {
    /// Its bytes, to see whether it has changed since.
    pub(super) bytes: Zeroizing<Vec<u8>>,
    /// The same as JSON.
    pub(super) tree: Value,
    /// What it holds.
    pub(super) contents: Contents,
}

/// What tells that a file may have changed, without reading it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Signature {
    modified: Option<SystemTime>,
    length: u64,
    inode: u64,
}

impl Signature {
    /// As the file is now; `None` if there is none, or none that can be looked at.
    pub(super) fn of(path: &Path) -> Option<Self> {
        let found = fs::metadata(path).ok()?;
        Some(Self {
            modified: found.modified().ok(),
            length: found.len(),
            inode: inode(&found),
        })
    }
}

/// Reads a tool's file; `None` if there is none.
pub(super) fn read(tool: Tool, path: &Path) -> Result<Option<Document>, Failure> {
    let bytes = match plain_file::read(path, LENGTH_MAX) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) if error.kind() == io::ErrorKind::FileTooLarge => {
            return Err(unfit(tool, path, "is longer than any file of its kind"));
        }
        Err(error) => return Err(unreadable(path, &error)),
    };
    let text = bytes.strip_prefix(BOM).unwrap_or(&bytes);
    let tree: Value = serde_json::from_slice(text).map_err(|error| {
        let what = format!("is not JSON (line {}, column {})", error.line(), error.column());
        unfit(tool, path, &what)
    })?;
    let contents = tool.read(&tree).map_err(|what| unfit(tool, path, &what))?;
    Ok(Some(Document { bytes, tree, contents }))
}

/// Writes a tool's file as a whole, durably; one that is there keeps its owner and its mode.
pub(super) fn write(path: &Path, tree: &Value) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let bytes = serde_json::to_vec_pretty(tree)
        .map(Zeroizing::new)
        .map_err(|error| Failure::new(Code::Internal, format!("cannot write JSON: {error}")))?;
    copy(path, &bytes)?;
    Ok(bytes)
}

/// Writes these bytes there, durably. A file that is there keeps its owner and its mode; a new one is for its folder's owner
/// alone: whoever runs this, perhaps as root, must not lock the tool out of what is its own.
pub(super) fn copy(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    private_file::replace_theirs(path, bytes).map_err(|fault| unwritable(path, &fault.to_string()))
}

/// Gives a file another name, durably.
pub(super) fn rename(from: &Path, to: &Path) -> Result<(), Failure> {
    private_file::publish(from, to).map_err(|error| unwritable(to, &error.to_string()))
}

/// Removes a file, durably; there being none is as good.
pub(super) fn remove(path: &Path) -> Result<(), Failure> {
    private_file::remove(path)
        .map_err(|fault| fault.to_string())
        .and_then(|()| private_file::sync_directory_of(path).map_err(|error| error.to_string()))
        .map_err(|detail| unwritable(path, &detail))
}

/// A name beside a file: `auth.json.evergrant-SUFFIX`.
pub(super) fn beside(file: &Path, suffix: &str) -> PathBuf {
    let mut name = file.file_name().unwrap_or_default().to_owned();
    name.push(format!("{MARK}{suffix}"));
    file.with_file_name(name)
}

/// What stands beside a file under such a name and begins like this: each with what follows.
pub(super) fn all_beside(file: &Path, prefix: &str) -> Vec<(String, PathBuf)> {
    let start = beside(file, prefix)
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    let folder = file.parent().map(fs::read_dir);
    let mut found: Vec<_> = folder
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            let path = entry.ok()?.path();
            let rest = path.file_name()?.to_str()?.strip_prefix(&start)?.to_owned();
            Some((rest, path))
        })
        .collect();
    found.sort();
    found
}

/// Holds the lock that the tool itself takes to write; `None` if it takes none. It is released when dropped.
pub(super) fn hold(tool: Tool, file: &Path) -> Result<Option<File>, Failure> {
    let Some(path) = tool.lock_file(file) else {
        return Ok(None);
    };
    let lock = private_file::open_or_create_theirs(&path).map_err(|error| unwritable(&path, &error.to_string()))?;
    let until = Instant::now() + PATIENCE;
    loop {
        match lock.try_lock() {
            Ok(()) => return Ok(Some(lock)),
            Err(fs::TryLockError::WouldBlock) if Instant::now() < until => std::thread::sleep(LOOK_EVERY),
            Err(fs::TryLockError::WouldBlock) => {
                let message = format!("{tool} holds {}: it is writing its logins", path.display());
                return Err(Failure::new(Code::LockHeld, message).with_remedy(Remedy::Wait { until: None }));
            }
            Err(fs::TryLockError::Error(error)) => return Err(unwritable(&path, &error.to_string())),
        }
    }
}

/// The tool keeps nothing there.
pub(crate) fn missing(tool: Tool, file: &Path) -> Failure {
    let message = format!("{tool} keeps no logins at {}: there is no such file", file.display());
    Failure::new(Code::ImportInvalid, message).with_remedy(Remedy::Run {
        command: format!("evergrant import {tool} --from PATH"),
        why: format!("say where {tool} keeps them, or log in with {tool} first"),
    })
}

/// Nothing can be read from the file, and this is why.
pub(super) fn unfit(tool: Tool, path: &Path, what: &str) -> Failure {
    let place = path.display();
    let message = format!("{place} cannot be imported: as a file of {tool} it {what}");
    Failure::new(Code::ImportInvalid, message).with_remedy(Remedy::Run {
        command: format!("evergrant import {tool} --from PATH"),
        why: format!("give the path of a file that {tool} itself can read, or log in here instead"),
    })
}

fn unreadable(path: &Path, error: &io::Error) -> Failure {
    let place = path.display().to_string();
    let word = shell_word(&place);
    let (command, why) = match error.kind() {
        io::ErrorKind::PermissionDenied => (format!("chmod u+r {word}"), "let its owner read it"),
        // `ErrorKind` is not ours and grows: whatever else it is, looking at it shows it.
        _ => (format!("ls -ld {word}"), "see what stands there"),
    };
    Failure::new(Code::ImportInvalid, format!("{place} cannot be read: {error}")).with_remedy(Remedy::Run {
        command,
        why: why.to_owned(),
    })
}

fn unwritable(path: &Path, detail: &str) -> Failure {
    let place = path.display().to_string();
    let folder = path
        .parent()
        .map_or(".".to_owned(), |folder| folder.display().to_string());
    Failure::new(Code::ImportInvalid, format!("{place} cannot be written: {detail}")).with_remedy(Remedy::Run {
        command: format!("ls -ld {}", shell_word(&folder)),
        why: "make the folder writable, or free space on its disk".to_owned(),
    })
}

#[cfg(unix)]
fn inode(found: &fs::Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::ino(found)
}

/// The time and the length have to do here.
#[cfg(not(unix))]
fn inode(_found: &fs::Metadata) -> u64 {
    0
}

/// Marks what is ours in a tool's folder.
const MARK: &str = ".evergrant-";

/// 4 MiB: a thousand times what such a file holds.
pub(super) const LENGTH_MAX: u64 = 4 * 1024 * 1024;

/// Some editors put it before UTF-8.
const BOM: &[u8] = b"\xef\xbb\xbf";

/// 5 s: a tool holds its lock for a file, or for one renewal.
const PATIENCE: Duration = Duration::from_secs(5);

/// 50 ms: nobody notices.
const LOOK_EVERY: Duration = Duration::from_millis(50);
