//! `chat`: a conversation in the terminal, or one answer to stdout.

use std::sync::Arc;

use clap::Args;
use evergrant_driver::history::{Ending, History};
use evergrant_driver::plain_text::PlainText;
use evergrant_driver::settings::Settings;
use evergrant_driver::{Code, Driver, Failure, Label, ProviderId, Remedy};
use tokio::sync::mpsc;

use super::chat_json::{AnswerShape, ConversationShape, EndShape, TextShape};
use super::colours;
use super::console::Console;
use super::exit::Exit;
use super::interrupts::Interrupts;
use super::online;
use super::stdin;
use super::when;
use crate::asking::{Broken, Heard, Partner, Wish, ask};
use crate::chat::{Opening, Talk, converse};

/// What can be typed.
#[derive(Args, Debug)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Typed {
    /// The provider [default: as configured, else the first with a credential]
    #[arg(long, short, value_name = "P")]
    provider: Option<String>,
    /// The label of the only credential to use
    #[arg(long, value_name = "L")]
    credential: Option<String>,
    /// The model [default: as configured, else the provider's own]
    #[arg(long, short, value_name = "M")]
    model: Option<String>,
    /// Go on with an earlier conversation: this one, else choose from a list (one answer: the newest)
    #[arg(long, short, value_name = "ID", num_args = 0..=1)]
    resume: Option<Option<String>>,
    /// What to ask for one answer; text on stdin is put behind it
    #[arg(value_name = "PROMPT")]
    prompt: Option<String>,
}

impl Typed {
    fn wish(&self) -> Wish {
        Wish {
            provider: self.provider.as_deref().map(ProviderId::from),
            credential: self.credential.as_deref().map(Label::from),
            model: self.model.clone(),
            usually: false,
        }
    }
}

impl Typed {
    /// Whether it is led in the terminal, and not one answer.
    pub(crate) fn takes_the_terminal(&self, console: &Console) -> bool {
        self.prompt.is_none() && stdin::is_terminal() && console.is_drawable() && !console.json()
    }
}

/// Chats: on a terminal without a prompt until it is left, else for one answer.
///
/// # Errors
/// No answer, or one that broke off; a history that cannot be used.
pub(crate) fn run(typed: &Typed, settings: Settings, console: &Console) -> Result<Exit, Failure> {
    if let (None, Some(astray)) = (&typed.provider, settings.astray("chat.provider")) {
        return Err(astray.clone());
    }
    if typed.takes_the_terminal(console) {
        in_terminal(typed, settings, console)
    } else {
        one_answer(typed, settings, console)
    }
}

fn in_terminal(typed: &Typed, settings: Settings, console: &Console) -> Result<Exit, Failure> {
    let opening = match &typed.resume {
        None => Opening::New,
        Some(None) => Opening::Choose,
        Some(Some(id)) => Opening::Resume(id.clone()),
    };
    online::run(async {
        let history = Arc::new(History::open(&settings.home)?);
        let driver = Driver::open(settings.clone())?;
        let ended = converse(
            driver.clone(),
            settings,
            history,
            typed.wish(),
            opening,
            console.colour_out(),
        )
        .await;
        driver.land().await;
        if let Some(id) = ended? {
            let command = console.paint_note(colours::COMMAND, &format!("evergrant chat --resume {id}"));
            console.note(&format!("go on with it: {command}"));
        }
        Ok(Exit::DONE)
    })
}

fn one_answer(typed: &Typed, settings: Settings, console: &Console) -> Result<Exit, Failure> {
    if typed.prompt.is_none() && stdin::is_terminal() {
        console.note("write what to ask, and Ctrl-D on a line of its own");
    }
    let prompt = stdin::prompt(typed.prompt.as_deref())?;
    online::run(async {
        let mut interrupts = Interrupts::new();
        let history = Arc::new(History::open(&settings.home)?);
        let earlier = match &typed.resume {
            None => None,
            Some(id) => Some(found(&history, id.as_deref())?),
        };
        let driver = Driver::open(settings.clone())?;
        let mut wish = typed.wish();
        if let Some(earlier) = &earlier {
            wish = wish.or(earlier.provider.as_ref(), earlier.model.as_deref());
        }
        let wish = wish.or(settings.chat.provider.as_ref(), settings.chat.model.as_deref());
        let partner = Partner::find(wish, &driver, &settings)?;
        let mut talk = match earlier {
            Some(earlier) => Talk::resumed(history, earlier),
            None => Talk::new(history),
        };
        talk.say(&prompt, &partner, when::now())?;
        let answering = OneAnswer {
            driver: &driver,
            partner: &partner,
            console,
        };
        let ended = answering.stream(&mut talk, &mut interrupts).await;
        // A renewal that an answer needed is let finish even if the answer was stopped.
        tokio::select! {
            () = driver.land() => {}
            _ = interrupts.next() => {}
        }
        ended
    })
}

