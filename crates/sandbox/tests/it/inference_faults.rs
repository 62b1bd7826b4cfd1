//! Each scenario of the inference API says what it promises, as often as it was told to.

use std::time::Duration;

use evergrant_sandbox::client::ClientError;
use evergrant_sandbox::{Order, Wording};
use serde_json::json;

use crate::visitor::{Visitor, hello, pair};

const KEY: &str = "sk-sandbox-0000000000000000";

#[tokio::test]
async fn every_stale_wording_is_said_once_and_then_the_token_is_good() {
    let visitor = Visitor::new().await;
    let token = visitor.login().await.access;
    for (name, status, words) in [
        ("stale-wke", 403, "[WKE=unauthenticated:bad-credentials]\"}"),
        (
            "stale-reason-message",
            403,
            "\"reason\":\"The caller does not have permission",
        ),
        ("stale-code", 403, "\"code\":\"unauthenticated:bad-credentials\""),
        (
            "stale-phrase",
            403,
            "\"The OAuth2 access token could not be validated.\"",
        ),
        ("stale-upper", 403, "[WKE=UNAUTHENTICATED:BAD-CREDENTIALS]"),
        ("stale-unknown-reason", 403, "[WKE=unauthenticated:some-future-reason]"),
        ("stale-401", 401, "Token has expired"),
        ("stale-both", 403, "active Grok subscription"),
    ] {
        visitor.control.arm(Order::new(name).times(1)).unwrap();
        assert_eq!(visitor.chat(KEY).await.status, 200, "a key is never stale");
        let refused = visitor.chat(&token).await;
        assert_eq!(refused.status, status, "{name}");
        assert!(refused.text().contains(words), "{name}: {}", refused.text());
        assert_eq!(visitor.chat(&token).await.status, 200, "{name} strikes once");
        assert_eq!(visitor.control.counters().scenarios[name], 1);
    }
}

#[tokio::test]
async fn a_stale_token_can_be_told_inside_a_stream() {
    let visitor = Visitor::new().await;
    let client = visitor.http.clone().bearer(&visitor.login().await.access);
    let url = visitor.url("/v1/chat/completions");
    for (wording, flat) in [(Wording::StreamFlat, true), (Wording::StreamNested, false)] {
        visitor.control.expire(wording);
        let mut stream = client.stream(&url, &hello(true)).await.unwrap();
        assert_eq!(stream.status, 200);
        let events = stream.rest().await.unwrap();
        assert_eq!((events.len(), events[0].name.as_str()), (1, "error"));
        let error = events[0].json();
        assert_eq!(error["type"], "error");
        assert_eq!(error["error"].is_null(), flat);
        let whole = client.post_json(&url, &hello(false)).await.unwrap();
        assert_eq!(whole.status, 403, "without a stream it is a plain refusal");
    }
}

#[tokio::test]
async fn refusals_of_the_account_come_after_the_credential() {
    let visitor = Visitor::new().await;
    let token = visitor.login().await.access;
    for (name, status, words) in [
        ("entitlement", 403, "Manage at https://grok.com\"}"),
        ("entitlement-resources", 403, "https://grok.com/?_s=usage"),
        ("spending-limit", 403, "personal-team-blocked:spending-limit"),
        ("bare-403", 403, "Forbidden"),
        ("rate-limit", 429, "rate_limit_exceeded"),
        ("usage-limit", 429, "resets_at"),
    ] {
        visitor.control.arm(Order::new(name).times(1)).unwrap();
        assert!(visitor.chat("garbage").await.text().contains("WKE"), "{name}");
        let refused = visitor.chat(&token).await;
        assert_eq!(refused.status, status, "{name}");
        assert!(refused.text().contains(words), "{name}: {}", refused.text());
        assert_eq!(visitor.chat(&token).await.status, 200);
    }
}

#[tokio::test]
async fn the_edge_answers_anyone() {
    let visitor = Visitor::new().await;
    for (name, status, words) in [
        ("overloaded", 529, "overloaded_error"),
        ("server-error", 500, "server_error"),
        ("edge-html", 403, "Just a moment..."),
    ] {
        visitor.control.arm(Order::new(name).times(1)).unwrap();
        let broken = visitor.chat("garbage").await;
        assert_eq!(broken.status, status, "{name}");
        assert!(broken.text().contains(words), "{name}: {}", broken.text());
    }
    let order = Order::new("overloaded")
        .with("status", 503)
        .with("retry_after_secs", 7)
        .times(1);
    visitor.control.arm(order).unwrap();
    let busy = visitor.chat(KEY).await;
    assert_eq!((busy.status.as_u16(), busy.header("retry-after")), (503, "7"));
    let order = Order::new("rate-limit").with("retry_after_secs", 3).times(1);
    visitor.control.arm(order).unwrap();
    assert_eq!(visitor.chat(KEY).await.header("retry-after"), "3");
}

