//! The command line as users and scripts meet it.

mod backup;
mod credentials;
mod evidence;
mod exec;
mod exec_key;
mod exits;
mod explain;
mod hard_end;
#[cfg(unix)]
mod import;
mod interrupts;
mod keys;
mod login;
mod logout;
mod models;
mod newcomer;
mod reports;
mod secrets;
mod store;
mod torture;
mod usage;
