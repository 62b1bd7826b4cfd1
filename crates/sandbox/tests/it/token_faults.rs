//! Each scenario of the token endpoint, and what became of the refresh token.

use std::time::Duration;

use evergrant_sandbox::Order;
use evergrant_sandbox::client::ClientError;

use crate::visitor::{Visitor, error, pair, refresh_fields};

#[tokio::test]
async fn answers_before_the_books_spend_nothing() {
    let visitor = Visitor::new().await;
    let token = visitor.login().await.refresh;
    for (name, status, words) in [
        ("token-invalid-grant", 400, "\"invalid_grant\""),
        ("token-other-400", 400, "\"invalid_request\""),
        ("token-invalid-client", 401, "\"invalid_client\""),
        ("token-403-html", 403, "Just a moment..."),
        ("token-404", 404, "404 Not Found"),
        ("token-429", 429, "too many requests"),
        ("token-500", 500, "server_error"),
        ("token-503", 503, "<html>"),
        ("token-temporarily-unavailable", 503, "temporarily_unavailable"),
        ("token-html-200", 200, "<!DOCTYPE html>"),
        ("token-array", 200, "[1,2,3]"),
        ("token-empty-object", 200, "{}"),
        ("token-junk", 200, "xxxx"),
        ("token-redirect", 302, ""),
    ] {
        visitor.control.arm(Order::new(name).times(1)).unwrap();
        let reply = visitor.refresh(&token).await;
        assert_eq!(reply.status, status, "{name}");
        assert!(reply.text().contains(words), "{name}");
        match name {
            "token-429" => assert_eq!(reply.header("retry-after"), "1"),
            "token-junk" => assert_eq!(reply.body.len(), 1024 * 1024),
            "token-redirect" => assert_eq!(reply.header("location"), visitor.url("/trap")),
            _ => {}
        }
    }
    assert_eq!(visitor.control.counters().rotations, 0);
    assert_eq!(visitor.refresh(&token).await.status, 200, "it was never spent");
}

#[tokio::test]
async fn whoever_follows_the_redirect_is_counted() {
    let visitor = Visitor::new().await;
    visitor.control.arm(Order::new("token-redirect").times(1)).unwrap();
    let reply = visitor.refresh("x").await;
    assert_eq!(visitor.control.counters().redirects_followed, 0);
    visitor.http.get(reply.header("location")).await.unwrap();
    assert_eq!(visitor.control.counters().redirects_followed, 1);
}

#[tokio::test]
async fn a_lost_or_cut_answer_has_spent_the_token() {
    for name in ["answer-lost", "answer-cut"] {
        let visitor = Visitor::new().await;
        let token = visitor.login().await.refresh;
        visitor.control.arm(Order::new(name).times(1)).unwrap();
        let url = visitor.url("/oauth2/token");
        let outcome = visitor.http.post_form(&url, &refresh_fields(&token)).await;
        assert!(matches!(outcome, Err(ClientError::Connection(_))), "{name}");
        assert_eq!(visitor.control.counters().rotations, 1, "{name}");
        let line = visitor.control.log().pop().unwrap();
        assert_eq!(line.scenario.as_deref(), Some(name));
        assert_eq!(error(&visitor.refresh(&token).await), "invalid_grant");
        assert_eq!(visitor.control.counters().families_revoked, 1);
    }
}

#[tokio::test]
async fn a_late_answer_has_spent_the_token_at_once() {
    let visitor = Visitor::new().await;
    let token = visitor.login().await.refresh;
    for (name, spent) in [("token-hang", 0), ("answer-hang", 1)] {
        visitor.control.arm(Order::new(name).times(1)).unwrap();
        let (client, url, token) = (visitor.http.clone(), visitor.url("/oauth2/token"), token.clone());
        let waiting = tokio::spawn(async move { client.post_form(&url, &refresh_fields(&token)).await });
        let deadline = std::time::Instant::now() + Duration::from_secs(10);
        while !visitor.control.counters().scenarios.contains_key(name) {
            assert!(std::time::Instant::now() < deadline, "{name} never struck");
            tokio::task::yield_now().await;
        }
        assert_eq!(visitor.control.counters().rotations, spent, "{name}");
        assert_eq!(visitor.control.log().last().unwrap().status, None, "{name} is open");
        assert!(!waiting.is_finished());
        waiting.abort();
    }
}

#[tokio::test]
async fn a_scenario_can_strike_the_grants_of_one_subject() {
    let visitor = Visitor::new().await;
    let (one, two) = (visitor.login_as("one").await, visitor.login_as("two").await);
    let order = Order::new("token-500").with("subject", "two");
    visitor.control.arm(order).unwrap();
    visitor
        .control
        .arm(Order::new("stale-code").with("subject", "two"))
        .unwrap();
    assert_eq!(visitor.refresh(&one.refresh).await.status, 200);
    assert_eq!(visitor.refresh(&two.refresh).await.status, 500);
    assert_eq!(visitor.chat(&one.access).await.status, 200);
    assert_eq!(visitor.chat(&two.access).await.status, 403);
}

#[tokio::test]
async fn slow_answers_arrive() {
    let visitor = Visitor::new().await;
    let mut token = visitor.login().await.refresh;
    for name in ["token-slow", "answer-slow"] {
        let order = Order::new(name).with("delay_ms", 40).times(1);
        visitor.control.arm(order).unwrap();
        let began = std::time::Instant::now();
        token = pair(&visitor.refresh(&token).await).refresh;
        assert!(began.elapsed() >= Duration::from_millis(40), "{name}");
    }
}

#[tokio::test]
async fn an_answer_without_refresh_token_leaves_the_old_one_good() {
    let visitor = Visitor::new().await;
    let token = visitor.login().await.refresh;
    visitor
        .control
        .arm(Order::new("no-refresh-token-in-answer").times(1))
        .unwrap();
    let reply = visitor.refresh(&token).await.json().unwrap();
    assert!(reply["access_token"].is_string());
    assert!(reply["refresh_token"].is_null());
    assert_eq!(visitor.refresh(&token).await.status, 200);
}

#[tokio::test]
async fn tier_and_challenge_are_only_looked_at_when_a_grant_begins() {
    let visitor = Visitor::new().await;
    let mut token = visitor.login().await.refresh;
    for (name, status, words) in [
        ("tier-refused", 403, "subscription tier"),
        ("challenge-required", 400, "code_challenge is required"),
    ] {
        visitor.control.arm(name).unwrap();
        let code = visitor.code().await;
        let refused = visitor.exchange(&code, &[]).await;
        assert_eq!(refused.status, status, "{name}");
        assert!(refused.text().contains(words), "{name}");
        token = pair(&visitor.refresh(&token).await).refresh;
        assert_eq!(visitor.control.disarm(name), 1);
    }
}

#[tokio::test]
async fn a_grant_type_can_be_chosen() {
    let visitor = Visitor::new().await;
    let order = Order::new("token-500").with("grant_type", "refresh_token");
    visitor.control.arm(order).unwrap();
    let token = visitor.login().await.refresh;
    assert_eq!(visitor.refresh(&token).await.status, 500);
}
