//! A home that cannot be used is said to be so, and reading a good one changes nothing.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use evergrant_sandbox::Order;
use tokio::io::{AsyncBufReadExt, BufReader};

use crate::assert_exchange;
use crate::exchange::Exchange;
use crate::scratch::{Scratch, sandbox};

#[tokio::test]
async fn reading_changes_nothing() {
    let sandbox = sandbox().await;
    let scratch = Scratch::with(&sandbox);
    scratch.run(&["login", "acme", "--flow", "device"]).await.expect(0);
    let (before, seen) = (files(&scratch.home()), sandbox.control().counters().requests);
    for arguments in [
        &["status"][..],
        &["status", "acme", "--json"],
        &["list"],
        &["doctor"],
        &["providers"],
    ] {
        scratch.run(arguments).await.expect(0);
    }
    scratch.run_with(&["explain"], b"{}").await.expect(0);
    assert!(before == files(&scratch.home()), "a file of the home changed");
    assert_eq!(sandbox.control().counters().requests, seen);
}

#[tokio::test]
async fn a_damaged_store_exits_6_and_is_left_alone() {
    let sandbox = sandbox().await;
    let scratch = Scratch::with(&sandbox);
    scratch.run(&["login", "acme", "--flow", "device"]).await.expect(0);
    for file in ["evergrant.db-wal", "evergrant.db-shm"] {
        // They are there or not, as SQLite left them.
        let _ = fs::remove_file(scratch.home().join(file));
    }
    let database = scratch.home().join("evergrant.db");
    fs::write(&database, vec![0x5a; 8192]).unwrap();
    assert_exchange!(scratch.run(&["status"]).await, @r#"
    $ evergrant status
    exit 6
    --- stderr
    error: the store at [home]/evergrant.db is damaged: file is not a database
      help: mend the store: restore a backup of [home]/evergrant.db, or move it aside and log in again
    "#);
    assert_exchange!(scratch.run(&["refresh", "acme/default", "--json"]).await, @r#"
    $ evergrant refresh acme/default --json
    exit 6
    --- stdout
    {"error":{"code":"store-corrupt","message":"the store at [home]/evergrant.db is damaged: file is not a database","remedy":{"kind":"edit-file","sentence":"mend the store: restore a backup of [home]/evergrant.db, or move it aside and log in again","command":null}}}
    "#);
    scratch.run(&["login", "acme", "--flow", "device"]).await.expect(6);
    scratch.run(&["doctor"]).await.expect(1);
    assert_eq!(fs::read(&database).unwrap(), vec![0x5a; 8192]);
}

#[tokio::test]
async fn a_key_that_is_gone_exits_6() {
    let sandbox = sandbox().await;
    let scratch = Scratch::with(&sandbox);
    scratch.run(&["login", "acme", "--flow", "device"]).await.expect(0);
    fs::rename(scratch.home().join("key"), scratch.home().join("key.aside")).unwrap();
    assert_exchange!(scratch.run(&["status"]).await, @r#"
    $ evergrant status
    exit 6
    --- stderr
    error: the store at [home]/evergrant.db cannot be decrypted: the key file [home]/key is gone
      help: mend the key: put back the one that belongs to [home]/evergrant.db
    "#);
    scratch.run(&["login", "acme", "--flow", "device"]).await.expect(6);
    fs::rename(scratch.home().join("key.aside"), scratch.home().join("key")).unwrap();
    scratch.run(&["status", "acme"]).await.expect(0);
}

#[cfg(unix)]
#[tokio::test]
async fn a_home_that_others_can_read_exits_6() {
    use std::os::unix::fs::PermissionsExt;
    let sandbox = sandbox().await;
    let scratch = Scratch::with(&sandbox);
    scratch.run(&["login", "acme", "--flow", "device"]).await.expect(0);
    fs::set_permissions(scratch.home(), fs::Permissions::from_mode(0o755)).unwrap();
    assert_exchange!(scratch.run(&["status", "--json"]).await, @r#"
    $ evergrant status --json
    exit 6
    --- stdout
    {"error":{"code":"store-permission","message":"the store at [home] may not be used: others than its owner can reach it (mode 755)","remedy":{"kind":"run","sentence":"give the directory back to you alone","command":"chmod 700 [home]"}}}
    "#);
    fs::set_permissions(scratch.home(), fs::Permissions::from_mode(0o700)).unwrap();
    scratch.run(&["status", "acme"]).await.expect(0);
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_disk_that_fills_up_during_a_renewal_loses_nothing() {
    let sandbox = sandbox().await;
    let scratch = Scratch::with(&sandbox);
    sandbox
        .control()
        .reconfigure(|config| config.access_token_lifetime_secs = 1);
    scratch.run(&["login", "acme", "--flow", "device"]).await.expect(0);
    sandbox
        .control()
        .reconfigure(|config| config.access_token_lifetime_secs = 7200);
    // Its whole life; from then on a token needs a renewal.
    tokio::time::sleep(Duration::from_secs(1)).await;
    // A login that waits has the store open and keeps SQLite's log, which grows with each write.
    let arguments = ["login", "acme", "--flow", "browser", "--no-browser", "--json"];
    let mut waiting = scratch.evergrant(&arguments).spawn().unwrap();
    let mut said = BufReader::new(waiting.stdout.take().unwrap()).lines();
    said.next_line().await.unwrap().unwrap();
    let log = scratch.home().join("evergrant.db-wal");
    while fs::metadata(&log).unwrap().len() < 2 * ROOM {
        scratch.run(&["priority", "acme/default", "1"]).await.expect(0);
        scratch.run(&["priority", "acme/default", "0"]).await.expect(0);
    }
    // The disk is full from when the token is spent on: the journal can still be written, the log cannot.
    sandbox
        .control()
        .arm(Order::new("answer-slow").with("delay_ms", 1_500))
        .unwrap();
    let child = scratch.unsignalled(&["token", "acme", "--json"]).spawn().unwrap();
    while sandbox.control().counters().refreshes == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let pid = child.id().unwrap().to_string();
    let limited = Command::new("prlimit")
        .args(["--pid", &pid, &format!("--fsize={ROOM}:")])
        .status();
    assert!(limited.unwrap().success());
    let output = child.wait_with_output().await.unwrap();
    let full = Exchange::new(&["token", "acme", "--json"], output, &scratch.home()).expect(6);
    assert!(full.stderr.contains("could not be saved yet"), "{full}");
    // Whoever comes next finishes the journal.
    let again = scratch.run(&["token", "acme", "--json"]).await.expect(0);
    assert_eq!(again.json(), full.json());
    let status = scratch.run(&["status", "acme", "--json"]).await.expect(0).json();
    assert_eq!(status["credentials"][0]["generation"], 2, "{status}");
    assert_eq!(sandbox.control().counters().refreshes, 1);
}

#[tokio::test]
async fn a_mistake_in_the_configuration_names_its_place() {
    let scratch = Scratch::new();
    scratch.write("config.toml", "[serve]\nlisten = [\"8787\"]\n");
    assert_exchange!(scratch.run(&["status"]).await, @r#"
    $ evergrant status
    exit 2
    --- stderr
    error: [home]/config.toml:2: `serve.listen`: `8787` is not an address like `[address]`, `[::]:8787` or `unix:PATH`
      help: mend line 2, or turn it into a comment: the default holds then
      try: sed -i.bak '2s/^/# /' [home]/config.toml
    "#);
    scratch.run(&["doctor"]).await.expect(1);
}

/// Room for the journal, and less than SQLite's log has grown to.
#[cfg(target_os = "linux")]
const ROOM: u64 = 64 << 10;

/// Every file below the directory with its bytes.
fn files(directory: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut open = vec![directory.to_owned()];
    while let Some(directory) = open.pop() {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else {
                // What SQLite shares between its readers may stay, but says nothing.
                let shared = path.to_string_lossy().ends_with("-shm") || path.to_string_lossy().ends_with("-wal");
                if !shared {
                    found.insert(path.display().to_string(), fs::read(path).unwrap());
                }
            }
        }
    }
    found
}
