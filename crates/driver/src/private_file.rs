//! Files that are ours alone: made 0600, replaced as a whole, never followed through a link, refused if others can reach them.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use evergrant_engine::protection::{Protection, stands};
use evergrant_engine::remedy::shell_word;
use zeroize::Zeroizing;

use crate::entropy;
use crate::fault::StoreFault;

/// Refuses a directory that is not ours alone.
pub(crate) fn check_directory(path: &Path) -> Result<(), StoreFault> {
    let found = fs::metadata(path).map_err(|error| StoreFault::from_io(path, "looking at it", &error))?;
    if !found.is_dir() {
        return Err(refused(path, "it is not a directory", &set_aside(path)));
    }
    check_owner_and_mode(path, &found, 0o700)
}

/// Refuses a file that is not ours alone, without opening it; `false` if there is none.
pub(crate) fn check_file(path: &Path) -> Result<bool, StoreFault> {
    match fs::symlink_metadata(path) {
        Ok(found) => check_plain(path, &found).map(|()| true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(StoreFault::from_io(path, "looking at it", &error)),
    }
}

/// Refuses what is no ordinary file, whoever owns it; `false` if there is nothing.
pub(crate) fn check_kind(path: &Path) -> Result<bool, StoreFault> {
    match fs::symlink_metadata(path) {
        Ok(found) => check_ordinary(path, &found).map(|()| true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(StoreFault::from_io(path, "looking at it", &error)),
    }
}

/// Reads a file that is ours alone, `limit` bytes at most; `None` if there is none.
pub(crate) fn read(path: &Path, limit: u64) -> Result<Option<Zeroizing<Vec<u8>>>, StoreFault> {
    if !check_file(path)? {
        return Ok(None);
    }
    let fault = |error: &io::Error| StoreFault::from_io(path, "reading it", error);
    let mut options = OpenOptions::new();
    options.read(true);
    let file = match no_follow(&mut options).open(path) {
        Ok(file) => file,
        // It has gone since it was looked at, as the name of a lock's holder does when the lock is released.
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(fault(&error)),
    };
    // What was opened is judged again: the name may lead elsewhere by now.
    check_plain(path, &file.metadata().map_err(|error| fault(&error))?)?;
    let mut contents = Zeroizing::new(Vec::with_capacity(READ_AT_ONCE));
    file.take(limit)
        .read_to_end(&mut contents)
        .map_err(|error| fault(&error))?;
    Ok(Some(contents))
}

/// Replaces a file as a whole and durably: a reader or a crash sees the old one or the new one.
pub(crate) fn replace(path: &Path, contents: &[u8]) -> Result<(), StoreFault> {
    let temporary = temporary_beside(path)?;
    write_new(&temporary, contents)
        .and_then(|()| publish(&temporary, path))
        .map_err(|error| {
            // A full disk must not be filled further; if even this fails, the file is a few bytes that nobody reads.
            let _ = fs::remove_file(&temporary);
            StoreFault::from_io(path, "writing it", &error)
        })
}

/// The same for somebody else's file: it keeps its owner and its mode; a new one gets the owner of its folder, and is for
/// that one alone.
pub(crate) fn replace_theirs(path: &Path, contents: &[u8]) -> Result<(), StoreFault> {
    let temporary = temporary_beside(path)?;
    write_new(&temporary, contents)
        .and_then(|()| give_away(&temporary, path))
        .and_then(|()| publish(&temporary, path))
        .map_err(|error| {
            let _ = fs::remove_file(&temporary);
            StoreFault::from_io(path, "writing it", &error)
        })
}

/// Opens somebody else's file, and makes it for the owner of its folder if there is none.
pub(crate) fn open_or_create_theirs(path: &Path) -> io::Result<File> {
    let is_new = fs::symlink_metadata(path).is_err();
    let file = open_or_create(path)?;
    if is_new {
        give_away(path, path)?;
    }
    Ok(file)
}

/// Gives `made` to whoever owns the file at `place`, with its mode, or else to whoever owns its folder.
#[cfg(unix)]
fn give_away(made: &Path, place: &Path) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt, chown};
    let present = fs::metadata(place).ok().filter(|_| made != place);
    let folder = place.parent().map_or(Path::new("."), |folder| folder);
    let theirs = match &present {
        Some(present) => present.clone(),
        None => fs::metadata(folder)?,
    };
    let ours = fs::metadata(made)?;
    if (theirs.uid(), theirs.gid()) != (ours.uid(), ours.gid()) {
        let given = chown(made, Some(theirs.uid()), Some(theirs.gid()));
        // The owner stays where nobody but root may change it; a group that we are not in is no reason to fail.
        if theirs.uid() != ours.uid() {
            given?;
        }
    }
    match present {
        Some(present) => fs::set_permissions(made, present.permissions()),
        None => Ok(()),
    }
}

