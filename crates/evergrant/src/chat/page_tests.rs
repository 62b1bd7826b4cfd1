//! The page as it is seen, without a terminal.

use evergrant_driver::history::{Conversation, ConversationId, Ending, Heading, Message, Role};
use evergrant_driver::{Code, Failure, ProviderId, Remedy, Timestamp};
use ratatui::Terminal;
use ratatui::backend::TestBackend;

use super::frame::draw;
use super::happening::{AnswerEnd, Command, Event};
use super::key::Key;
use super::page::Page;
use crate::asking::{Broken, Wish};
use crate::tasks::Auxiliary;

fn page() -> Page {
    let mut page = Page::new(vec!["earlier".to_owned()]);
    page.handle(Event::Partner("acme/default grok-4.3".to_owned()));
    page
}

fn seen(page: &mut Page, width: u16, height: u16) -> String {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| draw(page, frame, false)).unwrap();
    let shown = terminal.backend().to_string();
    let lines = shown.lines().map(|line| line.trim_matches('"').trim_end());
    lines.collect::<Vec<_>>().join("\n")
}

fn write(page: &mut Page, text: &str) -> Vec<Command> {
    page.handle(Event::Paste(text.to_owned()));
    page.handle(Event::Key(Key::Enter))
}

fn answer(page: &mut Page, text: &str, end: AnswerEnd) {
    page.handle(Event::Began(Vec::new()));
    page.handle(Event::Text(text.to_owned()));
    page.handle(Event::Ended(end));
}

fn failure() -> Failure {
    Failure::new(
        Code::NotEntitled,
        "Acme says that the plan of `default` does not cover this",
    )
    .with_remedy(Remedy::Run {
        command: "evergrant status".to_owned(),
        why: "look at it".to_owned(),
    })
}

#[test]
fn an_exchange_with_a_repair_and_a_title() {
    let mut page = page();
    assert_eq!(
        write(&mut page, "hello\nworld"),
        [Command::Ask("hello\nworld".to_owned())]
    );
    page.handle(Event::Began(vec!["refresh"]));
    for piece in [
        "A long answer ",
        "that is wrapped at the edge",
        " of the screen.\n\nAnd more.",
    ] {
        page.handle(Event::Text(piece.to_owned()));
    }
    page.handle(Event::Ended(AnswerEnd::Whole));
    page.handle(Event::Working(Auxiliary::Title));
    page.handle(Event::Entitled("Greeting".to_owned()));
    page.handle(Event::Paste("next line\nand another".to_owned()));
    insta::assert_snapshot!(seen(&mut page, 40, 16));
}

#[test]
fn what_is_missing_is_marked_and_a_failure_shows_what_helps() {
    let mut page = page();
    write(&mut page, "one");
    answer(
        &mut page,
        "the beg",
        AnswerEnd::Broken(Broken::Cut(Box::new(failure()))),
    );
    write(&mut page, "two");
    answer(&mut page, "some", AnswerEnd::Stopped);
    write(&mut page, "three");
    page.handle(Event::Ended(AnswerEnd::Broken(Broken::Refused(Box::new(failure())))));
    insta::assert_snapshot!(seen(&mut page, 60, 24));
}

#[test]
fn a_task_that_fails_says_so_once() {
    let mut page = page();
    for _ in 0..3 {
        page.handle(Event::Working(Auxiliary::Title));
        page.handle(Event::TaskFailed(Auxiliary::Title, failure()));
    }
    assert_eq!(seen(&mut page, 100, 10).matches("no title yet").count(), 1);
    page.handle(Event::Entitled("at last".to_owned()));
    page.handle(Event::Summed(12, None));
    page.handle(Event::TaskFailed(Auxiliary::Title, failure()));
    assert_eq!(seen(&mut page, 100, 10).matches("no title yet").count(), 2);
    assert!(seen(&mut page, 100, 10).contains("the first 12 messages were summed up"));
}

#[test]
fn a_long_wait_is_seen_to_go_on() {
    let mut page = page();
    page.handle(Event::Second);
    write(&mut page, "one");
    assert!(seen(&mut page, 60, 10).contains("answering; Ctrl-C stops"));
    for _ in 0..3 {
        page.handle(Event::Second);
    }
    assert!(seen(&mut page, 60, 10).contains("waiting for an answer, 3 s; Ctrl-C stops"));
    page.handle(Event::Began(Vec::new()));
    page.handle(Event::Text("at last".to_owned()));
    page.handle(Event::Second);
    assert!(seen(&mut page, 60, 10).contains("answering; Ctrl-C stops"));
    page.handle(Event::Ended(AnswerEnd::Whole));
    assert!(seen(&mut page, 60, 10).contains("Enter sends"));
}

#[test]
fn what_fails_while_an_answer_comes_is_told_once_and_a_task_that_was_asked_for_is_told_in_full() {
    let mut page = page();
    write(&mut page, "one");
    page.handle(Event::Began(Vec::new()));
    for _ in 0..3 {
        page.handle(Event::Failed(failure()));
    }
    answer(&mut page, "", AnswerEnd::Whole);
    let shown = seen(&mut page, 100, 20);
    assert_eq!(shown.matches("error: ").count(), 1, "{shown}");
    assert!(shown.contains("[the answer is empty]"), "{shown}");
    page.handle(Event::Working(Auxiliary::Title));
    page.handle(Event::Idle);
    page.handle(Event::Failed(failure()));
    let shown = seen(&mut page, 100, 20);
    assert_eq!(shown.matches("error: ").count(), 2, "{shown}");
    assert!(!shown.contains("making a title"), "{shown}");
}

