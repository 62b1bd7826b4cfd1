//! The command line as users and scripts meet it.

mod credentials;
mod explain;
mod login;
mod reports;
mod usage;
