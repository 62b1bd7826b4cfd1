//! What comes after the part of an answer that is held.

use crate::http::ResponseBody;

/// What comes after what was held.
pub(super) enum Rest {
    /// The provider's own bytes.
    Coming(ResponseBody),
    /// Nothing: it is whole.
    Whole,
    /// Nothing: it broke off here.
    Broken(String),
}
