//! Client keys at the gateway: who is let in, what a key may do, and in which words it is refused.

use std::time::Duration;

use evergrant_sandbox::Config;
use evergrant_sandbox::client::{HttpClient, Reply};
use http::Method;
use serde_json::{Value, json};

use super::desk::{Desk, Serving, question, streamed};
use crate::scratch::{Scratch, sandbox};

/// A new key on these terms.
pub(crate) async fn key(scratch: &Scratch, name: &str, terms: &[&str]) -> String {
    let arguments = [&["key", "add", name, "--json"], terms].concat();
    let added = scratch.run(&arguments).await.expect(0).json();
    added["key"].as_str().unwrap().to_owned()
}

async fn ask(desk: &Desk, header: &str, value: &str, path: &str, body: &Value) -> Reply {
    let client = HttpClient::new().header(header, value);
    client.post_json(&desk.url(path), body).await.unwrap()
}

async fn chat(desk: &Desk, key: &str) -> Reply {
    ask(
        desk,
        "authorization",
        &format!("Bearer {key}"),
        "/v1/chat/completions",
        &question(),
    )
    .await
}

#[track_caller]
fn refused(reply: &Reply, status: u16, code: &str) -> Value {
    let error = reply.json().unwrap();
    assert_eq!(
        (reply.status.as_u16(), error["error"]["code"].as_str()),
        (status, Some(code)),
        "{error}"
    );
    error
}

#[tokio::test]
async fn nobody_else_reaches_a_gateway_without_a_key() {
    let sandbox = sandbox().await;
    let scratch = Scratch::with(&sandbox);
    scratch.run(&["login", "acme", "--flow", "device"]).await.expect(0);
    let open = ["serve", "--listen", "0.0.0.0:0", "--json"];
    let kept_out = scratch.run(&open).await.expect(2).json();
    assert_eq!(
        kept_out["error"]["remedy"]["command"], "evergrant key add NAME",
        "{kept_out}"
    );
    let secret = key(&scratch, "laptop", &[]).await;
    let gateway = Serving::start(&scratch, &["--listen", "0.0.0.0:0"]).await;
    let desk = Desk {
        sandbox,
        scratch,
        gateway,
    };
    let anonymous = HttpClient::new()
        .post_json(&desk.url("/v1/chat/completions"), &question())
        .await
        .unwrap();
    refused(&anonymous, 401, "client-key-invalid");
    refused(&chat(&desk, "anything").await, 401, "client-key-invalid");
    refused(&chat(&desk, "sk-evergrant-0000").await, 401, "client-key-invalid");
    let models = HttpClient::new().get(&desk.url("/v1/models")).await.unwrap();
    refused(&models, 401, "client-key-invalid");
    // Whoever balances the load asks how it is.
    for path in ["/healthz", "/readyz"] {
        assert_eq!(
            HttpClient::new().get(&desk.url(path)).await.unwrap().status,
            200,
            "{path}"
        );
    }
    assert_eq!(desk.control().counters().inference_requests, 0);
    let value = format!("Bearer {secret}");
    for (header, value) in [
        ("authorization", &value),
        ("x-api-key", &secret),
        ("x-goog-api-key", &secret),
    ] {
        let reply = ask(&desk, header, value, "/v1/chat/completions", &question()).await;
        assert_eq!(reply.status, 200, "{header}: {}", reply.text());
    }
    // A known key is known by whatever name the machine is called.
    let request = super::bytes::post("/v1/chat/completions", &question().to_string());
    let named = request.replacen(
        "host: localhost",
        &format!("host: gateway.example\r\nauthorization: {value}"),
        1,
    );
    assert_eq!(desk.gateway.status(&named).await.0, 200);
    assert_eq!(desk.control().counters().inference_requests, 4);
    for seen in desk.control().log() {
        assert!(!format!("{seen:?}").contains(&secret), "{seen:?}");
    }
}

#[tokio::test]
async fn on_loopback_a_key_is_welcome_a_placeholder_is_none_and_a_wrong_key_is_refused() {
    let desk = Desk::open().await;
    assert_eq!(desk.chat().await.status, 200);
    for placeholder in ["anything", "sk-none", "x"] {
        assert_eq!(chat(&desk, placeholder).await.status, 200, "{placeholder}");
    }
    // Made just now by another process.
    let secret = key(&desk.scratch, "laptop", &[]).await;
    assert_eq!(chat(&desk, &secret).await.status, 200);
    let (one, other) = (format!("Bearer {secret}"), key(&desk.scratch, "other", &[]).await);
    let client = HttpClient::new()
        .header("authorization", &one)
        .header("x-api-key", &other);
    let two = client
        .post_json(&desk.url("/v1/chat/completions"), &question())
        .await
        .unwrap();
    refused(&two, 401, "client-key-invalid");
    desk.scratch.run(&["key", "remove", "laptop"]).await.expect(0);
    while chat(&desk, &secret).await.status == 200 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let wrong = ask(&desk, "x-api-key", &secret, "/v1/messages", &question()).await;
    let error = refused(&wrong, 401, "client-key-invalid");
    assert_eq!(
        (&error["type"], &error["error"]["type"]),
        (&json!("error"), &json!("authentication_error"))
    );
    assert!(!error.to_string().contains(&secret), "{error}");
    // Without a key it is as before, unless that is set otherwise.
    assert_eq!(desk.chat().await.status, 200);
    desk.scratch.write("config.toml", "[serve]\nrequire_key = true\n");
    while desk.chat().await.status == 200 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    refused(&desk.chat().await, 401, "client-key-invalid");
    assert_eq!(chat(&desk, &other).await.status, 200);
}

