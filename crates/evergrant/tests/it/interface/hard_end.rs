//! A login that its provider ends some days after it was made, whatever is renewed: told of in time.

use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader};

use crate::scratch::{Scratch, sandbox};

async fn ending_in(days: u32) -> (evergrant_sandbox::Running, Scratch) {
    let sandbox = sandbox().await;
    let scratch = Scratch::with(&sandbox);
    let row = sandbox.provider_row("acme");
    let row = row.replace("[oauth]\n", &format!("[oauth]\nhard_end_days = {days}\n"));
    scratch.write("providers.d/acme.toml", &row);
    scratch.run(&["login", "acme", "--flow", "device"]).await.expect(0);
    (sandbox, scratch)
}

#[tokio::test]
async fn status_and_doctor_warn_of_it_in_its_last_week() {
    let (_sandbox, scratch) = ending_in(5).await;
    let status = scratch.run(&["status", "--json"]).await.expect(0).json();
    let credential = &status["credentials"][0];
    let end = credential["hard_end_at"].as_str().unwrap();
    assert_eq!(
        (&credential["health"], &credential["usable"]),
        (&"ready".into(), &true.into())
    );
    assert!(credential["why"].as_str().unwrap().contains(end), "{credential}");
    assert_eq!(credential["remedy"]["kind"], "login");
    assert_eq!(credential["remedy"]["command"], "evergrant login acme --label default");
    let text = scratch.run(&["status"]).await.expect(0).stdout;
    assert!(
        text.contains("login ends") && text.contains("log in again before"),
        "{text}"
    );
    let doctor = scratch.run(&["doctor", "--json"]).await.expect(0).json();
    let findings = doctor["findings"].as_array().unwrap();
    let of_it = |finding: &&Value| finding["check"] == "credential acme/default";
    let finding = findings.iter().find(of_it).unwrap();
    assert_eq!(finding["level"], "warn", "{finding}");
    assert!(finding["message"].as_str().unwrap().contains(end), "{finding}");
    assert_eq!(finding["remedy"]["kind"], "login");
}

#[tokio::test]
async fn it_is_known_and_no_cause_for_a_warning_before() {
    let (_sandbox, scratch) = ending_in(30).await;
    let status = scratch.run(&["status", "--json"]).await.expect(0).json();
    let credential = &status["credentials"][0];
    assert!(credential["hard_end_at"].is_string());
    assert_eq!(
        (&credential["why"], &credential["remedy"]),
        (&Value::Null, &Value::Null)
    );
}

#[tokio::test]
async fn a_running_gateway_logs_it_once() {
    let (_sandbox, scratch) = ending_in(1).await;
    let mut gateway = scratch
        .evergrant(&["serve", "--listen", "127.0.0.1:0"])
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(gateway.stderr.take().unwrap()).lines();
    let mut told = 0;
    // Each change in the store wakes the keeper, which has told already.
    for priority in ["3", "4", "5"] {
        while let Ok(Ok(Some(line))) = tokio::time::timeout(Duration::from_secs(2), lines.next_line()).await {
            told += u32::from(line.contains("log in again before"));
        }
        scratch.run(&["priority", "acme/default", priority]).await.expect(0);
    }
    assert_eq!(told, 1);
}
