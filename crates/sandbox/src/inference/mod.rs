//! The inference API below `/v1`: models, chat completions, responses, messages, embeddings.

mod access;
mod chat;
mod endpoints;
mod events;
mod faults;
mod gate;
mod messages;
mod prompt;
mod realtime;
mod responses;

pub(crate) use endpoints::answer;
pub(crate) use realtime::upgrade;
