//! What one cheap look at the names of an answer's headers promises, before any of them is asked for.

use http::{HeaderMap, HeaderName};

/// The names of an answer's headers, at a glance.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct HeaderNames {
    /// A few bits for each name.
    seen: u64,
    /// A bit for each name, in their order, that may tell of a limit's windows; all beyond the last share that.
    of_windows: u64,
    /// Whether one may say of this request when to come back.
    pub(super) may_advise: bool,
}

impl HeaderNames {
    /// Looks at the names.
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let mut names = Self::default();
        for (place, name) in headers.keys().enumerate() {
            let name = name.as_str().as_bytes();
            names.seen |= bit_of(name);
            let (retries, resets) = tells(name);
            names.may_advise |= retries;
            names.of_windows |= u64::from(resets) << place.min(LAST);
        }
        names
    }

    /// Whether a header of that name may be there.
    pub(super) fn may_have(self, name: &HeaderName) -> bool {
        self.may_have_bit(bit_of(name.as_str().as_bytes()))
    }

    /// Whether a header may be there whose name has that bit.
    pub(super) const fn may_have_bit(self, bit: u64) -> bool {
        self.seen & bit != 0
    }

    /// Whether one may tell of a limit's windows.
    pub(super) const fn may_tell_of_windows(self) -> bool {
        self.of_windows != 0
    }

    /// Whether those of the name in that place may.
    pub(super) fn may_tell_of_a_window(self, place: usize) -> bool {
        self.of_windows & (1 << place.min(LAST)) != 0
    }
}

/// Whether a name may speak of retrying, and whether it tells of a window.
fn tells(name: &[u8]) -> (bool, bool) {
    let (mut retries, mut resets) = (false, false);
    for part in name.windows(3).filter(|part| part[1] == b'e' && part[0] == b'r') {
        retries |= part[2] == b't';
        resets |= part[2] == b's';
    }
    (retries, resets && names_a_reset(name) || is_read_whole(name))
}

fn names_a_reset(name: &[u8]) -> bool {
    name.windows(5).any(|part| part == b"reset")
}

/// Whether it is a header whose name says what it is without that word.
fn is_read_whole(name: &[u8]) -> bool {
    matches!(name, [b'r' | b'x' | b'a', ..]) && (is_structured(name) || name == CLAIM.as_bytes())
}

/// Headers of one line for a whole window: `RateLimit` of the drafts of draft-ietf-httpapi-ratelimit-headers, and
/// GitHub's snapshots of a quota.
pub(super) fn is_structured(name: &[u8]) -> bool {
    matches!(name, b"ratelimit" | b"x-ratelimit") || name.starts_with(b"x-quota-snapshot")
}

/// The bit of a name: its length and its ends tell most names apart.
pub(super) fn bit_of(name: &[u8]) -> u64 {
    let ends = name
        .first()
        .zip(name.last())
        .map_or(0, |(first, last)| usize::from(*first) + 7 * usize::from(*last));
    1 << ((ends + 29 * name.len()) % 64)
}

/// Where Anthropic names the window that decides.
pub(super) const CLAIM: &str = "anthropic-ratelimit-unified-representative-claim";
/// The last bit.
const LAST: usize = 63;
