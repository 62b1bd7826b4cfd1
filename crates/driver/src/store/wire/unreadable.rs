//! The one way in which something stored does not read.

/// Something stored is not what it should be; the text names it, never its content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Unreadable(pub(crate) &'static str);
