//! The chat as a machine: what happens goes in, what is to be done comes out, and what is to be seen stands in it.

use evergrant_driver::history::{Conversation, Ending, Role};
use evergrant_driver::plain_text::{plain, plain_line};
use evergrant_driver::{Failure, ProviderId};

use super::editor::Editor;
use super::entry::Kind;
use super::happening::{AnswerEnd, Command, Event};
use super::key::Key;
use super::picker::Picker;
use super::slash::{HELP, ModelWish, Slash};
use super::transcript::Transcript;
use super::words;
use crate::asking::{Broken, Wish};
use crate::tasks::Auxiliary;

/// What the keys are for.
#[derive(Clone, Debug)]
pub(super) enum Mode {
    /// Writing.
    Writing,
    /// Searching for this.
    Searching(String),
    /// Choosing a conversation.
    Choosing(Picker),
}

/// The chat.
#[derive(Clone, Debug)]
pub(super) struct Page {
    pub(super) transcript: Transcript,
    pub(super) editor: Editor,
    pub(super) mode: Mode,
    pub(super) answering: bool,
    /// How many seconds no word of the answer has come; `None` if there is one, or nothing is waited for.
    pub(super) waited_secs: Option<u64>,
    pub(super) working: Option<Auxiliary>,
    pub(super) title: Option<String>,
    pub(super) partner: String,
    pub(super) hint: Option<String>,
    /// Whether the last key was an interrupt that did nothing, so that the next one leaves.
    about_to_quit: bool,
    told_of_title: bool,
    told_of_summary: bool,
}

impl Page {
    /// An empty one that knows what was written earlier.
    pub(super) fn new(earlier: Vec<String>) -> Self {
        Self {
            transcript: Transcript::default(),
            editor: Editor::knowing(earlier.iter().map(|text| plain(text)).collect()),
            mode: Mode::Writing,
            answering: false,
            waited_secs: None,
            working: None,
            title: None,
            partner: String::new(),
            hint: None,
            about_to_quit: false,
            told_of_title: false,
            told_of_summary: false,
        }
    }

    /// Takes up what happened; answers what is to be done.
    pub(super) fn handle(&mut self, event: Event) -> Vec<Command> {
        match event {
            Event::Key(key) => return self.press(key),
            Event::Paste(text) => self.paste(&text),
            Event::Second => self.waited_secs = self.waited_secs.map(|secs| secs + 1),
            Event::Began(repaired) => {
                if let Some(line) = words::repaired(&repaired) {
                    self.transcript.push(Kind::Quiet, &line);
                }
                self.transcript.begin(Kind::Answer);
            }
            Event::Text(text) => {
                self.waited_secs = None;
                self.transcript.append(&text);
            }
            Event::Ended(end) => self.ended(end),
            Event::Working(auxiliary) => self.working = Some(auxiliary),
            Event::Entitled(title) => {
                self.working = None;
                self.told_of_title = false;
                self.title = Some(title);
            }
            Event::Summed(stands_for, text) => self.summed(stands_for, text),
            Event::TaskFailed(auxiliary, failure) => self.task_failed(auxiliary, &failure),
            Event::Idle => self.working = None,
            Event::MakingRoom => self.transcript.push(Kind::Quiet, MAKING_ROOM),
            Event::Listed(headings) if headings.is_empty() => {
                self.transcript.push(Kind::Note, "there is no earlier conversation");
            }
            Event::Listed(headings) => self.mode = Mode::Choosing(Picker::of(&headings)),
            Event::Opened(conversation) => self.open(&conversation),
            Event::Emptied => self.empty(),
            Event::Partner(partner) => self.partner = plain_line(&partner, PARTNER),
            Event::Told(text) => self.transcript.push(Kind::Note, &text),
            Event::Failed(failure) => self.failed(&failure),
        }
        Vec::new()
    }

    fn ended(&mut self, end: AnswerEnd) {
        self.answering = false;
        self.waited_secs = None;
        self.transcript.end();
        match end {
            AnswerEnd::Whole if self.transcript.newest(Kind::Answer) == Some("") => {
                self.transcript.push(Kind::Mark, EMPTY);
            }
            AnswerEnd::Whole => {}
            AnswerEnd::Stopped => self.transcript.push(Kind::Mark, STOPPED),
            AnswerEnd::Broken(broken) => {
                if let Broken::Cut(_) = &broken {
                    self.transcript.push(Kind::Mark, CUT);
                }
                self.transcript.push(Kind::Failure, &words::failure(broken.failure()));
            }
        }
    }

