//! What somebody meets who has read nothing but the README: names misspelt, rows of one's own, a login tried again.

use std::fs;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader};

use crate::scratch::{Scratch, sandbox};

const ROW: &str =
    "id = \"acme\"\nbase_url = \"https://api.acme.example/v1\"\nauth = \"api-key\"\nkey_env = [\"ACME_KEY\"]\n";

#[tokio::test]
async fn a_row_of_ones_own_is_read_before_it_is_kept() {
    let scratch = Scratch::new();
    let file = scratch.home().with_file_name("mine.toml");
    fs::write(&file, ROW).unwrap();
    let file = file.display().to_string();
    scratch.run(&["providers", "add", &file]).await.expect(0);
    let listed = scratch.run(&["providers", "--json"]).await.json();
    let own = listed["providers"]
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["id"] == "acme")
        .unwrap();
    let kept = scratch.home().join("providers.d/acme.toml");
    assert_eq!(own["origin"], kept.display().to_string());
    #[cfg(unix)]
    for (path, mode) in [
        (scratch.home(), 0o700),
        (scratch.home().join("providers.d"), 0o700),
        (kept, 0o600),
    ] {
        use std::os::unix::fs::PermissionsExt;
        let found = fs::metadata(&path).unwrap().permissions().mode() & 0o777;
        assert_eq!(found, mode, "{}", path.display());
    }
    let doctor = scratch.run(&["doctor", "--json"]).await.expect(0);
    assert!(
        !doctor.stdout.contains("\"warn\"") || !doctor.stdout.contains("providers.d"),
        "{doctor}"
    );
    let other = ROW.replace("api.acme", "new.acme");
    let refused = scratch
        .run_with(&["providers", "add", "-", "--json"], other.as_bytes())
        .await
        .expect(2)
        .json();
    assert_eq!(
        refused["error"]["remedy"]["command"],
        "evergrant providers add --replace -"
    );
    let replaced = scratch
        .run_with(&["providers", "add", "--replace", "-", "--json"], other.as_bytes())
        .await;
    assert_eq!(replaced.expect(0).json()["replaced"], true);
    let wrong = format!("{ROW}colour = 3\n");
    let wrong = scratch
        .run_with(&["providers", "add", "--replace", "-"], wrong.as_bytes())
        .await
        .expect(2);
    assert!(wrong.stderr.contains("-:5: `colour`"), "{wrong}");
    scratch.run(&["providers"]).await.expect(0);
}

#[tokio::test]
async fn the_sandbox_makes_itself_a_provider() {
    let scratch = Scratch::new();
    // What a redirected start that failed has left behind.
    scratch.write("providers.d/sandbox.toml", "");
    let mut child = scratch.evergrant(&["sandbox", "--install", "--json"]).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let listening: Value = serde_json::from_str(&lines.next_line().await.unwrap().unwrap()).unwrap();
    let file = scratch.home().join("providers.d/sandbox.toml");
    assert_eq!(listening["file"], file.display().to_string());
    scratch.run(&["login", "sandbox", "--flow", "device"]).await.expect(0);
    let chat = scratch.run(&["chat", "--provider", "sandbox", "hello"]).await.expect(0);
    assert_eq!(chat.stderr, "", "{chat}");
    child.kill().await.unwrap();
}

#[tokio::test]
async fn a_provider_that_there_is_not_is_told_before_anything_is_asked_for() {
    let scratch = Scratch::new();
    for typed in [
        &["add", "opneai", "--stdin"][..],
        &["login", "opneai"],
        &["token", "opneai"],
        &["status", "opneai"],
        &["list", "opneai"],
        &["models", "opneai"],
        &["chat", "--provider", "opneai", "hello"],
    ] {
        let told = scratch.run(&[typed, &["--json"]].concat()).await.expect(2).json();
        assert_eq!(told["error"]["code"], "unknown-provider", "{typed:?}: {told}");
        let message = told["error"]["message"].as_str().unwrap();
        assert!(message.ends_with("did you mean `openai`?"), "{typed:?}: {message}");
    }
    let explain = scratch
        .run_with(&["explain", "--provider", "opneai", "--json"], b"{}")
        .await
        .expect(0);
    assert!(explain.stderr.contains("did you mean `openai`?"), "{explain}");
    let oauth = scratch
        .run(&["add", "xai-oauth", "--stdin", "--json"])
        .await
        .expect(2)
        .json();
    assert!(
        oauth["error"]["message"].as_str().unwrap().contains("takes no API key"),
        "{oauth}"
    );
}

