//! What a conversation consists of; nothing in it is or leads to a secret.

use std::fmt;

use evergrant_engine::credential::{Label, ProviderId};
use evergrant_engine::time::Timestamp;

/// A conversation's id: 16 letters and digits.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ConversationId(String);

impl ConversationId {
    /// The id of this text, which need not exist.
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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The person.
    User,
    /// The model.
    Assistant,
}

/// How a message came to its end.
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
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// How many messages it stands for, from the first on; they are kept all the same.
    pub stands_for: usize,
    /// What it says.
    pub text: String,
}

/// A conversation as lists show it.
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
