//! What one cheap look at the names of an answer's headers promises, before any of them is asked for.

use http::{HeaderMap, HeaderName, HeaderValue};

use super::duration::Unit;

/// The names of an answer's headers, at a glance.
#[derive(Clone, Debug)]
pub(super) struct HeaderNames<'h> {
    headers: &'h HeaderMap,
    /// The first of the headers: a walk through the map takes several times as long.
    first: [Option<(&'h str, &'h HeaderValue)>; FIRST],
    /// A bit for each name; some share theirs.
    seen: u64,
    /// A bit for each value, in their order, whose name may tell of a limit's windows; all beyond the last share that.
    of_windows: u64,
    /// Whether one may say of this request when to come back.
    pub(super) may_advise: bool,
}

impl<'h> HeaderNames<'h> {
    /// None of them yet.
    #[inline]
    pub(super) const fn new(headers: &'h HeaderMap) -> Self {
        Self {
            headers,
            first: [None; FIRST],
            seen: 0,
            of_windows: 0,
            may_advise: false,
        }
    }

    /// Looks at the names.
    pub(super) fn look(&mut self) {
        for (place, (name, value)) in self.headers.iter().enumerate() {
            let name = name.as_str();
            if let Some(first) = self.first.get_mut(place) {
                *first = Some((name, value));
            }
            self.seen |= bit_of(name.as_bytes());
            let is_read_whole = matches!(name.as_bytes(), [b'r' | b'x' | b'a', ..]) && {
                self.may_advise |= is_advice(name);
                is_structured(name.as_bytes()) || name == CLAIM
            };
            if is_read_whole || reset_in(name).is_some() {
                self.of_windows |= 1 << place.min(LAST);
            }
        }
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

    /// The first that a header of that name gives. Apart from `find`: what both share would be called for each of the names.
    #[inline(always)]
    pub(super) fn of<T>(&self, name: &HeaderName, give: impl Fn(&'h HeaderValue) -> Option<T>) -> Option<T> {
        let name = name.as_str();
        for first in &self.first {
            let (one, value) = (*first)?;
            if one == name
                && let Some(given) = give(value)
            {
                return Some(given);
            }
        }
        let rest = self.rest().filter(|(_, (one, _))| *one == name);
        rest.map(|(_, (_, value))| value).find_map(give)
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

/// Whether a header of that name says of this request when to come back.
fn is_advice(name: &str) -> bool {
    let is_as_long = name.len() < 64 && LENGTHS & 1 << name.len() != 0;
    is_as_long && ADVICE.iter().any(|(advice, _)| *advice == name)
}

/// Headers of one line for a whole window: `RateLimit` of the drafts of draft-ietf-httpapi-ratelimit-headers, and
/// GitHub's snapshots of a quota.
pub(super) fn is_structured(name: &[u8]) -> bool {
    matches!(name, b"ratelimit" | b"x-ratelimit") || name.starts_with(b"x-quota-snapshot")
}

/// Where a name says `reset`: a letter where its last one could be tells how far on that may be.
pub(super) fn reset_in(name: &str) -> Option<usize> {
    let name = name.as_bytes();
    let mut last = RESET.len() - 1;
    while let Some(letter) = name.get(last) {
        let skip = usize::from(SKIPS[usize::from(*letter)]);
        if skip == 0 && name[..=last].ends_with(RESET) {
            return Some(last + 1 - RESET.len());
        }
        last += if skip == 0 { RESET.len() } else { skip };
    }
    None
}

/// The bit of a name: its length and its ends tell most names apart.
pub(super) const fn bit_of(name: &[u8]) -> u64 {
    let ends = match name {
        [first, .., last] => *first as usize + 7 * *last as usize,
        _ => 0,
    };
    1 << ((ends + 29 * name.len()) % 64)
}

/// Headers that say of this request when to come back, the finest first.
pub(super) const ADVICE: [(&str, Unit); 10] = [
    ("retry-after-ms", Unit::Millis),
    ("x-ms-retry-after-ms", Unit::Millis),
    ("x-amz-retry-after", Unit::Millis),
    ("x-retry-after-ms", Unit::Millis),
    ("retry-after", Unit::Seconds),
    ("x-retry-after", Unit::Seconds),
    ("retry-after-seconds", Unit::Seconds),
    ("x-ratelimit-retry-after", Unit::Seconds),
    ("x-ratelimit-user-retry-after", Unit::Seconds),
    ("x-rate-limit-retry-after-seconds", Unit::Seconds),
];
/// A bit for each length of their names.
const LENGTHS: u64 = {
    let (mut lengths, mut at) = (0, 0);
    while at < ADVICE.len() {
        lengths |= 1 << ADVICE[at].0.len();
        at += 1;
    }
    lengths
};
/// Where Anthropic names the window that decides.
pub(super) const CLAIM: &str = "anthropic-ratelimit-unified-representative-claim";
const RESET: &[u8] = b"reset";
/// How far it is from the last place of each letter in that word to its end.
const SKIPS: [u8; 256] = {
    let mut skips = [RESET.len() as u8; 256];
    let mut at = 0;
    while at < RESET.len() {
        skips[RESET[at] as usize] = (RESET.len() - 1 - at) as u8;
        at += 1;
    }
    skips
};
/// 24 headers: few answers have more.
const FIRST: usize = 24;
/// The last bit.
const LAST: usize = 63;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_advice_is_seen_among_the_names() {
        for (name, _) in ADVICE {
            let header = (HeaderName::from_static(name), HeaderValue::from_static("1"));
            let headers = HeaderMap::from_iter([header]);
            let mut names = HeaderNames::new(&headers);
            names.look();
            assert!(names.may_advise, "{name}");
        }
    }

    #[test]
    fn every_value_of_a_name_is_found_however_many_others_there_are() {
        let name = HeaderName::from_static("x-vercel-error");
        for others in [0, FIRST - 1, FIRST, 2 * FIRST] {
            let mut headers = HeaderMap::new();
            for other in 0..others {
                let other = HeaderName::try_from(format!("x-other-{other}")).unwrap();
                headers.insert(other, HeaderValue::from_static("other"));
            }
            for value in ["one", "two"] {
                headers.append(&name, HeaderValue::from_static(value));
            }
            let mut names = HeaderNames::new(&headers);
            names.look();
            let with = |meant: &str| names.of(&name, |value| (value == meant).then_some(()));
            assert_eq!(
                (with("one"), with("two"), with("other")),
                (Some(()), Some(()), None),
                "after {others}"
            );
        }
    }

    #[test]
    fn a_reset_is_found_wherever_it_stands() {
        for before in ["", "r", "re", "res", "rese", "t", "x-", "rest-", "x-reseller-"] {
            for after in ["", "t", "-after", "s"] {
                let name = format!("{before}reset{after}");
                assert_eq!(reset_in(&name), name.find("reset"), "{name}");
            }
            assert_eq!(reset_in(before), None);
        }
    }
}
