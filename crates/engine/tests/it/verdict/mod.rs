//! The classifier: captured replies with their true verdicts, and what no reply may do to it.

mod advice;
mod anything;
mod bait;
mod corpus;
mod proof;
mod reset;
mod stream;
