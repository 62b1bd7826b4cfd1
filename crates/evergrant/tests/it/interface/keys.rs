//! Client keys on the command line: shown once, kept as a fingerprint, listed with their terms.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::scratch::Scratch;

#[tokio::test]
async fn a_key_is_shown_once_and_is_nowhere_on_the_disk() {
    let scratch = Scratch::new();
    let added = scratch.run(&["key", "add", "laptop", "--json"]).await.expect(0).json();
    assert_eq!(added["name"], "laptop");
    let first = added["key"].as_str().unwrap().to_owned();
    assert!(first.starts_with("sk-evergrant-") && first.len() == 65, "{first}");
    // For people the key alone goes to stdout.
    let plain = scratch.run(&["key", "add", "ci"]).await.expect(0);
    let second = plain.stdout.trim().to_owned();
    assert!(second.starts_with("sk-evergrant-") && second != first, "{plain}");
    assert!(!plain.stderr.contains(&second), "{plain}");
    for secret in [&first, &second] {
        // Neither the whole nor the random half of it.
        nowhere(&scratch.home(), secret.as_bytes());
        nowhere(&scratch.home(), &secret.as_bytes()["sk-evergrant-".len()..]);
    }
    let listed = scratch.run(&["key", "list"]).await.expect(0);
    assert!(
        listed.stdout.contains("laptop") && listed.stdout.contains("ci"),
        "{listed}"
    );
    assert!(!listed.stdout.contains("sk-evergrant"), "{listed}");
}

#[tokio::test]
async fn a_list_tells_the_terms_and_a_removed_key_is_gone() {
    let scratch = Scratch::new();
    assert_eq!(
        scratch.run(&["key", "list", "--json"]).await.expect(0).json(),
        json!({"keys": []})
    );
    assert!(!scratch.home().exists(), "a list makes nothing");
    let arguments = [
        "key",
        "add",
        "ci",
        "--provider",
        "xai",
        "--provider",
        "openai",
        "--model",
        "grok-*",
        "--rpm",
        "60",
        "--concurrency",
        "4",
        "--tokens-per-day",
        "2000000",
        "--expires",
        "30d",
        "--json",
    ];
    scratch.run(&arguments).await.expect(0);
    let list = scratch.run(&["key", "list", "--json"]).await.expect(0).json();
    let key = &list["keys"][0];
    let mut told = key.clone();
    for changing in ["expires_at", "created_at"] {
        assert!(told[changing].is_string(), "{list}");
        told[changing] = Value::Null;
    }
    assert_eq!(
        told,
        json!({"name": "ci", "providers": ["xai", "openai"], "models": ["grok-*"], "rpm": 60, "concurrency": 4,
            "tokens_per_day": 2_000_000, "expires_at": null, "metrics": false, "expired": false, "lent": false, "created_at": null})
    );
    let taken = scratch.run(&["key", "add", "ci", "--json"]).await.expect(2).json();
    assert_eq!(taken["error"]["code"], "client-key-taken");
    assert_eq!(taken["error"]["remedy"]["command"], "evergrant key remove ci");
    scratch.run(&["key", "remove", "ci"]).await.expect(0);
    let unknown = scratch.run(&["key", "remove", "ci", "--json"]).await.expect(2).json();
    assert_eq!(unknown["error"]["code"], "client-key-unknown");
}

#[tokio::test]
async fn terms_that_mean_nothing_are_refused() {
    let scratch = Scratch::new();
    for wrong in [
        &["key", "add", "two words"][..],
        &["key", "add", "k", "--provider", "nobody"],
        &["key", "add", "k", "--model", ""],
        &["key", "add", "k", "--rpm", "0"],
        &["key", "add", "k", "--expires", "2020-01-01"],
        &["key", "add", "k", "--expires", "soon"],
        &["key"],
    ] {
        scratch.run(wrong).await.expect(2);
    }
    let list = scratch.run(&["key", "list", "--json"]).await.expect(0).json();
    assert_eq!(list, json!({"keys": []}));
}

/// Fails if any file below the folder holds these bytes.
#[track_caller]
fn nowhere(folder: &Path, secret: &[u8]) {
    let mut folders = vec![folder.to_owned()];
    let mut files = 0;
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            files += 1;
            let bytes = fs::read(&path).unwrap();
            let holds = bytes.windows(secret.len()).any(|window| window == secret);
            assert!(!holds, "{} holds the key", path.display());
        }
    }
    assert!(files > 1);
}
