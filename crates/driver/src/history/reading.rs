//! Reading the history.

use evergrant_engine::credential::{Label, ProviderId};
use evergrant_engine::failure::Failure;
use evergrant_engine::time::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::conversation::{Conversation, ConversationId, Ending, Heading, Message, Role, Summary};
use super::file::History;
use crate::fault::StoreFault;
use crate::store::Trouble;

impl History {
    /// The conversations in which something was answered, the newest first.
    ///
    /// # Errors
    /// A history that cannot be read.
    ///
    /// ```
    /// # let folder = tempfile::tempdir()?;
    /// # let history = evergrant_driver::history::History::open(&evergrant_driver::home::Home::at(folder.path().join("home")))?;
    /// # let now = evergrant_driver::Timestamp::from_secs(1_800_000_000);
    /// # let id = history.begin(None, None, now)?;
    /// # use evergrant_driver::history::{Ending, Message, Role};
    /// # history.add(&id, &Message {
    /// #     role: Role::User,
    /// #     text: "hello".to_owned(),
    /// #     ending: Ending::Whole,
    /// #     at: now,
    /// #     provider: None,
    /// #     label: None,
    /// #     model: None,
    /// # })?;
    /// # history.add(&id, &Message {
    /// #     role: Role::Assistant,
    /// #     text: "Hello!".to_owned(),
    /// #     ending: Ending::Whole,
    /// #     at: now,
    /// #     provider: None,
    /// #     label: None,
    /// #     model: None,
    /// # })?;
    /// let newest = history.conversations(20)?;
    /// assert_eq!((newest[0].opening.as_str(), newest[0].length), ("hello", 2));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn conversations(&self, limit: usize) -> Result<Vec<Heading>, Failure> {
        self.with(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT c.id, c.title, c.touched_at, COUNT(m.number),
                        (SELECT substr(text, 1, ?2) FROM message WHERE conversation = c.id AND number = 0)
                 FROM conversation c JOIN message m ON m.conversation = c.id
                 GROUP BY c.id HAVING SUM(m.role = 'assistant' AND m.text <> '') > 0 ORDER BY c.touched_at DESC, c.id LIMIT ?1",
            )?;
            let rows = statement.query_map(params![count(limit), OPENING], |row| {
                Ok(Heading {
                    id: ConversationId::named(row.get::<_, String>(0)?),
                    title: row.get(1)?,
                    touched_at: Timestamp::from_millis(row.get(2)?),
                    length: usize::try_from(row.get::<_, u32>(3)?).unwrap_or_default(),
                    opening: row.get::<_, Option<String>>(4)?.unwrap_or_default(),
                })
            })?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }

    /// A conversation by its id, or by the beginning of it if that is enough to tell it.
    ///
    /// # Errors
    /// A history that cannot be read.
    ///
    /// ```
    /// # let folder = tempfile::tempdir()?;
    /// # let history = evergrant_driver::history::History::open(&evergrant_driver::home::Home::at(folder.path().join("home")))?;
    /// # let now = evergrant_driver::Timestamp::from_secs(1_800_000_000);
    /// # let id = history.begin(None, None, now)?;
    /// // The first letters do where no other id begins so.
    /// let found = history.conversation(&id.as_str()[..6])?.expect("it was begun");
    /// assert_eq!(found.id, id);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn conversation(&self, id: &str) -> Result<Option<Conversation>, Failure> {
        self.with(|connection| {
            let Some(id) = told_apart(connection, id)? else {
                return Ok(None);
            };
            let head = connection
                .query_row(
                    "SELECT title, provider, model FROM conversation WHERE id = ?1",
                    [&id],
                    |row| Ok((row.get(0)?, row.get::<_, Option<String>>(1)?, row.get(2)?)),
                )
                .optional()?;
            let Some((title, provider, model)) = head else {
                return Ok(None);
            };
            Ok(Some(Conversation {
                title,
                provider: provider.map(ProviderId::from),
                model,
                messages: messages(connection, &id)?,
                summary: summary(connection, &id)?,
                id: ConversationId::named(id),
            }))
        })
    }

    /// What the person said last, in all conversations, the newest last; each text once, whatever is longer than what
    /// anybody would type again left out.
    ///
    /// # Errors
    /// A history that cannot be read.
    ///
    /// ```
    /// # let folder = tempfile::tempdir()?;
    /// # let history = evergrant_driver::history::History::open(&evergrant_driver::home::Home::at(folder.path().join("home")))?;
    /// # let now = evergrant_driver::Timestamp::from_secs(1_800_000_000);
    /// # let id = history.begin(None, None, now)?;
    /// # use evergrant_driver::history::{Ending, Message, Role};
    /// # for _ in 0..2 {
    /// # history.add(&id, &Message {
    /// #     role: Role::User,
    /// #     text: "go on".to_owned(),
    /// #     ending: Ending::Whole,
    /// #     at: now,
    /// #     provider: None,
    /// #     label: None,
    /// #     model: None,
    /// # })?;
    /// # }
    /// // For the arrow key of an input line: typed twice, offered once.
    /// assert_eq!(history.typed(100)?, ["go on"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn typed(&self, limit: usize) -> Result<Vec<String>, Failure> {
        self.with(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT text FROM message WHERE role = 'user' AND length(text) <= ?2
                 GROUP BY text ORDER BY MAX(at) DESC, MAX(rowid) DESC LIMIT ?1",
            )?;
            let rows = statement.query_map(params![count(limit), TYPED_AGAIN], |row| row.get(0))?;
            let mut typed: Vec<String> = rows.collect::<Result<_, _>>()?;
            typed.reverse();
            Ok(typed)
        })
    }
}

