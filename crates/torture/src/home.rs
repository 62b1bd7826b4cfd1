//! A home that is thrown away, with a row for a sandbox and, if wanted, a login there.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow};
use evergrant_driver::settings::Settings;
use evergrant_driver::sign_in::{Person, SignInEvent, SignInOptions};
use evergrant_driver::{Account, Driver, Flow};
use evergrant_sandbox::Running;
use evergrant_sandbox::client::{Browser, HttpClient};
use serde_json::Value;
use tempfile::TempDir;
use tokio::process::Command;

use crate::exchange::Exchange;
use crate::run::Run;

/// A home that knows the sandbox as provider `acme`.
#[derive(Debug)]
pub(crate) struct Home {
    directory: TempDir,
    variables: Vec<(String, String)>,
}

impl Home {
    /// An empty one.
    pub(crate) fn with(sandbox: &Running) -> Result<Self> {
        let home = Self {
            directory: tempfile::Builder::new().prefix("torture-").tempdir()?,
            variables: Vec::new(),
        };
        let rows = home.path().join("providers.d");
        std::fs::create_dir_all(&rows)?;
        std::fs::write(rows.join("acme.toml"), sandbox.provider_row(PROVIDER))?;
        private(&home.path())?;
        Ok(home)
    }

    /// One with a login, made as a library user makes it; its label is the provider's choice.
    pub(crate) async fn logged_in(sandbox: &Running) -> Result<Self> {
        let home = Self::with(sandbox)?;
        let driver = Driver::open(home.settings()?).map_err(said)?;
        log_in(&driver).await?;
        Ok(home)
    }

    /// Where it is.
    pub(crate) fn path(&self) -> PathBuf {
        self.directory.path().join("home")
    }

    /// Sets a variable for every run from now on.
    pub(crate) fn set(&mut self, name: &str, value: &str) {
        self.variables.push((name.to_owned(), value.to_owned()));
    }

    /// What a library user opens it with.
    pub(crate) fn settings(&self) -> Result<Settings> {
        Settings::load(Some(self.path()), []).map_err(said)
    }

    /// The binary with these arguments, not yet started; the protections that this harness lacks are lacking there too.
    pub(crate) fn evergrant(&self, run: &Run, arguments: &[&str]) -> Command {
        self.dressed(&run.evergrant, arguments)
    }

    /// Any binary with the environment of this home.
    pub(crate) fn dressed(&self, binary: &Path, arguments: &[&str]) -> Command {
        let mut command = Command::new(binary);
        command
            .args(arguments)
            .env_clear()
            .env("EVERGRANT_HOME", self.path())
            .env("HOME", self.directory.path())
            .envs(std::env::var_os(BROKEN).map(|broken| (BROKEN, broken)))
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .current_dir(self.directory.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        command
    }

    /// Runs the binary to its end, 60 s at most.
    pub(crate) async fn run(&self, run: &Run, arguments: &[&str]) -> Result<Exchange> {
        let child = self.evergrant(run, arguments).spawn().context("starting evergrant")?;
        let output = tokio::time::timeout(RUN_MAX, child.wait_with_output());
        let output = output.await.with_context(|| format!("`{arguments:?}` hangs"))??;
        Ok(Exchange::of(output))
    }

    /// The one credential as `status --json` shows it.
    pub(crate) async fn credential(&self, run: &Run) -> Result<Value> {
        let status = self.run(run, &["status", "--json"]).await?;
        let document = status.json()?;
        match document["credentials"].as_array().map(Vec::as_slice) {
            Some([credential]) => Ok(credential.clone()),
            _ => Err(anyhow!("one credential is wanted: {document}")),
        }
    }
}

/// Logs in at `acme` with a browser that says yes.
pub(crate) async fn log_in(driver: &Driver) -> Result<Account> {
    let options = SignInOptions {
        flow: Some(Flow::Browser),
        can_show_browser: true,
        paste_again: false,
        timeout: LOGIN_MAX,
        key_provider: None,
    };
    let events = |event: SignInEvent| {
        if let SignInEvent::Authorize { url, .. } = event {
            tokio::spawn(async move { Browser::new(HttpClient::new()).visit(url.as_str()).await });
        }
    };
    let person = Person {
        events: &events,
        paste: None,
    };
    driver
        .sign_in(&PROVIDER.into(), None, options, person)
        .await
        .map_err(said)
}

/// Whether the provider takes this access token.
pub(crate) async fn accepts(sandbox: &Running, access_token: &str) -> bool {
    let url = format!("{}/models", sandbox.base_url());
    let reply = HttpClient::new().bearer(access_token).get(&url).await;
    reply.is_ok_and(|reply| reply.status == 200)
}

/// A failure of the product where the harness needs it to work.
pub(crate) fn said(failure: evergrant_driver::Failure) -> anyhow::Error {
    anyhow!("{}: {failure}", failure.code.as_str())
}

#[cfg(unix)]
pub(crate) fn private(folder: &Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    Ok(std::fs::set_permissions(
        folder,
        std::fs::Permissions::from_mode(0o700),
    )?)
}

#[cfg(not(unix))]
pub(crate) fn private(_: &Path) -> Result<()> {
    Ok(())
}

/// The sandbox's id in every home.
pub(crate) const PROVIDER: &str = "acme";

/// Where the protections stand that are taken away.
const BROKEN: &str = "EVERGRANT_BROKEN";

/// 60 s: longer than a caller's patience and a store's together; whoever needs more hangs.
const RUN_MAX: Duration = Duration::from_secs(60);

/// 60 s: many logins at once on a busy machine.
const LOGIN_MAX: Duration = Duration::from_secs(60);
