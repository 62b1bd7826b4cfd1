//! What a conversation consists of; nothing in it is or leads to a secret.

use std::fmt;

use evergrant_engine::credential::{Label, ProviderId};
use evergrant_engine::time::Timestamp;

/// A conversation's id: 16 letters and digits.
///
/// ```
/// # let folder = tempfile::tempdir()?;
/// # let history = evergrant_driver::history::History::open(&evergrant_driver::home::Home::at(folder.path().join("home")))?;
/// # let now = evergrant_driver::Timestamp::from_secs(1_800_000_000);
/// # let id = history.begin(None, None, now)?;
/// // An id can be written into a link or a command, and leads back to its conversation.
/// let found = history.conversation(id.as_str())?.expect("it was begun");
/// assert_eq!((found.id, id.as_str().len()), (id, 16));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ConversationId(String);

impl ConversationId {
    /// The id of this text, which need not exist.
    ///
    /// ```
    /// # let folder = tempfile::tempdir()?;
    /// # let history = evergrant_driver::history::History::open(&evergrant_driver::home::Home::at(folder.path().join("home")))?;
    /// use evergrant_driver::history::ConversationId;
    ///
    /// // As somebody typed it: whether there is one is another question.
    /// let typed = ConversationId::named("abcdefghijkmnpqr");
    /// assert_eq!(history.conversation(typed.as_str())?, None);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn named(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// A new one from randomness.
    pub(super) fn drawn(entropy: [u8; 10]) -> Self {
        let bits = entropy
            .iter()
            .fold(0_u128, |bits, byte| (bits << 8) | u128::from(*byte));
        let letter = |place: u32| {
            let five = usize::try_from((bits >> (5 * place)) & 31).unwrap_or_default();
            char::from(LETTERS[five])
        };
        Self((0..16).map(letter).collect())
    }

    /// Its text.
    ///
    /// ```
    /// use evergrant_driver::history::ConversationId;
    ///
    /// assert_eq!(ConversationId::named("abc").as_str(), "abc");
    /// ```
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ConversationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Who said it.
///
/// ```
/// use evergrant_driver::history::Role;
///
/// // The words of the chat completions API.
/// assert_eq!([Role::User, Role::Assistant].map(Role::as_str), ["user", "assistant"]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The person.
    User,
    /// The model.
    Assistant,
}

/// How a message came to its end.
///
/// ```
/// # let folder = tempfile::tempdir()?;
/// # let history = evergrant_driver::history::History::open(&evergrant_driver::home::Home::at(folder.path().join("home")))?;
/// # let now = evergrant_driver::Timestamp::from_secs(1_800_000_000);
/// # let id = history.begin(None, None, now)?;
/// # use evergrant_driver::history::{Ending, Message, Role};
/// // Written down as it came, and its writer died over it.
/// history.add(&id, &Message {
/// #     role: Role::Assistant,
/// #     text: "Once upon a".to_owned(),
/// #     ending: Ending::Coming,
/// #     at: now,
/// #     provider: None,
/// #     label: None,
/// #     model: None,
/// # })?;
/// let read = history.conversation(id.as_str())?.expect("it was begun");
/// assert_eq!(read.messages[0].ending, Ending::Coming);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// It is still coming; read later, whoever wrote it has died over it.
    Coming,
    /// All of it is there.
    Whole,
    /// The person stopped it.
    Stopped,
    /// It broke off: the rest is missing.
    Cut,
}

/// One message.
///
/// ```
/// use evergrant_driver::Timestamp;
/// use evergrant_driver::history::{Ending, Message, Role};
///
/// let answer = Message {
///     role: Role::Assistant,
///     text: "42".to_owned(),
///     ending: Ending::Whole,
///     at: Timestamp::from_secs(1_800_000_000),
///     provider: Some("openai".into()),
///     label: Some("work".into()),
///     model: Some("gpt-5".to_owned()),
/// };
/// // Whom it came from is known, and no secret is.
/// assert_eq!(answer.label.as_ref().map(|label| label.as_str()), Some("work"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Who said it.
    pub role: Role,
    /// What was said, in full.
    pub text: String,
    /// How it ended.
    pub ending: Ending,
    /// When it began.
    pub at: Timestamp,
    /// Which provider answered, if one did.
    pub provider: Option<ProviderId>,
    /// With which credential.
    pub label: Option<Label>,
    /// By which model.
    pub model: Option<String>,
}