#[tokio::test]
async fn a_label_that_there_is_not_is_told_with_the_one_that_was_meant() {
    let sandbox = sandbox().await;
    let scratch = Scratch::with(&sandbox);
    scratch
        .run(&["login", "acme", "--flow", "device", "--label", "work"])
        .await
        .expect(0);
    // Who names one to change it has misspelt it; who wants to send under it may have logged it out, and has none.
    let (misspelt, none) = ((2, "unknown-credential"), (3, "no-credential"));
    for (typed, (exit, code)) in [
        (&["token", "acme/wrok"][..], none),
        (&["refresh", "acme/wrok"], misspelt),
        (&["reset", "wrok"], misspelt),
        (&["disable", "wrok"], misspelt),
        (&["remove", "acme/wrok"], misspelt),
        (&["logout", "wrok"], misspelt),
        (&["chat", "--provider", "acme", "--credential", "wrok", "hello"], none),
    ] {
        let told = scratch.run(&[typed, &["--json"]].concat()).await.expect(exit);
        let error = told.json_lines().pop().unwrap()["error"].clone();
        assert_eq!(error["code"], code, "{told}");
        assert!(error["message"].as_str().unwrap().contains("did you mean `"), "{told}");
        assert_eq!(error["remedy"]["command"], "evergrant list", "{told}");
    }
    let provider = scratch.run(&["refresh", "acme"]).await.expect(2);
    assert!(
        provider
            .stderr
            .contains("which is a provider; did you mean `acme/work`?"),
        "{provider}"
    );
    assert_eq!(sandbox.control().counters().refreshes, 0);
}

#[tokio::test]
async fn the_end_of_a_grant_is_said_once() {
    let sandbox = sandbox().await;
    let scratch = Scratch::with(&sandbox);
    scratch.run(&["login", "acme", "--flow", "device"]).await.expect(0);
    sandbox.control().revoke_logins(None);
    let told = scratch.run(&["refresh", "acme/default", "--json"]).await.expect(3);
    assert_eq!(told.json()["error"]["code"], "grant-dead", "{told}");
    assert_eq!(told.stderr, "", "{told}");
    let told = scratch.run(&["refresh", "acme/default"]).await.expect(3);
    assert!(told.stderr.starts_with("error: "), "{told}");
}

#[tokio::test]
async fn a_login_that_came_too_late_is_tried_again_as_it_was_asked_for() {
    let sandbox = sandbox().await;
    let scratch = Scratch::with(&sandbox);
    sandbox
        .control()
        .reconfigure(|config| config.automatic_device_approval = false);
    let command = |told: Vec<Value>| told.last().unwrap()["error"]["remedy"]["command"].clone();
    let login = ["login", "acme", "--label", "work", "--timeout", "1", "--json"];
    let late = scratch
        .run(&[&login[..], &["--flow", "device"]].concat())
        .await
        .expect(3);
    let error = late.json_lines().pop().unwrap()["error"].clone();
    assert_eq!(error["remedy"]["kind"], "login", "{late}");
    assert_eq!(
        command(late.json_lines()),
        "evergrant login acme --label work --flow device"
    );
    let late = scratch.run(&[&login[..], &["--no-browser"]].concat()).await.expect(3);
    assert_eq!(command(late.json_lines()), "evergrant login acme --label work");
}

#[tokio::test]
async fn a_login_under_a_new_label_says_whose_old_one_it_was() {
    let sandbox = sandbox().await;
    let scratch = Scratch::with(&sandbox);
    let login = |label| ["login", "acme", "--flow", "device", "--label", label];
    scratch.run(&login("one")).await.expect(0);
    let told = scratch.run(&[&login("two")[..], &["--json"]].concat()).await.expect(0);
    assert_eq!(told.json_lines().pop().unwrap()["renamed_from"], "one", "{told}");
    let told = scratch.run(&[&login("two")[..], &["--json"]].concat()).await.expect(0);
    assert_eq!(told.json_lines().pop().unwrap().get("renamed_from"), None, "{told}");
    sandbox.control().revoke_logins(None);
    scratch.run(&["refresh", "acme/two"]).await.expect(3);
    let told = scratch.run(&login("three")).await.expect(0);
    assert!(
        told.stderr.contains("it is what was `two`, under its new name"),
        "{told}"
    );
}