    fn summed(&mut self, stands_for: usize, text: Option<String>) {
        self.working = None;
        self.told_of_summary = false;
        let line = format!("the first {stands_for} messages were summed up for the model; all of them are kept");
        self.transcript.push(Kind::Quiet, &line);
        if let Some(text) = text {
            self.transcript.push(Kind::Note, &text);
        }
    }

    /// What fails again and again while an answer comes is said once.
    fn failed(&mut self, failure: &Failure) {
        let text = words::failure(failure);
        if !self.answering || self.transcript.newest(Kind::Failure) != Some(&text) {
            self.transcript.push(Kind::Failure, &text);
        }
    }

    /// Says so once; it is tried again later.
    fn task_failed(&mut self, auxiliary: Auxiliary, failure: &Failure) {
        self.working = None;
        let told = match auxiliary {
            Auxiliary::Title => &mut self.told_of_title,
            Auxiliary::Summary => &mut self.told_of_summary,
        };
        if !std::mem::replace(told, true) {
            let line = format!(
                "no {} yet, it is tried again later: {}",
                auxiliary.word(),
                failure.message
            );
            self.transcript.push(Kind::Quiet, &line);
        }
    }

    fn open(&mut self, conversation: &Conversation) {
        self.empty();
        self.title.clone_from(&conversation.title);
        for message in &conversation.messages {
            let kind = match message.role {
                Role::User => Kind::User,
                Role::Assistant => Kind::Answer,
            };
            self.transcript.push(kind, &message.text);
            match message.ending {
                Ending::Whole if message.text.is_empty() => self.transcript.push(Kind::Mark, EMPTY),
                Ending::Whole => {}
                Ending::Stopped => self.transcript.push(Kind::Mark, STOPPED),
                Ending::Cut | Ending::Coming => self.transcript.push(Kind::Mark, CUT),
            }
        }
    }

    fn empty(&mut self) {
        self.transcript = Transcript::default();
        self.title = None;
        self.mode = Mode::Writing;
        self.told_of_title = false;
        self.told_of_summary = false;
    }

    fn paste(&mut self, text: &str) {
        let text = plain(text);
        match &mut self.mode {
            Mode::Writing if self.editor.text().len() + text.len() > WRITTEN => {
                self.hint = Some("that is too long to be written here: pipe it in instead".to_owned());
            }
            Mode::Writing => self.editor.insert(&text.replace('\t', "    ")),
            Mode::Searching(needle) => needle.push_str(&plain_line(&text, NEEDLE)),
            Mode::Choosing(picker) => plain_line(&text, NEEDLE).chars().for_each(|c| picker.narrow(c)),
        }
    }

    fn press(&mut self, key: Key) -> Vec<Command> {
        // A terminal can be made to send what nobody has typed.
        if let Key::Char(c) = key
            && plain(c.encode_utf8(&mut [0; 4])) != c.to_string()
        {
            return Vec::new();
        }
        self.hint = None;
        let about_to_quit = std::mem::take(&mut self.about_to_quit);
        match (key, &self.mode) {
            (Key::Redraw, _) => return vec![Command::Redraw],
            (Key::Suspend, _) => return vec![Command::Suspend],
            (Key::Interrupt, Mode::Searching(_) | Mode::Choosing(_)) => self.leave_mode(),
            (Key::Interrupt, Mode::Writing) => return self.interrupt(about_to_quit),
            (key, Mode::Writing) => return self.write(key),
            (key, Mode::Searching(_)) => self.search(key),
            (key, Mode::Choosing(_)) => return self.choose(key),
        }
        Vec::new()
    }

    fn leave_mode(&mut self) {
        self.transcript.forget_search();
        self.mode = Mode::Writing;
    }

    /// Stops the answer; on an idle prompt twice to leave.
    fn interrupt(&mut self, about_to_quit: bool) -> Vec<Command> {
        if self.answering {
            return vec![Command::Stop];
        }
        if about_to_quit {
            return vec![Command::Quit];
        }
        self.editor.take();
        self.about_to_quit = true;
        self.hint = Some("Ctrl-C once more leaves".to_owned());
        Vec::new()
    }

