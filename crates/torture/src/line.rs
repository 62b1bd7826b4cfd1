//! The lines that can be shown, by name.

use clap::ValueEnum;

/// A line of the promise that no grant is ever lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Line {
    /// a: many processes with many tasks find one token stale.
    Storm,
    /// b: many processes are refused in the same second.
    Burst,
    /// c: processes killed at each point of a renewal, at a provider without a grace.
    Kill,
    /// d: the same at a provider with a grace.
    Grace,
    /// e: whoever asked for a renewal leaves in the middle of it.
    Cancel,
    /// f: whoever renews is stopped for 30 s at each step.
    Stop,
    /// g: clocks that are stepped, frozen, that drift or begin anew.
    Clocks,
    /// h: a disk that fails at every write.
    Disk,
    /// i: every answer of a token endpoint, as the golden table has it.
    Endpoint,
    /// j: a dead grant, asked for again and again by many processes.
    Dead,
    /// k: a token endpoint that is out of order for minutes.
    Outage,
    /// l: a logout races a renewal, again and again.
    Logout,
    /// n: half an hour of chaos.
    Soak,
    /// p: how long an answer that was read is in memory only.
    Exposure,
}
