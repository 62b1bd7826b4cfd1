//! Logging in: the flows, from the first event to a grant that is kept.

mod authorize;
mod choice;
mod device;
mod exchange;
mod login;
mod session;

pub use choice::{SignInEvent, SignInOptions};
pub use login::sign_in;
pub use session::{Person, SignIn};
