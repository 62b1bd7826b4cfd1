//! What can be seen of other processes without disturbing them.

use std::path::Path;

/// Whether a process of that number lives and is one of evergrant's; `None` if that cannot be told here.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(super) fn is_ours(pid: u32) -> Option<bool> {
    if !Path::new("/proc/self/cmdline").exists() {
        return None;
    }
    // Of a process that is gone, or dead and not yet buried, nothing is left to read.
    let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    Some(line.windows(NAME.len()).any(|window| window == NAME))
}

/// Elsewhere it cannot be told portably.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(super) const fn is_ours(_pid: u32) -> Option<bool> {
    None
}

/// Whether anyone holds a lock on this file (`flock`); `None` if that cannot be told without taking it.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(super) fn is_locked(path: &Path) -> Option<bool> {
    use std::os::unix::fs::MetadataExt;
    let inode = std::fs::metadata(path).ok()?.ino().to_string();
    for _ in 0..LOOKS {
        // proc_locks(5): number, kind, mode, access, process, device and inode, range.
        let table = std::fs::read_to_string("/proc/locks").ok()?;
        let mut held = table
            .lines()
            .map(|line| line.split_ascii_whitespace().collect::<Vec<_>>());
        let is_held = held.any(|fields| {
            let of_file = |place: &&str| place.rsplit(':').next() == Some(&inode);
            fields.contains(&"FLOCK") && fields.iter().any(of_file)
        });
        if is_held {
            return Some(true);
        }
    }
    Some(false)
}

/// Elsewhere it cannot be told.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(super) const fn is_locked(_path: &Path) -> Option<bool> {
    None
}

/// What the command line of each of our processes holds.
#[cfg(any(target_os = "linux", target_os = "android"))]
const NAME: &[u8] = b"evergrant";

/// 5 looks: the kernel gives the table in pieces, and a line is left out where a lock before it is given back in between.
#[cfg(any(target_os = "linux", target_os = "android"))]
const LOOKS: usize = 5;
