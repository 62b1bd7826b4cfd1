//! One answer whose use is counted: when it ends, or when nobody wants more of it.

use std::sync::Arc;

use evergrant_engine::credential::{Label, ProviderId};

use super::books::Books;
use super::scan::{Form, Scan};
use super::told::Tokens;
use crate::admission::Guest;
use crate::history::UsageSlot;

/// One answer, from its first byte on.
pub(crate) struct Spending {
    books: Arc<Books>,
    guest: Guest,
    provider: ProviderId,
    label: Label,
    model: Option<Arc<str>>,
    asked: u64,
    answered: u64,
    form: Option<Form>,
    scan: Option<Scan>,
}

impl Spending {
    /// An answer of this form to a request of so many bytes; of none that can be read, only that it was is counted.
    pub(crate) fn new(
        books: Arc<Books>,
        guest: Guest,
        (provider, label): (ProviderId, Label),
        model: Option<&str>,
        form: Option<Form>,
        asked: u64,
    ) -> Self {
        let short = |model: &str| Arc::from(model.chars().take(MODEL_LENGTH).collect::<String>());
        Self {
            books,
            guest,
            provider,
            label,
            model: model.map(short),
            asked,
            answered: 0,
            form,
            scan: form.map(Scan::new),
        }
    }

    /// Looks at a piece that goes by.
    pub(crate) fn see(&mut self, piece: &[u8]) {
        self.answered = self.answered.saturating_add(piece.len() as u64);
        if let Some(scan) = &mut self.scan {
            scan.see(piece);
        }
    }
}

impl Spending {
    /// What counts against a budget where nothing was told, so that none is outrun by not asking to be told.
    fn estimate(&self) -> u64 {
        let answered = match self.form {
            Some(Form::Document) => self.answered / BYTES_OF_TEXT,
            Some(Form::Events) => self.answered / BYTES_OF_EVENT,
            // Sound, images and what leaves HTTP: their bytes say nothing.
            None => return 0,
        };
        (self.asked / BYTES_OF_TEXT).saturating_add(answered)
    }
}

impl Drop for Spending {
    fn drop(&mut self) {
        let now = self.books.now();
        let told = self.scan.take().and_then(Scan::end);
        let tokens = told.map(|told| told.tokens());
        let counts = |tokens: Tokens| tokens.input.saturating_add(tokens.output);
        self.guest.spend(tokens.map_or_else(|| self.estimate(), counts), now);
        let slot = UsageSlot {
            hour: UsageSlot::hour_of(now),
            key: self.guest.key_name().cloned(),
            provider: self.provider.clone(),
            label: self.label.clone(),
            model: self.model.take(),
        };
        self.books.enter(slot, tokens);
    }
}

/// 4 bytes of text a token: the usual rule of thumb.
const BYTES_OF_TEXT: u64 = 4;

/// 200 bytes of a stream a token: an event carries one or a few, and a frame around them.
const BYTES_OF_EVENT: u64 = 200;

/// 128 characters of a model's name: those in use have 60 at most.
const MODEL_LENGTH: usize = 128;
