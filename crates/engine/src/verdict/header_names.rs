//! What one cheap look at the names of an answer's headers promises, before any of them is asked for.

use http::{HeaderMap, HeaderName};

use super::windows;

/// The names of an answer's headers, at a glance.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct HeaderNames {
    /// One bit for each length.
    lengths: u64,
    /// Whether one may say of this request when to come back.
    pub(super) may_advise: bool,
    /// Whether one may tell of a limit's windows.
    pub(super) may_tell_of_windows: bool,
}

impl HeaderNames {
    /// Looks at the names.
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let mut names = Self::default();
        for name in headers.keys() {
            let name = name.as_str().as_bytes();
            names.lengths |= bit_of(name.len());
            for part in name.windows(3).filter(|part| part.starts_with(b"re")) {
                names.may_advise |= part[2] == b't';
                names.may_tell_of_windows |= part[2] == b's';
            }
            names.may_tell_of_windows |= windows::is_structured(name);
        }
        names
    }

    /// Whether a header of that name may be there; one whose length no header's name has is not.
    pub(super) fn may_have(self, name: &HeaderName) -> bool {
        self.lengths & bit_of(name.as_str().len()) != 0
    }
}

const fn bit_of(length: usize) -> u64 {
    1 << (length % 64)
}
