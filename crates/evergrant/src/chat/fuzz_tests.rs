//! Whatever is pasted, pressed or answered: the frame holds plain cells, and nothing of a text is lost.

use std::time::{Duration, Instant};

use evergrant_driver::plain_text::plain;
use ratatui::Terminal;
use ratatui::backend::TestBackend;

use super::entry::Kind;
use super::frame::draw;
use super::happening::{AnswerEnd, Event};
use super::key::Key;
use super::page::{CUT, Page};
use crate::asking::Broken;

/// A generator that is the same in every run.
struct Dice(u64);

impl Dice {
    fn throw(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % sides as u64).unwrap()
    }

    fn text(&mut self, length: usize) -> String {
        (0..length).map(|_| PIECES[self.throw(PIECES.len())]).collect()
    }
}

/// Draws it, and answers every cell.
fn cells(page: &mut Page, width: u16, height: u16) -> Vec<String> {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| draw(page, frame, true)).unwrap();
    let cells = terminal.backend().buffer().content();
    cells.iter().map(|cell| cell.symbol().to_owned()).collect()
}

#[track_caller]
fn is_plain(cells: &[String]) {
    let steers =
        |c: char| c.is_control() || ('\u{202a}'..='\u{202e}').contains(&c) || ('\u{2066}'..='\u{2069}').contains(&c);
    for cell in cells {
        assert!(!cell.contains(steers), "a cell that steers: {cell:?}");
    }
}

#[test]
fn fuzz_of_pastes_and_keys() {
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    let mut page = Page::new(vec!["earlier\x1b[2J".to_owned()]);
    for turn in 0..ROUNDS {
        let length = dice.throw(40);
        let event = match dice.throw(4) {
            0 => Event::Paste(dice.text(length)),
            1 => Event::Key(Key::Char(dice.text(1).chars().next().unwrap_or('x'))),
            _ => Event::Key(KEYS[dice.throw(KEYS.len())]),
        };
        for _ in page.handle(event) {
            page.handle(Event::Ended(AnswerEnd::Stopped));
        }
        if turn % 10 == 0 {
            let (width, height) = (dice.throw(120) + 1, dice.throw(40) + 1);
            is_plain(&cells(
                &mut page,
                u16::try_from(width).unwrap(),
                u16::try_from(height).unwrap(),
            ));
        }
    }
    println!("{ROUNDS} pastes and keys, every cell plain");
}

#[test]
fn fuzz_of_a_paste_is_kept_whole() {
    let mut dice = Dice(7);
    for _ in 0..200 {
        let mut page = Page::new(Vec::new());
        let text = dice.text(300);
        page.handle(Event::Paste(text.clone()));
        assert_eq!(page.editor.text(), plain(&text).replace('\t', "    "), "{text:?}");
    }
}

#[test]
fn fuzz_of_answers_in_pieces() {
    let mut dice = Dice(0xdead_beef);
    for _ in 0..200 {
        let text = dice.text(200);
        let mut page = Page::new(Vec::new());
        page.handle(Event::Began(Vec::new()));
        let mut rest = text.as_str();
        while !rest.is_empty() {
            let at = (dice.throw(20) + 1).min(rest.len());
            let at = (at..=rest.len()).find(|at| rest.is_char_boundary(*at)).unwrap();
            page.handle(Event::Text(rest[..at].to_owned()));
            rest = &rest[at..];
            is_plain(&cells(&mut page, 30, 10));
        }
        page.handle(Event::Ended(AnswerEnd::Whole));
        let shown = page.transcript.newest(Kind::Answer).unwrap();
        assert_eq!(shown, plain(&text).replace('\t', "    "), "{text:?}");
    }
    println!("200 answers full of control sequences, every cell plain, every text whole");
}

