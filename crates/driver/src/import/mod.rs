//! Other tools' stores: read as borrowed, taken over, given back. The only folder that names tools.

mod borrowing;
mod codex;
mod document;
mod found;
mod grok;
mod hermes;
mod keys;
mod matching;
mod placing;
mod report;
mod reread;
mod returning;
mod run;
mod taking;
mod tool;
mod vessel;
mod work;

pub(crate) use document::missing;
pub use report::{Import, ImportWay, Imported, ImportedHow, ImportedOne, Skipped};
pub(crate) use reread::{Borrowing, as_their_owners_have_them};
pub(crate) use run::{providers_of, run};
pub(crate) use taking::copy_aside;
pub use tool::Tool;
pub(crate) use work::Work;
