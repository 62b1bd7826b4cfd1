//! Conversations, in a file of their own beside the grant store: whatever befalls it, credentials are not touched.

mod conversation;
mod fault;
mod file;
mod keeping;
mod reading;
mod schema;

pub use conversation::{Conversation, ConversationId, Ending, Heading, Message, Role, Summary};
pub use file::History;
