//! A sound home that is broken on purpose and mended by what `doctor` prints, in one shell.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use evergrant_sandbox::Running;
use serde_json::Value;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

use crate::scratch::{Scratch, sandbox};

/// A home with a login, a sandbox to log in at, and a shell.
pub(crate) struct Patient {
    pub(crate) sandbox: Running,
    pub(crate) scratch: Scratch,
    /// What every shell runs in, such as another mount namespace.
    pub(crate) within: Vec<String>,
    /// What every shell does first.
    pub(crate) first: Vec<String>,
    /// What is typed when a remedy asks for something.
    pub(crate) typed: String,
}

impl Patient {
    /// A home with a login, which `doctor` finds nothing wrong with.
    pub(crate) async fn sound() -> Self {
        let patient = Self::empty().await;
        patient.logs_in().await;
        patient.is_clean().await;
        patient
    }

    /// A home without a login.
    pub(crate) async fn empty() -> Self {
        let sandbox = sandbox().await;
        let scratch = Scratch::with(&sandbox);
        Self {
            sandbox,
            scratch,
            within: Vec::new(),
            first: Vec::new(),
            typed: String::new(),
        }
    }

    pub(crate) async fn logs_in(&self) {
        self.scratch.run(&["login", "acme", "--flow", "device"]).await.expect(0);
    }

    /// A path in the home.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.scratch.home().join(name)
    }

    /// The one credential's id.
    pub(crate) async fn id(&self) -> String {
        let status = self.scratch.run(&["status", "--json"]).await.json();
        status["credentials"][0]["id"].as_str().unwrap().to_owned()
    }

    /// `doctor` names the fault and changes nothing; each remedy is run as it is printed, until nothing is left to do.
    /// Answers what was found first.
    pub(crate) async fn is_told_and_mended(&mut self, check: &str, level: &str, says: &str) -> Value {
        let first = self.is_told(check, level, says).await;
        let mut left = self.findings().await;
        for _ in 0..ROUNDS {
            let Some(next) = wrong(&left).into_iter().next() else {
                break;
            };
            let command = next["remedy"]["command"].as_str();
            let command = command.unwrap_or_else(|| panic!("nothing to copy: {next}")).to_owned();
            if SHELL_OWN.iter().any(|own| command.starts_with(own)) {
                // What only this shell knows is gone with it, so that every later one begins with it.
                self.first.push(command);
            } else {
                let (exit, said) = self.shell(&command).await;
                assert_eq!(exit, Some(0), "{command}: {said}");
            }
            left = self.findings().await;
        }
        assert_eq!(wrong(&left), Vec::<&Value>::new(), "after what mends `{first}`");
        println!("mended: {check}: {}", first["message"].as_str().unwrap());
        first
    }

    /// `doctor` names the fault, and changes not one byte.
    pub(crate) async fn is_told(&self, check: &str, level: &str, says: &str) -> Value {
        let before = snapshot(&self.scratch.home());
        let found = self.findings().await;
        assert!(before == snapshot(&self.scratch.home()), "doctor changed the home");
        let told = found.iter().find(|finding| {
            let message = finding["message"].as_str().unwrap();
            finding["check"] == check && finding["level"] == level && message.contains(says)
        });
        let told = told.unwrap_or_else(|| panic!("no {level} of `{check}` that says `{says}`: {found:#?}"));
        assert!(told["remedy"]["sentence"].is_string(), "{told}");
        told.clone()
    }

    pub(crate) async fn is_clean(&self) {
        assert_eq!(wrong(&self.findings().await), Vec::<&Value>::new());
    }

    /// What `doctor` finds, within the limit; its exit code is 1 with a fault and 0 without.
    pub(crate) async fn findings(&self) -> Vec<Value> {
        let (exit, said) = self.shell("evergrant doctor --json").await;
        let last = said.lines().last().unwrap_or_default();
        let document: Value = serde_json::from_str(last).unwrap_or_else(|error| panic!("{error}: {said}"));
        let findings = document["findings"].as_array().unwrap().clone();
        let fault = findings.iter().any(|finding| finding["level"] == "fault");
        assert_eq!(exit, Some(i32::from(fault)), "{document}");
        findings
    }

    /// Runs this after what every shell does first.
    pub(crate) async fn shell(&self, command: &str) -> (Option<i32>, String) {
        let script = [ALONE, &self.first.join("\n"), command].join("\n");
        let plain = self.scratch.evergrant(&[]);
        let variables = plain.as_std().get_envs();
        let words: Vec<&str> = self
            .within
            .iter()
            .map(String::as_str)
            .chain(["bash", "-c", &script])
            .collect();
        let mut shell = Command::new(words[0]);
        shell
            .args(&words[1..])
            .envs(variables.filter_map(|(name, value)| Some((name, value?))))
            .env("PATH", path())
            .current_dir(self.scratch.home().parent().unwrap())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        let mut child = shell.spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        // A command that asks for nothing may have ended already.
        let _ = stdin.write_all(self.typed.as_bytes()).await;
        drop(stdin);
        let output = tokio::time::timeout(PATIENCE, child.wait_with_output()).await;
        let output = output.unwrap_or_else(|_| panic!("it hangs: {command}")).unwrap();
        let said = format!(
            "{}{}",
            String::from_utf8_lossy(&output.stderr),
            String::from_utf8_lossy(&output.stdout)
        );
        (output.status.code(), said)
    }
}

/// Where the binary under test and the system's tools are.
fn path() -> String {
    let own = Path::new(env!("CARGO_BIN_EXE_evergrant")).parent().unwrap();
    format!("{}:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", own.display())
}

fn wrong(findings: &[Value]) -> Vec<&Value> {
    findings.iter().filter(|finding| finding["level"] != "ok").collect()
}

/// Everything below the home: kind, mode, owner, time and bytes. Not what SQLite's readers share: an index in memory that a
/// file stands for, and a log that is empty.
fn snapshot(directory: &Path) -> BTreeMap<String, (String, Vec<u8>)> {
    use std::os::unix::fs::MetadataExt;
    let mut found = BTreeMap::new();
    let mut folders = vec![directory.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            let known = fs::symlink_metadata(&path).unwrap();
            let name = path.display().to_string();
            if name.ends_with("-shm") || name.ends_with("-wal") && known.len() == 0 {
                continue;
            }
            let bytes = if known.is_file() {
                fs::read(&path).unwrap()
            } else {
                Vec::new()
            };
            if known.is_dir() {
                folders.push(path.clone());
            }
            // Making the shared index and removing it again is seen in the time of its directory alone.
            let time = if known.is_dir() { None } else { known.modified().ok() };
            let nature = format!("{:o} {} {time:?}", known.mode(), known.uid());
            found.insert(name, (nature, bytes));
        }
    }
    found
}

/// Begins with nothing of the environment that the tests run in, but for what takes a protection away.
const ALONE: &str = "\
for name in $(compgen -e); do
  case $name in EVERGRANT_HOME | EVERGRANT_BROKEN | HOME | PATH) ;; *) unset \"$name\" ;; esac
done";

/// What is of use to the shell that runs it alone.
const SHELL_OWN: [&str; 4] = ["unset ", "export ", "read ", "ulimit "];

/// More than one fault can follow from one break; none has as many.
const ROUNDS: usize = 6;

/// Well over the 10 s that SQLite waits for another process.
const PATIENCE: Duration = Duration::from_secs(60);
