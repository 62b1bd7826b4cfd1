//! The list of earlier conversations, one of which is chosen.

use evergrant_driver::history::{ConversationId, Heading};
use evergrant_driver::plain_text::plain_line;

/// The list.
#[derive(Clone, Debug)]
pub(super) struct Picker {
    lines: Vec<Line>,
    filter: String,
    chosen: usize,
}

/// A line of it.
#[derive(Clone, Debug)]
struct Line {
    id: ConversationId,
    text: String,
}

impl Picker {
    /// Of these, the newest first.
    pub(super) fn of(headings: &[Heading]) -> Self {
        let lines = headings.iter().map(|heading| {
            let name = heading.title.as_deref().unwrap_or(&heading.opening);
            // `2026-11-22T12:04:53Z`: the day and the minute say enough.
            let at = heading.touched_at.to_string().replace('T', " ");
            let at: String = at.chars().take(MINUTES).collect();
            Line {
                id: heading.id.clone(),
                text: format!("{at}  {:>4}  {}", heading.length, plain_line(name, NAME)),
            }
        });
        Self {
            lines: lines.collect(),
            filter: String::new(),
            chosen: 0,
        }
    }

    /// What was written to narrow it.
    pub(super) fn filter(&self) -> &str {
        &self.filter
    }

    /// Narrows it.
    pub(super) fn narrow(&mut self, c: char) {
        self.filter.push(c);
        self.chosen = 0;
    }

    /// Widens it again.
    pub(super) fn widen(&mut self) {
        self.filter.pop();
        self.chosen = 0;
    }

    /// Moves the choice.
    pub(super) fn go(&mut self, lines: isize) {
        let last = self.shown().len().saturating_sub(1);
        self.chosen = self.chosen.saturating_add_signed(lines).min(last);
    }

    /// The chosen one.
    pub(super) fn chosen(&self) -> Option<ConversationId> {
        self.shown().get(self.chosen).map(|line| line.id.clone())
    }

    /// The lines that so many rows show, and which of them is chosen.
    pub(super) fn rows(&self, height: usize) -> Vec<(&str, bool)> {
        let first = self.chosen.saturating_sub(height.saturating_sub(1));
        self.shown()
            .into_iter()
            .enumerate()
            .skip(first)
            .take(height)
            .map(|(place, line)| (line.text.as_str(), place == self.chosen))
            .collect()
    }

    fn shown(&self) -> Vec<&Line> {
        let wanted = self.filter.to_lowercase();
        let shown = self
            .lines
            .iter()
            .filter(|line| line.text.to_lowercase().contains(&wanted));
        shown.collect()
    }
}

/// `2026-11-22 12:04`
const MINUTES: usize = 16;

/// 200 characters: more than the widest terminal has room for.
const NAME: usize = 200;
