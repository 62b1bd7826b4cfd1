//! One look at a piece of a stream for all who follow it: most pieces are whole events without a word that anybody waits for.

use std::sync::LazyLock;

use aho_corasick::packed::Searcher;
use aho_corasick::{PatternID, Span};

/// What a look at a piece tells.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Glimpse {
    /// Whether it is made of whole events, of which the first is no comment, provided that an event has ended before it.
    pub(crate) is_whole: bool,
    /// Whether it has one of the words of which every kind of error event has one.
    pub(crate) hints_at_an_error: bool,
    /// Whether it has the word by which an answer tells what was used.
    pub(crate) hints_at_usage: bool,
}

impl Glimpse {
    /// A look at this piece; all words are looked for at once.
    pub(crate) fn of(piece: &[u8]) -> Self {
        let Some((pairs, words)) = SEARCHERS.as_ref() else {
            return Self::none();
        };
        let mut glimpse = Self {
            is_whole: is_whole(piece),
            hints_at_an_error: false,
            hints_at_usage: false,
        };
        let Some(pair) = pairs.find(piece) else {
            return glimpse;
        };
        let mut rest = Span::from(pair.start().saturating_sub(AHEAD)..piece.len());
        while let Some(found) = words.find_in(piece, rest) {
            match found.pattern() == USAGE {
                true => glimpse.hints_at_usage = true,
                false => glimpse.hints_at_an_error = true,
            }
            if glimpse.hints_at_usage && glimpse.hints_at_an_error {
                break;
            }
            // The next one may begin within this one.
            rest.start = found.start() + 1;
        }
        glimpse
    }

    /// That of a piece that nobody has looked at, or that cannot be looked at on this machine: anything may be in it.
    pub(crate) const fn none() -> Self {
        Self {
            is_whole: false,
            hints_at_an_error: true,
            hints_at_usage: true,
        }
    }
}

/// What ends with one blank line and begins with none leaves no rest, wherever else in it an event ends.
const fn is_whole(piece: &[u8]) -> bool {
    match piece {
        [b':' | b'\n' | b'\r', ..] => false,
        [.., before, b'\n', b'\n'] | [.., before, b'\r', b'\n', b'\r', b'\n'] => !matches!(before, b'\n' | b'\r'),
        _ => false,
    }
}

/// Of two letters of each word, and of the words. Most pieces have none of these pairs, and to look for two letters costs half of
/// what it costs to look for more.
static SEARCHERS: LazyLock<Option<(Searcher, Searcher)>> = LazyLock::new(|| {
    let pairs = Searcher::new(["\"u", "rr", "fa", ".i"])?;
    let words = Searcher::new(["\"usage", "error", "failed", "response.incomplete"])?;
    Some((pairs, words))
});

/// Where the word of what was used stands among them.
const USAGE: PatternID = PatternID::ZERO;

/// How many letters a word has ahead of its pair at most.
const AHEAD: usize = "response".len();

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_leaves_no_rest_is_whole() {
        for whole in [
            "data: a\n\n",
            "data: a\r\n\r\n",
            "data: a\n\ndata: b\n\n",
            "data: a\n\n\ndata: b\n\n",
        ] {
            assert!(Glimpse::of(whole.as_bytes()).is_whole, "{whole:?}");
        }
        for other in [
            "",
            "\n\n",
            "data: a\n",
            "data: a",
            ": a\n\n",
            "\ndata: a\n\n",
            "data: a\n\n\n",
            "data: a\r\r",
        ] {
            assert!(!Glimpse::of(other.as_bytes()).is_whole, "{other:?}");
        }
    }

    #[test]
    fn each_word_is_seen_even_within_another() {
        let check = |text: &str, error: bool, usage: bool| {
            let glimpse = Glimpse::of(text.as_bytes());
            assert_eq!(
                (glimpse.hints_at_an_error, glimpse.hints_at_usage),
                (error, usage),
                "{text}"
            );
        };
        check(
            "data: {\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\n\n",
            false,
            false,
        );
        check("data: {\"choices\":[],\"usage\":null}\n\n", false, true);
        check("data: {\"usageMetadata\":{},\"error\":{}}\n\n", true, true);
        check("data: {\"error\":{},\"usage\":{}}\n\n", true, true);
        check("data: {\"usagerror\":{},\"usage\":{}}\n\n", true, true);
        check("data: {\"type\":\"response.incomplete\"}\n\n", true, false);
        for (word, error) in [
            ("\"usage", false),
            ("error", true),
            ("failed", true),
            ("response.incomplete", true),
        ] {
            for before in 0..80 {
                check(&["x".repeat(before), word.to_owned()].concat(), error, !error);
                check(
                    &["x".repeat(before), word.to_owned(), "y".repeat(100)].concat(),
                    error,
                    !error,
                );
            }
        }
    }
}