#[test]
fn fuzz_of_answers_that_are_cut_at_every_byte() {
    let text = "one \u{1b}[31mred\u{1b}[0m 日本 \u{1b}]0;title\u{7}end";
    let mut marked = 0;
    for (at, _) in text.char_indices() {
        let mut page = Page::new(Vec::new());
        page.handle(Event::Began(Vec::new()));
        page.handle(Event::Text(text[..at].to_owned()));
        let failure = evergrant_driver::Failure::new(evergrant_driver::Code::Unreachable, "it broke off");
        page.handle(Event::Ended(AnswerEnd::Broken(Broken::Cut(Box::new(failure)))));
        let shown = page.transcript.newest(Kind::Answer).unwrap();
        assert_eq!(shown, plain(&text[..at]), "cut at {at}");
        assert_eq!(page.transcript.newest(Kind::Mark), Some(CUT));
        is_plain(&cells(&mut page, 40, 10));
        marked += 1;
    }
    println!("{marked} cuts, each marked");
}

#[test]
fn fuzz_of_ten_megabytes() {
    for (name, piece) in [
        ("in lines", "a line of an answer that goes on and on\n"),
        ("in one line", "word "),
    ] {
        let mut page = Page::new(Vec::new());
        page.handle(Event::Began(Vec::new()));
        let mut whole = String::new();
        let mut slowest = Duration::ZERO;
        while whole.len() < 10_000_000 {
            let more = piece.repeat(1_000);
            page.handle(Event::Text(more.clone()));
            whole.push_str(&more);
            let began = Instant::now();
            is_plain(&cells(&mut page, 80, 24));
            slowest = slowest.max(began.elapsed());
        }
        page.handle(Event::Ended(AnswerEnd::Whole));
        assert_eq!(page.transcript.newest(Kind::Answer).unwrap().len(), whole.len());
        page.handle(Event::Key(Key::Top));
        let cells = cells(&mut page, 80, 24).concat();
        assert!(cells.contains(piece.trim_end()), "{name}");
        println!("{} bytes {name}: slowest frame {} ms", whole.len(), slowest.as_millis());
        assert!(slowest < Duration::from_secs(2), "{name}: {slowest:?}");
    }
}

/// Everything that means something to a terminal, and a few things that mean something to a reader.
const PIECES: [&str; 40] = [
    "\x1b[2J",
    "\x1b[31m",
    "\x1b]0;title\x07",
    "\x1b]52;c;aGk=\x1b\\",
    "\x1bP1$r\x1b\\",
    "\x1b",
    "\x1b[",
    "\x1b]",
    "\u{9b}31m",
    "\u{9d}0;x\u{9c}",
    "\x07",
    "\x08",
    "\r",
    "\n",
    "\r\n",
    "\t",
    "\0",
    "\x7f",
    "\u{202e}",
    "\u{2066}",
    "\u{200b}",
    "\u{feff}",
    "a",
    "word ",
    "two words",
    "日本",
    "👩‍👩‍👧",
    "e\u{301}",
    "\u{301}",
    "ﷺ",
    "…",
    "/",
    "\\",
    "[201~",
    "\x1b[200~",
    "\x1b[?1049l",
    "\x1b[6n",
    "\x1bc",
    "\x1b(0",
    "  ",
];

const KEYS: [Key; 30] = [
    Key::Enter,
    Key::NewLine,
    Key::Backspace,
    Key::Delete,
    Key::KillWord,
    Key::KillLine,
    Key::KillRest,
    Key::Left,
    Key::Right,
    Key::WordLeft,
    Key::WordRight,
    Key::Home,
    Key::End,
    Key::Up,
    Key::Down,
    Key::PageUp,
    Key::PageDown,
    Key::ScrollUp,
    Key::ScrollDown,
    Key::Top,
    Key::Bottom,
    Key::Escape,
    Key::Interrupt,
    Key::EndOfInput,
    Key::Search,
    Key::Copy,
    Key::Redraw,
    Key::Char('/'),
    Key::Char('\u{1b}'),
    Key::Char('\t'),
];

const ROUNDS: usize = 5_000;