/// What stands for the beginning of a conversation when the whole of it would be too long to send.
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
/// // To be sent: the summary, and what it does not stand for.
/// let summary = read.summary.expect("one was kept");
/// assert!(read.messages[summary.stands_for..].is_empty() && read.messages.len() == 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// How many messages it stands for, from the first on; they are kept all the same.
    pub stands_for: usize,
    /// What it says.
    pub text: String,
}

/// A conversation as lists show it.
///
/// ```
/// # let folder = tempfile::tempdir()?;
/// # let history = evergrant_driver::history::History::open(&evergrant_driver::home::Home::at(folder.path().join("home")))?;
/// # let now = evergrant_driver::Timestamp::from_secs(1_800_000_000);
/// # let id = history.begin(None, None, now)?;
/// # use evergrant_driver::history::{Ending, Message, Role};
/// # history.add(&id, &Message {
/// #     role: Role::User,
/// #     text: "Why is the sky blue?".to_owned(),
/// #     ending: Ending::Whole,
/// #     at: now,
/// #     provider: None,
/// #     label: None,
/// #     model: None,
/// # })?;
/// # history.add(&id, &Message {
/// #     role: Role::Assistant,
/// #     text: "Blue light is scattered most.".to_owned(),
/// #     ending: Ending::Whole,
/// #     at: now,
/// #     provider: None,
/// #     label: None,
/// #     model: None,
/// # })?;
/// let heading = &history.conversations(1)?[0];
/// // Until there is a title, a list shows how it began.
/// assert_eq!(heading.title.as_deref().unwrap_or(&heading.opening), "Why is the sky blue?");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heading {
    /// Its id.
    pub id: ConversationId,
    /// Its title, once it has one.
    pub title: Option<String>,
    /// The beginning of what was said first.
    pub opening: String,
    /// When something was said last.
    pub touched_at: Timestamp,
    /// How many messages it has.
    pub length: usize,
}

/// A whole conversation.
///
/// ```
/// # let folder = tempfile::tempdir()?;
/// # let history = evergrant_driver::history::History::open(&evergrant_driver::home::Home::at(folder.path().join("home")))?;
/// # let now = evergrant_driver::Timestamp::from_secs(1_800_000_000);
/// let id = history.begin(Some(&"openai".into()), Some("gpt-5"), now)?;
/// // Whoever goes on with it later does so with the same model.
/// let again = history.conversation(id.as_str())?.expect("it was begun");
/// assert_eq!(again.model.as_deref(), Some("gpt-5"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conversation {
    /// Its id.
    pub id: ConversationId,
    /// Its title, once it has one.
    pub title: Option<String>,
    /// The provider it is led with.
    pub provider: Option<ProviderId>,
    /// The model it is led with.
    pub model: Option<String>,
    /// Everything that was said, in order.
    pub messages: Vec<Message>,
    /// The newest summary.
    pub summary: Option<Summary>,
}

impl Role {
    /// The word under which it is kept.
    ///
    /// ```
    /// use evergrant_driver::history::Role;
    ///
    /// assert_eq!(Role::Assistant.as_str(), "assistant");
    /// ```
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Assistant => "assistant",
        }
    }

    pub(super) fn parse(text: &str) -> Option<Self> {
        [Self::User, Self::Assistant]
            .into_iter()
            .find(|role| role.as_str() == text)
    }
}

impl Ending {
    /// The word under which it is kept.
    ///
    /// ```
    /// use evergrant_driver::history::Ending;
    ///
    /// assert_eq!([Ending::Stopped, Ending::Cut].map(Ending::as_str), ["stopped", "cut"]);
    /// ```
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Coming => "coming",
            Self::Whole => "whole",
            Self::Stopped => "stopped",
            Self::Cut => "cut",
        }
    }

    pub(super) fn parse(text: &str) -> Option<Self> {
        [Self::Coming, Self::Whole, Self::Stopped, Self::Cut]
            .into_iter()
            .find(|ending| ending.as_str() == text)
    }
}

/// Letters and digits without those that are taken for one another.
const LETTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
