//! The home itself, the key, the store: who can reach them, what stands in their place, what is in them.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::patient::Patient;

fn mode(path: &Path, bits: u32) {
    fs::set_permissions(path, Permissions::from_mode(bits)).unwrap();
}

fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0)
}

#[tokio::test]
async fn a_home_that_others_can_enter() {
    let mut patient = Patient::sound().await;
    mode(&patient.path(""), 0o755);
    patient
        .is_told_and_mended("home", "fault", "others than its owner can reach it")
        .await;
}

#[tokio::test]
async fn a_key_that_others_can_read() {
    let mut patient = Patient::sound().await;
    mode(&patient.path("key"), 0o644);
    patient.is_told_and_mended("permissions", "fault", "key").await;
}

#[tokio::test]
async fn a_store_that_the_group_can_read() {
    let mut patient = Patient::sound().await;
    mode(&patient.path("evergrant.db"), 0o640);
    patient.is_told_and_mended("permissions", "fault", "evergrant.db").await;
}

#[tokio::test]
async fn locks_that_others_can_list() {
    let mut patient = Patient::sound().await;
    mode(&patient.path("locks"), 0o755);
    patient.is_told_and_mended("permissions", "fault", "locks").await;
}

#[tokio::test]
async fn a_home_after_a_careless_chmod() {
    let mut patient = Patient::sound().await;
    patient.shell("chmod -R go+rX \"$EVERGRANT_HOME\"").await;
    let told = patient
        .is_told_and_mended("permissions", "fault", "files that may not be used")
        .await;
    assert!(told["message"].as_str().unwrap().contains("evergrant.db"), "{told}");
}

#[tokio::test]
async fn a_configuration_that_others_can_write() {
    let mut patient = Patient::sound().await;
    patient.scratch.write("config.toml", "[chat]\nmodel = \"m\"\n");
    mode(&patient.path("config.toml"), 0o666);
    patient
        .is_told_and_mended("permissions", "warn", "others than its owner may write")
        .await;
}

#[tokio::test]
async fn a_key_of_another_owner() {
    if !is_root() {
        println!("skipped: only root can give a file away");
        return;
    }
    let mut patient = Patient::sound().await;
    std::os::unix::fs::chown(patient.path("key"), Some(12_345), None).unwrap();
    patient
        .is_told_and_mended("permissions", "fault", "belongs to user 12345")
        .await;
}

#[tokio::test]
async fn a_key_that_was_moved_away() {
    let mut patient = Patient::sound().await;
    fs::rename(patient.path("key"), patient.path("key.bak")).unwrap();
    patient.is_told_and_mended("key", "fault", "is gone").await;
    patient.scratch.run(&["status", "acme"]).await.expect(0);
}

#[tokio::test]
async fn a_key_that_is_lost() {
    let mut patient = Patient::sound().await;
    fs::remove_file(patient.path("key")).unwrap();
    patient.is_told_and_mended("key", "fault", "is gone").await;
    assert!(patient.path("aside-1/evergrant.db").exists(), "nothing is thrown away");
    patient.logs_in().await;
    patient.is_clean().await;
}

#[tokio::test]
async fn a_key_that_is_cut_short() {
    let mut patient = Patient::sound().await;
    fs::write(patient.path("key"), "c2hvcnQ=\n").unwrap();
    patient.is_told_and_mended("key", "fault", "does not hold a key").await;
    assert!(patient.path("aside-1/key").exists());
}

#[tokio::test]
async fn a_key_of_another_home() {
    let mut patient = Patient::sound().await;
    fs::rename(patient.path("key"), patient.path("my-key")).unwrap();
    fs::write(patient.path("key"), "11".repeat(32)).unwrap();
    mode(&patient.path("key"), 0o600);
    patient
        .is_told_and_mended("key", "fault", "is not the key it was sealed under")
        .await;
    patient.scratch.run(&["status", "acme"]).await.expect(0);
}

#[tokio::test]
async fn a_key_that_is_a_link_to_nowhere() {
    let mut patient = Patient::empty().await;
    patient.logs_in().await;
    fs::rename(patient.path("key"), patient.path("key~")).unwrap();
    std::os::unix::fs::symlink("/nowhere/key", patient.path("key")).unwrap();
    patient
        .is_told_and_mended("permissions", "fault", "symbolic link")
        .await;
    patient.scratch.run(&["status", "acme"]).await.expect(0);
}

#[tokio::test]
async fn a_directory_in_place_of_the_key() {
    let mut patient = Patient::sound().await;
    fs::remove_file(patient.path("key")).unwrap();
    fs::create_dir(patient.path("key")).unwrap();
    patient.is_told_and_mended("permissions", "fault", "not a file").await;
}

#[tokio::test]
async fn a_store_that_is_damaged() {
    let mut patient = Patient::sound().await;
    let length = fs::metadata(patient.path("evergrant.db")).unwrap().len();
    fs::write(
        patient.path("evergrant.db"),
        vec![0x5a; usize::try_from(length).unwrap()],
    )
    .unwrap();
    patient.is_told_and_mended("store", "fault", "is damaged").await;
    patient.logs_in().await;
    patient.is_clean().await;
}

#[tokio::test]
async fn a_store_that_is_cut_to_nothing() {
    let mut patient = Patient::sound().await;
    fs::write(patient.path("evergrant.db"), "").unwrap();
    patient.is_told_and_mended("store", "fault", "is empty").await;
}

#[tokio::test]
async fn a_directory_in_place_of_the_store() {
    let mut patient = Patient::sound().await;
    fs::remove_file(patient.path("evergrant.db")).unwrap();
    fs::create_dir(patient.path("evergrant.db")).unwrap();
    patient.is_told_and_mended("permissions", "fault", "not a file").await;
}

/// Only an update helps, which no command here can do.
#[tokio::test]
async fn a_store_of_a_newer_version_is_named() {
    let patient = Patient::sound().await;
    let mut bytes = fs::read(patient.path("evergrant.db")).unwrap();
    // The file format of SQLite: `user_version` is the big-endian number at byte 60.
    bytes[60..64].copy_from_slice(&9_u32.to_be_bytes());
    fs::write(patient.path("evergrant.db"), bytes).unwrap();
    let told = patient.is_told("store", "fault", "newer evergrant").await;
    assert!(
        told["remedy"]["sentence"]
            .as_str()
            .unwrap()
            .contains("update evergrant"),
        "{told}"
    );
}
