//! The terminal while the chat has it: taken over, drawn on, and given back whatever happens.

use std::io::{self, Stdout, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use evergrant_driver::{Code, Failure};
use ratatui::backend::CrosstermBackend;
use ratatui::crossterm::event::{self, DisableBracketedPaste, EnableBracketedPaste};
use ratatui::crossterm::style::Print;
use ratatui::crossterm::terminal::{EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode};
use ratatui::crossterm::{cursor, execute};
use ratatui::{Frame, Terminal};
use tokio::sync::mpsc;

use super::key::Key;

/// The terminal.
pub(super) struct Screen {
    terminal: Terminal<CrosstermBackend<Stdout>>,
    left: Arc<AtomicBool>,
}

/// What comes from it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Typed {
    /// A key.
    Key(Key),
    /// A paste.
    Paste(String),
    /// Its size has changed.
    Resized,
    /// It has gone.
    Gone,
}

impl Screen {
    /// Takes it over, and reads what comes from it on a thread of its own.
    ///
    /// # Errors
    /// A terminal that cannot be controlled.
    pub(super) fn enter() -> Result<(Self, mpsc::Receiver<Typed>), Failure> {
        give_back_on_panic();
        let taken = take_over().and_then(|()| Terminal::new(CrosstermBackend::new(io::stdout())));
        let terminal = taken.map_err(|error| {
            give_back();
            Failure::new(Code::Internal, format!("the terminal cannot be used: {error}"))
        })?;
        let left = Arc::new(AtomicBool::new(false));
        let (typed, come) = mpsc::channel(TYPED);
        let is_left = Arc::clone(&left);
        std::thread::spawn(move || read(&typed, &is_left));
        Ok((Self { terminal, left }, come))
    }

    /// Draws a frame.
    ///
    /// # Errors
    /// A terminal that has gone.
    pub(super) fn draw(&mut self, paint: impl FnOnce(&mut Frame<'_>)) -> io::Result<()> {
        self.terminal.draw(paint).map(|_| ())
    }

    /// Forgets what stands there, so that the next frame is drawn whole.
    ///
    /// # Errors
    /// A terminal that has gone.
    pub(super) fn clear(&mut self) -> io::Result<()> {
        self.terminal.clear()
    }

    /// Gives it back for as long as somebody else has it.
    pub(super) fn lend() {
        give_back();
    }

    /// Takes it over again, in whatever state it comes back, and forgets what stands there.
    ///
    /// # Errors
    /// A terminal that has gone.
    pub(super) fn take_again(&mut self) -> io::Result<()> {
        // What is raw already is not made so again, and a shell may have changed it meanwhile.
        disable_raw_mode()?;
        take_over()?;
        // A new one knows of nothing that stands there, and need not ask the terminal where its cursor is.
        self.terminal = Terminal::new(CrosstermBackend::new(io::stdout()))?;
        Ok(())
    }

    /// Hands text to the terminal's clipboard (OSC 52), which works over SSH as well.
    ///
    /// # Errors
    /// A terminal that has gone.
    pub(super) fn copy(&mut self, text: &str) -> io::Result<()> {
        let backend = self.terminal.backend_mut();
        backend.write_all(clipboard(text).as_bytes())?;
        backend.flush()
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        self.left.store(true, Ordering::Relaxed);
        give_back();
    }
}

/// The sequence that sets the clipboard; its text cannot end it, because it is encoded.
fn clipboard(text: &str) -> String {
    format!("\x1b]52;c;{}\x07", STANDARD.encode(text))
}

fn take_over() -> io::Result<()> {
    enable_raw_mode()?;
    execute!(
        io::stdout(),
        EnterAlternateScreen,
        EnableBracketedPaste,
        Print(WHEEL_OFF)
    )
}

/// Everything that was taken over, in the other order; a terminal that has gone needs nothing back.
fn give_back() {
    let _ = execute!(
        io::stdout(),
        Print(WHEEL_BACK),
        DisableBracketedPaste,
        LeaveAlternateScreen,
        cursor::Show
    );
    let _ = disable_raw_mode();
}

/// A panic is told on the terminal as it was before.
fn give_back_on_panic() {
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        give_back();
        before(panic);
    }));
}

fn read(typed: &mpsc::Sender<Typed>, left: &AtomicBool) {
    while !left.load(Ordering::Relaxed) {
        let come = match event::poll(LOOK_EVERY) {
            Ok(false) => continue,
            Ok(true) => event::read(),
            Err(error) => Err(error),
        };
        let come = match come {
            Ok(event::Event::Key(key)) => Key::read(key).map(Typed::Key),
            Ok(event::Event::Paste(text)) => Some(Typed::Paste(text)),
            Ok(event::Event::Resize(_, _)) => Some(Typed::Resized),
            Ok(event::Event::FocusGained | event::Event::FocusLost | event::Event::Mouse(_)) => None,
            Err(_) => Some(Typed::Gone),
        };
        let is_gone = come == Some(Typed::Gone);
        if come.is_some_and(|come| typed.blocking_send(come).is_err()) || is_gone {
            return;
        }
    }
}

/// Remembers whether the wheel stands for the arrow keys on this screen, and ends that: here they recall what was written. The
/// wheel is not asked for instead, since the terminal could then select nothing.
const WHEEL_OFF: &str = "\x1b[?1007s\x1b[?1007l";

/// As it usually is, and as it was where the terminal remembers.
const WHEEL_BACK: &str = "\x1b[?1007h\x1b[?1007r";

/// More than anybody types before it is looked at; a paste without brackets waits in the terminal.
const TYPED: usize = 1_024;

/// 100 ms: how long the thread outlives the chat at most.
const LOOK_EVERY: Duration = Duration::from_millis(100);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_copied_cannot_steer_the_terminal() {
        assert_eq!(clipboard("a\x07\x1b[2J"), "\x1b]52;c;YQcbWzJK\x07");
    }
}
