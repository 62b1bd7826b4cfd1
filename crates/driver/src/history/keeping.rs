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
    ///
    /// ```
    /// # let folder = tempfile::tempdir()?;
    /// # let history = evergrant_driver::history::History::open(&evergrant_driver::home::Home::at(folder.path().join("home")))?;
    /// use evergrant_driver::Timestamp;
    ///
    /// let id = history.begin(Some(&"openai".into()), Some("gpt-5"), Timestamp::from_secs(1_800_000_000))?;
    /// assert!(history.conversation(id.as_str())?.is_some());
    /// // Lists leave it out until something is said.
    /// assert!(history.conversations(10)?.is_empty());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
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
    ///
    /// ```
    /// # let folder = tempfile::tempdir()?;
    /// # let history = evergrant_driver::history::History::open(&evergrant_driver::home::Home::at(folder.path().join("home")))?;
    /// # let now = evergrant_driver::Timestamp::from_secs(1_800_000_000);
    /// # let id = history.begin(None, None, now)?;
    /// # use evergrant_driver::history::{Ending, Message, Role};
    /// # let question = Message {
    /// #     role: Role::User,
    /// #     text: "hello".to_owned(),
    /// #     ending: Ending::Whole,
    /// #     at: now,
    /// #     provider: None,
    /// #     label: None,
    /// #     model: None,
    /// # };
    /// let number = history.add(&id, &question)?;
    /// assert_eq!(history.conversation(id.as_str())?.expect("it was begun").messages[number], question);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
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
    ///
    /// ```
    /// # let folder = tempfile::tempdir()?;
    /// # let history = evergrant_driver::history::History::open(&evergrant_driver::home::Home::at(folder.path().join("home")))?;
    /// # let now = evergrant_driver::Timestamp::from_secs(1_800_000_000);
    /// # let id = history.begin(None, None, now)?;
    /// # use evergrant_driver::history::{Ending, Message, Role};
    /// # let mut answer = Message {
    /// #     role: Role::Assistant,
    /// #     text: "On".to_owned(),
    /// #     ending: Ending::Coming,
    /// #     at: now,
    /// #     provider: None,
    /// #     label: None,
    /// #     model: None,
    /// # };
    /// let number = history.add(&id, &answer)?;
    /// // Again and again while it comes: a crash costs only what came after the last time.
    /// answer.text.push_str("ce upon a time");
    /// answer.ending = Ending::Whole;
    /// history.amend(&id, number, &answer)?;
    /// assert_eq!(history.conversation(id.as_str())?.expect("it was begun").messages, [answer]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
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
    ///
    /// ```
    /// # let folder = tempfile::tempdir()?;
    /// # let history = evergrant_driver::history::History::open(&evergrant_driver::home::Home::at(folder.path().join("home")))?;
    /// # let now = evergrant_driver::Timestamp::from_secs(1_800_000_000);
    /// # let id = history.begin(None, None, now)?;
    /// # use evergrant_driver::history::{Ending, Message, Role};
    /// # let answer = Message {
    /// #     role: Role::Assistant,
    /// #     text: "".to_owned(),
    /// #     ending: Ending::Coming,
    /// #     at: now,
    /// #     provider: None,
    /// #     label: None,
    /// #     model: None,
    /// # };
    /// let number = history.add(&id, &answer)?;
    /// // The request failed before a word came.
    /// history.take_back(&id, number)?;
    /// assert!(history.conversation(id.as_str())?.expect("it was begun").messages.is_empty());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
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
    ///
    /// ```
    /// # let folder = tempfile::tempdir()?;
    /// # let history = evergrant_driver::history::History::open(&evergrant_driver::home::Home::at(folder.path().join("home")))?;
    /// # let now = evergrant_driver::Timestamp::from_secs(1_800_000_000);
    /// # let id = history.begin(None, None, now)?;
    /// history.entitle(&id, "The blue sky")?;
    /// let read = history.conversation(id.as_str())?.expect("it was begun");
    /// assert_eq!(read.title.as_deref(), Some("The blue sky"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
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
    ///
    /// ```
    /// # let folder = tempfile::tempdir()?;
    /// # let history = evergrant_driver::history::History::open(&evergrant_driver::home::Home::at(folder.path().join("home")))?;
    /// # let now = evergrant_driver::Timestamp::from_secs(1_800_000_000);
    /// # let id = history.begin(None, None, now)?;
    /// history.lead(&id, Some(&"xai".into()), Some("grok-4.3"))?;
    /// let read = history.conversation(id.as_str())?.expect("it was begun");
    /// assert_eq!(read.model.as_deref(), Some("grok-4.3"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
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
    ///
    /// ```
    /// # let folder = tempfile::tempdir()?;
    /// # let history = evergrant_driver::history::History::open(&evergrant_driver::home::Home::at(folder.path().join("home")))?;
    /// # let now = evergrant_driver::Timestamp::from_secs(1_800_000_000);
    /// # let id = history.begin(None, None, now)?;
    /// # use evergrant_driver::history::{Ending, Message, Role};
    /// # history.add(&id, &Message {
    /// #     role: Role::User,
    /// #     text: "a long story".to_owned(),
    /// #     ending: Ending::Whole,
    /// #     at: now,
    /// #     provider: None,
    /// #     label: None,
    /// #     model: None,
    /// # })?;
    /// history.summarise(&id, 1, "a story was told", now)?;
    /// let read = history.conversation(id.as_str())?.expect("it was begun");
    /// assert_eq!(read.summary.map(|summary| summary.text).as_deref(), Some("a story was told"));
    /// assert_eq!(read.messages[0].text, "a long story");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
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
