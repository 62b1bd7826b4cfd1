//! Which keys of an envelope tell when to come back, and in which unit.

use super::duration::Unit;

/// How the value of that key tells when to come back, if it does.
pub(super) fn of_key(plain: &[u8]) -> Option<Unit> {
    // Most keys have not even the letters of such a word.
    let letters = letters(plain);
    if !HINT_LETTERS.iter().any(|needed| letters & needed == *needed) {
        return None;
    }
    let (stem, unit) = unit(std::str::from_utf8(plain).ok()?);
    let is_reset = has(stem, "reset") && !NOT_A_RESET.iter().any(|word| has(stem, word));
    let tells = is_reset
        || has(stem, "retry") && RETRIES.iter().any(|word| has(stem, word))
        || has(stem, "cooldown")
        || WAITS.contains(&stem)
        || AVAILABLE.iter().any(|word| stem.ends_with(word))
        || stem.ends_with("until") && HELD.iter().any(|word| has(stem, word));
    tells.then_some(unit)
}

/// Which letters a key has, a bit each.
const fn letters(bytes: &[u8]) -> u32 {
    let (mut set, mut at) = (0_u32, 0);
    while at < bytes.len() {
        set |= 1 << (bytes[at] & 31);
        at += 1;
    }
    set
}

/// The key without the unit that it ends with, and that unit; seconds if it names none.
pub(super) fn unit(plain: &str) -> (&str, Unit) {
    UNITS
        .iter()
        .find_map(|(ending, unit)| plain.strip_suffix(ending).map(|stem| (stem, *unit)))
        .unwrap_or((plain, Unit::Seconds))
}

/// Whether the word stands in the text, in any letter case.
pub(super) fn has(text: &str, word: &str) -> bool {
    text.as_bytes()
        .windows(word.len())
        .any(|window| window.eq_ignore_ascii_case(word.as_bytes()))
}

/// The endings of keys that name a unit, the longer before what they end with.
const UNITS: [(&str, Unit); 12] = [
    ("milliseconds", Unit::Millis),
    ("millis", Unit::Millis),
    ("msec", Unit::Millis),
    ("ms", Unit::Millis),
    ("seconds", Unit::Seconds),
    ("secs", Unit::Seconds),
    ("sec", Unit::Seconds),
    ("minutes", Unit::Minutes),
    ("mins", Unit::Minutes),
    ("hours", Unit::Hours),
    ("hrs", Unit::Hours),
    ("days", Unit::Days),
];
/// The letters of these words: one of them is in every key that tells when to come back.
const HINT_LETTERS: [u32; 7] = [
    letters(b"reset"),
    letters(b"retry"),
    letters(b"cooldown"),
    letters(b"wait"),
    letters(b"tryagain"),
    letters(b"available"),
    letters(b"until"),
];
/// What a key with `reset` in it may be about instead of the end of a window.
const NOT_A_RESET: [&str; 11] = [
    "password", "preset", "count", "interval", "period", "url", "link", "policy", "strategy", "reason", "credits",
];
/// What a key with `retry` in it is about if it tells when.
const RETRIES: [&str; 6] = [
    "retryafter",
    "retrydelay",
    "retryin",
    "retryat",
    "retrytime",
    "retrywait",
];
/// Keys that are about waiting as a whole.
const WAITS: [&str; 7] = [
    "wait",
    "waitfor",
    "waittime",
    "waituntil",
    "tryagainin",
    "tryagainat",
    "tryagainafter",
];
/// The endings of keys that tell when something is available.
const AVAILABLE: [&str; 5] = [
    "availableat",
    "availablein",
    "availableafter",
    "availableon",
    "nextavailable",
];
/// What holds until a time.
const HELD: [&str; 8] = [
    "blocked",
    "locked",
    "suspended",
    "limited",
    "paused",
    "throttled",
    "banned",
    "cooling",
];
