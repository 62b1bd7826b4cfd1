//! What only the build for the torture harness has: an ordinary one has not even the words for it.

use crate::scratch::Scratch;

#[cfg(not(feature = "torture"))]
#[tokio::test]
async fn an_ordinary_binary_cannot_be_ended_broken_or_put_ahead() {
    let mut scratch = Scratch::new();
    for variable in VARIABLES {
        scratch.set(variable, "looked=kill");
    }
    scratch.run(&["status"]).await.expect(0);
    let binary = std::fs::read(env!("CARGO_BIN_EXE_evergrant")).unwrap();
    let text = String::from_utf8_lossy(&binary);
    let holds = |word: &str| text.contains(word);
    // What the binary surely holds, so that it is the right one and can be searched.
    assert!(holds("EVERGRANT_HOME"));
    for word in VARIABLES.iter().chain(&POINTS) {
        assert!(!holds(word), "the binary holds `{word}`");
    }
}

#[cfg(feature = "torture")]
#[tokio::test]
async fn a_point_that_does_not_exist_is_refused_by_name() {
    let mut scratch = Scratch::new();
    scratch.set(VARIABLES[0], "looked=pause:1,nowhere=kill");
    let refused = scratch.run(&["status"]).await.expect(2);
    assert!(refused.stderr.contains("`nowhere=kill`"), "{refused}");
    let mut scratch = Scratch::new();
    for (variable, value) in VARIABLES.iter().zip(["answer-saved=kill@2", "nothing", "60"]) {
        scratch.set(variable, value);
    }
    scratch.run(&["status"]).await.expect(0);
}

const VARIABLES: [&str; 4] = [
    "EVERGRANT_FAILPOINT",
    "EVERGRANT_BROKEN",
    "EVERGRANT_CLOCK_AHEAD_SECS",
    "EVERGRANT_WALL_AHEAD_SECS",
];

/// Names of points that are no words of anything else.
#[cfg(not(feature = "torture"))]
const POINTS: [&str; 3] = ["first-byte-written", "commit-prepared", "journal-removed"];
