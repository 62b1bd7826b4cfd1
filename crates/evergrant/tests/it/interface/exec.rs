//! `exec`: what the command is given, what it is not, where its requests go, and how it ends.

use std::process::Stdio;

use evergrant_sandbox::client::HttpClient;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout};

use crate::gateway::desk::{Desk, question};
use crate::scratch::{Scratch, sandbox, signal};

/// A command that prints these words, one a line, and ends when it is told a line.
struct Running {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Running {
    fn start(scratch: &Scratch, options: &[&str], words: &str) -> Self {
        let script = format!("for word in {words}; do echo \"$word\"; done; read end");
        let arguments = [&["exec"], options, &["--", "sh", "-c", &script]].concat();
        let mut child = scratch.evergrant(&arguments).stdin(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, lines }
    }

    async fn line(&mut self) -> String {
        self.lines.next_line().await.unwrap().expect("a word")
    }

    async fn end(mut self) -> Option<i32> {
        self.child.stdin.take().unwrap().write_all(b"end\n").await.unwrap();
        self.child.wait().await.unwrap().code()
    }
}

async fn logged_in(sandbox: &evergrant_sandbox::Running) -> Scratch {
    let scratch = Scratch::with(sandbox);
    scratch.run(&["login", "acme", "--flow", "device"]).await.expect(0);
    scratch
}

async fn ask(base: &str, path: &str, key: &str) -> u16 {
    let client = HttpClient::new().bearer(key);
    client
        .post_json(&format!("{base}{path}"), &question())
        .await
        .unwrap()
        .status
        .as_u16()
}

#[tokio::test]
async fn a_gateway_is_started_for_the_run_and_ends_with_it() {
    let sandbox = sandbox().await;
    let scratch = logged_in(&sandbox).await;
    let words =
        "\"$OPENAI_BASE_URL\" \"$OPENAI_API_KEY\" \"$ANTHROPIC_BASE_URL\" \"$ANTHROPIC_API_KEY\" \"$XAI_API_KEY\"";
    let mut running = Running::start(&scratch, &["acme"], words);
    let (openai, key) = (running.line().await, running.line().await);
    let (anthropic, same, third) = (running.line().await, running.line().await, running.line().await);
    assert_eq!(openai, format!("{anthropic}/v1"));
    assert!(anthropic.ends_with("/p/acme"), "{anthropic}");
    assert_eq!((key.as_str(), key.as_str()), (same.as_str(), third.as_str()));
    assert_eq!(ask(&openai, "/chat/completions", &key).await, 200);
    assert_eq!(ask(&anthropic, "/v1/messages", &key).await, 200);
    assert!(
        !scratch.home().join("run/gateway.json").exists(),
        "others would end with it"
    );
    assert_eq!(running.end().await, Some(0));
    let gone = HttpClient::new()
        .post_json(&format!("{openai}/chat/completions"), &question())
        .await;
    assert!(gone.is_err());
    assert_eq!(sandbox.control().counters().refreshes, 0);
}

#[tokio::test]
async fn a_running_gateway_is_used_and_goes_on() {
    let desk = Desk::open().await;
    let mut running = Running::start(&desk.scratch, &[], "\"$OPENAI_BASE_URL\" \"$OPENAI_API_KEY\"");
    let (base, key) = (running.line().await, running.line().await);
    assert_eq!(base, desk.url("/v1"));
    assert_eq!(ask(&base, "/chat/completions", &key).await, 200);
    assert_eq!(running.end().await, Some(0));
    assert_eq!(desk.chat().await.status, 200);
}

#[tokio::test]
async fn one_credential_can_be_named() {
    let sandbox = sandbox().await;
    let scratch = logged_in(&sandbox).await;
    let second = ["login", "acme", "--flow", "device", "--label", "me@home"];
    scratch.run(&second).await.expect(0);
    let mut running = Running::start(&scratch, &["acme/me@home"], "\"$OPENAI_BASE_URL\"");
    let base = running.line().await;
    assert!(base.ends_with("/p/acme@me@home/v1"), "{base}");
    let reply = HttpClient::new()
        .post_json(&format!("{base}/chat/completions"), &question())
        .await;
    assert_eq!(reply.unwrap().header("x-evergrant-credential"), "me@home");
    assert_eq!(running.end().await, Some(0));
    scratch.run(&["exec", "acme/other", "--", "true"]).await.expect(2);
    scratch.run(&["exec", "nobody", "--", "true"]).await.expect(2);
    scratch.run(&["exec", "acme-key", "--", "true"]).await.expect(3);
}

#[tokio::test]
async fn the_commands_end_is_passed_on() {
    let scratch = Scratch::new();
    let sh = |script: &'static str| ["exec", "--", "sh", "-c", script];
    scratch.run(&sh("exit 0")).await.expect(0);
    scratch.run(&sh("exit 7")).await.expect(7);
    scratch.run(&sh("kill -9 $$")).await.expect(137);
    let missing = scratch
        .run(&["exec", "--json", "--", "no-such-command-anywhere"])
        .await
        .expect(2);
    assert_eq!(missing.json()["error"]["code"], "usage", "{missing}");
    scratch.run(&["exec"]).await.expect(2);
}

#[tokio::test]
async fn signals_reach_the_command() {
    let scratch = Scratch::new();
    for (name, code) in [("TERM", 21), ("HUP", 22), ("USR1", 23), ("INT", 24)] {
        let script = "trap 'exit 21' TERM; trap 'exit 22' HUP; trap 'exit 23' USR1; trap 'exit 24' INT; echo ready; \
                      while :; do sleep 0.05; done";
        // In a session of its own, as under a service manager: no terminal sends the signal to the command, too.
        let plain = scratch.evergrant(&["exec", "--", "sh", "-c", script]);
        let mut command = tokio::process::Command::new("setsid");
        command
            .arg("--wait")
            .arg(plain.as_std().get_program())
            .args(plain.as_std().get_args());
        command.env_clear().env("PATH", "/usr/bin:/bin");
        command.envs(
            plain
                .as_std()
                .get_envs()
                .filter_map(|(name, value)| Some((name, value?))),
        );
        command.stdin(Stdio::null()).stdout(Stdio::piped()).kill_on_drop(true);
        let mut outer = command.spawn().unwrap();
        let mut lines = BufReader::new(outer.stdout.take().unwrap()).lines();
        assert_eq!(lines.next_line().await.unwrap().as_deref(), Some("ready"));
        // `setsid` forks only where it leads a group already; else it has become the command.
        signal(&outer, name);
        assert_eq!(outer.wait().await.unwrap().code(), Some(code), "{name}");
    }
}

#[tokio::test]
async fn no_secret_of_ours_is_inherited() {
    let sandbox = sandbox().await;
    let mut scratch = logged_in(&sandbox).await;
    for name in [
        "OPENAI_API_KEY",
        "MISTRAL_API_KEY",
        "ANTHROPIC_AUTH_TOKEN",
        "OPENAI_API_BASE",
        "EVERGRANT_SOMETHING",
    ] {
        scratch.set(name, "canary");
    }
    scratch.set("REFERENCED", "canary");
    scratch.run(&["add", "acme-key", "--env", "REFERENCED"]).await.expect(0);
    scratch.set("HTTP_PROXY", "http://127.0.0.1:1");
    scratch.set("NO_PROXY", "acme.example,127.0.0.1");
    scratch.set("HARMLESS", "kept");
    let seen = scratch.run(&["exec", "--", "env"]).await.expect(0);
    let seen = &seen.stdout;
    for line in ["HARMLESS=kept", "NO_PROXY=acme.example,127.0.0.1,127.0.0.1"] {
        assert!(seen.lines().any(|found| found == line), "{seen}");
    }
    // Of unknown providers' variables nothing is known.
    let leaked: Vec<_> = seen.lines().filter(|line| line.contains("canary")).collect();
    assert!(
        leaked.iter().all(|line| line.starts_with("MISTRAL_API_KEY=")),
        "{leaked:?}"
    );
}
