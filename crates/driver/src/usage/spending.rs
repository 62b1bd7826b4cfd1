//! One answer whose use is counted: when it ends, or when nobody wants more of it.

use std::sync::Arc;

use evergrant_engine::credential::{Label, ProviderId};

use super::beginning::Beginning;
use super::books::Books;
use super::scan::{Form, Scan};
use super::told::Tokens;
use crate::admission::Guest;
use crate::glimpse::Glimpse;
use crate::history::UsageSlot;

/// One answer, from its first byte on.
pub(crate) struct Spending {
    books: Arc<Books>,
    guest: Guest,
    /// Under what it stands in the books; `None`: nowhere, it is spent alone.
    entry: Option<Entry>,
    weight: Weight,
    answer: Answer,
    /// Whether it is one document, which tells of all of itself.
    is_document: bool,
    answered: u64,
    /// Whether all of it came.
    is_whole: bool,
    scan: Option<Scan>,
}

/// Under what an answer stands in the books.
pub(crate) struct Entry {
    pub(crate) provider: ProviderId,
    pub(crate) label: Label,
    pub(crate) model: Option<Arc<str>>,
}

/// Whether an answer can be fetched again, and by which id, so that a budget pays for it once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// It cannot.
    Once,
    /// By the one that stands in it.
    Kept(Beginning),
    /// By the one that it was fetched by.
    Fetched(Box<str>),
}

/// What an answer is taken for where it does not tell, so that no budget is outrun by not asking to be told.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Weight {
    /// The tokens that the request's body stands for.
    pub(crate) asked: u64,
    /// How many bytes of the answer stand for a token.
    pub(crate) bytes_of_token: u64,
}

impl Spending {
    /// An answer of this form; of none that can be read, only that it was is booked.
    pub(crate) fn new(
        books: Arc<Books>,
        guest: Guest,
        entry: Option<Entry>,
        answer: Answer,
        form: Option<Form>,
        weight: Weight,
    ) -> Self {
        Self {
            books,
            guest,
            entry,
            weight,
            answer,
            is_document: form == Some(Form::Document),
            answered: 0,
            is_whole: false,
            scan: form.map(Scan::new),
        }
    }

    /// Looks at a piece that goes by.
    pub(crate) fn see(&mut self, piece: &[u8], glimpse: Glimpse) {
        self.answered = self.answered.saturating_add(piece.len() as u64);
        if let Some(scan) = &mut self.scan {
            let may_pass = glimpse.is_whole && !glimpse.hints_at_usage;
            if !(may_pass && scan.pass(piece)) {
                scan.see(piece);
            }
        }
        if let Answer::Kept(beginning) = &mut self.answer {
            beginning.take(piece);
        }
    }

    /// All of it has come.
    pub(crate) fn ended(&mut self) {
        self.is_whole = true;
    }

    /// What counts against a budget: what was told, and what came after that was told for the last time, as when somebody
    /// leaves amid a stream that told of its beginning.
    fn counts(&self, told: Option<Tokens>, since: u64) -> u64 {
        let of = |bytes: u64| bytes / self.weight.bytes_of_token.max(1);
        match told {
            Some(tokens) => tokens.input.saturating_add(tokens.output).saturating_add(of(since)),
            // A document that does not tell is of an answer that is not made yet, or is no answer.
            None if self.entry.is_none() && self.is_whole && self.is_document => 0,
            // What was asked was counted when it was.
            None if self.entry.is_none() => of(self.answered).max(1),
            None => self.weight.asked.saturating_add(of(self.answered)).max(1),
        }
    }
}

impl Drop for Spending {
    fn drop(&mut self) {
        let now = self.books.now();
        let (told, since) = self.scan.take().map(Scan::end).unwrap_or_default();
        let tokens = told.map(|told| told.tokens());
        let counts = self.counts(tokens, since);
        match &self.answer {
            Answer::Fetched(id) if tokens.is_some() => self.guest.spend_on_fetched(id, counts, now),
            // Who leaves before it tells may have seen another part of it each time.
            Answer::Fetched(_) | Answer::Once => self.guest.spend(counts, now),
            Answer::Kept(beginning) => {
                // In full, whatever id it gives itself.
                self.guest.spend(counts, now);
                let id = beginning.id().and_then(|id| std::str::from_utf8(id).ok());
                // What did not tell is told, and paid, when it is fetched.
                if let Some(id) = id.filter(|_| tokens.is_some()) {
                    self.guest.has_paid(id, counts);
                }
            }
        }
        let Some(entry) = self.entry.take() else { return };
        let slot = UsageSlot {
            hour: UsageSlot::hour_of(now),
            key: self.guest.key_name().cloned(),
            provider: entry.provider,
            label: entry.label,
            model: entry.model.map(short),
        };
        self.books.enter(slot, tokens);
    }
}

/// The beginning of a model's name that is too long.
fn short(model: Arc<str>) -> Arc<str> {
    if model.len() <= MODEL_LENGTH {
        return model;
    }
    match model.char_indices().nth(MODEL_LENGTH) {
        Some((end, _)) => Arc::from(&model[..end]),
        None => model,
    }
}

/// 128 characters of a model's name: those in use have 60 at most.
const MODEL_LENGTH: usize = 128;
