//! What can be pressed, whatever the terminal sends for it.

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

/// A key, by what it does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Key {
    /// Writes this.
    Char(char),
    /// Sends.
    Enter,
    /// Writes a line end.
    NewLine,
    /// Takes away what stands before.
    Backspace,
    /// Takes away what stands behind.
    Delete,
    /// Takes away the word before.
    KillWord,
    /// Takes away the line up to here.
    KillLine,
    /// Takes away the rest of the line.
    KillRest,
    /// A symbol to the left.
    Left,
    /// A symbol to the right.
    Right,
    /// A word to the left.
    WordLeft,
    /// A word to the right.
    WordRight,
    /// To the line's beginning.
    Home,
    /// To the line's end.
    End,
    /// A row up, or what was written before.
    Up,
    /// A row down, or what was written after.
    Down,
    /// A page up in the transcript.
    PageUp,
    /// A page down.
    PageDown,
    /// A row up in the transcript.
    ScrollUp,
    /// A row down.
    ScrollDown,
    /// The transcript's beginning.
    Top,
    /// Its end.
    Bottom,
    /// Leaves what was begun.
    Escape,
    /// Ctrl-C.
    Interrupt,
    /// Ctrl-D.
    EndOfInput,
    /// Searches the transcript.
    Search,
    /// Copies the last answer.
    Copy,
    /// Draws all of it anew.
    Redraw,
    /// Gives the terminal back to the shell until it is asked for again.
    Suspend,
}

impl Key {
    /// Reads what the terminal has sent; nothing if it means nothing here.
    pub(super) fn read(event: KeyEvent) -> Option<Self> {
        if event.kind == KeyEventKind::Release {
            return None;
        }
        let ctrl = event.modifiers.contains(KeyModifiers::CONTROL);
        let alt = event.modifiers.contains(KeyModifiers::ALT);
        let shift = event.modifiers.contains(KeyModifiers::SHIFT);
        let key = match event.code {
            KeyCode::Enter if alt || shift || ctrl => Self::NewLine,
            KeyCode::Enter => Self::Enter,
            KeyCode::Char(c) if ctrl => return control(c),
            KeyCode::Char('b') if alt => Self::WordLeft,
            KeyCode::Char('f') if alt => Self::WordRight,
            KeyCode::Char(_) if alt => return None,
            KeyCode::Char(c) => Self::Char(c),
            KeyCode::Tab => Self::Char('\t'),
            KeyCode::Backspace if ctrl || alt => Self::KillWord,
            KeyCode::Backspace => Self::Backspace,
            KeyCode::Delete => Self::Delete,
            KeyCode::Left if ctrl || alt => Self::WordLeft,
            KeyCode::Left => Self::Left,
            KeyCode::Right if ctrl || alt => Self::WordRight,
            KeyCode::Right => Self::Right,
            KeyCode::Home if ctrl => Self::Top,
            KeyCode::Home => Self::Home,
            KeyCode::End if ctrl => Self::Bottom,
            KeyCode::End => Self::End,
            KeyCode::Up if ctrl || shift => Self::ScrollUp,
            KeyCode::Up => Self::Up,
            KeyCode::Down if ctrl || shift => Self::ScrollDown,
            KeyCode::Down => Self::Down,
            KeyCode::PageUp => Self::PageUp,
            KeyCode::PageDown => Self::PageDown,
            KeyCode::Esc => Self::Escape,
            // `KeyCode` is not ours; all others do nothing.
            _ => return None,
        };
        Some(key)
    }
}

fn control(c: char) -> Option<Key> {
    Some(match c.to_ascii_lowercase() {
        'a' => Key::Home,
        'b' => Key::Left,
        'c' => Key::Interrupt,
        'd' => Key::EndOfInput,
        'e' => Key::End,
        'f' => Key::Search,
        'h' => Key::Backspace,
        'j' => Key::NewLine,
        'k' => Key::KillRest,
        'l' => Key::Redraw,
        'n' => Key::Down,
        'p' => Key::Up,
        'u' => Key::KillLine,
        'w' => Key::KillWord,
        'y' => Key::Copy,
        'z' => Key::Suspend,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_sends_is_read_by_its_meaning() {
        let read = |code, modifiers| Key::read(KeyEvent::new(code, modifiers));
        assert_eq!(read(KeyCode::Enter, KeyModifiers::NONE), Some(Key::Enter));
        assert_eq!(read(KeyCode::Enter, KeyModifiers::ALT), Some(Key::NewLine));
        assert_eq!(read(KeyCode::Char('j'), KeyModifiers::CONTROL), Some(Key::NewLine));
        assert_eq!(read(KeyCode::Char('C'), KeyModifiers::CONTROL), Some(Key::Interrupt));
        assert_eq!(read(KeyCode::Char('A'), KeyModifiers::SHIFT), Some(Key::Char('A')));
        assert_eq!(read(KeyCode::Char('z'), KeyModifiers::CONTROL), Some(Key::Suspend));
        assert_eq!(read(KeyCode::Char('x'), KeyModifiers::ALT), None);
        assert_eq!(read(KeyCode::Home, KeyModifiers::CONTROL), Some(Key::Top));
    }
}
