//! The conversation that the terminal shows: does what the page asks for, and tells the page what came of it.

use std::sync::Arc;

use evergrant_driver::clock::{Clock, SystemClock};
use evergrant_driver::history::{Conversation, ConversationId, Ending, History, Summary};
use evergrant_driver::settings::Settings;
use evergrant_driver::{Code, Driver, Failure, Remedy, Timestamp};
use tokio::sync::mpsc;
use tokio::task::{AbortHandle, JoinSet};

use super::happening::{AnswerEnd, Command, Event};
use super::talk::Talk;
use super::words;
use crate::asking::{Broken, Heard, Partner, Question, Wish, ask};
use crate::tasks::{Auxiliary, Occasion, perform};

/// The conversation, and what is going on in it.
pub(super) struct Led {
    driver: Driver,
    settings: Settings,
    history: Arc<History>,
    clock: SystemClock,
    partner: Partner,
    talk: Talk,
    /// Grows with every question and every conversation, so that what comes late is known.
    era: u64,
    answering: Option<AbortHandle>,
    pieces: mpsc::UnboundedSender<Come>,
    come: mpsc::UnboundedReceiver<Come>,
    tasks: JoinSet<()>,
    working: Vec<Auxiliary>,
}

/// What comes in from what was begun.
#[derive(Debug)]
pub(super) struct Come {
    era: u64,
    what: What,
}

#[derive(Debug)]
enum What {
    Heard(Heard),
    Ended(Result<(), Broken>),
    Worked(Work),
}

/// A task that has ended.
#[derive(Debug)]
struct Work {
    auxiliary: Auxiliary,
    conversation: Option<ConversationId>,
    stands_for: usize,
    asked_for: bool,
    result: Result<String, Failure>,
}

impl Led {
    /// Leads a new conversation with this partner.
    pub(super) fn new(driver: Driver, settings: Settings, history: Arc<History>, partner: Partner) -> Self {
        let (pieces, come) = mpsc::unbounded_channel();
        Self {
            talk: Talk::new(Arc::clone(&history)),
            driver,
            settings,
            history,
            clock: SystemClock::new(),
            partner,
            era: 0,
            answering: None,
            pieces,
            come,
            tasks: JoinSet::new(),
            working: Vec::new(),
        }
    }

    /// Waits for what comes in next; it is to be handed back to `take_up`.
    pub(super) async fn next(&mut self) -> Option<Come> {
        self.come.recv().await
    }

    /// What has come in already.
    pub(super) fn pending(&mut self) -> Option<Come> {
        self.come.try_recv().ok()
    }

    /// The conversation's id, once something has been said.
    pub(super) fn id(&self) -> Option<ConversationId> {
        self.talk.id().cloned()
    }

    /// Who answers, in words.
    pub(super) fn partner(&self) -> Event {
        let provider = self
            .partner
            .provider
            .as_ref()
            .map(|id| id.to_string())
            .unwrap_or_default();
        let label = self.partner.credential.as_ref();
        let label = label.map(|label| format!("/{label}")).unwrap_or_default();
        Event::Partner(format!("{provider}{label} {}", self.partner.model).trim().to_owned())
    }

    /// Does what the page asks for.
    pub(super) fn obey(&mut self, command: Command) -> Vec<Event> {
        match command {
            Command::Ask(text) => match self.talk.say(&text, &self.partner, self.now()) {
                Ok(_) => self.ask(self.talk.question()),
                Err(failure) => vec![Event::Ended(AnswerEnd::Broken(refused(failure)))],
            },
            Command::AskAgain => self.ask(self.talk.question_again()),
            Command::Stop => self.stop(),
            Command::Entitle(Some(title)) => kept(self.talk.entitle(title.clone()), vec![Event::Entitled(title)]),
            Command::Entitle(None) => match self.talk.title_question() {
                Some(question) => self.work(Auxiliary::Title, question, 0, true),
                None => vec![Event::Told("there is nothing yet to find a title for".to_owned())],
            },
            Command::Summarise => self.summarise(Occasion::Asked),
            Command::Change(wish) => self.change(wish),
            Command::TellCredentials => vec![Event::Told(words::credentials(&self.driver.accounts()))],
            Command::List => match self.history.conversations(LISTED) {
                Ok(headings) => vec![Event::Listed(headings)],
                Err(failure) => vec![Event::Failed(failure)],
            },
            Command::Resume(id) => match found(&self.history, &id) {
                Ok(conversation) => self.resume(conversation),
                Err(failure) => vec![Event::Failed(failure)],
            },
            Command::New => {
                self.era += 1;
                self.talk = Talk::new(Arc::clone(&self.history));
                vec![Event::Emptied]
            }
            // The terminal's own.
            Command::Copy(_) | Command::Redraw | Command::Suspend | Command::Quit => Vec::new(),
        }
    }

