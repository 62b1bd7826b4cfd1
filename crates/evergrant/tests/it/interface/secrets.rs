//! No secret reaches a stream, a log at any level, or an error, but where it was asked for.

use std::collections::BTreeSet;

use evergrant_sandbox::{Order, Running};

use crate::scratch::{Scratch, sandbox};

#[tokio::test]
async fn nothing_secret_is_said_at_any_level() {
    let sandbox = sandbox().await;
    let mut scratch = Scratch::with(&sandbox);
    scratch.set("EVERGRANT_LOG", "trace");
    let mut said = String::new();
    let mut say = |exchange: crate::exchange::Exchange| said.push_str(&format!("{exchange}\n"));
    say(scratch
        .run(&["login", "acme", "--flow", "device", "-vvv"])
        .await
        .expect(0));
    say(scratch.run(&["refresh", "acme/default"]).await.expect(0));
    say(scratch
        .run_with(&["add", "acme-key"], b"sk-sandbox-0000000000000000")
        .await
        .expect(0));
    sandbox.control().arm(Order::new("token-other-400").times(1)).unwrap();
    say(scratch.run(&["refresh", "acme/default"]).await);
    for arguments in [
        &["status"][..],
        &["list"],
        &["doctor"],
        &["status", "--json"],
        &["logout", "acme/default"],
    ] {
        say(scratch.run(arguments).await);
    }
    let secrets = secrets(&sandbox);
    assert!(secrets.len() >= 4, "{secrets:?}");
    for secret in secrets {
        assert!(!said.contains(&secret), "`{secret}` was said: {said}");
    }
}

/// Every secret that the sandbox has been sent, and the key.
fn secrets(sandbox: &Running) -> BTreeSet<String> {
    let mut secrets = BTreeSet::from(["sk-sandbox-0000000000000000".to_owned()]);
    for captured in sandbox.control().token_requests() {
        for (name, value) in url::form_urlencoded::parse(&captured.body) {
            if ["refresh_token", "device_code", "code", "code_verifier", "token"].contains(&&*name) {
                secrets.insert(value.into_owned());
            }
        }
    }
    secrets
}
