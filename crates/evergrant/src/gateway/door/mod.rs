//! Who and what comes in: holders of keys, no web pages, nothing that two readers could read differently.

mod entrance;
mod framing;
mod guard;

pub(super) use entrance::Entrance;
pub(super) use framing::check as check_framing;
