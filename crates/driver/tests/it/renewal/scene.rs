//! A home, a provider and a clock, for tests that renew.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use evergrant_driver::client::AttemptRecorder;
use evergrant_driver::clock::{Clock, SystemClock, TestClock};
use evergrant_driver::settings::Settings;
use evergrant_driver::sign_in::{Person, SignInEvent, SignInOptions};
use evergrant_driver::store::{Mode, open};
use evergrant_driver::{Account, Driver, Flow, Hooks, KeySource, Recorded, Secret};
use evergrant_engine::credential::{Grant, Material};
use evergrant_engine::store::Record;
use evergrant_engine::time::Moment;
use evergrant_sandbox::client::{Browser, HttpClient};
use evergrant_sandbox::{Config, Control, Running, Sandbox};
use tokio::net::TcpSocket;

/// Everything a story needs; the home goes with it.
pub(crate) struct Scene {
    sandbox: Option<Running>,
    /// The port of a provider that went away, so that no other server is found there.
    vacant: Option<TcpSocket>,
    control: Control,
    pub(crate) clock: Arc<TestClock>,
    pub(crate) steps: Arc<Mutex<Vec<Recorded>>>,
    pub(crate) attempts: AttemptRecorder,
    home: tempfile::TempDir,
}

impl Scene {
    /// A provider that behaves, and an empty home with its row.
    pub(crate) async fn start(config: Config) -> Self {
        let sandbox = Sandbox::start(config).await.unwrap();
        let home = tempfile::tempdir().unwrap();
        let rows = home.path().join("home/providers.d");
        std::fs::create_dir_all(&rows).unwrap();
        std::fs::write(rows.join("acme.toml"), sandbox.provider_row("acme")).unwrap();
        std::fs::write(rows.join("acme-key.toml"), sandbox.api_key_row("acme-key")).unwrap();
        private(&home.path().join("home"));
        let clock = Arc::new(TestClock::new(SystemClock::new().now()));
        Self {
            control: sandbox.control(),
            sandbox: Some(sandbox),
            vacant: None,
            clock,
            steps: Arc::default(),
            attempts: Arc::default(),
            home,
        }
    }

    /// The same with a grant in it.
    pub(crate) async fn logged_in(config: Config) -> (Self, Driver) {
        let scene = Self::start(config).await;
        let driver = scene.open();
        scene.log_in(&driver).await;
        (scene, driver)
    }

    /// Another home, empty, at the same provider and by the same clock.
    pub(crate) fn beside(&self) -> Self {
        let home = tempfile::tempdir().unwrap();
        let rows = home.path().join("home/providers.d");
        std::fs::create_dir_all(&rows).unwrap();
        for entry in std::fs::read_dir(self.settings().home.providers()).unwrap() {
            let entry = entry.unwrap();
            std::fs::copy(entry.path(), rows.join(entry.file_name())).unwrap();
        }
        private(&home.path().join("home"));
        Self {
            sandbox: None,
            vacant: None,
            control: self.control(),
            clock: Arc::clone(&self.clock),
            steps: Arc::default(),
            attempts: Arc::default(),
            home,
        }
    }

    pub(crate) fn control(&self) -> Control {
        self.control.clone()
    }

    pub(crate) fn now(&self) -> Moment {
        self.clock.now()
    }

    /// Changes the provider's row; who opens the home from now on reads it so.
    pub(crate) fn rewrite_row(&self, change: impl FnOnce(&str) -> String) {
        let row = self.settings().home.providers().join("acme.toml");
        std::fs::write(&row, change(&std::fs::read_to_string(&row).unwrap())).unwrap();
    }

    /// The provider goes away; what is asked of it from now on is not even connected.
    pub(crate) async fn stop_provider(&mut self) {
        let Some(sandbox) = self.sandbox.take() else { return };
        let address = sandbox.address();
        sandbox.stop().await;
        let vacant = TcpSocket::new_v4().unwrap();
        vacant.set_reuseaddr(true).unwrap();
        vacant.bind(address).unwrap();
        self.vacant = Some(vacant);
    }

    /// How many refresh requests the provider has seen.
    pub(crate) fn refreshes(&self) -> u64 {
        self.control().counters().refreshes
    }

    pub(crate) fn settings(&self) -> Settings {
        Settings::load(Some(self.home.path().join("home")), []).unwrap()
    }

    /// Opens the home, as a process that starts does.
    pub(crate) fn open(&self) -> Driver {
        let clock: Arc<dyn Clock> = Arc::clone(&self.clock) as Arc<dyn Clock>;
        let hooks = Hooks {
            clock: Some(clock),
            recorder: Some(Arc::clone(&self.steps)),
            attempts: Some(Arc::clone(&self.attempts)),
        };
        Driver::open_with(self.settings(), hooks).unwrap()
    }

    /// Logs in with a browser that says yes.
    pub(crate) async fn log_in(&self, driver: &Driver) -> Account {
        self.log_in_at(driver, "acme").await
    }

    /// The same at the provider of another row.
    pub(crate) async fn log_in_at(&self, driver: &Driver, provider: &str) -> Account {
        let options = SignInOptions {
            flow: Some(Flow::Browser),
            can_show_browser: true,
            paste_again: false,
            timeout: Duration::from_secs(30),
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
        driver.sign_in(&provider.into(), None, options, person).await.unwrap()
    }

    /// Adds the sandbox's API key under its own provider.
    pub(crate) async fn add_key(&self, driver: &Driver) -> Account {
        let key = KeySource::Value(Secret::from("sk-sandbox-0000000000000000"));
        driver.add_key(&"acme-key".into(), None, key).await.unwrap()
    }

    /// What is on disk now.
    pub(crate) fn records(&self) -> Vec<Record> {
        let settings = self.settings();
        open(&settings.home, &settings.key, Mode::ReadOnly)
            .unwrap()
            .records()
            .unwrap()
    }

    /// The one grant on disk.
    pub(crate) fn grant(&self) -> (Record, Grant) {
        let record = self
            .records()
            .into_iter()
            .find(|record| record.provider.as_str() == "acme")
            .unwrap();
        let Material::Grant(grant) = &record.material else {
            panic!("no grant: {record:?}")
        };
        (record.clone(), Grant::clone(grant))
    }

    pub(crate) fn claims(&self) -> usize {
        let settings = self.settings();
        open(&settings.home, &settings.key, Mode::ReadOnly)
            .unwrap()
            .open_claims()
            .unwrap()
            .len()
    }

    /// Holds every recorded step against the machine again.
    pub(crate) fn replay(&self) -> usize {
        let steps = self.steps.lock().unwrap();
        for step in steps.iter() {
            let (_, action) = step.machine.clone().handle(step.input.clone(), &step.now, step.entropy);
            assert_eq!(action, step.action, "the machine decides otherwise now");
        }
        steps.len()
    }
}

#[track_caller]
pub(crate) fn code(result: Result<Account, evergrant_driver::Failure>) -> &'static str {
    result.map_or_else(
        |failure| failure.code.as_str(),
        |account| panic!("it worked: {account:?}"),
    )
}

fn private(folder: &std::path::Path) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o700)).unwrap();
}
