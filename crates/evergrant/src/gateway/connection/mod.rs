//! One connection of a client, and what either side may ask of the other: patience, limits, an end.

mod converse;
mod patience;
mod patient;
mod preface;
mod streams;

pub(super) use converse::{Reception, converse};
