//! The machine: its disks, its limits, its clock.

use std::fs;
use std::process::{Child, Command, Stdio};

use evergrant_driver::clock::{Clock, SystemClock, TestClock};
use evergrant_driver::settings::Settings;
use evergrant_driver::{Driver, Hooks};

use super::patient::Patient;

/// A mount namespace of its own, until it is dropped.
struct Mounts(Child);

impl Mounts {
    /// `None` where the system does not let us.
    fn new() -> Option<Self> {
        let child = Command::new("unshare")
            .args(["-m", "--propagation", "private", "sleep", "300"])
            .stderr(Stdio::null())
            .spawn()
            .ok()?;
        let mut mounts = Self(child);
        let own = || fs::read_link("/proc/self/ns/mnt").ok();
        for _ in 0..200 {
            if mounts.0.try_wait().is_ok_and(|ended| ended.is_some()) {
                return None;
            }
            let theirs = fs::read_link(format!("/proc/{}/ns/mnt", mounts.0.id())).ok();
            if theirs.is_some() && theirs != own() {
                return Some(mounts);
            }
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        None
    }

    fn enter(&self) -> Vec<String> {
        ["nsenter", "-m", "-t", &self.0.id().to_string()]
            .map(str::to_owned)
            .to_vec()
    }
}

impl Drop for Mounts {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The patient's home copied onto a disk of that size.
async fn on_a_disk(patient: &mut Patient, mounts: &Mounts, size: &str) {
    patient.within = mounts.enter();
    let script = format!(
        "set -e; cd \"$EVERGRANT_HOME/..\"; cp -a home copy; mount -t tmpfs -o size={size},mode=700 none home; cp -a copy/. home/"
    );
    let (exit, said) = patient.shell(&script).await;
    assert_eq!(exit, Some(0), "{said}");
    patient.is_clean().await;
}

#[tokio::test]
async fn a_disk_that_is_mounted_read_only() {
    let Some(mounts) = Mounts::new() else {
        println!("skipped: nothing may be mounted here");
        return;
    };
    let mut patient = Patient::sound().await;
    on_a_disk(&mut patient, &mounts, "16m").await;
    patient.shell("mount -o remount,ro \"$EVERGRANT_HOME\"").await;
    patient
        .is_told_and_mended("file system", "fault", "mounted read-only")
        .await;
}

/// Which file can go only the user knows; the remedy shows the largest.
#[tokio::test]
async fn a_disk_that_is_full() {
    let Some(mounts) = Mounts::new() else {
        println!("skipped: nothing may be mounted here");
        return;
    };
    let mut patient = Patient::sound().await;
    on_a_disk(&mut patient, &mounts, "8m").await;
    patient.shell("head -c 8m /dev/zero > \"$EVERGRANT_HOME/films\"").await;
    let told = patient.is_told("file system", "fault", "is full").await;
    let (_, shown) = patient.shell(told["remedy"]["command"].as_str().unwrap()).await;
    assert!(shown.contains("films"), "{shown}");
    patient.shell("rm \"$EVERGRANT_HOME/films\"").await;
    patient.is_clean().await;
}

#[tokio::test]
async fn a_limit_on_the_length_of_files() {
    let mut patient = Patient::sound().await;
    patient.first.push("ulimit -S -f 64".to_owned());
    patient.is_told_and_mended("file system", "fault", "`ulimit -f`").await;
}

/// Nothing here may set the clock of the machine, so that the remedy is only read.
#[tokio::test]
async fn a_clock_that_was_set_back_is_named() {
    let patient = Patient::sound().await;
    let mut later = SystemClock::new().now();
    later.wall = later.wall.plus(std::time::Duration::from_secs(3_600));
    let clock = TestClock::new(later);
    let hooks = Hooks {
        clock: Some(std::sync::Arc::new(clock)),
        ..Hooks::default()
    };
    let settings = Settings::load(Some(patient.scratch.home()), []).unwrap();
    let driver = Driver::open_with(settings, hooks).unwrap();
    let key = evergrant_driver::KeySource::Value(evergrant_driver::Secret::from("sk-sandbox-of-tomorrow"));
    driver.add_key(&"acme-key".into(), None, key).await.unwrap();
    drop(driver);
    let told = patient.is_told("clock", "warn", "it was set back").await;
    assert!(
        told["remedy"]["command"]
            .as_str()
            .unwrap()
            .ends_with("timedatectl set-ntp true"),
        "{told}"
    );
}
