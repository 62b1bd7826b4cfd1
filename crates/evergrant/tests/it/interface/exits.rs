//! Exit codes and stable error codes: each seen from a real failure, with the binary as it is shipped.

#![allow(clippy::print_stdout, reason = "the line that shows the codes shows what was seen")]

use std::fs;
use std::process::Stdio;
use std::time::Duration;

use evergrant_sandbox::client::HttpClient;
use evergrant_sandbox::{Order, Running};
use serde_json::json;
use tokio::io::{AsyncBufReadExt, BufReader};

use crate::exchange::Exchange;
use crate::gateway::desk::{Desk, question};
use crate::scratch::{Scratch, sandbox};

/// Every code that a command can end with, and the exit code that belongs to it.
const CODES: [(&str, i32); 38] = [
    ("no-credential", 3),
    ("grant-dead", 3),
    ("needs-login", 3),
    ("unauthenticated", 3),
    ("state-mismatch", 3),
    ("login-timeout", 3),
    ("login-denied", 3),
    ("token-exchange-failed", 3),
    ("device-code-expired", 3),
    ("not-entitled", 4),
    ("insufficient-scope", 4),
    ("account-disabled", 4),
    ("out-of-credit", 4),
    ("usage-limited", 5),
    ("rate-limited", 5),
    ("edge-blocked", 5),
    ("unreachable", 5),
    ("outcome-unknown", 5),
    ("transient", 5),
    ("token-refused", 5),
    ("request-rejected", 5),
    ("lock-held", 5),
    ("store-corrupt", 6),
    ("store-undecryptable", 6),
    ("store-permission", 6),
    ("backup-damaged", 6),
    ("backup-undecryptable", 6),
    ("backup-newer", 6),
    ("backup-unwritable", 6),
    ("backup-invalid", 2),
    ("client-rejected", 2),
    ("row-changed", 2),
    ("row-invalid", 2),
    ("redirect-invalid", 2),
    ("discovery-invalid", 2),
    ("unknown-provider", 2),
    ("usage", 2),
    ("internal", 1),
];

/// The codes that clients of the gateway see, each with its status.
const STATUSES: [(&str, u16); 6] = [
    ("no-credential", 401),
    ("usage-limited", 429),
    ("rate-limited", 429),
    ("not-entitled", 403),
    ("unknown-model", 404),
    ("unknown-path", 404),
];

/// The command ended so, and said so.
#[track_caller]
fn seen(code: &str, exchange: &Exchange) {
    let (_, exit) = CODES.iter().find(|(known, _)| *known == code).expect(code);
    let said: Vec<_> = exchange.json_lines();
    let error = &said.last().unwrap_or_else(|| panic!("{code}: {exchange}"))["error"];
    assert_eq!(
        (error["code"].as_str(), exchange.exit),
        (Some(code), Some(*exit)),
        "{exchange}"
    );
    assert!(!error["message"].as_str().unwrap_or_default().is_empty(), "{exchange}");
    println!("exit {exit}  {code:24} {exchange}", exchange = exchange.typed());
}

/// A home with one grant.
async fn logged_in() -> (Running, Scratch) {
    let sandbox = sandbox().await;
    let scratch = Scratch::with(&sandbox);
    scratch.run(&["login", "acme", "--flow", "device"]).await.expect(0);
    (sandbox, scratch)
}

/// A home whose grant has earned what the sandbox answers every request with.
async fn refused_with(order: Order) -> (Running, Scratch) {
    let (sandbox, scratch) = logged_in().await;
    sandbox.control().arm(order).unwrap();
    scratch.run(&["doctor", "--probe"]).await;
    (sandbox, scratch)
}

fn answered(status: u16, body: serde_json::Value) -> Order {
    Order::new("respond")
        .with("path", "/v1")
        .with("status", status)
        .with("body", body)
}

#[tokio::test]
async fn exit_3_where_only_a_login_or_a_key_helps() {
    let (sandbox, scratch) = logged_in().await;
    seen("no-credential", &scratch.run(&["token", "acme-key", "--json"]).await);
    sandbox.control().revoke_logins(None);
    seen("grant-dead", &scratch.run(&["refresh", "acme/default", "--json"]).await);
    scratch.run(&["add", "acme-key", "--env", "NOT_SET"]).await.expect(0);
    seen("needs-login", &scratch.run(&["token", "acme-key", "--json"]).await);
    scratch.run(&["remove", "acme-key/default"]).await.expect(0);
    scratch
        .run_with(&["add", "acme-key"], b"sk-not-one-of-the-sandbox")
        .await
        .expect(0);
    scratch.run(&["doctor", "--probe"]).await;
    seen("unauthenticated", &scratch.run(&["token", "acme-key", "--json"]).await);
    scratch.run(&["status", "acme-key"]).await.expect(3);
}

