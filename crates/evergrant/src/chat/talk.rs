//! A conversation that is being led: what was said, what of it is sent, and that all of it is kept.

use std::sync::Arc;
use std::time::Duration;

use evergrant_driver::client::Trail;
use evergrant_driver::history::{Conversation, ConversationId, Ending, History, Message, Role, Summary};
use evergrant_driver::{Failure, Timestamp};

use super::draft::Draft;
use crate::asking::{Partner, Question, Turn};
use crate::tasks::{Compaction, Occasion, compaction, title_question};

/// A conversation that is being led.
#[derive(Debug)]
pub(crate) struct Talk {
    history: Arc<History>,
    id: Option<ConversationId>,
    title: Option<String>,
    messages: Vec<Message>,
    summary: Option<Summary>,
    coming: Option<Coming>,
}

/// The answer that is coming: it is the last of the messages.
#[derive(Debug)]
struct Coming {
    draft: Draft,
    saved_length: usize,
    saved_at: Timestamp,
}

impl Talk {
    /// A new one; it is written down when something is said.
    pub(crate) fn new(history: Arc<History>) -> Self {
        Self {
            history,
            id: None,
            title: None,
            messages: Vec::new(),
            summary: None,
            coming: None,
        }
    }

    /// One that was led before.
    pub(crate) fn resumed(history: Arc<History>, conversation: Conversation) -> Self {
        let mut messages = conversation.messages;
        for message in &mut messages {
            // Whoever was writing it has died over it.
            if message.ending == Ending::Coming {
                message.ending = Ending::Cut;
            }
        }
        Self {
            history,
            id: Some(conversation.id),
            title: conversation.title,
            messages,
            summary: conversation.summary,
            coming: None,
        }
    }

    /// Its id, once something has been said.
    pub(crate) const fn id(&self) -> Option<&ConversationId> {
        self.id.as_ref()
    }

    /// Its title, once it has one.
    pub(crate) fn title(&self) -> Option<&str> {
        self.title.as_deref()
    }

    /// Everything that was said.
    pub(crate) fn messages(&self) -> &[Message] {
        &self.messages
    }

    /// The user says something.
    ///
    /// # Errors
    /// A history that cannot be written: then nothing was said.
    pub(crate) fn say(&mut self, text: &str, partner: &Partner, at: Timestamp) -> Result<ConversationId, Failure> {
        let id = match &self.id {
            Some(id) => id.clone(),
            None => self
                .history
                .begin(partner.provider.as_ref(), Some(&partner.model), at)?,
        };
        let message = Message {
            role: Role::User,
            text: text.to_owned(),
            ending: Ending::Whole,
            at,
            provider: None,
            label: None,
            model: None,
        };
        self.history.add(&id, &message)?;
        self.messages.push(message);
        self.id = Some(id.clone());
        Ok(id)
    }

    /// Another provider or model from now on.
    ///
    /// # Errors
    /// A history that cannot be written.
    pub(crate) fn lead(&self, partner: &Partner) -> Result<(), Failure> {
        match &self.id {
            Some(id) => self.history.lead(id, partner.provider.as_ref(), Some(&partner.model)),
            None => Ok(()),
        }
    }

    /// What is sent: the summary, and what it does not stand for.
    pub(crate) fn question(&self) -> Question {
        let from = self.summary.as_ref().map_or(0, |summary| summary.stands_for);
        Question {
            instructions: self
                .summary
                .as_ref()
                .map(|summary| format!("{BEFORE}\n\n{}", summary.text)),
            turns: self
                .messages
                .iter()
                .skip(from)
                .map(|message| Turn {
                    role: message.role,
                    text: message.text.clone(),
                })
                .collect(),
            session: self.id.as_ref().map(ToString::to_string),
        }
    }

    /// The same for another answer to what was asked last; the answers that it has are kept, but not sent.
    pub(crate) fn question_again(&self) -> Question {
        let mut question = self.question();
        while question.turns.last().is_some_and(|turn| turn.role == Role::Assistant) {
            question.turns.pop();
        }
        question
    }

