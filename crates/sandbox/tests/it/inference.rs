//! The inference API when nothing is broken.

use bytes::Bytes;
use http::Method;
use serde_json::json;

use crate::visitor::{Visitor, hello};

const KEY: &str = "sk-sandbox-0000000000000000";

#[tokio::test]
async fn every_surface_answers_with_what_was_said() {
    let visitor = Visitor::new().await;
    let client = visitor.http.clone().bearer(&visitor.login().await.access);
    let chat = client
        .post_json(&visitor.url("/v1/chat/completions"), &hello(false))
        .await
        .unwrap();
    let chat_json = chat.json().unwrap();
    assert_eq!(chat_json["choices"][0]["message"]["content"], "You said: hello there");
    assert!(chat_json["usage"]["total_tokens"].as_u64().unwrap() > 0);
    assert!(chat.header("x-request-id").starts_with("req-"));

    let input = json!({"model": "grok-4.3", "input": [
        {"role": "user", "content": [{"type": "input_text", "text": "parts"}]},
    ]});
    let url = visitor.url("/v1/responses");
    let response = client.post_json(&url, &input).await.unwrap().json().unwrap();
    assert_eq!(response["output"][0]["content"][0]["text"], "You said: parts");
    assert_eq!(response["status"], "completed");

    let url = visitor.url("/v1/messages");
    let message = client.post_json(&url, &hello(false)).await.unwrap().json().unwrap();
    assert_eq!(message["content"][0]["text"], "You said: hello there");
    assert_eq!(message["stop_reason"], "end_turn");

    let url = visitor.url("/v1/embeddings");
    let input = json!({"model": "grok-4.3", "input": ["a", "b"]});
    let embedded = client.post_json(&url, &input).await.unwrap().json().unwrap();
    assert_eq!(embedded["data"].as_array().unwrap().len(), 2);

    let models = client.get(&visitor.url("/v1/models")).await.unwrap();
    assert_eq!(models.json().unwrap()["data"][0]["id"], "grok-4.3");
    let counters = visitor.control.counters();
    assert_eq!((counters.inference_accepted, counters.inference_refused), (5, 0));
    assert_eq!(counters.inference_by_path["/v1/messages"], 1);
}

#[tokio::test]
async fn keys_are_accepted_in_either_header_and_wrong_ones_refused() {
    let visitor = Visitor::new().await;
    assert_eq!(visitor.chat(KEY).await.status, 200);
    let url = visitor.url("/v1/models");
    let anthropic = visitor.http.clone().header("x-api-key", KEY);
    assert_eq!(anthropic.get(&url).await.unwrap().status, 200);
    let wrong = visitor.chat("sk-wrong").await;
    assert_eq!(wrong.status, 401);
    assert_eq!(wrong.json().unwrap()["error"]["code"], "invalid_api_key");
    let none = visitor.http.get(&url).await.unwrap();
    assert_eq!(none.status, 401);
    assert!(none.header("www-authenticate").starts_with("Bearer realm="));
    assert!(!none.header("www-authenticate").contains("error="));
    assert_eq!(visitor.chat("garbage").await.status, 403);
}

#[tokio::test]
async fn bodies_are_echoed_byte_for_byte_and_their_digest_told() {
    let visitor = Visitor::new().await;
    let client = visitor.http.clone().bearer(KEY).header("x-sandbox-want-digest", "1");
    let body = Bytes::from((0..=255).cycle().take(100_000).collect::<Vec<u8>>());
    let reply = client
        .send(
            Method::POST,
            &visitor.url("/v1/echo"),
            "application/x-odd",
            body.clone(),
        )
        .await
        .unwrap();
    assert_eq!(reply.body, body);
    assert_eq!(reply.header("content-type"), "application/x-odd");
    let told = reply.header("x-sandbox-body-sha256").to_owned();
    assert_eq!(told.len(), 64);
    assert_eq!(visitor.control.log().last().unwrap().body_sha256, told);
}

#[tokio::test]
async fn bad_requests_are_refused_as_the_provider_does() {
    let visitor = Visitor::new().await;
    let client = visitor.http.clone().bearer(KEY);
    let chat = visitor.url("/v1/chat/completions");
    let unknown = json!({"model": "gpt-99", "messages": []});
    let reply = client.post_json(&chat, &unknown).await.unwrap();
    assert_eq!(reply.status, 404);
    assert_eq!(reply.json().unwrap()["error"]["code"], "model_not_found");
    let url = visitor.url("/v1/messages");
    let reply = client.post_json(&url, &unknown).await.unwrap();
    assert_eq!(reply.json().unwrap()["error"]["type"], "not_found_error");
    assert_eq!(client.post_json(&chat, &json!({})).await.unwrap().status, 400);
    let broken = Bytes::from_static(b"{\"model\":");
    let reply = client
        .send(Method::POST, &chat, "application/json", broken)
        .await
        .unwrap();
    assert_eq!(reply.status, 400);
    assert_eq!(client.get(&visitor.url("/v1/nothing")).await.unwrap().status, 404);
    assert_eq!(client.get(&chat).await.unwrap().status, 405);
}

#[tokio::test]
async fn ten_thousand_requests_pass_and_are_counted() {
    let visitor = Visitor::new().await;
    let mut workers = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let client = visitor.http.clone().bearer(KEY);
        let url = visitor.url("/v1/models");
        workers.spawn(async move {
            for _ in 0..500 {
                assert_eq!(client.get(&url).await.unwrap().status, 200);
            }
        });
    }
    while let Some(done) = workers.join_next().await {
        done.unwrap();
    }
    assert_eq!(visitor.control.counters().inference_accepted, 10_000);
    let sequences: Vec<u64> = visitor.control.log().iter().map(|seen| seen.sequence).collect();
    assert_eq!(sequences, (1..=10_000).collect::<Vec<u64>>());
}
