//! Logging out at the command line, and what is told of what it could not do.

use evergrant_sandbox::{Order, Running, Wording};
use serde_json::json;

use crate::assert_exchange;
use crate::scratch::{Scratch, sandbox};

async fn logged_in() -> (Running, Scratch) {
    let sandbox = sandbox().await;
    let scratch = Scratch::with(&sandbox);
    scratch.run(&["login", "acme", "--flow", "device"]).await.expect(0);
    (sandbox, scratch)
}

fn refuse(sandbox: &Running) {
    let order = Order::new("respond")
        .with("path", "/oauth2/revoke")
        .with("status", 503)
        .with("headers", json!({"retry-after": "600"}))
        .with("body", "busy");
    sandbox.control().arm(order).unwrap();
}

#[tokio::test]
async fn what_could_not_be_revoked_is_told_shown_and_tried_again() {
    let (sandbox, scratch) = logged_in().await;
    refuse(&sandbox);
    assert_exchange!(scratch.run(&["logout", "acme/default"]).await, @r#"
    $ evergrant logout acme/default
    exit 0
    --- stderr
    logged out `default` of acme
    warning: forgotten here, but not revoked at the provider yet: acme did not revoke the refresh token: HTTP 503: busy
      help: it is queued: a running gateway goes on trying, the next logout tries once
      try: evergrant status
    "#);
    assert_exchange!(scratch.run(&["status"]).await, @r#"
    $ evergrant status
    exit 0
    --- stdout
    waiting to be revoked
      acme/default refresh token, since [time], tries so far: 1, next [span], given up [span]: acme did not revoke the refresh token: HTTP 503: busy
      acme/default access token, since [time], tries so far: 1, next [span], given up [span]: acme did not revoke the access token: HTTP 503: busy
    --- stderr
    no credentials yet: `evergrant login PROVIDER` or `evergrant add PROVIDER` makes one
    "#);
    assert_exchange!(scratch.run(&["list"]).await, @r#"
    $ evergrant list
    exit 0
    --- stdout
    waiting to be revoked
      acme/default refresh token, since [time], tries so far: 1, next [span], given up [span]: acme did not revoke the refresh token: HTTP 503: busy
      acme/default access token, since [time], tries so far: 1, next [span], given up [span]: acme did not revoke the access token: HTTP 503: busy
    --- stderr
    no credentials yet: `evergrant login PROVIDER` or `evergrant add PROVIDER` makes one
    "#);
    let status = scratch.run(&["status", "acme", "--json"]).await.expect(3).json();
    assert_eq!(status["credentials"], json!([]));
    let waiting = status["revocations"].as_array().unwrap();
    assert_eq!(waiting.len(), 2);
    for (one, token) in waiting.iter().zip(["refresh", "access"]) {
        assert_eq!((&one["provider"], &one["label"]), (&json!("acme"), &json!("default")));
        assert_eq!((&one["token"], &one["tries"]), (&json!(token), &json!(1)));
        assert_eq!(
            one["why"],
            format!("acme did not revoke the {token} token: HTTP 503: busy")
        );
        for key in ["credential", "queued_at", "last_try_at", "next_try_at", "gives_up_at"] {
            assert!(one[key].is_string(), "{key}: {one}");
        }
    }
    let other = scratch.run(&["status", "acme-key", "--json"]).await.expect(3).json();
    assert_eq!(other["revocations"], json!([]), "another provider's");
    let doctor = scratch.run(&["doctor", "--json"]).await.expect(0).json();
    let findings = doctor["findings"].as_array().unwrap();
    let told: Vec<_> = findings
        .iter()
        .filter(|finding| finding["check"] == "revocation acme/default")
        .collect();
    assert_eq!(told.len(), 2);
    assert_eq!(told[0]["level"], "warn");
    assert_eq!(told[0]["remedy"]["command"], "evergrant serve");
    // The next logout of this home, of whatever it is, tries once.
    scratch.run(&["login", "acme", "--flow", "device"]).await.expect(0);
    let again = scratch
        .run(&["logout", "acme/default", "--json"])
        .await
        .expect(0)
        .json();
    assert_eq!(again["revocation"], "queued");
    assert_eq!(again["revocations"].as_array().unwrap().len(), 4);
    assert_eq!(again["label"], "default");
    sandbox.control().disarm("respond");
    scratch.run(&["login", "acme", "--flow", "device"]).await.expect(0);
    let last = scratch
        .run(&["logout", "acme/default", "--json"])
        .await
        .expect(0)
        .json();
    assert_eq!(
        (&last["revocation"], &last["revocations"]),
        (&json!("revoked"), &json!([]))
    );
    let status = scratch.run(&["status", "--json"]).await.expect(0).json();
    assert_eq!(status, json!({"credentials": [], "revocations": []}));
    assert!(sandbox.control().state().families.iter().all(|family| !family.alive));
}

#[tokio::test]
async fn a_removal_says_that_it_revokes_nothing() {
    let (sandbox, scratch) = logged_in().await;
    let help = scratch.run(&["remove", "--help"]).await.expect(0);
    assert!(help.stdout.contains("Nothing is revoked"), "{help}");
    scratch.run(&["remove", "acme/default"]).await.expect(0);
    assert_eq!(sandbox.control().counters().revocations, 0);
    assert!(sandbox.control().state().families[0].alive);
}

/// Three states that look alike to a caller, and are not: only one of them needs a login.
#[tokio::test]
async fn unknown_dead_and_stale_are_told_apart() {
    // Unknown: sent, and no answer came. Nothing is sent again while the token serves.
    let (sandbox, scratch) = logged_in().await;
    let order = Order::new("answer-lost").times(1);
    sandbox.control().arm(order).unwrap();
    scratch.run(&["refresh", "acme/default"]).await.expect(5);
    let unknown = scratch.run(&["status", "acme", "--json"]).await.expect(0).json()["credentials"][0].clone();
    assert_eq!(
        (&unknown["health"], &unknown["usable"]),
        (&json!("outcome-unknown"), &json!(true))
    );
    assert_eq!(unknown["remedy"]["kind"], "wait", "{unknown}");
    assert!(unknown["why"].is_string());
    let refused = scratch
        .run(&["refresh", "acme/default", "--json"])
        .await
        .expect(5)
        .json();
    assert_eq!(refused["error"]["code"], "outcome-unknown");
    assert_eq!(sandbox.control().counters().refreshes, 1);

    // Dead: the provider said so. Only a login helps.
    let (sandbox, scratch) = logged_in().await;
    sandbox.control().revoke_logins(None);
    scratch.run(&["refresh", "acme/default"]).await.expect(3);
    let dead = scratch.run(&["status", "acme", "--json"]).await.expect(0).json()["credentials"][0].clone();
    assert_eq!(
        (&dead["health"], &dead["remedy"]["kind"]),
        (&json!("quarantined"), &json!("login"))
    );

    // Stale: the access token is refused, the grant is alive and is renewed by whoever asks.
    let (sandbox, scratch) = logged_in().await;
    sandbox.control().expire(Wording::Wke);
    let stale = scratch.run(&["status", "acme", "--json"]).await.expect(0).json()["credentials"][0].clone();
    assert_eq!((&stale["health"], &stale["remedy"]), (&json!("ready"), &json!(null)));
    scratch.run(&["refresh", "acme/default"]).await.expect(0);

    let words: Vec<String> = [&unknown, &dead, &stale]
        .into_iter()
        .map(|state| state["health"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(words, ["outcome-unknown", "quarantined", "ready"]);
}
