//! A sealed copy of what a home holds, to be carried away and brought back.

mod armour;
mod exporting;
mod fault;
mod placing;
mod report;
mod restoring;
mod sealed;

pub use exporting::{Exported, export};
pub use placing::check_place;
pub use report::{Restoration, RestoredOne, RestoredReport};
pub use sealed::{OpenedBackup, SealedBackup};
