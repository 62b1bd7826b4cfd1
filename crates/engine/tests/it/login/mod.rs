//! Logging in: answers of every sort, and the device flow from end to end.

mod answers;
mod callback;
mod device;
mod discovery;
