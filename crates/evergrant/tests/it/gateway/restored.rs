//! A backup that is brought back under a running gateway.

use std::time::Duration;

use evergrant_sandbox::Wording;
use evergrant_sandbox::client::HttpClient;
use serde_json::json;

use super::desk::{Desk, Serving, question};
use crate::scratch::Scratch;

#[tokio::test]
async fn a_backup_is_served_without_a_restart_and_repaired_by_one_refresh() {
    let desk = Desk::open().await;
    let backup = ["export", "--passphrase-stdin"];
    let backup = desk
        .scratch
        .run_with(&backup, b"correct horse\n")
        .await
        .expect(0)
        .stdout;
    let mut there = Scratch::with(&desk.sandbox);
    there.set("PASSPHRASE", "correct horse");
    let gateway = Serving::start(&there, &["--listen", "127.0.0.1:0"]).await;
    let ask = async || {
        let url = gateway.url("/v1/chat/completions");
        HttpClient::new().post_json(&url, &question()).await.unwrap()
    };
    assert_eq!(ask().await.status, 401, "there is nobody yet");
    let restore = ["restore", "--passphrase-env", "PASSPHRASE"];
    there.run_with(&restore, backup.as_bytes()).await.expect(0);
    while ask().await.status != 200 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    // What serves is used as it is; only its refusal leaves nothing to lose.
    assert_eq!(desk.control().counters().refreshes, 0);
    desk.control().expire(Wording::Wke);
    let repaired = ask().await;
    assert_eq!(repaired.status, 200, "{}", repaired.text());
    assert_eq!(repaired.header("x-evergrant-repaired"), "refresh");
    let seen = desk.control().counters();
    assert_eq!((seen.refreshes, seen.rotations, seen.refresh_reuses), (1, 1, 0));
    let status = there.run(&["status", "acme", "--json"]).await.expect(0).json();
    assert_eq!(status["credentials"][0]["health"], json!("ready"), "{status}");
    // Under the same gateway it is not brought back over itself.
    let again = there.run_with(&restore, backup.as_bytes()).await.expect(0);
    assert!(again.stderr.ends_with("nothing was restored\n"), "{again}");
    assert_eq!(ask().await.status, 200);
    assert_eq!(desk.control().counters().refreshes, 1);
}
