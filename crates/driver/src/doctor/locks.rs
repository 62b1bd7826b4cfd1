//! Locks that are held, and what those left behind who held them; a stopped holder keeps everyone waiting.

use std::fs;
use std::path::Path;

use super::finding::Finding;
use super::processes::is_locked;
use super::shell::{run, word};
use crate::home::Home;
use crate::store::{Holder, Sidecar, read_sidecar};

/// What holds, or held, a lock; `name` tells what a credential with that id is called.
pub(super) fn findings(home: &Home, name: impl Fn(&str) -> String) -> Vec<Finding> {
    let locks = home.locks();
    let Ok(entries) = fs::read_dir(&locks) else {
        // What is there and cannot be read is told of with the permissions.
        return match fs::symlink_metadata(&locks) {
            Ok(_) => Vec::new(),
            Err(_) => vec![missing(&locks)],
        };
    };
    let mut paths: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    let sidecars = paths
        .iter()
        .filter(|path| path.extension().is_some_and(|ending| ending == "holder"));
    let mut findings: Vec<Finding> = sidecars
        .filter_map(|path| sidecar(path, &name(&path.file_stem().unwrap_or_default().to_string_lossy())))
        .collect();
    if findings.is_empty() {
        findings.push(Finding::ok(CHECK, "nobody is renewing at the moment"));
    }
    findings
}

fn sidecar(path: &Path, whose: &str) -> Option<Finding> {
    let left = |who: String| {
        let message = format!("{who} left its name at the lock of {whose}, and holds it no longer");
        Finding::warn(
            CHECK,
            message,
            run(
                format!("rm -f {}", word(path)),
                "remove the name: the lock itself is free",
            ),
        )
    };
    match read_sidecar(path).ok()? {
        Sidecar::Missing => None,
        Sidecar::Torn => Some(left("somebody".to_owned())),
        Sidecar::Gone(owner) => Some(left(format!("process {}, which has ended,", owner.pid))),
        Sidecar::Holder(holder) => held(path, whose, &holder, &left),
    }
}

fn held(path: &Path, whose: &str, holder: &Holder, left: &dyn Fn(String) -> Finding) -> Option<Finding> {
    let (pid, since) = (holder.owner.pid, holder.owner.since);
    let file = path.with_extension("lock");
    if fs::symlink_metadata(&file).is_err() {
        let message = format!(
            "the lock file of {whose} was removed while process {pid} holds it: another process could take it as well"
        );
        let command = format!("tail --pid={pid} -f /dev/null; rm -f {}", word(path));
        let remedy = run(command, "wait for that process to end, then remove the name it leaves");
        return Some(Finding::fault(CHECK, message, remedy));
    }
    if is_locked(&file) == Some(false) {
        // Whoever gives a lock back removes the name first: if it stands still, nobody does.
        return match read_sidecar(path) {
            Ok(Sidecar::Holder(still)) if still == *holder => Some(left(format!("process {pid}"))),
            Ok(_) | Err(_) => None,
        };
    }
    if holder.stopped {
        let message = format!("process {pid} holds the lock of {whose} since {since} and is stopped");
        let remedy = run(
            format!("kill -CONT {pid}"),
            "let it go on: while it is stopped nobody else may renew",
        );
        return Some(Finding::fault(CHECK, message, remedy));
    }
    Some(Finding::ok(
        CHECK,
        format!("process {pid} is renewing {whose} since {since}"),
    ))
}

fn missing(locks: &Path) -> Finding {
    let message = format!("the directory of the locks, {}, is gone", locks.display());
    let remedy = run(
        format!("mkdir -m 700 {}", word(locks)),
        "make it again, unless evergrant is running: it would hold locks that nobody sees",
    );
    Finding::warn(CHECK, message, remedy)
}

const CHECK: &str = "locks";