    fn write(&mut self, key: Key) -> Vec<Command> {
        match key {
            Key::Enter if self.editor.text().ends_with('\\') => {
                self.editor.end();
                self.editor.backspace();
                self.editor.insert("\n");
            }
            Key::Enter => return self.enter(),
            Key::EndOfInput if self.editor.text().is_empty() => return vec![Command::Quit],
            Key::Copy => return self.copy(),
            Key::Char('\t') => self.editor.insert("    "),
            Key::Char(c) => self.editor.insert(c.encode_utf8(&mut [0; 4])),
            Key::NewLine => self.editor.insert("\n"),
            Key::Backspace => self.editor.backspace(),
            Key::Delete | Key::EndOfInput => self.editor.delete(),
            Key::KillWord => self.editor.kill_word(),
            Key::KillLine => self.editor.kill_line(),
            Key::KillRest => self.editor.kill_rest(),
            Key::Left => self.editor.left(),
            Key::Right => self.editor.right(),
            Key::WordLeft => self.editor.word_left(),
            Key::WordRight => self.editor.word_right(),
            Key::Home => self.editor.home(),
            Key::End => self.editor.end(),
            Key::Up => self.editor.up(),
            Key::Down => self.editor.down(),
            Key::PageUp => self.transcript.page(-1),
            Key::PageDown => self.transcript.page(1),
            Key::ScrollUp => self.transcript.scroll(-1),
            Key::ScrollDown => self.transcript.scroll(1),
            Key::Top => self.transcript.go_to_top(),
            Key::Bottom | Key::Escape => self.transcript.go_to_bottom(),
            Key::Search => self.mode = Mode::Searching(String::new()),
            Key::Interrupt | Key::Redraw | Key::Suspend => {}
        }
        Vec::new()
    }

    fn search(&mut self, key: Key) {
        let Mode::Searching(needle) = &mut self.mode else {
            return;
        };
        let found = match key {
            Key::Char(c) => {
                needle.push(c);
                self.transcript.forget_search();
                self.transcript.find(needle, true)
            }
            Key::Backspace => {
                needle.pop();
                self.transcript.forget_search();
                needle.is_empty() || self.transcript.find(needle, true)
            }
            Key::Enter | Key::Up | Key::Search => self.transcript.find(needle, true),
            Key::Down => self.transcript.find(needle, false),
            Key::Escape => return self.leave_mode(),
            Key::NewLine
            | Key::Delete
            | Key::KillWord
            | Key::KillLine
            | Key::KillRest
            | Key::Left
            | Key::Right
            | Key::WordLeft
            | Key::WordRight
            | Key::Home
            | Key::End
            | Key::PageUp
            | Key::PageDown
            | Key::ScrollUp
            | Key::ScrollDown
            | Key::Top
            | Key::Bottom
            | Key::Interrupt
            | Key::EndOfInput
            | Key::Copy
            | Key::Redraw
            | Key::Suspend => true,
        };
        if !found {
            self.hint = Some("not found".to_owned());
        }
    }

    fn choose(&mut self, key: Key) -> Vec<Command> {
        let Mode::Choosing(picker) = &mut self.mode else {
            return Vec::new();
        };
        match key {
            Key::Up => picker.go(-1),
            Key::Down => picker.go(1),
            Key::PageUp => picker.go(-PAGE),
            Key::PageDown => picker.go(PAGE),
            Key::Char(c) => picker.narrow(c),
            Key::Backspace => picker.widen(),
            Key::Enter => {
                let chosen = picker.chosen();
                self.mode = Mode::Writing;
                return chosen.map(|id| Command::Resume(id.to_string())).into_iter().collect();
            }
            Key::Escape | Key::EndOfInput => self.mode = Mode::Writing,
            Key::NewLine
            | Key::Delete
            | Key::KillWord
            | Key::KillLine
            | Key::KillRest
            | Key::Left
            | Key::Right
            | Key::WordLeft
            | Key::WordRight
            | Key::Home
            | Key::End
            | Key::ScrollUp
            | Key::ScrollDown
            | Key::Top
            | Key::Bottom
            | Key::Interrupt
            | Key::Search
            | Key::Copy
            | Key::Redraw
            | Key::Suspend => {}
        }
        Vec::new()
    }

