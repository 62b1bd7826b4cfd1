//! One row of the golden table: an answer of a token endpoint, and what a renewal made of it.

use std::fmt;

use anyhow::{Context as _, Result};

use super::answer::{Extra, Kind, Terms, Timing};
use super::body::Body;

/// One answer.
#[derive(Debug, Clone)]
pub(super) struct Given {
    /// What the provider's row says of its terminal codes.
    pub(super) terms: Terms,
    pub(super) status: u16,
    pub(super) kind: Kind,
    pub(super) extra: Extra,
    pub(super) body: Body,
    pub(super) timing: Timing,
    text: [String; INPUTS],
}

/// What was seen afterwards, each as one word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Seen {
    /// The verdict that stands.
    pub(super) verdict: String,
    /// The signal that decided.
    pub(super) signal: String,
    /// What is left of the claim: `none`, `open`, `spent`, `dead`.
    pub(super) claim: String,
    pub(super) health: String,
    /// `=` or `+1`.
    pub(super) generation: String,
    /// How often the token was sent.
    pub(super) sends: String,
    /// How many seconds no renewal is tried; `<=2` where it is drawn.
    pub(super) hold: String,
    pub(super) exit: String,
    /// The stable code that the caller was told.
    pub(super) code: String,
    /// The kind of the remedy.
    pub(super) remedy: String,
    /// What the next renewal does at an endpoint that is well: `renews`, or what it is told without a send.
    pub(super) again: String,
}

/// A row of the table as it is kept.
#[derive(Debug, Clone)]
pub(super) struct Row {
    pub(super) given: Given,
    /// What the reviewed table says of it.
    pub(super) wanted: String,
}

/// Reads the table; lines without columns and those that begin with `#` are for people.
pub(super) fn table(text: &str) -> Result<Vec<Row>> {
    let lines = text.lines().enumerate();
    lines
        .filter(|(_, line)| !is_prose(line))
        .map(|(number, line)| row(line).with_context(|| format!("line {} of the golden table: `{line}`", number + 1)))
        .collect()
}

/// Whether a line of the table is for people.
pub(super) fn is_prose(line: &str) -> bool {
    line.trim().is_empty() || line.starts_with('#')
}

fn row(line: &str) -> Result<Row> {
    let (given, wanted) = line.split_once('|').unwrap_or((line, ""));
    let words: Vec<String> = given.split_whitespace().map(str::to_owned).collect();
    let text: [String; INPUTS] = words.try_into().ok().context("six columns stand before the bar")?;
    let [terms, status, kind, extra, body, timing] = &text;
    Ok(Row {
        given: Given {
            terms: Terms::named(terms)?,
            status: status.parse()?,
            kind: Kind::named(kind)?,
            extra: Extra::named(extra)?,
            body: Body::named(body)?,
            timing: Timing::named(timing)?,
            text,
        },
        wanted: wanted.split_whitespace().collect::<Vec<_>>().join(" "),
    })
}

impl fmt::Display for Given {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [terms, status, kind, extra, body, timing] = &self.text;
        write!(f, "{terms:<5} {status} {kind:<8} {extra:<14} {body:<34} {timing:<15}")
    }
}

impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:<16} {:<24} {:<5} {:<15} {:<2} {} {:<4} {} {:<16} {:<13} {}",
            self.verdict,
            self.signal,
            self.claim,
            self.health,
            self.generation,
            self.sends,
            self.hold,
            self.exit,
            self.code,
            self.remedy,
            self.again
        )
    }
}

impl Seen {
    /// The same without the padding, as it is compared.
    pub(super) fn words(&self) -> String {
        self.to_string().split_whitespace().collect::<Vec<_>>().join(" ")
    }
}

/// The columns before the bar.
const INPUTS: usize = 6;
