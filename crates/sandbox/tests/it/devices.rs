//! The device flow (RFC 8628).

use std::time::Duration;

use evergrant_sandbox::client::Browser;
use serde_json::Value;

use crate::visitor::{SCOPE, Visitor, error, pair};

const DEVICE: &str = "urn:ietf:params:oauth:grant-type:device_code";

async fn start(visitor: &Visitor) -> Value {
    let fields = [("client_id", "evergrant"), ("scope", SCOPE)];
    let url = visitor.url("/oauth2/device/code");
    let reply = visitor.http.post_form(&url, &fields).await.unwrap();
    assert_eq!(reply.status, 200);
    reply.json().unwrap()
}

async fn poll(visitor: &Visitor, started: &Value) -> evergrant_sandbox::client::Reply {
    let code = started["device_code"].as_str().unwrap();
    let fields = [
        ("grant_type", DEVICE),
        ("client_id", "evergrant"),
        ("device_code", code),
    ];
    visitor.token(&fields).await
}

async fn by_hand() -> Visitor {
    Visitor::with(|config| {
        config.automatic_device_approval = false;
        config.device_interval_secs = 5;
    })
    .await
}

#[tokio::test]
async fn a_device_login_can_be_approved_without_asking() {
    let visitor = Visitor::new().await;
    let started = start(&visitor).await;
    let tokens = pair(&poll(&visitor, &started).await);
    assert_eq!(visitor.chat(&tokens.access).await.status, 200);
    let tokens = pair(&visitor.refresh(&tokens.refresh).await);
    let counters = visitor.control.counters();
    assert_eq!((counters.device_starts, counters.device_polls), (1, 1));
    assert_eq!(error(&poll(&visitor, &started).await), "invalid_grant", "spent");
    assert_eq!(
        visitor.control.counters().families_revoked,
        1,
        "as with a code that comes twice"
    );
    assert_eq!(error(&visitor.refresh(&tokens.refresh).await), "invalid_grant");
}

#[tokio::test]
async fn polls_wait_for_the_person_and_not_too_fast() {
    let visitor = by_hand().await;
    let started = start(&visitor).await;
    assert_eq!(started["interval"], 5);
    assert_eq!(error(&poll(&visitor, &started).await), "authorization_pending");
    assert_eq!(error(&poll(&visitor, &started).await), "slow_down");
    visitor.control.advance(Duration::from_secs(9));
    assert_eq!(error(&poll(&visitor, &started).await), "slow_down", "now every 10 s");
    visitor.control.advance(Duration::from_secs(15));
    assert_eq!(error(&poll(&visitor, &started).await), "authorization_pending");
    let user_code = started["user_code"].as_str().unwrap();
    assert_eq!(visitor.control.waiting_devices(), [user_code]);
    visitor
        .control
        .approve_device_as(&user_code.to_lowercase().replace('-', ""), "user-9")
        .unwrap();
    assert_eq!(poll(&visitor, &started).await.status, 200);
    assert_eq!(visitor.control.state().families[0].subject, "user-9");
    assert!(visitor.control.approve_device(user_code).is_err());
}

#[tokio::test]
async fn a_person_decides_on_the_page() {
    let visitor = by_hand().await;
    let browser = Browser::new(visitor.http.clone());
    for (decision, wanted) in [("approve", 200), ("deny", 400)] {
        let started = start(&visitor).await;
        let page = browser
            .visit(started["verification_uri_complete"].as_str().unwrap())
            .await
            .unwrap();
        let after = browser.press(&page, decision).await.unwrap();
        assert_eq!(after.reply.status, 200);
        let polled = poll(&visitor, &started).await;
        assert_eq!(polled.status, wanted);
        if decision == "deny" {
            assert_eq!(error(&polled), "access_denied");
        }
    }
}

#[tokio::test]
async fn a_device_code_expires_and_strangers_are_refused() {
    let visitor = by_hand().await;
    let started = start(&visitor).await;
    visitor.control.advance(Duration::from_secs(601));
    assert_eq!(error(&poll(&visitor, &started).await), "expired_token");
    let unknown = serde_json::json!({"device_code": "nonsense"});
    assert_eq!(error(&poll(&visitor, &unknown).await), "invalid_grant");
    let url = visitor.url("/oauth2/device/code");
    let reply = visitor.http.post_form(&url, &[("client_id", "x")]).await.unwrap();
    assert_eq!(reply.status, 401);
}
