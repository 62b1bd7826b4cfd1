//! Leads the chat in the terminal until it is left.

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use evergrant_driver::history::{ConversationId, History};
use evergrant_driver::settings::Settings;
use evergrant_driver::{Driver, Failure};
use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior, interval};

use super::frame;
use super::happening::{Command, Event};
use super::key::Key;
use super::led::{Come, Led, found};
use super::page::Page;
use super::screen::{Screen, Typed};
use super::signals::{Signalled, Signals};
use crate::asking::{Partner, Wish};

/// How the chat begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Opening {
    /// With a new conversation.
    New,
    /// With the list of earlier ones.
    Choose,
    /// With this one.
    Resume(String),
}

/// Chats until it is left; answers the id of the conversation that was left, if anything was said in it.
///
/// # Errors
/// What keeps it from beginning; later ones are shown.
pub(crate) async fn converse(
    driver: Driver,
    settings: Settings,
    history: Arc<History>,
    wish: Wish,
    opening: Opening,
    coloured: bool,
) -> Result<Option<ConversationId>, Failure> {
    let resumed = match &opening {
        Opening::Resume(id) => Some(found(&history, id)?),
        Opening::New | Opening::Choose => None,
    };
    let wish = wish.or(settings.chat.provider.as_ref(), settings.chat.model.as_deref());
    let partner = Partner::find(wish, &driver, &settings)?;
    let mut page = Page::new(history.typed(TYPED)?);
    driver.stay();
    let mut led = Led::new(driver, settings, history, partner);
    page.handle(led.partner());
    let opened = match (resumed, opening) {
        (Some(conversation), _) => led.resume(conversation),
        (None, Opening::Choose) => led.obey(Command::List),
        (None, Opening::New | Opening::Resume(_)) => Vec::new(),
    };
    for event in opened {
        page.handle(event);
    }
    let (screen, typed) = Screen::enter()?;
    let mut terminal = Terminal {
        screen,
        typed,
        page,
        led,
        coloured,
        suspends: false,
    };
    // A terminal that has gone ends the chat like one that is left.
    let _ = terminal.lead().await;
    terminal.led.close();
    Ok(terminal.led.id())
}

struct Terminal {
    screen: Screen,
    typed: mpsc::Receiver<Typed>,
    page: Page,
    led: Led,
    coloured: bool,
    /// Whether it is to be given back to the shell.
    suspends: bool,
}

impl Terminal {
    async fn lead(&mut self) -> io::Result<()> {
        let mut signals = Signals::new();
        let mut seconds = interval(Duration::from_secs(1));
        seconds.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let (page, coloured) = (&mut self.page, self.coloured);
            self.screen.draw(|frame| frame::draw(page, frame, coloured))?;
            let goes_on = tokio::select! {
                biased;
                signalled = signals.next() => match signalled {
                    Signalled::Interrupt => self.happened(Event::Key(Key::Interrupt))?,
                    Signalled::End => false,
                    Signalled::GoOn => self.screen.take_again().map(|()| true)?,
                },
                key = self.typed.recv() => self.typed(key.unwrap_or(Typed::Gone))?,
                Some(come) = self.led.next() => self.came(come)?,
                _ = seconds.tick(), if self.page.waited_secs.is_some() => self.happened(Event::Second)?,
            };
            // Whatever else is there by now is seen in the same frame, unless that would take long.
            let until = Instant::now() + FRAME;
            while goes_on && Instant::now() < until {
                if let Ok(key) = self.typed.try_recv() {
                    if !self.typed(key)? {
                        return Ok(());
                    }
                } else if let Some(come) = self.led.pending() {
                    self.came(come)?;
                } else {
                    break;
                }
            }
            if !goes_on {
                return Ok(());
            }
            if std::mem::take(&mut self.suspends) {
                Screen::lend();
                signals.stop().await;
                self.screen.take_again()?;
            }
        }
    }

    fn typed(&mut self, typed: Typed) -> io::Result<bool> {
        match typed {
            Typed::Key(key) => self.happened(Event::Key(key)),
            Typed::Paste(text) => self.happened(Event::Paste(text)),
            // The next frame has the new size.
            Typed::Resized => Ok(true),
            Typed::Gone => Ok(false),
        }
    }

    fn came(&mut self, come: Come) -> io::Result<bool> {
        for event in self.led.take_up(come) {
            self.happened(event)?;
        }
        Ok(true)
    }

    /// Lets the page see what happened, and does what it asks for; answers whether it goes on.
    fn happened(&mut self, event: Event) -> io::Result<bool> {
        let mut happened = VecDeque::from([event]);
        while let Some(event) = happened.pop_front() {
            for command in self.page.handle(event) {
                match command {
                    Command::Quit => return Ok(false),
                    Command::Copy(text) => self.screen.copy(&text)?,
                    Command::Redraw => self.screen.clear()?,
                    Command::Suspend => self.suspends = true,
                    other => happened.extend(self.led.obey(other)),
                }
            }
        }
        Ok(true)
    }
}

/// 500 messages to go back to by key.
const TYPED: usize = 500;

/// 30 ms: thirty frames a second look alive, however fast an answer streams.
const FRAME: Duration = Duration::from_millis(30);
