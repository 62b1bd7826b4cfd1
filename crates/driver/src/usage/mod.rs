//! What was used: read off answers as they go by, added up in memory, and written into the history in batches.

mod beginning;
mod books;
mod said;
mod scan;
mod spending;
mod told;
mod totals;

pub(crate) use beginning::Beginning;
pub(crate) use books::Books;
pub(crate) use scan::Form;
pub(crate) use spending::{Answer, Entry, Spending, Weight};
pub use totals::UsageTotals;
