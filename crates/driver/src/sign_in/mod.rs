//! Logging in: the flows, from the first event to a grant that is kept.

mod authorize;
mod choice;
mod device;
mod exchange;
mod login;

pub use choice::{SignInEvent, SignInOptions};
pub use login::{Person, SignIn, sign_in};
