//! `demo`: every step holds, in time, whatever the environment says, and nothing is left behind.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::scratch::Scratch;

/// A scratch home whose temporary directory is its own, and whose proxies lead nowhere.
fn place() -> (Scratch, PathBuf) {
    let mut scratch = Scratch::new();
    let temporary = scratch.home().with_file_name("temporary");
    std::fs::create_dir(&temporary).unwrap();
    scratch.set("TMPDIR", temporary.to_str().unwrap());
    for proxy in ["HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY"] {
        scratch.set(proxy, "http://127.0.0.1:1");
    }
    (scratch, temporary)
}

fn left_in(directory: &PathBuf) -> usize {
    std::fs::read_dir(directory).unwrap().count()
}

#[tokio::test]
async fn every_step_of_the_demo_holds_in_time() {
    let (scratch, temporary) = place();
    let began = Instant::now();
    let exchange = scratch.run(&["demo", "--json"]).await.expect(0);
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
    let events = exchange.json_lines();
    let (done, steps) = events.split_last().unwrap();
    assert_eq!(
        (&done["event"], &done["ok"], &done["failed"]),
        (&"done".into(), &true.into(), &0.into()),
        "{exchange}"
    );
    assert_eq!(done["steps"], steps.len(), "{exchange}");
    let seen: Vec<Value> = steps
        .iter()
        .map(|step| {
            assert_eq!(step["event"], "step");
            assert_eq!(step["ok"], true, "{step}");
            serde_json::json!([
                step["step"],
                step["client"]["status"],
                step["provider"]["refreshes"],
                step["status"]["health"]
            ])
        })
        .collect();
    let promised = serde_json::json!([
        ["login", null, 0, "ready"],
        ["first-turn", 200, 0, null],
        ["streamed-turn", 200, 0, null],
        ["stale-token", 200, 1, "ready"],
        ["stale-token-streamed", 200, 1, "ready"],
        ["stale-inside-stream", 200, 1, "ready"],
        ["entitlement", 403, 0, "not-entitled"],
        ["plan-bought", 200, 0, "ready"],
        ["fresh-token-refused", 200, 0, "ready"],
        ["dead-grant", 403, 1, "quarantined"],
        ["quarantine", 401, 0, "quarantined"],
        ["new-login", null, 0, "ready"],
        ["goes-on", 200, 0, "ready"],
    ]);
    assert_eq!(Value::from(seen), promised);
    assert_eq!(exchange.stderr, "", "{exchange}");
    assert_eq!(left_in(&temporary), 0);
    assert!(
        !scratch.home().exists(),
        "the user's own home is none of the demo's business"
    );
}

#[tokio::test]
async fn the_demo_is_told_in_one_line_a_step() {
    let (scratch, _) = place();
    let exchange = scratch.run(&["demo"]).await.expect(0);
    let lines: Vec<&str> = exchange.stdout.lines().collect();
    let held = lines.iter().filter(|line| line.starts_with("ok  ")).count();
    assert_eq!(held + 2, lines.len(), "{exchange}");
    assert!(
        lines.last().unwrap().starts_with("every step held: 13 steps in "),
        "{exchange}"
    );
    assert!(!exchange.stdout.contains('\x1b'), "colours are for terminals");
}

#[cfg(unix)]
#[tokio::test]
async fn an_interrupted_demo_leaves_nothing_behind() {
    use tokio::io::{AsyncBufReadExt, BufReader};

    use crate::scratch::signal;

    // Before the first step, and in the middle of one.
    for steps in [0, 3] {
        let (scratch, temporary) = place();
        let mut child = scratch.evergrant(&["demo", "--json"]).spawn().unwrap();
        let mut events = BufReader::new(child.stdout.take().unwrap()).lines();
        if steps == 0 {
            let began = Instant::now();
            while left_in(&temporary) == 0 {
                assert!(began.elapsed() < Duration::from_secs(20), "it never began");
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        }
        for _ in 0..steps {
            assert!(events.next_line().await.unwrap().unwrap().contains("\"ok\":true"));
        }
        signal(&child, "INT");
        let mut last = None;
        while let Some(line) = events.next_line().await.unwrap() {
            last = Some(line);
        }
        assert_eq!(child.wait().await.unwrap().code(), Some(130));
        let last = last.unwrap();
        assert!(last.starts_with(r#"{"error":{"code":"interrupted""#), "{last}");
        assert_eq!(left_in(&temporary), 0);
    }
}
