//! Who can reach what lies in the home.

use std::fs;
use std::path::{Path, PathBuf};

use super::finding::Finding;
use super::shell::run;
use crate::fault::StoreFault;
use crate::home::Home;
use crate::private_file;

/// Each file that is not as it should be, or that all are.
pub(super) fn findings(home: &Home) -> Vec<Finding> {
    let mut findings = secrets(home);
    findings.extend(loose(home));
    if findings.is_empty() {
        findings.push(Finding::ok(CHECK, "everything in it is ours alone"));
    }
    findings
}

/// What nobody else may so much as read.
fn secrets(home: &Home) -> Vec<Finding> {
    let mut faults = Vec::new();
    for directory in [home.locks(), home.run(), home.log(), home.providers()] {
        if fs::symlink_metadata(&directory).is_ok() {
            note(
                private_file::check_directory(&directory),
                &directory,
                &home.providers(),
                &mut faults,
            );
        }
    }
    for file in private_files(home) {
        faults.extend(private_file::check_file(&file).err());
    }
    let fixes: Vec<(String, String)> = faults
        .iter()
        .filter_map(|fault| match fault {
            StoreFault::Permission { place, fix, .. } => Some((place.clone(), fix.clone())),
            _ => None,
        })
        .collect();
    if fixes.len() <= TOLD_APART || fixes.len() < faults.len() {
        return faults
            .into_iter()
            .map(|fault| Finding::of_store(CHECK, fault))
            .collect();
    }
    let (places, commands): (Vec<String>, Vec<String>) = fixes.into_iter().unzip();
    let message = format!("files that may not be used as they are: {}", places.join(", "));
    vec![Finding::fault(
        CHECK,
        message,
        run(commands.join(" && "), "give them back to you alone"),
    )]
}

/// The rows' directory need not be secret: who may write into it is looked at with the rows.
fn note(checked: Result<(), StoreFault>, directory: &Path, rows: &Path, faults: &mut Vec<StoreFault>) {
    if let Err(fault) = checked
        && (directory != rows || !directory.is_dir())
    {
        faults.push(fault);
    }
}

fn private_files(home: &Home) -> Vec<PathBuf> {
    let mut files = vec![
        home.key(),
        home.run().join("gateway.json"),
        home.run().join("metadata.json"),
    ];
    for database in [home.database().to_owned(), home.history()] {
        for ending in ["", "-wal", "-shm"] {
            let mut name = database.clone().into_os_string();
            name.push(ending);
            files.push(PathBuf::from(name));
        }
    }
    let entries = fs::read_dir(home.locks()).into_iter().flatten().flatten();
    let ours = |path: &PathBuf| {
        let ending = path.extension().and_then(|ending| ending.to_str());
        matches!(ending, Some("lock" | "holder" | "journal"))
    };
    files.extend(entries.map(|entry| entry.path()).filter(ours).take(FILES_MAX));
    files
}

/// What holds no secret, but decides where secrets go: nobody else may write it.
#[cfg(unix)]
fn loose(home: &Home) -> Vec<Finding> {
    use std::os::unix::fs::MetadataExt;

    use super::shell::{sudo, word};

    let us = rustix::process::geteuid().as_raw();
    let mut paths = vec![home.configuration(), home.providers()];
    let rows = fs::read_dir(home.providers()).into_iter().flatten().flatten();
    paths.extend(rows.map(|entry| entry.path()).take(FILES_MAX));
    let told = paths.into_iter().filter_map(|path| {
        let found = fs::metadata(&path).ok()?;
        let place = path.display();
        if found.uid() != us && found.uid() != 0 {
            let message = format!("{place} belongs to user {}, and this is user {us}", found.uid());
            let command = format!("{}chown {us} {}", sudo(), word(&path));
            return Some(Finding::fault(
                CHECK,
                message,
                run(command, "give the file back to you alone"),
            ));
        }
        (found.mode() & OTHERS_WRITE != 0).then(|| {
            let message = format!(
                "others than its owner may write {place} (mode {:o})",
                found.mode() & 0o777
            );
            let command = format!("chmod go-w {}", word(&path));
            Finding::warn(CHECK, message, run(command, "it decides where credentials are sent"))
        })
    });
    told.collect()
}

/// Access lists are inherited from the user's profile here.
#[cfg(not(unix))]
fn loose(_home: &Home) -> Vec<Finding> {
    Vec::new()
}

const CHECK: &str = "permissions";

/// Beyond these it is one cause, such as a `chmod -R`, and one command mends it.
const TOLD_APART: usize = 4;

/// A limit on the walk; nobody has as many credentials or rows.
const FILES_MAX: usize = 1_000;

/// Group and others, writing.
#[cfg(unix)]
const OTHERS_WRITE: u32 = 0o022;
