//! What a provider refused is remembered, and told in the same words wherever it is asked for.

use std::time::Duration;

use evergrant_sandbox::Order;
use evergrant_sandbox::client::HttpClient;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader};

use crate::exchange::Exchange;
use crate::gateway::desk::{Desk, Serving, question};
use crate::scratch::{Scratch, sandbox};

/// The status, the Retry-After and the error of an answer of the gateway's own.
async fn refused(gateway: &Serving, path: &str) -> (u16, String, Value) {
    let url = gateway.url(path);
    let reply = HttpClient::new().post_json(&url, &question()).await.unwrap();
    let body: Value = serde_json::from_str(&reply.text()).unwrap();
    (
        reply.status.as_u16(),
        reply.header("retry-after").to_owned(),
        body["error"].clone(),
    )
}

#[tokio::test]
async fn a_refusal_is_kept_over_a_restart_and_told_in_the_same_words() {
    let mut desk = Desk::open().await;
    let limit = Order::new("usage-limit").with("resets_in_secs", 7_000);
    desk.control().arm(limit).unwrap();
    assert_eq!(desk.chat().await.status, 429, "the provider's own word");
    let (status, after, error) = refused(&desk.gateway, "/p/acme/chat/completions").await;
    assert_eq!(
        (status, error["code"].as_str()),
        (429, Some("usage-limited")),
        "{error}"
    );
    assert!((6_900..=7_000).contains(&after.parse().unwrap()), "{after}");
    // It is written apart from the request; from then on the gateway may go, and what it has learnt stays.
    while desk.scratch.run(&["status", "acme"]).await.exit == Some(0) {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    desk.gateway.child.kill().await.unwrap();
    let status = desk.scratch.run(&["status", "acme", "--json"]).await.expect(3).json();
    let credential = &status["credentials"][0];
    let kept = &credential["last_error"];
    assert_eq!(
        (credential["health"].as_str(), kept["verdict"].as_str()),
        (Some("cooling"), Some("usage-limited"))
    );
    assert!(kept["signal"].is_string() && kept["at"].is_string(), "{status}");
    assert!(
        kept["file"].as_str().unwrap().contains("toml") && kept["line"].as_u64().unwrap() > 0,
        "{status}"
    );
    assert_eq!(kept["generation"], 1);
    let fragment = kept["fragment"].as_str().unwrap();
    assert!(!fragment.is_empty() && fragment.chars().count() <= 200, "{status}");
    // One sentence, whoever is asked.
    let listed = &error["credentials"][0];
    assert_eq!(
        (&credential["why"], &kept["message"]),
        (&listed["message"], &listed["message"])
    );
    assert_eq!(credential["remedy"]["sentence"], listed["remedy"]["sentence"]);
    assert_eq!(credential["until"], listed["until"]);
    let token = desk.scratch.run(&["token", "acme", "--json"]).await.expect(5).json();
    assert_eq!(token["error"]["code"], "usage-limited");
    assert_eq!(token["error"]["credentials"][0]["message"], listed["message"]);
    assert_eq!(
        token["error"]["credentials"][0]["remedy"]["sentence"],
        listed["remedy"]["sentence"]
    );
    let words = listed["remedy"]["sentence"].as_str().unwrap();
    assert!(
        words.starts_with("wait until ") && words.contains(" UTC on "),
        "{words}"
    );
    let told = desk.scratch.run(&["status", "acme"]).await.expect(3).stdout;
    assert!(
        told.contains(listed["message"].as_str().unwrap()) && told.contains(words),
        "{told}"
    );
    let doctor = desk.scratch.run(&["doctor"]).await.stdout;
    assert!(
        doctor.contains(listed["message"].as_str().unwrap()) && doctor.contains(words),
        "{doctor}"
    );
    // A new gateway knows it, too, and asks the provider once whether it still holds.
    let gateway = Serving::start(&desk.scratch, &["--listen", "127.0.0.1:0"]).await;
    refused(&gateway, "/p/acme/chat/completions").await;
    let (status, _, error) = refused(&gateway, "/p/acme/chat/completions").await;
    assert_eq!((status, error["code"].as_str()), (429, Some("usage-limited")));
}

#[tokio::test]
async fn a_pool_with_nothing_usable_lists_each_credential() {
    let sandbox = sandbox().await;
    let scratch = Scratch::with(&sandbox);
    let device = ["login", "acme", "--flow", "device", "--label"];
    scratch.run(&[&device[..], &["limited"]].concat()).await.expect(0);
    sandbox
        .control()
        .reconfigure(|config| config.subject = "user-2".to_owned());
    scratch.run(&[&device[..], &["off"]].concat()).await.expect(0);
    scratch.run(&["disable", "acme/off"]).await.expect(0);
    // As long as another one serves, nothing presses.
    let status = scratch.run(&["status", "--json"]).await.expect(0).json();
    let off = &status["credentials"][1];
    assert_eq!(off["remedy"]["command"], "evergrant enable acme/off", "{status}");
    assert_eq!(
        off["remedy"]["sentence"], "switch it on again; `limited` serves meanwhile",
        "{status}"
    );
    sandbox.control().arm(Order::new("usage-limit")).unwrap();
    let gateway = Serving::start(&scratch, &["--listen", "127.0.0.1:0"]).await;
    refused(&gateway, "/p/acme/chat/completions").await;
    let (status, after, error) = refused(&gateway, "/p/acme/chat/completions").await;
    assert_eq!(
        (status, error["code"].as_str()),
        (429, Some("usage-limited")),
        "{error}"
    );
    assert!(!after.is_empty());
    let [limited, off] = error["credentials"].as_array().unwrap().as_slice() else {
        panic!("{error}")
    };
    assert_eq!(
        (limited["label"].as_str(), limited["code"].as_str()),
        (Some("limited"), Some("usage-limited"))
    );
    assert!(
        limited["until"].is_string() && limited["remedy"]["kind"] == "wait",
        "{error}"
    );
    assert_eq!(
        (off["label"].as_str(), off["code"].as_str()),
        (Some("off"), Some("no-credential"))
    );
    assert!(
        off["until"].is_null() && off["remedy"]["command"] == "evergrant enable acme/off",
        "{error}"
    );
    let message = error["message"].as_str().unwrap();
    assert!(
        message.contains("`acme/off`") && message.contains("evergrant enable acme/off"),
        "{message}"
    );
    // In the other surface's form the same.
    let url = gateway.url("/p/acme/messages");
    let reply = HttpClient::new().post_json(&url, &question()).await.unwrap();
    let anthropic: Value = serde_json::from_str(&reply.text()).unwrap();
    assert_eq!(
        (reply.status.as_u16(), anthropic["type"].as_str()),
        (429, Some("error"))
    );
    assert_eq!(anthropic["error"]["type"], "rate_limit_error");
    assert_eq!(anthropic["error"]["credentials"], error["credentials"]);
    // On the command line every one has its line.
    let token = known_elsewhere(&scratch, &["token", "acme"], 5).await.stderr;
    assert!(
        token.contains("acme/limited: ") && token.contains("acme/off: "),
        "{token}"
    );
    assert!(token.contains("evergrant enable acme/off"), "{token}");
}

/// The run of a command that ends so; until then the gateway has answered, and not written down yet what it has learnt.
async fn known_elsewhere(scratch: &Scratch, arguments: &[&str], exit: i32) -> Exchange {
    let mut told = scratch.run(arguments).await;
    for _ in 0..100 {
        if told.exit == Some(exit) {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        told = scratch.run(arguments).await;
    }
    told.expect(exit)
}

#[tokio::test]
async fn only_a_login_helps_is_401_without_a_time() {
    let sandbox = sandbox().await;
    let scratch = Scratch::with(&sandbox);
    scratch.run(&["login", "acme", "--flow", "device"]).await.expect(0);
    sandbox.control().revoke_logins(None);
    scratch.run(&["refresh", "acme/default"]).await.expect(3);
    let gateway = Serving::start(&scratch, &["--listen", "127.0.0.1:0"]).await;
    // Its last access token is refused, and then nothing is left.
    refused(&gateway, "/p/acme/chat/completions").await;
    let (status, after, error) = refused(&gateway, "/p/acme/chat/completions").await;
    assert_eq!(
        (status, after.as_str(), error["code"].as_str()),
        (401, "", Some("grant-dead")),
        "{error}"
    );
    assert_eq!(
        error["credentials"][0]["remedy"]["command"],
        "evergrant login acme --label default"
    );
    let status = known_elsewhere(&scratch, &["status", "acme", "--json"], 3).await.json();
    assert_eq!(status["credentials"][0]["why"], error["credentials"][0]["message"]);
}

#[cfg(unix)]
#[tokio::test]
async fn a_watch_prints_a_document_for_each_change_and_none_between() {
    use crate::scratch::signal;
    let sandbox = sandbox().await;
    let scratch = Scratch::with(&sandbox);
    scratch.run(&["login", "acme", "--flow", "device"]).await.expect(0);
    let seen = sandbox.control().counters().requests;
    let mut child = scratch.evergrant(&["status", "--watch", "--json"]).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut next = async || {
        let line = tokio::time::timeout(Duration::from_secs(60), lines.next_line()).await;
        serde_json::from_str::<Value>(&line.unwrap().unwrap().unwrap()).unwrap()
    };
    assert_eq!(next().await["credentials"][0]["health"], "ready");
    // Time passes, and nothing changes.
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    scratch.run(&["disable", "acme/default"]).await.expect(0);
    assert_eq!(next().await["credentials"][0]["health"], "disabled");
    scratch.run(&["enable", "acme/default"]).await.expect(0);
    assert_eq!(next().await["credentials"][0]["health"], "ready");
    signal(&child, "INT");
    assert_eq!(child.wait().await.unwrap().code(), Some(130));
    assert_eq!(
        sandbox.control().counters().requests,
        seen,
        "watching asked the provider"
    );
}

#[tokio::test]
async fn a_token_that_lives_shorter_than_asked_is_printed_with_a_warning() {
    let sandbox = sandbox().await;
    let scratch = Scratch::with(&sandbox);
    sandbox
        .control()
        .reconfigure(|config| config.access_token_lifetime_secs = 600);
    scratch.run(&["login", "acme", "--flow", "device"]).await.expect(0);
    let long = scratch.run(&["token", "acme", "--min-valid", "86400"]).await.expect(0);
    assert_eq!(long.stdout.lines().count(), 1);
    assert!(long.stderr.contains("warning: the token serves for"), "{long}");
    let short = scratch.run(&["token", "acme", "--min-valid", "60"]).await.expect(0);
    assert_eq!(short.stderr, "", "{short}");
}

#[tokio::test]
async fn what_is_gone_is_shown_as_gone() {
    let sandbox = sandbox().await;
    let scratch = Scratch::with(&sandbox);
    for command in ["logout", "remove"] {
        scratch.run(&["login", "acme", "--flow", "device"]).await.expect(0);
        let gone = scratch.run(&[command, "acme/default", "--json"]).await.expect(0).json();
        let shown = (gone["health"].as_str(), gone["usable"].as_bool());
        assert_eq!(shown, (Some("logged-out"), Some(false)), "{command}: {gone}");
        assert!(
            gone["next_refresh_at"].is_null() && gone["remedy"].is_null(),
            "{command}: {gone}"
        );
    }
}

#[tokio::test]
async fn a_borrowed_token_that_serves_needs_no_renewal() {
    let sandbox = sandbox().await;
    let scratch = Scratch::with(&sandbox);
    let folder = scratch.home().parent().unwrap().join(".hermes");
    std::fs::create_dir_all(&folder).unwrap();
    let login = json!({"providers": {"acme": {"tokens": {"access_token": "access", "refresh_token": "refresh"}}}});
    std::fs::write(folder.join("auth.json"), login.to_string()).unwrap();
    scratch.run(&["import", "hermes"]).await.expect(0);
    let listed = scratch.run(&["list", "acme", "--json"]).await.expect(0).json();
    let label = listed["credentials"][0]["label"].as_str().unwrap().to_owned();
    let named = format!("acme/{label}");
    let read = scratch.run(&["refresh", &named]).await.expect(0);
    assert!(read.stderr.contains("as hermes has it"), "{read}");
    assert_eq!(sandbox.control().counters().refreshes, 0);
    // Refused, it is its owner's to renew, and that is where the remedy leads.
    scratch.run(&["doctor", "--probe"]).await;
    let status = scratch.run(&["status", "acme", "--json"]).await.expect(3).json();
    let credential = &status["credentials"][0];
    assert_eq!(
        credential["remedy"]["command"], "evergrant import hermes --take",
        "{status}"
    );
    assert_eq!(credential["last_error"]["verdict"], "unauthenticated", "{status}");
    scratch.run(&["refresh", &named]).await.expect(3);
}
