//! `run/gateway.json`: the address of a gateway, which may have ended without removing it.

use super::finding::Finding;
use super::processes::is_ours;
use super::shell::{run, word};
use crate::announcement::{Announced, announced};
use crate::home::Home;
use crate::private_file;

/// Whether the gateway that announced itself still runs.
pub(super) fn finding(home: &Home) -> Finding {
    let (path, found) = announced(home);
    let stale = |what: String| {
        let command = if path.is_file() {
            format!("rm -f {}", word(&path))
        } else {
            private_file::set_aside(&path)
        };
        let remedy = run(command, "take it away: the next gateway writes its own");
        Finding::warn(CHECK, what, remedy)
    };
    match found {
        Announced::Nothing => Finding::ok(CHECK, "no gateway of this home is announced"),
        Announced::Unreadable(why) => stale(format!("{} does not say where a gateway runs: {why}", path.display())),
        Announced::At { address, pid } if is_ours(pid) == Some(false) => stale(format!(
            "{} names a gateway at {address}, whose process {pid} has ended",
            path.display()
        )),
        Announced::At { address, pid } => Finding::ok(CHECK, format!("process {pid} serves at {address}")),
    }
}

const CHECK: &str = "gateway";