#[tokio::test]
async fn a_key_asks_only_whom_and_for_what_it_may() {
    let desk = Desk::open().await;
    let added = desk
        .scratch
        .run_with(&["add", "acme-key", "--stdin"], b"sk-sandbox-0000000000000000");
    added.await.expect(0);
    let models = desk.control().config().models;
    let (mine, others) = (models[0].clone(), models[1].clone());
    let narrow = key(&desk.scratch, "narrow", &["--provider", "acme", "--model", &mine]).await;
    let body = |model: &str| json!({"model": model, "messages": [{"role": "user", "content": "hello"}]});
    let bearer = format!("Bearer {narrow}");
    let send = async |path: &str, body: &Value| ask(&desk, "authorization", &bearer, path, body).await;
    let before = desk.control().counters().inference_requests;
    assert_eq!(send("/v1/chat/completions", &body(&mine)).await.status, 200);
    assert_eq!(send("/p/acme/chat/completions", &body(&mine)).await.status, 200);
    for (path, body) in [
        ("/v1/chat/completions", body(&others)),
        ("/p/acme/chat/completions", body(&others)),
        ("/p/acme-key/chat/completions", body(&mine)),
        ("/v1/responses", json!({"input": "hello"})),
        ("/v1/chat/completions?model=other", body(&mine)),
    ] {
        refused(&send(path, &body).await, 403, "client-key-forbidden");
    }
    let client = HttpClient::new().header("authorization", &bearer);
    let url = desk.url("/p/acme/chat/completions");
    for text in [
        format!("{{\"model\":\"{mine}\",\"messages\":[],\"model\":\"{others}\"}}"),
        format!("{{\"model\":\"{mine}\",\"mod\\u0065l\":\"{others}\",\"messages\":[]}}"),
        format!("{{\"model\":\"{mine}\",\"MODEL\":\"{others}\",\"messages\":[]}}"),
    ] {
        let reply = client
            .send(Method::POST, &url, "application/json", text.clone().into())
            .await
            .unwrap();
        refused(&reply, 403, "client-key-forbidden");
    }
    assert_eq!(
        desk.control().counters().inference_requests,
        before + 2,
        "nothing else went out"
    );
    let list = client.get(&desk.url("/v1/models")).await.unwrap().json().unwrap();
    let listed: Vec<_> = list["data"].as_array().unwrap().iter().collect();
    assert_eq!(listed.len(), 1, "{list}");
    assert_eq!(
        (&listed[0]["id"], &listed[0]["provider"]),
        (&json!(mine), &json!("acme"))
    );
}

#[tokio::test]
async fn limits_are_held_to_and_say_when_to_come_back() {
    let desk = Desk::with(Config {
        gap_ms: 200,
        ..Config::default()
    })
    .await;
    let slow = key(&desk.scratch, "slow", &["--rpm", "3"]).await;
    for _ in 0..3 {
        assert_eq!(chat(&desk, &slow).await.status, 200);
    }
    let reply = chat(&desk, &slow).await;
    let error = refused(&reply, 429, "client-key-limited");
    assert_eq!(error["error"]["type"], "rate_limit_error");
    let after: u64 = reply.header("retry-after").parse().unwrap();
    assert!((1..=61).contains(&after), "{after}");

    let single = key(&desk.scratch, "single", &["--concurrency", "1"]).await;
    let client = HttpClient::new().bearer(&single);
    let url = desk.url("/v1/chat/completions");
    let stream = client.stream(&url, &streamed()).await.unwrap();
    let reply = ask(&desk, "x-api-key", &single, "/v1/messages", &question()).await;
    let error = refused(&reply, 429, "client-key-limited");
    assert_eq!(error["error"]["type"], "rate_limit_error");
    assert_eq!(reply.header("retry-after"), "1");
    // Whoever leaves gives the place back.
    drop(stream);
    while chat(&desk, &single).await.status == 429 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }

    let over = key(&desk.scratch, "over", &["--expires", "1s"]).await;
    while chat(&desk, &over).await.status == 200 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    refused(&chat(&desk, &over).await, 401, "client-key-invalid");
}

#[tokio::test]
async fn a_budget_of_tokens_is_of_all_gateways_of_a_home() {
    let desk = Desk::open().await;
    let budget = key(&desk.scratch, "budget", &["--tokens-per-day", "100"]).await;
    let other = Serving::start(&desk.scratch, &["--listen", "127.0.0.1:0"]).await;
    let mut answered = 0;
    while chat(&desk, &budget).await.status == 200 {
        answered += 1;
        assert!(answered < 50, "no end");
    }
    assert!(answered >= 2);
    let reply = chat(&desk, &budget).await;
    refused(&reply, 429, "client-key-limited");
    let after: u64 = reply.header("retry-after").parse().unwrap();
    assert!((1..=86_400).contains(&after), "{after}");
    // Not to be told is no way around it.
    let untold = key(&desk.scratch, "untold", &["--tokens-per-day", "200"]).await;
    let client = HttpClient::new().bearer(&untold);
    let url = desk.url("/v1/chat/completions");
    let mut streams = 0;
    while let Ok(mut stream) = client.stream(&url, &streamed()).await
        && stream.status == 200
    {
        while stream.next().await.unwrap().is_some() {}
        streams += 1;
        assert!(streams < 100, "no end");
    }
    // The other gateway learns of it, and so does the next one.
    let client = HttpClient::new().bearer(&budget);
    let ask = async |gateway: &Serving| {
        let url = gateway.url("/v1/chat/completions");
        client.post_json(&url, &question()).await.unwrap().status.as_u16()
    };
    while ask(&other).await != 429 {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let next = Serving::start(&desk.scratch, &["--listen", "127.0.0.1:0"]).await;
    while ask(&next).await != 429 {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
