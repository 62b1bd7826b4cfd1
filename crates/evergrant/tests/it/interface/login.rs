//! `login` by each flow, as events and as text.

use std::process::Stdio;

use evergrant_sandbox::client::{Browser, HttpClient};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};

use crate::assert_exchange;
use crate::scratch::{Scratch, sandbox};

#[tokio::test]
async fn a_device_login_is_told_in_events() {
    let sandbox = sandbox().await;
    let scratch = Scratch::with(&sandbox);
    let exchange = scratch
        .run(&["login", "acme", "--flow", "device", "--json"])
        .await
        .expect(0);
    let [device, done] = exchange.json_lines().try_into().unwrap();
    assert_eq!(device["event"], "device");
    for key in ["user_code", "verification_uri", "verification_uri_complete"] {
        assert!(device[key].is_string(), "{key}: {exchange}");
    }
    assert!(device["expires_in"].is_u64(), "{exchange}");
    assert_eq!(done["event"], "done");
    for key in ["credential", "label", "expires_at"] {
        assert!(done[key].is_string(), "{key}: {exchange}");
    }
    assert_eq!(sandbox.control().counters().token_by_grant_type.len(), 1);
}

#[tokio::test]
async fn a_device_login_is_told_in_words() {
    let sandbox = sandbox().await;
    let scratch = Scratch::with(&sandbox);
    assert_exchange!(scratch.run(&["login", "acme", "--flow", "device", "--label", "work"]).await, @r#"
    $ evergrant login acme --flow device --label work
    exit 0
    --- stderr
    open http://[address]/device on any device and enter the code [code]
    or open http://[address]/device?user_code=[code]
    the code is good for [span]
    logged in at acme as `work`, its token expires [span]
    "#);
}

#[tokio::test]
async fn a_browser_comes_back_by_itself() {
    let sandbox = sandbox().await;
    let scratch = Scratch::with(&sandbox);
    let mut child = scratch
        .evergrant(&["login", "acme", "--flow", "browser", "--no-browser", "--json"])
        .spawn()
        .unwrap();
    let mut events = BufReader::new(child.stdout.take().unwrap()).lines();
    let authorize: Value = serde_json::from_str(&events.next_line().await.unwrap().unwrap()).unwrap();
    assert_eq!(authorize["event"], "authorize");
    let page = Browser::new(HttpClient::new())
        .visit(authorize["url"].as_str().unwrap())
        .await
        .unwrap();
    assert_eq!(page.reply.status, 200, "{}", page.reply.text());
    let done: Value = serde_json::from_str(&events.next_line().await.unwrap().unwrap()).unwrap();
    assert_eq!(done["event"], "done");
    assert_eq!(child.wait().await.unwrap().code(), Some(0));
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn the_browser_inherits_no_key() {
    use std::os::unix::fs::PermissionsExt;
    let sandbox = sandbox().await;
    let mut scratch = Scratch::with(&sandbox);
    // A browser of our own: it writes down what it was given.
    let programs = scratch.home().join("programs");
    scratch.write(
        "programs/xdg-open",
        "#!/bin/sh\n/usr/bin/env > \"$SEEN.part\"; echo \"$1\" >> \"$SEEN.part\"; /bin/mv \"$SEEN.part\" \"$SEEN\"\n",
    );
    std::fs::set_permissions(programs.join("xdg-open"), std::fs::Permissions::from_mode(0o700)).unwrap();
    let seen = scratch.home().join("seen");
    for (name, value) in [
        ("PATH", programs.to_str().unwrap()),
        ("SEEN", seen.to_str().unwrap()),
        ("DISPLAY", ":0"),
        ("ACME_KEY_API_KEY", "canary-of-the-row"),
        ("XAI_API_KEY", "canary-of-a-built-in-row"),
        ("MY_KEY", "canary-by-reference"),
    ] {
        scratch.set(name, value);
    }
    scratch.run(&["add", "acme-key", "--env", "MY_KEY"]).await.expect(0);
    let mut child = scratch.evergrant(&["login", "acme"]).spawn().unwrap();
    while !seen.exists() {
        assert_eq!(
            child.try_wait().unwrap(),
            None,
            "the login ended before its browser began"
        );
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    let given = std::fs::read_to_string(&seen).unwrap();
    assert!(given.contains("DISPLAY=:0") && !given.contains("canary"), "{given}");
    let address = given.lines().last().unwrap();
    Browser::new(HttpClient::new()).visit(address).await.unwrap();
    assert_eq!(child.wait().await.unwrap().code(), Some(0));
}

#[tokio::test]
async fn the_address_can_be_pasted() {
    let sandbox = sandbox().await;
    let scratch = Scratch::with(&sandbox);
    let mut child = scratch
        .evergrant(&["login", "acme", "--flow", "paste", "--json"])
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let mut events = BufReader::new(child.stdout.take().unwrap()).lines();
    let authorize: Value = serde_json::from_str(&events.next_line().await.unwrap().unwrap()).unwrap();
    let target = Browser::new(HttpClient::new())
        .peek(authorize["url"].as_str().unwrap())
        .await
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(format!("{target}\n").as_bytes()).await.unwrap();
    let done: Value = serde_json::from_str(&events.next_line().await.unwrap().unwrap()).unwrap();
    assert_eq!(done["event"], "done");
    // stdin is still open: the end must not wait for it.
    assert_eq!(child.wait().await.unwrap().code(), Some(0));
}

#[tokio::test]
async fn a_login_that_cannot_be_says_what_helps() {
    let sandbox = sandbox().await;
    let scratch = Scratch::with(&sandbox);
    assert_exchange!(scratch.run(&["login", "nobody"]).await, @r#"
    $ evergrant login nobody
    exit 2
    --- stderr
    error: there is no provider `nobody`
      help: choose one that is listed, or add a row to `providers.d`
      try: evergrant providers
    "#);
    assert_exchange!(scratch.run(&["login", "acme-key"]).await, @r#"
    $ evergrant login acme-key
    exit 2
    --- stderr
    error: acme-key takes an API key; there is no login for it
      help: add an API key for acme-key
      try: evergrant add acme-key
    "#);
    sandbox
        .control()
        .reconfigure(|config| config.automatic_device_approval = false);
    let late = scratch
        .run(&["login", "acme", "--flow", "device", "--timeout", "1", "--json"])
        .await
        .expect(3);
    assert_eq!(late.json_lines().last().unwrap()["error"]["code"], "login-timeout");
}

#[tokio::test]
async fn a_second_login_of_an_account_says_what_became_of_the_first() {
    let sandbox = sandbox().await;
    let scratch = Scratch::with(&sandbox);
    let login = ["login", "acme", "--flow", "device"];
    let first = scratch.run(&login).await.expect(0);
    assert!(!first.stderr.contains("earlier"), "{first}");
    let again = scratch
        .run(&[&login[..], &["--label", "default"]].concat())
        .await
        .expect(0);
    assert!(
        again
            .stderr
            .contains("takes the place of the earlier login of that name"),
        "{again}"
    );
    assert!(again.stderr.contains("not revoked"), "{again}");
    let renamed = scratch
        .run(&[&login[..], &["--label", "work"]].concat())
        .await
        .expect(0);
    let status = scratch.run(&["status", "--json"]).await.expect(0).json();
    let labels: Vec<_> = status["credentials"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["label"].clone())
        .collect();
    assert_eq!(labels, ["work"], "it is one grant, and one record");
    assert!(renamed.stderr.contains("same account as `default`"), "{renamed}");
    assert_eq!(sandbox.control().counters().families_revoked, 0);
}