/// The conversation of this id, else the newest.
fn found(history: &History, id: Option<&str>) -> Result<evergrant_driver::history::Conversation, Failure> {
    let newest = history.conversations(1)?.into_iter().next();
    let id = match (id, newest) {
        (Some(id), _) => id.to_owned(),
        (None, Some(newest)) => newest.id.to_string(),
        (None, None) => return Err(Failure::new(Code::Usage, "there is no conversation yet to go on with")),
    };
    history.conversation(&id)?.ok_or_else(|| {
        Failure::new(Code::Usage, format!("there is no conversation `{id}`")).with_remedy(Remedy::Run {
            command: "evergrant chat --resume".to_owned(),
            why: "choose one from the list; a prompt stands before `--resume`, or after an id".to_owned(),
        })
    })
}

/// One answer on its way to stdout.
struct OneAnswer<'a> {
    driver: &'a Driver,
    partner: &'a Partner,
    console: &'a Console,
}

impl OneAnswer<'_> {
    async fn stream(&self, talk: &mut Talk, interrupts: &mut Interrupts) -> Result<Exit, Failure> {
        if self.console.json()
            && let Some(id) = talk.id()
        {
            self.console.document(&ConversationShape::of(id))?;
        }
        let question = talk.question();
        let (pieces, mut heard) = mpsc::unbounded_channel();
        let asked = ask(self.driver, self.partner, &question, |piece| {
            // Who does not listen any more has ended all this.
            let _ = pieces.send(piece);
        });
        let mut asked = std::pin::pin!(asked);
        let mut filter = PlainText::default();
        let ended = loop {
            tokio::select! {
                biased;
                _ = interrupts.next() => break None,
                Some(piece) = heard.recv() => {
                    self.show(talk, &mut filter, piece)?;
                    if self.console.closed() {
                        break None;
                    }
                }
                ended = &mut asked => break Some(ended),
            }
        };
        while let Ok(piece) = heard.try_recv() {
            self.show(talk, &mut filter, piece)?;
        }
        self.end(talk, &mut filter, ended)
    }

    fn show(&self, talk: &mut Talk, filter: &mut PlainText, piece: Heard) -> Result<(), Failure> {
        match piece {
            Heard::Began(trail) => {
                talk.begins(&trail, &self.partner.model, when::now())?;
                if self.console.json() {
                    self.console.document(&AnswerShape::of(&trail, &self.partner.model))?;
                }
                Ok(())
            }
            Heard::Text(text) => {
                talk.hears(&text, when::now())?;
                if self.console.json() {
                    return self.console.document(&TextShape::of(&text));
                }
                self.console.write(filter.push(&text).as_bytes())
            }
        }
    }

    fn end(&self, talk: &mut Talk, filter: &mut PlainText, ended: Option<Result<(), Broken>>) -> Result<Exit, Failure> {
        let ending = match &ended {
            Some(Ok(())) => Ending::Whole,
            Some(Err(_)) => Ending::Cut,
            None => Ending::Stopped,
        };
        let came = talk
            .messages()
            .last()
            .is_some_and(|message| message.ending == Ending::Coming && !message.text.is_empty());
        talk.ends(ending)?;
        if self.console.json() {
            if came || ending == Ending::Whole {
                self.console.document(&EndShape::of(ending))?;
            }
        } else if came {
            self.console.write(format!("{}\n", filter.end()).as_bytes())?;
        }
        match ended {
            Some(Ok(())) => Ok(Exit::DONE),
            Some(Err(Broken::Cut(failure))) => Err(Failure {
                message: format!("{}: the rest of the answer is missing", failure.message),
                ..*failure
            }),
            Some(Err(Broken::Refused(failure))) => Err(*failure),
            // Whoever reads stdout has gone, and has what it wanted.
            None if self.console.closed() => Ok(Exit::DONE),
            None => Err(Failure::new(Code::Interrupted, "interrupted")),
        }
    }
}

const EXAMPLES: &str = "\
Examples:
  evergrant chat                                   a conversation in the terminal; /help lists what can be done
  evergrant chat --resume                          go on with an earlier one
  evergrant chat \"what is a monad\"                 one answer to stdout
  git diff | evergrant chat \"review this\"          what is piped in is put behind the prompt
  evergrant chat \"and in Rust?\" --resume           one more answer in the newest conversation
  evergrant chat --json hello | jq -r 'select(.event==\"text\").text'

Settings (config.toml):
  [chat]             provider, model, window_tokens (128000)
  [tasks.title]      enabled (true), provider, model, budget_tokens (64), timeout_secs (30)
  [tasks.summary]    the same for summaries of long conversations (2000, 120)";
