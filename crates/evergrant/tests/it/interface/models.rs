//! What the providers offer, as the command line tells it.

use evergrant_sandbox::Order;
use serde_json::json;

use crate::scratch::{Scratch, sandbox};

#[tokio::test]
async fn a_usable_provider_is_asked_and_its_row_speaks_where_it_does_not() {
    let sandbox = sandbox().await;
    let scratch = Scratch::with(&sandbox);
    let nobody = scratch.run(&["models", "--json"]).await.expect(3).json();
    assert_eq!(nobody["error"]["code"], "no-credential");
    scratch.run(&["login", "acme", "--flow", "device"]).await.expect(0);
    let mut expected = sandbox.control().config().models;
    expected.sort();
    let asked = scratch.run(&["models", "--json"]).await.expect(0).json();
    let one = &asked["providers"][0];
    assert_eq!(
        (&one["provider"], &one["usable"], &one["source"], &one["error"]),
        (&json!("acme"), &json!(true), &json!("provider"), &json!(null))
    );
    let mut told: Vec<String> = serde_json::from_value(one["models"].clone()).unwrap();
    told.sort();
    assert_eq!(told, expected);
    assert_eq!(asked["providers"].as_array().unwrap().len(), 1, "only what can be used");
    // Offline nobody is asked.
    let before = sandbox.control().counters().requests;
    let offline = scratch
        .run(&["models", "acme", "--offline", "--json"])
        .await
        .expect(0)
        .json();
    assert_eq!(offline["providers"][0]["source"], "row");
    // A provider that is down, and one without a credential, are told by their rows, and why.
    let table = scratch.run(&["models", "acme-key"]).await.expect(0);
    assert!(table.stdout.contains("its row"), "{table}");
    assert!(
        table
            .stderr
            .starts_with("warning: acme-key did not say, so its row does: "),
        "{table}"
    );
    assert!(table.stderr.contains("evergrant add acme-key"), "{table}");
    assert_eq!(sandbox.control().counters().requests, before);
    let closed = Order::new("respond").with("path", "/v1/models").with("status", 404);
    sandbox.control().arm(closed).unwrap();
    let failed = scratch.run(&["models", "acme", "--json"]).await.expect(0).json();
    assert_eq!(failed["providers"][0]["source"], "row", "{failed}");
    assert!(failed["providers"][0]["error"]["message"].is_string(), "{failed}");
    scratch.run(&["models", "nobody"]).await.expect(2);
}