    fn enter(&mut self) -> Vec<Command> {
        let text = self.editor.text().trim().to_owned();
        if text.is_empty() {
            return Vec::new();
        }
        if let Some(slash) = Slash::read(&text) {
            return self.slash(slash, &text);
        }
        if self.answering {
            self.hint = Some("an answer is coming: Ctrl-C stops it".to_owned());
            return Vec::new();
        }
        let said = text.strip_prefix('/').filter(|rest| rest.starts_with('/'));
        let said = said.unwrap_or(&text).to_owned();
        self.editor.take();
        self.editor.remember(&text);
        self.transcript.go_to_bottom();
        self.transcript.push(Kind::User, &said);
        self.await_answer();
        vec![Command::Ask(said)]
    }

    fn await_answer(&mut self) {
        self.answering = true;
        self.waited_secs = Some(0);
    }

    fn slash(&mut self, slash: Slash, text: &str) -> Vec<Command> {
        let waits = matches!(
            slash,
            Slash::New | Slash::Resume(_) | Slash::Retry | Slash::Model(ModelWish::Change { .. })
        );
        if self.answering && waits {
            self.hint = Some("an answer is coming: Ctrl-C stops it".to_owned());
            return Vec::new();
        }
        if let Slash::Unknown(name) = &slash {
            // It stays to be mended.
            self.hint = Some(format!("there is no /{name}; /help lists what there is"));
            return Vec::new();
        }
        self.editor.take();
        self.editor.remember(text);
        self.transcript.go_to_bottom();
        match slash {
            Slash::Help => self.transcript.push(Kind::Note, HELP),
            Slash::New => return vec![Command::New],
            Slash::Resume(None) => return vec![Command::List],
            Slash::Resume(Some(id)) => return vec![Command::Resume(id)],
            Slash::Model(ModelWish::Tell) => {
                let partner = self.partner.clone();
                self.transcript.push(Kind::Note, &partner);
            }
            Slash::Model(ModelWish::Change { provider, model }) => {
                return vec![Command::Change(Wish {
                    provider: provider.map(ProviderId::from),
                    model: Some(model),
                    ..Wish::default()
                })];
            }
            Slash::Title(given) => return vec![Command::Entitle(given.map(|title| plain_line(&title, PARTNER)))],
            Slash::Summary => return vec![Command::Summarise],
            Slash::Credentials => return vec![Command::TellCredentials],
            Slash::Search(needle) => {
                if !needle.is_empty() && !self.transcript.find(&needle, true) {
                    self.hint = Some("not found".to_owned());
                }
                self.mode = Mode::Searching(needle);
            }
            Slash::Copy => return self.copy(),
            Slash::Retry => {
                self.await_answer();
                return vec![Command::AskAgain];
            }
            Slash::Quit => return vec![Command::Quit],
            Slash::Unknown(_) => {}
        }
        Vec::new()
    }

    fn copy(&mut self) -> Vec<Command> {
        match self.transcript.newest(Kind::Answer) {
            Some(answer) if answer.len() > COPIED => {
                self.hint = Some("the last answer is too long for a terminal's clipboard".to_owned());
                Vec::new()
            }
            Some(answer) => {
                let answer = answer.to_owned();
                self.hint = Some("the last answer was handed to the terminal's clipboard".to_owned());
                vec![Command::Copy(answer)]
            }
            None => {
                self.hint = Some("there is no answer to copy".to_owned());
                Vec::new()
            }
        }
    }
}

/// What stands in the place of what is missing.
pub(super) const CUT: &str = "[cut off: the rest of the answer is missing]";

/// What stands where an answer was stopped.
pub(super) const STOPPED: &str = "[stopped]";

/// What stands where an answer has no words.
const EMPTY: &str = "[the answer is empty]";

/// What is told while a summary is made without which nothing can be asked.
const MAKING_ROOM: &str = "its beginning is being summed up to make room; /retry asks again after that";

/// 1 MiB: more than that is no message that somebody writes, and every key would be slow.
const WRITTEN: usize = 1 << 20;

/// 74,994 bytes: 100,000 with their encoding and the sequence around them, which is what most terminals take.
const COPIED: usize = 74_994;

/// 200 characters to search for.
const NEEDLE: usize = 200;

/// 120 characters: provider and model, or a title, in one row.
const PARTNER: usize = 120;

/// A page of the list, about.
const PAGE: isize = 10;
