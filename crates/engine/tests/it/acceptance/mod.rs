//! The cases of the mission, each by its name.

mod login;
mod verdict;
