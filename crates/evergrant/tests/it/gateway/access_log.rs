//! The access log: a line for each request, with what it came to, and never with a secret.

use std::time::Duration;

use evergrant_sandbox::{Config, Sandbox, Wording};
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::bytes::post;
use super::desk::{Desk, Serving, question};
use super::keys::key;
use super::upstream::Upstream;
use crate::scratch::{Scratch, signal};

/// A desk whose gateway keeps a log in a file of its home.
async fn logging(form: &str) -> Desk {
    let sandbox = Sandbox::start(Config::default()).await.unwrap();
    let scratch = Scratch::with(&sandbox);
    scratch.run(&["login", "acme", "--flow", "device"]).await.expect(0);
    scratch
        .run(&["rename", "acme/default", "wilma@acme.example"])
        .await
        .expect(0);
    let file = file(&scratch);
    let options = [
        "--listen",
        "127.0.0.1:0",
        "--access-log",
        form,
        "--access-log-file",
        &file,
    ];
    let gateway = Serving::start(&scratch, &options).await;
    Desk {
        sandbox,
        scratch,
        gateway,
    }
}

fn file(scratch: &Scratch) -> String {
    scratch.home().join("access.log").to_str().unwrap().to_owned()
}

/// The lines, once there are so many.
async fn lines(path: &str, count: usize) -> Vec<String> {
    for _ in 0..1_000 {
        let text = std::fs::read_to_string(path).unwrap_or_default();
        if text.lines().count() >= count && text.ends_with('\n') {
            return text.lines().map(str::to_owned).collect();
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{}", std::fs::read_to_string(path).unwrap_or_default());
}

#[tokio::test]
async fn each_request_has_a_line_that_tells_how_it_went() {
    let desk = logging("json").await;
    let path = file(&desk.scratch);
    desk.control().expire(Wording::Wke);
    let reply = desk.chat().await;
    let id = reply.headers["x-evergrant-request-id"].to_str().unwrap().to_owned();
    let request = post("/v1/chat/completions?key=hunter2", "{\"model\":\"no-such-model\"}");
    let request = request.replacen(
        "host:",
        "x-request-id: mine-1\r\nauthorization: Bearer hunter2\r\nhost:",
        1,
    );
    assert_eq!(desk.gateway.status(&request).await.0, 404);
    let told: Vec<Value> = lines(&path, 2)
        .await
        .iter()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let one = &told[0];
    assert_eq!(one["id"], id.as_str());
    let attempts: u64 = reply.headers["x-evergrant-attempts"].to_str().unwrap().parse().unwrap();
    assert_eq!(
        (&one["status"], &one["attempts"]),
        (&200.into(), &attempts.into()),
        "{one}"
    );
    assert!(attempts >= 2, "{one}");
    assert_eq!(one["repaired"], serde_json::json!(["refresh"]));
    assert_eq!((&one["provider"], &one["model"]), (&"acme".into(), &"grok-4.3".into()));
    assert_eq!(
        (&one["method"], &one["path"]),
        (&"POST".into(), &"/v1/chat/completions".into())
    );
    assert_eq!(one["surface"], "chat-completions");
    assert_eq!(one["ended"], "whole");
    assert_eq!(one["received_bytes"], question().to_string().len());
    assert_eq!(one["sent_bytes"], reply.text().len());
    assert!(one["client"].as_str().unwrap().starts_with("127.0.0.1:"));
    let accounts = desk.scratch.run(&["list", "--json"]).await.json();
    assert_eq!(one["credential"], accounts["credentials"][0]["id"]);
    for took in ["total_ms", "first_byte_ms", "upstream_ms", "recovery_ms", "own_ms"] {
        assert!(one[took].as_f64().unwrap() > 0.0, "{took}: {one}");
    }
    let other = &told[1];
    assert_eq!(
        (&other["status"], &other["code"]),
        (&404.into(), &"unknown-model".into())
    );
    assert_eq!((&other["client_id"], &other["attempts"]), (&"mine-1".into(), &0.into()));
    let text = std::fs::read_to_string(&path).unwrap();
    let token = desk.scratch.run(&["token", "acme"]).await;
    for never in ["hunter2", "wilma", "Bearer", "hello", token.stdout.trim()] {
        assert!(!text.contains(never), "{never}: {text}");
    }
}

#[tokio::test]
async fn whoever_is_kept_out_is_named_where_the_key_is_known() {
    let desk = logging("json").await;
    let busy = key(&desk.scratch, "busy", &["--rpm", "1"]).await;
    let over = key(&desk.scratch, "over", &["--expires", "1s"]).await;
    let ask = async |secret: &str| {
        let line = format!("authorization: Bearer {secret}\r\nhost:");
        let request = post("/v1/chat/completions", "{\"model\":\"no-such-model\"}").replacen("host:", &line, 1);
        desk.gateway.status(&request).await.0
    };
    let mut expected = vec![(404, "busy".into()), (429, "busy".into())];
    assert_eq!((ask(&busy).await, ask(&busy).await), (404, 429));
    loop {
        let status = ask(&over).await;
        expected.push((status, "over".into()));
        if status == 401 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(ask("sk-evergrant-unknown").await, 401);
    expected.push((401, Value::Null));
    let told: Vec<(u16, Value)> = lines(&file(&desk.scratch), expected.len())
        .await
        .iter()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .map(|line| {
            (
                u16::try_from(line["status"].as_u64().unwrap()).unwrap(),
                line["client_key"].clone(),
            )
        })
        .collect();
    assert_eq!(told, expected);
}

#[cfg(unix)]
#[tokio::test]
async fn a_file_that_was_moved_away_is_opened_again_when_told_to() {
    let desk = logging("text").await;
    let (path, moved) = (file(&desk.scratch), format!("{}.1", file(&desk.scratch)));
    desk.chat().await;
    assert!(lines(&path, 1).await[0].contains(" status=200 surface=chat-completions "));
    std::fs::rename(&path, &moved).unwrap();
    signal(&desk.gateway.child, "HUP");
    // The signal arrives in its own time; until then the lines go where the file went.
    let mut asked = 1;
    while !std::path::Path::new(&path).exists() {
        desk.chat().await;
        asked += 1;
        assert!(asked < 1_000);
    }
    let count = |path: &str| std::fs::read_to_string(path).unwrap_or_default().lines().count();
    while count(&path) + count(&moved) < asked {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(count(&moved) >= 1 && count(&path) >= 1);
}

#[tokio::test]
async fn who_leaves_amid_a_stream_is_told_from_who_stays() {
    let event = "data: {\"choices\":[{\"delta\":{\"content\":\"Hel\"}}]}\n\n";
    let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\ncf-ray: ray-1\r\n";
    let begun = format!("{head}\r\n{:x}\r\n{event}\r\n", event.len());
    let whole = format!("{begun}e\r\ndata: [DONE]\n\n\r\n0\r\n\r\n");
    let upstream = Upstream::answering(vec![vec![whole.into_bytes()], vec![begun.into_bytes()]]).await;
    let path = file(&upstream.scratch);
    let options = [
        "--listen",
        "127.0.0.1:0",
        "--access-log",
        "json",
        "--access-log-file",
        &path,
    ];
    let gateway = Serving::start(&upstream.scratch, &options).await;
    let question = post(
        "/v1/chat/completions",
        "{\"model\":\"raw-1\",\"stream\":true,\"messages\":[]}",
    );
    gateway.raw(question.as_bytes()).await;
    let mut leaving = gateway.connect().await;
    leaving.write_all(question.as_bytes()).await.unwrap();
    let mut heard = Vec::new();
    while !heard.windows(3).any(|window| window == b"Hel") {
        assert!(leaving.read_buf(&mut heard).await.unwrap() > 0);
    }
    drop(leaving);
    let told = lines(&path, 2).await;
    for (line, ended) in told.iter().zip(["whole", "left"]) {
        let line: Value = serde_json::from_str(line).unwrap();
        assert_eq!(line["ended"], ended, "{line}");
        assert_eq!(
            (&line["upstream_id"], &line["model"]),
            (&"ray-1".into(), &"raw-1".into())
        );
    }
}

#[tokio::test]
async fn what_cannot_be_kept_is_told_at_the_start() {
    let scratch = Scratch::new();
    let run = scratch
        .run(&[
            "serve",
            "--listen",
            "127.0.0.1:0",
            "--access-log",
            "json",
            "--access-log-file",
            "/nowhere/a",
        ])
        .await
        .expect(2);
    assert!(
        run.stderr.contains("the access log `/nowhere/a` cannot be written"),
        "{run}"
    );
    let run = scratch
        .run(&["serve", "--listen", "127.0.0.1:0", "--access-log-file", "a"])
        .await
        .expect(2);
    assert!(run.stderr.contains("needs `--access-log json`"), "{run}");
}

#[cfg(unix)]
#[tokio::test]
async fn a_file_that_others_could_read_is_closed_to_them() {
    use std::os::unix::fs::PermissionsExt as _;
    let sandbox = Sandbox::start(Config::default()).await.unwrap();
    let scratch = Scratch::with(&sandbox);
    scratch.run(&["login", "acme", "--flow", "device"]).await.expect(0);
    let path = file(&scratch);
    let open = |mode: u32| {
        std::fs::write(&path, "before\n").unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
    };
    let mode = || std::fs::metadata(&path).unwrap().permissions().mode() & 0o777;
    open(0o644);
    let log = [
        "--listen",
        "127.0.0.1:0",
        "--access-log",
        "json",
        "--access-log-file",
        &path,
    ];
    let gateway = Serving::start(&scratch, &log).await;
    assert_eq!(mode(), 0o600);
    // The same holds of one that logrotate has made.
    std::fs::rename(&path, format!("{path}.1")).unwrap();
    open(0o660);
    signal(&gateway.child, "HUP");
    let desk = Desk {
        sandbox,
        scratch,
        gateway,
    };
    while mode() != 0o600 {
        desk.chat().await;
    }
    assert!(std::fs::read_to_string(&path).unwrap().starts_with("before\n"));
}

#[tokio::test]
async fn a_line_names_the_key_that_asked() {
    let desk = logging("json").await;
    let secret = key(&desk.scratch, "ci-runner", &["--model", "grok-4.3"]).await;
    let client = evergrant_sandbox::client::HttpClient::new().bearer(&secret);
    let url = desk.url("/v1/chat/completions");
    assert_eq!(client.post_json(&url, &question()).await.unwrap().status, 200);
    let other = serde_json::json!({"model": "grok-4"});
    assert_eq!(client.post_json(&url, &other).await.unwrap().status, 403);
    desk.chat().await;
    let told = lines(&file(&desk.scratch), 3).await;
    let keys: Vec<String> = told
        .iter()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["client_key"].to_string())
        .collect();
    assert_eq!(keys, ["\"ci-runner\"", "\"ci-runner\"", "null"]);
    assert!(!told.concat().contains(&secret));
}
