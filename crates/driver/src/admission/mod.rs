//! Who is let in at the gateway: the client keys as a snapshot in memory, and what each has used of its terms.

mod answers_paid;
mod door;
mod guest;
mod kept_out;
mod keyring;
mod meter;
mod refusal;

pub(crate) use door::{Door, Entry};
pub use guest::Guest;
pub use kept_out::KeptOut;
pub(crate) use refusal::{needed, unknown};
