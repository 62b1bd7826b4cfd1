//! How many files and connections this process may have open.
//!
//! Public for the gateway of the command line, and hidden from the docs: no part of the contract.

#[cfg(unix)]
use evergrant_engine::protection::{Protection, stands};

/// Allows this process as many as it may allow itself. Systems begin with 1,024 for the sake of programs that use `select`; a
/// gateway needs two for each stream.
pub fn allow_many() {
    #[cfg(unix)]
    if stands(Protection::ManyFiles) {
        use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
        let maximum = getrlimit(Resource::Nofile).maximum;
        let raised = Rlimit {
            current: maximum,
            maximum,
        };
        // Some systems name a maximum that they do not grant; then there are as many as before.
        let _ = setrlimit(Resource::Nofile, raised);
    }
}

/// How many connections of clients find room, each with one to a provider; `None` if nothing limits them.
pub fn pairs() -> Option<u64> {
    allowed().map(|files| files.saturating_sub(OWN_FILES) / 2)
}

/// How many that are; `None` if nothing limits them.
pub fn allowed() -> Option<u64> {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, getrlimit};
        getrlimit(Resource::Nofile).current
    }
    #[cfg(not(unix))]
    None
}

/// 64 files for what is nobody's connection: store, locks, listeners, a renewal.
const OWN_FILES: u64 = 64;