    /// Takes up what came in.
    pub(super) fn take_up(&mut self, come: Come) -> Vec<Event> {
        while self.tasks.try_join_next().is_some() {}
        match come.what {
            What::Worked(work) => self.worked(work),
            What::Heard(_) | What::Ended(_) if come.era != self.era || self.answering.is_none() => Vec::new(),
            What::Heard(Heard::Began(trail)) => {
                let begun = self.talk.begins(&trail, &self.partner.model, self.now());
                kept(begun, vec![Event::Began(trail.repaired)])
            }
            What::Heard(Heard::Text(text)) => kept(self.talk.hears(&text, self.now()), vec![Event::Text(text)]),
            What::Ended(ended) => self.ended(ended),
        }
    }

    /// Goes on with a conversation, with whom it was led if that is still possible.
    pub(super) fn resume(&mut self, conversation: Conversation) -> Vec<Event> {
        let wish = Wish::default().or(conversation.provider.as_ref(), conversation.model.as_deref());
        let mut events = vec![Event::Opened(Box::new(conversation.clone()))];
        if wish != Wish::default() {
            match Partner::find(wish, &self.driver, &self.settings) {
                Ok(partner) => self.partner = partner,
                Err(failure) => events.push(Event::Failed(failure)),
            }
        }
        self.era += 1;
        self.talk = Talk::resumed(Arc::clone(&self.history), conversation);
        events.push(self.partner());
        events
    }

    /// Ends what is going on; what has come of an answer is kept.
    pub(super) fn close(&mut self) {
        // The terminal has been left: there is nobody to tell any more.
        let _ = self.stop();
        self.tasks.abort_all();
    }

    fn ask(&mut self, question: Question) -> Vec<Event> {
        if question.turns.is_empty() {
            let failure = Failure::new(Code::Usage, "there is no question yet");
            return vec![Event::Ended(AnswerEnd::Broken(refused(failure)))];
        }
        self.era += 1;
        let era = self.era;
        let (driver, partner, pieces) = (self.driver.clone(), self.partner.clone(), self.pieces.clone());
        let asking = self.tasks.spawn(async move {
            let tell = |what| {
                // Whoever has left the chat hears nothing.
                let _ = pieces.send(Come { era, what });
            };
            let ended = ask(&driver, &partner, &question, |heard| tell(What::Heard(heard))).await;
            tell(What::Ended(ended));
        });
        self.answering = Some(asking);
        Vec::new()
    }

    fn stop(&mut self) -> Vec<Event> {
        let mut events = Vec::new();
        while let Some(come) = self.pending() {
            events.extend(self.take_up(come));
        }
        if let Some(answering) = self.answering.take() {
            answering.abort();
            self.era += 1;
            let stopped = vec![Event::Ended(AnswerEnd::Stopped)];
            events.extend(kept(self.talk.ends(Ending::Stopped), stopped));
        }
        events
    }

    fn ended(&mut self, ended: Result<(), Broken>) -> Vec<Event> {
        self.answering = None;
        let (ending, end) = match ended {
            Ok(()) => (Ending::Whole, AnswerEnd::Whole),
            Err(broken) => (Ending::Cut, AnswerEnd::Broken(broken)),
        };
        let too_long = matches!(&end, AnswerEnd::Broken(broken) if broken.failure().code == Code::BodyTooLarge);
        let mut events = kept(self.talk.ends(ending), vec![Event::Ended(end)]);
        if ending == Ending::Whole {
            events.extend(self.chores());
        } else if too_long && self.settings.tasks.summary.enabled {
            events.extend(self.summarise(Occasion::TooLong));
        }
        events
    }

    /// What is due after an exchange, a title first of all.
    fn chores(&mut self) -> Vec<Event> {
        let mut events = Vec::new();
        if self.settings.tasks.title.enabled
            && self.talk.title().is_none()
            && let Some(question) = self.talk.title_question()
        {
            events.extend(self.work(Auxiliary::Title, question, 0, false));
        }
        if self.settings.tasks.summary.enabled {
            events.extend(self.summarise(Occasion::Window));
        }
        events
    }

