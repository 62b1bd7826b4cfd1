//! Mistakes in a file of the home, each with a command that mends it; every command is tried on the text before it is told.

use std::path::Path;

use evergrant_engine::failure::Failure;
use evergrant_engine::nearest::nearest;
use evergrant_engine::remedy::{Remedy, shell_word};

use crate::private_file;

/// A file that was read past its mistakes.
pub(super) struct Mended<T> {
    /// What it says once they are mended; `None` if that takes setting it aside as a whole.
    pub(super) value: Option<T>,
    /// Each mistake, with its remedy.
    pub(super) mistakes: Vec<Failure>,
}

/// Reads a text; where that fails, mends the place in memory and goes on, so that all mistakes are told at once. `names` are
/// what a misspelt name may have meant.
pub(super) fn mend<T>(path: &Path, text: &str, names: &[&str], read: impl Fn(&str) -> Result<T, Failure>) -> Mended<T> {
    let mut text = text.to_owned();
    let mut mistakes = Vec::new();
    // Each round mends at least one line.
    for _ in 0..MISTAKES_MAX {
        let failure = match read(&text) {
            Ok(value) => {
                return Mended {
                    value: Some(value),
                    mistakes,
                };
            }
            Err(failure) => failure,
        };
        let Some((edit, mended)) =
            line_of(&failure, path).and_then(|line| found(&text, line, &failure, names, path, &read))
        else {
            mistakes.push(failure.with_remedy(set_aside(path)));
            break;
        };
        mistakes.push(failure.with_remedy(edit.remedy(path)));
        text = mended;
    }
    Mended { value: None, mistakes }
}

/// What takes a file away without losing it; nothing of that name is read.
pub(super) fn set_aside(path: &Path) -> Remedy {
    Remedy::Run {
        command: private_file::set_aside(path),
        why: "mend it, or set it aside: it counts for nothing then".to_owned(),
    }
}

/// One change of some lines.
enum Edit {
    /// Writes `to` where `from` stands on that line.
    Replace { line: usize, from: String, to: String },
    /// Turns these lines into comments.
    Comment { first: usize, last: usize },
}

impl Edit {
    fn apply(&self, text: &str) -> String {
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        match self {
            Self::Replace { line, from, to } => {
                if let Some(found) = lines.get_mut(line - 1) {
                    *found = found.replacen(from, to, 1);
                }
            }
            Self::Comment { first, last } => {
                for line in lines.iter_mut().take(*last).skip(first - 1) {
                    line.insert_str(0, COMMENT);
                }
            }
        }
        lines.push(String::new());
        lines.join("\n")
    }

    /// Whether a mistake that is left on that line is another one, and not the rest of this one or what this edit made.
    fn is_apart_from(&self, line: usize, message: &str) -> bool {
        let (first, last) = match self {
            Self::Replace { line, .. } => (*line, *line),
            Self::Comment { first, last } => (*first, *last),
        };
        line > last + 1 || line < first && !message.contains("missing")
    }

    fn remedy(&self, path: &Path) -> Remedy {
        let file = shell_word(&path.display().to_string());
        match self {
            Self::Replace { line, from, to } => Remedy::Run {
                command: format!("sed -i.bak '{line}s|{from}|{to}|' {file}"),
                why: format!("write `{to}` instead"),
            },
            Self::Comment { first, last } => {
                let (lines, which) = if first == last {
                    (first.to_string(), format!("line {first}"))
                } else {
                    (format!("{first},{last}"), format!("lines {first} to {last}"))
                };
                Remedy::Run {
                    command: format!("sed -i.bak '{lines}s/^/{COMMENT}/' {file}"),
                    why: format!("mend {which}, or turn it into a comment: the default holds then"),
                }
            }
        }
    }
}

/// The first change after which the text reads, or at least up to a later place.
fn found<T>(
    text: &str,
    line: usize,
    failure: &Failure,
    names: &[&str],
    path: &Path,
    read: &impl Fn(&str) -> Result<T, Failure>,
) -> Option<(Edit, String)> {
    let written = text.lines().nth(line.checked_sub(1)?)?;
    let secure = written.contains("http://").then(|| Edit::Replace {
        line,
        from: "http://".to_owned(),
        to: "https://".to_owned(),
    });
    let spelt = misspelt(&failure.message, written, names).map(|(from, to)| Edit::Replace { line, from, to });
    let comments = (line..=line + LINES_MAX).map(|last| Edit::Comment { first: line, last });
    let edits = secure
        .into_iter()
        .chain(spelt)
        .chain(comments)
        .chain(table_around(text, line));
    edits.into_iter().find_map(|edit| {
        let mended = edit.apply(text);
        let goes_on = match read(&mended) {
            Ok(_) => true,
            Err(next) => line_of(&next, path).is_some_and(|at| edit.is_apart_from(at, &next.message)),
        };
        goes_on.then_some((edit, mended))
    })
}

/// The whole table that the line stands in, header and all.
fn table_around(text: &str, line: usize) -> Option<Edit> {
    let is_header = |line: &&str| line.trim_start().starts_with('[');
    let lines: Vec<&str> = text.lines().collect();
    let first = lines.get(..line)?.iter().rposition(is_header)?;
    let rest = lines.get(first + 1..)?;
    let last = first + 1 + rest.iter().position(is_header).unwrap_or(rest.len());
    Some(Edit::Comment { first: first + 1, last })
}

/// The line of this file that a failure names.
fn line_of(failure: &Failure, path: &Path) -> Option<usize> {
    let Some(Remedy::EditFile { place }) = &failure.remedy else {
        return None;
    };
    let line = place.strip_prefix(&path.display().to_string())?.strip_prefix(':')?;
    line.parse().ok()
}

/// The name that was not understood, and the one that was probably meant.
fn misspelt(message: &str, written: &str, names: &[&str]) -> Option<(String, String)> {
    let leads = ["unknown field `", "there is no provider `"];
    let (lead, rest) = leads
        .iter()
        .find_map(|lead| message.split_once(lead).map(|(_, rest)| (*lead, rest)))?;
    let (name, rest) = rest.split_once('`')?;
    let known: Vec<&str> = if lead == leads[0] {
        rest.split('`').skip(1).step_by(2).collect()
    } else {
        names.to_vec()
    };
    let nearest = nearest(name, known)?;
    let plain = |text: &str| {
        let fits = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        !text.is_empty() && text.chars().all(fits)
    };
    (plain(name) && plain(nearest) && written.contains(name)).then(|| (name.to_owned(), nearest.to_owned()))
}

/// What turns a line into a comment.
const COMMENT: &str = "# ";

/// 20: whoever has more mistakes in one file starts it anew.
const MISTAKES_MAX: usize = 20;

/// 30 lines: longer than any table or array of such a file.
const LINES_MAX: usize = 30;

#[cfg(test)]
#[path = "mending_tests.rs"]
mod tests;
