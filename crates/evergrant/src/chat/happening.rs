//! What happens in a chat, and what is to be done about it.

use evergrant_driver::Failure;
use evergrant_driver::history::{Conversation, Heading};

use super::key::Key;
use crate::asking::{Broken, Wish};
use crate::tasks::Auxiliary;

/// What happens.
#[derive(Clone, Debug)]
pub(super) enum Event {
    /// A key.
    Key(Key),
    /// Text that was pasted.
    Paste(String),
    /// A second has gone by while an answer is waited for.
    Second,
    /// An answer begins; this was repaired on the way.
    Began(Vec<&'static str>),
    /// Some of it has come.
    Text(String),
    /// No more of it comes.
    Ended(AnswerEnd),
    /// A task begins.
    Working(Auxiliary),
    /// The conversation has this title.
    Entitled(String),
    /// The beginning of it was summed up: so many messages, and in which words if they were asked for.
    Summed(usize, Option<String>),
    /// A task has failed that nobody waits for.
    TaskFailed(Auxiliary, Failure),
    /// A task has ended, and what there is to say of it is said apart.
    Idle,
    /// The conversation was too long, and its beginning is being summed up.
    MakingRoom,
    /// The earlier conversations.
    Listed(Vec<Heading>),
    /// Another conversation is led from now on.
    Opened(Box<Conversation>),
    /// A new one is.
    Emptied,
    /// Who answers.
    Partner(String),
    /// Something to tell.
    Told(String),
    /// Something went wrong.
    Failed(Failure),
}

/// How an answer ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum AnswerEnd {
    /// All of it is there.
    Whole,
    /// It was stopped.
    Stopped,
    /// It broke.
    Broken(Broken),
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Command {
    /// Say this and have it answered.
    Ask(String),
    /// Have what was said last answered.
    AskAgain,
    /// Stop the answer.
    Stop,
    /// Have a title made, or take this one.
    Entitle(Option<String>),
    /// Sum up.
    Summarise,
    /// Let others answer from now on.
    Change(Wish),
    /// Tell how the credentials are.
    TellCredentials,
    /// List the earlier conversations.
    List,
    /// Go on with this one.
    Resume(String),
    /// Begin another.
    New,
    /// Copy this.
    Copy(String),
    /// Draw everything anew.
    Redraw,
    /// Stop until the shell goes on with it.
    Suspend,
    /// Leave.
    Quit,
}
