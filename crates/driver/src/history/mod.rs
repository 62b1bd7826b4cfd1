//! Conversations and usage, in a file of their own beside the grant store: whatever befalls it, credentials are not touched.

mod conversation;
mod fault;
mod file;
mod keeping;
mod reader;
mod reading;
mod schema;
mod usage;

pub use conversation::{Conversation, ConversationId, Ending, Heading, Message, Role, Summary};
pub use file::History;
pub use usage::{UsageBy, UsageRow, UsageSum, usage};
pub(crate) use usage::{UsageSlot, tokens_by_key};
