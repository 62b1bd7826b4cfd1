//! What the system tells of this process, under the names that every exporter uses.

use std::fs;

/// Memory in use, in bytes.
pub(super) fn resident_bytes() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024)
}

/// Open file descriptors.
pub(super) fn open_descriptors() -> Option<u64> {
    // One is the folder that is being read.
    let found = fs::read_dir("/proc/self/fd").ok()?.count().saturating_sub(1);
    u64::try_from(found).ok()
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn a_process_has_memory_and_descriptors() {
        assert!(resident_bytes().unwrap() > 1024 * 1024);
        assert!(open_descriptors().unwrap() >= 3);
    }
}