#[tokio::test]
async fn exit_3_where_a_login_failed() {
    let sandbox = sandbox().await;
    let scratch = Scratch::with(&sandbox);
    let device = ["login", "acme", "--flow", "device", "--json"];
    for (scenario, code) in [("token-invalid-grant", "token-exchange-failed")] {
        sandbox.control().arm(scenario).unwrap();
        seen(code, &scratch.run(&device).await);
        sandbox.control().disarm_all();
    }
    sandbox.control().reconfigure(|config| {
        config.automatic_device_approval = false;
        config.device_interval_secs = 1;
    });
    let late = [&device[..], &["--timeout", "1"]].concat();
    seen("login-timeout", &scratch.run(&late).await);
    // The one that came too late waits no longer.
    sandbox.control().forget_grants();
    let denied = scratch.evergrant(&device).spawn().unwrap();
    while !(sandbox.control().waiting_devices().iter()).any(|code| sandbox.control().deny_device(code).is_ok()) {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let output = denied.wait_with_output().await.unwrap();
    seen("login-denied", &Exchange::new(&device, output, &scratch.home()));
    sandbox.control().reconfigure(|config| config.device_lifetime_secs = 1);
    seen("device-code-expired", &scratch.run(&device).await);
    let other = b"http://127.0.0.1:1/callback?code=x&state=of-another-login\n";
    let paste = ["login", "acme", "--flow", "paste", "--json"];
    seen("state-mismatch", &scratch.run_with(&paste, other).await);
}

#[tokio::test]
async fn exit_4_where_the_account_may_not() {
    for (order, code) in [
        (Order::new("entitlement"), "not-entitled"),
        (Order::new("spending-limit"), "out-of-credit"),
        (
            answered(
                403,
                json!({"error": {"code": "insufficient_scope", "message": "missing scopes: api.model.read"}}),
            ),
            "insufficient-scope",
        ),
        (
            answered(
                403,
                json!({"error": {"code": "account_deactivated", "message": "Your account has been deactivated"}}),
            ),
            "account-disabled",
        ),
    ] {
        let (_sandbox, scratch) = refused_with(order).await;
        seen(code, &scratch.run(&["token", "acme", "--json"]).await);
    }
}

#[tokio::test]
async fn exit_5_where_time_mends_it() {
    for (order, code) in [
        (Order::new("usage-limit"), "usage-limited"),
        (Order::new("rate-limit").with("retry_after_secs", 50), "rate-limited"),
        (Order::new("stale-401"), "token-refused"),
    ] {
        let (_sandbox, scratch) = refused_with(order).await;
        seen(code, &scratch.run(&["token", "acme", "--json"]).await);
    }
}

#[tokio::test]
async fn exit_5_and_2_where_a_renewal_is_refused() {
    let refresh = ["refresh", "acme/default", "--json"];
    for (scenario, code) in [
        ("token-temporarily-unavailable", "transient"),
        ("token-403-html", "edge-blocked"),
        ("token-other-400", "request-rejected"),
        ("token-invalid-client", "client-rejected"),
        ("answer-lost", "outcome-unknown"),
    ] {
        let (sandbox, scratch) = logged_in().await;
        sandbox.control().arm(scenario).unwrap();
        seen(code, &scratch.run(&refresh).await);
        // What was read of it is kept, and told in the same words.
        let status = scratch.run(&["status", "acme", "--json"]).await.expect(0).json();
        assert!(status["credentials"][0]["why"].is_string(), "{code}: {status}");
    }
    let (sandbox, scratch) = logged_in().await;
    drop(sandbox);
    seen("unreachable", &scratch.run(&refresh).await);
}

#[cfg(unix)]
#[tokio::test]
async fn exit_5_where_a_lock_is_held() {
    let (_sandbox, scratch) = logged_in().await;
    let folder = scratch.home().parent().unwrap().join(".hermes");
    fs::create_dir_all(&folder).unwrap();
    let login = json!({"providers": {"acme": {"tokens": {"access_token": "access", "refresh_token": "refresh"}}}});
    fs::write(folder.join("auth.json"), login.to_string()).unwrap();
    let lock = fs::File::create(folder.join("auth.lock")).unwrap();
    lock.lock().unwrap();
    let taken = scratch.run(&["import", "hermes", "--take", "--json"]).await;
    seen("lock-held", &taken);
}

#[cfg(unix)]
#[tokio::test]
async fn exit_6_where_the_store_cannot_be_used() {
    use std::os::unix::fs::PermissionsExt;
    let (_sandbox, scratch) = logged_in().await;
    let status = ["status", "--json"];
    fs::set_permissions(scratch.home(), fs::Permissions::from_mode(0o755)).unwrap();
    seen("store-permission", &scratch.run(&status).await);
    fs::set_permissions(scratch.home(), fs::Permissions::from_mode(0o700)).unwrap();
    fs::rename(scratch.home().join("key"), scratch.home().join("aside")).unwrap();
    seen("store-undecryptable", &scratch.run(&status).await);
    fs::rename(scratch.home().join("aside"), scratch.home().join("key")).unwrap();
    for file in ["evergrant.db-wal", "evergrant.db-shm"] {
        // They are there or not, as SQLite left them.
        let _ = fs::remove_file(scratch.home().join(file));
    }
    fs::write(scratch.home().join("evergrant.db"), vec![0x5a; 8192]).unwrap();
    seen("store-corrupt", &scratch.run(&status).await);
}

#[tokio::test]
async fn exit_2_and_6_where_a_backup_cannot_be_used() {
    let mut scratch = Scratch::new();
    scratch.set("RIGHT", "correct horse");
    scratch.set("WRONG", "another horse");
    scratch
        .run_with(&["add", "openai"], b"sk-of-nobody-0000000000000000")
        .await
        .expect(0);
    let sealed = scratch.run(&["export", "--passphrase-env", "RIGHT"]).await.expect(0);
    let text = sealed.stdout;
    for (text, passphrase, code) in [
        ("{}".to_owned(), "RIGHT", "backup-invalid"),
        (text[..text.len() / 2].to_owned(), "RIGHT", "backup-damaged"),
        (text.replacen("backup 1", "backup 9", 1), "RIGHT", "backup-newer"),
        (text.clone(), "WRONG", "backup-undecryptable"),
    ] {
        let restore = ["restore", "--passphrase-env", passphrase, "--json"];
        seen(code, &scratch.run_with(&restore, text.as_bytes()).await);
    }
    // A file system that takes no files of anybody's.
    #[cfg(target_os = "linux")]
    {
        let nowhere = [
            "export",
            "--passphrase-env",
            "RIGHT",
            "--output",
            "/sys/backup.txt",
            "--json",
        ];
        seen("backup-unwritable", &scratch.run(&nowhere).await);
    }
}

#[tokio::test]
async fn exit_2_where_what_was_typed_or_written_is_wrong() {
    let (sandbox, scratch) = logged_in().await;
    seen("usage", &scratch.run(&["login", "--json"]).await);
    seen("unknown-provider", &scratch.run(&["list", "nosuch", "--json"]).await);
    seen("unknown-provider", &scratch.run(&["status", "nosuch", "--json"]).await);
    sandbox.control().arm("discovery-wrong-issuer").unwrap();
    let device = ["login", "acme", "--flow", "device", "--json"];
    // A home that has not learnt the endpoints yet.
    seen("discovery-invalid", &Scratch::with(&sandbox).run(&device).await);
    sandbox.control().disarm_all();
    let row = sandbox.provider_row("acme");
    let other = row.replace("client_id = \"", "client_id = \"other-");
    assert_ne!(row, other);
    scratch.write("providers.d/acme.toml", &other);
    seen(
        "row-changed",
        &scratch.run(&["refresh", "acme/default", "--json"]).await,
    );
    scratch.write("providers.d/acme.toml", &row.replace("base_url", "base"));
    seen("row-invalid", &scratch.run(&["token", "acme", "--json"]).await);
    let elsewhere: String = row
        .lines()
        .map(|line| match line.starts_with("redirect") {
            true => "redirect = \"http://example.com/callback\"\n".to_owned(),
            false => format!("{line}\n"),
        })
        .collect();
    assert_ne!(row, elsewhere);
    scratch.write("providers.d/acme.toml", &elsewhere);
    seen("redirect-invalid", &scratch.run(&["token", "acme", "--json"]).await);
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn exit_1_where_nothing_can_be_said() {
    let scratch = Scratch::new();
    let full = fs::File::options().write(true).open("/dev/full").unwrap();
    let exchange = scratch.run_into(&["providers"], full).await.expect(1);
    assert!(exchange.stderr.contains("cannot write to stdout"), "{exchange}");
    println!("exit 1  {:24} {}", "internal", exchange.typed());
}

#[cfg(unix)]
#[tokio::test]
async fn exit_130_where_the_user_interrupts() {
    use crate::scratch::signal;
    let (_sandbox, scratch) = logged_in().await;
    let watch = ["status", "--watch", "--json"];
    let mut child = scratch.evergrant(&watch).stderr(Stdio::null()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    lines.next_line().await.unwrap().unwrap();
    signal(&child, "INT");
    assert_eq!(child.wait().await.unwrap().code(), Some(130));
    println!("exit 130 {:23} evergrant {}", "interrupted", watch.join(" "));
}

#[tokio::test]
async fn statuses_of_the_gateway_tell_the_same() {
    let desk = Desk::open().await;
    let told = async |code: &str, url: String, body: serde_json::Value| {
        let (_, status) = STATUSES.iter().find(|(known, _)| *known == code).expect(code);
        let reply = HttpClient::new().post_json(&url, &body).await.unwrap();
        let said: serde_json::Value = serde_json::from_str(&reply.text()).unwrap();
        assert_eq!(
            (said["error"]["code"].as_str(), reply.status.as_u16()),
            (Some(code), *status),
            "{said}"
        );
        println!("HTTP {status} {code}");
        reply
    };
    told("unknown-path", desk.url("/nothing"), question()).await;
    let strange = json!({"model": "nobody-serves-this", "messages": []});
    told("unknown-model", desk.url("/v1/chat/completions"), strange).await;
    told("no-credential", desk.url("/p/acme-key/chat/completions"), question()).await;
    for (order, code) in [
        (Order::new("usage-limit"), "usage-limited"),
        (Order::new("rate-limit").with("retry_after_secs", 50), "rate-limited"),
        (Order::new("entitlement"), "not-entitled"),
    ] {
        desk.control().arm(order).unwrap();
        desk.scratch.run(&["reset", "acme/default"]).await.expect(0);
        // The first is the provider's own word; from then on nothing is sent.
        while desk.chat().await.header("x-evergrant-attempts") != "1" {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let reply = told(code, desk.url("/p/acme/chat/completions"), question()).await;
        assert_eq!(reply.header("retry-after").is_empty(), code == "not-entitled", "{code}");
        desk.control().disarm_all();
    }
}

#[test]
fn every_exit_code_is_seen() {
    let own = include_str!("exits.rs");
    for (code, _) in CODES.iter().filter(|(code, _)| *code != "internal") {
        assert!(own.matches(&format!("\"{code}\"")).count() >= 2, "{code} is never seen");
    }
    let mut exits: Vec<i32> = CODES.iter().map(|(_, exit)| *exit).collect();
    exits.sort_unstable();
    exits.dedup();
    assert_eq!(exits, [1, 2, 3, 4, 5, 6]);
    println!(
        "codes that a command ends with: {}, of exit codes 1 to 6; 130 besides",
        CODES.len()
    );
    for (code, why) in NOT_TODAY {
        println!("not today: {code}: {why}");
    }
}

/// Stable codes of the contract that no command can end with today.
const NOT_TODAY: [(&str, &str); 12] = [
    (
        "overloaded",
        "only a conversation ends with it; through the gateway the provider's own answer is handed on",
    ),
    (
        "store-missing",
        "a home without a store is an empty one, and whoever writes makes it",
    ),
    (
        "store-locked",
        "needs a process that holds SQLite's lock for ten seconds; the store's own tests hold one",
    ),
    (
        "store-newer",
        "needs a store of a later version; the store's own tests write one",
    ),
    (
        "pkce-verifier-missing",
        "a login that has lost its verifier ends before it sends; the engine's tests lose one",
    ),
    ("unknown-model", "seen as an answer of the gateway"),
    ("unknown-path", "seen as an answer of the gateway"),
    ("body-too-large", "seen as an answer of the gateway, in its own tests"),
    (
        "token-exchange-invalid",
        "a device login asks again instead; the driver's tests of the exchange see it",
    ),
    (
        "client-key-invalid",
        "seen as an answer of the gateway, in its own tests",
    ),
    (
        "client-key-forbidden",
        "seen as an answer of the gateway, in its own tests",
    ),
    (
        "client-key-limited",
        "seen as an answer of the gateway, in its own tests",
    ),
];
