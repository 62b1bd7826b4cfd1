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
    signal      xai-unauthenticated-code (provider, built-in:xai-oauth.toml:[line])
    help        the credential may still be good and is tried again by itself: see what the provider says of it with `doctor --probe`
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
    assert_eq!((&answers[1]["line"], &answers[2]["line"]), (&json!(2), &json!(4)));
    assert!(answers[0].get("line").is_none(), "{}", answers[0]);
    let said = answers[2]["error"]["message"].as_str().unwrap();
    assert_eq!(said, "line 4: cannot be read: no such channel: `smoke`");
}

/// Bodies whose words no table knows, each with how it is captured.
const UNKNOWN: [(&[&str], &str); 7] = [
    (
        &["--provider", "xai-oauth", "--status", "403"],
        r#"{"code":"frob:misaligned","error":"The frob of team 71b is misaligned."}"#,
    ),
    (
        &["--provider", "xai-oauth", "--status", "403"],
        r#"{"error":{"message":"Frobs \"a\\\"b\" are 'misaligned' since 12:01","type":"x"}}"#,
    ),
    (
        &["--provider", "groq", "--credential", "api-key", "--status", "409"],
        "frobs are misaligned\tat the moment",
    ),
    (&["--provider", "groq", "--status", "418"], ""),
    (
        &["--provider", "openai-codex", "--channel", "stream"],
        "event: error\ndata: {\"type\":\"error\",\"error\":{\"code\":\"frob-9\"}}\n\n",
    ),
    (
        &["--provider", "nous", "--channel", "token", "--status", "400"],
        r#"{"error":"frob_misaligned","error_description":"x"}"#,
    ),
    (
        &["--provider", "own", "--status", "403"],
        r#"{"detail":"frob é misaligned: "}"#,
    ),
];

#[tokio::test]
async fn a_body_that_no_table_knows_comes_with_a_signal_that_decides_it() {
    for (options, body) in UNKNOWN {
        let scratch = Scratch::new();
        let row = "id = \"own\"\nbase_url = \"https://own.example/v1\"\nauth = \"api-key\"\n";
        scratch.write("providers.d/mine.toml", row);
        let typed = [&["explain", "--json"], options].concat();
        let before = scratch.run_with(&typed, body.as_bytes()).await.expect(0).json();
        assert_ne!(before["signal"]["tier"], "user", "{before}");
        let (text, file) = (before["suggestion"].as_str(), before["suggestion_file"].as_str());
        let (text, file) = text
            .zip(file)
            .unwrap_or_else(|| panic!("nothing is suggested: {before}"));
        let there = std::fs::read_to_string(file).unwrap_or_default();
        assert_eq!(there.is_empty(), text.starts_with("id = "), "{file}: {text}");
        std::fs::write(file, format!("{there}{text}")).unwrap();
        let after = scratch.run_with(&typed, body.as_bytes()).await.expect(0).json();
        assert_eq!(after["signal"]["tier"], "user", "{body}: {text}: {after}");
        assert_eq!(
            (&after["signal"]["file"], &after["verdict"]),
            (&json!(file), &before["verdict"])
        );
        let line = usize::try_from(after["signal"]["line"].as_u64().unwrap()).unwrap();
        let written = std::fs::read_to_string(file).unwrap();
        assert_eq!(written.lines().nth(line - 1), Some("[[signal]]"), "{written}");
        assert!(after.get("suggestion").is_none(), "{after}");
    }
}

#[tokio::test]
async fn signals_of_a_provider_without_a_row_are_put_into_no_file() {
    let scratch = Scratch::new();
    let typed = ["explain", "--json", "--provider", "rowless", "--status", "403"];
    let body = br#"{"error":{"message":"frob misaligned"}}"#;
    let found = scratch.run_with(&typed, body).await.expect(0).json();
    assert!(
        found["suggestion"].as_str().unwrap().starts_with("[[signal]]"),
        "{found}"
    );
    assert!(found["suggestion_file"].is_null(), "{found}");
}

#[tokio::test]
async fn a_stream_is_explained_event_by_event() {
    let scratch = Scratch::new();
    let typed = ["explain", "--channel", "stream", "--json"];
    let begun = ": ping\n\ndata: {\"choices\":[{\"delta\":{\"content\":\"insufficient_quota, they said\"}}]}\n\n";
    for (end, verdict, signal) in [
        (
            "data: {\"error\":{\"code\":\"rate_limit_exceeded\"}}\n\n",
            "rate-limited",
            "",
        ),
        ("data: [DONE]\n\n", "success", ""),
        ("", "server-error", "stream-cut"),
    ] {
        // What comes before the end may be long.
        let body = format!("{}{end}", begun.repeat(2_000));
        let explained = scratch.run_with(&typed, body.as_bytes()).await.expect(0).json();
        assert_eq!(explained["verdict"], verdict, "{explained}");
        assert!(
            signal.is_empty() || explained["signal"]["name"] == signal,
            "{explained}"
        );
    }
    let empty = scratch.run_with(&typed, b"").await.expect(0).json();
    assert_eq!(empty["signal"]["name"], "stream-empty", "{empty}");
}

#[tokio::test]
async fn bodies_of_any_size_and_encoding_are_read() {
    let scratch = Scratch::new();
    let typed = ["explain", "--provider", "xai-oauth", "--status", "403", "--json"];
    let text = String::from_utf8_lossy(STALE);
    let units: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let long = [STALE, " ".repeat(20 << 20).as_bytes()].concat();
    let latin = [STALE, b" caf\xe9 \xff"].concat();
    for body in [
        [b"\xff\xfe", &units[..]].concat(),
        units,
        [b"\xef\xbb\xbf", STALE].concat(),
        long,
        latin,
    ] {
        let explained = scratch.run_with(&typed, &body).await.expect(0).json();
        assert_eq!(explained["verdict"], "unauthenticated", "{explained}");
    }
    let packed = scratch.run_with(&typed, b"\x1f\x8b\x08\x00").await.expect(0);
    assert!(packed.stderr.contains("compressed"), "{}", packed.stderr);
    let unknown = scratch
        .run_with(&["explain", "--provider", "xia"], b"{}")
        .await
        .expect(0);
    assert!(unknown.stderr.contains("`xia`"), "{}", unknown.stderr);
}

#[tokio::test]
async fn headers_may_be_repeated() {
    let scratch = Scratch::new();
    let typed = [
        "explain",
        "--status",
        "429",
        "--json",
        "--header",
        "x-a: 1",
        "--header",
        "Retry-After: 7",
        "--header",
        "X-A: 2",
    ];
    let explained = scratch.run_with(&typed, b"{}").await.expect(0).json();
    assert_eq!(explained["retry_after_secs"], 7, "{explained}");
    scratch
        .run_with(&["explain", "--header", "nonsense"], b"")
        .await
        .expect(2);
}
