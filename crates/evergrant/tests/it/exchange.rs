//! One run of the binary: what was typed, both streams, the exit code; printed with all that changes from run to run masked.

use std::fmt;
use std::path::Path;
use std::process::Output;

use serde_json::Value;

/// A run that has ended.
pub(crate) struct Exchange {
    typed: String,
    home: String,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) exit: Option<i32>,
}

impl Exchange {
    /// Takes the output apart.
    pub(crate) fn new(arguments: &[&str], output: Output, home: &Path) -> Self {
        Self {
            typed: arguments.join(" "),
            home: home.display().to_string(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
            exit: output.status.code(),
        }
    }

    /// Fails the test with everything that was said, unless it ended so.
    #[track_caller]
    pub(crate) fn expect(self, exit: i32) -> Self {
        assert_eq!(self.exit, Some(exit), "{self}");
        self
    }

    /// What was typed.
    pub(crate) fn typed(&self) -> String {
        format!("evergrant {}", self.typed)
    }

    /// stdout as one JSON document.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self}"))
    }

    /// stdout as one JSON document a line.
    #[track_caller]
    pub(crate) fn json_lines(&self) -> Vec<Value> {
        let read = |line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {self}"));
        self.stdout.lines().map(read).collect()
    }
}

impl fmt::Display for Exchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "$ evergrant {}\nexit {}", self.typed, self.exit.unwrap_or(-1))?;
        for (name, text) in [("stdout", &self.stdout), ("stderr", &self.stderr)] {
            if !text.is_empty() {
                write!(f, "\n--- {name}\n{}", text.trim_end().replace(&self.home, "[home]"))?;
            }
        }
        Ok(())
    }
}

/// What is different each time; where a column was as wide as what is masked, its blanks are too.
pub(crate) const MASKS: [(&str, &str); 10] = [
    (r"(built-in:[a-z-]+\.toml):\d+", "$1:[line]"),
    (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", "[time]"),
    (r"(in )?\b\d+ (d|h|min|s)( \d+ (h|min|s))?( ago)?\b", "[span]"),
    (r"127\.0\.0\.1:\d+", "[address]"),
    (r"\b[0-9a-z]{16}\b", "[id]"),
    (r"fingerprint=[0-9a-f]{8}", "fingerprint=[fingerprint]"),
    (r"\b[A-Z]{4}-[A-Z]{4}\b", "[code]"),
    (r"in order: \d+,", "in order: [count],"),
    (r"\[span\] {2,}", "[span]  "),
    (r" +\n", "\n"),
];

/// Compares whole exchanges, inline, with the masks on.
#[macro_export]
macro_rules! assert_exchange {
    ($exchange:expr, @$expected:literal) => {{
        let exchange = $exchange.to_string();
        insta::with_settings!({ filters => $crate::exchange::MASKS.to_vec() }, {
            insta::assert_snapshot!(exchange, @$expected);
        })
    }};
}
