//! The home directory itself.

use std::fs;
use std::io::ErrorKind;

use super::finding::Finding;
use super::shell::{run, word};
use crate::fault::StoreFault;
use crate::home::Home;
use crate::{file_system, private_file};

/// What was found of the home, and whether one can look into it.
pub(super) fn findings(home: &Home) -> (Vec<Finding>, bool) {
    let root = home.root();
    match fs::metadata(root) {
        Err(error) if error.kind() == ErrorKind::NotFound && fs::symlink_metadata(root).is_err() => {
            let message = format!("there is no home at {} yet: the first login makes it", root.display());
            return (vec![Finding::ok("store", message)], false);
        }
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let remedy = run(
                format!("rm {}", word(root)),
                "remove the link: the first login makes a home",
            );
            let message = format!("the home {} is a link that leads nowhere", root.display());
            return (vec![Finding::fault(CHECK, message, remedy)], false);
        }
        Err(error) => {
            let fault = StoreFault::from_io(root, "looking at it", &error);
            return (vec![Finding::of_store(CHECK, fault)], false);
        }
        Ok(_) => {}
    }
    let mut findings = Vec::new();
    let own = private_file::check_directory(root);
    let is_directory = root.is_dir();
    if let Err(fault) = own {
        findings.push(Finding::of_store(CHECK, fault));
    }
    if is_directory {
        let places = [Some(root), home.database().parent().filter(|parent| *parent != root)];
        for place in places.into_iter().flatten() {
            if let Err(fault) = file_system::check(place)
                && !matches!(fault, StoreFault::Missing { .. })
            {
                findings.push(Finding::of_store(CHECK, fault));
            }
        }
    }
    if findings.is_empty() {
        findings.push(Finding::ok(
            CHECK,
            format!("{} is ours alone, on a local disk", root.display()),
        ));
    }
    (findings, is_directory && fs::read_dir(root).is_ok())
}

const CHECK: &str = "home";
