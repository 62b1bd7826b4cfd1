//! Writing into the history: every call is one durable transaction.

use evergrant_engine::credential::ProviderId;
use evergrant_engine::failure::Failure;
use evergrant_engine::time::Timestamp;
use rusqlite::{TransactionBehavior, params};

use super::conversation::{ConversationId, Ending, Message};
use super::file::History;
use crate::entropy::random;

impl History {
    /// Begins a conversation with this provider and model.
    ///
    /// # Errors
    /// A history that cannot be written.
    pub fn begin(
        &self,
        provider: Option<&ProviderId>,
        model: Option<&str>,
        at: Timestamp,
    ) -> Result<ConversationId, Failure> {
        let id = ConversationId::drawn(random()?);
        self.with(|connection| {
            connection.execute(
                "INSERT INTO conversation (id, provider, model, begun_at, touched_at) VALUES (?1, ?2, ?3, ?4, ?4)",
                params![id.as_str(), provider.map(ProviderId::as_str), model, at.as_millis()],
            )?;
            Ok(())
        })?;
        Ok(id)
    }

    /// Adds a message at the end of a conversation; answers its number.
    ///
    /// # Errors
    /// A history that cannot be written.
    pub fn add(&self, id: &ConversationId, message: &Message) -> Result<usize, Failure> {
        self.with(|connection| {
            // Another process may add to the same conversation.
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let number: u32 = transaction.query_row(
                "SELECT COALESCE(MAX(number) + 1, 0) FROM message WHERE conversation = ?1",
                [id.as_str()],
                |row| row.get(0),
            )?;
            transaction.execute(
                "INSERT INTO message (conversation, number, role, text, ending, at, provider, label, model)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
                params![
                    id.as_str(),
                    number,
                    message.role.as_str(),
                    message.text,
                    message.ending.as_str(),
                    message.at.as_millis(),
                    message.provider.as_ref().map(ProviderId::as_str),
                    message.label.as_ref().map(|label| label.as_str()),
                    message.model,
                ],
            )?;
            transaction.execute(
                "UPDATE conversation SET touched_at = ?2 WHERE id = ?1",
                params![id.as_str(), message.at.as_millis()],
            )?;
            transaction.commit()?;
            Ok(usize::try_from(number).unwrap_or_default())
        })
    }

    /// Writes a message anew, as far as it has come.
    ///
    /// # Errors
    /// A history that cannot be written.
    pub fn amend(&self, id: &ConversationId, number: usize, message: &Message) -> Result<(), Failure> {
        self.with(|connection| {
            connection.execute(
                "UPDATE message SET text = ?3, ending = ?4, provider = ?5, label = ?6, model = ?7
                 WHERE conversation = ?1 AND number = ?2",
                params![
                    id.as_str(),
                    u32::try_from(number).unwrap_or(u32::MAX),
                    message.text,
                    message.ending.as_str(),
                    message.provider.as_ref().map(ProviderId::as_str),
                    message.label.as_ref().map(|label| label.as_str()),
                    message.model,
                ],
            )?;
            Ok(())
        })
    }

    /// Takes back the last message, if nothing ever came of it.
    ///
    /// # Errors
    /// A history that cannot be written.
    pub fn take_back(&self, id: &ConversationId, number: usize) -> Result<(), Failure> {
        self.with(|connection| {
            connection.execute(
                "DELETE FROM message WHERE conversation = ?1 AND number = ?2 AND text = '' AND ending = ?3",
                params![
                    id.as_str(),
                    u32::try_from(number).unwrap_or(u32::MAX),
                    Ending::Coming.as_str()
                ],
            )?;
            Ok(())
        })
    }

    /// Gives a conversation a title.
    ///
    /// # Errors
    /// A history that cannot be written.
    pub fn entitle(&self, id: &ConversationId, title: &str) -> Result<(), Failure> {
        self.with(|connection| {
            connection.execute(
                "UPDATE conversation SET title = ?2 WHERE id = ?1",
                params![id.as_str(), title],
            )?;
            Ok(())
        })
    }

    /// Sets provider and model with which a conversation is led from now on.
    ///
    /// # Errors
    /// A history that cannot be written.
    pub fn lead(&self, id: &ConversationId, provider: Option<&ProviderId>, model: Option<&str>) -> Result<(), Failure> {
        self.with(|connection| {
            connection.execute(
                "UPDATE conversation SET provider = ?2, model = ?3 WHERE id = ?1",
                params![id.as_str(), provider.map(ProviderId::as_str), model],
            )?;
            Ok(())
        })
    }

    /// Keeps a summary that stands for the first messages of a conversation; those stay.
    ///
    /// # Errors
    /// A history that cannot be written.
    pub fn summarise(&self, id: &ConversationId, stands_for: usize, text: &str, at: Timestamp) -> Result<(), Failure> {
        self.with(|connection| {
            connection.execute(
                "INSERT OR REPLACE INTO summary (conversation, stands_for, text, at) VALUES (?1, ?2, ?3, ?4)",
                params![
                    id.as_str(),
                    u32::try_from(stands_for).unwrap_or(u32::MAX),
                    text,
                    at.as_millis()
                ],
            )?;
            Ok(())
        })
    }
}
