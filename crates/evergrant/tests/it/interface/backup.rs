//! A home that is carried elsewhere: what is sealed, what comes back, and what the provider sees of it.

use std::fs;
#[cfg(target_os = "linux")]
use std::process::{Command, Stdio};
use std::time::Duration;

use evergrant_sandbox::Running;
use serde_json::json;
#[cfg(target_os = "linux")]
use tokio::io::AsyncWriteExt;

use crate::exchange::Exchange;
use crate::scratch::{Scratch, sandbox};

/// A home with a login and a key, and the passphrase in a variable.
async fn home(sandbox: &Running) -> Scratch {
    let mut scratch = Scratch::with(sandbox);
    scratch.set("PASSPHRASE", "correct horse");
    scratch.run(&["login", "acme", "--flow", "device"]).await.expect(0);
    scratch
        .run_with(&["add", "acme-key"], b"sk-sandbox-0000000000000000")
        .await
        .expect(0);
    scratch
}

async fn exported(scratch: &Scratch) -> Exchange {
    scratch
        .run(&["export", "--passphrase-env", "PASSPHRASE"])
        .await
        .expect(0)
}

/// Another home that knows the same provider.
fn elsewhere(sandbox: &Running) -> Scratch {
    let mut scratch = Scratch::with(sandbox);
    scratch.set("PASSPHRASE", "correct horse");
    scratch
}

async fn restored(scratch: &Scratch, backup: &str, more: &[&str]) -> Exchange {
    let arguments = [&["restore", "--passphrase-env", "PASSPHRASE"][..], more].concat();
    scratch.run_with(&arguments, backup.as_bytes()).await
}

#[tokio::test]
async fn a_restored_grant_serves_and_is_renewed_exactly_once_when_it_has_lapsed() {
    let sandbox = sandbox().await;
    sandbox
        .control()
        .reconfigure(|config| config.access_token_lifetime_secs = 8);
    let first = home(&sandbox).await;
    let token = first.run(&["token", "acme"]).await.expect(0).stdout;
    let backup = exported(&first).await;
    assert!(
        backup.stdout.starts_with("evergrant-backup 1\nargon2id$65536$3$1$"),
        "{backup}"
    );
    assert_eq!(
        backup.stderr,
        "sealed 2 credentials: nothing but the passphrase opens it\n"
    );
    for secret in [token.trim(), "sk-sandbox", "acme"] {
        assert!(!backup.stdout.contains(secret), "`{secret}` can be read");
    }
    let second = elsewhere(&sandbox);
    let report = restored(&second, &backup.stdout, &["--json"]).await.expect(0).json();
    assert_eq!(report["restored"].as_array().unwrap().len(), 2, "{report}");
    assert_eq!(report["left"], json!([]));
    let status = second.run(&["status", "acme", "--json"]).await.expect(0).json();
    let one = &status["credentials"][0];
    assert_eq!(
        (&one["health"], &one["generation"]),
        (&json!("outcome-unknown"), &json!(2))
    );
    assert!(one["why"].as_str().unwrap().contains("from a backup"), "{one}");
    // While the access token serves, nothing is sent, not even on demand.
    assert_eq!(second.run(&["token", "acme"]).await.expect(0).stdout, token);
    let refused = second
        .run(&["refresh", "acme/default", "--json"])
        .await
        .expect(5)
        .json();
    assert_eq!(refused["error"]["code"], "outcome-unknown");
    assert!(
        refused["error"]["message"].as_str().unwrap().contains("from a backup"),
        "{refused}"
    );
    assert_eq!(sandbox.control().counters().refreshes, 0);
    // When it has lapsed it is renewed, once; from then on it is a grant as any other.
    tokio::time::sleep(Duration::from_secs(8)).await;
    sandbox
        .control()
        .reconfigure(|config| config.access_token_lifetime_secs = 600);
    let renewed = second.run(&["token", "acme"]).await.expect(0).stdout;
    assert_ne!(renewed, token);
    assert_eq!(second.run(&["token", "acme"]).await.expect(0).stdout, renewed);
    let seen = sandbox.control().counters();
    assert_eq!((seen.refreshes, seen.rotations, seen.refresh_reuses), (1, 1, 0));
    let status = second.run(&["status", "acme", "--json"]).await.expect(0).json();
    assert_eq!(status["credentials"][0]["health"], "ready");
    let key = second.run(&["token", "acme-key"]).await.expect(0).stdout;
    assert_eq!(key, "sk-sandbox-0000000000000000\n");
    // The home that it came from has lost it by that, and says so.
    assert_eq!(first.run(&["refresh", "acme/default"]).await.exit, Some(3));
}

