//! Signals to processes that the harness has started, and what can be seen of them.

use anyhow::{Context as _, Result};
use rustix::process::{Pid, kill_process};
use tokio::process::Child;

pub(crate) use rustix::process::Signal;

/// Sends a signal, if the process still runs.
pub(crate) fn signal(child: &Child, signal: Signal) -> Result<()> {
    let Some(id) = child.id() else { return Ok(()) };
    let pid = Pid::from_raw(i32::try_from(id)?).context("a process without a number")?;
    kill_process(pid, signal).with_context(|| format!("signalling {id}"))
}

/// Whether it is stopped (proc_pid_stat(5): the state follows the name in parentheses).
pub(crate) fn is_stopped(child: &Child) -> Result<bool> {
    let Some(id) = child.id() else { return Ok(false) };
    let stat = std::fs::read_to_string(format!("/proc/{id}/stat"))?;
    let state = stat
        .rsplit(')')
        .next()
        .map(str::trim_start)
        .and_then(|rest| rest.chars().next());
    Ok(state == Some('T'))
}

/// What a process occupies.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Needs {
    /// Its resident memory.
    pub(crate) resident_kb: u64,
    /// Its open descriptors.
    pub(crate) descriptors: u64,
}

/// Reads it off `/proc`.
pub(crate) fn needs(child: &Child) -> Result<Needs> {
    let id = child.id().context("a process that has ended")?;
    let status = std::fs::read_to_string(format!("/proc/{id}/status"))?;
    let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let resident = resident.and_then(|text| text.split_whitespace().next());
    Ok(Needs {
        resident_kb: resident.context("no VmRSS")?.parse()?,
        descriptors: u64::try_from(std::fs::read_dir(format!("/proc/{id}/fd"))?.count())?,
    })
}