/// Access lists are inherited from the folder here.
#[cfg(not(unix))]
fn give_away(_made: &Path, _place: &Path) -> io::Result<()> {
    Ok(())
}

/// Replaces a file as a whole for readers, without waiting for the disk: it may be gone after a power cut.
pub(crate) fn replace_lightly(path: &Path, contents: &[u8]) -> Result<(), StoreFault> {
    let temporary = temporary_beside(path)?;
    create_new(&temporary)
        .and_then(|mut file| file.write_all(contents))
        .and_then(|()| fs::rename(&temporary, path))
        .map_err(|error| {
            let _ = fs::remove_file(&temporary);
            StoreFault::from_io(path, "writing it", &error)
        })
}

/// Gives a finished temporary file its name, durably.
pub(crate) fn publish(temporary: &Path, path: &Path) -> io::Result<()> {
    fs::rename(temporary, path)?;
    sync_directory_of(path)
}

/// The same, but fails with `AlreadyExists` if the name is taken by then.
pub(crate) fn publish_new(temporary: &Path, path: &Path) -> io::Result<()> {
    match fs::hard_link(temporary, path) {
        Ok(()) => fs::remove_file(temporary)?,
        // Some file systems know no second name of a file; what is there was looked for just before.
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists && fs::symlink_metadata(path).is_err() => {
            fs::rename(temporary, path)?;
        }
        Err(error) => return Err(error),
    }
    sync_directory_of(path)
}

/// A name in the same directory that nobody else uses.
pub(crate) fn temporary_beside(path: &Path) -> Result<PathBuf, StoreFault> {
    let random = entropy::random::<8>().map_err(|error| StoreFault::Unwritable {
        place: path.display().to_string(),
        detail: error.to_string(),
    })?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    Ok(path.with_file_name(format!(".{name}.{:016x}.tmp", u64::from_le_bytes(random))))
}

/// Makes an empty file, and fails if there is one already.
pub(crate) fn create_new(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create_new(true);
    private(&mut options).open(path)
}

/// Opens a file for reading and writing as it is, and makes it if there is none.
pub(crate) fn open_or_create(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    no_follow(private(&mut options)).open(path)
}

/// Removes a file; there being none is as good.
pub(crate) fn remove(path: &Path) -> Result<(), StoreFault> {
    match fs::remove_file(path) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(StoreFault::from_io(path, "removing it", &error)),
    }
}

