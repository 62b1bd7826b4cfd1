//! The command line: one file a command, and the rooms they share.

mod add;
mod browser;
mod chat;
mod chat_json;
mod colours;
mod completions;
mod console;
mod credential_json;
mod credential_text;
mod curate;
mod demo;
mod dispatch;
mod doctor;
mod environment;
mod exit;
mod explain;
mod explain_json;
mod failure;
mod file_size;
mod import;
mod interrupts;
mod json;
mod label;
mod list;
mod log;
mod login;
mod login_json;
mod man;
mod online;
mod progress;
mod providers;
mod refresh;
mod remove;
mod revocation_text;
mod sandbox;
mod serve;
mod status;
mod stdin;
#[cfg(test)]
mod suggestions_tests;
mod table;
mod token;
mod typed;
mod when;

pub(crate) use dispatch::run;
pub(crate) use environment::Environment;
