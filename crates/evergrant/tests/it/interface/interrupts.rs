//! What Ctrl-C does: a renewal in flight is let finish, a second one ends at once, a watch just ends.

use std::process::ExitStatus;
use std::time::Duration;

use evergrant_sandbox::{Order, Running};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Child;

use crate::scratch::{Scratch, sandbox, signal};

#[tokio::test]
async fn the_first_interrupt_lets_a_renewal_finish() {
    let (sandbox, scratch) = logged_in().await;
    sandbox
        .control()
        .arm(Order::new("answer-slow").with("delay_ms", 1_500))
        .unwrap();
    let mut child = scratch.evergrant(&["refresh", "acme/default"]).spawn().unwrap();
    sent(&sandbox).await;
    signal(&child, "INT");
    assert_eq!(end(&mut child).await.code(), Some(130));
    let status = scratch.run(&["status", "acme", "--json"]).await.expect(0).json();
    assert_eq!(status["credentials"][0]["generation"], 2, "{status}");
    assert_eq!(status["credentials"][0]["health"], "ready", "{status}");
    assert_eq!(sandbox.control().counters().refreshes, 1);
}

#[tokio::test]
async fn the_second_interrupt_ends_at_once() {
    let (sandbox, scratch) = logged_in().await;
    sandbox.control().arm("answer-hang").unwrap();
    let mut child = scratch.evergrant(&["refresh", "acme/default"]).spawn().unwrap();
    sent(&sandbox).await;
    signal(&child, "INT");
    let mut said = BufReader::new(child.stderr.take().unwrap()).lines();
    let line = said.next_line().await.unwrap().unwrap();
    assert!(line.starts_with("interrupted: "), "{line}");
    signal(&child, "INT");
    assert_eq!(end(&mut child).await.code(), Some(130));
    let status = scratch.run(&["status", "acme", "--json"]).await.expect(0).json();
    assert_eq!(status["credentials"][0]["health"], "outcome-unknown", "{status}");
    let again = scratch.run(&["refresh", "acme/default", "--json"]).await.expect(5);
    assert_eq!(again.json()["error"]["code"], "outcome-unknown", "{again}");
    assert_eq!(sandbox.control().counters().refreshes, 1);
}

#[tokio::test]
async fn a_command_that_waited_long_enough_still_lets_its_renewal_finish() {
    let (sandbox, scratch) = logged_in().await;
    // A second longer than a caller waits.
    sandbox
        .control()
        .arm(Order::new("answer-slow").with("delay_ms", 26_000))
        .unwrap();
    let refused = scratch.run(&["refresh", "acme/default", "--json"]).await.expect(5);
    assert_eq!(refused.json()["error"]["code"], "timeout", "{refused}");
    let status = scratch.run(&["status", "acme", "--json"]).await.expect(0).json();
    assert_eq!(status["credentials"][0]["generation"], 2, "{status}");
    assert_eq!(status["credentials"][0]["health"], "ready", "{status}");
    assert_eq!(sandbox.control().counters().refreshes, 1);
}

#[tokio::test]
async fn an_interrupted_login_keeps_nothing() {
    let sandbox = sandbox().await;
    let scratch = Scratch::with(&sandbox);
    let mut child = scratch
        .evergrant(&["login", "acme", "--flow", "browser", "--no-browser", "--json"])
        .spawn()
        .unwrap();
    let mut events = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(events.next_line().await.unwrap().unwrap().contains("authorize"));
    signal(&child, "INT");
    let last = events.next_line().await.unwrap().unwrap();
    assert!(last.starts_with(r#"{"error":{"code":"interrupted""#), "{last}");
    assert_eq!(end(&mut child).await.code(), Some(130));
    scratch.run(&["status", "acme"]).await.expect(3);
}

#[tokio::test]
async fn a_watch_shows_each_change_and_ends_when_told() {
    let (_sandbox, scratch) = logged_in().await;
    let mut child = scratch.evergrant(&["status", "--watch", "--json"]).spawn().unwrap();
    let mut shown = BufReader::new(child.stdout.take().unwrap()).lines();
    let health = |line: String| {
        let json: serde_json::Value = serde_json::from_str(&line).unwrap();
        json["credentials"][0]["health"].as_str().unwrap().to_owned()
    };
    assert_eq!(health(shown.next_line().await.unwrap().unwrap()), "ready");
    scratch.run(&["disable", "acme/default"]).await.expect(0);
    assert_eq!(health(shown.next_line().await.unwrap().unwrap()), "disabled");
    signal(&child, "INT");
    assert_eq!(end(&mut child).await.code(), Some(130));
}

async fn logged_in() -> (Running, Scratch) {
    let sandbox = sandbox().await;
    let scratch = Scratch::with(&sandbox);
    scratch.run(&["login", "acme", "--flow", "device"]).await.expect(0);
    (sandbox, scratch)
}

/// Waits until the sandbox has seen a refresh.
async fn sent(sandbox: &Running) {
    while sandbox.control().counters().refreshes == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Waits for the end, but not for ever.
async fn end(child: &mut Child) -> ExitStatus {
    tokio::time::timeout(Duration::from_secs(20), child.wait())
        .await
        .unwrap()
        .unwrap()
}