#[tokio::test]
async fn what_lives_or_was_logged_out_is_left_out_and_said_so() {
    let sandbox = sandbox().await;
    let scratch = home(&sandbox).await;
    let backup = exported(&scratch).await.stdout;
    let here = restored(&scratch, &backup, &[]).await.expect(0);
    assert_eq!(
        here.stderr,
        "left out `default` at acme: it is here already as `default`, which is never overwritten\n\
         left out `default` at acme-key: it is here already as `default`, which is never overwritten\n\
         nothing was restored\n"
    );
    scratch.run(&["logout", "acme/default"]).await.expect(0);
    scratch.run(&["remove", "acme-key/default"]).await.expect(0);
    let left = restored(&scratch, &backup, &["--json"]).await.expect(0).json();
    assert_eq!(left["restored"], json!([]));
    assert_eq!(left["left"][0]["why"], "dead", "its provider has revoked it: {left}");
    assert_eq!(left["left"][1]["why"], "ended", "{left}");
    scratch.run(&["status", "acme"]).await.expect(3);
    // On demand the key comes back; the token that was revoked does not.
    let revived = restored(&scratch, &backup, &["--json", "--revive"])
        .await
        .expect(0)
        .json();
    assert_eq!(revived["restored"][0]["provider"], "acme-key", "{revived}");
    assert_eq!(revived["left"][0]["why"], "dead", "{revived}");
    assert_eq!(sandbox.control().counters().refreshes, 0);
}

