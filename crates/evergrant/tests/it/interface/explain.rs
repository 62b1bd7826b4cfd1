//! `explain` for one body and for many.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::assert_exchange;
use crate::scratch::Scratch;

const STALE: &[u8] =
    br#"{"code":"unauthenticated:bad-credentials","error":"The OAuth2 access token could not be validated."}"#;

#[tokio::test]
async fn one_body_is_explained() {
    let scratch = Scratch::new();
    let typed = ["explain", "--provider", "xai-oauth", "--status", "403"];
    assert_exchange!(scratch.run_with(&typed, STALE).await, @r#"
    $ evergrant explain --provider xai-oauth --status 403
    exit 0
    --- stdout
    verdict     unauthenticated
    signal      xai-unauthenticated-code (provider, built-in:xai-oauth.toml:42)
    help        the credential may still be good: ask the provider with `doctor --probe`
    try         evergrant doctor --probe
    "#);
    let explained = scratch
        .run_with(&[&typed[..], &["--json"]].concat(), STALE)
        .await
        .expect(0)
        .json();
    assert_eq!(explained["verdict"], "unauthenticated");
    for key in ["name", "tier", "file", "line"] {
        assert!(explained["signal"].get(key).is_some(), "{explained}");
    }
    assert!(
        explained.get("remedy").is_some() && explained.get("retry_after_secs").is_some(),
        "{explained}"
    );
    let limited = ["explain", "--status", "429", "--header", "Retry-After: 30", "--json"];
    let explained = scratch.run_with(&limited, b"{}").await.expect(0).json();
    assert_eq!(explained["retry_after_secs"], 30, "{explained}");
    assert!(!scratch.home().exists(), "explaining made a home");
}

#[tokio::test]
async fn a_success_reads_success() {
    let scratch = Scratch::new();
    let explained = scratch
        .run_with(&["explain", "--status", "200", "--json"], b"{\"id\":\"x\"}")
        .await
        .expect(0);
    assert_eq!(explained.json()["verdict"], "success");
}

#[tokio::test]
async fn many_lines_are_explained_at_once() {
    let scratch = Scratch::new();
    let mut input = String::new();
    for number in 0..500 {
        let line = json!({
            "id": format!("line-{number}"), "provider": "xai-oauth", "channel": "inference", "credential": "oauth",
            "status": 403, "headers": {"content-type": "application/json"}, "body": String::from_utf8_lossy(STALE),
        });
        input.push_str(&format!("{line}\n"));
    }
    let exchange = scratch
        .run_with(&["explain", "--jsonl"], input.as_bytes())
        .await
        .expect(0);
    let answers = exchange.json_lines();
    assert_eq!(answers.len(), 500);
    for (number, answer) in answers.iter().enumerate() {
        assert_eq!(answer["id"], format!("line-{number}"));
        assert_eq!(answer["verdict"], "unauthenticated");
        let keys: BTreeSet<&str> = answer.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(
            keys,
            BTreeSet::from(["id", "verdict", "signal", "remedy", "retry_after_secs"])
        );
    }
}

#[tokio::test]
async fn a_line_that_cannot_be_read_does_not_stop_the_others() {
    let scratch = Scratch::new();
    let input = b"{\"id\":1,\"status\":429,\"body\":\"\"}\nnot json\n\n{\"id\":3,\"channel\":\"smoke\"}\n{\"id\":4,\"status\":500,\"body\":\"\"}";
    let exchange = scratch.run_with(&["explain", "--jsonl"], input).await.expect(2);
    let codes: Vec<Value> = exchange
        .json_lines()
        .iter()
        .map(|line| line["error"]["code"].clone())
        .collect();
    assert_eq!(codes, [json!(null), json!("usage"), json!("usage"), json!(null)]);
    let answers = exchange.json_lines();
    let ids: Vec<Value> = answers.iter().map(|line| line["id"].clone()).collect();
    assert_eq!(ids, [json!(1), json!(null), json!(3), json!(4)]);
    let said = answers[2]["error"]["message"].as_str().unwrap();
    assert_eq!(said, "line 4: cannot be read: no such channel: `smoke`");
}
