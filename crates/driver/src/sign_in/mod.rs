//! Logging in: the flows, from the first event to a grant that is kept.

mod authorize;
mod choice;
mod device;
mod exchange;
mod login;
mod session;

pub use choice::{SignInEvent, SignInOptions};
// Public for the tests, and hidden: whoever logs in does so by `Driver::sign_in`, which keeps what is granted.
#[doc(hidden)]
pub use login::sign_in;
pub use session::Person;
#[doc(hidden)]
pub use session::SignIn;
