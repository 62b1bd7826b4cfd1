//! Which file systems a home may lie on: those whose locks and syncs hold.

use std::path::Path;

use crate::fault::StoreFault;

/// Refuses a directory on a network file system, where the system can tell.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(crate) fn check(directory: &Path) -> Result<(), StoreFault> {
    let found = rustix::fs::statfs(directory)
        .map_err(|error| StoreFault::from_io(directory, "looking at its file system", &error.into()))?;
    // The type is a signed or an unsigned long, by machine; its low 32 bits are the magic number.
    let [a, b, c, d, ..] = found.f_type.to_le_bytes();
    network(u32::from_le_bytes([a, b, c, d])).map_or(Ok(()), |kind| {
        Err(StoreFault::Network {
            place: directory.display().to_string(),
            kind,
        })
    })
}

/// Elsewhere it cannot be told portably.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(crate) fn check(_directory: &Path) -> Result<(), StoreFault> {
    Ok(())
}

/// The name of a network file system, by its magic number (statfs(2), `linux/magic.h`).
#[cfg(any(target_os = "linux", target_os = "android"))]
const fn network(magic: u32) -> Option<&'static str> {
    Some(match magic {
        0x6969 => "nfs",
        0x517b => "smb",
        0xfe53_4d42 => "smb2",
        0xff53_4d42 => "cifs",
        0x0102_1997 => "9p",
        0x5346_414f | 0x6b41_4653 => "afs",
        0x00c3_6400 => "ceph",
        0x7375_7245 => "coda",
        0x564c => "ncp",
        0x0bd0_0bd0 => "lustre",
        _ => return None,
    })
}

#[cfg(test)]
#[cfg(any(target_os = "linux", target_os = "android"))]
mod tests {
    use super::*;

    #[test]
    fn network_file_systems_are_known_and_local_ones_pass() {
        assert_eq!(network(0x6969), Some("nfs"));
        assert_eq!(network(0xff53_4d42), Some("cifs"));
        for local in [0xef53, 0x0102_1994, 0x9123_683e, 0x5846_5342, 0x794c_7630] {
            assert_eq!(network(local), None);
        }
        let directory = tempfile::tempdir().unwrap();
        check(directory.path()).unwrap();
    }
}
