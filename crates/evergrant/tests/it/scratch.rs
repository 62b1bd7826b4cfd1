//! A home that is thrown away, and the binary run in it with an environment that holds nothing else.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use evergrant_sandbox::{Config, Running, Sandbox};
use tempfile::TempDir;
use tokio::io::AsyncWriteExt;
use tokio::process::{Child, Command};

use crate::exchange::Exchange;

/// A home with its own environment.
pub(crate) struct Scratch {
    directory: TempDir,
    variables: Vec<(String, String)>,
}

impl Scratch {
    /// An empty one.
    pub(crate) fn new() -> Self {
        Self {
            directory: tempfile::tempdir().unwrap(),
            variables: Vec::new(),
        }
    }

    /// One that knows a sandbox under the id `acme`, for logins, and `acme-key`, for keys.
    pub(crate) fn with(sandbox: &Running) -> Self {
        let scratch = Self::new();
        scratch.write("providers.d/acme.toml", &sandbox.provider_row("acme"));
        scratch.write("providers.d/acme-key.toml", &sandbox.api_key_row("acme-key"));
        scratch
    }

    /// Sets a variable for every run from now on.
    pub(crate) fn set(&mut self, name: &str, value: &str) {
        self.variables.push((name.to_owned(), value.to_owned()));
    }

    /// The home directory.
    pub(crate) fn home(&self) -> PathBuf {
        self.directory.path().join("home")
    }

    /// Writes a file below the home, with its directories.
    pub(crate) fn write(&self, file: &str, text: &str) {
        let path = self.home().join(file);
        make(&self.home());
        make(path.parent().unwrap());
        std::fs::write(path, text).unwrap();
    }

    /// The binary with these arguments, not yet started.
    pub(crate) fn evergrant(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_evergrant"));
        command
            .args(arguments)
            .env_clear()
            // What takes a protection away is known when the tests are built.
            .envs(option_env!("EVERGRANT_BROKEN").map(|names| ("EVERGRANT_BROKEN", names)))
            .env("EVERGRANT_HOME", self.home())
            .env("HOME", self.directory.path())
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .current_dir(self.directory.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        command
    }

    /// Runs it to its end.
    pub(crate) async fn run(&self, arguments: &[&str]) -> Exchange {
        let output = self.evergrant(arguments).output().await.unwrap();
        Exchange::new(arguments, output, &self.home())
    }

    /// Runs it to its end with stdout led there.
    pub(crate) async fn run_into(&self, arguments: &[&str], stdout: impl Into<Stdio>) -> Exchange {
        let child = self.evergrant(arguments).stdout(stdout).spawn().unwrap();
        Exchange::new(arguments, child.wait_with_output().await.unwrap(), &self.home())
    }

    /// The binary with these arguments, which may have so many files open.
    #[cfg(target_os = "linux")]
    pub(crate) fn with_files(&self, files: u32, arguments: &[&str]) -> Command {
        self.in_shell(&format!("ulimit -n {files}; exec \"$@\""), arguments)
    }

    /// The binary with these arguments, deaf to the signal that a full file sends, so that its write fails as on a full disk.
    #[cfg(target_os = "linux")]
    pub(crate) fn unsignalled(&self, arguments: &[&str]) -> Command {
        // 25 is SIGXFSZ.
        self.in_shell("trap '' 25; exec \"$@\"", arguments)
    }

    #[cfg(target_os = "linux")]
    fn in_shell(&self, script: &str, arguments: &[&str]) -> Command {
        let plain = self.evergrant(&[]);
        let variables = plain.as_std().get_envs();
        let mut shell = Command::new("/bin/sh");
        shell
            .args(["-c", script, "sh", env!("CARGO_BIN_EXE_evergrant")])
            .args(arguments)
            .env_clear()
            .envs(variables.filter_map(|(name, value)| Some((name, value?))))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        shell
    }

    /// Runs it to its end with this on stdin.
    pub(crate) async fn run_with(&self, arguments: &[&str], input: &[u8]) -> Exchange {
        let mut child = self.evergrant(arguments).stdin(Stdio::piped()).spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let (_, output) = tokio::join!(
            async move {
                // A program that ends without reading has every right to.
                let _ = stdin.write_all(input).await;
                let _ = stdin.shutdown().await;
            },
            child.wait_with_output()
        );
        Exchange::new(arguments, output.unwrap(), &self.home())
    }
}

/// A sandbox as it is from the start.
pub(crate) async fn sandbox() -> Running {
    Sandbox::start(Config::default()).await.unwrap()
}

/// Sends a signal by name.
#[cfg(unix)]
pub(crate) fn signal(child: &Child, name: &str) {
    let pid = child.id().unwrap().to_string();
    let sent = std::process::Command::new("kill")
        .args([&format!("-{name}"), &pid])
        .status();
    assert!(sent.unwrap().success());
}

fn make(directory: &Path) {
    std::fs::create_dir_all(directory).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(directory, std::fs::Permissions::from_mode(0o700)).unwrap();
    }
}
