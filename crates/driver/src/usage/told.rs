//! What an answer says was used, in the words of each API, brought to one meaning.

use super::said::Said;

/// What was told so far; of what is told more than once the last word holds, because the counts are of the whole answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Told {
    /// `prompt_tokens`: with what was read from a cache.
    prompt: Option<u64>,
    /// `input_tokens`: with it or without, as `within` tells.
    input: Option<u64>,
    output: Option<u64>,
    /// Read from a cache, and counted in the input.
    within: Option<u64>,
    /// Read from a cache, and not counted in the input.
    read: Option<u64>,
    /// Written into a cache, and not counted in the input.
    made: Option<u64>,
}

/// Tokens of one answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tokens {
    /// In, with what was read from a cache.
    pub(crate) input: u64,
    /// Out, with what was thought.
    pub(crate) output: u64,
    /// Of those that went in: read from a cache.
    pub(crate) cached: u64,
}

impl Told {
    /// Reads a `usage` object; `None` if it tells nothing that is counted.
    pub(super) fn read(object: &[u8]) -> Option<Self> {
        Self::of(&Said::read(object)?.0)
    }

    /// What a `usage` object tells; `None` if that is nothing that is counted.
    pub(super) fn of(said: &Said) -> Option<Self> {
        let prompt = said.prompt_tokens.or(said.prompt_token_count);
        let told = Self {
            prompt,
            input: said.input_tokens,
            output: said
                .output_tokens
                .or_else(|| thought_too(said.completion_tokens, prompt, said.total_tokens))
                .or_else(|| plus(said.candidates_token_count, said.thoughts_token_count)),
            within: said.prompt_tokens_details.or(said.input_tokens_details).map_or_else(
                || said.prompt_cache_hit_tokens.or(said.cached_content_token_count),
                Some,
            ),
            read: said.cache_read_input_tokens,
            made: said.cache_creation_input_tokens,
        };
        let says_something = told.prompt.or(told.input).or(told.output).is_some();
        says_something.then_some(told)
    }

    /// Takes up what was told later.
    pub(super) fn then(self, later: Self) -> Self {
        Self {
            prompt: later.prompt.or(self.prompt),
            input: later.input.or(self.input),
            output: later.output.or(self.output),
            within: later.within.or(self.within),
            read: later.read.or(self.read),
            made: later.made.or(self.made),
        }
    }

    /// The tokens that it comes to.
    pub(crate) fn tokens(self) -> Tokens {
        let output = self.output.unwrap_or_default();
        // Who tells `prompt_tokens`, or details of the input, counts in it what came from a cache.
        if self.prompt.is_some() || self.within.is_some() {
            return Tokens {
                input: self.prompt.or(self.input).unwrap_or_default(),
                output,
                cached: self.within.or(self.read).unwrap_or_default(),
            };
        }
        let (read, made) = (self.read.unwrap_or_default(), self.made.unwrap_or_default());
        Tokens {
            input: self.input.unwrap_or_default().saturating_add(read).saturating_add(made),
            output,
            cached: read,
        }
    }
}

/// Some count thoughts apart from the completion and in the total only.
fn thought_too(completion: Option<u64>, prompt: Option<u64>, total: Option<u64>) -> Option<u64> {
    let beyond = total.zip(prompt).map(|(total, prompt)| total.saturating_sub(prompt));
    completion.max(completion.and(beyond))
}

fn plus(one: Option<u64>, other: Option<u64>) -> Option<u64> {
    one.map(|one| one.saturating_add(other.unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(objects: &[&str], expected: (u64, u64, u64)) {
        let told = objects
            .iter()
            .filter_map(|object| Told::read(object.as_bytes()))
            .reduce(Told::then)
            .unwrap_or_default();
        let Tokens { input, output, cached } = told.tokens();
        assert_eq!((input, output, cached), expected, "{objects:?}");
    }

    #[test]
    fn every_api_means_the_same() {
        check(
            &[
                r#"{"prompt_tokens":9,"completion_tokens":4,"total_tokens":13,"prompt_tokens_details":{"cached_tokens":3}}"#,
            ],
            (9, 4, 3),
        );
        check(
            &[r#"{"prompt_tokens":9,"completion_tokens":4,"total_tokens":20}"#],
            (9, 11, 0),
        );
        check(&[r#"{"prompt_tokens":8,"total_tokens":8}"#], (8, 0, 0));
        check(
            &[
                r#"{"input_tokens":9,"input_tokens_details":{"cached_tokens":3},"output_tokens":4,"output_tokens_details":{"reasoning_tokens":2},"total_tokens":13}"#,
            ],
            (9, 4, 3),
        );
        check(
            &[
                r#"{"input_tokens":9,"cache_creation_input_tokens":2,"cache_read_input_tokens":5,"output_tokens":1}"#,
                r#"{"output_tokens":40}"#,
            ],
            (16, 40, 5),
        );
        check(
            &[
                r#"{"promptTokenCount":9,"candidatesTokenCount":4,"thoughtsTokenCount":6,"cachedContentTokenCount":3,"totalTokenCount":19}"#,
            ],
            (9, 10, 3),
        );
        check(
            &[r#"{"prompt_tokens":9,"completion_tokens":4,"cache_read_input_tokens":5}"#],
            (9, 4, 5),
        );
    }

    #[test]
    fn what_tells_nothing_counts_nothing() {
        for object in [
            "{}",
            "[]",
            r#"{"type":"duration","seconds":3}"#,
            r#"{"input_tokens":"9"}"#,
            "{",
            "null",
        ] {
            assert_eq!(Told::read(object.as_bytes()), None, "{object}");
        }
    }
}
