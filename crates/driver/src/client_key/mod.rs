//! A client key: what a client of the gateway shows to be let in, and what it may do then.

mod name;
mod record;
mod terms;
mod text;

pub use name::KeyName;
pub use record::{AddedKey, ClientKey, NewKey};
pub use terms::KeyTerms;
pub(crate) use text::{holds_one, is_ours, mint};