fn told_apart(connection: &Connection, id: &str) -> Result<Option<String>, Trouble> {
    let mut statement =
        connection.prepare_cached("SELECT id FROM conversation WHERE substr(id, 1, length(?1)) = ?1 LIMIT 2")?;
    let mut found: Vec<String> = statement.query_map([id], |row| row.get(0))?.collect::<Result<_, _>>()?;
    Ok(if found.len() == 1 && !id.is_empty() {
        found.pop()
    } else {
        None
    })
}

fn messages(connection: &Connection, id: &str) -> Result<Vec<Message>, Trouble> {
    let mut statement = connection.prepare_cached(
        "SELECT role, text, ending, at, provider, label, model FROM message WHERE conversation = ?1 ORDER BY number",
    )?;
    let mut rows = statement.query([id])?;
    let mut messages = Vec::new();
    while let Some(row) = rows.next()? {
        messages.push(message(row)?);
    }
    Ok(messages)
}

fn message(row: &Row<'_>) -> Result<Message, Trouble> {
    let role: String = row.get(0)?;
    let ending: String = row.get(2)?;
    Ok(Message {
        role: Role::parse(&role).ok_or_else(|| unreadable("role"))?,
        text: row.get(1)?,
        ending: Ending::parse(&ending).ok_or_else(|| unreadable("ending"))?,
        at: Timestamp::from_millis(row.get(3)?),
        provider: row.get::<_, Option<String>>(4)?.map(ProviderId::from),
        label: row.get::<_, Option<String>>(5)?.map(Label::from),
        model: row.get(6)?,
    })
}

fn unreadable(what: &str) -> Trouble {
    // Whose place it is stands in the failure that is made of it.
    Trouble::from(StoreFault::Corrupt {
        place: String::new(),
        detail: format!("the {what} of a message does not read"),
    })
}

fn summary(connection: &Connection, id: &str) -> Result<Option<Summary>, Trouble> {
    Ok(connection
        .query_row(
            "SELECT stands_for, text FROM summary WHERE conversation = ?1 ORDER BY stands_for DESC LIMIT 1",
            [id],
            |row| {
                Ok(Summary {
                    stands_for: usize::try_from(row.get::<_, u32>(0)?).unwrap_or_default(),
                    text: row.get(1)?,
                })
            },
        )
        .optional()?)
}

fn count(limit: usize) -> u32 {
    u32::try_from(limit).unwrap_or(u32::MAX)
}

/// 200 characters: what a line of a list can show.
const OPENING: u32 = 200;

/// 4,000 characters: who wants more of it again resumes the conversation.
const TYPED_AGAIN: u32 = 4_000;