#[tokio::test]
async fn each_way_a_backup_can_be_wrong_is_told_apart_and_nothing_is_made() {
    let sandbox = sandbox().await;
    let scratch = home(&sandbox).await;
    let backup = exported(&scratch).await.stdout;
    let mut other = elsewhere(&sandbox);
    other.set("PASSPHRASE", "another horse");
    let broken = |text: &str, exit: i32, code: &'static str| (text.to_owned(), exit, code);
    for (text, exit, code) in [
        broken("{}", 2, "backup-invalid"),
        broken("", 2, "backup-invalid"),
        broken(&backup[..backup.len() / 2], 6, "backup-damaged"),
        broken(&backup.replacen("$65536$", "$65537$", 1), 6, "backup-damaged"),
        broken(&backup.replacen("backup 1", "backup 2", 1), 6, "backup-newer"),
        broken(&backup, 6, "backup-undecryptable"),
    ] {
        let told = restored(&other, &text, &["--json"]).await.expect(exit).json();
        assert_eq!(told["error"]["code"], code);
        assert!(told["error"]["remedy"]["sentence"].is_string(), "{told}");
        assert!(!other.home().join("evergrant.db").exists(), "{code}");
    }
    // Where nobody can be asked, and where there is nothing to seal.
    other
        .run(&["restore", "nowhere.txt", "--passphrase-env", "PASSPHRASE"])
        .await
        .expect(2);
    other.run(&["restore", "--passphrase-stdin"]).await.expect(2);
    other.run(&["export", "--passphrase-env", "UNSET"]).await.expect(2);
    other.run(&["export", "--passphrase-env", "PASSPHRASE"]).await.expect(6);
    let short = scratch
        .run_with(&["export", "--passphrase-stdin"], b"short\n")
        .await
        .expect(2);
    assert!(short.stderr.contains("at least 8 characters"), "{short}");
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_full_disk_leaves_the_backup_before_as_it_was() {
    let sandbox = sandbox().await;
    let scratch = home(&sandbox).await;
    let long = format!("sk-{}", "0".repeat(60_000));
    scratch.run_with(&["add", "acme-key"], long.as_bytes()).await.expect(0);
    let arguments = [
        "export",
        "--passphrase-stdin",
        "--force",
        "--output",
        "backup.txt",
        "--json",
    ];
    scratch.run_with(&arguments, b"correct horse\n").await.expect(0);
    let file = scratch.home().parent().unwrap().join("backup.txt");
    let before = fs::read(&file).unwrap();
    let names = || {
        let entries = fs::read_dir(file.parent().unwrap()).unwrap();
        let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        names
    };
    let around = names();
    let mut child = scratch
        .unsignalled(&arguments)
        .current_dir(file.parent().unwrap())
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    // It waits for the passphrase; room for what SQLite shares among its readers, and for half of the backup.
    let pid = child.id().unwrap().to_string();
    let limit = format!("--fsize={}:", before.len() / 2);
    let limited = Command::new("prlimit").args(["--pid", &pid, &limit]).status();
    assert!(limited.unwrap().success());
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(b"correct horse\n").await.unwrap();
    drop(stdin);
    let output = child.wait_with_output().await.unwrap();
    let full = Exchange::new(&arguments, output, &scratch.home()).expect(6);
    assert_eq!(full.json()["error"]["code"], "backup-unwritable", "{full}");
    assert_eq!(fs::read(&file).unwrap(), before);
    assert_eq!(names(), around);
}

#[tokio::test]
async fn a_file_is_its_owners_alone_and_is_not_overwritten() {
    let sandbox = sandbox().await;
    let scratch = home(&sandbox).await;
    let file = scratch.home().parent().unwrap().join("backup.txt");
    let arguments = ["export", "--passphrase-stdin", "--output", "backup.txt", "--json"];
    let told = scratch
        .run_with(&arguments, b"correct horse\r\n")
        .await
        .expect(0)
        .json();
    assert_eq!((&told["file"], &told["backup"]), (&json!("backup.txt"), &json!(null)));
    assert_eq!(told["credentials"].as_array().unwrap().len(), 2);
    let first = fs::read_to_string(&file).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    }
    let refused = scratch.run_with(&arguments, b"correct horse\n").await.expect(2).json();
    assert_eq!(refused["error"]["code"], "usage");
    assert_eq!(fs::read_to_string(&file).unwrap(), first);
    // Before anyone is asked for a passphrase.
    for (file, said) in [
        ("backup.txt", "is there already"),
        ("home", "no ordinary file"),
        ("no/such/backup.txt", "no such folder"),
        ("/", "names no file"),
    ] {
        let unasked = ["export", "--passphrase-env", "UNSET", "--output", file];
        let refused = scratch.run(&unasked).await.expect(2);
        assert!(refused.stderr.contains(said), "{refused}");
    }
    let forced = [&arguments[..], &["--force"]].concat();
    scratch.run_with(&forced, b"correct horse\n").await.expect(0);
    assert_ne!(fs::read_to_string(&file).unwrap(), first);
    let into = ["export", "--passphrase-stdin", "--force", "--output"];
    let folder = [&into[..], &["home"]].concat();
    scratch.run_with(&folder, b"correct horse\n").await.expect(2);
    let nowhere = [&into[..], &["no/such/backup.txt"]].concat();
    scratch.run_with(&nowhere, b"correct horse\n").await.expect(2);
    let names: Vec<_> = fs::read_dir(file.parent().unwrap())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert!(
        names.iter().all(|name| !name.to_string_lossy().ends_with(".tmp")),
        "{names:?}"
    );
    // The very file that was written comes back elsewhere.
    let other = elsewhere(&sandbox);
    let path = file.display().to_string();
    other
        .run(&["restore", &path, "--passphrase-env", "PASSPHRASE"])
        .await
        .expect(0);
    other.run(&["token", "acme"]).await.expect(0);
}
