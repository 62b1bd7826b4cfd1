//! The command line: one file a command, and the rooms they share.

mod colours;
mod completions;
mod console;
mod dispatch;
mod environment;
mod exit;
mod failure;
mod json;
mod log;
mod man;
mod online;
mod sandbox;
mod table;
mod typed;

pub(crate) use dispatch::run;
pub(crate) use environment::Environment;
