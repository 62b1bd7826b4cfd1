//! The auxiliary tasks of a conversation: a title, a summary; asked like everything else, and never in its way.

mod perform;
mod summary;
mod title;

pub(crate) use perform::{Auxiliary, perform};
pub(crate) use summary::{Compaction, Occasion, compaction};
pub(crate) use title::title_question;