#[tokio::test]
async fn a_bare_denial_can_come_once_for_each_token() {
    let visitor = Visitor::new().await;
    let first = visitor.login().await;
    visitor.control.arm("bare-403-once").unwrap();
    assert_eq!(visitor.chat(&first.access).await.text(), "Forbidden");
    assert_eq!(visitor.chat(&first.access).await.status, 200);
    let second = pair(&visitor.refresh(&first.refresh).await);
    assert_eq!(visitor.chat(&second.access).await.status, 403);
    assert_eq!(visitor.chat(&second.access).await.status, 200);
}

#[tokio::test]
async fn a_fresh_token_is_refused_at_its_first_use() {
    let visitor = Visitor::new().await;
    let old = visitor.login().await;
    assert_eq!(visitor.chat(&old.access).await.status, 200);
    visitor.control.arm("fresh-token-refused").unwrap();
    assert_eq!(visitor.chat(&old.access).await.status, 200, "it was accepted before");
    let new = pair(&visitor.refresh(&old.refresh).await);
    assert_eq!(visitor.chat(&new.access).await.status, 403);
    assert_eq!(visitor.chat(&new.access).await.status, 200);
}

#[tokio::test]
async fn a_fresh_token_is_refused_while_it_is_young() {
    let visitor = Visitor::new().await;
    let token = visitor.login().await.access;
    let order = Order::new("fresh-token-refused")
        .with("within_ms", 60_000)
        .with("wording", "stale-401");
    visitor.control.arm(order).unwrap();
    assert_eq!(visitor.chat(&token).await.status, 401);
    assert_eq!(visitor.chat(&token).await.status, 401);
    visitor.control.advance(Duration::from_secs(60));
    assert_eq!(visitor.chat(&token).await.status, 200);
}

#[tokio::test]
async fn filters_choose_whom_a_scenario_strikes() {
    let visitor = Visitor::new().await;
    let one = visitor.login_as("one").await.access;
    let two = visitor.login_as("two").await.access;
    visitor
        .control
        .arm(Order::new("entitlement").with("subject", "one"))
        .unwrap();
    assert_eq!(visitor.chat(&one).await.status, 403);
    assert_eq!(visitor.chat(&two).await.status, 200);
    assert_eq!(visitor.control.disarm("entitlement"), 1);
    visitor
        .control
        .arm(Order::new("rate-limit").with("credential", "api-key"))
        .unwrap();
    assert_eq!(visitor.chat(KEY).await.status, 429);
    assert_eq!(visitor.chat(&one).await.status, 200);
    visitor.control.disarm_all();
    visitor
        .control
        .arm(Order::new("server-error").with("path", "/v1/models"))
        .unwrap();
    assert_eq!(visitor.chat(&one).await.status, 200);
    visitor.control.disarm_all();
    visitor
        .control
        .arm(Order::new("server-error").with("after", 2).times(1))
        .unwrap();
    let mut statuses = Vec::new();
    for _ in 0..4 {
        statuses.push(visitor.chat(&one).await.status.as_u16());
    }
    assert_eq!(statuses, [200, 200, 500, 200]);
}

#[tokio::test]
async fn slow_is_late_and_hang_is_never() {
    let visitor = Visitor::new().await;
    visitor
        .control
        .arm(Order::new("slow").with("delay_ms", 50).times(1))
        .unwrap();
    let began = std::time::Instant::now();
    assert_eq!(visitor.chat(KEY).await.status, 200);
    assert!(began.elapsed() >= Duration::from_millis(50));
    visitor.control.arm(Order::new("hang").times(1)).unwrap();
    let hasty = visitor.http.clone().bearer(KEY).timeout(Duration::from_millis(50));
    let outcome = hasty.get(&visitor.url("/v1/models")).await;
    assert!(matches!(outcome, Err(ClientError::Timeout(_))));
}

#[tokio::test]
async fn any_captured_reply_can_be_replayed() {
    let visitor = Visitor::new().await;
    let order = Order::new("respond")
        .with("path", "/v1/chat")
        .with("status", 418)
        .with("headers", json!({"x-odd": "yes", "content-type": "text/teapot"}))
        .with("body", "short and stout")
        .times(1);
    visitor.control.arm(order).unwrap();
    let reply = visitor.chat("whatever").await;
    assert_eq!(reply.status, 418);
    assert_eq!(reply.text(), "short and stout");
    assert_eq!(
        (reply.header("x-odd"), reply.header("content-type")),
        ("yes", "text/teapot")
    );
    let order = Order::new("respond")
        .with("path", "/oauth2/token")
        .with("body", json!({"a": 1}));
    visitor.control.arm(order).unwrap();
    assert_eq!(visitor.refresh("x").await.text(), "{\"a\":1}");
}

#[tokio::test]
async fn wrong_orders_are_refused() {
    let visitor = Visitor::new().await;
    for order in [
        Order::new("no-such-thing"),
        Order::new("slow").with("delay_ms", "long"),
        Order::new("slow").with("speed", 3),
        Order::new("fresh-token-refused").with("wording", "poetic"),
        Order::new("overloaded").with("status", 70_000),
    ] {
        assert!(visitor.control.arm(order).is_err());
    }
    assert!(visitor.control.armed().is_empty());
}
