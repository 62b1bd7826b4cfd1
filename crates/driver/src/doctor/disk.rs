//! Whether the disk would take what a renewal has to write: asked of the system, never tried.

use std::fs;
use std::path::{Path, PathBuf};

use rustix::fs::{StatVfsMountFlags, statvfs};
use rustix::process::{Resource, getrlimit};

use super::finding::Finding;
use super::shell::{run, sudo, word};
use crate::home::Home;

/// What is in the way of writing, or that nothing is.
pub(super) fn findings(home: &Home) -> Vec<Finding> {
    let root = home.root();
    let elsewhere = home.database().parent().filter(|parent| *parent != root);
    let places = [Some(root), elsewhere].into_iter().flatten();
    let mut findings: Vec<Finding> = places.filter_map(place).collect();
    findings.extend(limit(home));
    if findings.is_empty() {
        findings.push(Finding::ok(CHECK, "there is room to save what a renewal receives"));
    }
    findings
}

fn place(place: &Path) -> Option<Finding> {
    let found = statvfs(place).ok()?;
    let mount = mount_point(place);
    if found.f_flag.contains(StatVfsMountFlags::RDONLY) {
        let message = format!("{} lies on a file system that is mounted read-only", place.display());
        let command = format!("{}mount -o remount,rw {}", sudo(), word(&mount));
        let remedy = run(command, "make it writable: a renewal that cannot be saved is not begun");
        return Some(Finding::fault(CHECK, message, remedy));
    }
    let free = found.f_bavail.saturating_mul(found.f_frsize);
    let full = if free < ROOM {
        format!("{} KiB are free", free / 1024)
    } else if found.f_files > 0 && found.f_favail == 0 {
        "no file can be added".to_owned()
    } else {
        return None;
    };
    let message = format!("the disk under {} is full: {full}", place.display());
    let command = format!("du -xah {} 2>/dev/null | sort -h | tail -20", word(&mount));
    let why = format!("free {} KiB there at least: these are the largest", ROOM / 1024);
    Some(Finding::fault(CHECK, message, run(command, why)))
}

/// How large a file this process may make at all.
fn limit(home: &Home) -> Option<Finding> {
    let database = fs::symlink_metadata(home.database()).map_or(0, |found| found.len());
    let limit = getrlimit(Resource::Fsize);
    let allowed = limit
        .current
        .filter(|allowed| *allowed < database.saturating_add(FILE_MAX))?;
    let message = format!("no file may grow beyond {} KiB here (`ulimit -f`)", allowed / 1024);
    let command = if limit.maximum.is_none() {
        "ulimit -f unlimited".to_owned()
    } else {
        format!("{}prlimit --fsize=unlimited:unlimited --pid $$", sudo())
    };
    let remedy = run(command, "lift the limit of this shell: the store's log would not fit");
    Some(Finding::fault(CHECK, message, remedy))
}

/// Where the file system of a place begins.
fn mount_point(place: &Path) -> PathBuf {
    let place = place.canonicalize().unwrap_or_else(|_| place.to_owned());
    // proc_pid_mountinfo(5): the fifth field, with blanks and backslashes written as octal numbers.
    let table = fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
    let points = table.lines().filter_map(|line| {
        let point = line.split(' ').nth(4)?;
        Some(PathBuf::from(point.replace("\\040", " ").replace("\\134", "\\")))
    });
    points
        .filter(|point| place.starts_with(point))
        .max_by_key(|point| point.components().count())
        .unwrap_or(place)
}

const CHECK: &str = "file system";

/// 1 MiB: the room of a journal, 64 KiB, and the log of some commits.
const ROOM: u64 = 1024 * 1024;

/// 8 MiB beyond what the store has: twice what SQLite's log grows to before it is written back.
const FILE_MAX: u64 = 8 * 1024 * 1024;
