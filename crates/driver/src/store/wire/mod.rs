//! How records are written down, for every store and the journal.

mod backup;
mod commit;
mod material;
mod moment;
mod pause;
mod revocation;
mod standing;
mod unreadable;

pub(crate) use backup::{read_backup, write_backup};
pub(super) use commit::{read_commit, write_commit};
pub(super) use material::{ReadBefore, read_material, write_material};
pub(super) use revocation::{read_hint, read_revocation, write_revocation};
pub(super) use standing::{read_source, read_standing, write_source, write_standing, write_standing_over};
pub(crate) use unreadable::Unreadable;
