//! The classifier: captured replies with their true verdicts, and what no reply may do to it.

mod advice;
mod anything;
mod audit;
mod bait;
mod corpus;
mod echoes;
mod folds;
mod prompts;
mod proof;
mod replies;
mod reset;
mod stream;
mod support;