#[tokio::test]
async fn the_row_says_what_a_refused_request_was_authenticated_with() {
    let scratch = Scratch::new();
    let body = br#"{"error":{"message":"nobody may"}}"#;
    let told = |run: crate::exchange::Exchange| run.expect(0).json()["remedy"]["kind"].clone();
    let key = scratch
        .run_with(&["explain", "--provider", "openai", "--status", "403", "--json"], body)
        .await;
    assert_eq!(told(key), "check-key");
    let line = format!(
        "{{\"provider\":\"openai\",\"status\":403,\"body\":{}}}\n",
        String::from_utf8_lossy(body)
    );
    let lines = scratch.run_with(&["explain", "--jsonl"], line.as_bytes()).await;
    assert_eq!(told(lines), "check-key");
    let grant = scratch
        .run_with(
            &["explain", "--provider", "xai-oauth", "--status", "403", "--json"],
            body,
        )
        .await;
    assert_ne!(told(grant), "check-key");
    let typed = [
        "explain",
        "--provider",
        "openai",
        "--credential",
        "oauth",
        "--status",
        "403",
        "--json",
    ];
    assert_ne!(
        told(scratch.run_with(&typed, body).await),
        "check-key",
        "what is typed wins"
    );
}

#[tokio::test]
async fn what_helps_is_what_this_very_answer_is_about() {
    let scratch = Scratch::new();
    for (provider, status, body, helps) in [
        (
            "openai",
            "403",
            r#"{"error":{"message":"Your organization must be verified to use the model `gpt-5`."}}"#,
            "verify the organization",
        ),
        (
            "openrouter",
            "404",
            r#"{"error":{"message":"No endpoints found matching your data policy (Free model publication)","code":404}}"#,
            "openrouter.ai/settings/privacy",
        ),
        (
            "gemini",
            "400",
            r#"{"error":{"code":400,"message":"User location is not supported for the API use.","status":"FAILED_PRECONDITION"}}"#,
            "does not serve the country",
        ),
    ] {
        let typed = ["explain", "--provider", provider, "--status", status];
        let told = scratch.run_with(&typed, body.as_bytes()).await.expect(0);
        assert!(told.stdout.contains(helps), "{told}");
        let json = scratch
            .run_with(&[&typed[..], &["--json"]].concat(), body.as_bytes())
            .await
            .expect(0)
            .json();
        assert_eq!(json["remedy"]["kind"], "see-to", "{json}");
    }
    let page = b"<html><head><title>502 Bad Gateway</title></head><body><center><h1>502 Bad Gateway</h1></center><hr>nginx</body></html>";
    let told = scratch.run_with(&["explain", "--status", "502"], page).await.expect(0);
    assert!(!told.stdout.contains("[[signal]]"), "{told}");
}

#[tokio::test]
async fn of_several_providers_one_is_asked_that_needs_no_more_words() {
    let sandbox = sandbox().await;
    let scratch = Scratch::with(&sandbox);
    let nameless = sandbox
        .api_key_row("aaa")
        .lines()
        .filter(|line| !line.starts_with("models"))
        .fold(String::new(), |row, line| {
            if line.starts_with("auth") {
                format!("{row}models = [\"a-*\"]\n{line}\n")
            } else {
                format!("{row}{line}\n")
            }
        });
    scratch.write("providers.d/aaa.toml", &nameless);
    scratch
        .run_with(&["add", "aaa", "--stdin"], b"sk-sandbox-0000000000000000")
        .await
        .expect(0);
    let told = scratch.run(&["chat", "hello"]).await.expect(2);
    assert!(told.stderr.contains("no model was named"), "{told}");
    scratch.run(&["login", "acme", "--flow", "device"]).await.expect(0);
    let told = scratch.run(&["chat", "hello"]).await.expect(0);
    assert_eq!(told.stdout, "You said: hello\n", "{told}");
}

#[tokio::test]
async fn a_backups_remedies_name_the_file_that_was_typed() {
    let sandbox = sandbox().await;
    let mut scratch = Scratch::with(&sandbox);
    scratch.run(&["login", "acme", "--flow", "device"]).await.expect(0);
    scratch.set("RIGHT", "one passphrase");
    scratch.set("WRONG", "another passphrase");
    let export = ["export", "--output", "my backup.txt"];
    scratch
        .run(&[&export[..], &["--passphrase-env", "RIGHT"]].concat())
        .await
        .expect(0);
    let restore = ["restore", "my backup.txt", "--passphrase-env", "WRONG", "--json"];
    let told = scratch.run(&restore).await.expect(6).json();
    assert_eq!(
        told["error"]["remedy"]["command"], "evergrant restore 'my backup.txt'",
        "{told}"
    );
    let twice = [&export[..], &["--passphrase-env", "RIGHT", "--json"]].concat();
    let told = scratch.run(&twice).await.expect(2).json();
    assert_eq!(
        told["error"]["remedy"]["command"], "evergrant export --output 'my backup.txt' --force",
        "{told}"
    );
}
