//! Homes that are broken, one fault each: `doctor` names it, its remedy is run as it is printed, and `doctor` is clean.

#![allow(
    clippy::print_stdout,
    reason = "the line that shows these tests says what each home was mended of"
)]

mod credentials;
mod files;
mod leftovers;
mod machine;
mod patient;
mod settings;
mod spared;
