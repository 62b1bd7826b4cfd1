//! What was used, as the provider told it: of every API, whole and streamed, by key, model, credential and day.

use evergrant_sandbox::Counters;
use evergrant_sandbox::client::HttpClient;
use serde_json::{Value, json};

use super::desk::{Desk, question, streamed};
use crate::scratch::{Scratch, signal};

/// What the sandbox told, brought to one meaning: messages count apart what came from a cache.
fn told(counters: &Counters) -> (u64, u64, u64) {
    counters
        .tokens_told
        .iter()
        .fold((0, 0, 0), |(input, output, cached), (path, told)| {
            let apart = if path == "/messages" { told.cached } else { 0 };
            (input + told.input + apart, output + told.output, cached + told.cached)
        })
}

async fn usage(scratch: &Scratch, by: &str) -> Value {
    scratch.run(&["usage", "--by", by, "--json"]).await.expect(0).json()
}

fn sum(total: &Value) -> (u64, u64, u64) {
    let count = |name: &str| total[name].as_u64().unwrap();
    (count("input"), count("output"), count("cached"))
}

#[tokio::test]
async fn every_api_is_counted_as_the_provider_told_it() {
    let mut desk = Desk::open().await;
    assert_eq!(
        usage(&desk.scratch, "key").await,
        json!({"by": "key", "usage": [],
        "total": {"requests": 0, "untold": 0, "input": 0, "output": 0, "cached": 0}})
    );
    let added = desk.scratch.run(&["key", "add", "ci", "--json"]).await.expect(0).json();
    let plain = HttpClient::new();
    let keyed = HttpClient::new().bearer(added["key"].as_str().unwrap());
    let mut asked_for = streamed();
    asked_for["stream_options"] = json!({"include_usage": true});
    let mut requests = 0;
    for client in [&plain, &keyed] {
        for path in [
            "/v1/chat/completions",
            "/v1/responses",
            "/v1/messages",
            "/v1/embeddings",
            "/p/acme/chat/completions",
        ] {
            let reply = client.post_json(&desk.url(path), &question()).await.unwrap();
            assert_eq!(reply.status, 200, "{path}: {}", reply.text());
            requests += 1;
        }
        for path in ["/v1/chat/completions", "/v1/responses", "/v1/messages"] {
            let mut stream = client.stream(&desk.url(path), &asked_for).await.unwrap();
            while stream.next().await.unwrap().is_some() {}
            requests += 1;
        }
    }
    // One that does not tell, one that is refused, and one that only reads.
    let mut silent = plain
        .stream(&desk.url("/v1/chat/completions"), &streamed())
        .await
        .unwrap();
    while silent.next().await.unwrap().is_some() {}
    let wrong = plain
        .post_json(&desk.url("/p/acme/chat/completions"), &json!({"model": "nobody"}))
        .await
        .unwrap();
    assert_eq!(wrong.status, 404);
    assert_eq!(plain.get(&desk.url("/v1/models")).await.unwrap().status, 200);
    signal(&desk.gateway.child, "TERM");
    assert!(desk.gateway.child.wait().await.unwrap().success());

    let expected = told(&desk.control().counters());
    assert!(expected.0 > 0 && expected.1 > 0 && expected.2 > 0);
    for by in ["key", "model", "credential", "day"] {
        let found = usage(&desk.scratch, by).await;
        assert_eq!(sum(&found["total"]), expected, "{found}");
        // Scripts read it: these members, and no others.
        let members = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>().join(" ");
        let counts = ["cached", "input", "output", "requests", "untold"];
        let mut row = [&counts[..], &[by]].concat();
        row.sort_unstable();
        assert_eq!(members(&found), "by total usage");
        assert_eq!(members(&found["total"]), counts.join(" "));
        assert_eq!(members(&found["usage"][0]), row.join(" "));
        assert_eq!(
            (&found["total"]["requests"], &found["total"]["untold"]),
            (&json!(requests + 1), &json!(1))
        );
    }
    let by_key = usage(&desk.scratch, "key").await;
    let names: Vec<&Value> = by_key["usage"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| &row["key"])
        .collect();
    assert_eq!(names, [&Value::Null, &json!("ci")]);
    assert_eq!(by_key["usage"][1]["requests"], 8);
    let by_model = usage(&desk.scratch, "model").await;
    assert_eq!(by_model["usage"][0]["model"], "grok-4.3", "{by_model}");
    assert_eq!(by_model["usage"].as_array().unwrap().len(), 1);
    assert_eq!(
        usage(&desk.scratch, "credential").await["usage"][0]["credential"],
        "acme/default"
    );
    let table = desk.scratch.run(&["usage"]).await.expect(0);
    assert!(table.stdout.contains("ci") && table.stdout.contains("all"), "{table}");
}

#[tokio::test]
async fn the_chat_counts_too_and_a_refused_request_does_not() {
    let desk = Desk::open().await;
    desk.scratch
        .run(&["chat", "--provider", "acme", "--model", "grok-4.3", "hello"])
        .await
        .expect(0);
    let found = usage(&desk.scratch, "key").await;
    assert_eq!(found["usage"][0]["key"], Value::Null, "{found}");
    assert!(found["total"]["requests"].as_u64().unwrap() >= 1, "{found}");
    let counted = sum(&found["total"]);
    assert_eq!(counted, told(&desk.control().counters()));
}
