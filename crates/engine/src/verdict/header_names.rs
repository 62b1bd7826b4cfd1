//! What one cheap look at the names of an answer's headers promises, before any of them is asked for.

use std::sync::LazyLock;

use http::{HeaderMap, HeaderName, HeaderValue};
use memchr::memmem::Finder;

/// The names of an answer's headers, at a glance.
#[derive(Clone, Debug)]
pub(super) struct HeaderNames<'h> {
    headers: &'h HeaderMap,
    /// The first of the headers: a walk through the map takes several times as long.
    first: [Option<(&'h str, &'h HeaderValue)>; FIRST],
    /// A few bits for each name.
    seen: u64,
    /// A bit for each value, in their order, whose name may tell of a limit's windows; all beyond the last share that.
    of_windows: u64,
    /// Whether one may say of this request when to come back.
    pub(super) may_advise: bool,
}

impl<'h> HeaderNames<'h> {
    /// Looks at the names: at most of them in one line, because one long look is cheaper than many short ones.
    pub(super) fn of(headers: &'h HeaderMap) -> Self {
        let mut names = Self {
            headers,
            first: [None; FIRST],
            seen: 0,
            of_windows: 0,
            may_advise: false,
        };
        let (mut line, mut ends, mut length) = ([0; LINE], [0; LAST], 0);
        for (place, (name, value)) in headers.iter().enumerate() {
            let name = name.as_str();
            if let Some(first) = names.first.get_mut(place) {
                *first = Some((name, value));
            }
            let name = name.as_bytes();
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
    pub(super) fn may_have(&self, name: &HeaderName) -> bool {
        self.may_have_bit(bit_of(name.as_str().as_bytes()))
    }

    /// Whether a header may be there whose name has that bit.
    pub(super) const fn may_have_bit(&self, bit: u64) -> bool {
        self.seen & bit != 0
    }

    /// Whether one may tell of a limit's windows.
    pub(super) const fn may_tell_of_windows(&self) -> bool {
        self.of_windows != 0
    }

    /// Each that may.
    pub(super) fn of_windows(&self) -> impl Iterator<Item = (&'h str, &'h HeaderValue)> {
        let mut places = self.of_windows;
        let first = std::iter::from_fn(move || {
            let place = places.trailing_zeros() as usize;
            places &= places.wrapping_sub(1);
            self.first.get(place).copied().flatten()
        });
        let may_tell = |place: usize| self.of_windows & (1 << place.min(LAST)) != 0;
        let rest = self.rest().filter(move |(place, _)| may_tell(*place));
        first.chain(rest.map(|(_, header)| header))
    }

    /// The first whose name is meant.
    pub(super) fn find(&self, is_it: impl Fn(&str) -> bool) -> Option<(&'h str, &'h HeaderValue)> {
        let mut first = self.first.iter().map_while(|header| *header);
        let found = first.find(|(name, _)| is_it(name));
        found.or_else(|| self.rest().map(|(_, header)| header).find(|(name, _)| is_it(name)))
    }

    /// Those after the first, and their places.
    fn rest(&self) -> impl Iterator<Item = (usize, (&'h str, &'h HeaderValue))> {
        let is_there = self.first.last().is_some_and(Option::is_some);
        let all = is_there.then(|| self.headers.iter().enumerate().skip(FIRST));
        all.into_iter()
            .flatten()
            .map(|(place, (name, value))| (place, (name.as_str(), value)))
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
/// 24 headers: few answers have more.
const FIRST: usize = 24;
/// The last bit.
const LAST: usize = 63;
/// 512 bytes: the names of two dozen headers.
const LINE: usize = 512;