    fn summarise(&mut self, occasion: Occasion) -> Vec<Event> {
        let due = self.talk.compaction(self.settings.chat.window_tokens, occasion);
        match (due, occasion) {
            (Some(due), Occasion::Window) => self.work(Auxiliary::Summary, due.question, due.stands_for, false),
            (Some(due), Occasion::Asked) => self.work(Auxiliary::Summary, due.question, due.stands_for, true),
            (Some(due), Occasion::TooLong) => {
                let mut events = vec![Event::MakingRoom];
                events.extend(self.work(Auxiliary::Summary, due.question, due.stands_for, false));
                events
            }
            (None, Occasion::Asked) => vec![Event::Told("there is nothing yet to sum up".to_owned())],
            (None, Occasion::Window | Occasion::TooLong) => Vec::new(),
        }
    }

    fn work(&mut self, auxiliary: Auxiliary, question: Question, stands_for: usize, asked_for: bool) -> Vec<Event> {
        if self.working.contains(&auxiliary) {
            return Vec::new();
        }
        self.working.push(auxiliary);
        let (driver, settings, partner) = (self.driver.clone(), self.settings.clone(), self.partner.clone());
        let (era, pieces, conversation) = (self.era, self.pieces.clone(), self.id());
        self.tasks.spawn(async move {
            let result = perform(auxiliary, &driver, &settings, &partner, &question).await;
            let work = Work {
                auxiliary,
                conversation,
                stands_for,
                asked_for,
                result,
            };
            // Whoever has left the chat hears nothing.
            let _ = pieces.send(Come {
                era,
                what: What::Worked(work),
            });
        });
        vec![Event::Working(auxiliary)]
    }

    fn worked(&mut self, work: Work) -> Vec<Event> {
        self.working.retain(|working| *working != work.auxiliary);
        // Another conversation is led by now, and this one will ask again when it is resumed.
        if work.conversation != self.id() {
            return Vec::new();
        }
        match (work.auxiliary, work.result) {
            (_, Err(failure)) if work.asked_for => vec![Event::Idle, Event::Failed(failure)],
            (auxiliary, Err(failure)) => vec![Event::TaskFailed(auxiliary, failure)],
            (Auxiliary::Title, Ok(title)) => kept(self.talk.entitle(title.clone()), vec![Event::Entitled(title)]),
            (Auxiliary::Summary, Ok(text)) => {
                let told = Event::Summed(work.stands_for, work.asked_for.then(|| text.clone()));
                let summary = Summary {
                    stands_for: work.stands_for,
                    text,
                };
                kept(self.talk.summarise(summary, self.now()), vec![told])
            }
        }
    }

    fn change(&mut self, wish: Wish) -> Vec<Event> {
        let pinned = wish
            .provider
            .is_none()
            .then(|| self.partner.credential.clone())
            .flatten();
        let wish = Wish {
            credential: wish.credential.clone().or(pinned),
            ..wish.or(self.partner.provider.as_ref(), None)
        };
        match Partner::find(wish, &self.driver, &self.settings) {
            Ok(partner) => {
                self.partner = partner;
                kept(self.talk.lead(&self.partner), vec![self.partner()])
            }
            Err(failure) => vec![Event::Failed(failure)],
        }
    }

    fn now(&self) -> Timestamp {
        self.clock.now().wall
    }
}

/// The conversation of this id.
///
/// # Errors
/// `usage` if there is none.
pub(super) fn found(history: &History, id: &str) -> Result<Conversation, Failure> {
    history.conversation(id)?.ok_or_else(|| {
        Failure::new(Code::Usage, format!("there is no conversation `{id}`")).with_remedy(Remedy::Run {
            command: "evergrant chat --resume".to_owned(),
            why: "choose one from the list".to_owned(),
        })
    })
}

fn refused(failure: Failure) -> Broken {
    Broken::Refused(Box::new(failure))
}

/// The events, and after them what could not be written down.
fn kept(written: Result<(), Failure>, mut events: Vec<Event>) -> Vec<Event> {
    if let Err(failure) = written {
        events.push(Event::Failed(failure));
    }
    events
}

/// 500: further back one searches for a word, not in a list.
const LISTED: usize = 500;
