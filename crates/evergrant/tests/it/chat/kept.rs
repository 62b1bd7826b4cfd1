//! What of a conversation is kept, however it ends.

use std::time::Duration;

use evergrant_driver::history::{Ending, History, Message, Role};
use evergrant_driver::home::Home;
use evergrant_sandbox::{Config, Sandbox};
use tokio::io::AsyncReadExt;

use crate::gateway::upstream::Upstream;
use crate::scratch::{Scratch, sandbox, signal};

fn messages(scratch: &Scratch) -> Vec<Message> {
    let history = History::open(&Home::at(scratch.home())).unwrap();
    let newest = history.conversations(1).unwrap().pop().unwrap();
    history.conversation(newest.id.as_str()).unwrap().unwrap().messages
}

#[cfg(unix)]
#[tokio::test]
async fn an_interrupt_stops_the_answer_and_keeps_what_came() {
    let config = Config {
        gap_ms: 400,
        ..Config::default()
    };
    let sandbox = Sandbox::start(config).await.unwrap();
    let scratch = Scratch::with(&sandbox);
    scratch.run(&["login", "acme", "--flow", "device"]).await.expect(0);
    let mut child = scratch
        .evergrant(&["chat", "a question of some length"])
        .spawn()
        .unwrap();
    let mut stdout = child.stdout.take().unwrap();
    let mut first = [0; 4];
    stdout.read_exact(&mut first).await.unwrap();
    signal(&child, "INT");
    let mut came = String::from_utf8(first.to_vec()).unwrap();
    stdout.read_to_string(&mut came).await.unwrap();
    let ended = tokio::time::timeout(Duration::from_secs(30), child.wait())
        .await
        .unwrap();
    assert_eq!(ended.unwrap().code(), Some(130));
    let kept = messages(&scratch);
    assert_eq!((kept.len(), kept[1].ending), (2, Ending::Stopped));
    assert_eq!(kept[1].text, came.trim_end_matches('\n'));
    assert!("You said: a question of some length".starts_with(&kept[1].text) && !kept[1].text.is_empty());
}

#[tokio::test]
async fn a_kill_costs_no_more_than_the_last_moment() {
    let config = Config {
        gap_ms: 150,
        chunks: 20,
        ..Config::default()
    };
    let sandbox = Sandbox::start(config).await.unwrap();
    let scratch = Scratch::with(&sandbox);
    scratch.run(&["login", "acme", "--flow", "device"]).await.expect(0);
    let question = "a question of which much is to be said, piece by piece by piece";
    let mut child = scratch.evergrant(&["chat", question]).spawn().unwrap();
    // More than half of it, which takes longer than the chat lets pass without writing.
    let mut seen = vec![0; 45];
    child.stdout.take().unwrap().read_exact(&mut seen).await.unwrap();
    child.kill().await.unwrap();
    let kept = messages(&scratch);
    assert_eq!((kept.len(), kept[1].ending), (2, Ending::Coming));
    assert!(!kept[1].text.is_empty() && format!("You said: {question}").starts_with(&kept[1].text));
    let told = scratch.run(&["chat", "go on", "--resume"]).await.expect(0);
    assert_eq!(told.stdout, "You said: go on\n");
}

#[tokio::test]
async fn a_stream_that_is_cut_is_kept_as_far_as_it_came() {
    let sandbox = sandbox().await;
    let scratch = Scratch::with(&sandbox);
    scratch.run(&["login", "acme", "--flow", "device"]).await.expect(0);
    sandbox.control().arm("stream-cut").unwrap();
    let cut = scratch.run(&["chat", "hello"]).await.expect(5);
    assert!(cut.stderr.contains("the rest of the answer is missing"), "{cut}");
    let kept = messages(&scratch);
    assert_eq!(kept[1].ending, Ending::Cut);
    assert_eq!(cut.stdout, format!("{}\n", kept[1].text));
}

#[tokio::test]
async fn a_history_that_cannot_be_used_stops_no_credential() {
    let sandbox = sandbox().await;
    let scratch = Scratch::with(&sandbox);
    scratch.run(&["login", "acme", "--flow", "device"]).await.expect(0);
    scratch.run(&["chat", "hello"]).await.expect(0);
    std::fs::write(
        scratch.home().join("history.db"),
        "damaged beyond repair, and then some more words",
    )
    .unwrap();
    let refused = scratch.run(&["chat", "hello", "--json"]).await.expect(6);
    assert_eq!(refused.json()["error"]["code"], "store-corrupt");
    scratch.run(&["token", "acme"]).await.expect(0);
    scratch.run(&["status", "acme"]).await.expect(0);
}

#[tokio::test]
async fn no_secret_is_among_what_is_kept() {
    let sandbox = sandbox().await;
    let scratch = Scratch::with(&sandbox);
    scratch.run(&["login", "acme", "--flow", "device"]).await.expect(0);
    let before = scratch.run(&["token", "acme"]).await.expect(0).stdout;
    scratch.run(&["chat", "hello"]).await.expect(0);
    sandbox.control().expire(sandbox.control().config().wording);
    scratch.run(&["chat", "again", "--resume"]).await.expect(0);
    let after = scratch.run(&["token", "acme"]).await.expect(0).stdout;
    assert_ne!(before, after);
    let mut kept = Vec::new();
    for file in ["history.db", "history.db-wal"] {
        kept.extend(std::fs::read(scratch.home().join(file)).unwrap_or_default());
    }
    let holds = |needle: &str| kept.windows(needle.len()).any(|window| window == needle.as_bytes());
    assert!(holds("You said: again"), "the conversation is there");
    assert!(!holds(before.trim()) && !holds(after.trim()), "a token is there, too");
    assert!(!holds("Bearer"));
}

#[tokio::test]
async fn fuzz_of_ten_megabytes_through_the_whole() {
    for events in [1, 10_000] {
        let piece = "ten megabytes \u{65e5} ".repeat(600_000 / events);
        let delta = serde_json::json!({"choices": [{"index": 0, "delta": {"content": piece}}]});
        let mut answer = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n".to_vec();
        for _ in 0..events {
            answer.extend_from_slice(format!("data: {delta}\n\n").as_bytes());
        }
        answer.extend_from_slice(b"data: [DONE]\n\n");
        let upstream = Upstream::answering(vec![vec![answer]]).await;
        let whole = piece.repeat(events);
        assert!(whole.len() >= 10_000_000);
        let told = upstream
            .scratch
            .run(&["chat", "-p", "raw", "-m", "raw-1", "all of it"])
            .await
            .expect(0);
        assert!(
            told.stdout.trim_end_matches('\n') == whole,
            "{} of {}",
            told.stdout.len(),
            whole.len()
        );
        let kept = messages(&upstream.scratch);
        assert_eq!((kept[1].role, kept[1].ending), (Role::Assistant, Ending::Whole));
        assert!(kept[1].text == whole);
        println!(
            "{} bytes in {events} events: all of them shown, all of them kept",
            whole.len()
        );
    }
}
