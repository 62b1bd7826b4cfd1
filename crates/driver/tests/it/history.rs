//! Conversations in their own file: kept whole, told apart when damaged, and never in the way of the grants.

use std::fs;
use std::path::Path;

use evergrant_driver::history::{Conversation, Ending, History, Message, Role, Summary};
use evergrant_driver::home::Home;
use evergrant_driver::settings::Settings;
use evergrant_driver::{Code, Driver, Failure, Label, ProviderId, Timestamp};

fn said(role: Role, text: &str, at: i64) -> Message {
    Message {
        role,
        text: text.to_owned(),
        ending: Ending::Whole,
        at: Timestamp::from_millis(at),
        provider: (role == Role::Assistant).then(|| ProviderId::from("acme")),
        label: (role == Role::Assistant).then(|| Label::from("default")),
        model: (role == Role::Assistant).then(|| "m".to_owned()),
    }
}

fn home(directory: &tempfile::TempDir) -> Home {
    Home::at(directory.path().join("home"))
}

#[test]
fn a_conversation_is_read_as_it_was_said() {
    let directory = tempfile::tempdir().unwrap();
    let history = History::open(&home(&directory)).unwrap();
    let id = history
        .begin(Some(&ProviderId::from("acme")), Some("m"), Timestamp::from_millis(1))
        .unwrap();
    let question = said(Role::User, "what\nis \u{1b}[31m this \0 日本", 2);
    assert_eq!(history.add(&id, &question).unwrap(), 0);
    let mut answer = Message {
        ending: Ending::Coming,
        text: String::new(),
        ..said(Role::Assistant, "", 3)
    };
    assert_eq!(history.add(&id, &answer).unwrap(), 1);
    answer.text = "x".repeat(10_000_000);
    history.amend(&id, 1, &answer).unwrap();
    history.entitle(&id, "a title").unwrap();
    let summary = Summary {
        stands_for: 1,
        text: "short".to_owned(),
    };
    history.summarise(&id, 1, "short", Timestamp::from_millis(4)).unwrap();
    let whole = Conversation {
        id: id.clone(),
        title: Some("a title".to_owned()),
        provider: Some(ProviderId::from("acme")),
        model: Some("m".to_owned()),
        messages: vec![question.clone(), answer.clone()],
        summary: Some(summary),
    };
    drop(history);
    let again = History::open(&home(&directory)).unwrap();
    assert_eq!(again.conversation(id.as_str()).unwrap(), Some(whole.clone()));
    assert_eq!(again.conversation(&id.as_str()[..5]).unwrap(), Some(whole));
    assert_eq!(again.conversation("").unwrap(), None);
    assert_eq!(again.conversation("nowhere").unwrap(), None);
    let listed = again.conversations(10).unwrap();
    assert_eq!((listed[0].length, listed[0].title.as_deref()), (2, Some("a title")));
    assert!(listed[0].opening.starts_with("what\nis"));
    assert_eq!(again.typed(10).unwrap(), std::slice::from_ref(&question.text));
    // A question that nobody has answered is no conversation to go on with, though it can be by its id.
    let asked = again.begin(None, None, Timestamp::from_millis(5)).unwrap();
    again.add(&asked, &question).unwrap();
    again.add(&asked, &said(Role::Assistant, "", 6)).unwrap();
    assert_eq!(again.conversations(10).unwrap().len(), 1);
    assert!(again.conversation(asked.as_str()).unwrap().is_some());
    // What says nothing and never will is taken back; what says something is not.
    again.take_back(&id, 1).unwrap();
    assert_eq!(again.conversation(id.as_str()).unwrap().unwrap().messages.len(), 2);
}

#[test]
fn two_processes_can_lead_the_same_conversation() {
    let directory = tempfile::tempdir().unwrap();
    let one = History::open(&home(&directory)).unwrap();
    let other = History::open(&home(&directory)).unwrap();
    let id = one.begin(None, None, Timestamp::from_millis(1)).unwrap();
    std::thread::scope(|scope| {
        for history in [&one, &other] {
            let id = &id;
            scope.spawn(move || {
                for number in 0..20 {
                    history.add(id, &said(Role::User, &number.to_string(), number)).unwrap();
                }
            });
        }
    });
    assert_eq!(one.conversation(id.as_str()).unwrap().unwrap().messages.len(), 40);
    assert_eq!(one.typed(5).unwrap(), ["15", "16", "17", "18", "19"]);
}

#[cfg(unix)]
#[test]
fn it_is_ours_alone() {
    use std::os::unix::fs::PermissionsExt;
    let directory = tempfile::tempdir().unwrap();
    let path = home(&directory).history();
    drop(History::open(&home(&directory)).unwrap());
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    let failure = refused(&directory);
    assert_eq!(failure.code, Code::StorePermission);
}

#[track_caller]
fn refused(directory: &tempfile::TempDir) -> Failure {
    let path = home(directory).history();
    let before = fs::read(&path).unwrap();
    let failure = History::open(&home(directory)).unwrap_err();
    assert!(failure.message.contains("history.db"), "{failure}");
    assert!(failure.remedy.is_some(), "{failure}");
    assert_eq!(
        fs::read(&path).unwrap(),
        before,
        "nothing is written after a failed read"
    );
    // Whatever ails it, the grants can be used.
    let settings = Settings::load(Some(home(directory).root().to_owned()), []).unwrap();
    Driver::open(settings).unwrap();
    failure
}

#[test]
fn what_cannot_be_used_is_told_apart() {
    let directory = tempfile::tempdir().unwrap();
    let path = home(&directory).history();
    drop(History::open(&home(&directory)).unwrap());
    let change = |statement: &str| {
        let connection = rusqlite_at(&path);
        connection.execute_batch(statement).unwrap();
    };
    change("PRAGMA user_version = 2");
    let newer = refused(&directory);
    assert_eq!(newer.code, Code::StoreNewer);
    assert!(newer.message.contains("the history at"), "{newer}");
    change("PRAGMA user_version = 1; PRAGMA application_id = 7");
    assert_eq!(refused(&directory).code, Code::StoreCorrupt);
    fs::write(
        &path,
        "this is no database, but it is long enough to be taken for one at first sight, or so",
    )
    .unwrap();
    let damaged = refused(&directory);
    assert_eq!(damaged.code, Code::StoreCorrupt);
    let command = damaged.remedy.unwrap().command().unwrap();
    assert_eq!(command, format!("mv {0} {0}.aside", path.display()));
    fs::write(&path, "").unwrap();
    assert_eq!(refused(&directory).code, Code::StoreCorrupt);
    fs::remove_file(&path).unwrap();
    History::open(&home(&directory)).unwrap();
}

#[test]
fn a_newer_minor_version_is_left_as_it_is() {
    let directory = tempfile::tempdir().unwrap();
    let path = home(&directory).history();
    let history = History::open(&home(&directory)).unwrap();
    let id = history.begin(None, None, Timestamp::from_millis(1)).unwrap();
    drop(history);
    rusqlite_at(&path)
        .execute_batch(
            "UPDATE meta SET value = 9; ALTER TABLE message ADD COLUMN tokens INTEGER; CREATE TABLE later (n)",
        )
        .unwrap();
    let history = History::open(&home(&directory)).unwrap();
    history.add(&id, &said(Role::User, "still", 2)).unwrap();
    assert_eq!(history.conversation(id.as_str()).unwrap().unwrap().messages.len(), 1);
}

fn rusqlite_at(path: &Path) -> rusqlite::Connection {
    rusqlite::Connection::open(path).unwrap()
}