#[test]
fn an_interrupt_stops_the_answer_and_twice_on_an_idle_prompt_leaves() {
    let mut page = page();
    let interrupt = || Event::Key(Key::Interrupt);
    write(&mut page, "one");
    assert_eq!(page.handle(interrupt()), [Command::Stop]);
    page.handle(Event::Ended(AnswerEnd::Stopped));
    assert_eq!(page.handle(interrupt()), []);
    page.handle(Event::Key(Key::Char('a')));
    assert_eq!(page.handle(interrupt()), [], "a key between them begins anew");
    assert_eq!(page.editor.text(), "");
    assert_eq!(page.handle(interrupt()), [Command::Quit]);
    assert_eq!(page.handle(Event::Key(Key::EndOfInput)), [Command::Quit]);
}

#[test]
fn commands_are_read_and_mistakes_can_be_mended() {
    let mut page = page();
    assert_eq!(write(&mut page, "/new"), [Command::New]);
    assert_eq!(
        write(&mut page, "/title my own"),
        [Command::Entitle(Some("my own".to_owned()))]
    );
    assert_eq!(write(&mut page, "/summary"), [Command::Summarise]);
    assert_eq!(write(&mut page, "/credentials"), [Command::TellCredentials]);
    assert_eq!(write(&mut page, "/resume"), [Command::List]);
    assert_eq!(write(&mut page, "/retry"), [Command::AskAgain]);
    page.handle(Event::Ended(AnswerEnd::Whole));
    let wish = Wish {
        provider: Some(ProviderId::from("acme")),
        model: Some("m".to_owned()),
        ..Wish::default()
    };
    assert_eq!(write(&mut page, "/model acme m"), [Command::Change(wish)]);
    assert_eq!(write(&mut page, "/nothing"), []);
    assert_eq!(page.editor.text(), "/nothing");
    page.editor.take();
    assert_eq!(write(&mut page, "//nothing"), [Command::Ask("/nothing".to_owned())]);
    assert_eq!(write(&mut page, "more"), [], "one answer at a time");
    assert_eq!(page.editor.text(), "more");
}

#[test]
fn an_earlier_conversation_is_chosen_from_a_list() {
    let mut page = page();
    let heading = |id: &str, title: Option<&str>| Heading {
        id: ConversationId::named(id),
        title: title.map(str::to_owned),
        opening: "what was\nsaid first".to_owned(),
        touched_at: Timestamp::from_millis(1_700_000_000_000),
        length: 4,
    };
    page.handle(Event::Listed(vec![
        heading("a", Some("One")),
        heading("b", None),
        heading("c", Some("Two")),
    ]));
    page.handle(Event::Key(Key::Down));
    insta::assert_snapshot!(seen(&mut page, 60, 8));
    page.handle(Event::Key(Key::Char('t')));
    page.handle(Event::Key(Key::Char('w')));
    assert_eq!(page.handle(Event::Key(Key::Enter)), [Command::Resume("c".to_owned())]);
    let message = |role, text: &str, ending| Message {
        role,
        text: text.to_owned(),
        ending,
        at: Timestamp::from_millis(0),
        provider: None,
        label: None,
        model: None,
    };
    page.handle(Event::Opened(Box::new(Conversation {
        id: ConversationId::named("c"),
        title: Some("Two".to_owned()),
        provider: None,
        model: None,
        messages: vec![
            message(Role::User, "q", Ending::Whole),
            message(Role::Assistant, "half an ans", Ending::Coming),
        ],
        summary: None,
    })));
    insta::assert_snapshot!(seen(&mut page, 60, 9));
}

#[test]
fn a_search_shows_where_it_was_found() {
    let mut page = page();
    for number in 0..20 {
        write(&mut page, &format!("message {number}"));
        page.handle(Event::Ended(AnswerEnd::Whole));
    }
    page.handle(Event::Key(Key::Search));
    for c in "message 3".chars() {
        page.handle(Event::Key(Key::Char(c)));
    }
    insta::assert_snapshot!(seen(&mut page, 50, 10));
    page.handle(Event::Key(Key::Escape));
    page.handle(Event::Key(Key::Bottom));
    assert!(seen(&mut page, 50, 10).contains("message 19"));
}

#[test]
fn an_answer_stays_one_whatever_is_told_meanwhile() {
    let mut page = page();
    write(&mut page, "one");
    page.handle(Event::Began(Vec::new()));
    page.handle(Event::Text("first half, ".to_owned()));
    write(&mut page, "/help");
    page.handle(Event::Text("second half".to_owned()));
    page.handle(Event::Ended(AnswerEnd::Whole));
    assert_eq!(
        write(&mut page, "/copy"),
        [Command::Copy("first half, second half".to_owned())]
    );
    assert!(seen(&mut page, 80, 40).contains("first half, second half"));
}

#[test]
fn it_is_drawn_at_every_size() {
    let mut page = page();
    write(&mut page, "日本語 text 👩‍👩‍👧 and more");
    answer(&mut page, &"many words ".repeat(200), AnswerEnd::Whole);
    page.handle(Event::Paste("written\nin\nlines".to_owned()));
    for (width, height) in [(1, 1), (2, 2), (3, 40), (80, 3), (80, 24), (200, 60), (500, 200)] {
        seen(&mut page, width, height);
    }
}

#[test]
fn the_newest_answer_is_copied() {
    let mut page = page();
    assert_eq!(page.handle(Event::Key(Key::Copy)), []);
    write(&mut page, "one");
    answer(&mut page, "an answer", AnswerEnd::Whole);
    assert_eq!(write(&mut page, "/copy"), [Command::Copy("an answer".to_owned())]);
    write(&mut page, "two");
    answer(&mut page, &"x".repeat(100_000), AnswerEnd::Whole);
    assert_eq!(write(&mut page, "/copy"), []);
    assert!(seen(&mut page, 60, 10).contains("too long for a terminal's clipboard"));
}