    /// An answer begins.
    ///
    /// # Errors
    /// A history that cannot be written.
    pub(crate) fn begins(&mut self, trail: &Trail, model: &str, at: Timestamp) -> Result<(), Failure> {
        let Some(id) = &self.id else { return Ok(()) };
        let message = Message {
            role: Role::Assistant,
            text: String::new(),
            ending: Ending::Coming,
            at,
            provider: trail.provider.clone(),
            label: trail.label.clone(),
            model: Some(model.to_owned()),
        };
        let number = self.history.add(id, &message)?;
        self.messages.push(message);
        self.coming = Some(Coming {
            draft: Draft::new(Arc::clone(&self.history), id.clone(), number),
            saved_length: 0,
            saved_at: at,
        });
        Ok(())
    }

    /// More of the answer has come; now and then it is written down, so that a kill costs little. Nobody waits for that.
    ///
    /// # Errors
    /// A history that could not be written; the text stays in memory.
    pub(crate) fn hears(&mut self, text: &str, at: Timestamp) -> Result<(), Failure> {
        let (Some(coming), Some(message)) = (&mut self.coming, self.messages.last_mut()) else {
            return Ok(());
        };
        message.text.push_str(text);
        let length = message.text.len();
        let is_worth_it = length <= WRITTEN_AT_WILL || length >= coming.saved_length + coming.saved_length / 4;
        if is_worth_it && at.since(coming.saved_at) >= SAVE_EVERY && coming.draft.write_later(message)? {
            coming.saved_length = length;
            coming.saved_at = at;
        }
        Ok(())
    }

    /// The answer has come to its end; one that says nothing and is not whole is taken back.
    ///
    /// # Errors
    /// A history that cannot be written; what came stays in memory.
    pub(crate) fn ends(&mut self, ending: Ending) -> Result<(), Failure> {
        let (Some(mut coming), Some(message)) = (self.coming.take(), self.messages.last_mut()) else {
            return Ok(());
        };
        message.ending = ending;
        if message.text.is_empty() && ending != Ending::Whole {
            self.messages.pop();
            coming.draft.take_back()
        } else {
            coming.draft.write(message)
        }
    }

    /// What to ask for a title: of the first exchange that has an answer.
    pub(crate) fn title_question(&self) -> Option<Question> {
        let place = self
            .messages
            .iter()
            .position(|message| message.role == Role::Assistant && message.ending == Ending::Whole)?;
        let asked = self.messages[..place]
            .iter()
            .rfind(|message| message.role == Role::User)?;
        Some(title_question(&asked.text, &self.messages[place].text))
    }

    /// The summary that is due on that occasion.
    pub(crate) fn compaction(&self, window: u64, occasion: Occasion) -> Option<Compaction> {
        compaction(&self.messages, self.summary.as_ref(), window, occasion)
    }

    /// It has a title from now on.
    ///
    /// # Errors
    /// A history that cannot be written.
    pub(crate) fn entitle(&mut self, title: String) -> Result<(), Failure> {
        if let Some(id) = &self.id {
            self.history.entitle(id, &title)?;
        }
        self.title = Some(title);
        Ok(())
    }

    /// This stands for its first messages from now on.
    ///
    /// # Errors
    /// A history that cannot be written.
    pub(crate) fn summarise(&mut self, summary: Summary, at: Timestamp) -> Result<(), Failure> {
        if let Some(id) = &self.id {
            self.history.summarise(id, summary.stands_for, &summary.text, at)?;
        }
        self.summary = Some(summary);
        Ok(())
    }
}

const BEFORE: &str = "The conversation so far was summed up, because all of it would be too long:";

/// 256 KiB are written anew every second without anybody's notice; of a longer answer that would be more and more, so that
/// it has to have grown by a quarter.
const WRITTEN_AT_WILL: usize = 256 * 1024;

/// 1 s: what a kill costs at most of an answer that trickles in.
const SAVE_EVERY: Duration = Duration::from_secs(1);
