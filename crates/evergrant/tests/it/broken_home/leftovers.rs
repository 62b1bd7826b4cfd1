//! What processes that ended badly, or do not end, leave behind.

use std::fs;

use serde_json::json;

use super::patient::Patient;

/// A process that holds the lock of the patient's credential, and has written its name beside it.
async fn holder(patient: &Patient, holds: bool, lives_secs: u32) -> (tokio::process::Child, u32) {
    let id = patient.id().await;
    let lock = patient.path(&format!("locks/{id}.lock"));
    let takes = if holds { "flock 9;" } else { "" };
    let script = format!(
        "exec 9<>'{}'; {takes} echo ready; exec sleep {lives_secs}",
        lock.display()
    );
    let mut child = tokio::process::Command::new("bash")
        .args(["-c", &script])
        .stdout(std::process::Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut ready = tokio::io::BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    tokio::io::AsyncBufReadExt::read_line(&mut ready, &mut line)
        .await
        .unwrap();
    let pid = child.id().unwrap();
    name(patient, &id, pid);
    (child, pid)
}

fn name(patient: &Patient, id: &str, pid: u32) {
    let host = fs::read_to_string("/proc/sys/kernel/hostname").unwrap();
    let text = json!({"pid": pid, "host": host.trim(), "since": 1_800_000_000_000_i64});
    write(patient, &format!("locks/{id}.holder"), &text.to_string());
}

fn write(patient: &Patient, file: &str, text: &str) {
    use std::os::unix::fs::PermissionsExt;
    patient.scratch.write(file, text);
    fs::set_permissions(patient.path(file), fs::Permissions::from_mode(0o600)).unwrap();
}

#[tokio::test]
async fn a_holder_that_is_stopped() {
    let mut patient = Patient::sound().await;
    let (child, pid) = holder(&patient, true, 60).await;
    crate::scratch::signal(&child, "STOP");
    let told = patient.is_told_and_mended("locks", "fault", "and is stopped").await;
    assert_eq!(told["remedy"]["command"], format!("kill -CONT {pid}"));
}

#[tokio::test]
async fn a_name_at_a_lock_that_nobody_holds() {
    let mut patient = Patient::sound().await;
    let (_child, _) = holder(&patient, false, 60).await;
    patient.is_told_and_mended("locks", "warn", "holds it no longer").await;
}

#[tokio::test]
async fn a_name_of_a_process_that_has_ended() {
    let mut patient = Patient::sound().await;
    let id = patient.id().await;
    // Beyond the largest number that Linux gives.
    name(&patient, &id, 4_194_305);
    patient.is_told_and_mended("locks", "warn", "which has ended").await;
}

#[tokio::test]
async fn a_lock_file_that_was_removed_under_its_holder() {
    let mut patient = Patient::sound().await;
    let (mut child, pid) = holder(&patient, true, 3).await;
    let id = patient.id().await;
    fs::remove_file(patient.path(&format!("locks/{id}.lock"))).unwrap();
    // Whoever started it must take note of its end, or it stays in the table of processes.
    let ended = tokio::spawn(async move { child.wait().await });
    patient
        .is_told_and_mended("locks", "fault", &format!("while process {pid} holds it"))
        .await;
    ended.await.unwrap().unwrap();
}

#[tokio::test]
async fn locks_that_are_gone() {
    let mut patient = Patient::sound().await;
    fs::remove_dir_all(patient.path("locks")).unwrap();
    patient.is_told_and_mended("locks", "warn", "is gone").await;
}

#[tokio::test]
async fn a_renewal_that_was_cut_off() {
    let mut patient = Patient::sound().await;
    let id = patient.id().await;
    write(&patient, &format!("locks/{id}.journal"), &"\0".repeat(64 * 1024));
    patient.is_told_and_mended("journals", "warn", "was cut off").await;
}

#[tokio::test]
async fn a_gateway_that_died() {
    let mut patient = Patient::sound().await;
    let text = json!({"address": "127.0.0.1:8787", "addresses": ["127.0.0.1:8787"], "pid": 4_194_305});
    write(&patient, "run/gateway.json", &text.to_string());
    patient.is_told_and_mended("gateway", "warn", "has ended").await;
}

#[tokio::test]
async fn a_pipe_in_place_of_the_gateways_address() {
    let mut patient = Patient::sound().await;
    patient
        .shell("mkfifo -m 600 \"$EVERGRANT_HOME/run/gateway.json\"")
        .await;
    patient.is_told_and_mended("gateway", "warn", "no ordinary file").await;
}

/// A gateway mends it, which does not end by itself.
#[tokio::test]
async fn a_token_that_waits_to_be_revoked() {
    let mut patient = Patient::sound().await;
    let busy = evergrant_sandbox::Order::new("respond")
        .with("path", "/oauth2/revoke")
        .with("status", 503)
        .with("body", "busy");
    patient.sandbox.control().arm(busy).unwrap();
    patient.scratch.run(&["logout", "acme/default"]).await.expect(0);
    let told = patient
        .is_told("revocation acme/default", "warn", "to be revoked")
        .await;
    patient.sandbox.control().disarm("respond");
    let command = told["remedy"]["command"].as_str().unwrap().to_owned();
    patient.first.push(format!(
        "{command} --listen 127.0.0.1:0 >/dev/null 2>&1 & trap \"kill $!\" EXIT"
    ));
    let until = tokio::time::Instant::now() + std::time::Duration::from_secs(50);
    while patient.findings().await.iter().any(|finding| finding["level"] != "ok") {
        assert!(tokio::time::Instant::now() < until, "it is still waiting");
        patient.shell("sleep 3").await;
    }
    println!("mended: {told}");
}