/// Makes a directory for us alone, with its parents, and leaves one that is there already.
pub(crate) fn create_directory(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// Makes the entries of a file's directory durable.
#[cfg(unix)]
pub(crate) fn sync_directory_of(path: &Path) -> io::Result<()> {
    path.parent()
        .map_or(Ok(()), |directory| File::open(directory)?.sync_all())
}

/// Directories cannot be synced here; the file system keeps their order itself.
#[cfg(not(unix))]
pub(crate) fn sync_directory_of(_path: &Path) -> io::Result<()> {
    Ok(())
}

/// Writes a file that is not there yet, durably.
pub(crate) fn write_new(path: &Path, contents: &[u8]) -> io::Result<()> {
    let mut file = create_new(path)?;
    file.write_all(contents)?;
    file.sync_all()
}

fn check_plain(path: &Path, found: &fs::Metadata) -> Result<(), StoreFault> {
    check_ordinary(path, found)?;
    check_owner_and_mode(path, found, 0o600)
}

fn check_ordinary(path: &Path, found: &fs::Metadata) -> Result<(), StoreFault> {
    if found.is_symlink() {
        let fix = if path.exists() {
            format!("mv \"$(readlink -f {0})\" {0}", word(path))
        } else {
            format!("rm {}", word(path))
        };
        return Err(refused(path, "it is a symbolic link", &fix));
    }
    if !found.is_file() {
        return Err(refused(path, "it is not a file", &set_aside(path)));
    }
    Ok(())
}

#[cfg(unix)]
fn check_owner_and_mode(path: &Path, found: &fs::Metadata, wanted: u32) -> Result<(), StoreFault> {
    use std::os::unix::fs::MetadataExt;
    let us = rustix::process::geteuid().as_raw();
    if found.uid() != us {
        let detail = format!("it belongs to user {}, and this is user {us}", found.uid());
        let sudo = if us == 0 { "" } else { "sudo " };
        return Err(refused(path, &detail, &format!("{sudo}chown {us} {}", word(path))));
    }
    let needed = wanted & READABLE;
    let detail = if !stands(Protection::PrivateFiles) {
        return Ok(());
    } else if found.mode() & OTHERS != 0 {
        "others than its owner can reach it"
    } else if found.mode() & needed != needed && us != 0 {
        "it may not be read"
    } else {
        return Ok(());
    };
    let detail = format!("{detail} (mode {:o})", found.mode() & 0o777);
    Err(refused(path, &detail, &format!("chmod {wanted:o} {}", word(path))))
}

/// Access lists are inherited from the user's profile here.
#[cfg(not(unix))]
fn check_owner_and_mode(_path: &Path, _found: &fs::Metadata, _wanted: u32) -> Result<(), StoreFault> {
    Ok(())
}

fn refused(path: &Path, detail: &str, fix: &str) -> StoreFault {
    StoreFault::Permission {
        place: path.display().to_string(),
        detail: detail.to_owned(),
        fix: fix.to_owned(),
    }
}

/// The command that takes away what stands in the place of a file, under a name that is free.
pub(crate) fn set_aside(path: &Path) -> String {
    let mut aside = format!("{}.aside", path.display());
    for number in 2..SEARCH_MAX {
        if !Path::new(&aside).exists() {
            break;
        }
        aside = format!("{}.aside-{number}", path.display());
    }
    format!("mv {} {}", word(path), shell_word(&aside))
}

fn word(path: &Path) -> String {
    shell_word(&path.display().to_string())
}

#[cfg(unix)]
fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600)
}

#[cfg(not(unix))]
fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    options
}

#[cfg(unix)]
fn no_follow(options: &mut OpenOptions) -> &mut OpenOptions {
    // The bits of `open` flags are an int in C; they fit by definition.
    let flag = i32::try_from(rustix::fs::OFlags::NOFOLLOW.bits()).unwrap_or(0);
    std::os::unix::fs::OpenOptionsExt::custom_flags(options, flag)
}

#[cfg(not(unix))]
fn no_follow(options: &mut OpenOptions) -> &mut OpenOptions {
    options
}

/// Nobody sets as many things aside in one place.
const SEARCH_MAX: u32 = 100;

/// Group and others: any of these bits lets someone else in.
#[cfg(unix)]
const OTHERS: u32 = 0o077;

/// What the owner needs to look at a file (read) or a directory (read and enter); root needs neither.
#[cfg(unix)]
const READABLE: u32 = 0o500;

/// More than any key file or journal holds, so that reading does not leave copies of a secret behind in a growing buffer.
const READ_AT_ONCE: usize = 128 * 1024;

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn a_replaced_file_is_ours_alone_and_leaves_nothing_beside_it() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("key");
        replace(&path, b"one").unwrap();
        replace(&path, b"two").unwrap();
        assert_eq!(mode(&path), 0o600);
        assert_eq!(read(&path, 10).unwrap().unwrap().as_slice(), b"two");
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
    }

    #[test]
    fn what_others_can_reach_is_refused_with_the_command_that_mends_it() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("key");
        replace(&path, b"secret").unwrap();
        for bits in [0o640, 0o604, 0o620, 0o610] {
            fs::set_permissions(&path, fs::Permissions::from_mode(bits)).unwrap();
            let Err(StoreFault::Permission { fix, .. }) = read(&path, 10) else {
                panic!("{bits:o} was read");
            };
            assert_eq!(fix, format!("chmod 600 {}", path.display()));
        }
    }

    #[test]
    fn a_link_is_not_followed() {
        let directory = tempfile::tempdir().unwrap();
        let (path, link) = (directory.path().join("key"), directory.path().join("link"));
        replace(&path, b"secret").unwrap();
        symlink(&path, &link).unwrap();
        assert!(matches!(read(&link, 10), Err(StoreFault::Permission { .. })));
        assert!(open_or_create(&link).is_err());
    }

    #[test]
    fn a_directory_in_place_of_a_file_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        assert!(matches!(
            check_file(directory.path()),
            Err(StoreFault::Permission { .. })
        ));
        assert!(!check_file(&directory.path().join("none")).unwrap());
    }
}
