//! What one cheap look at the names of an answer's headers promises, before any of them is asked for.

use std::sync::LazyLock;

use http::{HeaderMap, HeaderName};
use memchr::memmem::Finder;

/// The names of an answer's headers, at a glance.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct HeaderNames {
    /// A few bits for each name.
    seen: u64,
    /// A bit for each value, in their order, whose name may tell of a limit's windows; all beyond the last share that.
    of_windows: u64,
    /// Whether one may say of this request when to come back.
    pub(super) may_advise: bool,
}

impl HeaderNames {
    /// Looks at the names: at most of them in one line, because one long look is cheaper than many short ones.
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let mut names = Self::default();
        let (mut line, mut ends, mut length) = ([0; LINE], [0; LAST], 0);
        for (place, (name, _)) in headers.iter().enumerate() {
            let name = name.as_str().as_bytes();
            names.seen |= bit_of(name);
            if is_read_whole(name) {
                names.tell_of_a_window(place);
            }
            if let (Some(room), Some(end)) = (line.get_mut(length..length + name.len()), ends.get_mut(place)) {
                room.copy_from_slice(name);
                length += name.len();
                *end = length;
                // No word goes on from one name to the next.
                length += 1;
            } else {
                names.may_advise |= RETRY.find(name).is_some();
                if RESET.find(name).is_some() {
                    names.tell_of_a_window(place);
                }
            }
        }
        let line = line.get(..length).unwrap_or(&line);
        names.may_advise |= RETRY.find(line).is_some();
        for at in RESET.find_iter(line) {
            if let Some(place) = ends.iter().position(|end| at < *end) {
                names.tell_of_a_window(place);
            }
        }
        names
    }

    const fn tell_of_a_window(&mut self, place: usize) {
        self.of_windows |= 1 << if place < LAST { place } else { LAST };
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

    /// Whether the one in that place may.
    pub(super) fn may_tell_of_a_window(self, place: usize) -> bool {
        self.of_windows & (1 << place.min(LAST)) != 0
    }
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
/// What is in every name that speaks of retrying.
static RETRY: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("ret"));
static RESET: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("reset"));
/// The last bit.
const LAST: usize = 63;
/// 512 bytes: the names of two dozen headers.
const LINE: usize = 512;
