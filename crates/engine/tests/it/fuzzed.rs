//! The fuzzer's own questions, asked of its seeds and of what comes of them by a few thousand changes.

use std::fs;
use std::path::{Path, PathBuf};

#[path = "../../../../fuzz/src/lib.rs"]
#[allow(unreachable_pub, reason = "it is the face of a crate of its own as well")]
mod targets;

#[track_caller]
#[expect(
    clippy::disallowed_methods,
    reason = "seeds are files of the fuzzer, as many as there are"
)]
#[expect(clippy::print_stdout, reason = "the line that shows the figures reads them here")]
fn replay(name: &str, target: fn(&[u8])) {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../../fuzz/corpus")
        .join(name);
    let mut seeds: Vec<(PathBuf, Vec<u8>)> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| (path.clone(), fs::read(&path).unwrap()))
        .collect();
    seeds.sort();
    assert!(seeds.len() >= 3, "{} has no seeds", folder.display());
    let mut chance = Chance(0x9e37_79b9_7f4a_7c15);
    let mut asked = 0;
    for (path, seed) in &seeds {
        ask(path, seed, target);
        let (_, other) = &seeds[chance.below(seeds.len())];
        for _ in 0..(CHANGES / seeds.len()).clamp(4, 64) {
            ask(path, &changed(seed, other, &mut chance), target);
            asked += 1;
        }
    }
    println!("{name}: {} seeds, {asked} changes", seeds.len());
}

/// Asks, and shows the input that was answered wrongly.
fn ask(seed: &Path, input: &[u8], target: fn(&[u8])) {
    let answered = std::panic::catch_unwind(|| target(input));
    assert!(
        answered.is_ok(),
        "from {}: {:?}",
        seed.display(),
        String::from_utf8_lossy(input)
    );
}

/// Another input: bytes turned over, parts left out, doubled, or taken from another seed, words that matter put in.
fn changed(seed: &[u8], other: &[u8], chance: &mut Chance) -> Vec<u8> {
    let mut input = seed.to_vec();
    for _ in 0..=chance.below(4) {
        let at = chance.below(input.len() + 1);
        let end = (at + chance.below(24)).min(input.len());
        match chance.below(6) {
            0 => input.truncate(at),
            1 => drop(input.drain(at..end)),
            2 => {
                let part = input[at..end].to_vec();
                input.splice(at..at, part);
            }
            3 => {
                let from = chance.below(other.len() + 1);
                let to = (from + chance.below(64)).min(other.len());
                input.splice(at..end, other[from..to].iter().copied());
            }
            4 => drop(input.splice(at..at, WORDS[chance.below(WORDS.len())].bytes())),
            _ => {
                if let Some(byte) = input.get_mut(at) {
                    *byte ^= 1 << chance.below(8);
                }
            }
        }
    }
    input
}

/// The same numbers at each run (xorshift64*).
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let drawn = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33;
        usize::try_from(drawn).unwrap() % limit.max(1)
    }
}

#[test]
fn evidence() {
    replay("evidence", targets::evidence);
}

#[test]
fn stream() {
    replay("stream", targets::stream);
}

#[test]
fn retry_after() {
    replay("retry_after", targets::retry_after);
}

#[test]
fn row() {
    replay("row", targets::row);
}

#[test]
fn callback() {
    replay("callback", targets::callback);
}

#[test]
fn token_answer() {
    replay("token_answer", targets::token_answer);
}

/// How often each target is asked: a few seconds without optimisation.
const CHANGES: usize = 600;
/// Words that a byte at a time would not be found by.
const WORDS: [&str; 14] = [
    "{\"error\":",
    "[[",
    "\"",
    "\\u",
    "'",
    "\n\n",
    "data: ",
    "99999999999999999999",
    "-1",
    "try again in ",
    "null",
    "%00",
    "é…",
    "sk-proj-abcdefghijklmnopqrstuvwx",
];
